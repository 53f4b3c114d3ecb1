use serde::{Deserialize, Serialize};
use skerry_domain::{ErrorBody, KeyValue, Millis, Secret};
use ts_rs::TS;

use super::{ApprovalRow, DeploymentRow, FilesSaved, Known, MetricValue, RunInput};

/// Asks for registered models.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ModelQuery {
    /// Part of a name, tag or alias, any case; empty finds all.
    pub text: String,
}

/// A registered model in a list.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ModelRow {
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Newest version.
    pub latest_version: Option<u32>,
    /// How many versions.
    pub versions: u32,
    /// Aliases with the version they stand for.
    pub aliases: Vec<AliasRow>,
    /// Tags.
    pub tags: Vec<KeyValue>,
    /// Versions whose approval is asked for.
    pub waiting: u32,
    /// Deployments of any version.
    pub deployments: u32,
    /// Last change.
    pub updated_at: Millis,
}

/// An alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AliasRow {
    /// Alias.
    pub alias: String,
    /// Version it stands for.
    pub version: u32,
    /// It moves only to approved versions.
    pub protected: bool,
}

/// A registered model.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ModelDetail {
    /// As in the list.
    pub row: ModelRow,
    /// Versions, newest first.
    pub versions: Vec<VersionRow>,
    /// Aliases that move only to approved versions, also those that stand for none now.
    pub protected: Vec<String>,
    /// Those of them that somebody wants to be free again.
    pub unprotect_asked: Vec<UnprotectAsked>,
}

/// A request that a second person has yet to agree to.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct UnprotectAsked {
    /// Alias.
    pub alias: String,
    /// Who asked.
    pub who: String,
    /// The person at this console did, and cannot agree.
    pub own: bool,
    /// When.
    pub at: Millis,
    /// Why.
    pub reason: Option<String>,
}

/// A model version in a list.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct VersionRow {
    /// Model.
    pub name: String,
    /// Version, from 1.
    pub version: u32,
    /// Description.
    pub description: Option<String>,
    /// Aliases.
    pub aliases: Vec<String>,
    /// Tags.
    pub tags: Vec<KeyValue>,
    /// Run that it came from.
    pub run_id: Option<String>,
    /// Name of that run.
    pub run: Option<String>,
    /// Latest metrics of that run.
    pub metrics: Vec<MetricValue>,
    /// Machine that holds its files.
    pub machine_id: Option<String>,
    /// Name of that machine.
    pub machine: Option<String>,
    /// Its image, once containerized.
    pub image: Option<ImageRow>,
    /// Deployments where it is live.
    pub live_in: Vec<String>,
    /// Its approval.
    pub approval: ApprovalRow,
    /// When it was registered.
    pub created_at: Millis,
    /// By whom.
    pub created_by: Option<String>,
}

/// An image of a model version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImageRow {
    /// `host/repository:tag`.
    pub reference: String,
    /// `sha256:…`
    pub digest: String,
    /// Compressed size.
    pub size: u64,
    /// Registry (id).
    pub registry_id: String,
    /// When it was pushed.
    pub created_at: Millis,
}

/// Points at a model version.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct VersionKey {
    /// Model.
    pub name: String,
    /// Version.
    pub version: u32,
}

/// A model version with its lineage.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct VersionDetail {
    /// As in the list.
    pub row: VersionRow,
    /// Artifact folder in the run.
    pub artifact_path: Option<String>,
    /// Source URI as MLflow has it.
    pub source: String,
    /// Params of the run.
    pub params: Vec<KeyValue>,
    /// What the run read: data snapshots.
    pub inputs: Vec<RunInput>,
    /// Hash over the project's files of the run.
    pub project_hash: Option<String>,
    /// Its files with their hashes, as far as they were noted.
    pub files: Vec<VersionFile>,
    /// What goes in and comes out, when the model says so and its machine can be asked.
    pub signature: Option<Signature>,
    /// Images made of it, newest first.
    pub images: Vec<ImageRow>,
    /// Deployments that have or had it.
    pub deployments: Vec<DeploymentRow>,
    /// Input example as JSON, for *Try it*, when the model has one.
    pub input_example: Option<String>,
}

/// A file of a model version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VersionFile {
    /// Path in the version.
    pub path: String,
    /// Size.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// What goes into a model and comes out of it, one line for each column or tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Signature {
    /// What goes in.
    pub inputs: Vec<SignatureField>,
    /// What comes out.
    pub outputs: Vec<SignatureField>,
    /// What can be set for each request.
    pub params: Vec<SignatureField>,
}

