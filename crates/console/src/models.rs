//! The model registry: registering from runs, versions, aliases, tags.

use serde_json::{Value, json};
use skerry_domain::tracking::{ModelVersion, RegisteredModel};
use skerry_domain::{Code, ErrorBody, KeyValue, LifecycleStage, Reason, validate};
use skerry_store::workspace::ImageRecord;
use skerry_store::{
    Approval, NewModelVersion, Protection, Reader, RegistryQuery, StoreError, Waiting, WaitingFor,
};

use crate::Console;
use crate::api::*;
use crate::approvals::approval_row;
use crate::runs::{
    MachineNames, Seen, artifact_path_of, check_id, check_known, check_tag, inputs, metric_value,
    model_paths,
};

/// A larger input example is not fetched for a form.
const EXAMPLE_LIMIT: u64 = 64 << 10;
/// Rows of an input example that a form starts with.
const EXAMPLE_ROWS: usize = 3;

/// A version with the run that it came from.
struct Version {
    version: ModelVersion,
    seen: Option<Seen>,
    images: Vec<ImageRecord>,
    approval: Approval,
}

/// A model with what the list shows of its versions.
struct Model {
    model: RegisteredModel,
    versions: Vec<ModelVersion>,
    protections: Vec<Protection>,
    waiting: usize,
}

impl Console {
    /// The registered models.
    pub async fn models_list(&self, query: ModelQuery) -> Result<Vec<ModelRow>, ErrorBody> {
        if query.text.chars().count() > 200 {
            return Err(ErrorBody::invalid(
                "text",
                "A search has at most 200 characters.",
            ));
        }
        let models = self
            .db(|store| {
                store.read(|reader| {
                    let waiting = reader.waiting()?;
                    let models = reader.registered_models(&RegistryQuery::default())?.items;
                    models
                        .into_iter()
                        .map(|model| load_model(reader, model, &waiting))
                        .collect::<Result<Vec<_>, StoreError>>()
                })
            })
            .await?;
        let deployments = self.deployments_list(()).await?;
        let text = query.text.trim().to_lowercase();
        Ok(models
            .into_iter()
            .filter(|model| fits(&model.model, &model.versions, &text))
            .map(|model| model_row(&model, &deployments))
            .collect())
    }

    /// A registered model with its versions.
    pub async fn model_get(&self, args: ByName) -> Result<ModelDetail, ErrorBody> {
        let name = args.name.clone();
        let (model, versions, names) = self
            .db(move |store| {
                let images = store.images_of_model(&name)?;
                let names = store.machine_names()?;
                store.read(|reader| {
                    let model = reader.registered_model(&name)?;
                    let model = load_model(reader, model, &reader.waiting()?)?;
                    let versions = model
                        .versions
                        .iter()
                        .map(|version| load(reader, version.clone(), &images))
                        .collect::<Result<Vec<_>, _>>()?;
                    Ok((model, versions, names))
                })
            })
            .await?;
        let deployments = self.deployments_list(()).await?;
        Ok(ModelDetail {
            row: model_row(&model, &deployments),
            versions: versions
                .iter()
                .map(|version| self.version_row(version, &names, &deployments))
                .collect(),
            unprotect_asked: model
                .protections
                .iter()
                .filter_map(|protection| unprotect_asked(protection, self.user()))
                .collect(),
            protected: model
                .protections
                .into_iter()
                .map(|protection| protection.alias)
                .collect(),
        })
    }

    /// A model version with its lineage.
    pub async fn version_get(&self, key: VersionKey) -> Result<VersionDetail, ErrorBody> {
        let wanted = key.clone();
        let (version, files, names) = self
            .db(move |store| {
                let images = store.images_of_model(&wanted.name)?;
                let names = store.machine_names()?;
                store.read(|reader| {
                    let version = reader.model_version(&wanted.name, i64::from(wanted.version))?;
                    let files = reader.version_files(&version)?;
                    Ok((load(reader, version, &images)?, files, names))
                })
            })
            .await?;
        let deployments = self.deployments_list(()).await?;
        let row = self.version_row(&version, &names, &deployments);
        let serving = deployments
            .into_iter()
            .filter(|deployment| {
                deployment.model == key.name
                    && (deployment.version == key.version
                        || deployment.live_version == Some(key.version))
            })
            .collect();
        let seen = version.seen.as_ref();
        let run_id = version.version.run_id.as_deref().unwrap_or_default();
        Ok(VersionDetail {
            artifact_path: artifact_path_of(&version.version.source, run_id),
            source: version.version.source.clone(),
            params: seen.map(|seen| seen.run.params.clone()).unwrap_or_default(),
            inputs: seen.map(inputs).unwrap_or_default(),
            project_hash: seen
                .and_then(|seen| seen.workload.as_ref())
                .map(|state| state.spec.project.hash.clone())
                .filter(|hash| !hash.is_empty()),
            images: version.images.iter().map(image_row).collect(),
            deployments: serving,
            input_example: self
                .input_example(&version.version, row.machine_id.as_deref())
                .await,
            signature: self
                .signature(&model_uri(&version.version), row.machine_id.as_deref())
                .await,
            files: files
                .into_iter()
                .map(|file| VersionFile {
                    path: file.path,
                    size: file.size,
                    sha256: file.sha256,
                })
                .collect(),
            row,
        })
    }

