use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use rusqlite::{CachedStatement, OptionalExtension, Row, params};
use skerry_domain::change::RunRecord;
use skerry_domain::tracking::{MetricPoint, Run, RunInfo};
use skerry_domain::{Change, KeyValue, LifecycleStage, Millis, RunStatus};

use crate::archive::ARCHIVED_TAG;
use crate::experiments::{lifecycle, pairs};
use crate::{Reader, Result, StoreError, Tx, limits, names};

/// The tag that always holds the run's name.
const NAME_TAG: &str = "mlflow.runName";

/// A run to be made.
#[derive(Debug, Clone, Default)]
pub struct NewRun {
    /// Chosen by the caller, or made here.
    pub run_id: Option<String>,
    /// Number of its experiment.
    pub experiment_id: i64,
    /// Display name; one is found when empty.
    pub name: String,
    /// Who starts it.
    pub user_id: String,
    /// When it starts.
    pub start_time: Option<Millis>,
    /// `Running` when nothing is said.
    pub status: Option<RunStatus>,
    /// Its first tags.
    pub tags: Vec<KeyValue>,
    /// The run through whose door the request came.
    pub opened_by: Option<String>,
}

/// What of a run is to be changed; nothing said, nothing changed.
#[derive(Debug, Clone, Default)]
pub struct RunUpdate {
    /// New status.
    pub status: Option<RunStatus>,
    /// When it ended.
    pub end_time: Option<Millis>,
    /// New name.
    pub name: Option<String>,
}

/// Metrics, params and tags to be logged together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Points in the order of measuring.
    pub metrics: Vec<MetricPoint>,
    /// Params.
    pub params: Vec<KeyValue>,
    /// Tags.
    pub tags: Vec<KeyValue>,
}

pub(crate) const COLUMNS: &str = "r.id, r.run_id, r.experiment, e.name, r.name, r.user_id, r.status, \
     r.start_time, r.end_time, r.artifact_uri, r.deleted, r.machine_id";

pub(crate) fn info_from_row(row: &Row<'_>) -> rusqlite::Result<(i64, RunInfo)> {
    Ok((
        row.get(0)?,
        RunInfo {
            run_id: row.get(1)?,
            experiment_id: row.get(2)?,
            experiment: row.get(3)?,
            name: row.get(4)?,
            user_id: row.get(5)?,
            status: RunStatus::parse(row.get_ref(6)?.as_str()?).unwrap_or(RunStatus::Failed),
            start_time: row.get(7)?,
            end_time: row.get(8)?,
            artifact_uri: row.get(9)?,
            lifecycle: lifecycle(row.get(10)?),
            machine_id: row.get(11)?,
        },
    ))
}

/// Tags as they are found again: by key, of each the last that was set.
fn by_key(tags: &[KeyValue]) -> Vec<KeyValue> {
    let last: BTreeMap<&str, &KeyValue> = tags.iter().map(|tag| (tag.key.as_str(), tag)).collect();
    last.into_values().cloned().collect()
}

pub(crate) fn missing(run_id: &str) -> StoreError {
    StoreError::NotFound(format!("Run with id={run_id} not found"))
}

/// The row of a run that is about to be written to.
pub(crate) struct Target {
    pub id: i64,
    pub experiment: i64,
}

