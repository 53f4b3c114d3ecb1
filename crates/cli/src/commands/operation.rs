//! Waiting for operations that take a while.

use std::time::Duration;

use serde_json::json;
use skerry_console::api::{Operation, OperationState};
use skerry_domain::{Code, ErrorBody};

use super::{Session, word};
use crate::output;

const POLL: Duration = Duration::from_millis(300);

/// Waits until the operation has ended; says what it is doing.
pub async fn finished(
    session: &mut Session,
    mut operation: Operation,
) -> Result<Operation, ErrorBody> {
    let mut said = None;
    while matches!(
        operation.state,
        OperationState::Waiting | OperationState::Running
    ) {
        let step = operation
            .steps
            .iter()
            .find(|step| step.state == OperationState::Running);
        if let Some(step) = step {
            let share = step
                .total
                .filter(|total| *total > 0)
                .map(|total| step.done.saturating_mul(10) / total * 10);
            let now = Some((step.id, share));
            if said != now {
                let share = share.map_or_else(String::new, |share| format!(" {share} %"));
                output::progress(session.json, &format!("{}{share} …", word(&step.id)));
                said = now;
            }
        }
        tokio::time::sleep(POLL).await;
        operation = session
            .access
            .call("operation_get", json!({ "id": operation.id }))
            .await?;
    }
    match operation.problem {
        Some(problem) => Err(problem),
        None if operation.state == OperationState::Cancelled => Err(ErrorBody::new(
            Code::Cancelled,
            "The operation was cancelled.",
        )),
        None => Ok(operation),
    }
}
