//! Reaching a machine, hop by hop: address, greeting, host key, log-in.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use russh::client::{Config, Handle};
use russh::keys::Algorithm;
use russh::{AlgorithmKind, ChannelOpenFailure};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use ts_rs::TS;

use crate::auth::{self, Auth};
use crate::client::{Client, Decide, Seen, Shared, look};
use crate::error::Mismatch;
use crate::trust::Verdict;
use crate::{Error, HostKey, Session, Trust};

/// Where one connection goes, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Hop {
    /// Name or address.
    pub host: String,
    /// TCP port of sshd.
    pub port: u16,
    /// User name there.
    pub user: String,
}

/// The way to a machine: jump hosts in order, the machine last.
pub type Route = Vec<(Hop, Option<Auth>)>;

/// Time limits and the heartbeat of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For one TCP connection attempt.
    pub connect: Duration,
    /// For greeting and key exchange.
    pub handshake: Duration,
    /// For logging in (some machines look users up over the network).
    pub login: Duration,
    /// A silent peer is asked after this time…
    pub keepalive: Duration,
    /// …and given up after so many questions without an answer.
    pub keepalive_max: usize,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            handshake: Duration::from_secs(20),
            login: Duration::from_secs(60),
            keepalive: Duration::from_secs(5),
            keepalive_max: 3,
        }
    }
}

/// How a host key that was shown stands to the pinned ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum HostKeyVerdict {
    /// Pinned.
    Known,
    /// To be confirmed by a person.
    New {
        /// The user's own known_hosts file has this very key.
        hinted: bool,
    },
    /// Known with other keys: stop.
    Mismatch {
        /// The keys it is known with.
        known: Vec<HostKey>,
        /// The file that knows them.
        file: String,
    },
    /// Marked as revoked: stop.
    Revoked {
        /// The file that says so.
        file: String,
    },
}

/// The host key of one hop, with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostKeyOffer {
    /// The hop's host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The key it proved to have.
    pub key: HostKey,
    /// How it stands.
    pub verdict: HostKeyVerdict,
}

/// What a scan found.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The host keys seen, in the order of the route. Shorter than the route when a hop
    /// before must be confirmed, or logged in to, first.
    pub offers: Vec<HostKeyOffer>,
}

/// Looks at the host keys along a route and authenticates only to hops before the last
/// whose key is pinned and that have an [`Auth`].
///
/// # Errors
/// When a hop cannot be reached or refuses the log-in; never for an unknown or
/// contradicting host key, which is the result.
pub async fn scan(route: &Route, trust: &Trust, timeouts: &Timeouts) -> Result<Scan, Error> {
    let mut offers = Vec::new();
    let mut previous: Option<Session> = None;
    for (index, (hop, auth)) in route.iter().enumerate() {
        let stream = reach(hop, previous.as_ref(), timeouts).await?;
        let seen = greet(hop, stream, trust, timeouts, Box::new(|_| false)).await;
        let key = match seen {
            Err((_, Some(key))) => key,
            Err((error, None)) => return Err(error),
            // The decision above is always no, so there is never a session.
            Ok(_) => {
                return Err(Error::Disconnected {
                    host: hop.host.clone(),
                    why: "the key exchange did not show a host key".to_owned(),
                });
            }
        };
        let verdict = match trust.verdict(&hop.host, hop.port, &key)? {
            Verdict::Trusted => HostKeyVerdict::Known,
            Verdict::Unknown { hinted } => HostKeyVerdict::New { hinted },
            Verdict::Mismatch { known, file } => HostKeyVerdict::Mismatch {
                known,
                file: file.display().to_string(),
            },
            Verdict::Revoked { file } => HostKeyVerdict::Revoked {
                file: file.display().to_string(),
            },
        };
        let known = verdict == HostKeyVerdict::Known;
        offers.push(HostKeyOffer {
            host: hop.host.clone(),
            port: hop.port,
            key: HostKey::of(&key),
            verdict,
        });
        let last = index + 1 == route.len();
        match auth {
            Some(auth) if known && !last => {
                let session = hop_session(hop, auth, previous.take(), trust, timeouts).await?;
                previous = Some(session);
            }
            _ => break,
        }
    }
    Ok(Scan { offers })
}

