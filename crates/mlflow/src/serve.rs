//! The tracking server by itself: `skerry serve`.

use std::fs::File;
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::middleware;
use futures_util::future::BoxFuture;
use regex::Regex;
use skerry_domain::{Code, Coded, Secret};
use skerry_store::{Store, StoreError, StoreOptions};
use tokio::net::TcpListener;

use crate::auth::{Entrance, enter};
use crate::listen::{self, Limits};
use crate::root::local_path;
use crate::source::{Locations, scheme};
use crate::upkeep::Running;
use crate::{ArtifactRoot, Auth, MlflowState, multipart, router};

/// Where a tracking server keeps what.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Holds `tracking.db` and `artifacts/`; made when it is not there.
    pub data_dir: PathBuf,
    /// Where the proxy of artifacts keeps files; `artifacts/` in the data folder when
    /// nothing is said. As MLflow's `--artifacts-destination`: a path or a `file:` URI.
    pub artifacts_destination: Option<String>,
    /// Where artifacts of new experiments go, as MLflow's `--default-artifact-root`: a
    /// path or a `file:` URI, whose files are served then, or any other URI, which
    /// clients reach by themselves; the proxy when nothing is said.
    pub default_artifact_root: Option<String>,
}

/// How to serve.
pub struct ServeOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where things are kept.
    pub places: Places,
    /// Schemes of artifact URIs that may name any host.
    pub allowed_schemes: Vec<String>,
    /// A regular expression that is found in every source of a model version.
    pub source_pattern: Option<String>,
    /// Who may come in.
    pub auth: Auth,
    /// Called with the address once requests are taken.
    pub on_ready: Option<Box<dyn FnOnce(SocketAddr) + Send>>,
    /// What else is done with the store while it is open here.
    pub beside: Option<Beside>,
}

/// Something that goes on beside the server, on its store and its artifacts; it is
/// dropped before the data folder is given back.
pub type Beside = Box<dyn FnOnce(Store, ArtifactRoot) -> BoxFuture<'static, ()> + Send>;

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another server uses the folder.
    #[error("The data folder {0} is in use by another tracking server.")]
    InUse(PathBuf),
    /// The folder cannot be made or written.
    #[error("The data folder {path} cannot be used: {source}.")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// An artifact root is none.
    #[error("The files of artifacts cannot be kept at '{0}': give a folder of this computer.")]
    Destination(String),
    /// The pattern of sources cannot be read.
    #[error("The pattern that sources of model versions must match cannot be read: {0}.")]
    SourcePattern(#[from] regex::Error),
    /// Something listens there already.
    #[error("Port {} on {} is taken by another program.", .0.port(), .0.ip())]
    PortTaken(SocketAddr),
    /// The address cannot be listened on, or listening failed.
    #[error("Cannot listen on {address}: {source}.")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Coded for ServeError {
    fn code(&self) -> Code {
        match self {
            Self::Store(error) => error.code(),
            Self::InUse(_) => Code::DataFolderInUse,
            Self::Folder { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Code::DiskFull
            }
            Self::Folder { .. } => Code::FileAccess,
            Self::PortTaken(_) => Code::PortTaken,
            Self::Listen { .. } | Self::Destination(_) | Self::SourcePattern(_) => Code::Invalid,
        }
    }
}

/// The folder that a path or a `file:` URI means.
fn on_this_machine(uri: &str) -> Option<PathBuf> {
    if scheme(uri).is_empty() {
        return std::path::absolute(uri).ok();
    }
    local_path(uri)
}

impl Places {
    /// Opens the store and finds the roots of artifacts.
    pub(crate) fn open(&self) -> Result<(Store, ArtifactRoot), ServeError> {
        let destination = match &self.artifacts_destination {
            Some(uri) => {
                on_this_machine(uri).ok_or_else(|| ServeError::Destination(uri.clone()))?
            }
            None => self.data_dir.join("artifacts"),
        };
        let mut artifacts = ArtifactRoot::new(destination);
        let mut options = StoreOptions::default();
        if let Some(uri) = &self.default_artifact_root {
            options.artifact_root.clone_from(uri);
            if let Some(folder) = on_this_machine(uri) {
                if !uri.starts_with("file:") {
                    options.artifact_root = folder.display().to_string();
                }
                artifacts = artifacts.with_local(folder);
            }
        }
        let store = Store::open(&self.data_dir.join("tracking.db"), options)?;
        Ok((store, artifacts))
    }
}

/// Takes a data folder for one process, until the file is dropped: two writers would
/// not see each other's names.
pub(crate) fn lock(data_dir: &Path) -> Result<File, ServeError> {
    let folder = |source| ServeError::Folder {
        path: data_dir.to_owned(),
        source,
    };
    std::fs::create_dir_all(data_dir).map_err(folder)?;
    let mut how = File::options();
    how.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
    let file = how.open(data_dir.join("serve.lock")).map_err(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(ServeError::InUse(data_dir.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(folder(error)),
    }
}

/// Writes into the locked file how its holder is asked.
fn tell(lock: &mut File, running: &Running) -> std::io::Result<()> {
    lock.set_len(0)?;
    serde_json::to_writer(&mut *lock, running)?;
    lock.flush()
}

/// Deletes uploads that were broken off, at once and then every hour.
async fn sweep_hourly(artifacts: ArtifactRoot) {
    let mut hours = tokio::time::interval(Duration::from_secs(60 * 60));
    loop {
        hours.tick().await;
        let artifacts = artifacts.clone();
        let _ = tokio::task::spawn_blocking(move || {
            multipart::sweep(&artifacts, multipart::STALE);
        })
        .await;
    }
}

/// Serves until `shutdown`, then answers what is under way and closes the store.
///
/// # Errors
/// What keeps it from starting; each with its code.
pub async fn serve(
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let mut lock = lock(&options.places.data_dir)?;
    let (store, artifacts) = options.places.open()?;
    let locations = Locations {
        default_root: store.options().artifact_root.clone(),
        allowed: options.allowed_schemes,
        source_pattern: options
            .source_pattern
            .as_deref()
            .map(Regex::new)
            .transpose()?,
    };
    let swept = artifacts.clone();
    let beside = options
        .beside
        .map(|begin| begin(store.clone(), artifacts.clone()));
    let state = MlflowState::new(store, artifacts)
        .with_locations(locations)
        .served_alone();
    let address = options.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => ServeError::PortTaken(address),
            _ => ServeError::Listen { address, source },
        })?;
    let listen = |source| ServeError::Listen { address, source };
    let address = listener.local_addr().map_err(listen)?;
    let running = Running {
        address,
        key: format!(
            "{}{}",
            uuid::Uuid::new_v4().simple(),
            uuid::Uuid::new_v4().simple()
        ),
    };
    tell(&mut lock, &running).map_err(listen)?;
    let beside = beside.map(tokio::spawn);
    let entrance = Arc::new(Entrance {
        auth: options.auth,
        key: Secret::new(running.key),
        loopback: address.ip().is_loopback(),
    });
    let app = router(state).layer(middleware::from_fn_with_state(entrance, enter));
    tracing::info!(%address, data_dir = %options.places.data_dir.display(), "the tracking server listens");
    if let Some(ready) = options.on_ready {
        ready(address);
    }
    let upkeep = tokio::spawn(sweep_hourly(swept));
    listen::serve(listener, app, Limits::default(), shutdown).await;
    upkeep.abort();
    if let Some(beside) = beside {
        beside.abort();
        let _ = beside.await;
    }
    drop(lock);
    Ok(())
}
