//! The door of one run: what its script may write, and what it may not.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests say what must hold by panicking, their helpers too"
)]

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use skerry_mlflow::{ArtifactRoot, MlflowState, router};
use skerry_store::{NewRun, Store, StoreOptions};
use tower::ServiceExt;

async fn send(app: &Router, method: &str, path: &str, body: Body) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Content-Type", "application/json")
        .body(body)
        .unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

async fn post(app: &Router, path: &str, body: Value) -> (StatusCode, Value) {
    send(
        app,
        "POST",
        &format!("/api/2.0/mlflow/{path}"),
        Body::from(body.to_string()),
    )
    .await
}

fn new_run(store: &Store) -> String {
    store
        .write(|tx| tx.create_run(NewRun::default()))
        .unwrap()
        .info
        .run_id
}

#[tokio::test]
async fn a_script_writes_only_behind_its_door() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a.db"), StoreOptions::default()).unwrap();
    let (own, other) = (new_run(&store), new_run(&store));
    let state = MlflowState::new(
        store.clone(),
        ArtifactRoot::new(folder.path().join("files")),
    );
    let app = router(state.scoped_to_run(&own));
    let metric = |run: &str| json!({"run_id": run, "key": "m", "value": 1, "timestamp": 1});
    assert_eq!(
        post(&app, "runs/log-metric", metric(&own)).await.0,
        StatusCode::OK
    );
    let (status, answer) = post(&app, "runs/log-metric", metric(&other)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(answer["error_code"], "PERMISSION_DENIED");
    let missing = post(&app, "runs/log-metric", metric(&"f".repeat(32))).await;
    assert_eq!(missing.0, StatusCode::NOT_FOUND);

    // A child that the script starts is its own.
    let (_, made) = post(&app, "runs/create", json!({"experiment_id": "0"})).await;
    let child = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    assert_eq!(
        post(&app, "runs/log-metric", metric(&child)).await.0,
        StatusCode::OK
    );
    for path in [
        "runs/delete",
        "runs/update",
        "runs/set-tag",
        "runs/log-inputs",
    ] {
        let body = json!({"run_id": other, "key": "k", "value": "v"});
        assert_eq!(
            post(&app, path, body).await.0,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }

    // Files: its own, not those of others or of nobody.
    let file = |run: &str| format!("/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/x.txt");
    for (path, wanted) in [
        (file(&own), StatusCode::OK),
        (file(&child), StatusCode::OK),
        (file(&other), StatusCode::FORBIDDEN),
        (
            "/api/2.0/mlflow-artifacts/artifacts/x.txt".to_owned(),
            StatusCode::FORBIDDEN,
        ),
    ] {
        let (status, _) = send(&app, "PUT", &path, Body::from("hello")).await;
        assert_eq!(status, wanted, "{path}");
    }
    let kept = store.read(|reader| reader.artifacts(&own)).unwrap();
    assert_eq!((kept[0].path.as_str(), kept[0].size), ("x.txt", 5));
    assert_eq!(
        kept[0].sha256,
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    );
    let left = std::fs::read_dir(folder.path().join("files/.incoming")).unwrap();
    assert_eq!(left.count(), 0, "nothing half-written");

    // It may register; deleting what others made is not for scripts.
    let name = json!({"name": "model"});
    assert_eq!(
        post(&app, "registered-models/create", name.clone()).await.0,
        StatusCode::OK
    );
    let deleted = send(
        &app,
        "DELETE",
        "/api/2.0/mlflow/registered-models/delete",
        Body::from(name.to_string()),
    )
    .await;
    assert_eq!(deleted.0, StatusCode::FORBIDDEN);
    let experiment = json!({"experiment_id": "0"});
    assert_eq!(
        post(&app, "experiments/delete", experiment).await.0,
        StatusCode::FORBIDDEN
    );

    // A logged model without a run of its own becomes one of this run.
    let (status, made) = post(
        &app,
        "logged-models",
        json!({"experiment_id": "0", "name": "m"}),
    )
    .await;
    assert_eq!(status, StatusCode::OK, "{made}");
    assert_eq!(made["model"]["info"]["source_run_id"], own);
    let foreign = json!({"experiment_id": "0", "source_run_id": other});
    assert_eq!(
        post(&app, "logged-models", foreign).await.0,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a.db"), StoreOptions::default()).unwrap();
    let run = new_run(&store);
    let files = folder.path().join("files");
    let app = router(MlflowState::new(store.clone(), ArtifactRoot::new(&files)));
    let pieces = vec![
        Ok("half of it"),
        Err(std::io::Error::other("the wire was cut")),
    ];
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let path = format!("/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/x.bin");
    let (status, _) = send(&app, "PUT", &path, body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        store
            .read(|reader| reader.artifacts(&run))
            .unwrap()
            .is_empty()
    );
    assert!(!files.join(format!("0/{run}/artifacts/x.bin")).exists());
    assert_eq!(
        std::fs::read_dir(files.join(".incoming")).unwrap().count(),
        0
    );
}
