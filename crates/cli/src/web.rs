//! `skerry web`: the console in a browser on this computer.
//!
//! Only loopback addresses are listened on. A one-time link opens a session; every
//! request must carry the session's cookie, name this host, and, where it acts, come
//! from this origin.

mod assets;
mod session;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt as _};
use serde_json::Value;
use skerry_console::api::Event;
use skerry_console::{Console, ConsoleOptions};
use skerry_domain::{Code, ErrorBody};
use tokio::io::AsyncBufReadExt as _;
use tokio::net::TcpListener;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::CancellationToken;

use crate::{output, serve};
use session::Sessions;

const CSP: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; object-src 'none'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Forms and request bodies of *Try it* are small; files do not pass here.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

struct Host {
    console: Console,
    sessions: Sessions,
    /// What the `Host` header may say.
    names: Vec<String>,
    /// Ends the event streams, which would keep the server open for ever.
    closing: CancellationToken,
}

/// Serves until the process is asked to end.
pub async fn run(listen: SocketAddr, data_dir: PathBuf, json: bool) -> Result<(), ErrorBody> {
    if !listen.ip().is_loopback() {
        return Err(ErrorBody::invalid(
            "listen",
            format!(
                "{} is not a loopback address. The console is for this computer only; \
                 from elsewhere, forward a port over SSH.",
                listen.ip()
            ),
        ));
    }
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        let code = if error.kind() == std::io::ErrorKind::AddrInUse {
            Code::PortTaken
        } else {
            Code::FileAccess
        };
        ErrorBody::new(code, format!("{listen} cannot be listened on: {error}."))
    })?;
    let address = listener.local_addr().map_err(|error| {
        ErrorBody::new(
            Code::Internal,
            format!("The listener has no address: {error}."),
        )
    })?;
    let _log = skerry_console::logging::init(&data_dir.join("logs"));
    let console = Console::open(ConsoleOptions::new(&data_dir)).await?;
    console.listen_local()?;
    let host = Arc::new(Host {
        console: console.clone(),
        sessions: Sessions::default(),
        names: vec![address.to_string(), format!("localhost:{}", address.port())],
        closing: CancellationToken::new(),
    });
    offer_link(&host, address, json);
    tokio::spawn(offer_more_links(host.clone(), address, json));
    let closing = host.closing.clone();
    let served = axum::serve(listener, router(host))
        .with_graceful_shutdown(async move {
            serve::ended().await;
            closing.cancel();
        })
        .await;
    console.close().await;
    served.map_err(|error| ErrorBody::new(Code::Internal, format!("Serving ended: {error}.")))
}

fn offer_link(host: &Host, address: SocketAddr, json: bool) {
    let link = format!("http://{address}/?token={}", host.sessions.new_link());
    output::print(json, &serde_json::json!({ "link": link }), || {
        format!("Open this link; it works once:\n{link}")
    });
}

/// Enter at the terminal makes another link, for another browser or a closed one.
async fn offer_more_links(host: Arc<Host>, address: SocketAddr, json: bool) {
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(_)) = lines.next_line().await {
        offer_link(&host, address, json);
    }
}

fn router(host: Arc<Host>) -> Router {
    Router::new()
        .route("/api/command/{name}", post(command))
        .route("/api/events", get(events))
        .route("/api/export/{id}", get(export))
        .fallback(get(page))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(host.clone(), guard))
        .with_state(host)
}

/// What a request gets.
enum Admission {
    /// It has a session.
    Granted,
    /// It came with an unused link: this is its new session.
    Opened(String),
    /// Neither.
    Refused(Response),
}

/// Lets in who has a session, or comes with an unused link.
async fn guard(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    match host.admit(&request) {
        Admission::Granted => secured(next.run(request).await),
        Admission::Opened(session) => {
            let cookie = format!(
                "{}={session}; Path=/; HttpOnly; SameSite=Strict",
                host.cookie_name()
            );
            let mut response = Redirect::to("/").into_response();
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().insert(header::SET_COOKIE, value);
            }
            secured(response)
        }
        Admission::Refused(response) => secured(response),
    }
}

