use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use async_trait::async_trait;
use bollard::{
    API_DEFAULT_VERSION, Docker,
    auth::DockerCredentials,
    container::LogOutput,
    errors::Error as Bollard,
    models::{
        ContainerCreateBody, ContainerStateStatusEnum, HostConfig, HostConfigLogConfig,
        ImageInspect, Mount as ApiMount, MountType,
    },
    query_parameters::{
        CreateContainerOptions, CreateImageOptions, ImportImageOptions, ListContainersOptions,
        ListImagesOptions, LogsOptions, RemoveContainerOptions, StopContainerOptions,
        WaitContainerOptions,
    },
};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use http::HeaderValue;
use skerry_domain::{EngineKind, Millis};

use crate::{
    Engine, EngineInfo, Error, ImageDetail, ImageInfo, Mount, Network, Observed, OnPull,
    PullProgress, RegistryCredentials, State, Workload, docker_errors,
};

/// An engine that does not begin to answer for so long has failed. Stopping a
/// container is answered at its end, so this is above any grace period in use.
const TIMEOUT_S: u64 = 180;

/// Docker's API on a local socket.
pub struct DockerEngine {
    /// Looked at in this order; the first that is there is used.
    sockets: Vec<PathBuf>,
    /// The client of the socket that answered last.
    client: Mutex<Option<Client>>,
}

#[derive(Clone)]
struct Client {
    docker: Docker,
    socket: PathBuf,
    kind: EngineKind,
}

/// Where engines listen on this machine: `DOCKER_HOST` when it names a Unix socket,
/// else Docker's place, then Podman's for this user and for root.
pub fn candidate_sockets() -> Vec<PathBuf> {
    if let Some(path) = std::env::var("DOCKER_HOST")
        .ok()
        .as_deref()
        .and_then(|host| host.strip_prefix("unix://"))
    {
        return vec![PathBuf::from(path)];
    }
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(folder) = std::env::var_os("XDG_RUNTIME_DIR") {
        sockets.push(Path::new(&folder).join("docker.sock"));
        sockets.push(Path::new(&folder).join("podman/podman.sock"));
    }
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    sockets
}

impl DockerEngine {
    /// An engine behind the first of these sockets that exists. Nothing is asked yet.
    pub fn new(sockets: Vec<PathBuf>) -> Self {
        Self {
            sockets,
            client: Mutex::new(None),
        }
    }

    /// The socket that is, or would be, used.
    pub fn socket(&self) -> PathBuf {
        self.sockets
            .iter()
            .find(|path| path.exists())
            .or_else(|| self.sockets.first())
            .cloned()
            .unwrap_or_default()
    }

    fn cached(&self) -> Option<Client> {
        self.client
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    async fn client(&self) -> Result<Client, Error> {
        let socket = self.socket();
        if let Some(client) = self.cached().filter(|client| client.socket == socket) {
            return Ok(client);
        }
        reachable(&socket).await?;
        let docker = Docker::connect_with_unix(
            &socket.display().to_string(),
            TIMEOUT_S,
            API_DEFAULT_VERSION,
        )
        .map_err(|error| Error::Failed(error.to_string()))?
        .with_request_modifier(url_safe_credentials)
        .negotiate_version()
        .await
        .map_err(|error| Error::Failed(words(&error)))?;
        let version = docker
            .version()
            .await
            .map_err(|error| Error::Failed(words(&error)))?;
        let podman = version
            .components
            .iter()
            .flatten()
            .any(|component| component.name.to_lowercase().contains("podman"));
        let client = Client {
            docker,
            socket,
            kind: if podman {
                EngineKind::Podman
            } else {
                EngineKind::Docker
            },
        };
        *self
            .client
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(client.clone());
        Ok(client)
    }

    /// What an error of the library means here.
    async fn failed(&self, error: Bollard) -> Error {
        if let Bollard::DockerResponseServerError { .. } | Bollard::DockerStreamError { .. } = error
        {
            return docker_errors::from_words(&words(&error));
        }
        // Not the engine's own answer: is it there at all?
        match reachable(&self.socket()).await {
            Err(error) => error,
            Ok(()) => Error::Failed(words(&error)),
        }
    }

    async fn image_missing(&self, reference: &str) -> Error {
        let mut present: Vec<String> = self
            .images()
            .await
            .unwrap_or_default()
            .into_iter()
            .flat_map(|image| {
                if image.references.is_empty() {
                    vec![image.id]
                } else {
                    image.references
                }
            })
            .collect();
        present.sort();
        Error::ImageMissing {
            reference: reference.to_owned(),
            present,
        }
    }
}

/// Docker decodes credentials with the URL-safe alphabet, and *ignores* what it
/// cannot decode; the library writes the standard one. They differ in two letters.
fn url_safe_credentials(mut request: bollard::BollardRequest) -> bollard::BollardRequest {
    if let Some(value) = request.headers_mut().get_mut("X-Registry-Auth")
        && let Ok(text) = value.to_str()
        && let Ok(mut fixed) = HeaderValue::from_str(&text.replace('+', "-").replace('/', "_"))
    {
        fixed.set_sensitive(true);
        *value = fixed;
    }
    request
}

/// Tries the socket itself, since the library's errors do not tell "not there"
/// from "not for you".
async fn reachable(socket: &Path) -> Result<(), Error> {
    let shown = socket.display().to_string();
    match tokio::net::UnixStream::connect(socket).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(Error::Permission {
            socket: shown,
            user: user_name(),
        }),
        Err(error) => Err(Error::Missing {
            socket: shown,
            reason: match error.kind() {
                io::ErrorKind::NotFound => String::from("there is no such socket"),
                io::ErrorKind::ConnectionRefused => String::from("nothing listens there"),
                _ => error.to_string(),
            },
        }),
    }
}

