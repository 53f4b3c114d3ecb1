use axum::Json;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::json;
use skerry_domain::LifecycleStage;
use skerry_store::ExperimentQuery;

use crate::args::Args;
use crate::fault::{Answer, Fault};
use crate::{MlflowState, Paths, json, source};

pub(crate) fn routes(paths: Paths) -> Paths {
    paths
        .at("2.0/mlflow/experiments/create", post(create))
        .at("2.0/mlflow/experiments/get", get(by_id))
        .at("2.0/mlflow/experiments/get-by-name", get(by_name))
        .at("2.0/mlflow/experiments/search", get(search).post(search))
        .at("2.0/mlflow/experiments/update", post(update))
        .at("2.0/mlflow/experiments/delete", post(delete))
        .at("2.0/mlflow/experiments/restore", post(restore))
        .at("2.0/mlflow/experiments/set-experiment-tag", post(set_tag))
        .at(
            "2.0/mlflow/experiments/delete-experiment-tag",
            post(delete_tag),
        )
        .at("2.0/mlflow/experiments/search-datasets", post(datasets))
        // So it is spelt in MLflow, and so its client asks.
        .at("2.0mlflow/experiments/search-datasets", post(datasets))
}

async fn create(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let mut location = args.text("artifact_location")?;
    let tags = args.pairs("tags")?;
    if let Some(given) = location.as_deref().filter(|given| !given.is_empty()) {
        if given.contains(['#', ';']) {
            return Err(Fault::invalid(
                "'artifact_location' URL can't include fragments or params.",
            ));
        }
        if let Some((_, query)) = given.split_once('?')
            && percent_encoding::percent_decode_str(query)
                .decode_utf8_lossy()
                .contains("..")
        {
            return Err(Fault::invalid("Invalid query string"));
        }
        state.locations().check_host(given, "artifact_location")?;
        location = Some(source::absolute(given)?);
    }
    let id = state
        .write(move |tx| tx.create_experiment(&name, location.as_deref(), &tags))
        .await?;
    Ok(Json(json!({"experiment_id": id.to_string()})))
}

async fn by_id(State(state): State<MlflowState>, args: Args) -> Answer {
    let id = args.experiment_id()?;
    let found = state.peek(|reader| reader.experiment(id))?;
    Ok(Json(json!({"experiment": json::experiment(&found)})))
}

async fn by_name(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("experiment_name")?;
    let found = state.peek(|reader| reader.experiment_by_name(&name))?;
    Ok(Json(json!({"experiment": json::experiment(&found)})))
}

async fn search(State(state): State<MlflowState>, args: Args) -> Answer {
    let (max_results, offset) = args.page(1_000, 50_000)?;
    let query = ExperimentQuery {
        filter: args.text("filter")?.unwrap_or_default(),
        order_by: args.texts("order_by")?,
        view: args.view("view_type")?,
        max_results,
        offset,
    };
    let page = state.read(move |reader| reader.experiments(&query)).await?;
    let items = page.items.iter().map(json::experiment).collect();
    Ok(Json(json::page("experiments", items, page.next)))
}

async fn update(State(state): State<MlflowState>, args: Args) -> Answer {
    state.only_at_large("rename experiments")?;
    let id = args.experiment_id()?;
    let name = args.need("new_name")?;
    state
        .write(move |tx| tx.rename_experiment(id, &name))
        .await?;
    Ok(Json(json!({})))
}

async fn delete(State(state): State<MlflowState>, args: Args) -> Answer {
    lifecycle(state, args, LifecycleStage::Deleted).await
}

async fn restore(State(state): State<MlflowState>, args: Args) -> Answer {
    lifecycle(state, args, LifecycleStage::Active).await
}

async fn lifecycle(state: MlflowState, args: Args, to: LifecycleStage) -> Answer {
    state.only_at_large("delete or restore experiments")?;
    let id = args.experiment_id()?;
    state
        .write(move |tx| tx.set_experiment_lifecycle(id, to))
        .await?;
    Ok(Json(json!({})))
}

async fn set_tag(State(state): State<MlflowState>, args: Args) -> Answer {
    let id = args.experiment_id()?;
    let tag = args.pair()?;
    state
        .write(move |tx| tx.set_experiment_tags(id, std::slice::from_ref(&tag)))
        .await?;
    Ok(Json(json!({})))
}

async fn delete_tag(State(state): State<MlflowState>, args: Args) -> Answer {
    state.only_at_large("delete tags of experiments")?;
    let id = args.experiment_id()?;
    let key = args.need("key")?;
    state
        .write(move |tx| tx.delete_experiment_tag(id, &key))
        .await?;
    Ok(Json(json!({})))
}

async fn datasets(State(state): State<MlflowState>, args: Args) -> Answer {
    let ids = args.list("experiment_ids")?;
    if ids.is_empty() {
        return Err(Fault::invalid(
            "SearchDatasets request must specify at least one experiment_id.",
        ));
    }
    if ids.len() > 20 {
        return Err(Fault::invalid(format!(
            "SearchDatasets request cannot specify more than 20 experiment_ids. Received {} experiment_ids.",
            ids.len()
        )));
    }
    let ids = args.experiment_ids()?;
    let found = state.read(move |reader| reader.datasets(&ids)).await?;
    let items = found
        .iter()
        .map(|set| {
            json::object(json!({
                "experiment_id": set.experiment_id.to_string(),
                "name": set.name,
                "digest": set.digest,
                "context": set.context,
            }))
        })
        .collect();
    Ok(Json(json::page("dataset_summaries", items, None)))
}
