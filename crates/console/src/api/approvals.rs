use serde::{Deserialize, Serialize};
use skerry_domain::{ApprovalState, Millis, RegistryEvent, Via};
use ts_rs::TS;

/// The approval of a model version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApprovalRow {
    /// Where it stands.
    pub state: ApprovalState,
    /// The last request.
    pub asked: Option<ApprovalStep>,
    /// What came of it.
    pub settled: Option<ApprovalStep>,
    /// Approved, but its files are others now: it counts no more.
    pub files_changed: bool,
    /// The person at this console asked, and so cannot decide.
    pub own: bool,
}

/// A step of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApprovalStep {
    /// Who.
    pub who: String,
    /// When.
    pub at: Millis,
    /// Why.
    pub reason: Option<String>,
    /// Digest of the version's files at that time, when files were known.
    pub files: Option<String>,
}

/// Asks for the approval of a version, or takes a request or an approval back.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ApprovalAsk {
    /// Model.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Why; needed to take back an approval that was given.
    pub reason: Option<String>,
}

/// Approves a version, or refuses to.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ApprovalDecide {
    /// Model.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Approve it.
    pub approve: bool,
    /// Why.
    pub reason: String,
}

/// Protects an alias, or lets it free.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AliasProtect {
    /// Model.
    pub name: String,
    /// Alias; it need not stand for anything yet.
    pub alias: String,
    /// It moves only to approved versions.
    pub protect: bool,
    /// Why.
    pub reason: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AliasProtected {
    /// That the alias is protected, that a second person has yet to agree that it be free,
    /// or that it is free.
    pub event: RegistryEvent,
}

/// Asks for the history of a model, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RegistryHistoryQuery {
    /// Model, by a name that it has or had; also one that was deleted.
    pub name: String,
    /// Only this version.
    pub version: Option<u32>,
    /// Only before this entry.
    pub before: Option<i64>,
    /// At most so many, up to 500.
    pub limit: u32,
}

/// An entry of the registry's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RegistryHistoryRow {
    /// Number in the chain, from 1.
    pub seq: i64,
    /// When it took effect here.
    pub at: Millis,
    /// The model's name at that time.
    pub name: String,
    /// What happened.
    pub event: RegistryEvent,
    /// To which version.
    pub version: Option<u32>,
    /// The alias, or the key of a tag.
    pub subject: Option<String>,
    /// What was before.
    pub before: Option<String>,
    /// What is now.
    pub after: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Through which door.
    pub via: Via,
    /// The person, or the id of the run; empty when it is not known.
    pub who: String,
    /// The machine that it happened on.
    pub machine: Option<String>,
    /// When it happened there, by its clock.
    pub happened_at: Option<Millis>,
    /// Hash of the entry, which covers all before it.
    pub hash: String,
}

/// Asks whether the history is whole.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RegistryVerify {
    /// A hash that was noted elsewhere, to be found in the chain.
    pub noted: Option<String>,
}

/// Whether the history is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RegistryVerified {
    /// It is, and the noted hash, if any, is in it.
    pub whole: bool,
    /// Entries that were looked at.
    pub entries: i64,
    /// Hash of the last of them: note it elsewhere to be safe from a chain that is
    /// written anew.
    pub end: String,
    /// What is wrong first.
    pub problem: Option<RegistryBreak>,
    /// The entry whose hash was noted.
    pub noted: Option<i64>,
}

/// What is wrong with the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RegistryBreak {
    /// The entry does not hash to what it says.
    Changed {
        /// Its number.
        seq: i64,
    },
    /// The entry is not there.
    Missing {
        /// Its number.
        seq: i64,
    },
    /// The entry is the last, but was not the last that was written.
    End {
        /// Its number.
        seq: i64,
    },
    /// The alias does not stand for what the history says.
    Alias {
        /// Model.
        name: String,
        /// Alias.
        alias: String,
    },
    /// The noted hash is not in the chain.
    NotNoted,
}

/// Asks what an alias stood for during a time.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AliasAtQuery {
    /// Model, by a name that it has or had.
    pub name: String,
    /// Alias.
    pub alias: String,
    /// From then.
    pub from: Millis,
    /// Until then; the same for one moment.
    pub to: Millis,
}

/// What an alias stood for during a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AliasAt {
    /// The version at the beginning; `None` for none, or when it is not known.
    pub version: Option<u32>,
    /// The entry that says so.
    pub since: Option<RegistryHistoryRow>,
    /// Moves after the beginning, oldest first.
    pub moves: Vec<RegistryHistoryRow>,
    /// The model is older than its history, which begins here: what was before is not known.
    pub known_from: Option<Millis>,
}
