//! The whole crate against a real sshd on a machine of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)] // a test, helpers included

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use skerry_domain::{Code, Coded as _, Secret};
use skerry_lab::{Machine, MachineOptions};
use skerry_ssh::{
    Auth, Error, ExecOptions, Hop, HostKeyVerdict, KeyPair, LoadedKey, Route, Session, Timeouts,
    Trust, connect, scan,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PATIENCE: Duration = Duration::from_secs(60);

fn plain() -> MachineOptions<'static> {
    MachineOptions {
        engine: false,
        ..MachineOptions::default()
    }
}

fn hop(machine: &Machine) -> Hop {
    Hop {
        host: machine.address(),
        port: machine.port(),
        user: machine.user().to_owned(),
    }
}

fn password(machine: &Machine) -> Auth {
    Auth::Password(Secret::new(machine.password()))
}

fn trust(folder: &Path) -> Trust {
    Trust::new(folder.join("known_hosts"), Vec::new())
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

async fn pinned(machine: &Machine, trust: &Trust) {
    let route: Route = vec![(hop(machine), None)];
    let scan = scan(&route, trust, &Timeouts::default()).await.unwrap();
    let offer = &scan.offers[0];
    assert_eq!(
        offer.key.fingerprint,
        machine.host_key_fingerprint().unwrap()
    );
    trust.pin(&offer.host, offer.port, &offer.key).unwrap();
}

async fn log_in(machine: &Machine, auth: Auth, trust: &Trust) -> Result<Session, Error> {
    let route: Route = vec![(hop(machine), Some(auth))];
    connect(&route, trust, &Timeouts::default()).await
}

#[test]
fn host_key_password_key_commands_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::start(plain()).unwrap();
    run(async {
        let trust = trust(folder.path());

        // Before the key is confirmed nothing is sent to log in.
        let error = log_in(&machine, password(&machine), &trust)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::HostKeyUnknown, "{error}");
        let log = machine.exec(&["true"]);
        log.unwrap();
        pinned(&machine, &trust).await;

        let wrong = Auth::Password(Secret::new("not it"));
        let error = log_in(&machine, wrong, &trust).await.unwrap_err();
        assert_eq!(error.code(), Code::PasswordRefused, "{error}");
        assert!(error.details()["methods"].contains("password"), "{error:?}");

        let session = log_in(&machine, password(&machine), &trust).await.unwrap();
        commands(&session).await;
        key_login(&machine, &session, &trust, folder.path()).await;
        files(&session, folder.path()).await;
        sockets(&session).await;
        session.close().await;
        session.closed().await;
        let error = session
            .exec("true", ExecOptions::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::Disconnected, "{error}");

        // Reinstalled, or somebody in between: both keys, no question.
        let before = machine.host_key_fingerprint().unwrap();
        machine.change_host_key().unwrap();
        let after = machine.host_key_fingerprint().unwrap();
        let error = log_in(&machine, password(&machine), &trust)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::HostKeyMismatch, "{error}");
        assert_eq!(error.details()["found_fingerprint"], after);
        assert_eq!(error.details()["known_fingerprint"], before);
        let route: Route = vec![(hop(&machine), None)];
        let offers = scan(&route, &trust, &Timeouts::default()).await.unwrap();
        assert!(matches!(
            offers.offers[0].verdict,
            HostKeyVerdict::Mismatch { .. }
        ));
    });
}

async fn commands(session: &Session) {
    let output = session
        .exec(
            "cat; echo to-stderr >&2; exit 3",
            ExecOptions {
                stdin: vec![b'x'; 3_000_000],
                limit: 1_000_000,
                ..ExecOptions::default()
            },
        )
        .await
        .unwrap();
    assert_eq!(output.status, Some(3));
    assert_eq!(output.stdout.len(), 1_000_000);
    assert!(output.cut);
    assert_eq!(output.complaint(), "to-stderr");
    assert_eq!(output.failure("x").code(), Code::CommandFailed);

    let error = session
        .script("sleep 600", Duration::from_millis(300))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::TimedOut, "{error}");

    let output = session.script("kill -9 $$", PATIENCE).await.unwrap();
    assert!(!output.success());
    assert!(
        output.signal.is_some() || output.status == Some(137),
        "{output:?}"
    );
}

