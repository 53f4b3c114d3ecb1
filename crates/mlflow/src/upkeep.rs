//! What MLflow has no request for: taking out of the bin for good, and moving runs to
//! another experiment. While a server runs it does both itself, asked by a request;
//! who may read its data folder may ask.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skerry_domain::{Code, ErrorBody};
use skerry_store::{Purge, Store, StoreError, Tx};

use crate::args::{Args, JsonBody};
use crate::fault::{Answer, Fault};
use crate::serve::{Places, ServeError, lock};
use crate::{ArtifactRoot, MlflowState, Paths, multipart};

/// These paths are MLflow's no more.
pub(crate) const PREFIX: &str = "/api/2.0/skerry/";

/// So many runs are deleted in one write; others write in between.
const STEP: usize = 100;
/// So many free pages are given back in one write.
const PAGES: u32 = 2_000;
/// A request to a running server is given up after so long.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// What of the bin is to go for good.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gc {
    /// Only what has been in the bin for so many milliseconds.
    pub older_than_ms: Option<i64>,
    /// Only these runs, and what `experiment_ids` says; all when both are empty.
    pub run_ids: Vec<String>,
    /// Only these experiments, with all of their runs.
    pub experiment_ids: Vec<String>,
    /// Only say what would go.
    pub dry_run: bool,
}

/// What went for good, or would.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// Ids of runs.
    pub runs: Vec<String>,
    /// Ids of logged models.
    pub logged_models: Vec<String>,
    /// Numbers of experiments.
    pub experiments: Vec<i64>,
    /// Artifact URIs whose files are not kept here, and lie there still.
    pub kept: Vec<String>,
    /// Artifact URIs whose files could not be deleted, and why; the next time tries again.
    pub failed: Vec<(String, String)>,
    /// Bytes of the store before and after.
    pub store_bytes: (u64, u64),
}

/// Which runs go where.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Move {
    /// The runs.
    pub run_ids: Vec<String>,
    /// The experiment, by its name.
    pub experiment: String,
}

pub(crate) fn routes(paths: Paths) -> Paths {
    Paths(
        paths
            .0
            .route(&format!("{PREFIX}gc"), post(gc))
            .route(&format!("{PREFIX}runs/move"), post(move_runs)),
    )
}

fn read<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body)
        .map_err(|error| Fault::invalid(format!("The request body cannot be read: {error}")))
}

async fn gc(State(state): State<MlflowState>, JsonBody(body): JsonBody) -> Answer {
    state.only_at_large("delete anything for good")?;
    if !state.alone() {
        return Err(Fault::not_implemented(
            "What machines record is deleted for good by forgetting the machine.",
        ));
    }
    let gc: Gc = read(&body)?;
    let (store, artifacts) = (state.store().clone(), state.artifacts().clone());
    let collected = tokio::task::spawn_blocking(move || collect(&store, &artifacts, &gc))
        .await
        .map_err(|error| Fault::internal(format!("It was broken off: {error}")))??;
    Ok(Json(serde_json::to_value(collected).unwrap_or_default()))
}

async fn move_runs(State(state): State<MlflowState>, JsonBody(body): JsonBody) -> Answer {
    state.only_at_large("move runs")?;
    // As MLflow's requests have it, an experiment may be named by its number.
    let args = Args::from_body(&body)?;
    let run_ids = args.texts("run_ids")?;
    let experiment = args.text("experiment")?;
    let number = match args.text("experiment_id")? {
        Some(_) => Some(args.experiment_id()?),
        None => None,
    };
    if run_ids.is_empty() {
        return Err(crate::args::required("run_ids"));
    }
    let moved = state
        .write(move |tx| {
            let to = match (number, experiment) {
                (Some(number), _) => number,
                (None, Some(name)) => tx.experiment_by_name(&name)?.id,
                (None, None) => {
                    return Err(StoreError::Invalid(
                        "Missing value for required parameter 'experiment_id'.".to_owned(),
                    ));
                }
            };
            run_ids
                .iter()
                .map(|run| tx.move_run(run, to).map(|info| info.run_id))
                .collect::<skerry_store::Result<Vec<_>>>()
        })
        .await?;
    Ok(Json(json!({"run_ids": moved})))
}

