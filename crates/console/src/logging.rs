//! The program's log: `logs/skerry.log`, a file a day, the last seven kept.
//!
//! Nothing secret is in it: secrets do not print, and what goes over the wire is
//! never logged. See ARCHITECTURE.md for the list of what must not be.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Files that are kept.
const KEPT: usize = 7;

/// Keeps the log open; what is not written yet is written when it is dropped.
#[must_use = "the log ends when this is dropped"]
#[derive(Debug)]
pub struct Log {
    _guard: Option<WorkerGuard>,
}

/// Logs into a folder, and panics too. `SKERRY_LOG` is a filter such as
/// `debug,hyper=info`. A folder that cannot be written leaves the program without a
/// log: opening the workspace then says what is wrong.
pub fn init(folder: &Path) -> Log {
    let appender = std::fs::create_dir_all(folder).ok().and_then(|()| {
        tracing_appender::rolling::Builder::new()
            .rotation(tracing_appender::rolling::Rotation::DAILY)
            .filename_prefix("skerry")
            .filename_suffix("log")
            .max_log_files(KEPT)
            .build(folder)
            .ok()
    });
    let Some(appender) = appender else {
        return Log { _guard: None };
    };
    let (writer, guard) = tracing_appender::non_blocking(appender);
    // Crates below us log what they send; only their warnings are ours to keep.
    let filter = EnvFilter::try_from_env("SKERRY_LOG").unwrap_or_else(|_| {
        EnvFilter::new(
            "warn,skerry=info,skerry_desktop=info,skerry_console=info,skerry_agent=info,skerry_ssh=info,skerry_store=info,skerry_mlflow=info",
        )
    });
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(writer);
    // A second call in one process (tests) keeps the first log.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .try_init();
    log_panics();
    Log {
        _guard: Some(guard),
    }
}

/// A panic is logged by its place alone: its message can carry any value.
fn log_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let place = info
            .location()
            .map(std::string::ToString::to_string)
            .unwrap_or_default();
        tracing::error!(%place, "a panic at {place}");
        before(info);
    }));
}
