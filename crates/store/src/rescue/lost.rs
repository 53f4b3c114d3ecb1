//! Rows that are lost, made again: an index holds a part of each row of its table, and
//! what belongs to a row says that it was there. What nobody knows is made up, so that
//! what belongs to the row is kept, and a tag says so.

use std::collections::HashMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Rescued, Source};
use crate::registry_history::STANDS;
use crate::search::INDEXED;
use crate::{Result, limits, names, schema};

/// The tag of what was made again; its value says in words what is not known.
const TAG: &str = "skerry.rescued";

fn rebuilt(report: &mut [Rescued], table: &str, rows: usize) {
    if let Some(rescued) = report.iter_mut().find(|rescued| rescued.table == table) {
        rescued.saved += rows as u64;
        rescued.rebuilt += rows as u64;
    }
}

fn saved(report: &mut [Rescued], table: &str, rows: usize) {
    if let Some(rescued) = report.iter_mut().find(|rescued| rescued.table == table) {
        rescued.saved += rows as u64;
    }
}

/// Each entry of an index that can be one.
fn entries(
    sources: &[Source],
    index: &str,
    mut take: impl FnMut(&[Value]) -> Result<()>,
) -> Result<()> {
    for source in sources {
        source.rows(
            index,
            |_, values, fits| {
                if fits { take(&values) } else { Ok(()) }
            },
        )?;
    }
    Ok(())
}

/// Adds the rows that are missing, as far as indexes know them.
pub(super) fn by_indexes(
    sources: &[Source],
    target: &Connection,
    report: &mut [Rescued],
) -> Result<()> {
    target.execute_batch("BEGIN")?;
    // Whole rows, and those whose rest the chunks say.
    let mut rows = 0;
    entries(sources, "sqlite_autoindex_metric_names_1", |entry| {
        if let [name, id] = entry {
            rows += target
                .prepare_cached("INSERT OR IGNORE INTO metric_names (name, id) VALUES (?1, ?2)")?
                .execute(params![name, id])?;
        }
        Ok(())
    })?;
    saved(report, "metric_names", rows);
    // Not counted yet: of some all points are lost too.
    let series = |run: &Value, metric: &Value, id: &Value| -> Result<()> {
        target
            .prepare_cached(
                "INSERT OR IGNORE INTO series (id, run, metric, last_step, last_ts, points, next_chunk,
                    loose, end_ts, end_step, ordered) VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0, 0, 0, 1)",
            )?
            .execute(params![id, run, metric])?;
        Ok(())
    };
    entries(sources, "sqlite_autoindex_series_1", |entry| match entry {
        [run, metric, id] => series(run, metric, id),
        _ => Ok(()),
    })?;
    for index in ["series_by_value", "series_by_min", "series_by_max"] {
        entries(sources, index, |entry| match entry {
            [metric, _, run, id] | [metric, _, run, _, id] => series(run, metric, id),
            // Before runs were in it.
            _ => Ok(()),
        })?;
    }
    for (index, table) in [("params_by_value", "params"), ("tags_by_value", "tags")] {
        let mut rows = 0;
        entries(sources, index, |entry| {
            // A longer one is there in part.
            if let [key, Value::Text(value), run] = entry
                && value.chars().count() < INDEXED
            {
                rows += target
                    .prepare_cached(&format!(
                        "INSERT OR IGNORE INTO {table} (run, key, value) VALUES (?1, ?2, ?3)"
                    ))?
                    .execute(params![run, key, value])?;
            }
            Ok(())
        })?;
        saved(report, table, rows);
    }
    let mut rows = 0;
    entries(sources, "sqlite_autoindex_registered_models_1", |entry| {
        if let [name, id] = entry {
            rows += target
                .prepare_cached(
                    "INSERT OR IGNORE INTO registered_models (id, name, created_at, updated_at)
                     VALUES (?1, ?2, ?3, ?3)",
                )?
                .execute(params![id, name, crate::now()])?;
        }
        Ok(())
    })?;
    rebuilt(report, "registered_models", rows);
    experiments(sources, target, report)?;
    runs(sources, target, report)?;
    logged_models(sources, target, report)?;
    versions(sources, target, report)?;
    target.execute_batch("COMMIT")?;
    Ok(())
}