/// Takes out of the bin for good: rows, points and files; then gives the disk back.
fn collect(store: &Store, artifacts: &ArtifactRoot, gc: &Gc) -> Result<Collected, StoreError> {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(i64::MAX);
    let experiment_ids = gc
        .experiment_ids
        .iter()
        .map(|id| {
            id.parse()
                .map_err(|_| StoreError::Invalid(format!("'{id}' is no number of an experiment.")))
        })
        .collect::<Result<Vec<i64>, _>>()?;
    let purge = Purge {
        before: gc.older_than_ms.map(|age| now.saturating_sub(age)),
        run_ids: gc.run_ids.clone(),
        experiment_ids,
    };
    let garbage = store.read(|reader| reader.garbage(&purge))?;
    let size = || std::fs::metadata(store.path()).map_or(0, |facts| facts.len());
    let before = size();
    if gc.dry_run {
        return Ok(Collected {
            runs: garbage.runs,
            logged_models: garbage.models,
            experiments: garbage.experiments,
            store_bytes: (before, before),
            ..Collected::default()
        });
    }
    let mut collected = Collected {
        runs: purge_each(store, &garbage.runs, |tx, run| tx.purge_run(run))?,
        logged_models: purge_each(store, &garbage.models, |tx, model| {
            tx.purge_logged_model(model)
        })?,
        ..Collected::default()
    };
    for id in garbage.experiments {
        if store.write(move |tx| tx.purge_experiment(id))? {
            collected.experiments.push(id);
        }
    }
    delete_files(store, artifacts, &mut collected)?;
    multipart::sweep(artifacts, multipart::STALE);
    let mut left = u64::MAX;
    loop {
        let now = store.write(|tx| tx.give_back(PAGES))?;
        if now == 0 || now >= left {
            break;
        }
        left = now;
    }
    store.settle()?;
    collected.store_bytes = (before, size());
    Ok(collected)
}

