use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http::{HeaderName, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    time::{Instant, sleep, timeout},
};

use crate::sockets;

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// A request waits so long for an agent that is being restarted.
const PATIENCE: Duration = Duration::from_secs(180);
/// A request with a body up to this size is kept, so that it can be sent again when
/// the agent goes away in the middle of it. Tracking requests are smaller; artifacts
/// may be larger, and their client sends them again itself.
const KEPT: usize = 4 << 20;
/// About one connection only.
const HOP_BY_HOP: [HeaderName; 4] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
];

/// Takes HTTP requests on a loopback port and passes them on to the agent.
pub(super) async fn requests(listener: TcpListener, socket: Arc<PathBuf>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors: some will be free again.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let socket = Arc::clone(&socket);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let socket = Arc::clone(&socket);
                async move { Ok::<_, Infallible>(pass_on(request, &socket).await) }
            });
            // Its client's errors are its client's.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

enum Content {
    Kept(Bytes),
    /// The beginning that was read, and the rest.
    Once(Option<(Bytes, Incoming)>),
}

async fn pass_on(request: Request<Incoming>, socket: &Path) -> Response<Body> {
    let (mut head, mut incoming) = request.into_parts();
    for name in HOP_BY_HOP {
        head.headers.remove(name);
    }
    let mut begin = BytesMut::new();
    let mut content = loop {
        match incoming.frame().await {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    begin.extend_from_slice(data);
                }
            }
            // The client went away; nobody reads the answer.
            Some(Err(_)) => return answer(StatusCode::BAD_REQUEST, "The request broke off."),
            None => break Content::Kept(begin.freeze()),
        }
        if begin.len() > KEPT {
            break Content::Once(Some((begin.freeze(), incoming)));
        }
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let attempt = async {
            let stream = sockets::connect(socket).await.map_err(|_| Refused::Away)?;
            let body = match &mut content {
                Content::Kept(bytes) => Full::new(bytes.clone())
                    .map_err(|never| match never {})
                    .boxed_unsync(),
                Content::Once(rest) => match rest.take() {
                    Some((begin, rest)) => once(begin, rest),
                    None => return Err(Refused::Broken),
                },
            };
            exchange(stream, Request::from_parts(head.clone(), body)).await
        };
        match attempt.await {
            Ok(response) => return response,
            Err(Refused::Broken) if matches!(content, Content::Once(None)) => {
                return answer(
                    StatusCode::BAD_GATEWAY,
                    "The agent went away during the request.",
                );
            }
            Err(_) if Instant::now() > deadline => {
                return answer(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "No agent answers on this machine.",
                );
            }
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

enum Refused {
    /// Nobody listens: nothing was sent.
    Away,
    /// Somebody listened and went away.
    Broken,
}

fn once(begin: Bytes, rest: Incoming) -> Body {
    let begin = stream::iter([Ok(Frame::data(begin))]);
    let rest = stream::unfold(rest, |mut rest| async {
        rest.frame().await.map(|frame| (frame, rest))
    });
    StreamBody::new(begin.chain(rest)).boxed_unsync()
}

async fn exchange(
    stream: tokio::net::UnixStream,
    request: Request<Body>,
) -> Result<Response<Body>, Refused> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Refused::Broken)?;
    tokio::spawn(connection);
    let response = sender
        .send_request(request)
        .await
        .map_err(|_| Refused::Broken)?;
    let (mut head, body) = response.into_parts();
    for name in HOP_BY_HOP {
        head.headers.remove(name);
    }
    Ok(Response::from_parts(head, body.boxed_unsync()))
}

/// In the shape of MLflow's errors, which the client knows.
fn answer(status: StatusCode, message: &str) -> Response<Body> {
    let body = serde_json::json!({"error_code": "TEMPORARILY_UNAVAILABLE", "message": message});
    let body = Full::new(Bytes::from(body.to_string()))
        .map_err(|never| match never {})
        .boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}

/// Takes connections on a Unix socket and passes their bytes on to a loopback port of
/// the workload. While nothing listens there they are closed at once, which tells the
/// agent that it is not ready.
pub(super) async fn connections(listener: UnixListener, address: SocketAddr) {
    loop {
        let Ok((mut outer, _)) = listener.accept().await else {
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        tokio::spawn(async move {
            let connected = timeout(Duration::from_secs(10), TcpStream::connect(address)).await;
            if let Ok(Ok(mut inner)) = connected {
                let _ = inner.set_nodelay(true);
                let _: io::Result<_> = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
            }
        });
    }
}
