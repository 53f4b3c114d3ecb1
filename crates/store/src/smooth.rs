//! Smooth lines from every point of a metric, as few points as are drawn of them. What the
//! console's charts do with few points (`ui/src/shared/charts/series.ts`) is the same.

use skerry_domain::{Smoothing, SmoothingKind};

use crate::chart::thin;
use crate::chunk::Sample;
use crate::{Reader, Result};

/// What a line is smoothed along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// Steps.
    Step,
    /// Time.
    Time,
}

/// A metric as a line with a smooth one beside it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SmoothChart {
    /// As in [`crate::Chart`], in the order of what it is smoothed along.
    pub samples: Vec<Sample>,
    /// Where the smooth line is at each of these; what is not finite is as it was logged.
    pub smoothed: Vec<f64>,
    /// How many points there are in all.
    pub points: u64,
}

impl Reader<'_> {
    /// A metric in at most about `max_points` points (at least 4), smoothed from all of them, over
    /// all steps or a range of them, ends included. An unknown one has none.
    ///
    /// # Errors
    /// `NotFound` for the run.
    pub fn smooth_chart(
        &self,
        run_id: &str,
        key: &str,
        max_points: usize,
        steps: Option<(i64, i64)>,
        along: Along,
        smoothing: Smoothing,
    ) -> Result<SmoothChart> {
        let Some(series) = self.series(run_id, key)? else {
            return Ok(SmoothChart::default());
        };
        let mut samples = self.all_samples(&series)?;
        match along {
            Along::Step => samples.sort_by(Sample::by_step),
            Along::Time => samples.sort_by_key(|sample| sample.timestamp),
        }
        let place = |sample: &Sample| match along {
            Along::Step => sample.step as f64,
            Along::Time => sample.timestamp as f64,
        };
        let line: Vec<(f64, f64)> = samples
            .iter()
            .map(|sample| (place(sample), sample.value))
            .collect();
        let points = samples.len() as u64;
        let inside =
            |sample: &Sample| steps.is_none_or(|(from, to)| (from..=to).contains(&sample.step));
        let shown = samples
            .into_iter()
            .enumerate()
            .filter(|(_, sample)| inside(sample))
            .collect();
        let kept = thin(shown, max_points.max(4), |(_, sample)| sample.value);
        let at: Vec<usize> = kept.iter().map(|(at, _)| *at).collect();
        Ok(SmoothChart {
            samples: kept.into_iter().map(|(_, sample)| sample).collect(),
            smoothed: smooth(&line, smoothing, &at),
            points,
        })
    }
}

/// A line of more points than this is smoothed as one of so many, so that smoothing is still seen.
const UNITS: usize = 1000;
/// So many deviations of a Gaussian are looked at to either side.
const DEVIATIONS: f64 = 3.0;

/// A line, ascending in x, smoothed from all of its points: its values at the indices `at`. Gaps
/// and infinities stay; a weight of 0 changes nothing.
pub(crate) fn smooth(line: &[(f64, f64)], smoothing: Smoothing, at: &[usize]) -> Vec<f64> {
    let Smoothing { kind, weight } = smoothing;
    let picked = |values: &dyn Fn(usize) -> Option<f64>| {
        at.iter()
            .map(|&at| values(at).unwrap_or(f64::NAN))
            .collect()
    };
    if weight <= 0.0 {
        return picked(&|at| line.get(at).map(|point| point.1));
    }
    let span = match (line.first(), line.last()) {
        (Some(first), Some(last)) => last.0 - first.0,
        _ => 0.0,
    };
    let units = line.len().min(UNITS).saturating_sub(1);
    let unit = if units > 0 && span > 0.0 {
        span / units as f64
    } else {
        1.0
    };
    let width = (1.0 + weight) / (1.0 - weight) * unit;
    match kind {
        SmoothingKind::Exponential => {
            let means = exponential(line, weight, unit);
            picked(&|at| means.get(at).copied())
        }
        SmoothingKind::Mean => {
            let reach = width / 2.0;
            picked(&|at| kernel(line, at, reach, |_| 1.0))
        }
        SmoothingKind::Gaussian => {
            let deviation = width / 12_f64.sqrt();
            let bell = |apart: f64| (-(apart / deviation).powi(2) / 2.0).exp();
            picked(&|at| kernel(line, at, deviation * DEVIATIONS, bell))
        }
    }
}

