//! Opening the file and bringing its schema up to date.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::{Result, StoreError, StoreOptions};

/// A migration's file name starts with its time, which orders them; two people who
/// add one on the same day do not collide.
const MIGRATIONS: &[(i64, &str)] = &[
    (
        20_261_126_230_000,
        include_str!("../migrations/20261126230000_tracking.sql"),
    ),
    (
        20_261_127_000_500,
        include_str!("../migrations/20261127000500_workspace.sql"),
    ),
    (
        20_261_127_001_500,
        include_str!("../migrations/20261127001500_agent.sql"),
    ),
    (
        20_261_127_034_500,
        include_str!("../migrations/20261127034500_views.sql"),
    ),
    (
        20_261_127_050_000,
        include_str!("../migrations/20261127050000_search.sql"),
    ),
    (
        20_261_127_060_000,
        include_str!("../migrations/20261127060000_model_points.sql"),
    ),
    (
        20_261_127_091_500,
        include_str!("../migrations/20261127091500_registry_history.sql"),
    ),
    (
        20_261_127_093_000,
        include_str!("../migrations/20261127093000_doomed.sql"),
    ),
    (
        20_261_127_130_500,
        include_str!("../migrations/20261127130500_reports.sql"),
    ),
    (
        20_261_127_164_500,
        include_str!("../migrations/20261127164500_archived.sql"),
    ),
    (
        20_261_127_170_000,
        include_str!("../migrations/20261127170000_best.sql"),
    ),
    (
        20_261_127_200_000,
        include_str!("../migrations/20261127200000_varies.sql"),
    ),
    (
        20_261_127_203_000,
        include_str!("../migrations/20261127203000_untriggered.sql"),
    ),
];

/// SQLite's `application_id` of our files: "Skry".
const APPLICATION_ID: i64 = 0x536b_7279;

/// The newest migration that this version knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |(time, _)| *time)
}

fn named(error: rusqlite::Error, path: &Path) -> StoreError {
    let path_text = path.display().to_string();
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::PermissionDenied) => {
            StoreError::Access {
                path: path_text,
                why: std::fs::metadata(path)
                    .err()
                    .map_or_else(|| error.to_string(), |e| e.to_string()),
            }
        }
        _ => match StoreError::from(error) {
            StoreError::Corrupt(_) => StoreError::Corrupt(path_text),
            StoreError::ReadOnly(_) => StoreError::ReadOnly(path_text),
            other => other,
        },
    }
}

/// Opens the one connection that writes, and migrates.
pub(crate) fn open_writer(path: &Path, options: &StoreOptions) -> Result<Connection> {
    let at = |e| named(e, path);
    if truncated(path) {
        return Err(StoreError::Corrupt(path.display().to_string()));
    }
    // SQLite lets no group write what it makes, whatever the umask allows; files beside the store
    // have its mode. One that is there is not opened, and what fails here SQLite says.
    let _ = std::fs::File::create_new(path);
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(at)?;
    if conn.is_readonly("main").map_err(at)? {
        return Err(StoreError::ReadOnly(path.display().to_string()));
    }
    conn.busy_timeout(std::time::Duration::from_secs(10))
        .map_err(at)?;
    refuse_others(&conn, path)?;
    // Free pages can be given back to the disk. Only a file without tables takes this.
    conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")
        .map_err(at)?;
    conn.pragma_update(None, "journal_mode", "WAL")
        .map_err(at)?;
    // FULL: each commit is on the disk before it is answered. In WAL mode NORMAL
    // would survive kill -9 but could lose the last commits in a power cut.
    conn.pragma_update(None, "synchronous", "FULL")
        .map_err(at)?;
    conn.pragma_update(None, "foreign_keys", true).map_err(at)?;
    conn.pragma_update(None, "temp_store", "MEMORY")
        .map_err(at)?;
    // MLflow's LIKE minds the case; its ILIKE compares in lower case.
    conn.pragma_update(None, "case_sensitive_like", true)
        .map_err(at)?;
    conn.pragma_update(None, "wal_autocheckpoint", 4_000)
        .map_err(at)?;
    conn.pragma_update(None, "journal_size_limit", 64_i64 << 20)
        .map_err(at)?;
    // In KiB, taken when it is needed: pages of a group of writes are not written twice.
    conn.pragma_update(None, "cache_size", -32_768_i64)
        .map_err(at)?;
    conn.set_prepared_statement_cache_capacity(256);
    migrate(&mut conn, path, newest())?;
    // Pages of tables that were just made are not needed again.
    conn.pragma_update(None, "shrink_memory", 0).map_err(at)?;
    if let Some(pages) = options.max_pages {
        conn.pragma_update(None, "max_page_count", pages)
            .map_err(at)?;
    }
    Ok(conn)
}

