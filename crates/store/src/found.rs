//! What a search found, to be read part by part: runs that come or go meanwhile change nothing
//! of it.

use rusqlite::OptionalExtension as _;
use rusqlite::types::Value;
use skerry_domain::tracking::Run;

use crate::{Reader, Result, RunQuery, runs};

/// The runs that a search found, in its order.
#[derive(Debug, Clone)]
pub struct Found(Vec<i64>);

/// Keys of what some runs have, each kind in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Of params.
    pub params: Vec<String>,
    /// Of metrics.
    pub metrics: Vec<String>,
    /// Of tags, those of programs too.
    pub tags: Vec<String>,
}

impl Found {
    /// How many runs were found.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn bound(&self) -> Value {
        let numbers: Vec<String> = self.0.iter().map(i64::to_string).collect();
        Value::from(format!("[{}]", numbers.join(",")))
    }
}

impl Reader<'_> {
    /// All runs that a filter lets through; of which page does not matter.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub fn found(&self, query: &RunQuery) -> Result<Found> {
        let all = RunQuery {
            max_results: 0,
            offset: 0,
            after: None,
            ..query.clone()
        };
        self.all_runs(&all).map(Found)
    }

    /// So many of the runs that were found, from a place on, with their data. Those that have
    /// been deleted for good since are left out.
    ///
    /// # Errors
    /// When the file fails.
    pub fn found_runs(&self, found: &Found, from: usize, count: usize) -> Result<Vec<Run>> {
        let mut infos = self.conn().prepare_cached(&format!(
            "SELECT {} FROM runs r JOIN experiments e ON e.id = r.experiment WHERE r.id = ?1",
            runs::COLUMNS
        ))?;
        let mut data = runs::DataOfRuns::new(self)?;
        let mut all = Vec::new();
        for run in found.0.iter().skip(from).take(count) {
            if let Some((id, info)) = infos.query_row([run], runs::info_from_row).optional()? {
                all.push(data.load(id, info)?);
            }
        }
        Ok(all)
    }

    /// Everything that any of the runs has.
    ///
    /// # Errors
    /// When the file fails.
    pub fn found_keys(&self, found: &Found) -> Result<Keys> {
        let runs = found.bound();
        let keys = |sql: &str| -> Result<Vec<String>> {
            let mut statement = self.conn().prepare_cached(sql)?;
            let rows = statement.query_map([&runs], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        Ok(Keys {
            params: keys(
                "SELECT DISTINCT key FROM params WHERE run IN (SELECT value FROM json_each(?1)) ORDER BY key",
            )?,
            metrics: keys(
                "SELECT name FROM metric_names WHERE id IN (SELECT metric FROM series
                    WHERE run IN (SELECT value FROM json_each(?1))) ORDER BY name",
            )?,
            tags: keys(
                "SELECT DISTINCT key FROM tags WHERE run IN (SELECT value FROM json_each(?1)) ORDER BY key",
            )?,
        })
    }
}
