use axum::Json;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use skerry_domain::tracking::{Dataset, DatasetInput, ModelOutput};
use skerry_domain::{KeyValue, LifecycleStage, RunStatus};
use skerry_store::{NewRun, Place, Reader, RunQuery, RunUpdate};

use crate::args::{self, Args};
use crate::fault::{Answer, Fault};
use crate::{MlflowState, Paths, json, written};

/// The tag in which clients before MLflow 3 keep the models of a run.
const MODELS_TAG: &str = "mlflow.log-model.history";

pub(crate) fn routes(paths: Paths) -> Paths {
    paths
        .at("2.0/mlflow/runs/create", post(create))
        .at("2.0/mlflow/runs/get", get(by_id))
        .at("2.0/mlflow/runs/search", post(search))
        .at("2.0/mlflow/runs/update", post(update))
        .at("2.0/mlflow/runs/delete", post(delete))
        .at("2.0/mlflow/runs/restore", post(restore))
        .at("2.0/mlflow/runs/log-parameter", post(log_param))
        .at("2.0/mlflow/runs/set-tag", post(set_tag))
        .at("2.0/mlflow/runs/delete-tag", post(delete_tag))
        .at("2.0/mlflow/runs/log-inputs", post(log_inputs))
        .at("2.0/mlflow/runs/outputs", post(log_outputs))
        .at("2.0/mlflow/runs/log-model", post(log_model))
}

async fn create(State(state): State<MlflowState>, args: Args) -> Answer<Response> {
    let new = NewRun {
        run_id: None,
        experiment_id: match args.text("experiment_id")?.filter(|id| !id.is_empty()) {
            Some(id) => args::experiment_id(&id)?,
            None => 0,
        },
        name: args.text("run_name")?.unwrap_or_default(),
        user_id: args.text("user_id")?.unwrap_or_default(),
        // MLflow has 0 where nothing is said.
        start_time: Some(args.int("start_time")?.unwrap_or(0)),
        status: None,
        tags: args.pairs("tags")?,
        opened_by: state.door().map(str::to_owned),
    };
    let run = state.write(move |tx| tx.create_run(new)).await?;
    json::answer(&written::run(&run))
}

async fn by_id(State(state): State<MlflowState>, args: Args) -> Answer<Response> {
    let id = args.run_id()?;
    let run = state.peek(|reader| reader.run(&id))?;
    json::answer(&written::run(&run))
}

async fn search(State(state): State<MlflowState>, args: Args) -> Answer<Response> {
    let (max_results, offset) = args.page(1_000, 50_000)?;
    let order_by = args.texts("order_by")?;
    let token = args.token()?.unwrap_or_default();
    let query = RunQuery {
        experiment_ids: args.experiment_ids()?,
        all_experiments: false,
        filter: args.text("filter")?.unwrap_or_default(),
        machine_id: None,
        view: args.view("run_view_type")?,
        archived: None,
        max_results,
        offset,
        after: (token.get("order_by") == Some(&json!(order_by)))
            .then(|| token.get("after").and_then(Place::from_json))
            .flatten(),
        order_by,
    };
    let body = state
        .read(move |reader| written_page(reader, &query))
        .await?;
    Ok(json::written(body))
}

/// A page of runs; its token has the place of the last one, behind which the next begins.
fn written_page(reader: &Reader<'_>, query: &RunQuery) -> skerry_store::Result<Vec<u8>> {
    let mut page = written::Runs::new();
    let mut last = String::new();
    let next = reader.each_run(query, |run| {
        page.run(&run)?;
        last = run.info.run_id;
        Ok(())
    })?;
    let token = match next {
        Some(offset) => Some(args::encoded(&json!({
            "offset": offset,
            "order_by": query.order_by,
            "after": reader.place(query, &last)?.to_json(),
        }))),
        None => None,
    };
    Ok(page.end(token.as_deref())?)
}

fn status(args: &Args) -> Result<Option<RunStatus>, Fault> {
    let Some(value) = args.get("status") else {
        return Ok(None);
    };
    let status = match value {
        Value::String(word) => RunStatus::parse(word),
        Value::Number(number) => match number.as_i64() {
            Some(1) => Some(RunStatus::Running),
            Some(2) => Some(RunStatus::Scheduled),
            Some(3) => Some(RunStatus::Finished),
            Some(4) => Some(RunStatus::Failed),
            Some(5) => Some(RunStatus::Killed),
            _ => None,
        },
        _ => None,
    };
    match status {
        Some(status) => Ok(Some(status)),
        None => Err(args::wrong_type("status", value)),
    }
}

async fn update(State(state): State<MlflowState>, args: Args) -> Answer<Response> {
    let update = RunUpdate {
        status: status(&args)?,
        end_time: args.int("end_time")?,
        name: args.text("run_name")?,
    };
    let info = state
        .write_run(args.run_id()?, move |tx, id| tx.update_run(id, &update))
        .await?;
    json::answer(&written::run_info(&info))
}

