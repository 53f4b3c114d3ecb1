//! `cargo xtask bench`: the figures of the note, each beside what it is compared with, measured
//! in one run on one machine. Loads are bounded in count and time and stay on loopback.
#![allow(missing_docs)]

mod figures;
mod screens;
mod seed;
mod servers;
mod table;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skerry_tests::browser::Browser;
use skerry_tests::desk::Desk;
use skerry_tests::programs;
use skerry_tests::steps::{self, text};

use figures::{LOADS, SEARCHES, shown};
use seed::{Seeded, Size};
use servers::{Server, memory};
use table::Table;

const PARTS: &[&str] = &[
    "start",
    "serve",
    "mlflow",
    "fasttrackml",
    "growth",
    "chart",
    "screens",
    "hours",
];

/// What every server is searched with.
const SIZE: Size = Size {
    runs: 10_000,
    width: 20,
    points: 1_000_000,
    ended: false,
    curves: false,
};

/// What skerry's figures grow over, with and without values that are not the last.
const GROWTH: &[Size] = &[
    grown(1_000, 20),
    grown(10_000, 20),
    grown(100_000, 20),
    grown(1_000_000, 2),
];

const fn grown(runs: u64, width: u64) -> Size {
    Size {
        runs,
        width,
        points: 0,
        ended: false,
        curves: true,
    }
}

#[tokio::main]
async fn main() {
    let wanted = wanted();
    let has = |part: &str| wanted.iter().any(|wanted| wanted == part);
    println!("machine: {}", machine());
    let mut table = Table::default();
    if has("start") {
        println!(
            "static agent: {} bytes",
            std::fs::metadata(programs::static_agent()).unwrap().len()
        );
        start().await;
    }
    if has("serve") {
        serve(&mut table).await;
    }
    if has("mlflow") {
        mlflow(&mut table).await;
    }
    if has("fasttrackml") {
        fasttrackml(&mut table).await;
    }
    table.print();
    if has("growth") {
        growth().await;
    }
    if has("chart") {
        chart().await;
    }
    let hosts: Vec<&str> = screens::HOSTS
        .into_iter()
        .filter(|host| has("screens") || has(host))
        .collect();
    if !hosts.is_empty() {
        screens::screens(&hosts).await;
    }
    if has("hours") {
        screens::hours().await;
    }
}

/// The parts that are named by `--only PART`, which may come more than once; else all.
fn wanted() -> Vec<String> {
    let mut wanted = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let part = words.next().unwrap_or_default();
        let known: Vec<&str> = PARTS.iter().chain(&screens::HOSTS).copied().collect();
        assert!(
            word == "--only" && known.contains(&part.as_str()),
            "expected --only PART, of {known:?}"
        );
        wanted.push(part);
    }
    if wanted.is_empty() {
        wanted = PARTS.iter().map(|part| (*part).to_owned()).collect();
    }
    wanted
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

fn millis(time: Duration) -> String {
    format!("{:.0}", time.as_secs_f64() * 1e3)
}

fn put_memory(table: &mut Table, name: &str, row: &str, server: &Server) {
    let (proportional, resident) = server.memory();
    table.put(
        name,
        row,
        format!("{resident} ({proportional} proportional)"),
    );
}

async fn put_loads(table: &mut Table, name: &str, url: &str) {
    for (row, what, clients) in LOADS {
        let rate = figures::load(url, what, *clients).await;
        table.put(name, row, rate);
    }
}

async fn put_searches(table: &mut Table, name: &str, url: &str, seeded: &Seeded, runs: u64) {
    for (row, filter, order, max) in SEARCHES {
        let time = figures::search(url, seeded, filter, order, *max).await;
        table.put(name, &format!("{runs} runs: {row}"), shown(time));
    }
}

async fn put_history(table: &mut Table, name: &str, url: &str, seeded: &Seeded) {
    let (time, size) = figures::history(url, seeded).await;
    let row = "history of 1,000,000 points in one answer, ms";
    table.put(name, row, format!("{time:.0} ({size} MB)"));
    let time = figures::chart(url, seeded).await;
    table.put(name, "chart of 320 of 1,000,000 points, ms", shown(time));
}

const START: &str = "start to /health, ms";
const IDLE: &str = "resident memory idle, MiB";
const AFTER: &str = "resident memory after that, MiB";
const DISK: &str = "disk of 2,000,000 points, MB";

