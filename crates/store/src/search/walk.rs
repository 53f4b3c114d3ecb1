//! Looking at runs one by one along an index, in the order that is asked for.

use std::cmp::Ordering;

use rusqlite::CachedStatement;
use rusqlite::types::Value as Bound;

use super::Condition;
use super::plan::Search;
use super::sets::Sieve;
use super::stretch::{Index, Part, Same};
use crate::Result;

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walked {
    /// The index has no more.
    All,
    /// The page is full.
    Enough,
    /// Too many runs were looked at, or too few are left to be walked to.
    TooFar,
}

/// Runs that were found on a walk, in order.
pub(super) struct Walk {
    pub found: Vec<i64>,
    pub wanted: usize,
    /// Runs that were looked at, and that may be.
    pub looked: usize,
    pub looks: usize,
    /// After so many it is foreseen how many it will take; 0 once that is done.
    pub glance: usize,
    pub sieve: Option<Sieve>,
}

impl Walk {
    /// How many looks the whole page takes, going by those so far; when any was found.
    pub(super) fn foreseen(&self) -> Option<usize> {
        self.wanted
            .saturating_mul(self.looked)
            .checked_div(self.found.len())
    }

    fn is_unpromising(&self) -> bool {
        self.glance > 0
            && self.looked >= self.glance
            && self.foreseen().is_none_or(|looks| looks > self.looks)
    }

    fn has_sieve(&self) -> bool {
        self.sieve.is_some()
    }

    fn lets_through(&self, run: i64) -> bool {
        self.sieve.as_ref().is_none_or(|sieve| sieve.runs.has(run))
    }
}

/// What is known of the runs of a stretch.
#[derive(Clone, Default)]
pub(super) struct Fixed {
    /// They are those for which these hold.
    conditions: Vec<Condition>,
    /// Places of the parts of the filter that let through each of them.
    sure: Vec<usize>,
}

impl Fixed {
    fn with(&self, condition: Condition) -> Self {
        let mut fixed = self.clone();
        fixed.conditions.push(condition);
        fixed
    }
}

impl Search<'_> {
    /// Walks along key `level`, among runs that are fixed.
    pub(super) fn walk(&self, walk: &mut Walk, level: usize, fixed: &Fixed) -> Result<Walked> {
        for part in self.parts(level) {
            let walked = match part {
                Part::Index(index) => self.along(walk, level, fixed, &index)?,
                // What has no such key is in the order of the next one.
                Part::Without(condition) => self.walk(walk, level + 1, &fixed.with(condition))?,
            };
            if walked != Walked::All {
                return Ok(walked);
            }
        }
        Ok(Walked::All)
    }

    /// Walks along one stretch of index.
    fn along(&self, walk: &mut Walk, level: usize, fixed: &Fixed, index: &Index) -> Result<Walked> {
        let mut fixed = fixed.clone();
        fixed.sure.extend(&index.sure);
        let mut look = Look::new(self, &fixed, walk)?;
        let mut statement = self.reader.conn().prepare_cached(&index.sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(&index.bound))?;
        let mut group: Vec<i64> = Vec::new();
        let mut value: Option<Bound> = None;
        let mut group_is_done = false;
        while let Some(row) = rows.next()? {
            let run: i64 = row.get(0)?;
            if index.certain {
                walk.found.push(run);
                if walk.found.len() >= walk.wanted {
                    return Ok(Walked::Enough);
                }
                continue;
            }
            let next = row.get_ref(1)?;
            let same = match &index.same {
                Same::Unique => false,
                Same::Null(_) => true,
                Same::Value(_) => value.as_ref().is_some_and(|value| next == value.into()),
            };
            if !same {
                let walked = look.take(walk, &mut group)?;
                if walked != Walked::All {
                    return Ok(walked);
                }
                if walk.is_unpromising() {
                    let walked = self.sift(walk, &fixed.sure)?;
                    if walked != Walked::All {
                        return Ok(walked);
                    }
                }
                if walk.has_sieve() != look.has_sieve {
                    look = Look::new(self, &fixed, walk)?;
                }
                value = Some(row.get(1)?);
                group_is_done = false;
            }
            if group_is_done || !walk.lets_through(run) {
                continue;
            }
            group.push(run);
            if group.len() > self.bounds.ties
                && let Some(condition) = index.same.condition(value.as_ref())
                && self.is_walkable(level + 1)
            {
                group.clear();
                group_is_done = true;
                let walked = self.walk(walk, level + 1, &fixed.with(condition))?;
                if walked != Walked::All {
                    return Ok(walked);
                }
            }
        }
        look.take(walk, &mut group)
    }
}

