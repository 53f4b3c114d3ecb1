//! Reports: what people write about runs.

use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::Value;
use skerry_domain::{Code, ErrorBody, Millis, Reason};

use super::{json, to_json};
use crate::{Result, Store};

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportRecord {
    /// uuid4 hex.
    pub id: String,
    /// Title; several may have the same.
    pub title: String,
    /// Rises by one with each change.
    pub revision: u32,
    /// When it was made.
    pub created_at: Millis,
    /// When it was changed last.
    pub updated_at: Millis,
    /// Who changed it last.
    pub updated_by: String,
    /// What stands in it; the console's own JSON.
    pub body: Value,
}

/// A change of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportChange {
    /// uuid4 hex.
    pub id: String,
    /// The revision that was changed; 0 for a new report.
    pub from: u32,
    /// Title.
    pub title: String,
    /// Who changes it.
    pub by: String,
    /// What stands in it.
    pub body: Value,
}

fn record(row: &Row<'_>) -> rusqlite::Result<ReportRecord> {
    Ok(ReportRecord {
        id: row.get("id")?,
        title: row.get("title")?,
        revision: row.get("revision")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        updated_by: row.get("updated_by")?,
        body: json(row, "body")?,
    })
}

impl Store {
    /// All reports, the one changed last first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn reports(&self) -> Result<Vec<ReportRecord>> {
        self.read(|reader| {
            Ok(reader
                .conn()
                .prepare_cached("SELECT * FROM report ORDER BY updated_at DESC, id")?
                .query_map([], record)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// A report, unless there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub fn report(&self, id: &str) -> Result<Option<ReportRecord>> {
        self.read(|reader| {
            Ok(reader
                .conn()
                .prepare_cached("SELECT * FROM report WHERE id = ?1")?
                .query_row([id], record)
                .optional()?)
        })
    }

    /// Adds a report, or changes it from the revision that was read.
    ///
    /// # Errors
    /// `NotFound` when it is not there any more; `WrongState` with the reason
    /// `ReportChanged` when somebody changed it since: nothing is written then.
    pub fn report_save(&self, change: &ReportChange) -> Result<ReportRecord> {
        let change = change.clone();
        self.write(move |tx| {
            let read = |id: &str| {
                tx.conn()
                    .prepare_cached("SELECT * FROM report WHERE id = ?1")?
                    .query_row([id], record)
                    .optional()
            };
            let body = to_json(&change.body)?;
            match (read(&change.id)?, change.from) {
                (None, 0) => tx.conn().execute(
                    "INSERT INTO report (id, title, revision, created_at, updated_at, updated_by, body)
                     VALUES (?1, ?2, 1, ?3, ?3, ?4, ?5)",
                    params![change.id, change.title, tx.now(), change.by, body],
                )?,
                (None, _) => return Err(ErrorBody::not_found("report", &change.id).into()),
                (Some(now), from) if now.revision != from => return Err(changed(&now).into()),
                (Some(now), _) => tx.conn().execute(
                    "UPDATE report SET title = ?2, revision = ?3, updated_at = ?4, updated_by = ?5, body = ?6
                     WHERE id = ?1",
                    params![change.id, change.title, now.revision + 1, tx.now(), change.by, body],
                )?,
            };
            read(&change.id)?.ok_or_else(|| ErrorBody::not_found("report", &change.id).into())
        })
    }

    /// Deletes a report; one that is not there is no error.
    ///
    /// # Errors
    /// When the store fails.
    pub fn report_delete(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.conn()
                .execute("DELETE FROM report WHERE id = ?1", [&id])?;
            Ok(())
        })
    }
}

fn changed(now: &ReportRecord) -> ErrorBody {
    ErrorBody::new(
        Code::WrongState,
        format!(
            "'{}' changed the report '{}' meanwhile; nothing was saved.",
            now.updated_by, now.title
        ),
    )
    .because(Reason::ReportChanged)
    .with("by", &now.updated_by)
    .with("at", now.updated_at.to_string())
    .with("revision", now.revision.to_string())
}
