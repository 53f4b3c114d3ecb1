//! Reports: kept in the workspace, and the runs they are about.

use std::collections::{BTreeSet, HashSet};

use skerry_domain::{ErrorBody, Smoothing, validate};
use skerry_store::workspace::{ReportChange, ReportRecord};
use skerry_store::{Reader, RunQuery as StoreQuery, StoreError, View};

use crate::Console;
use crate::api::*;
use crate::charts::check_smoothing;
use crate::console::new_id;
use crate::runs::{MachineNames, Seen, check_id, number_of};

const BLOCKS: usize = 100;
const TEXT: usize = 100_000;
const METRICS: usize = 8;
const COLUMNS: usize = 50;
const RUNS: usize = 200;
const FILTER: usize = 20_000;
/// So many keys of metrics are offered.
const KEYS: usize = 1_000;

/// The runs of a report, as they are now.
pub(crate) struct Resolved {
    pub(crate) seen: Vec<Seen>,
    pub(crate) gone: Vec<ChosenRun>,
    pub(crate) total: u64,
    pub(crate) names: MachineNames,
}

impl Console {
    /// The reports, the one changed last first.
    pub async fn reports_list(&self, _: Nothing) -> Result<Vec<ReportRow>, ErrorBody> {
        let records = self.db(|store| store.reports()).await?;
        Ok(records
            .into_iter()
            .map(|record| ReportRow {
                blocks: record
                    .body
                    .get("blocks")
                    .and_then(|blocks| blocks.as_array())
                    .map_or(0, |blocks| u32::try_from(blocks.len()).unwrap_or(u32::MAX)),
                id: record.id,
                title: record.title,
                created_at: record.created_at,
                updated_at: record.updated_at,
                updated_by: record.updated_by,
            })
            .collect())
    }

    /// A report.
    pub async fn report_get(&self, args: ById) -> Result<Report, ErrorBody> {
        check_id("id", &args.id)?;
        let id = args.id.clone();
        let record = self.db(move |store| store.report(&id)).await?;
        report(record.ok_or_else(|| ErrorBody::not_found("report", &args.id))?)
    }

    /// Saves a report, unless somebody else changed it since it was read.
    pub async fn report_save(&self, mut args: ReportSave) -> Result<Report, ErrorBody> {
        args.content.title = args.content.title.trim().to_owned();
        check(&args.content)?;
        let is_new = args.id.is_empty();
        if is_new {
            args.id = new_id();
        } else {
            check_id("id", &args.id)?;
        }
        if is_new != (args.revision == 0) {
            return Err(ErrorBody::invalid(
                "revision",
                "A new report has the revision 0, any other has one from 1.",
            ));
        }
        let change = ReportChange {
            id: args.id,
            from: args.revision,
            title: args.content.title.clone(),
            by: self.user().to_owned(),
            body: serde_json::to_value(&args.content).map_err(StoreError::from)?,
        };
        report(self.db(move |store| store.report_save(&change)).await?)
    }

    /// Deletes a report.
    pub async fn report_delete(&self, args: ById) -> Result<Nothing, ErrorBody> {
        check_id("id", &args.id)?;
        self.db(move |store| store.report_delete(&args.id)).await
    }

    /// Which runs those of a report are now.
    pub async fn report_runs(&self, query: ReportRunsQuery) -> Result<ReportRunSet, ErrorBody> {
        check_columns(&query.columns)?;
        let resolved = self.resolved(query.runs, query.columns.clone()).await?;
        let wanted: HashSet<&str> = query.columns.iter().map(String::as_str).collect();
        let is_wanted = |kind: &str, key: &str| wanted.contains(format!("{kind}.{key}").as_str());
        let mut keys = BTreeSet::new();
        for point in resolved.seen.iter().flat_map(|seen| &seen.run.metrics) {
            if keys.len() < KEYS && !keys.contains(point.key.as_str()) {
                keys.insert(point.key.as_str());
            }
        }
        Ok(ReportRunSet {
            rows: resolved
                .seen
                .iter()
                .map(|seen| {
                    let mut row = self.run_row(seen, &resolved.names, usize::MAX);
                    row.metrics
                        .retain(|metric| is_wanted("metrics", &metric.key));
                    row.params.retain(|param| is_wanted("params", &param.key));
                    row.tags.retain(|tag| is_wanted("tags", &tag.key));
                    row
                })
                .collect(),
            metric_keys: keys.into_iter().map(str::to_owned).collect(),
            gone: resolved.gone,
            total: resolved.total,
        })
    }

