//! Values of metrics in the table of runs, and charts over another metric, at the boundary of
//! the console.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test, helpers included

use std::path::Path;

use serde_json::{Value, json};
use skerry_console::{Console, ConsoleOptions};
use skerry_domain::Code;
use skerry_domain::tracking::MetricPoint;
use skerry_store::{Batch, NewRun, Store, StoreOptions};

/// Runs with points of `loss`, and of `epoch` at every tenth step.
fn seed(file: &Path) -> Vec<String> {
    let store = Store::open(file, StoreOptions::default()).unwrap();
    (0..3_i64)
        .map(|n| {
            store
                .write(move |tx| {
                    let run = tx.create_run(NewRun {
                        start_time: Some(n),
                        ..NewRun::default()
                    })?;
                    let point = |key: &str, step: i64, value: f64| {
                        MetricPoint::new(key, value, 1_700_000_000_000 + step * 1000, step)
                    };
                    let mut metrics: Vec<MetricPoint> = (0..300)
                        .map(|step| point("loss", step, (step - 100 * n).abs() as f64))
                        .collect();
                    metrics[60].value = f64::NAN;
                    metrics[299].value = f64::INFINITY;
                    metrics.extend((0..30).map(|n| point("epoch", n * 10, (n / 10) as f64)));
                    metrics.push(point("apart", 1_000, 1.0));
                    let batch = Batch {
                        metrics,
                        ..Batch::default()
                    };
                    tx.log_batch(&run.info.run_id, batch)?;
                    Ok(run.info.run_id)
                })
                .unwrap()
        })
        .collect()
}

async fn console(folder: &Path) -> Console {
    let mut options = ConsoleOptions::new(folder);
    options.links = false;
    Console::open(options).await.unwrap()
}

