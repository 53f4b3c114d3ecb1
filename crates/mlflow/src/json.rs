//! MLflow's JSON of the store's types. What is not set is left out.

use std::io::Write;

use axum::response::{IntoResponse, Response};
use http::header;
use serde::Serialize;
use serde_json::{Map, Value, json};
use skerry_domain::KeyValue;
use skerry_domain::LifecycleStage;
use skerry_domain::tracking::{
    Experiment, LoggedModel, MetricPoint, ModelVersion, RegisteredModel,
};
use skerry_store::LoggedModelMetric;

use crate::args::page_token;
use crate::fault::Fault;

/// MLflow's workspaces are not offered: everything is in the one that there always is.
const WORKSPACE: &str = "default";

/// A number as MLflow answers it: NaN is a string, infinities are the greatest
/// numbers there are.
pub(crate) fn number(value: f64) -> Value {
    if value.is_nan() {
        Value::from("NaN")
    } else {
        Value::from(value.clamp(f64::MIN, f64::MAX))
    }
}

pub(crate) fn lifecycle(stage: LifecycleStage) -> &'static str {
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
    page_with(name, items, next.map(page_token))
}

/// A page with the token of the next one.
pub(crate) fn page_with(name: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut fields = Map::new();
    if !items.is_empty() {
        fields.insert(name.to_owned(), Value::Array(items));
    }
    if let Some(token) = next {
        fields.insert("next_page_token".to_owned(), Value::from(token));
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
        "workspace": WORKSPACE,
        "tags": pairs(&experiment.tags),
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

/// An answer that is written without a tree of values in between.
pub(crate) fn answer(value: &impl Serialize) -> Result<Response, Fault> {
    match serde_json::to_vec(value) {
        Ok(body) => Ok(written(body)),
        Err(error) => Err(Fault::internal(format!(
            "The answer cannot be written: {error}"
        ))),
    }
}

/// JSON as Python writes it, which is how MLflow's clients compare tags that hold some.
pub(crate) fn python(value: &Value) -> String {
    struct Python;
    impl serde_json::ser::Formatter for Python {
        fn begin_array_value<W: ?Sized + Write>(
            &mut self,
            writer: &mut W,
            first: bool,
        ) -> std::io::Result<()> {
            writer.write_all(if first { b"" } else { b", " })
        }

        fn begin_object_key<W: ?Sized + Write>(
            &mut self,
            writer: &mut W,
            first: bool,
        ) -> std::io::Result<()> {
            writer.write_all(if first { b"" } else { b", " })
        }

        fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
            writer.write_all(b": ")
        }

        fn write_string_fragment<W: ?Sized + Write>(
            &mut self,
            writer: &mut W,
            fragment: &str,
        ) -> std::io::Result<()> {
            let mut units = [0; 2];
            for c in fragment.chars() {
                if c.is_ascii() {
                    write!(writer, "{c}")?;
                } else {
                    for unit in c.encode_utf16(&mut units) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
            Ok(())
        }
    }
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Python);
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        // A tree of values can always be written to memory.
        Err(_) => value.to_string(),
    }
}

/// JSON that is written already, as an answer.
pub(crate) fn written(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
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
            "status_message": Some(&model.status_message).filter(|text| !text.is_empty()),
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
        "description": model.description.as_deref().filter(|text| !text.is_empty()),
        "latest_versions": model.latest_versions.iter().map(model_version).collect::<Vec<_>>(),
        "tags": pairs(&model.tags),
        "aliases": aliases,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_written_as_python_does() {
        assert_eq!(
            python(&json!([{"name": "é\"x", "version": 1}, {}])),
            r#"[{"name": "\u00e9\"x", "version": 1}, {}]"#
        );
    }
}