fn experiments(sources: &[Source], target: &Connection, report: &mut [Rescued]) -> Result<()> {
    let mut lost = Vec::new();
    entries(sources, "sqlite_autoindex_experiments_1", |entry| {
        if let [Value::Text(name), Value::Integer(id)] = entry {
            lost.push((*id, name.clone()));
        }
        Ok(())
    })?;
    for (id, name) in lost {
        if experiment(target, id, &name)? {
            rebuilt(report, "experiments", 1);
            say(
                target,
                "experiment_tags",
                id,
                "Its row was lost. The name comes from an index; where its files are was found \
                 by what is beside it, and its times are not known.",
            )?;
        }
    }
    Ok(())
}

/// Adds an experiment where there is none with that number.
fn experiment(target: &Connection, id: i64, name: &str) -> Result<bool> {
    // Where the files of its runs are, or those of the others.
    let of_run: Option<String> = target
        .query_row(
            "SELECT rtrim(substr(artifact_uri, 1, instr(artifact_uri, run_id) - 1), '/') FROM runs
             WHERE experiment = ?1 AND instr(artifact_uri, run_id) > 1 LIMIT 1",
            [id],
            |row| row.get(0),
        )
        .optional()?;
    let root: Option<String> = target
        .query_row(
            "SELECT substr(artifact_location, 1, length(artifact_location) - length(id)) FROM experiments
             WHERE artifact_location LIKE '%/' || id ORDER BY id DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    let location = of_run.unwrap_or_else(|| {
        let root = root.unwrap_or_else(|| "mlflow-artifacts:/".to_owned());
        format!("{root}{id}")
    });
    let new = target.execute(
        "INSERT OR IGNORE INTO experiments (id, name, artifact_location, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?4)",
        params![id, name, location, crate::now()],
    )?;
    Ok(new > 0)
}

/// A name that nobody else has.
fn free_name(target: &Connection, table: &str, id: i64) -> Result<String> {
    let mut name = format!("rescued {id}");
    let mut taken =
        target.prepare_cached(&format!("SELECT count(*) FROM {table} WHERE name = ?1"))?;
    for n in 2_u64.. {
        if taken.query_row([&name], |row| row.get::<_, i64>(0))? == 0 {
            break;
        }
        name = format!("rescued {id} ({n})");
    }
    Ok(name)
}

/// Adds the tag that says what is not known.
fn say(target: &Connection, table: &str, id: i64, what: &str) -> Result<()> {
    let of = if table == "tags" { "run" } else { "experiment" };
    target.execute(
        &format!("INSERT OR REPLACE INTO {table} ({of}, key, value) VALUES (?1, ?2, ?3)"),
        params![id, TAG, what],
    )?;
    Ok(())
}

/// What is known of a run whose row is lost.
#[derive(Default)]
struct Lost {
    run_id: Option<String>,
    experiment: Option<i64>,
    deleted: bool,
    start_time: Option<i64>,
}

fn runs(sources: &[Source], target: &Connection, report: &mut [Rescued]) -> Result<()> {
    let mut there = target.prepare("SELECT 1 FROM runs WHERE id = ?1 OR run_id = ?2")?;
    let mut lost: HashMap<i64, Lost> = HashMap::new();
    entries(sources, "runs_by_start", |entry| {
        if let [
            Value::Integer(experiment),
            Value::Integer(deleted),
            start,
            Value::Text(run_id),
            // Whether archived, in a newer file; the tags tell it too.
            ..,
            Value::Integer(id),
        ] = entry
            && !there.exists(params![id, run_id])?
        {
            let run = Lost {
                run_id: Some(run_id.clone()),
                experiment: Some(*experiment),
                deleted: *deleted != 0,
                start_time: match start {
                    Value::Integer(start) => Some(*start),
                    _ => None,
                },
            };
            lost.entry(*id).or_insert(run);
        }
        Ok(())
    })?;
    entries(sources, "sqlite_autoindex_runs_1", |entry| {
        if let [Value::Text(run_id), Value::Integer(id)] = entry
            && !there.exists(params![id, run_id])?
        {
            lost.entry(*id).or_insert_with(|| Lost {
                run_id: Some(run_id.clone()),
                ..Lost::default()
            });
        }
        Ok(())
    })?;
    for (id, run) in &lost {
        add_run(target, *id, run, report)?;
    }
    Ok(())
}

/// The experiment of what says nothing of one.
fn unknown_experiment(target: &Connection, report: &mut [Rescued]) -> Result<i64> {
    const WHAT: &str = "What is here lost the rows that say to which experiment it belongs.";
    let there = target
        .query_row(
            "SELECT experiment FROM experiment_tags WHERE key = ?1 AND value = ?2",
            [TAG, WHAT],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = there {
        return Ok(id);
    }
    let id: i64 = target.query_row(
        "SELECT 1 + max(coalesce(max(id), 0), coalesce((SELECT max(experiment) FROM runs), 0),
            coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'experiments'), 0)) FROM experiments",
        [],
        |row| row.get(0),
    )?;
    let name = free_name(target, "experiments", id)?;
    if experiment(target, id, &name)? {
        rebuilt(report, "experiments", 1);
    }
    say(target, "experiment_tags", id, WHAT)?;
    Ok(id)
}

