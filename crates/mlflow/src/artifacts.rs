//! Files: listing, streaming in, streaming out.

use std::path::{Path as FsPath, PathBuf};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use futures_util::StreamExt;
use http::{HeaderMap, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skerry_domain::tracking::ArtifactOwner;
use skerry_store::{Reader, StoreError};
use tokio::io::AsyncWriteExt;

use crate::args::{self, Args};
use crate::download::send;
use crate::fault::{Answer, Fault};
use crate::listen::Patience;
use crate::root::INCOMING;
use crate::{ArtifactRoot, MlflowState, Paths, Place, json};

/// A file that the screens of MLflow send has at most so many bytes.
const SMALL: usize = 10 << 20;

pub(crate) fn routes(paths: Paths) -> Paths {
    let paths = paths
        .at("2.0/mlflow/artifacts/list", get(list_of_run))
        .at("2.0/mlflow-artifacts/artifacts", get(list))
        .at(
            "2.0/mlflow-artifacts/artifacts/{*path}",
            get(download).put(upload).delete(remove),
        )
        .at(
            "2.0/mlflow/logged-models/{model_id}/artifacts/directories",
            get(list_of_model),
        )
        .at(
            "2.0/mlflow/logged-models/{model_id}/artifacts/files",
            get(file_of_model),
        )
        .at("2.0/mlflow/upload-artifact", post(upload_to_run));
    Paths(
        paths
            .0
            .route("/get-artifact", get(file_of_run))
            .route("/model-versions/get-artifact", get(file_of_version)),
    )
}

pub(crate) fn bad(error: skerry_domain::ErrorBody) -> Fault {
    Fault::invalid(error.message)
}

/// What a folder holds; a file is listed as itself, as MLflow has it. Nothing there
/// is an empty list.
async fn entries(folder: PathBuf, prefix: String) -> Result<Vec<Value>, Fault> {
    let read = move || -> std::io::Result<Vec<Value>> {
        let mut found = Vec::new();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let facts = entry.metadata()?;
            if name == INCOMING || facts.file_type().is_symlink() {
                continue;
            }
            let path = if prefix.is_empty() {
                name
            } else {
                format!("{prefix}/{name}")
            };
            found.push((path, facts.is_dir(), facts.len()));
        }
        found.sort();
        Ok(found
            .into_iter()
            .map(|(path, is_dir, size)| {
                if is_dir {
                    json!({"path": path, "is_dir": true})
                } else {
                    json!({"path": path, "is_dir": false, "file_size": size})
                }
            })
            .collect())
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(found) => found.map_err(|error| Fault::file("The folder could not be listed", &error)),
        Err(error) => Err(Fault::internal(format!("The listing broke off: {error}"))),
    }
}

/// Without the segments that lead nowhere: what is written has one name only.
pub(crate) fn plain(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| *part != ".").collect();
    parts.join("/")
}

fn clean(path: Option<String>) -> String {
    path.unwrap_or_default().trim_end_matches('/').to_owned()
}

async fn list_below(state: &MlflowState, uri: &str, path: String) -> Answer {
    let folder = state.artifacts().path_of(uri, &path).map_err(bad)?;
    let files = entries(folder, path).await?;
    Ok(Json(json::object(json!({"root_uri": uri, "files": files}))))
}

async fn list_of_run(State(state): State<MlflowState>, args: Args) -> Answer {
    let id = args.run_id()?;
    let path = clean(args.text("path")?);
    crate::root::check(&path).map_err(bad)?;
    let info = state.peek(|reader| reader.run_info(&id))?;
    list_below(&state, &info.artifact_uri, path).await
}

async fn list_of_model(
    State(state): State<MlflowState>,
    Path(id): Path<String>,
    args: Args,
) -> Answer {
    let path = clean(args.text("artifact_directory_path")?);
    crate::root::check(&path).map_err(bad)?;
    let model = state.peek(|reader| reader.logged_model(&id))?;
    list_below(&state, &model.artifact_location, path).await
}

/// Paths in the answer are relative to the folder that was asked for.
async fn list(State(state): State<MlflowState>, args: Args) -> Answer {
    let path = clean(args.text("path")?);
    let folder = state.artifacts().file(&path).map_err(bad)?;
    let files = entries(folder, String::new()).await?;
    Ok(Json(json::page("files", files, None)))
}

async fn download(
    State(state): State<MlflowState>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let file = state.artifacts().file(&path).map_err(bad)?;
    send(file, &path, &headers).await
}

