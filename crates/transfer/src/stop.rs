//! Ending a transfer from outside.

use std::io::Read;
use std::sync::{Arc, PoisonError, RwLock};

use skerry_domain::tracking::Experiment;
use skerry_domain::{Code, ErrorBody};

use crate::Result;
use crate::entities::{EachPoint, Files, Place, Source, SourceModel, SourceRegistered, SourceRun};
use crate::report::Problem;

/// Ends a transfer. All clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<RwLock<bool>>);

impl Stop {
    /// Ends it; when this returns, nothing is written to a store of ours any more. What
    /// waits for a server far away notices later.
    pub fn now(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Does something that is not to happen any more once the transfer was ended.
    pub(crate) fn unless<T>(&self, act: impl FnOnce() -> Result<T>) -> Result<T> {
        let stopped = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if *stopped { Err(cancelled()) } else { act() }
    }

    fn check(&self) -> Result<()> {
        self.unless(|| Ok(()))
    }
}

fn cancelled() -> ErrorBody {
    ErrorBody::new(Code::Cancelled, "Interrupted. Started again, it goes on.")
}

/// A source whose reading ends when the transfer is ended.
pub(crate) struct Stoppable<'a> {
    pub source: &'a dyn Source,
    pub stop: &'a Stop,
}

struct StoppableRead {
    inner: Box<dyn Read>,
    stop: Stop,
}

impl Read for StoppableRead {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.stop.check().map_err(std::io::Error::other)?;
        self.inner.read(into)
    }
}

impl Source for Stoppable<'_> {
    fn experiments(&self) -> Result<Vec<Experiment>> {
        self.source.experiments()
    }

    fn runs(
        &self,
        experiment: &Experiment,
        cursor: &str,
    ) -> Result<(Vec<SourceRun>, Option<String>)> {
        self.stop.check()?;
        self.source.runs(experiment, cursor)
    }

    fn history(&self, run: &SourceRun, key: &str, each: &mut EachPoint<'_>) -> Result<()> {
        self.stop.check()?;
        self.source.history(run, key, &mut |samples| {
            self.stop.check()?;
            each(samples)
        })
    }

    fn models(&self, experiment: &Experiment) -> Result<Vec<SourceModel>> {
        self.stop.check()?;
        self.source.models(experiment)
    }

    fn registered_names(&self) -> Result<Vec<String>> {
        self.source.registered_names()
    }

    fn registered(&self, name: &str) -> Result<SourceRegistered> {
        self.stop.check()?;
        self.source.registered(name)
    }

    fn files(&self, place: &Place) -> Result<Files> {
        self.stop.check()?;
        self.source.files(place)
    }

    fn open(&self, place: &Place, path: &str) -> Result<Box<dyn Read>> {
        self.stop.check()?;
        Ok(Box::new(StoppableRead {
            inner: self.source.open(place, path)?,
            stop: self.stop.clone(),
        }))
    }

    fn near(&self) -> bool {
        self.source.near()
    }

    fn problems(&self) -> Vec<Problem> {
        self.source.problems()
    }

    fn left_out(&self) -> Result<Vec<(String, u64)>> {
        self.source.left_out()
    }
}
