//! The files of a run: listed from the store, read on demand from the machine that holds
//! them or, where no machine does, from the workspace's own artifacts.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use skerry_domain::tracking::Artifact;
use skerry_domain::{Code, ErrorBody, Reason, validate};
use skerry_mlflow::ArtifactRoot;
use skerry_store::Reader;
use tokio_util::io::ReaderStream;

use crate::Console;
use crate::api::*;
use crate::runs::{check_id, model_paths};

/// A preview shows at most so much text.
const PREVIEW_TEXT: u64 = 256 << 10;
/// A larger image is not shown, and of a larger page the source.
const PREVIEW_WHOLE: u64 = 5 << 20;

/// What a file is made of, as it comes.
pub(crate) type Pieces = BoxStream<'static, Result<Bytes, ErrorBody>>;

/// The files that a run shows: its own, and below their names those of the models
/// that it logged (MLflow 3 keeps them apart).
pub(crate) struct RunFiles {
    pub(crate) machine_id: Option<String>,
    /// By their paths.
    pub(crate) files: Vec<RunFile>,
}

pub(crate) struct RunFile {
    /// As shown.
    pub(crate) path: String,
    /// As [`Console::pieces`] takes it.
    pub(crate) uri: String,
    pub(crate) size: u64,
    /// In hexadecimal digits; empty where an older import did not tell it.
    pub(crate) sha256: String,
}

impl RunFiles {
    fn load(reader: &Reader<'_>, run_id: &str) -> skerry_store::Result<Self> {
        let run = reader.run(run_id)?;
        let own = reader.artifacts(run_id)?;
        let mut files: Vec<_> = own
            .into_iter()
            .map(
                |Artifact {
                     path, size, sha256, ..
                 }| RunFile {
                    uri: format!("runs:/{run_id}/{path}"),
                    path,
                    size,
                    sha256,
                },
            )
            .collect();
        for model in model_paths(reader, &run)? {
            let Some(id) = model.model_id else { continue };
            for artifact in reader.artifacts(&id)? {
                files.push(RunFile {
                    path: format!("{}/{}", model.path, artifact.path),
                    uri: format!("models:/{id}/{}", artifact.path),
                    size: artifact.size,
                    sha256: artifact.sha256,
                });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
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
        for file in &self.files {
            let Some(rest) = file.path.strip_prefix(prefix.as_str()) else {
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
                            sha256: None,
                        });
                    }
                }
                None => files.push(ArtifactRow {
                    path: file.path.clone(),
                    is_dir: false,
                    size: Some(file.size),
                    sha256: Some(file.sha256.clone()).filter(|hash| !hash.is_empty()),
                }),
            }
        }
        folders.dedup_by(|a, b| a.path == b.path);
        folders.extend(files);
        folders
    }
}

pub(crate) fn prefix_of(folder: &str) -> String {
    if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    }
}

pub(crate) fn check_path(path: &str) -> Result<(), ErrorBody> {
    if path.is_empty() {
        Ok(())
    } else {
        validate::relative_path("path", path)
    }
}

impl Console {
    pub(crate) async fn run_files(&self, run_id: &str) -> Result<RunFiles, ErrorBody> {
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
        let RunFile { uri, size, .. } = files
            .files
            .iter()
            .find(|file| file.path == query.path)
            .ok_or_else(|| ErrorBody::not_found("artifact", &query.path))?;
        let (media, format) = (image_type(&query.path), format_of(&query.path));
        if media.is_some() && *size > PREVIEW_WHOLE {
            return Ok(ArtifactPreview::None { size: *size });
        }
        let is_page = format == "html" && *size <= PREVIEW_WHOLE;
        let limit = if media.is_some() || is_page {
            PREVIEW_WHOLE
        } else {
            PREVIEW_TEXT
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
                format: format.to_owned(),
            },
            None => ArtifactPreview::None { size: *size },
        })
    }

    /// The first bytes of a file, and whether that is all of it.
    pub(crate) async fn head_of(
        &self,
        machine_id: Option<&str>,
        uri: &str,
        limit: u64,
    ) -> Result<(Vec<u8>, bool), ErrorBody> {
        let mut pieces = self.pieces(machine_id, uri).await?;
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

    /// A file of a run (`runs:/…`), a model (`models:/m-…`) or an artifact root: from the
    /// machine that holds it, or, with none, from the workspace's own artifacts.
    pub(crate) async fn pieces(
        &self,
        machine_id: Option<&str>,
        uri: &str,
    ) -> Result<Pieces, ErrorBody> {
        if let Some(id) = machine_id {
            return Ok(self.machine_client(id).await?.artifact(uri).await?.1);
        }
        let file = self.own_file(uri).await?;
        let opened = tokio::fs::File::open(&file)
            .await
            .map_err(|error| unreadable(&file, &error))?;
        let pieces = ReaderStream::new(opened);
        Ok(pieces
            .map(move |piece| piece.map_err(|error| unreadable(&file, &error)))
            .boxed())
    }

    /// Where a file lies that no machine holds.
    async fn own_file(&self, uri: &str) -> Result<PathBuf, ErrorBody> {
        let asked = uri.to_owned();
        let (root, path) = self
            .db(move |store| {
                store.read(|reader| {
                    let owned = |rest: &str| {
                        let (id, path) = rest.split_once('/').unwrap_or((rest, ""));
                        (id.to_owned(), path.to_owned())
                    };
                    Ok(if let Some(rest) = asked.strip_prefix("runs:/") {
                        let (id, path) = owned(rest);
                        (reader.run_info(&id)?.artifact_uri, path)
                    } else if let Some(rest) = asked.strip_prefix("models:/") {
                        let (id, path) = owned(rest);
                        (reader.logged_model(&id)?.artifact_location, path)
                    } else {
                        (asked, String::new())
                    })
                })
            })
            .await?;
        let own = ArtifactRoot::new(self.data_dir().join("artifacts"));
        if own.path_of(&root, "").is_err() {
            let message = format!(
                "The files are at {root}: on no machine of this workspace, and not in its own folder."
            );
            return Err(ErrorBody::new(Code::NotFound, message).because(Reason::FilesOnNoMachine));
        }
        own.path_of(&root, &path)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> ErrorBody {
    let message = format!("{} cannot be read: {error}.", path.display());
    ErrorBody::file(Reason::Unreadable, path, error, message)
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
        "html" | "htm" => "html",
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
                .map(|path| RunFile {
                    path: (*path).to_owned(),
                    uri: String::new(),
                    size: 1,
                    sha256: String::new(),
                })
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