/// Looks at single runs: whether they belong to the answer, and where.
struct Look<'s> {
    statement: CachedStatement<'s>,
    /// Number of the parameter that is the run.
    run: usize,
    ascending: Vec<bool>,
    /// Whether it was made for runs that a sieve let through.
    has_sieve: bool,
}

impl<'s> Look<'s> {
    fn new(search: &'s Search<'_>, fixed: &Fixed, walk: &Walk) -> Result<Self> {
        let mut bound = Vec::new();
        let joins = search.joins(&mut bound)?;
        let (columns, ascending): (Vec<String>, Vec<bool>) = search.columns().into_iter().unzip();
        let mut sure = fixed.sure.clone();
        sure.extend(walk.sieve.iter().flat_map(|sieve| &sieve.sure));
        let mut condition = search.condition(&sure);
        for fixed in &fixed.conditions {
            condition.and(fixed);
        }
        bound.extend(condition.bound);
        let mut statement = search.reader.conn().prepare_cached(&format!(
            "SELECT {} FROM runs r{joins} WHERE {} AND r.id = ?",
            columns.join(", "),
            condition.text
        ))?;
        for (n, value) in (1..).zip(&bound) {
            statement.raw_bind_parameter(n, value)?;
        }
        Ok(Self {
            statement,
            run: bound.len() + 1,
            ascending,
            has_sieve: walk.has_sieve(),
        })
    }

    /// Looks at runs of the same place along the index and puts those that belong to
    /// the answer in order.
    fn take(&mut self, walk: &mut Walk, group: &mut Vec<i64>) -> Result<Walked> {
        let mut belong: Vec<(i64, Vec<Bound>)> = Vec::new();
        let alone = group.len() == 1;
        for run in group.drain(..) {
            if walk.looked >= walk.looks {
                return Ok(Walked::TooFar);
            }
            walk.looked += 1;
            self.statement.raw_bind_parameter(self.run, run)?;
            let mut rows = self.statement.raw_query();
            let Some(row) = rows.next()? else { continue };
            let keys = if alone {
                Vec::new()
            } else {
                (0..self.ascending.len())
                    .map(|n| row.get(n))
                    .collect::<rusqlite::Result<_>>()?
            };
            belong.push((run, keys));
        }
        belong.sort_by(|(_, a), (_, b)| self.compare(a, b));
        walk.found.extend(belong.into_iter().map(|(run, _)| run));
        if walk.found.len() >= walk.wanted {
            walk.found.truncate(walk.wanted);
            return Ok(Walked::Enough);
        }
        Ok(Walked::All)
    }

    fn compare(&self, a: &[Bound], b: &[Bound]) -> Ordering {
        a.iter()
            .zip(b)
            .zip(&self.ascending)
            .map(|((a, b), ascending)| {
                let order = compare(a, b);
                if *ascending { order } else { order.reverse() }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// As SQLite orders values of our columns: nothing, numbers, texts by their bytes.
fn compare(a: &Bound, b: &Bound) -> Ordering {
    match (a, b) {
        (Bound::Integer(a), Bound::Integer(b)) => a.cmp(b),
        (Bound::Real(a), Bound::Real(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
        (Bound::Text(a), Bound::Text(b)) => a.cmp(b),
        (Bound::Null, Bound::Null) => Ordering::Equal,
        (Bound::Null, _) => Ordering::Less,
        (_, Bound::Null) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}
