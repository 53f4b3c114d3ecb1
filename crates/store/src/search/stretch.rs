//! Stretches of indexes that have runs in the order of a key, from the first one or
//! from behind a place on.

use rusqlite::types::Value as Bound;

use super::Condition;
use super::parse::{Clause, Expr, Op, Value};
use super::place::Place;
use super::plan::Search;
use super::runs::{Field, Standing};
use super::sets::{self, About};

/// Experiments, twice when deleted runs are asked for too, whose runs are merged.
const STREAMS: usize = 50;
/// A flag of a column that says that something is not there, and says that it is.
const NO: Bound = Bound::Integer(0);

/// How what is not before compares.
fn behind(ascending: bool) -> &'static str {
    if ascending { ">=" } else { "<=" }
}

pub(super) fn way(ascending: bool) -> &'static str {
    if ascending { "ASC" } else { "DESC" }
}

pub(super) enum Part {
    Index(Index),
    /// Runs that do not have the key: the condition says so.
    Without(Condition),
}

/// A stretch of an index: numbers of runs with the value that they are ordered by.
pub(super) struct Index {
    pub sql: String,
    pub bound: Vec<Bound>,
    pub same: Same,
    /// Places of the parts of the filter that let through each of its runs.
    pub sure: Vec<usize>,
    /// It has the runs of the answer and no others: none needs to be looked at.
    pub certain: bool,
}

/// Which runs of a stretch have the same place in its order.
pub(super) enum Same {
    /// None.
    Unique,
    /// All.
    Null(String),
    /// Those of the same value.
    Value(String),
}

impl Same {
    /// That a run is one of these with `value`.
    pub(super) fn condition(&self, value: Option<&Bound>) -> Option<Condition> {
        match (self, value) {
            (Self::Null(text), _) => Some(Condition::new(text, [])),
            // The index has only the beginning of a longer text.
            (Self::Value(_), Some(Bound::Text(text))) if text.chars().count() >= sets::INDEXED => {
                None
            }
            (Self::Value(text), Some(value)) => Some(Condition::new(text, [value.clone()])),
            (Self::Unique, _) | (_, None) => None,
        }
    }
}

