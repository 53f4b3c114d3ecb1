//! What is measured of a tracking server over its REST interface.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use skerry_tests::programs::out;
use skerry_tests::steps::text;

use crate::seed::{Seeded, post};

/// A load goes on for so long.
const SECONDS: u32 = 5;
/// A request is measured so often, but not for longer than that in all.
const REQUESTS: usize = 31;
const AT_MOST: Duration = Duration::from_secs(8);

async fn new_run(url: &str) -> String {
    let body = json!({ "experiment_id": "0", "start_time": 1 });
    let made = post(&reqwest::Client::new(), url, "runs/create", body).await;
    text(&made["run"]["info"]["run_id"])
}

/// A name, what to ask, and how many clients ask at once.
pub const LOADS: &[(&str, &str, u32)] = &[
    ("log-metric, 1 client, requests/s", "log-metric", 1),
    ("log-metric, 16 clients, requests/s", "log-metric", 16),
    ("log-batch of 1000, 1 client, points/s", "log-batch", 1),
    ("log-batch of 1000, 4 clients, points/s", "log-batch", 4),
    ("runs/create, 16 clients, requests/s", "create", 16),
    ("runs/get, 16 clients, requests/s", "get", 16),
];

/// How much of a load a server takes, per second; and how many requests failed, if any.
pub async fn load(url: &str, what: &str, clients: u32) -> String {
    let run = new_run(url).await;
    let script = out().join("load.lua");
    std::fs::write(&script, lua(&run, what)).unwrap();
    let per = if what == "log-batch" { 1000.0 } else { 1.0 };
    let (rate, errors) = wrk(&script, url, clients);
    let rate = shown(Some(rate * per));
    if errors == 0.0 {
        return rate;
    }
    format!("{rate} ({errors} failed)")
}

/// Each request carries new steps, so that no point is dropped as already known.
fn lua(run: &str, what: &str) -> String {
    let post = |path: &str, body: &str| {
        format!(
            "wrk.format('POST', '/api/2.0/mlflow/runs/{path}', {{['Content-Type'] = 'application/json'}}, {body})"
        )
    };
    let request = match what {
        "log-metric" => post(
            "log-metric",
            &format!(
                "string.format('{{\"run_id\":\"{run}\",\"key\":\"m%d\",\"value\":%f,\"timestamp\":1700000000000,\"step\":%d}}', id, math.random(), n)"
            ),
        ),
        "log-batch" => post(
            "log-batch",
            &format!("'{{\"run_id\":\"{run}\",\"metrics\":[' .. points(n * 1000) .. ']}}'"),
        ),
        "create" => post(
            "create",
            "string.format('{\"experiment_id\":\"0\",\"start_time\":%d,\"run_name\":\"r%d\",\"tags\":[{\"key\":\"mlflow.user\",\"value\":\"u\"},{\"key\":\"mlflow.source.name\",\"value\":\"a.py\"},{\"key\":\"mlflow.source.type\",\"value\":\"LOCAL\"}]}', 1700000000000 + n, n)",
        ),
        _ => format!("wrk.format('GET', '/api/2.0/mlflow/runs/get?run_id={run}')"),
    };
    format!(
        "local thread = 0\n\
         function setup(t) t:set('id', thread); thread = thread + 1 end\n\
         function init() n = id * 10000000; math.randomseed(id) end\n\
         function points(first) local all = {{}}\n\
           for i = 1, 1000 do all[i] = string.format('{{\"key\":\"b%d\",\"value\":%f,\"timestamp\":1700000000000,\"step\":%d}}', i % 10, math.random(), first + i) end\n\
           return table.concat(all, ',') end\n\
         function request() n = n + 1; return {request} end\n\
         function done(summary) io.write(string.format('SUM %d %d\\n', summary.requests - summary.errors.status, summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout)) end\n"
    )
}

