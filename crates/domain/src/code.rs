use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What kind of failure a person meets. Travels from the place of the failure to
/// the screen unchanged; the UI has one table from code to words and action.
///
/// A variant exists only where somebody decides by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    // The input
    /// A field's value is not acceptable; details name the field.
    Invalid,
    /// What was asked for does not exist (any more).
    NotFound,
    /// Something with that name or id is there already.
    AlreadyExists,
    /// The thing is not in a state that allows this.
    WrongState,
    /// Another operation on the same thing is under way.
    Busy,
    /// The operation was cancelled by a person.
    Cancelled,

    // This computer
    /// The disk (or the quota) is full.
    DiskFull,
    /// A file or folder cannot be read or written.
    FileAccess,
    /// A folder contains a symlink loop or a link that leaves it.
    UnsafeLink,
    /// The store was written by a newer version of Skerry.
    StoreNewer,
    /// The store is damaged.
    StoreCorrupt,
    /// The store cannot be written (permissions, read-only medium).
    StoreReadOnly,
    /// Not everything could be carried from one tracking store to another.
    TransferIncomplete,
    /// Another Skerry uses this data folder.
    DataFolderInUse,
    /// A TCP port is taken.
    PortTaken,

    // Secrets
    /// The OS keyring is there, but locked.
    KeyringLocked,
    /// The OS keyring does not answer.
    KeyringUnavailable,
    /// There is no vault yet; it is made with a passphrase.
    VaultAbsent,
    /// The vault needs its passphrase.
    VaultLocked,
    /// The passphrase does not open the vault or the key.
    WrongPassphrase,
    /// The vault file is damaged.
    VaultCorrupt,
    /// The secret is not in the keyring (any more).
    SecretMissing,

    // Reaching a machine
    /// The host name has no address.
    HostNotFound,
    /// Nothing listens at that address and port.
    ConnectionRefused,
    /// No answer within the time limit.
    TimedOut,
    /// The network has no route to the machine.
    NoRoute,
    /// What answers there does not speak SSH.
    NotSsh,
    /// The host key has not been confirmed yet.
    HostKeyUnknown,
    /// The host is known with another key.
    HostKeyMismatch,
    /// The host key is marked as revoked.
    HostKeyRevoked,
    /// The machine refused the password.
    PasswordRefused,
    /// The machine refused the key.
    KeyRefused,
    /// The machine does not offer that way of logging in.
    AuthMethodUnavailable,
    /// No ssh-agent answers.
    SshAgentUnavailable,
    /// The file is not a private key that can be read.
    KeyFileInvalid,
    /// The connection broke.
    Disconnected,
    /// sshd forbids what is needed (forwarding, exec, sftp).
    SshForbidden,
    /// A command on the machine failed.
    CommandFailed,

    // The machine and its agent
    /// The machine cannot be reached at the moment.
    MachineUnreachable,
    /// The agent does not answer.
    AgentUnreachable,
    /// The agent program for this machine's processor is not at hand.
    AgentBinaryMissing,
    /// The agent's version does not fit this console.
    AgentVersion,
    /// There is no container engine.
    EngineMissing,
    /// The user may not use the container engine.
    EnginePermission,
    /// The container engine answered with an error.
    EngineFailed,
    /// The container image is not on the machine.
    ImageMissing,
    /// A run needed more memory than it may have.
    OutOfMemory,
    /// The machine went down under a run.
    MachineRestarted,
    /// Somebody else removed or killed a run's workload.
    WorkloadGone,
    /// A preflight check that is required has failed.
    PreflightFailed,

    // Registry
    /// The registry does not answer.
    RegistryUnreachable,
    /// The registry wants other credentials.
    RegistryUnauthorized,
    /// The account may not do this in the registry.
    RegistryDenied,
    /// What answers there is not a container registry.
    NotARegistry,
    /// TLS towards the other side failed.
    TlsFailed,

    // Models and deployments
    /// The model folder cannot be served.
    ModelUnusable,
    /// The deployment did not become healthy.
    Unhealthy,

    // Access to the console in a browser
    /// The one-time link is used up or the session has ended.
    Unauthenticated,

    /// A failure nobody planned for; the message and the log say more.
    Internal,
}

impl Code {
    /// The word that stands on the wire and in the UI's table.
    pub fn as_str(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(word)) => word,
            _ => String::from("internal"),
        }
    }
}
