//! One revision of a service as a workload.

use std::{
    collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::PathBuf, sync::Arc,
    time::Duration,
};

use skerry_domain::{Code, Coded as _, EngineKind, ErrorBody, Reason, ServiceSource, ServiceSpec};
use skerry_engine::{
    Engine, ImageDetail, Limits, Mount, Network, OWNER_LABEL, RegistryCredentials, State, Workload,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    Agent, artifacts,
    failure::{Failure, io_failure, off_thread},
    logs,
    prepare::{LOGS_IN, PROGRAM_IN, SOCKETS_IN, own_user, registry_digest},
};
use crate::relay::record::End;

/// The scoring server, for model folders that plain processes serve.
const SCORE_PY: &[u8] = include_bytes!("../../../../assets/scoring/score.py");
/// Where a scoring server listens in its container.
const INSIDE: &str = "127.0.0.1:8080";
/// How long a service may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);
/// Says which service a workload belongs to.
const SERVICE_LABEL: &str = "skerry.service";

/// A revision that runs, or did.
pub(super) struct Instance {
    agent: Arc<Agent>,
    engine: Arc<dyn Engine>,
    service_id: String,
    pub(super) revision: u32,
    pub(super) spec: ServiceSpec,
    /// The engine's id.
    workload: Option<String>,
    /// Registry digest of its image, as the engine tells it.
    pub(super) image_digest: Option<String>,
    log: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Instance {
    pub(super) fn new(
        agent: &Arc<Agent>,
        service_id: &str,
        revision: u32,
        spec: ServiceSpec,
    ) -> Self {
        let kind = match spec.source {
            ServiceSource::Image { .. } => EngineKind::Docker,
            ServiceSource::Model { .. } => EngineKind::Process,
        };
        Self {
            agent: Arc::clone(agent),
            engine: agent.engine(kind),
            service_id: service_id.to_owned(),
            revision,
            spec,
            workload: None,
            image_digest: None,
            log: None,
        }
    }

    fn name(&self) -> String {
        format!("skerry-service-{}-{}", self.service_id, self.revision)
    }

    fn folder(&self) -> PathBuf {
        self.agent
            .home
            .service(&self.service_id)
            .join(format!("r{}", self.revision))
    }

    fn log_key(&self) -> String {
        format!("service/{}/{}", self.service_id, self.revision)
    }

    fn end_path(&self) -> PathBuf {
        self.folder().join("log/exit")
    }

    /// Where it answers.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder().join("sock/http.sock")
    }

    /// Finds it when the last agent started it and it runs still.
    pub(super) async fn find(&mut self) -> Failure<bool> {
        let seen = self.engine.inspect(&self.name()).await?;
        if seen.state != State::Running {
            return Ok(false);
        }
        if let ServiceSource::Image { reference } = &self.spec.source {
            let image = self.engine.image(&seen.image_id).await?;
            self.image_digest = registry_digest(&image.info.digests, reference);
        }
        self.workload = Some(seen.id);
        self.follow_log();
        Ok(true)
    }

    /// Sees to it that its image is on the machine.
    pub(super) async fn pull(&self, credentials: Option<&RegistryCredentials>) -> Failure<()> {
        let ServiceSource::Image { reference } = &self.spec.source else {
            return Ok(());
        };
        match self.engine.image(reference).await {
            Ok(_) => return Ok(()),
            Err(error) if error.code() == Code::ImageMissing => {}
            Err(error) => return Err(error.to_body()),
        }
        self.engine.pull(reference, credentials, &|_| {}).await?;
        Ok(())
    }

