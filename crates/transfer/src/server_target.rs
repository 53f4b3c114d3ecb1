//! An MLflow server, written through its REST API. It gives runs and logged models ids
//! of its own: a tag keeps the id of the origin, and by it a repeat finds them again.

mod registry;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;

use reqwest::Method;
use serde_json::{Value, json};
use skerry_domain::tracking::{Experiment, Run, number};
use skerry_domain::{Code, ErrorBody, KeyValue, LifecycleStage};
use skerry_store::Sample;

use crate::client::Client;
use crate::entities::{Place, Source, SourceModel, SourceRegistered, SourceRun, Target};
use crate::report::Problem;
use crate::server::{ServerSource, path, put};
use crate::{MODEL_TAG, RUN_TAG, Result};

/// MLflow takes so many points in one request, and so many params or tags.
const POINTS: usize = 1_000;
const PAIRS: usize = 100;

/// A server that takes what comes.
pub struct ServerTarget {
    there: ServerSource,
    experiments: RefCell<HashMap<i64, Experiment>>,
    /// Runs that are to be deleted once everything else is done, by their id there.
    bin: RefCell<BTreeMap<i64, BTreeSet<String>>>,
    /// Models that went into runs or came out, which are told once the models are there.
    links: RefCell<BTreeMap<i64, Vec<Links>>>,
    /// Files that the last place had, by path.
    files: RefCell<(String, HashMap<String, u64>)>,
    /// Experiments that were taken out of the bin for writing.
    restored: RefCell<BTreeSet<i64>>,
}

/// Logged models of a run, by their ids at the origin.
struct Links {
    run: String,
    inputs: Vec<String>,
    outputs: Vec<(String, i64)>,
}

impl ServerTarget {
    /// Into the server that `client` talks to.
    pub fn new(client: Client) -> Self {
        Self {
            there: ServerSource::new(client),
            experiments: RefCell::default(),
            bin: RefCell::default(),
            links: RefCell::default(),
            files: RefCell::default(),
            restored: RefCell::default(),
        }
    }

    /// The experiment that a run or logged model says it is in.
    fn experiment_of(&self, entity: &Value) -> Result<Experiment> {
        let number = entity
            .pointer("/info/experiment_id")
            .and_then(Value::as_str)
            .and_then(|number| number.parse().ok())
            .unwrap_or(-1);
        self.experiments
            .borrow()
            .get(&number)
            .cloned()
            .ok_or_else(|| ErrorBody::not_found("experiment", &number.to_string()))
    }

    fn post(&self, end: &str, body: &Value) -> Result<Value> {
        self.there.client.post(&path(end), body)
    }

    /// Takes an experiment out of the bin before something in it is written.
    fn writable(&self, here: &Experiment) -> Result<()> {
        if here.lifecycle == LifecycleStage::Deleted && self.restored.borrow_mut().insert(here.id) {
            self.post(
                "experiments/restore",
                &json!({"experiment_id": here.id.to_string()}),
            )?;
        }
        Ok(())
    }

    /// Takes a run out of the bin before something in it is written.
    fn writable_run(&self, run: &SourceRun) -> Result<String> {
        let id = self.there.id_here(&run.run.info.run_id);
        if run.run.info.lifecycle != LifecycleStage::Deleted {
            return Ok(id);
        }
        let answer = self
            .there
            .client
            .get(&path("runs/get"), &[("run_id", &id)])?;
        let info = answer.pointer("/run/info").cloned().unwrap_or_default();
        if info.get("lifecycle_stage").and_then(Value::as_str) == Some("deleted") {
            let number = info
                .get("experiment_id")
                .and_then(Value::as_str)
                .and_then(|number| number.parse::<i64>().ok())
                .unwrap_or_default();
            if let Some(here) = self.experiments.borrow().get(&number) {
                self.writable(here)?;
            }
            self.post("runs/restore", &json!({"run_id": id}))?;
        }
        Ok(id)
    }

