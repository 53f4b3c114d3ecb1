//! Files to a machine: sent beside their place, checked, then put there in one step.

use std::path::{Path, PathBuf};
use std::time::Duration;

use russh_sftp::client::SftpSession;
use russh_sftp::protocol::OpenFlags;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::session::quoted;
use crate::{Error, Session};

/// What an upload did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// The same file was there already; nothing was sent.
    pub skipped: bool,
}

/// Told how many bytes of how many are there.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

const CHUNK: usize = 256 * 1024;
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// A transfer that moves nothing for so long has failed.
const STALL_LIMIT: Duration = Duration::from_secs(60);

/// Prints the SHA-256 of "$file" as hex, with whatever tool there is.
const HASH: &str = r#"
hash() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum < "$1"
  elif command -v shasum >/dev/null 2>&1; then shasum -a 256 < "$1"
  else openssl dgst -sha256 -r < "$1"; fi
}
"#;

impl Session {
    /// Sends a file to an absolute path, with a mode such as `0o755`. The folder is
    /// made when it is missing. The file appears whole or not at all; when the same
    /// content is there already, nothing is sent.
    ///
    /// # Errors
    /// [`Error::LocalFile`], [`Error::DiskFull`], [`Error::Damaged`],
    /// [`Error::CommandFailed`], and as [`Session::exec`].
    pub async fn upload(
        &self,
        local: &Path,
        remote: &str,
        mode: u32,
        progress: Progress<'_>,
    ) -> Result<Uploaded, Error> {
        let (sha256, size) = hash_of(local).await?;
        let there = self.prepare(remote, mode, &sha256).await?;
        if there {
            progress(size, size);
            return Ok(Uploaded {
                sha256,
                skipped: true,
            });
        }
        let temporary = format!("{remote}.upload");
        match self.open_subsystem("sftp").await {
            Ok(stream) => {
                let sftp = SftpSession::new(stream)
                    .await
                    .map_err(|e| sftp_error(self, remote, &e))?;
                self.send_sftp(&sftp, local, &temporary, size, progress)
                    .await?;
            }
            Err(Error::Forbidden { .. }) => {
                tracing::debug!(host = %self.hop().host, "no sftp there: sending through cat");
                self.send_cat(local, &temporary, size, progress).await?;
            }
            Err(error) => return Err(error),
        }
        self.settle(remote, &temporary, mode, &sha256).await?;
        Ok(Uploaded {
            sha256,
            skipped: false,
        })
    }

    /// Makes the folder; whether the same file is there already (its mode set right).
    async fn prepare(&self, remote: &str, mode: u32, sha256: &str) -> Result<bool, Error> {
        let script = format!(
            "{HASH}\nset -eu\nfile={}\nmkdir -p \"$(dirname \"$file\")\"\n\
             if [ -f \"$file\" ]; then case \"$(hash \"$file\")\" in {sha256}*) \
             chmod {mode:o} \"$file\"; echo skerry:same;; esac; fi\n",
            quoted(remote)
        );
        let output = self.script(&script, COMMAND_LIMIT).await?;
        if !output.success() {
            return Err(output.failure(&format!("Preparing {remote}")));
        }
        Ok(output.text().contains("skerry:same"))
    }

    async fn send_sftp(
        &self,
        sftp: &SftpSession,
        local: &Path,
        temporary: &str,
        size: u64,
        progress: Progress<'_>,
    ) -> Result<(), Error> {
        let failed = |e: russh_sftp::client::error::Error| sftp_error(self, temporary, &e);
        let mut file = sftp
            .open_with_flags(
                temporary,
                OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::WRITE,
            )
            .await
            .map_err(failed)?;
        pump(local, size, progress, &mut file)
            .await
            .map_err(|failure| match failure {
                Pump::Local(error) => error,
                Pump::Remote(error) => sftp_error(self, temporary, &error.into()),
                Pump::Stalled => stalled(),
            })?;
        file.close()
            .await
            .map_err(|e| sftp_error(self, temporary, &e.into()))
    }

