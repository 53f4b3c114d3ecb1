//! MLflow's SQLite file (`--backend-store-uri sqlite:///mlflow.db`). Tables and columns
//! that came with later releases are read where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use skerry_domain::tracking::{
    Dataset, DatasetInput, Experiment, LoggedModel, MetricPoint, ModelOutput, ModelVersion,
    RegisteredModel, Run, RunInfo,
};
use skerry_domain::{Code, ErrorBody, KeyValue, LifecycleStage, RunStatus};
use skerry_store::{LoggedModelMetric, Sample};

use crate::Result;
use crate::entities::{
    EachPoint, Files, Place, Source, SourceModel, SourceRegistered, SourceRun, older_tags,
};
use crate::local::{self, Found, Roots};
use crate::report::Problem;

/// Runs that are read at once.
const PAGE: usize = 100;
/// Points that are handed over at once.
const POINTS: usize = 16_384;
/// The workspace of MLflow that everything is in unless a server has several.
const WORKSPACE: &str = "default";

/// MLflow's database, opened for reading.
pub struct DatabaseSource {
    conn: Connection,
    roots: Roots,
    /// Columns of each table.
    schema: BTreeMap<String, BTreeSet<String>>,
}

fn failed(error: &rusqlite::Error) -> ErrorBody {
    let code = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            Code::StoreCorrupt
        }
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::PermissionDenied) => {
            Code::FileAccess
        }
        _ => Code::Internal,
    };
    ErrorBody::new(code, format!("MLflow's database cannot be read: {error}."))
}

trait Told<T> {
    fn told(self) -> Result<T>;
}

impl<T> Told<T> for rusqlite::Result<T> {
    fn told(self) -> Result<T> {
        self.map_err(|error| failed(&error))
    }
}

impl DatabaseSource {
    /// The file; artifacts that a server kept are looked for in `artifacts`, or in
    /// `mlartifacts` and `mlruns` beside the file.
    ///
    /// # Errors
    /// [`Code::Invalid`] when it is no database of MLflow; [`Code::FileAccess`],
    /// [`Code::StoreCorrupt`].
    pub fn open(file: &Path, artifacts: Option<&Path>) -> Result<Self> {
        let conn = Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .told()?;
        conn.busy_timeout(Duration::from_secs(30)).told()?;
        let mut schema: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        {
            let mut statement = conn
                .prepare(
                    "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                     WHERE t.type = 'table'",
                )
                .told()?;
            let mut rows = statement.query([]).told()?;
            while let Some(row) = rows.next().told()? {
                schema
                    .entry(row.get(0).told()?)
                    .or_default()
                    .insert(row.get(1).told()?);
            }
        }
        let foreign = |what: &str| {
            ErrorBody::invalid(
                "source",
                format!(
                    "{} is not a tracking database of MLflow: {what}.",
                    file.display()
                ),
            )
        };
        // What releases before 1.0 had already.
        for (table, columns) in [
            ("experiments", &["experiment_id", "name"][..]),
            ("runs", &["run_uuid", "experiment_id"]),
            ("metrics", &["key", "value", "timestamp", "run_uuid"]),
            ("params", &["key", "value", "run_uuid"]),
            ("tags", &["key", "value", "run_uuid"]),
        ] {
            let Some(found) = schema.get(table) else {
                return Err(foreign(&format!("it has no table '{table}'")));
            };
            if let Some(missing) = columns.iter().find(|column| !found.contains(**column)) {
                return Err(foreign(&format!(
                    "its table '{table}' has no column '{missing}'"
                )));
            }
        }
        let beside = file.parent().unwrap_or(Path::new("."));
        let usual = [beside.join("mlartifacts"), beside.join("mlruns")];
        // One state of the file for the whole transfer.
        conn.execute_batch("BEGIN").told()?;
        Ok(Self {
            conn,
            roots: Roots::new(artifacts, &usual)?,
            schema,
        })
    }

    fn has(&self, table: &str) -> bool {
        self.schema.contains_key(table)
    }

    /// A column, or NULL where this release has none.
    fn column(&self, table: &str, column: &str) -> String {
        if self
            .schema
            .get(table)
            .is_some_and(|columns| columns.contains(column))
        {
            column.to_owned()
        } else {
            "NULL".to_owned()
        }
    }

    fn columns(&self, table: &str, columns: &[&str]) -> String {
        let found: Vec<String> = columns
            .iter()
            .map(|column| self.column(table, column))
            .collect();
        found.join(", ")
    }

