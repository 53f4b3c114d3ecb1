//! What a rescue brings back of many damages, held against what SQLite itself says lay on
//! the pages that were not damaged.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests say what must hold by panicking, their helpers too"
)]

mod intact;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use intact::{Intact, PAGE, RUNS, add_runs, checkpoint, filled, open};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rusqlite::Connection;
use skerry_domain::{Code, Coded};
use skerry_store::{NewRun, Store, StoreOptions, View, WriteLog, check, rescue};

fn noise(chance: &mut StdRng) -> impl FnMut(&mut [u8]) {
    |bytes| chance.fill_bytes(bytes)
}

/// Fixed where that of property tests is, too.
fn chance() -> (u64, StdRng) {
    let seed: u64 = std::env::var("PROPTEST_RNG_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random);
    (seed, StdRng::seed_from_u64(seed))
}

#[test]
fn what_lay_on_no_damaged_page_is_saved() {
    let intact = Intact::new();
    let (seed, mut chance) = chance();
    println!("PROPTEST_RNG_SEED={seed}");
    let rounds: u32 = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(24);
    for round in 0..rounds {
        let pages = intact.bytes.len() / PAGE;
        let mut damaged: BTreeSet<usize> = (0..chance.random_range(1..9))
            .map(|_| chance.random_range(1..=pages))
            .collect();
        // The beginning is damaged often: it is what is written most.
        if round % 3 == 0 {
            damaged.extend([1, chance.random_range(1..6)]);
        }
        match round % 4 {
            0 => intact.damage(&damaged, |page| page.fill(0)),
            1 => intact.damage(&damaged, |page| page.fill(0xa5)),
            2 => intact.damage(&damaged, noise(&mut chance)),
            // A sector of each.
            _ => intact.damage(&damaged, |page| {
                let sector = chance.random_range(0..8) * 512;
                chance.fill_bytes(&mut page[sector..sector + 512]);
            }),
        };
    }
}

#[test]
fn a_damaged_beginning_costs_nothing() {
    let intact = Intact::new();
    let (seed, mut chance) = chance();
    println!("PROPTEST_RNG_SEED={seed}");
    let zeroed = intact.damage(&BTreeSet::from([1]), |page| page.fill(0));
    assert!(!zeroed.lost(), "{zeroed:#?}");
    let mut bytes = intact.bytes.clone();
    chance.fill_bytes(&mut bytes[..100]);
    let header = intact.hold(&bytes, &BTreeSet::from([1]));
    assert!(!header.lost(), "{header:#?}");
    // And the map of pages.
    let both = intact.damage(&BTreeSet::from([1, 2]), noise(&mut chance));
    assert!(!both.lost(), "{both:#?}");
    // And the whole list of tables, with the list of migrations.
    let list = (intact.pages.iter())
        .filter(|(_, page)| page.object == "sqlite_schema" || page.object == "migrations")
        .map(|(number, _)| *number)
        .collect();
    let all = intact.damage(&list, noise(&mut chance));
    assert!(!all.lost(), "{all:#?}");
}

/// A console that has read a journal must not meet its numbers again.
#[test]
fn numbers_that_were_given_do_not_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.db"), folder.path().join("saved.db"));
    filled(&from);
    let given = "SELECT seq FROM sqlite_sequence WHERE name = 'journal'";
    let conn = Connection::open(&from).unwrap();
    let last: i64 = conn.query_row(given, [], |row| row.get(0)).unwrap();
    conn.execute("DELETE FROM journal", []).unwrap();
    drop(conn);
    checkpoint(&from);
    rescue(&from, &to).unwrap();
    let store = open(&to);
    store.write(|tx| tx.create_run(NewRun::default())).unwrap();
    drop(store);
    let conn = Connection::open(&to).unwrap();
    let next: i64 = conn.query_row(given, [], |row| row.get(0)).unwrap();
    assert!(next > last, "{next} after {last}");
}

#[test]
fn half_a_file_is_half_a_store() {
    let intact = Intact::new();
    let pages = intact.bytes.len() / PAGE;
    let cut = (pages / 2 + 1..=pages).collect();
    let report = intact.hold(&intact.bytes[..pages / 2 * PAGE], &cut);
    assert!(report.lost());
}