impl Reader<'_> {
    /// A run without its data, deleted or not.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn run_info(&self, run_id: &str) -> Result<RunInfo> {
        Ok(self.run_row(run_id)?.1)
    }

    pub(crate) fn run_row(&self, run_id: &str) -> Result<(i64, RunInfo)> {
        self.conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM runs r JOIN experiments e ON e.id = r.experiment WHERE r.run_id = ?1"
            ))?
            .query_row([run_id], info_from_row)
            .optional()?
            .ok_or_else(|| missing(run_id))
    }

    /// A run with its data, deleted or not.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn run(&self, run_id: &str) -> Result<Run> {
        let (id, info) = self.run_row(run_id)?;
        DataOfRuns::new(self)?.load(id, info)
    }

    pub(crate) fn run_number(&self, run_id: &str) -> Result<i64> {
        self.conn()
            .prepare_cached("SELECT id FROM runs WHERE run_id = ?1")?
            .query_row([run_id], |row| row.get(0))
            .optional()?
            .ok_or_else(|| missing(run_id))
    }

    /// Whether a run is `door` itself or was created through that run's door.
    ///
    /// # Errors
    /// When the file fails; a run that is not there is not behind any door.
    pub fn behind_door(&self, run_id: &str, door: &str) -> Result<bool> {
        if run_id == door {
            return Ok(true);
        }
        Ok(self
            .conn()
            .prepare_cached("SELECT 1 FROM runs WHERE run_id = ?1 AND opened_by = ?2")?
            .exists([run_id, door])?)
    }

    fn run_record(&self, run_id: &str) -> Result<RunRecord> {
        let info = self.run_info(run_id)?;
        Ok(RunRecord {
            run_id: info.run_id,
            experiment: info.experiment,
            name: info.name,
            user_id: info.user_id,
            status: info.status,
            start_time: info.start_time,
            end_time: info.end_time,
            artifact_uri: info.artifact_uri,
            lifecycle: info.lifecycle,
        })
    }
}

/// Loads the data of one run after the other.
pub(crate) struct DataOfRuns<'r> {
    reader: &'r Reader<'r>,
    metrics: CachedStatement<'r>,
    params: CachedStatement<'r>,
    tags: CachedStatement<'r>,
    inputs: CachedStatement<'r>,
    /// Names of metrics by number, each looked up once.
    names: HashMap<i64, String>,
}

impl<'r> DataOfRuns<'r> {
    pub(crate) fn new(reader: &'r Reader<'_>) -> Result<Self> {
        let conn = reader.conn();
        Ok(Self {
            reader,
            metrics: conn.prepare_cached(
                "SELECT metric, last_value, last_ts, last_step FROM series WHERE run = ?1",
            )?,
            params: conn
                .prepare_cached("SELECT key, value FROM params WHERE run = ?1 ORDER BY key")?,
            tags: conn.prepare_cached("SELECT key, value FROM tags WHERE run = ?1 ORDER BY key")?,
            inputs: conn.prepare_cached(
                "SELECT 1 WHERE EXISTS (SELECT 1 FROM dataset_inputs WHERE run = ?1)
                 OR EXISTS (SELECT 1 FROM model_inputs WHERE run = ?1)
                 OR EXISTS (SELECT 1 FROM model_outputs WHERE run = ?1)",
            )?,
            names: HashMap::new(),
        })
    }

    pub(crate) fn load(&mut self, id: i64, info: RunInfo) -> Result<Run> {
        let (datasets, model_inputs, model_outputs) = if self.inputs.exists([id])? {
            self.reader.inputs_of(id)?
        } else {
            Default::default()
        };
        Ok(Run {
            metrics: self.latest_metrics(id)?,
            params: pairs(&mut self.params, [id])?,
            tags: pairs(&mut self.tags, [id])?,
            info,
            datasets,
            model_inputs,
            model_outputs,
        })
    }

    /// Only params and tags of these keys, in the order of the keys.
    pub(crate) fn load_only(
        &self,
        id: i64,
        info: RunInfo,
        params: &[&str],
        tags: &[&str],
    ) -> Result<Run> {
        let of = |table: &str, keys: &[&str]| -> Result<Vec<KeyValue>> {
            let mut statement = self.reader.conn().prepare_cached(&format!(
                "SELECT value FROM {table} WHERE run = ?1 AND key = ?2"
            ))?;
            let mut found = Vec::new();
            for key in keys {
                let value = statement.query_row(params![id, key], |row| row.get(0));
                if let Some(value) = value.optional()? {
                    let key = (*key).to_owned();
                    found.push(KeyValue { key, value });
                }
            }
            Ok(found)
        };
        Ok(Run {
            info,
            metrics: Vec::new(),
            params: of("params", params)?,
            tags: of("tags", tags)?,
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        })
    }

