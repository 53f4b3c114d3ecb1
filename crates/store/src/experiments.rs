use rusqlite::{OptionalExtension, Row, params};
use skerry_domain::tracking::Experiment;
use skerry_domain::{Change, KeyValue, LifecycleStage};

use crate::search::{Page, View};
use crate::{Reader, Result, StoreError, Tx, limits, search};

/// Which experiments to list.
#[derive(Debug, Clone, Default)]
pub struct ExperimentQuery {
    /// MLflow's filter, such as `name LIKE 'a%'`.
    pub filter: String,
    /// `name`, `experiment_id`, `creation_time` or `last_update_time`, with `ASC` or `DESC`.
    pub order_by: Vec<String>,
    /// Deleted ones too.
    pub view: View,
    /// At most so many; 0 for all.
    pub max_results: usize,
    /// So many are left out at the beginning.
    pub offset: usize,
}

const COLUMNS: &str = "e.id, e.name, e.artifact_location, e.deleted, e.created_at, e.updated_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Experiment> {
    Ok(Experiment {
        id: row.get(0)?,
        name: row.get(1)?,
        artifact_location: row.get(2)?,
        lifecycle: lifecycle(row.get(3)?),
        created_at: row.get(4)?,
        updated_at: row.get(5)?,
        tags: Vec::new(),
    })
}

pub(crate) fn lifecycle(deleted: bool) -> LifecycleStage {
    if deleted {
        LifecycleStage::Deleted
    } else {
        LifecycleStage::Active
    }
}

/// Key-value pairs from a query that selects them in that order.
pub(crate) fn pairs(
    statement: &mut rusqlite::CachedStatement<'_>,
    params: impl rusqlite::Params,
) -> Result<Vec<KeyValue>> {
    let rows = statement.query_map(params, |row| {
        Ok(KeyValue {
            key: row.get(0)?,
            value: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn missing(id: i64) -> StoreError {
    StoreError::NotFound(format!("No Experiment with id={id} exists"))
}

impl Reader<'_> {
    /// An experiment by its number, deleted or not.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn experiment(&self, id: i64) -> Result<Experiment> {
        let found = self
            .conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM experiments e WHERE e.id = ?1"
            ))?
            .query_row([id], from_row)
            .optional()?
            .ok_or_else(|| missing(id))?;
        self.with_tags(found)
    }

    /// An experiment by its name, deleted or not.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn experiment_by_name(&self, name: &str) -> Result<Experiment> {
        let found = self
            .conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM experiments e WHERE e.name = ?1"
            ))?
            .query_row([name], from_row)
            .optional()?
            .ok_or_else(|| {
                StoreError::NotFound(format!("Could not find experiment with name '{name}'"))
            })?;
        self.with_tags(found)
    }

    /// Experiments that a filter lets through.
    ///
    /// # Errors
    /// `Invalid` for a filter or order that cannot be read.
    pub fn experiments(&self, query: &ExperimentQuery) -> Result<Page<Experiment>> {
        let mut sql = search::Sql::new(&format!("SELECT {COLUMNS} FROM experiments e WHERE 1"));
        sql.view(query.view, "e.deleted");
        search::experiments_filter(&mut sql, &query.filter)?;
        search::experiments_order(&mut sql, &query.order_by)?;
        let page = sql.page(self.conn(), query.max_results, query.offset, from_row)?;
        page.try_map(|experiment| self.with_tags(experiment))
    }

    /// Number of runs and the newest start of each active experiment, by experiment.
    ///
    /// # Errors
    /// When the file fails.
    pub fn experiment_activity(&self) -> Result<Vec<(i64, u64, Option<i64>)>> {
        let mut statement = self.conn().prepare_cached(
            "SELECT experiment, count(*), max(start_time) FROM runs WHERE deleted = 0 AND archived = 0
             GROUP BY experiment",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn with_tags(&self, mut experiment: Experiment) -> Result<Experiment> {
        experiment.tags = pairs(
            &mut self.conn().prepare_cached(
                "SELECT key, value FROM experiment_tags WHERE experiment = ?1 ORDER BY key",
            )?,
            [experiment.id],
        )?;
        Ok(experiment)
    }
}