    /// Registers a model version from a run.
    pub async fn model_register(&self, args: ModelRegister) -> Result<VersionKey, ErrorBody> {
        check_id("run_id", &args.run_id)?;
        validate::model_name("name", &args.name)?;
        validate::relative_path("artifact_path", &args.artifact_path)?;
        if let Some(alias) = &args.alias {
            validate::alias("alias", alias)?;
        }
        check_description(args.description.as_deref())?;
        for tag in &args.tags {
            check_tag(&tag.key, &tag.value)?;
        }
        let user = self.user().to_owned();
        let name = args.name.trim().to_owned();
        let alias = args.alias.clone();
        let registered = name.clone();
        let version = self
            .registry_write(move |tx| {
                    let run = tx.run(&args.run_id)?;
                    let Some(model) = model_paths(tx, &run)?
                        .into_iter()
                        .find(|model| model.path == args.artifact_path)
                    else {
                        return Err(StoreError::Input(
                            ErrorBody::new(
                                Code::ModelUnusable,
                                format!(
                                    "The folder '{}' of the run holds no MLflow model (there is no MLmodel file in it).",
                                    validate::shorten(&args.artifact_path)
                                ),
                            )
                            .because(Reason::NoMlmodel)
                            .with("path", validate::shorten(&args.artifact_path))
                            .with("field", "artifact_path"),
                        ));
                    };
                    match tx.create_registered_model(&registered, None, &[]) {
                        Ok(_) | Err(StoreError::AlreadyExists(_)) => {}
                        Err(error) => return Err(error),
                    }
                    let source = match &model.model_id {
                        Some(id) => format!("models:/{id}"),
                        None => format!("runs:/{}/{}", args.run_id, model.path),
                    };
                    let version = tx.create_model_version(NewModelVersion {
                        name: registered.clone(),
                        source,
                        run_id: Some(args.run_id),
                        model_id: model.model_id,
                        description: args.description.filter(|text| !text.is_empty()),
                        run_link: None,
                        user_id: Some(user),
                        tags: args.tags,
                    })?;
                    if let Some(alias) = &args.alias {
                        tx.set_alias(&registered, alias, version.version)?;
                    }
                    Ok(version)
            })
            .await?;
        let key = VersionKey {
            name,
            version: number(version.version),
        };
        self.activity(
            ActivityKind::VersionRegistered,
            &key.name,
            &key.name,
            Some(key.version.to_string()),
            None,
        )
        .await;
        if let Some(alias) = alias {
            self.alias_activity(ActivityKind::AliasSet, &key.name, &alias, Some(key.version))
                .await;
        }
        Ok(key)
    }

    /// Deletes a registered model with its versions; not while one is deployed.
    pub async fn model_delete(&self, args: ByName) -> Result<Nothing, ErrorBody> {
        self.refuse_when_deployed(&args.name, None).await?;
        let name = args.name.clone();
        self.registry_write(move |tx| tx.delete_registered_model(&name))
            .await?;
        self.activity(
            ActivityKind::ModelDeleted,
            &args.name,
            &args.name,
            None,
            None,
        )
        .await;
        Ok(())
    }

    /// Deletes a version; not while it is deployed.
    pub async fn version_delete(&self, key: VersionKey) -> Result<Nothing, ErrorBody> {
        self.refuse_when_deployed(&key.name, Some(key.version))
            .await?;
        let wanted = key.clone();
        self.registry_write(move |tx| {
            tx.delete_model_version(&wanted.name, i64::from(wanted.version))
        })
        .await?;
        self.activity(
            ActivityKind::VersionDeleted,
            &key.name,
            &key.name,
            Some(key.version.to_string()),
            None,
        )
        .await;
        Ok(())
    }

