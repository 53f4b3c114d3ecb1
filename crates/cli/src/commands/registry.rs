//! `skerry registry …`

use serde_json::json;
use skerry_console::api::RegistryRow;
use skerry_domain::ErrorBody;

use super::run::nothing;
use super::{Session, read_secret, time};
use crate::arguments::Registry;
use crate::output;

pub async fn run(session: &mut Session, verb: Registry) -> Result<(), ErrorBody> {
    let json = session.json;
    match verb {
        Registry::Add {
            host,
            username,
            password_stdin,
            insecure,
        } => {
            let password = password_stdin
                .then(|| read_secret("Password or token"))
                .transpose()?;
            let id = rows(session)
                .await?
                .into_iter()
                .find(|row| row.host == host)
                .map(|row| row.id);
            let args = json!({
                "id": id, "host": host, "username": username,
                "password": password, "insecure": insecure,
            });
            let row: RegistryRow = session.access.call("registry_save", args).await?;
            output::print(json, &row, || format!("{}  {}", row.id, row.host));
            Ok(())
        }
        Registry::List => {
            let rows = rows(session).await?;
            output::print(json, &rows, || {
                let rows: Vec<Vec<String>> = rows.iter().map(line).collect();
                output::table(&["HOST", "ACCOUNT", "TLS", "TESTED", "PROBLEM"], &rows)
            });
            Ok(())
        }
        Registry::Test { registry } => {
            let id = find(session, &registry).await?.id;
            let row: RegistryRow = session
                .access
                .call("registry_test", json!({ "id": id }))
                .await?;
            if let Some(problem) = row.problem {
                return Err(problem);
            }
            output::print(json, &row, || format!("{} answers.", row.host));
            Ok(())
        }
        Registry::Delete { registry } => {
            let id = find(session, &registry).await?.id;
            nothing(session, "registry_delete", json!({ "id": id })).await
        }
    }
}

async fn rows(session: &mut Session) -> Result<Vec<RegistryRow>, ErrorBody> {
    session.access.call("registries_list", ()).await
}

/// A registry by id or host.
pub async fn find(session: &mut Session, registry: &str) -> Result<RegistryRow, ErrorBody> {
    rows(session)
        .await?
        .into_iter()
        .find(|row| row.id == registry || row.host == registry)
        .ok_or_else(|| ErrorBody::not_found("registry", registry))
}

fn line(row: &RegistryRow) -> Vec<String> {
    vec![
        row.host.clone(),
        row.username.clone().unwrap_or_else(|| "anonymous".into()),
        if row.insecure { "no" } else { "yes" }.to_owned(),
        row.tested_at.map_or_else(String::new, time),
        row.problem
            .as_ref()
            .map_or_else(String::new, |problem| problem.message.clone()),
    ]
}