    /// Latest point of each metric, by name.
    fn latest_metrics(&mut self, run: i64) -> Result<Vec<MetricPoint>> {
        let mut points = Vec::new();
        let mut rows = self.metrics.query([run])?;
        while let Some(row) = rows.next()? {
            let name = match self.names.entry(row.get(0)?) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let name = self
                        .reader
                        .conn()
                        .prepare_cached("SELECT name FROM metric_names WHERE id = ?1")?
                        .query_row([unknown.key()], |row| row.get(0))?;
                    unknown.insert(name)
                }
            };
            points.push(MetricPoint::new(
                name.clone(),
                row.get::<_, Option<f64>>(1)?.unwrap_or(f64::NAN),
                row.get(2)?,
                row.get(3)?,
            ));
        }
        points.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(points)
    }
}

impl Tx<'_> {
    /// Makes a run.
    ///
    /// # Errors
    /// `NotFound` for the experiment; `Invalid`, also when the experiment is deleted;
    /// `AlreadyExists` for a run id that is taken.
    pub fn create_run(&self, mut new: NewRun) -> Result<Run> {
        let experiment = self.active_experiment(new.experiment_id)?;
        for (n, tag) in new.tags.iter_mut().enumerate() {
            limits::first_tag(tag, &format!("tags[{n}]"))?;
        }
        let run_id = match new.run_id.take() {
            Some(id) => {
                limits::run_id(&id)?;
                if self.run_number(&id).is_ok() {
                    return Err(StoreError::AlreadyExists(format!(
                        "Run with id={id} already exists"
                    )));
                }
                id
            }
            None => names::new_id(),
        };
        let tag = new.tags.iter().find(|tag| tag.key == NAME_TAG);
        let tagged = tag.map(|tag| tag.value.clone()).unwrap_or_default();
        if !new.name.is_empty() && !tagged.is_empty() && new.name != tagged {
            return limits::invalid(format!(
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with \
                 different values (run_name='{}', mlflow.runName='{tagged}').",
                new.name
            ));
        }
        let name = [new.name, tagged]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_else(names::run_name);
        new.tags.retain(|tag| tag.key != NAME_TAG);
        new.tags.push(KeyValue {
            key: NAME_TAG.to_owned(),
            value: name.clone(),
        });
        let artifact_uri = limits::appended(
            &experiment.artifact_location,
            &format!("{run_id}/artifacts"),
        );
        let record = RunRecord {
            run_id,
            experiment: experiment.name,
            name,
            user_id: new.user_id,
            status: new.status.unwrap_or(RunStatus::Running),
            start_time: new.start_time,
            end_time: None,
            artifact_uri,
            lifecycle: LifecycleStage::Active,
        };
        let tags = by_key(&new.tags);
        let id = self.insert_run(&record, experiment.id, new.opened_by.as_deref())?;
        self.put_tags(id, &tags)?;
        let run = Run {
            info: RunInfo {
                run_id: record.run_id.clone(),
                experiment_id: experiment.id,
                experiment: record.experiment.clone(),
                name: record.name.clone(),
                user_id: record.user_id.clone(),
                status: record.status,
                start_time: record.start_time,
                end_time: None,
                artifact_uri: record.artifact_uri.clone(),
                lifecycle: LifecycleStage::Active,
                machine_id: None,
            },
            metrics: Vec::new(),
            params: Vec::new(),
            tags,
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        };
        self.journal(|| Change::RunSaved(record))?;
        self.journal(|| Change::RunTags {
            run_id: run.info.run_id.clone(),
            set: new.tags,
            deleted: Vec::new(),
        })?;
        Ok(run)
    }

    fn insert_run(&self, run: &RunRecord, experiment: i64, opened_by: Option<&str>) -> Result<i64> {
        self.conn()
            .prepare_cached(
                "INSERT INTO runs (run_id, experiment, name, user_id, status, start_time, artifact_uri,
                    opened_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                run.run_id,
                experiment,
                run.name,
                run.user_id,
                run.status.as_str(),
                run.start_time,
                run.artifact_uri,
                opened_by
            ])?;
        Ok(self.conn().last_insert_rowid())
    }

    /// Inserts or replaces the row of a run; answers its number.
    pub(crate) fn put_run(
        &self,
        run: &RunRecord,
        experiment: i64,
        machine_id: Option<&str>,
    ) -> Result<i64> {
        let deleted = run.lifecycle == LifecycleStage::Deleted;
        Ok(self
            .conn()
            .prepare_cached(
                "INSERT INTO runs (run_id, experiment, name, user_id, status, start_time, end_time,
                    artifact_uri, deleted, deleted_at, machine_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, iif(?9, ?10, NULL), ?11)
                 ON CONFLICT (run_id) DO UPDATE SET experiment = excluded.experiment,
                    name = excluded.name, user_id = excluded.user_id, status = excluded.status,
                    start_time = excluded.start_time, end_time = excluded.end_time,
                    artifact_uri = excluded.artifact_uri, deleted = excluded.deleted,
                    deleted_at = excluded.deleted_at
                 RETURNING id",
            )?
            .query_row(
                params![
                    run.run_id,
                    experiment,
                    run.name,
                    run.user_id,
                    run.status.as_str(),
                    run.start_time,
                    run.end_time,
                    run.artifact_uri,
                    deleted,
                    self.now(),
                    machine_id
                ],
                |row| row.get(0),
            )?)
    }

    /// Changes status, end or name of a run.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when it is deleted.
    pub fn update_run(&self, run_id: &str, update: &RunUpdate) -> Result<RunInfo> {
        let target = self.active_run(run_id)?;
        let name = update.name.as_deref().filter(|name| !name.is_empty());
        self.conn()
            .prepare_cached(
                "UPDATE runs SET status = coalesce(?2, status), end_time = coalesce(?3, end_time),
                    name = coalesce(?4, name) WHERE id = ?1",
            )?
            .execute(params![
                target.id,
                update.status.map(RunStatus::as_str),
                update.end_time,
                name
            ])?;
        self.journal_run(run_id)?;
        if let Some(name) = name {
            self.write_tags(
                &target,
                run_id,
                vec![KeyValue {
                    key: NAME_TAG.to_owned(),
                    value: name.to_owned(),
                }],
            )?;
        }
        self.run_info(run_id)
    }

    /// Moves a run, and the models that it logged, to another experiment. Its artifacts
    /// stay where they are.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when the run or the experiment is deleted.
    pub fn move_run(&self, run_id: &str, experiment_id: i64) -> Result<RunInfo> {
        let target = self.active_run(run_id)?;
        let experiment = self.active_experiment(experiment_id)?;
        if target.experiment != experiment.id {
            self.conn().execute(
                "UPDATE runs SET experiment = ?2 WHERE id = ?1",
                [target.id, experiment.id],
            )?;
            self.move_inputs(target.id, experiment.id)?;
            self.journal_run(run_id)?;
            self.move_logged_models(run_id, experiment.id)?;
        }
        self.run_info(run_id)
    }

    /// Puts a run in the bin, or takes it out again.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn set_run_lifecycle(&self, run_id: &str, lifecycle: LifecycleStage) -> Result<()> {
        limits::run_id(run_id)?;
        let id = self.run_number(run_id)?;
        let deleted = lifecycle == LifecycleStage::Deleted;
        self.conn().execute(
            "UPDATE runs SET deleted = ?2, deleted_at = iif(?2, ?3, NULL) WHERE id = ?1",
            params![id, deleted, self.now()],
        )?;
        self.journal_run(run_id)
    }

    /// Logs metrics, params and tags: all of them or none.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for what breaks a limit, changes a param, or when the
    /// run is deleted.
    pub fn log_batch(&self, run_id: &str, mut batch: Batch) -> Result<()> {
        limits::run_id(run_id)?;
        for (n, point) in batch.metrics.iter().enumerate() {
            limits::metric(point, || format!("metrics[{n}]"))?;
        }
        for (n, param) in batch.params.iter_mut().enumerate() {
            limits::param(param, &format!("params[{n}]"))?;
        }
        for (n, tag) in batch.tags.iter_mut().enumerate() {
            limits::tag(tag, &format!("tags[{n}]"))?;
        }
        limits::batch(batch.metrics.len(), batch.params.len(), batch.tags.len())?;
        limits::unique_params(&batch.params)?;
        let target = self.active_run(run_id)?;
        self.write_params(&target, run_id, batch.params, true)?;
        self.write_metrics(&target, run_id, batch.metrics)?;
        self.write_tags(&target, run_id, batch.tags)
    }

    /// Logs one point: the request of MLflow's clients that comes most often.
    ///
    /// # Errors
    /// As [`Tx::log_batch`].
    pub fn log_metric(&self, run_id: &str, point: MetricPoint) -> Result<()> {
        limits::metric(&point, String::new)?;
        let target = self.active_run(run_id)?;
        self.write_metrics(&target, run_id, vec![point])
    }

    /// Logs one param.
    ///
    /// # Errors
    /// As [`Tx::log_batch`].
    pub fn log_param(&self, run_id: &str, mut param: KeyValue) -> Result<()> {
        limits::param(&mut param, "")?;
        let target = self.active_run(run_id)?;
        self.write_params(&target, run_id, vec![param], false)
    }

    /// Sets tags of a run.
    ///
    /// # Errors
    /// As [`Tx::log_batch`].
    pub fn set_run_tags(&self, run_id: &str, mut tags: Vec<KeyValue>) -> Result<()> {
        for tag in &mut tags {
            limits::tag(tag, "")?;
        }
        let target = self.active_run(run_id)?;
        self.write_tags(&target, run_id, tags)
    }

    /// The value of a run's tag.
    ///
    /// # Errors
    /// `NotFound` for the run; one in the bin is not to be written to either.
    pub fn run_tag(&self, run_id: &str, key: &str) -> Result<Option<String>> {
        let target = self.active_run(run_id)?;
        Ok(self
            .conn()
            .prepare_cached("SELECT value FROM tags WHERE run = ?1 AND key = ?2")?
            .query_row(params![target.id, key], |row| row.get(0))
            .optional()?)
    }

    /// Deletes a tag of a run.
    ///
    /// # Errors
    /// `NotFound` for the run or the tag.
    pub fn delete_run_tag(&self, run_id: &str, key: &str) -> Result<()> {
        let target = self.active_run(run_id)?;
        if !self.remove_tag(target.id, key)? {
            return Err(StoreError::NotFound(format!(
                "No tag with name: {key} in run with id {run_id}"
            )));
        }
        self.journal(|| Change::RunTags {
            run_id: run_id.to_owned(),
            set: Vec::new(),
            deleted: vec![key.to_owned()],
        })
    }

    /// The row of a run that may be written to.
    pub(crate) fn active_run(&self, run_id: &str) -> Result<Target> {
        let found = self
            .conn()
            .prepare_cached("SELECT id, experiment, deleted FROM runs WHERE run_id = ?1")?
            .query_row([run_id], |row| {
                Ok((
                    Target {
                        id: row.get(0)?,
                        experiment: row.get(1)?,
                    },
                    row.get::<_, bool>(2)?,
                ))
            })
            .optional()?;
        match found {
            Some((target, false)) => Ok(target),
            Some((_, true)) => limits::invalid(format!(
                "The run {run_id} must be in the 'active' state. Current state is deleted."
            )),
            None => {
                limits::run_id(run_id)?;
                Err(missing(run_id))
            }
        }
    }

    /// In a batch MLflow has another message for params that would change.
    fn write_params(
        &self,
        target: &Target,
        run_id: &str,
        params: Vec<KeyValue>,
        batch: bool,
    ) -> Result<()> {
        if params.is_empty() {
            return Ok(());
        }
        let mut fresh = Vec::with_capacity(params.len());
        let mut changed = Vec::new();
        for param in params {
            match self.param_value(target.id, &param.key)? {
                None => fresh.push(param),
                Some(old) if old == param.value => {}
                Some(old) => changed.push((param, old)),
            }
        }
        match changed.first() {
            None => {}
            Some((param, old)) if !batch => {
                return limits::invalid(format!(
                    "Changing param values is not allowed. Param with key='{}' was already logged \
                     with value='{old}' for run ID='{run_id}'. Attempted logging new value '{}'.",
                    param.key, param.value
                ));
            }
            _ => {
                let list: Vec<String> = changed
                    .iter()
                    .map(|(param, old)| {
                        format!(
                            "{{'key': '{}', 'old_value': '{old}', 'new_value': '{}'}}",
                            param.key, param.value
                        )
                    })
                    .collect();
                return limits::invalid(format!(
                    "Changing param values is not allowed. Params were already logged='[{}]' for run ID='{run_id}'.",
                    list.join(", ")
                ));
            }
        }
        self.put_params(target.id, &fresh)?;
        if fresh.is_empty() {
            return Ok(());
        }
        self.journal(|| Change::Params {
            run_id: run_id.to_owned(),
            params: fresh,
        })
    }

    fn param_value(&self, run: i64, key: &str) -> Result<Option<String>> {
        Ok(self
            .conn()
            .prepare_cached("SELECT value FROM params WHERE run = ?1 AND key = ?2")?
            .query_row(params![run, key], |row| row.get(0))
            .optional()?)
    }

    pub(crate) fn put_params(&self, run: i64, params: &[KeyValue]) -> Result<()> {
        let mut statement = self.conn().prepare_cached(
            "INSERT INTO params (run, key, value) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = excluded.value",
        )?;
        for param in params {
            statement.execute(params![run, param.key, param.value])?;
        }
        Ok(())
    }

    fn write_metrics(&self, target: &Target, run_id: &str, points: Vec<MetricPoint>) -> Result<()> {
        if points.is_empty() {
            return Ok(());
        }
        self.put_metrics(target.id, run_id, &points)?;
        self.journal(|| Change::Metrics {
            run_id: run_id.to_owned(),
            points,
        })
    }

    fn write_tags(&self, target: &Target, run_id: &str, mut tags: Vec<KeyValue>) -> Result<()> {
        // A run always has a name.
        tags.retain(|tag| tag.key != NAME_TAG || !tag.value.is_empty());
        if tags.is_empty() {
            return Ok(());
        }
        self.put_tags(target.id, &tags)?;
        let renamed = tags.iter().rfind(|tag| tag.key == NAME_TAG);
        if let Some(tag) = renamed {
            self.conn().execute(
                "UPDATE runs SET name = ?2 WHERE id = ?1",
                params![target.id, tag.value],
            )?;
            self.journal_run(run_id)?;
        }
        self.journal(|| Change::RunTags {
            run_id: run_id.to_owned(),
            set: tags,
            deleted: Vec::new(),
        })
    }

    pub(crate) fn put_tags(&self, run: i64, tags: &[KeyValue]) -> Result<()> {
        let mut statement = self.conn().prepare_cached(
            "INSERT INTO tags (run, key, value) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = excluded.value",
        )?;
        for tag in tags {
            statement.execute(params![run, tag.key, tag.value])?;
        }
        if tags.iter().any(|tag| tag.key == ARCHIVED_TAG) {
            self.conn()
                .execute("UPDATE runs SET archived = 1 WHERE id = ?1", [run])?;
        }
        Ok(())
    }

    /// Answers whether the run had it.
    pub(crate) fn remove_tag(&self, run: i64, key: &str) -> Result<bool> {
        let gone = self
            .conn()
            .prepare_cached("DELETE FROM tags WHERE run = ?1 AND key = ?2")?
            .execute(params![run, key])?;
        if key == ARCHIVED_TAG {
            self.conn()
                .execute("UPDATE runs SET archived = 0 WHERE id = ?1", [run])?;
        }
        Ok(gone > 0)
    }

    pub(crate) fn journal_run(&self, run_id: &str) -> Result<()> {
        if !self.journal {
            return Ok(());
        }
        let record = self.run_record(run_id)?;
        self.journal(|| Change::RunSaved(record))
    }
}
