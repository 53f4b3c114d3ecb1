//! Search: from MLflow's language to SQL.

mod parse;
mod place;
mod plan;
pub(crate) mod runs;
mod sets;
mod stretch;
#[cfg(test)]
mod tests;
mod walk;

use rusqlite::types::Value as Bound;
use rusqlite::{Connection, Row};

use crate::{Result, StoreError};
use parse::{Clause, Expr, Op, Value};

pub use place::Place;
pub use runs::{Data, RunQuery};
pub(crate) use sets::{INDEXED, UNINDEXED_TAGS};

/// Which of what can be deleted is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// What is not deleted.
    #[default]
    Active,
    /// What is deleted.
    Deleted,
    /// Both.
    All,
}

/// A part of a longer answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// Where the next one begins, when there is more.
    pub next: Option<usize>,
}

impl<T> Page<T> {
    pub(crate) fn try_map<U>(self, map: impl FnMut(T) -> Result<U>) -> Result<Page<U>> {
        Ok(Page {
            items: self.items.into_iter().map(map).collect::<Result<_>>()?,
            next: self.next,
        })
    }
}

/// What kind of values an attribute has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Text that may be compared with a list.
    Listed,
    /// As `Listed`; where there is none, it is the empty text.
    Optional,
    Number,
    /// A number that may stand in quotes, since clients have it as text.
    Numbered,
}

/// What can be searched for in one kind of thing. The SQL of tags, params, metrics
/// and data sets is a condition with `{op}`; its parameters are key and value.
#[derive(Clone, Copy)]
pub(crate) struct Searchable<'a> {
    pub attributes: &'a [(&'a str, &'a str, Kind)],
    pub tags: &'a str,
    pub params: Option<&'a str>,
    pub metrics: Option<&'a str>,
    pub datasets: Option<&'a str>,
}

/// From the name of a metric to what stands for it in SQL.
type Metric<'a> = &'a dyn Fn(&str) -> Result<Bound>;

/// A condition of SQL with the values for its question marks.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    text: String,
    bound: Vec<Bound>,
}

impl Condition {
    fn new(text: impl Into<String>, bound: impl IntoIterator<Item = Bound>) -> Self {
        Self {
            text: text.into(),
            bound: bound.into_iter().collect(),
        }
    }

    /// This, and the other besides.
    fn and(&mut self, other: &Self) {
        self.text.push_str(" AND ");
        self.text.push_str(&other.text);
        self.bound.extend(other.bound.iter().cloned());
    }
}

/// A query under construction.
pub(crate) struct Sql {
    text: String,
    bound: Vec<Bound>,
    order: Vec<String>,
}

impl Sql {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            bound: Vec::new(),
            order: Vec::new(),
        }
    }

    pub(crate) fn and(&mut self, condition: &str, bound: impl IntoIterator<Item = Bound>) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
        self.bound.extend(bound);
    }

    pub(crate) fn view(&mut self, view: View, column: &str) {
        match view {
            View::Active => self.and(&format!("{column} = 0"), []),
            View::Deleted => self.and(&format!("{column} = 1"), []),
            View::All => {}
        }
    }

    pub(crate) fn order(&mut self, by: impl Into<String>) {
        self.order.push(by.into());
    }

    /// Runs it; 0 rows asked for means all.
    pub(crate) fn page<T>(
        mut self,
        conn: &Connection,
        limit: usize,
        offset: usize,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Page<T>> {
        if !self.order.is_empty() {
            self.text.push_str(" ORDER BY ");
            self.text.push_str(&self.order.join(", "));
        }
        if limit > 0 {
            self.text.push_str(&format!(
                " LIMIT {} OFFSET {offset}",
                limit.saturating_add(1)
            ));
        } else if offset > 0 {
            self.text.push_str(&format!(" LIMIT -1 OFFSET {offset}"));
        }
        let mut statement = conn.prepare_cached(&self.text)?;
        let rows = statement.query_map(rusqlite::params_from_iter(&self.bound), |row| read(row))?;
        let mut items: Vec<T> = rows.collect::<rusqlite::Result<_>>()?;
        let more = limit > 0 && items.len() > limit;
        if more {
            items.truncate(limit);
        }
        Ok(Page {
            items,
            next: more.then_some(offset.saturating_add(limit)),
        })
    }

    /// Adds the conditions of a filter.
    pub(crate) fn filter(&mut self, text: &str, searchable: &Searchable<'_>) -> Result<()> {
        for clause in parse::filter(text)? {
            self.clause(&clause, searchable)?;
        }
        Ok(())
    }

    /// Adds the conditions of a filter for registered models or their versions.
    /// Prompts, which are registered models with a tag, are left out unless they are
    /// asked for: a model has no such tag, so `!= 'true'` would not let it through.
    pub(crate) fn filter_without_prompts(
        &mut self,
        text: &str,
        searchable: &Searchable<'_>,
    ) -> Result<()> {
        let mut prompts = false;
        for clause in parse::filter(text)? {
            let about_prompts = clause.key == crate::registry::PROMPT_TAG
                && matches!(clause.entity.as_deref(), Some("tag" | "tags"));
            if about_prompts {
                let is = |text: &str| clause.value == Value::Text(text.to_owned());
                let wanted = (clause.op == Op::Equal && is("true"))
                    || (clause.op == Op::NotEqual && is("false"));
                if !wanted {
                    continue;
                }
                prompts = true;
            }
            self.clause(&clause, searchable)?;
        }
        if !prompts {
            self.and(
                "NOT EXISTS (SELECT 1 FROM registered_model_tags t WHERE t.model = m.id
                 AND t.key = ? AND lower(t.value) = 'true')",
                [Bound::from(crate::registry::PROMPT_TAG.to_owned())],
            );
        }
        Ok(())
    }

    fn clause(&mut self, clause: &Clause, searchable: &Searchable<'_>) -> Result<()> {
        let named = |metric: &str| Ok(Bound::from(metric.to_owned()));
        let condition = searchable.condition(clause, &named)?;
        self.and(&condition.text, condition.bound);
        Ok(())
    }
}

