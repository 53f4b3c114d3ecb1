use std::{collections::BTreeMap, io};

use skerry_domain::{Code, Coded};

/// Why an engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No engine answers.
    #[error("No container engine answers on {socket}: {reason}.")]
    Missing {
        /// The socket that was tried.
        socket: String,
        /// Not there, or nothing listens.
        reason: String,
    },
    /// The engine is there, but not for this user.
    #[error("The user '{user}' may not use the container engine on {socket}.")]
    Permission {
        /// The socket that was tried.
        socket: String,
        /// Who tried.
        user: String,
    },
    /// The image is not on the machine.
    #[error("The image '{reference}' is not on the machine. {}", present_words(.present))]
    ImageMissing {
        /// What was asked for.
        reference: String,
        /// What is there.
        present: Vec<String>,
    },
    /// The registry did not give the image.
    #[error("'{reference}' could not be pulled: {message}")]
    Registry {
        /// The kind of refusal.
        code: Code,
        /// What was asked for.
        reference: String,
        /// The engine's words.
        message: String,
    },
    /// The disk of the machine is full.
    #[error("The machine's disk is full: {0}")]
    DiskFull(String),
    /// A file or folder that the workload needs is not there.
    #[error("{0}")]
    FileAccess(String),
    /// The engine does not know the workload.
    #[error("The engine knows no workload '{0}'.")]
    Gone(String),
    /// The engine has no such ability.
    #[error("Plain processes have no {0}.")]
    NoImages(&'static str),
    /// The program cannot be started.
    #[error("'{program}' could not be started: {source}")]
    Spawn {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The engine answered with an error, or stopped answering.
    #[error("The container engine failed: {0}")]
    Failed(String),
    /// A file of our own could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io {
            what: what.into(),
            source,
        }
    }

    /// The engine itself is away (stopped, restarting): worth asking again later.
    pub fn engine_away(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Failed(_))
    }
}

fn present_words(present: &[String]) -> String {
    const SHOWN: usize = 10;
    if present.is_empty() {
        return String::from("There are no images at all.");
    }
    let mut words: Vec<&str> = present.iter().take(SHOWN).map(String::as_str).collect();
    let more = format!("{} more", present.len().saturating_sub(SHOWN));
    if present.len() > SHOWN {
        words.push(&more);
    }
    format!("There are: {}.", words.join(", "))
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => Code::EngineMissing,
            Self::Permission { .. } => Code::EnginePermission,
            Self::ImageMissing { .. } => Code::ImageMissing,
            Self::Registry { code, .. } => *code,
            Self::DiskFull(_) => Code::DiskFull,
            Self::FileAccess(_) => Code::FileAccess,
            Self::Gone(_) => Code::NotFound,
            Self::NoImages(_) => Code::Invalid,
            Self::Spawn { .. } => Code::CommandFailed,
            Self::Failed(_) => Code::EngineFailed,
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
                _ => Code::FileAccess,
            },
        }
    }

    fn details(&self) -> BTreeMap<String, String> {
        let mut details = BTreeMap::new();
        let mut put = |key: &str, value: &str| {
            details.insert(key.to_owned(), value.to_owned());
        };
        match self {
            Self::Missing { socket, .. } => put("socket", socket),
            Self::Permission { socket, user } => {
                put("socket", socket);
                put("user", user);
            }
            Self::ImageMissing { reference, present } => {
                put("image", reference);
                put("present", &present.join("\n"));
            }
            Self::Registry { reference, .. } => put("image", reference),
            Self::Spawn { program, .. } => put("program", program),
            _ => {}
        }
        details
    }
}
