//! Taking connections: so many at once, and none whose other end does nothing.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Uri};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, Sleep};
use tower::ServiceExt;

/// A client that sends nothing of a body for so long is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience(pub Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(Duration::from_secs(60))
    }
}

impl Patience {
    /// How long to wait for the body of a request.
    pub(crate) fn of(extensions: &http::Extensions) -> Self {
        extensions.get().copied().unwrap_or_default()
    }
}

/// How much clients may ask of the server, and how slowly.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Connections at once; more wait until one ends.
    pub connections: usize,
    /// A request's head comes within this time, which is also how long a connection
    /// is kept that asks nothing.
    pub head: Duration,
    /// Something of a request's body comes within this time.
    pub body: Option<Duration>,
    /// Something of an answer is taken within this time.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Below what systems let a process have open, with room for files.
            connections: 768,
            head: Duration::from_secs(75),
            body: None,
            answer: Duration::from_secs(60),
        }
    }
}

/// Serves until `shutdown`, then until what is under way is answered.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let (stop, stopped) = watch::channel(());
    tokio::pin!(shutdown);
    loop {
        let next = async {
            // Closed never: it lives as long as this function.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, app.clone(), limits.clone(), stopped.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                // Such as too many open files: it passes when some are closed.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    drop(stopped);
    let _ = stop.send(());
    stop.closed().await;
}

async fn connection(
    stream: TcpStream,
    app: Router,
    limits: Limits,
    mut stopped: watch::Receiver<()>,
) {
    // A small answer must not wait for the client's acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let stream = Hasty {
        stream,
        limit: limits.answer,
        waiting: None,
    };
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        one_slash(request.uri_mut());
        if let Some(body) = limits.body {
            request.extensions_mut().insert(Patience(body));
        }
        app.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// `//get-artifact` is `/get-artifact`, as for MLflow's server.
fn one_slash(uri: &mut Uri) {
    if !uri.path().starts_with("//") {
        return;
    }
    let path = uri.path().trim_start_matches('/');
    let text = match uri.query() {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    };
    if let Ok(better) = text.parse() {
        *uri = better;
    }
}

/// A connection that fails when nothing of what is written is taken for too long.
struct Hasty<S> {
    stream: S,
    limit: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Hasty<S> {
    /// Gives up when a write has been waiting for too long.
    fn hurry<T>(&mut self, cx: &mut Context<'_>, written: Poll<Result<T>>) -> Poll<Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let end = Instant::now() + self.limit;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        match waiting.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(Error::new(
                ErrorKind::TimedOut,
                "the client does not take the answer",
            ))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Hasty<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Hasty<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.hurry(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.hurry(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.hurry(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);

    /// A server that takes one connection at a time.
    async fn server(limits: Limits) -> (SocketAddr, oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let endless = async || {
            let block = bytes::Bytes::from(vec![0_u8; 1 << 20]);
            Body::from_stream(futures_util::stream::repeat_with(move || {
                Ok::<_, Error>(block.clone())
            }))
        };
        let app = Router::new()
            .route("/hello", get(async || "hello"))
            .route("/endless", get(endless))
            .route(
                "/body",
                post(async |body: crate::args::JsonBody| body.0.len().to_string()),
            );
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let limits = Limits {
                connections: 1,
                ..limits
            };
            serve(listener, app, limits, async {
                let _ = stopped.await;
            })
            .await;
        });
        (address, stop)
    }

    async fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Whoever says `said` and then nothing is given up: the next one is served.
    async fn is_given_up(limits: Limits, said: &str) -> Vec<u8> {
        let (address, _stop) = server(limits).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(said.as_bytes()).await.unwrap();
        // One connection at a time: this waits until the other is closed.
        let answer = tokio::time::timeout(Duration::from_secs(60), ask(address, "/hello"))
            .await
            .unwrap();
        assert!(answer.ends_with("hello"), "{answer}");
        let mut rest = vec![0; 4096];
        let count = idle.read(&mut rest).await.unwrap_or(0);
        rest.truncate(count);
        rest
    }

    #[tokio::test]
    async fn a_head_that_does_not_come() {
        let limits = || Limits {
            head: SHORT,
            ..Limits::default()
        };
        is_given_up(limits(), "").await;
        is_given_up(limits(), "GET /hello HTT").await;
        is_given_up(limits(), "GET /hello HTTP/1.1\r\nHost: h\r\nX: y\r\n").await;
    }

    #[tokio::test]
    async fn a_body_that_does_not_come() {
        let limits = Limits {
            body: Some(SHORT),
            head: SHORT,
            ..Limits::default()
        };
        let said = "POST /body HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\
                    Content-Length: 10\r\n\r\n{";
        let answer = is_given_up(limits, said).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }

    #[tokio::test]
    async fn an_answer_that_is_not_taken() {
        let limits = Limits {
            answer: SHORT,
            ..Limits::default()
        };
        is_given_up(limits, "GET /endless HTTP/1.1\r\nHost: h\r\n\r\n").await;
    }

    #[tokio::test]
    async fn slashes_before_a_path_are_one() {
        let (address, _stop) = server(Limits::default()).await;
        for path in ["/hello", "//hello", "///hello?x=//y"] {
            assert!(ask(address, path).await.ends_with("hello"), "{path}");
        }
    }
}
