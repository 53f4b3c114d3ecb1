//! What travels between an agent and its consoles: JSON over HTTP/1 on a Unix socket.
//! Every failure is a status of 400 or above with a [`skerry_domain::ErrorBody`].

use serde::{Deserialize, Serialize};
use skerry_domain::{
    DataFolder, EngineKind, ErrorBody, JournalEntry, Millis, Secret, ServiceSpec, ServiceState,
};

/// Rises with each change that an older side cannot follow.
pub const API_VERSION: u32 = 1;

/// `GET /v1/status`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The agent's version.
    pub version: String,
    /// Its [`API_VERSION`].
    pub api: u32,
    /// Its home folder.
    pub home: String,
    /// Its process id.
    pub pid: u32,
    /// When it started.
    pub started_at: Millis,
    /// The machine's clock now.
    pub clock_ms: Millis,
    /// The machine's own name.
    pub hostname: String,
    /// `Debian GNU/Linux 12 (bookworm)` and the like.
    pub os: String,
    /// `x86_64`, `aarch64`.
    pub arch: String,
    /// Who runs the agent.
    pub user: String,
    /// Processors that it may use.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of the disk that holds the home folder.
    pub disk_total_bytes: u64,
    /// Bytes of it that are free for this user.
    pub disk_free_bytes: u64,
    /// Graphics processors, as the driver names them.
    pub gpus: Vec<String>,
    /// Changes when the machine starts anew.
    pub boot_id: String,
    /// Changes when the agent's database is made anew: its journal begins at 1 again.
    pub journal_id: String,
    /// Number of the newest journal entry.
    pub journal_last: u64,
    /// What can run workloads here; plain processes are always among them.
    pub engines: Vec<EngineStatus>,
    /// Runs that are being prepared, run, or are being stopped.
    pub runs_active: u32,
    /// Runs that wait for their turn.
    pub runs_queued: u32,
    /// Services that are wanted.
    pub services: u32,
}

/// An engine and whether it can be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EngineStatus {
    /// Which one.
    pub kind: EngineKind,
    /// Its version, when it answers.
    pub version: Option<String>,
    /// Version of its API, when it answers.
    pub api_version: Option<String>,
    /// Why it cannot be used.
    pub error: Option<ErrorBody>,
}

/// `GET /v1/journal?after=…&limit=…&wait_ms=…`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalPage {
    /// See [`Status::journal_id`].
    pub journal_id: String,
    /// The entries after the one asked for, in order; may be fewer than there are.
    pub entries: Vec<JournalEntry>,
    /// Number of the newest entry that there is.
    pub last: u64,
}

/// `POST /v1/blobs/missing`, question and answer: hashes that are (not) there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobList {
    /// SHA-256 in hexadecimal digits.
    pub sha256: Vec<String>,
}

/// `POST /v1/folders/inspect`, the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderQuery {
    /// Absolute path on the machine.
    pub path: String,
}

/// `POST /v1/folders/inspect`, the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FolderReport {
    /// The path that was asked for.
    pub path: String,
    /// Files below it, as far as was looked.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Everything was looked at; `false` when there is more than a glance shows.
    pub complete: bool,
    /// Why it cannot be used: not there, no folder, not readable.
    pub problem: Option<ErrorBody>,
}

/// An image on the machine; see `GET /v1/images`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// `sha256:…` of its configuration.
    pub id: String,
    /// Names with tags.
    pub references: Vec<String>,
    /// Names with registry digests.
    pub digests: Vec<String>,
    /// Bytes on disk.
    pub size: u64,
    /// When it was built.
    pub created_at: Millis,
}

/// `POST /v1/ports/check`, the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortQuery {
    /// Address on the machine.
    pub bind: String,
    /// Port; 0 asks for a free one.
    pub port: u16,
}

/// `POST /v1/ports/check`, the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortReport {
    /// The port that was asked for, or a free one.
    pub port: u16,
    /// Why it cannot be used, and who holds it when that is known.
    pub problem: Option<ErrorBody>,
}

/// User and password for a registry. Only ever held in memory.
#[derive(Debug, Clone, Deserialize)]
pub struct RegistryCredentials {
    /// The account.
    pub username: String,
    /// Its password or token.
    pub password: Secret,
}

