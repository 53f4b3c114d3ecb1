//! Saving what can be read of a damaged store into a new file. The damaged file is
//! only read.
//!
//! Each table is read from its beginning until a page cannot be read, then from its
//! end backwards, then between, by halves, so that a bad page costs its own rows. What
//! lies behind a damaged index page that leads to several is found the same way. A series
//! whose row is lost is found by its entry in an index.

use std::collections::VecDeque;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::check::open_untouched;
use crate::chunk::{self, Sample};
use crate::registry_history::{Broken, STANDS};
use crate::{Reader, Result, Store, StoreError, StoreOptions, schema};

/// Ranges of a table that are tried before the rest is given up.
const ATTEMPTS: usize = 4_000;
/// Low bits of a chunk's id that count the chunks of a series.
const CHUNK_BITS: u32 = 20;

/// What became of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rescued {
    /// The table.
    pub table: String,
    /// Rows in the new file.
    pub saved: u64,
    /// Rows that were read, but belong to something that is lost or do not decode.
    pub dropped: u64,
    /// Ranges of rows that could not be read; how many rows were in them nobody knows.
    pub gaps: u64,
}

/// Reads everything that can be read of `from` into the new file `to`.
///
/// # Errors
/// `AlreadyExists` when `to` is there, `Newer`, `Corrupt` when not even the list of
/// tables can be read, `Access`, `Full`.
pub fn rescue(from: &Path, to: &Path) -> Result<Vec<Rescued>> {
    if to.exists() {
        return Err(StoreError::AlreadyExists(format!(
            "{} is there already; a rescue writes a new file.",
            to.display()
        )));
    }
    let source = open_untouched(from)?;
    // Reads a file that is shorter than it says; nothing can be written through it.
    source.pragma_update(None, "writable_schema", true)?;
    // That the beginning is damaged does not keep tables from being read.
    if let Err(error @ (StoreError::Newer { .. } | StoreError::Access { .. })) =
        schema::known(&source, from)
    {
        return Err(error);
    }
    let readable = schema::tables(&source);
    if readable.is_empty() {
        return Err(StoreError::Corrupt(from.display().to_string()));
    }
    // The schema that the file has; Store::open brings it up to date afterwards.
    let target = schema::create_as(&source, to)?;
    target.pragma_update(None, "foreign_keys", false)?;
    let mut report = Vec::new();
    for table in schema::tables(&target) {
        if table == "migrations" {
            continue;
        }
        let mut rescued = Rescued {
            table: table.clone(),
            saved: 0,
            dropped: 0,
            gaps: 0,
        };
        if readable.contains(&table) {
            copy(&source, &target, &mut rescued)?;
        } else {
            rescued.gaps = 1;
        }
        report.push(rescued);
    }
    series_by_index(&source, &target)?;
    mend(&target, &mut report)?;
    aliases_by_history(&target)?;
    drop(target);
    // Applies what is newer, and says whether the new file opens.
    Store::open(to, StoreOptions::default())?;
    for rescued in &mut report {
        let conn = open_untouched(to)?;
        let rows: i64 = conn.query_row(
            &format!("SELECT count(*) FROM \"{}\"", rescued.table),
            [],
            |row| row.get(0),
        )?;
        let rows = u64::try_from(rows).unwrap_or(0);
        rescued.dropped += rescued.saved.saturating_sub(rows);
        rescued.saved = rows;
    }
    Ok(report)
}

/// A range of keys that has not been read: from and to, both included.
type Range = (i64, i64);