impl Searchable<'_> {
    /// A comparison as SQL; `metric` has what the SQL of metrics takes for the name of one.
    fn condition(&self, clause: &Clause, metric: Metric<'_>) -> Result<Condition> {
        let group = match clause.entity.as_deref() {
            None | Some("attribute" | "attr" | "attributes" | "run") => {
                return self.attribute(clause);
            }
            Some("tag" | "tags") => Some((self.tags, false)),
            Some("parameter" | "parameters" | "param" | "params") => {
                self.params.map(|sql| (sql, false))
            }
            Some("metric" | "metrics") => self.metrics.map(|sql| (sql, true)),
            Some("dataset" | "datasets") => {
                return self.dataset(clause);
            }
            Some(_) => None,
        };
        let Some((template, numeric)) = group else {
            return Err(unknown_entity(clause));
        };
        if numeric && clause.value == Value::None {
            return Err(no_null(clause, "metric"));
        }
        if numeric {
            let (Value::Number(number, _), Some(op)) = (&clause.value, order_op(clause.op)) else {
                return Err(match clause.value {
                    Value::Number(..) => bad_op(clause),
                    _ => parse::error(
                        clause.at,
                        format!(
                            "Expected numeric value type for metric. Found {}",
                            shown(&clause.value)
                        ),
                    ),
                });
            };
            // NaN, which is NULL here, is unlike any number.
            let op = if clause.op == Op::NotEqual {
                "IS NOT"
            } else {
                op
            };
            return Ok(Condition::new(
                template.replace("{op}", op),
                [metric(&clause.key)?, Bound::from(*number)],
            ));
        }
        if matches!(clause.op, Op::IsNull | Op::IsNotNull) {
            let there = template.replace("{value} {op} ?", "1");
            let not = if clause.op == Op::IsNull { "NOT " } else { "" };
            return Ok(Condition::new(
                format!("{not}{there}"),
                [Bound::from(clause.key.clone())],
            ));
        }
        let Value::Text(text) = &clause.value else {
            return Err(parse::error(
                clause.at,
                format!(
                    "Expected a quoted string value for {} (e.g. 'my-value'). Got value {}",
                    if template == self.tags {
                        "tag"
                    } else {
                        "parameter"
                    },
                    shown(&clause.value)
                ),
            ));
        };
        let condition = text_condition(template, clause, clause.op)?.replace("{value}", "t.value");
        Ok(Condition::new(
            condition,
            [Bound::from(clause.key.clone()), Bound::from(text.clone())],
        ))
    }

    fn attribute(&self, clause: &Clause) -> Result<Condition> {
        let found = self
            .attributes
            .iter()
            .find(|(name, _, _)| *name == clause.key);
        let Some((name, column, kind)) = found else {
            let names: Vec<&str> = self.attributes.iter().map(|(name, ..)| *name).collect();
            return Err(parse::error(
                clause.at,
                format!(
                    "Invalid attribute key '{}' specified. Valid keys are '{names:?}'",
                    clause.key
                ),
            ));
        };
        let number = match (kind, &clause.value) {
            // Whole numbers stay whole: a time in ms is exact.
            (Kind::Number | Kind::Numbered, Value::Number(number, text)) => Some(
                text.parse::<i64>()
                    .map_or_else(|_| Bound::from(*number), Bound::from),
            ),
            (Kind::Numbered, Value::Text(text)) => text.parse::<i64>().ok().map(Bound::from),
            _ => None,
        };
        if let Some(number) = number {
            let op = order_op(clause.op).ok_or_else(|| bad_op(clause))?;
            return Ok(Condition::new(format!("{column} {op} ?"), [number]));
        }
        let or_empty = format!("ifnull({column}, '')");
        let column = if *kind == Kind::Optional && !names_some(clause) {
            or_empty.as_str()
        } else {
            column
        };
        match (kind, &clause.value) {
            (_, Value::None) => Err(no_null(clause, "attribute")),
            (Kind::Number | Kind::Numbered, other) => Err(parse::error(
                clause.at,
                format!(
                    "Expected numeric value type for numeric attribute: {name}. Found {}",
                    shown(other)
                ),
            )),
            (Kind::Listed | Kind::Optional, Value::List(items)) => listed(column, clause, items),
            (_, Value::List(_)) => Err(parse::error(
                clause.at,
                format!(
                    "The attribute '{name}' cannot be compared with a list of quoted string values."
                ),
            )),
            (_, Value::Text(text)) => {
                let condition =
                    text_condition("{value} {op} ?", clause, clause.op)?.replace("{value}", column);
                Ok(Condition::new(condition, [Bound::from(text.clone())]))
            }
            (_, other) => Err(parse::error(
                clause.at,
                format!(
                    "Expected a quoted string value for attributes. Got value {}",
                    shown(other)
                ),
            )),
        }
    }

    fn dataset(&self, clause: &Clause) -> Result<Condition> {
        let Some(template) = self.datasets else {
            return Err(unknown_entity(clause));
        };
        let column = match clause.key.as_str() {
            "name" => "d.name",
            "digest" => "d.digest",
            "context" => "i.context",
            other => {
                return Err(parse::error(
                    clause.at,
                    format!(
                        "Invalid dataset key '{other}' specified. Valid keys are '{{'name', 'digest', 'context'}}'"
                    ),
                ));
            }
        };
        let mut condition = match &clause.value {
            Value::List(items) => listed(column, clause, items)?,
            Value::Text(text) => Condition::new(
                text_condition("{value} {op} ?", clause, clause.op)?.replace("{value}", column),
                [Bound::from(text.clone())],
            ),
            other => {
                return Err(parse::error(
                    clause.at,
                    format!(
                        "Expected a quoted string value for dataset attributes. Got value {}",
                        shown(other)
                    ),
                ));
            }
        };
        condition.text = template.replace("{condition}", &condition.text);
        Ok(condition)
    }

    /// Comparisons joined by AND and OR as SQL.
    fn expression(&self, expr: &Expr, metric: Metric<'_>) -> Result<Condition> {
        let (parts, word) = match expr {
            Expr::Is(clause) => return self.condition(clause, metric),
            Expr::All(parts) if parts.is_empty() => return Ok(Condition::new("1", [])),
            Expr::All(parts) => (parts, " AND "),
            Expr::Any(parts) => (parts, " OR "),
        };
        let mut texts = Vec::with_capacity(parts.len());
        let mut bound = Vec::new();
        for part in parts {
            let condition = self.expression(part, metric)?;
            texts.push(condition.text);
            bound.extend(condition.bound);
        }
        Ok(Condition::new(format!("({})", texts.join(word)), bound))
    }
}