/// A column, tensor or param of a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SignatureField {
    /// Name; empty when it has none.
    pub name: String,
    /// Type, as MLflow has it, with the shape of a tensor.
    pub kind: String,
    /// It may be left out.
    pub optional: bool,
}

/// Registers a model version from a run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ModelRegister {
    /// Run.
    pub run_id: String,
    /// Folder among its artifacts that holds the model.
    pub artifact_path: String,
    /// Model's name; made when it is not there.
    pub name: String,
    /// Description of the version.
    pub description: Option<String>,
    /// Tags of the version.
    pub tags: Vec<KeyValue>,
    /// An alias to set.
    pub alias: Option<String>,
}

/// Sets an alias.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AliasSet {
    /// Model.
    pub name: String,
    /// Alias.
    pub alias: String,
    /// Version it shall stand for.
    pub version: u32,
}

/// Removes an alias.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AliasDelete {
    /// Model.
    pub name: String,
    /// Alias.
    pub alias: String,
}

/// Changes a version's description.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct VersionDescribe {
    /// Model.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Description; empty removes it.
    pub description: String,
    /// When it is neither this nor what is wanted by now, nothing is changed; null changes
    /// whatever is there.
    #[serde(default)]
    pub known: Option<Known>,
}

/// Sets a tag of a version.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct VersionTagSet {
    /// Model.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// When it is neither this nor what is wanted by now, nothing is changed; null changes
    /// whatever is there.
    #[serde(default)]
    pub known: Option<Known>,
}

/// Deletes a tag of a version.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct VersionTagDelete {
    /// Model.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Key.
    pub key: String,
    /// When it is something else by now, nothing is changed; null changes whatever is there.
    #[serde(default)]
    pub known: Option<Known>,
}

/// A container registry known to the workspace.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RegistryRow {
    /// Id.
    pub id: String,
    /// `host[:port]`.
    pub host: String,
    /// Account; `None` for anonymous.
    pub username: Option<String>,
    /// A password is in the keyring.
    pub has_password: bool,
    /// Plain HTTP; chosen by a person for this host.
    pub insecure: bool,
    /// When it was last seen to work, from this computer.
    pub tested_at: Option<Millis>,
    /// What the last test said, when it failed.
    pub problem: Option<ErrorBody>,
}

/// Adds or changes a container registry.
#[derive(Debug, Deserialize, TS)]
pub struct RegistrySave {
    /// Which to change; `None` adds one.
    pub id: Option<String>,
    /// `host[:port]`.
    pub host: String,
    /// Account.
    pub username: Option<String>,
    /// Password or token; `None` keeps the stored one.
    pub password: Option<Secret>,
    /// Plain HTTP.
    pub insecure: bool,
}

/// Makes an image of a model version and pushes it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Containerize {
    /// Model.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Registry (id).
    pub registry_id: String,
    /// Repository, such as `models/digits`.
    pub repository: String,
    /// Tag, such as `1`.
    pub tag: String,
    /// Base image on the machine; `None` takes the run's own.
    pub base_image: Option<String>,
}

/// An operation that takes a while.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Operation {
    /// Id.
    pub id: String,
    /// What.
    pub kind: OperationKind,
    /// The model version, as `name/version`; or the saved file or folder of a run, as `run id/path`.
    pub subject: String,
    /// State.
    pub state: OperationState,
    /// Its steps, in order.
    pub steps: Vec<OperationStep>,
    /// Why it failed.
    pub problem: Option<ErrorBody>,
    /// The image it made.
    pub image: Option<ImageRow>,
    /// What it saved.
    pub saved: Option<FilesSaved>,
    /// Start.
    pub started_at: Millis,
    /// End.
    pub ended_at: Option<Millis>,
}

/// What takes a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Image of a model version.
    Containerize,
    /// Files of a run to this computer.
    SaveFiles,
}

/// State of an operation or of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Cancelled.
    Cancelled,
}

/// A step of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OperationStep {
    /// Which.
    pub id: OperationStepId,
    /// State.
    pub state: OperationState,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all, when known.
    pub total: Option<u64>,
}

/// The steps of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OperationStepId {
    /// Reading the base image.
    Base,
    /// Writing the layer with the model.
    Pack,
    /// Sending blobs to the registry.
    Push,
    /// Writing files, and holding each to its hash.
    Save,
}
