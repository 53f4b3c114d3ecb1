//! The one thread that writes. Whatever has queued up meanwhile shares a commit.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::watch;

use crate::metrics::Appends;
use crate::{Append, Reader, Result, StoreError, StoreOptions, Tx};

/// What a job did, and how to tell its caller how the commit went.
pub(crate) struct Outcome {
    pub failed: bool,
    pub answer: Answer,
}

/// Tells a caller how its write went.
pub(crate) type Answer = Box<dyn FnOnce(Result<()>) + Send>;

pub(crate) enum Job {
    /// Stands and falls by itself.
    Write(Box<dyn FnOnce(&Tx<'_>) -> Outcome + Send>),
    /// Points for a run. They are checked before anything is written, so that all the
    /// appends in a row are written together.
    Append { append: Append, answer: Answer },
}

/// A group is closed at so many jobs, or after so long.
const GROUP_JOBS: usize = 512;
const GROUP_TIME: Duration = Duration::from_millis(20);

pub(crate) struct Writer {
    sender: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        conn: Connection,
        path: &Path,
        options: &StoreOptions,
        commits: watch::Sender<u64>,
    ) -> Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let mut room = Room {
            conn,
            journal: options.journal,
            artifact_root: options.artifact_root.clone(),
            metric_names: RefCell::default(),
            appends: RefCell::default(),
            commits,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || room.work(&receiver))
            .map_err(|error| StoreError::Access {
                path: path.display().to_string(),
                why: error.to_string(),
            })?;
        Ok(Self {
            sender: Some(sender),
            thread: Some(thread),
        })
    }

    /// Queues a job. When the writer has ended the job is dropped, and with it the
    /// channel that its caller waits on.
    pub(crate) fn submit(&self, job: Job) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(job);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A writer that panicked has nothing left to do.
            let _ = thread.join();
        }
    }
}

struct Room {
    conn: Connection,
    journal: bool,
    artifact_root: String,
    metric_names: RefCell<HashMap<String, i64>>,
    appends: RefCell<Appends>,
    commits: watch::Sender<u64>,
}

impl Room {
    fn work(&mut self, jobs: &mpsc::Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            self.group(first, jobs);
        }
    }

    fn group(&self, first: Job, jobs: &mpsc::Receiver<Job>) {
        if let Err(error) = self.run("BEGIN IMMEDIATE") {
            // The job never ran: let it see the error through a transaction that
            // takes nothing.
            tracing::error!(%error, "the store cannot begin a write");
            self.refuse(first, &error);
            return;
        }
        let started = Instant::now();
        let mut done: Vec<Answer> = Vec::new();
        let mut next = Some(first);
        let mut lost = None;
        while let Some(job) = next.take() {
            match job {
                Job::Append { append, answer } => match self.append(append) {
                    Ok(()) => done.push(answer),
                    Err(error) if error.is_refusal() => {
                        done.push(Box::new(|_| answer(Err(error))));
                    }
                    Err(error) => {
                        done.push(answer);
                        lost = Some(error);
                        break;
                    }
                },
                Job::Write(write) => {
                    if let Err(error) = self.flush() {
                        lost = Some(error.clone());
                        self.refuse(Job::Write(write), &error);
                        break;
                    }
                    let outcome = if done.is_empty() {
                        self.first(write)
                    } else {
                        self.one(write)
                    };
                    done.push(outcome.answer);
                    if outcome.failed && self.conn.is_autocommit() {
                        // A full disk makes SQLite give up the whole transaction.
                        lost = Some(StoreError::Full);
                        break;
                    }
                }
            }
            if done.len() < GROUP_JOBS && started.elapsed() < GROUP_TIME {
                next = jobs.try_recv().ok();
            }
        }
        let commit = match lost {
            Some(error) => Err(error),
            None => self.flush().and_then(|()| self.run("COMMIT")),
        };
        if let Err(error) = &commit {
            tracing::error!(%error, writes = done.len(), "the store cannot commit");
            self.metric_names.borrow_mut().clear();
            self.appends.borrow_mut().clear();
            if !self.conn.is_autocommit() {
                let _ = self.run("ROLLBACK");
            }
        } else {
            self.commits.send_modify(|count| *count += 1);
        }
        for answer in done {
            answer(commit.clone());
        }
    }

    fn tx(&self, journal: bool) -> Tx<'_> {
        Tx {
            reader: Reader { conn: &self.conn },
            journal,
            artifact_root: &self.artifact_root,
            metric_names: &self.metric_names,
            now: crate::now(),
            actor: &crate::registry_history::NOBODY,
        }
    }

    fn append(&self, append: Append) -> Result<()> {
        let tx = self.tx(self.journal);
        if let Some(check) = append.check {
            check(&tx, &append.run_id)?;
        }
        self.appends
            .borrow_mut()
            .log(&tx, append.run_id, append.points)
    }

    fn flush(&self) -> Result<()> {
        self.appends.borrow_mut().flush(&self.tx(self.journal))
    }

    /// A job before which nothing was written: what it leaves when it fails goes with the
    /// whole transaction. SQLite keeps no copies of pages for it, as it does for a part.
    fn first(&self, write: impl FnOnce(&Tx<'_>) -> Outcome) -> Outcome {
        let outcome = write(&self.tx(self.journal));
        if outcome.failed {
            self.metric_names.borrow_mut().clear();
            if !self.conn.is_autocommit() {
                // When it cannot begin again, the group is lost as by a full disk.
                let _ = self
                    .run("ROLLBACK")
                    .and_then(|()| self.run("BEGIN IMMEDIATE"));
            }
        }
        outcome
    }

    fn one(&self, write: impl FnOnce(&Tx<'_>) -> Outcome) -> Outcome {
        let savepoint = self.run("SAVEPOINT job");
        let mut outcome = write(&self.tx(self.journal));
        outcome.failed |= savepoint.is_err();
        if outcome.failed {
            self.metric_names.borrow_mut().clear();
            if !self.conn.is_autocommit() {
                let _ = self.run("ROLLBACK TO job");
            }
        }
        if !self.conn.is_autocommit() {
            let _ = self.run("RELEASE job");
        }
        outcome
    }

    /// Runs a job without a transaction to write in, only to reach its caller.
    fn refuse(&self, job: Job, error: &StoreError) {
        let answer = match job {
            Job::Append { answer, .. } => answer,
            Job::Write(write) => {
                let _ = self.conn.pragma_update(None, "query_only", true);
                let outcome = write(&self.tx(false));
                let _ = self.conn.pragma_update(None, "query_only", false);
                outcome.answer
            }
        };
        answer(Err(error.clone()));
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
