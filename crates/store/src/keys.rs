//! What runs have names and values for: to choose columns, and to complete filters.

use rusqlite::types::Value as Bound;

use crate::search::{INDEXED, UNINDEXED_TAGS};
use crate::{Reader, Result};

/// No more names of a kind are told.
const NAMES: usize = 10_000;

/// What has values that are texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValuesOf<'a> {
    /// A param.
    Param(&'a str),
    /// A tag, other than those that nobody looks for.
    Tag(&'a str),
    /// Names of runs.
    Name,
    /// Who started them.
    User,
}

/// From each to the next along an index, in which few of very many are unlike.
fn each(column: &str, table: &str, condition: &str) -> String {
    format!(
        "WITH RECURSIVE found (it) AS (
            SELECT min({column}) FROM {table} WHERE {condition}
            UNION ALL
            SELECT (SELECT min({column}) FROM {table} WHERE {condition} AND {column} > found.it)
            FROM found WHERE found.it IS NOT NULL)
         SELECT found.it FROM found WHERE found.it IS NOT NULL"
    )
}

impl Reader<'_> {
    /// Names of the metrics that runs of an experiment have (of all experiments when
    /// none is named), in order: the first 10,000.
    ///
    /// # Errors
    /// When the file fails.
    pub fn metric_keys(&self, experiment: Option<i64>) -> Result<Vec<String>> {
        // One look at an index for each name.
        self.texts(
            &format!(
                "SELECT m.name FROM metric_names m WHERE EXISTS (
                    SELECT 1 FROM series s JOIN runs r ON r.id = s.run
                    WHERE s.metric = m.id AND (?1 IS NULL OR r.experiment = ?1))
                 ORDER BY m.name LIMIT {NAMES}"
            ),
            [experiment.into()],
        )
    }

    /// The same for params.
    ///
    /// # Errors
    /// When the file fails.
    pub fn param_keys(&self, experiment: Option<i64>) -> Result<Vec<String>> {
        let keys = each("key", "params", "1");
        self.texts(
            &format!(
                "{keys} AND EXISTS (
                    SELECT 1 FROM params p JOIN runs r ON r.id = p.run
                    WHERE p.key = found.it AND (?1 IS NULL OR r.experiment = ?1))
                 LIMIT {NAMES}"
            ),
            [experiment.into()],
        )
    }

    /// The same for tags, without those that most runs have and nobody looks for.
    ///
    /// # Errors
    /// When the file fails.
    pub fn tag_keys(&self, experiment: Option<i64>) -> Result<Vec<String>> {
        let table = "tags INDEXED BY tags_by_value";
        let keys = each("key", table, UNINDEXED_TAGS);
        self.texts(
            &format!(
                "{keys} AND EXISTS (
                    SELECT 1 FROM {table} JOIN runs r ON r.id = tags.run
                    WHERE {UNINDEXED_TAGS} AND key = found.it
                    AND (?1 IS NULL OR r.experiment = ?1))
                 LIMIT {NAMES}"
            ),
            [experiment.into()],
        )
    }

    /// Values that runs of an experiment (or of all) have, in order: at most so many, and
    /// none of 64 characters or more.
    ///
    /// # Errors
    /// When the file fails.
    pub fn values(
        &self,
        of: ValuesOf<'_>,
        experiment: Option<i64>,
        most: usize,
    ) -> Result<Vec<String>> {
        let (table, key, condition) = match of {
            ValuesOf::Param(key) => ("params INDEXED BY params_by_value", key, "1"),
            ValuesOf::Tag(key) => ("tags INDEXED BY tags_by_value", key, UNINDEXED_TAGS),
            ValuesOf::Name | ValuesOf::User => {
                let column = if of == ValuesOf::Name {
                    "name"
                } else {
                    "user_id"
                };
                return self.texts(
                    &format!(
                        "SELECT it FROM (
                            SELECT DISTINCT {column} AS it FROM runs
                            WHERE (?1 IS NULL OR experiment = ?1) AND {column} <> ''
                            AND length({column}) < {INDEXED} LIMIT {most})
                         ORDER BY it"
                    ),
                    [experiment.into()],
                );
            }
        };
        let value = format!("substr(value, 1, {INDEXED})");
        let values = each(&value, table, &format!("{condition} AND key = ?2"));
        self.texts(
            &format!(
                "{values} AND length(found.it) < {INDEXED} AND EXISTS (
                    SELECT 1 FROM {table} JOIN runs r ON r.id = run
                    WHERE {condition} AND key = ?2 AND {value} = found.it
                    AND (?1 IS NULL OR r.experiment = ?1))
                 LIMIT {most}"
            ),
            [experiment.into(), Bound::from(key.to_owned())],
        )
    }

    fn texts<const N: usize>(&self, sql: &str, bound: [Bound; N]) -> Result<Vec<String>> {
        let mut statement = self.conn().prepare_cached(sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(bound), |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
