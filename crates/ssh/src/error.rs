use std::collections::BTreeMap;
use std::path::PathBuf;

use skerry_domain::{Code, Coded};

use crate::HostKey;

/// A host that shows another key than the one it is known with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The key it showed.
    pub found: HostKey,
    /// The keys it is known with.
    pub known: Vec<HostKey>,
    /// The file that knows it.
    pub file: PathBuf,
}

/// Why something over SSH did not work. Holds no secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The name has no address.
    #[error("No address was found for '{host}': {why}.")]
    HostNotFound {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// Nothing listens there.
    #[error("{host}:{port} refused the connection: nothing listens at that port.")]
    Refused {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// No answer within the time limit.
    #[error("{what} took longer than {seconds} s.")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// The limit.
        seconds: u64,
    },
    /// The network has no way there.
    #[error("The network has no route to {host}: {why}.")]
    NoRoute {
        /// The host.
        host: String,
        /// What the system said.
        why: String,
    },
    /// What answers there is something else.
    #[error("What answers at {host}:{port} does not speak SSH 2: {why}.")]
    NotSsh {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What it said instead.
        why: String,
    },
    /// Client and server have no algorithm in common.
    #[error("{host} offers only algorithms that are not safe or not known here: {why}.")]
    NoCommonAlgorithm {
        /// The host.
        host: String,
        /// Which kind, and what the server offered.
        why: String,
    },
    /// The host key was not confirmed yet.
    #[error("The host key of {host}:{port} has not been confirmed: {}.", key.fingerprint)]
    HostKeyUnknown {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The key it showed.
        key: Box<HostKey>,
    },
    /// The host is known with another key.
    #[error(
        "{}:{} shows the host key {} but is known with {}. Either the machine was \
         reinstalled or somebody is between you and it.",
        .0.host,
        .0.port,
        .0.found.fingerprint,
        fingerprints(&.0.known)
    )]
    HostKeyMismatch(Box<Mismatch>),
    /// The host key is marked as revoked.
    #[error("The host key {} of {host}:{port} is marked as revoked in {file}.", key.fingerprint)]
    HostKeyRevoked {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The key it showed.
        key: Box<HostKey>,
        /// The file that revokes it.
        file: PathBuf,
    },
    /// The password was refused.
    #[error("{host} refused the password of '{user}'.")]
    PasswordRefused {
        /// The host.
        host: String,
        /// The user.
        user: String,
        /// What the server would accept.
        methods: Vec<String>,
    },
    /// The key or keys were refused.
    #[error("{host} refused {what} for '{user}'.")]
    KeyRefused {
        /// The host.
        host: String,
        /// The user.
        user: String,
        /// Which key, or how many.
        what: String,
        /// What the server would accept.
        methods: Vec<String>,
    },
    /// The server does not offer that way of logging in, or wants a further one.
    #[error(
        "{host} does not accept {wanted} alone for '{user}'; it offers: {}.",
        list(methods)
    )]
    MethodUnavailable {
        /// The host.
        host: String,
        /// The user.
        user: String,
        /// What was to be used.
        wanted: String,
        /// What the server offers.
        methods: Vec<String>,
    },
    /// No ssh-agent answers.
    #[error("No ssh-agent can be used: {0}.")]
    AgentUnavailable(String),
    /// The key file cannot be used.
    #[error("{path} cannot be used as a private key: {why}.")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The key file is encrypted, and no passphrase was given.
    #[error("The key in {path} is encrypted: enter its passphrase.")]
    PassphraseNeeded {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase does not open the key file.
    #[error("The passphrase does not open the key in {path}.")]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// A local file could not be read or written.
    #[error("{path}: {why}.")]
    LocalFile {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// sshd forbids something that is needed.
    #[error("The SSH server forbids {what}.")]
    Forbidden {
        /// What it forbids.
        what: String,
    },
    /// Nothing listens on a Unix socket of the machine, or sshd forbids forwarding to it:
    /// OpenSSH answers both with the same words.
    #[error("Nothing answers at {path} on the machine, or its SSH server forbids it: {why}")]
    SocketUnreachable {
        /// The socket.
        path: String,
        /// What sshd said.
        why: String,
    },
    /// A command on the machine failed.
    #[error("{what} failed on the machine ({status}): {stderr}")]
    CommandFailed {
        /// What was to be done.
        what: String,
        /// Exit code or signal.
        status: String,
        /// The end of what it wrote to stderr.
        stderr: String,
    },
    /// The machine's disk is full.
    #[error("{what} failed: no space is left on the machine's disk.")]
    DiskFull {
        /// What was to be done.
        what: String,
    },
    /// What was written is not what arrived.
    #[error("{path} arrived damaged: its SHA-256 is {found} instead of {expected}.")]
    Damaged {
        /// The remote path.
        path: String,
        /// What was sent.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The connection broke or was closed.
    #[error("The connection to {host} was lost: {why}.")]
    Disconnected {
        /// The host.
        host: String,
        /// Why, as far as known.
        why: String,
    },
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::HostNotFound { .. } => Code::HostNotFound,
            Self::Refused { .. } => Code::ConnectionRefused,
            Self::TimedOut { .. } => Code::TimedOut,
            Self::NoRoute { .. } => Code::NoRoute,
            Self::NotSsh { .. } | Self::NoCommonAlgorithm { .. } => Code::NotSsh,
            Self::HostKeyUnknown { .. } => Code::HostKeyUnknown,
            Self::HostKeyMismatch(_) => Code::HostKeyMismatch,
            Self::HostKeyRevoked { .. } => Code::HostKeyRevoked,
            Self::PasswordRefused { .. } => Code::PasswordRefused,
            Self::KeyRefused { .. } => Code::KeyRefused,
            Self::MethodUnavailable { .. } => Code::AuthMethodUnavailable,
            Self::AgentUnavailable(_) => Code::SshAgentUnavailable,
            Self::KeyFile { .. } => Code::KeyFileInvalid,
            Self::PassphraseNeeded { .. } | Self::WrongPassphrase { .. } => Code::WrongPassphrase,
            Self::LocalFile { .. } => Code::FileAccess,
            Self::Forbidden { .. } => Code::SshForbidden,
            Self::SocketUnreachable { .. } => Code::AgentUnreachable,
            Self::CommandFailed { .. } | Self::Damaged { .. } => Code::CommandFailed,
            Self::DiskFull { .. } => Code::DiskFull,
            Self::Disconnected { .. } => Code::Disconnected,
        }
    }

    fn details(&self) -> BTreeMap<String, String> {
        let mut details = BTreeMap::new();
        let mut put = |key: &str, value: String| details.insert(key.to_owned(), value);
        match self {
            Self::HostNotFound { host, .. }
            | Self::NoRoute { host, .. }
            | Self::NoCommonAlgorithm { host, .. }
            | Self::Disconnected { host, .. } => {
                put("host", host.clone());
            }
            Self::Refused { host, port } | Self::NotSsh { host, port, .. } => {
                put("host", host.clone());
                put("port", port.to_string());
            }
            Self::TimedOut { seconds, .. } => {
                put("seconds", seconds.to_string());
            }
            Self::HostKeyUnknown { host, port, key } => {
                put("host", host.clone());
                put("port", port.to_string());
                put("algorithm", key.algorithm.clone());
                put("fingerprint", key.fingerprint.clone());
                put("public_key", key.public_key.clone());
            }
            Self::HostKeyMismatch(mismatch) => {
                put("host", mismatch.host.clone());
                put("port", mismatch.port.to_string());
                put("found_fingerprint", mismatch.found.fingerprint.clone());
                put("found_key", mismatch.found.public_key.clone());
                put("known_fingerprint", fingerprints(&mismatch.known));
                let keys: Vec<&str> = mismatch
                    .known
                    .iter()
                    .map(|k| k.public_key.as_str())
                    .collect();
                put("known_key", keys.join("\n"));
                put("file", mismatch.file.display().to_string());
            }
            Self::HostKeyRevoked {
                host,
                port,
                key,
                file,
            } => {
                put("host", host.clone());
                put("port", port.to_string());
                put("fingerprint", key.fingerprint.clone());
                put("file", file.display().to_string());
            }
            Self::PasswordRefused {
                host,
                user,
                methods,
            }
            | Self::KeyRefused {
                host,
                user,
                methods,
                ..
            }
            | Self::MethodUnavailable {
                host,
                user,
                methods,
                ..
            } => {
                put("host", host.clone());
                put("user", user.clone());
                put("methods", methods.join(", "));
            }
            Self::KeyFile { path, .. }
            | Self::PassphraseNeeded { path }
            | Self::WrongPassphrase { path }
            | Self::LocalFile { path, .. } => {
                put("path", path.display().to_string());
            }
            Self::SocketUnreachable { path, .. } | Self::Damaged { path, .. } => {
                put("path", path.clone());
            }
            Self::CommandFailed { status, stderr, .. } => {
                put("status", status.clone());
                put("stderr", stderr.clone());
            }
            Self::AgentUnavailable(_) | Self::Forbidden { .. } | Self::DiskFull { .. } => {}
        }
        details
    }
}

fn fingerprints(keys: &[HostKey]) -> String {
    let all: Vec<&str> = keys.iter().map(|key| key.fingerprint.as_str()).collect();
    all.join(", ")
}

fn list(methods: &[String]) -> String {
    if methods.is_empty() {
        "nothing".to_owned()
    } else {
        methods.join(", ")
    }
}
