//! The same data for every server: runs with metrics, params and tags, and one long metric.

use std::path::Path;

use serde_json::{Value, json};
use skerry_domain::tracking::MetricPoint;
use skerry_domain::{KeyValue, RunStatus};
use skerry_store::{Batch, NewRun, RunUpdate, Store, StoreOptions};
use skerry_tests::steps::text;

/// How much there is.
#[derive(Clone, Copy)]
pub struct Size {
    pub runs: u64,
    /// Metrics of each run, and as many params.
    pub width: u64,
    /// Points of the long metric.
    pub points: u64,
    /// Whether the runs have ended.
    pub ended: bool,
    /// Whether every other run has two points of each metric instead of one.
    pub curves: bool,
}

/// What to search in.
pub struct Seeded {
    pub experiment: String,
    pub long: String,
}

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to 1, all bits of it in use.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const START: i64 = 1_700_000_000_000;
const RATES: [&str; 4] = ["0.1", "0.01", "0.001", "0.0001"];

fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn run(number: u64, size: Size, numbers: &mut Numbers) -> (NewRun, Batch) {
    let width = size.width;
    let start = START + number as i64 * 1000;
    let named = |first: [&str; 2], letter: char| {
        let rest = (2..width)
            .map(|n| format!("{letter}{n}"))
            .collect::<Vec<_>>();
        first.map(str::to_owned).into_iter().chain(rest)
    };
    let new = NewRun {
        name: format!("run-{number}"),
        start_time: Some(start),
        tags: vec![
            pair("mlflow.user", "u"),
            pair("mlflow.source.name", "train.py"),
            pair("mlflow.source.type", "LOCAL"),
        ],
        ..NewRun::default()
    };
    let steps: &[i64] = if size.curves && number % 2 == 1 {
        &[50, 100]
    } else {
        &[100]
    };
    let batch = Batch {
        metrics: named(["acc", "loss"], 'm')
            .flat_map(|key| steps.iter().map(move |step| (key.clone(), *step)))
            .map(|(key, step)| MetricPoint::new(key, numbers.fraction(), start + step * 5, step))
            .collect(),
        params: named(["lr", "p1"], 'p')
            .map(|key| match key.as_str() {
                "lr" => pair("lr", RATES[number as usize % 4]),
                key => pair(key, &(numbers.next() % 51).to_string()),
            })
            .collect(),
        tags: Vec::new(),
    };
    (new, batch)
}

fn point(n: u64, numbers: &mut Numbers) -> MetricPoint {
    MetricPoint::new("long", numbers.fraction(), START + n as i64, n as i64)
}

/// Straight into a store that no server has open.
pub fn store(file: &Path, size: Size) -> Seeded {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let store = Store::open(file, StoreOptions::default()).unwrap();
    let mut numbers = Numbers(88_172_645_463_325_252);
    let experiment = store
        .write(|tx| tx.create_experiment("bench", None, &[]))
        .unwrap();
    let mut number = 0;
    while number < size.runs {
        let until = (number + 500).min(size.runs);
        let part: Vec<_> = (number..until)
            .map(|number| run(number, size, &mut numbers))
            .collect();
        number = until;
        store
            .write(move |tx| {
                for (mut new, batch) in part {
                    new.experiment_id = experiment;
                    let over = finished(new.start_time.unwrap_or(START) + 500);
                    let id = tx.create_run(new)?.info.run_id;
                    tx.log_batch(&id, batch)?;
                    if size.ended {
                        tx.update_run(&id, &over)?;
                    }
                }
                Ok(())
            })
            .unwrap();
    }
    let long = store
        .write(move |tx| {
            Ok(tx
                .create_run(NewRun {
                    experiment_id: experiment,
                    start_time: Some(1),
                    name: "long".to_owned(),
                    ..NewRun::default()
                })?
                .info
                .run_id)
        })
        .unwrap();
    for first in (0..size.points).step_by(1000) {
        let metrics = (first..first + 1000)
            .map(|n| point(n, &mut numbers))
            .collect();
        let run_id = long.clone();
        let batch = Batch {
            metrics,
            ..Batch::default()
        };
        store.write(move |tx| tx.log_batch(&run_id, batch)).unwrap();
    }
    Seeded {
        experiment: experiment.to_string(),
        long,
    }
}

