//! Metrics: appending points, the latest of each, whole histories.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};
use skerry_domain::tracking::MetricPoint;

use crate::chunk::{self, Sample};
use crate::{Reader, Result, Tx};

/// So many single appends wait before they are merged into chunks.
const LOOSE: i64 = 256;
/// Low bits of a chunk's id that count the chunks of a series.
const CHUNK_BITS: u32 = 20;

/// A part of a metric's history.
#[derive(Debug, Clone, Default)]
pub struct HistoryPage {
    /// By time, step, value.
    pub samples: Vec<Sample>,
    /// Where the next part begins, when there is one.
    pub next: Option<usize>,
}

/// What the row of a series holds.
pub(crate) struct Series {
    pub id: i64,
    pub last: Sample,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub points: i64,
    pub next_chunk: i64,
    pub loose: i64,
    end: (i64, i64),
    pub ordered: bool,
}

const SERIES: &str = "s.id, s.last_value, s.last_step, s.last_ts, s.min_value, s.max_value, s.points, \
     s.next_chunk, s.loose, s.end_ts, s.end_step, s.ordered";

fn series_from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Series> {
    Ok(Series {
        id: row.get(0)?,
        last: Sample {
            value: row.get::<_, Option<f64>>(1)?.unwrap_or(f64::NAN),
            step: row.get(2)?,
            timestamp: row.get(3)?,
        },
        min: row.get(4)?,
        max: row.get(5)?,
        points: row.get(6)?,
        next_chunk: row.get(7)?,
        loose: row.get(8)?,
        end: (row.get(9)?, row.get(10)?),
        ordered: row.get(11)?,
    })
}

