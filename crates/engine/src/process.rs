use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, Read as _, Seek as _},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};
use skerry_domain::EngineKind;
use tokio::sync::watch;

use crate::{
    Engine, EngineInfo, Error, ImageDetail, ImageInfo, Observed, OnPull, RegistryCredentials,
    State, Workload, proc,
};

/// What a workload inherits from the agent's own environment; everything else
/// (somebody's tokens, the agent's own settings) stays out.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PYENV_ROOT",
    "CUDA_VISIBLE_DEVICES",
];

/// How often a process that is not our child is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Plain processes. Each workload is one process that becomes the leader of its own
/// session (the agent's `relay` does so first thing) and outlives the agent; a file
/// in the state folder keeps its pid and start time, so that it is found again and
/// never mistaken for another process with the same pid.
pub struct ProcessEngine {
    folder: PathBuf,
    /// Those whose parent we are, with the exit code once there is one.
    children: Mutex<HashMap<String, watch::Receiver<Option<i32>>>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    pid: i32,
    start_ticks: u64,
    boot_id: String,
    labels: BTreeMap<String, String>,
}

impl ProcessEngine {
    /// An engine that keeps its state in `folder`, which is made when needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            children: Mutex::default(),
        }
    }

    fn record_path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    fn output_path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.out"))
    }

    fn record(&self, id: &str) -> Result<Option<Record>, Error> {
        let path = self.record_path(id);
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(format!("Reading {}", path.display()), error)),
        }
    }

    fn observe(&self, id: &str) -> Result<(Observed, Option<Pid>), Error> {
        let Some(record) = self.record(id)? else {
            return Ok((observed(id, State::Gone, BTreeMap::new()), None));
        };
        if alive(&record) {
            let pid = Pid::from_raw(record.pid);
            return Ok((observed(id, State::Running, record.labels), pid));
        }
        let code = lock(&self.children).get(id).and_then(|code| *code.borrow());
        let state = State::Exited {
            code,
            out_of_memory: false,
            error: None,
        };
        Ok((observed(id, state, record.labels), None))
    }
}