    /// The run of the origin, by the tag.
    fn find(&self, here: &Experiment, run_id: &str) -> Result<Option<SourceRun>> {
        let answer = self.post(
            "runs/search",
            &json!({
                "experiment_ids": [here.id.to_string()],
                "run_view_type": "ALL",
                "max_results": 1,
                "filter": format!("tags.`{RUN_TAG}` = '{run_id}'"),
            }),
        )?;
        match answer.pointer("/runs/0") {
            Some(run) => Ok(Some(self.there.read_run(here, run)?)),
            None => Ok(None),
        }
    }

    fn create(&self, here: &Experiment, run: &Run) -> Result<SourceRun> {
        self.writable(here)?;
        let info = &run.info;
        // Here MLflow takes keys of tags that it does not take later.
        let mut tags: Vec<KeyValue> = run
            .tags
            .iter()
            .filter(|tag| tag.key != "mlflow.runName" && tag.key != RUN_TAG)
            .cloned()
            .collect();
        tags.push(KeyValue {
            key: RUN_TAG.to_owned(),
            value: info.run_id.clone(),
        });
        let mut body = json!({
            "experiment_id": here.id.to_string(),
            "user_id": info.user_id,
            "run_name": info.name,
            "tags": pairs(&tags),
        });
        if let Some(start) = info.start_time {
            put(&mut body, "start_time", start);
        }
        let answer = self.post("runs/create", &body)?;
        self.there
            .read_run(here, answer.get("run").unwrap_or(&Value::Null))
    }

    /// Logs what of params, tags and data sets is not there.
    fn fill(&self, id: &str, wanted: &Run, there: &Run) -> Result<()> {
        let params = missing(&wanted.params, &there.params);
        for part in params.chunks(PAIRS) {
            self.post(
                "runs/log-batch",
                &json!({"run_id": id, "params": pairs(part)}),
            )?;
        }
        let tags = missing(&wanted.tags, &there.tags);
        for part in tags.chunks(PAIRS) {
            self.post(
                "runs/log-batch",
                &json!({"run_id": id, "tags": pairs(part)}),
            )?;
        }
        let datasets: Vec<Value> = wanted
            .datasets
            .iter()
            .filter(|input| !there.datasets.iter().any(|d| d.dataset == input.dataset))
            .map(|input| {
                let set = &input.dataset;
                let mut dataset = json!({
                    "name": set.name,
                    "digest": set.digest,
                    "source_type": set.source_type,
                    "source": set.source,
                });
                for (field, value) in [("schema", &set.schema), ("profile", &set.profile)] {
                    if let Some(value) = value {
                        put(&mut dataset, field, value.as_str());
                    }
                }
                json!({"tags": pairs(&input.tags), "dataset": dataset})
            })
            .collect();
        if !datasets.is_empty() {
            self.post(
                "runs/log-inputs",
                &json!({"run_id": id, "datasets": datasets}),
            )?;
        }
        Ok(())
    }

    fn model_by_tag(&self, here: &Experiment, model_id: &str) -> Result<Option<SourceModel>> {
        let known = self.there.id_here(model_id);
        if known != model_id {
            return self.find_model(model_id);
        }
        // A server may not filter models by such a tag; there are few of them.
        let models = self.there.models(here)?;
        Ok(models
            .into_iter()
            .find(|model| model.model.model_id == model_id))
    }
}

fn pairs(pairs: &[KeyValue]) -> Value {
    pairs
        .iter()
        .map(|pair| json!({"key": pair.key, "value": pair.value}))
        .collect()
}

fn missing(wanted: &[KeyValue], there: &[KeyValue]) -> Vec<KeyValue> {
    wanted
        .iter()
        .filter(|pair| !there.contains(pair))
        .cloned()
        .collect()
}

/// A number as MLflow reads it.
fn number(value: f64) -> Value {
    number::word(value).map_or_else(|| Value::from(value), Value::from)
}

