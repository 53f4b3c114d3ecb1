//! Where a run stands in an order, so that the next page begins behind it however many
//! runs are before it.

use rusqlite::types::Value as Bound;
use serde_json::{Value, json};

use super::Condition;

/// The values of one run that others are ordered behind: of each column of the order.
#[derive(Debug, Clone, PartialEq)]
pub struct Place(pub(super) Vec<Bound>);

impl Place {
    /// For a page token; no number loses a digit.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.0
            .iter()
            .map(|value| match value {
                Bound::Integer(number) => json!(number),
                // JSON knows no infinity.
                Bound::Real(number) => json!({ "bits": number.to_bits() }),
                Bound::Text(text) => json!(text),
                Bound::Null | Bound::Blob(_) => Value::Null,
            })
            .collect()
    }

    /// From what [`Place::to_json`] wrote; nothing when it is something else.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let values = value.as_array()?.iter().map(|value| match value {
            Value::Null => Some(Bound::Null),
            Value::Number(number) => number.as_i64().map(Bound::Integer),
            Value::String(text) => Some(Bound::Text(text.clone())),
            Value::Object(_) => {
                let bits = value.get("bits")?.as_u64()?;
                Some(Bound::Real(f64::from_bits(bits)))
            }
            _ => None,
        });
        values.collect::<Option<_>>().map(Self)
    }

    /// That a run is behind it, in the order of these columns, each with whether it
    /// ascends. As SQLite orders: nothing is before anything.
    pub(super) fn condition(&self, columns: &[(String, bool)]) -> Condition {
        let mut text = "0".to_owned();
        let mut bound = Vec::new();
        for ((column, ascending), value) in columns.iter().zip(&self.0).rev() {
            let behind = match (ascending, value) {
                (true, Bound::Null) => format!("({column}) IS NOT NULL"),
                (true, _) => format!("({column}) > ?"),
                (false, Bound::Null) => "0".to_owned(),
                (false, _) => format!("(({column}) < ? OR ({column}) IS NULL)"),
            };
            let mut values = Vec::new();
            if !matches!(value, Bound::Null) {
                values.push(value.clone());
            }
            values.push(value.clone());
            values.append(&mut bound);
            bound = values;
            text = format!("({behind} OR (({column}) IS ? AND {text}))");
        }
        Condition::new(text, bound)
    }
}