impl Search<'_> {
    /// Whether indexes give the order from key `level` on.
    pub(super) fn is_walkable(&self, level: usize) -> bool {
        match self.keys.get(level).map(|key| &key.field) {
            None => false,
            Some(Field::Column("r.start_time")) => self.scope.len() <= STREAMS,
            Some(Field::Column(column)) => *column == "r.run_id",
            Some(Field::Metric(..) | Field::Param(_)) => self.is_walkable(level + 1),
            Some(Field::Tag(key)) => sets::tag_is_indexed(key) && self.is_walkable(level + 1),
        }
    }

    /// The stretches of index that give the order of a key, one behind the other.
    pub(super) fn parts(&self, level: usize) -> Vec<Part> {
        let Some(key) = self.keys.get(level) else {
            return Vec::new();
        };
        let behind = behind(key.ascending);
        let way = way(key.ascending);
        let required = sets::required(&self.asked.filter);
        // The first key of the place behind which the page begins, as its columns have it.
        let after = match &self.after {
            Some(Place(values)) if level == 0 => values.get(..key.columns(0).len()),
            _ => None,
        };
        match &key.field {
            Field::Column("r.start_time") => self.by_time(level, key.ascending, after, &required),
            Field::Column(_) => {
                let (within, bound) = match after {
                    Some([id]) => (format!(" WHERE run_id {behind} ?"), vec![id.clone()]),
                    _ => (String::new(), Vec::new()),
                };
                vec![Part::Index(Index {
                    sql: format!("SELECT id, NULL FROM runs{within} ORDER BY run_id {way}"),
                    bound,
                    same: Same::Unique,
                    sure: Vec::new(),
                    certain: false,
                })]
            }
            Field::Metric(name, standing) => {
                self.by_metric(level, key.ascending, name, *standing, after, &required)
            }
            Field::Param(name) | Field::Tag(name) => {
                let (table, wanted) = match &key.field {
                    Field::Param(_) => (
                        "params INDEXED BY params_by_value WHERE 1".to_owned(),
                        About::Param,
                    ),
                    _ => (
                        format!(
                            "tags INDEXED BY tags_by_value WHERE {}",
                            sets::UNINDEXED_TAGS
                        ),
                        About::Tag,
                    ),
                };
                let mut values = Index {
                    sql: format!("SELECT run, substr(value, 1, 64) FROM {table} AND key = ?"),
                    bound: vec![Bound::from(name.clone())],
                    same: Same::Value(format!("o{level}.value = ?")),
                    sure: Vec::new(),
                    certain: false,
                };
                if let Some([_, Bound::Text(text)]) = after {
                    values
                        .sql
                        .push_str(&format!(" AND substr(value, 1, 64) {behind} ?"));
                    let beginning: String = text.chars().take(sets::INDEXED).collect();
                    values.bound.push(Bound::from(beginning));
                }
                values
                    .sql
                    .push_str(&format!(" ORDER BY substr(value, 1, 64) {way}"));
                let mut parts = Vec::new();
                if after.is_none_or(|after| after.first() == Some(&NO)) {
                    parts.push(Part::Index(values));
                }
                let there = required.iter().any(|clause| {
                    sets::about(clause) == wanted && clause.key == *name && clause.op != Op::IsNull
                });
                if !there {
                    parts.push(Part::Without(Condition::new(
                        format!("o{level}.value IS NULL"),
                        [],
                    )));
                }
                parts
            }
        }
    }

    fn by_metric(
        &self,
        level: usize,
        ascending: bool,
        name: &str,
        standing: Standing,
        after: Option<&[Bound]>,
        required: &[&Clause],
    ) -> Vec<Part> {
        let about: Vec<&&Clause> = required
            .iter()
            .filter(|clause| sets::about(clause) == About::Metric && clause.key == name)
            .collect();
        // A filter speaks of last values.
        let is_last = standing == Standing::Last;
        let mut within = Vec::new();
        if let Some([_, _, number @ Bound::Real(_)]) = after {
            within.push((behind(ascending), number.clone()));
        }
        for clause in about.iter().filter(|_| is_last) {
            if let Value::Number(number, _) = &clause.value
                && clause.op != Op::NotEqual
            {
                within.push((clause.op.word(), Bound::from(*number)));
            }
        }
        let stretch = |is_number: &str, within: &[(&str, Bound)]| {
            let mut bound = Vec::new();
            let merged: Vec<String> = standing
                .stretches()
                .iter()
                .map(|it| {
                    let (index, column, which) = (it.index, it.column, it.which);
                    let mut sql = format!(
                        "SELECT run, {column} FROM series INDEXED BY {index}
                         WHERE metric = (SELECT id FROM metric_names WHERE name = ?)
                         AND {column} {is_number}{which}"
                    );
                    bound.push(Bound::from(name.to_owned()));
                    for (op, number) in within {
                        sql.push_str(&format!(" AND {column} {op} ?"));
                        bound.push(number.clone());
                    }
                    sql
                })
                .collect();
            (merged.join(" UNION ALL "), bound)
        };
        let column = standing.column();
        let (is_there, is_number) = match after {
            Some([missing, nan, _]) => (*missing == NO, *nan == NO),
            _ => (true, true),
        };
        let mut parts = Vec::new();
        if is_there && is_number {
            let (merged, bound) = stretch("IS NOT NULL", &within);
            parts.push(Part::Index(Index {
                sql: format!("{merged} ORDER BY 2 {}", way(ascending)),
                bound,
                same: Same::Value(format!("o{level}.{column} = ?")),
                sure: if is_last {
                    sets::numbers(&self.asked.filter, name)
                } else {
                    Vec::new()
                },
                certain: false,
            }));
        }
        // NaN is unlike any number, and no more than that.
        if is_there && about.iter().all(|clause| clause.op == Op::NotEqual) {
            let (sql, bound) = stretch("IS NULL", &[]);
            parts.push(Part::Index(Index {
                sql,
                bound,
                same: Same::Null(format!(
                    "o{level}.id IS NOT NULL AND o{level}.{column} IS NULL"
                )),
                sure: Vec::new(),
                certain: false,
            }));
        }
        if about.is_empty() {
            parts.push(Part::Without(Condition::new(
                format!("o{level}.id IS NULL"),
                [],
            )));
        }
        parts
    }

    fn by_time(
        &self,
        level: usize,
        ascending: bool,
        after: Option<&[Bound]>,
        required: &[&Clause],
    ) -> Vec<Part> {
        let mut within = String::new();
        let mut bound_within = Vec::new();
        for clause in required {
            if sets::about(clause) == About::Attribute
                && matches!(clause.key.as_str(), "start_time" | "created" | "Created")
                && clause.op != Op::NotEqual
                && let Value::Number(number, text) = &clause.value
            {
                within.push_str(&format!(" AND start_time {} ?", clause.op.word()));
                bound_within.push(
                    text.parse::<i64>()
                        .map_or_else(|_| Bound::from(*number), Bound::from),
                );
            }
        }
        // When the run's id comes next, the index has it in that order too.
        let by_id = self
            .keys
            .get(level + 1)
            .is_some_and(|key| key.ascending && key.field == Field::Column("r.run_id"));
        let archived = self.and_archived();
        let stretch = |more: &str, order: &str, bound_within: &[Bound]| {
            let mut bound = Vec::new();
            let streams: Vec<String> = self
                .scope
                .iter()
                .map(|(experiment, deleted)| {
                    bound.push(Bound::from(*experiment));
                    bound.push(Bound::from(i64::from(*deleted)));
                    bound.extend(bound_within.iter().cloned());
                    format!(
                        "SELECT id, start_time, run_id FROM runs INDEXED BY runs_by_start
                         WHERE experiment = ? AND deleted = ?{archived}{more}"
                    )
                })
                .collect();
            let order = if by_id {
                format!("{order}, run_id ASC")
            } else {
                order.to_owned()
            };
            Part::Index(Index {
                sql: format!("{} ORDER BY {order}", streams.join(" UNION ALL ")),
                bound,
                same: if by_id {
                    Same::Unique
                } else {
                    Same::Value("r.start_time IS ?".to_owned())
                },
                sure: Vec::new(),
                certain: by_id
                    && level == 0
                    && self.after.is_none()
                    && matches!(&self.asked.filter, Expr::All(parts) if parts.is_empty()),
            })
        };
        // Runs without a time are last, whichever way.
        let timed = match after.and_then(<[Bound]>::last) {
            Some(Bound::Null) => None,
            Some(time) => {
                bound_within.push(time.clone());
                Some(format!("{within} AND start_time {} ?", behind(ascending)))
            }
            None => Some(within.clone()),
        };
        let untimed = within.is_empty().then_some(" AND start_time IS NULL");
        let order = format!("start_time {}", way(ascending));
        match (timed, untimed) {
            // Descending, one stretch has these at its end.
            (Some(timed), Some(_)) if !ascending && after.is_none() => {
                vec![stretch(&timed, &order, &bound_within)]
            }
            (timed, untimed) => {
                let timed = timed.map(|timed| {
                    stretch(
                        &format!(" AND start_time IS NOT NULL{timed}"),
                        &order,
                        &bound_within,
                    )
                });
                let untimed = untimed.map(|untimed| stretch(untimed, &order, &[]));
                timed.into_iter().chain(untimed).collect()
            }
        }
    }
}
