//! `skerry deploy …`

use std::time::Duration;

use serde_json::json;
use skerry_console::api::*;
use skerry_domain::{Code, ErrorBody, ServicePhase};

use super::run::nothing;
use super::{Session, machine, read_all, time, word};
use crate::arguments::Deploy;
use crate::output;

const POLL: Duration = Duration::from_millis(300);

pub async fn run(session: &mut Session, verb: Deploy) -> Result<(), ErrorBody> {
    let json = session.json;
    match verb {
        Deploy::Create {
            model,
            version,
            machine,
            name,
            port,
            bind,
            wait,
        } => {
            let machine_id = machine::find(session, &machine).await?.id;
            let args = DeploymentCreate {
                name,
                machine_id,
                model,
                version,
                port,
                bind,
            };
            let row: DeploymentRow = session.access.call("deployment_create", args).await?;
            settled(session, row, wait.no_wait).await
        }
        Deploy::List => {
            let rows = rows(session).await?;
            output::print(json, &rows, || {
                let rows: Vec<Vec<String>> = rows.iter().map(line).collect();
                output::table(
                    &[
                        "NAME", "MODEL", "VERSION", "MACHINE", "STATE", "SINCE", "ENDPOINT",
                    ],
                    &rows,
                )
            });
            Ok(())
        }
        Deploy::Show { deployment } => {
            let detail = get(session, &deployment).await?;
            output::print(json, &detail, || describe(&detail));
            Ok(())
        }
        Deploy::Update {
            deployment,
            version,
            wait,
        } => {
            let id = find(session, &deployment).await?.id;
            let args = DeploymentUpdate { id, version };
            let row: DeploymentRow = session.access.call("deployment_update", args).await?;
            settled(session, row, wait.no_wait).await
        }
        Deploy::Rollback { deployment, wait } => {
            let row = by_id(session, "deployment_rollback", &deployment).await?;
            settled(session, row, wait.no_wait).await
        }
        Deploy::Stop { deployment } => {
            let row = by_id(session, "deployment_stop", &deployment).await?;
            settled(session, row, true).await
        }
        Deploy::Start { deployment, wait } => {
            let row = by_id(session, "deployment_start", &deployment).await?;
            settled(session, row, wait.no_wait).await
        }
        Deploy::Delete { deployment } => {
            let row = find(session, &deployment).await?;
            let args = DeploymentDelete {
                id: row.id,
                confirm_name: row.name,
            };
            nothing(session, "deployment_delete", json!(args)).await
        }
        Deploy::Invoke { deployment, body } => {
            let detail = get(session, &deployment).await?;
            let body = match body.as_deref() {
                Some("-") => read_all()?,
                Some(body) => body.to_owned(),
                None => detail.input_example.ok_or_else(|| {
                    ErrorBody::invalid("body", "The model has no input example; give a body.")
                })?,
            };
            let args = DeploymentInvoke {
                id: detail.row.id,
                body,
            };
            let answer: DeploymentAnswer = session.access.call("deployment_invoke", args).await?;
            output::print(json, &answer, || answer.body.clone());
            if answer.status >= 400 {
                return Err(ErrorBody::new(
                    Code::CommandFailed,
                    format!("The deployment answered with status {}.", answer.status),
                ));
            }
            Ok(())
        }
    }
}

async fn rows(session: &mut Session) -> Result<Vec<DeploymentRow>, ErrorBody> {
    session.access.call("deployments_list", ()).await
}

async fn find(session: &mut Session, deployment: &str) -> Result<DeploymentRow, ErrorBody> {
    rows(session)
        .await?
        .into_iter()
        .find(|row| row.id == deployment || row.name == deployment)
        .ok_or_else(|| ErrorBody::not_found("deployment", deployment))
}

async fn get(session: &mut Session, deployment: &str) -> Result<DeploymentDetail, ErrorBody> {
    let id = find(session, deployment).await?.id;
    session
        .access
        .call("deployment_get", json!({ "id": id }))
        .await
}

async fn by_id(
    session: &mut Session,
    command: &str,
    deployment: &str,
) -> Result<DeploymentRow, ErrorBody> {
    let id = find(session, deployment).await?.id;
    session.access.call(command, json!({ "id": id })).await
}

/// Waits until the newest revision is live or refused, as observed.
async fn settled(
    session: &mut Session,
    row: DeploymentRow,
    no_wait: bool,
) -> Result<(), ErrorBody> {
    let json = session.json;
    if no_wait {
        output::print(json, &row, || line(&row).join("  "));
        return Ok(());
    }
    output::progress(json, "Waiting until it is healthy …");
    loop {
        let detail: DeploymentDetail = session
            .access
            .call("deployment_get", json!({ "id": row.id }))
            .await?;
        let newest = detail.revisions.first();
        if let Some(refused) = newest.filter(|last| last.outcome == RevisionOutcome::Refused) {
            return Err(refused.problem.clone().unwrap_or_else(|| {
                ErrorBody::new(Code::Unhealthy, "The new revision did not become healthy.")
            }));
        }
        let live = newest.is_some_and(|last| last.outcome == RevisionOutcome::Live);
        match detail.row.state {
            ServicePhase::Healthy if live => {
                output::print(json, &detail.row, || line(&detail.row).join("  "));
                return Ok(());
            }
            ServicePhase::Failed => {
                return Err(detail
                    .row
                    .cause
                    .clone()
                    .unwrap_or_else(|| ErrorBody::new(Code::Unhealthy, "The deployment failed.")));
            }
            _ => tokio::time::sleep(POLL).await,
        }
    }
}

fn line(row: &DeploymentRow) -> Vec<String> {
    let state = word(&row.state);
    vec![
        row.name.clone(),
        row.model.clone(),
        row.version.to_string(),
        row.machine.clone(),
        if row.stale {
            format!("{state} (last known)")
        } else {
            state
        },
        time(row.state_since),
        row.endpoint.clone(),
    ]
}

fn describe(detail: &DeploymentDetail) -> String {
    let mut text = line(&detail.row).join("  ");
    if let Some(cause) = &detail.row.cause {
        text.push_str(&format!("\n{}", cause.message));
    }
    let rows: Vec<Vec<String>> = detail
        .revisions
        .iter()
        .map(|revision| {
            vec![
                revision.revision.to_string(),
                revision.version.to_string(),
                word(&revision.outcome),
                revision.image_digest.clone().unwrap_or_default(),
                time(revision.at),
                revision.by.clone(),
            ]
        })
        .collect();
    text.push_str("\n\n");
    text.push_str(&output::table(
        &[
            "REVISION",
            "VERSION",
            "OUTCOME",
            "DIGEST",
            "ASKED FOR",
            "BY",
        ],
        &rows,
    ));
    text
}
