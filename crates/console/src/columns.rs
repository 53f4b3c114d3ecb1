//! Columns of tables of runs that show one value of a metric.

use skerry_domain::tracking::number;
use skerry_store::{Pick, Reader, StoreError};

use crate::api::ColumnValue;

/// A column that shows a value of a metric.
pub(crate) struct MetricColumn<'a> {
    /// The metric.
    pub(crate) key: &'a str,
    /// Which of its values.
    pub(crate) pick: Pick,
}

impl<'a> MetricColumn<'a> {
    /// From the id of a column: `metrics.acc`, `metrics_min.acc`, `metrics_max.acc`, or
    /// `metrics_at.1000.acc`. Nothing for one that shows something else.
    pub(crate) fn of(id: &'a str) -> Option<Self> {
        let (kind, key) = id.split_once('.')?;
        let (key, pick) = match kind {
            "metrics" => (key, Pick::Last),
            "metrics_min" => (key, Pick::Least),
            "metrics_max" => (key, Pick::Greatest),
            "metrics_at" => {
                let (step, key) = key.split_once('.')?;
                (key, Pick::At(step.parse().ok()?))
            }
            _ => return None,
        };
        Some(Self { key, pick })
    }
}

/// What a run has in those of the columns that show values of metrics.
pub(crate) fn column_values(
    reader: &Reader<'_>,
    run_id: &str,
    ids: &[String],
) -> Result<Vec<ColumnValue>, StoreError> {
    ids.iter()
        .filter_map(|id| Some((id, MetricColumn::of(id)?)))
        .map(|(id, column)| {
            let picked = reader.pick(run_id, column.key, column.pick)?;
            let value = picked.map(|picked| picked.value);
            Ok(ColumnValue {
                column: id.clone(),
                value: value.filter(|value| value.is_finite()),
                special: value.and_then(number::word).map(str::to_owned),
                step: picked.and_then(|picked| picked.step),
            })
        })
        .collect()
}

/// The keys of those of the columns that are of a kind, such as `params`.
pub(crate) fn keys_of<'a>(ids: &'a [String], kind: &str) -> Vec<&'a str> {
    ids.iter()
        .filter_map(|id| id.split_once('.'))
        .filter(|(of, _)| *of == kind)
        .map(|(_, key)| key)
        .collect()
}
