//! The tracking servers, each started as its makers say.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use skerry_tests::programs::{self, PATIENCE, out};

/// A server that answers.
pub struct Server {
    child: Child,
    pub url: String,
    /// From the start of the process until `/health` answered.
    pub start: Duration,
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn environment(name: &str) -> PathBuf {
    Path::new(&std::env::var("HOME").unwrap())
        .join(".cache/skerry")
        .join(name)
        .join("bin")
}

/// The interpreter that has MLflow's server.
pub fn mlflow_python() -> PathBuf {
    environment("venv-server").join("python")
}

impl Server {
    async fn start(mut command: Command, log: &str, port: u16) -> Self {
        let log = std::fs::File::create(out().join(log)).unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let client = reqwest::Client::new();
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // Its workers end with it.
            .process_group(0)
            .spawn()
            .unwrap();
        let health = format!("{url}/health");
        while !matches!(client.get(&health).send().await, Ok(answer) if answer.status().is_success())
        {
            assert!(started.elapsed() < PATIENCE, "{command:?} does not come up");
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{command:?} has ended: {ended:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Self {
            child,
            url,
            start: started.elapsed(),
        }
    }

    pub async fn skerry(data: &Path) -> Self {
        let port = free_port();
        let mut command = Command::new(programs::program("skerry"));
        command
            .args([
                "serve",
                "--no-auth",
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--data",
            ])
            .arg(data);
        Self::start(command, "skerry.log", port).await
    }

    pub async fn mlflow(folder: &Path, workers: Option<&str>) -> Self {
        let port = free_port();
        let mut command = Command::new(environment("venv-server").join("mlflow"));
        command
            .args(["server", "--host", "127.0.0.1", "--port", &port.to_string()])
            .arg("--backend-store-uri")
            .arg(format!("sqlite:///{}", folder.join("mlflow.db").display()))
            .arg("--artifacts-destination")
            .arg(folder.join("artifacts"))
            .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .env_remove("OPENBLAS_CORETYPE")
            .current_dir(folder);
        if let Some(workers) = workers {
            command.args(["--workers", workers]);
        }
        Self::start(command, "mlflow.log", port).await
    }

    pub async fn fasttrackml(folder: &Path) -> Self {
        let port = free_port();
        let mut command = Command::new(environment("venv-fasttrackml").join("fml"));
        command
            .args([
                "server",
                "--log-level",
                "warn",
                "--listen-address",
                &format!("127.0.0.1:{port}"),
            ])
            .arg("--database-uri")
            .arg(format!("sqlite://{}", folder.join("fml.db").display()))
            .arg("--default-artifact-root")
            .arg(folder.join("artifacts"))
            .current_dir(folder);
        Self::start(command, "fasttrackml.log", port).await
    }

    /// Memory of the server and all its processes in MiB: proportional, and resident.
    pub fn memory(&self) -> (u64, u64) {
        let mut family = vec![self.child.id()];
        let mut done = 0;
        while let Some(parent) = family.get(done).copied() {
            done += 1;
            family.extend(children(parent));
        }
        let sum = |file: &str, field: &str| {
            family
                .iter()
                .map(|pid| memory(*pid, file, field))
                .sum::<u64>()
                / 1024
        };
        (sum("smaps_rollup", "Pss:"), sum("status", "VmRSS:"))
    }

    /// Ends it and waits until it has closed its files.
    pub fn end(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = skerry_lab::run(&["kill", "-TERM", "--", &group]);
        let _ = self.child.wait();
    }
}

fn children(parent: u32) -> Vec<u32> {
    let file = format!("/proc/{parent}/task/{parent}/children");
    std::fs::read_to_string(file)
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// A field of `/proc/PID/FILE` in KiB.
pub fn memory(pid: u32, file: &str, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}