impl Target for ServerTarget {
    fn as_source(&self) -> &dyn Source {
        &self.there
    }

    fn experiment(&self, experiment: &Experiment) -> Result<Experiment> {
        let name = experiment.name.as_str();
        let find = || {
            self.there.client.get(
                &path("experiments/get-by-name"),
                &[("experiment_name", name)],
            )
        };
        let found = match find() {
            Err(error) if error.code == Code::NotFound => {
                let body = json!({"name": name, "tags": pairs(&experiment.tags)});
                self.post("experiments/create", &body)?;
                find()?
            }
            found => found?,
        };
        let here = ServerSource::read_experiment(found.get("experiment").unwrap_or(&Value::Null))?;
        let tags = missing(&experiment.tags, &here.tags);
        if !tags.is_empty() {
            self.writable(&here)?;
        }
        for tag in tags {
            self.post(
                "experiments/set-experiment-tag",
                &json!({"experiment_id": here.id.to_string(), "key": tag.key, "value": tag.value}),
            )?;
        }
        self.experiments.borrow_mut().insert(here.id, here.clone());
        Ok(here)
    }

    fn run(&self, here: &Experiment, run: &SourceRun, _: bool) -> Result<Place> {
        let wanted = &run.run;
        let there = match self.find(here, &wanted.info.run_id)? {
            Some(there) => there,
            None => self.create(here, wanted)?,
        };
        let info = &there.run.info;
        let row = info.status == wanted.info.status
            && info.end_time == wanted.info.end_time
            && info.name == wanted.info.name;
        let same = row
            && missing(&wanted.params, &there.run.params).is_empty()
            && missing(&wanted.tags, &there.run.tags).is_empty()
            && wanted
                .datasets
                .iter()
                .all(|d| there.run.datasets.iter().any(|o| o.dataset == d.dataset));
        let links = Links {
            run: wanted.info.run_id.clone(),
            inputs: wanted
                .model_inputs
                .iter()
                .filter(|id| !there.run.model_inputs.contains(id))
                .cloned()
                .collect(),
            outputs: wanted
                .model_outputs
                .iter()
                .filter(|output| !there.run.model_outputs.contains(output))
                .map(|output| (output.model_id.clone(), output.step))
                .collect(),
        };
        if !(links.inputs.is_empty() && links.outputs.is_empty()) {
            self.links
                .borrow_mut()
                .entry(here.id)
                .or_default()
                .push(links);
        }
        let id = if same {
            self.there.id_here(&wanted.info.run_id)
        } else {
            let id = self.writable_run(run)?;
            self.fill(&id, wanted, &there.run)?;
            let mut body = json!({"run_id": id, "status": wanted.info.status.as_str(),
                "run_name": wanted.info.name});
            if let Some(end) = wanted.info.end_time {
                put(&mut body, "end_time", end);
            }
            self.post("runs/update", &body)?;
            id
        };
        if wanted.info.lifecycle == LifecycleStage::Deleted {
            self.bin.borrow_mut().entry(here.id).or_default().insert(id);
        }
        Ok(Place::of_run(&there))
    }

    fn points(&self, run: &SourceRun, key: &str, samples: &[Sample]) -> Result<()> {
        let id = self.writable_run(run)?;
        for part in samples.chunks(POINTS) {
            let metrics: Vec<Value> = part
                .iter()
                .map(|sample| {
                    json!({"key": key, "value": number(sample.value),
                        "timestamp": sample.timestamp, "step": sample.step})
                })
                .collect();
            self.post("runs/log-batch", &json!({"run_id": id, "metrics": metrics}))?;
        }
        Ok(())
    }

    fn run_done(&self, _: &Experiment, _: &SourceRun) -> Result<()> {
        Ok(())
    }