/// `PUT /v1/services/{id}`: makes a service, or a new revision of it.
#[derive(Debug, Clone, Deserialize)]
pub struct ServiceRequest {
    /// What to keep up.
    pub spec: ServiceSpec,
    /// For pulling the image, if the registry wants any.
    #[serde(default)]
    pub credentials: Option<RegistryCredentials>,
}

/// A service, with what is not worth a journal entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceView {
    /// As journaled.
    pub state: ServiceState,
    /// When its health was last asked for.
    pub last_check_at: Option<Millis>,
    /// How long the answer took, in milliseconds.
    pub last_check_ms: Option<u64>,
}

/// `POST /v1/services/{id}/invoke`, the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoke {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query, such as `/invocations`.
    pub path: String,
    /// Sent as JSON; empty for none.
    #[serde(default)]
    pub body: String,
}

/// `POST /v1/services/{id}/invoke`, the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoked {
    /// HTTP status.
    pub status: u16,
    /// Media type.
    pub content_type: String,
    /// At most the first 4 MiB, as text.
    pub body: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// `POST /v1/image-builds`: a model version becomes an image in a registry.
#[derive(Debug, Clone, Deserialize)]
pub struct ImageBuildRequest {
    /// uuid4 hex, chosen by the caller; asking again starts nothing twice.
    pub id: String,
    /// Image on the machine that the model was trained in.
    pub base_image: String,
    /// The model folder; see [`skerry_domain::ServiceSource::Model`].
    pub model_uri: String,
    /// The registered model.
    pub model_name: String,
    /// Its version.
    pub model_version: String,
    /// The run that made it.
    #[serde(default)]
    pub run_id: Option<String>,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// When the version was registered: goes into the image, so that the same
    /// inputs give the same digest.
    pub created_at: Millis,
    /// `host[:port]/repository:tag`
    pub target: String,
    /// The registry speaks plain HTTP.
    #[serde(default)]
    pub insecure: bool,
    /// Certificate authority of the registry, PEM.
    #[serde(default)]
    pub ca_pem: Option<String>,
    /// If the registry wants any.
    #[serde(default)]
    pub credentials: Option<RegistryCredentials>,
}

/// Where a build stands; `GET /v1/image-builds/{id}?after=…&wait_ms=…` waits until
/// its revision is above `after`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildView {
    /// The id it was started under.
    pub id: String,
    /// Rises with each change.
    pub revision: u64,
    /// Where it stands.
    pub state: StepState,
    /// Its steps in order.
    pub steps: Vec<BuildStep>,
    /// What came of it.
    pub result: Option<BuildResult>,
    /// Why nothing came of it.
    pub error: Option<ErrorBody>,
}

/// A step of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildStep {
    /// Which one.
    pub kind: BuildStepKind,
    /// Where it stands.
    pub state: StepState,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all; 0 when not known.
    pub total: u64,
}

/// The steps of a build, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildStepKind {
    /// The base image is read out of the engine.
    Base,
    /// The model's layer is written.
    Pack,
    /// The blobs go to the registry.
    Push,
}

/// Where a build or a step of it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// Failed; see [`BuildView::error`].
    Failed,
    /// Ended by a person.
    Cancelled,
}

impl StepState {
    /// No more will come.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildResult {
    /// `host/repository:tag@sha256:…`
    pub reference: String,
    /// `sha256:…` of its manifest.
    pub digest: String,
    /// Bytes of all its blobs.
    pub size: u64,
    /// Bytes that were sent.
    pub uploaded_bytes: u64,
    /// Bytes that the registry had already.
    pub skipped_bytes: u64,
}

/// A file or folder of an artifact tree; `GET /v1/artifacts?uri=…` lists one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactEntry {
    /// Below the root of the run or model, `/`-separated.
    pub path: String,
    /// A folder.
    pub is_dir: bool,
    /// Bytes of a file.
    pub size: u64,
}

/// A data folder as the process of a run sees it.
pub fn data_place(folder: &DataFolder, engine: EngineKind) -> &str {
    match engine {
        EngineKind::Process => &folder.source,
        EngineKind::Docker | EngineKind::Podman => &folder.target,
    }
}
