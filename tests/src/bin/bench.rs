//! `cargo xtask bench`: the figures of the note, each beside what it is compared with, measured
//! in one run on one machine. Loads are bounded in count and time and stay on loopback.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skerry_tests::browser::Browser;
use skerry_tests::desk::Desk;
use skerry_tests::programs::{self, PATIENCE, out};
use skerry_tests::steps::{self, text};
use skerry_tests::web::listening;

const SECONDS: u32 = 8;

#[tokio::main]
async fn main() {
    println!("machine: {}", machine());
    println!(
        "static agent: {} bytes",
        std::fs::metadata(programs::static_agent()).unwrap().len()
    );
    start().await;
    serve().await;
    mlflow().await;
    chart().await;
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{model}, {cores} cores")
}

/// From the start of the process to the first useful screen, and the memory of all processes;
/// beside it the smallest window that Tauri makes.
async fn start() {
    for (name, program, sign) in [
        (
            "console",
            "skerry-desktop",
            "return document.body?.innerText.includes('Try it on this computer')",
        ),
        (
            "minimal window",
            "minimal-window",
            "return document.body?.innerText.includes('minimal')",
        ),
    ] {
        let mut times = Vec::new();
        let mut memory = Vec::new();
        for round in 0..5 {
            let desk = Desk::new();
            let (window, opened) =
                Browser::program(&desk, program, &format!("bench-{round}")).await;
            window.until("first screen", sign, Vec::new()).await;
            times.push(opened.elapsed().as_millis() as u64);
            tokio::time::sleep(Duration::from_secs(2)).await;
            memory.push(family(&desk, program));
            window.close().await;
        }
        times.sort_unstable();
        memory.sort_unstable();
        println!(
            "{name}: first useful screen after {} ms (5 starts: {times:?}), {} MiB PSS in all its processes",
            times[2],
            memory[2] / 1024
        );
    }
}

/// Proportional memory of a program and WebKit's processes in KiB.
fn family(desk: &Desk, program: &str) -> u64 {
    desk.processes()
        .iter()
        .filter(|(_, line)| {
            line.contains(program) || line.contains("WebKit") && !line.contains("WebDriver")
        })
        .map(|(pid, _)| pss(*pid))
        .sum()
}

