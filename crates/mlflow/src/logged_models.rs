use axum::Json;
use axum::extract::{Path, State};
use axum::routing::{delete, get, patch, post};
use serde_json::{Value, json};
use skerry_domain::tracking::LoggedModel;
use skerry_store::{LoggedModelQuery, NewLoggedModel, OrderBy};

use crate::args::{self, Args};
use crate::fault::{Answer, Fault};
use crate::{MlflowState, Paths, json};

pub(crate) fn routes(paths: Paths) -> Paths {
    paths
        .at("2.0/mlflow/logged-models", post(create))
        .at("2.0/mlflow/logged-models/search", post(search))
        .at(
            "2.0/mlflow/logged-models/{model_id}",
            get(by_id).patch(finalize).delete(remove),
        )
        .at("2.0/mlflow/logged-models/{model_id}/tags", patch(set_tags))
        .at(
            "2.0/mlflow/logged-models/{model_id}/tags/{key}",
            delete(delete_tag),
        )
        .at(
            "2.0/mlflow/logged-models/{model_id}/params",
            post(log_params),
        )
}

fn shown(state: &MlflowState, model: &LoggedModel) -> Result<Value, Fault> {
    let metrics = state.peek(|reader| reader.logged_model_metrics(&model.model_id))?;
    Ok(json::logged_model(model, &metrics))
}

async fn create(State(state): State<MlflowState>, args: Args) -> Answer {
    let new = NewLoggedModel {
        experiment_id: args.experiment_id()?,
        name: args.text("name")?.unwrap_or_default(),
        model_type: args.text("model_type")?.unwrap_or_default(),
        source_run_id: args.text("source_run_id")?.filter(|id| !id.is_empty()),
        params: args.pairs("params")?,
        tags: args.pairs("tags")?,
    };
    let model = match (state.door(), new.source_run_id.clone()) {
        (Some(_), Some(run)) => {
            state
                .write_run(run, move |tx, _| tx.create_logged_model(new))
                .await?
        }
        // Without a run of its own nobody could write to it behind a door.
        (Some(door), None) => {
            let new = NewLoggedModel {
                source_run_id: Some(door.to_owned()),
                ..new
            };
            state.write(move |tx| tx.create_logged_model(new)).await?
        }
        (None, _) => state.write(move |tx| tx.create_logged_model(new)).await?,
    };
    Ok(Json(json!({"model": shown(&state, &model)?})))
}

async fn by_id(State(state): State<MlflowState>, Path(id): Path<String>) -> Answer {
    let model = state.peek(|reader| reader.logged_model(&id))?;
    Ok(Json(json!({"model": shown(&state, &model)?})))
}

async fn finalize(State(state): State<MlflowState>, Path(id): Path<String>, args: Args) -> Answer {
    let Some(value) = args.get("status") else {
        return Err(args::required("status"));
    };
    let status = match value {
        Value::String(word)
            if matches!(
                word.as_str(),
                "LOGGED_MODEL_PENDING" | "LOGGED_MODEL_READY" | "LOGGED_MODEL_UPLOAD_FAILED"
            ) =>
        {
            word.clone()
        }
        Value::Number(number) => match number.as_i64() {
            Some(1) => "LOGGED_MODEL_PENDING".to_owned(),
            Some(2) => "LOGGED_MODEL_READY".to_owned(),
            Some(3) => "LOGGED_MODEL_UPLOAD_FAILED".to_owned(),
            _ => return Err(args::wrong_type("status", value)),
        },
        _ => return Err(args::wrong_type("status", value)),
    };
    let model = state
        .write_model(id, move |tx, id| tx.finalize_logged_model(id, &status))
        .await?;
    Ok(Json(json!({"model": shown(&state, &model)?})))
}

async fn remove(State(state): State<MlflowState>, Path(id): Path<String>) -> Answer {
    state
        .write_model(id, |tx, id| tx.delete_logged_model(id))
        .await?;
    Ok(Json(json!({})))
}

async fn set_tags(State(state): State<MlflowState>, Path(id): Path<String>, args: Args) -> Answer {
    let tags = args.pairs("tags")?;
    let model = state
        .write_model(id, move |tx, id| tx.set_logged_model_tags(id, &tags))
        .await?;
    Ok(Json(json!({"model": shown(&state, &model)?})))
}

