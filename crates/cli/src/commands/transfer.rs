//! `skerry import` and `skerry export`: moving in from MLflow, and out again.

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use skerry_domain::{Code, ErrorBody, Secret};
use skerry_mlflow::ArtifactRoot;
use skerry_store::{Store, StoreOptions};
use skerry_transfer::{Credentials, Event, Report, Stop, Tally, Wanted};

use super::read_secret;
use crate::arguments::{Export, Import, ServerLogin};
use crate::output;

/// Progress is told so often.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// Brings everything of a source in.
pub async fn import(verb: Import, data_dir: PathBuf, json: bool) -> Result<(), ErrorBody> {
    let wanted = skerry_transfer::Import {
        credentials: credentials(&verb.login)?,
        source: verb.source,
        artifacts: verb.artifacts,
    };
    blocking(move || {
        let mut progress = Progress::new(json);
        let mut tell = |event| progress.tell(event);
        let report = if verb.dry_run {
            wanted.survey(&mut tell)?
        } else {
            carry(&Wanted::Import(wanted), &data_dir, &mut tell)?
        };
        progress.end();
        finish(&report, verb.dry_run, json)
    })
    .await
}

/// Writes everything to a server.
pub async fn export(verb: Export, data_dir: PathBuf, json: bool) -> Result<(), ErrorBody> {
    let wanted = Wanted::Export(skerry_transfer::Export {
        credentials: credentials(&verb.login)?,
        url: verb.url,
    });
    blocking(move || {
        let mut progress = Progress::new(json);
        let report = carry(&wanted, &data_dir, &mut |event| progress.tell(event))?;
        progress.end();
        finish(&report, false, json)
    })
    .await
}

/// Does it here, or has it done by the program that has the store open.
fn carry(
    wanted: &Wanted,
    data_dir: &Path,
    tell: &mut dyn FnMut(Event),
) -> Result<Report, ErrorBody> {
    match Held::open(data_dir)? {
        Some(held) => wanted.carry(&held.store, &held.artifacts(), &Stop::default(), tell),
        None => skerry_transfer::ask_holder(&store_file(data_dir), wanted, tell),
    }
}

async fn blocking(
    work: impl FnOnce() -> Result<(), ErrorBody> + Send + 'static,
) -> Result<(), ErrorBody> {
    tokio::select! {
        done = tokio::task::spawn_blocking(work) => done.unwrap_or_else(|error| {
            Err(ErrorBody::new(Code::Internal, format!("It broke off: {error}.")))
        }),
        // Stopping it at any moment is safe; the thread ends with the program.
        () = crate::serve::ended() => {
            output::error(
                &ErrorBody::new(Code::Cancelled, "Interrupted. Started again, it goes on."),
                false,
            );
            std::process::exit(1);
        }
    }
}

fn credentials(login: &ServerLogin) -> Result<Credentials, ErrorBody> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(file) = &login.token_file {
        let text = std::fs::read_to_string(file).map_err(|error| {
            let why = format!("The token file {} cannot be read: {error}.", file.display());
            ErrorBody::new(Code::FileAccess, why)
        })?;
        return Ok(Credentials::Token(Secret::new(text.trim())));
    }
    if login.token_stdin {
        return Ok(Credentials::Token(Secret::new(read_secret("Token")?)));
    }
    if let Some(user) = &login.user {
        let password = match variable("MLFLOW_TRACKING_PASSWORD") {
            Some(password) => password,
            None => read_secret("Password")?,
        };
        return Ok(Credentials::Basic(user.clone(), Secret::new(password)));
    }
    if let Some(user) = variable("MLFLOW_TRACKING_USERNAME") {
        let password = variable("MLFLOW_TRACKING_PASSWORD").unwrap_or_default();
        return Ok(Credentials::Basic(user, Secret::new(password)));
    }
    Ok(
        variable("MLFLOW_TRACKING_TOKEN").map_or(Credentials::None, |token| {
            Credentials::Token(Secret::new(token))
        }),
    )
}

/// The store of a data folder, held while nobody else has it open.
struct Held {
    store: Store,
    data_dir: PathBuf,
    _lock: File,
}

impl Held {
    /// The store of `skerry serve`; where there is none but a console's workspace, that.
    /// Nothing when a program has it open.
    fn open(data_dir: &Path) -> Result<Option<Self>, ErrorBody> {
        let failed = |error: std::io::Error| {
            ErrorBody::new(
                Code::FileAccess,
                format!(
                    "The data folder {} cannot be used: {error}.",
                    data_dir.display()
                ),
            )
        };
        std::fs::create_dir_all(data_dir).map_err(failed)?;
        let file = store_file(data_dir);
        // The name that the program which uses that store locks.
        let name = if file.ends_with("tracking.db") {
            "serve.lock"
        } else {
            "lock"
        };
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(data_dir.join(name))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(Some(Self {
            store: Store::open(&file, StoreOptions::default())?,
            data_dir: data_dir.to_path_buf(),
            _lock: lock,
        }))
    }

