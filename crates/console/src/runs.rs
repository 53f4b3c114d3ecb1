//! Looking at runs: search, one run, logs, tags.

use std::collections::HashMap;

use skerry_domain::tracking::{MetricPoint, Run, number};
use skerry_domain::{
    Code, ErrorBody, KeyValue, LifecycleStage, Millis, NetworkMode, Reason, WorkloadState, validate,
};
use skerry_store::{
    ARCHIVED_TAG, Data, Reader, RunQuery as StoreQuery, StoreError, Tx, ValuesOf, View,
};

use crate::Console;
use crate::api::*;
use crate::columns::{column_values, keys_of};

/// Metrics, params and tags of a run that a list carries.
const LIST_KEYS: usize = 50;
/// Columns of rows that carry nothing else.
const ONLY_COLUMNS: usize = 200;
/// Values of a column that are told.
const VALUES: usize = 200;
/// The note of a run, in Markdown.
const NOTE: &str = "mlflow.note.content";

/// A run with what its agent said of it.
pub(crate) struct Seen {
    pub(crate) run: Run,
    pub(crate) workload: Option<WorkloadState>,
    /// What it has in the metric columns that are wanted.
    pub(crate) columns: Vec<ColumnValue>,
}

impl Seen {
    pub(crate) fn load(reader: &Reader<'_>, run: Run) -> Result<Self, StoreError> {
        Self::with_columns(reader, run, &[])
    }

    /// With values of those of the columns that show metrics.
    pub(crate) fn with_columns(
        reader: &Reader<'_>,
        run: Run,
        columns: &[String],
    ) -> Result<Self, StoreError> {
        let run_id = &run.info.run_id;
        Ok(Self {
            workload: reader.workload_state(run_id)?,
            columns: column_values(reader, run_id, columns)?,
            run,
        })
    }
}

/// The names of machines, forgotten ones too.
pub(crate) type MachineNames = HashMap<String, String>;

impl Console {
    /// A page of runs.
    pub async fn runs_search(&self, query: RunQuery) -> Result<RunPage, ErrorBody> {
        if !(1..=1000).contains(&query.limit) {
            return Err(ErrorBody::invalid("limit", "Ask for 1 to 1000 runs."));
        }
        let most = if query.only_columns {
            ONLY_COLUMNS
        } else {
            LIST_KEYS
        };
        if query.columns.len() > most {
            return Err(ErrorBody::invalid(
                "columns",
                format!("Ask for at most {most} columns."),
            ));
        }
        if let Some(machine) = &query.machine_id {
            check_id("machine_id", machine)?;
        }
        let experiment = query.experiment.clone();
        let (seen, total, names) = self
            .db(move |store| {
                store
                    .read(|reader| {
                        let experiment = number_of(reader, experiment.as_deref())?;
                        let (view, archived) = scope_of(query.stage);
                        let wanted = StoreQuery {
                            experiment_ids: experiment.into_iter().collect(),
                            all_experiments: experiment.is_none(),
                            filter: query.filter,
                            machine_id: query.machine_id,
                            order_by: query.order_by,
                            view,
                            archived,
                            max_results: query.limit as usize,
                            offset: query.offset as usize,
                            after: None,
                        };
                        let total = reader.count_runs(&wanted)?;
                        let params = keys_of(&query.columns, "params");
                        // Whether it is archived is said by a tag.
                        let mut tags = keys_of(&query.columns, "tags");
                        tags.push(ARCHIVED_TAG);
                        let data = if query.only_columns {
                            Data::Only {
                                params: &params,
                                tags: &tags,
                            }
                        } else {
                            Data::All
                        };
                        let seen = reader
                            .runs_with(&wanted, data)?
                            .items
                            .into_iter()
                            .map(|run| Seen::with_columns(reader, run, &query.columns))
                            .collect::<Result<Vec<_>, _>>()?;
                        Ok((seen, total))
                    })
                    .and_then(|(seen, total)| Ok((seen, total, store.machine_names()?)))
            })
            .await?;
        Ok(RunPage {
            rows: seen
                .iter()
                .map(|seen| self.run_row(seen, &names, most))
                .collect(),
            total,
        })
    }

