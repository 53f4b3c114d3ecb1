//! Where ticks stand on an axis, and what is written at them.

use crate::Language;

/// What a figure is drawn over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum XAxis {
    /// Steps.
    Step,
    /// Seconds since the start of the run.
    Relative,
    /// Milliseconds since the epoch.
    Time,
    /// The values of a metric: its key.
    Metric(String),
}

/// From where to where values go, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub from: f64,
    pub to: f64,
    pub log: bool,
}

impl Scale {
    /// One that holds all of these finite numbers, with some room when `room` is set. A
    /// logarithmic one takes only what is above 0.
    pub(crate) fn of(values: impl Iterator<Item = f64>, log: bool, room: f64) -> Self {
        // Beyond this a span would not be a number any more.
        const FAR: f64 = 1e300;
        let inside = |value: f64| {
            let value = value.clamp(-FAR, FAR);
            if log { value.log10() } else { value }
        };
        let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite() && !(log && *value <= 0.0)) {
            from = from.min(inside(value));
            to = to.max(inside(value));
        }
        if from > to {
            (from, to) = (0.0, 1.0);
        }
        if from == to {
            // One value stands in the middle.
            let around = if log {
                0.5
            } else {
                (from.abs() * 0.05).max(0.5)
            };
            (from, to) = (from - around, to + around);
        }
        let room = (to - from) * room;
        Self {
            from: from - room,
            to: to + room,
            log,
        }
    }

    /// Where a value stands, from 0 to 1.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let value = if self.log { value.log10() } else { value };
        ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }

    /// About `count` values at which a line helps.
    pub(crate) fn ticks(&self, count: f64) -> Vec<f64> {
        if !self.log {
            let step = nice((self.to - self.from) / count);
            return multiples(self.from, self.to, step);
        }
        let decades = self.to - self.from;
        if decades < 1.0 {
            // Less than a power of ten: as on a linear axis.
            let (from, to) = (10_f64.powf(self.from), 10_f64.powf(self.to));
            return multiples(from, to, nice((to - from) / count));
        }
        if decades < 3.0 {
            // Powers of ten alone would be too few to read values by.
            let (first, last) = (self.from.floor() as i32, self.to.floor() as i32);
            return (first..=last)
                .flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * 10_f64.powi(power)))
                .filter(|tick| (self.from..=self.to).contains(&tick.log10()))
                .collect();
        }
        let every = (decades / count).ceil().max(1.0);
        multiples(self.from, self.to, every)
            .into_iter()
            .map(|power| 10_f64.powf(power))
            .collect()
    }
}

fn multiples(from: f64, to: f64, step: f64) -> Vec<f64> {
    let first = (from / step).ceil();
    let count = ((to / step).floor() - first).clamp(0.0, 100.0) as usize;
    (0..=count)
        .map(|n| (first + n as f64) * step)
        .filter(|tick| tick.is_finite() && (from..=to).contains(tick))
        .collect()
}

/// 1, 2 or 5 times a power of ten, at least `least`.
fn nice(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|step| *step >= least * 0.999)
        .unwrap_or(power * 10.0)
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

/// Lengths of time, in seconds, that people count in.
const PERIODS: [f64; 21] = [
    1.0,
    2.0,
    5.0,
    10.0,
    30.0,
    MINUTE,
    2.0 * MINUTE,
    5.0 * MINUTE,
    10.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    2.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    7.0 * DAY,
    14.0 * DAY,
    30.0 * DAY,
    90.0 * DAY,
    360.0 * DAY,
];

/// Ticks of an x axis with what is written at them.
pub(crate) fn x_ticks(
    axis: &XAxis,
    scale: &Scale,
    count: f64,
    language: Language,
) -> Vec<(f64, String)> {
    if matches!(axis, XAxis::Step | XAxis::Metric(_)) {
        return scale
            .ticks(count)
            .into_iter()
            .filter(|tick| *axis != XAxis::Step || tick.fract() == 0.0)
            .map(|tick| (tick, number(tick, language)))
            .collect();
    }
    let unit = if *axis == XAxis::Time { 1000.0 } else { 1.0 };
    let least = (scale.to - scale.from) / unit / count;
    let period = PERIODS
        .into_iter()
        .find(|period| *period >= least)
        .filter(|_| least >= 0.5)
        .unwrap_or_else(|| nice(least));
    multiples(scale.from, scale.to, period * unit)
        .into_iter()
        .map(|at| {
            let text = match axis {
                XAxis::Time => tick(at, period),
                _ => duration(at, language),
            };
            (at, text)
        })
        .collect()
}

fn duration(seconds: f64, language: Language) -> String {
    let size = seconds.abs();
    if size >= HOUR {
        format!("{} h", number(seconds / HOUR, language))
    } else if size >= MINUTE {
        format!("{} min", number(seconds / MINUTE, language))
    } else {
        format!("{} s", number(seconds, language))
    }
}