async fn key_login(machine: &Machine, session: &Session, trust: &Trust, folder: &Path) {
    let pair = KeyPair::generate("skerry@test").unwrap();
    let passphrase = KeyPair::random_passphrase();
    let file = folder.join("key");
    pair.write(&file, &passphrase).unwrap();
    let key = Auth::Key(LoadedKey::open(&file, Some(&passphrase)).unwrap());

    let error = log_in(machine, key.clone(), trust).await.unwrap_err();
    assert_eq!(error.code(), Code::KeyRefused, "{error}");

    // A last line without its line feed must not swallow ours.
    machine
        .exec_as_user("printf '# skerry test' > .ssh/authorized_keys")
        .unwrap();
    let first = session
        .install_public_key(pair.public_line())
        .await
        .unwrap();
    assert!(first.added);
    assert_eq!(first.warnings, Vec::<String>::new());
    let again = session
        .install_public_key(pair.public_line())
        .await
        .unwrap();
    assert!(!again.added);
    let lines = machine
        .exec_as_user("wc -l < .ssh/authorized_keys; stat -c %a .ssh .ssh/authorized_keys")
        .unwrap();
    assert_eq!(
        lines.split_whitespace().collect::<Vec<_>>(),
        ["2", "700", "600"]
    );
    log_in(machine, key.clone(), trust).await.unwrap();

    machine.exec_as_user("chmod g+w .").unwrap();
    let warned = session
        .install_public_key(pair.public_line())
        .await
        .unwrap();
    assert_eq!(warned.warnings.len(), 1, "{warned:?}");
    machine.exec_as_user("chmod g-w .").unwrap();

    agent_login(machine, trust, &file, &passphrase, folder);

    assert!(session.remove_public_key(pair.public_line()).await.unwrap());
    assert!(!session.remove_public_key(pair.public_line()).await.unwrap());
    let error = log_in(machine, key, trust).await.unwrap_err();
    assert_eq!(error.code(), Code::KeyRefused, "{error}");
}

/// The ssh-agent is found by the environment, which only a process of its own can have.
fn agent_login(machine: &Machine, _: &Trust, key: &Path, passphrase: &Secret, folder: &Path) {
    let askpass = folder.join("askpass");
    std::fs::write(
        &askpass,
        format!("#!/bin/sh\necho {}\n", passphrase.expose()),
    )
    .unwrap();
    skerry_lab::run(&["chmod", "700", askpass.to_str().unwrap()]).unwrap();
    let output = std::process::Command::new("ssh-agent")
        .args(["bash", "-c"])
        .arg("ssh-add \"$KEY\" && exec \"$0\" --exact agent_case --ignored --nocapture")
        .arg(std::env::current_exe().unwrap())
        .env("KEY", key)
        .env("SSH_ASKPASS", &askpass)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .env("DISPLAY", ":none")
        .env("SKERRY_TEST_HOST", machine.address())
        .env("SKERRY_TEST_USER", machine.user())
        .env("SKERRY_TEST_TRUST", folder)
        .output()
        .expect("ssh-agent (Debian package openssh-client) runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "started by another test under an ssh-agent"]
fn agent_case() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let trust = trust(Path::new(&variable("SKERRY_TEST_TRUST")));
    run(async {
        let keys = skerry_ssh::agent_identities().await.unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].comment, "skerry@test");
        let hop = Hop {
            host: variable("SKERRY_TEST_HOST"),
            port: 22,
            user: variable("SKERRY_TEST_USER"),
        };
        let route: Route = vec![(hop, Some(Auth::Agent))];
        let session = connect(&route, &trust, &Timeouts::default()).await.unwrap();
        let output = session
            .exec("id -un", ExecOptions::default())
            .await
            .unwrap();
        assert_eq!(output.text().trim(), variable("SKERRY_TEST_USER"));
    });
}