fn observed(id: &str, state: State, labels: BTreeMap<String, String>) -> Observed {
    Observed {
        id: id.to_owned(),
        name: id.to_owned(),
        state,
        labels,
        image_id: String::new(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn alive(record: &Record) -> bool {
    proc::boot_id().is_ok_and(|boot| boot == record.boot_id)
        && proc::start_ticks(record.pid) == Some(record.start_ticks)
}

/// Kills what a workload left behind in its session.
fn kill_session(session: i32) {
    for member in proc::session_members(session) {
        if let Some(pid) = Pid::from_raw(member) {
            // It may have ended in between; that is what we want.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }
}

fn write_record(path: &Path, record: &Record) -> io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, serde_json::to_vec(record)?)?;
    fs::rename(&temporary, path)
}

#[async_trait]
impl Engine for ProcessEngine {
    fn kind(&self) -> EngineKind {
        EngineKind::Process
    }

    async fn info(&self) -> Result<EngineInfo, Error> {
        Ok(EngineInfo {
            kind: EngineKind::Process,
            version: fs::read_to_string("/proc/sys/kernel/osrelease")
                .map(|release| format!("Linux {}", release.trim()))
                .unwrap_or_default(),
            api_version: String::new(),
            rootless: false,
        })
    }

    async fn images(&self) -> Result<Vec<ImageInfo>, Error> {
        Ok(Vec::new())
    }

    async fn image(&self, _reference: &str) -> Result<ImageDetail, Error> {
        Err(Error::NoImages("images"))
    }

    async fn start(&self, workload: &Workload) -> Result<String, Error> {
        let id = workload.name.clone();
        if let (Observed { state, .. }, _) = self.observe(&id)?
            && state != State::Gone
        {
            return Ok(id);
        }
        fs::create_dir_all(&self.folder)
            .map_err(|error| Error::io(format!("Making {}", self.folder.display()), error))?;
        let output = fs::File::create(self.output_path(&id))
            .map_err(|error| Error::io("Making the output file", error))?;
        let output_too = output
            .try_clone()
            .map_err(|error| Error::io("Making the output file", error))?;
        let (program, arguments) = workload
            .command
            .split_first()
            .ok_or_else(|| Error::Failed(String::from("The command is empty.")))?;
        let mut command = tokio::process::Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(
                INHERITED
                    .iter()
                    .filter_map(|name| Some((*name, std::env::var_os(name)?))),
            )
            .envs(workload.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&workload.workdir)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(output_too);
        let mut child = command.spawn().map_err(|source| {
            let _ = fs::remove_file(self.output_path(&id));
            Error::Spawn {
                program: program.clone(),
                source,
            }
        })?;
        let pid = child
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .unwrap_or_default();
        let record = Record {
            pid,
            // A process that is over already has no start time; 0 fits none alive.
            start_ticks: proc::start_ticks(pid).unwrap_or_default(),
            boot_id: proc::boot_id().unwrap_or_default(),
            labels: workload.labels.clone(),
        };
        if let Err(error) = write_record(&self.record_path(&id), &record) {
            let _ = child.kill().await;
            let _ = fs::remove_file(self.output_path(&id));
            return Err(Error::io("Keeping the process's identity", error));
        }
        let (ended, code) = watch::channel(None);
        lock(&self.children).insert(id.clone(), code);
        tokio::spawn(async move {
            if let Ok(status) = child.wait().await {
                use std::os::unix::process::ExitStatusExt as _;
                let code = status
                    .code()
                    .or_else(|| status.signal().map(|signal| 128 + signal));
                ended.send_replace(code);
            }
        });
        Ok(id)
    }

    async fn inspect(&self, id: &str) -> Result<Observed, Error> {
        Ok(self.observe(id)?.0)
    }

    async fn wait(&self, id: &str) -> Result<Observed, Error> {
        let child = lock(&self.children).get(id).cloned();
        if let Some(mut code) = child {
            // An error means that the code is lost: as if not our child.
            let _ = code.wait_for(Option::is_some).await;
        }
        loop {
            let (observed, pid) = self.observe(id)?;
            if pid.is_none() {
                return Ok(observed);
            }
            // Another's child: nobody tells us.
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn stop(&self, id: &str, grace: Duration) -> Result<(), Error> {
        let (_, Some(pid)) = self.observe(id)? else {
            return Ok(());
        };
        let _ = rustix::process::kill_process(pid, Signal::TERM);
        if tokio::time::timeout(grace, self.wait(id)).await.is_err() {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            kill_session(pid.as_raw_nonzero().get());
            self.wait(id).await?;
        }
        kill_session(pid.as_raw_nonzero().get());
        Ok(())
    }

    async fn remove(&self, id: &str) -> Result<(), Error> {
        self.stop(id, Duration::ZERO).await?;
        for path in [self.record_path(id), self.output_path(id)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::io(format!("Removing {}", path.display()), error));
                }
                _ => {}
            }
        }
        lock(&self.children).remove(id);
        Ok(())
    }

    async fn list(&self, label: &str, value: &str) -> Result<Vec<Observed>, Error> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(Error::io(
                    format!("Reading {}", self.folder.display()),
                    error,
                ));
            }
        };
        let mut found = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".json")) else {
                continue;
            };
            let (observed, _) = self.observe(id)?;
            if observed
                .labels
                .get(label)
                .is_some_and(|found| found == value)
            {
                found.push(observed);
            }
        }
        Ok(found)
    }

    async fn last_output(&self, id: &str, max: usize) -> Result<String, Error> {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = fs::File::open(self.output_path(id))?;
            let length = file.metadata()?.len();
            file.seek(io::SeekFrom::Start(length.saturating_sub(max as u64)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = read().map_err(|error| Error::io("Reading the output file", error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn export_image(
        &self,
        _id: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        Err(Error::NoImages("images to export"))
    }

    async fn pull(
        &self,
        _reference: &str,
        _credentials: Option<&RegistryCredentials>,
        _progress: OnPull<'_>,
    ) -> Result<ImageDetail, Error> {
        Err(Error::NoImages("images to pull"))
    }

    async fn load(
        &self,
        _tar: BoxStream<'static, Result<Bytes, io::Error>>,
    ) -> Result<Vec<String>, Error> {
        Err(Error::NoImages("images to load"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Network};

    fn workload(name: &str, script: &str) -> Workload {
        Workload {
            name: name.to_owned(),
            image: String::new(),
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            env: vec![(String::from("GREETING"), String::from("hello"))],
            mounts: Vec::new(),
            network: Network::Open,
            labels: BTreeMap::from([(String::from("a"), String::from("b"))]),
            user: None,
            workdir: String::from("/"),
            limits: Limits::default(),
        }
    }

    fn code(observed: &Observed) -> Option<i32> {
        match observed.state {
            State::Exited { code, .. } => code,
            _ => panic!("{observed:?}"),
        }
    }

    #[tokio::test]
    async fn runs_to_its_end_with_a_clean_environment() {
        let home = tempfile::tempdir().unwrap();
        let engine = ProcessEngine::new(home.path().join("processes"));
        let script = r#"echo "$GREETING, ${CARGO_MANIFEST_DIR:-nobody}"; exit 7"#;
        let id = engine.start(&workload("w", script)).await.unwrap();
        let ended = engine.wait(&id).await.unwrap();
        assert_eq!(code(&ended), Some(7));
        assert_eq!(
            engine.last_output(&id, 100).await.unwrap(),
            "hello, nobody\n"
        );
        assert_eq!(engine.list("a", "b").await.unwrap(), [ended]);
        assert_eq!(engine.list("a", "c").await.unwrap(), []);
        engine.remove(&id).await.unwrap();
        assert_eq!(engine.inspect(&id).await.unwrap().state, State::Gone);
    }

    #[tokio::test]
    async fn is_found_again_by_another_agent_and_stopped() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("processes");
        let first = ProcessEngine::new(&folder);
        let id = first.start(&workload("w", "sleep 600")).await.unwrap();
        // As after a restart of the agent: nothing is known but the folder.
        let second = ProcessEngine::new(&folder);
        assert_eq!(second.inspect(&id).await.unwrap().state, State::Running);
        // Started again under its name: it is the same.
        assert_eq!(second.start(&workload("w", "exit 1")).await.unwrap(), id);
        second.stop(&id, Duration::from_secs(60)).await.unwrap();
        assert!(matches!(
            second.inspect(&id).await.unwrap().state,
            State::Exited { .. }
        ));
        second.stop(&id, Duration::ZERO).await.unwrap();
    }

    #[tokio::test]
    async fn another_process_with_its_pid_is_not_it() {
        let home = tempfile::tempdir().unwrap();
        let engine = ProcessEngine::new(home.path());
        let own = i32::try_from(std::process::id()).unwrap();
        let record = Record {
            pid: own,
            start_ticks: proc::start_ticks(own).unwrap() - 1,
            boot_id: proc::boot_id().unwrap(),
            labels: BTreeMap::new(),
        };
        write_record(&engine.record_path("w"), &record).unwrap();
        // Were it taken for its workload, this test would end here.
        engine.stop("w", Duration::ZERO).await.unwrap();
        assert_eq!(code(&engine.inspect("w").await.unwrap()), None);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let engine = ProcessEngine::new(home.path());
        let mut workload = workload("w", "");
        workload.command = vec![String::from("/no/such/program")];
        let error = engine.start(&workload).await.unwrap_err();
        assert!(matches!(error, Error::Spawn { .. }));
        assert_eq!(engine.inspect("w").await.unwrap().state, State::Gone);
    }
}
