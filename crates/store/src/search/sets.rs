//! Sets of runs that a filter lets through, read from indexes. They may hold runs that
//! the filter does not let through, but all that it does.

use rusqlite::types::Value as Bound;

use super::parse::{Clause, Expr, Op, Value};
use crate::{Reader, Result};

/// Tags that `tags_by_value` leaves out: as in the migration.
pub(super) const UNINDEXED_TAGS: &str = "key NOT IN ('mlflow.runName', 'mlflow.source.name', 'mlflow.source.type', 'mlflow.user', \
     'mlflow.log-model.history', 'mlflow.note.content')";

/// Characters of a param or tag that are in its index.
pub(super) const INDEXED: usize = 64;

/// What a comparison is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Metric,
    Param,
    Tag,
    Attribute,
    Dataset,
}

pub(super) fn about(clause: &Clause) -> About {
    match clause.entity.as_deref() {
        Some("metric" | "metrics") => About::Metric,
        Some("parameter" | "parameters" | "param" | "params") => About::Param,
        Some("tag" | "tags") => About::Tag,
        Some("dataset" | "datasets") => About::Dataset,
        _ => About::Attribute,
    }
}

/// Whether an index has the tags of this name.
pub(super) fn tag_is_indexed(key: &str) -> bool {
    !UNINDEXED_TAGS.contains(&format!("'{key}'"))
}

/// Runs by their numbers, one bit each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Set(Vec<u64>);

impl Set {
    fn place(run: i64) -> Option<(usize, u64)> {
        let run = usize::try_from(run).ok()?;
        Some((run / 64, 1 << (run % 64)))
    }

    pub(super) fn has(&self, run: i64) -> bool {
        Self::place(run)
            .and_then(|(word, bit)| self.0.get(word).map(|word| word & bit != 0))
            .unwrap_or(false)
    }

    pub(super) fn insert(&mut self, run: i64) {
        let Some((word, bit)) = Self::place(run) else {
            return;
        };
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    pub(super) fn and(&mut self, other: &Self) {
        self.0.truncate(other.0.len());
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
    }

    fn or(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn runs(&self) -> Vec<i64> {
        let mut runs = Vec::new();
        for (n, word) in (0_i64..).zip(&self.0) {
            let mut rest = *word;
            while rest != 0 {
                runs.push(n * 64 + i64::from(rest.trailing_zeros()));
                rest &= rest - 1;
            }
        }
        runs
    }
}

/// A part of an index: runs that a comparison may let through.
struct Part {
    sql: String,
    bound: Vec<Bound>,
    /// Runs that have the metric, param or tag at all, whatever its value.
    wide: bool,
}

fn part(clause: &Clause) -> Option<Part> {
    let key = Bound::from(clause.key.clone());
    match (about(clause), &clause.value) {
        (About::Metric, Value::Number(number, _)) => {
            let wide = clause.op == Op::NotEqual;
            let numbers = if wide {
                String::new()
            } else {
                format!(" AND last_value {} ?", clause.op.word())
            };
            let mut bound = vec![key];
            if !wide {
                bound.push(Bound::from(*number));
            }
            Some(Part {
                sql: format!(
                    "SELECT run FROM series INDEXED BY series_by_value
                     WHERE metric = (SELECT id FROM metric_names WHERE name = ?){numbers}"
                ),
                bound,
                wide,
            })
        }
        (about @ (About::Param | About::Tag), value) if clause.op != Op::IsNull => {
            let table = match about {
                About::Param => "params INDEXED BY params_by_value WHERE 1".to_owned(),
                _ if tag_is_indexed(&clause.key) => {
                    format!("tags INDEXED BY tags_by_value WHERE {UNINDEXED_TAGS}")
                }
                _ => return None,
            };
            let mut bound = vec![key];
            let same = match value {
                Value::Text(text) if clause.op == Op::Equal => {
                    bound.push(Bound::from(text.chars().take(INDEXED).collect::<String>()));
                    " AND substr(value, 1, 64) = ?"
                }
                _ => "",
            };
            Some(Part {
                sql: format!("SELECT run FROM {table} AND key = ?{same}"),
                bound,
                wide: same.is_empty(),
            })
        }
        (About::Attribute, value) if clause.key == "run_id" => {
            let ids = match value {
                Value::Text(id) if clause.op == Op::Equal => vec![id.clone()],
                Value::List(ids) if clause.op == Op::In => ids.clone(),
                _ => return None,
            };
            Some(Part {
                sql: format!(
                    "SELECT id FROM runs WHERE run_id IN ({})",
                    vec!["?"; ids.len()].join(", ")
                ),
                bound: ids.into_iter().map(Bound::from).collect(),
                wide: false,
            })
        }
        _ => None,
    }
}

impl Part {
    fn read(&self, reader: &Reader<'_>, limit: usize, mut take: impl FnMut(i64)) -> Result<()> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = reader
            .conn()
            .prepare_cached(&format!("{} LIMIT {limit}", self.sql))?;
        let mut rows = statement.query(rusqlite::params_from_iter(&self.bound))?;
        while let Some(row) = rows.next()? {
            take(row.get(0)?);
        }
        Ok(())
    }
}

/// The runs that a filter may let through when there are at most `most` of them.
pub(super) fn few(reader: &Reader<'_>, expr: &Expr, most: usize) -> Result<Option<Vec<i64>>> {
    Ok(match expr {
        Expr::Is(clause) => {
            let Some(part) = part(clause) else {
                return Ok(None);
            };
            let mut runs = Vec::new();
            part.read(reader, most + 1, |run| runs.push(run))?;
            (runs.len() <= most).then_some(runs)
        }
        Expr::All(parts) => {
            for part in parts {
                if let Some(runs) = few(reader, part, most)? {
                    return Ok(Some(runs));
                }
            }
            None
        }
        Expr::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                match few(reader, part, most)? {
                    Some(mut runs) => all.append(&mut runs),
                    None => return Ok(None),
                }
                if all.len() > most {
                    return Ok(None);
                }
            }
            all.sort_unstable();
            all.dedup();
            Some(all)
        }
    })
}

/// The runs that a filter may let through, when indexes know them.
pub(super) fn set(reader: &Reader<'_>, expr: &Expr) -> Result<Option<Set>> {
    Ok(match expr {
        Expr::Is(clause) => {
            let Some(part) = part(clause).filter(|part| !part.wide) else {
                return Ok(None);
            };
            let mut set = Set::default();
            part.read(reader, usize::MAX, |run| set.insert(run))?;
            Some(set)
        }
        Expr::All(parts) => {
            let mut all: Option<Set> = None;
            for part in parts {
                if let Some(one) = set(reader, part)? {
                    match &mut all {
                        Some(all) => all.and(&one),
                        None => all = Some(one),
                    }
                }
            }
            all
        }
        Expr::Any(parts) => {
            let mut any = Set::default();
            for part in parts {
                match set(reader, part)? {
                    Some(one) => any.or(&one),
                    None => return Ok(None),
                }
            }
            Some(any)
        }
    })
}

/// Comparisons that every run of the answer meets.
pub(super) fn required(expr: &Expr) -> Vec<&Clause> {
    match expr {
        Expr::Is(clause) => vec![clause],
        Expr::All(parts) => parts.iter().flat_map(required).collect(),
        Expr::Any(_) => Vec::new(),
    }
}