fn user_name() -> String {
    std::env::var("USER").unwrap_or_else(|_| rustix::process::getuid().as_raw().to_string())
}

fn words(error: &Bollard) -> String {
    match error {
        Bollard::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Bollard::DockerStreamError { error } => error.trim().to_owned(),
        other => other.to_string(),
    }
}

fn status(error: &Bollard) -> Option<u16> {
    match error {
        Bollard::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

fn named(references: Option<Vec<String>>) -> Vec<String> {
    references
        .into_iter()
        .flatten()
        .filter(|reference| !reference.contains("<none>"))
        .collect()
}

fn detail(image: ImageInspect) -> ImageDetail {
    let config = image.config.unwrap_or_default();
    let mut command = config.entrypoint.unwrap_or_default();
    command.extend(config.cmd.unwrap_or_default());
    ImageDetail {
        info: ImageInfo {
            id: image.id.unwrap_or_default(),
            references: named(image.repo_tags),
            digests: named(image.repo_digests),
            size: image
                .size
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or_default(),
            created_at: image.created.as_deref().map(millis).unwrap_or_default(),
        },
        architecture: image.architecture.unwrap_or_default(),
        command,
        workdir: config.working_dir.unwrap_or_default(),
    }
}

/// RFC 3339 in UTC, as the engine writes it, to milliseconds; 0 when it is not one.
fn millis(text: &str) -> Millis {
    let parse = || -> Option<Millis> {
        let (date, time) = text.split_once('T')?;
        let mut date = date.splitn(3, '-').map(str::parse::<i64>);
        let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
        let mut time = time.get(..8)?.splitn(3, ':').map(str::parse::<i64>);
        let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
        // Days since 1970-01-01 in the proleptic Gregorian calendar.
        let shifted = if month <= 2 { year - 1 } else { year };
        let era = shifted.div_euclid(400);
        let year_of_era = shifted.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
            + day_of_year
            - 719_468;
        Some((days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000)
    };
    parse().unwrap_or_default()
}

fn api_mount(mount: &Mount) -> ApiMount {
    ApiMount {
        source: Some(mount.source.display().to_string()),
        target: Some(mount.target.clone()),
        typ: Some(MountType::BIND),
        read_only: Some(mount.read_only),
        ..Default::default()
    }
}

fn create_body(workload: &Workload) -> ContainerCreateBody {
    let limits = workload.limits;
    let whole = |bytes: Option<u64>| bytes.and_then(|bytes| i64::try_from(bytes).ok());
    // Bounded by the caller to what a machine may have; the cast cannot overflow.
    #[expect(clippy::cast_possible_truncation, reason = "see above")]
    let nano_cpus = limits.cpus.map(|cpus| (cpus * 1e9) as i64);
    ContainerCreateBody {
        image: Some(workload.image.clone()),
        entrypoint: workload
            .command
            .first()
            .map(|program| vec![program.clone()]),
        cmd: Some(workload.command.iter().skip(1).cloned().collect()),
        env: Some(
            workload
                .env
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        ),
        labels: Some(workload.labels.clone().into_iter().collect()),
        user: workload.user.clone(),
        working_dir: Some(workload.workdir.clone()),
        host_config: Some(HostConfig {
            mounts: Some(workload.mounts.iter().map(api_mount).collect()),
            network_mode: Some(
                match workload.network {
                    Network::None => "none",
                    Network::Open => "default",
                }
                .to_owned(),
            ),
            memory: whole(limits.memory_bytes),
            memory_swap: whole(limits.memory_bytes),
            nano_cpus,
            shm_size: whole(limits.shm_bytes),
            // The entry point writes its own log; this one holds only its last words.
            log_config: Some(HostConfigLogConfig {
                typ: Some(String::from("json-file")),
                config: Some(HashMap::from([
                    (String::from("max-size"), String::from("1m")),
                    (String::from("max-file"), String::from("1")),
                ])),
            }),
            security_opt: Some(vec![String::from("no-new-privileges")]),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[async_trait]
impl Engine for DockerEngine {
    fn kind(&self) -> EngineKind {
        self.cached()
            .map_or(EngineKind::Docker, |client| client.kind)
    }

    async fn info(&self) -> Result<EngineInfo, Error> {
        let client = self.client().await?;
        let version = match client.docker.version().await {
            Ok(version) => version,
            Err(error) => return Err(self.failed(error).await),
        };
        let info = match client.docker.info().await {
            Ok(info) => info,
            Err(error) => return Err(self.failed(error).await),
        };
        let rootless = info
            .security_options
            .iter()
            .flatten()
            .any(|option| option.contains("rootless"));
        let spoken = client.docker.client_version();
        Ok(EngineInfo {
            kind: client.kind,
            version: version.version.unwrap_or_default(),
            api_version: format!("{}.{}", spoken.major_version, spoken.minor_version),
            rootless,
        })
    }

    async fn images(&self) -> Result<Vec<ImageInfo>, Error> {
        let client = self.client().await?;
        match client.docker.list_images(None::<ListImagesOptions>).await {
            Ok(images) => Ok(images
                .into_iter()
                .map(|image| ImageInfo {
                    id: image.id,
                    references: named(Some(image.repo_tags)),
                    digests: named(Some(image.repo_digests)),
                    size: u64::try_from(image.size).unwrap_or_default(),
                    created_at: image.created.saturating_mul(1_000),
                })
                .collect()),
            Err(error) => Err(self.failed(error).await),
        }
    }

    async fn image(&self, reference: &str) -> Result<ImageDetail, Error> {
        let client = self.client().await?;
        match client.docker.inspect_image(reference).await {
            Ok(image) => Ok(detail(image)),
            Err(error) if matches!(status(&error), Some(404 | 400)) => {
                Err(self.image_missing(reference).await)
            }
            Err(error) => Err(self.failed(error).await),
        }
    }

    async fn start(&self, workload: &Workload) -> Result<String, Error> {
        let Client { docker, .. } = self.client().await?;
        let options = CreateContainerOptions {
            name: Some(workload.name.clone()),
            ..Default::default()
        };
        let mut tries = 0;
        let id = loop {
            tries += 1;
            match docker
                .create_container(Some(options.clone()), create_body(workload))
                .await
            {
                Ok(created) => break created.id,
                Err(error) if status(&error) == Some(409) && tries == 1 => {
                    let there = self.inspect(&workload.name).await?;
                    if there.state == State::Created {
                        self.remove(&there.id).await?;
                    } else if there.state != State::Gone {
                        return Ok(there.id);
                    }
                }
                Err(error) if status(&error) == Some(404) => {
                    return Err(self.image_missing(&workload.image).await);
                }
                Err(error) => return Err(self.failed(error).await),
            }
        };
        if let Err(error) = docker.start_container(&id, None).await {
            let failure = self.failed(error).await;
            if let Err(error) = self.remove(&id).await {
                tracing::warn!(container = %id, %error, "a container that did not start is left behind");
            }
            return Err(failure);
        }
        Ok(id)
    }

    async fn inspect(&self, id: &str) -> Result<Observed, Error> {
        let client = self.client().await?;
        let container = match client.docker.inspect_container(id, None).await {
            Ok(container) => container,
            Err(error) if status(&error) == Some(404) => {
                return Ok(Observed {
                    id: id.to_owned(),
                    name: id.to_owned(),
                    state: State::Gone,
                    labels: BTreeMap::new(),
                    image_id: String::new(),
                });
            }
            Err(error) => return Err(self.failed(error).await),
        };
        let api = container.state.unwrap_or_default();
        let state = match api.status {
            Some(ContainerStateStatusEnum::CREATED) => State::Created,
            Some(
                ContainerStateStatusEnum::RUNNING
                | ContainerStateStatusEnum::PAUSED
                | ContainerStateStatusEnum::RESTARTING,
            ) => State::Running,
            _ => State::Exited {
                code: api.exit_code.and_then(|code| i32::try_from(code).ok()),
                out_of_memory: api.oom_killed.unwrap_or_default(),
                error: api.error.filter(|words| !words.is_empty()),
            },
        };
        Ok(Observed {
            id: container.id.unwrap_or_default(),
            name: container
                .name
                .unwrap_or_default()
                .trim_start_matches('/')
                .to_owned(),
            state,
            labels: container
                .config
                .and_then(|config| config.labels)
                .unwrap_or_default()
                .into_iter()
                .collect(),
            image_id: container.image.unwrap_or_default(),
        })
    }

    async fn wait(&self, id: &str) -> Result<Observed, Error> {
        loop {
            let observed = self.inspect(id).await?;
            if observed.state != State::Running {
                return Ok(observed);
            }
            let client = self.client().await?;
            let options = WaitContainerOptions {
                condition: String::from("not-running"),
            };
            let mut answers = client.docker.wait_container(id, Some(options));
            match answers.next().await {
                // A code above 0 comes as an error; inspect tells the rest either way.
                Some(Ok(_) | Err(Bollard::DockerContainerWaitError { .. })) => {}
                Some(Err(error)) if status(&error) == Some(404) => {}
                Some(Err(error)) => return Err(self.failed(error).await),
                None => {
                    return Err(Error::Failed(String::from(
                        "It stopped answering while a container was watched.",
                    )));
                }
            }
        }
    }

    async fn stop(&self, id: &str, grace: Duration) -> Result<(), Error> {
        let client = self.client().await?;
        let options = StopContainerOptions {
            t: Some(i32::try_from(grace.as_secs()).unwrap_or(i32::MAX)),
            ..Default::default()
        };
        match client.docker.stop_container(id, Some(options)).await {
            Ok(()) => Ok(()),
            // 304: it does not run; 404: it is not there.
            Err(error) if matches!(status(&error), Some(304 | 404)) => Ok(()),
            Err(error) => Err(self.failed(error).await),
        }
    }

    async fn remove(&self, id: &str) -> Result<(), Error> {
        let client = self.client().await?;
        let options = RemoveContainerOptions {
            force: true,
            v: true,
            ..Default::default()
        };
        match client.docker.remove_container(id, Some(options)).await {
            Ok(()) => Ok(()),
            // 404: it is not there; 409: its removal is under way.
            Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(()),
            Err(error) => Err(self.failed(error).await),
        }
    }

    async fn list(&self, label: &str, value: &str) -> Result<Vec<Observed>, Error> {
        let client = self.client().await?;
        let options = ListContainersOptions {
            all: true,
            filters: Some(HashMap::from([(
                String::from("label"),
                vec![format!("{label}={value}")],
            )])),
            ..Default::default()
        };
        let containers = match client.docker.list_containers(Some(options)).await {
            Ok(containers) => containers,
            Err(error) => return Err(self.failed(error).await),
        };
        let mut found = Vec::new();
        for id in containers.into_iter().filter_map(|container| container.id) {
            let observed = self.inspect(&id).await?;
            if observed.state != State::Gone {
                found.push(observed);
            }
        }
        Ok(found)
    }

    async fn last_output(&self, id: &str, max: usize) -> Result<String, Error> {
        let client = self.client().await?;
        let options = LogsOptions {
            stdout: true,
            stderr: true,
            tail: String::from("50"),
            ..Default::default()
        };
        let mut lines = client.docker.logs(id, Some(options));
        let mut bytes = Vec::new();
        while let Some(line) = lines.next().await {
            match line {
                Ok(
                    LogOutput::StdOut { message }
                    | LogOutput::StdErr { message }
                    | LogOutput::Console { message },
                ) => bytes.extend_from_slice(&message),
                Ok(LogOutput::StdIn { .. }) => {}
                Err(error) => return Err(self.failed(error).await),
            }
        }
        let cut = bytes.len().saturating_sub(max);
        Ok(String::from_utf8_lossy(bytes.get(cut..).unwrap_or_default()).into_owned())
    }

    async fn export_image(
        &self,
        id: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let client = self.client().await?;
        self.image(id).await?;
        let id = id.to_owned();
        // The library's stream borrows its client, so both move into a task.
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        tokio::spawn(async move {
            let mut stream = Box::pin(client.docker.export_image(&id));
            while let Some(part) = stream.next().await {
                let part = part.map_err(|error| docker_errors::from_words(&words(&error)));
                if sender.send(part).await.is_err() {
                    break;
                }
            }
        });
        Ok(
            futures_util::stream::unfold(receiver, |mut receiver| async {
                receiver.recv().await.map(|part| (part, receiver))
            })
            .boxed(),
        )
    }

    async fn pull(
        &self,
        reference: &str,
        credentials: Option<&RegistryCredentials>,
        progress: OnPull<'_>,
    ) -> Result<ImageDetail, Error> {
        let client = self.client().await?;
        let host = reference.split('/').next().unwrap_or_default();
        let options = CreateImageOptions {
            from_image: Some(reference.to_owned()),
            ..Default::default()
        };
        let credentials = credentials.map(|credentials| DockerCredentials {
            username: Some(credentials.username.clone()),
            password: Some(credentials.password.expose().to_owned()),
            serveraddress: Some(host.to_owned()),
            ..Default::default()
        });
        let mut answers = Box::pin(client.docker.create_image(Some(options), None, credentials));
        let mut layers: HashMap<String, (u64, u64)> = HashMap::new();
        while let Some(answer) = answers.next().await {
            let answer = match answer {
                Ok(answer) => answer,
                Err(
                    error @ (Bollard::DockerResponseServerError { .. }
                    | Bollard::DockerStreamError { .. }),
                ) => return Err(docker_errors::from_pull(reference, &words(&error))),
                Err(error) => return Err(self.failed(error).await),
            };
            if let Some(message) = answer.error_detail.and_then(|detail| detail.message) {
                return Err(docker_errors::from_pull(reference, &message));
            }
            // Unpacking reports the same layers again; only what arrives counts.
            if answer.status.as_deref() == Some("Downloading")
                && let (Some(id), Some(detail)) = (answer.id, answer.progress_detail)
            {
                let whole = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
                layers.insert(
                    id,
                    (
                        whole(detail.current).unwrap_or_default(),
                        whole(detail.total).unwrap_or_default(),
                    ),
                );
                progress(PullProgress {
                    done: layers.values().map(|(done, _)| done).sum(),
                    total: layers.values().map(|(_, total)| total).sum(),
                });
            }
        }
        self.image(reference).await
    }

    async fn load(
        &self,
        tar: BoxStream<'static, Result<Bytes, io::Error>>,
    ) -> Result<Vec<String>, Error> {
        let client = self.client().await?;
        let body = bollard::body_try_stream(tar);
        let answers: Result<Vec<_>, _> = client
            .docker
            .import_image(ImportImageOptions::default(), body, None)
            .try_collect()
            .await;
        match answers {
            Ok(answers) => Ok(answers
                .into_iter()
                .filter_map(|answer| answer.stream)
                .filter_map(|line| {
                    let line = line.trim();
                    line.strip_prefix("Loaded image: ")
                        .or_else(|| line.strip_prefix("Loaded image ID: "))
                        .map(str::to_owned)
                })
                .collect()),
            Err(error) => Err(self.failed(error).await),
        }
    }
}

#[cfg(test)]
mod tests {
    use skerry_domain::{Code, Coded as _};

    use super::*;

    #[test]
    fn times_of_the_engine() {
        assert_eq!(millis("1970-01-01T00:00:00Z"), 0);
        assert_eq!(millis("2026-11-26T23:52:35.123456789Z"), 1_795_737_155_000);
        assert_eq!(millis("2024-02-29T12:00:00Z"), 1_709_208_000_000);
        assert_eq!(millis("yesterday"), 0);
    }

    #[tokio::test]
    async fn an_absent_engine_has_its_own_code() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        let engine = DockerEngine::new(vec![socket.clone()]);
        assert_eq!(engine.info().await.unwrap_err().code(), Code::EngineMissing);
        // A socket that nobody listens on any more.
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        assert_eq!(engine.info().await.unwrap_err().code(), Code::EngineMissing);
    }
}
