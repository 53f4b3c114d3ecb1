//! The agent's interface; see [`crate::api`].

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Query, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use skerry_domain::{Code, EngineKind, ErrorBody, RunSpec, WorkloadState};
use skerry_mlflow::MlflowState;
use tokio::time::{Instant, timeout_at};
use tokio_util::io::ReaderStream;

use super::{
    Agent, artifacts, blobs, builds, failure::off_thread, folders, io_failure, machine, ports,
    runs, services,
};
use crate::api::{
    ArtifactEntry, BlobList, BuildView, FolderQuery, FolderReport, Image, ImageBuildRequest,
    Invoke, Invoked, JournalPage, PortQuery, PortReport, ServiceRequest, ServiceView, Status,
};

/// No JSON is larger: a project of the most files there may be fits.
const LARGEST_JSON: usize = 32 << 20;
/// A poll waits no longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

type Shared = State<Arc<Agent>>;

pub(super) fn routes(agent: Arc<Agent>) -> Router {
    let mlflow = MlflowState::new(agent.store.clone(), agent.artifacts.clone());
    let json = Router::new()
        .route("/v1/status", get(status))
        .route("/v1/shutdown", post(shut_down))
        .route("/v1/journal", get(journal))
        .route("/v1/blobs/missing", post(missing_blobs))
        .route("/v1/folders/inspect", post(inspect_folder))
        .route("/v1/ports/check", post(check_port))
        .route("/v1/images", get(images))
        .route("/v1/artifacts", get(list_artifacts))
        .route("/v1/artifact", get(artifact))
        .route("/v1/runs", get(list_runs).post(start_run))
        .route("/v1/runs/{id}", get(run).delete(remove_run))
        .route("/v1/runs/{id}/cancel", post(cancel_run))
        .route("/v1/services", get(list_services))
        .route(
            "/v1/services/{id}",
            put(put_service).get(service).delete(delete_service),
        )
        .route("/v1/services/{id}/start", post(start_service))
        .route("/v1/services/{id}/stop", post(stop_service))
        .route("/v1/services/{id}/invoke", post(invoke))
        .route("/v1/image-builds", post(start_build))
        .route("/v1/image-builds/{id}", get(build))
        .route("/v1/image-builds/{id}/cancel", post(cancel_build))
        .layer(DefaultBodyLimit::max(LARGEST_JSON));
    Router::new()
        .merge(json)
        .route(
            "/v1/blobs/{sha256}",
            put(put_blob).layer(DefaultBodyLimit::disable()),
        )
        .fallback(nowhere)
        .with_state(agent)
        .nest_service("/mlflow", skerry_mlflow::router(mlflow))
}

/// A failure as an answer.
struct Refusal(ErrorBody);

impl From<ErrorBody> for Refusal {
    fn from(error: ErrorBody) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.0.code {
            Code::Invalid | Code::UnsafeLink => StatusCode::BAD_REQUEST,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::AlreadyExists | Code::WrongState | Code::Busy | Code::PortTaken => {
                StatusCode::CONFLICT
            }
            Code::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::warn!(code = ?self.0.code, message = %self.0.message, "a request failed");
        }
        (status, Json(self.0)).into_response()
    }
}

type Answer<T> = Result<Json<T>, Refusal>;

/// JSON in; what is wrong with it is told as every other failure.
struct Sent<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = bytes::Bytes::from_request(request, state)
            .await
            .map_err(|error| ErrorBody::new(Code::Invalid, error.to_string()))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            // Not the content: there may be a password in it.
            ErrorBody::new(
                Code::Invalid,
                format!(
                    "The request is not what this agent expects (line {}, column {}).",
                    error.line(),
                    error.column()
                ),
            )
            .into()
        })
    }
}

/// A query in; see [`Sent`].
struct Asked<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Refusal> {
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(query)| Self(query))
            .map_err(|error| ErrorBody::new(Code::Invalid, error.to_string()).into())
    }
}

