//! Metrics: appending points. Histories are read in history.rs, charts in chart.rs.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};
use skerry_domain::Change;
use skerry_domain::tracking::MetricPoint;

use crate::chunk::{self, Sample};
use crate::{Reader, Result, Tx};

/// So many single appends wait before they are merged into chunks.
const LOOSE: i64 = 256;
/// Or about so many points, when they come in batches.
const LOOSE_POINTS: i64 = 16_384;
/// Low bits of a chunk's id that count the chunks of a series.
const CHUNK_BITS: u32 = 20;
/// So many full chunks are opened again for points that came late.
const FURTHEST_BACK: i64 = 16;

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
    pub order: InOrder,
}

/// How the points of a series lie in its chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InOrder {
    /// Merged chunks overlap: all of them are looked at to put points in order.
    No,
    /// Points came by time and step, each once.
    Yes,
    /// Only points that have not been merged yet came late; merging puts them right.
    NotYet,
}

impl InOrder {
    fn of(number: i64) -> Self {
        match number {
            1 => Self::Yes,
            2 => Self::NotYet,
            _ => Self::No,
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::No => 0,
            Self::Yes => 1,
            Self::NotYet => 2,
        }
    }
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
        order: InOrder::of(row.get(11)?),
    })
}

fn null_if_nan(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// Whether the least or the greatest value is not the last one. Once it was so, the
/// column of that name says it for good.
fn varies(last: &Sample, min: Option<f64>, max: Option<f64>) -> bool {
    let last = null_if_nan(last.value);
    last != min || last != max
}

pub(crate) fn chunk_id(series: i64, number: i64) -> i64 {
    (series << CHUNK_BITS) | number
}

impl Reader<'_> {
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
        let mut appends = Appends::default();
        appends.points(self, run, points)?;
        appends.flush(self)?;
        for point in points.iter().filter(|point| point.model_id.is_some()) {
            self.put_model_metric(run_id, point)?;
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

    /// The points of some chunks of a series as they lie there.
    fn samples(&self, series: i64, chunks: std::ops::Range<i64>) -> Result<Vec<Sample>> {
        let mut samples = Vec::new();
        let mut statement = self
            .conn()
            .prepare_cached("SELECT data FROM chunks WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
        let mut rows =
            statement.query([chunk_id(series, chunks.start), chunk_id(series, chunks.end)])?;
        while let Some(row) = rows.next()? {
            chunk::decode(row.get_ref(0)?.as_blob()?, &mut samples);
        }
        Ok(samples)
    }

    /// Merges the loose appends at the end of a series, and the last chunk when it
    /// is not full, into chunks with summaries. Points that came late are put where
    /// they belong when that is not far back.
    fn merge(&self, series: i64, next: i64, loose: i64, mut order: InOrder) -> Result<()> {
        let mut first = next - loose;
        let mut samples = self.samples(series, first..next)?;
        if order != InOrder::Yes {
            samples.sort_by(Sample::by_time);
        }
        let furthest = first - FURTHEST_BACK;
        let mut before = Vec::new();
        while first > 0 {
            before = self.samples(series, first - 1..first)?;
            let late = order == InOrder::NotYet
                && before
                    .last()
                    .zip(samples.first())
                    .is_some_and(|(end, start)| !start.follows(end));
            if before.len() >= chunk::FULL && !(late && first > furthest) {
                break;
            }
            first -= 1;
            before.append(&mut samples);
            samples = std::mem::take(&mut before);
            if order != InOrder::Yes {
                samples.sort_by(Sample::by_time);
            }
        }
        let came = samples.len();
        if order != InOrder::Yes {
            samples.dedup_by(|a, b| a.same(b));
        }
        if order == InOrder::NotYet {
            let all = before.last().into_iter().chain(&samples);
            order = if all.clone().zip(all.skip(1)).all(|(a, b)| b.follows(a)) {
                InOrder::Yes
            } else {
                InOrder::No
            };
        }
        self.conn()
            .prepare_cached("DELETE FROM chunks WHERE id >= ?1 AND id < ?2")?
            .execute([chunk_id(series, first), chunk_id(series, next)])?;
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
                "UPDATE series SET next_chunk = ?2, loose = 0, points = points - ?3, ordered = ?4
                 WHERE id = ?1",
            )?
            .execute(params![series, first, came - samples.len(), order.number()])?;
        Ok(())
    }
}

/// Points on their way into the store. What several requests append to a series is
/// written once: one chunk and one change of the series' row.
#[derive(Default)]
pub(crate) struct Appends {
    /// Runs that may be written to, by id.
    runs: HashMap<String, i64>,
    /// Where the appends of a run's metric are in `series`.
    places: HashMap<(i64, i64), usize>,
    series: Vec<Appended>,
}

struct Appended {
    run: i64,
    metric: i64,
    known: Option<Series>,
    running: Option<Running>,
    fresh: Vec<Sample>,
}

impl Appends {
    /// Takes points that a client logs to a run. Nothing is written before
    /// [`Appends::flush`] but the journal.
    pub(crate) fn log(
        &mut self,
        tx: &Tx<'_>,
        run_id: String,
        points: Vec<MetricPoint>,
    ) -> Result<()> {
        let run = match self.runs.get(&run_id) {
            Some(run) => *run,
            None => {
                let run = tx.active_run(&run_id)?.id;
                self.runs.insert(run_id.clone(), run);
                run
            }
        };
        self.points(tx, run, &points)?;
        tx.journal(|| Change::Metrics { run_id, points })
    }

    fn points(&mut self, tx: &Tx<'_>, run: i64, points: &[MetricPoint]) -> Result<()> {
        // Points of one metric mostly come together.
        let mut last: Option<(&str, usize)> = None;
        for point in points {
            let place = match last {
                Some((key, place)) if key == point.key => place,
                _ => self.place(tx, run, &point.key)?,
            };
            last = Some((&point.key, place));
            if let Some(series) = self.series.get_mut(place) {
                series.take(Sample {
                    step: point.step,
                    timestamp: point.timestamp,
                    value: point.value,
                });
            }
        }
        Ok(())
    }

    fn place(&mut self, tx: &Tx<'_>, run: i64, key: &str) -> Result<usize> {
        let metric = tx.metric_name(key)?;
        if let Some(place) = self.places.get(&(run, metric)) {
            return Ok(*place);
        }
        let known = tx
            .conn()
            .prepare_cached(&format!(
                "SELECT {SERIES} FROM series s WHERE s.run = ?1 AND s.metric = ?2"
            ))?
            .query_row([run, metric], series_from_row)
            .optional()?;
        let place = self.series.len();
        self.places.insert((run, metric), place);
        self.series.push(Appended {
            run,
            metric,
            running: known.as_ref().map(Running::of),
            known,
            fresh: Vec::new(),
        });
        Ok(place)
    }

    /// Writes what was taken.
    pub(crate) fn flush(&mut self, tx: &Tx<'_>) -> Result<()> {
        self.runs.clear();
        self.places.clear();
        for series in self.series.drain(..) {
            series.write(tx)?;
        }
        Ok(())
    }

    /// Forgets what was taken.
    pub(crate) fn clear(&mut self) {
        self.runs.clear();
        self.places.clear();
        self.series.clear();
    }
}

impl Appended {
    fn take(&mut self, sample: Sample) {
        match &mut self.running {
            Some(running) => {
                if !running.take(&sample) {
                    return;
                }
            }
            None => self.running = Some(Running::first(&sample)),
        }
        self.fresh.push(sample);
    }

    fn write(self, tx: &Tx<'_>) -> Result<()> {
        let Some(running) = self.running.filter(|_| !self.fresh.is_empty()) else {
            return Ok(());
        };
        let added = i64::try_from(self.fresh.len()).unwrap_or(i64::MAX);
        let id = match &self.known {
            None => {
                tx.conn()
                    .prepare_cached(
                        "INSERT INTO series (run, metric, last_value, last_step, last_ts, min_value, max_value,
                            points, next_chunk, loose, end_ts, end_step, ordered, varies)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 1, ?9, ?10, ?11, ?12)",
                    )?
                    .execute(params![
                        self.run,
                        self.metric,
                        null_if_nan(running.last.value),
                        running.last.step,
                        running.last.timestamp,
                        running.min,
                        running.max,
                        added,
                        running.end.0,
                        running.end.1,
                        running.order.number(),
                        varies(&running.last, running.min, running.max)
                    ])?;
                tx.conn().last_insert_rowid()
            }
            Some(series) => {
                tx.conn()
                    .prepare_cached(
                        "UPDATE series SET last_value = ?2, last_step = ?3, last_ts = ?4,
                            points = points + ?5, next_chunk = next_chunk + 1, loose = loose + 1,
                            end_ts = ?6, end_step = ?7, ordered = ?8
                         WHERE id = ?1",
                    )?
                    .execute(params![
                        series.id,
                        null_if_nan(running.last.value),
                        running.last.step,
                        running.last.timestamp,
                        added,
                        running.end.0,
                        running.end.1,
                        running.order.number()
                    ])?;
                // Their indexes are written only when there is something new.
                if running.min != series.min {
                    tx.conn()
                        .prepare_cached("UPDATE series SET min_value = ?2 WHERE id = ?1")?
                        .execute(params![series.id, running.min])?;
                }
                if running.max != series.max {
                    tx.conn()
                        .prepare_cached("UPDATE series SET max_value = ?2 WHERE id = ?1")?
                        .execute(params![series.id, running.max])?;
                }
                if varies(&running.last, running.min, running.max)
                    && !varies(&series.last, series.min, series.max)
                {
                    tx.conn()
                        .prepare_cached(
                            "UPDATE series SET varies = 1 WHERE id = ?1 AND varies = 0",
                        )?
                        .execute([series.id])?;
                }
                series.id
            }
        };
        let number = self.known.as_ref().map_or(0, |series| series.next_chunk);
        tx.put_chunk(
            id,
            number,
            self.fresh.len(),
            None,
            &chunk::encode(&self.fresh),
        )?;
        if let Some(series) = self.known
            && (series.loose + 1 >= LOOSE || added.saturating_mul(series.loose + 1) >= LOOSE_POINTS)
        {
            tx.merge(id, number + 1, series.loose + 1, running.order)?;
        }
        Ok(())
    }
}

/// A series while points are appended to it.
struct Running {
    last: Sample,
    min: Option<f64>,
    max: Option<f64>,
    end: (i64, i64),
    order: InOrder,
}

impl Running {
    fn of(series: &Series) -> Self {
        Self {
            last: series.last,
            min: series.min,
            max: series.max,
            end: series.end,
            order: series.order,
        }
    }

    fn first(sample: &Sample) -> Self {
        let value = null_if_nan(sample.value);
        Self {
            last: *sample,
            min: value,
            max: value,
            end: (sample.timestamp, sample.step),
            order: InOrder::Yes,
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
        let in_order = sample.timestamp >= ts
            && sample.step >= step
            && (sample.timestamp, sample.step) != self.end;
        if !in_order && self.order == InOrder::Yes {
            self.order = InOrder::NotYet;
        }
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
