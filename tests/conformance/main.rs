//! The unmodified MLflow client against `skerry serve`.
//!
//! Each Python file here is one test: it is run by Python's own test runner in an
//! environment that has the client's release from the package index.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use skerry_tests::programs::{PATIENCE, program, python, python_server, python_with};

const TOKEN: &str = "conformance-token-4711";
const SOURCE_PATTERN: &str = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX";

struct Server {
    child: Child,
    uri: String,
}

impl Server {
    fn start(data: &Path, token: Option<&str>) -> Self {
        Self::start_with(data, token, "127.0.0.1:0", &[])
    }

    fn start_with(data: &Path, token: Option<&str>, listen: &str, more: &[&str]) -> Self {
        Self::start_among(data, token, listen, more, &[])
    }

    /// Started with these variables.
    fn start_among(
        data: &Path,
        token: Option<&str>,
        listen: &str,
        more: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(program("skerry"));
        command
            .args(["serve", "--listen", listen, "--data"])
            .arg(data)
            .args(more)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped());
        match token {
            Some(token) => command.env("SKERRY_TOKEN", token),
            None => command.arg("--no-auth"),
        };
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let uri = loop {
            let line = lines.next().expect("the server ended").unwrap();
            if let Some(uri) = line.strip_prefix("MLFLOW_TRACKING_URI=") {
                break uri.trim().to_owned();
            }
        };
        Self { child, uri }
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

fn client(server: &Server, tests: &str, token: Option<&str>, home: &Path) -> Command {
    client_of(&python(), server, tests, token, home)
}

fn client_of(
    python: &Path,
    server: &Server,
    tests: &str,
    token: Option<&str>,
    home: &Path,
) -> Command {
    let mut command = Command::new(python);
    command
        .args(["-B", "-m", "unittest", "-v", tests])
        .current_dir(folder())
        .env_remove("MLFLOW_TRACKING_TOKEN")
        .env("MLFLOW_TRACKING_URI", &server.uri)
        // A failure shows at once instead of after seven attempts.
        .env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        .env("HOME", home)
        .env("GIT_PYTHON_REFRESH", "quiet");
    if let Some(token) = token {
        command.env("MLFLOW_TRACKING_TOKEN", token);
    }
    command
}

fn conforms(tests: &str, token: Option<&str>) {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(&home.path().join("data"), token);
    passes(tests, &mut client(&server, tests, token, home.path()));
}

fn passes(tests: &str, client: &mut Command) {
    let output = client.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tests}:\n{said}");
    // A file that no test was found in would succeed too.
    assert!(!said.contains("Ran 0 tests"), "{said}");
    println!("{said}");
}

#[test]
fn tracking() {
    conforms("test_tracking", None);
}

#[test]
fn tracking_with_a_token() {
    conforms("test_tracking.Runs", Some(TOKEN));
}

#[test]
fn artifacts() {
    conforms("test_artifacts", Some(TOKEN));
}

#[test]
fn registry() {
    conforms("test_registry", None);
}

#[test]
fn models() {
    conforms("test_models", None);
}

#[test]
fn protocol() {
    conforms("test_protocol", None);
}

#[test]
fn protocol_with_a_token() {
    conforms("test_protocol", Some(TOKEN));
}

#[test]
fn like_mlflow() {
    conforms("test_like_mlflow", None);
}

#[test]
fn only_one_user() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let server = Server::start_with(&data, Some(TOKEN), "127.0.0.1:0", &["--user", "ann"]);
    let tests = "test_started.OneUser";
    let mut client = client(&server, tests, None, home.path());
    client
        .env("MLFLOW_TRACKING_USERNAME", "ann")
        .env("SKERRY", program("skerry"))
        .env("SKERRY_FOLDER", &data);
    passes(tests, client.env("MLFLOW_TRACKING_PASSWORD", TOKEN));
}