async fn nowhere(request: Request) -> Refusal {
    ErrorBody::new(
        Code::AgentVersion,
        format!(
            "This agent ({}) knows no {} {}.",
            crate::VERSION,
            request.method(),
            request.uri().path()
        ),
    )
    .into()
}

async fn status(State(agent): Shared) -> Answer<Status> {
    Ok(Json(machine::status(&agent).await?))
}

async fn shut_down(State(agent): Shared) -> Answer<()> {
    agent.shutdown.cancel();
    Ok(Json(()))
}

#[derive(Deserialize)]
struct JournalQuery {
    after: u64,
    limit: usize,
    #[serde(default)]
    wait_ms: u64,
}

async fn journal(State(agent): Shared, Asked(query): Asked<JournalQuery>) -> Answer<JournalPage> {
    let deadline = Instant::now() + Duration::from_millis(query.wait_ms).min(LONGEST_WAIT);
    let mut commits = agent.store.commits();
    loop {
        commits.mark_unchanged();
        let store = agent.store.clone();
        let limit = query.limit.clamp(1, 10_000);
        let page = off_thread(move || {
            Ok(store.read(|reader| {
                Ok(JournalPage {
                    journal_id: reader.journal_id()?,
                    entries: reader.journal_after(query.after, limit)?,
                    last: reader.journal_last()?,
                })
            })?)
        })
        .await?;
        if !page.entries.is_empty() || Instant::now() >= deadline {
            return Ok(Json(page));
        }
        let news = async {
            tokio::select! {
                changed = commits.changed() => changed.is_ok(),
                () = agent.shutdown.cancelled() => false,
            }
        };
        if !matches!(timeout_at(deadline, news).await, Ok(true)) {
            return Ok(Json(page));
        }
    }
}

async fn missing_blobs(State(agent): Shared, Sent(query): Sent<BlobList>) -> Answer<BlobList> {
    let folder = agent.home.blobs();
    let sha256 = off_thread(move || blobs::missing(&folder, query.sha256)).await?;
    Ok(Json(BlobList { sha256 }))
}

async fn put_blob(State(agent): Shared, Path(sha256): Path<String>, body: Body) -> Answer<()> {
    blobs::put(&agent.home.blobs(), &sha256, body.into_data_stream()).await?;
    Ok(Json(()))
}

async fn inspect_folder(Sent(query): Sent<FolderQuery>) -> Answer<FolderReport> {
    Ok(Json(
        off_thread(move || Ok(folders::inspect(query.path))).await?,
    ))
}

async fn check_port(Sent(query): Sent<PortQuery>) -> Answer<PortReport> {
    Ok(Json(ports::check(&query).await))
}

async fn images(State(agent): Shared) -> Answer<Vec<Image>> {
    let images = agent
        .engine(EngineKind::Docker)
        .images()
        .await
        .map_err(ErrorBody::from)?;
    let images = images
        .into_iter()
        .map(|image| Image {
            id: image.id,
            references: image.references,
            digests: image.digests,
            size: image.size,
            created_at: image.created_at,
        })
        .collect();
    Ok(Json(images))
}

#[derive(Deserialize)]
struct UriQuery {
    uri: String,
}

async fn list_artifacts(
    State(agent): Shared,
    Asked(query): Asked<UriQuery>,
) -> Answer<Vec<ArtifactEntry>> {
    Ok(Json(
        off_thread(move || artifacts::list(&agent, &query.uri)).await?,
    ))
}

