//! The exponential mean of the console's charts (`ui/src/shared/charts/series.ts`).

/// A line of more points than this is smoothed as one of so many, so that smoothing is still seen.
const UNITS: u64 = 1000;

/// What counts as one step: the same for a few points of a line as for all of them.
fn unit_of(x: &[f64], total: u64) -> f64 {
    let span = match (x.first(), x.last()) {
        (Some(first), Some(last)) => last - first,
        _ => 0.0,
    };
    let units = total.min(UNITS).saturating_sub(1);
    if units > 0 && span > 0.0 {
        span / units as f64
    } else {
        1.0
    }
}

/// An exponential mean weighted by distance in x, debiased at the start. Gaps stay gaps; a weight
/// of 0 changes nothing.
pub(crate) fn smooth(x: &[f64], y: &[f64], weight: f64, total: u64) -> Vec<f64> {
    if weight <= 0.0 {
        return y.to_vec();
    }
    let unit = unit_of(x, total.max(x.len() as u64));
    let (mut mean, mut mass) = (0.0, 0.0);
    let mut last: Option<f64> = None;
    x.iter()
        .zip(y)
        .map(|(&here, &value)| {
            if !value.is_finite() {
                return value;
            }
            let steps = last.map_or(1.0, |last| ((here - last) / unit).max(1e-9));
            let keep = weight.powf(steps);
            mean = mean * keep + value * (1.0 - keep);
            mass = mass * keep + (1.0 - keep);
            last = Some(here);
            mean / mass
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::smooth;

    #[test]
    fn a_constant_stays_and_a_gap_stays_a_gap() {
        let x = [0.0, 1.0, 2.0, 3.0];
        let line = smooth(&x, &[2.0, f64::NAN, 2.0, f64::INFINITY], 0.9, 4);
        assert!((line[0] - 2.0).abs() < 1e-12 && (line[2] - 2.0).abs() < 1e-12);
        assert!(line[1].is_nan() && line[3] == f64::INFINITY);
    }

    #[test]
    fn it_is_the_mean_of_the_screens() {
        // Computed with ui/src/shared/charts/series.ts for x 0…3, weight 0.5.
        let line = smooth(&[0.0, 1.0, 2.0, 3.0], &[1.0, 0.0, 1.0, 0.0], 0.5, 4);
        let wanted = [1.0, 1.0 / 3.0, 5.0 / 7.0, 1.0 / 3.0];
        for (one, other) in line.iter().zip(wanted) {
            assert!((one - other).abs() < 1e-12, "{line:?}");
        }
    }
}
