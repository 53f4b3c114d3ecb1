//! Charts of metrics: of one run, or one metric of several, over steps and time or over
//! another metric.

use skerry_domain::{ErrorBody, Smoothing};
use skerry_store::{Along, Axis, Reader, Sample, StoreError};

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
        let smoothed = query.smoothed.map(smoothed).transpose()?.flatten();
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
                let over = query.over.as_ref();
                let lines = Lines::of(reader, &query.run_id, over, steps, smoothed)?;
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
        let smoothed = query.smoothed.map(smoothed).transpose()?.flatten();
        let steps = range(query.from_step, query.to_step);
        self.db(move |store| {
            store.read(|reader| {
                let mut charts = Vec::new();
                for run_id in ids {
                    let over = query.over.as_ref();
                    let lines = Lines::of(reader, &run_id, over, steps, smoothed)?;
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

/// Along what lines are smoothed, and how; nothing when they are not.
fn smoothed(wanted: SmoothedLines) -> Result<Option<(Along, Smoothing)>, ErrorBody> {
    let SmoothedLines { smoothing, by_time } = wanted;
    check_smoothing("smoothed", smoothing)?;
    let along = if by_time { Along::Time } else { Along::Step };
    Ok((smoothing.weight > 0.0).then_some((along, smoothing)))
}

/// Says what a line can be smoothed by.
pub(crate) fn check_smoothing(field: &str, smoothing: Smoothing) -> Result<(), ErrorBody> {
    if (0.0..=0.99).contains(&smoothing.weight) {
        return Ok(());
    }
    Err(ErrorBody::invalid(field, "Smooth by 0 to 0.99."))
}

/// The metrics of one run over one axis, which is read once for all of them.
pub(crate) struct Lines<'a> {
    reader: &'a Reader<'a>,
    run_id: &'a str,
    steps: Option<(i64, i64)>,
    over: Option<(Axis, &'a ChartAxis)>,
    smoothed: Option<(Along, Smoothing)>,
}

/// What is drawn of a metric.
pub(crate) struct Drawn {
    pub(crate) samples: Vec<Sample>,
    /// Where the smooth line is at each of these.
    pub(crate) smoothed: Option<Vec<f64>>,
    /// Where these lie on another metric.
    pub(crate) over: Option<OverAxis>,
    pub(crate) total: u64,
    thinned: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(
        reader: &'a Reader<'a>,
        run_id: &'a str,
        over: Option<&'a ChartAxis>,
        steps: Option<(i64, i64)>,
        smoothed: Option<(Along, Smoothing)>,
    ) -> Result<Self, StoreError> {
        let over = over
            .map(|axis| Ok::<_, StoreError>((reader.axis(run_id, &axis.key, steps)?, axis)))
            .transpose()?;
        Ok(Self {
            reader,
            run_id,
            steps,
            over,
            smoothed,
        })
    }

    /// A metric in at most about so many points.
    pub(crate) fn draw(&self, key: &str, most: usize) -> Result<Drawn, StoreError> {
        let (reader, run_id, steps) = (self.reader, self.run_id, self.steps);
        if let Some((axis, wanted)) = &self.over {
            let stretch = (wanted.from.is_some() || wanted.to.is_some()).then(|| {
                (
                    wanted.from.unwrap_or(f64::NEG_INFINITY),
                    wanted.to.unwrap_or(f64::INFINITY),
                )
            });
            let smoothing = self.smoothed.map(|(_, smoothing)| smoothing);
            let chart = reader.chart_over(run_id, key, axis, most, stretch, smoothing)?;
            return Ok(Drawn {
                thinned: (chart.points.len() as u64) < chart.inside,
                samples: chart.points.iter().map(|point| point.sample).collect(),
                smoothed: chart.smoothed,
                over: Some(OverAxis {
                    xs: chart.points.iter().map(|point| point.x).collect(),
                    pairs: chart.pairs,
                    unplaced: chart.unplaced,
                    steady: chart.steady,
                }),
                total: chart.total,
            });
        }
        let (samples, smoothed, total) = match self.smoothed {
            Some((along, smoothing)) => {
                let chart = reader.smooth_chart(run_id, key, most, steps, along, smoothing)?;
                (chart.samples, Some(chart.smoothed), chart.points)
            }
            None => {
                let chart = reader.chart(run_id, key, most, steps)?;
                (chart.samples, None, chart.points)
            }
        };
        let count = samples.len();
        // How many lie in a range is not counted; a full answer was thinned.
        let thinned = match steps {
            Some(_) => count * 2 >= most,
            None => (count as u64) < total,
        };
        Ok(Drawn {
            samples,
            smoothed,
            over: None,
            total,
            thinned,
        })
    }

    fn series(&self, key: String, max_points: u32) -> Result<ChartSeries, StoreError> {
        let drawn = self.draw(&key, max_points as usize)?;
        let samples = &drawn.samples;
        let number = |value: f64| value.is_finite().then_some(value);
        Ok(ChartSeries {
            key,
            steps: samples.iter().map(|sample| sample.step).collect(),
            times: samples.iter().map(|sample| sample.timestamp).collect(),
            values: samples.iter().map(|sample| number(sample.value)).collect(),
            smoothed: drawn
                .smoothed
                .map(|line| line.into_iter().map(number).collect()),
            infinities: (0..)
                .zip(samples)
                .filter(|(_, sample)| sample.value.is_infinite())
                .map(|(index, sample)| Infinity {
                    index,
                    positive: sample.value > 0.0,
                })
                .collect(),
            total: drawn.total,
            thinned: drawn.thinned,
            over: drawn.over,
        })
    }
}
