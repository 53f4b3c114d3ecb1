//! `skerry model …`

use serde_json::json;
use skerry_console::api::*;
use skerry_domain::{Code, ErrorBody};

use super::run::nothing;
use super::{Session, approval, operation, registry, time, word};
use crate::arguments::Model;
use crate::output;

pub async fn run(session: &mut Session, verb: Model) -> Result<(), ErrorBody> {
    let json = session.json;
    match verb {
        Model::Register {
            run,
            path,
            name,
            description,
            tag,
            alias,
        } => {
            let artifact_path = match path {
                Some(path) => path,
                None => only_model(session, &run).await?,
            };
            let args = ModelRegister {
                run_id: run,
                artifact_path,
                name,
                description,
                tags: tag,
                alias,
            };
            let version: VersionKey = session.access.call("model_register", args).await?;
            output::print(json, &version, || {
                format!("{} version {}", version.name, version.version)
            });
            Ok(())
        }
        Model::List { text } => {
            let rows: Vec<ModelRow> = session
                .access
                .call("models_list", ModelQuery { text })
                .await?;
            output::print(json, &rows, || {
                let rows: Vec<Vec<String>> = rows.iter().map(line).collect();
                output::table(
                    &["MODEL", "LATEST", "VERSIONS", "ALIASES", "CHANGED"],
                    &rows,
                )
            });
            Ok(())
        }
        Model::Show {
            name,
            version: None,
        } => {
            let detail: ModelDetail = session.access.call("model_get", ByName { name }).await?;
            output::print(json, &detail, || {
                let rows: Vec<Vec<String>> = detail.versions.iter().map(version_line).collect();
                output::table(
                    &[
                        "VERSION",
                        "ALIASES",
                        "APPROVAL",
                        "RUN",
                        "IMAGE",
                        "LIVE IN",
                        "REGISTERED",
                    ],
                    &rows,
                )
            });
            Ok(())
        }
        Model::Show {
            name,
            version: Some(version),
        } => {
            let key = VersionKey { name, version };
            let detail: VersionDetail = session.access.call("version_get", key).await?;
            output::print(json, &detail, || describe(&detail));
            Ok(())
        }
        Model::Alias {
            name,
            alias,
            version,
        } => {
            nothing(
                session,
                "alias_set",
                json!(AliasSet {
                    name,
                    alias,
                    version
                }),
            )
            .await
        }
        Model::Unalias { name, alias } => {
            nothing(session, "alias_delete", json!(AliasDelete { name, alias })).await
        }
        Model::Tag { name, version, tag } => {
            let args = VersionTagSet {
                name,
                version,
                key: tag.key,
                value: tag.value,
                known: None,
            };
            nothing(session, "version_tag_set", json!(args)).await
        }
        Model::Approval(verb) => approval::run(session, verb).await,
        Model::Delete {
            name,
            version: Some(version),
        } => {
            nothing(
                session,
                "version_delete",
                json!(VersionKey { name, version }),
            )
            .await
        }
        Model::Delete {
            name,
            version: None,
        } => nothing(session, "model_delete", json!(ByName { name })).await,
        Model::Containerize {
            name,
            version,
            registry,
            repository,
            tag,
            base_image,
            no_wait,
        } => {
            let registry_id = registry::find(session, &registry).await?.id;
            let args = Containerize {
                name,
                version,
                registry_id,
                repository,
                tag: tag.unwrap_or_else(|| version.to_string()),
                base_image,
            };
            let operation: Operation = session.access.call("containerize", args).await?;
            let operation = if no_wait {
                operation
            } else {
                operation::finished(session, operation).await?
            };
            output::print(json, &operation, || match &operation.image {
                Some(image) => format!("{}@{}", image.reference, image.digest),
                None => operation.id.clone(),
            });
            Ok(())
        }
    }
}

async fn only_model(session: &mut Session, run: &str) -> Result<String, ErrorBody> {
    let detail: RunDetail = session.access.call("run_get", json!({ "id": run })).await?;
    match detail.model_paths.as_slice() {
        [path] => Ok(path.clone()),
        [] => Err(ErrorBody::new(
            Code::ModelUnusable,
            "The run has logged no model.",
        )),
        paths => Err(ErrorBody::invalid(
            "path",
            format!(
                "The run has several models; choose one with --path: {}.",
                paths.join(", ")
            ),
        )),
    }
}

fn line(row: &ModelRow) -> Vec<String> {
    let aliases: Vec<String> = row
        .aliases
        .iter()
        .map(|alias| format!("{}→{}", alias.alias, alias.version))
        .collect();
    vec![
        row.name.clone(),
        row.latest_version
            .map_or_else(String::new, |version| version.to_string()),
        row.versions.to_string(),
        aliases.join(" "),
        time(row.updated_at),
    ]
}

fn version_line(row: &VersionRow) -> Vec<String> {
    vec![
        row.version.to_string(),
        row.aliases.join(" "),
        approval::state(&row.approval),
        row.run.clone().unwrap_or_default(),
        row.image
            .as_ref()
            .map_or_else(String::new, |image| image.digest.clone()),
        row.live_in.join(" "),
        time(row.created_at),
    ]
}

fn describe(detail: &VersionDetail) -> String {
    let row = &detail.row;
    let mut text = format!("{} version {}", row.name, row.version);
    let mut fact = |key: &str, value: &str| text.push_str(&format!("\n{key:<10}{value}"));
    fact("source", &detail.source);
    fact("approval", &approval::state(&row.approval));
    if let Some(run) = &row.run_id {
        fact("run", run);
    }
    if let Some(machine) = &row.machine {
        fact("machine", machine);
    }
    if let Some(hash) = &detail.project_hash {
        fact("project", hash);
    }
    for input in &detail.inputs {
        fact("data", &format!("{} {}", input.name, input.digest));
    }
    for image in &detail.images {
        fact("image", &format!("{}@{}", image.reference, image.digest));
    }
    for deployment in &detail.deployments {
        fact(
            "deployed",
            &format!("{} {}", deployment.name, word(&deployment.state)),
        );
    }
    text
}
