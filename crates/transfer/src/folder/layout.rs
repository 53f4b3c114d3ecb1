//! The files of an `mlruns` folder: what is in them, and reading them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use skerry_domain::tracking::{MetricPoint, ModelVersion};
use skerry_domain::{Code, ErrorBody, KeyValue, LifecycleStage};
use skerry_store::{LoggedModelMetric, Sample};

use crate::Result;

#[derive(Deserialize)]
pub(super) struct ExperimentMeta {
    pub experiment_id: Option<String>,
    pub name: String,
    pub artifact_location: Option<String>,
    pub creation_time: Option<i64>,
    pub last_update_time: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct RunMeta {
    pub run_id: Option<String>,
    pub run_uuid: Option<String>,
    pub run_name: Option<String>,
    /// Of the run, before `run_name`.
    pub name: Option<String>,
    pub source_name: Option<String>,
    pub source_type: Option<i64>,
    pub source_version: Option<String>,
    pub entry_point_name: Option<String>,
    pub user_id: Option<String>,
    pub status: Option<i64>,
    pub start_time: Option<i64>,
    pub end_time: Option<i64>,
    pub artifact_uri: Option<String>,
    pub lifecycle_stage: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct InputMeta {
    pub source_type: String,
    pub source_id: String,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct OutputMeta {
    pub source_id: String,
    #[serde(default)]
    pub step: i64,
}

#[derive(Deserialize)]
pub(super) struct DatasetMeta {
    pub name: String,
    pub digest: String,
    pub source_type: String,
    pub source: String,
    pub schema: Option<String>,
    pub profile: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ModelMeta {
    pub model_id: String,
    pub name: String,
    pub artifact_location: Option<String>,
    pub creation_timestamp: Option<i64>,
    pub last_updated_timestamp: Option<i64>,
    pub status: Option<String>,
    pub status_message: Option<String>,
    pub model_type: Option<String>,
    pub source_run_id: Option<String>,
    pub lifecycle_stage: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RegisteredMeta {
    pub name: String,
    pub description: Option<String>,
    pub creation_timestamp: Option<i64>,
    pub last_updated_timestamp: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct VersionMeta {
    pub version: i64,
    pub creation_timestamp: Option<i64>,
    pub last_updated_timestamp: Option<i64>,
    pub description: Option<String>,
    pub user_id: Option<String>,
    pub current_stage: Option<String>,
    pub source: Option<String>,
    pub storage_location: Option<String>,
    pub run_id: Option<String>,
    pub run_link: Option<String>,
    pub status: Option<String>,
    pub status_message: Option<String>,
    pub model_id: Option<String>,
}

impl VersionMeta {
    pub(super) fn version(
        self,
        name: &str,
        aliases: &BTreeMap<String, i64>,
        tags: Vec<KeyValue>,
    ) -> ModelVersion {
        ModelVersion {
            name: name.to_owned(),
            version: self.version,
            created_at: self.creation_timestamp.unwrap_or(0),
            updated_at: self
                .last_updated_timestamp
                .or(self.creation_timestamp)
                .unwrap_or(0),
            description: self.description,
            user_id: self.user_id,
            stage: self.current_stage.unwrap_or_else(|| "None".to_owned()),
            source: self.source.unwrap_or_default(),
            run_id: self.run_id,
            model_id: self.model_id,
            status: self.status.unwrap_or_else(|| "READY".to_owned()),
            status_message: self.status_message,
            run_link: self.run_link,
            storage_location: self.storage_location,
            tags,
            aliases: aliases
                .iter()
                .filter(|(_, version)| **version == self.version)
                .map(|(alias, _)| alias.clone())
                .collect(),
            machine_id: None,
        }
    }
}

pub(super) fn lifecycle(word: Option<&str>) -> LifecycleStage {
    match word {
        Some("deleted") => LifecycleStage::Deleted,
        _ => LifecycleStage::Active,
    }
}

pub(super) fn number(text: &str) -> Result<i64> {
    text.trim()
        .parse()
        .map_err(|_| ErrorBody::new(Code::Invalid, format!("'{text}' is not a whole number.")))
}

pub(super) fn broken(path: &Path, why: &str) -> ErrorBody {
    ErrorBody::new(Code::Invalid, format!("{}: {why}.", path.display()))
}

pub(super) fn access(path: &Path, error: &std::io::Error) -> ErrorBody {
    ErrorBody::new(
        Code::FileAccess,
        format!("{} cannot be read: {error}.", path.display()),
    )
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// What a folder holds, by name; nothing when it is not there.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(access(folder, &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        found.push(entry.map_err(|error| access(folder, &error))?.path());
    }
    found.sort();
    Ok(found)
}

pub(super) fn text(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|error| access(file, &error))
}

pub(super) fn yaml<T: DeserializeOwned>(folder: &Path) -> Result<T> {
    let file = folder.join("meta.yaml");
    serde_saphyr::from_str(&text(&file)?).map_err(|error| {
        let why = error.to_string();
        broken(&file, why.lines().next().unwrap_or_default())
    })
}

/// Files below a folder by their keys, which may have slashes in them.
pub(super) fn keys(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.map_err(|error| broken(folder, &error.to_string()))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        let key = path
            .strip_prefix(folder)
            .ok()
            .and_then(Path::to_str)
            .ok_or_else(|| broken(path, "the name is not valid UTF-8"))?;
        found.insert(key.to_owned(), path.to_path_buf());
    }
    Ok(found)
}

/// The word for a number of MLflow's SourceType.
pub(super) fn source_type(number: i64) -> &'static str {
    match number {
        1 => "NOTEBOOK",
        2 => "JOB",
        3 => "PROJECT",
        4 => "LOCAL",
        _ => "UNKNOWN",
    }
}

/// What MLflow's database keeps in `mlruns` of a run.
pub(super) fn only_artifacts(run: &Path) -> bool {
    let inside = list(run).unwrap_or_default();
    matches!(&inside[..], [one] if one.is_dir() && name_of(one) == "artifacts")
}

/// The folders in a folder that have a `meta.yaml`.
pub(super) fn with_meta(folder: &Path) -> usize {
    let entries = list(folder).unwrap_or_default();
    entries
        .iter()
        .filter(|entry| entry.join("meta.yaml").is_file())
        .count()
}

/// A value as Python writes it.
pub(super) fn value(word: &str) -> Option<f64> {
    word.parse().ok()
}

/// `timestamp value [step [dataset name digest]]`; what stands behind the step is
/// also with the logged model that the point is about.
pub(super) fn point(line: &str) -> Option<Sample> {
    let mut parts = line.trim().splitn(4, ' ');
    Some(Sample {
        timestamp: parts.next()?.parse().ok()?,
        value: value(parts.next()?)?,
        step: match parts.next() {
            Some(step) => step.parse().ok()?,
            None => 0,
        },
    })
}

/// `timestamp value step run [dataset name digest]`
pub(super) fn model_metric(model_id: &str, key: &str, line: &str) -> Option<LoggedModelMetric> {
    let mut parts = line.trim().splitn(5, ' ');
    let timestamp = parts.next()?.parse().ok()?;
    let value = value(parts.next()?)?;
    let step = parts.next()?.parse().ok()?;
    let run_id = parts.next()?.to_owned();
    let dataset = parts.next().and_then(|rest| rest.rsplit_once(' '));
    Some(LoggedModelMetric {
        point: MetricPoint {
            model_id: Some(model_id.to_owned()),
            dataset_name: dataset.map(|(name, _)| name.to_owned()),
            dataset_digest: dataset.map(|(_, digest)| digest.to_owned()),
            ..MetricPoint::new(key, value, timestamp, step)
        },
        run_id,
    })
}

/// Lines of a metric that are no points.
#[derive(Default)]
pub(super) struct Damage {
    pub lines: u64,
    /// Number of the first of them, from 1.
    pub first: u64,
}

/// Hands over the point of each line.
pub(super) fn lines(file: &Path, each: &mut dyn FnMut(Sample) -> Result<()>) -> Result<Damage> {
    let open = File::open(file).map_err(|error| access(file, &error))?;
    let mut reader = BufReader::with_capacity(256 << 10, open);
    let mut line = Vec::new();
    let mut damage = Damage::default();
    for number in 1.. {
        line.clear();
        // A line is short; a longer one is no point, and neither is its rest.
        let read = (&mut reader)
            .take(64 << 10)
            .read_until(b'\n', &mut line)
            .map_err(|error| access(file, &error))?;
        if read == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match std::str::from_utf8(&line).ok().and_then(point) {
            Some(point) => each(point)?,
            None => {
                damage.lines += 1;
                if damage.lines == 1 {
                    damage.first = number;
                }
            }
        }
    }
    Ok(damage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_age() {
        let sample = point("1700000000000 0.5 7\n").unwrap();
        assert_eq!(
            (sample.timestamp, sample.value, sample.step),
            (1_700_000_000_000, 0.5, 7)
        );
        assert_eq!(point("1 2").unwrap().step, 0);
        assert_eq!(point("1 -inf -3 my data 4f2a").unwrap().step, -3);
        assert!(point("1 nan 0").unwrap().value.is_nan());
        for bad in ["", "1", "x 1 2", "1 y 2", "1 2 z", "17000"] {
            assert!(point(bad).is_none(), "{bad}");
        }
        let metric = model_metric("m-1", "acc", "1 0.5 2 r1 my data 4f2a").unwrap();
        assert_eq!(metric.run_id, "r1");
        assert_eq!(metric.point.dataset_name.as_deref(), Some("my data"));
        assert_eq!(metric.point.dataset_digest.as_deref(), Some("4f2a"));
    }

    #[test]
    fn yaml_as_python_writes_it() {
        let meta: RunMeta = serde_saphyr::from_str(
            "artifact_uri: file:///x\nend_time: null\nexperiment_id: '0'\nlifecycle_stage: active\n\
             run_id: 12e45678901234567890123456789012\nrun_name: 'on: off'\nstart_time: 1700000000000\n\
             status: 3\ntags: []\nuser_id: 0123\n",
        )
        .unwrap();
        assert_eq!(
            meta.run_id.as_deref(),
            Some("12e45678901234567890123456789012")
        );
        assert_eq!(meta.user_id.as_deref(), Some("0123"));
        assert_eq!((meta.status, meta.end_time), (Some(3), None));
        let meta: ExperimentMeta =
            serde_saphyr::from_str("experiment_id: 7\nname: \"a\\u00E4\\n b\"\n").unwrap();
        assert_eq!(
            (meta.experiment_id.as_deref(), meta.name.as_str()),
            (Some("7"), "aä\n b")
        );
    }
}