async fn delete(State(state): State<MlflowState>, args: Args) -> Answer {
    state
        .write_run(args.run_id()?, |tx, id| {
            tx.set_run_lifecycle(id, LifecycleStage::Deleted)
        })
        .await?;
    Ok(Json(json!({})))
}

async fn restore(State(state): State<MlflowState>, args: Args) -> Answer {
    state
        .write_run(args.run_id()?, |tx, id| {
            tx.set_run_lifecycle(id, LifecycleStage::Active)
        })
        .await?;
    Ok(Json(json!({})))
}

async fn log_param(State(state): State<MlflowState>, args: Args) -> Answer {
    let run_id = args.run_id()?;
    let param = args.pair()?;
    state
        .write_run(run_id, move |tx, id| tx.log_param(id, param))
        .await?;
    Ok(Json(json!({})))
}

async fn set_tag(State(state): State<MlflowState>, args: Args) -> Answer {
    let run_id = args.run_id()?;
    let tag = args.pair()?;
    state
        .write_run(run_id, move |tx, id| tx.set_run_tags(id, vec![tag]))
        .await?;
    Ok(Json(json!({})))
}

async fn delete_tag(State(state): State<MlflowState>, args: Args) -> Answer {
    let run_id = args.run_id()?;
    let key = args.need("key")?;
    state
        .write_run(run_id, move |tx, id| tx.delete_run_tag(id, &key))
        .await?;
    Ok(Json(json!({})))
}

fn dataset(value: &Value, path: &str) -> Result<DatasetInput, Fault> {
    let Some(set) = value.get("dataset").filter(|set| set.is_object()) else {
        return Err(args::required(&format!("{path}.dataset")));
    };
    let text = |name: &str| match set.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(args::wrong_type(&format!("{path}.dataset.{name}"), other)),
    };
    let tags = match value.get("tags") {
        Some(Value::Array(tags)) => tags
            .iter()
            .enumerate()
            .map(|(n, tag)| args::pair(tag, &format!("{path}.tags[{n}]")))
            .collect::<Result<_, _>>()?,
        _ => Vec::new(),
    };
    Ok(DatasetInput {
        dataset: Dataset {
            name: text("name")?.unwrap_or_default(),
            digest: text("digest")?.unwrap_or_default(),
            source_type: text("source_type")?.unwrap_or_default(),
            source: text("source")?.unwrap_or_default(),
            schema: text("schema")?,
            profile: text("profile")?,
        },
        tags,
    })
}

fn model_id(value: &Value, path: &str) -> Result<String, Fault> {
    match value.get("model_id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
        _ => Err(args::required(&format!("{path}.model_id"))),
    }
}

async fn log_inputs(State(state): State<MlflowState>, args: Args) -> Answer {
    let run_id = args.run_id()?;
    let datasets = args
        .list("datasets")?
        .iter()
        .enumerate()
        .map(|(n, value)| dataset(value, &format!("datasets[{n}]")))
        .collect::<Result<Vec<_>, _>>()?;
    let models = args
        .list("models")?
        .iter()
        .enumerate()
        .map(|(n, value)| model_id(value, &format!("models[{n}]")))
        .collect::<Result<Vec<_>, _>>()?;
    state
        .write_run(run_id, move |tx, id| tx.log_inputs(id, datasets, models))
        .await?;
    Ok(Json(json!({})))
}

async fn log_outputs(State(state): State<MlflowState>, args: Args) -> Answer {
    let run_id = args.run_id()?;
    if args.get("models").is_none() {
        return Err(args::required("models"));
    }
    let models = args
        .list("models")?
        .iter()
        .enumerate()
        .map(|(n, value)| {
            Ok(ModelOutput {
                model_id: model_id(value, &format!("models[{n}]"))?,
                step: value.get("step").and_then(args::int).unwrap_or(0),
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    state
        .write_run(run_id, move |tx, id| tx.log_outputs(id, models))
        .await?;
    Ok(Json(json!({})))
}

async fn log_model(State(state): State<MlflowState>, args: Args) -> Answer {
    let run_id = args.run_id()?;
    let text = args.need("model_json")?;
    let model: Value = serde_json::from_str(&text).map_err(|_| {
        Fault::invalid(format!(
            "Malformed model info. \n {text} \n is not a valid JSON."
        ))
    })?;
    let missing: Vec<&str> = ["artifact_path", "flavors", "utc_time_created", "run_id"]
        .into_iter()
        .filter(|field| model.get(field).is_none())
        .collect();
    if !missing.is_empty() {
        return Err(Fault::invalid(format!(
            "Model json is missing mandatory fields: {missing:?}"
        )));
    }
    state
        .write_run(run_id, move |tx, id| {
            let run = tx.run(id)?;
            let mut models: Vec<Value> = run
                .tag(MODELS_TAG)
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default();
            models.push(model);
            let tag = KeyValue {
                key: MODELS_TAG.to_owned(),
                value: json::python(&Value::from(models)),
            };
            tx.set_run_tags(id, vec![tag])
        })
        .await?;
    Ok(Json(json!({})))
}