    async fn send_cat(
        &self,
        local: &Path,
        temporary: &str,
        size: u64,
        progress: Progress<'_>,
    ) -> Result<(), Error> {
        let what = format!("Sending {temporary}");
        let command = format!("exec cat > {}", quoted(temporary));
        let mut stream = self
            .open_exec(&format!("/bin/sh -c {}", quoted(&command)))
            .await?;
        let sent = pump(local, size, progress, &mut stream).await;
        match sent {
            Ok(()) => {}
            Err(Pump::Local(error)) => return Err(error),
            Err(Pump::Stalled) => return Err(stalled()),
            // cat ended before the file did; the usual reason is a full disk.
            Err(Pump::Remote(_)) if !self.is_closed() => return Err(Error::DiskFull { what }),
            Err(Pump::Remote(error)) => return Err(self.lost(&error.to_string())),
        }
        // The end of its output is the end of cat.
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(STALL_LIMIT, stream.read_to_end(&mut rest)).await;
        match ended {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.lost(&error.to_string())),
            Err(_) => Err(stalled()),
        }
    }

    async fn settle(
        &self,
        remote: &str,
        temporary: &str,
        mode: u32,
        sha256: &str,
    ) -> Result<(), Error> {
        let script = format!(
            "{HASH}\nset -eu\nfile={}\nnew={}\nfound=$(hash \"$new\")\n\
             case \"$found\" in {sha256}*) chmod {mode:o} \"$new\"; mv -f \"$new\" \"$file\"; \
             echo skerry:done;; *) rm -f \"$new\"; echo \"skerry:hash $found\";; esac\n",
            quoted(remote),
            quoted(temporary)
        );
        let output = self.script(&script, COMMAND_LIMIT).await?;
        let text = output.text();
        if let Some(found) = text
            .lines()
            .find_map(|l| l.trim().strip_prefix("skerry:hash "))
        {
            return Err(Error::Damaged {
                path: remote.to_owned(),
                expected: sha256.to_owned(),
                found: found.split_whitespace().next().unwrap_or("").to_owned(),
            });
        }
        if !output.success() || !text.contains("skerry:done") {
            return Err(output.failure(&format!("Putting {remote} in its place")));
        }
        Ok(())
    }
}

enum Pump {
    Local(Error),
    Remote(std::io::Error),
    Stalled,
}

async fn pump<W>(
    local: &Path,
    size: u64,
    progress: Progress<'_>,
    target: &mut W,
) -> Result<(), Pump>
where
    W: tokio::io::AsyncWrite + Unpin,
{
    let read_failed = |e: std::io::Error| Pump::Local(local_error(local, &e));
    let mut file = tokio::fs::File::open(local).await.map_err(read_failed)?;
    let mut buffer = vec![0_u8; CHUNK];
    let mut sent = 0_u64;
    progress(0, size);
    loop {
        let length = file.read(&mut buffer).await.map_err(read_failed)?;
        let Some(chunk) = buffer.get(..length).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        match tokio::time::timeout(STALL_LIMIT, target.write_all(chunk)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(Pump::Remote(error)),
            Err(_) => return Err(Pump::Stalled),
        }
        sent += length as u64;
        progress(sent, size);
    }
    let finish = async {
        target.flush().await?;
        target.shutdown().await
    };
    match tokio::time::timeout(STALL_LIMIT, finish).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Pump::Remote(error)),
        Err(_) => Err(Pump::Stalled),
    }
}

fn stalled() -> Error {
    Error::TimedOut {
        what: "Sending a file made no progress and".to_owned(),
        seconds: STALL_LIMIT.as_secs(),
    }
}

fn sftp_error(session: &Session, path: &str, error: &russh_sftp::client::error::Error) -> Error {
    if session.is_closed() {
        return session.lost(&error.to_string());
    }
    let words = error.to_string();
    // SFTP version 3 has no code for a full disk: OpenSSH answers "Failure".
    Error::CommandFailed {
        what: format!("Writing {path}"),
        status: "sftp".to_owned(),
        stderr: words,
    }
}

fn local_error(path: &Path, error: &std::io::Error) -> Error {
    Error::LocalFile {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

async fn hash_of(path: &Path) -> Result<(String, u64), Error> {
    let path: PathBuf = path.to_owned();
    let result = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(&path).map_err(|e| local_error(&path, &e))?;
        let mut hash = Sha256::new();
        let size = std::io::copy(&mut file, &mut hash).map_err(|e| local_error(&path, &e))?;
        Ok((hex::encode(hash.finalize()), size))
    })
    .await;
    result.unwrap_or_else(|error| {
        Err(Error::LocalFile {
            path: PathBuf::new(),
            why: error.to_string(),
        })
    })
}