/// An exponential mean weighted by distance in x, debiased at the start.
fn exponential(line: &[(f64, f64)], weight: f64, unit: f64) -> Vec<f64> {
    let (mut mean, mut mass) = (0.0, 0.0);
    let mut last: Option<f64> = None;
    let mut smoothed = Vec::with_capacity(line.len());
    // What is at one place counts as one.
    for place in line.chunk_by(|a, b| a.0 == b.0) {
        let finite = || place.iter().map(|point| point.1).filter(|y| y.is_finite());
        let count = finite().count();
        if let (Some(first), 1..) = (place.first(), count) {
            let here = first.0;
            let steps = last.map_or(1.0, |last| ((here - last) / unit).max(1e-9));
            let keep = weight.powf(steps);
            mean = mean * keep + finite().sum::<f64>() / count as f64 * (1.0 - keep);
            mass = mass * keep + (1.0 - keep);
            last = Some(here);
        }
        smoothed.extend(
            place
                .iter()
                .map(|&(_, y)| if y.is_finite() { mean / mass } else { y }),
        );
    }
    smoothed
}

/// At a point the mean of all within `reach` of it, weighed by how far away they are.
fn kernel(line: &[(f64, f64)], at: usize, reach: f64, weigh: impl Fn(f64) -> f64) -> Option<f64> {
    let &(here, value) = line.get(at)?;
    if !value.is_finite() {
        return Some(value);
    }
    let from = line.partition_point(|point| point.0 < here - reach);
    let (mut sum, mut mass) = (0.0, 0.0);
    for &(x, y) in line.get(from..)? {
        let apart = (x - here).abs();
        if x > here && apart > reach {
            break;
        }
        if y.is_finite() {
            let weight = weigh(apart);
            sum += y * weight;
            mass += weight;
        }
    }
    Some(sum / mass)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [SmoothingKind; 3] = [
        SmoothingKind::Exponential,
        SmoothingKind::Mean,
        SmoothingKind::Gaussian,
    ];

    fn smoothed(line: &[(f64, f64)], kind: SmoothingKind, weight: f64) -> Vec<f64> {
        let all: Vec<usize> = (0..line.len()).collect();
        smooth(line, Smoothing { kind, weight }, &all)
    }

    fn near(some: &[f64], wanted: &[f64]) {
        assert_eq!(some.len(), wanted.len());
        for (one, other) in some.iter().zip(wanted) {
            assert!((one - other).abs() < 1e-3, "{some:?} for {wanted:?}");
        }
    }

    #[test]
    fn a_constant_stays_and_a_gap_stays_a_gap() {
        let line = [
            (0.0, 2.0),
            (1.0, f64::NAN),
            (2.0, 2.0),
            (3.0, f64::INFINITY),
        ];
        for kind in KINDS {
            let drawn = smoothed(&line, kind, 0.9);
            assert!((drawn[0] - 2.0).abs() < 1e-12 && (drawn[2] - 2.0).abs() < 1e-12);
            assert!(drawn[1].is_nan() && drawn[3] == f64::INFINITY);
            assert_eq!(smoothed(&line[2..], kind, 0.0)[0], 2.0);
            assert!(smoothed(&[], kind, 0.5).is_empty());
        }
    }

    #[test]
    fn it_is_what_the_screens_draw() {
        // Computed with ui/src/shared/charts/series.ts: several points at one place, a sparse
        // stretch, and weight 0.5.
        let line = [(0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (2.0, 1.0), (7.0, 0.0)];
        for (kind, wanted) in [
            (
                SmoothingKind::Exponential,
                [1.0, 0.75355, 0.75355, 0.85774, 0.09453],
            ),
            (SmoothingKind::Mean, [0.75, 0.75, 0.75, 0.75, 0.0]),
            (
                SmoothingKind::Gaussian,
                [0.7343, 0.72288, 0.72288, 0.7343, 0.0],
            ),
        ] {
            near(&smoothed(&line, kind, 0.5), &wanted);
        }
    }

    #[test]
    fn a_few_points_lie_on_the_line_of_all() {
        let line: Vec<(f64, f64)> = (0..20_000)
            .map(|n| (f64::from(n), f64::from(n % 2)))
            .collect();
        for kind in KINDS {
            let few = smooth(&line, Smoothing { kind, weight: 0.9 }, &[5_000, 12_345]);
            let all = smoothed(&line, kind, 0.9);
            assert_eq!(few, [all[5_000], all[12_345]]);
            for value in few {
                assert!((value - 0.5).abs() < 0.01, "{kind:?} {value}");
            }
        }
    }
}