    /// A condition that leaves out other workspaces.
    fn of_workspace(&self, table: &str) -> String {
        match self.column(table, "workspace").as_str() {
            "NULL" => "1".to_owned(),
            _ => format!("coalesce(workspace, '{WORKSPACE}') = '{WORKSPACE}'"),
        }
    }

    fn rows<T>(
        &self,
        sql: &str,
        bound: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.conn
            .prepare_cached(sql)
            .told()?
            .query_map(bound, read)
            .told()?
            .collect::<rusqlite::Result<_>>()
            .told()
    }

    fn pairs(&self, sql: &str, bound: impl rusqlite::Params) -> Result<Vec<KeyValue>> {
        self.rows(sql, bound, |row| {
            Ok(KeyValue {
                key: row.get(0)?,
                value: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            })
        })
    }

    fn run(&self, info: RunInfo) -> Result<SourceRun> {
        let id = info.run_id.clone();
        let mut run = Run {
            info,
            metrics: Vec::new(),
            params: self.pairs(
                "SELECT key, value FROM params WHERE run_uuid = ?1 ORDER BY key",
                [&id],
            )?,
            tags: self.pairs(
                "SELECT key, value FROM tags WHERE run_uuid = ?1 ORDER BY key",
                [&id],
            )?,
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        };
        let older = self.columns(
            "runs",
            &[
                "source_name",
                "source_type",
                "source_version",
                "entry_point_name",
            ],
        );
        let older = self.rows(
            &format!("SELECT {older} FROM runs WHERE run_uuid = ?1"),
            [&id],
            |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]),
        )?;
        for older in older {
            older_tags(&mut run.tags, older);
        }
        if run.info.name.is_empty()
            && let Some(name) = run.tag("mlflow.runName").map(str::to_owned)
        {
            run.info.name = name;
        }
        let metrics = self.rows(
            "SELECT DISTINCT key FROM metrics WHERE run_uuid = ?1",
            [&id],
            |row| row.get(0),
        )?;
        if self.has("inputs") {
            run.datasets = self.datasets(&id)?;
            run.model_inputs = self.rows(
                "SELECT destination_id FROM inputs WHERE source_type = 'RUN_INPUT' AND source_id = ?1
                 AND destination_type = 'MODEL_INPUT' ORDER BY destination_id",
                [&id],
                |row| row.get(0),
            )?;
            let step = match self.column("inputs", "step").as_str() {
                "NULL" => "0",
                _ => "step",
            };
            run.model_outputs = self.rows(
                &format!(
                    "SELECT destination_id, {step} FROM inputs WHERE source_type = 'RUN_OUTPUT'
                     AND source_id = ?1 AND destination_type = 'MODEL_OUTPUT' ORDER BY 2, 1"
                ),
                [&id],
                |row| {
                    Ok(ModelOutput {
                        model_id: row.get(0)?,
                        step: row.get(1)?,
                    })
                },
            )?;
        }
        Ok(SourceRun {
            run,
            metrics: metrics.into_iter().collect(),
        })
    }

    fn datasets(&self, run_id: &str) -> Result<Vec<DatasetInput>> {
        let found = self.rows(
            "SELECT i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source,
                d.dataset_schema, d.dataset_profile
             FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
             WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id = ?1
             ORDER BY d.name, d.digest",
            [run_id],
            |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    Dataset {
                        name: row.get(1)?,
                        digest: row.get(2)?,
                        source_type: row.get(3)?,
                        source: row.get(4)?,
                        schema: row.get(5)?,
                        profile: row.get(6)?,
                    },
                ))
            },
        )?;
        found
            .into_iter()
            .map(|(input, dataset)| {
                Ok(DatasetInput {
                    dataset,
                    tags: self.pairs(
                        "SELECT name, value FROM input_tags WHERE input_uuid = ?1 ORDER BY name",
                        [input],
                    )?,
                })
            })
            .collect()
    }

    fn model(&self, mut model: LoggedModel, deleted: bool) -> Result<SourceModel> {
        let id = model.model_id.clone();
        model.params = self.pairs(
            "SELECT param_key, param_value FROM logged_model_params WHERE model_id = ?1 ORDER BY 1",
            [&id],
        )?;
        model.tags = self.pairs(
            "SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?1 ORDER BY 1",
            [&id],
        )?;
        let all = self.rows(
            "SELECT metric_name, metric_value, metric_timestamp_ms, metric_step, dataset_name,
                dataset_digest, run_id
             FROM logged_model_metrics WHERE model_id = ?1 ORDER BY metric_step, metric_timestamp_ms",
            [&id],
            |row| {
                Ok(LoggedModelMetric {
                    point: MetricPoint {
                        model_id: Some(id.clone()),
                        dataset_name: row.get(4)?,
                        dataset_digest: row.get(5)?,
                        ..MetricPoint::new(
                            row.get::<_, String>(0)?,
                            row.get::<_, Option<f64>>(1)?.unwrap_or(f64::NAN),
                            row.get(2)?,
                            row.get(3)?,
                        )
                    },
                    run_id: row.get(6)?,
                })
            },
        )?;
        let mut latest = BTreeMap::new();
        for metric in all {
            let point = &metric.point;
            let of = (
                point.key.clone(),
                point.dataset_name.clone(),
                point.dataset_digest.clone(),
                metric.run_id.clone(),
            );
            latest.insert(of, metric);
        }
        Ok(SourceModel {
            model,
            deleted,
            metrics: latest.into_values().collect(),
        })
    }

    fn versions(&self, name: &str, aliases: &BTreeMap<String, i64>) -> Result<Vec<ModelVersion>> {
        let columns = self.columns(
            "model_versions",
            &[
                "version",
                "creation_time",
                "last_updated_time",
                "description",
                "user_id",
                "current_stage",
                "source",
                "storage_location",
                "run_id",
                "run_link",
                "status",
                "status_message",
            ],
        );
        let found = self.rows(
            &format!(
                "SELECT {columns} FROM model_versions WHERE name = ?1 AND {}
                 AND coalesce(current_stage, '') != 'Deleted_Internal' ORDER BY version",
                self.of_workspace("model_versions")
            ),
            [name],
            |row| {
                let version: i64 = row.get(0)?;
                let created_at = row.get::<_, Option<i64>>(1)?.unwrap_or(0);
                Ok(ModelVersion {
                    name: name.to_owned(),
                    version,
                    created_at,
                    updated_at: row.get::<_, Option<i64>>(2)?.unwrap_or(created_at),
                    description: row.get(3)?,
                    user_id: row.get(4)?,
                    stage: row
                        .get::<_, Option<String>>(5)?
                        .unwrap_or_else(|| "None".to_owned()),
                    source: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
                    storage_location: row.get(7)?,
                    run_id: row.get(8)?,
                    run_link: row.get(9)?,
                    status: row
                        .get::<_, Option<String>>(10)?
                        .unwrap_or_else(|| "READY".to_owned()),
                    status_message: row.get(11)?,
                    model_id: None,
                    tags: Vec::new(),
                    aliases: aliases
                        .iter()
                        .filter(|(_, number)| **number == version)
                        .map(|(alias, _)| alias.clone())
                        .collect(),
                    machine_id: None,
                })
            },
        )?;
        found
            .into_iter()
            .map(|mut version| {
                if self.has("model_version_tags") {
                    version.tags = self.pairs(
                        &format!(
                            "SELECT key, value FROM model_version_tags WHERE name = ?1 AND version = ?2 AND {}
                             ORDER BY key",
                            self.of_workspace("model_version_tags")
                        ),
                        params![name, version.version],
                    )?;
                }
                Ok(version)
            })
            .collect()
    }

    fn count(&self, table: &str, condition: &str) -> Result<u64> {
        if !self.has(table) {
            return Ok(0);
        }
        let sql = format!("SELECT count(*) FROM {table} WHERE {condition}");
        let count: i64 = self.conn.query_row(&sql, [], |row| row.get(0)).told()?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn folder_of(&self, place: &Place) -> Found {
        self.roots.find(&place.uri)
    }
}

