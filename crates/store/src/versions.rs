//! Versions of registered models.

use rusqlite::{OptionalExtension, Row, params};
use skerry_domain::tracking::ModelVersion;
use skerry_domain::{Change, KeyValue, RegistryEvent};

use crate::experiments::pairs;
use crate::registry::RegistryQuery;
use crate::registry_history::Note;
use crate::search::{Kind, Page, Searchable, Sql, order_by_columns};
use crate::{Reader, Result, StoreError, Tx, limits};

/// A version to be registered.
#[derive(Debug, Clone, Default)]
pub struct NewModelVersion {
    /// The registered model.
    pub name: String,
    /// Where its files are: an artifact URI, or `models:/…`.
    pub source: String,
    /// The run that made it.
    pub run_id: Option<String>,
    /// The logged model behind it.
    pub model_id: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Link to the run.
    pub run_link: Option<String>,
    /// Who registers it.
    pub user_id: Option<String>,
    /// Its first tags.
    pub tags: Vec<KeyValue>,
}

/// MLflow's stages, in their spelling.
const STAGES: [&str; 4] = ["None", "Staging", "Production", "Archived"];

const COLUMNS: &str = "m.name, v.version, v.created_at, v.updated_at, v.description, v.user_id, v.stage, \
     v.source, v.run_id, v.model_id, v.status, v.status_message, v.run_link, v.storage_location, \
     v.machine_id, v.model";

const VERSIONS: Searchable<'_> = Searchable {
    attributes: &[
        ("name", "m.name", Kind::Listed),
        ("version_number", "v.version", Kind::Numbered),
        ("run_id", "v.run_id", Kind::Optional),
        ("source_path", "v.source", Kind::Text),
    ],
    tags: "EXISTS (SELECT 1 FROM model_version_tags t WHERE t.model = v.model AND t.version = v.version \
           AND t.key = ? AND {value} {op} ?)",
    params: None,
    metrics: None,
    datasets: None,
};

fn from_row(row: &Row<'_>) -> rusqlite::Result<(i64, ModelVersion)> {
    Ok((
        row.get(15)?,
        ModelVersion {
            name: row.get(0)?,
            version: row.get(1)?,
            created_at: row.get(2)?,
            updated_at: row.get(3)?,
            description: row.get(4)?,
            user_id: row.get(5)?,
            stage: row.get(6)?,
            source: row.get(7)?,
            run_id: row.get(8)?,
            model_id: row.get(9)?,
            status: row.get(10)?,
            status_message: row.get(11)?,
            run_link: row.get(12)?,
            storage_location: row.get(13)?,
            machine_id: row.get(14)?,
            tags: Vec::new(),
            aliases: Vec::new(),
        },
    ))
}

fn missing(name: &str, version: i64) -> StoreError {
    StoreError::NotFound(format!(
        "Model Version (name={name}, version={version}) not found"
    ))
}

fn stage(word: &str) -> Result<&'static str> {
    STAGES
        .into_iter()
        .find(|stage| stage.eq_ignore_ascii_case(word))
        .ok_or_else(|| {
            StoreError::Invalid(format!(
                "Invalid Model Version stage: {word}. Value must be one of None, Staging, Production, Archived."
            ))
        })
}

