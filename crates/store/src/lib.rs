//! The store: SQLite in WAL mode, one writer, many readers.
//!
//! **Invariant:** nothing outside this crate knows SQL. A write is answered only
//! after its transaction is on the disk (`synchronous=FULL`), wholly or not at all.
//! Where a store keeps a journal, a mutation and its journal entry are one transaction.
//!
//! **API boundary:** [`Store`] lends a [`Reader`] for reading and a [`Tx`] for writing;
//! both offer what there is to do with experiments, runs, metrics, models, logs and
//! the journal, in the types of `skerry_domain`. A `Tx` reads too. Nothing here is
//! async but [`Store::write_async`], and no protocol is known here; messages are
//! MLflow's own where its clients rely on them.

pub mod agent;
mod apply;
mod approvals;
mod archive;
mod artifacts;
mod chart;
mod check;
mod chunk;
mod error;
mod experiments;
mod found;
mod history;
mod import;
mod inputs;
mod journal;
mod keys;
mod limits;
mod logged_models;
mod logs;
mod metrics;
mod names;
mod paired;
mod pick;
mod purge;
mod registry;
mod registry_history;
mod rescue;
mod runs;
mod schema;
mod search;
mod smooth;
mod versions;
pub mod workspace;
mod writer;

use std::collections::HashMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use skerry_domain::Millis;
use skerry_domain::tracking::MetricPoint;
use tokio::sync::{oneshot, watch};

pub use apply::Applied;
pub use approvals::{Approval, ApprovalStep, Protection, Waiting, WaitingFor};
pub use archive::ARCHIVED_TAG;
pub use chart::{Chart, MetricSummary};
pub use check::{Checkup, Finding, check};
pub use chunk::Sample;
pub use error::{Result, StoreError};
pub use experiments::ExperimentQuery;
pub use found::{Found, Keys};
pub use history::HistoryPage;
pub use inputs::DatasetSummary;
pub use keys::ValuesOf;
pub use logged_models::{LoggedModelMetric, LoggedModelQuery, NewLoggedModel, OrderBy};
pub use logs::{LogPage, NumberedLine};
pub use paired::{Axis, Paired, PairedChart};
pub use pick::{Pick, Picked};
pub use purge::{Garbage, Purge};
pub use registry::RegistryQuery;
pub use registry_history::{Actor, AliasAt, Broken, RegistryEntry, Verified};
pub use rescue::{Rescue, Rescued, WriteLog, rescue};
pub use runs::{Batch, NewRun, RunUpdate};
pub use search::{Data, Page, Place, RunQuery, View};
pub use smooth::{Along, SmoothChart};
pub use versions::NewModelVersion;

/// How a store behaves.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Each mutation is written to the journal, for consoles to read.
    pub journal: bool,
    /// Where artifacts of experiments go when nothing else is said.
    pub artifact_root: String,
    /// The file grows to so many pages of 4 KiB; then writes fail with `DiskFull`.
    pub max_pages: Option<u32>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            journal: false,
            artifact_root: "mlflow-artifacts:/".to_owned(),
            max_pages: None,
        }
    }
}

/// A tracking store. Cheap to clone; the file is closed when the last clone is gone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    options: StoreOptions,
    writer: writer::Writer,
    readers: Mutex<Vec<Connection>>,
    commits: watch::Receiver<u64>,
}

/// Readers that are kept open for the next call.
const KEPT_READERS: usize = 8;