/// What the screens are measured on.
pub struct ForScreens {
    /// The run of many long metrics.
    pub big: String,
    /// The runs to compare.
    pub compared: Vec<String>,
}

/// Metrics of the big run, and the points of each.
pub const BIG: (u64, u64) = (100, 100_000);
/// Runs to compare, metrics of each, and the points of each metric.
const COMPARED: (u64, u64, u64) = (100, 5, 1_000);

/// Adds a run of long metrics and runs to compare to a store that [`store`] filled.
pub fn for_screens(file: &Path, seeded: &Seeded) -> ForScreens {
    let store = Store::open(file, StoreOptions::default()).unwrap();
    let experiment = &seeded.experiment;
    let (keys, points) = BIG;
    let big = with_series(&store, experiment, ("big", 0), keys, points);
    let (runs, keys, points) = COMPARED;
    let compared = (0..runs)
        .map(|n| {
            with_series(
                &store,
                experiment,
                (&format!("compared-{n}"), n),
                keys,
                points,
            )
        })
        .collect();
    ForScreens { big, compared }
}

fn falling(key: u64, step: u64, rate: f64, numbers: &mut Numbers) -> MetricPoint {
    let value = (-rate * step as f64).exp() + 0.1 * numbers.fraction();
    let key = format!("series/{key:03}");
    MetricPoint::new(key, value, START + step as i64, step as i64)
}

fn finished(at: i64) -> RunUpdate {
    RunUpdate {
        status: Some(RunStatus::Finished),
        end_time: Some(at),
        ..RunUpdate::default()
    }
}

/// A finished run with so many metrics of so many points each: curves that fall, with noise, in
/// each numbered run others.
fn with_series(
    store: &Store,
    experiment: &str,
    (name, number): (&str, u64),
    keys: u64,
    points: u64,
) -> String {
    let mut numbers = Numbers(88_172_645_463_325_252 + number);
    let new = NewRun {
        experiment_id: experiment.parse().unwrap(),
        start_time: Some(START - 1000),
        name: name.to_owned(),
        ..NewRun::default()
    };
    let id = store.write(|tx| tx.create_run(new)).unwrap().info.run_id;
    for key in 0..keys {
        let rate = (2.0 + 4.0 * numbers.fraction()) / points as f64;
        let batches: Vec<Batch> = (0..points)
            .step_by(1000)
            .map(|first| Batch {
                metrics: (first..first + 1000)
                    .map(|step| falling(key, step, rate, &mut numbers))
                    .collect(),
                ..Batch::default()
            })
            .collect();
        let run_id = id.clone();
        store
            .write(move |tx| {
                for batch in batches {
                    tx.log_batch(&run_id, batch)?;
                }
                Ok(())
            })
            .unwrap();
    }
    let over = id.clone();
    store
        .write(move |tx| tx.update_run(&over, &finished(START)))
        .unwrap();
    id
}