fn pss(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("Pss:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

async fn serve() {
    let desk = Desk::new();
    let data = desk.home().join("serve");
    let words = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--no-auth",
        "--data",
        data.to_str().unwrap(),
    ];
    let started = Instant::now();
    let (child, url) = listening(&desk, &words);
    println!(
        "skerry serve: listens after {} ms",
        started.elapsed().as_millis()
    );
    load("skerry serve", &url, &child).await;
    million(&url).await;
    println!(
        "skerry serve: {} MiB PSS after that",
        pss(child.id()) / 1024
    );
    end(child);
}

async fn mlflow() {
    let home = std::env::var("HOME").unwrap();
    let program = Path::new(&home).join(".cache/skerry/venv-server/bin/mlflow");
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let started = Instant::now();
    let log = std::fs::File::create(out().join("mlflow.log")).unwrap();
    let child = Command::new(program)
        .args([
            "server",
            "--host",
            "127.0.0.1",
            "--workers",
            "1",
            "--port",
            &port.to_string(),
        ])
        .arg("--backend-store-uri")
        .arg(format!("sqlite:///{}/mlflow.db", folder.path().display()))
        .arg("--artifacts-destination")
        .arg(folder.path().join("artifacts"))
        .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .env_remove("OPENBLAS_CORETYPE")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let url = format!("http://127.0.0.1:{port}");
    while reqwest::get(format!("{url}/health")).await.is_err() {
        assert!(
            started.elapsed() < PATIENCE,
            "mlflow server does not come up"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!(
        "mlflow server 3.17.2 (SQLite, 1 worker): listens after {} ms",
        started.elapsed().as_millis()
    );
    load("mlflow server", &url, &child).await;
    end(child);
}

fn end(mut child: Child) {
    let _ = skerry_lab::run(&["kill", "-TERM", &child.id().to_string()]);
    let _ = child.wait();
}

async fn new_run(url: &str) -> String {
    let answer: Value = reqwest::Client::new()
        .post(format!("{url}/api/2.0/mlflow/runs/create"))
        .json(&json!({ "experiment_id": "0", "start_time": 1 }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    text(&answer["run"]["info"]["run_id"])
}

/// log-metric and log-batch of 1000, with 1 and 16 (4) clients, by wrk.
async fn load(name: &str, url: &str, _child: &Child) {
    for (what, per, clients) in [("log-metric", 1, [1, 16]), ("log-batch", 1000, [1, 4])] {
        for count in clients {
            let run = new_run(url).await;
            let script = out().join("load.lua");
            std::fs::write(&script, lua(&run, per)).unwrap();
            let rate = wrk(&script, url, what, count);
            let unit = if per == 1 { "requests" } else { "points" };
            println!(
                "{name}: {what}, {count} clients: {:.0} {unit}/s",
                rate * f64::from(per)
            );
        }
    }
}

/// Each request carries new steps, so that no point is dropped as already known.
fn lua(run: &str, per: i32) -> String {
    let body = if per == 1 {
        format!(
            "string.format('{{\"run_id\":\"{run}\",\"key\":\"loss\",\"value\":%f,\"timestamp\":1700000000000,\"step\":%d}}', math.random(), n)"
        )
    } else {
        format!("'{{\"run_id\":\"{run}\",\"metrics\":[' .. points(n) .. ']}}'")
    };
    format!(
        "local thread = 0\n\
         function setup(t) t:set('id', thread); thread = thread + 1 end\n\
         function init() n = id * 100000000; math.randomseed(id) end\n\
         function points(first) local all = {{}}\n\
           for i = 1, {per} do all[i] = string.format('{{\"key\":\"loss\",\"value\":%f,\"timestamp\":1700000000000,\"step\":%d}}', math.random(), first + i) end\n\
           return table.concat(all, ',') end\n\
         function request() n = n + {per}\n\
           return wrk.format('POST', nil, {{['Content-Type'] = 'application/json'}}, {body}) end\n\
         function done(summary) io.write(string.format('ERRORS %d\\n', summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout)) end\n"
    )
}

fn wrk(script: &Path, url: &str, what: &str, clients: u32) -> f64 {
    let output = skerry_lab::run(&[
        "wrk",
        "--threads",
        "1",
        "--connections",
        &clients.to_string(),
        "--duration",
        &format!("{SECONDS}s"),
        "--timeout",
        "30s",
        "--script",
        script.to_str().unwrap(),
        &format!("{url}/api/2.0/mlflow/runs/{what}"),
    ])
    .unwrap();
    assert!(output.contains("ERRORS 0"), "{output}");
    output
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"))
        .and_then(|number| number.trim().parse().ok())
        .unwrap_or_else(|| panic!("{output}"))
}

/// A metric of a million points, and 320 of them as a chart asks for.
async fn million(url: &str) {
    let run = new_run(url).await;
    let client = reqwest::Client::new();
    let started = Instant::now();
    for first in (0..1_000_000).step_by(1000) {
        let metrics: Vec<Value> = (first..first + 1000)
            .map(|step| json!({ "key": "loss", "value": f64::from(step).sin(), "timestamp": 1, "step": step }))
            .collect();
        let answer = client
            .post(format!("{url}/api/2.0/mlflow/runs/log-batch"))
            .json(&json!({ "run_id": run, "metrics": metrics }))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }
    println!(
        "skerry serve: a million points by one client in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let answer = client
            .get(format!(
                "{url}/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={run}&metric_key=loss&max_results=320"
            ))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer.bytes().await.unwrap();
        times.push(started.elapsed().as_millis());
    }
    times.sort_unstable();
    println!("skerry serve: 320 of a million points in {} ms", times[2]);
}

const LONG: &str = r#"
import json, math, os, urllib.request
base, token, run = (os.environ[name] for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_RUN_ID"))
for first in range(0, 1_000_000, 1000):
    metrics = [{"key": "loss", "value": math.sin(i / 1000), "step": i, "timestamp": 1700000000000 + i} for i in range(first, first + 1000)]
    body = json.dumps({"run_id": run, "metrics": metrics}).encode()
    request = urllib.request.Request(base + "/api/2.0/mlflow/runs/log-batch", body, {"Content-Type": "application/json", "Authorization": "Bearer " + token})
    urllib.request.urlopen(request).read()
"#;

/// The console's chart of a run with a million points that came through agent and journal, and
/// the agent's memory.
async fn chart() {
    let desk = Desk::new();
    let folder: PathBuf = desk.home().join("long");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("main.py"), LONG).unwrap();
    let web = desk.web().await;
    let machine = text(&web.command("machine_add_local", Value::Null).await["id"]);
    steps::connected(&web, &machine).await;
    println!("agent: {} MiB resident when idle", agent_memory(&desk));
    let started = Instant::now();
    let run = web
        .command(
            "run_start",
            json!({
                "machine_id": machine, "experiment": "Long", "name": "long", "project_folder": folder,
                "command": "python3 main.py", "image": null, "env": [], "data": [], "tags": [],
                "network_open": true,
            }),
        )
        .await;
    let run = text(&run["run_id"]);
    steps::phase(&web, &run, "finished").await;
    steps::points(&web, &run, "loss", 1_000_000).await;
    println!(
        "a run of a million points, logged and mirrored in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    println!("agent: {} MiB resident after that", agent_memory(&desk));
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let query = json!({ "run_id": run, "keys": ["loss"], "max_points": 2000, "from_step": null, "to_step": null });
        web.command("run_chart", query).await;
        times.push(started.elapsed().as_millis());
    }
    times.sort_unstable();
    println!("console: chart data of a million points in {} ms", times[2]);
    drop(web);
    let window = Browser::window(&desk, "bench-chart").await;
    window.find("link", "Runs").await;
    let started = Instant::now();
    window.go(&format!("/runs/{run}")).await;
    window
        .until(
            "chart",
            "return document.querySelector('.uplot canvas') !== null",
            Vec::new(),
        )
        .await;
    println!(
        "console: page with that chart drawn after {} ms",
        started.elapsed().as_millis()
    );
    window.close().await;
}

fn agent_memory(desk: &Desk) -> u64 {
    desk.processes()
        .iter()
        .filter(|(_, line)| line.contains("skerry-agent") && line.contains("serve"))
        .map(|(pid, _)| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            text.lines()
                .find_map(|line| line.strip_prefix("VmRSS:"))
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|number| number.parse::<u64>().ok())
                .unwrap_or(0)
                / 1024
        })
        .sum()
}
