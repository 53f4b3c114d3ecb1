use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{MetricValue, RunRow};

/// Runs beside one another. Values are in the order of `runs`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Comparison {
    /// The runs, without params, tags and metrics.
    pub runs: Vec<RunRow>,
    /// Params, tags, code, environment and data; in each group what differs comes first.
    pub facts: Vec<ComparedFact>,
    /// Latest values of metrics, by key.
    pub metrics: Vec<ComparedMetric>,
    /// Not all facts or metrics are listed: there are more than 2,000 of a group.
    pub more: bool,
}

/// Asks for the best values of runs' metrics.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunsBest {
    /// Run ids (1 to 200).
    pub run_ids: Vec<String>,
    /// Which are the best.
    pub best: Best,
}

/// Which value of a metric is its best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// The best values of a run's metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunBest {
    /// Run id.
    pub run_id: String,
    /// A value for each metric that was ever a number.
    pub metrics: Vec<BestValue>,
}

/// The best value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BestValue {
    /// Key.
    pub key: String,
    /// Value; `null` stands for the infinities, see `special`.
    pub value: Option<f64>,
    /// "Infinity" or "-Infinity" when it is one of those.
    pub special: Option<String>,
}

/// What a fact of a comparison is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FactGroup {
    /// A param.
    Param,
    /// A tag that a person set.
    Tag,
    /// The project's hash, the command; `mlflow.source.*` of other clients.
    Code,
    /// A data set or data folder: its digest.
    Data,
    /// `image`, `image_digest`, `network`, variables as `$NAME`, mounts by target.
    Environment,
}

/// A fact of several runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparedFact {
    /// What it is about.
    pub group: FactGroup,
    /// Its key.
    pub key: String,
    /// Not all runs have the same.
    pub differs: bool,
    /// Values; `null` where a run has none.
    pub values: Vec<Option<String>>,
}

/// The latest value of a metric in several runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ComparedMetric {
    /// Metric key.
    pub key: String,
    /// Values; `null` where a run has none.
    pub values: Vec<Option<MetricValue>>,
}
