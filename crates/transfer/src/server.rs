//! An MLflow server, read through its REST API. A run or model that came from a store
//! of ours shows under the id that it had there.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use serde_json::{Value, json};
use skerry_domain::tracking::{
    ArtifactOwner, Dataset, DatasetInput, Experiment, LoggedModel, MetricPoint, ModelOutput,
    ModelVersion, RegisteredModel, Run, RunInfo,
};
use skerry_domain::{Code, ErrorBody, KeyValue, LifecycleStage, RunStatus};
use skerry_store::{LoggedModelMetric, Sample};

use crate::client::Client;
use crate::entities::{
    EachPoint, Elsewhere, Files, Place, Source, SourceModel, SourceRegistered, SourceRun,
};
use crate::{MODEL_TAG, RUN_TAG, Result};

/// Runs of one answer.
const RUNS: usize = 100;
/// Points of one answer; MLflow gives 25,000 at most.
const POINTS: &str = "20000";
const API: &str = "api/2.0/mlflow/";

/// A server with its runs and models.
pub struct ServerSource {
    pub(crate) client: Client,
    /// Ids of runs and models in their store of origin, and here, where they differ.
    pub(crate) here: RefCell<HashMap<String, String>>,
    /// The other way round; equal ones too, so that they are asked for once.
    origin: RefCell<HashMap<String, String>>,
    /// It has said that it knows of no logged models, as MLflow before 3.
    pub(crate) without_models: Cell<bool>,
}

pub(crate) fn path(end: &str) -> String {
    format!("{API}{end}")
}

