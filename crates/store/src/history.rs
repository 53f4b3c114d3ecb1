//! Whole histories of metrics, in parts that fit into memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use crate::chunk::{self, Sample};
use crate::metrics::{InOrder, Series, chunk_id};
use crate::{Reader, Result};

/// A part of a metric's history.
#[derive(Debug, Clone, Default)]
pub struct HistoryPage {
    /// By time, step, value.
    pub samples: Vec<Sample>,
    /// Where the next part begins, when there is one.
    pub next: Option<usize>,
}

/// Receives the points of a history, some thousand at a time; breaks it off.
type Visit<'a> = dyn FnMut(&[Sample]) -> ControlFlow<()> + 'a;

impl Reader<'_> {
    /// Points of a metric from number `offset` on, at most `limit` of them. An
    /// unknown metric has none.
    ///
    /// # Errors
    /// `NotFound` for the run.
    pub fn metric_history(
        &self,
        run_id: &str,
        key: &str,
        offset: usize,
        limit: Option<usize>,
    ) -> Result<HistoryPage> {
        let mut samples = Vec::new();
        let next = self.each_of_history(run_id, key, offset, limit, &mut |part| {
            samples.extend_from_slice(part);
            ControlFlow::Continue(())
        })?;
        Ok(HistoryPage { samples, next })
    }

    /// Shows the same points part by part, by time, step, value; few of them are in
    /// memory at once. Answers where the next page begins, when there is one.
    ///
    /// # Errors
    /// `NotFound` for the run.
    pub fn each_of_history(
        &self,
        run_id: &str,
        key: &str,
        offset: usize,
        limit: Option<usize>,
        visit: &mut Visit<'_>,
    ) -> Result<Option<usize>> {
        let Some(series) = self.series(run_id, key)? else {
            return Ok(None);
        };
        let mut window = Window {
            skip: offset,
            left: limit.unwrap_or(usize::MAX),
            shown: 0,
            more: false,
            visit,
        };
        if series.order == InOrder::Yes {
            self.each_chunk(&series, &mut window)?;
        } else {
            self.each_merged(&series, &mut window)?;
        }
        Ok(window.more.then(|| offset.saturating_add(window.shown)))
    }

    fn each_chunk(&self, series: &Series, window: &mut Window<'_>) -> Result<()> {
        let mut statement = self.conn().prepare_cached(
            "SELECT points, data FROM chunks WHERE id >= ?1 AND id < ?2 ORDER BY id",
        )?;
        let mut rows = statement.query([chunk_id(series.id, 0), chunk_id(series.id + 1, 0)])?;
        let mut samples = Vec::new();
        while let Some(row) = rows.next()? {
            let points: usize = row.get(0)?;
            if window.skip >= points {
                window.skip -= points;
                continue;
            }
            samples.clear();
            chunk::decode(row.get_ref(1)?.as_blob()?, &mut samples);
            if window.show(&samples).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Chunks overlap: each is opened when its first point is due, and closed behind
    /// its last.
    fn each_merged(&self, series: &Series, window: &mut Window<'_>) -> Result<()> {
        let mut waiting = self.starts(series)?;
        waiting.sort_unstable_by(|(a, _), (b, _)| b.by_time(a));
        let mut open: BinaryHeap<Reverse<Open>> = BinaryHeap::new();
        let mut part: Vec<Sample> = Vec::with_capacity(chunk::FULL);
        let mut last: Option<Sample> = None;
        loop {
            while let Some((start, id)) = waiting.last()
                && open
                    .peek()
                    .is_none_or(|Reverse(first)| start.by_time(&first.head).is_le())
            {
                open.extend(self.open(*id)?.map(Reverse));
                waiting.pop();
            }
            let Some(Reverse(mut first)) = open.pop() else {
                break;
            };
            let sample = first.head;
            if let Some(head) = first.rest.pop() {
                first.head = head;
                open.push(Reverse(first));
            }
            // Points that came twice are left out.
            if last.is_some_and(|last| last.same(&sample)) {
                continue;
            }
            last = Some(sample);
            part.push(sample);
            if part.len() >= chunk::FULL {
                if window.show(&part).is_break() {
                    return Ok(());
                }
                part.clear();
            }
        }
        // The rest; whoever reads has enough or is at the end.
        let _ = window.show(&part);
        Ok(())
    }

    /// The first point of each chunk, by time.
    fn starts(&self, series: &Series) -> Result<Vec<(Sample, i64)>> {
        let mut statement = self
            .conn()
            .prepare_cached("SELECT id, data FROM chunks WHERE id >= ?1 AND id < ?2")?;
        let mut rows = statement.query([chunk_id(series.id, 0), chunk_id(series.id + 1, 0)])?;
        let mut starts = Vec::new();
        let mut samples = Vec::new();
        while let Some(row) = rows.next()? {
            samples.clear();
            chunk::decode(row.get_ref(1)?.as_blob()?, &mut samples);
            if let Some(first) = samples.iter().min_by(|a, b| a.by_time(b)) {
                starts.push((*first, row.get(0)?));
            }
        }
        Ok(starts)
    }

    fn open(&self, chunk: i64) -> Result<Option<Open>> {
        let mut statement = self
            .conn()
            .prepare_cached("SELECT data FROM chunks WHERE id = ?1")?;
        let mut rows = statement.query([chunk])?;
        let mut rest = Vec::new();
        if let Some(row) = rows.next()? {
            chunk::decode(row.get_ref(0)?.as_blob()?, &mut rest);
        }
        rest.sort_by(|a, b| b.by_time(a));
        Ok(rest.pop().map(|head| Open { head, rest }))
    }

    /// Every point of a series once, by time, step, value.
    pub(crate) fn all_samples(&self, series: &Series) -> Result<Vec<Sample>> {
        let mut samples = Vec::new();
        let mut window = Window {
            skip: 0,
            left: usize::MAX,
            shown: 0,
            more: false,
            visit: &mut |part| {
                samples.extend_from_slice(part);
                ControlFlow::Continue(())
            },
        };
        if series.order == InOrder::Yes {
            self.each_chunk(series, &mut window)?;
        } else {
            self.each_merged(series, &mut window)?;
        }
        Ok(samples)
    }
}

/// An opened chunk: its next point, and those behind it, the next one last.
struct Open {
    head: Sample,
    rest: Vec<Sample>,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.head.by_time(&other.head)
    }
}

/// Which part of a history is wanted.
struct Window<'a> {
    skip: usize,
    left: usize,
    shown: usize,
    more: bool,
    visit: &'a mut Visit<'a>,
}

impl Window<'_> {
    fn show(&mut self, samples: &[Sample]) -> ControlFlow<()> {
        let skipped = self.skip.min(samples.len());
        self.skip -= skipped;
        let rest = samples.get(skipped..).unwrap_or_default();
        if rest.is_empty() {
            return ControlFlow::Continue(());
        }
        let wanted = rest.get(..self.left).unwrap_or(rest);
        self.more = wanted.len() < rest.len();
        self.left -= wanted.len();
        self.shown += wanted.len();
        if !wanted.is_empty() {
            (self.visit)(wanted)?;
        }
        if self.more {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
