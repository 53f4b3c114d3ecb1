use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

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
