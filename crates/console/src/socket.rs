//! The workspace's own door for other programs of the same person: a Unix socket in
//! the data folder, so that `skerry` works while the window is open.
//!
//! One JSON object a line: `{"name": "machines_list", "args": null}` is answered by
//! `{"ok": …}` or `{"error": {code, message, details}}`. The socket has mode 600.

use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skerry_domain::{Code, ErrorBody};
use skerry_mlflow::ArtifactRoot;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use crate::Console;
use crate::api::{Event, Topic};
use crate::console::person;

/// A request is a form's worth of JSON; more is a mistake.
const LONGEST_REQUEST: u64 = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct Request {
    name: String,
    #[serde(default)]
    args: Value,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Value),
    Error(ErrorBody),
}

fn place(data_dir: &Path) -> PathBuf {
    data_dir.join("console.sock")
}

/// A socket's address holds 107 bytes; the folder's descriptor makes any path short.
fn through_folder<T>(data_dir: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let folder = std::fs::File::open(data_dir)?;
    act(&place(
        &Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()),
    ))
}

impl Console {
    /// Answers commands on the socket in the data folder, and takes transfers on another,
    /// until the workspace closes.
    ///
    /// # Errors
    /// [`Code::FileAccess`] when the socket cannot be made.
    pub fn listen_local(&self) -> Result<(), ErrorBody> {
        let path = place(self.data_dir());
        let listener = self.bind_local().map_err(|error| {
            ErrorBody::new(
                Code::FileAccess,
                format!("The socket {} cannot be made: {error}.", path.display()),
            )
        })?;
        self.take_transfers()?;
        let console = self.clone();
        let stopping = self.stopping();
        self.spawn(async move {
            loop {
                let stream = tokio::select! {
                    () = stopping.cancelled() => break,
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => stream,
                        Err(error) => {
                            tracing::warn!(%error, "the local socket stopped answering");
                            break;
                        }
                    },
                };
                // Another user who may come in here, such as root, is not who opened the workspace.
                let connection = match stream.peer_cred() {
                    Ok(peer) => console.used_by(person(Uid::from_raw(peer.uid()))),
                    Err(error) => {
                        tracing::warn!(%error, "somebody on the local socket has no name");
                        continue;
                    }
                };
                let stopping = console.stopping();
                console.spawn(async move {
                    tokio::select! {
                        () = stopping.cancelled() => {}
                        // A client that goes away in the middle is no event.
                        _ = serve(&connection, stream) => {}
                    }
                });
            }
            let _ = std::fs::remove_file(path);
        });
        Ok(())
    }

    /// Moves in and out for `skerry import` and `skerry export`.
    fn take_transfers(&self) -> Result<(), ErrorBody> {
        let events = self.event_sender();
        let transfers = skerry_transfer::take_transfers(
            self.store().clone(),
            ArtifactRoot::new(self.data_dir().join("artifacts")),
            move || {
                // Nobody listening is fine.
                let _ = events.send(Event {
                    topics: vec![Topic::Runs, Topic::Metrics, Topic::Models],
                    id: None,
                });
            },
        )?;
        let stopping = self.stopping();
        self.spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = transfers => {}
            }
        });
        Ok(())
    }

    fn bind_local(&self) -> io::Result<tokio::net::UnixListener> {
        // The folder's lock is ours: what lies there was left by a program that died.
        match std::fs::remove_file(place(self.data_dir())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = through_folder(self.data_dir(), |path| {
            std::os::unix::net::UnixListener::bind(path)
        })?;
        std::fs::set_permissions(
            place(self.data_dir()),
            std::fs::Permissions::from_mode(0o600),
        )?;
        listener.set_nonblocking(true)?;
        tokio::net::UnixListener::from_std(listener)
    }
}

async fn serve(console: &Console, stream: UnixStream) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let size = (&mut read)
            .take(LONGEST_REQUEST)
            .read_until(b'\n', &mut line)
            .await?;
        if size == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => match console.call(&request.name, request.args).await {
                Ok(value) => Answer::Ok(value),
                Err(error) => Answer::Error(error),
            },
            Err(_) => Answer::Error(ErrorBody::new(
                Code::Invalid,
                "The request is not a line of JSON with a name and args.",
            )),
        };
        let mut bytes = serde_json::to_vec(&answer)?;
        bytes.push(b'\n');
        write.write_all(&bytes).await?;
    }
}

/// A connection to the program that has the workspace open.
#[derive(Debug)]
pub struct LocalClient {
    stream: BufReader<UnixStream>,
}

impl LocalClient {
    /// Connects to whoever has this workspace open.
    ///
    /// # Errors
    /// [`Code::DataFolderInUse`] when the folder is in use by a program that does not
    /// answer on the socket.
    pub async fn connect(data_dir: &Path) -> Result<Self, ErrorBody> {
        let connected = through_folder(data_dir, |path| {
            let stream = std::os::unix::net::UnixStream::connect(path)?;
            stream.set_nonblocking(true)?;
            UnixStream::from_std(stream)
        });
        match connected {
            Ok(stream) => Ok(Self {
                stream: BufReader::new(stream),
            }),
            Err(error) => Err(ErrorBody::new(
                Code::DataFolderInUse,
                format!(
                    "Another Skerry uses the data folder {} and does not answer: {error}.",
                    data_dir.display()
                ),
            )),
        }
    }

    /// Calls a command by name.
    ///
    /// # Errors
    /// What the command says; [`Code::Disconnected`] when the other program ended.
    pub async fn call(&mut self, name: &str, args: Value) -> Result<Value, ErrorBody> {
        let broken = |error: &dyn std::fmt::Display| {
            ErrorBody::new(
                Code::Disconnected,
                format!("The Skerry that has the workspace open went away: {error}."),
            )
        };
        let mut bytes = serde_json::json!({ "name": name, "args": args })
            .to_string()
            .into_bytes();
        bytes.push(b'\n');
        self.stream
            .write_all(&bytes)
            .await
            .map_err(|error| broken(&error))?;
        let mut line = Vec::new();
        self.stream
            .read_until(b'\n', &mut line)
            .await
            .map_err(|error| broken(&error))?;
        match serde_json::from_slice(&line).map_err(|error| broken(&error))? {
            Answer::Ok(value) => Ok(value),
            Answer::Error(error) => Err(error),
        }
    }
}
