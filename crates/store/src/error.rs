use std::collections::BTreeMap;

use rusqlite::ErrorCode;
use skerry_domain::{Code, Coded, ErrorBody, Reason};

/// Why the store did not do something.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The input breaks a rule; MLflow's message where MLflow has one.
    #[error("{0}")]
    Invalid(String),
    /// The input breaks a rule, and the field is known.
    #[error("{0}")]
    Input(ErrorBody),
    /// What was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// Something with that name is there already.
    #[error("{0}")]
    AlreadyExists(String),
    /// The thing is in a state that forbids this, such as deleted.
    #[error("{0}")]
    WrongState(String),
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// The disk, or the limit set for the store, is full.
    #[error("The store could not be written: the disk is full.")]
    Full,
    /// The store cannot be written.
    #[error("The store could not be written: {0} is read-only.")]
    ReadOnly(String),
    /// A newer version of Skerry wrote it.
    #[error(
        "The store {path} was written by a newer version of Skerry (schema {found}; this version knows up to {known})."
    )]
    Newer {
        /// The file.
        path: String,
        /// Its newest migration.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file is damaged, or not a store.
    #[error(
        "The store {0} is damaged or is not a Skerry store. `skerry doctor store` says what is wrong, and \
         saves what can be read."
    )]
    Corrupt(String),
    /// The file or its folder cannot be opened.
    #[error("The store {path} cannot be opened: {why}.")]
    Access {
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The writer has ended; the process is shutting down.
    #[error("The store is closed.")]
    Closed,
    /// Anything else that SQLite says.
    #[error("The store failed: {0}.")]
    Sql(String),
}

impl StoreError {
    /// Whether it says no to what was asked for; otherwise the store itself failed.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Invalid(_)
                | Self::Input(_)
                | Self::NotFound(_)
                | Self::AlreadyExists(_)
                | Self::WrongState(_)
                | Self::Forbidden(_)
        )
    }
}

impl Coded for StoreError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::Invalid,
            Self::Input(body) => body.code,
            Self::NotFound(_) => Code::NotFound,
            Self::AlreadyExists(_) => Code::AlreadyExists,
            Self::WrongState(_) | Self::Forbidden(_) => Code::WrongState,
            Self::Full => Code::DiskFull,
            Self::ReadOnly(_) => Code::StoreReadOnly,
            Self::Newer { .. } => Code::StoreNewer,
            Self::Corrupt(_) => Code::StoreCorrupt,
            Self::Access { .. } => Code::FileAccess,
            Self::Closed | Self::Sql(_) => Code::Internal,
        }
    }

    fn reason(&self) -> Option<Reason> {
        match self {
            Self::Input(body) => body.reason,
            // Of this kind there is but one.
            Self::WrongState(_) => Some(Reason::ExperimentDeleted),
            _ => None,
        }
    }

    fn details(&self) -> BTreeMap<String, String> {
        match self {
            Self::Input(body) => body.details.clone(),
            Self::Newer { path, found, known } => BTreeMap::from([
                ("path".to_owned(), path.clone()),
                ("found".to_owned(), found.to_string()),
                ("known".to_owned(), known.to_string()),
            ]),
            Self::ReadOnly(path) | Self::Corrupt(path) | Self::Access { path, .. } => {
                BTreeMap::from([("path".to_owned(), path.clone())])
            }
            _ => BTreeMap::new(),
        }
    }
}

impl From<ErrorBody> for StoreError {
    fn from(body: ErrorBody) -> Self {
        Self::Input(body)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly("the file".to_owned()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt("file".to_owned())
            }
            _ => Self::Sql(error.to_string()),
        }
    }
}

impl From<rusqlite::types::FromSqlError> for StoreError {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Sql(error.to_string())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Sql(format!("a stored value cannot be read: {error}"))
    }
}

/// What the store answers.
pub type Result<T> = std::result::Result<T, StoreError>;
