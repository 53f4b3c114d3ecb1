//! Talks to an agent over any byte stream: a Unix socket on this computer, a channel
//! of an SSH connection elsewhere.

mod transport;
mod upload;

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use skerry_domain::{Code, ErrorBody, RunSpec, ServiceSpec, WorkloadState};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    api::{
        API_VERSION, ArtifactEntry, BlobList, BuildView, FolderQuery, FolderReport, Image,
        ImageBuildRequest, Invoke, Invoked, JournalPage, PortQuery, PortReport,
        RegistryCredentials, ServiceView, Status,
    },
    sockets,
};

pub use upload::{OnUpload, UploadProgress, Uploaded};

/// A byte stream to an agent.
pub trait ReadWrite: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ReadWrite for T {}

/// A byte stream to an agent, boxed.
pub type Stream = Box<dyn ReadWrite>;

/// Opens byte streams to one agent. One is opened per request.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Opens one. The code says what is away: the machine, or only its agent.
    async fn connect(&self) -> Result<Stream, ErrorBody>;
}

/// The socket of an agent on this computer.
#[derive(Debug, Clone)]
pub struct UnixConnector {
    /// `agent.sock` in its home.
    pub path: PathBuf,
}

#[async_trait]
impl Connector for UnixConnector {
    async fn connect(&self) -> Result<Stream, ErrorBody> {
        match sockets::connect(&self.path).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(ErrorBody::new(
                Code::AgentUnreachable,
                format!("No agent answers on {}: {error}.", self.path.display()),
            )
            .with("socket", self.path.display().to_string())),
        }
    }
}

/// How long a plain question may take.
const QUESTION: Duration = Duration::from_secs(30);
/// How long an answer may take that waits for an engine or a scoring process.
const SLOW: Duration = Duration::from_secs(240);

/// Talks to one agent.
#[derive(Clone)]
pub struct Client {
    connector: Arc<dyn Connector>,
}

