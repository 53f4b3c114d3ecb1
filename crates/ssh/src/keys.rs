//! Private keys: made here, read from files, offered by the ssh-agent.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use russh::keys::agent::client::AgentClient;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, HashAlg, PrivateKey};
use serde::{Deserialize, Serialize};
use skerry_domain::Secret;
use ts_rs::TS;
use zeroize::Zeroizing;

use crate::Error;

/// Longest file that is looked at as a private key.
const MAX_KEY_FILE: u64 = 64 * 1024;

/// A private key in memory, ready to log in with.
#[derive(Clone)]
pub struct LoadedKey(Arc<PrivateKey>);

impl std::fmt::Debug for LoadedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoadedKey({})", self.fingerprint())
    }
}

impl LoadedKey {
    /// Reads a key file: OpenSSH's format, PEM (PKCS#1, PKCS#8) or PuTTY's.
    ///
    /// # Errors
    /// [`Error::KeyFile`] when it is not a private key, [`Error::PassphraseNeeded`],
    /// [`Error::WrongPassphrase`].
    pub fn open(path: &Path, passphrase: Option<&Secret>) -> Result<Self, Error> {
        let unusable = |why: &str| Error::KeyFile {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        let file = File::open(path).map_err(|e| unusable(&e.to_string()))?;
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_KEY_FILE + 1)
            .read_to_string(&mut text)
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::InvalidData => unusable("it is not a text file"),
                _ => unusable(&e.to_string()),
            })?;
        if text.len() as u64 > MAX_KEY_FILE {
            return Err(unusable("it is far too long for one"));
        }
        Self::parse(&text, passphrase).map_err(|failure| match failure {
            Failure::Needed => Error::PassphraseNeeded {
                path: path.to_owned(),
            },
            Failure::Wrong => Error::WrongPassphrase {
                path: path.to_owned(),
            },
            Failure::Invalid(why) => unusable(&why),
        })
    }

    fn parse(text: &str, passphrase: Option<&Secret>) -> Result<Self, Failure> {
        let start = text.trim_start();
        if start.starts_with("ssh-") || start.starts_with("ecdsa-") {
            return Err(Failure::Invalid(
                "it is a public key: choose the file without .pub".to_owned(),
            ));
        }
        if !start.starts_with("-----BEGIN ") && !start.starts_with("PuTTY-User-Key-File-") {
            return Err(Failure::Invalid(
                "it does not hold a private key".to_owned(),
            ));
        }
        let passphrase = passphrase.filter(|p| !p.is_empty());
        if start.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
            let key = PrivateKey::from_openssh(start)
                .map_err(|e| Failure::Invalid(format!("it is damaged ({e})")))?;
            if !key.is_encrypted() {
                return Ok(Self(Arc::new(key)));
            }
            let passphrase = passphrase.ok_or(Failure::Needed)?;
            return key
                .decrypt(passphrase.expose())
                .map(|key| Self(Arc::new(key)))
                .map_err(|_| Failure::Wrong);
        }
        let encrypted = text.contains("ENCRYPTED")
            || (start.starts_with("PuTTY-") && !text.contains("Encryption: none"));
        if encrypted && passphrase.is_none() {
            return Err(Failure::Needed);
        }
        match russh::keys::decode_secret_key(text, passphrase.map(Secret::expose)) {
            Ok(key) => Ok(Self(Arc::new(key))),
            Err(_) if encrypted => Err(Failure::Wrong),
            Err(error) => Err(Failure::Invalid(error.to_string())),
        }
    }

    /// `SHA256:…`
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    pub(crate) fn private(&self) -> &Arc<PrivateKey> {
        &self.0
    }
}

enum Failure {
    Needed,
    Wrong,
    Invalid(String),
}

/// A key pair made here.
#[derive(Debug, Clone)]
pub struct KeyPair {
    key: LoadedKey,
    public_line: String,
}

impl KeyPair {
    /// Makes an ed25519 key pair. The comment shows up in authorized_keys.
    ///
    /// # Errors
    /// When the library refuses the comment.
    pub fn generate(comment: &str) -> Result<Self, Error> {
        let failed = |e: russh::keys::ssh_key::Error| Error::KeyFile {
            path: "(new key)".into(),
            why: e.to_string(),
        };
        let comment: String = comment
            .chars()
            .filter(|c| c.is_ascii_graphic())
            .take(100)
            .collect();
        let mut rng = russh::keys::key::safe_rng();
        let mut key = PrivateKey::random(&mut rng, Algorithm::Ed25519).map_err(failed)?;
        key.set_comment(comment.as_str());
        let public_line = key.public_key().to_openssh().map_err(failed)?;
        Ok(Self {
            key: LoadedKey(Arc::new(key)),
            public_line: public_line.trim().to_owned(),
        })
    }

