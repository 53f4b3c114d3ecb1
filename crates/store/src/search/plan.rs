//! Finding a page of runs without looking at all of them.
//!
//! Whether a run belongs to the answer, and its place among others, is told by the
//! whole condition in SQL, but for the parts of it that an index has told already. What
//! is chosen here is only which runs are looked at, and in which order: the few that an
//! index knows; or those along an index in the order that is asked for, until the page
//! is full. When few of these belong to it, the runs that other indexes know are a sieve
//! from there on; when there are only some in the sieve, they are looked at and sorted.

use std::cmp::Ordering;

use rusqlite::CachedStatement;
use rusqlite::types::Value as Bound;

use super::Condition;
use super::parse::{Clause, Expr, Op, Value};
use super::place::Place;
use super::runs::{Field, Key};
use super::sets::{self, About, Set, Sieve};
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
    /// Runs that a walk may look at without a sieve, besides some for each that is wanted.
    pub looks: usize,
    /// After so many it is foreseen whether these will do.
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
/// Runs that are read from an index in the time that it takes to look at one.
const READS: usize = 15;
/// Experiments, twice when deleted runs are asked for too, whose runs are merged.
const STREAMS: usize = 50;

/// What a run of the answer meets.
pub(super) struct Asked {
    pub filter: Expr,
    /// The experiments and whether deleted.
    pub scope: Condition,
    /// The parts of the filter that must all be met, each with its place among them; in
    /// the order in which they are asked.
    pub parts: Vec<(usize, Condition)>,
}

impl Asked {
    /// As SQL, without the parts of the filter that are `sure`.
    pub(super) fn condition(&self, sure: &[usize]) -> Condition {
        let mut condition = self.scope.clone();
        for (place, part) in &self.parts {
            if !sure.contains(place) {
                condition.and(part);
            }
        }
        condition
    }
}

pub(super) struct Search<'a> {
    pub reader: &'a Reader<'a>,
    /// Experiments and whether deleted, as the index of start times has them.
    pub scope: Vec<(i64, bool)>,
    pub asked: Asked,
    /// Only runs behind this place in the order.
    pub after: Option<Place>,
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
    /// Too many runs were looked at, or too few are left to be walked to.
    TooFar,
}

/// Runs that were found on a walk, in order.
struct Walk {
    found: Vec<i64>,
    wanted: usize,
    /// Runs that were looked at, and that may be.
    looked: usize,
    looks: usize,
    /// After so many it is foreseen how many it will take; 0 once that is done.
    glance: usize,
    sieve: Option<Sieve>,
}

