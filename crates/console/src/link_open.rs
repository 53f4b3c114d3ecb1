//! Opening a connection to a machine's agent, and starting the agent where it is dead.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use skerry_agent::client::{Client, Connector, Stream};
use skerry_domain::{Code, Coded as _, ErrorBody};
use skerry_secrets::Secrets;
use skerry_ssh::{Auth, Error as SshError, Hop, LoadedKey, Route, Session, Timeouts, Trust};
use skerry_store::workspace::MachineRecord;
use tokio::time::Instant;

use crate::Console;
use crate::api::{KeyInfo, SshAddress};

/// The agent's home on a machine, below the user's home folder.
pub(crate) const AGENT_HOME: &str = ".skerry/agent";
/// How long the agent may take to answer after its start.
const AGENT_START: Duration = Duration::from_secs(60);
/// Unix socket paths end here (sun_path); a longer one goes through `connect`.
const LONGEST_SOCKET: usize = 100;

/// How a registered machine is reached: what its record holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SshConfig {
    pub(crate) address: SshAddress,
    pub(crate) key: KeyInfo,
    /// Absolute path of the agent's home there.
    pub(crate) agent_home: String,
    pub(crate) host_key_fingerprint: Option<String>,
}

impl SshConfig {
    pub(crate) fn of(machine: &MachineRecord) -> Result<Self, ErrorBody> {
        serde_json::from_value(machine.config.clone()).map_err(|error| {
            ErrorBody::new(
                Code::StoreCorrupt,
                format!("How to reach '{}' cannot be read: {error}.", machine.name),
            )
        })
    }
}

/// The heartbeat of links: a cut is noticed within ten seconds.
pub(crate) fn timeouts() -> Timeouts {
    Timeouts {
        keepalive: Duration::from_secs(3),
        keepalive_max: 3,
        ..Timeouts::default()
    }
}

/// The key under which the passphrase of a machine's SSH key is kept.
pub(crate) fn passphrase_key(machine_id: &str) -> String {
    format!("machine/{machine_id}/key-passphrase")
}

/// The hops of an address, jump host first.
pub(crate) fn hops(address: &SshAddress) -> Vec<Hop> {
    let hop = |host: &str, port: u32, user: &str| Hop {
        host: host.to_owned(),
        port: u16::try_from(port).unwrap_or(0),
        user: user.to_owned(),
    };
    let jump = address
        .jump
        .iter()
        .map(|jump| hop(&jump.host, jump.port, &jump.user));
    jump.chain([hop(&address.host, address.port, &address.user)])
        .collect()
}

/// Both hops are logged in to in the same way.
pub(crate) fn route(address: &SshAddress, auth: Option<&Auth>) -> Route {
    hops(address)
        .into_iter()
        .map(|hop| (hop, auth.cloned()))
        .collect()
}

/// A connection to an agent.
pub(crate) struct Opened {
    pub(crate) client: Client,
    session: Option<Arc<Session>>,
}

impl Opened {
    /// Completes when the connection has broken. A local socket never does by itself.
    pub(crate) async fn broken(&self) -> ErrorBody {
        match &self.session {
            Some(session) => session.closed().await.to_body(),
            None => std::future::pending().await,
        }
    }
}

/// Opens streams to the agent's socket over one SSH connection.
pub(crate) struct SshConnector {
    session: Arc<Session>,
    home: String,
    /// sshd does not forward to sockets: run `skerry-agent connect` instead.
    by_exec: AtomicBool,
    /// The last stream was opened by `connect` because the socket was refused, which
    /// sshd says as well when nobody listens.
    fell_back: AtomicBool,
}

impl SshConnector {
    pub(crate) fn new(session: Arc<Session>, home: String) -> Self {
        let by_exec = AtomicBool::new(home.len() + "/agent.sock".len() > LONGEST_SOCKET);
        Self {
            session,
            home,
            by_exec,
            fell_back: AtomicBool::new(false),
        }
    }