/// A path is looked at before whose it is, as MLflow does.
fn path_of(args: &Args, name: &str) -> Result<String, Fault> {
    let path = args.need(name)?;
    crate::root::check(&path).map_err(bad)?;
    Ok(path)
}

async fn file_of_run(
    State(state): State<MlflowState>,
    headers: HeaderMap,
    args: Args,
) -> Result<Response, Fault> {
    let id = args.run_id()?;
    let path = path_of(&args, "path")?;
    let info = state.peek(|reader| reader.run_info(&id))?;
    let file = state
        .artifacts()
        .path_of(&info.artifact_uri, &path)
        .map_err(bad)?;
    send(file, &path, &headers).await
}

async fn file_of_version(
    State(state): State<MlflowState>,
    headers: HeaderMap,
    args: Args,
) -> Result<Response, Fault> {
    let path = path_of(&args, "path")?;
    let name = args.need("name")?;
    let number = args.version()?;
    let uri = state.peek(|reader| {
        let version = reader.model_version(&name, number)?;
        let uri = version.storage_location.unwrap_or(version.source);
        match uri.strip_prefix("runs:/") {
            None => Ok(uri),
            Some(rest) => {
                let (run, below) = rest.split_once('/').unwrap_or((rest, ""));
                Ok(format!("{}/{below}", reader.run_info(run)?.artifact_uri))
            }
        }
    })?;
    let file = state.artifacts().path_of(&uri, &path).map_err(bad)?;
    send(file, &path, &headers).await
}

async fn file_of_model(
    State(state): State<MlflowState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    args: Args,
) -> Result<Response, Fault> {
    let path = path_of(&args, "artifact_file_path")?;
    let model = state.peek(|reader| reader.logged_model(&id))?;
    let file = state
        .artifacts()
        .path_of(&model.artifact_location, &path)
        .map_err(bad)?;
    send(file, &path, &headers).await
}

/// Refuses what is not behind this door.
fn behind_door(
    reader: &Reader<'_>,
    door: Option<&str>,
    owner: Option<&ArtifactOwner>,
    path: &str,
) -> skerry_store::Result<()> {
    let Some(door) = door else {
        return Ok(());
    };
    let run = match owner {
        Some(ArtifactOwner::Run(id)) => Some(id.clone()),
        Some(ArtifactOwner::LoggedModel(id)) => reader.logged_model(id)?.source_run_id,
        None => None,
    };
    match run {
        Some(run) if reader.behind_door(&run, door)? => Ok(()),
        _ => Err(StoreError::Forbidden(format!(
            "'{path}' belongs to another run: a run's script may write only to its own runs and models."
        ))),
    }
}

/// Whose the path is; refused when that is not behind this door.
pub(crate) fn placed(state: &MlflowState, path: &str) -> Result<Place, Fault> {
    state.peek(|reader| {
        let place = ArtifactRoot::place(reader, path)?;
        behind_door(reader, state.door(), place.owner.as_ref(), path)?;
        Ok(place)
    })
}

async fn upload(
    State(state): State<MlflowState>,
    Path(path): Path<String>,
    request: Request,
) -> Answer {
    if path.is_empty() || path.ends_with('/') {
        return Err(args::required("path"));
    }
    let path = plain(&path);
    let file = state.artifacts().file(&path).map_err(bad)?;
    let place = placed(&state, &path)?;
    let incoming = state.artifacts().incoming(&file);
    let patience = Patience::of(request.extensions());
    Upload::receive(&incoming, request.into_body(), patience)
        .await?
        .keep(&state, &file, place, &path)
        .await?;
    Ok(Json(json!({})))
}

async fn upload_to_run(State(state): State<MlflowState>, request: Request) -> Answer {
    // The fields are in the query, although it is a POST.
    let query = request.uri().query().unwrap_or_default().to_owned();
    let args = Args::from_query(&query);
    let given = |name: &str| {
        args.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Fault::invalid(format!("Request must specify {name}.")))
    };
    let id = given("run_uuid")?;
    let path = plain(&given("path")?);
    crate::root::check(&path).map_err(bad)?;
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let too_big = || Fault::invalid("Artifact size is too large. Max size is 10MB.");
    if announced.is_some_and(|size| size > SMALL) {
        return Err(too_big());
    }
    let patience = Patience::of(request.extensions());
    let body = axum::body::to_bytes(request.into_body(), SMALL);
    let body = tokio::time::timeout(patience.0, body)
        .await
        .map_err(|_| Fault::invalid("The upload broke off: nothing came any more."))?
        .map_err(|_| too_big())?;
    if body.is_empty() {
        return Err(Fault::invalid("Request must specify data."));
    }
    let info = state.peek(|reader| {
        let info = reader.run_info(&id)?;
        let owner = ArtifactOwner::Run(id.clone());
        behind_door(reader, state.door(), Some(&owner), &path)?;
        Ok(info)
    })?;
    let file = state
        .artifacts()
        .path_of(&info.artifact_uri, &path)
        .map_err(bad)?;
    let place = Place {
        owner: Some(ArtifactOwner::Run(id)),
        path: path.clone(),
    };
    let incoming = state.artifacts().incoming(&file);
    Upload::receive(&incoming, Body::from(body), patience)
        .await?
        .keep(&state, &file, place, &path)
        .await?;
    Ok(Json(json!({})))
}

