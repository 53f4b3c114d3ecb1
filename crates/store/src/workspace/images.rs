use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::Value;
use skerry_domain::{ErrorBody, Millis};

use super::{json, optional_json, taken, to_json};
use crate::{Result, Store};

/// A container registry known to the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryRecord {
    /// uuid4 hex.
    pub id: String,
    /// `host[:port]`; unique.
    pub host: String,
    /// Account; `None` for anonymous.
    pub username: Option<String>,
    /// Plain HTTP.
    pub insecure: bool,
    /// When it was added.
    pub created_at: Millis,
    /// When it was last seen to work.
    pub tested_at: Option<Millis>,
    /// What the last test said, when it failed.
    pub problem: Option<ErrorBody>,
}

/// An image of a model version, in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRecord {
    /// Registered model.
    pub model: String,
    /// Its version.
    pub version: u32,
    /// `host/repository:tag`.
    pub reference: String,
    /// `sha256:…`
    pub digest: String,
    /// Compressed size in bytes.
    pub size: u64,
    /// Registry of the workspace.
    pub registry_id: String,
    /// When it was pushed.
    pub created_at: Millis,
}

/// An operation that takes a while.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationRecord {
    /// uuid4 hex.
    pub id: String,
    /// `waiting`, `running`, `done`, `failed`, `cancelled`.
    pub state: String,
    /// When it started.
    pub started_at: Millis,
    /// Everything else.
    pub body: Value,
}

fn registry(row: &Row<'_>) -> rusqlite::Result<RegistryRecord> {
    Ok(RegistryRecord {
        id: row.get("id")?,
        host: row.get("host")?,
        username: row.get("username")?,
        insecure: row.get("insecure")?,
        created_at: row.get("created_at")?,
        tested_at: row.get("tested_at")?,
        problem: optional_json(row, "problem")?,
    })
}

fn image(row: &Row<'_>) -> rusqlite::Result<ImageRecord> {
    Ok(ImageRecord {
        model: row.get("model")?,
        version: row.get("version")?,
        reference: row.get("reference")?,
        digest: row.get("digest")?,
        size: row.get::<_, i64>("size")?.unsigned_abs(),
        registry_id: row.get("registry_id")?,
        created_at: row.get("created_at")?,
    })
}

fn operation(row: &Row<'_>) -> rusqlite::Result<OperationRecord> {
    Ok(OperationRecord {
        id: row.get("id")?,
        state: row.get("state")?,
        started_at: row.get("started_at")?,
        body: json(row, "body")?,
    })
}

impl Store {
    /// Adds a registry, or changes the one with that id.
    ///
    /// # Errors
    /// When another has the host, or the store fails.
    pub fn registry_save(&self, record: &RegistryRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |tx| {
            let problem = record.problem.as_ref().map(to_json).transpose()?;
            let saved = tx.conn().execute(
                "INSERT INTO registry (id, host, username, insecure, created_at, tested_at, problem)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (id) DO UPDATE SET host = ?2, username = ?3, insecure = ?4,
                    tested_at = ?6, problem = ?7",
                params![
                    record.id,
                    record.host,
                    record.username,
                    record.insecure,
                    record.created_at,
                    record.tested_at,
                    problem
                ],
            );
            taken(saved, "registry", &record.host)
        })
    }

    /// The registries, by host.
    ///
    /// # Errors
    /// When the store fails.
    pub fn registries(&self) -> Result<Vec<RegistryRecord>> {
        self.read(|reader| {
            let conn = reader.conn();
            let mut query = conn.prepare_cached("SELECT * FROM registry ORDER BY host")?;
            Ok(query
                .query_map([], registry)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// A registry.
    ///
    /// # Errors
    /// When the store fails.
    pub fn registry(&self, id: &str) -> Result<Option<RegistryRecord>> {
        let id = id.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            Ok(conn
                .prepare_cached("SELECT * FROM registry WHERE id = ?1")?
                .query_row([id], registry)
                .optional()?)
        })
    }

    /// The registry at `host[:port]`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn registry_by_host(&self, host: &str) -> Result<Option<RegistryRecord>> {
        let host = host.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            Ok(conn
                .prepare_cached("SELECT * FROM registry WHERE host = ?1")?
                .query_row([host], registry)
                .optional()?)
        })
    }

    /// Forgets a registry; images in it stay known.
    ///
    /// # Errors
    /// When the store fails.
    pub fn registry_delete(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.conn()
                .execute("DELETE FROM registry WHERE id = ?1", [id])?;
            Ok(())
        })
    }

    /// Records an image that was pushed; pushing the same again changes nothing but
    /// the time.
    ///
    /// # Errors
    /// When the store fails.
    pub fn image_save(&self, record: &ImageRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |tx| {
            tx.conn().execute(
                "INSERT INTO model_image (model, version, reference, digest, size, registry_id, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (model, version, reference, digest)
                 DO UPDATE SET size = ?5, registry_id = ?6, created_at = ?7",
                params![
                    record.model,
                    record.version,
                    record.reference,
                    record.digest,
                    i64::try_from(record.size).unwrap_or(i64::MAX),
                    record.registry_id,
                    record.created_at
                ],
            )?;
            Ok(())
        })
    }

    /// The images of a version, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn images_of(&self, model: &str, version: u32) -> Result<Vec<ImageRecord>> {
        let model = model.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            let mut query = conn.prepare_cached(
                "SELECT * FROM model_image WHERE model = ?1 AND version = ?2
                 ORDER BY created_at DESC, id DESC",
            )?;
            Ok(query
                .query_map(params![model, version], image)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The images of all versions of a model, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn images_of_model(&self, model: &str) -> Result<Vec<ImageRecord>> {
        let model = model.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            let mut query = conn.prepare_cached(
                "SELECT * FROM model_image WHERE model = ?1 ORDER BY created_at DESC, id DESC",
            )?;
            Ok(query
                .query_map([model], image)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Adds an operation, or changes the one with that id.
    ///
    /// # Errors
    /// When the store fails.
    pub fn operation_save(&self, record: &OperationRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |tx| {
            tx.conn().execute(
                "INSERT INTO operation (id, state, started_at, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET state = ?2, body = ?4",
                params![
                    record.id,
                    record.state,
                    record.started_at,
                    to_json(&record.body)?
                ],
            )?;
            Ok(())
        })
    }

    /// The newest operations, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn operations(&self, limit: u32) -> Result<Vec<OperationRecord>> {
        self.read(move |reader| {
            let conn = reader.conn();
            let mut query = conn
                .prepare_cached("SELECT * FROM operation ORDER BY started_at DESC, id LIMIT ?1")?;
            Ok(query
                .query_map([limit], operation)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// An operation.
    ///
    /// # Errors
    /// When the store fails.
    pub fn operation(&self, id: &str) -> Result<Option<OperationRecord>> {
        let id = id.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            Ok(conn
                .prepare_cached("SELECT * FROM operation WHERE id = ?1")?
                .query_row([id], operation)
                .optional()?)
        })
    }

    /// The operations that were under way when the console was closed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn operations_unsettled(&self) -> Result<Vec<OperationRecord>> {
        self.read(|reader| {
            let conn = reader.conn();
            let mut query = conn
                .prepare_cached("SELECT * FROM operation WHERE state IN ('waiting', 'running')")?;
            Ok(query
                .query_map([], operation)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }
}
