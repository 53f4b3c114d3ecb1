//! An agent as a child process with a home of its own.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use skerry_agent::{client::Client, local, project};
use skerry_domain::{
    Change, JournalEntry, RunSpec, ServiceSpec, WorkloadPhase, WorkloadState, tracking::LogLine,
};

/// Machines that run tests may be slow.
pub const DEADLINE: Duration = Duration::from_secs(90);

pub struct Agent {
    pub home: PathBuf,
    pub client: Client,
    child: Option<Child>,
    environment: Vec<(String, String)>,
    _folder: tempfile::TempDir,
}

pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_skerry-agent"))
}

impl Agent {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("agent");
        let mut agent = Self {
            client: local::client(&home),
            home,
            child: None,
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            _folder: folder,
        };
        agent.spawn().await;
        agent
    }

    pub async fn spawn(&mut self) {
        let child = Command::new(program())
            .arg("serve")
            .arg("--home")
            .arg(&self.home)
            // No engine of the computer that tests run on.
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        until("the agent answers", async || {
            self.client.status().await.ok()
        })
        .await;
    }

    /// SIGKILL: nothing can be tidied up.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM.
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        child.wait().unwrap()
    }

    pub async fn run(&self, spec: &RunSpec) -> WorkloadState {
        self.client.start_run(spec).await.unwrap()
    }

    pub async fn ended(&self, run_id: &str) -> WorkloadState {
        self.when(run_id, |state| state.phase.is_final()).await
    }

    pub async fn when(&self, run_id: &str, is: impl Fn(&WorkloadState) -> bool) -> WorkloadState {
        until("the run gets there", async || {
            self.client.run(run_id).await.ok().filter(|state| is(state))
        })
        .await
    }

    pub async fn journal(&self) -> Vec<JournalEntry> {
        let mut entries = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry: &JournalEntry| entry.seq);
            let page = self
                .client
                .journal(after, 100, Duration::ZERO)
                .await
                .unwrap();
            if page.entries.is_empty() {
                return entries;
            }
            entries.extend(page.entries);
        }
    }

    /// The lines of a run or service as the journal tells them, in their order.
    pub async fn lines(&self, owner: &str) -> Vec<LogLine> {
        let mut all = Vec::new();
        for entry in self.journal().await {
            if let Change::LogLines {
                run_id,
                first,
                lines,
            } = entry.change
                && run_id == owner
            {
                assert_eq!(first, all.len() as u64, "numbers without gaps");
                all.extend(lines);
            }
        }
        all
    }

    pub async fn texts(&self, owner: &str) -> Vec<String> {
        self.lines(owner)
            .await
            .into_iter()
            .map(|line| line.text)
            .collect()
    }

    pub async fn phases(&self, run_id: &str) -> Vec<WorkloadPhase> {
        self.journal()
            .await
            .into_iter()
            .filter_map(|entry| match entry.change {
                Change::Workload(state) if state.run_id == run_id => Some(state.phase),
                _ => None,
            })
            .collect()
    }

    pub async fn with_project(&self, mut spec: RunSpec, folder: &Path) -> RunSpec {
        let scanned = project::scan(folder).unwrap();
        let uploaded = self.client.upload_project(&scanned, &|_| {}).await.unwrap();
        spec.project = uploaded.project;
        spec
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        // Whatever a failed test left running.
        let Ok(entries) = std::fs::read_dir(self.home.join("processes")) else {
            return;
        };
        for entry in entries.flatten() {
            let Some(record) = std::fs::read(entry.path())
                .ok()
                .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
            else {
                continue;
            };
            let pid = record["pid"]
                .as_i64()
                .and_then(|pid| i32::try_from(pid).ok());
            if let Some(pid) = pid.filter(|pid| {
                skerry_engine::proc::start_ticks(*pid) == record["start_ticks"].as_u64()
            }) {
                for member in skerry_engine::proc::session_members(pid) {
                    if let Some(member) = rustix::process::Pid::from_raw(member) {
                        let _ =
                            rustix::process::kill_process(member, rustix::process::Signal::KILL);
                    }
                }
            }
        }
    }
}

pub async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < DEADLINE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub fn run_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// A run of a shell script as a plain process.
pub fn script(script: &str) -> RunSpec {
    serde_json::from_value(serde_json::json!({
        "run_id": run_id(),
        "experiment": "Tests",
        "engine": "process",
        "command": ["sh", "-c", script],
    }))
    .unwrap()
}

pub fn model_service(name: &str, model_uri: &str, port: u16) -> ServiceSpec {
    serde_json::from_value(serde_json::json!({
        "name": name,
        "source": {"kind": "model", "model_uri": model_uri},
        "port": port,
        "start_grace_s": 60,
    }))
    .unwrap()
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