impl Client {
    /// A client over a connector.
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }

    async fn get<R: DeserializeOwned>(&self, path: &str, limit: Duration) -> Result<R, ErrorBody> {
        self.ask(Method::GET, path, None::<&()>, limit).await
    }

    async fn ask<R: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        limit: Duration,
    ) -> Result<R, ErrorBody> {
        let body = match body {
            Some(body) => Bytes::from(serde_json::to_vec(body).map_err(|error| {
                ErrorBody::new(
                    Code::Internal,
                    format!("A request cannot be written: {error}"),
                )
            })?),
            None => Bytes::new(),
        };
        let answer = transport::exchange(&*self.connector, method, path, body, limit).await?;
        serde_json::from_slice(&answer).map_err(|error| {
            ErrorBody::new(
                Code::AgentVersion,
                format!("The agent's answer to {path} is not what this version expects: {error}."),
            )
        })
    }

    /// What the agent says about itself and its machine. An agent that speaks another
    /// version of this interface is an error with [`Code::AgentVersion`].
    pub async fn status(&self) -> Result<Status, ErrorBody> {
        let status: Status = self.get("/v1/status", QUESTION).await?;
        if status.api == API_VERSION {
            Ok(status)
        } else {
            Err(ErrorBody::new(
                Code::AgentVersion,
                format!(
                    "The agent {} speaks version {} of the interface, this program version {API_VERSION}.",
                    status.version, status.api
                ),
            )
            .with("agent", status.version))
        }
    }

    /// Ends the agent; its workloads go on. Done when it answers no more.
    pub async fn shut_down(&self) -> Result<(), ErrorBody> {
        let () = self
            .ask(Method::POST, "/v1/shutdown", None::<&()>, QUESTION)
            .await?;
        let deadline = tokio::time::Instant::now() + QUESTION;
        // A stream through `skerry-agent connect` opens even when no agent is behind it:
        // there only the missing answers tell. An agent of another version counts as one.
        let mut silent = 0;
        while tokio::time::Instant::now() < deadline && silent < 5 {
            if self.connector.connect().await.is_err() {
                return Ok(());
            }
            match self.status().await {
                Ok(_) => silent = 0,
                Err(error) if error.code == Code::AgentVersion => silent = 0,
                Err(_) => silent += 1,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if silent >= 5 {
            return Ok(());
        }
        Err(ErrorBody::new(
            Code::TimedOut,
            "The agent was asked to end, but still answers.",
        ))
    }

    /// Journal entries after `after`; waits up to `wait` (at most 30 s) for the first.
    pub async fn journal(
        &self,
        after: u64,
        limit: u32,
        wait: Duration,
    ) -> Result<JournalPage, ErrorBody> {
        let path = format!(
            "/v1/journal?after={after}&limit={limit}&wait_ms={}",
            wait.as_millis()
        );
        self.get(&path, QUESTION + wait).await
    }

    /// Images that are present on the machine.
    pub async fn images(&self) -> Result<Vec<Image>, ErrorBody> {
        self.get("/v1/images", SLOW).await
    }

    /// Whether a folder of the machine can be used as data.
    pub async fn inspect_folder(&self, path: &str) -> Result<FolderReport, ErrorBody> {
        let query = FolderQuery {
            path: path.to_owned(),
        };
        self.ask(Method::POST, "/v1/folders/inspect", Some(&query), QUESTION)
            .await
    }

    /// Whether a port of the machine is free; port 0 asks for a free one.
    pub async fn check_port(&self, bind: &str, port: u16) -> Result<PortReport, ErrorBody> {
        let query = PortQuery {
            bind: bind.to_owned(),
            port,
        };
        self.ask(Method::POST, "/v1/ports/check", Some(&query), QUESTION)
            .await
    }

    /// Which of these blobs the agent does not have.
    pub async fn missing_blobs(&self, sha256: Vec<String>) -> Result<Vec<String>, ErrorBody> {
        let query = BlobList { sha256 };
        let answer: BlobList = self
            .ask(Method::POST, "/v1/blobs/missing", Some(&query), SLOW)
            .await?;
        Ok(answer.sha256)
    }

    /// Starts a run. Its project's blobs must be there ([`Client::upload_project`]).
    /// Asking again with the same run id starts nothing twice.
    pub async fn start_run(&self, spec: &RunSpec) -> Result<WorkloadState, ErrorBody> {
        self.ask(Method::POST, "/v1/runs", Some(spec), SLOW).await
    }

    /// All runs that the agent knows, newest first.
    pub async fn runs(&self) -> Result<Vec<WorkloadState>, ErrorBody> {
        self.get("/v1/runs", QUESTION).await
    }

    /// One run.
    pub async fn run(&self, run_id: &str) -> Result<WorkloadState, ErrorBody> {
        self.get(&format!("/v1/runs/{}", escape(run_id)), QUESTION)
            .await
    }

    /// Asks a run to end; it is killed when it does not within ten seconds.
    pub async fn cancel_run(&self, run_id: &str) -> Result<WorkloadState, ErrorBody> {
        let path = format!("/v1/runs/{}/cancel", escape(run_id));
        self.ask(Method::POST, &path, None::<&()>, QUESTION).await
    }

    /// Removes the folder of a run that has ended. What it logged stays.
    pub async fn remove_run(&self, run_id: &str) -> Result<(), ErrorBody> {
        let path = format!("/v1/runs/{}", escape(run_id));
        self.ask(Method::DELETE, &path, None::<&()>, SLOW).await
    }

    /// Makes a service, or a new revision of it. Answers as soon as it is taken on.
    pub async fn put_service(
        &self,
        id: &str,
        spec: &ServiceSpec,
        credentials: Option<&RegistryCredentials>,
    ) -> Result<ServiceView, ErrorBody> {
        let body = json!({
            "spec": spec,
            "credentials": credentials.map(exposed),
        });
        let path = format!("/v1/services/{}", escape(id));
        self.ask(Method::PUT, &path, Some(&body), SLOW).await
    }

    /// All services.
    pub async fn services(&self) -> Result<Vec<ServiceView>, ErrorBody> {
        self.get("/v1/services", QUESTION).await
    }

    /// One service.
    pub async fn service(&self, id: &str) -> Result<ServiceView, ErrorBody> {
        self.get(&format!("/v1/services/{}", escape(id)), QUESTION)
            .await
    }

    /// Starts a service that was stopped.
    pub async fn start_service(&self, id: &str) -> Result<ServiceView, ErrorBody> {
        let path = format!("/v1/services/{}/start", escape(id));
        self.ask(Method::POST, &path, None::<&()>, SLOW).await
    }

    /// Stops a service; it stays stopped.
    pub async fn stop_service(&self, id: &str) -> Result<ServiceView, ErrorBody> {
        let path = format!("/v1/services/{}/stop", escape(id));
        self.ask(Method::POST, &path, None::<&()>, SLOW).await
    }

    /// Stops a service and forgets it.
    pub async fn delete_service(&self, id: &str) -> Result<(), ErrorBody> {
        let path = format!("/v1/services/{}", escape(id));
        self.ask(Method::DELETE, &path, None::<&()>, SLOW).await
    }

    /// Sends a request to a service, past its port.
    pub async fn invoke(&self, id: &str, request: &Invoke) -> Result<Invoked, ErrorBody> {
        let path = format!("/v1/services/{}/invoke", escape(id));
        self.ask(Method::POST, &path, Some(request), SLOW).await
    }

    /// Starts making an image of a model version and pushing it.
    pub async fn start_image_build(
        &self,
        request: &ImageBuildRequest,
    ) -> Result<BuildView, ErrorBody> {
        let body = json!({
            "id": request.id,
            "base_image": request.base_image,
            "model_uri": request.model_uri,
            "model_name": request.model_name,
            "model_version": request.model_version,
            "run_id": request.run_id,
            "description": request.description,
            "created_at": request.created_at,
            "target": request.target,
            "insecure": request.insecure,
            "ca_pem": request.ca_pem,
            "credentials": request.credentials.as_ref().map(exposed),
        });
        self.ask(Method::POST, "/v1/image-builds", Some(&body), SLOW)
            .await
    }

    /// Where a build stands; waits up to `wait` for a revision above `after`.
    /// [`Code::NotFound`] when the agent was restarted since.
    pub async fn image_build(
        &self,
        id: &str,
        after: u64,
        wait: Duration,
    ) -> Result<BuildView, ErrorBody> {
        let path = format!(
            "/v1/image-builds/{}?after={after}&wait_ms={}",
            escape(id),
            wait.as_millis()
        );
        self.get(&path, QUESTION + wait).await
    }

    /// Ends a build.
    pub async fn cancel_image_build(&self, id: &str) -> Result<BuildView, ErrorBody> {
        let path = format!("/v1/image-builds/{}/cancel", escape(id));
        self.ask(Method::POST, &path, None::<&()>, QUESTION).await
    }

    /// One level of an artifact tree: `runs:/<run>/<path>`, `models:/m-<id>/<path>`
    /// or an `mlflow-artifacts:` URI.
    pub async fn artifacts(&self, uri: &str) -> Result<Vec<ArtifactEntry>, ErrorBody> {
        self.get(&format!("/v1/artifacts?uri={}", escape(uri)), QUESTION)
            .await
    }

    /// The content of an artifact: its size and its bytes.
    pub async fn artifact(
        &self,
        uri: &str,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, ErrorBody>>), ErrorBody> {
        let path = format!("/v1/artifact?uri={}", escape(uri));
        transport::download(&*self.connector, &path, QUESTION).await
    }
}

/// The one place where credentials are written into a request to the agent.
fn exposed(credentials: &RegistryCredentials) -> serde_json::Value {
    json!({
        "username": credentials.username,
        "password": credentials.password.expose(),
    })
}

/// Percent-encodes everything but unreserved characters (RFC 3986).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
