//! Damaged files: found, explained, and saved as far as they can be read.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests say what must hold by panicking, their helpers too"
)]

use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use skerry_domain::tracking::{ArtifactOwner, MetricPoint};
use skerry_domain::{Code, Coded, KeyValue};
use skerry_store::{Batch, NewModelVersion, NewRun, Sample, Store, StoreOptions, check, rescue};

const PAGE: usize = 4_096;
const RUNS: usize = 120;
const POINTS: i64 = 2_000;

fn open(path: &Path) -> Store {
    Store::open(path, StoreOptions::default()).unwrap()
}

fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn point(n: i64) -> Sample {
    Sample {
        step: n,
        timestamp: 1_700_000_000_000 + n,
        value: (n as f64).sin(),
    }
}

/// A store with runs, params, tags, metrics, files and a model; closed, so that all of
/// it is in the one file. Answers the ids of its runs.
fn filled(path: &Path) -> Vec<String> {
    let store = open(path);
    let mut runs = Vec::new();
    for n in 0..RUNS {
        let run = store
            .write(move |tx| {
                let run = tx.create_run(NewRun {
                    name: format!("run {n}"),
                    tags: vec![pair("n", &n.to_string())],
                    ..NewRun::default()
                })?;
                let id = run.info.run_id;
                let params = (0..20)
                    .map(|p| pair(&format!("p{p}"), &"x".repeat(50)))
                    .collect();
                tx.log_batch(
                    &id,
                    Batch {
                        params,
                        ..Batch::default()
                    },
                )?;
                let samples: Vec<Sample> = (0..POINTS).map(point).collect();
                tx.import_points(&id, "loss", &samples)?;
                tx.artifact_logged(ArtifactOwner::Run(id.clone()), "model/a", 3, "00")?;
                Ok(id)
            })
            .unwrap();
        runs.push(run);
    }
    let run = runs[0].clone();
    store
        .write(move |tx| {
            tx.create_registered_model("digits", None, &[])?;
            tx.create_model_version(NewModelVersion {
                name: "digits".to_owned(),
                source: "mlflow-artifacts:/0/x".to_owned(),
                run_id: Some(run),
                ..NewModelVersion::default()
            })?;
            tx.set_alias("digits", "champion", 1)
        })
        .unwrap();
    drop(store);
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    runs
}

/// Points of a run that are there; each is one that was written.
fn kept(store: &Store, run: &str) -> usize {
    let page = store.read(|reader| reader.metric_history(run, "loss", 0, None));
    let samples = page.map(|page| page.samples).unwrap_or_default();
    for sample in &samples {
        assert_eq!(*sample, point(sample.step), "a point that nobody wrote");
    }
    samples.len()
}

#[test]
fn a_sound_store_has_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    filled(&path);
    let before = std::fs::read(&path).unwrap();
    let found = check(&path).unwrap();
    assert_eq!(found.findings, []);
    assert!(found.tables.contains(&("runs".to_owned(), RUNS as u64)));
    let copy = folder.path().join("copy.db");
    let report = rescue(&path, &copy).unwrap();
    assert!(!report.lost(), "{report:?}");
    assert_eq!(check(&copy).unwrap().findings, []);
    assert_eq!(check(&copy).unwrap().tables, found.tables);
    assert_eq!(
        std::fs::read(&path).unwrap(),
        before,
        "the file is only read"
    );
    // A new file only.
    assert_eq!(
        rescue(&path, &copy).unwrap_err().code(),
        Code::AlreadyExists
    );
    assert_eq!(
        check(&folder.path().join("none.db")).unwrap_err().code(),
        Code::FileAccess
    );
}

