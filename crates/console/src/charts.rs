//! Charts of metrics: of one run, or one metric of several, over steps and time or over
//! another metric.

use skerry_domain::ErrorBody;
use skerry_store::{Axis, Reader, Sample, StoreError};

use crate::Console;
use crate::api::*;
use crate::compare::compared;
use crate::runs::check_id;

impl Console {
    /// Charts of a run's metrics.
    pub async fn run_chart(&self, query: ChartQuery) -> Result<Vec<ChartSeries>, ErrorBody> {
        check_id("run_id", &query.run_id)?;
        check_points(query.max_points, 5000)?;
        if query.keys.len() > 100 {
            return Err(ErrorBody::invalid("keys", "Ask for at most 100 metrics."));
        }
        let steps = range(query.from_step, query.to_step);
        self.db(move |store| {
            store.read(|reader| {
                let keys = if query.keys.is_empty() {
                    reader
                        .metric_summaries(&query.run_id)?
                        .into_iter()
                        .map(|summary| summary.key)
                        .take(100)
                        .collect()
                } else {
                    query.keys
                };
                let lines = Lines::of(reader, &query.run_id, query.over.as_ref(), steps)?;
                keys.into_iter()
                    .map(|key| lines.series(key, query.max_points))
                    .collect()
            })
        })
        .await
    }

    /// One metric of several runs.
    pub async fn runs_chart(&self, query: RunsChartQuery) -> Result<Vec<RunSeries>, ErrorBody> {
        let ids = compared(query.run_ids)?;
        check_points(query.max_points, 2000)?;
        let steps = range(query.from_step, query.to_step);
        self.db(move |store| {
            store.read(|reader| {
                let mut charts = Vec::new();
                for run_id in ids {
                    let lines = Lines::of(reader, &run_id, query.over.as_ref(), steps)?;
                    let series = lines.series(query.key.clone(), query.max_points)?;
                    if series.total > 0 {
                        charts.push(RunSeries { run_id, series });
                    }
                }
                Ok(charts)
            })
        })
        .await
    }
}

fn check_points(points: u32, most: u32) -> Result<(), ErrorBody> {
    if (10..=most).contains(&points) {
        return Ok(());
    }
    Err(ErrorBody::invalid(
        "max_points",
        format!("Ask for 10 to {most} points."),
    ))
}

/// A stretch of steps, ends included; nothing for all.
fn range(from: Option<i64>, to: Option<i64>) -> Option<(i64, i64)> {
    (from.is_some() || to.is_some()).then(|| (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX)))
}

/// The metrics of one run over one axis, which is read once for all of them.
struct Lines<'a> {
    reader: &'a Reader<'a>,
    run_id: &'a str,
    steps: Option<(i64, i64)>,
    over: Option<(Axis, &'a ChartAxis)>,
}

impl<'a> Lines<'a> {
    fn of(
        reader: &'a Reader<'a>,
        run_id: &'a str,
        over: Option<&'a ChartAxis>,
        steps: Option<(i64, i64)>,
    ) -> Result<Self, StoreError> {
        let over = over
            .map(|axis| Ok::<_, StoreError>((reader.axis(run_id, &axis.key, steps)?, axis)))
            .transpose()?;
        Ok(Self {
            reader,
            run_id,
            steps,
            over,
        })
    }

    fn series(&self, key: String, max_points: u32) -> Result<ChartSeries, StoreError> {
        let most = max_points as usize;
        let Some((axis, wanted)) = &self.over else {
            let chart = self.reader.chart(self.run_id, &key, most, self.steps)?;
            let count = chart.samples.len() as u64;
            // How many lie in a range is not counted; a full answer was thinned.
            let thinned = match self.steps {
                Some(_) => count * 2 >= u64::from(max_points),
                None => count < chart.points,
            };
            return Ok(series(key, &chart.samples, chart.points, thinned));
        };
        let stretch = (wanted.from.is_some() || wanted.to.is_some()).then(|| {
            (
                wanted.from.unwrap_or(f64::NEG_INFINITY),
                wanted.to.unwrap_or(f64::INFINITY),
            )
        });
        let chart = self
            .reader
            .chart_over(self.run_id, &key, axis, most, stretch)?;
        let samples: Vec<Sample> = chart.points.iter().map(|point| point.sample).collect();
        let thinned = (samples.len() as u64) < chart.inside;
        Ok(ChartSeries {
            over: Some(OverAxis {
                xs: chart.points.iter().map(|point| point.x).collect(),
                pairs: chart.pairs,
                unplaced: chart.unplaced,
                steady: chart.steady,
            }),
            ..series(key, &samples, chart.total, thinned)
        })
    }
}

fn series(key: String, samples: &[Sample], total: u64, thinned: bool) -> ChartSeries {
    ChartSeries {
        key,
        steps: samples.iter().map(|sample| sample.step).collect(),
        times: samples.iter().map(|sample| sample.timestamp).collect(),
        values: samples
            .iter()
            .map(|sample| sample.value.is_finite().then_some(sample.value))
            .collect(),
        infinities: (0..)
            .zip(samples)
            .filter(|(_, sample)| sample.value.is_infinite())
            .map(|(index, sample)| Infinity {
                index,
                positive: sample.value > 0.0,
            })
            .collect(),
        total,
        thinned,
        over: None,
    }
}
