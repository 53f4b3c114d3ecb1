//! Filters and orders of every search. The first byte says which search is asked.

use std::sync::LazyLock;

use skerry_domain::tracking::MetricPoint;
use skerry_domain::{Code, Coded, KeyValue, Reason};
use skerry_store::{
    Batch, ExperimentQuery, LoggedModelQuery, NewLoggedModel, NewModelVersion, NewRun, OrderBy,
    RegistryQuery, RunQuery, Store, StoreError, StoreOptions,
};
use tempfile::TempDir;

static STORE: LazyLock<Result<(Store, TempDir), String>> =
    LazyLock::new(|| filled().map_err(|error| error.to_string()));

fn filled() -> Result<(Store, TempDir), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(&folder.path().join("a.db"), StoreOptions::default())?;
    let pair = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    store.write(move |tx| {
        for n in 0..3 {
            let run = tx
                .create_run(NewRun {
                    tags: vec![pair("t", "x")],
                    ..NewRun::default()
                })?
                .info
                .run_id;
            tx.log_batch(
                &run,
                Batch {
                    metrics: vec![MetricPoint::new("m", f64::from(n), 1, 1)],
                    params: vec![pair("p", &n.to_string())],
                    tags: Vec::new(),
                },
            )?;
        }
        tx.create_logged_model(NewLoggedModel {
            name: "m".to_owned(),
            params: vec![pair("p", "1")],
            ..NewLoggedModel::default()
        })?;
        tx.create_registered_model("m", None, &[pair("k", "v")])?;
        tx.create_model_version(NewModelVersion {
            name: "m".to_owned(),
            source: "s3://b/x".to_owned(),
            ..NewModelVersion::default()
        })
    })?;
    Ok((store, folder))
}

/// Asks a search for what the bytes say. It is answered, or refused with the place in the
/// text where it is wrong.
///
/// # Errors
/// What is wrong with the answer.
pub fn search(data: &[u8]) -> Result<(), String> {
    let Some((which, text)) = data.split_first() else {
        return Ok(());
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return Ok(());
    };
    let (store, _) = STORE.as_ref().map_err(Clone::clone)?;
    let text = text.to_owned();
    let filters = which % 8;
    let answer = store.read(|reader| match filters {
        0 => ask_runs(reader, text.clone(), Vec::new()),
        1 => ask_runs(reader, String::new(), vec![text.clone()]),
        2 => reader
            .experiments(&ExperimentQuery {
                filter: text.clone(),
                ..ExperimentQuery::default()
            })
            .map(drop),
        3 => reader
            .experiments(&ExperimentQuery {
                order_by: vec![text.clone()],
                ..ExperimentQuery::default()
            })
            .map(drop),
        4 => reader
            .logged_models(&LoggedModelQuery {
                experiment_ids: vec![0],
                filter: text.clone(),
                ..LoggedModelQuery::default()
            })
            .map(drop),
        5 => reader
            .logged_models(&LoggedModelQuery {
                experiment_ids: vec![0],
                order_by: vec![OrderBy {
                    field: text.clone(),
                    ..OrderBy::default()
                }],
                ..LoggedModelQuery::default()
            })
            .map(drop),
        6 => reader
            .registered_models(&RegistryQuery {
                filter: text.clone(),
                ..RegistryQuery::default()
            })
            .map(drop),
        _ => reader
            .model_versions(&RegistryQuery {
                filter: text.clone(),
                ..RegistryQuery::default()
            })
            .map(drop),
    });
    match answer {
        Ok(()) => Ok(()),
        Err(error) => refused(&error, &text),
    }
}

/// Runs are asked for twice: as a list, and how many they are.
fn ask_runs(
    reader: &skerry_store::Reader<'_>,
    filter: String,
    order_by: Vec<String>,
) -> Result<(), StoreError> {
    let query = RunQuery {
        all_experiments: true,
        filter,
        order_by,
        ..RunQuery::default()
    };
    let found = reader.runs(&query)?.items.len() as u64;
    let counted = reader.count_runs(&query)?;
    if found != counted {
        return Err(StoreError::Sql(format!(
            "{found} runs are found, {counted} counted"
        )));
    }
    Ok(())
}

fn refused(error: &StoreError, text: &str) -> Result<(), String> {
    if error.code() != Code::Invalid {
        return Err(format!("{text:?}: {error}"));
    }
    if error.reason() == Some(Reason::FilterSyntax) {
        let details = error.details();
        let place = details
            .get("position")
            .and_then(|place| place.parse::<usize>().ok())
            .ok_or_else(|| format!("{text:?}: no position: {error}"))?;
        if place > text.chars().count() {
            return Err(format!("{text:?}: position {place} is beyond: {error}"));
        }
    }
    Ok(())
}
