//! What happens to registered models, and who makes it happen.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Through which door somebody came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// Nobody knows.
    Unknown,
    /// A person whom the operating system or a sign-in names.
    Person,
    /// A client of the tracking server.
    Client,
    /// The script of a run.
    Script,
    /// Moving in from another store.
    Import,
}

/// What happened in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RegistryEvent {
    /// A registered model was there when the history began.
    ModelFound,
    /// A registered model was made.
    ModelCreated,
    /// It has another name: before, after.
    ModelRenamed,
    /// It was deleted with its versions.
    ModelDeleted,
    /// A tag of the model: subject, before, after (absent when it is gone).
    ModelTag,
    /// A version was registered: after is its source.
    VersionCreated,
    /// An import replaced where its files are: before, after.
    VersionReplaced,
    /// A version was deleted.
    VersionDeleted,
    /// A tag of a version: subject, before, after (absent when it is gone).
    VersionTag,
    /// A legacy stage: before, after.
    StageChanged,
    /// An alias (subject) was there when the history began.
    AliasFound,
    /// An alias (subject) went to the version, from the version `before`.
    AliasSet,
    /// An alias (subject) no longer stands for the version.
    AliasRemoved,
    /// A move of an alias (subject) that a machine asked for was refused.
    AliasRefused,
    /// An alias (subject) moves only to approved versions from now on.
    AliasProtected,
    /// Somebody asked that it be free again; a second person has to agree.
    AliasUnprotectAsked,
    /// It is as free as any other from now on.
    AliasUnprotected,
    /// Somebody asked for the approval of a version: after is the digest of its files.
    ApprovalAsked,
    /// The request, or the approval, was taken back.
    ApprovalWithdrawn,
    /// The version was approved: after is the digest of its files.
    ApprovalGiven,
    /// It was not.
    ApprovalRefused,
}

/// Where the approval of a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Nobody has asked.
    #[default]
    None,
    /// Somebody has asked; a second person decides.
    Asked,
    /// Approved.
    Approved,
    /// Refused.
    Refused,
    /// The request, or the approval, was taken back.
    Withdrawn,
}