fn lifecycle(word: Option<&str>) -> LifecycleStage {
    match word {
        Some("deleted") => LifecycleStage::Deleted,
        _ => LifecycleStage::Active,
    }
}

impl Source for DatabaseSource {
    fn experiments(&self) -> Result<Vec<Experiment>> {
        let columns = self.columns(
            "experiments",
            &[
                "experiment_id",
                "name",
                "artifact_location",
                "lifecycle_stage",
                "creation_time",
                "last_update_time",
            ],
        );
        let mut found = self.rows(
            &format!(
                "SELECT {columns} FROM experiments WHERE {} ORDER BY experiment_id",
                self.of_workspace("experiments")
            ),
            [],
            |row| {
                Ok(Experiment {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    artifact_location: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                    lifecycle: lifecycle(row.get::<_, Option<String>>(3)?.as_deref()),
                    created_at: row.get::<_, Option<i64>>(4)?.unwrap_or(0),
                    updated_at: row.get::<_, Option<i64>>(5)?.unwrap_or(0),
                    tags: Vec::new(),
                })
            },
        )?;
        if self.has("experiment_tags") {
            for experiment in &mut found {
                experiment.tags = self.pairs(
                    "SELECT key, value FROM experiment_tags WHERE experiment_id = ?1 ORDER BY key",
                    [experiment.id],
                )?;
            }
        }
        Ok(found)
    }

