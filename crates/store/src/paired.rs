//! One metric of a run over another: their values at the same steps, thinned for the eye.

use skerry_domain::Smoothing;

use crate::chart::thin;
use crate::chunk::Sample;
use crate::smooth::smooth;
use crate::{Reader, Result};

/// A metric that others are drawn over: the last value at each of its steps, by step.
#[derive(Debug, Clone, Default)]
pub struct Axis(Vec<Sample>);

/// A point of a metric with the value that the axis has at its step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Where on the axis: a finite number.
    pub x: f64,
    /// The last point of the metric at the step.
    pub sample: Sample,
}

/// A metric over another one, along the axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PairedChart {
    /// At most about as many as were asked for. First and last are those of the stretch,
    /// and every bucket keeps its least and greatest value and one NaN.
    pub points: Vec<Paired>,
    /// Where the line is at each of these, smoothed along the axis from every pair, when that was
    /// asked for.
    pub smoothed: Option<Vec<f64>>,
    /// How many points the metric has.
    pub total: u64,
    /// Steps at which both have a value.
    pub pairs: u64,
    /// Pairs among these in which the axis is NaN or infinite: they have no place on it.
    pub unplaced: u64,
    /// How many pairs lie in the stretch, drawn or not.
    pub inside: u64,
    /// The axis only rises or only falls from step to step: a line along it goes on in time.
    pub steady: bool,
}

impl Reader<'_> {
    /// A run's metric as an axis for others, over all steps or a range of them, ends
    /// included. An unknown one is empty.
    ///
    /// # Errors
    /// `NotFound` for the run.
    pub fn axis(&self, run_id: &str, key: &str, steps: Option<(i64, i64)>) -> Result<Axis> {
        let mut samples = match self.series(run_id, key)? {
            Some(series) => self.all_samples(&series)?,
            None => Vec::new(),
        };
        if let Some((from, to)) = steps {
            samples.retain(|sample| (from..=to).contains(&sample.step));
        }
        Ok(Axis(last_of_steps(samples)))
    }

    /// A metric of the same run over that axis, in at most about `max_points` points (at
    /// least 4), smoothed on demand: all of it, or a stretch of the axis with one more point to
    /// either side.
    ///
    /// # Errors
    /// `NotFound` for the run.
    pub fn chart_over(
        &self,
        run_id: &str,
        key: &str,
        axis: &Axis,
        max_points: usize,
        stretch: Option<(f64, f64)>,
        smoothing: Option<Smoothing>,
    ) -> Result<PairedChart> {
        let Some(series) = self.series(run_id, key)? else {
            return Ok(PairedChart::default());
        };
        let samples = last_of_steps(self.all_samples(&series)?);
        let mut chart = PairedChart {
            total: u64::try_from(series.points).unwrap_or(0),
            ..PairedChart::default()
        };
        let mut points = Vec::new();
        let mut along = axis.0.iter().peekable();
        for sample in samples {
            while along.next_if(|x| x.step < sample.step).is_some() {}
            let Some(x) = along.next_if(|x| x.step == sample.step) else {
                continue;
            };
            chart.pairs += 1;
            if x.value.is_finite() {
                points.push(Paired { x: x.value, sample });
            } else {
                chart.unplaced += 1;
            }
        }
        let rises = points.is_sorted_by(|a, b| a.x <= b.x);
        let falls = points.is_sorted_by(|a, b| a.x >= b.x);
        chart.steady = rises || falls;
        if falls && !rises {
            // What lies at one place of the axis goes on to what is beside it.
            points.reverse();
        }
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        let line: Vec<(f64, f64)> = points
            .iter()
            .map(|point| (point.x, point.sample.value))
            .collect();
        let mut points: Vec<(usize, Paired)> = points.into_iter().enumerate().collect();
        if let Some((from, to)) = stretch {
            let first = points.partition_point(|(_, point)| point.x < from);
            let behind = points
                .partition_point(|(_, point)| point.x <= to)
                .max(first);
            points.truncate(behind.saturating_add(1));
            points.drain(..first.saturating_sub(1).min(points.len()));
        }
        chart.inside = points.len() as u64;
        let kept = thin(points, max_points.max(4), |(_, point)| point.sample.value);
        chart.smoothed = smoothing.map(|smoothing| {
            let at: Vec<usize> = kept.iter().map(|(at, _)| *at).collect();
            smooth(&line, smoothing, &at)
        });
        chart.points = kept.into_iter().map(|(_, point)| point).collect();
        Ok(chart)
    }
}

/// By step, of each the last point.
fn last_of_steps(mut samples: Vec<Sample>) -> Vec<Sample> {
    samples.sort_by(Sample::by_step);
    samples.dedup_by(|later, kept| {
        let same = later.step == kept.step;
        if same {
            *kept = *later;
        }
        same
    });
    samples
}
