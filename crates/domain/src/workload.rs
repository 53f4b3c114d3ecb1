//! What an agent is asked to run, and what it observes of it, as consoles show it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{EngineKind, ErrorBody, Millis, ServicePhase, WorkloadPhase};

/// A run to start on a machine. Whoever asks chooses the id, so that asking again
/// after a lost answer starts nothing twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// uuid4, 32 hexadecimal digits.
    pub run_id: String,
    /// Name of its experiment; made when it is not there.
    pub experiment: String,
    /// Display name; absent lets the store choose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_name: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Docker and Podman both mean the container engine of the machine.
    pub engine: EngineKind,
    /// Reference or id of an image that is present on the machine; containers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment variables. Not for secrets: consoles show them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The files that it starts among.
    #[serde(default)]
    pub project: Project,
    /// Data folders, read-only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataFolder>,
    /// Absent: sealed in a container, open for plain processes (which nothing seals).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkMode>,
    /// Upper bounds.
    #[serde(default)]
    pub limits: WorkloadLimits,
    /// User in the container, `uid[:gid]` or a name; absent means the agent's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
}

/// What a workload can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkMode {
    /// Nothing but its own loopback, and over it the tracking interface.
    None,
    /// Whatever the machine reaches.
    Open,
}

impl NetworkMode {
    /// The word on the wire and in tags.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Open => "open",
        }
    }
}

/// Upper bounds of a workload; absent means the engine's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkloadLimits {
    /// Bytes of memory, swap included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Processors, fractions allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<f64>,
    /// Bytes of shared memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shm_bytes: Option<u64>,
}

/// A project folder by content. Its files are on the machine as blobs before a run
/// that names them is started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// The folder on the computer that it came from; only shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// SHA-256 over the paths and hashes of its files; set by the agent.
    #[serde(default)]
    pub hash: String,
    /// Bytes of all files.
    #[serde(default)]
    pub bytes: u64,
    /// The files, by path; left out where only the hash matters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ProjectFile>,
}

/// A file of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectFile {
    /// Relative, `/`-separated, without `..`.
    pub path: String,
    /// SHA-256 of its content in hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// May be executed.
    #[serde(default)]
    pub executable: bool,
}

/// A folder of the machine that a run may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFolder {
    /// Absolute path on the machine.
    pub source: String,
    /// Absolute path in the container. Plain processes read `source` itself.
    pub target: String,
}

/// What a data folder held when a run started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSnapshot {
    /// Absolute path on the machine.
    pub source: String,
    /// SHA-256 over the listing: path, size and SHA-256 of each file.
    pub hash: String,
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A run's workload as last observed; complete, so that the last one stands alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkloadState {
    /// The run.
    pub run_id: String,
    /// Where it stands.
    pub phase: WorkloadPhase,
    /// When it was observed.
    pub at: Millis,
    /// Why it failed or was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ErrorBody>,
    /// Of the process, when it has ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What was asked for; the list of project files is left out.
    pub spec: RunSpec,
    /// `sha256:…` of the image's configuration, as observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// Registry digest of the image, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
    /// What the data folders held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<DataSnapshot>,
    /// When the agent took it on.
    pub queued_at: Millis,
    /// When its process started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Millis>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Millis>,
}

/// A scoring service to keep up on a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpec {
    /// A DNS label; unique on the machine.
    pub name: String,
    /// What serves.
    pub source: ServiceSource,
    /// Port on the machine.
    pub port: u16,
    /// Address on the machine.
    #[serde(default = "loopback")]
    pub bind: String,
    /// Environment variables. Not for secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Registered model; only shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// Its version; only shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,
    /// How long it may take to become healthy, in seconds.
    #[serde(default = "start_grace")]
    pub start_grace_s: u32,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
}

fn loopback() -> String {
    String::from("127.0.0.1")
}

fn start_grace() -> u32 {
    120
}

/// What serves a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ServiceSource {
    /// A container, sealed.
    Image {
        /// `host[:port]/repository@sha256:…`
        reference: String,
    },
    /// A plain process that reads a model folder of the agent's artifacts.
    Model {
        /// `runs:/<run>/<path>`, `models:/m-<id>` or `mlflow-artifacts:/…`
        model_uri: String,
    },
}

/// What became of a revision of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevisionOutcome {
    /// Starting.
    Pending,
    /// Serves now.
    Live,
    /// Has served.
    Retired,
    /// Never became healthy; the one before stayed.
    Refused,
}

/// One revision of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceRevision {
    /// From 1.
    pub revision: u32,
    /// What was asked for.
    pub spec: ServiceSpec,
    /// When.
    pub at: Millis,
    /// What became of it.
    pub outcome: RevisionOutcome,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ErrorBody>,
    /// Registry digest of the image, as observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
}

/// A service as last observed; complete, so that the last one stands alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceState {
    /// The service (a deployment's id).
    pub service_id: String,
    /// Where it stands.
    pub phase: ServicePhase,
    /// When it was observed.
    pub at: Millis,
    /// Why it is not healthy, or why the newest revision was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ErrorBody>,
    /// It was deleted; no more will come.
    #[serde(default)]
    pub deleted: bool,
    /// A person wants it to run.
    pub wanted: bool,
    /// Spec of the revision that serves, or of the newest when none does.
    pub spec: ServiceSpec,
    /// Number of that revision.
    pub revision: u32,
    /// Registry digest of the image that serves, as observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
    /// Newest last; at most the last 50.
    #[serde(default)]
    pub revisions: Vec<ServiceRevision>,
}
