//! Errors in MLflow's words.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;
use skerry_domain::{Code, Coded};
use skerry_store::StoreError;

/// An answer that says no.
#[derive(Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Fault {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE", message)
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
    }

    pub(crate) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
    }

    pub(crate) fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message)
    }

    pub(crate) fn no_endpoint(path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "ENDPOINT_NOT_FOUND",
            format!("Not found: {path} is not served here."),
        )
    }

    pub(crate) fn body_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BAD_REQUEST",
            format!(
                "The request body has more than {} bytes.",
                crate::BODY_LIMIT
            ),
        )
    }

    /// A failure of the file system while `what`.
    pub(crate) fn file(what: &str, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::missing(format!("{what}: no such file.")),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "RESOURCE_LIMIT_EXCEEDED",
                format!("{what}: the disk is full."),
            ),
            _ => {
                tracing::error!(what, %error, "an artifact could not be handled");
                Self::internal(format!("{what}: {error}."))
            }
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match (&error, error.code()) {
            (StoreError::Forbidden(_), _) => Self::forbidden(message),
            (_, Code::NotFound) => Self::missing(message),
            (_, Code::AlreadyExists) => {
                Self::new(StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS", message)
            }
            (_, Code::Invalid) => Self::invalid(message),
            // MLflow has 500 here; its clients would send it again seven times.
            (_, Code::WrongState) => Self::new(StatusCode::BAD_REQUEST, "INVALID_STATE", message),
            (_, Code::DiskFull) => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "RESOURCE_LIMIT_EXCEEDED",
                message,
            ),
            _ => {
                tracing::error!(%error, "the store failed");
                Self::internal(message)
            }
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({"error_code": self.code, "message": self.message});
        (self.status, Json(body)).into_response()
    }
}

pub(crate) type Answer<T = Json<serde_json::Value>> = Result<T, Fault>;
