//! Files: listing, streaming in, streaming out.

use std::path::{Path as FsPath, PathBuf};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::StreamExt;
use http::{HeaderValue, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skerry_domain::tracking::ArtifactOwner;
use skerry_store::StoreError;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use crate::args::{self, Args};
use crate::fault::{Answer, Fault};
use crate::{ArtifactRoot, MlflowState, Paths, Place, json};

/// Files that are still being written lie here, below the root.
const INCOMING: &str = ".incoming";

pub(crate) fn routes(paths: Paths) -> Paths {
    let mut paths = paths
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
    for step in ["create", "complete", "abort"] {
        paths = paths.at(
            &format!("2.0/mlflow-artifacts/mpu/{step}/{{*path}}"),
            post(async || {
                Fault::not_implemented("Multipart uploads are not offered: upload in one request.")
            }),
        );
    }
    Paths(
        paths
            .0
            .route("/get-artifact", get(file_of_run))
            .route("/model-versions/get-artifact", get(file_of_version)),
    )
}

fn bad(error: skerry_domain::ErrorBody) -> Fault {
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
    let info = state.peek(|reader| reader.run_info(&id))?;
    list_below(&state, &info.artifact_uri, clean(args.text("path")?)).await
}

async fn list_of_model(
    State(state): State<MlflowState>,
    Path(id): Path<String>,
    args: Args,
) -> Answer {
    let model = state.peek(|reader| reader.logged_model(&id))?;
    let path = clean(args.text("artifact_directory_path")?);
    list_below(&state, &model.artifact_location, path).await
}

/// Paths in the answer are relative to the folder that was asked for.
async fn list(State(state): State<MlflowState>, args: Args) -> Answer {
    let path = clean(args.text("path")?);
    let folder = state.artifacts().file(&path).map_err(bad)?;
    let files = entries(folder, String::new()).await?;
    Ok(Json(json::page("files", files, None)))
}

fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some(
            "txt" | "log" | "py" | "js" | "yaml" | "yml" | "md" | "cfg" | "ini" | "sh" | "sql"
            | "toml" | "rst" | "jsonl",
        ) => "text/plain",
        Some("json") => "application/json",
        Some("csv") => "text/csv",
        Some("html" | "htm") => "text/html",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("svg") => "image/svg+xml",
        Some("webp") => "image/webp",
        Some("pdf") => "application/pdf",
        Some("zip") => "application/zip",
        None if matches!(name, "MLmodel" | "MLproject" | "Dockerfile" | "LICENSE") => "text/plain",
        _ => "application/octet-stream",
    }
}

async fn send(file: PathBuf, path: &str) -> Result<Response, Fault> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            Fault::missing(format!("No such artifact: '{path}'"))
        }
        _ => Fault::file("The artifact could not be read", &error),
    };
    let open = tokio::fs::File::open(&file).await.map_err(failed)?;
    let facts = open.metadata().await.map_err(failed)?;
    if facts.is_dir() {
        return Err(Fault::invalid(format!(
            "Artifact path refers to a directory, not a file: '{path}'"
        )));
    }
    let name = path.rsplit('/').next().unwrap_or("artifact");
    let quoted: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !"\"\\%;".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let mut response =
        Body::from_stream(ReaderStream::with_capacity(open, 256 << 10)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(content_type(path)),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(facts.len()));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Ok(value) = HeaderValue::try_from(format!(
        "attachment; filename=\"{quoted}\"; filename*=UTF-8''{encoded}"
    )) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

async fn download(
    State(state): State<MlflowState>,
    Path(path): Path<String>,
) -> Result<Response, Fault> {
    let file = state.artifacts().file(&path).map_err(bad)?;
    send(file, &path).await
}

async fn file_of_run(State(state): State<MlflowState>, args: Args) -> Result<Response, Fault> {
    let id = args.run_id()?;
    let path = args.need("path")?;
    let info = state.peek(|reader| reader.run_info(&id))?;
    let file = state
        .artifacts()
        .path_of(&info.artifact_uri, &path)
        .map_err(bad)?;
    send(file, &path).await
}

async fn file_of_version(State(state): State<MlflowState>, args: Args) -> Result<Response, Fault> {
    let name = args.need("name")?;
    let number = args.version()?;
    let path = args.need("path")?;
    let version = state.peek(|reader| reader.model_version(&name, number))?;
    let uri = version.storage_location.unwrap_or(version.source);
    let file = state.artifacts().path_of(&uri, &path).map_err(bad)?;
    send(file, &path).await
}

