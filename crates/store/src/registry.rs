//! Registered models, their tags and aliases.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use skerry_domain::tracking::{ModelVersion, RegisteredModel};
use skerry_domain::{Change, KeyValue, Millis, RegistryEvent};

use crate::experiments::pairs;
use crate::registry_history::Note;
use crate::search::{Kind, Page, Searchable, Sql, order_by_columns};
use crate::{Reader, Result, StoreError, Tx, limits};

/// Which registered models or versions to list.
#[derive(Debug, Clone, Default)]
pub struct RegistryQuery {
    /// MLflow's filter, such as `name LIKE 'a%'`.
    pub filter: String,
    /// MLflow's order.
    pub order_by: Vec<String>,
    /// At most so many; 0 for all.
    pub max_results: usize,
    /// So many are left out at the beginning.
    pub offset: usize,
}

/// The tag that makes a registered model a prompt.
pub(crate) const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

const MODELS: Searchable<'_> = Searchable {
    attributes: &[("name", "m.name", Kind::Listed)],
    tags: "EXISTS (SELECT 1 FROM registered_model_tags t WHERE t.model = m.id AND t.key = ? AND {value} {op} ?)",
    params: None,
    metrics: None,
    datasets: None,
};

pub(crate) fn missing(name: &str) -> StoreError {
    StoreError::NotFound(format!("Registered Model with name={name} not found"))
}

impl Reader<'_> {
    pub(crate) fn registered_number(&self, name: &str) -> Result<i64> {
        self.conn()
            .prepare_cached("SELECT id FROM registered_models WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?
            .map_or_else(
                || limits::model_name(name, "name").and(Err(missing(name))),
                Ok,
            )
    }

    /// A registered model.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn registered_model(&self, name: &str) -> Result<RegisteredModel> {
        let id = self.registered_number(name)?;
        self.registered_by_number(id)
    }

    fn registered_by_number(&self, id: i64) -> Result<RegisteredModel> {
        let mut model = self
            .conn()
            .prepare_cached(
                "SELECT name, description, created_at, updated_at FROM registered_models WHERE id = ?1",
            )?
            .query_row([id], |row| {
                Ok(RegisteredModel {
                    name: row.get(0)?,
                    description: row.get(1)?,
                    created_at: row.get(2)?,
                    updated_at: row.get(3)?,
                    tags: Vec::new(),
                    aliases: BTreeMap::new(),
                    latest_versions: Vec::new(),
                })
            })?;
        model.tags = pairs(
            &mut self.conn().prepare_cached(
                "SELECT key, value FROM registered_model_tags WHERE model = ?1 ORDER BY key",
            )?,
            [id],
        )?;
        model.aliases = self
            .conn()
            .prepare_cached("SELECT alias, version FROM aliases WHERE model = ?1")?
            .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        model.latest_versions = self.latest_versions(&model.name, &[])?;
        Ok(model)
    }

    /// Registered models that a filter lets through; prompts only when the filter
    /// asks for them.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn registered_models(&self, query: &RegistryQuery) -> Result<Page<RegisteredModel>> {
        let mut sql = Sql::new("SELECT m.id FROM registered_models m WHERE 1");
        sql.filter_without_prompts(&query.filter, &MODELS)?;
        order_by_columns(
            &mut sql,
            &query.order_by,
            "order by",
            &[
                ("name", "m.name"),
                ("timestamp", "m.updated_at"),
                ("last_updated_timestamp", "m.updated_at"),
            ],
            &[],
            &[("m.name", "ASC")],
        )?;
        sql.page(self.conn(), query.max_results, query.offset, |row| {
            row.get(0)
        })?
        .try_map(|id: i64| self.registered_by_number(id))
    }

    /// The version that an alias points to.
    ///
    /// # Errors
    /// `NotFound` for the model, `Invalid` for the alias (as MLflow has it).
    pub fn alias_target(&self, name: &str, alias: &str) -> Result<i64> {
        limits::alias_chars(alias)?;
        let model = self.registered_number(name)?;
        if alias.eq_ignore_ascii_case("latest") {
            return self
                .conn()
                .query_row(
                    "SELECT max(version) FROM model_versions WHERE model = ?1 AND deleted = 0",
                    [model],
                    |row| row.get::<_, Option<i64>>(0),
                )?
                .ok_or_else(|| {
                    StoreError::NotFound(format!("Latest version not found for model {name}."))
                });
        }
        self.conn()
            .prepare_cached("SELECT version FROM aliases WHERE model = ?1 AND alias = ?2")?
            .query_row(params![model, alias], |row| row.get(0))
            .optional()?
            .ok_or_else(|| {
                StoreError::Invalid(format!("Registered model alias {alias} not found."))
            })
    }
}

/// What MLflow calls a registered model with these tags.
fn kind(tags: &[KeyValue]) -> &'static str {
    let prompt = |tag: &KeyValue| tag.key == PROMPT_TAG && tag.value.eq_ignore_ascii_case("true");
    if tags.iter().any(prompt) {
        "Prompt"
    } else {
        "Registered Model"
    }
}

