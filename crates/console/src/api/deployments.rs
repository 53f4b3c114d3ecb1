use serde::{Deserialize, Serialize};
use skerry_domain::{ErrorBody, Millis, ServicePhase};
use ts_rs::TS;

use super::LinkInfo;

/// A deployment in a list.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DeploymentRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Machine (id).
    pub machine_id: String,
    /// Name of the machine.
    pub machine: String,
    /// Model that is wanted.
    pub model: String,
    /// Version that is wanted.
    pub version: u32,
    /// Version that was observed serving; differs while a new one starts, or when it
    /// was refused.
    pub live_version: Option<u32>,
    /// Image digest that was observed; `None` on plain processes.
    pub image_digest: Option<String>,
    /// Observed state.
    pub state: ServicePhase,
    /// Why it is not healthy.
    pub cause: Option<ErrorBody>,
    /// Since when it is in that state.
    pub state_since: Millis,
    /// When its health was last checked.
    pub last_check_at: Option<Millis>,
    /// How long the last check took.
    pub last_check_ms: Option<u64>,
    /// The machine's link is down: what is shown is the last known.
    pub stale: bool,
    /// `http://127.0.0.1:9000` as seen on the machine.
    pub endpoint: String,
}

/// A deployment with its history.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DeploymentDetail {
    /// As in the list.
    pub row: DeploymentRow,
    /// Link of its machine.
    pub link: Option<LinkInfo>,
    /// Revisions, newest first.
    pub revisions: Vec<Revision>,
    /// Address it listens on.
    pub bind: String,
    /// Port it listens on.
    pub port: u32,
    /// Input example as JSON for *Try it*.
    pub input_example: Option<String>,
    /// The revision *Roll back* would return to.
    pub rollback_to: Option<u32>,
}

/// One revision of a deployment.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Revision {
    /// From 1.
    pub revision: u32,
    /// Model.
    pub model: String,
    /// Version.
    pub version: u32,
    /// Image digest.
    pub image_digest: Option<String>,
    /// When it was asked for.
    pub at: Millis,
    /// By whom.
    pub by: String,
    /// What became of it.
    pub outcome: RevisionOutcome,
    /// Why it was refused.
    pub problem: Option<ErrorBody>,
}

/// What became of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RevisionOutcome {
    /// Starting.
    Pending,
    /// Serving now.
    Live,
    /// Was serving.
    Retired,
    /// Never became healthy; the one before stayed.
    Refused,
}

/// Makes a deployment.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DeploymentCreate {
    /// Name: a DNS label.
    pub name: String,
    /// Machine (id).
    pub machine_id: String,
    /// Model.
    pub model: String,
    /// Version; on a machine with a container engine it must have an image.
    pub version: u32,
    /// Port on the machine; `None` chooses a free one.
    pub port: Option<u32>,
    /// Address on the machine to listen on; `None` is 127.0.0.1.
    pub bind: Option<String>,
}

/// Deploys another version.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DeploymentUpdate {
    /// Deployment.
    pub id: String,
    /// Version of the same model.
    pub version: u32,
}

/// Deletes a deployment.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DeploymentDelete {
    /// Deployment.
    pub id: String,
    /// Its name, typed by the person.
    pub confirm_name: String,
}

/// Sends a request to a deployment.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DeploymentInvoke {
    /// Deployment.
    pub id: String,
    /// JSON body for `/invocations`, at most 1 MiB.
    pub body: String,
}

/// What a deployment answered.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DeploymentAnswer {
    /// HTTP status.
    pub status: u32,
    /// Body.
    pub body: String,
    /// How long it took.
    pub ms: u64,
}

/// Asks whether a port is free on a machine.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PortQuery {
    /// Machine (id).
    pub machine_id: String,
    /// Address there; `None` is 127.0.0.1.
    pub bind: Option<String>,
    /// Port.
    pub port: u32,
}

/// Whether a port is free.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PortReport {
    /// Nothing listens there.
    pub free: bool,
    /// Who holds it, when known.
    pub holder: Option<String>,
}
