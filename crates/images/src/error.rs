//! What can go wrong between a model folder and a registry.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use skerry_domain::{Code, Coded};

use crate::progress::Stopped;

/// A failure, in words for a person.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value is not acceptable.
    #[error("{message}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The unpacked base was never finished, or is not there.
    #[error("The base image in {} was not read to its end.", .0.display())]
    BaseIncomplete(PathBuf),
    /// What the engine exported is not an image that can be built on.
    #[error("The base image cannot be used: {0}.")]
    BaseUnusable(String),
    /// The model folder cannot become a layer.
    #[error("The model folder cannot be packed: {0}.")]
    ModelUnusable(String),
    /// A person cancelled.
    #[error("The operation was cancelled.")]
    Cancelled,
    /// A file could not be read or written.
    #[error("{what} failed at {}: {source}.", path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No answer from the registry.
    #[error("The registry {host} does not answer: {reason}.")]
    Unreachable {
        /// Host and port.
        host: String,
        /// Why, as far as it can be told.
        reason: String,
    },
    /// The handshake failed.
    #[error("TLS with the registry {host} failed: {reason}.")]
    Tls {
        /// Host and port.
        host: String,
        /// Why, as far as it can be told.
        reason: String,
    },
    /// It answers, but not as a registry does.
    #[error("What answers at {host} is not a container registry: {reason}.")]
    NotARegistry {
        /// Host and port.
        host: String,
        /// What it answered.
        reason: String,
    },
    /// Credentials are missing or wrong.
    #[error("The registry {host} refused the login: {reason}.")]
    Unauthorized {
        /// Host and port.
        host: String,
        /// What it said.
        reason: String,
    },
    /// The account is known, but may not do this.
    #[error("The registry {host} does not allow this: {reason}.")]
    Denied {
        /// Host and port.
        host: String,
        /// What it said.
        reason: String,
    },
    /// The image is not in the registry.
    #[error("There is no image {0} in the registry.")]
    NotFound(String),
}

impl Error {
    pub(crate) fn file(what: &'static str, path: &Path, source: io::Error) -> Self {
        if source.get_ref().is_some_and(|inner| inner.is::<Stopped>()) {
            return Self::Cancelled;
        }
        Self::File {
            what,
            path: path.to_owned(),
            source,
        }
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid { .. } => Code::Invalid,
            Self::BaseIncomplete(_) | Self::BaseUnusable(_) => Code::EngineFailed,
            Self::ModelUnusable(_) => Code::ModelUnusable,
            Self::Cancelled => Code::Cancelled,
            Self::File { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
                _ => Code::FileAccess,
            },
            Self::Unreachable { .. } => Code::RegistryUnreachable,
            Self::Tls { .. } => Code::TlsFailed,
            Self::NotARegistry { .. } => Code::NotARegistry,
            Self::Unauthorized { .. } => Code::RegistryUnauthorized,
            Self::Denied { .. } => Code::RegistryDenied,
            Self::NotFound(_) => Code::NotFound,
        }
    }

    fn details(&self) -> BTreeMap<String, String> {
        let (key, value) = match self {
            Self::Invalid { field, .. } => ("field", (*field).to_owned()),
            Self::File { path, .. } | Self::BaseIncomplete(path) => {
                ("path", path.display().to_string())
            }
            Self::Unreachable { host, .. }
            | Self::Tls { host, .. }
            | Self::NotARegistry { host, .. }
            | Self::Unauthorized { host, .. }
            | Self::Denied { host, .. } => ("host", host.clone()),
            Self::NotFound(reference) => ("image", reference.clone()),
            Self::BaseUnusable(_) | Self::ModelUnusable(_) | Self::Cancelled => {
                return BTreeMap::new();
            }
        };
        BTreeMap::from([(key.to_owned(), value)])
    }
}
