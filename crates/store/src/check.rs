//! Whether a store's file is sound, said in words. The file is only read.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::{Reader, Result, StoreError, chunk, schema};

/// Findings of one kind that are listed; the rest is counted.
const LISTED: usize = 20;

/// What was found wrong with a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which part: `file`, `references`, `metrics`, `registry`, `artifacts`.
    pub part: &'static str,
    /// In words.
    pub what: String,
}

/// What a look at a store's file says.
#[derive(Debug, Clone, Default)]
pub struct Checkup {
    /// Nothing when the store is sound.
    pub findings: Vec<Finding>,
    /// Rows of each table that can be counted.
    pub tables: Vec<(String, u64)>,
}

impl Checkup {
    fn add(&mut self, part: &'static str, what: impl Into<String>) {
        let what = what.into();
        self.findings.push(Finding { part, what });
    }
}

/// Opens a store's file so that nothing of it changes. Not for one that is empty: SQLite
/// deletes the log beside it.
pub(crate) fn open_untouched(path: &Path) -> Result<Connection> {
    let access = |why: String| StoreError::Access {
        path: path.display().to_string(),
        why,
    };
    std::fs::metadata(path).map_err(|error| access(error.to_string()))?;
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| access(error.to_string()))?;
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    Ok(conn)
}

/// Looks through a store's file: SQLite's own checks, and ours.
///
/// # Errors
/// `Access` when it cannot be opened, `Newer`; what is wrong in it is a finding.
pub fn check(path: &Path) -> Result<Checkup> {
    let mut found = Checkup::default();
    let logged = std::fs::metadata(schema::log_of(path)).is_ok_and(|facts| facts.len() > 0);
    let nothing = match std::fs::metadata(path) {
        Ok(facts) => (facts.len() == 0).then_some("it is empty"),
        Err(_) => logged.then_some("it is not there"),
    };
    if let Some(nothing) = nothing {
        let but = if logged {
            "; the log beside it (-wal) has what was written last"
        } else {
            ""
        };
        found.add("file", format!("{nothing}{but}"));
        return Ok(found);
    }
    let conn = open_untouched(path)?;
    match schema::known(&conn, path) {
        Ok(()) => {}
        Err(error @ (StoreError::Newer { .. } | StoreError::Access { .. })) => return Err(error),
        Err(error) => {
            let why = match error {
                StoreError::Corrupt(_) => {
                    "its beginning is no SQLite database of Skerry's, or is damaged".to_owned()
                }
                other => other.to_string(),
            };
            found.add("file", why);
            return Ok(found);
        }
    }
    integrity(&conn, &mut found);
    references(&conn, &mut found);
    metrics(&conn, &mut found);
    registry(&conn, &mut found);
    history(&conn, &mut found);
    count(&conn, &mut found);
    Ok(found)
}

/// Runs a query whose rows are findings; that it fails is one.
fn each(
    conn: &Connection,
    found: &mut Checkup,
    part: &'static str,
    sql: &str,
    say: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<String>,
) {
    let mut more = 0;
    let mut listed = 0;
    let done = (|| -> rusqlite::Result<()> {
        let mut statement = conn.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if listed < LISTED {
                found.add(part, say(row)?);
                listed += 1;
            } else {
                more += 1;
            }
        }
        Ok(())
    })();
    if more > 0 {
        found.add(part, format!("… and {more} more of these"));
    }
    if let Err(error) = done {
        found.add(part, format!("it cannot be looked through: {error}"));
    }
}

fn integrity(conn: &Connection, found: &mut Checkup) {
    let before = found.findings.len();
    each(conn, found, "file", "PRAGMA integrity_check(200)", |row| {
        row.get(0)
    });
    let mut at = 0;
    found.findings.retain(|finding| {
        at += 1;
        at <= before || finding.what != "ok"
    });
}

