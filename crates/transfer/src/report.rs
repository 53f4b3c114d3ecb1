//! What a transfer says: on the way, and at the end.

use serde::{Deserialize, Serialize};

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Experiments.
    pub experiments: u64,
    /// Runs, deleted ones too.
    pub runs: u64,
    /// Params of runs.
    pub params: u64,
    /// Tags of runs and experiments.
    pub tags: u64,
    /// Metrics of runs.
    pub metrics: u64,
    /// Points of all metrics.
    pub points: u64,
    /// Data sets and models that went into runs or came out.
    pub inputs: u64,
    /// Logged models.
    pub logged_models: u64,
    /// Files.
    pub artifacts: u64,
    /// Their bytes.
    pub artifact_bytes: u64,
    /// Registered models.
    pub registered_models: u64,
    /// Their versions.
    pub versions: u64,
    /// Their aliases.
    pub aliases: u64,
}

/// Something that is not in the target as it is in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What: `run 0123…: param lr`.
    pub what: String,
    /// Why, or how it differs.
    pub why: String,
}

impl Problem {
    /// A problem.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
        }
    }
}

/// What is told on the way.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// So much was looked at in the source and is in the target.
    Transferred(Tally),
    /// So much was compared.
    Compared(Tally),
}

/// The end of a transfer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Report {
    /// What the source has.
    pub source: Tally,
    /// What of it was found in the target, equal. The same as `source` when nothing
    /// is missing.
    pub target: Tally,
    /// What differs or is missing; at most [`Report::LISTED`], the rest is counted.
    pub problems: Vec<Problem>,
    /// Number of all problems.
    pub problem_count: u64,
    /// Runs and models whose files are in a storage of its own and stay there; their
    /// URIs are kept.
    pub elsewhere: Vec<Problem>,
    /// Number of all of these.
    pub elsewhere_count: u64,
    /// What is there that a tracking store of ours has no place for.
    pub left_out: Vec<(String, u64)>,
    /// What the target sets by itself, whatever it is told: what, and of how many.
    pub not_kept: Vec<(String, u64)>,
}

impl Report {
    /// At most so many problems are listed.
    pub const LISTED: usize = 200;

    /// Everything that can be carried is there.
    pub fn complete(&self) -> bool {
        self.problem_count == 0 && self.source == self.target
    }

    pub(crate) fn problem(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < Self::LISTED {
            self.problems.push(problem);
        }
    }

    pub(crate) fn elsewhere(&mut self, problem: Problem) {
        self.elsewhere_count += 1;
        if self.elsewhere.len() < Self::LISTED {
            self.elsewhere.push(problem);
        }
    }
}