fn copy(source: &Connection, target: &Connection, rescued: &mut Rescued) -> Result<()> {
    let table = rescued.table.clone();
    let theirs = schema::columns(source, &table);
    let columns: Vec<String> = schema::columns(target, &table)
        .into_iter()
        .filter(|column| theirs.contains(column))
        .collect();
    if columns.is_empty() {
        rescued.gaps = 1;
        return Ok(());
    }
    let list = columns
        .iter()
        .map(|column| format!("\"{column}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let marks = vec!["?"; columns.len()].join(", ");
    target.execute_batch("BEGIN")?;
    {
        let mut insert = target.prepare(&format!(
            "INSERT OR IGNORE INTO \"{table}\" ({list}) VALUES ({marks})"
        ))?;
        let mut put = |values: Vec<Value>| -> Result<()> {
            match insert.execute(params_from_iter(values)) {
                Ok(new) => rescued.saved += u64::try_from(new).unwrap_or(0),
                // What was read is no row: a type or a limit is broken.
                Err(error)
                    if error.sqlite_error_code()
                        == Some(rusqlite::ErrorCode::ConstraintViolation) =>
                {
                    rescued.dropped += 1;
                }
                Err(error) => return Err(error.into()),
            }
            Ok(())
        };
        // Rows are found by the number that the table is sorted by.
        let key = schema::sorted_by(source, &table);
        let mut gaps = VecDeque::from([(0, i64::MAX)]);
        let mut attempts = 0;
        while let Some((low, high)) = gaps.pop_front() {
            attempts += 1;
            if attempts > ATTEMPTS {
                rescued.gaps += 1;
                continue;
            }
            let up = read(
                source,
                &table,
                &list,
                key.as_deref(),
                (low, high),
                "ASC",
                &mut put,
            )?;
            let Stopped::At(first) = up else { continue };
            let down = read(
                source,
                &table,
                &list,
                key.as_deref(),
                (low, high),
                "DESC",
                &mut put,
            )?;
            let Stopped::At(last) = down else { continue };
            if key.is_none() {
                rescued.gaps += 1;
                continue;
            }
            let low = first.map_or(low, |first| first.saturating_add(1));
            let high = last.map_or(high, |last| last.saturating_sub(1));
            if low >= high {
                rescued.gaps += 1;
                continue;
            }
            let middle = i64::midpoint(low, high);
            gaps.extend([(low, middle), (middle + 1, high)] as [Range; 2]);
        }
    }
    target.execute_batch("COMMIT")?;
    Ok(())
}

/// How far a range was read.
enum Stopped {
    /// Wholly.
    Not,
    /// Until something could not be read; the key of the last row before it.
    At(Option<i64>),
}

fn read(
    source: &Connection,
    table: &str,
    list: &str,
    key: Option<&str>,
    (low, high): Range,
    order: &str,
    put: &mut dyn FnMut(Vec<Value>) -> Result<()>,
) -> Result<Stopped> {
    let sql = match key {
        Some(key) => format!(
            "SELECT {key}, {list} FROM \"{table}\" NOT INDEXED WHERE {key} BETWEEN {low} AND {high} ORDER BY {key} {order}"
        ),
        None => format!("SELECT 0, {list} FROM \"{table}\""),
    };
    let mut last = None;
    let Ok(mut statement) = source.prepare(&sql) else {
        return Ok(Stopped::At(None));
    };
    let columns = statement.column_count();
    let Ok(mut rows) = statement.query([]) else {
        return Ok(Stopped::At(None));
    };
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let values: rusqlite::Result<Vec<Value>> =
                    (1..columns).map(|column| row.get(column)).collect();
                match values {
                    Ok(values) => put(values)?,
                    Err(_) => return Ok(Stopped::At(last)),
                }
                last = row.get(0).ok().or(last);
            }
            Ok(None) => return Ok(Stopped::Not),
            Err(_) => return Ok(Stopped::At(last)),
        }
    }
}

/// Adds the series whose rows are lost, but not their entries in an index: the chunks of a
/// series, which are most of a store, say neither run nor metric. What the chunks hold is
/// written into the row afterwards.
fn series_by_index(source: &Connection, target: &Connection) -> Result<()> {
    let mut insert = target.prepare(
        "INSERT OR IGNORE INTO series (id, run, metric, last_step, last_ts, points, next_chunk, loose,
            end_ts, end_step, ordered) VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0, 0, 0, 1)",
    )?;
    // Each has all three columns, so that the rows themselves are not read.
    for (index, column) in [
        ("sqlite_autoindex_series_1", "run"),
        ("series_by_value", "metric"),
    ] {
        for order in ["ASC", "DESC"] {
            let sql = format!(
                "SELECT id, run, metric FROM series INDEXED BY {index} ORDER BY {column} {order}"
            );
            // An older file may not have it, and it may be damaged too.
            let Ok(mut statement) = source.prepare(&sql) else {
                continue;
            };
            let Ok(mut rows) = statement.query([]) else {
                continue;
            };
            while let Ok(Some(row)) = rows.next() {
                let entry: rusqlite::Result<[i64; 3]> =
                    (|| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))();
                if let Ok(entry) = entry {
                    insert.execute(entry)?;
                }
            }
        }
    }
    Ok(())
}

