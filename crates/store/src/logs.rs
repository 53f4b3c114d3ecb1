//! Log lines of runs and services.

use rusqlite::{OptionalExtension, params};
use skerry_domain::Change;
use skerry_domain::tracking::LogLine;

use crate::{Reader, Result, Tx};

/// A line with its number, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedLine {
    /// Its number.
    pub n: u64,
    /// The line.
    pub line: LogLine,
}

/// A window on a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// How many lines there are.
    pub total: u64,
    /// Those of the window.
    pub lines: Vec<NumberedLine>,
}

fn stored(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Reader<'_> {
    /// How many lines a run or service has written.
    ///
    /// # Errors
    /// When the file fails.
    pub fn log_length(&self, owner: &str) -> Result<u64> {
        let end: Option<i64> = self
            .conn()
            .prepare_cached(
                "SELECT first + lines FROM log_chunks WHERE owner = ?1 ORDER BY first DESC LIMIT 1",
            )?
            .query_row([owner], |row| row.get(0))
            .optional()?;
        Ok(end.map_or(0, |end| u64::try_from(end).unwrap_or(0)))
    }

    /// At most `limit` lines from number `from` on. An owner without lines has none.
    ///
    /// # Errors
    /// When the file fails.
    pub fn read_log(&self, owner: &str, from: u64, limit: usize) -> Result<LogPage> {
        let total = self.log_length(owner)?;
        let mut lines = Vec::new();
        let mut statement = self.conn().prepare_cached(
            "SELECT first, data FROM log_chunks WHERE owner = ?1 AND first >= coalesce(
                (SELECT max(first) FROM log_chunks WHERE owner = ?1 AND first <= ?2), 0)
             ORDER BY first",
        )?;
        let mut rows = statement.query(params![owner, stored(from)])?;
        while lines.len() < limit
            && let Some(row) = rows.next()?
        {
            let first: i64 = row.get(0)?;
            let chunk: Vec<LogLine> =
                serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or("[]"))?;
            for (n, line) in (u64::try_from(first).unwrap_or(0)..).zip(chunk) {
                if n >= from && lines.len() < limit {
                    lines.push(NumberedLine { n, line });
                }
            }
        }
        Ok(LogPage { total, lines })
    }

    /// Numbers of the lines that contain a text, whatever its case; `limit` at most.
    ///
    /// # Errors
    /// When the file fails.
    pub fn search_log(&self, owner: &str, text: &str, limit: usize) -> Result<Vec<u64>> {
        let wanted = text.to_lowercase();
        let mut found = Vec::new();
        let mut statement = self
            .conn()
            .prepare_cached("SELECT first, data FROM log_chunks WHERE owner = ?1 ORDER BY first")?;
        let mut rows = statement.query([owner])?;
        while let Some(row) = rows.next()? {
            let first: i64 = row.get(0)?;
            let chunk: Vec<LogLine> =
                serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or("[]"))?;
            for (n, line) in (u64::try_from(first).unwrap_or(0)..).zip(&chunk) {
                if line.text.to_lowercase().contains(&wanted) {
                    found.push(n);
                    if found.len() >= limit {
                        return Ok(found);
                    }
                }
            }
        }
        Ok(found)
    }
}

impl Tx<'_> {
    /// Appends lines of a run or a service; answers the number of the first.
    ///
    /// # Errors
    /// When the file fails.
    pub fn append_log(&self, owner: &str, lines: Vec<LogLine>) -> Result<u64> {
        let first = self.log_length(owner)?;
        if lines.is_empty() {
            return Ok(first);
        }
        self.put_log(owner, first, &lines)?;
        self.journal(|| Change::LogLines {
            run_id: owner.to_owned(),
            first,
            lines,
        })?;
        Ok(first)
    }

    pub(crate) fn put_log(&self, owner: &str, first: u64, lines: &[LogLine]) -> Result<()> {
        self.conn()
            .prepare_cached(
                "INSERT INTO log_chunks (owner, first, lines, data) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                owner,
                stored(first),
                lines.len(),
                serde_json::to_string(lines)?
            ])?;
        Ok(())
    }
}