/// Connects along a route and logs in to its last hop.
///
/// # Errors
/// [`Error`] with the code of what did not work; a host key that is not pinned is
/// [`Error::HostKeyUnknown`].
pub async fn connect(route: &Route, trust: &Trust, timeouts: &Timeouts) -> Result<Session, Error> {
    let mut session: Option<Session> = None;
    for (hop, auth) in route {
        let Some(auth) = auth else {
            return Err(Error::MethodUnavailable {
                host: hop.host.clone(),
                user: hop.user.clone(),
                wanted: "no log-in".to_owned(),
                methods: Vec::new(),
            });
        };
        session = Some(hop_session(hop, auth, session.take(), trust, timeouts).await?);
    }
    session.ok_or_else(|| Error::HostNotFound {
        host: String::new(),
        why: "the route has no machine".to_owned(),
    })
}

async fn hop_session(
    hop: &Hop,
    auth: &Auth,
    previous: Option<Session>,
    trust: &Trust,
    timeouts: &Timeouts,
) -> Result<Session, Error> {
    let stream = reach(hop, previous.as_ref(), timeouts).await?;
    let decide: Decide = {
        let trust = trust.clone();
        let hop = hop.clone();
        Box::new(move |key| {
            matches!(
                trust.verdict(&hop.host, hop.port, key),
                Ok(Verdict::Trusted)
            )
        })
    };
    let (mut handle, shared, alive) = match greet(hop, stream, trust, timeouts, decide).await {
        Ok(parts) => parts,
        Err((error, None)) => return Err(error),
        Err((error, Some(key))) => {
            return Err(match trust.verdict(&hop.host, hop.port, &key)? {
                Verdict::Trusted => error,
                Verdict::Unknown { .. } => Error::HostKeyUnknown {
                    host: hop.host.clone(),
                    port: hop.port,
                    key: Box::new(HostKey::of(&key)),
                },
                Verdict::Mismatch { known, file } => Error::HostKeyMismatch(Box::new(Mismatch {
                    host: hop.host.clone(),
                    port: hop.port,
                    found: HostKey::of(&key),
                    known,
                    file,
                })),
                Verdict::Revoked { file } => Error::HostKeyRevoked {
                    host: hop.host.clone(),
                    port: hop.port,
                    key: Box::new(HostKey::of(&key)),
                    file,
                },
            });
        }
    };
    let login = auth::login(&mut handle, hop, auth, &shared);
    tokio::time::timeout(timeouts.login, login)
        .await
        .unwrap_or_else(|_| {
            Err(Error::TimedOut {
                what: format!("Logging in to {}", hop.host),
                seconds: timeouts.login.as_secs(),
            })
        })?;
    Ok(Session::new(hop.clone(), handle, shared, alive, previous))
}

/// A byte stream to the hop: TCP, or a tunnel through the hop before.
async fn reach(
    hop: &Hop,
    previous: Option<&Session>,
    timeouts: &Timeouts,
) -> Result<Box<dyn Wire>, Error> {
    if let Some(jump) = previous {
        let open = jump.open_tcp(&hop.host, hop.port);
        return tokio::time::timeout(timeouts.connect, open)
            .await
            .unwrap_or_else(|_| Err(connect_timed_out(hop, timeouts)));
    }
    let lookup = tokio::net::lookup_host((hop.host.as_str(), hop.port));
    let addresses: Vec<_> = match tokio::time::timeout(timeouts.connect, lookup).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => {
            return Err(Error::HostNotFound {
                host: hop.host.clone(),
                why: error.to_string(),
            });
        }
        Err(_) => {
            return Err(Error::HostNotFound {
                host: hop.host.clone(),
                why: format!(
                    "the name server did not answer within {} s",
                    timeouts.connect.as_secs()
                ),
            });
        }
    };
    let mut last = Error::HostNotFound {
        host: hop.host.clone(),
        why: "the name has no address".to_owned(),
    };
    for address in addresses {
        match tokio::time::timeout(timeouts.connect, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Small packets (keystrokes of a protocol) must not wait for more.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "nodelay could not be set");
                }
                return Ok(Box::new(stream));
            }
            Ok(Err(error)) => last = tcp_error(hop, timeouts, &error),
            Err(_) => last = connect_timed_out(hop, timeouts),
        }
    }
    Err(last)
}

