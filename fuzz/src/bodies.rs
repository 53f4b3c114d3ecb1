//! Bodies of requests. The first byte says to which address the rest is sent.

use std::cell::RefCell;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use skerry_mlflow::{ArtifactRoot, MlflowState, router};
use skerry_store::{NewLoggedModel, NewModelVersion, NewRun, Store, StoreOptions};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// A run that is there.
const RUN: &str = "0123456789abcdef0123456789abcdef";
/// Requests to one store.
const REQUESTS: usize = 300;

/// Addresses below `/api/2.0/mlflow/` that take a JSON body; `$MODEL` is a logged model.
const ADDRESSES: &[(&str, &str)] = &[
    ("POST", "experiments/create"),
    ("POST", "experiments/search"),
    ("POST", "experiments/update"),
    ("POST", "experiments/delete"),
    ("POST", "experiments/restore"),
    ("POST", "experiments/set-experiment-tag"),
    ("POST", "experiments/delete-experiment-tag"),
    ("POST", "experiments/search-datasets"),
    ("POST", "runs/create"),
    ("POST", "runs/update"),
    ("POST", "runs/search"),
    ("POST", "runs/delete"),
    ("POST", "runs/restore"),
    ("POST", "runs/log-metric"),
    ("POST", "runs/log-batch"),
    ("POST", "runs/log-parameter"),
    ("POST", "runs/set-tag"),
    ("POST", "runs/delete-tag"),
    ("POST", "runs/log-inputs"),
    ("POST", "runs/outputs"),
    ("POST", "runs/log-model"),
    ("POST", "logged-models"),
    ("POST", "logged-models/search"),
    ("PATCH", "logged-models/$MODEL"),
    ("PATCH", "logged-models/$MODEL/tags"),
    ("POST", "logged-models/$MODEL/params"),
    ("POST", "registered-models/create"),
    ("POST", "registered-models/rename"),
    ("PATCH", "registered-models/update"),
    ("POST", "registered-models/set-tag"),
    ("DELETE", "registered-models/delete-tag"),
    ("POST", "registered-models/alias"),
    ("DELETE", "registered-models/alias"),
    ("POST", "registered-models/get-latest-versions"),
    ("POST", "model-versions/create"),
    ("PATCH", "model-versions/update"),
    ("POST", "model-versions/transition-stage"),
    ("POST", "model-versions/set-tag"),
    ("DELETE", "model-versions/delete-tag"),
    ("DELETE", "model-versions/delete"),
];

struct Server {
    app: Router,
    model: String,
    asked: usize,
    runtime: Runtime,
    _folder: TempDir,
}

impl Server {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(&folder.path().join("a.db"), StoreOptions::default())?;
        let model = store.write(|tx| {
            tx.create_run(NewRun {
                run_id: Some(RUN.to_owned()),
                ..NewRun::default()
            })?;
            tx.create_registered_model("m", None, &[])?;
            tx.create_model_version(NewModelVersion {
                name: "m".to_owned(),
                source: "s3://b/x".to_owned(),
                ..NewModelVersion::default()
            })?;
            tx.create_logged_model(NewLoggedModel {
                name: "m".to_owned(),
                source_run_id: Some(RUN.to_owned()),
                ..NewLoggedModel::default()
            })
        })?;
        let state = MlflowState::new(store, ArtifactRoot::new(folder.path().join("files")));
        Ok(Self {
            app: router(state),
            model: model.model_id,
            asked: 0,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()?,
            _folder: folder,
        })
    }

    fn send(
        &self,
        method: &str,
        address: &str,
        body: &[u8],
    ) -> Result<(StatusCode, Vec<u8>), Box<dyn std::error::Error>> {
        let address = address.replace("$MODEL", &self.model);
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/2.0/mlflow/{address}"))
            .header("Content-Type", "application/json")
            .body(Body::from(body.to_vec()))?;
        self.runtime.block_on(async {
            let answer = self.app.clone().oneshot(request).await?;
            let status = answer.status();
            let bytes = answer.into_body().collect().await?.to_bytes();
            Ok((status, bytes.to_vec()))
        })
    }
}

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// Sends the bytes as the body of a request. The answer is JSON and no failure of the
/// server's own.
///
/// # Errors
/// What is wrong with the answer.
pub fn bodies(data: &[u8]) -> Result<(), String> {
    let Some((which, body)) = data.split_first() else {
        return Ok(());
    };
    let Some((method, address)) = ADDRESSES.get(usize::from(*which) % ADDRESSES.len()) else {
        return Ok(());
    };
    SERVER.with_borrow_mut(|kept| {
        let server = match kept.take().filter(|server| server.asked < REQUESTS) {
            Some(server) => server,
            None => Server::new().map_err(|error| error.to_string())?,
        };
        let server = kept.insert(server);
        server.asked += 1;
        let (status, answer) = server
            .send(method, address, body)
            .map_err(|error| error.to_string())?;
        let told = || {
            format!(
                "{method} {address} {}: {status} {}",
                String::from_utf8_lossy(body),
                String::from_utf8_lossy(&answer)
            )
        };
        // A `file:` URI of another machine is the one mistake that MLflow answers so.
        let known = answer
            .windows(26)
            .any(|part| part == b"is not a valid remote uri.");
        if status.is_server_error() && !known {
            return Err(told());
        }
        let Ok(value) = serde_json::from_slice::<Value>(&answer) else {
            return Err(told());
        };
        let says_why = value.get("error_code").is_some_and(Value::is_string)
            && value.get("message").is_some_and(Value::is_string);
        if status.is_client_error() && !says_why {
            return Err(told());
        }
        Ok(())
    })
}