fn null_if_nan(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

pub(crate) fn chunk_id(series: i64, number: i64) -> i64 {
    (series << CHUNK_BITS) | number
}

impl Reader<'_> {
    /// Latest point of each metric of a run, by name.
    pub(crate) fn latest_metrics(&self, run: i64) -> Result<Vec<MetricPoint>> {
        let mut statement = self.conn().prepare_cached(
            "SELECT m.name, s.last_value, s.last_ts, s.last_step
             FROM series s JOIN metric_names m ON m.id = s.metric WHERE s.run = ?1 ORDER BY m.name",
        )?;
        let rows = statement.query_map([run], |row| {
            Ok(MetricPoint::new(
                row.get::<_, String>(0)?,
                row.get::<_, Option<f64>>(1)?.unwrap_or(f64::NAN),
                row.get(2)?,
                row.get(3)?,
            ))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(crate) fn series(&self, run_id: &str, key: &str) -> Result<Option<Series>> {
        let run = self.run_number(run_id)?;
        Ok(self
            .conn()
            .prepare_cached(&format!(
                "SELECT {SERIES} FROM series s JOIN metric_names m ON m.id = s.metric
                 WHERE s.run = ?1 AND m.name = ?2"
            ))?
            .query_row(params![run, key], series_from_row)
            .optional()?)
    }

    /// Points of a metric from number `offset` on, at most `limit` of them. An
    /// unknown metric has none.
    ///
    /// # Errors
    /// `NotFound` for the run.
    pub fn metric_history(
        &self,
        run_id: &str,
        key: &str,
        offset: usize,
        limit: Option<usize>,
    ) -> Result<HistoryPage> {
        let Some(series) = self.series(run_id, key)? else {
            return Ok(HistoryPage::default());
        };
        let limit = limit.unwrap_or(usize::MAX);
        if !series.ordered {
            let mut samples = self.all_samples(&series)?;
            let total = samples.len();
            samples.drain(..offset.min(total));
            samples.truncate(limit);
            let end = offset.saturating_add(samples.len());
            return Ok(HistoryPage {
                samples,
                next: (end < total).then_some(end),
            });
        }
        let mut samples = Vec::new();
        let mut skip = offset;
        let mut more = false;
        let mut statement = self.conn().prepare_cached(
            "SELECT points, data FROM chunks WHERE id >= ?1 AND id < ?2 ORDER BY id",
        )?;
        let mut rows = statement.query([chunk_id(series.id, 0), chunk_id(series.id + 1, 0)])?;
        while let Some(row) = rows.next()? {
            if samples.len() >= limit.saturating_add(skip) {
                more = true;
                break;
            }
            let points: usize = row.get(0)?;
            if skip >= points && samples.is_empty() {
                skip -= points;
                continue;
            }
            chunk::decode(row.get_ref(1)?.as_blob()?, &mut samples);
        }
        samples.drain(..skip.min(samples.len()));
        if samples.len() > limit {
            more = true;
            samples.truncate(limit);
        }
        let end = offset.saturating_add(samples.len());
        Ok(HistoryPage {
            samples,
            next: more.then_some(end),
        })
    }

    /// Every point of a series once, by time, step, value.
    pub(crate) fn all_samples(&self, series: &Series) -> Result<Vec<Sample>> {
        let mut samples = Vec::new();
        let mut statement = self
            .conn()
            .prepare_cached("SELECT data FROM chunks WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
        let mut rows = statement.query([chunk_id(series.id, 0), chunk_id(series.id + 1, 0)])?;
        while let Some(row) = rows.next()? {
            chunk::decode(row.get_ref(0)?.as_blob()?, &mut samples);
        }
        if !series.ordered {
            tidy(&mut samples);
        }
        Ok(samples)
    }
}

/// Puts points in order and leaves out those that came twice.
fn tidy(samples: &mut Vec<Sample>) {
    samples.sort_unstable_by(Sample::by_time);
    samples.dedup_by(|a, b| a.same(b));
}

impl Tx<'_> {
    fn metric_name(&self, name: &str) -> Result<i64> {
        if let Some(id) = self.metric_names.borrow().get(name) {
            return Ok(*id);
        }
        let found = self
            .conn()
            .prepare_cached("SELECT id FROM metric_names WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                self.conn()
                    .prepare_cached("INSERT INTO metric_names (name) VALUES (?1)")?
                    .execute([name])?;
                self.conn().last_insert_rowid()
            }
        };
        let mut names = self.metric_names.borrow_mut();
        // A script that makes up names does not eat the memory.
        if names.len() > 10_000 {
            names.clear();
        }
        names.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Appends points to the metrics of a run. A point that is there already is
    /// dropped, here or when the history is read.
    pub(crate) fn put_metrics(&self, run: i64, run_id: &str, points: &[MetricPoint]) -> Result<()> {
        let sample = |point: &MetricPoint| Sample {
            step: point.step,
            timestamp: point.timestamp,
            value: point.value,
        };
        if let [point] = points {
            self.append(run, &point.key, &[sample(point)])?;
        } else {
            let mut order: Vec<&str> = Vec::new();
            let mut grouped: HashMap<&str, Vec<Sample>> = HashMap::new();
            for point in points {
                grouped
                    .entry(&point.key)
                    .or_insert_with(|| {
                        order.push(&point.key);
                        Vec::new()
                    })
                    .push(sample(point));
            }
            for key in order {
                if let Some(samples) = grouped.get(key) {
                    self.append(run, key, samples)?;
                }
            }
        }
        for point in points.iter().filter(|point| point.model_id.is_some()) {
            self.put_model_metric(run_id, point)?;
        }
        Ok(())
    }

    fn append(&self, run: i64, key: &str, samples: &[Sample]) -> Result<()> {
        let metric = self.metric_name(key)?;
        let known = self
            .conn()
            .prepare_cached(&format!(
                "SELECT {SERIES} FROM series s WHERE s.run = ?1 AND s.metric = ?2"
            ))?
            .query_row([run, metric], series_from_row)
            .optional()?;
        let mut fresh: Vec<Sample> = Vec::with_capacity(samples.len());
        let mut series = None;
        for sample in samples {
            let series = series.get_or_insert_with(|| known.as_ref().map(Running::of));
            match series {
                Some(running) => {
                    if !running.take(sample) {
                        continue;
                    }
                }
                None => *series = Some(Running::first(sample)),
            }
            fresh.push(*sample);
        }
        let Some(running) = series.flatten() else {
            return Ok(());
        };
        if fresh.is_empty() {
            return Ok(());
        }
        let added = i64::try_from(fresh.len()).unwrap_or(i64::MAX);
        let id = match &known {
            None => self
                .conn()
                .prepare_cached(
                    "INSERT INTO series (run, metric, last_value, last_step, last_ts, min_value, max_value,
                        points, next_chunk, loose, end_ts, end_step, ordered)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 1, ?9, ?10, ?11) RETURNING id",
                )?
                .query_row(
                    params![
                        run,
                        metric,
                        null_if_nan(running.last.value),
                        running.last.step,
                        running.last.timestamp,
                        running.min,
                        running.max,
                        added,
                        running.end.0,
                        running.end.1,
                        running.ordered
                    ],
                    |row| row.get(0),
                )?,
            Some(series) => {
                self.conn()
                    .prepare_cached(
                        "UPDATE series SET last_value = ?2, last_step = ?3, last_ts = ?4, min_value = ?5,
                            max_value = ?6, points = points + ?7, next_chunk = next_chunk + 1,
                            loose = loose + 1, end_ts = ?8, end_step = ?9, ordered = ?10
                         WHERE id = ?1",
                    )?
                    .execute(params![
                        series.id,
                        null_if_nan(running.last.value),
                        running.last.step,
                        running.last.timestamp,
                        running.min,
                        running.max,
                        added,
                        running.end.0,
                        running.end.1,
                        running.ordered
                    ])?;
                series.id
            }
        };
        let number = known.as_ref().map_or(0, |series| series.next_chunk);
        self.put_chunk(id, number, fresh.len(), None, &chunk::encode(&fresh))?;
        if let Some(series) = known
            && series.loose + 1 >= LOOSE
        {
            self.merge(id, number + 1, series.loose + 1, running.ordered)?;
        }
        Ok(())
    }

    fn put_chunk(
        &self,
        series: i64,
        number: i64,
        points: usize,
        summary: Option<&[u8]>,
        data: &[u8],
    ) -> Result<()> {
        self.conn()
            .prepare_cached(
                "INSERT INTO chunks (id, points, summary, data) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![chunk_id(series, number), points, summary, data])?;
        Ok(())
    }

    /// Merges the loose appends at the end of a series, and the last chunk when it
    /// is not full, into chunks with summaries.
    fn merge(&self, series: i64, next: i64, loose: i64, ordered: bool) -> Result<()> {
        let mut first = next - loose;
        if first > 0 {
            let open: Option<usize> = self
                .conn()
                .prepare_cached("SELECT points FROM chunks WHERE id = ?1")?
                .query_row([chunk_id(series, first - 1)], |row| row.get(0))
                .optional()?;
            if open.is_some_and(|points| points < chunk::FULL) {
                first -= 1;
            }
        }
        let range = [chunk_id(series, first), chunk_id(series, next)];
        let mut samples = Vec::new();
        {
            let mut statement = self
                .conn()
                .prepare_cached("SELECT data FROM chunks WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
            let mut rows = statement.query(range)?;
            while let Some(row) = rows.next()? {
                chunk::decode(row.get_ref(0)?.as_blob()?, &mut samples);
            }
        }
        let before = samples.len();
        if !ordered {
            tidy(&mut samples);
        }
        self.conn()
            .prepare_cached("DELETE FROM chunks WHERE id >= ?1 AND id < ?2")?
            .execute(range)?;
        for part in samples.chunks(chunk::FULL) {
            self.put_chunk(
                series,
                first,
                part.len(),
                Some(&chunk::summary(part)),
                &chunk::encode(part),
            )?;
            first += 1;
        }
        self.conn()
            .prepare_cached(
                "UPDATE series SET next_chunk = ?2, loose = 0, points = points - ?3 WHERE id = ?1",
            )?
            .execute(params![series, first, before - samples.len()])?;
        Ok(())
    }
}

/// A series while points are appended to it.
struct Running {
    last: Sample,
    min: Option<f64>,
    max: Option<f64>,
    end: (i64, i64),
    ordered: bool,
}

impl Running {
    fn of(series: &Series) -> Self {
        Self {
            last: series.last,
            min: series.min,
            max: series.max,
            end: series.end,
            ordered: series.ordered,
        }
    }

    fn first(sample: &Sample) -> Self {
        let value = null_if_nan(sample.value);
        Self {
            last: *sample,
            min: value,
            max: value,
            end: (sample.timestamp, sample.step),
            ordered: true,
        }
    }

    /// False for a point that is the latest already: a request that came twice.
    fn take(&mut self, sample: &Sample) -> bool {
        let nan = sample.value.is_nan() && self.last.value.is_nan();
        if sample.same(&self.last)
            || (nan && (sample.step, sample.timestamp) == (self.last.step, self.last.timestamp))
        {
            return false;
        }
        let (ts, step) = self.end;
        self.ordered &= sample.timestamp >= ts
            && sample.step >= step
            && (sample.timestamp, sample.step) != self.end;
        self.end = (ts.max(sample.timestamp), step.max(sample.step));
        if sample.by_step(&self.last).is_gt() {
            self.last = *sample;
        }
        if let Some(value) = null_if_nan(sample.value) {
            self.min = Some(self.min.map_or(value, |min| min.min(value)));
            self.max = Some(self.max.map_or(value, |max| max.max(value)));
        }
        true
    }
}
