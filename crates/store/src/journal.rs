//! What happened here, in order, for consoles to read; and the last observation of
//! each workload and service.

use rusqlite::{OptionalExtension, params};
use skerry_domain::{Change, JournalEntry, ServiceState, WorkloadState};

use crate::{Reader, Result, StoreError, Tx};

/// Entries of one read stop after about so many bytes, whatever the limit.
const READ_BYTES: usize = 4 << 20;

impl Reader<'_> {
    /// Made with the store: a journal with another id is another journal.
    ///
    /// # Errors
    /// When the file fails.
    pub fn journal_id(&self) -> Result<String> {
        Ok(self.conn().query_row(
            "SELECT value FROM facts WHERE name = 'journal_id'",
            [],
            |row| row.get(0),
        )?)
    }

    /// Number of the last entry; 0 when there is none.
    ///
    /// # Errors
    /// When the file fails.
    pub fn journal_last(&self) -> Result<u64> {
        let last: i64 = self
            .conn()
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM journal")?
            .query_row([], |row| row.get(0))?;
        Ok(u64::try_from(last).unwrap_or(0))
    }

    /// Entries behind number `seq`, at most `limit`, fewer when they are big.
    ///
    /// # Errors
    /// When the file fails, or an entry cannot be read.
    pub fn journal_after(&self, seq: u64, limit: usize) -> Result<Vec<JournalEntry>> {
        let mut statement = self.conn().prepare_cached(
            "SELECT seq, at, change FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let mut rows = statement.query(params![
            i64::try_from(seq).unwrap_or(i64::MAX),
            i64::try_from(limit).unwrap_or(i64::MAX)
        ])?;
        let mut entries = Vec::new();
        let mut bytes = 0;
        while bytes < READ_BYTES
            && let Some(row) = rows.next()?
        {
            let text = row.get_ref(2)?.as_str().unwrap_or_default();
            bytes += text.len();
            entries.push(JournalEntry {
                seq: row.get::<_, i64>(0)?.try_into().unwrap_or(0),
                at: row.get(1)?,
                change: serde_json::from_str(text)?,
            });
        }
        Ok(entries)
    }

    /// The last observation of a run's workload.
    ///
    /// # Errors
    /// When the file fails.
    pub fn workload_state(&self, run_id: &str) -> Result<Option<WorkloadState>> {
        self.state(
            "SELECT state FROM workload_states WHERE run_id = ?1",
            run_id,
        )
    }

    /// The last observation of a service.
    ///
    /// # Errors
    /// When the file fails.
    pub fn service_state(&self, service_id: &str) -> Result<Option<ServiceState>> {
        self.state(
            "SELECT state FROM service_states WHERE service_id = ?1",
            service_id,
        )
    }

    fn state<T: serde::de::DeserializeOwned>(&self, sql: &str, id: &str) -> Result<Option<T>> {
        let text: Option<String> = self
            .conn()
            .prepare_cached(sql)?
            .query_row([id], |row| row.get(0))
            .optional()?;
        text.map(|text| serde_json::from_str(&text).map_err(StoreError::from))
            .transpose()
    }

    /// The last observation of every workload, newest first, with the machine's id.
    ///
    /// # Errors
    /// When the file fails.
    pub fn workload_states(&self) -> Result<Vec<(Option<String>, WorkloadState)>> {
        self.states("SELECT machine_id, state FROM workload_states ORDER BY at DESC")
    }

    /// The last observation of every service, newest first, with the machine's id.
    ///
    /// # Errors
    /// When the file fails.
    pub fn service_states(&self) -> Result<Vec<(Option<String>, ServiceState)>> {
        self.states("SELECT machine_id, state FROM service_states ORDER BY at DESC")
    }

    fn states<T: serde::de::DeserializeOwned>(
        &self,
        sql: &str,
    ) -> Result<Vec<(Option<String>, T)>> {
        let mut statement = self.conn().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut states = Vec::new();
        while let Some(row) = rows.next()? {
            let text = row.get_ref(1)?.as_str().unwrap_or_default();
            states.push((row.get(0)?, serde_json::from_str(text)?));
        }
        Ok(states)
    }
}

impl Tx<'_> {
    /// Writes a change to the journal, when the store keeps one.
    pub(crate) fn journal(&self, change: impl FnOnce() -> Change) -> Result<()> {
        if !self.journal {
            return Ok(());
        }
        self.conn()
            .prepare_cached("INSERT INTO journal (at, change) VALUES (?1, ?2)")?
            .execute(params![self.now(), serde_json::to_string(&change())?])?;
        Ok(())
    }

    /// Records what was observed of a workload or a service. Other changes record
    /// themselves.
    ///
    /// # Errors
    /// `Invalid` for another change.
    pub fn record(&self, change: Change) -> Result<()> {
        match &change {
            Change::Workload(state) => self.put_workload(state, None)?,
            Change::Service(state) => self.put_service(state, None)?,
            _ => {
                return Err(StoreError::Invalid(
                    "Only observations are recorded by themselves.".to_owned(),
                ));
            }
        }
        self.journal(|| change)
    }

    pub(crate) fn put_workload(&self, state: &WorkloadState, machine: Option<&str>) -> Result<()> {
        self.conn()
            .prepare_cached(
                "INSERT OR REPLACE INTO workload_states (run_id, machine_id, at, state) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                state.run_id,
                machine,
                state.at,
                serde_json::to_string(state)?
            ])?;
        Ok(())
    }

    pub(crate) fn put_service(&self, state: &ServiceState, machine: Option<&str>) -> Result<()> {
        self.conn()
            .prepare_cached(
                "INSERT OR REPLACE INTO service_states (service_id, machine_id, at, state) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                state.service_id,
                machine,
                state.at,
                serde_json::to_string(state)?
            ])?;
        Ok(())
    }
}