fn text(value: &Value, field: &str) -> String {
    match value.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn filled(value: &Value, field: &str) -> Option<String> {
    Some(text(value, field)).filter(|text| !text.is_empty())
}

fn whole(value: &Value, field: &str) -> Option<i64> {
    match value.get(field)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn real(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        Value::String(word) => word.parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn pairs(value: &Value, field: &str) -> Vec<KeyValue> {
    let mut found: Vec<KeyValue> = list(value, field)
        .map(|pair| KeyValue {
            key: text(pair, "key"),
            value: text(pair, "value"),
        })
        .collect();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

fn lifecycle(value: &Value) -> LifecycleStage {
    match text(value, "lifecycle_stage").as_str() {
        "deleted" => LifecycleStage::Deleted,
        _ => LifecycleStage::Active,
    }
}

fn unclear(what: &str) -> ErrorBody {
    ErrorBody::new(
        Code::Internal,
        format!("The server's answer has no {what} that can be read."),
    )
}

/// Sets a field of an object.
pub(crate) fn put(object: &mut Value, field: &str, value: impl Into<Value>) {
    if let Value::Object(fields) = object {
        fields.insert(field.to_owned(), value.into());
    }
}

/// Takes the tag of that name out.
fn take_tag(tags: &mut Vec<KeyValue>, key: &str) -> Option<String> {
    let at = tags.iter().position(|tag| tag.key == key)?;
    Some(tags.remove(at).value)
}

impl ServerSource {
    /// The server that `client` talks to.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            here: RefCell::default(),
            origin: RefCell::default(),
            without_models: Cell::new(false),
        }
    }

    /// The id that a run or model of the origin has here.
    pub(crate) fn id_here(&self, id: &str) -> String {
        self.here
            .borrow()
            .get(id)
            .cloned()
            .unwrap_or_else(|| id.to_owned())
    }

    pub(crate) fn known(&self, origin: &str, here: &str) {
        if origin != here {
            self.here
                .borrow_mut()
                .insert(origin.to_owned(), here.to_owned());
        }
        self.origin
            .borrow_mut()
            .insert(here.to_owned(), origin.to_owned());
    }

    /// The id that a run of this server has in its store of origin.
    fn run_origin(&self, here: &str) -> Result<String> {
        if here.is_empty() {
            return Ok(String::new());
        }
        if let Some(origin) = self.origin.borrow().get(here) {
            return Ok(origin.clone());
        }
        match self.client.get(&path("runs/get"), &[("run_id", here)]) {
            Ok(answer) => {
                let data = answer.pointer("/run/data").cloned().unwrap_or_default();
                let origin =
                    take_tag(&mut pairs(&data, "tags"), RUN_TAG).unwrap_or_else(|| here.to_owned());
                self.known(&origin, here);
                Ok(origin)
            }
            // Removed for good meanwhile, or of another server.
            Err(error) if error.code == Code::NotFound => Ok(here.to_owned()),
            Err(error) => Err(error),
        }
    }

    fn model_origin(&self, here: &str) -> Result<String> {
        if let Some(origin) = self.origin.borrow().get(here) {
            return Ok(origin.clone());
        }
        match self
            .client
            .get(&path(&format!("logged-models/{here}")), &[])
        {
            Ok(answer) => {
                let info = answer.pointer("/model/info").cloned().unwrap_or_default();
                let origin = take_tag(&mut pairs(&info, "tags"), MODEL_TAG)
                    .unwrap_or_else(|| here.to_owned());
                self.known(&origin, here);
                Ok(origin)
            }
            Err(error) if error.code == Code::NotFound => Ok(here.to_owned()),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn read_experiment(value: &Value) -> Result<Experiment> {
        Ok(Experiment {
            id: whole(value, "experiment_id").ok_or_else(|| unclear("experiment_id"))?,
            name: text(value, "name"),
            artifact_location: text(value, "artifact_location"),
            lifecycle: lifecycle(value),
            created_at: whole(value, "creation_time").unwrap_or(0),
            updated_at: whole(value, "last_update_time").unwrap_or(0),
            tags: pairs(value, "tags"),
        })
    }

    pub(crate) fn read_run(&self, experiment: &Experiment, value: &Value) -> Result<SourceRun> {
        let none = Value::Null;
        let part = |name: &str| value.get(name).unwrap_or(&none);
        let (info, data) = (part("info"), part("data"));
        let here = filled(info, "run_id").ok_or_else(|| unclear("run_id"))?;
        let mut tags = pairs(data, "tags");
        let run_id = take_tag(&mut tags, RUN_TAG).unwrap_or_else(|| here.clone());
        self.known(&run_id, &here);
        let metrics = list(data, "metrics").map(|m| text(m, "key")).collect();
        let mut datasets = Vec::new();
        for input in list(part("inputs"), "dataset_inputs") {
            let set = input.get("dataset").unwrap_or(&none);
            datasets.push(DatasetInput {
                dataset: Dataset {
                    name: text(set, "name"),
                    digest: text(set, "digest"),
                    source_type: text(set, "source_type"),
                    source: text(set, "source"),
                    schema: filled(set, "schema"),
                    profile: filled(set, "profile"),
                },
                tags: pairs(input, "tags"),
            });
        }
        let model_inputs = list(part("inputs"), "model_inputs")
            .map(|input| self.model_origin(&text(input, "model_id")))
            .collect::<Result<_>>()?;
        let model_outputs = list(part("outputs"), "model_outputs")
            .map(|output| {
                Ok(ModelOutput {
                    model_id: self.model_origin(&text(output, "model_id"))?,
                    step: whole(output, "step").unwrap_or(0),
                })
            })
            .collect::<Result<_>>()?;
        Ok(SourceRun {
            run: Run {
                info: RunInfo {
                    run_id,
                    experiment_id: experiment.id,
                    experiment: experiment.name.clone(),
                    name: text(info, "run_name"),
                    user_id: text(info, "user_id"),
                    status: RunStatus::parse(&text(info, "status")).unwrap_or(RunStatus::Running),
                    start_time: whole(info, "start_time"),
                    end_time: whole(info, "end_time").filter(|time| *time > 0),
                    artifact_uri: text(info, "artifact_uri"),
                    lifecycle: lifecycle(info),
                    machine_id: None,
                },
                metrics: Vec::new(),
                params: pairs(data, "params"),
                tags,
                datasets,
                model_inputs,
                model_outputs,
            },
            metrics,
        })
    }

    pub(crate) fn read_model(&self, experiment: &Experiment, value: &Value) -> Result<SourceModel> {
        let none = Value::Null;
        let info = value.get("info").unwrap_or(&none);
        let data = value.get("data").unwrap_or(&none);
        let here = filled(info, "model_id").ok_or_else(|| unclear("model_id"))?;
        let mut tags = pairs(info, "tags");
        let model_id = take_tag(&mut tags, MODEL_TAG).unwrap_or_else(|| here.clone());
        self.known(&model_id, &here);
        let mut latest = BTreeMap::new();
        for metric in list(data, "metrics") {
            let mut point = MetricPoint::new(
                text(metric, "key"),
                metric.get("value").map_or(f64::NAN, real),
                whole(metric, "timestamp").unwrap_or(0),
                whole(metric, "step").unwrap_or(0),
            );
            point.model_id = Some(model_id.clone());
            point.dataset_name = filled(metric, "dataset_name");
            point.dataset_digest = filled(metric, "dataset_digest");
            let run_id = self.run_origin(&text(metric, "run_id"))?;
            let of = (
                point.key.clone(),
                point.dataset_name.clone(),
                point.dataset_digest.clone(),
                run_id.clone(),
            );
            let newer = latest.get(&of).is_none_or(|old: &LoggedModelMetric| {
                (point.step, point.timestamp) >= (old.point.step, old.point.timestamp)
            });
            if newer {
                latest.insert(of, LoggedModelMetric { point, run_id });
            }
        }
        let source_run_id = match filled(info, "source_run_id") {
            Some(id) => Some(self.run_origin(&id)?),
            None => None,
        };
        Ok(SourceModel {
            model: LoggedModel {
                model_id,
                experiment_id: experiment.id,
                experiment: experiment.name.clone(),
                name: text(info, "name"),
                artifact_location: text(info, "artifact_uri"),
                created_at: whole(info, "creation_timestamp_ms").unwrap_or(0),
                updated_at: whole(info, "last_updated_timestamp_ms").unwrap_or(0),
                status: match info.get("status") {
                    Some(Value::String(word)) => word.clone(),
                    _ => "LOGGED_MODEL_PENDING".to_owned(),
                },
                status_message: text(info, "status_message"),
                model_type: text(info, "model_type"),
                source_run_id,
                params: pairs(data, "params"),
                tags,
                machine_id: None,
            },
            deleted: false,
            metrics: latest.into_values().collect(),
        })
    }

    /// Every item of an answer in pages.
    fn pages(
        &self,
        ask: &mut dyn FnMut(&str) -> Result<Value>,
        each: &mut dyn FnMut(&Value) -> Result<()>,
    ) -> Result<()> {
        let mut token = String::new();
        loop {
            let answer = ask(&token)?;
            each(&answer)?;
            match filled(&answer, "next_page_token") {
                Some(next) if next != token => token = next,
                _ => return Ok(()),
            }
        }
    }

    fn versions_where(&self, filter: &str, into: &mut BTreeMap<i64, ModelVersion>) -> Result<()> {
        self.pages(
            &mut |token| {
                let mut query = vec![("filter", filter), ("max_results", "200")];
                if !token.is_empty() {
                    query.push(("page_token", token));
                }
                self.client.get(&path("model-versions/search"), &query)
            },
            &mut |answer| {
                for value in list(answer, "model_versions") {
                    let version = self.read_version(value)?;
                    into.insert(version.version, version);
                }
                Ok(())
            },
        )
    }

    fn read_version(&self, value: &Value) -> Result<ModelVersion> {
        let created_at = whole(value, "creation_timestamp").unwrap_or(0);
        let run_id = match filled(value, "run_id") {
            Some(id) => Some(self.run_origin(&id)?),
            None => None,
        };
        let name = text(value, "name");
        let number = text(value, "version");
        let place = self.client.get(
            &path("model-versions/get-download-uri"),
            &[("name", &name), ("version", &number)],
        );
        Ok(ModelVersion {
            version: number.parse().map_err(|_| unclear("version"))?,
            name,
            created_at,
            updated_at: whole(value, "last_updated_timestamp").unwrap_or(created_at),
            description: filled(value, "description"),
            user_id: filled(value, "user_id"),
            stage: filled(value, "current_stage").unwrap_or_else(|| "None".to_owned()),
            source: text(value, "source"),
            run_id,
            model_id: match filled(value, "model_id") {
                Some(id) => Some(self.model_origin(&id)?),
                None => None,
            },
            status: filled(value, "status").unwrap_or_else(|| "READY".to_owned()),
            status_message: filled(value, "status_message"),
            run_link: filled(value, "run_link"),
            storage_location: place.ok().and_then(|place| filled(&place, "artifact_uri")),
            tags: pairs(value, "tags"),
            aliases: Vec::new(),
            machine_id: None,
        })
    }

    /// The path below the server's artifact root, when its proxy serves this URI.
    pub(crate) fn proxied(uri: &str) -> Option<&str> {
        let rest = uri.strip_prefix("mlflow-artifacts:")?;
        Some(match rest.strip_prefix("//") {
            // A host behind the scheme: this server's.
            Some(rest) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(""),
            None => rest,
        })
        .map(|path| path.trim_matches('/'))
    }

    /// Asks for one level of a run's or model's files after another.
    fn tree(
        &self,
        level: &dyn Fn(&str) -> Result<Value>,
        relative: bool,
        found: &mut Files,
    ) -> Result<()> {
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let answer = level(&folder)?;
            for file in list(&answer, "files") {
                let named = text(file, "path");
                let full = if relative && !folder.is_empty() {
                    format!("{folder}/{named}")
                } else {
                    named
                };
                if file.get("is_dir").and_then(Value::as_bool) == Some(true) {
                    folders.push(full);
                } else {
                    let size = whole(file, "file_size").unwrap_or(0);
                    found.files.push((full, u64::try_from(size).unwrap_or(0)));
                }
            }
        }
        found.files.sort();
        Ok(())
    }
}

impl Source for ServerSource {
    fn experiments(&self) -> Result<Vec<Experiment>> {
        let mut found = Vec::new();
        self.pages(
            &mut |token| {
                let body = json!({"view_type": "ALL", "max_results": 1000, "page_token": token});
                self.client.post(&path("experiments/search"), &body)
            },
            &mut |answer| {
                for value in list(answer, "experiments") {
                    found.push(Self::read_experiment(value)?);
                }
                Ok(())
            },
        )?;
        found.sort_by_key(|experiment| experiment.id);
        Ok(found)
    }

    fn runs(
        &self,
        experiment: &Experiment,
        cursor: &str,
    ) -> Result<(Vec<SourceRun>, Option<String>)> {
        let mut body = json!({
            "experiment_ids": [experiment.id.to_string()],
            "run_view_type": "ALL",
            "max_results": RUNS,
            "order_by": ["attributes.start_time ASC"],
        });
        if !cursor.is_empty() {
            put(&mut body, "page_token", cursor);
        }
        let answer = self.client.post(&path("runs/search"), &body)?;
        let runs = list(&answer, "runs")
            .map(|run| self.read_run(experiment, run))
            .collect::<Result<_>>()?;
        Ok((runs, filled(&answer, "next_page_token")))
    }

    fn history(&self, run: &SourceRun, key: &str, each: &mut EachPoint<'_>) -> Result<()> {
        let run_id = self.id_here(&run.run.info.run_id);
        let mut last: Option<Sample> = None;
        self.pages(
            &mut |token| {
                let mut query = vec![
                    ("run_id", run_id.as_str()),
                    ("metric_key", key),
                    ("max_results", POINTS),
                ];
                if !token.is_empty() {
                    query.push(("page_token", token));
                }
                self.client.get(&path("metrics/get-history"), &query)
            },
            &mut |answer| {
                let mut page = Vec::new();
                for value in list(answer, "metrics") {
                    let sample = Sample {
                        step: whole(value, "step").unwrap_or(0),
                        timestamp: whole(value, "timestamp").unwrap_or(0),
                        value: value.get("value").map_or(f64::NAN, real),
                    };
                    let again = last.is_some_and(|last| {
                        (last.step, last.timestamp) == (sample.step, sample.timestamp)
                            && last.value.to_bits() == sample.value.to_bits()
                    });
                    if !again {
                        page.push(sample);
                    }
                    last = Some(sample);
                }
                if page.is_empty() { Ok(()) } else { each(&page) }
            },
        )
    }

    fn models(&self, experiment: &Experiment) -> Result<Vec<SourceModel>> {
        let mut found = Vec::new();
        let answered = self.pages(
            &mut |token| {
                let mut body = json!({
                    "experiment_ids": [experiment.id.to_string()],
                    "max_results": 50,
                });
                if !token.is_empty() {
                    put(&mut body, "page_token", token);
                }
                self.client.post(&path("logged-models/search"), &body)
            },
            &mut |answer| {
                for value in list(answer, "models") {
                    found.push(self.read_model(experiment, value)?);
                }
                Ok(())
            },
        );
        match answered {
            Ok(()) => Ok(found),
            Err(error) if error.code == Code::NotFound => {
                self.without_models.set(true);
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    fn registered_names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        // Prompts are registered models that are only listed when they are asked for.
        for filter in ["", "tags.`mlflow.prompt.is_prompt` = 'true'"] {
            self.pages(
                &mut |token| {
                    let mut query = vec![("max_results", "100")];
                    for (name, value) in [("filter", filter), ("page_token", token)] {
                        if !value.is_empty() {
                            query.push((name, value));
                        }
                    }
                    self.client.get(&path("registered-models/search"), &query)
                },
                &mut |answer| {
                    names.extend(list(answer, "registered_models").map(|m| text(m, "name")));
                    Ok(())
                },
            )?;
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn registered(&self, name: &str) -> Result<SourceRegistered> {
        let answer = self
            .client
            .get(&path("registered-models/get"), &[("name", name)])?;
        let value = answer.get("registered_model").unwrap_or(&Value::Null);
        let created_at = whole(value, "creation_timestamp").unwrap_or(0);
        let model = RegisteredModel {
            name: name.to_owned(),
            description: filled(value, "description"),
            created_at,
            updated_at: whole(value, "last_updated_timestamp").unwrap_or(created_at),
            tags: pairs(value, "tags"),
            aliases: list(value, "aliases")
                .filter_map(|alias| Some((text(alias, "alias"), whole(alias, "version")?)))
                .collect(),
            latest_versions: Vec::new(),
        };
        let mut versions = BTreeMap::new();
        let quote = if name.contains('\'') { '"' } else { '\'' };
        let filter = format!("name={quote}{name}{quote}");
        self.versions_where(&filter, &mut versions)?;
        if model
            .tags
            .iter()
            .any(|tag| tag.key == "mlflow.prompt.is_prompt")
        {
            let filter = format!("{filter} AND tags.`mlflow.prompt.is_prompt` = 'true'");
            self.versions_where(&filter, &mut versions)?;
        }
        let mut versions: Vec<ModelVersion> = versions.into_values().collect();
        for version in &mut versions {
            version.aliases = model
                .aliases
                .iter()
                .filter(|(_, number)| **number == version.version)
                .map(|(alias, _)| alias.clone())
                .collect();
        }
        let next_version = versions.last().map_or(1, |version| version.version + 1);
        Ok(SourceRegistered {
            model,
            versions,
            next_version,
        })
    }

    fn files(&self, place: &Place) -> Result<Files> {
        let mut found = Files::default();
        let listed = if let Some(root) = Self::proxied(&place.uri) {
            let level = |folder: &str| {
                let folder = format!("{root}/{folder}");
                let query = [("path", folder.trim_end_matches('/'))];
                self.client
                    .get("api/2.0/mlflow-artifacts/artifacts", &query)
            };
            self.tree(&level, true, &mut found)
        } else if let (ArtifactOwner::Run(id), false) = (&place.owner, is_storage(&place.uri)) {
            let run_id = self.id_here(id);
            let level = |folder: &str| {
                let mut query = vec![("run_id", run_id.as_str())];
                if !folder.is_empty() {
                    query.push(("path", folder));
                }
                self.client.get(&path("artifacts/list"), &query)
            };
            self.tree(&level, false, &mut found)
        } else if is_storage(&place.uri) {
            found.elsewhere = Some(Elsewhere::Storage);
            Ok(())
        } else {
            found.elsewhere = Some(Elsewhere::Unknown(
                "the server does not hand them out".to_owned(),
            ));
            Ok(())
        };
        match listed {
            Ok(()) => Ok(found),
            // Nothing was logged.
            Err(error) if error.code == Code::NotFound => Ok(found),
            Err(error) if matches!(error.code, Code::Internal | Code::Invalid) => {
                found.elsewhere = Some(Elsewhere::Unknown(error.message));
                Ok(found)
            }
            Err(error) => Err(error),
        }
    }

    fn open(&self, place: &Place, file: &str) -> Result<Box<dyn Read>> {
        match (Self::proxied(&place.uri), &place.owner) {
            (Some(root), owner) => {
                let answered = self.client.download(&format!("{root}/{file}"));
                match (answered, owner) {
                    // MLflow 2 cannot say such a name in the head of its answer, and
                    // breaks off; the other way its framework writes that head.
                    (Err(error), ArtifactOwner::Run(id))
                        if error.code == Code::Disconnected && !file.is_ascii() =>
                    {
                        self.client.download_of_run(&self.id_here(id), file)
                    }
                    (answered, _) => answered,
                }
            }
            (None, ArtifactOwner::Run(id)) => self.client.download_of_run(&self.id_here(id), file),
            (None, ArtifactOwner::LoggedModel(_)) => Err(ErrorBody::not_found("artifact", file)),
        }
    }

    fn near(&self) -> bool {
        false
    }
}

/// A storage that clients reach by themselves.
pub(crate) fn is_storage(location: &str) -> bool {
    location.split_once(":/").is_some_and(|(scheme, _)| {
        scheme.len() > 1 && !matches!(scheme, "file" | "mlflow-artifacts") && !scheme.contains('/')
    })
}
