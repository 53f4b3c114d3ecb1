//! Stores of other ages than today's, without their beginnings.

use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::rescue;
use crate::{NewRun, Store, StoreOptions, check, schema};

/// A store that was made with the migrations up to one and has two runs.
fn aged(path: &Path, newest: i64) {
    let conn = schema::create_up_to(newest, path).unwrap();
    conn.execute_batch(
        "INSERT INTO experiments (id, name, artifact_location, created_at, updated_at)
            VALUES (0, 'Default', 'mlflow-artifacts:/0', 1, 1);
         INSERT INTO runs (run_id, experiment, name, user_id, status, artifact_uri)
            VALUES ('a', 0, 'a', '', 'FINISHED', 'x'), ('b', 0, 'b', '', 'FINISHED', 'x');
         INSERT INTO params VALUES (1, 'p', '1'), (2, 'p', '2');
         PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .unwrap();
}

/// Loses the header, the map of pages and what else is at the beginning, and saves the rest.
fn saved(path: &Path, to: &Path, pages: usize) -> super::Rescue {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(&vec![0xa5; pages * 4_096], 0).unwrap();
    rescue(path, to).unwrap()
}

fn holds(path: &Path, runs: u64) {
    assert_eq!(check(path).unwrap().findings, []);
    let counted = check(path).unwrap().tables;
    assert!(counted.contains(&("runs".to_owned(), runs)), "{counted:?}");
    assert!(counted.contains(&("params".to_owned(), 2)), "{counted:?}");
}

#[test]
fn a_store_that_stayed_at_any_migration_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    for (n, newest) in schema::migrations().enumerate() {
        let path = folder.path().join(format!("{n}.db"));
        let to = folder.path().join(format!("{n}-saved.db"));
        aged(&path, newest);
        let report = saved(&path, &to, 2);
        assert!(!report.lost(), "{newest}: {report:?}");
        holds(&to, 2);
    }
}

/// Rows were there when later tables were made.
#[test]
fn a_store_that_grew_with_the_migrations_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let oldest = schema::migrations().last().unwrap();
    aged(&path, oldest);
    for newest in schema::migrations().collect::<Vec<_>>().into_iter().rev() {
        drop(schema::create_up_to(newest, &path).unwrap());
    }
    let store = Store::open(&path, StoreOptions::default()).unwrap();
    store.write(|tx| tx.create_run(NewRun::default())).unwrap();
    drop(store);
    // The list of migrations as well.
    let to = folder.path().join("saved.db");
    let report = saved(&path, &to, 3);
    assert!(!report.lost(), "{report:?}");
    holds(&to, 3);
}

/// As files are that were made before free pages could be given back, and were turned into
/// such as can.
#[test]
fn a_store_that_was_written_anew_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    aged(&path, schema::newest());
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    drop(conn);
    let to = folder.path().join("saved.db");
    let report = saved(&path, &to, 2);
    assert!(!report.lost(), "{report:?}");
    holds(&to, 2);
}

#[test]
fn a_store_of_a_newer_version_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    aged(&path, schema::newest());
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(
        "INSERT INTO migrations VALUES (99991231000000, 1); PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .unwrap();
    drop(conn);
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(&[0; 4_096], 0).unwrap();
    let to = folder.path().join("saved.db");
    let error = rescue(&path, &to).unwrap_err();
    assert!(
        matches!(
            error,
            crate::StoreError::Newer {
                found: 99_991_231_000_000,
                ..
            }
        ),
        "{error}"
    );
    assert!(!to.exists());
}