impl Host {
    fn admit(&self, request: &Request) -> Admission {
        let header = |name: header::HeaderName| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let is_own = |name: &str| self.names.iter().any(|own| own == name);
        // Another name in `Host` is DNS rebinding.
        if !is_own(header(header::HOST)) {
            return Admission::Refused(refusal(
                StatusCode::FORBIDDEN,
                "This address is not the console's.",
            ));
        }
        let acts = request.method() != Method::GET && request.method() != Method::HEAD;
        let origin = header(header::ORIGIN).strip_prefix("http://");
        if acts && !origin.is_some_and(is_own) {
            return Admission::Refused(refusal(
                StatusCode::FORBIDDEN,
                "The request comes from another page.",
            ));
        }
        let uri = request.uri();
        let token = uri.query().and_then(|query| query.strip_prefix("token="));
        if request.method() == Method::GET
            && uri.path() == "/"
            && let Some(session) = token.and_then(|token| self.sessions.open(token))
        {
            return Admission::Opened(session);
        }
        let cookie_name = self.cookie_name();
        let known = request
            .headers()
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(name, session)| name == cookie_name && self.sessions.knows(session));
        if known {
            return Admission::Granted;
        }
        Admission::Refused(if uri.path().starts_with("/api/") {
            refusal(
                StatusCode::UNAUTHORIZED,
                "The session has ended. Open a new link.",
            )
        } else {
            (
                StatusCode::UNAUTHORIZED,
                [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
                assets::CLOSED_PAGE,
            )
                .into_response()
        })
    }

    /// Cookies do not know ports: two consoles on one host need two names.
    fn cookie_name(&self) -> String {
        let port = self
            .names
            .first()
            .and_then(|name| name.rsplit_once(':'))
            .map_or("", |(_, port)| port);
        format!("skerry_{port}")
    }
}

fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(ErrorBody::new(Code::Unauthenticated, message))).into_response()
}

async fn command(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
    Json(args): Json<Value>,
) -> Response {
    match host.console.call(&name, args).await {
        Ok(value) => Json(value).into_response(),
        Err(error) => (status_of(error.code), Json(error)).into_response(),
    }
}

fn status_of(code: Code) -> StatusCode {
    match code {
        Code::Invalid => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::WrongState | Code::Busy => StatusCode::CONFLICT,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

async fn events(
    State(host): State<Arc<Host>>,
) -> Sse<impl Stream<Item = Result<axum::response::sse::Event, Infallible>>> {
    let stream = BroadcastStream::new(host.console.events()).filter_map(|event| {
        // A reader that fell behind reads everything anew.
        let event = event.unwrap_or_else(|_| Event::everything());
        let sent = axum::response::sse::Event::default().json_data(event);
        std::future::ready(sent.ok().map(Ok))
    });
    let stream = stream.take_until(host.closing.clone().cancelled_owned());
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// Bytes that are read and sent at once.
const CHUNK: usize = 256 * 1024;

/// An export that is whole, as a download: from the file, so that it need not fit into memory. Its
/// name is that of the link that was followed.
async fn export(State(host): State<Arc<Host>>, Path(id): Path<String>) -> Response {
    let (file, size) = match host.console.runs_export_take(&id).await {
        Ok(taken) => taken,
        Err(error) => return (status_of(error.code), Json(error)).into_response(),
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/vnd.apache.parquet".to_owned(),
        ),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
    ];
    let file = tokio::fs::File::from_std(file);
    let bytes = tokio_util::io::ReaderStream::with_capacity(file, CHUNK);
    (headers, axum::body::Body::from_stream(bytes)).into_response()
}

/// A file of the UI; every other path is a screen, which the UI finds by itself.
async fn page(request: Request) -> Response {
    assets::answer(request.uri().path())
}

#[cfg(test)]
mod tests;