/// Adds a run of which so much is known.
fn add_run(target: &Connection, id: i64, run: &Lost, report: &mut [Rescued]) -> Result<()> {
    let tag = |key: &str| -> Result<Option<String>> {
        Ok(target
            .query_row(
                "SELECT value FROM tags WHERE run = ?1 AND key = ?2",
                params![id, key],
                |row| row.get(0),
            )
            .optional()?)
    };
    let experiment_id = match run.experiment {
        Some(id) => id,
        None => unknown_experiment(target, report)?,
    };
    lost_experiment(target, experiment_id, report)?;
    let location: String = target.query_row(
        "SELECT artifact_location FROM experiments WHERE id = ?1",
        [experiment_id],
        |row| row.get(0),
    )?;
    let run_id = run.run_id.clone().unwrap_or_else(names::new_id);
    let name = tag("mlflow.runName")?.unwrap_or_else(|| format!("rescued {run_id}"));
    let new = target.execute(
        "INSERT OR IGNORE INTO runs (id, run_id, experiment, name, user_id, status, start_time, artifact_uri,
            deleted, deleted_at, machine_id)
         VALUES (?1, ?2, ?3, ?4, ?5, 'KILLED', ?6, ?7, ?8, CASE WHEN ?8 THEN ?9 END,
            (SELECT machine_id FROM workload_states WHERE run_id = ?2))",
        params![
            id,
            run_id,
            experiment_id,
            name,
            tag("mlflow.user")?.unwrap_or_default(),
            run.start_time,
            limits::appended(&location, &format!("{run_id}/artifacts")),
            run.deleted,
            crate::now()
        ],
    )?;
    if new == 0 {
        return Ok(());
    }
    rebuilt(report, "runs", new);
    target.execute(
        "INSERT OR IGNORE INTO tags (run, key, value) VALUES (?1, 'mlflow.runName', ?2)",
        params![id, name],
    )?;
    say(
        target,
        "tags",
        id,
        match (&run.run_id, run.experiment) {
            (Some(_), Some(_)) => {
                "Its row was lost. Its id, experiment and start come from an index, its name and user from \
                 tags; how and when it ended is not known."
            }
            (Some(_), None) => {
                "Its row was lost. Its id comes from an index, its name and user from tags; its experiment, \
                 its start and how it ended are not known."
            }
            _ => {
                "Its row was lost. Its id is new; its name and user come from tags; its experiment, its start \
                 and how it ended are not known."
            }
        },
    )
}

