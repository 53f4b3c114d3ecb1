//! The port of a service: connections go to the workload that serves at the moment.

use std::{path::PathBuf, time::Duration};

use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::sockets;

/// Listens until it is dropped; connections under way go on.
pub(super) struct Proxy(JoinHandle<()>);

impl Drop for Proxy {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Proxy {
    /// Done when the port is free again.
    pub(super) async fn close(mut self) {
        self.0.abort();
        // It ends by being aborted: that is no news.
        let _ = (&mut self.0).await;
    }
}

/// Passes connections on to the socket that is in `target` when they come.
pub(super) fn open(listener: TcpListener, target: watch::Receiver<Option<PathBuf>>) -> Proxy {
    let task = tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors: some will be free again.
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            let target = target.borrow().clone();
            tokio::spawn(pass_on(stream, target));
        }
    });
    Proxy(task)
}

async fn pass_on(mut outer: TcpStream, target: Option<PathBuf>) {
    let _ = outer.set_nodelay(true);
    let inner = match target {
        Some(path) => timeout(Duration::from_secs(5), sockets::connect(&path)).await,
        None => return refuse(outer).await,
    };
    match inner {
        Ok(Ok(mut inner)) => {
            let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
        }
        _ => refuse(outer).await,
    }
}

async fn refuse(mut outer: TcpStream) {
    const BODY: &str = r#"{"error":"The deployment does not serve at the moment."}"#;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    let _ = outer.write_all(answer.as_bytes()).await;
    let _ = outer.shutdown().await;
    // What was sent to us is read before the end: closing over unread bytes would
    // reset the connection, and with it our answer.
    let mut nowhere = tokio::io::sink();
    let drain = tokio::io::copy(&mut outer, &mut nowhere);
    let _ = timeout(Duration::from_secs(2), drain).await;
}
