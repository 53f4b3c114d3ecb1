//! The entities of a tracking store, as MLflow defines them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{KeyValue, LifecycleStage, LogStream, Millis, RunStatus};

/// Numbers that may be NaN or infinite, which JSON cannot say: written as
/// `"NaN"`, `"Infinity"`, `"-Infinity"`.
pub mod number {
    use serde::{Deserialize, Deserializer, Serializer};

    /// The word for a number that JSON has none for.
    pub fn word(value: f64) -> Option<&'static str> {
        if value.is_nan() {
            Some("NaN")
        } else if value == f64::INFINITY {
            Some("Infinity")
        } else if value == f64::NEG_INFINITY {
            Some("-Infinity")
        } else {
            None
        }
    }

    /// For `#[serde(with)]`.
    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        match word(*value) {
            Some(word) => serializer.serialize_str(word),
            None => serializer.serialize_f64(*value),
        }
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Wire<'a> {
        Number(f64),
        Borrowed(&'a str),
        Owned(String),
    }

    /// For `#[serde(with)]`; takes numbers and numeric strings.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let word = match &wire {
            Wire::Number(n) => return Ok(*n),
            Wire::Borrowed(word) => word,
            Wire::Owned(word) => word.as_str(),
        };
        word.parse()
            .map_err(|_| serde::de::Error::custom("not a number"))
    }
}

/// One value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// The metric's name.
    #[serde(rename = "k")]
    pub key: String,
    /// The value; NaN and infinities are values too.
    #[serde(rename = "v", with = "number")]
    pub value: f64,
    /// When it was measured.
    #[serde(rename = "t")]
    pub timestamp: Millis,
    /// The training step.
    #[serde(rename = "s", default)]
    pub step: i64,
    /// The logged model that it says something about.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// Name of the dataset that it was measured on.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub dataset_name: Option<String>,
    /// Digest of that dataset.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub dataset_digest: Option<String>,
}

impl MetricPoint {
    /// A point that says nothing about models and datasets.
    pub fn new(key: impl Into<String>, value: f64, timestamp: Millis, step: i64) -> Self {
        Self {
            key: key.into(),
            value,
            timestamp,
            step,
            model_id: None,
            dataset_name: None,
            dataset_digest: None,
        }
    }
}

/// A named group of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// Number in this store; other stores have other numbers for the same name.
    pub id: i64,
    /// Unique in a store.
    pub name: String,
    /// Where artifacts of its runs go.
    pub artifact_location: String,
    /// There, or in the bin.
    pub lifecycle: LifecycleStage,
    /// When it was created.
    pub created_at: Millis,
    /// When it was last changed.
    pub updated_at: Millis,
    /// Its tags, by key.
    pub tags: Vec<KeyValue>,
}

/// What is known of a run without its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// uuid4, 32 hexadecimal digits.
    pub run_id: String,
    /// Number of its experiment in this store.
    pub experiment_id: i64,
    /// Name of its experiment.
    pub experiment: String,
    /// Display name.
    pub name: String,
    /// Who started it; may be empty.
    pub user_id: String,
    /// MLflow's status.
    pub status: RunStatus,
    /// When it started.
    pub start_time: Option<Millis>,
    /// When it ended.
    pub end_time: Option<Millis>,
    /// Root of its artifacts.
    pub artifact_uri: String,
    /// There, or in the bin.
    pub lifecycle: LifecycleStage,
    /// The machine it came from; none for a run logged into this store directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
}

/// A data set that went into a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Its digest, as the client computes it.
    pub digest: String,
    /// Kind of source.
    pub source_type: String,
    /// Where it came from.
    pub source: String,
    /// Columns, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Rows and such, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// A data set with what the run used it for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetInput {
    /// The data set.
    pub dataset: Dataset,
    /// Tags of this use, such as `mlflow.data.context`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<KeyValue>,
}

/// A logged model that a run made, and at which step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelOutput {
    /// The logged model.
    pub model_id: String,
    /// The step.
    #[serde(default)]
    pub step: i64,
}

