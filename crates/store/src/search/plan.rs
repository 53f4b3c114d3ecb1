//! Finding a page of runs without looking at all of them.
//!
//! Whether a run belongs to the answer, and its place among others, is always told by
//! the whole condition in SQL. What is chosen here is only which runs are looked at,
//! and in which order: the few that an index knows; or those along an index in the
//! order that is asked for, until the page is full; or, when that takes too long,
//! along it again with the runs of all comparisons that indexes know as a sieve.

use std::cmp::Ordering;

use rusqlite::CachedStatement;
use rusqlite::types::Value as Bound;

use super::Condition;
use super::parse::{Clause, Expr, Op, Value};
use super::runs::{Field, Key};
use super::sets::{self, About, Set};
use crate::{Reader, Result};

/// Numbers that a plan is chosen by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// So many runs are simply looked at.
    pub few: usize,
    /// So many are looked at one by one rather than walked along.
    pub some: usize,
    /// So many runs of an experiment are worth a set.
    pub scope: usize,
    /// Runs with the same key that are sorted here; more are walked along the next key.
    pub ties: usize,
    /// Runs that a walk may look at, besides some for each that is wanted.
    pub looks: usize,
    /// After so many a first walk ends that would not get there with all its looks.
    pub glance: usize,
}

pub(super) const BOUNDS: Bounds = Bounds {
    few: 1_000,
    some: 5_000,
    scope: 20_000,
    ties: 1_000,
    looks: 500,
    glance: 200,
};

/// Looks of a walk for each run that is wanted.
const LOOKS: usize = 8;
/// Experiments, twice when deleted runs are asked for too, whose runs are merged.
const STREAMS: usize = 50;

pub(super) struct Search<'a> {
    pub reader: &'a Reader<'a>,
    /// Experiments and whether deleted, as the index of start times has them.
    pub scope: Vec<(i64, bool)>,
    pub filter: Expr,
    /// Scope and filter.
    pub condition: Condition,
    /// What is ordered by; the last one is unlike for any two runs.
    pub keys: Vec<Key>,
    pub bounds: Bounds,
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walked {
    /// The index has no more.
    All,
    /// The page is full.
    Enough,
    /// Too many runs were looked at.
    TooFar,
}

/// Runs that were found on a walk, in order.
struct Walk<'w> {
    found: Vec<i64>,
    wanted: usize,
    /// Runs that were looked at, and that may be.
    looked: usize,
    looks: usize,
    /// After so many it ends when it would not get there.
    glance: usize,
    sieve: Option<&'w Set>,
}

impl Walk<'_> {
    fn is_too_far(&self, more: usize) -> bool {
        let found = self.found.len() + more;
        self.looked >= self.looks
            || (self.looked >= self.glance
                && found.saturating_mul(self.looks) < self.wanted.saturating_mul(self.looked))
    }
}

