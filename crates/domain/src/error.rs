use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Code;

/// An error as it crosses a boundary: agent to console, console to UI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct ErrorBody {
    /// What kind of failure.
    pub code: Code,
    /// What did not happen, and why; one or two sentences, no secret.
    pub message: String,
    /// Facts for a person or a program: field, host, fingerprints, path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(as = "Option<BTreeMap<String, String>>", optional)]
    pub details: BTreeMap<String, String>,
}

impl ErrorBody {
    /// An error without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: BTreeMap::new(),
        }
    }

    /// Adds one fact.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// A field's value is not acceptable.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message).with("field", field)
    }

    /// What was asked for is not there.
    pub fn not_found(what: &str, name: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no {what} '{name}'.")).with(what, name)
    }
}

/// Errors of the library crates say which code they carry.
pub trait Coded: std::error::Error {
    /// The kind of failure.
    fn code(&self) -> Code;

    /// Facts besides the message; empty unless overridden.
    fn details(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The error as it crosses a boundary.
    fn to_body(&self) -> ErrorBody {
        ErrorBody {
            code: self.code(),
            message: self.to_string(),
            details: self.details(),
        }
    }
}

/// So that `?` carries an error of a library over a boundary.
impl<E: Coded> From<E> for ErrorBody {
    fn from(error: E) -> Self {
        error.to_body()
    }
}