impl Tx<'_> {
    /// What every store has: the experiment "Default" with number 0.
    pub(crate) fn ensure_defaults(&self) -> Result<()> {
        self.conn().execute(
            "INSERT OR IGNORE INTO experiments (id, name, artifact_location, created_at, updated_at)
             VALUES (0, 'Default', ?1, ?2, ?2)",
            params![self.location_of(0), self.now()],
        )?;
        self.conn().execute(
            "INSERT OR IGNORE INTO facts (name, value) VALUES ('journal_id', ?1)",
            [crate::names::new_id()],
        )?;
        self.begin_registry_history()
    }

    pub(crate) fn location_of(&self, id: i64) -> String {
        limits::appended(self.artifact_root, &id.to_string())
    }

    /// Creates an experiment; answers its number.
    ///
    /// # Errors
    /// `Invalid`; `AlreadyExists`, also when the other is deleted.
    pub fn create_experiment(
        &self,
        name: &str,
        artifact_location: Option<&str>,
        tags: &[KeyValue],
    ) -> Result<i64> {
        limits::experiment_name(name)?;
        if let Some(location) = artifact_location {
            limits::artifact_location(location)?;
        }
        for tag in tags {
            limits::experiment_tag(tag)?;
        }
        if self.experiment_by_name(name).is_ok() {
            return Err(StoreError::AlreadyExists(format!(
                "Experiment(name={name}) already exists. Error: a deleted experiment keeps its name"
            )));
        }
        self.conn().execute(
            "INSERT INTO experiments (name, artifact_location, created_at, updated_at) VALUES (?1, '', ?2, ?2)",
            params![name, self.now()],
        )?;
        let id = self.conn().last_insert_rowid();
        let location = artifact_location
            .filter(|location| !location.is_empty())
            .map_or_else(|| self.location_of(id), str::to_owned);
        self.conn().execute(
            "UPDATE experiments SET artifact_location = ?2 WHERE id = ?1",
            params![id, location],
        )?;
        self.put_experiment_tags(id, tags)?;
        self.journal(|| Change::ExperimentSaved {
            experiment: name.to_owned(),
            lifecycle: LifecycleStage::Active,
        })?;
        if !tags.is_empty() {
            self.journal(|| Change::ExperimentTags {
                experiment: name.to_owned(),
                set: tags.to_vec(),
                deleted: Vec::new(),
            })?;
        }
        Ok(id)
    }

    /// The experiment of that name; made when it is not there.
    ///
    /// # Errors
    /// `Invalid`; `WrongState` when it is deleted.
    pub fn experiment_named(&self, name: &str) -> Result<Experiment> {
        match self.experiment_by_name(name) {
            Ok(found) if found.lifecycle == LifecycleStage::Active => Ok(found),
            Ok(_) => Err(StoreError::WrongState(format!(
                "The experiment '{name}' is deleted: restore it first."
            ))),
            Err(StoreError::NotFound(_)) => {
                let id = self.create_experiment(name, None, &[])?;
                self.experiment(id)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives an experiment another name.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `AlreadyExists`; `WrongState` when it is deleted.
    pub fn rename_experiment(&self, id: i64, new_name: &str) -> Result<()> {
        limits::experiment_name(new_name)?;
        let old = self.experiment(id)?;
        if old.lifecycle == LifecycleStage::Deleted {
            return Err(StoreError::WrongState(
                "Cannot rename a non-active experiment.".to_owned(),
            ));
        }
        if old.name != new_name && self.experiment_by_name(new_name).is_ok() {
            return Err(StoreError::AlreadyExists(format!(
                "Experiment(name={new_name}) already exists."
            )));
        }
        self.conn().execute(
            "UPDATE experiments SET name = ?2, updated_at = ?3 WHERE id = ?1",
            params![id, new_name, self.now()],
        )?;
        self.journal(|| Change::ExperimentRenamed {
            from: old.name,
            to: new_name.to_owned(),
        })
    }

    /// Deletes an experiment with its runs, or restores it with all of its runs.
    ///
    /// # Errors
    /// `NotFound`, also when it is already in that state (as MLflow has it).
    pub fn set_experiment_lifecycle(&self, id: i64, lifecycle: LifecycleStage) -> Result<()> {
        let experiment = self.experiment(id)?;
        if experiment.lifecycle == lifecycle {
            return Err(missing(id));
        }
        let deleted = lifecycle == LifecycleStage::Deleted;
        self.conn().execute(
            "UPDATE experiments SET deleted = ?2, updated_at = ?3 WHERE id = ?1",
            params![id, deleted, self.now()],
        )?;
        let runs: Vec<String> = self
            .conn()
            .prepare_cached("SELECT run_id FROM runs WHERE experiment = ?1 AND deleted != ?2")?
            .query_map(params![id, deleted], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        self.conn().execute(
            "UPDATE runs SET deleted = ?2, deleted_at = iif(?2, ?3, NULL)
             WHERE experiment = ?1 AND deleted != ?2",
            params![id, deleted, self.now()],
        )?;
        self.journal(|| Change::ExperimentSaved {
            experiment: experiment.name,
            lifecycle,
        })?;
        if self.journal {
            for run in &runs {
                self.journal_run(run)?;
            }
        }
        Ok(())
    }

    /// Sets tags of an experiment.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`; `WrongState` when it is deleted.
    pub fn set_experiment_tags(&self, id: i64, tags: &[KeyValue]) -> Result<()> {
        for tag in tags {
            limits::experiment_tag(tag)?;
        }
        let experiment = self.active_experiment(id)?;
        self.put_experiment_tags(id, tags)?;
        self.journal(|| Change::ExperimentTags {
            experiment: experiment.name,
            set: tags.to_vec(),
            deleted: Vec::new(),
        })
    }

    /// Deletes a tag of an experiment.
    ///
    /// # Errors
    /// `NotFound` for the experiment or the tag.
    pub fn delete_experiment_tag(&self, id: i64, key: &str) -> Result<()> {
        let experiment = self.active_experiment(id)?;
        let gone = self.conn().execute(
            "DELETE FROM experiment_tags WHERE experiment = ?1 AND key = ?2",
            params![id, key],
        )?;
        if gone == 0 {
            return Err(StoreError::NotFound(format!(
                "No tag with name: {key} in experiment with id {id}"
            )));
        }
        self.journal(|| Change::ExperimentTags {
            experiment: experiment.name,
            set: Vec::new(),
            deleted: vec![key.to_owned()],
        })
    }

    pub(crate) fn put_experiment_tags(&self, id: i64, tags: &[KeyValue]) -> Result<()> {
        let mut statement = self.conn().prepare_cached(
            "INSERT INTO experiment_tags (experiment, key, value) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = excluded.value",
        )?;
        for tag in tags {
            statement.execute(params![id, tag.key, tag.value])?;
        }
        Ok(())
    }

    pub(crate) fn active_experiment(&self, id: i64) -> Result<Experiment> {
        let experiment = self.experiment(id)?;
        if experiment.lifecycle == LifecycleStage::Deleted {
            return Err(StoreError::Invalid(format!(
                "The experiment {id} must be in the 'active' state. Current state is deleted."
            )));
        }
        Ok(experiment)
    }
}