fn connect_timed_out(hop: &Hop, timeouts: &Timeouts) -> Error {
    Error::TimedOut {
        what: format!("Connecting to {}:{}", hop.host, hop.port),
        seconds: timeouts.connect.as_secs(),
    }
}

fn tcp_error(hop: &Hop, timeouts: &Timeouts, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::ConnectionRefused => Error::Refused {
            host: hop.host.clone(),
            port: hop.port,
        },
        ErrorKind::TimedOut => connect_timed_out(hop, timeouts),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            Error::NoRoute {
                host: hop.host.clone(),
                why: error.to_string(),
            }
        }
        _ => Error::Disconnected {
            host: hop.host.clone(),
            why: error.to_string(),
        },
    }
}

/// What a jump host's refusal of a tunnel means.
pub(crate) fn tunnel_error(
    jump: &Hop,
    host: &str,
    port: u16,
    refusal: Option<(ChannelOpenFailure, String)>,
) -> Error {
    let Some((reason, words)) = refusal else {
        return Error::Disconnected {
            host: jump.host.clone(),
            why: "it did not open the tunnel".to_owned(),
        };
    };
    let said = words.to_ascii_lowercase();
    let says = |needles: &[&str]| needles.iter().any(|needle| said.contains(needle));
    let via = format!("as seen from the jump host {}: {words}", jump.host);
    if matches!(reason, ChannelOpenFailure::AdministrativelyProhibited) {
        Error::Forbidden {
            what: format!("TCP forwarding on the jump host {}", jump.host),
        }
    } else if says(&["refused"]) {
        Error::Refused {
            host: host.to_owned(),
            port,
        }
    } else if says(&["not known", "resolve", "resolution", "no address"]) {
        Error::HostNotFound {
            host: host.to_owned(),
            why: via,
        }
    } else if says(&["timed out"]) {
        Error::TimedOut {
            what: format!("Connecting to {host}:{port} from the jump host"),
            seconds: 0,
        }
    } else {
        Error::NoRoute {
            host: host.to_owned(),
            why: via,
        }
    }
}

type Greeted = (Handle<Client>, Shared, watch::Receiver<()>);

