//! Where Skerry keeps passwords, passphrases and tokens: the OS keyring, or an
//! encrypted vault file where there is no keyring.
//!
//! **Invariant:** a secret leaves this crate only as a [`skerry_domain::Secret`] that
//! Rust code asked for by its key; there is no way to list values, and nothing here
//! writes a secret to a log, an error or a file that is not encrypted.
//!
//! **API boundary:** [`Secrets`] with `set`, `get`, `has`, `delete` by key, and the
//! life of the vault (create, unlock, lock). Calls are async; the blocking work
//! (D-Bus, key derivation, files) runs on the blocking pool.

mod error;
mod os_keyring;
mod vault;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use skerry_domain::Secret;
use ts_rs::TS;

pub use error::Error;
use os_keyring::Probe;
use vault::Vault;

/// How long a keyring call may take: a person may have to answer its prompt.
const KEYRING_TIMEOUT: Duration = Duration::from_secs(120);

/// Longest secret that is accepted, in bytes (a private key fits many times over).
const MAX_SECRET: usize = 64 * 1024;

/// Where the secrets of this workspace are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SecretsPlace {
    /// The operating system's keyring.
    Keyring,
    /// An encrypted file in the data folder.
    Vault,
}

/// Whether secrets can be used at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SecretsState {
    /// Secrets can be stored and used.
    Ready,
    /// It is there, and needs its password or passphrase first.
    Locked,
    /// There is no vault yet: it is made with a passphrase.
    Absent,
    /// It does not answer.
    Unavailable,
}

/// What is known about the place of the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SecretsStatus {
    /// Where secrets are kept.
    pub place: SecretsPlace,
    /// Whether they can be used.
    pub state: SecretsState,
    /// Why it is so, where that is not plain (why there is no keyring, for example).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
}

enum Backend {
    Keyring,
    Vault(Mutex<Vault>),
}

struct Inner {
    workspace: String,
    backend: Backend,
    reason: Option<String>,
}

