//! An intact store, what lies where in it, and what must be left of it after damage.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use skerry_domain::KeyValue;
use skerry_domain::tracking::{ArtifactOwner, Dataset, DatasetInput, MetricPoint};
use skerry_store::{
    Batch, NewLoggedModel, NewModelVersion, NewRun, Rescue, Sample, Store, StoreOptions, check,
    rescue,
};
use tempfile::TempDir;

pub const PAGE: usize = 4_096;
pub const RUNS: usize = 60;

pub fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

pub fn open(path: &Path) -> Store {
    let options = StoreOptions {
        journal: true,
        ..StoreOptions::default()
    };
    Store::open(path, options).unwrap()
}

/// Adds runs with all that belongs to them.
pub fn add_runs(store: &Store, numbers: std::ops::Range<usize>) {
    for n in numbers {
        store
            .write(move |tx| {
                let mut tags = vec![pair("n", &n.to_string()), pair("mlflow.user", "ada")];
                if n % 4 == 0 {
                    tags.push(pair("skerry.archived", "2026-11-27T09:30:00Z"));
                }
                let run = tx.create_run(NewRun {
                    experiment_id: (n % 3) as i64,
                    name: format!("run {n}"),
                    user_id: "ada".to_owned(),
                    start_time: Some(1_700_000_000_000 + n as i64),
                    tags,
                    ..NewRun::default()
                })?;
                let id = run.info.run_id;
                let params = (0..12)
                    .map(|p| pair(&format!("p{p}"), &"x".repeat(40)))
                    .collect();
                let metrics = (0..3)
                    .map(|m| MetricPoint::new(format!("m{m}"), n as f64, 1, 1))
                    .collect();
                let batch = Batch {
                    params,
                    metrics,
                    ..Batch::default()
                };
                tx.log_batch(&id, batch)?;
                // A part of them is longer than a page.
                let samples: Vec<Sample> = (0..if n % 5 == 0 { 900 } else { 60 })
                    .map(|step| Sample {
                        step,
                        timestamp: 1_700_000_000_000 + step,
                        value: (step as f64).sin(),
                    })
                    .collect();
                tx.import_points(&id, "loss", &samples)?;
                tx.artifact_logged(ArtifactOwner::Run(id.clone()), "model/a", 3, "00")?;
                if n % 4 == 0 {
                    let dataset = Dataset {
                        name: format!("data {n}"),
                        digest: n.to_string(),
                        source_type: "local".to_owned(),
                        source: "/data".to_owned(),
                        schema: Some("x".repeat(6_000)),
                        profile: None,
                    };
                    let input = DatasetInput {
                        dataset,
                        tags: Vec::new(),
                    };
                    tx.log_inputs(&id, vec![input], Vec::new())?;
                    tx.create_logged_model(NewLoggedModel {
                        experiment_id: (n % 3) as i64,
                        name: format!("model {n}"),
                        source_run_id: Some(id.clone()),
                        params: vec![pair("a", "b")],
                        ..NewLoggedModel::default()
                    })?;
                }
                if n % 10 == 0 {
                    let name = format!("digits {n}");
                    tx.create_registered_model(&name, None, &[pair("k", "v")])?;
                    tx.create_model_version(NewModelVersion {
                        name: name.clone(),
                        source: "mlflow-artifacts:/0/x".to_owned(),
                        run_id: Some(id),
                        tags: vec![pair("k", "v")],
                        ..NewModelVersion::default()
                    })?;
                    tx.set_alias(&name, "champion", 1)?;
                }
                Ok(())
            })
            .unwrap();
    }
}

pub fn checkpoint(path: &Path) {
    let conn = Connection::open(path).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
}

/// A store in one file.
pub fn filled(path: &Path) {
    let store = open(path);
    store
        .write(|tx| {
            tx.create_experiment("first", None, &[pair("k", "v")])?;
            tx.create_experiment("second", Some("s3://bucket/second"), &[])
        })
        .unwrap();
    add_runs(&store, 0..RUNS);
    drop(store);
    checkpoint(path);
}

/// A page of an intact file, as SQLite itself sees it.
pub struct Page {
    pub object: String,
    /// From the beginning of the tree.
    path: String,
    cells: u64,
    rest: bool,
}

/// What an intact file has.
pub struct Intact {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    pub pages: BTreeMap<usize, Page>,
    /// Of each table: how many rows.
    pub tables: BTreeMap<String, u64>,
    /// Of each index: its table.
    pub indexes: BTreeMap<String, String>,
    _folder: TempDir,
}

