//! What a team has run in a month: so many runs that tables, menus and charts are as full as they get.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use skerry_domain::tracking::MetricPoint;
use skerry_domain::{KeyValue, RunStatus};
use skerry_store::{Batch, NewRun, RunUpdate, Store, StoreOptions};

const RUNS: u64 = 2_400;
/// The newest have curves, the others their last values.
const CURVES: u64 = 60;
const POINTS: u64 = 120;
const PAUSE: i64 = 18 * 60 * 1000;
const EXPERIMENTS: [&str; 3] = ["penguins", "x-ray triage", "line 7 vibration"];
const PEOPLE: [&str; 3] = ["ingrid", "oskar", "maria"];
const RATES: [&str; 4] = ["0.1", "0.01", "0.001", "0.0001"];
const NAMES: [&str; 10] = [
    "amber-tern",
    "blue-heron",
    "calm-gull",
    "dune-plover",
    "elder-skua",
    "foam-petrel",
    "grey-auk",
    "high-osprey",
    "ice-fulmar",
    "jade-teal",
];

/// Numbers that look random and are the same every time, from 0 to 1.
fn noise(seed: u64) -> f64 {
    let mut n = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((n ^ (n >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn pair(key: &str, value: impl Into<String>) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: value.into(),
    }
}

/// Fills the store of a console that has not been started yet; the ids of the runs with curves.
pub fn write(file: &Path) -> Vec<String> {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let store = Store::open(file, StoreOptions::default()).unwrap();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let newest = i64::try_from(since.as_millis()).unwrap() - 2 * PAUSE;
    store
        .write(move |tx| {
            let experiments: Vec<i64> = EXPERIMENTS
                .iter()
                .map(|name| tx.create_experiment(name, None, &[]))
                .collect::<Result<_, _>>()?;
            let mut curved = Vec::new();
            for n in 0..RUNS {
                let start = newest - (RUNS - n) as i64 * PAUSE;
                let id = tx.create_run(new(n, experiments[n as usize % 3], start))?;
                let id = id.info.run_id;
                let curves = n >= RUNS - CURVES;
                tx.log_batch(&id, batch(n, start, curves))?;
                let status = match n % 17 {
                    5 => RunStatus::Failed,
                    11 => RunStatus::Killed,
                    _ => RunStatus::Finished,
                };
                let end_time = Some(start + 60_000 + (noise(n) * 1_400_000.0) as i64);
                let over = RunUpdate {
                    status: Some(status),
                    end_time,
                    ..RunUpdate::default()
                };
                tx.update_run(&id, &over)?;
                if curves {
                    curved.push(id);
                }
            }
            Ok(curved)
        })
        .unwrap()
}

fn new(n: u64, experiment_id: i64, start: i64) -> NewRun {
    let person = PEOPLE[n as usize % 3];
    NewRun {
        experiment_id,
        start_time: Some(start),
        name: format!("{}-{n}", NAMES[n as usize % 10]),
        user_id: person.to_owned(),
        tags: vec![
            pair("mlflow.user", person),
            pair("mlflow.source.name", "train.py"),
            pair("mlflow.source.type", "LOCAL"),
            pair(
                "team",
                if n.is_multiple_of(2) {
                    "imaging"
                } else {
                    "process"
                },
            ),
        ],
        ..NewRun::default()
    }
}

fn batch(n: u64, start: i64, curves: bool) -> Batch {
    let first = if curves { 0 } else { POINTS - 1 };
    let mut metrics = Vec::new();
    for step in first..POINTS {
        let far = step as f64 / POINTS as f64;
        let (best, fast) = (0.72 + 0.26 * noise(n), 3.0 + 4.0 * noise(n + 7));
        let shake = |of: u64| (noise(n * 977 + step * 13 + of) - 0.5) * 0.05 * (1.1 - far);
        let learned = 1.0 - (-fast * far).exp();
        let at = start + step as i64 * 1000;
        let mut log = |key: &str, value: f64| {
            metrics.push(MetricPoint::new(key.to_owned(), value, at, step as i64));
        };
        log("accuracy", 0.33 + (best - 0.33) * learned + shake(1));
        log(
            "loss",
            1.1 - (1.0 - (1.0 - best) * 0.8) * learned + shake(2),
        );
        log(
            "val_loss",
            1.15 - (0.98 - (1.0 - best)) * learned + shake(3),
        );
        log("samples", (step * 512) as f64);
        // Measured beside the training: at steps that are no other metric's.
        if step % 10 == 9 {
            let step = 10_000 + step as i64;
            let value = 40.0 + 30.0 * noise(n + step as u64);
            metrics.push(MetricPoint::new("gpu/temperature", value, at, step));
        }
    }
    Batch {
        metrics,
        params: vec![
            pair("lr", RATES[n as usize % 4]),
            pair("batch_size", (16 << (n % 4)).to_string()),
            pair(
                "optimizer",
                if n.is_multiple_of(3) { "sgd" } else { "adam" },
            ),
            pair("hidden", ["64", "128", "64,32"][n as usize % 3]),
            pair("seed", (n % 50).to_string()),
        ],
        tags: Vec::new(),
    }
}
