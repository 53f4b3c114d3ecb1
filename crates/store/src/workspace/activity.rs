use rusqlite::{OptionalExtension as _, params};
use serde_json::Value;
use skerry_domain::{ErrorBody, Millis};

use super::{json, optional_json, to_json};
use crate::{Result, Store};

/// Something that happened and is not written down yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewActivity {
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: String,
    /// What: a stable word.
    pub kind: String,
    /// Id of what it happened to.
    pub subject_id: String,
    /// Its name.
    pub subject: String,
    /// A detail.
    pub detail: Option<String>,
    /// The error, when it is about a failure.
    pub problem: Option<ErrorBody>,
    /// With a key here the second entry with the same key is dropped.
    pub once: Option<String>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityRecord {
    /// Rises with time.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: String,
    /// What: a stable word.
    pub kind: String,
    /// Id of what it happened to.
    pub subject_id: String,
    /// Its name.
    pub subject: String,
    /// A detail.
    pub detail: Option<String>,
    /// The error, when it is about a failure.
    pub problem: Option<ErrorBody>,
}

/// How a run was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct RunForm {
    /// Run.
    pub run_id: String,
    /// Machine.
    pub machine_id: String,
    /// When.
    pub at: Millis,
    /// The form, the console's own.
    pub form: Value,
}

impl Store {
    /// Writes down what happened; says whether it was news.
    ///
    /// # Errors
    /// When the store fails.
    pub fn activity_add(&self, entry: &NewActivity) -> Result<bool> {
        let entry = entry.clone();
        self.write(move |tx| {
            let problem = entry.problem.as_ref().map(to_json).transpose()?;
            let added = tx.conn().execute(
                "INSERT OR IGNORE INTO activity (at, actor, kind, subject_id, subject, detail, problem, once)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    entry.at,
                    entry.actor,
                    entry.kind,
                    entry.subject_id,
                    entry.subject,
                    entry.detail,
                    problem,
                    entry.once
                ],
            )?;
            Ok(added > 0)
        })
    }

    /// What happened, newest first; only entries before an id when one is given.
    ///
    /// # Errors
    /// When the store fails.
    pub fn activity(&self, before: Option<i64>, limit: u32) -> Result<Vec<ActivityRecord>> {
        self.read(move |reader| {
            let conn = reader.conn();
            let mut query = conn
                .prepare_cached("SELECT * FROM activity WHERE id < ?1 ORDER BY id DESC LIMIT ?2")?;
            Ok(query
                .query_map(params![before.unwrap_or(i64::MAX), limit], |row| {
                    Ok(ActivityRecord {
                        id: row.get("id")?,
                        at: row.get("at")?,
                        actor: row.get("actor")?,
                        kind: row.get("kind")?,
                        subject_id: row.get("subject_id")?,
                        subject: row.get("subject")?,
                        detail: row.get("detail")?,
                        problem: optional_json(row, "problem")?,
                    })
                })?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Keeps how a run was asked for.
    ///
    /// # Errors
    /// When the store fails.
    pub fn run_form_save(&self, form: &RunForm) -> Result<()> {
        let form = form.clone();
        self.write(move |tx| {
            tx.conn().execute(
                "INSERT OR REPLACE INTO run_form (run_id, machine_id, at, form) VALUES (?1, ?2, ?3, ?4)",
                params![form.run_id, form.machine_id, form.at, to_json(&form.form)?],
            )?;
            Ok(())
        })
    }

    /// Forgets how a run was asked for that never started.
    ///
    /// # Errors
    /// When the store fails.
    pub fn run_form_delete(&self, run_id: &str) -> Result<()> {
        let run_id = run_id.to_owned();
        self.write(move |tx| {
            tx.conn()
                .execute("DELETE FROM run_form WHERE run_id = ?1", [run_id])?;
            Ok(())
        })
    }

    /// How a run was asked for.
    ///
    /// # Errors
    /// When the store fails.
    pub fn run_form(&self, run_id: &str) -> Result<Option<Value>> {
        let run_id = run_id.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            Ok(conn
                .prepare_cached("SELECT form FROM run_form WHERE run_id = ?1")?
                .query_row([run_id], |row| json(row, "form"))
                .optional()?)
        })
    }

    /// How the last run on a machine was asked for.
    ///
    /// # Errors
    /// When the store fails.
    pub fn run_form_last(&self, machine_id: &str) -> Result<Option<Value>> {
        let machine_id = machine_id.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            Ok(conn
                .prepare_cached(
                    "SELECT form FROM run_form WHERE machine_id = ?1 ORDER BY at DESC LIMIT 1",
                )?
                .query_row([machine_id], |row| json(row, "form"))
                .optional()?)
        })
    }

    /// A setting.
    ///
    /// # Errors
    /// When the store fails.
    pub fn setting(&self, key: &str) -> Result<Option<Value>> {
        let key = key.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            Ok(conn
                .prepare_cached("SELECT value FROM setting WHERE key = ?1")?
                .query_row([key], |row| json(row, "value"))
                .optional()?)
        })
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// When the store fails.
    pub fn setting_set(&self, key: &str, value: &Value) -> Result<()> {
        let (key, value) = (key.to_owned(), value.clone());
        self.write(move |tx| {
            tx.conn().execute(
                "INSERT OR REPLACE INTO setting (key, value) VALUES (?1, ?2)",
                params![key, to_json(&value)?],
            )?;
            Ok(())
        })
    }
}
