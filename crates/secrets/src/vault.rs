//! The vault: one encrypted file for computers without a keyring.
//!
//! Envelope, version 1 (JSON): `kdf` (Argon2id with its costs and salt), `check` (tells
//! a wrong passphrase from a damaged file), `nonce`, `data` (XChaCha20-Poly1305 of a
//! JSON object, name to secret; version, costs and salt are authenticated with it) and
//! `sum` (SHA-256 over the other fields, so that a damaged header is not taken for a
//! wrong passphrase).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use skerry_domain::Secret;
use zeroize::Zeroizing;

use crate::Error;

const VERSION: u64 = 1;
/// Argon2id costs: 64 MiB, three passes, one lane (RFC 9106, second recommendation,
/// with one lane because the pure Rust implementation has no threads).
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// What a file may ask for before it is called damaged: it must not eat the memory.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 64;
const MIN_PASSPHRASE: usize = 8;

#[derive(Serialize, Deserialize)]
struct Envelope {
    skerry_vault: u64,
    kdf: Kdf,
    check: String,
    nonce: String,
    data: String,
    sum: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kdf {
    name: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
}

/// What the passphrase yields: the key of the cipher and the check of the envelope.
struct Derived {
    key: Zeroizing<[u8; 32]>,
    check: String,
}

struct Opened {
    kdf: Kdf,
    derived: Derived,
}

pub(crate) struct Vault {
    path: PathBuf,
    opened: Option<Opened>,
}

type Entries = BTreeMap<String, Secret>;

impl Vault {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, opened: None }
    }

    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.opened.is_some()
    }

    pub(crate) fn lock(&mut self) {
        self.opened = None;
    }

    pub(crate) fn create(&mut self, passphrase: &Secret) -> Result<(), Error> {
        if passphrase.expose().chars().count() < MIN_PASSPHRASE {
            return Err(Error::WeakPassphrase);
        }
        let _lock = self.file_lock()?;
        if self.exists() {
            return Err(Error::VaultExists);
        }
        let kdf = Kdf {
            name: "argon2id".to_owned(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: BASE64.encode(random::<16>()),
        };
        let derived = self.derive(&kdf, passphrase)?;
        let opened = Opened { kdf, derived };
        self.write(&opened, &Entries::new())?;
        self.opened = Some(opened);
        Ok(())
    }

    pub(crate) fn unlock(&mut self, passphrase: &Secret) -> Result<(), Error> {
        if self.is_open() {
            return Ok(());
        }
        let envelope = self.read_envelope()?;
        let derived = self.derive(&envelope.kdf, passphrase)?;
        if derived.check != envelope.check {
            return Err(Error::WrongPassphrase);
        }
        let opened = Opened {
            kdf: envelope.kdf.clone(),
            derived,
        };
        self.decrypt(&envelope, &opened)?;
        self.opened = Some(opened);
        Ok(())
    }

    pub(crate) fn set(&mut self, name: &str, secret: &Secret) -> Result<(), Error> {
        self.change(|entries| {
            entries.insert(name.to_owned(), secret.clone());
            true
        })
        .map(drop)
    }

    pub(crate) fn get(&mut self, name: &str) -> Result<Option<Secret>, Error> {
        Ok(self.entries()?.remove(name))
    }

    pub(crate) fn delete(&mut self, name: &str) -> Result<bool, Error> {
        self.change(|entries| entries.remove(name).is_some())
    }

    /// Reads the file again, since another Skerry may have written it, applies a
    /// change and writes it, all under the file lock.
    fn change(&mut self, work: impl FnOnce(&mut Entries) -> bool) -> Result<bool, Error> {
        let _lock = self.file_lock()?;
        let mut entries = self.entries()?;
        let changed = work(&mut entries);
        if changed && let Some(opened) = &self.opened {
            self.write(opened, &entries)?;
        }
        Ok(changed)
    }

    fn entries(&mut self) -> Result<Entries, Error> {
        let Some(opened) = &self.opened else {
            return Err(if self.exists() {
                Error::VaultLocked
            } else {
                Error::VaultAbsent
            });
        };
        let envelope = self.read_envelope()?;
        if envelope.kdf != opened.kdf || envelope.check != opened.derived.check {
            // Another vault was put in its place: ours is not the key of it.
            self.opened = None;
            return Err(Error::VaultLocked);
        }
        self.decrypt(&envelope, opened)
    }

    fn decrypt(&self, envelope: &Envelope, opened: &Opened) -> Result<Entries, Error> {
        let nonce = self.bytes::<24>("nonce", &envelope.nonce)?;
        let data = BASE64
            .decode(&envelope.data)
            .map_err(|_| self.corrupt("its data is not base64"))?;
        let plain = cipher(opened)
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: &data,
                    aad: &header(&envelope.kdf),
                },
            )
            .map_err(|_| self.corrupt("its content was changed"))?;
        let plain = Zeroizing::new(plain);
        serde_json::from_slice(&plain).map_err(|_| self.corrupt("its content is not a vault's"))
    }

    fn write(&self, opened: &Opened, entries: &Entries) -> Result<(), Error> {
        let plain: BTreeMap<&str, &str> = entries
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        let plain = Zeroizing::new(
            serde_json::to_vec(&plain).map_err(|e| self.file_error(std::io::Error::other(e)))?,
        );
        let nonce = random::<24>();
        let data = cipher(opened)
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: &plain,
                    aad: &header(&opened.kdf),
                },
            )
            .map_err(|_| self.file_error(std::io::Error::other("encryption failed")))?;
        let mut envelope = Envelope {
            skerry_vault: VERSION,
            kdf: opened.kdf.clone(),
            check: opened.derived.check.clone(),
            nonce: BASE64.encode(nonce),
            data: BASE64.encode(data),
            sum: String::new(),
        };
        envelope.sum = sum(&envelope);
        let text = serde_json::to_vec_pretty(&envelope)
            .map_err(|e| self.file_error(std::io::Error::other(e)))?;
        write_atomically(&self.path, &text).map_err(|e| self.file_error(e))
    }

    fn read_envelope(&self) -> Result<Envelope, Error> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::VaultAbsent);
            }
            Err(error) => return Err(self.file_error(error)),
        };
        let value: serde_json::Value =
            serde_json::from_slice(&text).map_err(|_| self.corrupt("it is not JSON"))?;
        match value
            .get("skerry_vault")
            .and_then(serde_json::Value::as_u64)
        {
            Some(VERSION) => {}
            Some(found) if found > VERSION => {
                return Err(Error::VaultNewer {
                    path: self.path.clone(),
                    found,
                    known: VERSION,
                });
            }
            _ => return Err(self.corrupt("it is not a vault")),
        }
        let envelope: Envelope =
            serde_json::from_value(value).map_err(|_| self.corrupt("a field is missing"))?;
        if sum(&envelope) != envelope.sum {
            return Err(self.corrupt("its checksum does not fit"));
        }
        Ok(envelope)
    }

    fn derive(&self, kdf: &Kdf, passphrase: &Secret) -> Result<Derived, Error> {
        if kdf.name != "argon2id" || kdf.memory_kib > MAX_MEMORY_KIB || kdf.passes > MAX_PASSES {
            return Err(self.corrupt("its key derivation is unknown"));
        }
        let salt = self.bytes::<16>("salt", &kdf.salt)?;
        let params = Params::new(kdf.memory_kib, kdf.passes, 1, Some(64))
            .map_err(|_| self.corrupt("its key derivation has impossible costs"))?;
        let mut out = Zeroizing::new([0_u8; 64]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), &salt, out.as_mut_slice())
            .map_err(|e| self.file_error(std::io::Error::other(e.to_string())))?;
        let (key_half, check_half) = out.split_at(32);
        let mut key = Zeroizing::new([0_u8; 32]);
        key.copy_from_slice(key_half);
        Ok(Derived {
            key,
            check: BASE64.encode(Sha256::digest(check_half)),
        })
    }

    fn bytes<const N: usize>(&self, what: &str, text: &str) -> Result<[u8; N], Error> {
        BASE64
            .decode(text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| self.corrupt(&format!("its {what} is not {N} bytes")))
    }

    /// One writer at a time, over all processes.
    fn file_lock(&self) -> Result<File, Error> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| self.file_error(e))?;
        }
        let mut lock_path = self.path.clone().into_os_string();
        lock_path.push(".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(lock_path)
            .map_err(|e| self.file_error(e))?;
        file.lock().map_err(|e| self.file_error(e))?;
        Ok(file)
    }

    fn corrupt(&self, why: &str) -> Error {
        Error::VaultCorrupt {
            path: self.path.clone(),
            why: why.to_owned(),
        }
    }

    fn file_error(&self, source: std::io::Error) -> Error {
        Error::VaultFile {
            path: self.path.clone(),
            source,
        }
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    rand::fill(&mut bytes);
    bytes
}

