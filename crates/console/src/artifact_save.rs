//! Saving files of a run into a folder of this computer: under another name until all are there and
//! each has the hash that it was logged with, where that is known, so that a save that was
//! cancelled, failed or broken off leaves nothing.

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
    /// How many there are, with this many bytes as far as is known.
    files: u32,
    bytes: u64,
}

impl Work for FilesSave {
    fn claim(&self) -> String {
        self.target.display().to_string()
    }

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

impl FilesSave {
    fn saved(&self, operation: &Operation) -> FilesSaved {
        let written = operation.steps.iter().map(|step| step.done).max();
        FilesSaved {
            path: self.target.display().to_string(),
            files: self.files,
            // Of one that is settled later only what was to be written is known.
            bytes: written.filter(|done| *done > 0).unwrap_or(self.bytes),
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
        let save = FilesSave {
            run_id: args.run_id,
            run: info.name,
            target,
            partial,
            files: u32::try_from(wanted.files.len()).unwrap_or(u32::MAX),
            bytes: wanted.files.iter().map(|(file, _)| file.size).sum(),
        };
        let step = OperationStep {
            id: OperationStepId::Save,
            state: OperationState::Running,
            done: 0,
            total: Some(save.bytes),
        };
        let kind = OperationKind::SaveFiles;
        let job = Job::new(id, kind, subject, vec![step], self.now(), save);
        let operation = job.operation.clone();
        let Some(halt) = self.operation_begin(&job).await? else {
            let message = format!("'{name}' is being saved there already.");
            return Err(ErrorBody::new(Code::Busy, message)
                .because(Reason::FilesBeingSaved)
                .with("path", name));
        };
        let console = self.clone();
        self.spawn(async move { console.save(job, wanted, halt).await });
        Ok(operation)
    }

    async fn save(&self, mut job: Job<FilesSave>, wanted: Wanted, halt: CancellationToken) {
        let Job { operation, work } = &mut job;
        let (state, problem) = match self.write_all(operation, work, &wanted, &halt).await {
            Ok(true) => {
                operation.saved = Some(work.saved(operation));
                (OperationState::Done, None)
            }
            Ok(false) if self.stopping().is_cancelled() => {
                (OperationState::Failed, Some(unfinished()))
            }
            Ok(false) => (OperationState::Cancelled, None),
            Err(error) => (OperationState::Failed, Some(error)),
        };
        if state != OperationState::Done {
            remove(&work.partial).await;
        }
        self.operation_end(job, state, problem).await;
    }

    /// Settles a save that the program did not live to settle.
    pub(crate) async fn settle_save(&self, mut job: Job<FilesSave>) {
        let Job { operation, work } = &mut job;
        let is_there = |path: &Path| path.symlink_metadata().is_ok();
        // It took its name, and that was the last thing to do.
        let is_whole = !is_there(&work.partial) && is_there(&work.target);
        let (state, problem) = if is_whole {
            operation.saved = Some(work.saved(operation));
            (OperationState::Done, None)
        } else {
            remove(&work.partial).await;
            let mut problem = unfinished();
            if is_there(&work.partial) {
                problem = problem.with("left", work.partial.display().to_string());
            }
            (OperationState::Failed, Some(problem))
        };
        self.operation_end(job, state, problem).await;
    }

    /// Writes everything and gives it its name; false when it was told to halt before that. What is
    /// asked of the disk is never left in the middle: it would go on by itself.
    async fn write_all(
        &self,
        operation: &mut Operation,
        work: &FilesSave,
        wanted: &Wanted,
        halt: &CancellationToken,
    ) -> Result<bool, ErrorBody> {
        let mut bytes = 0;
        let mut told = Instant::now();
        for (file, place) in &wanted.files {
            let machine_id = wanted.machine_id.as_deref();
            let pieces = tokio::select! {
                () = halt.cancelled() => return Ok(false),
                pieces = self.pieces(machine_id, &file.uri) => pieces?,
            };
            let written = write(pieces, place, halt, |written| {
                bytes += written;
                if told.elapsed() >= PACE {
                    told = Instant::now();
                    for step in &mut operation.steps {
                        step.done = bytes;
                    }
                    self.operation_tell(operation);
                }
            });
            let Some(sha256) = written.await? else {
                return Ok(false);
            };
            if !file.sha256.is_empty() && !file.sha256.eq_ignore_ascii_case(&sha256) {
                return Err(changed(&file.path, &file.sha256, &sha256));
            }
        }
        // Somebody may have put something there meanwhile.
        check_free(&work.target)?;
        tokio::fs::rename(&work.partial, &work.target)
            .await
            .map_err(|error| unwritable(&work.target, &error))?;
        for step in &mut operation.steps {
            step.done = bytes;
            step.state = OperationState::Done;
        }
        Ok(true)
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

/// Writes a new file and tells of each piece; its SHA-256, or nothing when it was told to halt.
async fn write(
    mut pieces: Pieces,
    place: &Path,
    halt: &CancellationToken,
    mut wrote: impl FnMut(u64),
) -> Result<Option<String>, ErrorBody> {
    if let Some(parent) = place.parent() {
        tokio::fs::create_dir_all(parent)
            .await
            .map_err(|error| unwritable(parent, &error))?;
    }
    let mut file = tokio::fs::File::create_new(place)
        .await
        .map_err(|error| unwritable(place, &error))?;
    let mut hash = Sha256::new();
    loop {
        let piece = tokio::select! {
            () = halt.cancelled() => None,
            piece = pieces.next() => Some(piece),
        };
        let Some(piece) = piece else {
            // What is being written is there before it is taken away.
            let _ = file.flush().await;
            return Ok(None);
        };
        let Some(piece) = piece.transpose()? else {
            break;
        };
        hash.update(&piece);
        file.write_all(&piece)
            .await
            .map_err(|error| unwritable(place, &error))?;
        wrote(piece.len() as u64);
    }
    file.flush()
        .await
        .map_err(|error| unwritable(place, &error))?;
    Ok(Some(hex::encode(hash.finalize())))
}

fn unwritable(path: &Path, error: &std::io::Error) -> ErrorBody {
    let message = format!("{} cannot be written: {error}.", path.display());
    ErrorBody::file(Reason::Unwritable, path, error, message)
}