    /// The runs that are meant, now, with their values in metric columns.
    pub(crate) async fn resolved(
        &self,
        runs: ReportRuns,
        columns: Vec<String>,
    ) -> Result<Resolved, ErrorBody> {
        check_runs(&runs)?;
        self.db(move |store| {
            let names = store.machine_names()?;
            store.read(|reader| match runs {
                ReportRuns::Chosen { runs } => chosen(reader, runs, &columns, names),
                ReportRuns::Search {
                    filter,
                    order_by,
                    experiment,
                    limit,
                } => {
                    let experiment = number_of(reader, experiment.as_deref())?;
                    let wanted = StoreQuery {
                        experiment_ids: experiment.into_iter().collect(),
                        all_experiments: experiment.is_none(),
                        filter,
                        machine_id: None,
                        order_by,
                        view: View::Active,
                        // As the table finds them.
                        archived: Some(false),
                        max_results: limit as usize,
                        offset: 0,
                        after: None,
                    };
                    Ok(Resolved {
                        total: reader.count_runs(&wanted)?,
                        seen: reader
                            .runs(&wanted)?
                            .items
                            .into_iter()
                            .map(|run| Seen::with_columns(reader, run, &columns))
                            .collect::<Result<_, _>>()?,
                        gone: Vec::new(),
                        names,
                    })
                }
            })
        })
        .await
    }
}

fn chosen(
    reader: &Reader<'_>,
    runs: Vec<ChosenRun>,
    columns: &[String],
    names: MachineNames,
) -> Result<Resolved, StoreError> {
    let (mut seen, mut gone) = (Vec::new(), Vec::new());
    let mut once = HashSet::new();
    for run in runs {
        if !once.insert(run.id.clone()) {
            continue;
        }
        match reader.run(&run.id) {
            Ok(found) => seen.push(Seen::with_columns(reader, found, columns)?),
            Err(StoreError::NotFound(_)) => gone.push(run),
            Err(error) => return Err(error),
        }
    }
    Ok(Resolved {
        total: seen.len() as u64,
        seen,
        gone,
        names,
    })
}

fn report(record: ReportRecord) -> Result<Report, ErrorBody> {
    Ok(Report {
        content: serde_json::from_value(record.body).map_err(StoreError::from)?,
        id: record.id,
        revision: record.revision,
        created_at: record.created_at,
        updated_at: record.updated_at,
        updated_by: record.updated_by,
    })
}

fn check(content: &ReportContent) -> Result<(), ErrorBody> {
    validate::name("title", &content.title)?;
    check_runs(&content.runs)?;
    if content.blocks.len() > BLOCKS {
        return too_many("blocks", BLOCKS, "blocks");
    }
    let mut ids = HashSet::new();
    for block in &content.blocks {
        let is_id = (1..=40).contains(&block.id.len())
            && block.id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_id || !ids.insert(&block.id) {
            return Err(ErrorBody::invalid(
                "blocks",
                "A block has an id of its own: 1 to 40 letters and digits.",
            ));
        }
        match &block.body {
            ReportBody::Text { text } => {
                if text.chars().count() > TEXT {
                    return too_many("blocks", TEXT, "characters in one text");
                }
            }
            ReportBody::Chart {
                title,
                metrics,
                over,
                smoothing,
                smoothing_kind,
                runs,
                ..
            } => {
                check_title(title)?;
                if metrics.len() > METRICS {
                    return too_many("blocks", METRICS, "metrics in one chart");
                }
                if let Some(key) = over {
                    validate::key("blocks", key)?;
                }
                let (kind, weight) = (*smoothing_kind, *smoothing);
                check_smoothing("blocks", Smoothing { kind, weight })?;
                runs.as_ref().map_or(Ok(()), check_runs)?;
            }
            ReportBody::Table {
                title,
                columns,
                runs,
            } => {
                check_title(title)?;
                check_columns(columns)?;
                runs.as_ref().map_or(Ok(()), check_runs)?;
            }
        }
    }
    Ok(())
}

fn check_title(title: &str) -> Result<(), ErrorBody> {
    if title.chars().count() > 200 {
        return too_many("blocks", 200, "characters in a title");
    }
    Ok(())
}

fn check_columns(columns: &[String]) -> Result<(), ErrorBody> {
    if columns.len() > COLUMNS {
        return too_many("columns", COLUMNS, "columns in one table");
    }
    Ok(())
}

fn check_runs(runs: &ReportRuns) -> Result<(), ErrorBody> {
    match runs {
        ReportRuns::Chosen { runs } => {
            if runs.len() > RUNS {
                return too_many("runs", RUNS, "runs");
            }
            for run in runs {
                check_id("runs", &run.id)?;
                if run.name.chars().count() > 1000 {
                    return too_many("runs", 1000, "characters in a name");
                }
            }
            Ok(())
        }
        ReportRuns::Search {
            filter,
            order_by,
            limit,
            ..
        } => {
            if filter.len() > FILTER || order_by.len() > COLUMNS {
                return too_many("filter", FILTER, "bytes in a filter");
            }
            if !(1..=RUNS as u32).contains(limit) {
                return Err(ErrorBody::invalid(
                    "limit",
                    format!("Ask for 1 to {RUNS} runs."),
                ));
            }
            Ok(())
        }
    }
}

fn too_many(field: &str, most: usize, what: &str) -> Result<(), ErrorBody> {
    Err(ErrorBody::invalid(
        field,
        format!("A report has at most {most} {what}."),
    ))
}
