//! The agent: takes runs and services on, keeps them going, journals what it sees.

mod artifacts;
mod blobs;
mod builds;
mod candidate;
mod failure;
mod folders;
mod health;
mod home;
mod http;
mod instance;
mod keeper;
mod logs;
mod machine;
mod ports;
mod prepare;
mod proxy;
mod runs;
mod services;
mod snapshot;
mod tracking;
mod verdict;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use skerry_domain::{Code, EngineKind, ErrorBody, Millis};
use skerry_engine::{DockerEngine, Engine, ProcessEngine, candidate_sockets};
use skerry_mlflow::ArtifactRoot;
use skerry_store::{Store, StoreOptions};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::relay::record::now;
use failure::{Failure, io_failure};
use home::Home;

/// Everything that the agent's tasks share.
struct Agent {
    home: Home,
    store: Store,
    artifacts: ArtifactRoot,
    containers: Arc<DockerEngine>,
    processes: Arc<ProcessEngine>,
    /// Tells our workloads from those of another agent on the same engine.
    identity: String,
    boot_id: String,
    started_at: Millis,
    /// This program, for being the entry point of workloads.
    program: PathBuf,
    /// How many runs may go on at once.
    slots: Arc<Semaphore>,
    runs: Mutex<HashMap<String, runs::Handle>>,
    services: Mutex<HashMap<String, services::Handle>>,
    builds: Mutex<HashMap<String, Arc<builds::Build>>>,
    /// Held while a base image is read out of the engine.
    bases: tokio::sync::Mutex<()>,
    shutdown: CancellationToken,
}

impl Agent {
    fn engine(&self, kind: EngineKind) -> Arc<dyn Engine> {
        match kind {
            EngineKind::Process => Arc::clone(&self.processes) as Arc<dyn Engine>,
            EngineKind::Docker | EngineKind::Podman => {
                Arc::clone(&self.containers) as Arc<dyn Engine>
            }
        }
    }

    fn open(home: Home) -> Failure<Self> {
        let options = StoreOptions {
            journal: true,
            ..StoreOptions::default()
        };
        let store = Store::open(&home.database(), options)?;
        let identity = store.read(|reader| reader.journal_id())?;
        let boot_id = skerry_engine::proc::boot_id()
            .map_err(|error| io_failure("The machine's boot id cannot be read", &error))?;
        let program = std::env::current_exe()
            .map_err(|error| io_failure("The agent's own program is not known", &error))?;
        Ok(Self {
            artifacts: ArtifactRoot::new(home.artifacts()),
            containers: Arc::new(DockerEngine::new(candidate_sockets())),
            processes: Arc::new(ProcessEngine::new(home.processes())),
            identity,
            boot_id,
            started_at: now(),
            program,
            slots: Arc::new(Semaphore::new(machine::cpus().max(2) as usize)),
            runs: Mutex::default(),
            services: Mutex::default(),
            builds: Mutex::default(),
            bases: tokio::sync::Mutex::default(),
            shutdown: CancellationToken::new(),
            home,
            store,
        })
    }

    /// Where this program is now: an upgrade puts a new file in the place of the old.
    fn program(&self) -> PathBuf {
        let shown = self.program.display().to_string();
        PathBuf::from(shown.strip_suffix(" (deleted)").unwrap_or(&shown))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the agent with this home until `stop` ends. Workloads go on after it.
///
/// # Errors
/// [`Code::Busy`] when another agent has this home; those of the store and the disk.
pub async fn serve(home: &Path, stop: impl Future<Output = ()>) -> Result<(), ErrorBody> {
    let home = Home::make(home)?;
    let lock_file = home.lock()?;
    let listener = {
        // Ours now: what an agent before us left behind may go.
        let path = home.socket();
        crate::sockets::listen(&path, 0o600).map_err(|error| {
            io_failure(
                &format!("The socket {} cannot be made", path.display()),
                &error,
            )
        })?
    };
    let agent = Arc::new(Agent::open(home)?);
    tracing::info!(home = %agent.home.root().display(), version = crate::VERSION, "the agent starts");
    runs::resume(&agent)?;
    services::resume(&agent)?;
    let shutdown = agent.shutdown.clone();
    let routes = http::routes(Arc::clone(&agent));
    let serving = axum::serve(listener, routes)
        .with_graceful_shutdown(shutdown.clone().cancelled_owned())
        .into_future();
    let mut serving = tokio::spawn(serving);
    tokio::select! {
        () = stop => shutdown.cancel(),
        () = shutdown.cancelled() => {}
        _ = &mut serving => shutdown.cancel(),
    }
    // Answers under way may finish; a stuck one does not hold the agent up.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(5), serving).await;
    let _ = std::fs::remove_file(agent.home.socket());
    drop(lock_file);
    tracing::info!("the agent ends; its workloads go on");
    Ok(())
}

/// A thing that does not exist, or is not known to this agent.
fn unknown(what: &str, id: &str) -> ErrorBody {
    ErrorBody::new(Code::NotFound, format!("The agent knows no {what} '{id}'."))
        .with(what, id.to_owned())
}
