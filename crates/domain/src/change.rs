//! What happened in a tracking store, as it travels in the journal from an agent to
//! every console. Experiments are named, since their numbers differ between stores.
//! Each change carries the state after it, so that a reader that already has it
//! changes nothing by applying it again.

use serde::{Deserialize, Serialize};

use crate::tracking::{
    ArtifactOwner, DatasetInput, LogLine, LoggedModel, MetricPoint, ModelOutput, ModelVersion,
};
use crate::{KeyValue, LifecycleStage, Millis, RunStatus, ServiceState, WorkloadState};

/// One mutation of a tracking store, or one observation of a workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Change {
    /// An experiment was created, deleted or restored.
    ExperimentSaved {
        /// Its name.
        experiment: String,
        /// There, or in the bin.
        lifecycle: LifecycleStage,
    },
    /// An experiment has another name.
    ExperimentRenamed {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// Tags of an experiment.
    ExperimentTags {
        /// Its name.
        experiment: String,
        /// Added or replaced.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        set: Vec<KeyValue>,
        /// Keys that are gone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        deleted: Vec<String>,
    },
    /// A run was created, updated, deleted or restored.
    RunSaved(RunRecord),
    /// Params of a run.
    Params {
        /// The run.
        run_id: String,
        /// New ones; a param never changes.
        params: Vec<KeyValue>,
    },
    /// Points of a run's metrics.
    Metrics {
        /// The run.
        run_id: String,
        /// In the order of arrival.
        points: Vec<MetricPoint>,
    },
    /// Tags of a run.
    RunTags {
        /// The run.
        run_id: String,
        /// Added or replaced.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        set: Vec<KeyValue>,
        /// Keys that are gone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        deleted: Vec<String>,
    },
    /// Data sets and models that went into a run.
    Inputs {
        /// The run.
        run_id: String,
        /// Data sets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        datasets: Vec<DatasetInput>,
        /// Logged models.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        models: Vec<String>,
    },
    /// Models that came out of a run.
    Outputs {
        /// The run.
        run_id: String,
        /// Logged models.
        models: Vec<ModelOutput>,
    },
    /// A logged model was created or changed.
    LoggedModelSaved(LoggedModel),
    /// A logged model was deleted.
    LoggedModelDeleted {
        /// Its id.
        model_id: String,
    },
    /// A registered model was created or changed.
    RegisteredModelSaved {
        /// Its name.
        name: String,
        /// Free text.
        description: Option<String>,
        /// All of its tags.
        tags: Vec<KeyValue>,
        /// When it was created.
        created_at: Millis,
        /// When it was changed.
        updated_at: Millis,
    },
    /// A registered model has another name.
    RegisteredModelRenamed {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// A registered model was deleted, with its versions.
    RegisteredModelDeleted {
        /// Its name.
        name: String,
    },
    /// A version was registered or changed. Aliases travel by themselves.
    ModelVersionSaved(ModelVersion),
    /// A version was deleted.
    ModelVersionDeleted {
        /// The registered model.
        name: String,
        /// The number it had where it was registered.
        version: i64,
    },
    /// An alias points to a version.
    AliasSet {
        /// The registered model.
        name: String,
        /// The alias.
        alias: String,
        /// The number it has where the alias was set.
        version: i64,
        /// The run whose script did it, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// An alias is gone.
    AliasDeleted {
        /// The registered model.
        name: String,
        /// The alias.
        alias: String,
        /// The run whose script did it, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// A file was written.
    ArtifactLogged {
        /// Whose.
        owner: ArtifactOwner,
        /// Below the owner's artifact root.
        path: String,
        /// Bytes.
        size: u64,
        /// Of the content, in hexadecimal digits.
        sha256: String,
    },
    /// A file, or all files below a folder, are gone.
    ArtifactDeleted {
        /// Whose.
        owner: ArtifactOwner,
        /// Below the owner's artifact root; empty for all.
        path: String,
    },
    /// A workload wrote lines.
    LogLines {
        /// The run.
        run_id: String,
        /// Number of the first of them in the run, from 0; the streams of a run
        /// share the numbering.
        first: u64,
        /// The lines.
        lines: Vec<LogLine>,
    },
    /// A run's workload was observed.
    Workload(Box<WorkloadState>),
    /// A service was observed.
    Service(Box<ServiceState>),
}

/// A run as it travels: everything that its row holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// uuid4, 32 hexadecimal digits.
    pub run_id: String,
    /// Name of its experiment.
    pub experiment: String,
    /// Display name.
    pub name: String,
    /// Who started it.
    #[serde(default)]
    pub user_id: String,
    /// MLflow's status.
    pub status: RunStatus,
    /// When it started.
    pub start_time: Option<Millis>,
    /// When it ended.
    pub end_time: Option<Millis>,
    /// Root of its artifacts, in the store that it was logged into.
    pub artifact_uri: String,
    /// There, or in the bin.
    pub lifecycle: LifecycleStage,
}

/// A change with its place in a machine's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Rises by one with each entry, from 1.
    pub seq: u64,
    /// When it was written.
    pub at: Millis,
    /// What happened.
    pub change: Change,
}
