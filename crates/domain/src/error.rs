use std::{collections::BTreeMap, io, path::Path};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Code, Reason};

/// An error as it crosses a boundary: agent to console, console to UI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct ErrorBody {
    /// What kind of failure.
    pub code: Code,
    /// Why, where the code covers several things. An older agent says none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::reason::known"
    )]
    #[ts(optional)]
    pub reason: Option<Reason>,
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
            reason: None,
            message: message.into(),
            details: BTreeMap::new(),
        }
    }

    /// Says which of the things that the code covers it was.
    #[must_use]
    pub fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
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

    /// A file or folder cannot be read or written; the code and the details are made
    /// of what the system says.
    pub fn file(
        reason: Reason,
        path: &Path,
        error: &io::Error,
        message: impl Into<String>,
    ) -> Self {
        let body = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::new(Code::DiskFull, message)
            }
            _ => Self::new(Code::FileAccess, message)
                .because(reason)
                .with("why", error.to_string()),
        };
        body.with("path", path.display().to_string())
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

    /// Why, where the code covers several things; none unless overridden.
    fn reason(&self) -> Option<Reason> {
        None
    }

    /// Facts besides the message; empty unless overridden.
    fn details(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The error as it crosses a boundary.
    fn to_body(&self) -> ErrorBody {
        ErrorBody {
            code: self.code(),
            reason: self.reason(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_travels_and_an_unknown_one_is_none() {
        let body = ErrorBody::invalid("host", "No.").because(Reason::HostEmpty);
        let mut json = serde_json::to_value(&body).unwrap();
        assert_eq!(json["reason"], "host_empty");
        let back: ErrorBody = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(back, body);
        json["reason"] = "of_a_newer_agent".into();
        let back: ErrorBody = serde_json::from_value(json.clone()).unwrap();
        assert_eq!((back.reason, back.code), (None, Code::Invalid));
        json["reason"] = serde_json::Value::Null;
        assert!(serde_json::from_value::<ErrorBody>(json).is_ok());
    }

    #[test]
    fn an_error_without_a_reason_is_written_as_ever() {
        let json = serde_json::to_value(ErrorBody::new(Code::Busy, "Wait.")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"code": "busy", "message": "Wait."})
        );
        let back: ErrorBody = serde_json::from_value(json).unwrap();
        assert_eq!(back.reason, None);
    }
}