async fn files(session: &Session, folder: &Path) {
    let local = folder.join("program");
    let content: Vec<u8> = (0..2_000_003_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(&local, &content).unwrap();
    let remote = "/home/operator/a 'quoted' folder/program";
    let seen = Mutex::new(Vec::new());
    let progress = |sent: u64, total: u64| seen.lock().unwrap().push((sent, total));
    let first = session
        .upload(&local, remote, 0o755, &progress)
        .await
        .unwrap();
    assert!(!first.skipped);
    assert_eq!(seen.lock().unwrap().last(), Some(&(2_000_003, 2_000_003)));
    let again = session
        .upload(&local, remote, 0o700, &progress)
        .await
        .unwrap();
    assert!(again.skipped);
    assert_eq!(again.sha256, first.sha256);
    let output = session
        .script(
            "cd \"$HOME/a 'quoted' folder\"; ls; stat -c %a program; sha256sum < program",
            PATIENCE,
        )
        .await
        .unwrap();
    let text = output.text();
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(words, ["program", "700", first.sha256.as_str(), "-"]);

    // Also over a program that runs: it is replaced, not written into.
    std::fs::write(&local, b"#!/bin/sh\necho new\n").unwrap();
    session
        .upload(&local, remote, 0o755, &progress)
        .await
        .unwrap();
    let error = session
        .upload(&local, "/proc/nowhere/x", 0o755, &progress)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::CommandFailed, "{error}");
    let error = session
        .upload(&folder.join("none"), remote, 0o755, &progress)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::FileAccess, "{error}");
}

const ECHO_SERVER: &str = "import socket,os,sys
s=socket.socket(socket.AF_UNIX); s.bind('echo.sock'); s.listen(8)
print('ready', flush=True)
c,_=s.accept()
while True:
    d=c.recv(65536)
    if not d: break
    c.sendall(d)
";

async fn sockets(session: &Session) {
    let error = session
        .open_streamlocal("/home/operator/echo.sock")
        .await
        .err()
        .unwrap();
    assert_eq!(error.code(), Code::AgentUnreachable, "{error}");

    let mut server = session.open_exec("exec python3 -u -").await.unwrap();
    server.write_all(ECHO_SERVER.as_bytes()).await.unwrap();
    server.shutdown().await.unwrap();
    let mut ready = [0_u8; 6];
    server.read_exact(&mut ready).await.unwrap();
    assert_eq!(&ready, b"ready\n");

    let stream = session
        .open_streamlocal("/home/operator/echo.sock")
        .await
        .unwrap();
    // More than one window, both ways at once.
    let (mut read, mut write) = tokio::io::split(stream);
    let sent: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 241) as u8).collect();
    let writing = async {
        write.write_all(&sent).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let mut back = Vec::new();
    let reading = async { read.read_to_end(&mut back).await.unwrap() };
    let ((), length) = tokio::join!(writing, reading);
    assert_eq!(length, sent.len());
    assert_eq!(back, sent);
}

#[test]
fn through_a_jump_host() {
    let folder = tempfile::tempdir().unwrap();
    let jump = Machine::start(plain()).unwrap();
    let machine = Machine::start(MachineOptions {
        behind: Some(&jump),
        ..plain()
    })
    .unwrap();
    run(async {
        let trust = trust(folder.path());
        let route: Route = vec![
            (hop(&jump), Some(password(&jump))),
            (hop(&machine), Some(password(&machine))),
        ];
        // First only the jump host's key: it is not logged in to before that is confirmed.
        let first = scan(&route, &trust, &Timeouts::default()).await.unwrap();
        assert_eq!(first.offers.len(), 1);
        trust
            .pin(
                &first.offers[0].host,
                first.offers[0].port,
                &first.offers[0].key,
            )
            .unwrap();
        let second = scan(&route, &trust, &Timeouts::default()).await.unwrap();
        assert_eq!(second.offers.len(), 2);
        assert_eq!(second.offers[0].verdict, HostKeyVerdict::Known);
        assert_eq!(
            second.offers[1].key.fingerprint,
            machine.host_key_fingerprint().unwrap()
        );
        let error = connect(&route, &trust, &Timeouts::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::HostKeyUnknown, "{error}");
        trust
            .pin(
                &second.offers[1].host,
                second.offers[1].port,
                &second.offers[1].key,
            )
            .unwrap();
        let session = connect(&route, &trust, &Timeouts::default()).await.unwrap();
        let output = session
            .exec("hostname", ExecOptions::default())
            .await
            .unwrap();
        assert!(output.text().starts_with("lab-"), "{output:?}");

        // A closed port behind the jump host is named as such.
        let mut closed = hop(&machine);
        closed.port = 2;
        let route: Route = vec![
            (hop(&jump), Some(password(&jump))),
            (closed, Some(password(&machine))),
        ];
        let error = connect(&route, &trust, &Timeouts::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::ConnectionRefused, "{error}");
    });
}