async fn serve(table: &mut Table) {
    let name = "skerry serve";
    let desk = Desk::new();
    let data = desk.home().join("serve");
    let seeded = seed::store(&data.join("tracking.db"), SIZE);
    let mut starts = Vec::new();
    for _ in 0..5 {
        let server = Server::skerry(&data).await;
        starts.push(server.start);
        server.end();
    }
    starts.sort_unstable();
    table.put(name, START, millis(starts[2]));
    let server = Server::skerry(&data).await;
    put_memory(table, name, IDLE, &server);
    put_searches(table, name, &server.url, &seeded, SIZE.runs).await;
    put_history(table, name, &server.url, &seeded).await;
    put_memory(table, name, AFTER, &server);
    put_loads(table, name, &server.url).await;
    server.end();
    let data = desk.home().join("points");
    let two = Size {
        runs: 0,
        width: 0,
        points: 2_000_000,
        ended: false,
        curves: false,
    };
    seed::store(&data.join("tracking.db"), two);
    table.put(
        name,
        DISK,
        format!("{:.0}", figures::disk(&data) as f64 / 1e6),
    );
}

async fn mlflow(table: &mut Table) {
    let name = "MLflow, 1 worker";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mlflow.db");
    let server = Server::mlflow(folder.path(), Some("1")).await;
    table.put(name, START, millis(server.start));
    put_memory(table, name, IDLE, &server);
    let seeded = seed_mlflow(&file, SIZE);
    put_searches(table, name, &server.url, &seeded, SIZE.runs).await;
    put_history(table, name, &server.url, &seeded).await;
    put_loads(table, name, &server.url).await;
    put_memory(table, name, AFTER, &server);
    server.end();
    let name = "MLflow, 4 workers (default)";
    let server = Server::mlflow(folder.path(), None).await;
    table.put(name, START, millis(server.start));
    put_memory(table, name, IDLE, &server);
    put_searches(table, name, &server.url, &seeded, SIZE.runs).await;
    put_loads(table, name, &server.url).await;
    server.end();
}

fn seed_mlflow(file: &std::path::Path, size: Size) -> Seeded {
    let output = Command::new(servers::mlflow_python())
        .args(["-c", seed::MLFLOW])
        .arg(file)
        .args([size.runs, size.width, size.points].map(|number| number.to_string()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    Seeded {
        experiment: "4711".to_owned(),
        long: String::from_utf8(output.stdout).unwrap().trim().to_owned(),
    }
}

async fn fasttrackml(table: &mut Table) {
    let name = "FastTrackML";
    let folder = tempfile::tempdir().unwrap();
    let server = Server::fasttrackml(folder.path()).await;
    put_memory(table, name, IDLE, &server);
    let seeded = seed::api(&server.url, SIZE).await;
    put_searches(table, name, &server.url, &seeded, SIZE.runs).await;
    put_history(table, name, &server.url, &seeded).await;
    put_memory(table, name, AFTER, &server);
    put_loads(table, name, &server.url).await;
    server.end();
    let server = Server::fasttrackml(folder.path()).await;
    table.put(name, START, millis(server.start));
    server.end();
}

/// The same figures of skerry while the number of runs grows, writing among them.
async fn growth() {
    let mut table = Table::default();
    for size in GROWTH {
        let desk = Desk::new();
        let data = desk.home().join("growth");
        let name = format!("{} runs of {} metrics", size.runs, size.width);
        let started = Instant::now();
        let seeded = seed::store(&data.join("tracking.db"), *size);
        table.put(
            &name,
            "seeding, s",
            shown(Some(started.elapsed().as_secs_f64())),
        );
        table.put(
            &name,
            "disk, MB",
            format!("{:.0}", figures::disk(&data) as f64 / 1e6),
        );
        let server = Server::skerry(&data).await;
        table.put(&name, START, millis(server.start));
        for (row, filter, order, max) in SEARCHES {
            let time = figures::search(&server.url, &seeded, filter, order, *max).await;
            table.put(&name, row, shown(time));
        }
        for best in ["metrics_min.acc ASC", "metrics_max.acc DESC"] {
            let time = figures::search(&server.url, &seeded, "", &[best], 100).await;
            let row = format!("by {best}, 100, ms");
            table.put(&name, &row, shown(time));
        }
        for (row, what, clients) in LOADS.iter().filter(|(_, _, clients)| *clients > 1) {
            let rate = figures::load(&server.url, what, *clients).await;
            table.put(&name, row, rate);
        }
        put_memory(&mut table, &name, AFTER, &server);
        server.end();
    }
    table.print();
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
        .map(|(pid, _)| memory(*pid, "smaps_rollup", "Pss:"))
        .sum()
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
        .map(|(pid, _)| memory(*pid, "status", "VmRSS:") / 1024)
        .sum()
}