fn cipher(opened: &Opened) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*opened.derived.key))
}

/// What is authenticated besides the content.
fn header(kdf: &Kdf) -> Vec<u8> {
    format!(
        "skerry-vault/{VERSION}/{}/{}/{}/{}",
        kdf.name, kdf.memory_kib, kdf.passes, kdf.salt
    )
    .into_bytes()
}

fn sum(envelope: &Envelope) -> String {
    let mut hash = Sha256::new();
    hash.update(header(&envelope.kdf));
    for field in [&envelope.check, &envelope.nonce, &envelope.data] {
        hash.update(b"\n");
        hash.update(field.as_bytes());
    }
    BASE64.encode(hash.finalize())
}

/// Writes beside the file and renames: a power cut leaves the old or the new one.
fn write_atomically(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut temporary = path.to_owned().into_os_string();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
        return written;
    }
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault_in(folder: &Path) -> Vault {
        Vault::at(folder.join("vault.json"))
    }

    #[test]
    fn round_trip_over_two_openings() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = vault_in(folder.path());
        assert!(matches!(vault.get("w/a"), Err(Error::VaultAbsent)));
        vault.create(&Secret::new("correct horse")).unwrap();
        vault.set("w/a", &Secret::new("påss \u{1F511}")).unwrap();
        vault.lock();
        assert!(matches!(vault.get("w/a"), Err(Error::VaultLocked)));

        let mut again = vault_in(folder.path());
        assert!(matches!(
            again.unlock(&Secret::new("correct horsf")),
            Err(Error::WrongPassphrase)
        ));
        again.unlock(&Secret::new("correct horse")).unwrap();
        assert_eq!(
            again.get("w/a").unwrap(),
            Some(Secret::new("påss \u{1F511}"))
        );
        assert!(again.delete("w/a").unwrap());
        assert!(!again.delete("w/a").unwrap());
        assert_eq!(again.get("w/a").unwrap(), None);
    }

    #[test]
    fn the_file_is_private_and_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = vault_in(folder.path());
        vault.create(&Secret::new("correct horse")).unwrap();
        vault
            .set("w/registry/1", &Secret::new("canary-value"))
            .unwrap();
        let text = std::fs::read_to_string(folder.path().join("vault.json")).unwrap();
        assert!(!text.contains("canary"), "{text}");
        assert!(!text.contains("registry"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path().join("vault.json"))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn two_processes_do_not_lose_each_others_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = vault_in(folder.path());
        one.create(&Secret::new("correct horse")).unwrap();
        let mut two = vault_in(folder.path());
        two.unlock(&Secret::new("correct horse")).unwrap();
        one.set("w/a", &Secret::new("1")).unwrap();
        two.set("w/b", &Secret::new("2")).unwrap();
        assert_eq!(one.get("w/b").unwrap(), Some(Secret::new("2")));
        assert_eq!(two.get("w/a").unwrap(), Some(Secret::new("1")));
    }

    #[test]
    fn damage_is_not_called_a_wrong_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.json");
        let mut vault = vault_in(folder.path());
        vault.create(&Secret::new("correct horse")).unwrap();
        let good = std::fs::read_to_string(&path).unwrap();
        vault.lock();

        let newer = good.replace("\"skerry_vault\": 1", "\"skerry_vault\": 2");
        let costs = good.replace("65536", "65537");
        let cut: String = good.chars().take(good.len() / 2).collect();
        for (damaged, expected) in [
            (cut.as_str(), "corrupt"),
            ("", "corrupt"),
            ("{\"skerry_vault\": 1}", "corrupt"),
            (costs.as_str(), "corrupt"),
            (newer.as_str(), "newer"),
        ] {
            std::fs::write(&path, damaged).unwrap();
            let error = vault.unlock(&Secret::new("correct horse")).unwrap_err();
            let found = match error {
                Error::VaultCorrupt { .. } => "corrupt",
                Error::VaultNewer { .. } => "newer",
                _ => "other",
            };
            assert_eq!(found, expected, "{error} for {damaged:.40}");
        }
        std::fs::write(&path, &good).unwrap();
        vault.unlock(&Secret::new("correct horse")).unwrap();
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            vault_in(folder.path()).create(&Secret::new("short")),
            Err(Error::WeakPassphrase)
        ));
    }
}