    /// Names that runs have values under: the first 1000 of each kind.
    pub async fn run_keys(&self, query: RunKeysQuery) -> Result<RunKeys, ErrorBody> {
        self.db(move |store| {
            store.read(|reader| {
                let experiment = number_of(reader, query.experiment.as_deref())?;
                let mut tags = reader.tag_keys(experiment)?;
                tags.retain(|key| !is_system(key));
                Ok(RunKeys {
                    metrics: reader.metric_keys(experiment)?,
                    params: reader.param_keys(experiment)?,
                    tags,
                })
            })
        })
        .await
    }

    /// Values that runs have in a column of texts, to complete a filter.
    pub async fn run_values(&self, query: RunValuesQuery) -> Result<Vec<String>, ErrorBody> {
        self.db(move |store| {
            store.read(|reader| {
                let of = match query.column.split_once('.') {
                    Some(("params", key)) => ValuesOf::Param(key),
                    Some(("tags", key)) => ValuesOf::Tag(key),
                    Some(("attributes", "run_name")) => ValuesOf::Name,
                    Some(("attributes", "user_id")) => ValuesOf::User,
                    _ => return Ok(Vec::new()),
                };
                let experiment = number_of(reader, query.experiment.as_deref())?;
                reader.values(of, experiment, VALUES)
            })
        })
        .await
    }

    /// Everything about a run except points, lines and files.
    pub async fn run_get(&self, args: ById) -> Result<RunDetail, ErrorBody> {
        check_id("id", &args.id)?;
        let run_id = args.id.clone();
        let (seen, names, model_paths, versions, log_lines) = self
            .db(move |store| {
                let names = store.machine_names()?;
                store.read(|reader| {
                    let seen = Seen::load(reader, reader.run(&run_id)?)?;
                    let model_paths = model_paths(reader, &seen.run)?;
                    let versions = reader.versions_of_run(&run_id)?;
                    let log_lines = reader.log_length(&run_id)?;
                    Ok((seen, names, model_paths, versions, log_lines))
                })
            })
            .await?;
        let run = &seen.run;
        let link = run
            .info
            .machine_id
            .as_deref()
            .and_then(|id| self.link_info(id));
        Ok(RunDetail {
            row: self.run_row(&seen, &names, usize::MAX),
            link,
            note: run.tag(NOTE).map(str::to_owned),
            environment: seen.workload.as_ref().map(environment),
            inputs: inputs(&seen),
            versions: versions
                .iter()
                .map(|version| RunVersion {
                    name: version.name.clone(),
                    version: u32::try_from(version.version).unwrap_or_default(),
                    artifact_path: artifact_path_of(&version.source, &run.info.run_id)
                        .unwrap_or_else(|| version.source.clone()),
                })
                .collect(),
            model_paths: model_paths.into_iter().map(|model| model.path).collect(),
            system_tags: run
                .tags
                .iter()
                .filter(|tag| is_system(&tag.key))
                .cloned()
                .collect(),
            log_lines,
            exit_code: seen.workload.as_ref().and_then(|state| state.exit_code),
        })
    }