    /// Starts it; what is left of an earlier start is removed before.
    pub(super) async fn start(&mut self) -> Failure<()> {
        self.stop().await?;
        let folder = self.folder();
        let end = self.end_path();
        off_thread(move || {
            for part in ["sock", "log"] {
                let path = folder.join(part);
                fs::create_dir_all(&path)
                    .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
                    .map_err(|error| {
                        io_failure(&format!("{} cannot be made", path.display()), &error)
                    })?;
            }
            let _ = fs::remove_file(end);
            Ok(())
        })
        .await?;
        let workload = match self.spec.source.clone() {
            ServiceSource::Image { reference } => self.container(&reference).await?,
            ServiceSource::Model { model_uri } => self.process(&model_uri).await?,
        };
        let id = self.engine.start(&workload).await?;
        self.workload = Some(id);
        self.follow_log();
        Ok(())
    }

    fn follow_log(&mut self) {
        let ended = CancellationToken::new();
        let source = logs::Source {
            owner: self.service_id.clone(),
            key: self.log_key(),
            path: self.folder().join("log/log"),
        };
        let follower = tokio::spawn(logs::follow(
            self.agent.store.clone(),
            source,
            ended.clone(),
        ));
        self.log = Some((ended, follower));
    }

    fn relay(&self, program: String, socket: &str, address: &str, logs: &str) -> Vec<String> {
        let words = [
            program.as_str(),
            "relay",
            "--expose",
            &format!("{socket}={address}"),
            "--log",
            &format!("{logs}/log"),
            "--exit",
            &format!("{logs}/exit"),
        ];
        words.into_iter().map(str::to_owned).collect()
    }

    fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (OWNER_LABEL.to_owned(), self.agent.identity.clone()),
            (SERVICE_LABEL.to_owned(), self.service_id.clone()),
        ])
    }

    async fn container(&mut self, reference: &str) -> Failure<Workload> {
        let info = self.engine.info().await?;
        let image: ImageDetail = self.engine.image(reference).await?;
        self.image_digest = registry_digest(&image.info.digests, reference);
        if image.command.is_empty() {
            return Err(ErrorBody::new(
                Code::ModelUnusable,
                format!("The image '{reference}' says no command to start."),
            )
            .because(Reason::ImageWithoutCommand)
            .with("image", reference));
        }
        let program = self.agent.program();
        let mut command = self.relay(
            PROGRAM_IN.to_owned(),
            &format!("{SOCKETS_IN}/http.sock"),
            INSIDE,
            LOGS_IN,
        );
        command.push(String::from("--"));
        command.extend(image.command);
        let mut env: BTreeMap<String, String> = [
            ("HOME", "/tmp"),
            ("USER", "skerry"),
            ("LOGNAME", "skerry"),
            ("PYTHONUNBUFFERED", "1"),
            ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        env.extend(self.spec.env.clone());
        let mount = |source: PathBuf, target: &str, read_only| Mount {
            source,
            target: target.to_owned(),
            read_only,
        };
        Ok(Workload {
            name: self.name(),
            // The id: a tag may be moved while we look.
            image: image.info.id,
            command,
            env: env.into_iter().collect(),
            mounts: vec![
                mount(program, PROGRAM_IN, true),
                mount(self.folder().join("sock"), SOCKETS_IN, false),
                mount(self.folder().join("log"), LOGS_IN, false),
            ],
            network: Network::None,
            labels: self.labels(),
            user: Some(own_user(info.rootless)),
            workdir: if image.workdir.is_empty() {
                String::from("/")
            } else {
                image.workdir
            },
            limits: Limits::default(),
        })
    }

    async fn process(&self, model_uri: &str) -> Failure<Workload> {
        let (agent, uri, folder) = (Arc::clone(&self.agent), model_uri.to_owned(), self.folder());
        // A copy: artifacts may be deleted while the service goes on.
        off_thread(move || {
            let model = folder.join("model");
            let source = artifacts::model_folder(&agent, &uri)?;
            match fs::remove_dir_all(&model) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
            .and_then(|()| artifacts::copy_folder(&source, &model))
            .and_then(|()| fs::write(folder.join("score.py"), SCORE_PY))
            .map_err(|error| io_failure("The model cannot be put in place", &error))
        })
        .await?;
        let address = free_address()?;
        let folder = self.folder();
        let logs = folder.join("log").display().to_string();
        let mut command = self.relay(
            self.agent.program().display().to_string(),
            &self.socket().display().to_string(),
            &address,
            &logs,
        );
        command.push(String::from("--new-session"));
        command.push(String::from("--"));
        command.extend(
            [
                "python3",
                &folder.join("score.py").display().to_string(),
                "--model",
                &folder.join("model").display().to_string(),
                "--listen",
                &address,
            ]
            .map(str::to_owned),
        );
        let mut env = self.spec.env.clone();
        env.entry(String::from("PYTHONUNBUFFERED"))
            .or_insert_with(|| String::from("1"));
        Ok(Workload {
            name: self.name(),
            image: String::new(),
            command,
            env: env.into_iter().collect(),
            mounts: Vec::new(),
            network: Network::Open,
            labels: self.labels(),
            user: None,
            workdir: folder.display().to_string(),
            limits: Limits::default(),
        })
    }

    /// Waits until it runs no more, and tells why. Engines that are away are waited for.
    pub(super) async fn ended(&self) -> ErrorBody {
        let Some(workload) = &self.workload else {
            return ErrorBody::new(Code::WrongState, "The service was not started.");
        };
        loop {
            match self.engine.wait(workload).await {
                Ok(_) => break,
                Err(error) => {
                    tracing::debug!(service = %self.service_id, %error, "the engine does not answer");
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            }
        }
        let end = End::read(&self.end_path()).ok().flatten();
        let unhealthy =
            |reason, message: String| ErrorBody::new(Code::Unhealthy, message).because(reason);
        let error = match end {
            Some(End {
                error: Some(words), ..
            }) => unhealthy(
                Reason::ProcessNotStarted,
                format!("The scoring process did not start: {words}."),
            )
            .with("why", words),
            Some(end) => unhealthy(
                Reason::ProcessEnded,
                format!("The scoring process ended with exit code {}.", end.code()),
            )
            .with("exit_code", end.code().to_string()),
            None => {
                let output = self
                    .engine
                    .last_output(workload, 1_000)
                    .await
                    .unwrap_or_default();
                let said = output.trim();
                unhealthy(
                    Reason::EndedFromOutside,
                    format!("The service was ended from outside. {said}"),
                )
                .with("why", said)
            }
        };
        error.with("last_line", self.last_error_line())
    }

    /// What it printed last, which mostly says why it ended.
    fn last_error_line(&self) -> String {
        self.agent
            .store
            .read(|reader| {
                let length = reader.log_length(&self.service_id)?;
                let page = reader.read_log(&self.service_id, length.saturating_sub(1), 1)?;
                Ok(page
                    .lines
                    .last()
                    .map(|numbered| numbered.line.text.clone())
                    .unwrap_or_default())
            })
            .unwrap_or_default()
    }

    /// Stops it, if it runs, and removes its workload.
    pub(super) async fn stop(&mut self) -> Failure<()> {
        let id = self.workload.clone().unwrap_or_else(|| self.name());
        self.engine.stop(&id, GRACE).await?;
        if let Some((ended, mut follower)) = self.log.take() {
            ended.cancel();
            // A store that takes nothing does not hold the end up.
            if tokio::time::timeout(GRACE, &mut follower).await.is_err() {
                follower.abort();
            }
        }
        self.engine.remove(&id).await?;
        self.workload = None;
        Ok(())
    }

    /// Stops it and removes its folder.
    pub(super) async fn discard(&mut self) -> Failure<()> {
        self.stop().await?;
        let (folder, key) = (self.folder(), self.log_key());
        self.agent
            .store
            .write_async(move |tx| tx.agent_log_gone(&key))
            .await?;
        off_thread(move || match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io_failure(
                &format!("{} cannot be removed", folder.display()),
                &error,
            )),
            _ => Ok(()),
        })
        .await
    }
}

/// A loopback port that is free now. Somebody may be faster; then the scoring server
/// ends and is started again with another.
fn free_address() -> Failure<String> {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.to_string())
        .map_err(|error| io_failure("The machine has no free port", &error))
}
