use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skerry_domain::{EngineKind, ErrorBody, Millis, Secret};
use ts_rs::TS;

use super::{Check, CheckId};

/// A machine in a list.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct MachineRow {
    /// Id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// This computer, or one over SSH.
    pub kind: MachineKind,
    /// `user@host:port`, or this computer's host name.
    pub address: String,
    /// State of the link, as observed.
    pub link: LinkInfo,
    /// What runs workloads there; as last observed.
    pub engine: Option<EngineInfo>,
    /// Runs that are queued or running there; as last observed.
    pub active_runs: u32,
    /// Deployments there.
    pub deployments: u32,
    /// When it was registered.
    pub created_at: Millis,
}

/// Where a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MachineKind {
    /// The agent is a child process of the console.
    Local,
    /// Reached by SSH.
    Ssh,
}

/// The observed state of the link between console and agent.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct LinkInfo {
    /// State.
    pub state: LinkState,
    /// Since when.
    pub since: Millis,
    /// When the agent was last heard.
    pub last_seen_at: Option<Millis>,
    /// Why it is not connected.
    pub problem: Option<ErrorBody>,
}

/// Says nothing about the runs: those go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// The agent answers.
    Connected,
    /// Trying.
    Connecting,
    /// Tried and failed; tries again by itself.
    Unreachable,
    /// Waits for a person: host key changed, login refused, keyring locked.
    Blocked,
}

/// What runs workloads on a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EngineInfo {
    /// Which.
    pub kind: EngineKind,
    /// Its version.
    pub version: Option<String>,
}

/// Everything about a machine.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct MachineDetail {
    /// As in the list.
    pub row: MachineRow,
    /// Host, port, user and jump host; `None` for this computer.
    pub ssh: Option<SshAddress>,
    /// Fingerprint of the pinned host key.
    pub host_key_fingerprint: Option<String>,
    /// How the console logs in: "key SHA256:…", "ssh-agent".
    pub login: Option<String>,
    /// The fingerprint of the key that logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub key_fingerprint: Option<String>,
    /// What the agent last reported.
    pub facts: Option<MachineFacts>,
    /// The last preflight.
    pub checks: Vec<Check>,
    /// When the last preflight ran.
    pub checked_at: Option<Millis>,
}

/// Facts about a machine, as its agent reports them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MachineFacts {
    /// Version of the agent.
    pub agent_version: String,
    /// Since when the agent runs.
    pub agent_started_at: Millis,
    /// Home folder of the agent.
    pub agent_home: String,
    /// Host name.
    pub hostname: String,
    /// "Debian GNU/Linux 12", "x86_64".
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// Logical processors.
    pub cpus: u32,
    /// Memory.
    pub memory_bytes: u64,
    /// Size of the disk with the agent's home.
    pub disk_total_bytes: u64,
    /// Free on it.
    pub disk_free_bytes: u64,
    /// Machine clock minus this computer's.
    pub clock_skew_ms: i64,
}

/// Where to find sshd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SshAddress {
    /// Host name or address.
    pub host: String,
    /// Port, usually 22.
    pub port: u32,
    /// User.
    pub user: String,
    /// A machine to go through first.
    pub jump: Option<JumpHost>,
}

/// A machine on the way. Logged in to with the same method as the machine itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JumpHost {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u32,
    /// User.
    pub user: String,
}

/// Renames something.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Rename {
    /// Id.
    pub id: String,
    /// New name.
    pub name: String,
}

/// Forgets a machine.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct MachineForget {
    /// Id.
    pub id: String,
    /// Also stop the agent and remove its program, and our key from
    /// `authorized_keys`; what runs recorded there stays.
    pub clean_up: bool,
}

/// What forgetting did, and what stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct MachineForgotten {
    /// What was removed on the machine; English sentences.
    pub removed: Vec<String>,
    /// What is still on the machine.
    pub left: Vec<String>,
    /// The same as `removed`, for the UI's words.
    #[serde(default)]
    #[ts(as = "Option<Vec<ForgottenThing>>", optional)]
    pub removed_what: Vec<ForgottenThing>,
    /// The same as `left`, for the UI's words.
    #[serde(default)]
    #[ts(as = "Option<Vec<ForgottenThing>>", optional)]
    pub left_what: Vec<ForgottenThing>,
}

/// Something that was removed with a machine, or stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForgottenThing {
    /// What.
    pub what: ForgottenKind,
    /// The parameters of its sentence.
    pub facts: BTreeMap<String, String>,
}

/// What is removed with a machine, or stays. The comment names the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ForgottenKind {
    /// The agent of this computer, which was stopped.
    LocalAgent,
    /// The files of the runs: path.
    RunFiles,
    /// The agent, which goes on: path.
    AgentGoingOn,
    /// Our public key in `authorized_keys`: fingerprint, user.
    PublicKey,
    /// The same on the jump host: fingerprint, user, host.
    JumpPublicKey,
    /// A file of the key pair that could not be deleted: path, why.
    KeyFile,
    /// The key pair on this computer.
    KeyPair,
    /// The agent's program on the machine: path.
    AgentProgram,
}

