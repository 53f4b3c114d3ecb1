//! A full disk under the tracking store.

use std::path::Path;

use serde_json::{Value, json};
use skerry_lab::run;
use skerry_tests::desk::Desk;

use crate::server::Server;

/// A small disk of its own, gone when dropped.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(at: &'a Path) -> Self {
        std::fs::create_dir_all(at).unwrap();
        let place = at.to_str().unwrap();
        run(&["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", place]).unwrap();
        Self(at)
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = run(&["umount", "--lazy", self.0.to_str().unwrap_or_default()]);
    }
}

fn batch(run: &str, first: usize) -> Value {
    let metrics: Vec<Value> = (first..first + 1000)
        .map(|step| {
            // Values that no compression makes small.
            let value = (step as f64 * 12.9898).sin() * 43758.5453;
            json!({ "key": "loss", "value": value, "timestamp": 1_700_000_000_000_u64 + step as u64, "step": step })
        })
        .collect();
    json!({ "run_id": run, "metrics": metrics })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_what_was_stored_stays() {
    let desk = Desk::new();
    let data = desk.home().join("small-disk");
    let _disk = Disk::mount(&data);
    let server = Server::start(&desk, &data);
    let (status, answer) = server
        .post(
            "runs/create",
            &json!({ "experiment_id": "0", "start_time": 1 }),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    let run_id = answer["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let (status, answer) = server.post("runs/log-batch", &batch(&run_id, 0)).await;
    assert_eq!(status, 200, "{answer}");

    // Something else on the machine takes the rest of the disk.
    let filler = data.join("filler");
    let place = filler.to_str().unwrap();
    let _ = run(&[
        "dd",
        "if=/dev/zero",
        &format!("of={place}"),
        "bs=4096",
        "status=none",
    ]);
    let mut stored = 1;
    let refused = loop {
        let (status, answer) = server
            .post("runs/log-batch", &batch(&run_id, stored * 1000))
            .await;
        if status != 200 {
            break answer;
        }
        stored += 1;
        assert!(stored < 400, "the disk never filled up");
    };
    let message = refused["message"]
        .as_str()
        .unwrap_or_default()
        .to_lowercase();
    assert!(
        message.contains("disk") || message.contains("space"),
        "{refused}"
    );

    // Reading goes on, nothing is half-written, and with space writing goes on too.
    let history = |limit: usize| {
        let url = format!(
            "{}/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key=loss&max_results={limit}",
            server.url
        );
        async move {
            reqwest::get(url)
                .await
                .unwrap()
                .json::<Value>()
                .await
                .unwrap()
        }
    };
    let points = history(25_000).await["metrics"]
        .as_array()
        .map_or(0, Vec::len);
    assert_eq!(points, (stored * 1000).min(25_000));
    std::fs::remove_file(&filler).unwrap();
    let (status, answer) = server
        .post("runs/log-batch", &batch(&run_id, stored * 1000))
        .await;
    assert_eq!(status, 200, "{answer}");
}