    /// Changes a version's description.
    pub async fn version_describe(&self, args: VersionDescribe) -> Result<Nothing, ErrorBody> {
        check_description(Some(&args.description))?;
        self.registry_write(move |tx| {
            let version = i64::from(args.version);
            let text = Some(args.description.as_str()).filter(|text| !text.is_empty());
            check_known(args.known.as_ref(), "description", text, || {
                let now = tx.model_version(&args.name, version)?.description;
                Ok(now.filter(|text| !text.is_empty()))
            })?;
            tx.describe_model_version(&args.name, version, text)?;
            Ok(())
        })
        .await
    }

    /// Sets a tag of a version.
    pub async fn version_tag_set(&self, args: VersionTagSet) -> Result<Nothing, ErrorBody> {
        check_tag(&args.key, &args.value)?;
        self.registry_write(move |tx| {
            let version = i64::from(args.version);
            check_known(args.known.as_ref(), &args.key, Some(&args.value), || {
                tx.model_version_tag(&args.name, version, &args.key)
            })?;
            let tag = KeyValue {
                key: args.key,
                value: args.value,
            };
            tx.set_model_version_tag(&args.name, version, &tag)
        })
        .await
    }

    /// Deletes a tag of a version.
    pub async fn version_tag_delete(&self, args: VersionTagDelete) -> Result<Nothing, ErrorBody> {
        self.registry_write(move |tx| {
            let version = i64::from(args.version);
            check_known(args.known.as_ref(), &args.key, None, || {
                tx.model_version_tag(&args.name, version, &args.key)
            })?;
            tx.delete_model_version_tag(&args.name, version, &args.key)
        })
        .await
    }

    /// Sets an alias.
    pub async fn alias_set(&self, args: AliasSet) -> Result<Nothing, ErrorBody> {
        validate::alias("alias", &args.alias)?;
        let wanted = args.clone();
        self.registry_write(move |tx| {
            tx.set_alias(&wanted.name, &wanted.alias, i64::from(wanted.version))
        })
        .await?;
        self.alias_activity(
            ActivityKind::AliasSet,
            &args.name,
            &args.alias,
            Some(args.version),
        )
        .await;
        Ok(())
    }

    /// Removes an alias.
    pub async fn alias_delete(&self, args: AliasDelete) -> Result<Nothing, ErrorBody> {
        let wanted = args.clone();
        self.registry_write(move |tx| tx.delete_alias(&wanted.name, &wanted.alias))
            .await?;
        self.alias_activity(ActivityKind::AliasRemoved, &args.name, &args.alias, None)
            .await;
        Ok(())
    }

    pub(crate) async fn alias_activity(
        &self,
        kind: ActivityKind,
        name: &str,
        alias: &str,
        version: Option<u32>,
    ) {
        let detail = match version {
            Some(version) => format!("@{alias} → {version}"),
            None => format!("@{alias}"),
        };
        self.activity(kind, name, name, Some(detail), None).await;
    }

    fn version_row(
        &self,
        loaded: &Version,
        names: &MachineNames,
        deployments: &[DeploymentRow],
    ) -> VersionRow {
        let version = &loaded.version;
        let run = loaded.seen.as_ref().map(|seen| &seen.run);
        let machine_id = version
            .machine_id
            .clone()
            .or_else(|| run.and_then(|run| run.info.machine_id.clone()));
        VersionRow {
            name: version.name.clone(),
            version: number(version.version),
            description: version.description.clone(),
            aliases: version.aliases.clone(),
            tags: version.tags.clone(),
            run_id: version.run_id.clone().filter(|id| !id.is_empty()),
            run: run
                .filter(|run| run.info.lifecycle == LifecycleStage::Active)
                .map(|run| run.info.name.clone()),
            metrics: run
                .map(|run| run.metrics.iter().map(metric_value).collect())
                .unwrap_or_default(),
            machine: machine_id.as_ref().and_then(|id| names.get(id).cloned()),
            machine_id,
            image: loaded.images.first().map(image_row),
            live_in: deployments
                .iter()
                .filter(|deployment| {
                    deployment.model == version.name
                        && deployment.live_version == Some(number(version.version))
                })
                .map(|deployment| deployment.name.clone())
                .collect(),
            created_at: version.created_at,
            approval: approval_row(loaded.approval.clone(), self.user()),
            created_by: version.user_id.clone().filter(|user| !user.is_empty()),
        }
    }