/// Lets aliases stand for what a history that was saved whole says, where the versions
/// are there.
fn aliases_by_history(target: &Connection) -> Result<()> {
    // An older file has none.
    if !schema::tables(target)
        .iter()
        .any(|table| table == "registry_history")
    {
        return Ok(());
    }
    let verified = Reader { conn: target }.verify_registry_history(None)?;
    if !matches!(verified.broken, Some(Broken::Alias(..))) {
        return Ok(());
    }
    target.execute_batch(&format!(
        "WITH {STANDS}
         INSERT OR REPLACE INTO aliases (model, alias, version)
         SELECT s.model, s.alias, s.version FROM stands s JOIN model_versions v
            ON v.model = s.model AND v.version = s.version AND v.deleted = 0"
    ))?;
    Ok(())
}

/// Makes what was saved fit together: runs get an experiment, series say what their
/// chunks hold, and what belongs to nothing goes.
fn mend(target: &Connection, report: &mut [Rescued]) -> Result<()> {
    target.execute_batch("BEGIN")?;
    target.execute_batch(
        "INSERT OR IGNORE INTO experiments (id, name, artifact_location, created_at, updated_at)
         SELECT DISTINCT experiment, 'rescued ' || experiment, 'mlflow-artifacts:/' || experiment, 0, 0
         FROM runs WHERE experiment NOT IN (SELECT id FROM experiments);
         INSERT OR IGNORE INTO metric_names (id, name)
         SELECT DISTINCT metric, 'rescued ' || metric FROM series
         WHERE metric NOT IN (SELECT id FROM metric_names);",
    )?;
    // What belongs to a row that is lost, until nothing does.
    loop {
        let broken: Vec<(String, Option<i64>)> = target
            .prepare("SELECT \"table\", rowid FROM pragma_foreign_key_check")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut gone = 0;
        for (table, row) in &broken {
            if let Some(row) = row {
                gone +=
                    target.execute(&format!("DELETE FROM \"{table}\" WHERE rowid = ?1"), [row])?;
            }
        }
        for (table, column, parent, key) in [
            ("params", "run", "runs", "id"),
            ("tags", "run", "runs", "id"),
            ("dataset_inputs", "run", "runs", "id"),
            ("dataset_inputs", "dataset", "datasets", "id"),
            ("model_inputs", "run", "runs", "id"),
            ("model_outputs", "run", "runs", "id"),
            ("experiment_tags", "experiment", "experiments", "id"),
            (
                "logged_model_params",
                "model_id",
                "logged_models",
                "model_id",
            ),
            ("logged_model_tags", "model_id", "logged_models", "model_id"),
            ("registered_model_tags", "model", "registered_models", "id"),
            ("model_versions", "model", "registered_models", "id"),
            ("aliases", "model", "registered_models", "id"),
        ] {
            gone += target.execute(
                &format!("DELETE FROM {table} WHERE {column} NOT IN (SELECT {key} FROM {parent})"),
                [],
            )?;
        }
        gone += target.execute(
            "DELETE FROM model_version_tags WHERE NOT EXISTS (SELECT 1 FROM model_versions v
             WHERE v.model = model_version_tags.model AND v.version = model_version_tags.version)",
            [],
        )?;
        if gone == 0 {
            break;
        }
    }
    target.execute_batch(
        "DELETE FROM aliases WHERE NOT EXISTS (SELECT 1 FROM model_versions v WHERE v.model = aliases.model
            AND v.version = aliases.version AND v.deleted = 0);
         UPDATE registered_models SET next_version = max(next_version,
            (SELECT coalesce(max(version), 0) + 1 FROM model_versions WHERE model = registered_models.id));
         DELETE FROM artifacts WHERE owner NOT IN (SELECT run_id FROM runs)
            AND owner NOT IN (SELECT model_id FROM logged_models);",
    )?;
    let damaged = chunks(target)?;
    if let Some(rescued) = report.iter_mut().find(|rescued| rescued.table == "chunks") {
        rescued.dropped += damaged;
        rescued.saved = rescued.saved.saturating_sub(damaged);
    }
    target.execute_batch("COMMIT")?;
    Ok(())
}