async fn file_of_model(
    State(state): State<MlflowState>,
    Path(id): Path<String>,
    args: Args,
) -> Result<Response, Fault> {
    let path = args.need("artifact_file_path")?;
    let model = state.peek(|reader| reader.logged_model(&id))?;
    let file = state
        .artifacts()
        .path_of(&model.artifact_location, &path)
        .map_err(bad)?;
    send(file, &path).await
}

/// Whose the path is; refused when that is not behind this door.
fn placed(state: &MlflowState, path: &str) -> Result<Place, Fault> {
    let door = state.door().map(str::to_owned);
    state.peek(|reader| {
        let place = ArtifactRoot::place(reader, path)?;
        if let Some(door) = door {
            let run = match &place.owner {
                Some(ArtifactOwner::Run(id)) => Some(id.clone()),
                Some(ArtifactOwner::LoggedModel(id)) => reader.logged_model(id)?.source_run_id,
                None => None,
            };
            let inside = match run {
                Some(run) => reader.behind_door(&run, &door)?,
                None => false,
            };
            if !inside {
                return Err(StoreError::Forbidden(format!(
                    "'{path}' belongs to another run: a run's script may write only to its own runs and models."
                )));
            }
        }
        Ok(place)
    })
}

async fn upload(
    State(state): State<MlflowState>,
    Path(path): Path<String>,
    request: Request,
) -> Answer {
    take_in(&state, &path, request).await
}

async fn upload_to_run(State(state): State<MlflowState>, request: Request) -> Answer {
    // The fields are in the query, although it is a POST.
    let query = request.uri().query().unwrap_or_default().to_owned();
    let args = Args::from_query(&query);
    let id = args.run_id()?;
    let path = args.need("path")?;
    let info = state.peek(|reader| reader.run_info(&id))?;
    let base = ArtifactRoot::base(&info.artifact_uri)
        .map_err(bad)?
        .to_owned();
    state
        .artifacts()
        .path_of(&info.artifact_uri, &path)
        .map_err(bad)?;
    take_in(&state, &format!("{base}/{path}"), request).await
}

/// Writes a body beside its place, then moves it there: a reader never sees half a
/// file, and what breaks off leaves nothing.
async fn take_in(state: &MlflowState, path: &str, request: Request) -> Answer {
    if path.is_empty() || path.ends_with('/') {
        return Err(args::required("path"));
    }
    let file = state.artifacts().file(path).map_err(bad)?;
    let place = placed(state, path)?;
    let incoming = state.artifacts().folder().join(INCOMING);
    let failed = |error: &std::io::Error| Fault::file("The artifact could not be stored", error);
    tokio::fs::create_dir_all(&incoming)
        .await
        .map_err(|error| failed(&error))?;
    let part = Part(incoming.join(uuid::Uuid::new_v4().simple().to_string()));
    let (size, sha256) = receive(&part.0, request).await?;
    if let Some(folder) = file.parent() {
        tokio::fs::create_dir_all(folder).await.map_err(|error| {
            if error.kind() == std::io::ErrorKind::AlreadyExists
                || error.kind() == std::io::ErrorKind::NotADirectory
            {
                Fault::invalid(format!("A part of the path '{path}' is a file already."))
            } else {
                failed(&error)
            }
        })?;
    }
    tokio::fs::rename(&part.0, &file).await.map_err(|error| {
        if error.kind() == std::io::ErrorKind::IsADirectory {
            Fault::invalid(format!("'{path}' is a folder already."))
        } else {
            failed(&error)
        }
    })?;
    if let Some(owner) = place.owner {
        state
            .write(move |tx| tx.artifact_logged(owner, &place.path, size, &sha256))
            .await?;
    }
    Ok(Json(json!({})))
}

/// A file that is gone unless it was moved away.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // Moved to its place it is not here any more.
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn receive(part: &FsPath, request: Request) -> Result<(u64, String), Fault> {
    let failed = |error: &std::io::Error| Fault::file("The artifact could not be stored", error);
    let mut out = tokio::fs::File::create(part)
        .await
        .map_err(|error| failed(&error))?;
    let mut hash = Sha256::new();
    let mut size = 0_u64;
    let mut body = request.into_body().into_data_stream();
    while let Some(bytes) = body.next().await {
        let bytes =
            bytes.map_err(|error| Fault::invalid(format!("The upload broke off: {error}")))?;
        size += bytes.len() as u64;
        hash.update(&bytes);
        out.write_all(&bytes)
            .await
            .map_err(|error| failed(&error))?;
    }
    out.flush().await.map_err(|error| failed(&error))?;
    out.sync_all().await.map_err(|error| failed(&error))?;
    Ok((size, hex::encode(hash.finalize())))
}

async fn remove(State(state): State<MlflowState>, Path(path): Path<String>) -> Answer {
    let path = path.trim_end_matches('/').to_owned();
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
