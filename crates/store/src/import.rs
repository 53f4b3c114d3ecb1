//! What comes from another tracking store: ids, numbers and times are kept, and what
//! is there already is made equal to what comes. Nothing here is written to a journal:
//! the store of an agent takes no imports.

use rusqlite::{OptionalExtension, params};
use skerry_domain::change::RunRecord;
use skerry_domain::tracking::{
    Experiment, LoggedModel, MetricPoint, ModelVersion, RegisteredModel, Run,
};
use skerry_domain::{LifecycleStage, RegistryEvent};

use crate::registry_history::{IMPORT, Note};
use crate::{ExperimentQuery, LoggedModelMetric, Reader, Result, Sample, StoreError, Tx, View};

/// A greater number of an experiment would not survive a browser.
const GREATEST_NUMBER: i64 = 1 << 53;

impl Reader<'_> {
    /// Every experiment, deleted ones too, by number.
    ///
    /// # Errors
    /// When the file fails.
    pub fn all_experiments(&self) -> Result<Vec<Experiment>> {
        let query = ExperimentQuery {
            view: View::All,
            order_by: vec!["experiment_id ASC".to_owned()],
            ..ExperimentQuery::default()
        };
        Ok(self.experiments(&query)?.items)
    }

    /// Ids of an experiment's runs behind `after`, deleted ones too, in their order.
    ///
    /// # Errors
    /// When the file fails.
    pub fn run_ids(&self, experiment: i64, after: &str, limit: usize) -> Result<Vec<String>> {
        let mut statement = self.conn().prepare_cached(
            "SELECT run_id FROM runs WHERE experiment = ?1 AND run_id > ?2 ORDER BY run_id LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![experiment, after, limit], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Ids of an experiment's logged models, and whether they are deleted.
    ///
    /// # Errors
    /// When the file fails.
    pub fn logged_model_ids(&self, experiment: i64) -> Result<Vec<(String, bool)>> {
        let mut statement = self.conn().prepare_cached(
            "SELECT model_id, deleted FROM logged_models WHERE experiment = ?1 ORDER BY model_id",
        )?;
        let rows = statement.query_map([experiment], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The number that the next version of a registered model gets.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn next_version_of(&self, name: &str) -> Result<i64> {
        let id = self.registered_number(name)?;
        Ok(self.conn().query_row(
            "SELECT next_version FROM registered_models WHERE id = ?1",
            [id],
            |row| row.get(0),
        )?)
    }
}

impl Tx<'_> {
    /// The experiment of that name, made as it comes when it is not there: under its
    /// own number if that is free, at its own location unless that is empty. One that
    /// is there only gets the tags. Answers the experiment as it is here.
    ///
    /// # Errors
    /// When the file fails.
    pub fn import_experiment(&self, experiment: &Experiment) -> Result<Experiment> {
        let id = match self.experiment_by_name(&experiment.name) {
            Ok(found) => found.id,
            Err(StoreError::NotFound(_)) => self.insert_imported(experiment)?,
            Err(error) => return Err(error),
        };
        self.put_experiment_tags(id, &experiment.tags)?;
        self.experiment(id)
    }

    fn insert_imported(&self, experiment: &Experiment) -> Result<i64> {
        let free = (1..GREATEST_NUMBER).contains(&experiment.id)
            && self.experiment(experiment.id).is_err();
        self.conn().execute(
            "INSERT INTO experiments (id, name, artifact_location, deleted, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                free.then_some(experiment.id),
                experiment.name,
                experiment.artifact_location,
                experiment.lifecycle == LifecycleStage::Deleted,
                experiment.created_at,
                experiment.updated_at
            ],
        )?;
        let id = self.conn().last_insert_rowid();
        if experiment.artifact_location.is_empty() {
            self.conn().execute(
                "UPDATE experiments SET artifact_location = ?2 WHERE id = ?1",
                params![id, self.location_of(id)],
            )?;
        }
        Ok(id)
    }

    /// Makes a run, or makes it equal to what comes: its row, params, tags, inputs and
    /// outputs. `experiment_id` is the number here.
    ///
    /// # Errors
    /// When the file fails.
    pub fn import_run(&self, run: &Run) -> Result<()> {
        let info = &run.info;
        let record = RunRecord {
            run_id: info.run_id.clone(),
            experiment: info.experiment.clone(),
            name: info.name.clone(),
            user_id: info.user_id.clone(),
            status: info.status,
            start_time: info.start_time,
            end_time: info.end_time,
            artifact_uri: info.artifact_uri.clone(),
            lifecycle: info.lifecycle,
        };
        let id = self.put_run(&record, info.experiment_id, None)?;
        self.put_params(id, &run.params)?;
        self.put_tags(id, &run.tags)?;
        self.put_inputs(id, info.experiment_id, &run.datasets, &run.model_inputs)?;
        self.put_outputs(id, &run.model_outputs)
    }

    /// Appends points to a metric of a run, deleted or not.
    ///
    /// # Errors
    /// `NotFound` for the run.
    pub fn import_points(&self, run_id: &str, key: &str, samples: &[Sample]) -> Result<()> {
        let points: Vec<MetricPoint> = samples
            .iter()
            .map(|sample| MetricPoint::new(key, sample.value, sample.timestamp, sample.step))
            .collect();
        if points.is_empty() {
            return Ok(());
        }
        self.put_metrics(self.run_number(run_id)?, run_id, &points)
    }

    /// Makes a logged model, or makes it equal to what comes. `experiment_id` is the
    /// number here.
    ///
    /// # Errors
    /// When the file fails.
    pub fn import_logged_model(
        &self,
        model: &LoggedModel,
        deleted: bool,
        metrics: &[LoggedModelMetric],
    ) -> Result<()> {
        self.put_logged_model(model)?;
        self.conn().execute(
            "UPDATE logged_models SET deleted = ?2, created_at = ?3 WHERE model_id = ?1",
            params![model.model_id, deleted, model.created_at],
        )?;
        for metric in metrics {
            self.put_model_metric(&metric.run_id, &metric.point)?;
        }
        Ok(())
    }

    /// Makes a registered model, or makes it equal to what comes: description, times,
    /// tags, and that its next version is not below `next_version`.
    ///
    /// # Errors
    /// When the file fails.
    pub fn import_registered_model(
        &self,
        model: &RegisteredModel,
        next_version: i64,
    ) -> Result<()> {
        let tx = self.acting(&IMPORT);
        let id = match tx.registered_number(&model.name) {
            Ok(id) => id,
            Err(StoreError::NotFound(_)) => {
                tx.insert_registered(&model.name, None, model.created_at)?
            }
            Err(error) => return Err(error),
        };
        tx.conn().execute(
            "UPDATE registered_models SET description = ?2, created_at = ?3, updated_at = ?4,
                next_version = max(next_version, ?5) WHERE id = ?1",
            params![
                id,
                model.description,
                model.created_at,
                model.updated_at,
                next_version
            ],
        )?;
        tx.put_registered_tags(id, &model.tags)
    }

    /// Makes a version under its own number, or makes it equal to what comes.
    ///
    /// # Errors
    /// `NotFound` for the model; `AlreadyExists` when the number belongs to a version
    /// that was made at another time.
    pub fn import_model_version(&self, version: &ModelVersion) -> Result<()> {
        let tx = self.acting(&IMPORT);
        let model = tx.registered_number(&version.name)?;
        let there: Option<(i64, bool)> = tx
            .conn()
            .query_row(
                "SELECT created_at, deleted FROM model_versions WHERE model = ?1 AND version = ?2",
                [model, version.version],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        match there {
            None => tx.insert_version(model, version, None)?,
            Some((created_at, deleted)) if created_at == version.created_at => {
                if deleted {
                    tx.note_version_created(model, version)?;
                } else {
                    tx.note_replaced(model, version)?;
                }
                tx.set_stage(model, version.version, &version.stage)?;
                tx.conn().execute(
                    "UPDATE model_versions SET updated_at = ?3, description = ?4, user_id = ?5, stage = ?6,
                        source = ?7, run_id = ?8, model_id = ?9, status = ?10, status_message = ?11,
                        run_link = ?12, storage_location = ?13, deleted = 0
                     WHERE model = ?1 AND version = ?2",
                    params![
                        model,
                        version.version,
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
                        version.storage_location
                    ],
                )?;
                tx.put_version_tags(model, version.version, &version.tags)?;
            }
            Some(_) => {
                return Err(StoreError::AlreadyExists(format!(
                    "Version {} of the model '{}' is another one here",
                    version.version, version.name
                )));
            }
        }
        tx.conn().execute(
            "UPDATE registered_models SET next_version = max(next_version, ?2) WHERE id = ?1",
            [model, version.version + 1],
        )?;
        Ok(())
    }

    /// Tells the history that an import brings other files for a version, and ends its
    /// approval.
    fn note_replaced(&self, model: i64, version: &ModelVersion) -> Result<()> {
        let Some(before) = self.version_by_number(model, version.version)? else {
            return Ok(());
        };
        let place = |version: &ModelVersion| {
            (
                version.source.clone(),
                version.storage_location.clone(),
                version.run_id.clone(),
                version.model_id.clone(),
            )
        };
        if place(&before) == place(version) {
            return Ok(());
        }
        self.note(
            model,
            Note {
                version: Some(version.version),
                before: Some(&before.source),
                after: Some(&version.source),
                ..Note::of(RegistryEvent::VersionReplaced)
            },
        )?;
        self.end_approval(model, &before)
    }

    /// Points an alias to a version, and leaves the times as they are.
    ///
    /// # Errors
    /// `NotFound`; `Input` when the alias is protected and the version not approved.
    pub fn import_alias(&self, name: &str, alias: &str, version: i64) -> Result<()> {
        let model = self.registered_number(name)?;
        let target = self.model_version(name, version)?;
        self.acting(&IMPORT).put_alias(model, alias, &target)
    }

    /// Notes a file that came with a run or a logged model.
    ///
    /// # Errors
    /// When the file fails.
    pub fn import_artifact(&self, owner: &str, path: &str, size: u64, sha256: &str) -> Result<()> {
        self.put_artifact(owner, path, size, sha256, self.now())
    }
}