/// Drops chunks that do not decode or have no series, and makes each series say what
/// its chunks hold.
fn chunks(target: &Connection) -> Result<u64> {
    let mut damaged = Vec::new();
    {
        let mut statement = target.prepare("SELECT id, points, data FROM chunks")?;
        let mut rows = statement.query([])?;
        let mut samples = Vec::new();
        while let Some(row) = rows.next()? {
            samples.clear();
            chunk::decode(row.get_ref(2)?.as_blob().unwrap_or_default(), &mut samples);
            if i64::try_from(samples.len()) != Ok(row.get::<_, i64>(1)?) || samples.is_empty() {
                damaged.push(row.get::<_, i64>(0)?);
            }
        }
    }
    for id in &damaged {
        target.execute("DELETE FROM chunks WHERE id = ?1", [id])?;
    }
    target.execute(
        "DELETE FROM chunks WHERE NOT EXISTS (SELECT 1 FROM series s WHERE s.id = chunks.id >> 20)",
        [],
    )?;
    let series: Vec<i64> = target
        .prepare("SELECT id FROM series")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in series {
        recount(target, id)?;
    }
    Ok(u64::try_from(damaged.len()).unwrap_or(u64::MAX))
}

fn recount(target: &Connection, series: i64) -> Result<()> {
    let (mut points, mut loose, mut next) = (0_i64, 0_i64, 0_i64);
    let (mut least, mut greatest): (Option<f64>, Option<f64>) = (None, None);
    let mut last: Option<Sample> = None;
    let mut end = (i64::MIN, i64::MIN);
    let mut ordered = true;
    {
        let mut statement = target.prepare_cached(
            "SELECT id, summary IS NULL, data FROM chunks WHERE id >= ?1 AND id < ?2 ORDER BY id",
        )?;
        let mut rows = statement.query([series << CHUNK_BITS, (series + 1) << CHUNK_BITS])?;
        let mut samples = Vec::new();
        while let Some(row) = rows.next()? {
            samples.clear();
            chunk::decode(row.get_ref(2)?.as_blob().unwrap_or_default(), &mut samples);
            next = (row.get::<_, i64>(0)? & ((1 << CHUNK_BITS) - 1)) + 1;
            loose = if row.get(1)? { loose + 1 } else { 0 };
            for sample in &samples {
                points += 1;
                if !sample.value.is_nan() {
                    least = Some(least.map_or(sample.value, |v| v.min(sample.value)));
                    greatest = Some(greatest.map_or(sample.value, |v| v.max(sample.value)));
                }
                ordered &= sample.timestamp >= end.0
                    && sample.step >= end.1
                    && (sample.timestamp, sample.step) != end;
                end = (end.0.max(sample.timestamp), end.1.max(sample.step));
                if last.is_none_or(|last| sample.by_step(&last).is_gt()) {
                    last = Some(*sample);
                }
            }
        }
    }
    let Some(last) = last else {
        target.execute("DELETE FROM series WHERE id = ?1", [series])?;
        return Ok(());
    };
    target.execute(
        "UPDATE series SET last_value = ?2, last_step = ?3, last_ts = ?4, min_value = ?5, max_value = ?6,
            points = ?7, next_chunk = ?8, loose = ?9, end_ts = ?10, end_step = ?11, ordered = ?12
         WHERE id = ?1",
        rusqlite::params![
            series,
            (!last.value.is_nan()).then_some(last.value),
            last.step,
            last.timestamp,
            least,
            greatest,
            points,
            next,
            loose,
            end.0,
            end.1,
            ordered
        ],
    )?;
    Ok(())
}
