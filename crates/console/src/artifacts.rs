//! The files of a run: listed from the store, read on demand from the machine that holds
//! them or, where no machine does, from the workspace's own artifacts.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use sha2::{Digest as _, Sha256};
use skerry_domain::tracking::Artifact;
use skerry_domain::{Code, ErrorBody, Reason, validate};
use skerry_mlflow::ArtifactRoot;
use skerry_store::Reader;
use tokio::io::AsyncWriteExt as _;
use tokio_util::io::ReaderStream;

use crate::Console;
use crate::api::*;
use crate::runs::{check_id, model_paths};

/// A preview shows at most so much text.
const PREVIEW_TEXT: u64 = 256 << 10;
/// A larger image is not shown, and of a larger page the source.
const PREVIEW_WHOLE: u64 = 5 << 20;

/// What a file is made of, as it comes.
type Pieces = BoxStream<'static, Result<Bytes, ErrorBody>>;

/// The files that a run shows: its own, and below their names those of the models
/// that it logged (MLflow 3 keeps them apart).
struct RunFiles {
    machine_id: Option<String>,
    /// By their paths.
    files: Vec<RunFile>,
}

struct RunFile {
    /// As shown.
    path: String,
    /// As [`Console::pieces`] takes it.
    uri: String,
    size: u64,
    /// In hexadecimal digits; empty where an older import did not tell it.
    sha256: String,
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
    async fn pieces(&self, machine_id: Option<&str>, uri: &str) -> Result<Pieces, ErrorBody> {
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
        ArtifactRoot::new(self.data_dir().join("artifacts"))
            .path_of(&root, &path)
            .map_err(|_| {
                let message = format!(
                    "The files are at {root}: on no machine of this workspace, and not in its own folder."
                );
                ErrorBody::new(Code::NotFound, message).because(Reason::FilesOnNoMachine)
            })
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
            .filter(|file| file.path == args.path || file.path.starts_with(&prefix))
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
        let mut bytes = 0;
        let save = async {
            for file in &wanted {
                let path = &file.path;
                let place = match path.strip_prefix(&prefix) {
                    Some(rest) if *path != args.path => {
                        validate::relative_path("path", rest)?;
                        partial.join(rest)
                    }
                    _ => partial.clone(),
                };
                let pieces = self.pieces(files.machine_id.as_deref(), &file.uri).await?;
                let (size, sha256) = write(pieces, &place).await?;
                if !file.sha256.is_empty() && !file.sha256.eq_ignore_ascii_case(&sha256) {
                    return Err(changed(path, &file.sha256, &sha256));
                }
                bytes += size;
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

fn changed(path: &str, logged: &str, found: &str) -> ErrorBody {
    ErrorBody::new(
        Code::WrongState,
        format!("'{path}' is not what was logged; nothing was saved."),
    )
    .because(Reason::FileChanged)
    .with("path", path)
    .with("logged", logged)
    .with("found", found)
}

/// Writes a new file; its size and SHA-256.
async fn write(mut pieces: Pieces, place: &Path) -> Result<(u64, String), ErrorBody> {
    if let Some(parent) = place.parent() {
        tokio::fs::create_dir_all(parent)
            .await
            .map_err(|error| unwritable(parent, &error))?;
    }
    let mut file = tokio::fs::File::create_new(place)
        .await
        .map_err(|error| unwritable(place, &error))?;
    let mut bytes = 0;
    let mut hash = Sha256::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        bytes += piece.len() as u64;
        hash.update(&piece);
        file.write_all(&piece)
            .await
            .map_err(|error| unwritable(place, &error))?;
    }
    file.flush()
        .await
        .map_err(|error| unwritable(place, &error))?;
    Ok((bytes, hex::encode(hash.finalize())))
}

fn unwritable(path: &Path, error: &std::io::Error) -> ErrorBody {
    let message = format!("{} cannot be written: {error}.", path.display());
    ErrorBody::file(Reason::Unwritable, path, error, message)
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
