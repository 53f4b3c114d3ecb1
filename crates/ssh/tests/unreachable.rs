//! What is at an address when it is no machine with sshd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test, helpers included

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use skerry_domain::{Code, Coded as _};
use skerry_ssh::{Error, Hop, Route, Timeouts, Trust, scan};

async fn look_at(host: &str, port: u16) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let trust = Trust::new(folder.path().join("known_hosts"), Vec::new());
    let hop = Hop {
        host: host.to_owned(),
        port,
        user: "nobody".to_owned(),
    };
    let route: Route = vec![(hop, None)];
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        handshake: Duration::from_secs(2),
        ..Timeouts::default()
    };
    scan(&route, &trust, &timeouts).await.unwrap_err()
}

/// Answers each connection with these bytes, and then closes or stays silent.
fn answering(bytes: &'static [u8], stay: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            if stream.write_all(bytes).is_ok() && stay {
                kept.push(stream);
            }
        }
    });
    port
}

#[tokio::test]
async fn each_kind_of_wrong_address_has_its_code() {
    let error = look_at("no-such-host.invalid", 22).await;
    assert_eq!(error.code(), Code::HostNotFound, "{error}");

    let free = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let error = look_at("127.0.0.1", free).await;
    assert_eq!(error.code(), Code::ConnectionRefused, "{error}");

    let port = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", false);
    let error = look_at("127.0.0.1", port).await;
    assert_eq!(error.code(), Code::NotSsh, "{error}");
    assert!(error.to_string().contains("HTTP/1.1 400"), "{error}");

    let port = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", true);
    let error = look_at("127.0.0.1", port).await;
    assert_eq!(error.code(), Code::NotSsh, "{error}");

    let port = answering(b"SSH-1.5-old\r\n", false);
    let error = look_at("127.0.0.1", port).await;
    assert_eq!(error.code(), Code::NotSsh, "{error}");

    let port = answering(b"", false);
    let error = look_at("127.0.0.1", port).await;
    assert_eq!(error.code(), Code::Disconnected, "{error}");

    let port = answering(b"", true);
    let error = look_at("127.0.0.1", port).await;
    assert_eq!(error.code(), Code::TimedOut, "{error}");
}