    fn runs(
        &self,
        experiment: &Experiment,
        cursor: &str,
    ) -> Result<(Vec<SourceRun>, Option<String>)> {
        let columns = self.columns(
            "runs",
            &[
                "run_uuid",
                "name",
                "user_id",
                "status",
                "start_time",
                "end_time",
                "artifact_uri",
                "lifecycle_stage",
            ],
        );
        let found = self.rows(
            &format!(
                "SELECT {columns} FROM runs WHERE experiment_id = ?1 AND run_uuid > ?2
                 ORDER BY run_uuid LIMIT ?3"
            ),
            params![experiment.id, cursor, i64::try_from(PAGE).unwrap_or(1)],
            |row| {
                Ok(RunInfo {
                    run_id: row.get(0)?,
                    experiment_id: experiment.id,
                    experiment: experiment.name.clone(),
                    name: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                    user_id: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                    status: row
                        .get::<_, Option<String>>(3)?
                        .and_then(|word| RunStatus::parse(&word))
                        .unwrap_or(RunStatus::Running),
                    start_time: row.get(4)?,
                    end_time: row.get(5)?,
                    artifact_uri: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
                    lifecycle: lifecycle(row.get::<_, Option<String>>(7)?.as_deref()),
                    machine_id: None,
                })
            },
        )?;
        let next = match found.last() {
            Some(info) if found.len() == PAGE => Some(info.run_id.clone()),
            _ => None,
        };
        let runs = found
            .into_iter()
            .map(|info| self.run(info))
            .collect::<Result<_>>()?;
        Ok((runs, next))
    }

    fn history(&self, run: &SourceRun, key: &str, each: &mut EachPoint<'_>) -> Result<()> {
        let (step, nan) = (
            self.column("metrics", "step"),
            self.column("metrics", "is_nan"),
        );
        let mut statement = self
            .conn
            .prepare_cached(&format!(
                "SELECT timestamp, {step}, iif({nan}, NULL, value) FROM metrics
                 WHERE run_uuid = ?1 AND key = ?2 ORDER BY timestamp, {step}, {nan}, value"
            ))
            .told()?;
        let mut rows = statement.query([&run.run.info.run_id, key]).told()?;
        let mut page = Vec::new();
        while let Some(row) = rows.next().told()? {
            page.push(Sample {
                timestamp: row.get::<_, Option<i64>>(0).told()?.unwrap_or(0),
                step: row.get::<_, Option<i64>>(1).told()?.unwrap_or(0),
                value: row.get::<_, Option<f64>>(2).told()?.unwrap_or(f64::NAN),
            });
            if page.len() == POINTS {
                each(&page)?;
                page.clear();
            }
        }
        if page.is_empty() { Ok(()) } else { each(&page) }
    }

    fn models(&self, experiment: &Experiment) -> Result<Vec<SourceModel>> {
        if !self.has("logged_models") {
            return Ok(Vec::new());
        }
        let found = self.rows(
            "SELECT model_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms,
                status, status_message, model_type, source_run_id, lifecycle_stage
             FROM logged_models WHERE experiment_id = ?1 ORDER BY model_id",
            [experiment.id],
            |row| {
                let deleted = lifecycle(row.get::<_, Option<String>>(9)?.as_deref());
                Ok((
                    LoggedModel {
                        model_id: row.get(0)?,
                        experiment_id: experiment.id,
                        experiment: experiment.name.clone(),
                        name: row.get(1)?,
                        artifact_location: row.get(2)?,
                        created_at: row.get(3)?,
                        updated_at: row.get(4)?,
                        // The numbers of MLflow's LoggedModelStatus.
                        status: match row.get(5)? {
                            2 => "LOGGED_MODEL_READY",
                            3 => "LOGGED_MODEL_UPLOAD_FAILED",
                            _ => "LOGGED_MODEL_PENDING",
                        }
                        .to_owned(),
                        status_message: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
                        model_type: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
                        source_run_id: row.get(8)?,
                        params: Vec::new(),
                        tags: Vec::new(),
                        machine_id: None,
                    },
                    deleted == LifecycleStage::Deleted,
                ))
            },
        )?;
        found
            .into_iter()
            .map(|(model, deleted)| self.model(model, deleted))
            .collect()
    }