/// Through the REST interface, by four clients.
pub async fn api(url: &str, size: Size) -> Seeded {
    let client = reqwest::Client::new();
    let experiment = post(
        &client,
        url,
        "experiments/create",
        json!({ "name": "bench" }),
    )
    .await;
    let experiment = text(&experiment["experiment_id"]);
    let clients = (0..4).map(|part| {
        let (client, url, experiment) = (client.clone(), url.to_owned(), experiment.clone());
        tokio::spawn(async move {
            let mut numbers = Numbers(88_172_645_463_325_252 + part);
            for number in (part..size.runs).step_by(4) {
                let (new, batch) = run(number, size, &mut numbers);
                let body = json!({
                    "experiment_id": experiment, "start_time": new.start_time, "run_name": new.name, "tags": new.tags,
                });
                let made = post(&client, &url, "runs/create", body).await;
                let metrics: Vec<Value> = batch.metrics.iter().map(shown).collect();
                let id = &made["run"]["info"]["run_id"];
                let body = json!({ "run_id": id, "metrics": metrics, "params": batch.params });
                post(&client, &url, "runs/log-batch", body).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let body = json!({ "experiment_id": experiment, "start_time": 1, "run_name": "long" });
    let long = text(&post(&client, url, "runs/create", body).await["run"]["info"]["run_id"]);
    points(&client, url, &long, size.points).await;
    Seeded { experiment, long }
}

/// Points of the long metric through the REST interface.
async fn points(client: &reqwest::Client, url: &str, run: &str, points: u64) {
    let mut numbers = Numbers(88_172_645_463_325_252);
    for first in (0..points).step_by(1000) {
        let metrics: Vec<Value> = (first..first + 1000)
            .map(|n| shown(&point(n, &mut numbers)))
            .collect();
        post(
            client,
            url,
            "runs/log-batch",
            json!({ "run_id": run, "metrics": metrics }),
        )
        .await;
    }
}

fn shown(point: &MetricPoint) -> Value {
    json!({ "key": point.key, "value": point.value, "timestamp": point.timestamp, "step": point.step })
}

pub async fn post(client: &reqwest::Client, url: &str, path: &str, body: Value) -> Value {
    let answer = client
        .post(format!("{url}/api/2.0/mlflow/{path}"))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{path}: {answer:?}");
    answer.json().await.unwrap()
}

/// Straight into the file of MLflow's server: through its interface it would take hours.
pub const MLFLOW: &str = r#"
import random, sqlite3, sys, uuid
file, runs, width, points = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
start, rates = 1700000000000, ["0.1", "0.01", "0.001", "0.0001"]
db = sqlite3.connect(file, timeout=60)
db.execute("insert into experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)"
           " values (4711, 'bench', 'mlflow-artifacts:/4711', 'active', ?, ?)", (start, start))
names = ["acc", "loss"] + [f"m{n}" for n in range(2, width)]
def insert(table, columns, rows):
    db.executemany(f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})", rows)
def add(ids, name, at):
    insert("runs", ["run_uuid", "name", "user_id", "status", "start_time", "lifecycle_stage", "artifact_uri", "experiment_id"],
           [(i, name(n), "u", "RUNNING", at(n), "active", f"mlflow-artifacts:/4711/{i}/artifacts", 4711) for n, i in enumerate(ids)])
    insert("tags", ["key", "value", "run_uuid"],
           [(k, v, i) for n, i in enumerate(ids) for k, v in
            [("mlflow.user", "u"), ("mlflow.source.name", "train.py"), ("mlflow.source.type", "LOCAL"), ("mlflow.runName", name(n))]])
ids = [uuid.uuid4().hex for _ in range(runs)]
add(ids, lambda n: f"run-{n}", lambda n: start + n * 1000)
metrics = [(k, random.random(), start + n * 1000 + 500, i, 100, 0) for n, i in enumerate(ids) for k in names]
columns = ["key", "value", "timestamp", "run_uuid", "step", "is_nan"]
insert("metrics", columns, metrics)
insert("latest_metrics", columns, metrics)
insert("params", ["key", "value", "run_uuid"],
       [("lr", rates[n % 4], i) for n, i in enumerate(ids)]
       + [(f"p{k}", str(random.randrange(51)), i) for i in ids for k in range(1, width)])
long = uuid.uuid4().hex
add([long], lambda n: "long", lambda n: 1)
insert("metrics", columns, [("long", random.random(), start + n, long, n, 0) for n in range(points)])
insert("latest_metrics", columns, [("long", 0.5, start + points - 1, long, points - 1, 0)])
db.commit()
print(long)
"#;
