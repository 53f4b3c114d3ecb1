use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skerry_domain::{EngineKind, ErrorBody, Millis, Secret};
use ts_rs::TS;

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
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct MachineForgotten {
    /// What was removed on the machine; English sentences.
    pub removed: Vec<String>,
    /// What is still on the machine.
    pub left: Vec<String>,
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

/// One preflight check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Check {
    /// Which.
    pub id: CheckId,
    /// State.
    pub state: CheckState,
    /// What was found; it decides on value, cause and remedy. None before it has run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub finding: Option<Finding>,
    /// The parameters of the finding: sizes in bytes, times in milliseconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(as = "Option<BTreeMap<String, String>>", optional)]
    pub facts: BTreeMap<String, String>,
    /// The finding in English: "Docker 20.10.24 (API 1.41)".
    pub value: Option<String>,
    /// Why it is not well; English.
    pub cause: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
    /// A command to copy.
    pub command: Option<String>,
    /// Time used.
    pub ms: Option<u64>,
    /// Time limit.
    pub limit_ms: u64,
    /// Registration needs it.
    pub required: bool,
}

/// The preflight checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckId {
    /// Operating system and architecture.
    Os,
    /// Processor.
    Cpu,
    /// Memory.
    Memory,
    /// Disk space in the home folder.
    Disk,
    /// GPU.
    Gpu,
    /// Clock skew.
    Clock,
    /// Container engine and its version.
    Engine,
    /// Permission to use it.
    EnginePermission,
    /// The home folder can be written.
    Home,
}

/// What a check found, for the UI's words. The comment names the facts that come with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Linux on a processor that there is an agent for: os, arch, kernel.
    OsFine,
    /// Not Linux: os, arch, kernel.
    OsNotLinux,
    /// A processor that there is no agent for: os, arch, kernel.
    OsArchUnknown,
    /// Processors: count, name (may be empty).
    CpuFound,
    /// Memory: total_bytes, free_bytes (may be empty).
    MemoryFound,
    /// Little memory for training: total_bytes, free_bytes (may be empty).
    MemoryLittle,
    /// Room on the disk: free_bytes, total_bytes, needed_bytes.
    DiskFound,
    /// Soon full: free_bytes, total_bytes, needed_bytes.
    DiskLittle,
    /// Too full for the agent: free_bytes, total_bytes, needed_bytes.
    DiskTooLittle,
    /// Can be written, and programs run from it: home.
    HomeFine,
    /// Mounted noexec: home.
    HomeNoexec,
    /// Cannot be written: home, why.
    HomeNotWritable,
    /// Less than a second apart: skew_ms, synced (yes or no).
    ClockAgrees,
    /// The machine's clock is ahead: skew_ms, synced (yes or no).
    ClockAhead,
    /// The machine's clock is behind: skew_ms, synced (yes or no).
    ClockBehind,
    /// GPUs with memory and driver: gpus.
    GpuFound,
    /// No GPU.
    GpuNone,
    /// An NVIDIA device without nvidia-smi.
    GpuNoDriver,
    /// The NVIDIA driver does not answer: why.
    GpuBroken,
    /// An engine: engine, version and api (may be empty).
    EngineFound,
    /// An engine that this user may not ask for its version: engine.
    EngineMembersOnly,
    /// Speaks too old an API: version, api, needed.
    EngineTooOld,
    /// Docker is installed and does not answer.
    EngineDaemonDown,
    /// Podman is installed without its API socket.
    EngineNoPodmanSocket,
    /// Neither Docker nor Podman.
    EngineNone,
    /// The user may use the engine: user, socket.
    PermissionFine,
    /// There is no engine to use.
    PermissionNoEngine,
    /// The user may not use the engine: user, socket, owner.
    PermissionDenied,
    /// The machine answered something else than asked: said.
    Unclear,
    /// No answer within the time limit: why.
    TimedOut,
    /// The connection failed: why.
    ConnectionFailed,
    /// The check could not be started: why.
    NotStarted,
}

/// State of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Good.
    Ok,
    /// Works, but look at it.
    Warning,
    /// Does not work.
    Failed,
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
