use serde::{Deserialize, Serialize};
use skerry_domain::{ErrorBody, KeyValue, LogStream, Millis, RunStatus, WorkloadPhase};
use ts_rs::TS;

use super::LinkInfo;

/// Where a run is: on the table, out of sight, or in the bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum RunStage {
    /// Neither archived nor deleted.
    #[default]
    Active,
    /// It has the tag `skerry.archived` and keeps everything.
    Archived,
    /// In the bin, archived or not; can be restored.
    Deleted,
}

/// Asks for a page of runs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunQuery {
    /// MLflow's search language; empty finds all.
    pub filter: String,
    /// MLflow's order_by, such as `metrics.acc DESC`, or `metrics_min.acc` and
    /// `metrics_max.acc`; empty is newest first.
    pub order_by: Vec<String>,
    /// Only this experiment (name).
    pub experiment: Option<String>,
    /// Only on this machine (id).
    pub machine_id: Option<String>,
    /// Which life stage.
    pub stage: RunStage,
    /// First row.
    pub offset: u32,
    /// At most so many rows (1 to 1000).
    pub limit: u32,
    /// Metric columns whose values the rows carry (at most 50): `metrics.acc` is the last
    /// value, `metrics_min.acc` and `metrics_max.acc` the least and the greatest number,
    /// `metrics_at.1000.acc` the value at step 1000 or, without one, the last before it.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The rows carry nothing but what these columns show, which may then be params and
    /// tags too (`params.lr`, `tags.team`): no metrics, and of params and tags no others.
    #[serde(default)]
    pub only_columns: bool,
}

/// Names that runs have values under.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunKeys {
    /// Of metrics.
    pub metrics: Vec<String>,
    /// Of params.
    pub params: Vec<String>,
    /// Of tags that people set.
    pub tags: Vec<String>,
}

/// Asks for the names that runs have values under.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunKeysQuery {
    /// Only runs of this experiment (name).
    pub experiment: Option<String>,
}

/// Asks for values that runs have.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunValuesQuery {
    /// Only runs of this experiment (name).
    pub experiment: Option<String>,
    /// A column of texts: `params.lr`, `tags.team`, `attributes.user_id`,
    /// `attributes.run_name`.
    pub column: String,
}

/// A page of runs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunPage {
    /// The rows.
    pub rows: Vec<RunRow>,
    /// How many match in all.
    pub total: u64,
}

/// A run in a list.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunRow {
    /// Run id (uuid4 hex).
    pub id: String,
    /// Display name.
    pub name: String,
    /// Experiment's name.
    pub experiment: String,
    /// Where it runs; `None` for runs logged by other clients.
    pub machine_id: Option<String>,
    /// Name of that machine.
    pub machine: Option<String>,
    /// MLflow's status, as last heard.
    pub status: RunStatus,
    /// Finer state of runs that Skerry started.
    pub phase: Option<WorkloadPhase>,
    /// Why it ended as it did.
    pub reason: Option<ErrorBody>,
    /// When the status was last heard; older than now when the machine is unreachable.
    pub observed_at: Millis,
    /// The machine's link is down: what is shown is the last known.
    pub stale: bool,
    /// Start.
    pub started_at: Option<Millis>,
    /// End.
    pub ended_at: Option<Millis>,
    /// Who started it.
    pub user: Option<String>,
    /// Life stage.
    pub stage: RunStage,
    /// Latest value of each metric (at most 50 keys). Numbers, or "NaN",
    /// "Infinity", "-Infinity".
    pub metrics: Vec<MetricValue>,
    /// Params (at most 50).
    pub params: Vec<KeyValue>,
    /// Tags that people set (not `mlflow.` or `skerry.` ones; at most 50).
    pub tags: Vec<KeyValue>,
    /// Values of the metric columns that were asked for, in that order.
    pub columns: Vec<ColumnValue>,
}

/// What a run has in a metric column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ColumnValue {
    /// Id of the column, such as `metrics_max.acc`.
    pub column: String,
    /// Value; `null` when the run has none, and for what `special` says.
    pub value: Option<f64>,
    /// "NaN", "Infinity" or "-Infinity" when it is one of those.
    pub special: Option<String>,
    /// Step of it, where that is known.
    pub step: Option<i64>,
}

/// The latest value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricValue {
    /// Key.
    pub key: String,
    /// Value; `null` stands for NaN and the infinities, see `special`.
    pub value: Option<f64>,
    /// "NaN", "Infinity" or "-Infinity" when it is one of those.
    pub special: Option<String>,
    /// Step of it.
    pub step: i64,
    /// Time of it.
    pub at: Millis,
}

/// Everything about a run except points, lines and files.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunDetail {
    /// As in the list; params, metrics, tags complete here.
    pub row: RunRow,
    /// Link of its machine.
    pub link: Option<LinkInfo>,
    /// Note in Markdown (tag `mlflow.note.content`).
    pub note: Option<String>,
    /// What it ran with.
    pub environment: Option<RunEnvironment>,
    /// Data snapshots and datasets it used.
    pub inputs: Vec<RunInput>,
    /// Model versions registered from it.
    pub versions: Vec<RunVersion>,
    /// Folders among its artifacts that hold an MLflow model.
    pub model_paths: Vec<String>,
    /// System tags (`mlflow.*`, `skerry.*`).
    pub system_tags: Vec<KeyValue>,
    /// Log lines so far.
    pub log_lines: u64,
    /// Exit code of the process.
    pub exit_code: Option<i32>,
}