/// Whether only a text that is there can be meant, so that an index on it serves.
fn names_some(clause: &Clause) -> bool {
    match (clause.op, &clause.value) {
        (Op::Equal, Value::Text(text)) => !text.is_empty(),
        (Op::In, Value::List(items)) => items.iter().all(|text| !text.is_empty()),
        _ => false,
    }
}

fn listed(column: &str, clause: &Clause, items: &[String]) -> Result<Condition> {
    let not = list_op(clause)?;
    let marks = vec!["?"; items.len()].join(", ");
    Ok(Condition::new(
        format!("{column} {not}IN ({marks})"),
        items.iter().cloned().map(Bound::from),
    ))
}

fn list_op(clause: &Clause) -> Result<&'static str> {
    match clause.op {
        Op::In => Ok(""),
        Op::NotIn => Ok("NOT "),
        _ => Err(bad_op(clause)),
    }
}

fn order_op(op: Op) -> Option<&'static str> {
    matches!(
        op,
        Op::Equal | Op::NotEqual | Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual
    )
    .then(|| op.word())
}

/// The template with the comparison of a text put in.
fn text_condition(template: &str, clause: &Clause, op: Op) -> Result<String> {
    Ok(match op {
        Op::Equal => template.replace("{op}", "="),
        Op::NotEqual => template.replace("{op}", "!="),
        Op::Like => template.replace("{op}", "LIKE"),
        Op::Ilike => template.replace("{value} {op} ?", "lower({value}) LIKE lower(?)"),
        _ => return Err(bad_op(clause)),
    })
}