impl Store {
    /// Opens the store at `path`, making it when it is not there, and brings its
    /// schema up to date. Blocks for as long as that takes.
    ///
    /// # Errors
    /// `Newer`, `Corrupt`, `ReadOnly`, `Access`, `Full`; the file is untouched then.
    pub fn open(path: &Path, options: StoreOptions) -> Result<Self> {
        let conn = schema::open_writer(path, &options)?;
        let (sender, commits) = watch::channel(0);
        let writer = writer::Writer::start(conn, path, &options, sender)?;
        let store = Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                options,
                writer,
                readers: Mutex::new(Vec::new()),
                commits,
            }),
        };
        store.write(|tx| tx.ensure_defaults())?;
        Ok(store)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// How it was opened.
    pub fn options(&self) -> &StoreOptions {
        &self.inner.options
    }

    /// Reads; sees every write that was answered before. Blocks.
    ///
    /// # Errors
    /// Those of `read`, and when the file cannot be opened.
    pub fn read<T>(&self, read: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
        let kept = self.readers().pop();
        let conn = match kept {
            Some(conn) => conn,
            None => schema::open_reader(&self.inner.path)?,
        };
        // One transaction: several statements see one state.
        conn.prepare_cached("BEGIN")?.execute([])?;
        let answer = read(&Reader { conn: &conn });
        if conn
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.execute([]))
            .is_ok()
        {
            let mut readers = self.readers();
            if readers.len() < KEPT_READERS {
                readers.push(conn);
            }
        }
        answer
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.inner
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes: all that `write` does happens, on the disk, or nothing of it. Blocks.
    /// Concurrent writes share one commit. Do not call it from within a write.
    ///
    /// # Errors
    /// Those of `write`; `Full`, `ReadOnly` and such when the commit fails.
    pub fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.submit(write, move |answer| {
            // A caller that has gone away needs no answer.
            let _ = sender.send(answer);
        });
        receiver.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// [`Store::write`] without blocking. Once called it happens, awaited or not.
    ///
    /// # Errors
    /// As `write`.
    pub async fn write_async<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.submit(write, move |answer| {
            // A caller that has gone away needs no answer.
            let _ = sender.send(answer);
        });
        receiver.await.unwrap_or(Err(StoreError::Closed))
    }

    fn submit<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
        done: impl FnOnce(Result<T>) + Send + 'static,
    ) {
        self.inner
            .writer
            .submit(writer::Job::Write(Box::new(move |tx| {
                let answer = write(tx);
                writer::Outcome {
                    failed: answer.is_err(),
                    answer: Box::new(move |commit| {
                        done(match commit {
                            Ok(()) => answer,
                            Err(error) => answer.and(Err(error)),
                        });
                    }),
                }
            })));
    }

    /// Logs points of metrics to a run, all of them or none. Concurrent appends are
    /// written together: this is the way of what comes a thousand times a second.
    ///
    /// # Errors
    /// As [`Tx::log_batch`]; `Invalid` for a point that belongs to a logged model,
    /// which [`Tx::log_batch`] takes.
    pub async fn append(&self, append: Append) -> Result<()> {
        append.limits()?;
        let (sender, receiver) = oneshot::channel();
        self.inner.writer.submit(writer::Job::Append {
            append,
            answer: Box::new(move |answer| {
                // A caller that has gone away needs no answer.
                let _ = sender.send(answer);
            }),
        });
        receiver.await.unwrap_or(Err(StoreError::Closed))
    }

    /// A number that rises with each commit: wait on it for news.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.inner.commits.clone()
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

/// Points of metrics for a run; see [`Store::append`].
pub struct Append {
    /// The run.
    pub run_id: String,
    /// Points in the order of measuring.
    pub points: Vec<MetricPoint>,
    /// The points came as a list: errors name their places in it.
    pub listed: bool,
    /// Refuses the run, for reasons of the caller.
    pub check: Option<Check>,
}

/// Looks at a run before something is written to it.
pub type Check = Box<dyn FnOnce(&Tx<'_>, &str) -> Result<()> + Send>;

impl Append {
    fn limits(&self) -> Result<()> {
        if self.listed {
            limits::run_id(&self.run_id)?;
        }
        for (n, point) in self.points.iter().enumerate() {
            limits::metric(point, || {
                if self.listed {
                    format!("metrics[{n}]")
                } else {
                    String::new()
                }
            })?;
            if point.model_id.is_some() {
                return limits::invalid(format!(
                    "Metric '{}' belongs to a logged model and cannot be appended alone.",
                    point.key
                ));
            }
        }
        limits::batch(self.points.len(), 0, 0)
    }
}

/// Reads one state of the store.
pub struct Reader<'c> {
    conn: &'c Connection,
}

impl<'c> Reader<'c> {
    /// The connection, for modules of this crate's siblings in `store`.
    pub(crate) fn conn(&self) -> &'c Connection {
        self.conn
    }
}

/// One write: a transaction, or a part of one that stands and falls by itself.
pub struct Tx<'c> {
    reader: Reader<'c>,
    journal: bool,
    artifact_root: &'c str,
    metric_names: &'c std::cell::RefCell<HashMap<String, i64>>,
    now: Millis,
    actor: &'c Actor,
}

impl<'c> Deref for Tx<'c> {
    type Target = Reader<'c>;

    fn deref(&self) -> &Self::Target {
        &self.reader
    }
}

impl Tx<'_> {
    /// The time of this write.
    pub fn now(&self) -> Millis {
        self.now
    }
}

/// Now, in milliseconds since the Unix epoch.
pub(crate) fn now() -> Millis {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
        })
}
