//! Big files in parts, several at once. The parts lie beside each other in a folder of
//! their own until the upload is complete; its name, which nobody can guess, is what
//! lets a part in.

use std::io::{Read, Write};
use std::path::{Path as FsPath, PathBuf};
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::args::{self, Args, JsonBody};
use crate::artifacts::{Upload, bad, placed, plain};
use crate::fault::{Answer, Fault};
use crate::listen::Patience;
use crate::{ArtifactRoot, MlflowState, Paths};

/// Where parts are sent. Who knows the number of an upload may send its parts.
pub(crate) const PARTS: &str = "/api/2.0/mlflow-artifacts/mpu/part/";

/// As many parts as other object stores take.
const MAX_PARTS: i64 = 10_000;

/// In the folder of an upload: which file it will be.
const TARGET: &str = "target";

/// After so long without a part an upload is given up.
pub(crate) const STALE: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn routes(paths: Paths) -> Paths {
    let mut paths = paths.at(
        "2.0/mlflow-artifacts/presigned/{*path}",
        get(async || {
            Fault::not_implemented(
                "Multipart download is not supported for the current artifact repository",
            )
        }),
    );
    for (step, methods) in [
        ("create", post(create)),
        ("complete", post(complete)),
        ("abort", post(abort)),
    ] {
        paths = paths.at(
            &format!("2.0/mlflow-artifacts/mpu/{step}/{{*path}}"),
            methods,
        );
    }
    Paths(
        paths
            .0
            .route(&format!("{PARTS}{{upload}}/{{part}}"), put(take_part)),
    )
}

fn failed(error: &std::io::Error) -> Fault {
    Fault::file("The part could not be stored", error)
}

/// The folder of an upload.
fn folder(root: &ArtifactRoot, upload: &str) -> Result<PathBuf, Fault> {
    if upload.len() != 32 || !upload.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(unknown(upload));
    }
    Ok(root.folder().join(crate::root::INCOMING).join(upload))
}

fn unknown(upload: &str) -> Fault {
    Fault::missing(format!(
        "There is no upload '{upload}': it was completed, aborted, or given up after a day."
    ))
}

/// The path that the file will have.
fn destination(folder: &str, args: &Args) -> Result<String, Fault> {
    let file = args.need("path")?;
    let name = file.rsplit('/').next().unwrap_or_default();
    if name.is_empty() {
        return Err(args::required("path"));
    }
    Ok(plain(&format!("{}/{name}", folder.trim_end_matches('/'))))
}

/// The address by which the client reached this server.
fn base(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    format!(
        "{}://{}{}",
        text("x-forwarded-proto")
            .filter(|proto| *proto == "https")
            .unwrap_or("http"),
        text("host").unwrap_or("localhost"),
        text("x-forwarded-prefix")
            .unwrap_or_default()
            .trim_end_matches('/')
    )
}

async fn create(
    State(state): State<MlflowState>,
    Path(path): Path<String>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Answer {
    if !state.alone() {
        return Err(Fault::not_implemented(
            "Multipart upload is not supported for the current artifact repository",
        ));
    }
    let args = Args::from_body(&body)?;
    let path = destination(&path, &args)?;
    let parts = args.int("num_parts")?.unwrap_or(1);
    if !(1..=MAX_PARTS).contains(&parts) {
        return Err(Fault::invalid(format!(
            "Invalid value {parts} for parameter 'num_parts' supplied: an upload has 1 to {MAX_PARTS} parts."
        )));
    }
    state.artifacts().file(&path).map_err(bad)?;
    placed(&state, &path)?;
    let upload = uuid::Uuid::new_v4().simple().to_string();
    let folder = folder(state.artifacts(), &upload)?;
    tokio::fs::create_dir_all(&folder)
        .await
        .map_err(|error| failed(&error))?;
    tokio::fs::write(folder.join(TARGET), format!("{parts}\n{path}"))
        .await
        .map_err(|error| failed(&error))?;
    let base = base(&headers);
    let credentials: Vec<Value> = (1..=parts)
        .map(|part| {
            json!({
                "url": format!("{base}{PARTS}{upload}/{part}"),
                "part_number": part,
                "headers": {},
            })
        })
        .collect();
    Ok(Json(
        json!({"upload_id": upload, "credentials": credentials}),
    ))
}

/// How many parts an upload has, and its file.
async fn target(folder: &FsPath, upload: &str) -> Result<(i64, String), Fault> {
    let text = tokio::fs::read_to_string(folder.join(TARGET))
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => unknown(upload),
            _ => failed(&error),
        })?;
    text.split_once('\n')
        .and_then(|(parts, path)| Some((parts.parse().ok()?, path.to_owned())))
        .ok_or_else(|| unknown(upload))
}

