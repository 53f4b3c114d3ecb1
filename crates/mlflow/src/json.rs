//! MLflow's JSON of the store's types. What is not set is left out.

use axum::response::{IntoResponse, Response};
use http::header;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use skerry_domain::KeyValue;
use skerry_domain::LifecycleStage;
use skerry_domain::tracking::{
    DatasetInput, Experiment, LoggedModel, MetricPoint, ModelVersion, RegisteredModel, Run, RunInfo,
};
use skerry_store::{LoggedModelMetric, Sample};

use crate::args::page_token;

/// A number as MLflow answers it: NaN is a string, infinities are the greatest
/// numbers there are.
pub(crate) fn number(value: f64) -> Value {
    if value.is_nan() {
        Value::from("NaN")
    } else {
        Value::from(value.clamp(f64::MIN, f64::MAX))
    }
}

fn lifecycle(stage: LifecycleStage) -> &'static str {
    match stage {
        LifecycleStage::Active => "active",
        LifecycleStage::Deleted => "deleted",
    }
}

pub(crate) fn pairs(pairs: &[KeyValue]) -> Value {
    pairs
        .iter()
        .map(|pair| json!({"key": pair.key, "value": pair.value}))
        .collect()
}

/// An object without the fields that are null or empty lists.
pub(crate) fn object(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(_, value)| match value {
                    Value::Null => false,
                    Value::Array(list) => !list.is_empty(),
                    _ => true,
                })
                .collect::<Map<_, _>>(),
        ),
        other => other,
    }
}

/// A list under its name, with the token of the next page when there is one.
pub(crate) fn page(name: &str, items: Vec<Value>, next: Option<usize>) -> Value {
    let mut fields = Map::new();
    if !items.is_empty() {
        fields.insert(name.to_owned(), Value::Array(items));
    }
    if let Some(offset) = next {
        fields.insert(
            "next_page_token".to_owned(),
            Value::from(page_token(offset)),
        );
    }
    Value::Object(fields)
}

pub(crate) fn experiment(experiment: &Experiment) -> Value {
    object(json!({
        "experiment_id": experiment.id.to_string(),
        "name": experiment.name,
        "artifact_location": experiment.artifact_location,
        "lifecycle_stage": lifecycle(experiment.lifecycle),
        "creation_time": experiment.created_at,
        "last_update_time": experiment.updated_at,
        "tags": pairs(&experiment.tags),
    }))
}

pub(crate) fn run_info(info: &RunInfo) -> Value {
    object(json!({
        "run_id": info.run_id,
        "run_uuid": info.run_id,
        "run_name": info.name,
        "experiment_id": info.experiment_id.to_string(),
        "user_id": info.user_id,
        "status": info.status.as_str(),
        "start_time": info.start_time,
        "end_time": info.end_time,
        "artifact_uri": info.artifact_uri,
        "lifecycle_stage": lifecycle(info.lifecycle),
    }))
}

pub(crate) fn metric(point: &MetricPoint) -> Value {
    object(json!({
        "key": point.key,
        "value": number(point.value),
        "timestamp": point.timestamp,
        "step": point.step,
        "model_id": point.model_id,
        "dataset_name": point.dataset_name,
        "dataset_digest": point.dataset_digest,
    }))
}

/// A point of a history: written without a tree of values in between, since there may
/// be a million of them.
#[derive(Serialize)]
struct Point<'a> {
    key: &'a str,
    #[serde(serialize_with = "write_number")]
    value: f64,
    timestamp: i64,
    step: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
}

#[derive(Serialize)]
struct History<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<Point<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

fn write_number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_nan() {
        serializer.serialize_str("NaN")
    } else {
        serializer.serialize_f64(value.clamp(f64::MIN, f64::MAX))
    }
}

