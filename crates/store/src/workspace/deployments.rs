use rusqlite::{OptionalExtension as _, Row, params};
use skerry_domain::Millis;

use super::taken;
use crate::{Result, Store};

/// A deployment: what was asked for. What is observed comes by the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRecord {
    /// uuid4 hex; also the id of the service at the agent.
    pub id: String,
    /// A DNS label; unique among those that are not deleted.
    pub name: String,
    /// Machine.
    pub machine_id: String,
    /// Registered model.
    pub model: String,
    /// Address on the machine it listens on.
    pub bind: String,
    /// Port on the machine it listens on.
    pub port: u16,
    /// When it was made.
    pub created_at: Millis,
    /// When it was deleted.
    pub deleted_at: Option<Millis>,
    /// The state that was last told in the activity list.
    pub told_phase: Option<String>,
}

fn deployment(row: &Row<'_>) -> rusqlite::Result<DeploymentRecord> {
    Ok(DeploymentRecord {
        id: row.get("id")?,
        name: row.get("name")?,
        machine_id: row.get("machine_id")?,
        model: row.get("model")?,
        bind: row.get("bind")?,
        port: row.get("port")?,
        created_at: row.get("created_at")?,
        deleted_at: row.get("deleted_at")?,
        told_phase: row.get("told_phase")?,
    })
}

impl Store {
    /// Adds a deployment.
    ///
    /// # Errors
    /// When another deployment has the name, or the store fails.
    pub fn deployment_add(&self, record: &DeploymentRecord) -> Result<()> {
        let record = record.clone();
        self.write(move |tx| {
            let added = tx.conn().execute(
                "INSERT INTO deployment (id, name, machine_id, model, bind, port, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    record.id,
                    record.name,
                    record.machine_id,
                    record.model,
                    record.bind,
                    record.port,
                    record.created_at
                ],
            );
            taken(added, "deployment", &record.name)
        })
    }

    /// The deployments that are not deleted, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub fn deployments(&self) -> Result<Vec<DeploymentRecord>> {
        self.read(|reader| {
            let conn = reader.conn();
            let mut query = conn.prepare_cached(
                "SELECT * FROM deployment WHERE deleted_at IS NULL ORDER BY name",
            )?;
            Ok(query
                .query_map([], deployment)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// A deployment, deleted or not.
    ///
    /// # Errors
    /// When the store fails.
    pub fn deployment(&self, id: &str) -> Result<Option<DeploymentRecord>> {
        let id = id.to_owned();
        self.read(move |reader| {
            let conn = reader.conn();
            Ok(conn
                .prepare_cached("SELECT * FROM deployment WHERE id = ?1")?
                .query_row([id], deployment)
                .optional()?)
        })
    }

    /// Deletes a deployment that never got to its machine, without trace, so that
    /// the name is free.
    ///
    /// # Errors
    /// When the store fails.
    pub fn deployment_undo(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.conn()
                .execute("DELETE FROM deployment WHERE id = ?1", [&id])?;
            Ok(())
        })
    }

    /// Marks a deployment as deleted.
    ///
    /// # Errors
    /// When the store fails.
    pub fn deployment_delete(&self, id: &str, at: Millis) -> Result<()> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.conn().execute(
                "UPDATE deployment SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL",
                params![id, at],
            )?;
            Ok(())
        })
    }

    /// Notes the state that was told in the activity list; says whether it is news.
    ///
    /// # Errors
    /// When the store fails.
    pub fn deployment_tell(&self, id: &str, phase: &str) -> Result<bool> {
        let (id, phase) = (id.to_owned(), phase.to_owned());
        self.write(move |tx| {
            let changed = tx.conn().execute(
                "UPDATE deployment SET told_phase = ?2
                 WHERE id = ?1 AND deleted_at IS NULL AND told_phase IS NOT ?2",
                params![id, phase],
            )?;
            Ok(changed > 0)
        })
    }
}
