use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::Value;
use skerry_domain::Millis;

use super::{json, taken, to_json};
use crate::{Result, Store};

/// A machine of the workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineRecord {
    /// uuid4 hex.
    pub id: String,
    /// Display name; unique among those that are not forgotten.
    pub name: String,
    /// `local` or `ssh`; there is at most one `local`.
    pub kind: String,
    /// When it was registered.
    pub created_at: Millis,
    /// How to reach it.
    pub config: Value,
    /// What was last observed of it; `null` at first.
    pub observed: Value,
    /// When its agent was last heard.
    pub last_seen_at: Option<Millis>,
    /// When it was forgotten.
    pub removed_at: Option<Millis>,
}

/// A half-done registration.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupRecord {
    /// uuid4 hex.
    pub id: String,
    /// When it was begun.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// Everything else.
    pub state: Value,
}

/// A secret in the keyring or vault; never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRecord {
    /// Its key in the keyring or vault.
    pub id: String,
    /// Of what kind.
    pub kind: String,
    /// What it is, in words.
    pub label: String,
    /// When it was stored.
    pub created_at: Millis,
}

fn machine(row: &Row<'_>) -> rusqlite::Result<MachineRecord> {
    Ok(MachineRecord {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        created_at: row.get("created_at")?,
        config: json(row, "config")?,
        observed: json(row, "observed")?,
        last_seen_at: row.get("last_seen_at")?,
        removed_at: row.get("removed_at")?,
    })
}

fn setup(row: &Row<'_>) -> rusqlite::Result<SetupRecord> {
    Ok(SetupRecord {
        id: row.get("id")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        state: json(row, "state")?,
    })
}

impl Store {
    /// Adds a machine, or changes the one with that id.
    ///
    /// # Errors
    /// When another machine has the name, or the store fails.
    pub fn machine_save(&self, record: &MachineRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |tx| {
            let saved = tx.conn().execute(
                "INSERT INTO machine (id, name, kind, created_at, config, observed, last_seen_at, removed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (id) DO UPDATE SET name = ?2, kind = ?3, config = ?5, observed = ?6,
                    last_seen_at = ?7, removed_at = ?8",
                params![
                    record.id,
                    record.name,
                    record.kind,
                    record.created_at,
                    to_json(&record.config)?,
                    to_json(&record.observed)?,
                    record.last_seen_at,
                    record.removed_at
                ],
            );
            taken(saved, "machine", &record.name)
        })
    }

    /// The machines that are not forgotten, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn machines(&self) -> Result<Vec<MachineRecord>> {
        self.read(|reader| {
            let conn = reader.conn();
            let mut query = conn.prepare_cached(
                "SELECT * FROM machine WHERE removed_at IS NULL ORDER BY name COLLATE NOCASE, id",
            )?;
            Ok(query
                .query_map([], machine)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The names of all machines, forgotten ones too, by id.
    ///
    /// # Errors
    /// When the store fails.
    pub fn machine_names(&self) -> Result<std::collections::HashMap<String, String>> {
        self.read(|reader| {
            let conn = reader.conn();
            let mut query = conn.prepare_cached("SELECT id, name FROM machine")?;
            Ok(query
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// A machine, forgotten or not.
    ///
    /// # Errors
    /// When the store fails.
    pub fn machine(&self, id: &str) -> Result<Option<MachineRecord>> {
        let id = id.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            Ok(conn
                .prepare_cached("SELECT * FROM machine WHERE id = ?1")?
                .query_row([id], machine)
                .optional()?)
        })
    }

    /// Notes what was observed of a machine; an earlier `last_seen_at` is kept when
    /// none is given.
    ///
    /// # Errors
    /// When the store fails.
    pub fn machine_observed(
        &self,
        id: &str,
        observed: &Value,
        last_seen_at: Option<Millis>,
    ) -> Result<()> {
        let (id, observed) = (id.to_owned(), observed.clone());
        self.write(move |tx| {
            tx.conn().execute(
                "UPDATE machine SET observed = ?2, last_seen_at = coalesce(?3, last_seen_at) WHERE id = ?1",
                params![id, to_json(&observed)?, last_seen_at],
            )?;
            Ok(())
        })
    }

    /// Gives a machine another display name.
    ///
    /// # Errors
    /// When another machine has the name, or the store fails.
    pub fn machine_rename(&self, id: &str, name: &str) -> Result<()> {
        let (id, name) = (id.to_owned(), name.to_owned());
        self.write(move |tx| {
            let renamed = tx.conn().execute(
                "UPDATE machine SET name = ?2 WHERE id = ?1",
                params![id, name],
            );
            taken(renamed, "machine", &name)
        })
    }

    /// Forgets a machine; the row stays for the names in old runs.
    ///
    /// # Errors
    /// When the store fails.
    pub fn machine_remove(&self, id: &str, at: Millis) -> Result<()> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.conn().execute(
                "UPDATE machine SET removed_at = ?2, config = 'null' WHERE id = ?1",
                params![id, at],
            )?;
            Ok(())
        })
    }

    /// Adds a draft, or changes the one with that id.
    ///
    /// # Errors
    /// When the store fails.
    pub fn setup_save(&self, record: &SetupRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |tx| {
            tx.conn().execute(
                "INSERT INTO setup_draft (id, created_at, updated_at, state) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET updated_at = ?3, state = ?4",
                params![record.id, record.created_at, record.updated_at, to_json(&record.state)?],
            )?;
            Ok(())
        })
    }

    /// The drafts, last changed first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn setups(&self) -> Result<Vec<SetupRecord>> {
        self.read(|reader| {
            let conn = reader.conn();
            let mut query =
                conn.prepare_cached("SELECT * FROM setup_draft ORDER BY updated_at DESC, id")?;
            Ok(query
                .query_map([], setup)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// A draft.
    ///
    /// # Errors
    /// When the store fails.
    pub fn setup(&self, id: &str) -> Result<Option<SetupRecord>> {
        let id = id.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            Ok(conn
                .prepare_cached("SELECT * FROM setup_draft WHERE id = ?1")?
                .query_row([id], setup)
                .optional()?)
        })
    }

    /// Deletes a draft.
    ///
    /// # Errors
    /// When the store fails.
    pub fn setup_delete(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.conn()
                .execute("DELETE FROM setup_draft WHERE id = ?1", [id])?;
            Ok(())
        })
    }

    /// Notes that there is a secret.
    ///
    /// # Errors
    /// When the store fails.
    pub fn secret_note(&self, record: &SecretRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |tx| {
            tx.conn().execute(
                "INSERT OR REPLACE INTO secret_note (id, kind, label, created_at) VALUES (?1, ?2, ?3, ?4)",
                params![record.id, record.kind, record.label, record.created_at],
            )?;
            Ok(())
        })
    }

    /// The secrets that there are, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn secret_notes(&self) -> Result<Vec<SecretRecord>> {
        self.read(|reader| {
            let conn = reader.conn();
            let mut query =
                conn.prepare_cached("SELECT * FROM secret_note ORDER BY created_at DESC, id")?;
            Ok(query
                .query_map([], |row| {
                    Ok(SecretRecord {
                        id: row.get("id")?,
                        kind: row.get("kind")?,
                        label: row.get("label")?,
                        created_at: row.get("created_at")?,
                    })
                })?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Notes that a secret is gone.
    ///
    /// # Errors
    /// When the store fails.
    pub fn secret_forget(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.conn()
                .execute("DELETE FROM secret_note WHERE id = ?1", [id])?;
            Ok(())
        })
    }
}
