//! Which host keys are trusted: our own known_hosts file, and the user's as a hint.
//!
//! The format is OpenSSH's (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). Unlike russh's own
//! reader, a host that is known with whatever other key is a mismatch, hashed names,
//! patterns, negations and `@revoked` count, and lines that cannot be read do not hide
//! the others.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};
use russh::keys::{Algorithm, HashAlg, PublicKey};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use ts_rs::TS;

use crate::Error;
use crate::error::Mismatch;

/// A host key as a person compares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostKey {
    /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, …
    pub algorithm: String,
    /// `SHA256:…`, as `ssh-keygen -lf` shows it.
    pub fingerprint: String,
    /// The key itself: algorithm and base64, as in a known_hosts line.
    pub public_key: String,
}

impl HostKey {
    pub(crate) fn of(key: &PublicKey) -> Self {
        let mut key = key.clone();
        key.set_comment("");
        Self {
            algorithm: key.algorithm().as_str().to_owned(),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            public_key: key
                .to_openssh()
                .map(|line| line.trim().to_owned())
                .unwrap_or_default(),
        }
    }
}

/// What the files say about a host and the key it showed.
pub(crate) enum Verdict {
    /// Pinned in our file.
    Trusted,
    /// Not in our file. `hinted`: the user's own file has this very key.
    Unknown { hinted: bool },
    /// Known, with other keys.
    Mismatch { known: Vec<HostKey>, file: PathBuf },
    /// This key is revoked.
    Revoked { file: PathBuf },
}

/// The entries of a file that are about one host.
type Known = Vec<(Option<Marker>, PublicKey)>;

/// The host keys that are trusted.
#[derive(Debug, Clone)]
pub struct Trust {
    own: PathBuf,
    hints: Vec<PathBuf>,
}

impl Trust {
    /// `own` is the file that pinned keys are written to; `hints` are only read: a key
    /// in them is not trusted for that, but a contradiction to them is a mismatch.
    pub fn new(own: impl Into<PathBuf>, hints: Vec<PathBuf>) -> Self {
        Self {
            own: own.into(),
            hints,
        }
    }

    /// The user's `~/.ssh/known_hosts` and the system's, for [`Trust::new`].
    pub fn usual_hints() -> Vec<PathBuf> {
        let mut files = vec![PathBuf::from("/etc/ssh/ssh_known_hosts")];
        if let Some(home) = std::env::home_dir() {
            files.push(home.join(".ssh/known_hosts"));
        }
        files
    }