/// A half-done registration, resumable.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SetupDraft {
    /// Id.
    pub id: String,
    /// Display name, proposed from the host until chosen.
    pub name: String,
    /// Where.
    pub address: SshAddress,
    /// The step that is next; the wizard opens here.
    pub step: SetupStep,
    /// Steps that are done, so that one can go back.
    pub done: Vec<SetupStep>,
    /// Host keys offered, one per hop, jump host first.
    pub host_keys: Vec<HostKeyOffer>,
    /// How the login worked.
    pub login: Option<LoginInfo>,
    /// Our key pair.
    pub key: Option<KeyInfo>,
    /// Preflight, in order; running ones grow live.
    pub checks: Vec<Check>,
    /// Upload and start of the agent.
    pub agent: Option<AgentInstall>,
    /// Set once it is registered.
    pub machine_id: Option<String>,
    /// What went wrong last, and where; the wizard stays usable.
    pub problem: Option<ErrorBody>,
    /// An operation of this draft is under way.
    pub busy: bool,
    /// When it was begun.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
}

/// Steps of *Register a machine*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SetupStep {
    /// Address, port, user, jump host.
    Address,
    /// Confirm the host key(s).
    HostKey,
    /// Log in for the first time.
    Authenticate,
    /// Make and install a key pair of our own.
    Key,
    /// Check the machine.
    Preflight,
    /// Upload and start the agent.
    Agent,
    /// Registered.
    Done,
}

/// Begins (or, with an id, changes the address of) a registration.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SetupAddress {
    /// The draft to change; `None` begins one.
    pub id: Option<String>,
    /// Display name; `None` proposes the host.
    pub name: Option<String>,
    /// Where.
    pub address: SshAddress,
}

/// A host key as offered by a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostKeyOffer {
    /// `host:port`.
    pub host: String,
    /// Whether it is the jump host.
    pub is_jump: bool,
    /// `ssh-ed25519`, …
    pub algorithm: String,
    /// `SHA256:…`, as OpenSSH shows it.
    pub fingerprint: String,
    /// What we know of the host.
    pub state: HostKeyState,
    /// Fingerprint that is pinned, when it is another.
    pub known_fingerprint: Option<String>,
    /// Where the known key stands: "known_hosts of Skerry", "~/.ssh/known_hosts".
    pub known_from: Option<String>,
}

/// What we know of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HostKeyState {
    /// Never seen: compare and confirm.
    Unknown,
    /// Confirmed and pinned by us.
    Pinned,
    /// In the user's own known_hosts: still to be confirmed, with that hint.
    KnownToUser,
    /// Known with another key: stop.
    Mismatch,
    /// Marked as revoked: stop.
    Revoked,
}

/// Confirms host keys by their fingerprints.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SetupTrust {
    /// The draft.
    pub id: String,
    /// The fingerprints that the person saw, one per hop, in order. Any other key
    /// at connecting is refused.
    pub fingerprints: Vec<String>,
}

/// Logs in for the first time.
#[derive(Debug, Deserialize, TS)]
pub struct SetupAuthenticate {
    /// The draft.
    pub id: String,
    /// How.
    pub method: LoginMethod,
}

/// How to log in.
#[derive(Debug, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LoginMethod {
    /// By password; used once unless `remember`.
    Password {
        /// The password.
        password: Secret,
        /// Keep it in the keyring.
        remember: bool,
    },
    /// By a private key that exists.
    KeyFile {
        /// Path on this computer.
        path: String,
        /// Its passphrase, if it has one.
        passphrase: Option<Secret>,
    },
    /// By whatever ssh-agent holds.
    SshAgent,
}

/// How a login worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LoginInfo {
    /// Which method.
    pub method: LoginKind,
    /// The key's fingerprint or the file, when by key.
    pub detail: Option<String>,
    /// When it worked.
    pub at: Millis,
    /// Whether the password was stored.
    pub remembered: bool,
}

/// Which way of logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LoginKind {
    /// Password.
    Password,
    /// Key file.
    KeyFile,
    /// ssh-agent.
    SshAgent,
}

/// The key pair for a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyInfo {
    /// `SHA256:…`
    pub fingerprint: String,
    /// The line for `authorized_keys`.
    pub public_key: String,
    /// File of the (encrypted) private key on this computer.
    pub file: String,
    /// The public key stands in the machine's `authorized_keys`.
    pub installed: bool,
    /// A fresh login with it worked.
    pub verified: bool,
}

/// Upload and start of the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AgentInstall {
    /// What is being done.
    pub phase: AgentInstallPhase,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Size of the program.
    pub total_bytes: u64,
    /// Where it lies on the machine.
    pub path: String,
    /// Its version, once it answers.
    pub version: Option<String>,
}

/// What is being done with the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AgentInstallPhase {
    /// Being sent.
    Uploading,
    /// Being started.
    Starting,
    /// It answers.
    Answering,
}

/// Runs preflight checks.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SetupPreflight {
    /// The draft.
    pub id: String,
    /// Only this one, again; `None` runs all.
    pub check: Option<CheckId>,
}

/// Ends a registration.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SetupFinish {
    /// The draft.
    pub id: String,
    /// Display name.
    pub name: String,
}