impl Walk {
    /// How many looks the whole page takes, going by those so far; when any was found.
    fn foreseen(&self) -> Option<usize> {
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

impl Search<'_> {
    /// The numbers of runs that the filter lets through, in order, from the first on:
    /// at most `wanted` of them.
    pub(super) fn find(&self, wanted: usize) -> Result<Vec<i64>> {
        if self.scope.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(runs) = sets::few(self.reader, &self.asked.filter, self.bounds.few)? {
            return self.sorted(Some((&runs, &[])), wanted);
        }
        if wanted == usize::MAX || !self.is_walkable(0) {
            return match self.sieve(&[], usize::MAX)? {
                Some(sieve) if sieve.runs.len() <= self.bounds.scope => {
                    self.sorted(Some((&sieve.runs.runs(), &sieve.sure)), wanted)
                }
                _ => self.sorted(None, wanted),
            };
        }
        if !self.is_by_time() && self.scope_has_at_most(self.bounds.few)? {
            return self.sorted(None, wanted);
        }
        let mut walk = Walk {
            found: Vec::new(),
            wanted,
            looked: 0,
            looks: wanted
                .saturating_mul(LOOKS)
                .saturating_add(self.bounds.looks),
            glance: self.bounds.glance.max(1),
            sieve: None,
        };
        match (self.walk(&mut walk, 0, &Fixed::default())?, walk.sieve) {
            (Walked::All | Walked::Enough, _) => Ok(walk.found),
            (Walked::TooFar, Some(sieve)) => {
                self.sorted(Some((&sieve.runs.runs(), &sieve.sure)), wanted)
            }
            (Walked::TooFar, None) => self.sorted(None, wanted),
        }
    }

    fn is_by_time(&self) -> bool {
        matches!(self.keys.first(), Some(key) if key.field == Field::Column("r.start_time"))
    }

    fn sieve(&self, known: &[usize], most: usize) -> Result<Option<Sieve>> {
        sets::sieve(self.reader, sets::parts(&self.asked.filter), known, most)
    }

    /// Gives an unpromising walk a sieve, of indexes that are read in less time than it
    /// would take to look at the runs; without one it may go on for a while.
    fn sift(&self, walk: &mut Walk, known: &[usize]) -> Result<Walked> {
        walk.glance = 0;
        let most = walk
            .foreseen()
            .map_or(usize::MAX, |looks| looks.saturating_mul(READS));
        walk.sieve = self.sieve(known, most)?;
        if !self.is_by_time() && self.scope_has_at_most(self.bounds.scope)? {
            let scope = self.scope_set()?;
            match &mut walk.sieve {
                Some(sieve) => sieve.runs.and(&scope),
                None => {
                    walk.sieve = Some(Sieve {
                        runs: scope,
                        sure: Vec::new(),
                    });
                }
            }
        }
        let Some(sieve) = &walk.sieve else {
            walk.looks = walk.looks.saturating_mul(10);
            return Ok(Walked::All);
        };
        walk.looks = usize::MAX;
        Ok(if sieve.runs.len() <= self.bounds.some {
            Walked::TooFar
        } else {
            Walked::All
        })
    }

    /// The condition that a run belongs to the answer, without the parts of the filter
    /// that are `sure`.
    fn condition(&self, sure: &[usize]) -> Condition {
        let mut condition = self.asked.condition(sure);
        if let Some(after) = &self.after {
            condition.and(&after.condition(&self.columns()));
        }
        condition
    }

    /// Where a run stands in the order.
    pub(super) fn place(&self, run: i64) -> Result<Place> {
        let mut bound = Vec::new();
        let joins = self.joins(&mut bound)?;
        let columns: Vec<String> = self
            .columns()
            .into_iter()
            .map(|(column, _)| column)
            .collect();
        bound.push(Bound::from(run));
        let place = self
            .reader
            .conn()
            .prepare_cached(&format!(
                "SELECT {} FROM runs r{joins} WHERE r.id = ?",
                columns.join(", ")
            ))?
            .query_row(rusqlite::params_from_iter(&bound), |row| {
                (0..columns.len()).map(|n| row.get(n)).collect()
            })?;
        Ok(Place(place))
    }

    /// Columns to order by, each with whether it ascends.
    pub(super) fn columns(&self) -> Vec<(String, bool)> {
        (0..)
            .zip(&self.keys)
            .flat_map(|(n, key)| key.columns(n))
            .collect()
    }

    /// Looks at the runs that are given, for which parts of the filter are sure, or at all
    /// in scope, and sorts them.
    fn sorted(&self, runs: Option<(&[i64], &[usize])>, wanted: usize) -> Result<Vec<i64>> {
        let mut bound = Vec::new();
        let from = match runs {
            None => "runs r",
            Some((runs, _)) => {
                let list: Vec<String> = runs.iter().map(i64::to_string).collect();
                bound.push(Bound::from(format!("[{}]", list.join(","))));
                "json_each(?) c CROSS JOIN runs r ON r.id = c.value"
            }
        };
        let joins = self.joins(&mut bound)?;
        let order: Vec<String> = self
            .columns()
            .into_iter()
            .map(|(column, ascending)| format!("{column} {}", way(ascending)))
            .collect();
        let condition = self.condition(runs.map_or(&[], |(_, sure)| sure));
        bound.extend(condition.bound);
        let mut statement = self.reader.conn().prepare_cached(&format!(
            "SELECT r.id FROM {from}{joins} WHERE {} ORDER BY {} LIMIT {}",
            condition.text,
            order.join(", "),
            i64::try_from(wanted).unwrap_or(i64::MAX)
        ))?;
        let rows = statement.query_map(rusqlite::params_from_iter(&bound), |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn joins(&self, bound: &mut Vec<Bound>) -> Result<String> {
        let mut text = String::new();
        for (n, key) in (0..).zip(&self.keys) {
            if let Some(join) = key.join(n, self.reader)? {
                text.push_str(&join.text);
                bound.extend(join.bound);
            }
        }
        Ok(text)
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

    /// Walks along key `level`, among runs that are fixed.
    fn walk(&self, walk: &mut Walk, level: usize, fixed: &Fixed) -> Result<Walked> {
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

    /// The stretches of index that give the order of a key, one behind the other.
    fn parts(&self, level: usize) -> Vec<Part> {
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
                    sure: sets::numbers(&self.asked.filter, name),
                    certain: false,
                };
                if let Some([_, _, number @ Bound::Real(_)]) = after {
                    numbers.sql.push_str(&format!(" AND last_value {behind} ?"));
                    numbers.bound.push(number.clone());
                }
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
                let (is_there, is_number) = match after {
                    Some([missing, nan, _]) => (*missing == NO, *nan == NO),
                    _ => (true, true),
                };
                let mut parts = Vec::new();
                if is_there && is_number {
                    parts.push(Part::Index(numbers));
                }
                // NaN is unlike any number, and no more than that.
                if is_there && about.iter().all(|clause| clause.op == Op::NotEqual) {
                    parts.push(Part::Index(Index {
                        sql: format!("{metric} IS NULL"),
                        bound: vec![Bound::from(name.clone())],
                        same: Same::Null(format!(
                            "o{level}.id IS NOT NULL AND o{level}.last_value IS NULL"
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

/// A flag of a column that says that something is not there, and says that it is.
const NO: Bound = Bound::Integer(0);

/// How what is not before compares.
fn behind(ascending: bool) -> &'static str {
    if ascending { ">=" } else { "<=" }
}

fn way(ascending: bool) -> &'static str {
    if ascending { "ASC" } else { "DESC" }
}

/// What is known of the runs of a stretch.
#[derive(Clone, Default)]
struct Fixed {
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
    /// Places of the parts of the filter that let through each of its runs.
    sure: Vec<usize>,
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