/// The body of an answer with points of one metric; of several runs when these are named.
pub(crate) fn history(
    key: &str,
    parts: &[(Option<String>, Vec<Sample>)],
    next: Option<usize>,
) -> serde_json::Result<Vec<u8>> {
    let metrics = parts
        .iter()
        .flat_map(|(run_id, samples)| {
            samples.iter().map(|sample| Point {
                key,
                value: sample.value,
                timestamp: sample.timestamp,
                step: sample.step,
                run_id: run_id.as_deref(),
            })
        })
        .collect();
    serde_json::to_vec(&History {
        metrics,
        next_page_token: next.map(page_token),
    })
}

/// JSON that is written already, as an answer.
pub(crate) fn written(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn dataset(input: &DatasetInput) -> Value {
    let set = &input.dataset;
    object(json!({
        "tags": pairs(&input.tags),
        "dataset": object(json!({
            "name": set.name,
            "digest": set.digest,
            "source_type": set.source_type,
            "source": set.source,
            "schema": set.schema,
            "profile": set.profile,
        })),
    }))
}

pub(crate) fn run(run: &Run) -> Value {
    let inputs: Vec<Value> = run.datasets.iter().map(dataset).collect();
    let models: Vec<Value> = run
        .model_inputs
        .iter()
        .map(|id| json!({"model_id": id}))
        .collect();
    let outputs: Vec<Value> = run
        .model_outputs
        .iter()
        .map(|output| json!({"model_id": output.model_id, "step": output.step}))
        .collect();
    json!({
        "info": run_info(&run.info),
        "data": object(json!({
            "metrics": run.metrics.iter().map(metric).collect::<Vec<_>>(),
            "params": pairs(&run.params),
            "tags": pairs(&run.tags),
        })),
        "inputs": object(json!({"dataset_inputs": inputs, "model_inputs": models})),
        "outputs": object(json!({"model_outputs": outputs})),
    })
}

pub(crate) fn logged_model(model: &LoggedModel, metrics: &[LoggedModelMetric]) -> Value {
    let metrics: Vec<Value> = metrics
        .iter()
        .map(|measured| {
            let mut value = metric(&measured.point);
            if let Value::Object(fields) = &mut value {
                fields.insert("run_id".to_owned(), Value::from(measured.run_id.clone()));
            }
            value
        })
        .collect();
    json!({
        "info": object(json!({
            "model_id": model.model_id,
            "experiment_id": model.experiment_id.to_string(),
            "name": model.name,
            "creation_timestamp_ms": model.created_at,
            "last_updated_timestamp_ms": model.updated_at,
            "artifact_uri": model.artifact_location,
            "status": model.status,
            "status_message": model.status_message,
            "model_type": model.model_type,
            "source_run_id": model.source_run_id,
            "tags": pairs(&model.tags),
        })),
        "data": object(json!({"params": pairs(&model.params), "metrics": metrics})),
    })
}

pub(crate) fn model_version(version: &ModelVersion) -> Value {
    object(json!({
        "name": version.name,
        "version": version.version.to_string(),
        "creation_timestamp": version.created_at,
        "last_updated_timestamp": version.updated_at,
        "user_id": version.user_id,
        "current_stage": version.stage,
        "description": version.description.as_deref().unwrap_or(""),
        "source": version.source,
        "run_id": version.run_id.as_deref().unwrap_or(""),
        "status": version.status,
        "status_message": version.status_message,
        "tags": pairs(&version.tags),
        "run_link": version.run_link.as_deref().unwrap_or(""),
        "aliases": version.aliases,
        "model_id": version.model_id,
    }))
}

pub(crate) fn registered_model(model: &RegisteredModel) -> Value {
    let aliases: Vec<Value> = model
        .aliases
        .iter()
        .map(|(alias, version)| json!({"alias": alias, "version": version.to_string()}))
        .collect();
    object(json!({
        "name": model.name,
        "creation_timestamp": model.created_at,
        "last_updated_timestamp": model.updated_at,
        "description": model.description.as_deref().unwrap_or(""),
        "latest_versions": model.latest_versions.iter().map(model_version).collect::<Vec<_>>(),
        "tags": pairs(&model.tags),
        "aliases": aliases,
    }))
}
