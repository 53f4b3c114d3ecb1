//! Metrics for the eye: few points that keep the extremes of many.

use rusqlite::params;

use crate::chunk::{self, Sample};
use crate::metrics::{InOrder, Series, chunk_id};
use crate::{Reader, Result};

/// A metric as a line, by step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chart {
    /// At most about as many as were asked for; NaN is a gap. First and last are
    /// those of the range, and every bucket keeps its least and greatest value.
    pub samples: Vec<Sample>,
    /// How many points there are in all.
    pub points: u64,
}

/// A metric of a run in one line.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSummary {
    /// Its name.
    pub key: String,
    /// The latest point.
    pub last: Sample,
    /// The least value that is a number.
    pub min: Option<f64>,
    /// The greatest value that is a number.
    pub max: Option<f64>,
    /// How many points.
    pub points: u64,
}

impl Reader<'_> {
    /// A metric in at most about `max_points` points (at least 4), over all steps or
    /// a range of them, ends included. An unknown metric has none.
    ///
    /// # Errors
    /// `NotFound` for the run.
    pub fn chart(
        &self,
        run_id: &str,
        key: &str,
        max_points: usize,
        steps: Option<(i64, i64)>,
    ) -> Result<Chart> {
        let Some(series) = self.series(run_id, key)? else {
            return Ok(Chart::default());
        };
        let points = u64::try_from(series.points).unwrap_or(0);
        let max_points = max_points.max(4);
        let ordered = series.order == InOrder::Yes;
        // Summaries hold about one point of a hundred; they do when there are still
        // several of them for each point that is drawn.
        let by_summary = ordered && steps.is_none() && points / 256 >= max_points as u64;
        let mut samples = if by_summary {
            self.summaries(&series)?
        } else {
            self.all_samples(&series)?
        };
        if let Some((from, to)) = steps {
            samples.retain(|sample| (from..=to).contains(&sample.step));
        }
        if !ordered {
            samples.sort_unstable_by(Sample::by_step);
        }
        Ok(Chart {
            samples: thin(samples, max_points, |sample| sample.value),
            points,
        })
    }

    /// The first, the last and the extreme points of each part of a series, by chunk.
    pub(crate) fn summaries(&self, series: &Series) -> Result<Vec<Sample>> {
        let mut samples = Vec::new();
        let mut statement = self.conn().prepare_cached(
            "SELECT summary, iif(summary IS NULL, data, NULL) FROM chunks WHERE id >= ?1 AND id < ?2 ORDER BY id",
        )?;
        let mut rows = statement.query([chunk_id(series.id, 0), chunk_id(series.id + 1, 0)])?;
        while let Some(row) = rows.next()? {
            let summary = row.get_ref(0)?.as_blob_or_null()?;
            let data = row.get_ref(1)?.as_blob_or_null()?;
            chunk::decode(summary.or(data).unwrap_or_default(), &mut samples);
        }
        Ok(samples)
    }

    /// Every metric of a run in one line, by name.
    ///
    /// # Errors
    /// `NotFound` for the run.
    pub fn metric_summaries(&self, run_id: &str) -> Result<Vec<MetricSummary>> {
        let run = self.run_number(run_id)?;
        let mut statement = self.conn().prepare_cached(
            "SELECT m.name, s.last_value, s.last_step, s.last_ts, s.min_value, s.max_value, s.points
             FROM series s JOIN metric_names m ON m.id = s.metric WHERE s.run = ?1 ORDER BY m.name",
        )?;
        let rows = statement.query_map(params![run], |row| {
            Ok(MetricSummary {
                key: row.get(0)?,
                last: Sample {
                    value: row.get::<_, Option<f64>>(1)?.unwrap_or(f64::NAN),
                    step: row.get(2)?,
                    timestamp: row.get(3)?,
                },
                min: row.get(4)?,
                max: row.get(5)?,
                points: row.get::<_, i64>(6)?.try_into().unwrap_or(0),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Of many points in order few: the first, the last, and of each bucket of equally
/// many its least, its greatest and one gap.
pub(crate) fn thin<T: Copy>(
    samples: Vec<T>,
    max_points: usize,
    value: impl Fn(&T) -> f64,
) -> Vec<T> {
    if samples.len() <= max_points {
        return samples;
    }
    let inner = samples.get(1..samples.len() - 1).unwrap_or_default();
    let buckets = ((max_points - 2) / 2).max(1);
    let size = inner.len().div_ceil(buckets).max(1);
    let mut kept = Vec::with_capacity(max_points);
    kept.extend(samples.first());
    for bucket in inner.chunks(size) {
        chunk::extremes(bucket, &value, &mut kept);
    }
    kept.extend(samples.last());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_ends_and_gaps_stay() {
        let mut samples: Vec<Sample> = (0..100_000)
            .map(|step| Sample {
                step,
                timestamp: step,
                value: 1.0,
            })
            .collect();
        samples[77_777].value = -5.0;
        samples[33_333].value = 9.0;
        samples[50_000].value = f64::NAN;
        let few = thin(samples.clone(), 320, |sample| sample.value);
        assert!(few.len() <= 330, "{}", few.len());
        assert_eq!(few.first(), samples.first());
        assert_eq!(few.last(), samples.last());
        for step in [77_777, 33_333, 50_000] {
            assert!(few.iter().any(|sample| sample.step == step), "{step}");
        }
        assert!(few.windows(2).all(|pair| pair[0].step < pair[1].step));
    }
}
