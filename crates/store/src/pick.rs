//! One value of a metric that stands for all of its points.

use crate::chunk::{self, Sample};
use crate::metrics::{InOrder, Series, chunk_id};
use crate::{Reader, Result};

/// Which value of a metric is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// That of the latest point.
    Last,
    /// The least that is a number.
    Least,
    /// The greatest that is a number.
    Greatest,
    /// That of the latest point at this step or, when there is none, before it.
    At(i64),
}

/// Summaries of so many points are read in less time than a row of a table is drawn.
const LOOKED_THROUGH: i64 = 1 << 18;

/// A value that was picked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Picked {
    /// The value; NaN where that is what was logged.
    pub value: f64,
    /// The step of its point. Of a least or greatest value where it is soon found: not among very
    /// many points; of several such points the first where steps rise.
    pub step: Option<i64>,
}

impl From<Sample> for Picked {
    fn from(sample: Sample) -> Self {
        Self {
            value: sample.value,
            step: Some(sample.step),
        }
    }
}

impl Reader<'_> {
    /// A value of a run's metric. An unknown metric has none; one that is only NaN has no
    /// least and no greatest.
    ///
    /// # Errors
    /// `NotFound` for the run.
    pub fn pick(&self, run_id: &str, key: &str, pick: Pick) -> Result<Option<Picked>> {
        let Some(series) = self.series(run_id, key)? else {
            return Ok(None);
        };
        Ok(match pick {
            Pick::Last => Some(series.last.into()),
            Pick::Least => self.where_is(&series, series.min)?,
            Pick::Greatest => self.where_is(&series, series.max)?,
            Pick::At(step) => self.at_step(&series, step)?.map(Picked::from),
        })
    }

    /// A value that is the least or greatest of its chunk: summaries have these.
    fn where_is(&self, series: &Series, value: Option<f64>) -> Result<Option<Picked>> {
        let Some(value) = value else {
            return Ok(None);
        };
        let step = if series.points <= LOOKED_THROUGH {
            let samples = self.summaries(series)?;
            let there = samples.iter().filter(|sample| sample.value == value);
            there.map(|sample| sample.step).min()
        } else {
            None
        };
        Ok(Some(Picked { value, step }))
    }

    fn at_step(&self, series: &Series, step: i64) -> Result<Option<Sample>> {
        if series.last.step <= step {
            return Ok(Some(series.last));
        }
        let mut samples = if series.order == InOrder::Yes {
            self.chunk_before(series, step)?
        } else {
            self.all_samples(series)?
        };
        samples.retain(|sample| sample.step <= step);
        Ok(samples.into_iter().max_by(Sample::by_step))
    }

    /// The points of the last chunk that begins at a step or before it, found by halving:
    /// the chunks of a series in order begin at ever later steps.
    fn chunk_before(&self, series: &Series, step: i64) -> Result<Vec<Sample>> {
        // A summary is short, and begins with the first point.
        let mut start = self.conn().prepare_cached(
            "SELECT id, coalesce(summary, data) FROM chunks WHERE id BETWEEN ?1 AND ?2
             ORDER BY id DESC LIMIT 1",
        )?;
        let (mut low, mut high) = (
            chunk_id(series.id, 0),
            chunk_id(series.id, series.next_chunk),
        );
        let mut found = None;
        let mut samples = Vec::new();
        while low < high {
            let middle = low + (high - low) / 2;
            samples.clear();
            let mut rows = start.query([low, middle])?;
            let Some(row) = rows.next()? else {
                low = middle + 1;
                continue;
            };
            let id: i64 = row.get(0)?;
            chunk::decode(row.get_ref(1)?.as_blob()?, &mut samples);
            if samples.first().is_some_and(|first| first.step <= step) {
                found = Some(id);
                low = middle + 1;
            } else {
                high = id;
            }
        }
        samples.clear();
        if let Some(id) = found {
            let mut data = self
                .conn()
                .prepare_cached("SELECT data FROM chunks WHERE id = ?1")?;
            let mut rows = data.query([id])?;
            if let Some(row) = rows.next()? {
                chunk::decode(row.get_ref(0)?.as_blob()?, &mut samples);
            }
        }
        Ok(samples)
    }
}
