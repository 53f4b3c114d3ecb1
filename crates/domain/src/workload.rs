//! What an agent observes of its workloads and services, as consoles show it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ErrorBody, Millis, ServicePhase, WorkloadPhase};

/// A run's workload as last observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkloadState {
    /// The run.
    pub run_id: String,
    /// Where it stands.
    pub phase: WorkloadPhase,
    /// When it was observed.
    pub at: Millis,
    /// Why it failed or was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<ErrorBody>,
    /// Of the process, when it has ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub exit_code: Option<i32>,
    /// Facts about it that the agent knows: image, data snapshot, times.
    #[serde(default)]
    #[ts(type = "unknown")]
    pub facts: serde_json::Value,
}

/// A service as last observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ServiceState {
    /// The service (a deployment's id).
    pub service_id: String,
    /// Where it stands.
    pub phase: ServicePhase,
    /// When it was observed.
    pub at: Millis,
    /// Why it is not healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cause: Option<ErrorBody>,
    /// It was deleted; no more will come.
    #[serde(default)]
    pub deleted: bool,
    /// Facts about it that the agent knows: revision, digest, last check.
    #[serde(default)]
    #[ts(type = "unknown")]
    pub facts: serde_json::Value,
}