impl Reader<'_> {
    /// A version.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn model_version(&self, name: &str, version: i64) -> Result<ModelVersion> {
        let found = self
            .conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM model_versions v JOIN registered_models m ON m.id = v.model
                 WHERE m.name = ?1 AND v.version = ?2 AND v.deleted = 0"
            ))?
            .query_row(params![name, version], from_row)
            .optional()?
            .ok_or_else(|| missing(name, version))?;
        self.with_version_data(found)
    }

    /// Versions that a filter lets through.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn model_versions(&self, query: &RegistryQuery) -> Result<Page<ModelVersion>> {
        let mut sql = Sql::new(&format!(
            "SELECT {COLUMNS} FROM model_versions v JOIN registered_models m ON m.id = v.model WHERE v.deleted = 0"
        ));
        sql.filter_without_prompts(&query.filter, &VERSIONS)?;
        order_by_columns(
            &mut sql,
            &query.order_by,
            "attribute",
            &[
                ("name", "m.name"),
                ("version_number", "v.version"),
                ("creation_timestamp", "v.created_at"),
                ("last_updated_timestamp", "v.updated_at"),
            ],
            &["v.updated_at DESC"],
            &[("m.name", "ASC"), ("v.version", "DESC")],
        )?;
        sql.page(self.conn(), query.max_results, query.offset, from_row)?
            .try_map(|found| self.with_version_data(found))
    }

    /// Versions that were made from a run, of any model, newest first.
    ///
    /// # Errors
    /// When the file fails.
    pub fn versions_of_run(&self, run_id: &str) -> Result<Vec<ModelVersion>> {
        let found: Vec<(i64, ModelVersion)> = self
            .conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM model_versions v JOIN registered_models m ON m.id = v.model
                 WHERE v.run_id = ?1 AND v.deleted = 0 ORDER BY v.created_at DESC"
            ))?
            .query_map([run_id], from_row)?
            .collect::<rusqlite::Result<_>>()?;
        found
            .into_iter()
            .map(|found| self.with_version_data(found))
            .collect()
    }

    /// The newest version of each stage, or of the stages named.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub fn latest_versions(&self, name: &str, stages: &[String]) -> Result<Vec<ModelVersion>> {
        let model = self.registered_number(name)?;
        let wanted = stages
            .iter()
            .map(|word| stage(word))
            .collect::<Result<Vec<_>>>()?;
        let found: Vec<(i64, ModelVersion)> = self
            .conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM model_versions v JOIN registered_models m ON m.id = v.model
                 WHERE v.model = ?1 AND v.deleted = 0 AND v.version = (SELECT max(o.version)
                    FROM model_versions o WHERE o.model = v.model AND o.stage = v.stage AND o.deleted = 0)
                 ORDER BY v.version"
            ))?
            .query_map([model], from_row)?
            .collect::<rusqlite::Result<_>>()?;
        found
            .into_iter()
            .filter(|(_, version)| wanted.is_empty() || wanted.contains(&version.stage.as_str()))
            .map(|found| self.with_version_data(found))
            .collect()
    }

    fn with_version_data(&self, (model, mut version): (i64, ModelVersion)) -> Result<ModelVersion> {
        version.tags = pairs(
            &mut self.conn().prepare_cached(
                "SELECT key, value FROM model_version_tags WHERE model = ?1 AND version = ?2 ORDER BY key",
            )?,
            params![model, version.version],
        )?;
        version.aliases = self
            .conn()
            .prepare_cached(
                "SELECT alias FROM aliases WHERE model = ?1 AND version = ?2 ORDER BY alias",
            )?
            .query_map(params![model, version.version], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(version)
    }

    /// A version of the model of that number, unless it was deleted.
    pub(crate) fn version_by_number(
        &self,
        model: i64,
        version: i64,
    ) -> Result<Option<ModelVersion>> {
        self.conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM model_versions v JOIN registered_models m ON m.id = v.model
                 WHERE v.model = ?1 AND v.version = ?2 AND v.deleted = 0"
            ))?
            .query_row(params![model, version], from_row)
            .optional()?
            .map(|found| self.with_version_data(found))
            .transpose()
    }

    /// The version here of what a machine calls `name` `version`, also when it was
    /// deleted: model and number.
    pub(crate) fn by_origin(
        &self,
        machine_id: &str,
        name: &str,
        version: i64,
    ) -> Result<Option<(i64, i64)>> {
        Ok(self
            .conn()
            .prepare_cached(
                "SELECT model, version FROM model_versions
                 WHERE machine_id = ?1 AND origin_name = ?2 AND origin_version = ?3",
            )?
            .query_row(params![machine_id, name, version], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?)
    }
}

