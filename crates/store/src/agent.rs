//! What an agent keeps of its own work: runs, services, how far logs were read, and
//! hashes of data files.

use rusqlite::{OptionalExtension as _, Row, params};
use serde::{Serialize, de::DeserializeOwned};
use skerry_domain::tracking::LogLine;
use skerry_domain::{Change, RunSpec, ServiceState, WorkloadState};

use crate::{Reader, Result, StoreError, Tx};

/// A run as its agent knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentRun {
    /// What was asked for, with the list of project files.
    pub spec: RunSpec,
    /// As journaled last.
    pub state: WorkloadState,
    /// SHA-256 of the workload's token.
    pub token_hash: Option<String>,
    /// The engine's id for the workload.
    pub workload: Option<String>,
    /// The boot that it was started in.
    pub boot_id: Option<String>,
    /// A person wants it to end.
    pub cancelled: bool,
}

/// A data file whose hash is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFile {
    /// Absolute path.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Last change, in nanoseconds since the epoch.
    pub mtime: i64,
    /// Inode number.
    pub inode: u64,
    /// Of its content, in hexadecimal digits.
    pub sha256: String,
}

/// Hashes that no run has asked for in so long are forgotten.
const HASH_KEPT_MS: i64 = 90 * 24 * 3_600 * 1_000;

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Invalid(error.to_string()))
}

fn parsed<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn run(row: &Row<'_>) -> rusqlite::Result<AgentRun> {
    Ok(AgentRun {
        spec: parsed(row.get_ref(0)?.as_str()?)?,
        state: parsed(row.get_ref(1)?.as_str()?)?,
        token_hash: row.get(2)?,
        workload: row.get(3)?,
        boot_id: row.get(4)?,
        cancelled: row.get(5)?,
    })
}

const RUN: &str = "SELECT spec, state, token_hash, workload, boot_id, cancelled FROM agent_runs";

impl Reader<'_> {
    /// A run that was started here.
    pub fn agent_run(&self, run_id: &str) -> Result<Option<AgentRun>> {
        Ok(self
            .conn()
            .prepare_cached(&format!("{RUN} WHERE run_id = ?1"))?
            .query_row([run_id], run)
            .optional()?)
    }

    /// Runs that have not ended.
    pub fn agent_runs_open(&self) -> Result<Vec<AgentRun>> {
        let mut statement = self
            .conn()
            .prepare_cached(&format!("{RUN} WHERE ended = 0"))?;
        let runs = statement
            .query_map([], run)?
            .collect::<rusqlite::Result<_>>()?;
        Ok(runs)
    }

    /// Every run that was started here and not removed.
    pub fn agent_run_states(&self) -> Result<Vec<WorkloadState>> {
        let mut statement = self.conn().prepare_cached("SELECT state FROM agent_runs")?;
        let states = statement
            .query_map([], |row| parsed(row.get_ref(0)?.as_str()?))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(states)
    }

    /// Every service.
    pub fn agent_services(&self) -> Result<Vec<ServiceState>> {
        let mut statement = self
            .conn()
            .prepare_cached("SELECT state FROM agent_services")?;
        let states = statement
            .query_map([], |row| parsed(row.get_ref(0)?.as_str()?))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(states)
    }

    /// Up to where a log file is in the journal.
    pub fn agent_log_read_to(&self, file: &str) -> Result<u64> {
        let at: Option<i64> = self
            .conn()
            .prepare_cached("SELECT read_to FROM agent_logs WHERE file = ?1")?
            .query_row([file], |row| row.get(0))
            .optional()?;
        Ok(at.and_then(|at| u64::try_from(at).ok()).unwrap_or(0))
    }

    /// The hash of a data file, if it has not changed since.
    pub fn agent_hash(
        &self,
        path: &str,
        size: u64,
        mtime: i64,
        inode: u64,
    ) -> Result<Option<String>> {
        Ok(self
            .conn()
            .prepare_cached(
                "SELECT sha256 FROM agent_hashes WHERE path = ?1 AND size = ?2 AND mtime = ?3 AND inode = ?4",
            )?
            .query_row(params![path, signed(size), mtime, signed(inode)], |row| row.get(0))
            .optional()?)
    }
}