/// The secrets of one workspace. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets")
            .field("workspace", &self.inner.workspace)
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// Finds the place of this workspace's secrets; never fails, [`Secrets::status`]
    /// says what was found.
    ///
    /// A vault that exists at `vault_path` is used, since the secrets are in it;
    /// otherwise the OS keyring; without one, a vault that is still to be made.
    /// `SKERRY_SECRETS=vault` or `=keyring` decides instead. The file named by
    /// `SKERRY_VAULT_PASSPHRASE_FILE` (readable by its owner alone) opens or creates
    /// the vault without a question.
    pub async fn open(workspace_id: &str, vault_path: &Path) -> Self {
        let workspace = workspace_id.to_owned();
        let vault_path = vault_path.to_owned();
        let choice = std::env::var("SKERRY_SECRETS").unwrap_or_default();
        let passphrase_file = std::env::var_os("SKERRY_VAULT_PASSPHRASE_FILE").map(PathBuf::from);
        let joined = tokio::task::spawn_blocking({
            let workspace = workspace.clone();
            let vault_path = vault_path.clone();
            move || Self::find(workspace, vault_path, &choice, passphrase_file.as_deref())
        })
        .await;
        joined.unwrap_or_else(|error| Self {
            inner: Arc::new(Inner {
                workspace,
                backend: Backend::Vault(Mutex::new(Vault::at(vault_path))),
                reason: Some(format!("Looking for the keyring failed: {error}.")),
            }),
        })
    }

    fn find(
        workspace: String,
        vault_path: PathBuf,
        choice: &str,
        passphrase_file: Option<&Path>,
    ) -> Self {
        let use_vault = |reason: Option<String>| {
            let mut vault = Vault::at(vault_path.clone());
            let reason = match passphrase_file.map(|file| open_with_file(&mut vault, file)) {
                Some(Err(error)) => {
                    tracing::warn!(%error, "the vault was not opened by the passphrase file");
                    Some(error.to_string())
                }
                Some(Ok(())) | None => reason,
            };
            (Backend::Vault(Mutex::new(vault)), reason)
        };
        let (backend, reason) = match choice {
            "vault" => use_vault(Some("SKERRY_SECRETS=vault is set.".to_owned())),
            "keyring" => (Backend::Keyring, None),
            _ if vault_path.exists() => use_vault(Some(
                "This workspace has kept its secrets in a vault so far.".to_owned(),
            )),
            _ => match os_keyring::probe() {
                Probe::Ready | Probe::Locked => (Backend::Keyring, None),
                Probe::Unavailable(why) => use_vault(Some(why)),
            },
        };
        Self {
            inner: Arc::new(Inner {
                workspace,
                backend,
                reason,
            }),
        }
    }

    /// What is there, observed now; asks nothing and shows no prompt.
    pub async fn status(&self) -> SecretsStatus {
        let inner = Arc::clone(&self.inner);
        let (state, observed) = blocking(move || {
            Ok(match &inner.backend {
                Backend::Keyring => match os_keyring::probe() {
                    Probe::Ready => (SecretsState::Ready, None),
                    Probe::Locked => (SecretsState::Locked, None),
                    Probe::Unavailable(why) => (SecretsState::Unavailable, Some(why)),
                },
                Backend::Vault(vault) => {
                    let vault = guard(vault);
                    let state = if vault.is_open() {
                        SecretsState::Ready
                    } else if vault.exists() {
                        SecretsState::Locked
                    } else {
                        SecretsState::Absent
                    };
                    (state, None)
                }
            })
        })
        .await
        .unwrap_or_else(|error| (SecretsState::Unavailable, Some(error.to_string())));
        SecretsStatus {
            place: match self.inner.backend {
                Backend::Keyring => SecretsPlace::Keyring,
                Backend::Vault(_) => SecretsPlace::Vault,
            },
            state,
            reason: observed.or_else(|| self.inner.reason.clone()),
        }
    }

    /// Makes the vault, open, with its passphrase.
    ///
    /// # Errors
    /// When there is one already, when the secrets are in the keyring, or the file
    /// cannot be written.
    pub async fn create_vault(&self, passphrase: &Secret) -> Result<(), Error> {
        let passphrase = passphrase.clone();
        self.with_vault(move |vault| vault.create(&passphrase))
            .await
    }

    /// Opens the vault; a no-op when it is open.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`], [`Error::VaultCorrupt`], [`Error::VaultAbsent`].
    pub async fn unlock_vault(&self, passphrase: &Secret) -> Result<(), Error> {
        let passphrase = passphrase.clone();
        self.with_vault(move |vault| vault.unlock(&passphrase))
            .await
    }

    /// Forgets the vault's key until it is unlocked again.
    ///
    /// # Errors
    /// When the secrets are in the keyring, which the desktop locks.
    pub async fn lock_vault(&self) -> Result<(), Error> {
        self.with_vault(|vault| {
            vault.lock();
            Ok(())
        })
        .await
    }

    /// Stores a secret under a key, in the place of an earlier one.
    ///
    /// # Errors
    /// A bad key, a secret that is empty or longer than 64 KiB, a locked or
    /// unavailable place.
    pub async fn set(&self, key: &str, secret: &Secret) -> Result<(), Error> {
        let name = self.name(key)?;
        if secret.is_empty() || secret.expose().len() > MAX_SECRET {
            return Err(Error::BadValue);
        }
        let secret = secret.clone();
        let inner = Arc::clone(&self.inner);
        let keyring = matches!(self.inner.backend, Backend::Keyring);
        limited(keyring, move || match &inner.backend {
            Backend::Keyring => os_keyring::set(&name, &secret),
            Backend::Vault(vault) => guard(vault).set(&name, &secret),
        })
        .await
    }

    /// The secret under a key, for use inside the program.
    ///
    /// # Errors
    /// A bad key, a locked or unavailable place.
    pub async fn get(&self, key: &str) -> Result<Option<Secret>, Error> {
        let name = self.name(key)?;
        let inner = Arc::clone(&self.inner);
        let keyring = matches!(self.inner.backend, Backend::Keyring);
        limited(keyring, move || match &inner.backend {
            Backend::Keyring => os_keyring::get(&name),
            Backend::Vault(vault) => guard(vault).get(&name),
        })
        .await
    }

    /// Whether there is a secret under a key.
    ///
    /// # Errors
    /// As [`Secrets::get`].
    pub async fn has(&self, key: &str) -> Result<bool, Error> {
        Ok(self.get(key).await?.is_some())
    }

    /// Deletes the secret under a key; says whether there was one.
    ///
    /// # Errors
    /// As [`Secrets::get`].
    pub async fn delete(&self, key: &str) -> Result<bool, Error> {
        let name = self.name(key)?;
        let inner = Arc::clone(&self.inner);
        let keyring = matches!(self.inner.backend, Backend::Keyring);
        limited(keyring, move || match &inner.backend {
            Backend::Keyring => os_keyring::delete(&name),
            Backend::Vault(vault) => guard(vault).delete(&name),
        })
        .await
    }

    async fn with_vault<F>(&self, work: F) -> Result<(), Error>
    where
        F: FnOnce(&mut Vault) -> Result<(), Error> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        blocking(move || match &inner.backend {
            Backend::Keyring => Err(Error::NoVault),
            Backend::Vault(vault) => work(&mut guard(vault)),
        })
        .await
    }

    /// The name in the keyring or vault: workspace and key, so that two workspaces of
    /// one person never share a secret by accident.
    fn name(&self, key: &str) -> Result<String, Error> {
        let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:".contains(c);
        if key.is_empty() || key.len() > 200 || !key.chars().all(ok) {
            return Err(Error::BadKey(skerry_domain::validate::shorten(key)));
        }
        Ok(format!("{}/{key}", self.inner.workspace))
    }
}

fn guard(vault: &Mutex<Vault>) -> MutexGuard<'_, Vault> {
    // A panic inside a vault call leaves at worst an older copy in memory; every
    // change reads the file again first.
    vault.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open_with_file(vault: &mut Vault, file: &Path) -> Result<(), Error> {
    let unusable = |why: String| Error::PassphraseFile {
        path: file.to_owned(),
        why,
    };
    let metadata = std::fs::metadata(file).map_err(|e| unusable(e.to_string()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(unusable("others may read it; chmod 600 it".to_owned()));
        }
    }
    if metadata.len() > 4096 {
        return Err(unusable("it is longer than 4 KiB".to_owned()));
    }
    let text = zeroize::Zeroizing::new(
        std::fs::read_to_string(file).map_err(|e| unusable(e.to_string()))?,
    );
    let passphrase = Secret::new(text.trim_end_matches(['\n', '\r']));
    if vault.exists() {
        vault.unlock(&passphrase)
    } else {
        vault.create(&passphrase)
    }
}

async fn blocking<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::KeyringUnavailable(format!("the call was broken off: {error}")))?
}

/// Keyring calls may wait for a prompt that nobody sees: they get a time limit.
async fn limited<T, F>(keyring: bool, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    if !keyring {
        return blocking(work).await;
    }
    tokio::time::timeout(KEYRING_TIMEOUT, blocking(work))
        .await
        .unwrap_or_else(|_| {
            Err(Error::KeyringLocked(
                "nobody answered its prompt within two minutes".to_owned(),
            ))
        })
}
