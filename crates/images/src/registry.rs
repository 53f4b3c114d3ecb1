//! An image reaches a registry, blob by blob.
//!
//! Speaks the OCI distribution specification 1.0 (Docker's registry API, version 2). A blob that is
//! there already is not sent again, so a push that broke off goes on where it was, blob-wise. A
//! client of our own, because the published one holds layers in memory and always sends them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Body, Method, StatusCode, Url};
use serde::{Deserialize, Serialize};
use skerry_domain::Secret;
use tokio::fs::File;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

use crate::build::{MANIFEST_TYPE, StoredBlob};
use crate::progress::STRIDE;
use crate::{BuiltImage, Digest, Error, Progress, ProgressFn, Reference, check_registry_host};

mod failure;
mod session;

use failure::{of_answer, of_request};
use session::Session;

/// How often one blob is tried when the connection breaks or the registry stumbles.
const ATTEMPTS: u32 = 3;
/// A blob of which no byte moved for this long is given up.
const STALL: Duration = Duration::from_secs(120);
/// The registry may hash and store a large blob before it answers.
const COMMIT_LIMIT: Duration = Duration::from_secs(15 * 60);
/// Other kinds of manifest that a digest may name.
const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// How to reach a registry.
#[derive(Debug, Clone)]
pub struct Registry {
    /// `host` or `host:port`.
    pub host: String,
    /// Plain http instead of https. Never assumed, not even for loopback.
    pub insecure: bool,
    /// Certificates (PEM) that are trusted besides those of the system.
    pub ca_pem: Option<String>,
    /// Shown only when the registry asks for a login.
    pub credentials: Option<Credentials>,
}

/// A login.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The account, or `00000000-0000-0000-0000-000000000000` with a token as password (Azure).
    pub username: String,
    /// Its password or token.
    pub password: Secret,
}

/// How the registry let us in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Challenge {
    /// It did not ask for a login; nothing is known about the credentials.
    None,
    /// User and password with each request.
    Basic,
    /// A token from an issuer.
    Bearer,
}

/// A registry that answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ping {
    /// How it let us in.
    pub challenge: Challenge,
}

/// An image that is at the registry now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pushed {
    /// `host/repository:tag@digest`.
    pub reference: Reference,
    /// The image's digest.
    pub digest: Digest,
    /// Bytes that were sent.
    pub uploaded_bytes: u64,
    /// Bytes that the registry had already.
    pub skipped_bytes: u64,
}

/// Asks whether this is a registry and whether it takes the credentials.
///
/// # Errors
/// Unreachable, TLS, not a registry, or a refused login.
pub async fn ping(registry: &Registry) -> Result<Ping, Error> {
    let mut session = Session::open(registry, None)?;
    let url = session.url("/v2/")?;
    let answer = session
        .send(Method::GET, &url, HeaderMap::new(), None)
        .await?;
    let status = answer.status();
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let known = header("docker-distribution-api-version").is_some()
        || header("content-type").is_some_and(|kind| kind.contains("json"));
    if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
        return Err(of_answer(&registry.host, "the login", answer).await);
    }
    if !status.is_success() || !known {
        return Err(Error::NotARegistry {
            host: registry.host.clone(),
            reason: format!("it answers {status} to the question for a registry"),
        });
    }
    Ok(Ping {
        challenge: session.challenge(),
    })
}

/// The digest that a tag has now, or whether a digest is (still) there.
///
/// # Errors
/// [`Error::NotFound`] when it is not; otherwise as [`ping`].
pub async fn resolve(target: &Reference, registry: &Registry) -> Result<Digest, Error> {
    check_same_host(target, registry)?;
    let mut session = Session::open(registry, Some((target.repository(), "pull")))?;
    let path = format!(
        "/v2/{}/manifests/{}",
        target.repository(),
        target.manifest_name()
    );
    let url = session.url(&path)?;
    let headers = header_map(&[("accept", ACCEPTED)]);
    let answer = session.send(Method::HEAD, &url, headers, None).await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Err(Error::NotFound(target.to_string()));
    }
    if !answer.status().is_success() {
        return Err(of_answer(&registry.host, "looking up the image", answer).await);
    }
    let named = answer
        .headers()
        .get("docker-content-digest")
        .and_then(|value| value.to_str().ok());
    match (named, target.digest()) {
        (Some(text), _) => text.parse(),
        (None, Some(digest)) => Ok(digest.clone()),
        (None, None) => Err(Error::NotARegistry {
            host: registry.host.clone(),
            reason: "it does not say the digest of the image".to_owned(),
        }),
    }
}