/// Requests that succeeded, per second, and the number of those that failed.
fn wrk(script: &Path, url: &str, clients: u32) -> (f64, f64) {
    let output = skerry_lab::run(&[
        "wrk",
        "--threads",
        &clients.min(2).to_string(),
        "--connections",
        &clients.to_string(),
        "--duration",
        &format!("{SECONDS}s"),
        "--timeout",
        "30s",
        "--script",
        script.to_str().unwrap(),
        url,
    ])
    .unwrap();
    let sum: Vec<f64> = output
        .lines()
        .find_map(|line| line.strip_prefix("SUM "))
        .into_iter()
        .flat_map(str::split_whitespace)
        .filter_map(|number| number.parse().ok())
        .collect();
    match sum.as_slice() {
        [good, bad] => (good / f64::from(SECONDS), *bad),
        _ => panic!("{output}"),
    }
}

/// A name, a filter, an order, and how many runs are on the page.
pub const SEARCHES: &[(&str, &str, &[&str], u32)] = &[
    (
        "filter by metric and param, by metric, 100, ms",
        "metrics.acc > 0.9 and params.lr = '0.01'",
        &["metrics.acc DESC"],
        100,
    ),
    ("by metric, 100, ms", "", &["metrics.acc DESC"], 100),
    ("newest 100, ms", "", &["attributes.start_time DESC"], 100),
    (
        "filter of 5 comparisons, by metric, 100, ms",
        "metrics.acc > 0.9 and metrics.loss < 0.5 and params.lr = '0.01' and params.p1 != '7' and tags.`mlflow.user` = 'u'",
        &["metrics.acc DESC"],
        100,
    ),
    (
        "filter that lets nothing through, by metric, ms",
        "metrics.acc > 0.9 and metrics.acc < 0.1 and params.lr = '0.01'",
        &["metrics.loss DESC"],
        100,
    ),
    ("newest 1000, ms", "", &[], 1000),
];

/// The middle of how long a search takes, in ms.
pub async fn search(
    url: &str,
    seeded: &Seeded,
    filter: &str,
    order: &[&str],
    max: u32,
) -> Option<f64> {
    let body = json!({
        "experiment_ids": [seeded.experiment], "filter": filter, "order_by": order, "max_results": max,
    });
    let client = reqwest::Client::new();
    middle(|| {
        client
            .post(format!("{url}/api/2.0/mlflow/runs/search"))
            .json(&body)
    })
    .await
}

/// How long the whole history of the long metric takes in one answer, in ms, and its size in MB.
pub async fn history(url: &str, seeded: &Seeded) -> (f64, usize) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(180))
        .build()
        .unwrap();
    let started = Instant::now();
    let path = "api/2.0/mlflow/metrics/get-history";
    let mut answer = client
        .get(format!(
            "{url}/{path}?run_id={}&metric_key=long",
            seeded.long
        ))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    let mut size = 0;
    while let Some(part) = answer.chunk().await.unwrap() {
        size += part.len();
    }
    (started.elapsed().as_secs_f64() * 1e3, size / 1_000_000)
}

/// The middle of how long 320 points for a chart take, in ms; none where this is not offered.
pub async fn chart(url: &str, seeded: &Seeded) -> Option<f64> {
    let client = reqwest::Client::new();
    let path = "ajax-api/2.0/mlflow/metrics/get-history-bulk-interval";
    let query = format!("run_ids={}&metric_key=long&max_results=320", seeded.long);
    middle(|| client.get(format!("{url}/{path}?{query}"))).await
}

async fn middle(request: impl Fn() -> reqwest::RequestBuilder) -> Option<f64> {
    let began = Instant::now();
    let mut times = Vec::new();
    // The first one is not counted.
    for n in 0..=REQUESTS {
        let started = Instant::now();
        let answer = request().send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        answer.bytes().await.ok()?;
        if n > 0 {
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        if began.elapsed() > AT_MOST && !times.is_empty() {
            break;
        }
    }
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

/// Bytes of all files in a folder.
pub fn disk(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}

/// A number in few digits.
pub fn shown(value: Option<f64>) -> String {
    match value {
        None => "not offered".to_owned(),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.1}"),
    }
}