/// The beginning of the tree of each table and each index, and one more page of it.
#[test]
fn a_bad_page_of_any_table_or_index_costs_its_rows() {
    let intact = Intact::new();
    let (seed, mut chance) = chance();
    println!("PROPTEST_RNG_SEED={seed}");
    let mut trees: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, page) in &intact.pages {
        trees.entry(&page.object).or_default().push(*number);
    }
    // Of all indexes at once, and of all that is empty: nothing is lost.
    let (tables, others): (Vec<_>, Vec<_>) = trees
        .iter()
        .partition(|(name, _)| intact.tables.get(**name).is_some_and(|rows| *rows > 0));
    assert!(tables.len() > 20, "{}", tables.len());
    let mut some = |pages: &[usize]| [pages[0], pages[chance.random_range(0..pages.len())]];
    let damaged = others.iter().flat_map(|(_, pages)| some(pages)).collect();
    let report = intact.damage(&damaged, |page| page.fill(0xa5));
    let gaps = report.tables.iter().filter(|table| table.gaps > 0);
    assert!(
        gaps.clone().all(|table| table.saved == 0),
        "{:#?}",
        gaps.collect::<Vec<_>>()
    );
    for (_, pages) in tables {
        intact.damage(&some(pages).into(), |page| page.fill(0xa5));
    }
}

/// All of a table is lost, and neither of its indexes.
#[test]
fn lost_runs_and_experiments_are_made_again() {
    let intact = Intact::new();
    let damaged = (intact.pages.iter())
        .filter(|(_, page)| page.object == "runs" || page.object == "experiments")
        .map(|(number, _)| *number)
        .collect::<BTreeSet<_>>();
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.db"), folder.path().join("saved.db"));
    let mut bytes = intact.bytes.clone();
    for page in &damaged {
        bytes[(page - 1) * PAGE..page * PAGE].fill(0xa5);
    }
    std::fs::write(&from, &bytes).unwrap();
    let report = rescue(&from, &to).unwrap();
    intact.compare(&to, &report, &damaged);
    let rebuilt = |name: &str| {
        let table = report.tables.iter().find(|table| table.table == name);
        table.unwrap().rebuilt
    };
    assert_eq!((rebuilt("runs"), rebuilt("experiments")), (RUNS as u64, 3));
    let (before, after) = (open(&intact.path), open(&to));
    let query = skerry_store::RunQuery {
        all_experiments: true,
        view: View::All,
        order_by: vec!["start_time ASC".to_owned()],
        ..Default::default()
    };
    let written = before.read(|reader| reader.runs(&query)).unwrap().items;
    for run in written {
        let id = run.info.run_id.clone();
        let again = after.read(|reader| reader.run(&id)).unwrap();
        assert_eq!(again.info.experiment, run.info.experiment);
        assert_eq!(again.info.name, run.info.name);
        assert_eq!(again.info.user_id, run.info.user_id);
        assert_eq!(again.info.start_time, run.info.start_time);
        assert_eq!(again.params, run.params);
        assert_eq!(again.metrics, run.metrics);
        let tag = again.tags.iter().find(|tag| tag.key == "skerry.rescued");
        assert!(tag.unwrap().value.starts_with("Its row was lost."));
        // Of an experiment with a place of its own the runs no longer say where.
        if run.info.experiment_id != 2 {
            assert_eq!(again.info.artifact_uri, run.info.artifact_uri);
        }
    }
    let archived = skerry_store::RunQuery {
        archived: Some(true),
        ..query
    };
    let counts =
        [&before, &after].map(|store| store.read(|reader| reader.count_runs(&archived)).unwrap());
    assert!(counts[0] > 0 && counts[0] == counts[1], "{counts:?}");
    let first = after
        .read(|reader| reader.experiment_by_name("first"))
        .unwrap();
    assert!(first.tags.iter().any(|tag| tag.key == "skerry.rescued"));
}

/// Its row, and what the indexes say of it: only what belongs to it is left.
#[test]
fn what_belongs_to_a_run_that_is_wholly_lost_is_kept() {
    let intact = Intact::new();
    let objects = [
        "runs",
        "runs_by_start",
        "sqlite_autoindex_runs_1",
        "experiments",
        "sqlite_autoindex_experiments_1",
    ];
    let damaged: BTreeSet<usize> = (intact.pages.iter())
        .filter(|(_, page)| objects.contains(&page.object.as_str()))
        .map(|(number, _)| *number)
        .collect();
    let report = intact.damage(&damaged, |page| page.fill(0));
    let table = |name: &str| report.tables.iter().find(|t| t.table == name).unwrap();
    assert_eq!(table("runs").rebuilt, RUNS as u64);
    for name in ["params", "series", "chunks"] {
        let table = table(name);
        assert_eq!(
            (table.saved, table.dropped),
            (intact.tables[name], 0),
            "{name}"
        );
    }
}

/// A store whose log is not yet in its file: the file, and the log.
fn logged(folder: &Path) -> (PathBuf, Vec<u8>, Vec<u8>) {
    let path = folder.join("logged.db");
    filled(&path);
    let store = open(&path);
    add_runs(&store, RUNS..RUNS + 20);
    let bytes = std::fs::read(&path).unwrap();
    let log = std::fs::read(folder.join("logged.db-wal")).unwrap();
    (path, bytes, log)
}