    pub(crate) fn run_row(&self, seen: &Seen, names: &MachineNames, keys: usize) -> RunRow {
        let Seen {
            run,
            workload,
            columns,
        } = seen;
        let info = &run.info;
        let link = info.machine_id.as_deref().and_then(|id| self.link_info(id));
        let connected = link
            .as_ref()
            .is_some_and(|link| link.state == LinkState::Connected);
        let last_heard = workload
            .as_ref()
            .map(|state| state.at)
            .max(link.as_ref().and_then(|link| link.last_seen_at));
        let ended = workload
            .as_ref()
            .map_or(info.status.is_final(), |state| state.phase.is_final());
        RunRow {
            id: info.run_id.clone(),
            name: info.name.clone(),
            experiment: info.experiment.clone(),
            machine_id: info.machine_id.clone(),
            machine: info
                .machine_id
                .as_ref()
                .and_then(|id| names.get(id).cloned()),
            status: info.status,
            phase: workload.as_ref().map(|state| state.phase),
            reason: workload.as_ref().and_then(|state| state.reason.clone()),
            observed_at: last_heard.unwrap_or_else(|| self.now()),
            // What has ended is known for good.
            stale: info.machine_id.is_some() && !connected && !ended,
            started_at: info.start_time,
            ended_at: info.end_time,
            user: Some(info.user_id.clone()).filter(|user| !user.is_empty()),
            stage: stage(run),
            metrics: run.metrics.iter().take(keys).map(metric_value).collect(),
            params: run.params.iter().take(keys).cloned().collect(),
            tags: run
                .tags
                .iter()
                .filter(|tag| !is_system(&tag.key))
                .take(keys)
                .cloned()
                .collect(),
            columns: columns.clone(),
        }
    }

    /// A window of a run's log.
    pub async fn run_log(&self, query: LogQuery) -> Result<LogWindow, ErrorBody> {
        check_id("run_id", &query.run_id)?;
        if !(1..=2000).contains(&query.limit) {
            return Err(ErrorBody::invalid("limit", "Ask for 1 to 2000 lines."));
        }
        self.db(move |store| {
            store.read(|reader| {
                let complete = match reader.workload_state(&query.run_id)? {
                    Some(state) => state.phase.is_final(),
                    None => reader.run_info(&query.run_id)?.status.is_final(),
                };
                let page = reader.read_log(&query.run_id, query.from_line, query.limit as usize)?;
                Ok(LogWindow {
                    from_line: query.from_line,
                    lines: page
                        .lines
                        .into_iter()
                        .map(|numbered| LogLine {
                            stream: numbered.line.stream,
                            at: numbered.line.at,
                            continues: numbered.line.cut_bytes > 0,
                            text: numbered.line.text,
                        })
                        .collect(),
                    total: page.total,
                    complete,
                })
            })
        })
        .await
    }

    /// Where a text stands in a run's log.
    pub async fn run_log_search(&self, query: LogSearch) -> Result<LogMatches, ErrorBody> {
        check_id("run_id", &query.run_id)?;
        if !(1..=10_000).contains(&query.limit) {
            return Err(ErrorBody::invalid("limit", "Ask for 1 to 10,000 matches."));
        }
        if query.text.is_empty() || query.text.len() > 1000 {
            return Err(ErrorBody::invalid(
                "text",
                "Search for 1 to 1,000 characters.",
            ));
        }
        let limit = query.limit as usize;
        let mut lines = self
            .db(move |store| {
                store.read(|reader| reader.search_log(&query.run_id, &query.text, limit + 1))
            })
            .await?;
        let more = lines.len() > limit;
        lines.truncate(limit);
        Ok(LogMatches { lines, more })
    }

    /// Sets a tag of a run, in this workspace.
    pub async fn run_tag_set(&self, args: RunTagSet) -> Result<Nothing, ErrorBody> {
        check_id("run_id", &args.run_id)?;
        check_tag(&args.key, &args.value)?;
        self.db(move |store| {
            store.write(move |tx| {
                let known = args.known.as_ref();
                check_known(known, &args.key, Some(&args.value), || {
                    tx.run_tag(&args.run_id, &args.key)
                })?;
                tx.set_run_tags(
                    &args.run_id,
                    vec![KeyValue {
                        key: args.key,
                        value: args.value,
                    }],
                )
            })
        })
        .await
    }