/// Sends the blobs that are missing, then the manifest under the tag of `target`.
///
/// # Errors
/// Unreachable (after three attempts for a blob), TLS, a refused login, a refused push, cancelled.
/// What was sent stays at the registry, and is not sent again the next time.
pub async fn push(
    image: &BuiltImage,
    target: &Reference,
    registry: &Registry,
    progress: ProgressFn,
    cancel: &CancellationToken,
) -> Result<Pushed, Error> {
    check_same_host(target, registry)?;
    let upload = async {
        let session = Session::open(registry, Some((target.repository(), "pull,push")))?;
        let mut upload = Upload {
            session,
            registry,
            repository: target.repository(),
            progress,
            count: image.blobs.len(),
            total: image.size(),
            uploaded: 0,
            skipped: 0,
        };
        for (index, blob) in image.blobs.iter().enumerate() {
            upload.blob_with_patience(index, blob).await?;
        }
        upload.manifest(image, target).await?;
        let tagged = match target.tag() {
            Some(_) => target.clone(),
            None => target.clone().with_tag("latest")?,
        };
        Ok(Pushed {
            reference: tagged.with_digest(image.digest.clone()),
            digest: image.digest.clone(),
            uploaded_bytes: upload.uploaded,
            skipped_bytes: upload.skipped,
        })
    };
    tokio::select! {
        done = upload => done,
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

struct Upload<'a> {
    session: Session,
    registry: &'a Registry,
    repository: &'a str,
    progress: ProgressFn,
    count: usize,
    total: u64,
    uploaded: u64,
    skipped: u64,
}

impl Upload<'_> {
    fn tell(&self, index: usize, blob: &StoredBlob, of_blob: u64) {
        (self.progress)(Progress::Pushing {
            blob: blob.digest.to_string(),
            index,
            count: self.count,
            sent: self.uploaded + self.skipped + of_blob,
            total: self.total,
        });
    }

    async fn blob_with_patience(&mut self, index: usize, blob: &StoredBlob) -> Result<(), Error> {
        let mut attempt = 1;
        loop {
            match self.blob(index, blob).await {
                Err(Error::Unreachable { host, reason }) if attempt < ATTEMPTS => {
                    tracing::info!(%host, %reason, digest = %blob.digest, attempt, "sending a blob again");
                    tokio::time::sleep(Duration::from_millis(500 * u64::from(attempt))).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn blob(&mut self, index: usize, blob: &StoredBlob) -> Result<(), Error> {
        self.tell(index, blob, 0);
        let host = &self.registry.host;
        let path = format!("/v2/{}/blobs/{}", self.repository, blob.digest);
        let url = self.session.url(&path)?;
        let there = self
            .session
            .send(Method::HEAD, &url, HeaderMap::new(), None)
            .await?;
        match there.status() {
            StatusCode::NOT_FOUND => {}
            status if status.is_success() => {
                self.skipped += blob.size;
                self.tell(index, blob, 0);
                return Ok(());
            }
            _ => return Err(of_answer(host, "asking for a blob", there).await),
        }

        let path = format!("/v2/{}/blobs/uploads/", self.repository);
        let url = self.session.url(&path)?;
        let headers = header_map(&[("content-length", "0")]);
        let begun = self.session.send(Method::POST, &url, headers, None).await?;
        if begun.status() != StatusCode::ACCEPTED {
            return Err(of_answer(host, "beginning an upload", begun).await);
        }
        let place = self.session.place(&url, begun.headers())?;
        let place = self.send_content(index, blob, place).await?;

        let mut commit = place;
        commit
            .query_pairs_mut()
            .append_pair("digest", blob.digest.as_str());
        let headers = header_map(&[("content-length", "0")]);
        let done = self
            .session
            .send(Method::PUT, &commit, headers, Some(COMMIT_LIMIT))
            .await?;
        if !done.status().is_success() {
            return Err(of_answer(host, "finishing an upload", done).await);
        }
        self.uploaded += blob.size;
        self.tell(index, blob, 0);
        Ok(())
    }

    /// Streams the blob's file to the place of the upload; answers where the upload goes on.
    async fn send_content(
        &self,
        index: usize,
        blob: &StoredBlob,
        place: Url,
    ) -> Result<Url, Error> {
        let host = &self.registry.host;
        let moved = Arc::new(AtomicU64::new(0));
        let body = self.content(index, blob, &moved).await?;
        let request = self
            .session
            .request(Method::PATCH, &place)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, blob.size)
            .body(body);
        let stalled = async {
            let mut seen = 0;
            loop {
                // After the last byte the registry may take its time.
                let finished = seen >= blob.size;
                tokio::time::sleep(if finished { COMMIT_LIMIT } else { STALL }).await;
                let now = moved.load(Ordering::Relaxed);
                if now == seen {
                    return;
                }
                seen = now;
            }
        };
        let answer = tokio::select! {
            answer = request.send() => answer.map_err(|error| of_request(host, &error))?,
            () = stalled => return Err(Error::Unreachable {
                host: host.clone(),
                reason: format!("nothing could be sent for {} s", STALL.as_secs()),
            }),
        };
        if !matches!(
            answer.status(),
            StatusCode::ACCEPTED | StatusCode::NO_CONTENT | StatusCode::CREATED
        ) {
            return Err(of_answer(host, "sending a blob", answer).await);
        }
        self.session.place(&place, answer.headers())
    }

    async fn content(
        &self,
        index: usize,
        blob: &StoredBlob,
        moved: &Arc<AtomicU64>,
    ) -> Result<Body, Error> {
        let file = open(&blob.path).await?;
        let moved = Arc::clone(moved);
        let progress = Arc::clone(&self.progress);
        let (before, count, total) = (self.uploaded + self.skipped, self.count, self.total);
        let name = blob.digest.to_string();
        let mut told = 0;
        let stream = ReaderStream::with_capacity(file, 1 << 18).inspect_ok(move |chunk| {
            let sent = moved.fetch_add(chunk.len() as u64, Ordering::Relaxed) + chunk.len() as u64;
            if sent - told >= STRIDE {
                told = sent;
                progress(Progress::Pushing {
                    blob: name.clone(),
                    index,
                    count,
                    sent: before + sent,
                    total,
                });
            }
        });
        Ok(Body::wrap_stream(stream))
    }

    async fn manifest(&mut self, image: &BuiltImage, target: &Reference) -> Result<(), Error> {
        let host = &self.registry.host;
        let name = target.tag().unwrap_or("latest");
        let url = self
            .session
            .url(&format!("/v2/{}/manifests/{name}", self.repository))?;
        let answer = self
            .session
            .send_bytes(Method::PUT, &url, MANIFEST_TYPE, &image.manifest)
            .await?;
        if !answer.status().is_success() {
            return Err(of_answer(host, "writing the manifest", answer).await);
        }
        let named = answer
            .headers()
            .get("docker-content-digest")
            .and_then(|value| value.to_str().ok());
        match named {
            Some(other) if other != image.digest.as_str() => Err(Error::NotARegistry {
                host: host.clone(),
                reason: format!("it stored the image as {other} instead of {}", image.digest),
            }),
            _ => Ok(()),
        }
    }
}

async fn open(path: &Path) -> Result<File, Error> {
    File::open(path)
        .await
        .map_err(|e| Error::file("reading a file", path, e))
}

fn check_same_host(target: &Reference, registry: &Registry) -> Result<(), Error> {
    check_registry_host(&registry.host)?;
    if target.registry() == registry.host {
        return Ok(());
    }
    Err(Error::Invalid {
        field: "image",
        message: format!(
            "The image '{target}' is not named for the registry {}.",
            registry.host
        ),
    })
}

fn header_map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                reqwest::header::HeaderName::from_static(name),
                reqwest::header::HeaderValue::from_static(value),
            )
        })
        .collect()
}

/// Where an answer says that an upload goes on.
fn location(headers: &HeaderMap) -> Option<&str> {
    headers.get(LOCATION).and_then(|value| value.to_str().ok())
}