/// Adds an experiment that something belongs to, where it is lost.
fn lost_experiment(target: &Connection, id: i64, report: &mut [Rescued]) -> Result<()> {
    let there: bool = target.query_row(
        "SELECT EXISTS (SELECT 1 FROM experiments WHERE id = ?1)",
        [id],
        |row| row.get(0),
    )?;
    if there {
        return Ok(());
    }
    // The first has this name in every store.
    let name = if id == 0 {
        "Default".to_owned()
    } else {
        free_name(target, "experiments", id)?
    };
    if experiment(target, id, &name)? {
        rebuilt(report, "experiments", 1);
    }
    say(
        target,
        "experiment_tags",
        id,
        "Its row was lost. Its name is made up; where its files are was found by what is beside it, and its \
         times are not known.",
    )
}

fn logged_models(sources: &[Source], target: &Connection, report: &mut [Rescued]) -> Result<()> {
    let mut there = target.prepare("SELECT 1 FROM logged_models WHERE model_id = ?1")?;
    let mut lost: HashMap<i64, String> = HashMap::new();
    entries(sources, "sqlite_autoindex_logged_models_1", |entry| {
        if let [Value::Text(model), Value::Integer(row)] = entry
            && !there.exists([model])?
        {
            lost.insert(*row, model.clone());
        }
        Ok(())
    })?;
    if lost.is_empty() {
        return Ok(());
    }
    let (mut made, mut by) = (HashMap::new(), HashMap::new());
    entries(sources, "logged_models_by_time", |entry| {
        if let [
            Value::Integer(experiment),
            Value::Integer(at),
            Value::Integer(row),
        ] = entry
        {
            made.insert(*row, (*experiment, *at));
        }
        Ok(())
    })?;
    entries(sources, "logged_models_by_run", |entry| {
        if let [Value::Text(run), Value::Integer(row)] = entry {
            by.insert(*row, run.clone());
        }
        Ok(())
    })?;
    for (row, model) in lost {
        let run = by.get(&row);
        let (experiment, at) = match made.get(&row) {
            Some((experiment, at)) => (*experiment, *at),
            None => {
                let of_run = target
                    .query_row(
                        "SELECT experiment FROM runs WHERE run_id = ?1",
                        [run],
                        |row| row.get(0),
                    )
                    .optional()?;
                let experiment = match of_run {
                    Some(experiment) => experiment,
                    None => unknown_experiment(target, report)?,
                };
                (experiment, crate::now())
            }
        };
        lost_experiment(target, experiment, report)?;
        let location: String = target.query_row(
            "SELECT artifact_location FROM experiments WHERE id = ?1",
            [experiment],
            |row| row.get(0),
        )?;
        let new = target.execute(
            "INSERT OR IGNORE INTO logged_models (model_id, experiment, name, artifact_location, created_at,
                updated_at, status, status_message, model_type, source_run_id)
             VALUES (?1, ?2, 'rescued', ?3, ?4, ?4, 'READY', ?5, '', ?6)",
            params![
                model,
                experiment,
                limits::appended(&location, &format!("models/{model}/artifacts")),
                at,
                "Its row was lost. Its id, experiment, run and time come from indexes; its name and \
                 status are made up.",
                run
            ],
        )?;
        rebuilt(report, "logged_models", new);
    }
    Ok(())
}

fn versions(sources: &[Source], target: &Connection, report: &mut [Rescued]) -> Result<()> {
    let mut by = HashMap::new();
    entries(sources, "model_versions_by_run", |entry| {
        if let [Value::Text(run), Value::Integer(row)] = entry {
            by.insert(*row, run.clone());
        }
        Ok(())
    })?;
    entries(sources, "sqlite_autoindex_model_versions_1", |entry| {
        if let [
            Value::Integer(model),
            Value::Integer(version),
            Value::Integer(row),
        ] = entry
        {
            add_version(target, *model, *version, by.get(row), report)?;
        }
        Ok(())
    })
}

