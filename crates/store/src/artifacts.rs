//! Which files runs and logged models have. The files lie elsewhere.

use rusqlite::params;
use skerry_domain::Change;
use skerry_domain::tracking::{Artifact, ArtifactOwner};

use crate::{Reader, Result, Tx};

impl Reader<'_> {
    /// Every file of a run or a logged model, by path.
    ///
    /// # Errors
    /// When the file fails.
    pub fn artifacts(&self, owner: &str) -> Result<Vec<Artifact>> {
        let mut statement = self.conn().prepare_cached(
            "SELECT path, size, sha256, at FROM artifacts WHERE owner = ?1 ORDER BY path",
        )?;
        let rows = statement.query_map([owner], |row| {
            Ok(Artifact {
                path: row.get(0)?,
                size: row.get::<_, i64>(1)?.try_into().unwrap_or(0),
                sha256: row.get(2)?,
                at: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Notes that a file was written.
    ///
    /// # Errors
    /// When the file fails.
    pub fn artifact_logged(
        &self,
        owner: ArtifactOwner,
        path: &str,
        size: u64,
        sha256: &str,
    ) -> Result<()> {
        self.put_artifact(owner.id(), path, size, sha256, self.now())?;
        self.journal(|| Change::ArtifactLogged {
            owner,
            path: path.to_owned(),
            size,
            sha256: sha256.to_owned(),
        })
    }

    pub(crate) fn put_artifact(
        &self,
        owner: &str,
        path: &str,
        size: u64,
        sha256: &str,
        at: i64,
    ) -> Result<()> {
        self.conn()
            .prepare_cached(
                "INSERT OR REPLACE INTO artifacts (owner, path, size, sha256, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                owner,
                path,
                i64::try_from(size).unwrap_or(i64::MAX),
                sha256,
                at
            ])?;
        Ok(())
    }

    /// Notes that a file, or all below a folder, are gone; an empty path means all.
    ///
    /// # Errors
    /// When the file fails.
    pub fn artifact_deleted(&self, owner: ArtifactOwner, path: &str) -> Result<()> {
        self.drop_artifacts(owner.id(), path)?;
        self.journal(|| Change::ArtifactDeleted {
            owner,
            path: path.to_owned(),
        })
    }

    pub(crate) fn drop_artifacts(&self, owner: &str, path: &str) -> Result<()> {
        // '0' is the character behind '/': the range holds all below the folder.
        self.conn().execute(
            "DELETE FROM artifacts WHERE owner = ?1
             AND (?2 = '' OR path = ?2 OR (path >= ?2 || '/' AND path < ?2 || '0'))",
            params![owner, path],
        )?;
        Ok(())
    }
}