#[test]
fn several_users() {
    let home = tempfile::tempdir().unwrap();
    let (data, users) = (home.path().join("data"), home.path().join("users"));
    std::fs::write(&users, "# name:password\nann:annspass\nbo:bos:pass\n").unwrap();
    let more = ["--users-file", users.to_str().unwrap()];
    let server = Server::start_with(&data, Some(TOKEN), "127.0.0.1:0", &more);
    let tests = "test_started.SeveralUsers";
    let mut client = client(&server, tests, None, home.path());
    client
        .env("MLFLOW_TRACKING_USERNAME", "ann")
        .env("MLFLOW_TRACKING_PASSWORD", "annspass")
        .env("SKERRY", program("skerry"))
        .env("SKERRY_FOLDER", &data)
        .env("TOKEN", TOKEN);
    passes(tests, &mut client);
}

#[test]
fn sources_by_pattern() {
    let home = tempfile::tempdir().unwrap();
    let variables = [(SOURCE_PATTERN, "^mlflow-artifacts:/.*$")];
    let data = home.path().join("data");
    let server = Server::start_among(&data, None, "127.0.0.1:0", &[], &variables);
    let tests = "test_started.SourcePattern";
    passes(tests, &mut client(&server, tests, None, home.path()));
}

#[test]
fn parts_and_ranges() {
    conforms("test_parts", Some(TOKEN));
}

#[test]
fn default_artifact_root() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("art root");
    let uri = format!("file://{}", root.display()).replace(' ', "%20");
    let data = home.path().join("data");
    let server = Server::start_with(
        &data,
        None,
        "127.0.0.1:0",
        &["--default-artifact-root", &uri],
    );
    let tests = "test_roots.DefaultArtifactRoot";
    let mut client = client(&server, tests, None, home.path());
    passes(tests, client.env("SKERRY_ROOT", &root));
}

#[test]
fn artifacts_destination() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("destination");
    // The default root names the address, which is therefore chosen before.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = free.local_addr().unwrap().to_string();
    drop(free);
    let proxy = format!("http://{listen}/api/2.0/mlflow-artifacts/artifacts");
    let more = [
        "--artifacts-destination",
        root.to_str().unwrap(),
        "--default-artifact-root",
        &proxy,
    ];
    let server = Server::start_with(&home.path().join("data"), None, &listen, &more);
    let tests = "test_roots.ArtifactsDestination";
    let mut client = client(&server, tests, None, home.path());
    passes(tests, client.env("SKERRY_ROOT", &root));
}

#[test]
fn upkeep() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let server = Server::start(&data, Some(TOKEN));
    let mut client = client(&server, "test_upkeep", Some(TOKEN), home.path());
    client
        .env("SKERRY", program("skerry"))
        .env("SKERRY_FOLDER", &data);
    passes("test_upkeep", &mut client);
}

/// Approval happens beside the running server; its clients meet what comes of it.
#[test]
fn approvals() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let server = Server::start(&data, Some(TOKEN));
    let mut client = client(&server, "test_approvals", Some(TOKEN), home.path());
    client
        .env("SKERRY", program("skerry"))
        .env("SKERRY_FOLDER", &data);
    passes("test_approvals", &mut client);
}

/// The last release before MLflow 3, whose models are files of runs.
#[test]
fn client_before_mlflow_3() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(&home.path().join("data"), Some(TOKEN));
    let python = python_with("mlflow-2");
    let mut client = client_of(&python, &server, "test_client_2", Some(TOKEN), home.path());
    passes("test_client_2", &mut client);
}

/// A file that is not named here would never run.
#[test]
fn every_file_is_run() {
    let this = include_str!("main.rs");
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(tests) = name
            .strip_suffix(".py")
            .filter(|name| name.starts_with("test_"))
        {
            let named = [format!("\"{tests}\""), format!("\"{tests}.")];
            assert!(
                named.iter().any(|name| this.contains(name)),
                "{name} is not run"
            );
        }
    }
}