/// Adds a model version where there is none with that number.
fn add_version(
    target: &Connection,
    model: i64,
    version: i64,
    run: Option<&String>,
    report: &mut [Rescued],
) -> Result<()> {
    let new = target.execute(
        "INSERT OR IGNORE INTO model_versions (model, version, created_at, updated_at, stage, source, run_id,
            status, status_message)
         VALUES (?1, ?2, ?3, ?3, 'None', '', ?4, 'FAILED_REGISTRATION', ?5)",
        params![
            model,
            version,
            crate::now(),
            run,
            "Its row was lost: where its files are is not known. Its number comes from an index or from \
             what belongs to it."
        ],
    )?;
    rebuilt(report, "model_versions", new);
    Ok(())
}

/// Adds the rows that are missing and that only what belongs to them speaks of.
pub(super) fn by_others(target: &Connection, report: &mut [Rescued]) -> Result<()> {
    let ids = |sql: &str| -> Result<Vec<i64>> {
        Ok(target
            .prepare(sql)?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?)
    };
    target.execute_batch("BEGIN")?;
    for id in ids(
        "SELECT run FROM series UNION SELECT run FROM params UNION SELECT run FROM tags
         UNION SELECT run FROM dataset_inputs UNION SELECT run FROM model_inputs
         UNION SELECT run FROM model_outputs EXCEPT SELECT id FROM runs",
    )? {
        add_run(target, id, &Lost::default(), report)?;
    }
    for id in ids(
        "SELECT experiment FROM runs UNION SELECT experiment FROM logged_models
         UNION SELECT experiment FROM datasets UNION SELECT experiment FROM experiment_tags
         EXCEPT SELECT id FROM experiments",
    )? {
        lost_experiment(target, id, report)?;
    }
    for id in ids("SELECT metric FROM series EXCEPT SELECT id FROM metric_names")? {
        let name = free_name(target, "metric_names", id)?;
        target.execute(
            "INSERT INTO metric_names (id, name) VALUES (?1, ?2)",
            params![id, name],
        )?;
        rebuilt(report, "metric_names", 1);
    }
    registry(target, report)?;
    target.execute_batch("COMMIT")?;
    Ok(())
}

fn registry(target: &Connection, report: &mut [Rescued]) -> Result<()> {
    // An older file has no history.
    let history = schema::tables(target)
        .iter()
        .any(|table| table == "registry_history");
    let stands = if history {
        format!("WITH {STANDS} SELECT model, version FROM stands UNION ")
    } else {
        String::new()
    };
    let versions: Vec<(i64, i64)> = target
        .prepare(&format!(
            "{stands} SELECT model, version FROM aliases UNION SELECT model, version FROM model_version_tags
             EXCEPT SELECT model, version FROM model_versions"
        ))?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (model, version) in versions {
        add_version(target, model, version, None, report)?;
    }
    let models: Vec<i64> = target
        .prepare(
            "SELECT model FROM model_versions UNION SELECT model FROM registered_model_tags
             EXCEPT SELECT id FROM registered_models",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for model in models {
        let known = if history {
            target
                .query_row(
                    "SELECT name FROM registry_history WHERE model = ?1
                        AND name NOT IN (SELECT name FROM registered_models) ORDER BY seq DESC LIMIT 1",
                    [model],
                    |row| row.get(0),
                )
                .optional()?
        } else {
            None
        };
        let name = match known {
            Some(name) => name,
            None => free_name(target, "registered_models", model)?,
        };
        let new = target.execute(
            "INSERT INTO registered_models (id, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)",
            params![model, name, crate::now()],
        )?;
        rebuilt(report, "registered_models", new);
    }
    Ok(())
}
