//! Saving files of a run into a folder of this computer: under another name until all are there and
//! each is what was logged, so that a save that was cancelled, failed or broken off leaves nothing.

use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use skerry_domain::{Code, ErrorBody, Reason, validate};
use tokio::io::AsyncWriteExt as _;
use tokio_util::sync::CancellationToken;

use crate::Console;
use crate::api::*;
use crate::artifacts::{Pieces, RunFile, RunFiles, check_path, prefix_of};
use crate::console::new_id;
use crate::operations::{Job, News, PACE, Work, unfinished};

/// What saving takes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FilesSave {
    run_id: String,
    /// The run's name.
    run: String,
    target: PathBuf,
    /// The name until all is there.
    partial: PathBuf,
}

impl Work for FilesSave {
    fn news(&self, operation: &Operation) -> News<'_> {
        News {
            kind: match operation.state {
                OperationState::Done => ActivityKind::FilesSaved,
                _ => ActivityKind::FilesSaveFailed,
            },
            subject_id: &self.run_id,
            subject: self.run.clone(),
            detail: self.target.display().to_string(),
        }
    }
}

/// The files to save, and where each comes to be.
struct Wanted {
    machine_id: Option<String>,
    files: Vec<(RunFile, PathBuf)>,
}

impl Console {
    /// Saves a file, or a folder with all below, into a folder of this computer; answers once it
    /// has begun.
    pub async fn run_artifact_save(&self, args: ArtifactSave) -> Result<Operation, ErrorBody> {
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
        let run_id = args.run_id.clone();
        let info = self
            .db(move |store| store.read(|reader| reader.run_info(&run_id)))
            .await?;
        let name = name_of(&args);
        let target = folder.join(&name);
        let id = new_id();
        // Beside the target, where it can take its name.
        let partial = folder.join(format!(".skerry-{id}.partial"));
        let wanted = wanted(files, &args.path, &partial)?;
        check_free(&target)?;
        let subject = format!("{}/{}", args.run_id, args.path);
        if self.operations().any(|other| other.subject == subject) {
            let message = format!("'{name}' is being saved already.");
            return Err(ErrorBody::new(Code::Busy, message)
                .because(Reason::FilesBeingSaved)
                .with("path", name));
        }
        let step = OperationStep {
            id: OperationStepId::Save,
            state: OperationState::Running,
            done: 0,
            total: Some(wanted.files.iter().map(|(file, _)| file.size).sum()),
        };
        let save = FilesSave {
            run_id: args.run_id,
            run: info.name,
            target,
            partial,
        };
        let kind = OperationKind::SaveFiles;
        let job = Job::new(id, kind, subject, vec![step], self.now(), save);
        let operation = job.operation.clone();
        let cancel = self.operation_begin(&job).await?;
        let console = self.clone();
        self.spawn(async move { console.save(job, wanted, cancel).await });
        Ok(operation)
    }

    async fn save(&self, mut job: Job<FilesSave>, wanted: Wanted, cancel: CancellationToken) {
        let stopping = self.stopping();
        let (partial, target) = (job.work.partial.clone(), job.work.target.clone());
        let (state, problem) = tokio::select! {
            () = cancel.cancelled() => (OperationState::Cancelled, None),
            () = stopping.cancelled() => (OperationState::Failed, Some(unfinished())),
            saved = self.write_all(&mut job.operation, &wanted, &partial, &target) => match saved {
                Ok(saved) => {
                    job.operation.saved = Some(saved);
                    (OperationState::Done, None)
                }
                Err(error) => (OperationState::Failed, Some(error)),
            },
        };
        if state != OperationState::Done {
            remove(&partial).await;
        }
        self.operation_end(job, state, problem).await;
    }

    /// Ends a save that the program did not live to finish.
    pub(crate) async fn give_up_save(&self, job: Job<FilesSave>) {
        remove(&job.work.partial).await;
        self.operation_end(job, OperationState::Failed, Some(unfinished()))
            .await;
    }