/// Every write that was answered is found after kill -9, whole: several rounds in one
/// data folder, killed at random moments.
#[test]
fn killed_while_writing() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let notes = home.path().join("notes");
    let seed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .subsec_nanos();
    println!("seed {seed}");
    let mut written = 0;
    for round in 1..=3_u64 {
        let mut server = Server::start(&data, None);
        let mut writer = client(&server, "test_durable.Before", None, home.path())
            .env("SKERRY_NOTES", &notes)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        while std::fs::metadata(&notes).map_or(0, |facts| facts.len()) < written + 1_000 {
            assert!(Instant::now() < deadline, "nothing was written");
            std::thread::sleep(Duration::from_millis(20));
        }
        // In the midst of writing, whenever that is.
        let moment = (u64::from(seed) * 7_919 * round) % 700;
        std::thread::sleep(Duration::from_millis(moment));
        server.kill();
        assert!(writer.wait().unwrap().success());
        written = std::fs::metadata(&notes).unwrap().len();
        let server = Server::start(&data, None);
        let output = client(&server, "test_durable.After", None, home.path())
            .env("SKERRY_NOTES", &notes)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "round {round}: {said}");
    }
    let output = doctor(&data, &[]);
    assert!(output.status.success(), "{output:?}");
    // Nor is anything lost when the beginning of the file is.
    let file = std::fs::File::options()
        .write(true)
        .open(data.join("tracking.db"))
        .unwrap();
    file.write_all_at(&[0; 2 * 4_096], 0).unwrap();
    let again = home.path().join("again");
    std::fs::create_dir(&again).unwrap();
    let saved = again.join("tracking.db");
    let output = doctor(&data, &["--rescue", saved.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["lost"], false, "{said}");
    let server = Server::start(&again, None);
    let output = client(&server, "test_durable.After", None, home.path())
        .env("SKERRY_NOTES", &notes)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

fn doctor(data: &Path, words: &[&str]) -> std::process::Output {
    Command::new(program("skerry"))
        .args(["--json", "doctor", "store", "--data"])
        .arg(data)
        .args(words)
        .output()
        .unwrap()
}

/// Moving in from MLflow and out again, with real sources and real servers.
#[test]
fn transfer() {
    moves("test_transfer");
}

/// What older releases of MLflow left.
#[test]
fn transfer_of_older_releases() {
    moves("test_older");
}

fn moves(tests: &str) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(python_server());
    command
        .args(["-B", "-m", "unittest", "-v", tests])
        // MLflow makes files where it is started.
        .current_dir(home.path())
        .env("PYTHONPATH", folder())
        .env_remove("MLFLOW_TRACKING_TOKEN")
        .env_remove("MLFLOW_TRACKING_URI")
        .env("SKERRY_PROGRAM", program("skerry"))
        .env("SKERRY_PYTHON_2", python_with("mlflow-2"))
        .env("HOME", home.path())
        .env("GIT_PYTHON_REFRESH", "quiet");
    passes(tests, &mut command);
}

fn refused(arguments: &[&str], data: &Path, code: &str) {
    refused_among(arguments, data, &[], code);
}

fn refused_among(arguments: &[&str], data: &Path, variables: &[(&str, &str)], code: &str) {
    let output = Command::new(program("skerry"))
        .args(["--json", "serve", "--no-auth", "--data"])
        .arg(data)
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!output.status.success(), "{said}");
    assert!(said.contains(&format!("\"{code}\"")), "{code}: {said}");
}

/// What keeps the server from starting is told by its code.
#[test]
fn does_not_start() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let server = Server::start(&data, None);
    let address = server.uri.strip_prefix("http://").unwrap().to_owned();
    refused(&["--listen", "127.0.0.1:0"], &data, "data_folder_in_use");
    refused(
        &["--listen", &address],
        &home.path().join("other"),
        "port_taken",
    );
    refused_among(
        &["--listen", "127.0.0.1:0"],
        &home.path().join("pattern"),
        &[(SOURCE_PATTERN, "(")],
        "invalid",
    );
    drop(server);
    let broken = home.path().join("broken");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join("tracking.db"), "no database ".repeat(1000)).unwrap();
    refused(&["--listen", "127.0.0.1:0"], &broken, "store_corrupt");
    let said = doctor(&broken, &[]);
    assert!(!said.status.success());
    assert!(String::from_utf8_lossy(&said.stderr).contains("store_corrupt"));
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    refused(&["--listen", "127.0.0.1:0"], &file, "file_access");
}