    fn artifacts(&self) -> ArtifactRoot {
        ArtifactRoot::new(self.data_dir.join("artifacts"))
    }
}

/// The store of `skerry serve`; where there is none but a console's workspace, that.
pub fn store_file(data_dir: &Path) -> PathBuf {
    let server = data_dir.join("tracking.db");
    let workspace = data_dir.join("workspace.db");
    if !server.exists() && workspace.exists() {
        workspace
    } else {
        server
    }
}

struct Progress {
    json: bool,
    terminal: bool,
    told: Option<Instant>,
}

impl Progress {
    fn new(json: bool) -> Self {
        Self {
            json,
            terminal: std::io::stderr().is_terminal(),
            told: None,
        }
    }

    fn tell(&mut self, event: Event) {
        if self.told.is_some_and(|told| told.elapsed() < TOLD_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        if self.json {
            output::line(&serde_json::to_string(&event).unwrap_or_default());
        } else if self.terminal {
            let (what, tally) = match event {
                Event::Transferred(tally) => ("Carried", tally),
                Event::Compared(tally) => ("Compared", tally),
            };
            let _ = write!(
                std::io::stderr(),
                "\r{what} {} runs, {} points, {} files ({} MB) ",
                tally.runs,
                tally.points,
                tally.artifacts,
                tally.artifact_bytes / 1_000_000
            );
        }
    }

    fn end(&self) {
        if self.terminal && !self.json && self.told.is_some() {
            let _ = writeln!(std::io::stderr());
        }
    }
}

#[derive(Serialize)]
struct Told<'a> {
    event: &'static str,
    complete: bool,
    #[serde(flatten)]
    report: &'a Report,
}

fn finish(report: &Report, dry_run: bool, json: bool) -> Result<(), ErrorBody> {
    let complete = if dry_run {
        report.problem_count == 0
    } else {
        report.complete()
    };
    if json {
        let told = Told {
            event: if dry_run { "survey" } else { "report" },
            complete,
            report,
        };
        output::line(&serde_json::to_string(&told).unwrap_or_default());
    } else {
        output::line(&text(report, dry_run));
    }
    if complete {
        return Ok(());
    }
    let problems = report.problem_count.to_string();
    let message = if dry_run {
        format!("{problems} things of the source cannot be carried; they are listed above.")
    } else {
        format!(
            "Not everything is in the target as it is in the source: {problems} differences are listed above. \
             Started again, it tries what is missing."
        )
    };
    Err(ErrorBody::new(Code::TransferIncomplete, message).with("problems", problems))
}

fn text(report: &Report, dry_run: bool) -> String {
    let mut lines = Vec::new();
    let rows = |tally: &Tally| -> Vec<(String, u64)> {
        match json!(tally) {
            serde_json::Value::Object(fields) => fields
                .into_iter()
                .map(|(name, count)| (name.replace('_', " "), count.as_u64().unwrap_or(0)))
                .collect(),
            _ => Vec::new(),
        }
    };
    let table: Vec<Vec<String>> = rows(&report.source)
        .into_iter()
        .zip(rows(&report.target))
        .map(|((name, there), (_, here))| {
            let mut row = vec![name, there.to_string()];
            if !dry_run {
                row.push(here.to_string());
            }
            row
        })
        .collect();
    let header: &[&str] = if dry_run {
        &["WHAT", "THERE"]
    } else {
        &["WHAT", "THERE", "HERE, EQUAL"]
    };
    lines.push(output::table(header, &table));
    for (title, problems, count) in [
        (
            "Missing or different:",
            &report.problems,
            report.problem_count,
        ),
        (
            "In a storage of its own, stays there (URIs are kept):",
            &report.elsewhere,
            report.elsewhere_count,
        ),
    ] {
        if count == 0 {
            continue;
        }
        lines.push(String::new());
        lines.push(title.to_owned());
        lines.extend(problems.iter().map(|p| format!("  {}: {}", p.what, p.why)));
        let more = count.saturating_sub(u64::try_from(problems.len()).unwrap_or(0));
        if more > 0 {
            lines.push(format!("  … and {more} more"));
        }
    }
    for (title, counted) in [
        (
            "There, but not part of a tracking store here:",
            &report.left_out,
        ),
        (
            "Not kept, since the server sets it by itself (`skerry import` from this server's \
             URL keeps it, if another Skerry is to have it):",
            &report.not_kept,
        ),
    ] {
        if counted.is_empty() {
            continue;
        }
        lines.push(String::new());
        lines.push(title.to_owned());
        lines.extend(
            counted
                .iter()
                .map(|(what, count)| format!("  {count} × {what}")),
        );
    }
    if !dry_run && report.complete() {
        lines.push(String::new());
        lines.push("Everything is here: counts and hashes are equal.".to_owned());
    }
    lines.join("\n")
}
