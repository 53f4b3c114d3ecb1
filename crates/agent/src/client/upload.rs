use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use futures_util::{StreamExt as _, TryStreamExt as _};
use http::Method;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use skerry_domain::{Code, ErrorBody, Project};
use tokio_util::io::ReaderStream;

use super::{Client, SLOW, transport};
use crate::project::ProjectFolder;

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadProgress {
    /// Bytes sent.
    pub done: u64,
    /// Bytes to send.
    pub total: u64,
}

/// Where an upload reports to.
pub type OnUpload<'a> = &'a (dyn Fn(UploadProgress) + Send + Sync);

/// What an upload did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Names the files by content: goes into [`skerry_domain::RunSpec::project`].
    pub project: Project,
    /// Files sent now.
    pub sent: u32,
    /// Files that were there already.
    pub unchanged: u32,
    /// Bytes sent now.
    pub bytes: u64,
}

/// How many missing-blob questions fit in one request.
const ASKED_AT_ONCE: usize = 5_000;

impl Client {
    /// Brings the files of a project folder to the agent; those that it has are not
    /// sent again. A folder with problems is refused with the first of them.
    pub async fn upload_project(
        &self,
        folder: &ProjectFolder,
        progress: OnUpload<'_>,
    ) -> Result<Uploaded, ErrorBody> {
        if let Some(problem) = folder.problems.first() {
            return Err(problem.clone());
        }
        let by_hash: BTreeMap<&str, &skerry_domain::ProjectFile> = folder
            .project
            .files
            .iter()
            .map(|file| (file.sha256.as_str(), file))
            .collect();
        let hashes: Vec<String> = by_hash.keys().map(|hash| (*hash).to_owned()).collect();
        let mut missing = BTreeSet::new();
        for some in hashes.chunks(ASKED_AT_ONCE) {
            missing.extend(self.missing_blobs(some.to_vec()).await?);
        }
        let to_send: Vec<_> = by_hash
            .values()
            .filter(|file| missing.contains(&file.sha256))
            .collect();
        let total = to_send.iter().map(|file| file.size).sum();
        let mut done = 0;
        progress(UploadProgress { done, total });
        for file in &to_send {
            self.put_blob(&file.sha256, &folder.root.join(&file.path), file.size)
                .await?;
            done += file.size;
            progress(UploadProgress { done, total });
        }
        let sent = folder
            .project
            .files
            .iter()
            .filter(|file| missing.contains(&file.sha256))
            .count();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(Uploaded {
            project: folder.project.clone(),
            sent: count(sent),
            unchanged: count(folder.project.files.len() - sent),
            bytes: total,
        })
    }

    async fn put_blob(&self, sha256: &str, file: &Path, size: u64) -> Result<(), ErrorBody> {
        let unreadable = |error: io::Error| {
            ErrorBody::new(
                Code::FileAccess,
                format!("{} cannot be read: {error}.", file.display()),
            )
            .with("path", file.display().to_string())
        };
        let content = tokio::fs::File::open(file).await.map_err(unreadable)?;
        // Exactly as long as it was: a file that grew meanwhile has another hash anyway.
        let content = tokio::io::AsyncReadExt::take(content, size);
        let frames = ReaderStream::with_capacity(content, 64 << 10)
            .map_ok(Frame::data)
            .boxed();
        let body = BodyExt::boxed_unsync(StreamBody::new(frames));
        let path = format!("/v1/blobs/{sha256}");
        let response = transport::send(
            &*self.connector,
            Method::PUT,
            &path,
            body,
            Some(size),
            // Ten megabits a second is slow; half of that still arrives in time.
            SLOW + std::time::Duration::from_millis(size / 500),
        )
        .await?;
        transport::read(response).await.map(|_| ())
    }
}
