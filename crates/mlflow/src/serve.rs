//! The tracking server by itself: `skerry serve`.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::middleware;
use axum::serve::ListenerExt;
use skerry_domain::{Code, Coded};
use skerry_store::{Store, StoreError, StoreOptions};
use tokio::net::TcpListener;

use crate::auth::{Entrance, enter};
use crate::{ArtifactRoot, Auth, MlflowState, router};

/// How to serve.
pub struct ServeOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Holds `tracking.db` and `artifacts/`; made when it is not there.
    pub data_dir: PathBuf,
    /// Who may come in.
    pub auth: Auth,
    /// Called with the address once requests are taken.
    pub on_ready: Option<Box<dyn FnOnce(SocketAddr) + Send>>,
}

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
            Self::Listen { .. } => Code::Invalid,
        }
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
    let data_dir = options.data_dir;
    let folder = |source| ServeError::Folder {
        path: data_dir.clone(),
        source,
    };
    std::fs::create_dir_all(&data_dir).map_err(folder)?;
    // Held until the end: two writers would not see each other's names.
    let lock = std::fs::File::create(data_dir.join("serve.lock")).map_err(folder)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Err(ServeError::InUse(data_dir)),
        Err(std::fs::TryLockError::Error(error)) => return Err(folder(error)),
    }
    let store = Store::open(&data_dir.join("tracking.db"), StoreOptions::default())?;
    let state = MlflowState::new(store, ArtifactRoot::new(data_dir.join("artifacts")));
    let address = options.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => ServeError::PortTaken(address),
            _ => ServeError::Listen { address, source },
        })?;
    let listen = |source| ServeError::Listen { address, source };
    let address = listener.local_addr().map_err(listen)?;
    let entrance = Arc::new(Entrance {
        auth: options.auth,
        loopback: address.ip().is_loopback(),
    });
    let app = router(state).layer(middleware::from_fn_with_state(entrance, enter));
    let listener = listener.tap_io(|stream| {
        // A small answer must not wait for the client's acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
    });
    tracing::info!(%address, data_dir = %data_dir.display(), "the tracking server listens");
    if let Some(ready) = options.on_ready {
        ready(address);
    }
    axum::serve(listener, app)
        .with_graceful_shutdown(shutdown)
        .await
        .map_err(listen)?;
    drop(lock);
    Ok(())
}