/// A body that was written beside its place and is moved there when it is whole: a
/// reader never sees half a file, and what breaks off leaves nothing.
pub(crate) struct Upload {
    file: PathBuf,
    size: u64,
    /// Of the content, in hexadecimal digits.
    pub sha256: String,
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Moved to its place it is not here any more.
        let _ = std::fs::remove_file(&self.file);
    }
}

fn not_stored(error: &std::io::Error) -> Fault {
    Fault::file("The artifact could not be stored", error)
}

impl Upload {
    /// A file that is whole already.
    pub(crate) fn new(file: PathBuf, size: u64, sha256: String) -> Self {
        Self { file, size, sha256 }
    }

    /// Writes a body into a new file in `folder`.
    pub(crate) async fn receive(
        folder: &FsPath,
        body: Body,
        patience: Patience,
    ) -> Result<Self, Fault> {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| not_stored(&error))?;
        let file = folder.join(uuid::Uuid::new_v4().simple().to_string());
        let mut part = Self::new(file, 0, String::new());
        let mut out = tokio::fs::File::create(&part.file)
            .await
            .map_err(|error| not_stored(&error))?;
        let mut hash = Sha256::new();
        let mut body = body.into_data_stream();
        loop {
            let next = tokio::time::timeout(patience.0, body.next()).await;
            let next =
                next.map_err(|_| Fault::invalid("The upload broke off: nothing came any more."))?;
            let Some(bytes) = next else {
                break;
            };
            let bytes =
                bytes.map_err(|error| Fault::invalid(format!("The upload broke off: {error}")))?;
            part.size += bytes.len() as u64;
            hash.update(&bytes);
            out.write_all(&bytes)
                .await
                .map_err(|error| not_stored(&error))?;
        }
        out.flush().await.map_err(|error| not_stored(&error))?;
        out.sync_all().await.map_err(|error| not_stored(&error))?;
        part.sha256 = hex::encode(hash.finalize());
        Ok(part)
    }

    /// Moves it to its place, which a message names `path`.
    pub(crate) async fn settle(&self, file: &FsPath, path: &str) -> Result<(), Fault> {
        if let Some(folder) = file.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(|error| {
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory
                ) {
                    Fault::invalid(format!("A part of the path '{path}' is a file already."))
                } else {
                    not_stored(&error)
                }
            })?;
        }
        tokio::fs::rename(&self.file, file).await.map_err(|error| {
            if error.kind() == std::io::ErrorKind::IsADirectory {
                Fault::invalid(format!("'{path}' is a folder already."))
            } else {
                not_stored(&error)
            }
        })
    }

    /// Moves it to its place and notes whose it is.
    pub(crate) async fn keep(
        self,
        state: &MlflowState,
        file: &FsPath,
        place: Place,
        path: &str,
    ) -> Result<(), Fault> {
        self.settle(file, path).await?;
        if let Some(owner) = place.owner {
            let (size, sha256) = (self.size, self.sha256.clone());
            state
                .write(move |tx| tx.artifact_logged(owner, &place.path, size, &sha256))
                .await?;
        }
        Ok(())
    }
}

async fn remove(State(state): State<MlflowState>, Path(path): Path<String>) -> Answer {
    let path = plain(path.trim_end_matches('/'));
    let file = state.artifacts().file(&path).map_err(bad)?;
    let place = placed(&state, &path)?;
    let removed = async {
        let facts = tokio::fs::symlink_metadata(&file).await?;
        if facts.is_dir() {
            tokio::fs::remove_dir_all(&file).await
        } else {
            tokio::fs::remove_file(&file).await
        }
    };
    match removed.await {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Fault::missing(format!("No such artifact: '{path}'")));
        }
        Err(error) => return Err(Fault::file("The artifact could not be deleted", &error)),
    }
    if let Some(owner) = place.owner {
        state
            .write(move |tx| tx.artifact_deleted(owner, &place.path))
            .await?;
    }
    Ok(Json(json!({})))
}