impl Intact {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("intact.db");
        filled(&path);
        let conn = Connection::open(&path).unwrap();
        let pages = conn
            .prepare("SELECT pageno, name, path, ncell, pagetype FROM dbstat")
            .unwrap()
            .query_map([], |row| {
                let kind: String = row.get(4)?;
                let page = Page {
                    object: row.get(1)?,
                    path: row.get(2)?,
                    cells: row.get(3)?,
                    rest: kind == "overflow",
                };
                Ok((row.get(0)?, page))
            })
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        let indexes = conn
            .prepare("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index'")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        drop(conn);
        Self {
            bytes: std::fs::read(&path).unwrap(),
            tables: check(&path).unwrap().tables.into_iter().collect(),
            path,
            pages,
            indexes,
            _folder: folder,
        }
    }

    /// At most so many rows of an object lay on these pages: all of a tree that is below
    /// one of them where the map of pages is damaged too, since nobody knows those then.
    fn on(&self, object: &str, damaged: &BTreeSet<usize>) -> u64 {
        let map = damaged.contains(&2);
        let hit: Vec<&Page> = damaged
            .iter()
            .filter_map(|page| self.pages.get(page))
            .filter(|page| page.object == object)
            .collect();
        self.pages
            .iter()
            .filter(|(_, page)| page.object == object)
            .map(|(number, page)| {
                let below = map && hit.iter().any(|hit| page.path.starts_with(&hit.path));
                match (damaged.contains(number) || below, page.rest) {
                    (false, _) => 0,
                    (true, true) => 1,
                    (true, false) => page.cells,
                }
            })
            .sum()
    }

    fn is_hit(&self, object: &str, damaged: &BTreeSet<usize>) -> bool {
        damaged.iter().any(|page| {
            self.pages
                .get(page)
                .is_some_and(|page| page.object == object)
        })
    }

    fn is_any_index_hit(&self, table: &str, damaged: &BTreeSet<usize>) -> bool {
        self.indexes
            .iter()
            .any(|(index, of)| of == table && self.is_hit(index, damaged))
    }

    /// Damages these pages, and holds the rescue against what was not damaged.
    pub fn damage(&self, damaged: &BTreeSet<usize>, mut with: impl FnMut(&mut [u8])) -> Rescue {
        let mut bytes = self.bytes.clone();
        for page in damaged {
            with(&mut bytes[(page - 1) * PAGE..page * PAGE]);
        }
        self.hold(&bytes, damaged)
    }

    pub fn hold(&self, bytes: &[u8], damaged: &BTreeSet<usize>) -> Rescue {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.db"), folder.path().join("saved.db"));
        std::fs::write(&from, bytes).unwrap();
        let report = rescue(&from, &to).unwrap();
        assert!(
            std::fs::read(&from).unwrap() == bytes,
            "the file is only read"
        );
        self.compare(&to, &report, damaged);
        report
    }

    pub fn compare(&self, saved: &Path, report: &Rescue, damaged: &BTreeSet<usize>) {
        let said = |what: &str| {
            let hit: Vec<_> = damaged
                .iter()
                .map(|page| (page, self.pages.get(page).map(|page| &page.object)))
                .collect();
            format!("{what}: {hit:?}\n{report:#?}")
        };
        let history = self.is_hit("registry_history", damaged) || self.is_hit("facts", damaged);
        let findings: Vec<String> = check(saved)
            .unwrap()
            .findings
            .into_iter()
            .map(|finding| finding.what)
            // A chain that lost a link does not get a new one.
            .filter(|what| !(history && what.contains("the history of the registry")))
            .collect();
        assert!(findings.is_empty(), "{}", said(&format!("{findings:#?}")));
        let conn = Connection::open(saved).unwrap();
        conn.execute("ATTACH ?1 AS intact", [self.path.to_str().unwrap()])
            .unwrap();
        for table in &report.tables {
            let name = table.table.as_str();
            let total = self.tables[name];
            let lost = self.on(name, damaged);
            // Whatever was not damaged was read.
            assert!(
                table.saved - table.rebuilt + table.dropped + lost >= total,
                "{}",
                said(name)
            );
            // And belongs to something, but where that is lost in its index too.
            let parents: &[&str] = match name {
                "chunks" => &["series"],
                "artifacts" => &["runs", "logged_models"],
                "dataset_inputs" => &["datasets"],
                "logged_model_params" | "logged_model_tags" => &["logged_models"],
                _ => &[],
            };
            let orphaned = parents.iter().any(|parent| {
                // Of a data set an index knows too little.
                let in_an_index = *parent != "datasets";
                self.is_hit(parent, damaged)
                    && (!in_an_index || self.is_any_index_hit(parent, damaged))
            });
            // Points and JSON that end on a damaged page may be read and be none.
            let undecoded = match name {
                "chunks" | "journal" | "log_chunks" | "workload_states" => lost,
                _ => 0,
            };
            assert!(
                orphaned || table.dropped <= undecoded,
                "{}",
                said(&format!("{name}: dropped"))
            );
            // What an index knows is there again.
            let known = match name {
                "series" if self.is_hit("chunks", damaged) => false,
                "model_versions" | "runs" | "series" | "experiments" | "registered_models"
                | "metric_names" | "logged_models" => !self.is_any_index_hit(name, damaged),
                _ => false,
            };
            if known {
                assert!(
                    table.saved >= total,
                    "{}",
                    said(&format!("{name}: by index"))
                );
            }
            // Nothing that was not written, but for what is said to be made up.
            let changed = match name {
                // Say what is left of the points.
                "series" => continue,
                "registered_models" | "facts" => continue,
                // A made-up row has tags that say so.
                "tags" => {
                    2 * report
                        .tables
                        .iter()
                        .find(|t| t.table == "runs")
                        .unwrap()
                        .rebuilt
                }
                "experiment_tags" => {
                    report
                        .tables
                        .iter()
                        .find(|t| t.table == "experiments")
                        .unwrap()
                        .rebuilt
                }
                _ => table.rebuilt,
            };
            let new: u64 = conn
                .query_row(
                    &format!(
                        "SELECT count(*) FROM (SELECT * FROM main.\"{name}\" EXCEPT SELECT * FROM intact.\"{name}\")"
                    ),
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert!(
                new <= changed,
                "{}",
                said(&format!("{name}: {new} rows that nobody wrote"))
            );
        }
        drop(conn);
        // And it is a store like any other.
        let store = open(saved);
        store.write(|tx| tx.create_run(NewRun::default())).unwrap();
    }
}
