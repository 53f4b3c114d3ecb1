//! Input that no form would send: the same rules hold behind it.

use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use skerry_tests::desk::Desk;
use skerry_tests::steps::{self, text};
use skerry_tests::web::Web;

/// Writes by plain Python what a script may do to its log and its metrics.
const SCRIPT: &str = r#"
import json, math, os, time, urllib.request
base, token, run = (os.environ[name] for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_RUN_ID"))
print("x" * 10_000_000)
print("smörgås \u2603 \u202e \x00 end")
def log(step, value):
    body = json.dumps({"run_id": run, "key": "odd", "value": value, "step": step, "timestamp": int(time.time() * 1000)})
    request = urllib.request.Request(base + "/api/2.0/mlflow/runs/log-metric", body.encode(), {"Content-Type": "application/json", "Authorization": "Bearer " + token})
    urllib.request.urlopen(request).read()
for step, value in enumerate([1.0, "NaN", "Infinity", "-Infinity", 2.0]):
    log(step, value)
print("done")
"#;

async fn local(web: &Web) -> String {
    let row = web.command("machine_add_local", Value::Null).await;
    let id = text(&row["id"]);
    steps::connected(web, &id).await;
    id
}

fn start(machine: &str, folder: &std::path::Path) -> Value {
    json!({
        "machine_id": machine, "experiment": "Odd", "name": "smörgås ☃",
        "project_folder": folder, "command": "python3 main.py", "image": null,
        "env": [], "data": [], "tags": [], "network_open": true,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_on_one_line_and_metrics_that_are_no_numbers() {
    let desk = Desk::new();
    let web = desk.web().await;
    let machine = local(&web).await;
    let folder = desk.home().join("odd");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("main.py"), SCRIPT).unwrap();
    let started = web.command("run_start", start(&machine, &folder)).await;
    let run = text(&started["run_id"]);
    let detail = steps::phase(&web, &run, "finished").await;
    assert_eq!(detail["row"]["name"], "smörgås ☃");

    let series = steps::points(&web, &run, "odd", 5).await;
    assert_eq!(
        series["values"],
        json!([1.0, null, null, null, 2.0]),
        "{series:#}"
    );
    let infinities = series["infinities"].as_array().unwrap();
    assert_eq!(infinities.len(), 2, "{series:#}");

    let query = json!({ "run_id": run, "from_line": 0, "limit": 2000 });
    let window = web
        .until("the end of the log", "run_log", query, |log| {
            log["complete"] == json!(true)
        })
        .await;
    let mut lines = window["lines"].as_array().unwrap().clone();
    while (lines.len() as u64) < window["total"].as_u64().unwrap() {
        let query = json!({ "run_id": run, "from_line": lines.len(), "limit": 2000 });
        let more = web.command("run_log", query).await;
        lines.extend(more["lines"].as_array().unwrap().iter().cloned());
    }
    let length: usize = lines
        .iter()
        .map(|line| text(&line["text"]))
        .filter(|line| line.starts_with('x'))
        .map(|line| line.len())
        .sum();
    assert!(length <= 10_000_000, "{length}");
    assert!(length > 0, "{window}");
    let last: Vec<String> = lines
        .iter()
        .rev()
        .take(3)
        .map(|line| text(&line["text"]))
        .collect();
    assert!(last.iter().any(|line| line == "done"), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_symlink_loop_and_impossible_fields_start_nothing() {
    let desk = Desk::new();
    let web = desk.web().await;
    let machine = local(&web).await;
    let folder = desk.home().join("loop");
    std::fs::create_dir_all(folder.join("inner")).unwrap();
    std::fs::write(folder.join("main.py"), "print(1)").unwrap();
    symlink("..", folder.join("inner/up")).unwrap();
    symlink("me", folder.join("me")).unwrap();
    // Looking into it ends, and says what is wrong with it.
    let summary = web
        .command("project_inspect", json!({ "folder": folder }))
        .await;
    let problems = summary["problems"].as_array().unwrap();
    assert!(!problems.is_empty(), "{summary:#}");

    let good = desk.home().join("good");
    std::fs::create_dir_all(&good).unwrap();
    std::fs::write(good.join("main.py"), "print(1)").unwrap();
    let long = "n".repeat(100_000);
    for (field, value) in [
        ("project_folder", json!("relative/folder")),
        ("project_folder", json!("/nowhere/at/all")),
        ("command", json!("")),
        ("command", json!("python3 'unclosed")),
        ("experiment", json!("")),
        ("experiment", json!(long)),
        ("name", json!("line\nbreak")),
        ("env", json!([{ "key": "1BAD", "value": "x" }])),
        ("tags", json!([{ "key": "mlflow.runName", "value": "x" }])),
        ("machine_id", json!("0000")),
    ] {
        let mut body = start(&machine, &good);
        body[field] = value.clone();
        let refused = web.try_command("run_start", body).await;
        let problem = refused.expect_err(field);
        assert!(
            problem["code"].is_string() && problem["code"] != "internal",
            "{field}: {problem}"
        );
    }
    let query = json!({
        "filter": "", "order_by": [], "experiment": null, "machine_id": null,
        "stage": "active", "offset": 0, "limit": 10
    });
    let runs = web.command("runs_search", query).await;
    assert_eq!(
        runs["total"],
        json!(0),
        "nothing was half-started: {runs:#}"
    );

    // A port that is taken is told before anything is deployed there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = json!({ "machine_id": machine, "bind": null, "port": port });
    let report = web.command("port_check", asked).await;
    assert_eq!(report["free"], json!(false), "{report}");
}