    /// The line for authorized_keys.
    pub fn public_line(&self) -> &str {
        &self.public_line
    }

    /// `SHA256:…`
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint()
    }

    /// The private half, to log in with.
    pub fn loaded(&self) -> LoadedKey {
        self.key.clone()
    }

    /// Writes the private key, encrypted with the passphrase, in OpenSSH's format and
    /// readable by its owner alone; the public key beside it with `.pub`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, path: &Path, passphrase: &Secret) -> Result<(), Error> {
        let failed = |why: String| Error::LocalFile {
            path: path.to_owned(),
            why,
        };
        let mut rng = russh::keys::key::safe_rng();
        let encrypted = self
            .key
            .0
            .encrypt(&mut rng, passphrase.expose())
            .and_then(|key| key.to_openssh(LineEnding::LF))
            .map_err(|e| failed(e.to_string()))?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| failed(e.to_string()))?;
        }
        write_private(path, encrypted.as_bytes()).map_err(|e| failed(e.to_string()))?;
        let public = path.with_extension("pub");
        std::fs::write(&public, format!("{}\n", self.public_line))
            .map_err(|e| failed(e.to_string()))
    }

    /// A passphrase that nobody has to remember: 32 random bytes as hex.
    pub fn random_passphrase() -> Secret {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rand::fill(bytes.as_mut_slice());
        Secret::new(hex::encode(bytes.as_slice()))
    }
}

fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)
}

/// A key that the ssh-agent holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AgentKey {
    /// What its owner called it.
    pub comment: String,
    /// `ssh-ed25519`, …
    pub algorithm: String,
    /// `SHA256:…`
    pub fingerprint: String,
}

/// The keys of the ssh-agent at `SSH_AUTH_SOCK`.
///
/// # Errors
/// [`Error::AgentUnavailable`] when there is none.
pub async fn agent_identities() -> Result<Vec<AgentKey>, Error> {
    let unavailable = |e: russh::keys::Error| Error::AgentUnavailable(e.to_string());
    let mut agent = AgentClient::connect_env().await.map_err(unavailable)?;
    let identities = agent.request_identities().await.map_err(unavailable)?;
    Ok(identities
        .iter()
        .map(|identity| {
            let key = identity.public_key();
            AgentKey {
                comment: identity.comment().chars().take(200).collect(),
                algorithm: key.algorithm().as_str().to_owned(),
                fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_key_opens_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/machine");
        let pair = KeyPair::generate("skerry@här \n desk").unwrap();
        assert!(pair.public_line().starts_with("ssh-ed25519 "));
        assert!(pair.public_line().ends_with(" skerry@hrdesk"));
        let passphrase = KeyPair::random_passphrase();
        pair.write(&path, &passphrase).unwrap();

        let opened = LoadedKey::open(&path, Some(&passphrase)).unwrap();
        assert_eq!(opened.fingerprint(), pair.fingerprint());
        assert!(matches!(
            LoadedKey::open(&path, None),
            Err(Error::PassphraseNeeded { .. })
        ));
        assert!(matches!(
            LoadedKey::open(&path, Some(&Secret::new("other"))),
            Err(Error::WrongPassphrase { .. })
        ));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        // OpenSSH itself reads it.
        let output = std::process::Command::new("ssh-keygen")
            .args(["-y", "-P", passphrase.expose(), "-f"])
            .arg(&path)
            .output()
            .expect("ssh-keygen (Debian package openssh-client) runs");
        let public = String::from_utf8_lossy(&output.stdout);
        assert_eq!(public.trim(), pair.public_line(), "{output:?}");
    }

    #[test]
    fn what_is_no_private_key_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for (content, word) in [
            (b"ssh-ed25519 AAAA me".to_vec(), "public key"),
            (b"hello".to_vec(), "does not hold"),
            (vec![0xff, 0xfe, 0x00], "not a text"),
            (vec![b'a'; 70_000], "too long"),
            (
                b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
                    .to_vec(),
                "damaged",
            ),
        ] {
            std::fs::write(&path, content).unwrap();
            let error = LoadedKey::open(&path, None).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
        let missing = LoadedKey::open(&folder.path().join("none"), None).unwrap_err();
        assert!(matches!(missing, Error::KeyFile { .. }), "{missing}");
        let directory = LoadedKey::open(folder.path(), None).unwrap_err();
        assert!(matches!(directory, Error::KeyFile { .. }), "{directory}");
    }
}