impl Search<'_> {
    /// The numbers of runs that the filter lets through, in order, from the first on:
    /// at most `wanted` of them.
    pub(super) fn find(&self, wanted: usize) -> Result<Vec<i64>> {
        if self.scope.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(runs) = sets::few(self.reader, &self.filter, self.bounds.few)? {
            return self.sorted(Some(&runs), wanted);
        }
        if wanted == usize::MAX || !self.is_walkable(0) {
            let some =
                sets::set(self.reader, &self.filter)?.filter(|set| set.len() <= self.bounds.scope);
            return self.sorted(some.map(|set| set.runs()).as_deref(), wanted);
        }
        let by_time =
            matches!(self.keys.first(), Some(key) if key.field == Field::Column("r.start_time"));
        if !by_time && self.scope_has_at_most(self.bounds.few)? {
            return self.sorted(None, wanted);
        }
        let looks = wanted
            .saturating_mul(LOOKS)
            .saturating_add(self.bounds.looks);
        if let Some(found) = self.walked(wanted, looks, self.bounds.glance, None)? {
            return Ok(found);
        }
        let mut sieve = sets::set(self.reader, &self.filter)?;
        if !by_time && self.scope_has_at_most(self.bounds.scope)? {
            let scope = self.scope_set()?;
            match &mut sieve {
                Some(sieve) => sieve.and(&scope),
                None => sieve = Some(scope),
            }
        }
        let found = match &sieve {
            Some(sieve) if sieve.len() <= self.bounds.some => {
                return self.sorted(Some(&sieve.runs()), wanted);
            }
            Some(sieve) => self.walked(wanted, usize::MAX, usize::MAX, Some(sieve))?,
            None => self.walked(wanted, looks.saturating_mul(10), usize::MAX, None)?,
        };
        match found {
            Some(found) => Ok(found),
            None => self.sorted(None, wanted),
        }
    }

    /// Looks at the runs that are given, or at all in scope, and sorts them.
    fn sorted(&self, runs: Option<&[i64]>, wanted: usize) -> Result<Vec<i64>> {
        let mut bound = Vec::new();
        let from = match runs {
            None => "runs r",
            Some(runs) => {
                let list: Vec<String> = runs.iter().map(i64::to_string).collect();
                bound.push(Bound::from(format!("[{}]", list.join(","))));
                "json_each(?) c CROSS JOIN runs r ON r.id = c.value"
            }
        };
        let joins = self.joins(&mut bound);
        let order: Vec<String> = (0..)
            .zip(&self.keys)
            .flat_map(|(n, key)| key.columns(n))
            .map(|(column, ascending)| format!("{column} {}", way(ascending)))
            .collect();
        bound.extend(self.condition.bound.iter().cloned());
        let mut statement = self.reader.conn().prepare_cached(&format!(
            "SELECT r.id FROM {from}{joins} WHERE {} ORDER BY {} LIMIT {}",
            self.condition.text,
            order.join(", "),
            i64::try_from(wanted).unwrap_or(i64::MAX)
        ))?;
        let rows = statement.query_map(rusqlite::params_from_iter(&bound), |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn joins(&self, bound: &mut Vec<Bound>) -> String {
        let mut text = String::new();
        for (n, key) in (0..).zip(&self.keys) {
            if let Some(join) = key.join(n) {
                text.push_str(&join.text);
                bound.extend(join.bound);
            }
        }
        text
    }

    fn scope_has_at_most(&self, most: usize) -> Result<bool> {
        let mut left = most;
        for (experiment, deleted) in &self.scope {
            let found: usize = self
                .reader
                .conn()
                .prepare_cached(
                    "SELECT count(*) FROM (SELECT 1 FROM runs WHERE experiment = ?1 AND deleted = ?2 LIMIT ?3)",
                )?
                .query_row(rusqlite::params![experiment, deleted, left + 1], |row| row.get(0))?;
            if found > left {
                return Ok(false);
            }
            left -= found;
        }
        Ok(true)
    }

    fn scope_set(&self) -> Result<Set> {
        let mut set = Set::default();
        let mut statement = self
            .reader
            .conn()
            .prepare_cached("SELECT id FROM runs WHERE experiment = ?1 AND deleted = ?2")?;
        for (experiment, deleted) in &self.scope {
            let mut rows = statement.query(rusqlite::params![experiment, deleted])?;
            while let Some(row) = rows.next()? {
                set.insert(row.get(0)?);
            }
        }
        Ok(set)
    }

    /// Whether indexes give the order from key `level` on.
    fn is_walkable(&self, level: usize) -> bool {
        match self.keys.get(level).map(|key| &key.field) {
            None => false,
            Some(Field::Column("r.start_time")) => self.scope.len() <= STREAMS,
            Some(Field::Column(column)) => *column == "r.run_id",
            Some(Field::Metric(_) | Field::Param(_)) => self.is_walkable(level + 1),
            Some(Field::Tag(key)) => sets::tag_is_indexed(key) && self.is_walkable(level + 1),
        }
    }

    /// The page, when the walk gets there before it has looked at too many runs.
    fn walked(
        &self,
        wanted: usize,
        looks: usize,
        glance: usize,
        sieve: Option<&Set>,
    ) -> Result<Option<Vec<i64>>> {
        let mut walk = Walk {
            found: Vec::new(),
            wanted,
            looked: 0,
            looks,
            glance,
            sieve,
        };
        Ok(match self.walk(&mut walk, 0, &[])? {
            Walked::TooFar => None,
            Walked::All | Walked::Enough => Some(walk.found),
        })
    }

    /// Walks along key `level`, among runs for which `fixed` holds.
    fn walk(&self, walk: &mut Walk<'_>, level: usize, fixed: &[Condition]) -> Result<Walked> {
        for part in self.parts(level) {
            let walked = match part {
                Part::Index(index) => self.along(walk, level, fixed, &index)?,
                // What has no such key is in the order of the next one.
                Part::Without(condition) => {
                    let mut fixed = fixed.to_vec();
                    fixed.push(condition);
                    self.walk(walk, level + 1, &fixed)?
                }
            };
            if walked != Walked::All {
                return Ok(walked);
            }
        }
        Ok(Walked::All)
    }

    /// The stretches of index that give the order of a key, one behind the other.
    fn parts(&self, level: usize) -> Vec<Part> {
        let Some(key) = self.keys.get(level) else {
            return Vec::new();
        };
        let way = way(key.ascending);
        let required = sets::required(&self.filter);
        match &key.field {
            Field::Column("r.start_time") => self.by_time(level, key.ascending, &required),
            Field::Column(_) => vec![Part::Index(Index {
                sql: format!("SELECT id, NULL FROM runs ORDER BY run_id {way}"),
                bound: Vec::new(),
                same: Same::Unique,
                certain: false,
            })],
            Field::Metric(name) => {
                let metric = "SELECT run, last_value FROM series INDEXED BY series_by_value
                    WHERE metric = (SELECT id FROM metric_names WHERE name = ?) AND last_value";
                let about: Vec<&&Clause> = required
                    .iter()
                    .filter(|clause| sets::about(clause) == About::Metric && clause.key == *name)
                    .collect();
                let mut numbers = Index {
                    sql: format!("{metric} IS NOT NULL"),
                    bound: vec![Bound::from(name.clone())],
                    same: Same::Value(format!("o{level}.last_value = ?")),
                    certain: false,
                };
                for clause in &about {
                    if let Value::Number(number, _) = &clause.value
                        && clause.op != Op::NotEqual
                    {
                        numbers
                            .sql
                            .push_str(&format!(" AND last_value {} ?", clause.op.word()));
                        numbers.bound.push(Bound::from(*number));
                    }
                }
                numbers.sql.push_str(&format!(" ORDER BY last_value {way}"));
                let mut parts = vec![Part::Index(numbers)];
                // NaN is unlike any number, and no more than that.
                if about.iter().all(|clause| clause.op == Op::NotEqual) {
                    parts.push(Part::Index(Index {
                        sql: format!("{metric} IS NULL"),
                        bound: vec![Bound::from(name.clone())],
                        same: Same::Null(format!(
                            "o{level}.id IS NOT NULL AND o{level}.last_value IS NULL"
                        )),
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
                let mut parts = vec![Part::Index(Index {
                    sql: format!(
                        "SELECT run, substr(value, 1, 64) FROM {table} AND key = ? ORDER BY substr(value, 1, 64) {way}"
                    ),
                    bound: vec![Bound::from(name.clone())],
                    same: Same::Value(format!("o{level}.value = ?")),
                    certain: false,
                })];
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

    fn by_time(&self, level: usize, ascending: bool, required: &[&Clause]) -> Vec<Part> {
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
                         WHERE experiment = ? AND deleted = ?{more}"
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
                certain: by_id
                    && level == 0
                    && matches!(&self.filter, Expr::All(parts) if parts.is_empty()),
            })
        };
        if !ascending {
            return vec![stretch(&within, "start_time DESC", &bound_within)];
        }
        let mut parts = vec![stretch(
            &format!(" AND start_time IS NOT NULL{within}"),
            "start_time ASC",
            &bound_within,
        )];
        if within.is_empty() {
            parts.push(stretch(" AND start_time IS NULL", "start_time ASC", &[]));
        }
        parts
    }

    /// Walks along one stretch of index.
    fn along(
        &self,
        walk: &mut Walk<'_>,
        level: usize,
        fixed: &[Condition],
        index: &Index,
    ) -> Result<Walked> {
        let mut look = Look::new(self, fixed)?;
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
                value = Some(row.get(1)?);
                group_is_done = false;
            }
            if group_is_done || walk.sieve.is_some_and(|sieve| !sieve.has(run)) {
                continue;
            }
            group.push(run);
            if group.len() > self.bounds.ties
                && let Some(condition) = index.same.condition(value.as_ref())
                && self.is_walkable(level + 1)
            {
                group.clear();
                group_is_done = true;
                let mut fixed = fixed.to_vec();
                fixed.push(condition);
                let walked = self.walk(walk, level + 1, &fixed)?;
                if walked != Walked::All {
                    return Ok(walked);
                }
            }
        }
        look.take(walk, &mut group)
    }
}

fn way(ascending: bool) -> &'static str {
    if ascending { "ASC" } else { "DESC" }
}

enum Part {
    Index(Index),
    /// Runs that do not have the key: the condition says so.
    Without(Condition),
}

/// A stretch of an index: numbers of runs with the value that they are ordered by.
struct Index {
    sql: String,
    bound: Vec<Bound>,
    same: Same,
    /// It has the runs of the answer and no others: none needs to be looked at.
    certain: bool,
}

/// Which runs of a stretch have the same place in its order.
enum Same {
    /// None.
    Unique,
    /// All.
    Null(String),
    /// Those of the same value.
    Value(String),
}

impl Same {
    /// That a run is one of these with `value`.
    fn condition(&self, value: Option<&Bound>) -> Option<Condition> {
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

/// Looks at single runs: whether they belong to the answer, and where.
struct Look<'s> {
    statement: CachedStatement<'s>,
    /// Number of the parameter that is the run.
    run: usize,
    ascending: Vec<bool>,
}

impl<'s> Look<'s> {
    fn new(search: &'s Search<'_>, fixed: &[Condition]) -> Result<Self> {
        let mut bound = Vec::new();
        let joins = search.joins(&mut bound);
        let (columns, ascending): (Vec<String>, Vec<bool>) = (0..)
            .zip(&search.keys)
            .flat_map(|(n, key)| key.columns(n))
            .unzip();
        let mut text = search.condition.text.clone();
        bound.extend(search.condition.bound.iter().cloned());
        for condition in fixed {
            text.push_str(" AND ");
            text.push_str(&condition.text);
            bound.extend(condition.bound.iter().cloned());
        }
        let mut statement = search.reader.conn().prepare_cached(&format!(
            "SELECT {} FROM runs r{joins} WHERE {text} AND r.id = ?",
            columns.join(", ")
        ))?;
        for (n, value) in (1..).zip(&bound) {
            statement.raw_bind_parameter(n, value)?;
        }
        Ok(Self {
            statement,
            run: bound.len() + 1,
            ascending,
        })
    }

    /// Looks at runs of the same place along the index and puts those that belong to
    /// the answer in order.
    fn take(&mut self, walk: &mut Walk<'_>, group: &mut Vec<i64>) -> Result<Walked> {
        let mut belong: Vec<(i64, Vec<Bound>)> = Vec::new();
        let alone = group.len() == 1;
        for run in group.drain(..) {
            if walk.is_too_far(belong.len()) {
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
