use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream::BoxStream};
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use skerry_domain::{Code, ErrorBody};
use tokio::time::timeout;

use super::Connector;

/// No answer is larger, except a download, which streams.
const LARGEST: usize = 64 << 20;

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

pub(super) fn whole(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Sends one request on a stream of its own and returns the head of the answer.
pub(super) async fn send(
    connector: &dyn Connector,
    method: Method,
    path: &str,
    body: Body,
    length: Option<u64>,
    limit: Duration,
) -> Result<Response<Incoming>, ErrorBody> {
    let exchange = async {
        let stream = connector.connect().await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        // Ends by itself when the answer is read or dropped.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to an agent ended early");
            }
        });
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "agent")
            .header(header::CONNECTION, "close")
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(length) = length {
            request = request.header(header::CONTENT_LENGTH, length);
        }
        let request = request.body(body).map_err(|error| {
            ErrorBody::new(Code::Internal, format!("A request cannot be made: {error}"))
        })?;
        sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))
    };
    match timeout(limit, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(slow(limit)),
    }
}

/// One request and its whole answer.
pub(super) async fn exchange(
    connector: &dyn Connector,
    method: Method,
    path: &str,
    body: Bytes,
    limit: Duration,
) -> Result<Bytes, ErrorBody> {
    let both = async {
        let response = send(connector, method, path, whole(body), None, limit).await?;
        read(response).await
    };
    match timeout(limit, both).await {
        Ok(answer) => answer,
        Err(_) => Err(slow(limit)),
    }
}

/// The whole body of an answer, or the failure that it tells.
pub(super) async fn read(response: Response<Incoming>) -> Result<Bytes, ErrorBody> {
    let status = response.status();
    let body = http_body_util::Limited::new(response.into_body(), LARGEST);
    let bytes = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            return Err(ErrorBody::new(
                Code::Disconnected,
                format!("The agent's answer broke off: {error}."),
            ));
        }
    };
    if status.is_success() {
        return Ok(bytes);
    }
    Err(
        serde_json::from_slice::<ErrorBody>(&bytes).unwrap_or_else(|_| {
            ErrorBody::new(
                Code::AgentVersion,
                format!("The agent answered {status}, which this version does not expect."),
            )
        }),
    )
}

/// A request whose answer streams.
pub(super) async fn download(
    connector: &dyn Connector,
    path: &str,
    limit: Duration,
) -> Result<(u64, BoxStream<'static, Result<Bytes, ErrorBody>>), ErrorBody> {
    let response = send(
        connector,
        Method::GET,
        path,
        whole(Bytes::new()),
        None,
        limit,
    )
    .await?;
    if !response.status().is_success() {
        return Err(match read(response).await {
            Err(error) => error,
            Ok(_) => ErrorBody::new(Code::Internal, "An answer is both a success and none."),
        });
    }
    let size = response
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or_default();
    // A stall between two pieces ends it; a slow transfer does not.
    let body = response.into_body().into_data_stream();
    let pieces = futures_util::stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match timeout(limit, body.next()).await {
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(body))),
            Ok(Some(Err(error))) => Some((Err(broken(&error)), None)),
            Ok(None) => None,
            Err(_) => Some((Err(slow(limit)), None)),
        }
    });
    Ok((size, pieces.boxed()))
}

fn broken(error: &hyper::Error) -> ErrorBody {
    ErrorBody::new(
        Code::Disconnected,
        format!("The connection to the agent broke: {error}."),
    )
}

fn slow(limit: Duration) -> ErrorBody {
    ErrorBody::new(
        Code::TimedOut,
        format!("The agent did not answer within {} s.", limit.as_secs()),
    )
}