    /// Pins a key that a person confirmed. Does nothing when it is pinned already.
    ///
    /// # Errors
    /// When the file cannot be written, the key is not a public key, or the host is
    /// pinned with another key: [`Trust::forget`] first.
    pub fn pin(&self, host: &str, port: u16, key: &HostKey) -> Result<(), Error> {
        let public = PublicKey::from_openssh(&key.public_key).map_err(|e| Error::KeyFile {
            path: self.own.clone(),
            why: e.to_string(),
        })?;
        match self.verdict(host, port, &public)? {
            Verdict::Trusted => return Ok(()),
            Verdict::Unknown { .. } => {}
            Verdict::Mismatch { known, file } => {
                return Err(Error::HostKeyMismatch(Box::new(Mismatch {
                    host: host.to_owned(),
                    port,
                    found: HostKey::of(&public),
                    known,
                    file,
                })));
            }
            Verdict::Revoked { file } => {
                return Err(Error::HostKeyRevoked {
                    host: host.to_owned(),
                    port,
                    key: Box::new(HostKey::of(&public)),
                    file,
                });
            }
        }
        let line = format!(
            "{} {}\n",
            host_field(host, port),
            HostKey::of(&public).public_key
        );
        let mut text = read(&self.own)?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&line);
        self.write(&text)
    }

    /// Removes what is pinned for a host; says whether there was something. `@revoked`
    /// lines stay.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn forget(&self, host: &str, port: u16) -> Result<bool, Error> {
        let text = read(&self.own)?;
        let mut kept = String::new();
        let mut removed = false;
        for line in text.lines() {
            let forgotten = parse(line).is_some_and(|entry| {
                entry.marker().is_none() && matches(entry.host_patterns(), host, port)
            });
            if forgotten {
                removed = true;
            } else {
                kept.push_str(line);
                kept.push('\n');
            }
        }
        if removed {
            self.write(&kept)?;
        }
        Ok(removed)
    }

    /// The keys that are pinned for a host.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn pinned(&self, host: &str, port: u16) -> Result<Vec<HostKey>, Error> {
        let keys = entries(&self.own, host, port)?;
        Ok(keys
            .iter()
            .filter(|(marker, _)| marker.is_none())
            .map(|(_, key)| HostKey::of(key))
            .collect())
    }

    /// The algorithms of the keys that are known for a host, so that the server can be
    /// asked for a key of that kind first.
    pub(crate) fn known_algorithms(&self, host: &str, port: u16) -> Vec<Algorithm> {
        let mut algorithms = Vec::new();
        for file in std::iter::once(&self.own).chain(&self.hints) {
            let Ok(found) = entries(file, host, port) else {
                continue;
            };
            for (marker, key) in found {
                if marker.is_none() && !algorithms.contains(&key.algorithm()) {
                    algorithms.push(key.algorithm());
                }
            }
        }
        algorithms
    }

    pub(crate) fn verdict(&self, host: &str, port: u16, key: &PublicKey) -> Result<Verdict, Error> {
        let own = entries(&self.own, host, port)?;
        // A file of the user's that cannot be read is no reason to fail.
        let hints: Vec<(&PathBuf, Known)> = self
            .hints
            .iter()
            .filter_map(|file| Some((file, entries(file, host, port).ok()?)))
            .collect();

        let sources = || {
            std::iter::once((&self.own, &own)).chain(hints.iter().map(|(file, keys)| (*file, keys)))
        };
        for (file, keys) in sources() {
            let revoked = keys
                .iter()
                .any(|(marker, known)| *marker == Some(Marker::Revoked) && same(known, key));
            if revoked {
                return Ok(Verdict::Revoked { file: file.clone() });
            }
        }

        let plain = |keys: &[(Option<Marker>, PublicKey)]| -> Vec<PublicKey> {
            keys.iter()
                .filter(|(marker, _)| marker.is_none())
                .map(|(_, known)| known.clone())
                .collect()
        };
        let pinned = plain(&own);
        if pinned.iter().any(|known| same(known, key)) {
            return Ok(Verdict::Trusted);
        }
        if !pinned.is_empty() {
            return Ok(Verdict::Mismatch {
                known: pinned.iter().map(HostKey::of).collect(),
                file: self.own.clone(),
            });
        }
        let mut hinted = false;
        for (file, keys) in &hints {
            let known = plain(keys);
            if known.iter().any(|known| same(known, key)) {
                hinted = true;
                continue;
            }
            if !known.is_empty() {
                return Ok(Verdict::Mismatch {
                    known: known.iter().map(HostKey::of).collect(),
                    file: (*file).clone(),
                });
            }
        }
        Ok(Verdict::Unknown { hinted })
    }

    fn write(&self, text: &str) -> Result<(), Error> {
        let failed = |e: std::io::Error| local(&self.own, &e);
        if let Some(folder) = self.own.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let temporary = self.own.with_extension("new");
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&temporary, &self.own).map_err(failed)
    }
}

fn same(one: &PublicKey, other: &PublicKey) -> bool {
    one.key_data() == other.key_data()
}

fn local(path: &Path, error: &std::io::Error) -> Error {
    Error::LocalFile {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

fn read(path: &Path) -> Result<String, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(local(path, &error)),
    }
}

fn parse(line: &str) -> Option<Entry> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    // Fields may be parted by tabs and several blanks; the parser wants one blank.
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    words.join(" ").parse().ok()
}

fn entries(path: &Path, host: &str, port: u16) -> Result<Known, Error> {
    let text = read(path)?;
    Ok(text
        .lines()
        .filter_map(parse)
        .filter(|entry| matches(entry.host_patterns(), host, port))
        .map(|entry| (entry.marker().copied(), entry.public_key().clone()))
        .collect())
}

/// How a host is written in the file: bare for port 22, `[host]:port` otherwise.
fn host_field(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 {
        host
    } else {
        format!("[{host}]:{port}")
    }
}

fn matches(patterns: &HostPatterns, host: &str, port: u16) -> bool {
    let wanted = host_field(host, port);
    match patterns {
        HostPatterns::HashedName { salt, hash } => {
            Hmac::<Sha1>::new_from_slice(salt).is_ok_and(|mac| {
                mac.chain_update(wanted.as_bytes())
                    .verify_slice(hash)
                    .is_ok()
            })
        }
        HostPatterns::Patterns(list) => {
            let mut found = false;
            for pattern in list {
                let pattern = pattern.to_ascii_lowercase();
                match pattern.strip_prefix('!') {
                    Some(negated) if glob(negated.as_bytes(), wanted.as_bytes()) => return false,
                    Some(_) => {}
                    None => found |= glob(pattern.as_bytes(), wanted.as_bytes()),
                }
            }
            found
        }
    }
}