/// What a run ran with.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunEnvironment {
    /// The command line.
    pub command: Vec<String>,
    /// Container image as asked for.
    pub image: Option<String>,
    /// Image id or digest as observed.
    pub image_digest: Option<String>,
    /// Hash over the project's files.
    pub project_hash: Option<String>,
    /// Folder on this computer that it came from.
    pub project_folder: Option<String>,
    /// Environment variables the person set.
    pub env: Vec<KeyValue>,
    /// Data folders, read-only.
    pub data: Vec<DataMount>,
    /// `false`: no network but loopback.
    pub network_open: bool,
}

/// What a run read.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunInput {
    /// Dataset name, or the folder.
    pub name: String,
    /// Digest of it (a data snapshot's hash).
    pub digest: String,
    /// Source: path or URI.
    pub source: String,
    /// MLflow context tag such as `training`.
    pub context: Option<String>,
}

/// A model version that came from a run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunVersion {
    /// Model.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Artifact folder.
    pub artifact_path: String,
}

/// A folder of the machine inside the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DataMount {
    /// Absolute path on the machine.
    pub source: String,
    /// Absolute path in the container.
    pub target: String,
}

/// Starts a run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunStart {
    /// Where.
    pub machine_id: String,
    /// Experiment's name; made when it is not there.
    pub experiment: String,
    /// Display name; `None` lets the agent choose one.
    pub name: Option<String>,
    /// Project folder on this computer.
    pub project_folder: String,
    /// Command line, split like a shell's, nothing expanded.
    pub command: String,
    /// Container image present on the machine; `None` on a machine without engine.
    pub image: Option<String>,
    /// Environment variables. Not for secrets: they are shown on the run page.
    pub env: Vec<KeyValue>,
    /// Data folders on the machine, mounted read-only.
    pub data: Vec<DataMount>,
    /// Tags.
    pub tags: Vec<KeyValue>,
    /// Open the container's network. Off: no interface but loopback.
    pub network_open: bool,
}

/// A run that was started.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunStarted {
    /// Run id.
    pub run_id: String,
    /// Files sent now.
    pub files_sent: u32,
    /// Files that were there already.
    pub files_unchanged: u32,
    /// Bytes sent now.
    pub bytes_sent: u64,
}

/// Looks at a project folder before it is used.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ProjectQuery {
    /// Absolute path on this computer.
    pub folder: String,
}

/// What is in a project folder.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ProjectSummary {
    /// Files that would be sent.
    pub files: u32,
    /// Their size.
    pub bytes: u64,
    /// What keeps it from being used: symlink loops, unreadable files.
    pub problems: Vec<ErrorBody>,
    /// A command that fits: from `skerry.toml`, else `python train.py` and the like.
    pub suggested_command: Option<String>,
    /// Experiment from `skerry.toml`, else the folder's name.
    pub suggested_experiment: Option<String>,
}

/// What the *New run* form offers for a machine.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunFormOptions {
    /// A container image is needed there.
    pub needs_image: bool,
    /// Images present there.
    pub images: Vec<ImageOnMachine>,
    /// Experiments known to the workspace.
    pub experiments: Vec<String>,
    /// The form of the last run on that machine, to start from.
    pub last: Option<RunStart>,
}

/// A container image on a machine.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ImageOnMachine {
    /// `name:tag`, or the id when it has none.
    pub reference: String,
    /// Image id.
    pub id: String,
    /// Size.
    pub size: u64,
    /// When it was made.
    pub created_at: Millis,
}

/// Asks for log lines.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct LogQuery {
    /// Run.
    pub run_id: String,
    /// First line, from 0.
    pub from_line: u64,
    /// At most so many (1 to 2000).
    pub limit: u32,
}

/// A window of a log.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct LogWindow {
    /// First line.
    pub from_line: u64,
    /// The lines.
    pub lines: Vec<LogLine>,
    /// How many lines there are so far.
    pub total: u64,
    /// No more will come.
    pub complete: bool,
}

/// A log line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogLine {
    /// Which stream.
    pub stream: LogStream,
    /// When the agent read it.
    pub at: Millis,
    /// The text; a line above 64 KiB comes in pieces.
    pub text: String,
    /// This is a piece of a longer line that goes on in the next one.
    pub continues: bool,
}

/// Searches a log.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct LogSearch {
    /// Run.
    pub run_id: String,
    /// Text to find, any case.
    pub text: String,
    /// At most so many (1 to 10,000).
    pub limit: u32,
}

/// Where a text stands in a log.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct LogMatches {
    /// Line numbers.
    pub lines: Vec<u64>,
    /// More than `limit` match.
    pub more: bool,
}

/// Points at a file or folder among a run's artifacts.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ArtifactQuery {
    /// Run.
    pub run_id: String,
    /// Path inside the run's artifacts; empty is the root.
    pub path: String,
}