/// Pages full of noise at random places: it is found, and all that does not lie there is saved.
#[test]
fn damaged_pages_cost_their_own_rows() {
    // Fixed where that of property tests is, too.
    let seed: u64 = std::env::var("PROPTEST_RNG_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random);
    println!("PROPTEST_RNG_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    let runs = filled(&whole);
    let bytes = std::fs::read(&whole).unwrap();
    let pages = bytes.len() / PAGE;
    for round in 0..4 {
        let mut damaged = bytes.clone();
        // The first pages hold the list of tables.
        let bad = 1 + round;
        for _ in 0..bad {
            let page = chance.random_range(pages / 10..pages);
            chance.fill(&mut damaged[page * PAGE..(page + 1) * PAGE]);
        }
        let path = folder.path().join(format!("{round}.db"));
        std::fs::write(&path, &damaged).unwrap();
        let found = check(&path).unwrap();
        assert!(!found.findings.is_empty(), "round {round}: nothing found");
        let saved = folder.path().join(format!("{round}-saved.db"));
        let report = rescue(&path, &saved).unwrap();
        assert_eq!(
            std::fs::read(&path).unwrap(),
            damaged,
            "the file is only read"
        );
        assert_eq!(
            check(&saved).unwrap().findings,
            [],
            "round {round}: {report:?}"
        );
        let store = open(&saved);
        let points: usize = runs.iter().map(|run| kept(&store, run)).sum();
        let all = RUNS * POINTS as usize;
        // A page of an index may stand for many others; most is there all the same.
        assert!(
            points * 10 >= all * 5,
            "round {round}: {points} of {all} points, {report:?}"
        );
        // And it is a store like any other.
        store.write(|tx| tx.create_run(NewRun::default())).unwrap();
    }
}

/// The rows that say whose points these are: an index says it as well.
#[test]
fn points_whose_series_lost_its_row_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let runs = filled(&path);
    let conn = rusqlite::Connection::open(&path).unwrap();
    let leaves: Vec<usize> = conn
        .prepare("SELECT pageno FROM dbstat WHERE name = 'series' AND pagetype = 'leaf'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    drop(conn);
    assert!(!leaves.is_empty());
    let mut bytes = std::fs::read(&path).unwrap();
    for page in leaves {
        bytes[(page - 1) * PAGE..page * PAGE].fill(0xa5);
    }
    std::fs::write(&path, &bytes).unwrap();
    let saved = folder.path().join("saved.db");
    rescue(&path, &saved).unwrap();
    assert_eq!(check(&saved).unwrap().findings, []);
    let store = open(&saved);
    for run in &runs {
        assert_eq!(kept(&store, run), POINTS as usize);
        let summary = store.read(|reader| reader.metric_summaries(run)).unwrap();
        assert_eq!(summary[0].points, POINTS as u64);
        assert_eq!(summary[0].last, point(POINTS - 1));
    }
}

#[test]
fn a_file_that_was_cut_off_is_found_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let runs = filled(&path);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() * 3 / 4]).unwrap();
    let error = Store::open(&path, StoreOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::StoreCorrupt);
    assert!(error.to_string().contains("skerry doctor store"), "{error}");
    assert!(!check(&path).unwrap().findings.is_empty());
    let saved = folder.path().join("saved.db");
    rescue(&path, &saved).unwrap();
    assert_eq!(check(&saved).unwrap().findings, []);
    let store = open(&saved);
    let found = runs.iter().filter(|run| kept(&store, run) > 0).count();
    assert!(found > 0, "nothing was saved");
}

#[test]
fn what_does_not_fit_together_is_said_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let runs = filled(&path);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(
        "PRAGMA foreign_keys = OFF;
         UPDATE series SET points = points + 5 WHERE id = 1;
         DELETE FROM series WHERE id = 2;
         UPDATE chunks SET data = x'01' WHERE id >> 20 = 3;
         UPDATE aliases SET version = 9;
         UPDATE registered_models SET next_version = 1;
         INSERT INTO artifacts VALUES ('nobody', 'a', 1, '00', 0);
         DELETE FROM runs WHERE id = 4;",
    )
    .unwrap();
    drop(conn);
    let found = check(&path).unwrap();
    let said: Vec<String> = found
        .findings
        .iter()
        .map(|finding| format!("{}: {}", finding.part, finding.what))
        .collect();
    for wanted in [
        format!(
            "run {} says that it has 2005 points, but 2000 are kept",
            runs[0]
        ),
        "belong to series 2, which is not there".to_owned(),
        "do not hold the points that they say".to_owned(),
        "alias 'champion' of model 'digits' points to version 9".to_owned(),
        "would give the number 1 again".to_owned(),
        "1 files are noted for 'nobody'".to_owned(),
        "rows of 'params' belong to rows of 'runs' that are not there".to_owned(),
    ] {
        assert!(
            said.iter().any(|line| line.contains(&wanted)),
            "{wanted}: {said:#?}"
        );
    }
    let saved = folder.path().join("saved.db");
    rescue(&path, &saved).unwrap();
    assert_eq!(check(&saved).unwrap().findings, []);
    let store = open(&saved);
    assert_eq!(kept(&store, &runs[0]), 2_000);
    assert_eq!(kept(&store, &runs[9]), 2_000);
    // Its row says what was the last.
    assert_eq!(kept(&store, &runs[2]), 1);
    let points = vec![MetricPoint::new(
        "loss",
        point(2_000).value,
        point(2_000).timestamp,
        2_000,
    )];
    let run = runs[9].clone();
    store
        .write(move |tx| {
            tx.log_batch(
                &run,
                Batch {
                    metrics: points,
                    ..Batch::default()
                },
            )
        })
        .unwrap();
    assert_eq!(kept(&store, &runs[9]), 2_001);
}

#[test]
fn noise_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(&path, "noise ".repeat(10_000)).unwrap();
    assert_eq!(check(&path).unwrap().findings.len(), 1);
    let saved = folder.path().join("saved.db");
    assert_eq!(
        rescue(&path, &saved).unwrap_err().code(),
        Code::StoreCorrupt
    );
    assert!(!saved.exists());
}