    async fn refuse_when_deployed(
        &self,
        name: &str,
        version: Option<u32>,
    ) -> Result<(), ErrorBody> {
        let deployments = self.deployments_list(()).await?;
        let in_use: Vec<String> = deployments
            .iter()
            .filter(|row| {
                row.model == name
                    && version.is_none_or(|version| {
                        row.version == version || row.live_version == Some(version)
                    })
            })
            .map(|row| row.name.clone())
            .collect();
        if in_use.is_empty() {
            return Ok(());
        }
        let what = match version {
            Some(version) => format!("Version {version} of '{name}'"),
            None => format!("'{name}'"),
        };
        let in_use = in_use.join(", ");
        let message = format!("{what} is deployed as {in_use}; delete or change that first.");
        let mut error = ErrorBody::new(Code::WrongState, message)
            .because(Reason::ModelDeployed)
            .with("deployments", in_use)
            .with("model", name);
        if let Some(version) = version {
            error = error.with("version", version.to_string());
        }
        Err(error)
    }

    /// A body for `/invocations` made of the model's input example; `None` when it
    /// has none or its machine is not connected.
    pub(crate) async fn input_example(
        &self,
        version: &ModelVersion,
        machine_id: Option<&str>,
    ) -> Option<String> {
        if let Some(id) = machine_id
            && self.link_info(id)?.state != LinkState::Connected
        {
            return None;
        }
        let model = model_uri(version);
        for (file, ready) in [
            ("serving_input_example.json", true),
            ("input_example.json", false),
        ] {
            let uri = format!("{}/{file}", model.trim_end_matches('/'));
            match self.head_of(machine_id, &uri, EXAMPLE_LIMIT).await {
                Ok((bytes, true)) => {
                    let value: Value = serde_json::from_slice(&bytes).ok()?;
                    return serde_json::to_string_pretty(&request_of(value, ready)).ok();
                }
                Ok((_, false)) => return None,
                Err(error) => {
                    tracing::debug!(%error, %uri, "no input example was fetched");
                }
            }
        }
        None
    }
}

/// A request that shows a model's input, at most a few rows of it.
fn request_of(example: Value, ready: bool) -> Value {
    if ready {
        return example;
    }
    match example {
        Value::Object(mut table) if table.contains_key("columns") && table.contains_key("data") => {
            if let Some(Value::Array(rows)) = table.get_mut("data") {
                rows.truncate(EXAMPLE_ROWS);
            }
            json!({ "dataframe_split": table })
        }
        Value::Array(mut rows) => {
            rows.truncate(EXAMPLE_ROWS);
            if rows.iter().all(Value::is_object) {
                json!({ "dataframe_records": rows })
            } else {
                json!({ "inputs": rows })
            }
        }
        Value::Object(ref map)
            if [
                "dataframe_split",
                "dataframe_records",
                "instances",
                "inputs",
            ]
            .iter()
            .any(|key| map.contains_key(*key)) =>
        {
            example
        }
        other => json!({ "inputs": other }),
    }
}

/// Where the agent finds the files of a version.
pub(crate) fn model_uri(version: &ModelVersion) -> String {
    // `models:/name/3` and the like mean nothing to an agent; where they point to does.
    let source = version.source.as_str();
    let plain = source.starts_with("runs:/")
        || source.starts_with("models:/m-")
        || source.starts_with("mlflow-artifacts:");
    match &version.storage_location {
        Some(place) if !plain => place.clone(),
        _ => source.to_owned(),
    }
}

