//! Runs that scripts make, without a machine: by MLflow's API.

use std::path::Path;
use std::process::Child;

use serde_json::{Value, json};
use skerry_tests::desk::Desk;
use skerry_tests::steps::text;
use skerry_tests::web::listening;

/// `skerry serve` on a data folder, ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Without a slash behind it.
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(desk: &Desk, data: &Path) -> Self {
        let data = data.to_str().unwrap();
        let words = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--no-auth",
            "--data",
            data,
        ];
        let (child, url) = listening(desk, &words);
        Self { child, url }
    }

    /// A call of MLflow's API: the HTTP status and the answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/api/2.0/mlflow/{path}", self.url);
        let answer = reqwest::Client::new()
            .post(url)
            .json(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// A call that must work.
    pub(crate) async fn done(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, &body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Makes a run with a name; its id.
    pub(crate) async fn run(&self, experiment: &str, name: &str) -> String {
        let body = json!({
            "experiment_id": experiment, "run_name": name, "start_time": 1_700_000_000_000_u64,
        });
        let answer = self.done("runs/create", body).await;
        text(&answer["run"]["info"]["run_id"])
    }

    /// Puts a file among a run's artifacts.
    pub(crate) async fn artifact(&self, experiment: &str, run: &str, path: &str, bytes: &str) {
        let url = format!(
            "{}/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{path}",
            self.url
        );
        let client = reqwest::Client::new();
        let answer = client.put(url).body(bytes.to_owned()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
