//! The registry of a server. Version numbers are kept by registering versions in their
//! order; a number that is not there any more is registered and deleted.

use reqwest::Method;
use serde_json::{Value, json};
use skerry_domain::Code;

use super::{ServerTarget, missing, pairs};
use crate::Result;
use crate::entities::{Source as _, SourceRegistered, Target as _};
use crate::report::Problem;
use crate::server::{path, put};

impl ServerTarget {
    /// Makes a registered model with its versions and aliases, or makes them equal.
    pub(super) fn register_all(&self, registered: &SourceRegistered) -> Result<Vec<Problem>> {
        let model = &registered.model;
        let mut body = json!({"name": model.name, "tags": pairs(&model.tags)});
        if let Some(description) = &model.description {
            put(&mut body, "description", description.as_str());
        }
        match self.post("registered-models/create", &body) {
            Ok(_) => {}
            Err(error) if error.code == Code::AlreadyExists => {
                let there = self.there.registered(&model.name)?;
                for tag in missing(&model.tags, &there.model.tags) {
                    self.post(
                        "registered-models/set-tag",
                        &json!({"name": model.name, "key": tag.key, "value": tag.value}),
                    )?;
                }
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let description = text(&model.description);
                if text(&there.model.description) != description {
                    let body = json!({"name": model.name, "description": description});
                    let end = path("registered-models/update");
                    self.there
                        .client
                        .call(Method::PATCH, &end, &[], Some(&body))?;
                }
            }
            Err(error) => return Err(error),
        }
        let mut problems = Vec::new();
        self.versions(registered, &mut problems)?;
        Ok(problems)
    }

    fn versions(&self, registered: &SourceRegistered, problems: &mut Vec<Problem>) -> Result<()> {
        let name = &registered.model.name;
        let there = self.there.registered(name)?;
        let mut last = there.versions.last().map_or(0, |version| version.version);
        for version in &registered.versions {
            let what = format!("registered model '{name}': version {}", version.version);
            let run_id = version.run_id.as_deref().map(|id| self.there.id_here(id));
            if let Some(found) = there.versions.iter().find(|v| v.version == version.version) {
                if found.run_id != version.run_id {
                    problems.push(Problem::new(what, "the number is another version's there"));
                    continue;
                }
            } else if version.version <= last {
                problems.push(Problem::new(what, "the number is not free there any more"));
                continue;
            }
            while last < version.version {
                let mut body = json!({"name": name, "source": self.uri(&version.source)?});
                for (field, value) in [
                    ("run_id", &run_id),
                    ("run_link", &version.run_link),
                    ("description", &version.description),
                ] {
                    if let Some(value) = value {
                        put(&mut body, field, value.as_str());
                    }
                }
                if let Some(model_id) = &version.model_id {
                    put(&mut body, "model_id", self.there.id_here(model_id));
                }
                let answer = match self.post("model-versions/create", &body) {
                    Ok(answer) => answer,
                    // The server refuses some sources, such as local paths.
                    Err(error) if error.code == Code::Invalid => {
                        problems.push(Problem::new(what.clone(), error.message));
                        break;
                    }
                    Err(error) => return Err(error),
                };
                let number = answer
                    .pointer("/model_version/version")
                    .and_then(Value::as_str)
                    .and_then(|number| number.parse::<i64>().ok())
                    .unwrap_or(i64::MAX);
                last = number;
                if number < version.version {
                    let body = json!({"name": name, "version": number.to_string()});
                    let end = path("model-versions/delete");
                    self.there
                        .client
                        .call(Method::DELETE, &end, &[], Some(&body))?;
                }
            }
            let none = Vec::new();
            let found = there.versions.iter().find(|v| v.version == version.version);
            let number = version.version.to_string();
            for tag in missing(&version.tags, found.map_or(&none, |v| &v.tags)) {
                self.post(
                    "model-versions/set-tag",
                    &json!({"name": name, "version": number, "key": tag.key, "value": tag.value}),
                )?;
            }
            if version.stage != found.map_or("None", |v| v.stage.as_str()) {
                self.post(
                    "model-versions/transition-stage",
                    &json!({"name": name, "version": number, "stage": version.stage,
                        "archive_existing_versions": false}),
                )?;
            }
            if found.is_some_and(|found| found.description != version.description) {
                let body = json!({"name": name, "version": number,
                    "description": version.description.clone().unwrap_or_default()});
                self.there.client.call(
                    Method::PATCH,
                    &path("model-versions/update"),
                    &[],
                    Some(&body),
                )?;
            }
        }
        for (alias, version) in &registered.model.aliases {
            if there.model.aliases.get(alias) != Some(version) {
                let set = self.post(
                    "registered-models/alias",
                    &json!({"name": name, "alias": alias, "version": version.to_string()}),
                );
                if let Err(error) = set {
                    let what = format!("registered model '{name}': alias '{alias}'");
                    problems.push(Problem::new(what, error.message));
                }
            }
        }
        Ok(())
    }
}
