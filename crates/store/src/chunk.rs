//! How points of a metric lie in a BLOB: per point the step and the timestamp as
//! differences to the point before (zigzag, LEB128), then the value's 8 bytes.

/// One value of a metric, without the metric's name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The training step.
    pub step: i64,
    /// When it was measured, in ms.
    pub timestamp: i64,
    /// The value; NaN and infinities are values too.
    pub value: f64,
}

impl Sample {
    /// The same in every bit.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.step == other.step
            && self.timestamp == other.timestamp
            && self.value.to_bits() == other.value.to_bits()
    }

    /// Comes after the other in time and in steps, or at the same of both with a
    /// value that is not less.
    pub(crate) fn follows(&self, other: &Self) -> bool {
        self.timestamp >= other.timestamp && self.step >= other.step && self.by_time(other).is_ge()
    }

    /// Order of a history: by time, step, value.
    pub(crate) fn by_time(&self, other: &Self) -> std::cmp::Ordering {
        (self.timestamp, self.step)
            .cmp(&(other.timestamp, other.step))
            .then(self.value.total_cmp(&other.value))
    }

    /// Order of a chart, and of what is the latest: by step, time, value.
    pub(crate) fn by_step(&self, other: &Self) -> std::cmp::Ordering {
        (self.step, self.timestamp)
            .cmp(&(other.step, other.timestamp))
            .then(self.value.total_cmp(&other.value))
    }
}

/// Points in a full chunk.
pub(crate) const FULL: usize = 4_096;
/// Points that share one minimum and one maximum in a chunk's summary.
const BUCKET: usize = 256;

fn put(out: &mut Vec<u8>, difference: i64) {
    let mut rest = ((difference << 1) ^ (difference >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push(0x80 | rest.to_le_bytes()[0]);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

fn take(data: &mut &[u8]) -> Option<i64> {
    let mut rest = 0_u64;
    for shift in (0..70).step_by(7) {
        let (&byte, tail) = data.split_first()?;
        *data = tail;
        rest |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            let half = (rest >> 1).cast_signed();
            return Some(half ^ -(rest & 1).cast_signed());
        }
    }
    None
}

/// Points as bytes.
pub(crate) fn encode<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut step, mut timestamp) = (0_i64, 0_i64);
    for sample in samples {
        put(&mut out, sample.step.wrapping_sub(step));
        put(&mut out, sample.timestamp.wrapping_sub(timestamp));
        out.extend_from_slice(&sample.value.to_le_bytes());
        (step, timestamp) = (sample.step, sample.timestamp);
    }
    out
}

/// Adds the points in `data` to `into`; what cannot be read is left out.
pub(crate) fn decode(mut data: &[u8], into: &mut Vec<Sample>) {
    let (mut step, mut timestamp) = (0_i64, 0_i64);
    while !data.is_empty() {
        let (Some(by_step), Some(by_time)) = (take(&mut data), take(&mut data)) else {
            return;
        };
        let Some((value, tail)) = data.split_first_chunk::<8>() else {
            return;
        };
        data = tail;
        step = step.wrapping_add(by_step);
        timestamp = timestamp.wrapping_add(by_time);
        into.push(Sample {
            step,
            timestamp,
            value: f64::from_le_bytes(*value),
        });
    }
}

/// The points that a chart needs of these when there are many: first and last, and
/// of every 256 the least, the greatest and one that is NaN.
pub(crate) fn summary(samples: &[Sample]) -> Vec<u8> {
    let mut kept: Vec<Sample> = Vec::new();
    for bucket in samples.chunks(BUCKET) {
        extremes(bucket, |sample| sample.value, &mut kept);
    }
    let mut all = Vec::with_capacity(kept.len() + 2);
    all.extend(samples.first());
    all.extend(kept);
    all.extend(samples.last());
    all.dedup_by(|a, b| a.same(b));
    encode(&all)
}

/// Adds the least, the greatest and one NaN of `samples`, in their order.
pub(crate) fn extremes<T: Copy>(samples: &[T], value: impl Fn(&T) -> f64, into: &mut Vec<T>) {
    let mut least: Option<(usize, f64)> = None;
    let mut greatest: Option<(usize, f64)> = None;
    let mut gap: Option<usize> = None;
    for (n, sample) in samples.iter().enumerate() {
        let value = value(sample);
        if value.is_nan() {
            gap = gap.or(Some(n));
            continue;
        }
        if least.is_none_or(|(_, other)| value < other) {
            least = Some((n, value));
        }
        if greatest.is_none_or(|(_, other)| value > other) {
            greatest = Some((n, value));
        }
    }
    let number = |found: Option<(usize, f64)>| found.map(|(n, _)| n);
    let mut kept: Vec<usize> = [number(least), number(greatest), gap]
        .into_iter()
        .flatten()
        .collect();
    kept.sort_unstable();
    kept.dedup();
    into.extend(kept.into_iter().filter_map(|n| samples.get(n)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> impl Strategy<Value = Sample> {
        (any::<i64>(), any::<i64>(), any::<u64>()).prop_map(|(step, timestamp, bits)| Sample {
            step,
            timestamp,
            value: f64::from_bits(bits),
        })
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(samples in prop::collection::vec(sample(), 0..200)) {
            let mut back = Vec::new();
            decode(&encode(&samples), &mut back);
            prop_assert_eq!(back.len(), samples.len());
            prop_assert!(back.iter().zip(&samples).all(|(a, b)| a.same(b)));
        }

        #[test]
        fn any_bytes_decode_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            decode(&bytes, &mut Vec::new());
        }
    }

    #[test]
    fn steady_points_take_about_ten_bytes() {
        let samples: Vec<Sample> = (0..4_096)
            .map(|n| Sample {
                step: n,
                timestamp: 1_700_000_000_000 + n * 40,
                value: 0.5,
            })
            .collect();
        assert!(encode(&samples).len() < 4_096 * 11);
    }
}
