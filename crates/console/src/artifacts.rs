//! The files of a run: listed from the store, fetched from the machine on demand.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use futures_util::StreamExt as _;
use skerry_domain::tracking::Artifact;
use skerry_domain::{Code, ErrorBody, Reason, validate};
use skerry_store::Reader;
use tokio::io::AsyncWriteExt as _;

use crate::Console;
use crate::api::*;
use crate::runs::{check_id, model_paths};

/// A preview shows at most so much text.
const PREVIEW_TEXT: u64 = 256 << 10;
/// A larger image is not shown.
const PREVIEW_IMAGE: u64 = 5 << 20;

/// The files that a run shows: its own, and below their names those of the models
/// that it logged (MLflow 3 keeps them apart).
struct RunFiles {
    machine_id: Option<String>,
    /// Path as shown, URI at the agent, size.
    files: Vec<(String, String, u64)>,
}

impl RunFiles {
    fn load(reader: &Reader<'_>, run_id: &str) -> skerry_store::Result<Self> {
        let run = reader.run(run_id)?;
        let own = reader.artifacts(run_id)?;
        let mut files: Vec<_> = own
            .into_iter()
            .map(|Artifact { path, size, .. }| {
                let uri = format!("runs:/{run_id}/{path}");
                (path, uri, size)
            })
            .collect();
        for model in model_paths(reader, &run)? {
            let Some(id) = model.model_id else { continue };
            for artifact in reader.artifacts(&id)? {
                files.push((
                    format!("{}/{}", model.path, artifact.path),
                    format!("models:/{id}/{}", artifact.path),
                    artifact.size,
                ));
            }
        }
        files.sort();
        files.dedup_by(|a, b| a.0 == b.0);
        Ok(Self {
            machine_id: run.info.machine_id,
            files,
        })
    }

    /// One level of the tree, folders first.
    fn level(&self, folder: &str) -> Vec<ArtifactRow> {
        let prefix = prefix_of(folder);
        let mut folders = Vec::new();
        let mut files = Vec::new();
        for (path, _, size) in &self.files {
            let Some(rest) = path.strip_prefix(prefix.as_str()) else {
                continue;
            };
            match rest.split_once('/') {
                Some((name, _)) => {
                    let path = format!("{prefix}{name}");
                    if folders
                        .last()
                        .is_none_or(|row: &ArtifactRow| row.path != path)
                    {
                        folders.push(ArtifactRow {
                            path,
                            is_dir: true,
                            size: None,
                        });
                    }
                }
                None => files.push(ArtifactRow {
                    path: path.clone(),
                    is_dir: false,
                    size: Some(*size),
                }),
            }
        }
        folders.dedup_by(|a, b| a.path == b.path);
        folders.extend(files);
        folders
    }
}

fn prefix_of(folder: &str) -> String {
    if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    }
}

fn check_path(path: &str) -> Result<(), ErrorBody> {
    if path.is_empty() {
        Ok(())
    } else {
        validate::relative_path("path", path)
    }
}

impl Console {
    async fn run_files(&self, run_id: &str) -> Result<RunFiles, ErrorBody> {
        check_id("run_id", run_id)?;
        let run_id = run_id.to_owned();
        self.db(move |store| store.read(|reader| RunFiles::load(reader, &run_id)))
            .await
    }

    /// One level of a run's files.
    pub async fn run_artifacts(&self, query: ArtifactQuery) -> Result<Vec<ArtifactRow>, ErrorBody> {
        check_path(&query.path)?;
        Ok(self.run_files(&query.run_id).await?.level(&query.path))
    }

    /// The beginning of a file.
    pub async fn run_artifact_preview(
        &self,
        query: ArtifactQuery,
    ) -> Result<ArtifactPreview, ErrorBody> {
        validate::relative_path("path", &query.path)?;
        let files = self.run_files(&query.run_id).await?;
        let (_, uri, size) = files
            .files
            .iter()
            .find(|(path, _, _)| *path == query.path)
            .ok_or_else(|| ErrorBody::not_found("artifact", &query.path))?;
        let media = image_type(&query.path);
        let limit = match media {
            Some(_) if *size > PREVIEW_IMAGE => return Ok(ArtifactPreview::None { size: *size }),
            Some(_) => PREVIEW_IMAGE,
            None => PREVIEW_TEXT,
        };
        let (bytes, whole) = self
            .head_of(files.machine_id.as_deref(), uri, limit)
            .await?;
        if let Some(media) = media {
            let encoded = base64::engine::general_purpose::STANDARD.encode(&bytes);
            return Ok(ArtifactPreview::Image {
                data_url: format!("data:{media};base64,{encoded}"),
            });
        }
        Ok(match text_of(bytes, whole) {
            Some(text) => ArtifactPreview::Text {
                text,
                truncated: !whole,
                format: format_of(&query.path).to_owned(),
            },
            None => ArtifactPreview::None { size: *size },
        })
    }

