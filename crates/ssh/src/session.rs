//! A connection that is logged in: commands, sockets, and its end.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelOpenFailure, ChannelStream};
use tokio::sync::watch;

use crate::client::{Client, Shared, look};
use crate::connect::{Wire, tunnel_error};
use crate::{Error, Hop};

/// Bytes to and from the other end of a channel.
pub type Stream = ChannelStream<Msg>;

/// How a command is run.
#[derive(Debug, Clone)]
pub struct ExecOptions {
    /// What it reads; its input ends after that.
    pub stdin: Vec<u8>,
    /// Longest output that is kept, for stdout and stderr each, in bytes.
    pub limit: usize,
    /// Longest duration.
    pub timeout: Duration,
}

impl Default for ExecOptions {
    fn default() -> Self {
        Self {
            stdin: Vec::new(),
            limit: 1024 * 1024,
            timeout: Duration::from_secs(30),
        }
    }
}

/// What a command left.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// Its exit code; `None` when a signal ended it.
    pub status: Option<u32>,
    /// The signal that ended it.
    pub signal: Option<String>,
    /// Standard output, at most [`ExecOptions::limit`] bytes.
    pub stdout: Vec<u8>,
    /// Standard error, at most [`ExecOptions::limit`] bytes.
    pub stderr: Vec<u8>,
    /// Some output was left out.
    pub cut: bool,
}

impl Output {
    /// Exit code 0.
    pub fn success(&self) -> bool {
        self.status == Some(0)
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The end of standard error, for a message.
    pub fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let text = text.trim();
        let skip = text.chars().count().saturating_sub(400);
        text.chars().skip(skip).collect()
    }

    /// The error for a command that should have succeeded.
    pub fn failure(&self, what: &str) -> Error {
        let stderr = self.complaint();
        if stderr.contains("No space left on device") || stderr.contains("Disk quota exceeded") {
            return Error::DiskFull {
                what: what.to_owned(),
            };
        }
        Error::CommandFailed {
            what: what.to_owned(),
            status: match (self.status, &self.signal) {
                (Some(code), _) => format!("exit code {code}"),
                (None, Some(signal)) => format!("signal {signal}"),
                (None, None) => "no exit code".to_owned(),
            },
            stderr,
        }
    }
}

/// A connection to a machine, logged in. Dropping it ends it.
pub struct Session {
    hop: Hop,
    handle: Arc<Handle<Client>>,
    shared: Shared,
    alive: watch::Receiver<()>,
    /// The tunnel's own connection has to live as long.
    _previous: Option<Box<Session>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("hop", &self.hop).finish()
    }
}

impl Session {
    pub(crate) fn new(
        hop: Hop,
        handle: Handle<Client>,
        shared: Shared,
        alive: watch::Receiver<()>,
        previous: Option<Session>,
    ) -> Self {
        Self {
            hop,
            handle: Arc::new(handle),
            shared,
            alive,
            _previous: previous.map(Box::new),
        }
    }

    /// Where this connection ends.
    pub fn hop(&self) -> &Hop {
        &self.hop
    }

    /// The connection has ended.
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Completes when the connection has ended, with the reason.
    pub async fn closed(&self) -> Error {
        let mut alive = self.alive.clone();
        // Nothing is ever sent: the call ends when the other side is dropped.
        while alive.changed().await.is_ok() {}
        self.lost("it was closed")
    }

    /// Ends the connection in order.
    pub async fn close(&self) {
        let bye = self
            .handle
            .disconnect(russh::Disconnect::ByApplication, "", "en");
        if let Err(error) = bye.await {
            tracing::debug!(%error, host = %self.hop.host, "the connection had ended already");
        }
    }

    /// Runs a command through the user's login shell and waits for its end.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when sshd runs no commands, [`Error::TimedOut`],
    /// [`Error::Disconnected`]; an exit code other than 0 is no error.
    pub async fn exec(&self, command: &str, options: ExecOptions) -> Result<Output, Error> {
        let seconds = options.timeout.as_secs();
        let limit = options.timeout;
        tokio::time::timeout(limit, self.run(command, options))
            .await
            .unwrap_or_else(|_| {
                Err(Error::TimedOut {
                    what: "A command on the machine".to_owned(),
                    seconds,
                })
            })
    }

    /// Runs a script with `/bin/sh`, whatever the user's login shell is. The script
    /// travels by standard input: it appears in no process list.
    ///
    /// # Errors
    /// As [`Session::exec`].
    pub async fn script(&self, script: &str, timeout: Duration) -> Result<Output, Error> {
        self.exec(
            "/bin/sh -s",
            ExecOptions {
                stdin: script.as_bytes().to_vec(),
                timeout,
                ..ExecOptions::default()
            },
        )
        .await
    }