fn references(conn: &Connection, found: &mut Checkup) {
    each(
        conn,
        found,
        "references",
        "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2",
        |row| {
            Ok(format!(
                "{} rows of '{}' belong to rows of '{}' that are not there",
                row.get::<_, i64>(2)?,
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?
            ))
        },
    );
    each(
        conn,
        found,
        "artifacts",
        "SELECT owner, count(*) FROM artifacts WHERE NOT EXISTS (SELECT 1 FROM runs WHERE run_id = owner)
         AND NOT EXISTS (SELECT 1 FROM logged_models WHERE model_id = owner) GROUP BY owner",
        |row| {
            Ok(format!(
                "{} files are noted for '{}', which is neither a run nor a logged model here",
                row.get::<_, i64>(1)?,
                row.get::<_, String>(0)?
            ))
        },
    );
}

fn metrics(conn: &Connection, found: &mut Checkup) {
    each(
        conn,
        found,
        "metrics",
        "SELECT r.run_id, m.name, s.points,
            (SELECT coalesce(sum(c.points), 0) FROM chunks c WHERE c.id >= s.id << 20 AND c.id < (s.id + 1) << 20)
            AS kept
         FROM series s LEFT JOIN runs r ON r.id = s.run LEFT JOIN metric_names m ON m.id = s.metric
         WHERE s.points != kept",
        |row| {
            Ok(format!(
                "metric '{}' of run {} says that it has {} points, but {} are kept",
                row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                row.get::<_, Option<String>>(0)?.unwrap_or_default(),
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)?
            ))
        },
    );
    each(
        conn,
        found,
        "metrics",
        "SELECT c.id >> 20, count(*) FROM chunks c
         WHERE NOT EXISTS (SELECT 1 FROM series s WHERE s.id = c.id >> 20) GROUP BY 1",
        |row| {
            Ok(format!(
                "{} chunks of points belong to series {}, which is not there",
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(0)?
            ))
        },
    );
    let mut damaged = 0_u64;
    let read = (|| -> rusqlite::Result<()> {
        let mut statement = conn.prepare("SELECT points, data FROM chunks")?;
        let mut rows = statement.query([])?;
        let mut samples = Vec::new();
        while let Some(row) = rows.next()? {
            samples.clear();
            chunk::decode(row.get_ref(1)?.as_blob().unwrap_or_default(), &mut samples);
            let points: i64 = row.get(0)?;
            if i64::try_from(samples.len()) != Ok(points) {
                damaged += 1;
            }
        }
        Ok(())
    })();
    if damaged > 0 {
        found.add(
            "metrics",
            format!("{damaged} chunks do not hold the points that they say"),
        );
    }
    if let Err(error) = read {
        found.add("metrics", format!("not every chunk can be read: {error}"));
    }
}

fn registry(conn: &Connection, found: &mut Checkup) {
    each(
        conn,
        found,
        "registry",
        "SELECT m.name, a.alias, a.version FROM aliases a JOIN registered_models m ON m.id = a.model
         WHERE NOT EXISTS (SELECT 1 FROM model_versions v WHERE v.model = a.model AND v.version = a.version
            AND v.deleted = 0)",
        |row| {
            Ok(format!(
                "alias '{}' of model '{}' points to version {}, which is not there",
                row.get::<_, String>(1)?,
                row.get::<_, String>(0)?,
                row.get::<_, i64>(2)?
            ))
        },
    );
    each(
        conn,
        found,
        "registry",
        "SELECT m.name, m.next_version, max(v.version) FROM model_versions v JOIN registered_models m
         ON m.id = v.model GROUP BY m.id HAVING max(v.version) >= m.next_version",
        |row| {
            Ok(format!(
                "model '{}' would give the number {} again: it has version {}",
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?
            ))
        },
    );
}

fn history(conn: &Connection, found: &mut Checkup) {
    // An older file has none.
    if !schema::tables(conn)
        .iter()
        .any(|table| table == "registry_history")
    {
        return;
    }
    let broken = match (Reader { conn }).verify_registry_history(None) {
        Ok(verified) => match verified.broken {
            None => return,
            Some(broken) => broken.to_string(),
        },
        Err(error) => format!("it cannot be looked through: {error}"),
    };
    found.add("registry", format!("the history of the registry: {broken}"));
}

fn count(conn: &Connection, found: &mut Checkup) {
    for table in schema::tables(conn) {
        let rows = conn.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| {
            row.get::<_, i64>(0)
        });
        if let Ok(rows) = rows {
            let rows = u64::try_from(rows).unwrap_or(0);
            found.tables.push((table, rows));
        }
    }
}