    async fn write_all(
        &self,
        operation: &mut Operation,
        wanted: &Wanted,
        partial: &Path,
        target: &Path,
    ) -> Result<FilesSaved, ErrorBody> {
        let mut bytes = 0;
        let mut told = Instant::now();
        for (file, place) in &wanted.files {
            let pieces = self.pieces(wanted.machine_id.as_deref(), &file.uri).await?;
            let sha256 = write(pieces, place, |written| {
                bytes += written;
                if told.elapsed() >= PACE {
                    told = Instant::now();
                    for step in &mut operation.steps {
                        step.done = bytes;
                    }
                    self.operation_tell(operation);
                }
            })
            .await?;
            if !file.sha256.is_empty() && !file.sha256.eq_ignore_ascii_case(&sha256) {
                return Err(changed(&file.path, &file.sha256, &sha256));
            }
        }
        // Somebody may have put something there meanwhile.
        check_free(target)?;
        tokio::fs::rename(partial, target)
            .await
            .map_err(|error| unwritable(target, &error))?;
        for step in &mut operation.steps {
            step.done = bytes;
            step.state = OperationState::Done;
        }
        Ok(FilesSaved {
            path: target.display().to_string(),
            files: u32::try_from(wanted.files.len()).unwrap_or(u32::MAX),
            bytes,
        })
    }
}

/// The name that is saved under.
fn name_of(args: &ArtifactSave) -> String {
    match args.path.rsplit('/').next() {
        Some(name) if !name.is_empty() => name.to_owned(),
        // The end of the id: runs of one minute begin alike.
        _ => {
            let id = args.run_id.as_str();
            let end = id.get(id.len().saturating_sub(8)..).unwrap_or("run");
            format!("artifacts-{end}")
        }
    }
}

/// The file at a path or those below it, each with its place.
fn wanted(files: RunFiles, path: &str, partial: &Path) -> Result<Wanted, ErrorBody> {
    let prefix = prefix_of(path);
    let mut wanted = Vec::new();
    for file in files.files {
        if file.path == path {
            wanted.push((file, partial.to_owned()));
        } else if let Some(rest) = file.path.strip_prefix(prefix.as_str()) {
            validate::relative_path("path", rest)?;
            let place = partial.join(rest);
            wanted.push((file, place));
        }
    }
    if wanted.is_empty() {
        return Err(ErrorBody::not_found("artifact", path));
    }
    Ok(Wanted {
        machine_id: files.machine_id,
        files: wanted,
    })
}

fn check_free(target: &Path) -> Result<(), ErrorBody> {
    if target.symlink_metadata().is_err() {
        return Ok(());
    }
    let message = format!("{} exists already; nothing was saved.", target.display());
    Err(ErrorBody::new(Code::AlreadyExists, message)
        .because(Reason::FileExists)
        .with("path", target.display().to_string()))
}

fn changed(path: &str, logged: &str, found: &str) -> ErrorBody {
    ErrorBody::new(
        Code::WrongState,
        format!(
            "'{path}' is not what was logged: it was changed or damaged where it lies. Nothing was saved."
        ),
    )
    .because(Reason::FileChanged)
    .with("path", path)
    .with("logged", logged)
    .with("found", found)
}

/// Best effort: why nothing is saved is what matters to the person.
async fn remove(partial: &Path) {
    let _ = tokio::fs::remove_file(partial).await;
    let _ = tokio::fs::remove_dir_all(partial).await;
}

/// Writes a new file and tells of each piece; its SHA-256.
async fn write(
    mut pieces: Pieces,
    place: &Path,
    mut wrote: impl FnMut(u64),
) -> Result<String, ErrorBody> {
    if let Some(parent) = place.parent() {
        tokio::fs::create_dir_all(parent)
            .await
            .map_err(|error| unwritable(parent, &error))?;
    }
    let mut file = tokio::fs::File::create_new(place)
        .await
        .map_err(|error| unwritable(place, &error))?;
    let mut hash = Sha256::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        hash.update(&piece);
        file.write_all(&piece)
            .await
            .map_err(|error| unwritable(place, &error))?;
        wrote(piece.len() as u64);
    }
    file.flush()
        .await
        .map_err(|error| unwritable(place, &error))?;
    Ok(hex::encode(hash.finalize()))
}

fn unwritable(path: &Path, error: &std::io::Error) -> ErrorBody {
    let message = format!("{} cannot be written: {error}.", path.display());
    ErrorBody::file(Reason::Unwritable, path, error, message)
}