/// `*` for any number of characters, `?` for one.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            glob(rest, text)
                || text
                    .split_first()
                    .is_some_and(|(_, tail)| glob(pattern, tail))
        }
        (Some((b'?', rest)), Some((_, tail))) => glob(rest, tail),
        (Some((p, rest)), Some((t, tail))) if p == t => glob(rest, tail),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use russh::keys::PrivateKey;

    fn new_key() -> PublicKey {
        PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519)
            .unwrap()
            .public_key()
            .clone()
    }

    fn trust(folder: &Path) -> Trust {
        Trust::new(folder.join("known_hosts"), vec![folder.join("hint")])
    }

    fn word(trust: &Trust, host: &str, port: u16, key: &PublicKey) -> &'static str {
        match trust.verdict(host, port, key).unwrap() {
            Verdict::Trusted => "trusted",
            Verdict::Unknown { hinted: false } => "unknown",
            Verdict::Unknown { hinted: true } => "hinted",
            Verdict::Mismatch { .. } => "mismatch",
            Verdict::Revoked { .. } => "revoked",
        }
    }

    #[test]
    fn a_pinned_key_is_trusted_and_any_other_is_a_mismatch() {
        let folder = tempfile::tempdir().unwrap();
        let trust = trust(folder.path());
        let (key, other) = (new_key(), new_key());
        assert_eq!(word(&trust, "m.example", 2222, &key), "unknown");
        trust.pin("m.example", 2222, &HostKey::of(&key)).unwrap();
        trust.pin("M.example", 2222, &HostKey::of(&key)).unwrap();
        assert_eq!(trust.pinned("m.example", 2222).unwrap().len(), 1);
        assert_eq!(word(&trust, "m.example", 2222, &key), "trusted");
        assert_eq!(word(&trust, "m.example", 2222, &other), "mismatch");
        assert_eq!(word(&trust, "m.example", 22, &other), "unknown");
        assert!(matches!(
            trust.pin("m.example", 2222, &HostKey::of(&other)),
            Err(Error::HostKeyMismatch(_))
        ));
        // Another kind of key is another key, not an unknown host.
        let rsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=";
        let rsa = PublicKey::from_openssh(rsa).unwrap();
        assert_eq!(word(&trust, "m.example", 2222, &rsa), "mismatch");

        assert!(trust.forget("m.example", 2222).unwrap());
        assert!(!trust.forget("m.example", 2222).unwrap());
        assert_eq!(word(&trust, "m.example", 2222, &other), "unknown");
    }

    #[test]
    fn hints_are_no_trust_but_contradictions_count() {
        let folder = tempfile::tempdir().unwrap();
        let trust = trust(folder.path());
        let (key, other) = (new_key(), new_key());
        let line = format!(
            "# comment\nbroken line\nhost-a,10.0.0.7\t {}\n",
            HostKey::of(&key).public_key
        );
        std::fs::write(folder.path().join("hint"), line).unwrap();
        assert_eq!(word(&trust, "10.0.0.7", 22, &key), "hinted");
        assert_eq!(word(&trust, "10.0.0.7", 22, &other), "mismatch");
        assert_eq!(word(&trust, "10.0.0.8", 22, &other), "unknown");
    }

    #[test]
    fn hashed_names_patterns_negations_and_revocations() {
        let folder = tempfile::tempdir().unwrap();
        let trust = trust(folder.path());
        let (key, bad) = (new_key(), new_key());
        let hashed = {
            // As `ssh-keygen -H` writes it.
            use russh::keys::ssh_key::known_hosts::HostPatterns;
            let salt = vec![7_u8; 20];
            let mac = Hmac::<Sha1>::new_from_slice(&salt).unwrap();
            let hash = mac
                .chain_update(b"[secret.example]:2200")
                .finalize()
                .into_bytes();
            HostPatterns::HashedName {
                salt,
                hash: hash.into(),
            }
            .to_string()
        };
        let text = format!(
            "{hashed} {k}\n*.lab,!x.lab {k}\n@revoked * {b}\n",
            k = HostKey::of(&key).public_key,
            b = HostKey::of(&bad).public_key
        );
        std::fs::write(folder.path().join("known_hosts"), text).unwrap();
        assert_eq!(word(&trust, "secret.example", 2200, &key), "trusted");
        assert_eq!(word(&trust, "secret.example", 22, &key), "unknown");
        assert_eq!(word(&trust, "a.lab", 22, &key), "trusted");
        assert_eq!(word(&trust, "x.lab", 22, &key), "unknown");
        assert_eq!(word(&trust, "anything", 22, &bad), "revoked");
        assert!(matches!(
            trust.pin("anything", 22, &HostKey::of(&bad)),
            Err(Error::HostKeyRevoked { .. })
        ));
    }
}