    /// Deletes a tag of a run, in this workspace.
    pub async fn run_tag_delete(&self, args: RunTagDelete) -> Result<Nothing, ErrorBody> {
        check_id("run_id", &args.run_id)?;
        check_tag_key(&args.key)?;
        self.db(move |store| {
            store.write(move |tx| {
                check_known(args.known.as_ref(), &args.key, None, || {
                    tx.run_tag(&args.run_id, &args.key)
                })?;
                tx.delete_run_tag(&args.run_id, &args.key)
            })
        })
        .await
    }

    /// Puts runs into the bin.
    pub async fn runs_delete(&self, args: RunIds) -> Result<Nothing, ErrorBody> {
        self.set_lifecycle(args, LifecycleStage::Deleted).await
    }

    /// Takes runs out of the bin.
    pub async fn runs_restore(&self, args: RunIds) -> Result<Nothing, ErrorBody> {
        self.set_lifecycle(args, LifecycleStage::Active).await
    }

    async fn set_lifecycle(
        &self,
        args: RunIds,
        lifecycle: LifecycleStage,
    ) -> Result<Nothing, ErrorBody> {
        check_ids(&args.run_ids)?;
        self.db(move |store| {
            store.write(move |tx| {
                for id in &args.run_ids {
                    if lifecycle == LifecycleStage::Deleted {
                        has_ended(tx, id, "cancel it first")?;
                    }
                    tx.set_run_lifecycle(id, lifecycle)?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Archives runs, all of them or none: they leave the table and keep everything.
    pub async fn runs_archive(&self, args: RunIds) -> Result<Nothing, ErrorBody> {
        check_ids(&args.run_ids)?;
        self.db(move |store| {
            store.write(move |tx| {
                args.run_ids.iter().try_for_each(|id| {
                    // Nobody would see what goes on.
                    has_ended(tx, id, "archive it when it has ended")?;
                    tx.archive_run(id)
                })
            })
        })
        .await
    }

    /// Takes runs out of the archive, all of them or none.
    pub async fn runs_unarchive(&self, args: RunIds) -> Result<Nothing, ErrorBody> {
        check_ids(&args.run_ids)?;
        self.db(move |store| {
            store.write(move |tx| args.run_ids.iter().try_for_each(|id| tx.unarchive_run(id)))
        })
        .await
    }

    /// Moves runs, and the models that they logged, to another experiment: all of them or
    /// none.
    pub async fn runs_move(&self, args: RunsMove) -> Result<Nothing, ErrorBody> {
        check_ids(&args.run_ids)?;
        validate::experiment_name("experiment", &args.experiment)?;
        self.db(move |store| {
            store.write(move |tx| {
                let name = args.experiment.trim();
                let experiment = match tx.experiment_by_name(name) {
                    Ok(experiment) => experiment.id,
                    Err(StoreError::NotFound(_)) => tx.create_experiment(name, None, &[])?,
                    Err(error) => return Err(error),
                };
                for id in &args.run_ids {
                    // Its machine says of a run that goes on where it belongs.
                    has_ended(tx, id, "move it when it has ended")?;
                    tx.move_run(id, experiment)?;
                }
                Ok(())
            })
        })
        .await
    }

    /// The experiments of the workspace.
    pub async fn experiments_list(&self, _: Nothing) -> Result<Vec<ExperimentRow>, ErrorBody> {
        self.db(|store| {
            store.read(|reader| {
                let activity: HashMap<i64, (u64, Option<Millis>)> = reader
                    .experiment_activity()?
                    .into_iter()
                    .map(|(id, runs, newest)| (id, (runs, newest)))
                    .collect();
                let page = reader.experiments(&skerry_store::ExperimentQuery {
                    max_results: 0,
                    ..Default::default()
                })?;
                let mut rows: Vec<ExperimentRow> = page
                    .items
                    .into_iter()
                    .map(|experiment| {
                        let (runs, newest) =
                            activity.get(&experiment.id).copied().unwrap_or_default();
                        ExperimentRow {
                            name: experiment.name,
                            runs,
                            updated_at: experiment.updated_at.max(newest.unwrap_or_default()),
                        }
                    })
                    // MLflow's default experiment is there from the beginning: shown
                    // once it holds something.
                    .filter(|row| row.runs > 0 || row.name != "Default")
                    .collect();
                rows.sort_by(|a, b| b.updated_at.cmp(&a.updated_at).then(a.name.cmp(&b.name)));
                Ok(rows)
            })
        })
        .await
    }
}

/// A model among what a run made.
pub(crate) struct RunModel {
    /// Folder among the run's artifacts, or the name of a logged model.
    pub(crate) path: String,
    /// Set when it is a logged model (MLflow 3), whose files are its own.
    pub(crate) model_id: Option<String>,
}

/// The models that a run made, as folders with an `MLmodel` file or logged models.
pub(crate) fn model_paths(reader: &Reader<'_>, run: &Run) -> Result<Vec<RunModel>, StoreError> {
    let mut found: Vec<RunModel> = reader
        .artifacts(&run.info.run_id)?
        .into_iter()
        .filter_map(|artifact| {
            let folder = artifact.path.strip_suffix("/MLmodel")?;
            Some(RunModel {
                path: folder.to_owned(),
                model_id: None,
            })
        })
        .collect();
    for output in &run.model_outputs {
        let model = match reader.logged_model(&output.model_id) {
            Ok(model) => model,
            Err(StoreError::NotFound(_)) => continue,
            Err(error) => return Err(error),
        };
        if !found.iter().any(|known| known.path == model.name) {
            found.push(RunModel {
                path: model.name,
                model_id: Some(model.model_id),
            });
        }
    }
    Ok(found)
}

/// The artifact folder in `runs:/<run>/<path>`.
pub(crate) fn artifact_path_of(source: &str, run_id: &str) -> Option<String> {
    source
        .strip_prefix("runs:/")?
        .strip_prefix(run_id)?
        .strip_prefix('/')
        .map(str::to_owned)
}

/// Tags that programs set; people see them apart.
pub(crate) fn is_system(key: &str) -> bool {
    key.starts_with("mlflow.") || key.starts_with("skerry.")
}

/// The latest value of a metric, for the screen.
pub(crate) fn metric_value(point: &MetricPoint) -> MetricValue {
    MetricValue {
        key: point.key.clone(),
        value: point.value.is_finite().then_some(point.value),
        special: number::word(point.value).map(str::to_owned),
        step: point.step,
        at: point.timestamp,
    }
}

/// What a run read: datasets it logged, and data folders as the agent found them.
pub(crate) fn inputs(seen: &Seen) -> Vec<RunInput> {
    let mut found: Vec<RunInput> = seen
        .run
        .datasets
        .iter()
        .map(|input| RunInput {
            name: input.dataset.name.clone(),
            digest: input.dataset.digest.clone(),
            source: input.dataset.source.clone(),
            context: input
                .tags
                .iter()
                .find(|tag| tag.key == "mlflow.data.context")
                .map(|tag| tag.value.clone()),
        })
        .collect();
    for snapshot in seen.workload.iter().flat_map(|state| &state.snapshots) {
        // The agent may have logged it as a dataset, whose digest is shortened.
        let known = found.iter().any(|input| {
            input.source == snapshot.source
                || (!input.digest.is_empty() && snapshot.hash.starts_with(&input.digest))
        });
        if !known {
            found.push(RunInput {
                name: snapshot
                    .source
                    .trim_end_matches('/')
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                digest: snapshot.hash.clone(),
                source: snapshot.source.clone(),
                context: None,
            });
        }
    }
    found
}

pub(crate) fn environment(state: &WorkloadState) -> RunEnvironment {
    let spec = &state.spec;
    let project = &spec.project;
    RunEnvironment {
        command: spec.command.clone(),
        image: spec.image.clone(),
        image_digest: state
            .image_digest
            .clone()
            .or_else(|| state.image_id.clone()),
        project_hash: Some(project.hash.clone()).filter(|hash| !hash.is_empty()),
        project_folder: project.folder.clone(),
        env: spec
            .env
            .iter()
            .map(|(key, value)| KeyValue {
                key: key.clone(),
                value: value.clone(),
            })
            .collect(),
        data: spec
            .data
            .iter()
            .map(|folder| DataMount {
                source: folder.source.clone(),
                target: folder.target.clone(),
            })
            .collect(),
        network_open: match spec.network {
            Some(mode) => mode == NetworkMode::Open,
            None => spec.engine == skerry_domain::EngineKind::Process,
        },
    }
}

/// Which runs a stage has: deleted or not, archived or not.
pub(crate) fn scope_of(stage: RunStage) -> (View, Option<bool>) {
    match stage {
        RunStage::Active => (View::Active, Some(false)),
        RunStage::Archived => (View::Active, Some(true)),
        RunStage::Deleted => (View::Deleted, None),
    }
}

/// The number of an experiment that a query may name.
pub(crate) fn number_of(
    reader: &Reader<'_>,
    experiment: Option<&str>,
) -> Result<Option<i64>, StoreError> {
    experiment
        .map(|name| Ok(reader.experiment_by_name(name)?.id))
        .transpose()
}

fn stage(run: &Run) -> RunStage {
    match run.info.lifecycle {
        LifecycleStage::Deleted => RunStage::Deleted,
        LifecycleStage::Active if run.tag(ARCHIVED_TAG).is_some() => RunStage::Archived,
        LifecycleStage::Active => RunStage::Active,
    }
}

fn check_ids(ids: &[String]) -> Result<(), ErrorBody> {
    if !(1..=1000).contains(&ids.len()) {
        return Err(ErrorBody::invalid("run_ids", "Choose 1 to 1000 runs."));
    }
    ids.iter().try_for_each(|id| check_id("run_ids", id))
}

/// Refuses for a run that goes on, with what to do instead.
fn has_ended(tx: &Tx<'_>, id: &str, instead: &str) -> Result<(), StoreError> {
    let goes_on = tx
        .workload_state(id)?
        .is_some_and(|state| !state.phase.is_final());
    if goes_on {
        let name = tx.run_info(id)?.name;
        return Err(StoreError::WrongState(format!(
            "The run '{name}' goes on; {instead}."
        )));
    }
    Ok(())
}

/// A run, machine or deployment id as it comes from outside: 32 hexadecimal digits.
pub(crate) fn check_id(field: &str, id: &str) -> Result<(), ErrorBody> {
    if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(())
    } else {
        Err(ErrorBody::new(
            Code::NotFound,
            format!("'{}' is not an id.", validate::shorten(id)),
        )
        .with("field", field))
    }
}

/// A tag that a person sets.
pub(crate) fn check_tag(key: &str, value: &str) -> Result<(), ErrorBody> {
    check_tag_key(key)?;
    validate::tag_value("value", value)
}

/// Refuses to change a value that is something else by now than who changes it knows, unless
/// it is what is wanted already (null for none).
pub(crate) fn check_known(
    known: Option<&Known>,
    key: &str,
    wanted: Option<&str>,
    now: impl FnOnce() -> skerry_store::Result<Option<String>>,
) -> skerry_store::Result<()> {
    let Some(known) = known else { return Ok(()) };
    let now = now()?;
    if now == known.value || (now.is_some() && now.as_deref() == wanted) {
        return Ok(());
    }
    let what = if key == NOTE { "note" } else { key };
    Err(ErrorBody::new(
        Code::WrongState,
        format!("Somebody changed '{what}' meanwhile; nothing was saved."),
    )
    .because(Reason::ValueChanged)
    .with("key", what)
    .into())
}

fn check_tag_key(key: &str) -> Result<(), ErrorBody> {
    validate::key("key", key)?;
    if is_system(key) && key != NOTE {
        return Err(ErrorBody::invalid(
            "key",
            "Tags that begin with mlflow. or skerry. are set by programs.",
        )
        .because(Reason::TagSystem));
    }
    Ok(())
}
