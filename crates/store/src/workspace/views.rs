//! Saved views of the table of runs.

use rusqlite::params;
use serde_json::Value;

use super::{json, taken, to_json};
use crate::{Result, Store};

/// A saved view.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewRecord {
    /// uuid4 hex.
    pub id: String,
    /// Unique.
    pub name: String,
    /// What it shows; the console's own JSON.
    pub body: Value,
}

impl Store {
    /// The saved views, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn run_views(&self) -> Result<Vec<ViewRecord>> {
        self.read(|reader| {
            Ok(reader
                .conn()
                .prepare_cached("SELECT * FROM run_view ORDER BY name")?
                .query_map([], |row| {
                    Ok(ViewRecord {
                        id: row.get("id")?,
                        name: row.get("name")?,
                        body: json(row, "body")?,
                    })
                })?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Adds a view, or changes the one with that id.
    ///
    /// # Errors
    /// `AlreadyExists` when another view has the name.
    pub fn run_view_save(&self, record: &ViewRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |tx| {
            let saved = tx.conn().execute(
                "INSERT INTO run_view (id, name, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET name = ?2, body = ?3",
                params![record.id, record.name, to_json(&record.body)?],
            );
            taken(saved, "view", &record.name)
        })
    }

    /// Deletes a view; one that is not there is no error.
    ///
    /// # Errors
    /// When the store fails.
    pub fn run_view_delete(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.conn()
                .execute("DELETE FROM run_view WHERE id = ?1", [&id])?;
            Ok(())
        })
    }
}