    fn model(&self, here: &Experiment, model: &SourceModel, _: bool) -> Result<Place> {
        let wanted = &model.model;
        if let Some(there) = self.model_by_tag(here, &wanted.model_id)? {
            return Ok(Place::of_model(&there));
        }
        let why = if self.there.without_models.get() {
            "The server has no logged models, which came with MLflow 3: it stays behind with its files."
        } else if model.deleted {
            "It is deleted, and servers do not tell of such: it stays behind with its files."
        } else {
            ""
        };
        if !why.is_empty() {
            return Err(ErrorBody::new(Code::Invalid, why));
        }
        self.writable(here)?;
        let mut tags = wanted.tags.clone();
        tags.push(KeyValue {
            key: MODEL_TAG.to_owned(),
            value: wanted.model_id.clone(),
        });
        let mut body = json!({
            "experiment_id": here.id.to_string(),
            "name": wanted.name,
            "model_type": wanted.model_type,
            "params": pairs(&wanted.params),
            "tags": pairs(&tags),
        });
        if let Some(run) = &wanted.source_run_id {
            put(&mut body, "source_run_id", self.there.id_here(run));
        }
        let answer = self.post("logged-models", &body)?;
        let id = answer
            .pointer("/model/info/model_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        self.there.known(&wanted.model_id, id);
        let Some(there) = self.find_model(&wanted.model_id)? else {
            return Err(ErrorBody::not_found("logged model", &wanted.model_id));
        };
        Ok(Place::of_model(&there))
    }

    fn model_done(&self, model: &SourceModel) -> Result<()> {
        let id = self.there.id_here(&model.model.model_id);
        let Some(there) = self.find_model(&model.model.model_id)? else {
            return Ok(());
        };
        for metric in &model.metrics {
            let point = &metric.point;
            let known = there.metrics.iter().any(|other| {
                let other_point = &other.point;
                other.run_id == metric.run_id
                    && (&point.key, point.step, point.timestamp)
                        == (&other_point.key, other_point.step, other_point.timestamp)
            });
            if known {
                continue;
            }
            let mut value = json!({"key": point.key, "value": number(point.value),
                "timestamp": point.timestamp, "step": point.step, "model_id": id});
            for (field, of) in [
                ("dataset_name", &point.dataset_name),
                ("dataset_digest", &point.dataset_digest),
            ] {
                if let Some(of) = of {
                    put(&mut value, field, of.as_str());
                }
            }
            let run_id = self.there.id_here(&metric.run_id);
            self.post(
                "runs/log-batch",
                &json!({"run_id": run_id, "metrics": [value]}),
            )?;
        }
        if there.model.status != model.model.status && model.model.status != "LOGGED_MODEL_PENDING"
        {
            let body = json!({"model_id": id, "status": model.model.status});
            let end = path(&format!("logged-models/{id}"));
            self.there
                .client
                .call(Method::PATCH, &end, &[], Some(&body))?;
        }
        Ok(())
    }

    fn register(&self, registered: &SourceRegistered) -> Result<Vec<Problem>> {
        self.register_all(registered)
    }

    fn experiment_done(&self, here: &Experiment, experiment: &Experiment) -> Result<()> {
        for mut links in self.links.borrow_mut().remove(&here.id).unwrap_or_default() {
            // A model that could not be made was told.
            let made = self.there.here.borrow();
            links.inputs.retain(|model| made.contains_key(model));
            links.outputs.retain(|(model, _)| made.contains_key(model));
            drop(made);
            let id = self.there.id_here(&links.run);
            if !links.inputs.is_empty() {
                let models: Vec<Value> = links
                    .inputs
                    .iter()
                    .map(|model| json!({"model_id": self.there.id_here(model)}))
                    .collect();
                self.post("runs/log-inputs", &json!({"run_id": id, "models": models}))?;
            }
            if !links.outputs.is_empty() {
                let models: Vec<Value> = links
                    .outputs
                    .iter()
                    .map(|(model, step)| {
                        json!({"model_id": self.there.id_here(model), "step": step})
                    })
                    .collect();
                self.post("runs/outputs", &json!({"run_id": id, "models": models}))?;
            }
        }
        let written = self.restored.borrow().contains(&here.id);
        let deleted = here.lifecycle == LifecycleStage::Deleted && !written;
        if !deleted {
            for id in self.bin.borrow_mut().remove(&here.id).unwrap_or_default() {
                self.post("runs/delete", &json!({"run_id": id}))?;
            }
        }
        if experiment.lifecycle == LifecycleStage::Deleted && !deleted {
            self.post(
                "experiments/delete",
                &json!({"experiment_id": here.id.to_string()}),
            )?;
        }
        Ok(())
    }

    fn known_file(&self, place: &Place, path: &str) -> Result<Option<(String, u64)>> {
        let mut files = self.files.borrow_mut();
        if files.0 != place.uri {
            let found = self.there.files(place)?;
            *files = (place.uri.clone(), found.files.into_iter().collect());
        }
        Ok(files.1.get(path).map(|size| (String::new(), *size)))
    }

    fn put_file(
        &self,
        place: &Place,
        path: &str,
        size: u64,
        from: Box<dyn Read>,
    ) -> Result<(String, u64)> {
        let Some(root) = ServerSource::proxied(&place.uri) else {
            return Err(ErrorBody::new(
                Code::Invalid,
                format!(
                    "The server keeps artifacts at '{}' and takes none itself.",
                    place.uri
                ),
            ));
        };
        self.there
            .client
            .upload(&format!("{root}/{path}"), size, from)?;
        Ok((String::new(), size))
    }

    fn flush(&self) -> Result<()> {
        *self.files.borrow_mut() = Default::default();
        Ok(())
    }

    fn find_run(&self, run_id: &str) -> Result<Option<SourceRun>> {
        let id = self.there.id_here(run_id);
        match self.there.client.get(&path("runs/get"), &[("run_id", &id)]) {
            Ok(answer) => {
                let run = answer.get("run").unwrap_or(&Value::Null);
                Ok(Some(self.there.read_run(&self.experiment_of(run)?, run)?))
            }
            Err(error) if error.code == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn find_model(&self, model_id: &str) -> Result<Option<SourceModel>> {
        let id = self.there.id_here(model_id);
        let found = self
            .there
            .client
            .get(&path(&format!("logged-models/{id}")), &[]);
        match found {
            Ok(answer) => {
                let model = answer.get("model").unwrap_or(&Value::Null);
                Ok(Some(
                    self.there.read_model(&self.experiment_of(model)?, model)?,
                ))
            }
            Err(error) if error.code == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What stands before `<run>/artifacts` or `<model>/artifacts` is another place there.
    fn uri(&self, uri: &str) -> Result<String> {
        if let Some(id) = uri.strip_prefix("models:/m-") {
            return Ok(format!(
                "models:/{}",
                self.there.id_here(&format!("m-{id}"))
            ));
        }
        if let Some((id, rest)) = uri
            .strip_prefix("runs:/")
            .and_then(|rest| rest.split_once('/'))
        {
            return Ok(format!("runs:/{}/{rest}", self.there.id_here(id)));
        }
        let mut at = 0;
        let mut parts = uri.split('/').peekable();
        while let Some(part) = parts.next() {
            at += part.len() + 1;
            if parts.peek() != Some(&"artifacts") {
                continue;
            }
            let root = if part.starts_with("m-") {
                self.find_model(part)?.map(|m| m.model.artifact_location)
            } else {
                self.find_run(part)?.map(|run| run.run.info.artifact_uri)
            };
            if let Some(root) = root {
                let rest = uri.get(at + "artifacts".len()..).unwrap_or_default();
                return Ok(format!("{root}{rest}"));
            }
        }
        Ok(uri.to_owned())
    }

    fn exact(&self) -> bool {
        false
    }
}
