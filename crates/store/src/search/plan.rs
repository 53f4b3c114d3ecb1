//! Finding a page of runs without looking at all of them.
//!
//! Whether a run belongs to the answer, and its place among others, is told by the
//! whole condition in SQL, but for the parts of it that an index has told already. What
//! is chosen here is only which runs are looked at, and in which order: the few that an
//! index knows; or those along an index in the order that is asked for, until the page
//! is full. When few of these belong to it, the runs that other indexes know are a sieve
//! from there on; when there are only some in the sieve, they are looked at and sorted.

use rusqlite::types::Value as Bound;

use super::Condition;
use super::parse::Expr;
use super::place::Place;
use super::runs::{Field, Key};
use super::sets::{self, Set, Sieve};
use super::stretch::way;
use super::walk::{Fixed, Walk, Walked};
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

/// What a run of the answer meets.
pub(super) struct Asked {
    pub filter: Expr,
    /// The experiments, whether deleted and whether archived.
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
    /// Whether archived, when that is asked; the index of start times has it too.
    pub archived: Option<bool>,
    pub asked: Asked,
    /// Only runs behind this place in the order.
    pub after: Option<Place>,
    /// What is ordered by; the last one is unlike for any two runs.
    pub keys: Vec<Key>,
    pub bounds: Bounds,
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

    /// Whether archived, as SQL behind another condition on `runs`.
    pub(super) fn and_archived(&self) -> &'static str {
        match self.archived {
            None => "",
            Some(false) => " AND archived = 0",
            Some(true) => " AND archived = 1",
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
    pub(super) fn sift(&self, walk: &mut Walk, known: &[usize]) -> Result<Walked> {
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
    pub(super) fn condition(&self, sure: &[usize]) -> Condition {
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

    pub(super) fn joins(&self, bound: &mut Vec<Bound>) -> Result<String> {
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
                .prepare_cached(&format!(
                    "SELECT count(*) FROM (SELECT 1 FROM runs WHERE experiment = ?1 AND deleted = ?2{} LIMIT ?3)",
                    self.and_archived()
                ))?
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
        let mut statement = self.reader.conn().prepare_cached(&format!(
            "SELECT id FROM runs WHERE experiment = ?1 AND deleted = ?2{}",
            self.and_archived()
        ))?;
        for (experiment, deleted) in &self.scope {
            let mut rows = statement.query(rusqlite::params![experiment, deleted])?;
            while let Some(row) = rows.next()? {
                set.insert(row.get(0)?);
            }
        }
        Ok(set)
    }
}