fn shown(value: &Value) -> String {
    match value {
        Value::None => "NULL".to_owned(),
        Value::Text(text) => format!("'{text}'"),
        Value::Number(_, text) => text.clone(),
        Value::List(items) => format!("{items:?}"),
    }
}

fn bad_op(clause: &Clause) -> StoreError {
    parse::error(
        clause.at,
        format!(
            "Invalid comparator '{}' for '{}'",
            clause.op.word(),
            clause.key
        ),
    )
}

fn no_null(clause: &Clause, kind: &str) -> StoreError {
    parse::error(
        clause.at,
        format!(
            "IS NULL / IS NOT NULL is only supported for tags and params, not for '{kind}' '{}'",
            clause.key
        ),
    )
}

fn unknown_entity(clause: &Clause) -> StoreError {
    parse::error(
        clause.at,
        format!(
            "Invalid entity type '{}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
            clause.entity.as_deref().unwrap_or_default()
        ),
    )
}

/// Adds `order_by` fields that are columns, each `called` so; `last` breaks ties.
pub(crate) fn order_by_columns(
    sql: &mut Sql,
    order_by: &[String],
    called: &str,
    columns: &[(&str, &str)],
    fallback: &[&str],
    last: &[(&str, &str)],
) -> Result<()> {
    let mut seen: Vec<String> = Vec::new();
    for text in order_by {
        let order = parse::order(text)?;
        let attribute = matches!(
            order.entity.as_deref(),
            None | Some("attribute" | "attr" | "attributes")
        );
        let Some((_, column)) = columns
            .iter()
            .find(|(name, _)| attribute && *name == order.key)
        else {
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            return Err(StoreError::Invalid(format!(
                "Invalid {called} key '{}' specified. Valid keys are {names:?}",
                order.key
            )));
        };
        if seen.iter().any(|other| other == column) {
            return Err(StoreError::Invalid(format!(
                "`order_by` contains duplicate fields: {order_by:?}"
            )));
        }
        seen.push((*column).to_owned());
        sql.order(format!(
            "{column} {}",
            if order.ascending { "ASC" } else { "DESC" }
        ));
    }
    if order_by.is_empty() {
        for by in fallback {
            sql.order(*by);
        }
    }
    for (column, direction) in last {
        if !seen.iter().any(|other| other == column) {
            sql.order(format!("{column} {direction}"));
        }
    }
    Ok(())
}

const EXPERIMENTS: Searchable<'_> = Searchable {
    attributes: &[
        ("name", "e.name", Kind::Listed),
        ("experiment_id", "CAST(e.id AS TEXT)", Kind::Listed),
        ("creation_time", "e.created_at", Kind::Number),
        ("last_update_time", "e.updated_at", Kind::Number),
    ],
    tags: "EXISTS (SELECT 1 FROM experiment_tags t WHERE t.experiment = e.id AND t.key = ? AND {value} {op} ?)",
    params: None,
    metrics: None,
    datasets: None,
};

pub(crate) fn experiments_filter(sql: &mut Sql, filter: &str) -> Result<()> {
    sql.filter(filter, &EXPERIMENTS)
}

pub(crate) fn experiments_order(sql: &mut Sql, order_by: &[String]) -> Result<()> {
    order_by_columns(
        sql,
        order_by,
        "attribute",
        &[
            ("name", "e.name"),
            ("experiment_id", "e.id"),
            ("creation_time", "e.created_at"),
            ("last_update_time", "e.updated_at"),
        ],
        &["e.created_at DESC"],
        &[("e.id", "ASC")],
    )
}
