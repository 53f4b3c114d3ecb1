use axum::Json;
use axum::extract::State;
use axum::routing::{delete, get, patch, post};
use serde_json::{Value, json};
use skerry_domain::KeyValue;
use skerry_domain::tracking::ModelVersion;
use skerry_store::{NewModelVersion, RegistryQuery, Result, StoreError, Tx};

use crate::args::Args;
use crate::fault::{Answer, Fault};
use crate::{MlflowState, Paths, json, source};

/// The tag of a logged model that says which versions were made of it.
const VERSIONS_TAG: &str = "mlflow.modelVersions";

pub(crate) fn routes(paths: Paths) -> Paths {
    paths
        .at("2.0/mlflow/model-versions/create", post(create))
        .at("2.0/mlflow/model-versions/get", get(by_number))
        .at("2.0/mlflow/model-versions/search", get(search))
        .at("2.0/mlflow/model-versions/update", patch(update))
        .at(
            "2.0/mlflow/model-versions/transition-stage",
            post(transition),
        )
        .at("2.0/mlflow/model-versions/delete", delete(remove))
        .at(
            "2.0/mlflow/model-versions/get-download-uri",
            get(download_uri),
        )
        .at("2.0/mlflow/model-versions/set-tag", post(set_tag))
        .at("2.0/mlflow/model-versions/delete-tag", delete(delete_tag))
}

fn one(version: &ModelVersion) -> Json<Value> {
    Json(json!({"model_version": json::model_version(version)}))
}

async fn create(State(state): State<MlflowState>, args: Args) -> Answer {
    let mut new = NewModelVersion {
        name: args.need("name")?,
        source: args.need("source")?,
        run_id: args.text("run_id")?,
        model_id: args.text("model_id")?,
        description: args.text("description")?,
        run_link: args.text("run_link")?,
        user_id: None,
        tags: args.pairs("tags")?,
    };
    state.locations().check_source(&new.source)?;
    let local = source::is_local(&new.source)?;
    let version = state
        .write(move |tx| {
            source::check(tx, &mut new, local)?;
            let version = tx.create_model_version(new)?;
            if let Some(model_id) = &version.model_id
                && !version.tags.iter().any(source::is_prompt_tag)
            {
                note_version(tx, model_id, &version)?;
            }
            Ok(version)
        })
        .await?;
    Ok(one(&version))
}

fn note_version(tx: &Tx<'_>, model_id: &str, version: &ModelVersion) -> Result<()> {
    let model = match tx.logged_model(model_id) {
        Ok(model) => model,
        Err(StoreError::NotFound(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut known: Vec<Value> = model
        .tags
        .iter()
        .find(|tag| tag.key == VERSIONS_TAG)
        .and_then(|tag| serde_json::from_str(&tag.value).ok())
        .unwrap_or_default();
    known.push(json!({"name": version.name, "version": version.version}));
    let tag = KeyValue {
        key: VERSIONS_TAG.to_owned(),
        value: json::python(&Value::from(known)),
    };
    tx.set_logged_model_tags(model_id, &[tag]).map(drop)
}

async fn by_number(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let number = args.version()?;
    let version = state.peek(|reader| reader.model_version(&name, number))?;
    Ok(one(&version))
}

async fn search(State(state): State<MlflowState>, args: Args) -> Answer {
    if args.asks_for_none()? {
        return Err(Fault::invalid(format!(
            "Invalid value for max_results. It must be a positive integer, but got {}",
            args.int("max_results")?.unwrap_or_default()
        )));
    }
    let (max_results, offset) = args.page(10_000, 200_000)?;
    let query = RegistryQuery {
        filter: args.text("filter")?.unwrap_or_default(),
        order_by: args.texts("order_by")?,
        max_results,
        offset,
    };
    let page = state
        .read(move |reader| reader.model_versions(&query))
        .await?;
    let items = page.items.iter().map(json::model_version).collect();
    Ok(Json(json::page("model_versions", items, page.next)))
}

async fn update(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let number = args.version()?;
    let description = args.text("description")?;
    let version = state
        .write(move |tx| tx.describe_model_version(&name, number, description.as_deref()))
        .await?;
    Ok(one(&version))
}

async fn transition(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let number = args.version()?;
    let stage = args.need("stage")?;
    let archive = args.flag("archive_existing_versions")?;
    let version = state
        .write(move |tx| tx.transition_stage(&name, number, &stage, archive))
        .await?;
    Ok(one(&version))
}

async fn remove(State(state): State<MlflowState>, args: Args) -> Answer {
    state.only_at_large("delete model versions")?;
    let name = args.need("name")?;
    let number = args.version()?;
    state
        .write(move |tx| tx.delete_model_version(&name, number))
        .await?;
    Ok(Json(json!({})))
}

async fn download_uri(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let number = args.version()?;
    let version = state.peek(|reader| reader.model_version(&name, number))?;
    let uri = version
        .storage_location
        .filter(|uri| !uri.is_empty())
        .unwrap_or(version.source);
    Ok(Json(json!({"artifact_uri": uri})))
}

async fn set_tag(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let number = args.version()?;
    let tag = args.pair()?;
    state
        .write(move |tx| tx.set_model_version_tag(&name, number, &tag))
        .await?;
    Ok(Json(json!({})))
}

async fn delete_tag(State(state): State<MlflowState>, args: Args) -> Answer {
    let name = args.need("name")?;
    let number = args.version()?;
    let key = args.need("key")?;
    state
        .write(move |tx| tx.delete_model_version_tag(&name, number, &key))
        .await?;
    Ok(Json(json!({})))
}