impl Tx<'_> {
    /// Makes a registered model.
    ///
    /// # Errors
    /// `Invalid`, `AlreadyExists`.
    pub fn create_registered_model(
        &self,
        name: &str,
        description: Option<&str>,
        tags: &[KeyValue],
    ) -> Result<RegisteredModel> {
        limits::model_name(name, "name")?;
        for tag in tags {
            limits::registry_tag(tag)?;
        }
        if let Ok(other) = self.registered_model(name) {
            let (old, new) = (kind(&other.tags), kind(tags));
            return Err(StoreError::AlreadyExists(if old == new {
                format!("{new} (name={name}) already exists.")
            } else {
                format!(
                    "Tried to create a {} with name '{name}', but the name is already taken by a {}.",
                    new.to_lowercase(),
                    old.to_lowercase()
                )
            }));
        }
        let id = self.insert_registered(name, description, self.now())?;
        self.put_registered_tags(id, tags)?;
        self.journal_registered(name)?;
        self.registered_model(name)
    }

    pub(crate) fn insert_registered(
        &self,
        name: &str,
        description: Option<&str>,
        created_at: Millis,
    ) -> Result<i64> {
        // Numbers of deleted models do not come again: the history knows models by them.
        let id = self.conn().query_row(
            "INSERT INTO registered_models (id, name, description, created_at, updated_at)
             SELECT 1 + max(coalesce((SELECT max(id) FROM registered_models), 0),
                            coalesce((SELECT max(model) FROM registry_history), 0)), ?1, ?2, ?3, ?3
             RETURNING id",
            params![name, description, created_at],
            |row| row.get(0),
        )?;
        self.note(id, Note::of(RegistryEvent::ModelCreated))?;
        Ok(id)
    }

    pub(crate) fn put_registered_tags(&self, id: i64, tags: &[KeyValue]) -> Result<()> {
        for tag in tags {
            let before = self.registered_tag(id, &tag.key)?;
            if before.as_deref() == Some(tag.value.as_str()) {
                continue;
            }
            self.conn().execute(
                "INSERT OR REPLACE INTO registered_model_tags (model, key, value) VALUES (?1, ?2, ?3)",
                params![id, tag.key, tag.value],
            )?;
            self.note(
                id,
                Note {
                    subject: Some(&tag.key),
                    before: before.as_deref(),
                    after: Some(&tag.value),
                    ..Note::of(RegistryEvent::ModelTag)
                },
            )?;
        }
        Ok(())
    }

    fn registered_tag(&self, id: i64, key: &str) -> Result<Option<String>> {
        Ok(self
            .conn()
            .prepare_cached(
                "SELECT value FROM registered_model_tags WHERE model = ?1 AND key = ?2",
            )?
            .query_row(params![id, key], |row| row.get(0))
            .optional()?)
    }

    /// Changes the description.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn describe_registered_model(
        &self,
        name: &str,
        description: Option<&str>,
    ) -> Result<RegisteredModel> {
        let id = self.registered_number(name)?;
        self.conn().execute(
            "UPDATE registered_models SET description = ?2, updated_at = ?3 WHERE id = ?1",
            params![id, description, self.now()],
        )?;
        self.journal_registered(name)?;
        self.registered_model(name)
    }

    /// Gives a registered model another name.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `AlreadyExists`.
    pub fn rename_registered_model(&self, name: &str, new_name: &str) -> Result<RegisteredModel> {
        limits::model_name(new_name, "new_name")?;
        let id = self.registered_number(name)?;
        if name != new_name && self.registered_number(new_name).is_ok() {
            return Err(StoreError::AlreadyExists(format!(
                "Registered Model (name={new_name}) already exists."
            )));
        }
        if name != new_name {
            self.rename_registered(id, name, new_name)?;
        }
        self.touch_registered(id)?;
        self.journal(|| Change::RegisteredModelRenamed {
            from: name.to_owned(),
            to: new_name.to_owned(),
        })?;
        self.registered_model(new_name)
    }

    pub(crate) fn rename_registered(&self, id: i64, name: &str, new_name: &str) -> Result<()> {
        self.refuse_protected(id, name, "The model cannot get another name")?;
        self.conn().execute(
            "UPDATE registered_models SET name = ?2 WHERE id = ?1",
            params![id, new_name],
        )?;
        self.note(
            id,
            Note {
                before: Some(name),
                after: Some(new_name),
                ..Note::of(RegistryEvent::ModelRenamed)
            },
        )
    }

    /// Deletes a registered model with all of its versions; its history stays.
    ///
    /// # Errors
    /// `NotFound`; `Input` when an alias of it is protected.
    pub fn delete_registered_model(&self, name: &str) -> Result<()> {
        let id = self.registered_number(name)?;
        self.refuse_protected(id, name, "The model cannot be deleted")?;
        for alias in self.registered_model(name)?.aliases.keys() {
            self.drop_alias(id, alias)?;
        }
        self.note(id, Note::of(RegistryEvent::ModelDeleted))?;
        self.conn()
            .execute("DELETE FROM registered_models WHERE id = ?1", [id])?;
        self.journal(|| Change::RegisteredModelDeleted {
            name: name.to_owned(),
        })
    }

    /// Sets a tag.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub fn set_registered_model_tag(&self, name: &str, tag: &KeyValue) -> Result<()> {
        limits::registry_tag(tag)?;
        let id = self.registered_number(name)?;
        self.put_registered_tags(id, std::slice::from_ref(tag))?;
        self.touch_registered(id)?;
        self.journal_registered(name)
    }

    /// Deletes a tag; one that is not there is gone already.
    ///
    /// # Errors
    /// `NotFound` for the model, `Invalid` for a key that no tag can have.
    pub fn delete_registered_model_tag(&self, name: &str, key: &str) -> Result<()> {
        limits::registry_tag_key(key)?;
        let id = self.registered_number(name)?;
        if let Some(before) = self.registered_tag(id, key)? {
            self.conn().execute(
                "DELETE FROM registered_model_tags WHERE model = ?1 AND key = ?2",
                params![id, key],
            )?;
            self.note(
                id,
                Note {
                    subject: Some(key),
                    before: Some(&before),
                    ..Note::of(RegistryEvent::ModelTag)
                },
            )?;
        }
        self.journal_registered(name)
    }

    /// Points an alias to a version.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`; `Input` when it is protected and the version not approved.
    pub fn set_alias(&self, name: &str, alias: &str, version: i64) -> Result<()> {
        limits::alias(alias)?;
        let target = self.model_version(name, version)?;
        let id = self.registered_number(name)?;
        self.put_alias(id, alias, &target)?;
        self.touch_registered(id)?;
        self.journal(|| Change::AliasSet {
            name: name.to_owned(),
            alias: alias.to_owned(),
            version,
            by: self.actor().run().map(str::to_owned),
        })
    }

    /// The one way in which an alias comes to stand for a version, whichever door the
    /// wish came through.
    pub(crate) fn put_alias(&self, model: i64, alias: &str, target: &ModelVersion) -> Result<()> {
        self.may_carry(model, alias, target)?;
        let before = self.alias_version(model, alias)?;
        if before == Some(target.version) {
            return Ok(());
        }
        self.conn().execute(
            "INSERT OR REPLACE INTO aliases (model, alias, version) VALUES (?1, ?2, ?3)",
            params![model, alias, target.version],
        )?;
        self.note(
            model,
            Note {
                version: Some(target.version),
                subject: Some(alias),
                before: before.map(|version| version.to_string()).as_deref(),
                ..Note::of(RegistryEvent::AliasSet)
            },
        )
    }

    fn alias_version(&self, model: i64, alias: &str) -> Result<Option<i64>> {
        Ok(self
            .conn()
            .prepare_cached("SELECT version FROM aliases WHERE model = ?1 AND alias = ?2")?
            .query_row(params![model, alias], |row| row.get(0))
            .optional()?)
    }

    /// Deletes an alias; one that is not there is gone already.
    ///
    /// # Errors
    /// `NotFound` for the model; `Invalid` for what no alias can be called; `Input` when the
    /// alias is protected.
    pub fn delete_alias(&self, name: &str, alias: &str) -> Result<()> {
        limits::alias_chars(alias)?;
        let id = self.registered_number(name)?;
        self.drop_alias(id, alias)?;
        self.journal(|| Change::AliasDeleted {
            name: name.to_owned(),
            alias: alias.to_owned(),
            by: self.actor().run().map(str::to_owned),
        })
    }

    pub(crate) fn drop_alias(&self, model: i64, alias: &str) -> Result<()> {
        let Some(version) = self.alias_version(model, alias)? else {
            return Ok(());
        };
        self.may_go(model, alias)?;
        self.conn().execute(
            "DELETE FROM aliases WHERE model = ?1 AND alias = ?2",
            params![model, alias],
        )?;
        self.note(
            model,
            Note {
                version: Some(version),
                subject: Some(alias),
                ..Note::of(RegistryEvent::AliasRemoved)
            },
        )
    }

    pub(crate) fn touch_registered(&self, id: i64) -> Result<()> {
        self.conn().execute(
            "UPDATE registered_models SET updated_at = ?2 WHERE id = ?1",
            params![id, self.now()],
        )?;
        Ok(())
    }

    fn journal_registered(&self, name: &str) -> Result<()> {
        if !self.journal {
            return Ok(());
        }
        let model = self.registered_model(name)?;
        self.journal(|| Change::RegisteredModelSaved {
            name: model.name,
            description: model.description,
            tags: model.tags,
            created_at: model.created_at,
            updated_at: model.updated_at,
        })
    }
}
