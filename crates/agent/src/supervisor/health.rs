//! One HTTP request to a service through its Unix socket.

use std::{path::Path, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use skerry_domain::{Code, ErrorBody, Reason};
use tokio::time::{Instant, timeout};

use super::failure::Failure;
use crate::{
    api::{Invoke, Invoked},
    sockets,
};

/// How long a health check may take.
const CHECK: Duration = Duration::from_secs(5);
/// How long a scoring request may take.
const SCORING: Duration = Duration::from_secs(180);
/// No more of an answer is passed on.
const LARGEST: usize = 4 << 20;

/// Asks `/ping`; how long the answer took, or why it is not healthy.
pub(super) async fn check(socket: &Path) -> Failure<u64> {
    let ping = Invoke {
        method: String::from("GET"),
        path: String::from("/ping"),
        body: String::new(),
    };
    let answer = exchange(socket, &ping, CHECK).await?;
    if answer.status == 200 {
        return Ok(answer.ms);
    }
    let said = serde_json::from_str::<serde_json::Value>(&answer.body)
        .ok()
        .and_then(|value| value.get("error")?.as_str().map(str::to_owned))
        .unwrap_or_else(|| skerry_domain::validate::shorten(&answer.body));
    Err(ErrorBody::new(
        Code::Unhealthy,
        format!(
            "The health check was answered with {}: {said}",
            answer.status
        ),
    )
    .because(Reason::HealthAnswered)
    .with("said", said)
    .with("status", answer.status.to_string()))
}

/// Sends a scoring request.
pub(super) async fn invoke(socket: &Path, request: &Invoke) -> Failure<Invoked> {
    exchange(socket, request, SCORING).await
}

async fn exchange(socket: &Path, invoke: &Invoke, limit: Duration) -> Failure<Invoked> {
    let method = Method::from_bytes(invoke.method.as_bytes())
        .ok()
        .filter(|method| *method == Method::GET || *method == Method::POST)
        .ok_or_else(|| ErrorBody::invalid("method", "The method is GET or POST."))?;
    if !invoke.path.starts_with('/') {
        return Err(ErrorBody::invalid("path", "The path begins with /."));
    }
    let request = Request::builder()
        .method(method)
        .uri(&invoke.path)
        .header(header::HOST, "localhost")
        .header(header::CONNECTION, "close")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(invoke.body.clone())))
        .map_err(|error| {
            ErrorBody::invalid("path", format!("The path cannot be asked for: {error}."))
        })?;
    let started = Instant::now();
    let silent = |why: String| {
        ErrorBody::new(
            Code::Unhealthy,
            format!("The service does not answer: {why}."),
        )
        .because(Reason::NoAnswer)
        .with("why", why)
    };
    let answer = async {
        let stream = sockets::connect(socket)
            .await
            .map_err(|error| silent(error.to_string()))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| silent(error.to_string()))?;
        let connection = tokio::spawn(connection);
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| silent(error.to_string()))?;
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let mut body = response.into_body();
        let mut bytes = BytesMut::new();
        while bytes.len() < LARGEST
            && let Some(frame) = body.frame().await
        {
            let frame = frame.map_err(|error| silent(error.to_string()))?;
            bytes.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
        }
        connection.abort();
        bytes.truncate(LARGEST);
        Ok(Invoked {
            status,
            content_type,
            body: String::from_utf8_lossy(&bytes).into_owned(),
            ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    };
    match timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(silent(format!("nothing came within {} s", limit.as_secs()))),
    }
}