/// Purges each of these, some in one write; answers which have gone.
fn purge_each(
    store: &Store,
    ids: &[String],
    purge: impl Fn(&Tx<'_>, &str) -> skerry_store::Result<bool> + Copy + Send + 'static,
) -> skerry_store::Result<Vec<String>> {
    let mut gone = Vec::new();
    for ids in ids.chunks(STEP) {
        let ids = ids.to_vec();
        gone.extend(store.write(move |tx| {
            ids.into_iter()
                .filter_map(|id| match purge(tx, &id) {
                    Ok(purged) => purged.then_some(Ok(id)),
                    Err(error) => Some(Err(error)),
                })
                .collect::<skerry_store::Result<Vec<_>>>()
        })?);
    }
    Ok(gone)
}

/// Deletes the files of what has gone, also of an earlier time that was broken off.
fn delete_files(
    store: &Store,
    artifacts: &ArtifactRoot,
    collected: &mut Collected,
) -> Result<(), StoreError> {
    for uris in store.read(|reader| reader.doomed())?.chunks(STEP) {
        let mut settled = Vec::new();
        for uri in uris {
            match artifacts.path_of(uri, "") {
                Err(_) => collected.kept.push(uri.clone()),
                Ok(folder) => {
                    if let Err(error) = artifacts.delete(&folder) {
                        collected.failed.push((uri.clone(), error.to_string()));
                        continue;
                    }
                }
            }
            settled.push(uri.clone());
        }
        store.write(move |tx| tx.forget_doomed(&settled))?;
    }
    Ok(())
}

/// Takes out of the bin of a data folder for good. Blocks.
///
/// # Errors
/// When the store does not open, the running server refuses, or something named is
/// not in the bin.
pub fn gc_in(places: &Places, gc: &Gc) -> Result<Collected, ErrorBody> {
    let answer = in_folder(
        places,
        "gc",
        &serde_json::to_value(gc).unwrap_or_default(),
        |store, artifacts| {
            if !gc.dry_run {
                store.compact()?;
            }
            let collected = collect(store, artifacts, gc)?;
            Ok(serde_json::to_value(collected).unwrap_or_default())
        },
    )?;
    serde_json::from_value(answer)
        .map_err(|error| ErrorBody::new(Code::Internal, format!("The answer is none: {error}.")))
}

/// Moves runs of a data folder to another experiment. Blocks.
///
/// # Errors
/// When the store does not open, the running server refuses, or a run or the
/// experiment is not there.
pub fn move_in(places: &Places, moved: &Move) -> Result<(), ErrorBody> {
    let wanted = moved.clone();
    in_folder(
        places,
        "runs/move",
        &serde_json::to_value(moved).unwrap_or_default(),
        move |store, _| {
            store.write(move |tx| {
                let to = tx.experiment_by_name(&wanted.experiment)?.id;
                for run in &wanted.run_ids {
                    tx.move_run(run, to)?;
                }
                Ok(Value::Null)
            })
        },
    )
    .map(drop)
}

/// Does something in a data folder; asks the server that uses it, if there is one.
fn in_folder(
    places: &Places,
    request: &str,
    body: &Value,
    act: impl FnOnce(&Store, &ArtifactRoot) -> Result<Value, StoreError>,
) -> Result<Value, ErrorBody> {
    use skerry_domain::Coded as _;
    if !places.data_dir.join("tracking.db").exists() {
        return Err(ErrorBody::new(
            Code::NotFound,
            format!(
                "There is no tracking store in {}: name the data folder of `skerry serve` with --data.",
                places.data_dir.display()
            ),
        ));
    }
    match lock(&places.data_dir) {
        Ok(_held) => {
            let (store, artifacts) = places.open().map_err(|error| error.to_body())?;
            act(&store, &artifacts).map_err(|error| error.to_body())
        }
        Err(ServeError::InUse(_)) => ask(&places.data_dir, request, body),
        Err(error) => Err(error.to_body()),
    }
}

/// How the server that uses a data folder is asked.
#[derive(Serialize, Deserialize)]
pub(crate) struct Running {
    pub address: SocketAddr,
    /// Lets in who can read the file that it stands in.
    pub key: String,
}

fn ask(data_dir: &Path, request: &str, body: &Value) -> Result<Value, ErrorBody> {
    let failed = |why: String| {
        ErrorBody::new(
            Code::DataFolderInUse,
            format!(
                "The server that uses {} cannot be asked: {why}. Stop it, or try again.",
                data_dir.display()
            ),
        )
    };
    let io = |error: std::io::Error| failed(error.to_string());
    let text = std::fs::read_to_string(data_dir.join("serve.lock")).map_err(io)?;
    let running: Running =
        serde_json::from_str(&text).map_err(|_| failed("it is starting".to_owned()))?;
    let mut stream = TcpStream::connect(running.address).map_err(io)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(io)?;
    let body = body.to_string();
    write!(
        stream,
        "POST {PREFIX}{request} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        running.address,
        running.key,
        body.len()
    )
    .map_err(io)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(io)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| failed("it does not answer".to_owned()))?;
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    if head.split(' ').nth(1) == Some("200") {
        return Ok(value);
    }
    let message = value
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or("it refuses");
    Err(ErrorBody::new(
        match value.get("error_code").and_then(Value::as_str) {
            Some("RESOURCE_DOES_NOT_EXIST") => Code::NotFound,
            Some("INVALID_PARAMETER_VALUE") => Code::Invalid,
            Some("INVALID_STATE") => Code::WrongState,
            _ => Code::Internal,
        },
        message,
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::PathBuf;

    use skerry_domain::LifecycleStage;
    use skerry_store::NewRun;

    use super::*;

    /// A data folder with one run in the bin, and where its artifacts lie.
    fn with_deleted_run() -> (tempfile::TempDir, Places, PathBuf, String) {
        let folder = tempfile::tempdir().unwrap();
        let places = Places {
            data_dir: folder.path().to_owned(),
            artifacts_destination: None,
            default_artifact_root: None,
        };
        let (store, artifacts) = places.open().unwrap();
        let run = store.write(|tx| tx.create_run(NewRun::default())).unwrap();
        let files = artifacts.path_of(&run.info.artifact_uri, "").unwrap();
        std::fs::create_dir_all(&files).unwrap();
        std::fs::write(files.join("model.bin"), "weights").unwrap();
        let id = run.info.run_id.clone();
        let bin = LifecycleStage::Deleted;
        store
            .write(move |tx| tx.set_run_lifecycle(&id, bin))
            .unwrap();
        (folder, places, files, run.info.run_id)
    }

    #[test]
    fn files_of_a_collection_that_was_broken_off_go_with_the_next() {
        let (_folder, places, files, run) = with_deleted_run();
        // Killed after the row was gone.
        let (store, _) = places.open().unwrap();
        assert!(store.write(move |tx| tx.purge_run(&run)).unwrap());
        drop(store);
        assert!(files.exists());
        let collected = gc_in(&places, &Gc::default()).unwrap();
        assert!(!files.exists());
        assert!(collected.runs.is_empty() && collected.failed.is_empty());
    }

    #[test]
    fn files_that_cannot_be_deleted_are_named_and_tried_again() {
        let (_folder, places, files, run) = with_deleted_run();
        // No folder, and so not to be deleted as one.
        std::fs::remove_dir_all(&files).unwrap();
        std::fs::write(&files, "in the way").unwrap();
        let collected = gc_in(&places, &Gc::default()).unwrap();
        assert_eq!(collected.runs, [run]);
        assert_eq!(collected.failed.len(), 1);
        std::fs::remove_file(&files).unwrap();
        std::fs::create_dir(&files).unwrap();
        let again = gc_in(&places, &Gc::default()).unwrap();
        assert!(again.failed.is_empty() && !files.exists());
        assert_eq!(gc_in(&places, &Gc::default()).unwrap().failed, []);
    }
}