/// A file or folder among a run's artifacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ArtifactRow {
    /// Path inside the run's artifacts.
    pub path: String,
    /// A folder.
    pub is_dir: bool,
    /// Size of a file.
    pub size: Option<u64>,
    /// SHA-256 of a file's content when it was logged, in hexadecimal digits.
    pub sha256: Option<String>,
}

/// The beginning of an artifact.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ArtifactPreview {
    /// Text, JSON, CSV, YAML, …
    Text {
        /// At most the first 256 KiB; a page of HTML whole up to 5 MiB.
        text: String,
        /// There is more.
        truncated: bool,
        /// `json`, `csv`, `html`, `yaml`, `python`, `text`.
        format: String,
    },
    /// An image, at most 5 MiB.
    Image {
        /// `data:image/png;base64,…`; SVG is shown as an image, never as a document.
        data_url: String,
    },
    /// Something else, or too large.
    None {
        /// Size.
        size: u64,
    },
}

/// Saves an artifact on this computer.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ArtifactSave {
    /// Run.
    pub run_id: String,
    /// Path inside the run's artifacts; a folder is saved with all below.
    pub path: String,
    /// Folder on this computer to put it in.
    pub to_folder: String,
}

/// Files that were saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FilesSaved {
    /// Where it is now.
    pub path: String,
    /// Files.
    pub files: u32,
    /// Bytes.
    pub bytes: u64,
}

/// What a value is known to be by who changes it: a tag's, or a description's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Known {
    /// Null where there is none.
    pub value: Option<String>,
}

/// Sets a run's tag.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunTagSet {
    /// Run.
    pub run_id: String,
    /// Key; not one of `mlflow.` or `skerry.`, except `mlflow.note.content`.
    pub key: String,
    /// Value.
    pub value: String,
    /// When it is neither this nor what is wanted by now, nothing is changed; null changes
    /// whatever is there.
    #[serde(default)]
    pub known: Option<Known>,
}

/// Deletes a run's tag.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunTagDelete {
    /// Run.
    pub run_id: String,
    /// Key.
    pub key: String,
    /// When it is something else by now, nothing is changed; null changes whatever is there.
    #[serde(default)]
    pub known: Option<Known>,
}

/// An experiment in a list.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ExperimentRow {
    /// Name.
    pub name: String,
    /// Runs in it that are neither archived nor deleted.
    pub runs: u64,
    /// Last change.
    pub updated_at: Millis,
}

/// Several runs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunIds {
    /// Run ids (1 to 1000).
    pub run_ids: Vec<String>,
}

/// Begins to write the runs that a search finds as a Parquet file.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunsExport {
    /// MLflow's search language; empty finds all.
    pub filter: String,
    /// MLflow's order_by; empty is newest first.
    pub order_by: Vec<String>,
    /// Only this experiment (name).
    pub experiment: Option<String>,
    /// Only on this machine (id).
    pub machine_id: Option<String>,
    /// Which life stage.
    pub stage: RunStage,
    /// Columns in order, such as `metrics.acc` or `params.lr`; `null` takes all there are.
    pub columns: Option<Vec<String>>,
}

/// An export with how far it has come. Each `runs_export_more` writes some more runs until
/// `size` is there, then `runs_export_part` reads the file; `runs_export_end` forgets it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunsExported {
    /// Export (id).
    pub id: String,
    /// Runs written.
    pub done: u64,
    /// Runs found.
    pub total: u64,
    /// Bytes of the file, once it is whole.
    pub size: Option<u64>,
}

/// Reads a part of a file that was exported.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ExportPart {
    /// Export (id).
    pub id: String,
    /// First byte, from 0.
    pub offset: u64,
}

/// Some bytes of a file; none behind its end.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ExportBytes {
    /// At most 2 MiB of them.
    pub base64: String,
}

/// Moves runs to another experiment.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunsMove {
    /// Run ids (1 to 1000).
    pub run_ids: Vec<String>,
    /// Name of the experiment; it is made when it is not there.
    pub experiment: String,
}

/// Looks at a data folder on a machine before it is used.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DataQuery {
    /// Machine (id).
    pub machine_id: String,
    /// Absolute path there.
    pub path: String,
}

/// What is in a data folder.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DataSummary {
    /// It is there and is a folder.
    pub exists: bool,
    /// Files counted so far.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
    /// Whether all could be counted in the time given.
    pub complete: bool,
    /// What keeps it from being used.
    pub problem: Option<ErrorBody>,
}

/// How the table of runs was set up, kept under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunView {
    /// Id; empty for a new one.
    pub id: String,
    /// Unique name (1 to 100 characters).
    pub name: String,
    /// MLflow's search language.
    pub filter: String,
    /// MLflow's order_by.
    pub order_by: Vec<String>,
    /// Only this experiment (name).
    pub experiment: Option<String>,
    /// Which life stage.
    #[serde(default)]
    pub stage: RunStage,
    /// Columns in order, such as `metrics.acc`, `metrics_max.acc` or `params.lr`; `null` is
    /// the usual choice.
    pub columns: Option<Vec<String>>,
}