async fn delete_tag(
    State(state): State<MlflowState>,
    Path((id, key)): Path<(String, String)>,
) -> Answer {
    state
        .write_model(id, move |tx, id| tx.delete_logged_model_tag(id, &key))
        .await?;
    Ok(Json(json!({})))
}

async fn log_params(
    State(state): State<MlflowState>,
    Path(id): Path<String>,
    args: Args,
) -> Answer {
    let params = args.pairs("params")?;
    state
        .write_model(id, move |tx, id| tx.log_model_params(id, &params))
        .await?;
    Ok(Json(json!({})))
}

/// What the pages of one search have in common: each token says it, and is good for
/// that search only.
struct Asked {
    experiment_ids: Value,
    filter_string: Value,
    order_by: Value,
}

impl Asked {
    fn of(args: &Args) -> Self {
        let field = |name: &str| match args.get(name) {
            Some(Value::Array(list)) if list.is_empty() => Value::Null,
            Some(Value::String(text)) if text.is_empty() => Value::Null,
            other => other.cloned().unwrap_or_default(),
        };
        Self {
            experiment_ids: field("experiment_ids"),
            filter_string: field("filter"),
            order_by: field("order_by"),
        }
    }

    fn offset(&self, args: &Args) -> Result<usize, Fault> {
        let Some(token) = args.token()? else {
            return Ok(0);
        };
        for (name, asked, why) in [
            (
                "experiment_ids",
                &self.experiment_ids,
                "Experiment IDs in the page token do not match the requested experiment IDs",
            ),
            (
                "filter_string",
                &self.filter_string,
                "Filter string in the page token does not match the requested filter string",
            ),
            (
                "order_by",
                &self.order_by,
                "Order by in the page token does not match the requested order by",
            ),
        ] {
            let found = token.get(name).unwrap_or(&Value::Null);
            if found != asked {
                return Err(Fault::invalid(format!(
                    "{why}. Expected: {asked}. Found: {found}"
                )));
            }
        }
        args::offset_in(&token)
    }

    fn token(&self, offset: usize) -> String {
        args::encoded(&json!({
            "experiment_ids": self.experiment_ids,
            "filter_string": self.filter_string,
            "order_by": self.order_by,
            "offset": offset,
        }))
    }
}

async fn search(State(state): State<MlflowState>, args: Args) -> Answer {
    if args.get("experiment_ids").is_none() {
        return Err(args::required("experiment_ids"));
    }
    let experiment_ids = args.experiment_ids()?;
    let text = |value: &Value, name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let datasets = args
        .list("datasets")?
        .iter()
        .map(|value| {
            let name = text(value, "dataset_name").ok_or_else(|| {
                Fault::invalid("`dataset_name` in the `datasets` clause must be specified.")
            })?;
            Ok((name, text(value, "dataset_digest")))
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    let order_by = args
        .list("order_by")?
        .iter()
        .map(|value| {
            Ok(OrderBy {
                field: text(value, "field_name")
                    .ok_or_else(|| args::required("order_by.field_name"))?,
                ascending: value.get("ascending").and_then(Value::as_bool) != Some(false),
                dataset_name: text(value, "dataset_name"),
                dataset_digest: text(value, "dataset_digest"),
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    let asked = Asked::of(&args);
    // To MLflow 0 is the default of its store, and there is no most: a page has at most so
    // many here, and a token for the rest.
    let max_results = args.int("max_results")?;
    let none = max_results.is_some_and(|max| max < 0);
    let max_results = match max_results {
        None => 50,
        Some(0) => 100,
        Some(max) => usize::try_from(max).unwrap_or(0).clamp(1, 50_000),
    };
    let offset = asked.offset(&args)?;
    let query = LoggedModelQuery {
        experiment_ids,
        filter: args.text("filter")?.unwrap_or_default(),
        order_by,
        datasets,
        max_results,
        offset,
    };
    let (items, next) = state
        .read(move |reader| {
            let page = reader.logged_models(&query)?;
            let items = page
                .items
                .iter()
                .map(|model| {
                    let metrics = reader.logged_model_metrics(&model.model_id)?;
                    Ok(json::logged_model(model, &metrics))
                })
                .collect::<skerry_store::Result<Vec<_>>>()?;
            Ok((items, page.next))
        })
        .await?;
    if none {
        return Ok(Json(json!({})));
    }
    Ok(Json(json::page_with(
        "models",
        items,
        next.map(|offset| asked.token(offset)),
    )))
}
