//! MLflow's REST API, as a client. Blocks.

use std::io::Read;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;
use skerry_domain::{Code, ErrorBody, Secret};
use tokio::runtime::Handle;

use crate::Result;

/// What may not stand in a segment of a path.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
/// A request is tried so many times when the server is busy or away.
const ATTEMPTS: u32 = 5;
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// Without a byte for so long a request has failed.
const SILENCE_LIMIT: Duration = Duration::from_secs(120);

/// How a server knows us.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credentials {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer`.
    Token(Secret),
    /// User and password.
    Basic(String, Secret),
}

/// A server that speaks MLflow's REST API.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    credentials: Credentials,
    runtime: Handle,
}

impl Client {
    /// A client for the server at `url`; asks it who it is. Call it where blocking is
    /// allowed, with a runtime of tokio around.
    ///
    /// # Errors
    /// [`Code::Invalid`] for a URL that is none or a server of another kind;
    /// [`Code::Unauthenticated`], and what keeps a server from answering.
    pub fn connect(url: &str, credentials: Credentials) -> Result<Self> {
        let no_url = |why: String| {
            ErrorBody::invalid("url", format!("'{url}' is not the URL of a server: {why}."))
        };
        let mut base = Url::parse(url).map_err(|error| no_url(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(no_url(
                "it begins with neither http:// nor https://".to_owned(),
            ));
        }
        if base.password().is_some() || !base.username().is_empty() {
            return Err(no_url(
                "a user or password in it would be seen by others; say them in the environment"
                    .to_owned(),
            ));
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("skerry/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(SILENCE_LIMIT)
            // A redirect could carry the credentials to another host.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ErrorBody::new(Code::Internal, error.to_string()))?;
        let client = Self {
            http,
            base,
            credentials,
            runtime: Handle::current(),
        };
        let answer = client.call(
            Method::POST,
            "api/2.0/mlflow/experiments/search",
            &[],
            Some(&serde_json::json!({"max_results": 1})),
        );
        match answer {
            Ok(Value::Object(_)) => Ok(client),
            Ok(_) => Err(client.stranger()),
            Err(error) if matches!(error.code, Code::NotFound | Code::Internal) => {
                Err(client.stranger())
            }
            Err(error) => Err(error),
        }
    }

    fn stranger(&self) -> ErrorBody {
        ErrorBody::invalid(
            "url",
            format!("What answers at {} is no MLflow server.", self.base),
        )
    }

    fn url(&self, path: &str) -> Result<Url> {
        self.base
            .join(path)
            .map_err(|error| ErrorBody::invalid("url", format!("{path}: {error}.")))
    }

    fn request(&self, method: &Method, path: &str) -> Result<RequestBuilder> {
        let request = self.http.request(method.clone(), self.url(path)?);
        Ok(match &self.credentials {
            Credentials::None => request,
            Credentials::Token(token) => request.bearer_auth(token.expose()),
            Credentials::Basic(user, password) => request.basic_auth(user, Some(password.expose())),
        })
    }

    fn send(&self, request: RequestBuilder) -> Result<Response> {
        self.runtime
            .block_on(request.send())
            .map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &reqwest::Error) -> ErrorBody {
        let code = if error.is_timeout() {
            Code::TimedOut
        } else if error.is_connect() {
            Code::ConnectionRefused
        } else {
            Code::Disconnected
        };
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            why = inner.to_string();
            cause = inner.source();
        }
        ErrorBody::new(code, format!("{} does not answer: {why}.", self.base))
    }

    /// A failure that the server tells, in our words.
    fn refused(&self, status: StatusCode, body: &str) -> ErrorBody {
        let answer: Value = serde_json::from_str(body).unwrap_or_default();
        let message = answer
            .get("message")
            .and_then(Value::as_str)
            .map_or_else(|| format!("HTTP {status}"), str::to_owned);
        let code = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::Unauthenticated,
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Code::Busy,
            _ if answer.get("error_code").and_then(Value::as_str)
                == Some("RESOURCE_ALREADY_EXISTS") =>
            {
                Code::AlreadyExists
            }
            status if status.is_client_error() => Code::Invalid,
            _ => Code::Internal,
        };
        ErrorBody::new(code, format!("{} refused: {message}", self.base))
    }

    /// A request with a JSON answer. What may be sent twice without harm is tried again
    /// while the server is away.
    pub(crate) fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value> {
        let mut attempt = 1;
        loop {
            let mut request = self.request(&method, path)?.query(query);
            if let Some(body) = body {
                request = request.json(body);
            }
            let answer = self.send(request).and_then(|response| {
                let status = response.status();
                let text = self
                    .runtime
                    .block_on(response.text())
                    .map_err(|error| self.failed(&error))?;
                if status.is_success() {
                    return serde_json::from_str(&text).map_err(|_| self.stranger());
                }
                Err(self.refused(status, &text))
            });
            match answer {
                Err(error)
                    if attempt < ATTEMPTS
                        && matches!(
                            error.code,
                            Code::Busy | Code::TimedOut | Code::Disconnected
                        ) =>
                {
                    tracing::warn!(%error, attempt, path, "trying again");
                    let pause = Duration::from_millis(200) * 2_u32.pow(attempt);
                    self.runtime.block_on(tokio::time::sleep(pause));
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }

    pub(crate) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        self.call(Method::GET, path, query, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::POST, path, &[], Some(body))
    }

    /// Reads a file from the server's artifact proxy.
    pub(crate) fn download(&self, path: &str) -> Result<Box<dyn Read>> {
        self.stream(self.request(&Method::GET, &artifact_path(path))?)
    }

    /// Reads a file of a run whose artifacts the server reaches, but does not proxy.
    pub(crate) fn download_of_run(&self, run_id: &str, path: &str) -> Result<Box<dyn Read>> {
        let request = self.request(&Method::GET, "get-artifact")?;
        self.stream(request.query(&[("run_uuid", run_id), ("path", path)]))
    }

    fn stream(&self, request: RequestBuilder) -> Result<Box<dyn Read>> {
        let response = self.send(request)?;
        let status = response.status();
        if !status.is_success() {
            let text = self.runtime.block_on(response.text()).unwrap_or_default();
            return Err(self.refused(status, &text));
        }
        Ok(Box::new(Download {
            runtime: self.runtime.clone(),
            stream: response.bytes_stream().boxed(),
            left: Bytes::new(),
            base: self.base.to_string(),
        }))
    }

    /// Writes a file to the server's artifact proxy.
    pub(crate) fn upload(&self, path: &str, size: u64, from: Box<dyn Read>) -> Result<()> {
        // The reader is not bound to this thread only when it is read whole; artifacts
        // go through a file, which the runtime streams.
        let mut from = from;
        let mut file = tempfile::tempfile().map_err(|error| spool(&error))?;
        std::io::copy(&mut from, &mut file).map_err(|error| crate::compare::unreadable(&error))?;
        std::io::Seek::rewind(&mut file).map_err(|error| spool(&error))?;
        let length = file.metadata().map_err(|error| spool(&error))?.len();
        if length != size {
            return Err(ErrorBody::new(
                Code::FileAccess,
                format!("The file has {length} bytes instead of {size}: it changed meanwhile."),
            ));
        }
        let stream =
            tokio_util::io::ReaderStream::with_capacity(tokio::fs::File::from_std(file), 256 << 10);
        let request = self
            .request(&Method::PUT, &artifact_path(path))?
            .header(reqwest::header::CONTENT_LENGTH, length)
            .header(reqwest::header::CONTENT_TYPE, "application/octet-stream")
            .body(reqwest::Body::wrap_stream(stream));
        let response = self.send(request)?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let text = self.runtime.block_on(response.text()).unwrap_or_default();
        Err(self.refused(status, &text))
    }
}

fn spool(error: &std::io::Error) -> ErrorBody {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull => Code::DiskFull,
        _ => Code::FileAccess,
    };
    ErrorBody::new(
        code,
        format!("A temporary file cannot be written: {error}."),
    )
}

fn artifact_path(path: &str) -> String {
    format!(
        "api/2.0/mlflow-artifacts/artifacts/{}",
        utf8_percent_encode(path.trim_start_matches('/'), SEGMENT)
    )
}

struct Download {
    runtime: Handle,
    stream: BoxStream<'static, reqwest::Result<Bytes>>,
    left: Bytes,
    base: String,
}

impl Read for Download {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.left.is_empty() {
            match self.runtime.block_on(self.stream.next()) {
                None => return Ok(0),
                Some(Ok(bytes)) => self.left = bytes,
                Some(Err(error)) => {
                    let why = format!("{} broke off: {error}.", self.base);
                    return Err(std::io::Error::other(ErrorBody::new(
                        Code::Disconnected,
                        why,
                    )));
                }
            }
        }
        let length = self.left.len().min(into.len());
        if let Some(part) = into.get_mut(..length) {
            self.left.copy_to_slice(part);
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_any_name() {
        assert_eq!(
            artifact_path("/1/r/artifacts/a b/ä?#%.txt"),
            "api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/a%20b/%C3%A4%3F%23%25.txt"
        );
    }
}
