use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A run's status, in MLflow's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunStatus {
    /// Training goes on.
    Running,
    /// Waits for its turn.
    Scheduled,
    /// Ended well.
    Finished,
    /// Ended with an error.
    Failed,
    /// Ended by a person.
    Killed,
}

impl RunStatus {
    /// MLflow's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// From MLflow's word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "RUNNING" => Self::Running,
            "SCHEDULED" => Self::Scheduled,
            "FINISHED" => Self::Finished,
            "FAILED" => Self::Failed,
            "KILLED" => Self::Killed,
            _ => return None,
        })
    }

    /// No more will come.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Killed)
    }
}

/// How a line is smoothed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SmoothingKind {
    /// An exponential mean, weighted by distance.
    #[default]
    Exponential,
    /// A running mean.
    Mean,
    /// A Gaussian kernel.
    Gaussian,
}

/// How a line is smoothed, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct Smoothing {
    /// In which way.
    pub kind: SmoothingKind,
    /// Weight of the exponential mean, 0 (none) to 0.99; the others smooth as much.
    pub weight: f64,
}

/// Whether a run or experiment is deleted, in MLflow's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum LifecycleStage {
    /// There.
    Active,
    /// In the bin; can be restored.
    Deleted,
}

/// What runs workloads on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Docker, or Podman by the same API.
    Docker,
    /// Podman.
    Podman,
    /// Plain processes, without isolation.
    Process,
}

/// Where a run stands on its machine: finer than MLflow's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum WorkloadPhase {
    /// Waits for its turn.
    Queued,
    /// Unpacking the project, reading the data snapshot, starting.
    Preparing,
    /// The process runs.
    Running,
    /// A cancel was asked for.
    Stopping,
    /// Ended with exit code 0.
    Finished,
    /// Ended otherwise, or could not start; the reason says why.
    Failed,
    /// Cancelled by a person.
    Cancelled,
    /// The machine or the engine went away under it.
    Interrupted,
}

impl WorkloadPhase {
    /// No more will come.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Finished | Self::Failed | Self::Cancelled | Self::Interrupted
        )
    }
}

/// Observed state of a deployment on its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum ServicePhase {
    /// The image is being pulled.
    Pulling,
    /// Started, not healthy yet.
    Starting,
    /// Answers its health check.
    Healthy,
    /// Runs, but does not answer its health check.
    Unhealthy,
    /// Stopped by a person.
    Stopped,
    /// Could not start, or ended by itself; the reason says why.
    Failed,
}

/// Which stream of a process a log line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Written by Skerry about the workload.
    System,
}

/// A key with a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct KeyValue {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}