#[test]
fn a_strict_sshd_and_a_cut_wire() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::start(MachineOptions {
        sshd_extra: vec![
            "AllowStreamLocalForwarding no".to_owned(),
            "PasswordAuthentication no".to_owned(),
            "KbdInteractiveAuthentication yes".to_owned(),
            "UsePAM yes".to_owned(),
        ],
        ..plain()
    })
    .unwrap();
    run(async {
        let trust = trust(folder.path());
        pinned(&machine, &trust).await;
        let wrong = Auth::Password(Secret::new("not it"));
        let error = log_in(&machine, wrong, &trust).await.unwrap_err();
        assert_eq!(error.code(), Code::PasswordRefused, "{error}");
        // The password is asked for by keyboard-interactive here.
        let session = log_in(&machine, password(&machine), &trust).await.unwrap();

        // OpenSSH does not tell its users whether it forbids or nobody listens.
        let error = session.open_streamlocal("/tmp/x").await.err().unwrap();
        assert_eq!(error.code(), Code::AgentUnreachable, "{error}");
        let mut stream = session.open_exec("exec tr a-z A-Z").await.unwrap();
        stream.write_all(b"instead").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut back = String::new();
        stream.read_to_string(&mut back).await.unwrap();
        assert_eq!(back, "INSTEAD");

        // Nobody tells either side: only the missing answers do.
        machine.link_down().unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(90), session.closed())
            .await
            .expect("the heartbeat notices the cut");
        assert_eq!(ended.code(), Code::Disconnected, "{ended}");
        let short = Timeouts {
            connect: Duration::from_secs(2),
            ..Timeouts::default()
        };
        let route: Route = vec![(hop(&machine), Some(password(&machine)))];
        let error = connect(&route, &trust, &short).await.unwrap_err();
        assert!(
            matches!(error.code(), Code::TimedOut | Code::NoRoute),
            "{error}"
        );
        machine.link_up().unwrap();
        log_in(&machine, password(&machine), &trust).await.unwrap();
    });
}

/// A machine of the lab always has sftp; this sshd has none.
#[test]
fn a_server_without_sftp() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let passphrase = KeyPair::random_passphrase();
    let pair = KeyPair::generate("test").unwrap();
    std::fs::write(path("authorized"), pair.public_line()).unwrap();
    skerry_lab::run(&[
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-f",
        &path("host"),
    ])
    .unwrap();
    pair.write(&folder.path().join("key"), &passphrase).unwrap();
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\n\
         StrictModes no\nPermitRootLogin prohibit-password\nUsePAM no\nPidFile none\n",
        path("host"),
        path("authorized")
    );
    std::fs::write(path("config"), config).unwrap();
    std::fs::create_dir_all("/run/sshd").unwrap();
    let mut sshd = std::process::Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f", &path("config")])
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("sshd (Debian package openssh-server) runs");
    run(async {
        let trust = trust(folder.path());
        let hop = Hop {
            host: "127.0.0.1".to_owned(),
            port,
            user: "root".to_owned(),
        };
        let deadline = std::time::Instant::now() + PATIENCE;
        let found = loop {
            let route: Route = vec![(hop.clone(), None)];
            match scan(&route, &trust, &Timeouts::default()).await {
                Ok(found) => break found,
                Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let offer = &found.offers[0];
        trust.pin(&offer.host, offer.port, &offer.key).unwrap();
        let route: Route = vec![(hop, Some(Auth::Key(pair.loaded())))];
        let session = connect(&route, &trust, &Timeouts::default()).await.unwrap();
        let content: Vec<u8> = (0..5_000_001_u32).map(|n| (n % 239) as u8).collect();
        std::fs::write(path("local"), &content).unwrap();
        let uploaded = session
            .upload(
                Path::new(&path("local")),
                &path("there/remote"),
                0o600,
                &|_, _| {},
            )
            .await
            .unwrap();
        assert!(!uploaded.skipped);
        assert_eq!(std::fs::read(path("there/remote")).unwrap(), content);
        session.close().await;
    });
    sshd.kill().unwrap();
    sshd.wait().unwrap();
}