impl Tx<'_> {
    /// Takes a run on. `false`, and nothing is changed, when it is there already.
    pub fn agent_run_add(&self, spec: &RunSpec, state: &WorkloadState) -> Result<bool> {
        let added = self
            .conn()
            .prepare_cached(
                "INSERT INTO agent_runs (run_id, spec, state) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute(params![spec.run_id, json(spec)?, json(state)?])?;
        if added > 0 {
            self.record(Change::Workload(Box::new(state.clone())))?;
        }
        Ok(added > 0)
    }

    /// Keeps and journals a run's state.
    pub fn agent_run_state(&self, state: &WorkloadState) -> Result<()> {
        self.conn()
            .prepare_cached("UPDATE agent_runs SET state = ?2, ended = ?3 WHERE run_id = ?1")?
            .execute(params![state.run_id, json(state)?, state.phase.is_final()])?;
        self.record(Change::Workload(Box::new(state.clone())))
    }

    /// Keeps by what the workload will be known.
    pub fn agent_run_token(&self, run_id: &str, token_hash: &str) -> Result<()> {
        self.conn()
            .prepare_cached("UPDATE agent_runs SET token_hash = ?2 WHERE run_id = ?1")?
            .execute([run_id, token_hash])?;
        Ok(())
    }

    /// Keeps the engine's id for a run's workload, and the boot it was started in.
    pub fn agent_run_workload(&self, run_id: &str, workload: &str, boot_id: &str) -> Result<()> {
        self.conn()
            .prepare_cached("UPDATE agent_runs SET workload = ?2, boot_id = ?3 WHERE run_id = ?1")?
            .execute([run_id, workload, boot_id])?;
        Ok(())
    }

    /// Keeps that a person wants a run to end.
    pub fn agent_run_cancel(&self, run_id: &str) -> Result<()> {
        self.conn()
            .prepare_cached("UPDATE agent_runs SET cancelled = 1 WHERE run_id = ?1")?
            .execute([run_id])?;
        Ok(())
    }

    /// Keeps and journals a service's state; forgets it when it is deleted.
    pub fn agent_service_state(&self, state: &ServiceState) -> Result<()> {
        if state.deleted {
            self.conn()
                .prepare_cached("DELETE FROM agent_services WHERE service_id = ?1")?
                .execute([&state.service_id])?;
        } else {
            self.conn()
                .prepare_cached(
                    "INSERT INTO agent_services (service_id, state) VALUES (?1, ?2)
                     ON CONFLICT DO UPDATE SET state = excluded.state",
                )?
                .execute(params![state.service_id, json(state)?])?;
        }
        self.record(Change::Service(Box::new(state.clone())))
    }

    /// Journals lines of a run or a service together with how far its file was read,
    /// so that neither a crash before nor after loses or doubles a line. Does nothing
    /// when somebody else has read on from `read_from` before.
    pub fn agent_log(
        &self,
        owner: &str,
        lines: Vec<LogLine>,
        file: &str,
        read_from: u64,
        read_to: u64,
    ) -> Result<()> {
        if self.agent_log_read_to(file)? != read_from {
            return Ok(());
        }
        if !lines.is_empty() {
            self.append_log(owner, lines)?;
        }
        self.conn()
            .prepare_cached(
                "INSERT INTO agent_logs (file, read_to) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET read_to = excluded.read_to",
            )?
            .execute(params![file, signed(read_to)])?;
        Ok(())
    }

    /// A log file is gone.
    pub fn agent_log_gone(&self, file: &str) -> Result<()> {
        self.conn()
            .prepare_cached("DELETE FROM agent_logs WHERE file = ?1")?
            .execute([file])?;
        Ok(())
    }

    /// Keeps hashes of data files; forgets those that were not asked for in a long time.
    pub fn agent_hashes(&self, files: &[HashedFile]) -> Result<()> {
        let mut insert = self.conn().prepare_cached(
            "INSERT INTO agent_hashes (path, size, mtime, inode, sha256, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET size = excluded.size, mtime = excluded.mtime,
                inode = excluded.inode, sha256 = excluded.sha256, seen_at = excluded.seen_at",
        )?;
        for file in files {
            insert.execute(params![
                file.path,
                signed(file.size),
                file.mtime,
                signed(file.inode),
                file.sha256,
                self.now()
            ])?;
        }
        self.conn()
            .prepare_cached("DELETE FROM agent_hashes WHERE seen_at < ?1")?
            .execute([self.now() - HASH_KEPT_MS])?;
        Ok(())
    }
}

/// SQLite's integers are signed; the bits are kept.
fn signed(n: u64) -> i64 {
    n.cast_signed()
}