/// Greeting and key exchange. On failure says which host key was seen, if any.
async fn greet(
    hop: &Hop,
    stream: Box<dyn Wire>,
    trust: &Trust,
    timeouts: &Timeouts,
    decide: Decide,
) -> Result<Greeted, (Error, Option<russh::keys::PublicKey>)> {
    let config = Arc::new(Config {
        keepalive_interval: Some(timeouts.keepalive),
        keepalive_max: timeouts.keepalive_max,
        nodelay: true,
        // Room for long round trips: 8 MiB on the way at 50 ms is 160 MB/s.
        window_size: 8 * 1024 * 1024,
        maximum_packet_size: 65_535,
        client_id: russh::SshId::Standard(Cow::Borrowed("SSH-2.0-Skerry")),
        preferred: preferred(&trust.known_algorithms(&hop.host, hop.port)),
        ..Config::default()
    });
    let shared: Shared = Arc::new(Mutex::new(Seen::default()));
    let (alive_sender, alive) = watch::channel(());
    let client = Client {
        decide,
        shared: Arc::clone(&shared),
        _alive: alive_sender,
    };
    let first_bytes = Arc::new(Mutex::new(Vec::new()));
    let stream = Listening {
        inner: stream,
        first: Arc::clone(&first_bytes),
    };
    let handshake = russh::client::connect_stream(config, stream, client);
    let failure = match tokio::time::timeout(timeouts.handshake, handshake).await {
        Ok(Ok(handle)) => return Ok((handle, shared, alive)),
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    let key = look(&shared, |seen| seen.host_key.clone());
    let heard = first_bytes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    Err((handshake_error(hop, timeouts, failure, &heard), key))
}

fn handshake_error(
    hop: &Hop,
    timeouts: &Timeouts,
    failure: Option<russh::Error>,
    heard: &[u8],
) -> Error {
    let greeting = String::from_utf8_lossy(heard);
    let ssh_line = greeting.lines().find(|line| line.starts_with("SSH-"));
    let not_ssh = |why: String| Error::NotSsh {
        host: hop.host.clone(),
        port: hop.port,
        why,
    };
    let first_line = || {
        let line: String = greeting
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .take(60)
            .collect();
        format!("it said '{line}'")
    };
    match (failure, ssh_line) {
        (_, Some(line)) if !line.starts_with("SSH-2.") && !line.starts_with("SSH-1.99") => {
            not_ssh(first_line())
        }
        (Some(russh::Error::NoCommonAlgo { kind, theirs, .. }), _) => Error::NoCommonAlgorithm {
            host: hop.host.clone(),
            why: format!("{}: {}", kind_name(&kind), theirs.join(", ")),
        },
        (_, None) if !heard.is_empty() => not_ssh(first_line()),
        (None, _) => Error::TimedOut {
            what: format!("The SSH greeting of {}:{}", hop.host, hop.port),
            seconds: timeouts.handshake.as_secs(),
        },
        (Some(error), None) => Error::Disconnected {
            host: hop.host.clone(),
            why: format!("it closed the connection before its SSH greeting ({error})"),
        },
        (Some(error), Some(_)) => Error::Disconnected {
            host: hop.host.clone(),
            why: error.to_string(),
        },
    }
}

fn kind_name(kind: &AlgorithmKind) -> &'static str {
    match kind {
        AlgorithmKind::Kex => "key exchange",
        AlgorithmKind::Key => "host keys",
        AlgorithmKind::Cipher => "ciphers",
        AlgorithmKind::Compression => "compression",
        AlgorithmKind::Mac => "message authentication",
    }
}

/// russh's safe algorithms, with the kinds of key that are known for this host first,
/// so that a server with several keys shows the one that was pinned.
fn preferred(known: &[Algorithm]) -> russh::Preferred {
    let kind = |algorithm: &Algorithm| match algorithm {
        Algorithm::Rsa { .. } => Algorithm::Rsa { hash: None },
        other => other.clone(),
    };
    let known: Vec<Algorithm> = known.iter().map(kind).collect();
    let mut keys: Vec<Algorithm> = russh::Preferred::DEFAULT
        .key
        .iter()
        // Signatures with SHA-1 are forgeable.
        .filter(|algorithm| **algorithm != Algorithm::Rsa { hash: None })
        .cloned()
        .collect();
    keys.sort_by_key(|algorithm| !known.contains(&kind(algorithm)));
    russh::Preferred {
        key: Cow::Owned(keys),
        ..russh::Preferred::DEFAULT
    }
}

/// What SSH is spoken over.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Remembers the first bytes that came in, to say what answered instead of SSH.
struct Listening {
    inner: Box<dyn Wire>,
    first: Arc<Mutex<Vec<u8>>>,
}

const REMEMBERED: usize = 512;

impl AsyncRead for Listening {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if first.len() < REMEMBERED {
            let room = REMEMBERED - first.len();
            first.extend(buffer.filled().iter().skip(before).take(room));
        }
        drop(first);
        polled
    }
}

impl AsyncWrite for Listening {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