/// The machine that holds the files of a version.
pub(crate) fn version_machine(
    reader: &Reader<'_>,
    version: &ModelVersion,
) -> Result<Option<String>, StoreError> {
    if version.machine_id.is_some() {
        return Ok(version.machine_id.clone());
    }
    let Some(run_id) = version.run_id.as_deref().filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    match reader.run_info(run_id) {
        Ok(info) => Ok(info.machine_id),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn versions_of(reader: &Reader<'_>, name: &str) -> Result<Vec<ModelVersion>, StoreError> {
    // A model's name has neither quotes nor backslashes.
    let mut versions = reader
        .model_versions(&RegistryQuery {
            filter: format!("name = '{name}'"),
            ..Default::default()
        })?
        .items;
    versions.sort_by_key(|version| std::cmp::Reverse(version.version));
    Ok(versions)
}

fn load_model(
    reader: &Reader<'_>,
    model: RegisteredModel,
    waiting: &[Waiting],
) -> Result<Model, StoreError> {
    let versions = versions_of(reader, &model.name)?;
    let waiting = waiting
        .iter()
        .filter(|one| one.model == model.name && matches!(one.what, WaitingFor::Approval(_)))
        .count();
    Ok(Model {
        protections: reader.protections(&model.name)?,
        model,
        versions,
        waiting,
    })
}

fn load(
    reader: &Reader<'_>,
    version: ModelVersion,
    images: &[ImageRecord],
) -> Result<Version, StoreError> {
    let run = match version.run_id.as_deref().filter(|id| !id.is_empty()) {
        Some(run_id) => match reader.run(run_id) {
            Ok(run) => Some(run),
            Err(StoreError::NotFound(_)) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let seen = match run {
        Some(run) => Some(Seen::load(reader, run)?),
        None => None,
    };
    let wanted = number(version.version);
    Ok(Version {
        approval: reader.approval(&version.name, version.version)?,
        images: images
            .iter()
            .filter(|image| image.version == wanted)
            .cloned()
            .collect(),
        version,
        seen,
    })
}

fn unprotect_asked(protection: &Protection, person: &str) -> Option<UnprotectAsked> {
    let asked = protection.end_asked.as_ref()?;
    Some(UnprotectAsked {
        alias: protection.alias.clone(),
        own: asked.who == person,
        who: asked.who.clone(),
        at: asked.at,
        reason: asked.reason.clone(),
    })
}

fn fits(model: &RegisteredModel, versions: &[ModelVersion], text: &str) -> bool {
    let has = |word: &str| word.to_lowercase().contains(text);
    let tagged = |tags: &[KeyValue]| tags.iter().any(|tag| has(&tag.key) || has(&tag.value));
    text.is_empty()
        || has(&model.name)
        || model.aliases.keys().any(|alias| has(alias))
        || tagged(&model.tags)
        || versions.iter().any(|version| tagged(&version.tags))
}

fn model_row(loaded: &Model, deployments: &[DeploymentRow]) -> ModelRow {
    let Model {
        model,
        versions,
        protections,
        waiting,
    } = loaded;
    let deployed = deployments
        .iter()
        .filter(|deployment| deployment.model == model.name)
        .count();
    ModelRow {
        name: model.name.clone(),
        description: model.description.clone(),
        latest_version: versions.iter().map(|version| number(version.version)).max(),
        versions: u32::try_from(versions.len()).unwrap_or(u32::MAX),
        aliases: model
            .aliases
            .iter()
            .map(|(alias, version)| AliasRow {
                alias: alias.clone(),
                version: number(*version),
                protected: protections
                    .iter()
                    .any(|protection| protection.alias == *alias),
            })
            .collect(),
        waiting: u32::try_from(*waiting).unwrap_or(u32::MAX),
        tags: model.tags.clone(),
        deployments: u32::try_from(deployed).unwrap_or(u32::MAX),
        updated_at: model.updated_at,
    }
}

pub(crate) fn image_row(image: &ImageRecord) -> ImageRow {
    ImageRow {
        reference: image.reference.clone(),
        digest: image.digest.clone(),
        size: image.size,
        registry_id: image.registry_id.clone(),
        created_at: image.created_at,
    }
}

pub(crate) fn number(version: i64) -> u32 {
    u32::try_from(version).unwrap_or_default()
}

fn check_description(text: Option<&str>) -> Result<(), ErrorBody> {
    if text.is_some_and(|text| text.chars().count() > 5_000) {
        return Err(ErrorBody::invalid(
            "description",
            "A description has at most 5,000 characters.",
        )
        .because(Reason::DescriptionTooLong));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_example_becomes_a_request_of_a_few_rows() {
        let split = json!({"columns": ["a"], "data": [[1], [2], [3], [4]]});
        assert_eq!(
            request_of(split, false),
            json!({"dataframe_split": {"columns": ["a"], "data": [[1], [2], [3]]}})
        );
        let records = json!([{"a": 1}]);
        assert_eq!(
            request_of(records.clone(), false),
            json!({"dataframe_records": records})
        );
        assert_eq!(
            request_of(json!([[1.0, 2.0]]), false),
            json!({"inputs": [[1.0, 2.0]]})
        );
        let ready = json!({"inputs": [1]});
        assert_eq!(request_of(ready.clone(), true), ready);
    }
}