#[test]
fn a_damaged_log_costs_what_lay_there() {
    let folder = tempfile::tempdir().unwrap();
    let (_, bytes, log) = logged(folder.path());
    let frame = PAGE + 24;
    let frames = (log.len() - 32) / frame;
    assert!(frames > 60, "{frames}");
    let other = tempfile::tempdir().unwrap();
    let foreign = {
        let path = other.path().join("a.db");
        let store = open(&path);
        for name in ["other", "another"] {
            store
                .write(|tx| tx.create_experiment(name, None, &[]))
                .unwrap();
        }
        add_runs(&store, 0..2);
        drop(store);
        checkpoint(&path);
        let store = open(&path);
        add_runs(&store, 2..40);
        std::fs::read(other.path().join("a.db-wal")).unwrap()
    };
    let torn = &log[..log.len() * 6 / 10];
    let mut hole = log.clone();
    let middle = 32 + frames / 2 * frame;
    hole[middle..middle + frame].fill(0xa5);
    let mut header = log.clone();
    header[..32].fill(0);
    let mut beginning = bytes.clone();
    beginning[..3 * PAGE].fill(0);
    let all = RUNS + 20;
    // How many runs are saved at least, and what is said of the log.
    type Case<'a> = (&'a str, &'a [u8], &'a [u8], usize, WriteLog);
    let cases: [Case<'_>; 7] = [
        ("whole", &bytes, &log, all, WriteLog::Read),
        ("beginning", &beginning, &log, all, WriteLog::Read),
        ("missing", &bytes, &[], RUNS, WriteLog::Empty),
        ("torn", &bytes, torn, RUNS + 8, WriteLog::Read),
        ("hole", &bytes, &hole, all - 2, WriteLog::Damaged(2)),
        ("header", &bytes, &header, all, WriteLog::Damaged(1)),
        ("foreign", &bytes, &foreign, RUNS, WriteLog::Foreign),
    ];
    for (name, bytes, log, runs, said) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.db"), folder.path().join("saved.db"));
        let beside = folder.path().join("a.db-wal");
        std::fs::write(&from, bytes).unwrap();
        std::fs::write(&beside, log).unwrap();
        let report = rescue(&from, &to).unwrap();
        assert!(std::fs::read(&from).unwrap() == bytes, "{name}");
        assert!(std::fs::read(&beside).unwrap() == log, "{name}");
        assert_eq!(report.log, said, "{name}");
        for finding in check(&to).unwrap().findings {
            // A link of its chain may lie there.
            let history = finding.what.contains("the history of the registry");
            assert!(history && name == "hole", "{name}: {finding:?}");
        }
        let saved = report.tables.iter().find(|table| table.table == "runs");
        let saved = saved.unwrap();
        assert!(saved.saved >= runs as u64, "{name}: {saved:?} of {runs}");
        let store = open(&to);
        store.write(|tx| tx.create_run(NewRun::default())).unwrap();
    }
}

/// The file was emptied, or is gone; the log beside it must not be thrown away, as SQLite does.
#[test]
fn an_empty_file_with_a_log_is_no_new_store() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _, log) = logged(folder.path());
    for gone in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.db"), folder.path().join("saved.db"));
        if !gone {
            std::fs::write(&from, "").unwrap();
        }
        let beside = folder.path().join("a.db-wal");
        std::fs::write(&beside, &log).unwrap();
        let error = Store::open(&from, StoreOptions::default()).unwrap_err();
        assert_eq!(error.code(), Code::StoreCorrupt);
        assert!(!check(&from).unwrap().findings.is_empty());
        let report = rescue(&from, &to).unwrap();
        let runs = report.tables.iter().find(|table| table.table == "runs");
        assert!(runs.unwrap().saved >= 20, "{report:#?}");
        for finding in check(&to).unwrap().findings {
            // What was written before is not in the log.
            assert!(finding.what.contains("the history of the registry"));
        }
        assert_eq!(from.exists(), !gone);
        assert!(
            std::fs::read(&beside).unwrap() == log,
            "the log is only read"
        );
    }
}

#[test]
fn nothing_is_made_of_what_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.db"), folder.path().join("saved.db"));
    let mut bytes = vec![0_u8; 200 * PAGE];
    chance().1.fill_bytes(&mut bytes);
    let others = folder.path().join("others.db");
    Connection::open(&others)
        .unwrap()
        .execute_batch("CREATE TABLE runs (a, b); INSERT INTO runs VALUES (1, 2)")
        .unwrap();
    for content in [
        bytes,
        vec![0; 50 * PAGE],
        Vec::new(),
        std::fs::read(&others).unwrap(),
    ] {
        std::fs::write(&from, content).unwrap();
        let error = rescue(&from, &to).unwrap_err();
        assert_eq!(error.code(), Code::StoreCorrupt);
        assert!(error.to_string().contains("a.db"), "{error}");
        assert!(!to.exists());
    }
}
