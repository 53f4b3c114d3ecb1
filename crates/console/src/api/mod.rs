//! What crosses the boundary between the console and its screens.
//!
//! Times are milliseconds since the epoch (UTC), sizes are bytes, durations are
//! milliseconds. `None` means "not known" or "does not apply".

mod approvals;
mod charts;
mod checks;
mod compare;
mod deployments;
mod machines;
mod models;
mod reports;
mod runs;
mod workspace;

pub use approvals::*;
pub use charts::*;
pub use checks::*;
pub use compare::*;
pub use deployments::*;
pub use machines::*;
pub use models::*;
pub use reports::*;
pub use runs::*;
pub use workspace::*;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a piece of data is about. Reads say what they provide, writes what they
/// invalidate, events what has changed: the UI never guesses a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Machines and their links.
    Machines,
    /// Drafts of the *Register a machine* wizard.
    Setup,
    /// Runs and experiments.
    Runs,
    /// Log lines of a run.
    Logs,
    /// Metric points of a run.
    Metrics,
    /// Reports.
    Reports,
    /// Registered models and versions.
    Models,
    /// Images of model versions, operations that make them.
    Operations,
    /// Container registries known to the workspace.
    Registries,
    /// Deployments.
    Deployments,
    /// What happened.
    Activity,
    /// Preferences.
    Settings,
    /// The keyring or vault.
    Secrets,
}

/// Something has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Event {
    /// What it is about.
    pub topics: Vec<Topic>,
    /// The run, machine, draft, deployment, operation or model concerned;
    /// `None` concerns all of the topic.
    pub id: Option<String>,
}

impl Event {
    /// All may have changed: for a host that missed events.
    pub fn everything() -> Self {
        Self {
            topics: vec![
                Topic::Machines,
                Topic::Setup,
                Topic::Runs,
                Topic::Logs,
                Topic::Metrics,
                Topic::Reports,
                Topic::Models,
                Topic::Operations,
                Topic::Registries,
                Topic::Deployments,
                Topic::Activity,
                Topic::Settings,
                Topic::Secrets,
            ],
            id: None,
        }
    }
}

/// The id of something; for commands that need nothing else.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ById {
    /// Id.
    pub id: String,
}

/// The name of something; for commands that need nothing else.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ByName {
    /// Name.
    pub name: String,
}

/// No arguments, or no answer. `null` in JSON.
pub type Nothing = ();