fn search(order_by: &[&str], columns: &[&str]) -> Value {
    json!({
        "filter": "", "order_by": order_by, "experiment": null, "machine_id": null,
        "stage": "active", "offset": 0, "limit": 10, "columns": columns,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_carry_values_of_the_metric_columns_that_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let runs = seed(&folder.path().join("workspace.db"));
    let console = console(folder.path()).await;
    let columns = [
        "metrics.loss",
        "metrics_min.loss",
        "metrics_max.loss",
        "metrics_at.60.loss",
        "metrics_at.999.epoch",
        "metrics_at.-1.loss",
        "metrics_min.none",
        "params.lr",
        "metrics_at.x.loss",
    ];
    let page = console
        .call(
            "runs_search",
            search(&["metrics_max.loss ASC", "start_time ASC"], &columns),
        )
        .await
        .unwrap();
    let ids: Vec<&str> = (page["rows"].as_array().unwrap().iter())
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    // All have gone to infinity: the start tells them apart.
    assert_eq!(ids, runs.iter().map(String::as_str).collect::<Vec<_>>());
    let value = |column: &str, value: Value, special: Value, step: Value| json!({ "column": column, "value": value, "special": special, "step": step });
    let none = Value::Null;
    assert_eq!(
        page["rows"][1]["columns"],
        json!([
            value(columns[0], none.clone(), json!("Infinity"), json!(299)),
            value(columns[1], json!(0.0), none.clone(), json!(100)),
            value(columns[2], none.clone(), json!("Infinity"), json!(299)),
            value(columns[3], none.clone(), json!("NaN"), json!(60)),
            value(columns[4], json!(2.0), none.clone(), json!(290)),
            value(columns[5], none.clone(), none.clone(), none.clone()),
            value(columns[6], none.clone(), none.clone(), none.clone()),
        ])
    );
    let many = vec!["metrics.loss"; 51];
    let refused = console.call("runs_search", search(&[], &many)).await;
    assert_eq!(refused.unwrap_err().code, Code::Invalid);
    let unknown = console
        .call("runs_search", search(&["metrics_at.60.loss ASC"], &[]))
        .await;
    assert_eq!(unknown.unwrap_err().code, Code::Invalid);
    console.close().await;
}

/// A line of 800 points at most is as smooth as all of them make it: of a stretch too.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_s_lines_are_smoothed_from_every_point() {
    let folder = tempfile::tempdir().unwrap();
    let runs = seed(&folder.path().join("workspace.db"));
    let console = console(folder.path()).await;
    let chart = async |points: u32, from: Value, kind: &str, weight: f64| {
        let query = json!({
            "run_id": runs[0], "keys": ["loss"], "max_points": points, "from_step": from,
            "to_step": null,
            "smoothed": { "smoothing": { "kind": kind, "weight": weight }, "by_time": false },
        });
        let mut answer = console.call("run_chart", query).await?;
        Ok::<_, skerry_domain::ErrorBody>(answer[0].take())
    };
    for kind in ["exponential", "mean", "gaussian"] {
        let whole = chart(5000, Value::Null, kind, 0.9).await.unwrap();
        let few = chart(40, Value::Null, kind, 0.9).await.unwrap();
        let part = chart(40, json!(200), kind, 0.9).await.unwrap();
        assert_eq!(whole["steps"].as_array().unwrap().len(), 300);
        for chart in [few, part] {
            let steps = chart["steps"].as_array().unwrap();
            assert!(steps.len() < 60);
            for (step, smoothed) in steps.iter().zip(chart["smoothed"].as_array().unwrap()) {
                // The points lie at the steps 0 to 299.
                let step = usize::try_from(step.as_u64().unwrap()).unwrap();
                assert_eq!(*smoothed, whole["smoothed"][step], "{kind} at {step}");
            }
        }
    }
    let none = chart(40, Value::Null, "mean", 0.0).await.unwrap();
    assert_eq!(none["smoothed"], Value::Null);
    let refused = chart(40, Value::Null, "mean", 1.0).await.unwrap_err();
    assert_eq!(refused.code, Code::Invalid);
    console.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_carry_no_more_than_their_columns_when_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("workspace.db");
    let runs = seed(&file);
    let pair = |key: &str, value: &str| skerry_domain::KeyValue {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let batch = Batch {
        metrics: Vec::new(),
        params: vec![pair("lr", "0.1"), pair("depth", "3")],
        tags: vec![
            pair("team", "blue"),
            pair("note", "x"),
            pair("mlflow.a", "1"),
        ],
    };
    let first = runs[0].clone();
    let store = Store::open(&file, StoreOptions::default()).unwrap();
    store
        .write(move |tx| {
            tx.log_batch(&first, batch)?;
            tx.archive_run(&first)
        })
        .unwrap();
    drop(store);
    let console = console(folder.path()).await;
    let lean = |stage: &str, columns: &[&str]| {
        let mut query = search(&[], columns);
        query["stage"] = json!(stage);
        query["only_columns"] = json!(true);
        query
    };
    let columns = ["metrics.loss", "params.lr", "tags.team", "params.none"];
    let page = console
        .call("runs_search", lean("archived", &columns))
        .await
        .unwrap();
    let row = &page["rows"][0];
    assert_eq!(row["id"], json!(runs[0]));
    // It is told from a tag, which is not shown.
    assert_eq!(row["stage"], "archived");
    assert_eq!(row["params"], json!([{ "key": "lr", "value": "0.1" }]));
    assert_eq!(row["tags"], json!([{ "key": "team", "value": "blue" }]));
    assert_eq!(row["metrics"], json!([]));
    assert_eq!(row["columns"][0]["special"], "Infinity");
    let page = console.call("runs_search", lean("active", &[])).await;
    let page = page.unwrap();
    assert_eq!(page["total"], 2);
    assert_eq!(page["rows"][0]["columns"], json!([]));

    let keys = console
        .call("run_keys", json!({ "experiment": null }))
        .await;
    assert_eq!(
        keys.unwrap(),
        json!({ "metrics": ["apart", "epoch", "loss"], "params": ["depth", "lr"], "tags": ["note", "team"] })
    );
    let values = |column: &str| {
        let query = json!({ "experiment": "Default", "column": column });
        console.call("run_values", query)
    };
    assert_eq!(values("params.lr").await.unwrap(), json!(["0.1"]));
    assert_eq!(values("tags.team").await.unwrap(), json!(["blue"]));
    assert_eq!(values("metrics.loss").await.unwrap(), json!([]));
    let unknown = json!({ "experiment": "none", "column": "params.lr" });
    let unknown = console.call("run_values", unknown).await.unwrap_err();
    assert_eq!(unknown.code, Code::NotFound);
    console.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_over_another_metric_pair_what_is_at_the_same_step() {
    let folder = tempfile::tempdir().unwrap();
    let runs = seed(&folder.path().join("workspace.db"));
    let console = console(folder.path()).await;
    let over = |key: &str| json!({ "key": key, "from": null, "to": null });
    let chart = console
        .call(
            "run_chart",
            json!({
                "run_id": runs[1], "keys": ["loss", "apart", "none"], "max_points": 100,
                "from_step": null, "to_step": null, "over": over("epoch"),
            }),
        )
        .await
        .unwrap();
    let loss = &chart[0];
    assert_eq!(loss["over"]["pairs"], 30);
    assert_eq!(loss["over"]["steady"], true);
    assert_eq!(
        (&loss["total"], &loss["thinned"]),
        (&json!(300), &json!(false))
    );
    assert_eq!(loss["steps"].as_array().unwrap().len(), 30);
    assert_eq!(
        (&loss["steps"][13], &loss["over"]["xs"][13]),
        (&json!(130), &json!(1.0))
    );
    assert_eq!(
        (&loss["values"][13], &loss["values"][6]),
        (&json!(30.0), &Value::Null)
    );
    assert_eq!(
        (&chart[1]["total"], &chart[1]["over"]["pairs"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(chart[2]["total"], 0);

    let charts = console
        .call(
            "runs_chart",
            json!({
                "run_ids": runs, "key": "epoch", "max_points": 10,
                "from_step": null, "to_step": null, "over": over("loss"),
            }),
        )
        .await
        .unwrap();
    assert_eq!(charts.as_array().unwrap().len(), 3);
    // It falls, and rises again: no line, and nothing at NaN.
    assert_eq!(charts[1]["series"]["over"]["steady"], false);
    assert_eq!(charts[1]["series"]["over"]["unplaced"], 1);
    assert_eq!(charts[0]["series"]["over"]["steady"], true);
    console.close().await;
}
