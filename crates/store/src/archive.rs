//! Archiving runs: out of sight, and nothing more. It is a tag, so MLflow's clients see it and
//! can filter by it; a column that is written with it is what searches read.

use skerry_domain::{KeyValue, utc};

use crate::{Result, StoreError, Tx};

/// The tag of an archived run; its value is the time, as RFC 3339 has it.
pub const ARCHIVED_TAG: &str = "skerry.archived";

impl Tx<'_> {
    /// Archives a run. One that is archived keeps its time.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when the run is deleted.
    pub fn archive_run(&self, run_id: &str) -> Result<()> {
        let target = self.active_run(run_id)?;
        let archived: bool = self
            .conn()
            .prepare_cached("SELECT archived FROM runs WHERE id = ?1")?
            .query_row([target.id], |row| row.get(0))?;
        if archived {
            return Ok(());
        }
        self.set_run_tags(
            run_id,
            vec![KeyValue {
                key: ARCHIVED_TAG.to_owned(),
                value: utc(self.now()),
            }],
        )
    }

    /// Takes a run out of the archive; one that is not in it stays as it is.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when the run is deleted.
    pub fn unarchive_run(&self, run_id: &str) -> Result<()> {
        self.active_run(run_id)?;
        match self.delete_run_tag(run_id, ARCHIVED_TAG) {
            Err(StoreError::NotFound(_)) => Ok(()),
            other => other,
        }
    }
}