impl Tx<'_> {
    /// Registers a version; its number is the next one of the model.
    ///
    /// # Errors
    /// `NotFound` for the model, `Invalid`.
    pub fn create_model_version(&self, mut new: NewModelVersion) -> Result<ModelVersion> {
        limits::model_name(&new.name, "name")?;
        for tag in &new.tags {
            limits::version_tag(tag)?;
        }
        let model = self.registered_number(&new.name)?;
        let storage_location = self.resolve_source(&mut new)?;
        if new.run_id.as_deref().is_none_or(str::is_empty) {
            new.run_id = match new.model_id.as_deref().filter(|id| !id.is_empty()) {
                Some(id) => self.logged_model(id)?.source_run_id,
                None => None,
            };
        }
        let version = ModelVersion {
            version: self.next_version(model)?,
            name: new.name,
            created_at: self.now(),
            updated_at: self.now(),
            description: new.description.filter(|text| !text.is_empty()),
            user_id: new.user_id,
            stage: "None".to_owned(),
            source: new.source,
            run_id: new.run_id,
            model_id: new.model_id.filter(|id| !id.is_empty()),
            status: "READY".to_owned(),
            status_message: None,
            run_link: new.run_link,
            storage_location: Some(storage_location),
            tags: new.tags,
            aliases: Vec::new(),
            machine_id: None,
        };
        self.insert_version(model, &version, None)?;
        self.touch_registered(model)?;
        self.journal_version(&version.name, version.version)
    }

    fn resolve_source(&self, new: &mut NewModelVersion) -> Result<String> {
        let Some(rest) = new.source.strip_prefix("models:/") else {
            return Ok(new.source.clone());
        };
        let unable = |why: String| {
            StoreError::Invalid(format!(
                "Unable to fetch model from model URI source artifact location '{}'.Error: {why}",
                new.source
            ))
        };
        let rest = rest.trim_start_matches('/');
        if let Some((name, number)) = rest.split_once('/') {
            let number = number
                .parse()
                .map_err(|_| unable("the version is not a number".to_owned()))?;
            let other = self
                .model_version(name, number)
                .map_err(|error| unable(error.to_string()))?;
            return Ok(other.storage_location.unwrap_or(other.source));
        }
        let model = self
            .logged_model(rest)
            .map_err(|error| unable(error.to_string()))?;
        if new.run_id.as_deref().is_none_or(str::is_empty) {
            new.run_id = model.source_run_id;
        }
        Ok(model.artifact_location)
    }

    /// Takes the next number of a model. Numbers of deleted versions do not come again.
    pub(crate) fn next_version(&self, model: i64) -> Result<i64> {
        Ok(self.conn().query_row(
            "UPDATE registered_models SET next_version = next_version + 1 WHERE id = ?1
             RETURNING next_version - 1",
            [model],
            |row| row.get(0),
        )?)
    }

    /// Inserts a version; `origin` is machine, name and number where it was registered.
    pub(crate) fn insert_version(
        &self,
        model: i64,
        version: &ModelVersion,
        origin: Option<(&str, &str, i64)>,
    ) -> Result<()> {
        self.conn().execute(
            "INSERT INTO model_versions (model, version, created_at, updated_at, description, user_id, stage,
                source, run_id, model_id, status, status_message, run_link, storage_location,
                machine_id, origin_name, origin_version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            params![
                model,
                version.version,
                version.created_at,
                version.updated_at,
                version.description,
                version.user_id,
                version.stage,
                version.source,
                version.run_id,
                version.model_id,
                version.status,
                version.status_message,
                version.run_link,
                version.storage_location,
                origin.map(|(machine, ..)| machine),
                origin.map(|(_, name, _)| name),
                origin.map(|(.., number)| number)
            ],
        )?;
        self.note_version_created(model, version)?;
        self.put_version_tags(model, version.version, &version.tags)
    }

    pub(crate) fn put_version_tags(
        &self,
        model: i64,
        version: i64,
        tags: &[KeyValue],
    ) -> Result<()> {
        for tag in tags {
            let before = self.version_tag(model, version, &tag.key)?;
            if before.as_deref() == Some(tag.value.as_str()) {
                continue;
            }
            self.conn().execute(
                "INSERT OR REPLACE INTO model_version_tags (model, version, key, value) VALUES (?1, ?2, ?3, ?4)",
                params![model, version, tag.key, tag.value],
            )?;
            self.note(
                model,
                Note {
                    version: Some(version),
                    subject: Some(&tag.key),
                    before: before.as_deref(),
                    after: Some(&tag.value),
                    ..Note::of(RegistryEvent::VersionTag)
                },
            )?;
        }
        Ok(())
    }

    fn version_tag(&self, model: i64, version: i64, key: &str) -> Result<Option<String>> {
        Ok(self
            .conn()
            .prepare_cached(
                "SELECT value FROM model_version_tags WHERE model = ?1 AND version = ?2 AND key = ?3",
            )?
            .query_row(params![model, version, key], |row| row.get(0))
            .optional()?)
    }

    pub(crate) fn note_version_created(&self, model: i64, version: &ModelVersion) -> Result<()> {
        self.note(
            model,
            Note {
                version: Some(version.version),
                after: Some(&version.source),
                ..Note::of(RegistryEvent::VersionCreated)
            },
        )
    }

    /// Changes the description.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn describe_model_version(
        &self,
        name: &str,
        version: i64,
        description: Option<&str>,
    ) -> Result<ModelVersion> {
        self.model_version(name, version)?;
        let model = self.registered_number(name)?;
        self.conn().execute(
            "UPDATE model_versions SET description = ?3, updated_at = ?4 WHERE model = ?1 AND version = ?2",
            params![model, version, description, self.now()],
        )?;
        self.journal_version(name, version)
    }

    /// Moves a version to a legacy stage.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub fn transition_stage(
        &self,
        name: &str,
        version: i64,
        to: &str,
        archive_others: bool,
    ) -> Result<ModelVersion> {
        let given = to;
        let to = stage(given)?;
        if archive_others && !matches!(to, "Staging" | "Production") {
            return limits::invalid(format!(
                "Model version transition cannot archive existing model versions because '{given}' is not an \
                 Active stage. Valid stages are ['Staging', 'Production']"
            ));
        }
        self.model_version(name, version)?;
        let model = self.registered_number(name)?;
        if archive_others {
            let others: Vec<i64> = self
                .conn()
                .prepare("SELECT version FROM model_versions WHERE model = ?1 AND stage = ?2 AND version != ?3 AND deleted = 0")?
                .query_map(params![model, to, version], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for other in others {
                self.set_stage(model, other, "Archived")?;
                self.journal_version(name, other)?;
            }
        }
        self.set_stage(model, version, to)?;
        self.touch_registered(model)?;
        self.journal_version(name, version)
    }

    pub(crate) fn set_stage(&self, model: i64, version: i64, stage: &str) -> Result<()> {
        let before: String = self
            .conn()
            .prepare_cached("SELECT stage FROM model_versions WHERE model = ?1 AND version = ?2")?
            .query_row([model, version], |row| row.get(0))?;
        self.conn().execute(
            "UPDATE model_versions SET stage = ?3, updated_at = ?4 WHERE model = ?1 AND version = ?2",
            params![model, version, stage, self.now()],
        )?;
        if before == stage {
            return Ok(());
        }
        self.note(
            model,
            Note {
                version: Some(version),
                before: Some(&before),
                after: Some(stage),
                ..Note::of(RegistryEvent::StageChanged)
            },
        )
    }

    /// Deletes a version and the aliases that point to it; its history stays.
    ///
    /// # Errors
    /// `NotFound`; `Input` when a protected alias stands for it.
    pub fn delete_model_version(&self, name: &str, version: i64) -> Result<()> {
        self.model_version(name, version)?;
        let model = self.registered_number(name)?;
        self.forget_version(model, version)?;
        self.touch_registered(model)?;
        self.journal(|| Change::ModelVersionDeleted {
            name: name.to_owned(),
            version,
        })
    }

    pub(crate) fn forget_version(&self, model: i64, version: i64) -> Result<()> {
        let aliases: Vec<String> = self
            .conn()
            .prepare_cached(
                "SELECT alias FROM aliases WHERE model = ?1 AND version = ?2 ORDER BY alias",
            )?
            .query_map([model, version], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        // All or none: a refusal must not leave the version without its other aliases.
        for alias in &aliases {
            self.may_go(model, alias)?;
        }
        for alias in &aliases {
            self.drop_alias(model, alias)?;
        }
        let gone = self.conn().execute(
            "UPDATE model_versions SET deleted = 1, updated_at = ?3
             WHERE model = ?1 AND version = ?2 AND deleted = 0",
            params![model, version, self.now()],
        )?;
        self.conn().execute(
            "DELETE FROM model_version_tags WHERE model = ?1 AND version = ?2",
            params![model, version],
        )?;
        if gone == 0 {
            return Ok(());
        }
        self.note(
            model,
            Note {
                version: Some(version),
                ..Note::of(RegistryEvent::VersionDeleted)
            },
        )
    }

    /// Sets a tag.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub fn set_model_version_tag(&self, name: &str, version: i64, tag: &KeyValue) -> Result<()> {
        limits::version_tag(tag)?;
        self.model_version(name, version)?;
        let model = self.registered_number(name)?;
        self.put_version_tags(model, version, std::slice::from_ref(tag))?;
        self.journal_version(name, version).map(drop)
    }

    /// The value of a version's tag.
    ///
    /// # Errors
    /// `NotFound` for the version.
    pub fn model_version_tag(&self, name: &str, version: i64, key: &str) -> Result<Option<String>> {
        self.model_version(name, version)?;
        let model = self.registered_number(name)?;
        self.version_tag(model, version, key)
    }

    /// Deletes a tag; one that is not there is gone already.
    ///
    /// # Errors
    /// `NotFound` for the version, `Invalid` for a key that no tag can have.
    pub fn delete_model_version_tag(&self, name: &str, version: i64, key: &str) -> Result<()> {
        limits::registry_tag_key(key)?;
        self.model_version(name, version)?;
        let model = self.registered_number(name)?;
        if let Some(before) = self.version_tag(model, version, key)? {
            self.conn().execute(
                "DELETE FROM model_version_tags WHERE model = ?1 AND version = ?2 AND key = ?3",
                params![model, version, key],
            )?;
            self.note(
                model,
                Note {
                    version: Some(version),
                    subject: Some(key),
                    before: Some(&before),
                    ..Note::of(RegistryEvent::VersionTag)
                },
            )?;
        }
        self.journal_version(name, version).map(drop)
    }

    fn journal_version(&self, name: &str, version: i64) -> Result<ModelVersion> {
        let saved = self.model_version(name, version)?;
        self.journal(|| Change::ModelVersionSaved(saved.clone()))?;
        Ok(saved)
    }
}
