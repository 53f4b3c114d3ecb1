use axum::Json;
use axum::extract::State;
use axum::routing::{delete, get, patch, post};
use serde_json::json;
use skerry_store::RegistryQuery;

use crate::args::{self, Args};
use crate::fault::Answer;
use crate::{MlflowState, Paths, json};

pub(crate) fn routes(paths: Paths) -> Paths {
    paths
        .at("2.0/mlflow/registered-models/create", post(create))
        .at("2.0/mlflow/registered-models/get", get(by_name))
        .at("2.0/mlflow/registered-models/search", get(search))
        .at("2.0/mlflow/registered-models/update", patch(update))
        .at("2.0/mlflow/registered-models/rename", post(rename))
        .at("2.0/mlflow/registered-models/delete", delete(remove))
        .at("2.0/mlflow/registered-models/set-tag", post(set_tag))
        .at(
            "2.0/mlflow/registered-models/delete-tag",
            delete(delete_tag),
        )
        .at(
            "2.0/mlflow/registered-models/get-latest-versions",
            get(latest).post(latest),
        )
        .at(
            "2.0/mlflow/registered-models/alias",
            get(by_alias).post(set_alias).delete(delete_alias),
        )
}

async fn create(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let description = args.text("description")?;
    let tags = args.pairs("tags")?;
    let model = state
        .write(move |tx| tx.create_registered_model(&name, description.as_deref(), &tags))
        .await?;
    Ok(Json(
        json!({"registered_model": json::registered_model(&model)}),
    ))
}

async fn by_name(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let model = state.peek(|reader| reader.registered_model(&name))?;
    Ok(Json(
        json!({"registered_model": json::registered_model(&model)}),
    ))
}

async fn search(State(state): State<MlflowState>, args: Args) -> Answer {
    let none = args.asks_for_none()?;
    let (max_results, offset) = if none {
        (1, args.offset()?)
    } else {
        args.page(100, 1_000)?
    };
    let query = RegistryQuery {
        filter: args.text("filter")?.unwrap_or_default(),
        order_by: args.texts("order_by")?,
        max_results,
        offset,
    };
    let page = state
        .read(move |reader| reader.registered_models(&query))
        .await?;
    if none {
        return Ok(Json(json!({})));
    }
    let items = page.items.iter().map(json::registered_model).collect();
    Ok(Json(json::page("registered_models", items, page.next)))
}

async fn update(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let description = args.text("description")?;
    let model = state
        .write(move |tx| tx.describe_registered_model(&name, description.as_deref()))
        .await?;
    Ok(Json(
        json!({"registered_model": json::registered_model(&model)}),
    ))
}

async fn rename(State(state): State<MlflowState>, args: Args) -> Answer {
    state.only_at_large("rename registered models")?;
    let name = args.need("name")?;
    let new_name = args.need("new_name")?;
    let model = state
        .write(move |tx| tx.rename_registered_model(&name, &new_name))
        .await?;
    Ok(Json(
        json!({"registered_model": json::registered_model(&model)}),
    ))
}

async fn remove(State(state): State<MlflowState>, args: Args) -> Answer {
    state.only_at_large("delete registered models")?;
    let name = args.need("name")?;
    state
        .write(move |tx| tx.delete_registered_model(&name))
        .await?;
    Ok(Json(json!({})))
}

async fn set_tag(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let tag = args.pair()?;
    state
        .write(move |tx| tx.set_registered_model_tag(&name, &tag))
        .await?;
    Ok(Json(json!({})))
}

async fn delete_tag(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let key = args.need("key")?;
    state
        .write(move |tx| tx.delete_registered_model_tag(&name, &key))
        .await?;
    Ok(Json(json!({})))
}

async fn latest(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let stages = args.texts("stages")?;
    let versions = state.peek(|reader| reader.latest_versions(&name, &stages))?;
    let items = versions.iter().map(json::model_version).collect();
    Ok(Json(json::page("model_versions", items, None)))
}

async fn by_alias(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let alias = args.need("alias")?;
    let version = state.peek(|reader| {
        let version = reader.alias_target(&name, &alias)?;
        reader.model_version(&name, version)
    })?;
    Ok(Json(
        json!({"model_version": json::model_version(&version)}),
    ))
}

async fn set_alias(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let alias = args.need("alias")?;
    if args.get("version").is_none() {
        return Err(args::required("version"));
    }
    let version = args.version()?;
    state
        .write(move |tx| tx.set_alias(&name, &alias, version))
        .await?;
    Ok(Json(json!({})))
}

async fn delete_alias(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let alias = args.need("alias")?;
    state
        .write(move |tx| tx.delete_alias(&name, &alias))
        .await?;
    Ok(Json(json!({})))
}