/// A time in milliseconds since the epoch, to the minute, UTC.
pub fn moment(at: i64) -> String {
    let at = at as f64;
    format!(
        "{} {} UTC",
        tick(at, DAY),
        tick(at, MINUTE).split(' ').next_back().unwrap_or_default()
    )
}

/// A time of day, with its day, as ISO 8601 has them; UTC.
fn tick(at: f64, period: f64) -> String {
    let seconds = (at / 1000.0).floor();
    // No clock shows what lies further away.
    let days = (seconds / DAY).floor().clamp(-1e8, 1e8);
    let (year, month, day) = civil(days as i64);
    let of_day = seconds.rem_euclid(DAY) as u32;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    if period >= DAY {
        format!("{year:04}-{month:02}-{day:02}")
    } else if period >= MINUTE {
        format!("{month:02}-{day:02} {hour:02}:{minute:02}")
    } else {
        format!("{hour:02}:{minute:02}:{second:02}")
    }
}

/// Days since the epoch as a date, by Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

/// A value in four significant figures; NaN and the infinities as they are.
pub(crate) fn number(value: f64, language: Language) -> String {
    if value.is_nan() {
        return String::from("NaN");
    }
    if value.is_infinite() {
        return String::from(if value > 0.0 { "∞" } else { "−∞" });
    }
    let size = value.abs();
    let text = if size != 0.0 && !(1e-3..1e7).contains(&size) {
        let text = format!("{value:.3e}");
        let (figures, power) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}E{power}", trimmed(figures))
    } else if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        // Of larger numbers more figures, so that all before the point are there.
        let figures = if size >= 1e3 { 6 } else { 4 };
        let before = size.log10().floor() as i32 + 1;
        let after = usize::try_from(figures - before).unwrap_or(0);
        trimmed(&format!("{value:.after$}")).to_owned()
    };
    let text = text.replace('-', "−");
    match language {
        Language::En => text,
        Language::Sv => text.replace('.', ","),
    }
}

/// Without the zeros that end a fraction.
fn trimmed(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_say_what_they_are() {
        for (value, text) in [
            (0.0, "0"),
            (0.123_456, "0.1235"),
            (-2.5, "−2.5"),
            (1234.567, "1234.57"),
            (0.000_012_34, "1.234E−5"),
            (3e8, "3E8"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "−∞"),
        ] {
            assert_eq!(number(value, Language::En), text);
        }
        assert_eq!(number(0.5, Language::Sv), "0,5");
    }

    #[test]
    fn ticks_are_round_and_within() {
        let scale = Scale::of([0.0, 97.0].into_iter(), false, 0.0);
        assert_eq!(scale.ticks(5.0), [0.0, 20.0, 40.0, 60.0, 80.0]);
        let log = Scale::of([0.001, 10.0, -3.0, f64::NAN].into_iter(), true, 0.0);
        assert_eq!(log.ticks(5.0).len(), 5);
        assert!((log.place(0.1) - 0.5).abs() < 1e-9);
        let few = Scale::of([0.02, 0.6].into_iter(), true, 0.05);
        let near = |one: f64, other: f64| (one / other - 1.0).abs() < 1e-9;
        let wanted = [0.02, 0.05, 0.1, 0.2, 0.5];
        assert!(
            few.ticks(7.0)
                .into_iter()
                .zip(wanted)
                .all(|(a, b)| near(a, b))
        );
        assert_eq!(few.ticks(7.0).len(), wanted.len());
    }

    #[test]
    fn no_range_is_too_odd() {
        for values in [
            vec![],
            vec![5.0],
            vec![0.0],
            vec![f64::MAX, f64::MIN],
            vec![f64::NAN, f64::INFINITY],
            vec![1.0, 1.0 + f64::EPSILON],
        ] {
            for log in [false, true] {
                let scale = Scale::of(values.iter().copied(), log, 0.05);
                assert!(scale.from < scale.to, "{values:?} {scale:?}");
                assert!(scale.ticks(5.0).len() <= 101);
                for axis in [
                    XAxis::Step,
                    XAxis::Relative,
                    XAxis::Time,
                    XAxis::Metric(String::new()),
                ] {
                    assert!(x_ticks(&axis, &scale, 6.0, Language::En).len() <= 101);
                }
            }
        }
    }

    #[test]
    fn moments_are_utc() {
        assert_eq!(tick(1_795_737_599_999.0, 1.0), "23:59:59");
        assert_eq!(tick(1_795_737_599_999.0, DAY), "2026-11-26");
        assert_eq!(tick(-1.0, MINUTE), "12-31 23:59");
        assert_eq!(moment(1_795_737_599_999), "2026-11-26 23:59 UTC");
    }
}