    /// The agent has answered: the way that led to it is the one to take from now on.
    pub(crate) fn settle(&self) {
        if self.fell_back.load(Ordering::Relaxed) {
            self.by_exec.store(true, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl Connector for SshConnector {
    async fn connect(&self) -> Result<Stream, ErrorBody> {
        if !self.by_exec.load(Ordering::Relaxed) {
            let socket = format!("{}/agent.sock", self.home);
            match self.session.open_streamlocal(&socket).await {
                Ok(stream) => {
                    self.fell_back.store(false, Ordering::Relaxed);
                    return Ok(Box::new(stream));
                }
                Err(SshError::Forbidden { .. }) => self.by_exec.store(true, Ordering::Relaxed),
                Err(SshError::SocketUnreachable { .. }) => {
                    self.fell_back.store(true, Ordering::Relaxed);
                }
                Err(error) => return Err(error.to_body()),
            }
        }
        let home = quoted(&self.home);
        let command = format!("{home}/bin/skerry-agent connect --home {home}");
        let stream = self.session.open_exec(&command).await;
        stream
            .map(|stream| Box::new(stream) as Stream)
            .map_err(|error| error.to_body())
    }
}

impl Console {
    /// Whom this workspace trusts: its own known_hosts, the user's as a hint.
    pub(crate) fn trust(&self) -> Trust {
        Trust::new(
            self.data_dir().join("ssh/known_hosts"),
            Trust::usual_hints(),
        )
    }

    /// Connects to a machine's agent; starts it where it does not run.
    pub(crate) async fn open_agent(
        &self,
        machine: &MachineRecord,
        replace_agent: bool,
    ) -> Result<Opened, ErrorBody> {
        if machine.kind == "local" {
            let home = self.data_dir().join("agent");
            let client = skerry_agent::local::ensure(&self.agent_program()?, &home).await?;
            return Ok(Opened {
                client,
                session: None,
            });
        }
        let config = SshConfig::of(machine)?;
        let session = Arc::new(self.open_ssh(&machine.id, &config).await?);
        let connector = SshConnector::new(Arc::clone(&session), config.agent_home.clone());
        let connector = Arc::new(connector);
        let client = Client::new(Arc::clone(&connector) as Arc<dyn Connector>);
        match client.status().await {
            Ok(_) => {}
            Err(error) if error.code == Code::AgentVersion && replace_agent => {
                self.replace_agent(&session, &config, &client).await?;
            }
            Err(error) if error.code == Code::AgentVersion => return Err(error),
            // By exec a dead agent shows as a stream that ends at once.
            Err(_) if !session.is_closed() => {
                tracing::info!(machine = %machine.name, "the agent does not answer: starting it");
                start_agent(&session, &config.agent_home, &client).await?;
            }
            Err(error) => return Err(error),
        }
        connector.settle();
        Ok(Opened {
            client,
            session: Some(session),
        })
    }

    /// Logs in to a registered machine with its own key.
    pub(crate) async fn open_ssh(
        &self,
        machine_id: &str,
        config: &SshConfig,
    ) -> Result<Session, ErrorBody> {
        let key = load_key(self.secrets(), machine_id, Path::new(&config.key.file)).await?;
        let route = route(&config.address, Some(&Auth::Key(key)));
        skerry_ssh::connect(&route, &self.trust(), &timeouts())
            .await
            .map_err(|error| error.to_body())
    }

    /// Puts the agent of this version in the place of another; workloads go on.
    async fn replace_agent(
        &self,
        session: &Session,
        config: &SshConfig,
        client: &Client,
    ) -> Result<(), ErrorBody> {
        let arch = crate::setup_agent::architecture(session).await?;
        let program = self.agent_program_for(&arch)?;
        let place = format!("{}/bin/skerry-agent", config.agent_home);
        session
            .upload(&program, &place, 0o755, &|_, _| {})
            .await
            .map_err(|error| error.to_body())?;
        client.shut_down().await?;
        start_agent(session, &config.agent_home, client).await
    }
}

/// The private key of a machine, opened with the passphrase from the keyring.
pub(crate) async fn load_key(
    secrets: &Secrets,
    id: &str,
    file: &Path,
) -> Result<LoadedKey, ErrorBody> {
    let passphrase = secrets
        .get(&passphrase_key(id))
        .await
        .map_err(|error| error.to_body())?
        .ok_or_else(|| {
            ErrorBody::new(
                Code::SecretMissing,
                "The passphrase of this machine's SSH key is not in the keyring any more. \
                 Register the machine again.",
            )
        })?;
    let file: PathBuf = file.to_owned();
    crate::console::blocking(move || {
        LoadedKey::open(&file, Some(&passphrase)).map_err(|error| error.to_body())
    })
    .await
}

/// Starts the agent on a machine and waits until it answers.
pub(crate) async fn start_agent(
    session: &Session,
    home: &str,
    client: &Client,
) -> Result<(), ErrorBody> {
    let script = format!(
        "home={}\nprogram=\"$home/bin/skerry-agent\"\n\
         [ -x \"$program\" ] || {{ echo skerry:missing; exit 0; }}\n\
         mkdir -p \"$home\"; chmod 700 \"$home\"; cd \"$home\"\n\
         if command -v setsid >/dev/null 2>&1; then run=setsid; else run=nohup; fi\n\
         $run \"$program\" serve --home \"$home\" </dev/null >agent.out 2>&1 &\n\
         echo skerry:started\n",
        quoted(home)
    );
    let output = session
        .script(&script, Duration::from_secs(30))
        .await
        .map_err(|error| error.to_body())?;
    let text = output.text();
    if text.contains("skerry:missing") {
        return Err(ErrorBody::new(
            Code::AgentBinaryMissing,
            format!("The agent's program is not in {home}/bin on the machine any more."),
        ));
    }
    if !text.contains("skerry:started") {
        return Err(output.failure("Starting the agent").to_body());
    }
    let deadline = Instant::now() + AGENT_START;
    loop {
        let error = match client.status().await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if session.is_closed() || error.code == Code::AgentVersion {
            return Err(error);
        }
        if Instant::now() > deadline {
            let said = session
                .script(
                    &format!("tail -c 500 {}/agent.out", quoted(home)),
                    Duration::from_secs(10),
                )
                .await
                .map(|output| output.text())
                .unwrap_or_default();
            return Err(ErrorBody::new(
                Code::AgentUnreachable,
                format!(
                    "The agent was started but does not answer. It said: {}",
                    said.trim()
                ),
            ));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Quotes a word for a POSIX shell.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