async fn artifact(
    State(agent): Shared,
    Asked(query): Asked<UriQuery>,
) -> Result<Response, Refusal> {
    let uri = query.uri.clone();
    let path = off_thread(move || artifacts::path(&agent, &query.uri)).await?;
    let open = async {
        let file = tokio::fs::File::open(&path).await?;
        let metadata = file.metadata().await?;
        if metadata.is_file() {
            Ok((file, metadata.len()))
        } else {
            Err(std::io::Error::from(std::io::ErrorKind::NotFound))
        }
    };
    let (file, size) = open.await.map_err(|error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            ErrorBody::not_found("artifact", &uri)
        } else {
            io_failure(&format!("'{uri}' cannot be read"), &error)
        }
    })?;
    let headers = [
        (
            header::CONTENT_TYPE,
            String::from("application/octet-stream"),
        ),
        (header::CONTENT_LENGTH, size.to_string()),
    ];
    Ok((
        headers,
        Body::from_stream(ReaderStream::with_capacity(file, 64 << 10)),
    )
        .into_response())
}

async fn list_runs(State(agent): Shared) -> Answer<Vec<WorkloadState>> {
    let mut states = agent
        .store
        .read(|reader| reader.agent_run_states())
        .map_err(ErrorBody::from)?;
    states.sort_by_key(|state| std::cmp::Reverse(state.queued_at));
    Ok(Json(states))
}

async fn start_run(State(agent): Shared, Sent(spec): Sent<RunSpec>) -> Answer<WorkloadState> {
    Ok(Json(runs::start(&agent, spec).await?))
}

async fn run(State(agent): Shared, Path(id): Path<String>) -> Answer<WorkloadState> {
    Ok(Json(runs::get(&agent.store, &id)?.state))
}

async fn cancel_run(State(agent): Shared, Path(id): Path<String>) -> Answer<WorkloadState> {
    Ok(Json(runs::cancel(&agent, &id).await?))
}

async fn remove_run(State(agent): Shared, Path(id): Path<String>) -> Answer<()> {
    Ok(Json(runs::remove(&agent, &id).await?))
}

async fn list_services(State(agent): Shared) -> Answer<Vec<ServiceView>> {
    Ok(Json(services::list(&agent)))
}

async fn put_service(
    State(agent): Shared,
    Path(id): Path<String>,
    Sent(request): Sent<ServiceRequest>,
) -> Answer<ServiceView> {
    Ok(Json(services::put(&agent, &id, request).await?))
}

async fn service(State(agent): Shared, Path(id): Path<String>) -> Answer<ServiceView> {
    Ok(Json(services::view(&agent, &id)?))
}

async fn start_service(State(agent): Shared, Path(id): Path<String>) -> Answer<ServiceView> {
    Ok(Json(services::start(&agent, &id).await?))
}

async fn stop_service(State(agent): Shared, Path(id): Path<String>) -> Answer<ServiceView> {
    Ok(Json(services::stop(&agent, &id).await?))
}

async fn delete_service(State(agent): Shared, Path(id): Path<String>) -> Answer<()> {
    Ok(Json(services::delete(&agent, &id).await?))
}

async fn invoke(
    State(agent): Shared,
    Path(id): Path<String>,
    Sent(request): Sent<Invoke>,
) -> Answer<Invoked> {
    Ok(Json(services::invoke(&agent, &id, request).await?))
}

async fn start_build(
    State(agent): Shared,
    Sent(request): Sent<ImageBuildRequest>,
) -> Answer<BuildView> {
    Ok(Json(builds::start(&agent, request)?))
}

#[derive(Deserialize)]
struct BuildQuery {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait_ms: u64,
}

async fn build(
    State(agent): Shared,
    Path(id): Path<String>,
    Asked(query): Asked<BuildQuery>,
) -> Answer<BuildView> {
    let build = builds::get(&agent, &id)?;
    let wait = Duration::from_millis(query.wait_ms).min(LONGEST_WAIT);
    Ok(Json(build.view_after(query.after, wait).await))
}

async fn cancel_build(State(agent): Shared, Path(id): Path<String>) -> Answer<BuildView> {
    let build = builds::get(&agent, &id)?;
    build.cancel();
    Ok(Json(build.view()))
}
