//! Sets of runs that a filter lets through, read from indexes. They may hold runs that
//! the filter does not let through, but all that it does.

use rusqlite::types::Value as Bound;

use super::parse::{Clause, Expr, Op, Value};
use crate::{Reader, Result};

/// Tags that `tags_by_value` leaves out: as in the migration.
pub(crate) const UNINDEXED_TAGS: &str = "key NOT IN ('mlflow.runName', 'mlflow.source.name', 'mlflow.source.type', 'mlflow.user', \
     'mlflow.log-model.history', 'mlflow.note.content')";

/// Characters of a param or tag that are in its index.
pub(crate) const INDEXED: usize = 64;

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

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
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
    /// The metric whose numbers are compared.
    metric: Option<String>,
    /// Runs that have the metric, param or tag at all, whatever its value.
    wide: bool,
    /// It lets through each of these runs.
    exact: bool,
    /// What tells more of a wide part, looking at all of it.
    scan: Option<(&'static str, Bound)>,
    /// Entries that are read in the time of one of a metric: SQLite seeks the row of
    /// each entry of an index of a table that has no row numbers.
    slower: usize,
}

fn part(clause: &Clause) -> Option<Part> {
    let key = Bound::from(clause.key.clone());
    match (about(clause), &clause.value) {
        (About::Metric, Value::Number(number, _)) => {
            let wide = clause.op == Op::NotEqual;
            let mut bound = vec![key];
            let mut sql = "SELECT run FROM series INDEXED BY series_by_value
                 WHERE metric = (SELECT id FROM metric_names WHERE name = ?)"
                .to_owned();
            if !wide {
                sql.push_str(&format!(" AND last_value {} ?", clause.op.word()));
                bound.push(Bound::from(*number));
            }
            Some(Part {
                sql,
                bound,
                metric: (!wide).then(|| clause.key.clone()),
                wide,
                exact: !wide,
                scan: None,
                slower: 1,
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
            let mut part = Part {
                sql: format!("SELECT run FROM {table} AND key = ?"),
                bound: vec![key],
                metric: None,
                wide: true,
                exact: clause.op == Op::IsNotNull,
                scan: None,
                slower: 8,
            };
            // Only the beginning of a value is in the index.
            match (clause.op, value) {
                (Op::Equal, Value::Text(text)) => {
                    part.sql.push_str(" AND substr(value, 1, 64) = ?");
                    let beginning: String = text.chars().take(INDEXED).collect();
                    part.bound.push(Bound::from(beginning));
                    part.wide = false;
                    part.exact = text.chars().nth(INDEXED - 1).is_none();
                }
                (Op::Like, Value::Text(text)) => {
                    let scan =
                        " AND (substr(value, 1, 64) LIKE ? OR length(substr(value, 1, 64)) = 64)";
                    part.scan = Some((scan, Bound::from(text.clone())));
                }
                (Op::Ilike, Value::Text(text)) => {
                    let scan = " AND (lower(substr(value, 1, 64)) LIKE lower(?) OR length(substr(value, 1, 64)) = 64)";
                    part.scan = Some((scan, Bound::from(text.clone())));
                }
                _ => {}
            }
            Some(part)
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
                metric: None,
                wide: false,
                exact: true,
                scan: None,
                slower: 1,
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

    /// All its runs, when they are at most `most`.
    fn set(mut self, reader: &Reader<'_>, most: usize) -> Result<Option<Known>> {
        if self.wide {
            // A scan reads all of a part, however few it finds.
            let Some((scan, value)) = self.scan.take().filter(|_| most == usize::MAX) else {
                return Ok(None);
            };
            self.sql.push_str(scan);
            self.bound.push(value);
        }
        let most = match most {
            usize::MAX => most,
            most => most / self.slower,
        };
        let mut runs = Set::default();
        let mut count = 0_usize;
        self.read(reader, most.saturating_add(1), |run| {
            runs.insert(run);
            count += 1;
        })?;
        Ok((count <= most).then_some(Known {
            runs,
            exact: self.exact,
        }))
    }
}

/// Comparisons that must all be met, as far as one index knows them at once: those of
/// the numbers of a metric are one stretch of its values.
enum Together<'e> {
    Part(Part),
    Expr(&'e Expr),
}

/// Each with the places of its comparisons in `parts`.
fn together(parts: &[Expr]) -> Vec<(Together<'_>, Vec<usize>)> {
    let mut all: Vec<(Together<'_>, Vec<usize>)> = Vec::new();
    for (place, expr) in parts.iter().enumerate() {
        let part = match expr {
            Expr::Is(clause) => part(clause),
            _ => None,
        };
        let Some(mut part) = part else {
            all.push((Together::Expr(expr), vec![place]));
            continue;
        };
        let same = all.iter().position(|(other, _)| {
            matches!(other, Together::Part(other) if part.metric.is_some() && other.metric == part.metric)
        });
        if let Expr::Is(clause) = expr
            && let Some((Together::Part(same), places)) = same.and_then(|same| all.get_mut(same))
        {
            same.sql
                .push_str(&format!(" AND last_value {} ?", clause.op.word()));
            same.bound.extend(part.bound.pop());
            places.push(place);
            continue;
        }
        all.push((Together::Part(part), vec![place]));
    }
    all
}

/// The runs that a filter may let through when there are at most `most` of them.
pub(super) fn few(reader: &Reader<'_>, expr: &Expr, most: usize) -> Result<Option<Vec<i64>>> {
    let few_of = |part: Part| -> Result<Option<Vec<i64>>> {
        let mut runs = Vec::new();
        part.read(reader, most + 1, |run| runs.push(run))?;
        Ok((runs.len() <= most).then_some(runs))
    };
    Ok(match expr {
        Expr::Is(clause) => match part(clause) {
            Some(part) => few_of(part)?,
            None => None,
        },
        Expr::All(parts) => {
            for (part, _) in together(parts) {
                let runs = match part {
                    Together::Part(part) => few_of(part)?,
                    Together::Expr(expr) => few(reader, expr, most)?,
                };
                if runs.is_some() {
                    return Ok(runs);
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

/// Runs that a part of a filter may let through.
struct Known {
    runs: Set,
    /// It lets through each of them.
    exact: bool,
}

/// The runs that a filter may let through, when indexes know them and each index has
/// at most `most` of them.
fn set(reader: &Reader<'_>, expr: &Expr, most: usize) -> Result<Option<Known>> {
    Ok(match expr {
        Expr::Is(clause) => match part(clause) {
            Some(part) => part.set(reader, most)?,
            None => None,
        },
        Expr::All(parts) => {
            let sieve = sieve(reader, parts, &[], most)?;
            sieve.map(|sieve| Known {
                exact: sieve.sure.len() == parts.len(),
                runs: sieve.runs,
            })
        }
        Expr::Any(parts) => {
            let mut any = Known {
                runs: Set::default(),
                exact: true,
            };
            for part in parts {
                let Some(one) = set(reader, part, most)? else {
                    return Ok(None);
                };
                any.runs.or(&one.runs);
                any.exact &= one.exact;
            }
            Some(any)
        }
    })
}

/// Runs that all of some comparisons may let through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sieve {
    pub runs: Set,
    /// Places of the comparisons that let through each of the runs.
    pub sure: Vec<usize>,
}

/// What indexes know about comparisons that must all be met, but for those at the places
/// `known`; of each index at most `most` runs are read, else it is left out.
pub(super) fn sieve(
    reader: &Reader<'_>,
    parts: &[Expr],
    known: &[usize],
    most: usize,
) -> Result<Option<Sieve>> {
    let mut all: Option<Sieve> = None;
    for (part, places) in together(parts) {
        if places.iter().all(|place| known.contains(place)) {
            continue;
        }
        let one = match part {
            Together::Part(part) => part.set(reader, most)?,
            Together::Expr(expr) => set(reader, expr, most)?,
        };
        let Some(one) = one else { continue };
        let sure = if one.exact { places } else { Vec::new() };
        match &mut all {
            Some(all) => {
                all.runs.and(&one.runs);
                all.sure.extend(sure);
            }
            None => {
                all = Some(Sieve {
                    runs: one.runs,
                    sure,
                });
            }
        }
        // Nothing is left that another could take away.
        if all.as_ref().is_some_and(|all| all.runs.is_empty()) {
            break;
        }
    }
    Ok(all)
}

/// Parts of a filter that must all be met.
pub(super) fn parts(filter: &Expr) -> &[Expr] {
    match filter {
        Expr::All(parts) => parts,
        other => std::slice::from_ref(other),
    }
}

/// Places among the parts of a filter of those that compare the numbers of a metric.
pub(super) fn numbers(filter: &Expr, metric: &str) -> Vec<usize> {
    let about_it = |expr: &Expr| {
        matches!(expr, Expr::Is(clause) if about(clause) == About::Metric
            && clause.key == metric
            && clause.op != Op::NotEqual
            && matches!(clause.value, Value::Number(..)))
    };
    parts(filter)
        .iter()
        .enumerate()
        .filter(|(_, expr)| about_it(expr))
        .map(|(place, _)| place)
        .collect()
}

/// Comparisons that every run of the answer meets.
pub(super) fn required(expr: &Expr) -> Vec<&Clause> {
    match expr {
        Expr::Is(clause) => vec![clause],
        Expr::All(parts) => parts.iter().flat_map(required).collect(),
        Expr::Any(_) => Vec::new(),
    }
}