    async fn run(&self, command: &str, options: ExecOptions) -> Result<Output, Error> {
        let channel = self.start(command).await?;
        let (mut reader, writer) = channel.split();
        let send = async {
            // A command that does not read all of its input ends this early: fine.
            let sent = writer.data_bytes(options.stdin).await;
            if sent.is_err() || writer.eof().await.is_err() {
                tracing::debug!("the command did not read all of its input");
            }
        };
        let receive = async {
            let mut output = Output::default();
            while let Some(message) = reader.wait().await {
                match message {
                    ChannelMsg::Data { data } => {
                        output.cut |= keep(&mut output.stdout, &data, options.limit);
                    }
                    ChannelMsg::ExtendedData { data, .. } => {
                        output.cut |= keep(&mut output.stderr, &data, options.limit);
                    }
                    ChannelMsg::ExitStatus { exit_status } => output.status = Some(exit_status),
                    ChannelMsg::ExitSignal { signal_name, .. } => {
                        output.signal = Some(format!("{signal_name:?}"));
                    }
                    _ => {}
                }
            }
            output
        };
        let ((), output) = tokio::join!(send, receive);
        if output.status.is_none() && output.signal.is_none() && self.is_closed() {
            return Err(self.lost("it ended during a command"));
        }
        Ok(output)
    }

    /// Starts a command and gives its standard input and output as a stream.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when sshd runs no commands, [`Error::Disconnected`].
    pub async fn open_exec(&self, command: &str) -> Result<Stream, Error> {
        Ok(self.start(command).await?.into_stream())
    }

    async fn start(&self, command: &str) -> Result<Channel<Msg>, Error> {
        let mut channel = self.open_session().await?;
        channel
            .exec(true, command)
            .await
            .map_err(|e| self.lost(&e.to_string()))?;
        self.confirmed(&mut channel, "running commands").await?;
        Ok(channel)
    }

    pub(crate) async fn open_subsystem(&self, name: &str) -> Result<Stream, Error> {
        let mut channel = self.open_session().await?;
        channel
            .request_subsystem(true, name)
            .await
            .map_err(|e| self.lost(&e.to_string()))?;
        self.confirmed(&mut channel, name).await?;
        Ok(channel.into_stream())
    }

    async fn open_session(&self) -> Result<Channel<Msg>, Error> {
        self.handle
            .channel_open_session()
            .await
            .map_err(|error| match error {
                russh::Error::ChannelOpenFailure(_) => Error::Forbidden {
                    what: "sessions (commands and files)".to_owned(),
                },
                other => self.lost(&other.to_string()),
            })
    }

    async fn confirmed(&self, channel: &mut Channel<Msg>, what: &str) -> Result<(), Error> {
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => return Ok(()),
                Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) => {
                    return Err(Error::Forbidden {
                        what: what.to_owned(),
                    });
                }
                Some(_) => {}
                None => return Err(self.lost("it ended before the command began")),
            }
        }
    }

    /// Connects to a Unix socket on the machine (OpenSSH's
    /// `direct-streamlocal@openssh.com`).
    ///
    /// # Errors
    /// [`Error::Forbidden`] when sshd says that it does not forward to sockets,
    /// [`Error::SocketUnreachable`] when it does not say so or nothing listens.
    pub async fn open_streamlocal(&self, path: &str) -> Result<Stream, Error> {
        match self.handle.channel_open_direct_streamlocal(path).await {
            Ok(channel) => Ok(channel.into_stream()),
            Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed)) => {
                let refusal = self.refusal().await;
                Err(Error::SocketUnreachable {
                    path: path.to_owned(),
                    why: refusal.map(|(_, words)| words).unwrap_or_default(),
                })
            }
            Err(russh::Error::ChannelOpenFailure(_)) => Err(Error::Forbidden {
                what: "forwarding to Unix sockets".to_owned(),
            }),
            Err(error) => Err(self.lost(&error.to_string())),
        }
    }

    /// A TCP connection from the machine to somewhere else: how a jump host is used.
    pub(crate) async fn open_tcp(&self, host: &str, port: u16) -> Result<Box<dyn Wire>, Error> {
        let opened = self
            .handle
            .channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0)
            .await;
        match opened {
            Ok(channel) => Ok(Box::new(channel.into_stream())),
            Err(russh::Error::ChannelOpenFailure(reason)) => {
                let refusal = self.refusal().await.or(Some((reason, String::new())));
                Err(tunnel_error(&self.hop, host, port, refusal))
            }
            Err(error) => Err(self.lost(&error.to_string())),
        }
    }

    /// What sshd said when it refused a channel. russh tells the channel before it
    /// tells the handler that keeps the words, so they may come a moment later.
    async fn refusal(&self) -> Option<(ChannelOpenFailure, String)> {
        for _ in 0..50 {
            let refusal = look(&self.shared, |seen| seen.channel_refusal.take());
            if refusal.is_some() || self.is_closed() {
                return refusal;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }

    pub(crate) fn lost(&self, otherwise: &str) -> Error {
        let why = look(&self.shared, |seen| seen.ended.clone());
        Error::Disconnected {
            host: self.hop.host.clone(),
            why: why.unwrap_or_else(|| otherwise.to_owned()),
        }
    }
}

/// Appends up to the limit; says whether something was left out.
fn keep(kept: &mut Vec<u8>, data: &[u8], limit: usize) -> bool {
    let room = limit.saturating_sub(kept.len());
    kept.extend(data.iter().take(room));
    data.len() > room
}

/// Quotes a word for a POSIX shell.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
