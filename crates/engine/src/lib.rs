//! What runs workloads on a machine: its container engine (Docker's API on a local
//! socket, which Podman answers too) or plain processes, behind one trait.
//!
//! **Invariant:** nothing here starts, stops or removes a workload that it did not
//! start itself (containers are told by label, processes by pid *and* start time),
//! no secret is written anywhere, and no failure loses its [`skerry_domain::Code`].
//!
//! **API boundary:** [`Engine`], its plain types, and the two implementations
//! [`DockerEngine`] and [`ProcessEngine`]. It knows no runs, services or journals;
//! those are the agent's.

mod docker;
mod docker_errors;
mod error;
pub mod proc;
mod process;

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use skerry_domain::{EngineKind, Millis, Secret};

pub use docker::{DockerEngine, candidate_sockets};
pub use error::Error;
pub use process::ProcessEngine;

/// The label that tells our containers from everybody else's; its value is the
/// identity of the agent's home, so that two agents on one engine do not meet.
pub const OWNER_LABEL: &str = "skerry.agent";

/// What an engine says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineInfo {
    /// Docker, Podman or plain processes.
    pub kind: EngineKind,
    /// The engine's version, as it words it.
    pub version: String,
    /// Version of the API that both sides speak; empty for processes.
    pub api_version: String,
    /// Root in a container is an ordinary user of the machine.
    pub rootless: bool,
}

/// An image that is present on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageInfo {
    /// `sha256:…` of its configuration.
    pub id: String,
    /// Names with tags.
    pub references: Vec<String>,
    /// Names with registry digests; empty when it was never pushed or pulled.
    pub digests: Vec<String>,
    /// Bytes on disk.
    pub size: u64,
    /// When it was built.
    pub created_at: Millis,
}

/// An image's start-up facts besides [`ImageInfo`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDetail {
    /// The facts of the list.
    pub info: ImageInfo,
    /// `amd64`, `arm64`, …
    pub architecture: String,
    /// Its entry point followed by its command: what runs when nothing is given.
    pub command: Vec<String>,
    /// Its working directory, or empty.
    pub workdir: String,
}

/// A folder or file of the machine that is visible in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Absolute path on the machine; must exist.
    pub source: PathBuf,
    /// Absolute path in the container.
    pub target: String,
    /// The workload cannot change it.
    pub read_only: bool,
}

/// What a workload can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// No interface but loopback.
    None,
    /// The engine's default network.
    Open,
}

/// Upper bounds; absent means the engine's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory; swap is not added on top.
    pub memory_bytes: Option<u64>,
    /// Processors, fractions allowed.
    pub cpus: Option<f64>,
    /// Bytes of `/dev/shm`.
    pub shm_bytes: Option<u64>,
}

/// A workload to start.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Unique on this engine; starting it again finds the one that is there.
    pub name: String,
    /// Image reference or id; not looked at by the process engine.
    pub image: String,
    /// Program and arguments; replaces the image's own.
    pub command: Vec<String>,
    /// The environment, besides what the image sets.
    pub env: Vec<(String, String)>,
    /// Not looked at by the process engine, where every path is the machine's own.
    pub mounts: Vec<Mount>,
    /// Not looked at by the process engine, which cannot seal anything.
    pub network: Network,
    /// Found again with [`Engine::list`].
    pub labels: BTreeMap<String, String>,
    /// `uid[:gid]` or a name; absent means the image's own.
    pub user: Option<String>,
    /// Where it starts; absolute.
    pub workdir: String,
    /// Upper bounds.
    pub limits: Limits,
}

/// Where a workload stands, as the engine sees it right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Made, never started.
    Created,
    /// Runs.
    Running,
    /// Ended.
    Exited {
        /// Absent when nobody was there to collect it (a process that ended while
        /// the agent was away).
        code: Option<i32>,
        /// The kernel killed it for want of memory.
        out_of_memory: bool,
        /// The engine's own words when it could not even start.
        error: Option<String>,
    },
    /// The engine does not know it (any more).
    Gone,
}

/// A workload, observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The engine's id for it.
    pub id: String,
    /// The name it was started under.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// `sha256:…` of the image it runs; empty for processes.
    pub image_id: String,
}

/// User and password for a registry, for one pull.
#[derive(Debug, Clone)]
pub struct RegistryCredentials {
    /// The account.
    pub username: String,
    /// Its password or token.
    pub password: Secret,
}

/// Bytes of an image on their way; `total` grows as layers become known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullProgress {
    /// Bytes that have arrived.
    pub done: u64,
    /// Bytes known so far.
    pub total: u64,
}

/// Where a pull reports to.
pub type OnPull<'a> = &'a (dyn Fn(PullProgress) + Send + Sync);

/// What runs workloads.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Which one it is, without asking it.
    fn kind(&self) -> EngineKind;

    /// Asks whether it is there and may be used.
    async fn info(&self) -> Result<EngineInfo, Error>;

    /// The images that are present; empty for processes.
    async fn images(&self) -> Result<Vec<ImageInfo>, Error>;

    /// One image. [`Error::ImageMissing`] names those that are present.
    async fn image(&self, reference: &str) -> Result<ImageDetail, Error>;

    /// Starts a workload, or finds the one of that name that was started before;
    /// returns its id. Nothing is left behind when it fails.
    async fn start(&self, workload: &Workload) -> Result<String, Error>;

    /// Where a workload stands; [`State::Gone`] rather than an error when it is unknown.
    async fn inspect(&self, id: &str) -> Result<Observed, Error>;

    /// Waits until it runs no more. Survives a restart of the engine under it only
    /// as an error; ask again then.
    async fn wait(&self, id: &str) -> Result<Observed, Error>;

    /// Asks it to end (SIGTERM), kills it after `grace`. Done when it runs no more.
    async fn stop(&self, id: &str, grace: std::time::Duration) -> Result<(), Error>;

    /// Removes what is left of it; harmless when nothing is.
    async fn remove(&self, id: &str) -> Result<(), Error>;

    /// Workloads that carry this label with this value, ended ones included.
    async fn list(&self, label: &str, value: &str) -> Result<Vec<Observed>, Error>;

    /// The end of what the entry point itself printed (at most `max` bytes): where
    /// to look when a workload did not get far enough to write its own log.
    async fn last_output(&self, id: &str, max: usize) -> Result<String, Error>;

    /// An image as the tar stream of `docker save`.
    async fn export_image(
        &self,
        id: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error>;

    /// Fetches an image by a reference with a digest.
    async fn pull(
        &self,
        reference: &str,
        credentials: Option<&RegistryCredentials>,
        progress: OnPull<'_>,
    ) -> Result<ImageDetail, Error>;

    /// Takes in the tar stream of `docker save`; returns the names that it held.
    async fn load(
        &self,
        tar: BoxStream<'static, Result<Bytes, std::io::Error>>,
    ) -> Result<Vec<String>, Error>;
}
