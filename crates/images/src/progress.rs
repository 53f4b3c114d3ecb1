//! How far an operation has come, for a person who waits.

use std::io::{self, Read};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// One observation; later ones replace earlier ones of the same kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Progress {
    /// The base image is being read: bytes so far (the engine does not say how many there are).
    Reading {
        /// Bytes of the archive read so far.
        bytes: u64,
    },
    /// The model is being packed: bytes so far.
    Packing {
        /// Bytes of the model folder packed so far.
        bytes: u64,
    },
    /// A blob is being sent, or was found at the registry already.
    Pushing {
        /// Digest of the current blob.
        blob: String,
        /// Number of the current blob, from 0.
        index: usize,
        /// How many blobs the image has.
        count: usize,
        /// Bytes of the image that are at the registry, those found there included.
        sent: u64,
        /// Bytes of the whole image.
        total: u64,
    },
}

/// Called often (a few times per mebibyte at most), from any thread; must return quickly.
pub type ProgressFn = Arc<dyn Fn(Progress) + Send + Sync>;

/// Bytes between two calls.
pub(crate) const STRIDE: u64 = 4 << 20;

/// The error inside an `io::Error` when a person cancelled.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub(crate) struct Stopped;

/// A reader that counts, tells, and fails once the operation is cancelled.
pub(crate) struct Watched<'a, R> {
    inner: R,
    cancel: &'a CancellationToken,
    tell: &'a dyn Fn(u64),
    count: u64,
    told: u64,
}

impl<'a, R: Read> Watched<'a, R> {
    pub fn new(inner: R, cancel: &'a CancellationToken, tell: &'a dyn Fn(u64)) -> Self {
        Self {
            inner,
            cancel,
            tell,
            count: 0,
            told: 0,
        }
    }

    /// Bytes read so far.
    pub fn count(&self) -> u64 {
        self.count
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other(Stopped));
        }
        let read = self.inner.read(buffer)?;
        self.count += read as u64;
        if self.count - self.told >= STRIDE || (read == 0 && self.count > self.told) {
            self.told = self.count;
            (self.tell)(self.count);
        }
        Ok(read)
    }
}
