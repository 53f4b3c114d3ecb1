//! What a console's workspace knows besides tracking data: machines, setup drafts,
//! registries, images, operations, deployments, activity, settings, saved views, reports.
//!
//! JSON columns belong to their owners in the console; here they are carried
//! unread. No secret is ever in one.

mod activity;
mod deployments;
mod images;
mod machines;
mod reports;
mod views;

pub use activity::{ActivityRecord, NewActivity, RunForm};
pub use deployments::DeploymentRecord;
pub use images::{ImageRecord, OperationRecord, RegistryRecord};
pub use machines::{MachineRecord, SecretRecord, SetupRecord};
pub use reports::{ReportChange, ReportRecord};
pub use views::ViewRecord;

use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Result, StoreError};

/// Writes a JSON column.
fn to_json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Reads a JSON column.
fn json<T: DeserializeOwned>(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text)
}

/// Reads a JSON column that may be NULL.
fn optional_json<T: DeserializeOwned>(
    row: &rusqlite::Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| parse(&text)).transpose()
}

fn parse<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

/// A name that must be unique is in use already.
fn taken(answer: rusqlite::Result<usize>, what: &str, name: &str) -> Result<()> {
    match answer {
        Err(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) =>
        {
            Err(StoreError::AlreadyExists(format!(
                "There is a {what} '{name}' already."
            )))
        }
        other => Ok(other.map(drop)?),
    }
}