/// A run with its data: the latest point of each metric, all params and tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Who and when.
    pub info: RunInfo,
    /// Latest point of each metric, by key.
    pub metrics: Vec<MetricPoint>,
    /// By key.
    pub params: Vec<KeyValue>,
    /// By key.
    pub tags: Vec<KeyValue>,
    /// Data sets.
    pub datasets: Vec<DatasetInput>,
    /// Logged models that went in.
    pub model_inputs: Vec<String>,
    /// Logged models that came out.
    pub model_outputs: Vec<ModelOutput>,
}

impl Run {
    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        find(&self.tags, key)
    }

    /// The value of a param.
    pub fn param(&self, key: &str) -> Option<&str> {
        find(&self.params, key)
    }
}

fn find<'a>(pairs: &'a [KeyValue], key: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|pair| pair.key == key)
        .map(|pair| pair.value.as_str())
}

/// A model that a run logged (MLflow 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedModel {
    /// `m-` and 32 hexadecimal digits.
    pub model_id: String,
    /// Number of its experiment in this store.
    pub experiment_id: i64,
    /// Name of its experiment.
    pub experiment: String,
    /// Its name.
    pub name: String,
    /// Where its files are.
    pub artifact_location: String,
    /// When it was created.
    pub created_at: Millis,
    /// When it was last changed.
    pub updated_at: Millis,
    /// `LOGGED_MODEL_PENDING`, `…_READY`, `…_UPLOAD_FAILED`.
    pub status: String,
    /// Why it failed, if it did.
    #[serde(default)]
    pub status_message: String,
    /// Kind, such as Agent; mostly empty.
    #[serde(default)]
    pub model_type: String,
    /// The run that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_run_id: Option<String>,
    /// By key.
    #[serde(default)]
    pub params: Vec<KeyValue>,
    /// By key.
    #[serde(default)]
    pub tags: Vec<KeyValue>,
    /// The machine it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
}

/// A name under which model versions are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredModel {
    /// Unique in a store.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// When it was created.
    pub created_at: Millis,
    /// When it, or one of its versions, was last changed.
    pub updated_at: Millis,
    /// By key.
    pub tags: Vec<KeyValue>,
    /// Alias to version number.
    pub aliases: BTreeMap<String, i64>,
    /// Newest version of each legacy stage, newest first.
    pub latest_versions: Vec<ModelVersion>,
}

/// A version of a registered model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// The registered model.
    pub name: String,
    /// From 1.
    pub version: i64,
    /// When it was created.
    pub created_at: Millis,
    /// When it was last changed.
    pub updated_at: Millis,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// Who registered it.
    #[serde(default)]
    pub user_id: Option<String>,
    /// Legacy stage: `None`, `Staging`, `Production`, `Archived`.
    pub stage: String,
    /// Where its files were when it was registered.
    pub source: String,
    /// The run that made it.
    #[serde(default)]
    pub run_id: Option<String>,
    /// The logged model behind it.
    #[serde(default)]
    pub model_id: Option<String>,
    /// `READY`, `PENDING_REGISTRATION`, `FAILED_REGISTRATION`.
    pub status: String,
    /// Why it is not ready.
    #[serde(default)]
    pub status_message: Option<String>,
    /// Link to the run, as the client gave it.
    #[serde(default)]
    pub run_link: Option<String>,
    /// Where the files can be fetched.
    #[serde(default)]
    pub storage_location: Option<String>,
    /// By key.
    #[serde(default)]
    pub tags: Vec<KeyValue>,
    /// Aliases that point here.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The machine whose script registered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
}

/// What an artifact belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", content = "id", rename_all = "snake_case")]
pub enum ArtifactOwner {
    /// A run, by its id.
    Run(String),
    /// A logged model, by its id.
    LoggedModel(String),
}

impl ArtifactOwner {
    /// The id of the run or model.
    pub fn id(&self) -> &str {
        match self {
            Self::Run(id) | Self::LoggedModel(id) => id,
        }
    }
}

/// A file that a run or a logged model has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Below the owner's artifact root, `/`-separated.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Of the content, in hexadecimal digits.
    pub sha256: String,
    /// When it was written.
    pub at: Millis,
}

/// One line that a workload wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was read.
    pub at: Millis,
    /// Which stream.
    pub stream: LogStream,
    /// The line, without its end.
    pub text: String,
    /// How many bytes were cut from its end; 0 when it is whole.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut_bytes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}
