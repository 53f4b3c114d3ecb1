use std::path::PathBuf;

use skerry_domain::{Code, Coded};

/// Why a secret could not be stored, read or deleted. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The keyring is there, but locked.
    #[error("The keyring is locked: {0}.")]
    KeyringLocked(String),
    /// The keyring does not answer or answered with a failure.
    #[error("The keyring cannot be used: {0}.")]
    KeyringUnavailable(String),
    /// There is no vault file yet.
    #[error("There is no vault for secrets yet: choose a passphrase for it.")]
    VaultAbsent,
    /// The vault is there and needs its passphrase.
    #[error("The vault with the secrets is locked: enter its passphrase.")]
    VaultLocked,
    /// A vault is there already.
    #[error("There is a vault already: unlock it.")]
    VaultExists,
    /// The secrets are in the keyring; there is no vault to open or lock.
    #[error("The secrets are in the keyring of this computer: there is no vault.")]
    NoVault,
    /// The passphrase does not open the vault.
    #[error("The passphrase does not open the vault.")]
    WrongPassphrase,
    /// The vault's passphrase is too short to protect anything.
    #[error("The vault's passphrase needs at least 8 characters.")]
    WeakPassphrase,
    /// The vault file is damaged.
    #[error("The vault file {path} is damaged: {why}.")]
    VaultCorrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The vault was written by a newer version of Skerry.
    #[error("The vault file {path} has version {found}; this Skerry reads up to version {known}.")]
    VaultNewer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version that is understood here.
        known: u64,
    },
    /// The vault file cannot be read or written.
    #[error("The vault file {path} cannot be read or written: {source}.")]
    VaultFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file with the vault's passphrase cannot be used.
    #[error("The passphrase file {path} cannot be used: {why}.")]
    PassphraseFile {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The key has characters that are not allowed.
    #[error("'{0}' cannot be the key of a secret.")]
    BadKey(String),
    /// The secret is empty or too long.
    #[error("A secret has 1 to 65536 bytes.")]
    BadValue,
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::KeyringLocked(_) => Code::KeyringLocked,
            Self::KeyringUnavailable(_) => Code::KeyringUnavailable,
            Self::VaultAbsent => Code::VaultAbsent,
            Self::VaultLocked => Code::VaultLocked,
            Self::VaultExists => Code::AlreadyExists,
            Self::NoVault => Code::WrongState,
            Self::WrongPassphrase => Code::WrongPassphrase,
            Self::VaultCorrupt { .. } => Code::VaultCorrupt,
            Self::VaultNewer { .. } => Code::StoreNewer,
            Self::VaultFile { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Code::DiskFull
            }
            Self::VaultFile { .. } | Self::PassphraseFile { .. } => Code::FileAccess,
            Self::BadKey(_) | Self::BadValue | Self::WeakPassphrase => Code::Invalid,
        }
    }
}