async fn take_part(
    State(state): State<MlflowState>,
    Path((upload, part)): Path<(String, i64)>,
    request: Request,
) -> Result<Response, Fault> {
    let folder = folder(state.artifacts(), &upload)?;
    let (parts, _) = target(&folder, &upload).await?;
    if !(1..=parts).contains(&part) {
        return Err(Fault::invalid(format!(
            "The upload has parts 1 to {parts}, not {part}."
        )));
    }
    let patience = Patience::of(request.extensions());
    let received = Upload::receive(&folder, request.into_body(), patience).await?;
    let tag = format!("\"{}\"", received.sha256);
    received
        .settle(&folder.join(part.to_string()), "part")
        .await?;
    let mut response = Json(json!({})).into_response();
    if let Ok(value) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    Ok(response)
}

async fn complete(
    State(state): State<MlflowState>,
    Path(path): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    let args = Args::from_body(&body)?;
    let path = destination(&path, &args)?;
    let upload = args.need("upload_id")?;
    let folder = folder(state.artifacts(), &upload)?;
    let (parts, wanted) = target(&folder, &upload).await?;
    if wanted != path {
        return Err(Fault::invalid(format!(
            "The upload '{upload}' is not one of '{path}'."
        )));
    }
    let file = state.artifacts().file(&path).map_err(bad)?;
    let place = placed(&state, &path)?;
    let mut tags = Vec::new();
    for (n, part) in args.list("parts")?.iter().enumerate() {
        let number = part.get("part_number").and_then(args::int);
        if number != i64::try_from(n + 1).ok() {
            return Err(Fault::invalid(format!(
                "Parts are named from 1 without gaps; part {} is not there.",
                n + 1
            )));
        }
        tags.push(
            part.get("etag")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .trim_matches('"')
                .to_owned(),
        );
    }
    if i64::try_from(tags.len()).ok() != Some(parts) {
        return Err(Fault::invalid(format!(
            "The upload has {parts} parts; {} are named.",
            tags.len()
        )));
    }
    let from = folder.clone();
    let joined = tokio::task::spawn_blocking(move || join(&from, &tags))
        .await
        .map_err(|error| Fault::internal(format!("The parts could not be joined: {error}")))??;
    joined.keep(&state, &file, place, &path).await?;
    discard(&folder).await
}

/// Puts the parts of a folder together.
fn join(folder: &FsPath, tags: &[String]) -> Result<Upload, Fault> {
    let failed = |error: std::io::Error| failed(&error);
    let file = folder.join("whole");
    let mut whole = std::fs::File::create(&file).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut size = 0_u64;
    let mut block = vec![0; 1 << 20];
    for (n, tag) in tags.iter().enumerate() {
        let number = n + 1;
        let mut part = std::fs::File::open(folder.join(number.to_string())).map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                Fault::invalid(format!("Part {number} was not sent."))
            } else {
                failed(error)
            }
        })?;
        let mut part_hash = Sha256::new();
        loop {
            let count = part.read(&mut block).map_err(failed)?;
            let read = block.get(..count).unwrap_or_default();
            if read.is_empty() {
                break;
            }
            size += read.len() as u64;
            hash.update(read);
            part_hash.update(read);
            whole.write_all(read).map_err(failed)?;
        }
        if !tag.is_empty() && hex::encode(part_hash.finalize()) != *tag {
            return Err(Fault::invalid(format!(
                "Part {number} is not what its ETag says: send it again."
            )));
        }
    }
    whole.sync_all().map_err(failed)?;
    Ok(Upload::new(file, size, hex::encode(hash.finalize())))
}

async fn abort(State(state): State<MlflowState>, JsonBody(body): JsonBody) -> Answer {
    let args = Args::from_body(&body)?;
    let upload = args.need("upload_id")?;
    discard(&folder(state.artifacts(), &upload)?).await
}

async fn discard(folder: &FsPath) -> Answer {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(&error)),
        _ => Ok(Json(json!({}))),
    }
}

/// Deletes what was being written and has not changed for `age`.
pub(crate) fn sweep(root: &ArtifactRoot, age: Duration) {
    let now = SystemTime::now();
    for folder in root.all_incoming() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(facts) = entry.metadata() else {
                continue;
            };
            let old = facts
                .modified()
                .ok()
                .and_then(|changed| now.duration_since(changed).ok())
                .is_some_and(|since| since >= age);
            if !old {
                continue;
            }
            let gone = if facts.is_dir() {
                std::fs::remove_dir_all(entry.path())
            } else {
                std::fs::remove_file(entry.path())
            };
            if let Err(error) = gone {
                tracing::warn!(%error, "an upload that was broken off could not be deleted");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_broken_off_is_swept() {
        let home = tempfile::tempdir().unwrap();
        let root = ArtifactRoot::new(home.path());
        let upload = folder(&root, &"a".repeat(32)).unwrap();
        std::fs::create_dir_all(&upload).unwrap();
        std::fs::write(upload.join("1"), "x").unwrap();
        sweep(&root, STALE);
        assert!(upload.exists());
        sweep(&root, Duration::ZERO);
        assert!(!upload.exists());
    }

    #[test]
    fn only_numbers_of_uploads_are_folders() {
        let root = ArtifactRoot::new("/r");
        for bad in ["", "..", "../../x", &"g".repeat(32), &"a".repeat(33)] {
            assert!(folder(&root, bad).is_err(), "{bad}");
        }
    }
}