    fn registered_names(&self) -> Result<Vec<String>> {
        if !self.has("registered_models") {
            return Ok(Vec::new());
        }
        self.rows(
            &format!(
                "SELECT name FROM registered_models WHERE {} ORDER BY name",
                self.of_workspace("registered_models")
            ),
            [],
            |row| row.get(0),
        )
    }

    fn registered(&self, name: &str) -> Result<SourceRegistered> {
        let mut aliases = BTreeMap::new();
        if self.has("registered_model_aliases") {
            aliases.extend(self.rows(
                &format!(
                    "SELECT alias, version FROM registered_model_aliases WHERE name = ?1 AND {}",
                    self.of_workspace("registered_model_aliases")
                ),
                [name],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)),
            )?);
        }
        let columns = self.columns(
            "registered_models",
            &["description", "creation_time", "last_updated_time"],
        );
        let workspace = self.of_workspace("registered_models");
        let mut model = self
            .conn
            .query_row(
                &format!("SELECT {columns} FROM registered_models WHERE name = ?1 AND {workspace}"),
                [name],
                |row| {
                    let created_at = row.get::<_, Option<i64>>(1)?.unwrap_or(0);
                    Ok(RegisteredModel {
                        name: name.to_owned(),
                        description: row.get(0)?,
                        created_at,
                        updated_at: row.get::<_, Option<i64>>(2)?.unwrap_or(created_at),
                        tags: Vec::new(),
                        aliases: aliases.clone(),
                        latest_versions: Vec::new(),
                    })
                },
            )
            .optional()
            .told()?
            .ok_or_else(|| ErrorBody::not_found("registered model", name))?;
        if self.has("registered_model_tags") {
            model.tags = self.pairs(
                &format!(
                    "SELECT key, value FROM registered_model_tags WHERE name = ?1 AND {} ORDER BY key",
                    self.of_workspace("registered_model_tags")
                ),
                [name],
            )?;
        }
        let next_version: i64 = self
            .conn
            .query_row(
                &format!(
                    "SELECT coalesce(max(version), 0) + 1 FROM model_versions WHERE name = ?1 AND {}",
                    self.of_workspace("model_versions")
                ),
                [name],
                |row| row.get(0),
            )
            .told()?;
        Ok(SourceRegistered {
            versions: self.versions(name, &aliases)?,
            model,
            next_version,
        })
    }

    fn files(&self, place: &Place) -> Result<Files> {
        Ok(match self.folder_of(place) {
            Found::Folder(folder) => local::files(&folder),
            Found::Not(elsewhere) => Files {
                elsewhere: Some(elsewhere),
                ..Files::default()
            },
        })
    }

    fn open(&self, place: &Place, path: &str) -> Result<Box<dyn Read>> {
        match self.folder_of(place) {
            Found::Folder(folder) => local::open(&folder, path),
            Found::Not(_) => Err(ErrorBody::not_found("artifact", path)),
        }
    }

    fn near(&self) -> bool {
        true
    }

    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }

    fn left_out(&self) -> Result<Vec<(String, u64)>> {
        let mut found = Vec::new();
        for (what, table) in [
            ("traces", "trace_info"),
            ("assessments", "assessments"),
            ("evaluation data sets", "evaluation_datasets"),
            ("webhooks", "webhooks"),
        ] {
            found.push((what.to_owned(), self.count(table, "1")?));
        }
        for (what, table) in [
            ("experiments of other workspaces", "experiments"),
            ("registered models of other workspaces", "registered_models"),
        ] {
            let others = format!("NOT ({})", self.of_workspace(table));
            found.push((what.to_owned(), self.count(table, &others)?));
        }
        found.retain(|(_, count)| *count > 0);
        Ok(found)
    }
}
