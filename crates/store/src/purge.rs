//! Taking out of the bin for good, and giving the disk back.

use rusqlite::{OptionalExtension, params};
use skerry_domain::{LifecycleStage, Millis};

use crate::metrics::chunk_id;
use crate::{Reader, Result, Store, StoreError, Tx};

/// What of the bin is to go for good.
#[derive(Debug, Clone, Default)]
pub struct Purge {
    /// Only what was deleted before this time.
    pub before: Option<Millis>,
    /// Only these runs (and what `experiment_ids` says); all when both are empty.
    pub run_ids: Vec<String>,
    /// Only these experiments with all of their runs.
    pub experiment_ids: Vec<i64>,
}

/// What lies in the bin and may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Garbage {
    /// Ids of runs.
    pub runs: Vec<String>,
    /// Ids of logged models.
    pub models: Vec<String>,
    /// Numbers of experiments; they go when nothing is left in them.
    pub experiments: Vec<i64>,
}

/// The name of a setting of SQLite's, and whether pages can be given back one by one.
const INCREMENTAL: i64 = 2;

impl Reader<'_> {
    /// What a purge would take.
    ///
    /// # Errors
    /// `NotFound` and `WrongState` for a run or experiment that is named and is not
    /// in the bin, or not for long enough.
    pub fn garbage(&self, purge: &Purge) -> Result<Garbage> {
        let before = purge.before.unwrap_or(Millis::MAX);
        let mut garbage = Garbage::default();
        if purge.run_ids.is_empty() && purge.experiment_ids.is_empty() {
            garbage.runs = self.ids(
                "SELECT run_id FROM runs WHERE deleted = 1 AND coalesce(deleted_at, 0) < ?1",
                [before],
            )?;
            garbage.models = self.ids(
                "SELECT model_id FROM logged_models WHERE deleted = 1 AND updated_at < ?1",
                [before],
            )?;
            garbage.experiments = self
                .conn()
                .prepare("SELECT id FROM experiments WHERE deleted = 1 AND updated_at < ?1")?
                .query_map([before], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            return Ok(garbage);
        }
        for run_id in &purge.run_ids {
            let info = self.run_info(run_id)?;
            let at = self.deleted_at(run_id)?;
            if info.lifecycle != LifecycleStage::Deleted || at.is_none_or(|at| at >= before) {
                return Err(not_in_bin("Run", run_id));
            }
            garbage.runs.push(run_id.clone());
        }
        for id in &purge.experiment_ids {
            let experiment = self.experiment(*id)?;
            if experiment.lifecycle != LifecycleStage::Deleted || experiment.updated_at >= before {
                return Err(not_in_bin("Experiment", &id.to_string()));
            }
            garbage.experiments.push(*id);
            garbage.runs.extend(self.ids(
                "SELECT run_id FROM runs WHERE experiment = ?1 AND deleted = 1",
                [*id],
            )?);
            garbage.models.extend(self.ids(
                "SELECT model_id FROM logged_models WHERE experiment = ?1",
                [*id],
            )?);
        }
        Ok(garbage)
    }

    /// Where the files of what was purged lie, as far as nobody has deleted them yet.
    ///
    /// # Errors
    /// When the file fails.
    pub fn doomed(&self) -> Result<Vec<String>> {
        Ok(self
            .conn()
            .prepare("SELECT uri FROM doomed")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?)
    }

    fn ids(&self, sql: &str, params: [i64; 1]) -> Result<Vec<String>> {
        Ok(self
            .conn()
            .prepare(sql)?
            .query_map(params, |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?)
    }

    fn deleted_at(&self, run_id: &str) -> Result<Option<Millis>> {
        Ok(self
            .conn()
            .prepare_cached("SELECT deleted_at FROM runs WHERE run_id = ?1 AND deleted = 1")?
            .query_row([run_id], |row| row.get(0))
            .optional()?)
    }
}

fn not_in_bin(what: &str, id: &str) -> StoreError {
    StoreError::WrongState(format!(
        "{what} {id} has not been in the bin for that long: only what is deleted can be deleted for good."
    ))
}

impl Tx<'_> {
    /// Deletes a run for good; false when it is not in the bin (any more). Where its
    /// artifacts lie is [`Reader::doomed`] from then on. The journal does not tell of it:
    /// what consoles have stays.
    ///
    /// # Errors
    /// When the file fails.
    pub fn purge_run(&self, run_id: &str) -> Result<bool> {
        let found: Option<(i64, String)> = self
            .conn()
            .prepare_cached("SELECT id, artifact_uri FROM runs WHERE run_id = ?1 AND deleted = 1")?
            .query_row([run_id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((id, artifact_uri)) = found else {
            return Ok(false);
        };
        let series: Vec<i64> = self
            .conn()
            .prepare_cached("SELECT id FROM series WHERE run = ?1")?
            .query_map([id], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for series in series {
            self.conn()
                .prepare_cached("DELETE FROM chunks WHERE id >= ?1 AND id < ?2")?
                .execute([chunk_id(series, 0), chunk_id(series + 1, 0)])?;
        }
        for sql in [
            "DELETE FROM artifacts WHERE owner = ?1",
            "DELETE FROM log_chunks WHERE owner = ?1",
            "DELETE FROM workload_states WHERE run_id = ?1",
            "DELETE FROM logged_model_points WHERE run_id = ?1",
        ] {
            self.conn().prepare_cached(sql)?.execute([run_id])?;
        }
        // Params, tags, series and inputs go with the row.
        self.conn()
            .prepare_cached("DELETE FROM runs WHERE id = ?1")?
            .execute([id])?;
        self.doom(&artifact_uri)?;
        Ok(true)
    }

    /// Deletes a logged model for good; false when it is not in the bin (any more), nor
    /// its experiment. Where its files lie is [`Reader::doomed`] from then on.
    ///
    /// # Errors
    /// When the file fails.
    pub fn purge_logged_model(&self, model_id: &str) -> Result<bool> {
        let location: Option<String> = self
            .conn()
            .prepare_cached(
                "SELECT m.artifact_location FROM logged_models m JOIN experiments e ON e.id = m.experiment
                 WHERE m.model_id = ?1 AND (m.deleted = 1 OR e.deleted = 1)",
            )?
            .query_row([model_id], |row| row.get(0))
            .optional()?;
        let Some(location) = location else {
            return Ok(false);
        };
        for sql in [
            "DELETE FROM artifacts WHERE owner = ?1",
            "DELETE FROM logged_model_points WHERE model_id = ?1",
            "DELETE FROM logged_models WHERE model_id = ?1",
        ] {
            self.conn().prepare_cached(sql)?.execute([model_id])?;
        }
        self.doom(&location)?;
        Ok(true)
    }

    /// In the same transaction as the row goes: a crash must not leave files of which
    /// nothing tells.
    fn doom(&self, uri: &str) -> Result<()> {
        self.conn()
            .prepare_cached("INSERT OR IGNORE INTO doomed (uri) VALUES (?1)")?
            .execute([uri])?;
        Ok(())
    }

    /// Forgets [`Reader::doomed`] files: they are gone, or not ours to delete.
    ///
    /// # Errors
    /// When the file fails.
    pub fn forget_doomed(&self, uris: &[String]) -> Result<()> {
        let mut statement = self
            .conn()
            .prepare_cached("DELETE FROM doomed WHERE uri = ?1")?;
        for uri in uris {
            statement.execute([uri])?;
        }
        Ok(())
    }

    /// Deletes an experiment for good; false when it is not in the bin (any more), or
    /// something is left in it.
    ///
    /// # Errors
    /// When the file fails.
    pub fn purge_experiment(&self, id: i64) -> Result<bool> {
        let gone = self.conn().execute(
            "DELETE FROM experiments WHERE id = ?1 AND deleted = 1
             AND NOT EXISTS (SELECT 1 FROM runs WHERE experiment = ?1)
             AND NOT EXISTS (SELECT 1 FROM logged_models WHERE experiment = ?1)",
            params![id],
        )?;
        Ok(gone > 0)
    }

    /// Gives at most `pages` free pages back to the disk; answers how many there were
    /// left. A store that was made before pages could be given back keeps them for
    /// itself, see [`Store::compact`].
    ///
    /// # Errors
    /// When the file fails.
    pub fn give_back(&self, pages: u32) -> Result<u64> {
        if self.setting("auto_vacuum")? == INCREMENTAL {
            let mut statement = self
                .conn()
                .prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
        }
        let left = self.setting("freelist_count")?;
        Ok(u64::try_from(left).unwrap_or(0))
    }

    fn setting(&self, name: &str) -> Result<i64> {
        Ok(self
            .conn()
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?)
    }
}

impl Store {
    /// Writes the file anew when it was made before pages could be given back one by
    /// one, so that they can from now on; nothing is done to another. Blocks, and
    /// nobody else may use the store meanwhile.
    ///
    /// # Errors
    /// `Full`: the file is copied on the way. When the file fails.
    pub fn compact(&self) -> Result<()> {
        let conn = rusqlite::Connection::open(self.path())?;
        let mode: i64 = conn.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?;
        if mode != INCREMENTAL {
            conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            conn.execute_batch("VACUUM")?;
        }
        Ok(())
    }

    /// Moves what was written into the file itself, whose size is then what the data
    /// takes. Blocks; when somebody reads or writes meanwhile it may do so in part.
    ///
    /// # Errors
    /// When the file fails.
    pub fn settle(&self) -> Result<()> {
        let conn = rusqlite::Connection::open(self.path())?;
        conn.busy_timeout(std::time::Duration::from_secs(2))?;
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}