    /// The first bytes of a file at an agent, and whether that is all of it.
    pub(crate) async fn head_of(
        &self,
        machine_id: Option<&str>,
        uri: &str,
        limit: u64,
    ) -> Result<(Vec<u8>, bool), ErrorBody> {
        let client = self.machine_client(holder(machine_id)?).await?;
        let (_, mut pieces) = client.artifact(uri).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece?);
            if bytes.len() > limit {
                bytes.truncate(limit);
                return Ok((bytes, false));
            }
        }
        Ok((bytes, true))
    }

    /// Saves a file, or a folder with all below, into a folder of this computer.
    pub async fn run_artifact_save(&self, args: ArtifactSave) -> Result<ArtifactSaved, ErrorBody> {
        check_path(&args.path)?;
        validate::absolute_path("to_folder", &args.to_folder)?;
        let folder = PathBuf::from(&args.to_folder);
        if !folder.is_dir() {
            return Err(ErrorBody::invalid(
                "to_folder",
                format!("There is no folder {} on this computer.", folder.display()),
            )
            .because(Reason::FolderMissing)
            .with("path", &args.to_folder));
        }
        let files = self.run_files(&args.run_id).await?;
        let prefix = prefix_of(&args.path);
        let wanted: Vec<_> = files
            .files
            .iter()
            .filter(|(path, _, _)| *path == args.path || path.starts_with(&prefix))
            .collect();
        if wanted.is_empty() {
            return Err(ErrorBody::not_found("artifact", &args.path));
        }
        let name = match args.path.rsplit('/').next() {
            Some(name) if !name.is_empty() => name.to_owned(),
            // The end of the id: runs of one minute begin alike.
            _ => {
                let id = args.run_id.as_str();
                format!(
                    "artifacts-{}",
                    id.get(id.len().saturating_sub(8)..).unwrap_or("run")
                )
            }
        };
        let target = folder.join(&name);
        if target.symlink_metadata().is_ok() {
            return Err(ErrorBody::new(
                Code::AlreadyExists,
                format!("{} exists already; nothing was saved.", target.display()),
            )
            .because(Reason::FileExists)
            .with("path", target.display().to_string()));
        }
        // Under another name until it is whole.
        let partial = folder.join(format!(".{name}.{}.partial", crate::console::new_id()));
        let client = self
            .machine_client(holder(files.machine_id.as_deref())?)
            .await?;
        let mut bytes = 0;
        let save = async {
            for (path, uri, _) in &wanted {
                let place = match path.strip_prefix(&prefix) {
                    Some(rest) if *path != args.path => {
                        validate::relative_path("path", rest)?;
                        partial.join(rest)
                    }
                    _ => partial.clone(),
                };
                bytes += fetch(&client, uri, &place).await?;
            }
            tokio::fs::rename(&partial, &target)
                .await
                .map_err(|error| unwritable(&target, &error))
        };
        if let Err(error) = save.await {
            // Best effort: the cause is what matters to the person.
            let _ = tokio::fs::remove_file(&partial).await;
            let _ = tokio::fs::remove_dir_all(&partial).await;
            return Err(error);
        }
        Ok(ArtifactSaved {
            path: target.display().to_string(),
            files: u32::try_from(wanted.len()).unwrap_or(u32::MAX),
            bytes,
        })
    }
}

async fn fetch(
    client: &skerry_agent::client::Client,
    uri: &str,
    place: &Path,
) -> Result<u64, ErrorBody> {
    if let Some(parent) = place.parent() {
        tokio::fs::create_dir_all(parent)
            .await
            .map_err(|error| unwritable(parent, &error))?;
    }
    let (_, mut pieces) = client.artifact(uri).await?;
    let mut file = tokio::fs::File::create_new(place)
        .await
        .map_err(|error| unwritable(place, &error))?;
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        bytes += piece.len() as u64;
        file.write_all(&piece)
            .await
            .map_err(|error| unwritable(place, &error))?;
    }
    file.flush()
        .await
        .map_err(|error| unwritable(place, &error))?;
    Ok(bytes)
}

fn unwritable(path: &Path, error: &std::io::Error) -> ErrorBody {
    let message = format!("{} cannot be written: {error}.", path.display());
    ErrorBody::file(Reason::Unwritable, path, error, message)
}

/// The machine that holds the files.
fn holder(machine_id: Option<&str>) -> Result<&str, ErrorBody> {
    machine_id.ok_or_else(|| {
        ErrorBody::new(
            Code::NotFound,
            "The files of this run are on no machine of this workspace.",
        )
        .because(Reason::FilesOnNoMachine)
    })
}

fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .unwrap_or_default()
}

fn image_type(path: &str) -> Option<&'static str> {
    Some(match extension(path).as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

fn format_of(path: &str) -> &'static str {
    match extension(path).as_str() {
        "json" => "json",
        "csv" | "tsv" => "csv",
        "yaml" | "yml" => "yaml",
        "py" => "python",
        _ if path.ends_with("MLmodel") => "yaml",
        _ => "text",
    }
}

/// The bytes as text, when they are text. A character cut at the end is left out.
fn text_of(bytes: Vec<u8>, whole: bool) -> Option<String> {
    if bytes.contains(&0) {
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            if whole || bytes.len() - good > 3 {
                return None;
            }
            bytes.truncate(good);
            String::from_utf8(bytes).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> RunFiles {
        RunFiles {
            machine_id: None,
            files: paths
                .iter()
                .map(|path| ((*path).to_owned(), String::new(), 1))
                .collect(),
        }
    }

    #[test]
    fn a_level_shows_each_folder_once_and_first() {
        let tree = files(&["a.txt", "model/MLmodel", "model/data/x", "plots/roc.png"]);
        let paths = |folder: &str| {
            tree.level(folder)
                .into_iter()
                .map(|row| (row.path, row.is_dir))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            paths(""),
            [
                ("model".to_owned(), true),
                ("plots".to_owned(), true),
                ("a.txt".to_owned(), false)
            ]
        );
        assert_eq!(
            paths("model"),
            [
                ("model/data".to_owned(), true),
                ("model/MLmodel".to_owned(), false)
            ]
        );
        assert_eq!(paths("mod"), []);
    }

    #[test]
    fn text_is_cut_at_a_character() {
        let cut = "å".as_bytes()[..1].to_vec();
        assert_eq!(text_of(cut.clone(), false).as_deref(), Some(""));
        assert_eq!(text_of(cut, true), None);
        assert_eq!(text_of(vec![b'a', 0, b'b'], true), None);
        assert_eq!(text_of(vec![0xff; 20], false), None);
    }
}
