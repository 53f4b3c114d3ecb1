//! Makes what was saved fit together: series say what their chunks hold, and what belongs
//! to nothing goes.

use rusqlite::{Connection, OptionalExtension as _};

use super::Rescued;
use crate::chunk::{self, Sample};
use crate::registry_history::{Broken, STANDS};
use crate::{Reader, Result, schema};

/// Low bits of a chunk's id that count the chunks of a series.
const CHUNK_BITS: u32 = 20;

/// Lets aliases stand for what a history that was saved whole says, where the versions
/// are there.
pub(super) fn aliases_by_history(target: &Connection) -> Result<()> {
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

/// Removes what belongs to nothing, and lets series say what their chunks hold.
pub(super) fn mend(target: &Connection, report: &mut [Rescued]) -> Result<()> {
    target.execute_batch("BEGIN")?;
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
    // An older file has no such column, nor `varies`.
    if target.column_exists(None, "runs", "archived")? {
        target.execute_batch(
            "UPDATE runs SET archived = NOT archived WHERE archived
                <> EXISTS (SELECT 1 FROM tags WHERE run = runs.id AND key = 'skerry.archived')",
        )?;
    }
    let (damaged, rebuilt) = chunks(target)?;
    if let Some(rescued) = report.iter_mut().find(|rescued| rescued.table == "chunks") {
        rescued.dropped += damaged;
        rescued.saved = rescued.saved.saturating_sub(damaged) + rebuilt;
        rescued.rebuilt += rebuilt;
    }
    if target.column_exists(None, "series", "varies")? {
        target.execute_batch(
            "UPDATE series SET varies = NOT varies
             WHERE varies = (last_value IS min_value AND last_value IS max_value)",
        )?;
    }
    target.execute_batch("COMMIT")?;
    Ok(())
}

/// Drops chunks that do not decode or have no series, and makes each series say what
/// its chunks hold. Answers how many were dropped, and how many were made again.
fn chunks(target: &Connection) -> Result<(u64, u64)> {
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
    let mut rebuilt = 0;
    for id in series {
        rebuilt += u64::from(recount(target, id)?);
    }
    Ok((damaged.len() as u64, rebuilt))
}

/// Answers whether the latest point was only in the row, and was made again.
fn recount(target: &Connection, series: i64) -> Result<bool> {
    let said = target
        .prepare_cached(
            "SELECT last_value, last_step, last_ts FROM series WHERE id = ?1 AND points > 0",
        )?
        .query_row([series], |row| {
            Ok(Sample {
                value: row.get::<_, Option<f64>>(0)?.unwrap_or(f64::NAN),
                step: row.get(1)?,
                timestamp: row.get(2)?,
            })
        })
        .optional()?;
    let (mut points, mut loose, mut next) = (0_i64, 0_i64, 0_i64);
    let (mut least, mut greatest): (Option<f64>, Option<f64>) = (None, None);
    let mut last: Option<Sample> = None;
    let mut end = (i64::MIN, i64::MIN);
    let mut ordered = true;
    let mut add = |sample: &Sample| {
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
        last
    };
    let mut latest = None;
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
                latest = add(sample);
            }
        }
    }
    let lost =
        said.filter(|said| latest.is_none_or(|latest: Sample| said.by_step(&latest).is_gt()));
    if let Some(said) = &lost {
        add(said);
        target.execute(
            "INSERT INTO chunks (id, points, data) VALUES (?1, 1, ?2)",
            rusqlite::params![(series << CHUNK_BITS) | next, chunk::encode([said])],
        )?;
        (next, loose) = (next + 1, loose + 1);
    }
    let Some(last) = last else {
        target.execute("DELETE FROM series WHERE id = ?1", [series])?;
        return Ok(false);
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
    Ok(lost.is_some())
}
