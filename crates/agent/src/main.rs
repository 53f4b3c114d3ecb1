//! `skerry-agent`: what runs on a machine. See the library for what it promises.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use skerry_agent::{VERSION, api::API_VERSION, client, relay, supervisor};
use skerry_domain::Code;
use tokio::{
    io::AsyncWriteExt as _,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

mod logfile;

/// Trains models where the data is: the part that runs on the machine.
#[derive(Parser)]
#[command(name = "skerry-agent", disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Supervise runs and services until SIGTERM; they go on after it.
    Serve {
        /// The agent's folder; made when it is not there.
        #[arg(long)]
        home: PathBuf,
    },
    /// Connect standard input and output to the agent's socket.
    Connect {
        /// The agent's folder.
        #[arg(long)]
        home: PathBuf,
    },
    /// Run a workload's command (the agent's own entry point for it).
    #[command(hide = true)]
    Relay {
        /// Pass requests on to this Unix socket.
        #[arg(long, requires = "listen")]
        socket: Option<PathBuf>,
        /// Take requests on this loopback address.
        #[arg(long, requires = "socket")]
        listen: Option<SocketAddr>,
        /// Pass connections to this Unix socket on to that loopback address: SOCKET=ADDRESS.
        #[arg(long, value_parser = exposed)]
        expose: Option<(PathBuf, SocketAddr)>,
        /// Append lines to this file.
        #[arg(long)]
        log: PathBuf,
        /// Write the end into this file.
        #[arg(long)]
        exit: PathBuf,
        /// Begin a session of its own.
        #[arg(long)]
        new_session: bool,
        /// Program and arguments.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Print the version.
    Version,
}

fn exposed(text: &str) -> Result<(PathBuf, SocketAddr), String> {
    let (socket, address) = text
        .rsplit_once('=')
        .ok_or_else(|| String::from("expected SOCKET=ADDRESS"))?;
    let address = address.parse().map_err(|error| format!("{error}"))?;
    Ok((PathBuf::from(socket), address))
}

/// Exit codes besides 0 and 1.
const HOME_TAKEN: u8 = 3;
const NO_AGENT: u8 = 4;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("skerry-agent: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// On standard error, which may be closed.
fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve { home } => serve(&home),
        Command::Connect { home } => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(connect(home))
        }
        Command::Relay {
            socket,
            listen,
            expose,
            log,
            exit,
            new_session,
            command,
        } => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let options = relay::Options {
                socket,
                listen,
                expose,
                log,
                exit,
                new_session,
                command,
            };
            let code = match runtime.block_on(relay::run(options)) {
                Ok(code) => code,
                Err(error) => {
                    say(&format!("skerry-agent relay: {error:#}"));
                    relay::OWN_FAILURE
                }
            };
            // Requests that wait for an agent do not hold the end up.
            runtime.shutdown_background();
            Ok(ExitCode::from(u8::try_from(code & 0xff).unwrap_or(u8::MAX)))
        }
        Command::Version => {
            use std::io::Write as _;
            writeln!(
                std::io::stdout(),
                "skerry-agent {VERSION} (api {API_VERSION})"
            )?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn serve(home: &std::path::Path) -> anyhow::Result<ExitCode> {
    // The terminal or the connection that started us may go.
    let _ = rustix::process::setsid();
    std::fs::create_dir_all(home)
        .with_context(|| format!("the folder {} cannot be made", home.display()))?;
    let filter = EnvFilter::try_from_env("SKERRY_AGENT_LOG")
        // bollard would log whole requests, with what is in them.
        .unwrap_or_else(|_| EnvFilter::new("info"))
        .add_directive("bollard=warn".parse()?);
    let log = logfile::LogFile::open(&home.join("agent.log"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(move || log.make_writer())
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        // Taken and let go: a closed terminal is no reason to end.
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move { while hangup.recv().await.is_some() {} });
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        anyhow::Ok(supervisor::serve(home, stop).await)
    })?;
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    match ended {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            tracing::error!(code = ?error.code, "{}", error.message);
            say(&format!("skerry-agent: {}", error.message));
            Ok(if error.code == Code::Busy {
                ExitCode::from(HOME_TAKEN)
            } else {
                ExitCode::FAILURE
            })
        }
    }
}

async fn connect(home: PathBuf) -> anyhow::Result<ExitCode> {
    use client::Connector as _;
    let connector = client::UnixConnector {
        path: home.join("agent.sock"),
    };
    let stream = match connector.connect().await {
        Ok(stream) => stream,
        Err(error) => {
            say(&format!("skerry-agent: {}", error.message));
            return Ok(ExitCode::from(NO_AGENT));
        }
    };
    let (mut from_agent, mut to_agent) = tokio::io::split(stream);
    let asking = async {
        let _ = tokio::io::copy(&mut tokio::io::stdin(), &mut to_agent).await;
        // No more questions; the answer may still be on its way.
        let _ = to_agent.shutdown().await;
        std::future::pending::<()>().await;
    };
    let mut out = tokio::io::stdout();
    tokio::select! {
        () = asking => {}
        _ = tokio::io::copy(&mut from_agent, &mut out) => {}
    }
    out.flush().await?;
    // Standard input is read by a thread that cannot be stopped.
    std::process::exit(0)
}