/// Opens a connection that only reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection> {
    let at = |e| named(e, path);
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(at)?;
    conn.busy_timeout(std::time::Duration::from_secs(10))
        .map_err(at)?;
    conn.pragma_update(None, "temp_store", "MEMORY")
        .map_err(at)?;
    // MLflow's LIKE minds the case; its ILIKE compares in lower case.
    conn.pragma_update(None, "case_sensitive_like", true)
        .map_err(at)?;
    // In KiB, taken when it is needed: what a page of runs is read from.
    conn.pragma_update(None, "cache_size", -8_192_i64)
        .map_err(at)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(conn)
}

/// The log beside a store's file.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

/// A file that ends before its last page. While a log is beside it, pages may be there; but
/// one that is empty or gone would cost the log: SQLite deletes it then.
fn truncated(path: &Path) -> bool {
    use std::io::Read as _;
    if std::fs::metadata(log_of(path)).is_ok_and(|facts| facts.len() > 0) {
        return std::fs::metadata(path).map_or(0, |facts| facts.len()) == 0;
    }
    let mut header = [0_u8; 100];
    let Ok(mut file) = std::fs::File::open(path) else {
        return false;
    };
    if file.read_exact(&mut header).is_err() {
        return false;
    }
    // Offsets 16 and 28 of SQLite's file format: size of a page, number of pages.
    let [.., high, low] = header.first_chunk::<18>().copied().unwrap_or_default();
    let page = match u64::from(u16::from_be_bytes([high, low])) {
        1 => 65_536,
        page => page,
    };
    let pages = header
        .get(28..32)
        .and_then(|bytes| bytes.first_chunk::<4>())
        .map_or(0, |bytes| u64::from(u32::from_be_bytes(*bytes)));
    file.metadata()
        .is_ok_and(|facts| facts.len() < page * pages)
}

/// Whether the file is one of ours that this version can read.
pub(crate) fn known(conn: &Connection, path: &Path) -> Result<()> {
    refuse_others(conn, path)
}

/// Names of the tables that can be listed, in the order in which they were made.
pub(crate) fn tables(conn: &Connection) -> Vec<String> {
    strings(
        conn,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid",
    )
}

fn strings(conn: &Connection, sql: &str) -> Vec<String> {
    let read = || -> rusqlite::Result<Vec<String>> {
        conn.prepare(sql)?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    read().unwrap_or_default()
}

/// Makes an empty store with the migrations up to one. What is written is not waited for
/// until whoever fills it says so.
pub(crate) fn create_up_to(newest: i64, path: &Path) -> Result<Connection> {
    let at = |e| named(e, path);
    let mut conn = Connection::open(path).map_err(at)?;
    conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")
        .map_err(at)?;
    conn.pragma_update(None, "journal_mode", "WAL")
        .map_err(at)?;
    conn.pragma_update(None, "synchronous", "OFF").map_err(at)?;
    migrate(&mut conn, path, newest)?;
    Ok(conn)
}

/// The migrations that there are, the newest first.
pub(crate) fn migrations() -> impl Iterator<Item = i64> {
    MIGRATIONS.iter().rev().map(|(time, _)| *time)
}

/// An empty store in memory with the migrations up to one.
pub(crate) fn in_memory(newest: i64) -> Result<Connection> {
    let mut conn = Connection::open_in_memory()?;
    conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    migrate(&mut conn, Path::new(":memory:"), newest)?;
    Ok(conn)
}

/// Looks before anything is written: a newer file, or somebody else's, stays as it is.
fn refuse_others(conn: &Connection, path: &Path) -> Result<()> {
    let at = |e| named(e, path);
    let application: i64 = conn
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .map_err(at)?;
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(at)?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(StoreError::Corrupt(path.display().to_string()));
    }
    let found = schema_version(conn).map_err(at)?;
    if found > newest() {
        return Err(StoreError::Newer {
            path: path.display().to_string(),
            found,
            known: newest(),
        });
    }
    Ok(())
}

fn schema_version(conn: &Connection) -> rusqlite::Result<i64> {
    let there = conn
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE name = 'migrations'",
            [],
            |_| Ok(()),
        )
        .optional()?
        .is_some();
    if !there {
        return Ok(0);
    }
    conn.query_row("SELECT coalesce(max(time), 0) FROM migrations", [], |row| {
        row.get(0)
    })
}

fn migrate(conn: &mut Connection, path: &Path, up_to: i64) -> Result<()> {
    let at = |e| named(e, path);
    let tx = conn
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(at)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)
        .map_err(at)?;
    tx.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (time INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT",
    )
    .map_err(at)?;
    for (time, sql) in MIGRATIONS.iter().filter(|(time, _)| *time <= up_to) {
        let done = tx
            .query_row("SELECT 1 FROM migrations WHERE time = ?1", [time], |_| {
                Ok(())
            })
            .optional()
            .map_err(at)?
            .is_some();
        if done {
            continue;
        }
        tx.execute_batch(sql).map_err(at)?;
        tx.execute(
            "INSERT INTO migrations (time, applied_at) VALUES (?1, ?2)",
            [*time, crate::now()],
        )
        .map_err(at)?;
        tracing::info!(migration = time, path = %path.display(), "migrated the store");
    }
    tx.commit().map_err(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_in_order() {
        assert!(MIGRATIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
