//! The entry point of every workload: runs the command, keeps its log and its exit
//! code where the agent finds them, and is its only way out of a sealed container.
//!
//! It outlives agents: while none answers, lines go on into the log file, requests
//! wait, and the exit code is kept in a file.

mod child;
mod forward;
pub mod lines;
pub mod record;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use tokio::net::TcpListener;

use child::Command;
use record::LogWriter;

/// What a relay is told on its command line.
#[derive(Debug, Clone)]
pub struct Options {
    /// Requests that arrive on `listen` go to this Unix socket.
    pub socket: Option<PathBuf>,
    /// Loopback address for the workload; port 0 takes a free one.
    pub listen: Option<SocketAddr>,
    /// Connections to this Unix socket go to that loopback address of the workload.
    pub expose: Option<(PathBuf, SocketAddr)>,
    /// Where the workload's lines go.
    pub log: PathBuf,
    /// Where its end goes.
    pub exit: PathBuf,
    /// Leave the agent's session, so that a signal to that does not arrive here.
    pub new_session: bool,
    /// Program and arguments.
    pub command: Vec<String>,
}

/// Exit code when the relay itself cannot do its work.
pub const OWN_FAILURE: i32 = 125;

/// Runs the workload to its end; returns the exit code to end with.
pub async fn run(options: Options) -> anyhow::Result<i32> {
    if options.new_session {
        // Fails when we lead one already, which is what we want.
        let _ = rustix::process::setsid();
    }
    let mut environment = Vec::new();
    if let (Some(socket), Some(listen)) = (options.socket, options.listen) {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        environment.push((
            String::from("MLFLOW_TRACKING_URI"),
            format!("http://{address}"),
        ));
        environment.extend(no_proxy());
        tokio::spawn(forward::requests(listener, Arc::new(socket)));
    }
    if let Some((socket, address)) = options.expose {
        let listener = crate::sockets::listen(&socket, 0o666)?;
        tokio::spawn(forward::connections(listener, address));
    }
    let log = LogWriter::open(&options.log)?;
    let command = Command {
        words: options.command,
        environment,
    };
    let end = child::run(command, log).await?;
    end.write(&options.exit)?;
    Ok(end.code())
}

/// A proxy, if the workload has one, is not the way to its own loopback.
fn no_proxy() -> impl Iterator<Item = (String, String)> {
    ["NO_PROXY", "no_proxy"].into_iter().map(|name| {
        let value = match std::env::var(name) {
            Ok(there) if !there.is_empty() => format!("{there},127.0.0.1,localhost"),
            _ => String::from("127.0.0.1,localhost"),
        };
        (name.to_owned(), value)
    })
}
