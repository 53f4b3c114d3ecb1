//! Carrying everything from a source to a target.

use skerry_domain::tracking::Experiment;

use crate::compare::{self, Comparison};
use crate::entities::{
    Elsewhere, Files, Place, PointHash, Points, Source, SourceModel, SourceRun, Target,
};
use crate::report::{Event, Problem, Report, Tally};
use crate::stop::{Stop, Stoppable};
use crate::{Result, entities};

/// Carries everything from `source` to `target`, then compares both and says how they
/// differ. What the target has already is not carried again.
///
/// # Errors
/// What makes going on useless: the target's disk is full, the source cannot be
/// reached, it was stopped. What cannot be carried by itself is in the report.
pub fn transfer(
    source: &dyn Source,
    target: &dyn Target,
    stop: &Stop,
    tell: &mut dyn FnMut(Event),
) -> Result<Report> {
    let source = &Stoppable { source, stop };
    let mut walk = Walk {
        source,
        target,
        tell,
        tally: Tally::default(),
        report: Report::default(),
    };
    let experiments = source.experiments()?;
    let mut pairs = Vec::with_capacity(experiments.len());
    for experiment in experiments {
        let here = target.experiment(&experiment)?;
        walk.tally.experiments += 1;
        pairs.push((experiment, here));
    }
    for (experiment, here) in &pairs {
        walk.runs(experiment, here)?;
    }
    for (experiment, here) in &pairs {
        walk.models(experiment, here)?;
    }
    for name in source.registered_names()? {
        let registered = match source.registered(&name) {
            Ok(registered) => registered,
            Err(error) if compare::fatal(error.code) => return Err(error),
            Err(error) => {
                let what = format!("registered model '{name}'");
                walk.report.problem(Problem::new(what, error.message));
                continue;
            }
        };
        walk.tally.registered_models += 1;
        walk.tally.versions += entities::count(registered.versions.len());
        walk.tally.aliases += entities::count(registered.model.aliases.len());
        for problem in target.register(&registered)? {
            walk.report.problem(problem);
        }
        walk.told();
    }
    for (experiment, here) in &pairs {
        target.experiment_done(here, experiment)?;
    }
    target.flush()?;
    for problem in source.problems() {
        walk.report.problem(problem);
    }
    let mut report = walk.report;
    report.left_out = source.left_out()?;
    Comparison {
        source,
        target,
        report: &mut report,
        tell,
    }
    .run()?;
    // Told already while it was carried.
    source.problems();
    Ok(report)
}

/// Counts what a transfer would carry; nothing is written.
///
/// # Errors
/// When the source cannot be read.
pub fn survey(source: &dyn Source, tell: &mut dyn FnMut(Event)) -> Result<Report> {
    let mut report = Report::default();
    compare::survey(source, &mut report, tell)?;
    for problem in source.problems() {
        report.problem(problem);
    }
    report.left_out = source.left_out()?;
    Ok(report)
}

struct Walk<'a> {
    source: &'a dyn Source,
    target: &'a dyn Target,
    tell: &'a mut dyn FnMut(Event),
    tally: Tally,
    report: Report,
}

impl Walk<'_> {
    fn told(&mut self) {
        (self.tell)(Event::Transferred(self.tally));
    }

    fn models(&mut self, experiment: &Experiment, here: &Experiment) -> Result<()> {
        for model in self.source.models(experiment)? {
            match self.model(here, &model) {
                Ok(()) => {}
                Err(error) if compare::fatal(error.code) => return Err(error),
                Err(error) => {
                    let what = format!("logged model {}", model.model.model_id);
                    self.report.problem(Problem::new(what, error.message));
                }
            }
        }
        Ok(())
    }

    fn model(&mut self, here: &Experiment, model: &SourceModel) -> Result<()> {
        let from = Place::of_model(model);
        let files = self.source.files(&from)?;
        let to = self.target.model(here, model, files.elsewhere.is_some())?;
        self.files(&from, &to, &files)?;
        self.target.model_done(model)?;
        self.tally.logged_models += 1;
        self.told();
        Ok(())
    }

    fn runs(&mut self, experiment: &Experiment, here: &Experiment) -> Result<()> {
        let mut cursor = Some(String::new());
        while let Some(from) = cursor {
            let (runs, next) = self.source.runs(experiment, &from)?;
            for run in &runs {
                match self.run(here, run) {
                    Ok(()) => {}
                    Err(error) if compare::fatal(error.code) => return Err(error),
                    Err(error) => {
                        let what = format!("run {}", run.run.info.run_id);
                        self.report.problem(Problem::new(what, error.message));
                    }
                }
            }
            cursor = next;
        }
        Ok(())
    }

    fn run(&mut self, here: &Experiment, run: &SourceRun) -> Result<()> {
        let from = Place::of_run(run);
        let files = self.source.files(&from)?;
        let to = self.target.run(here, run, files.elsewhere.is_some())?;
        for key in &run.metrics {
            match self.metric(run, key) {
                Ok(()) => {}
                Err(error) if compare::fatal(error.code) => return Err(error),
                // Comparing tells it.
                Err(error) => tracing::warn!(%error, key, "a metric cannot be read"),
            }
        }
        self.files(&from, &to, &files)?;
        self.target.run_done(here, run)?;
        self.tally.runs += 1;
        self.tally.params += entities::count(run.run.params.len());
        self.tally.tags += entities::count(run.run.tags.len());
        self.told();
        Ok(())
    }

    /// Appends what is missing. The target has the beginning of the history when a
    /// transfer was stopped; when it has something else, such as points that were logged
    /// there since, each point is looked for.
    fn metric(&mut self, run: &SourceRun, key: &str) -> Result<()> {
        let mut there = PointHash::default();
        self.target.as_source().history(run, key, &mut |samples| {
            there.add(samples);
            Ok(())
        })?;
        if !self.append(run, key, there)? {
            let mut known = Points::of(self.target.as_source(), run, key)?;
            self.source.history(run, key, &mut |samples| {
                self.tally.points += entities::count(samples.len());
                match known.missing(samples) {
                    missing if missing.is_empty() => Ok(()),
                    missing => self.target.points(run, key, &missing),
                }
            })?;
        }
        self.tally.metrics += 1;
        Ok(())
    }

    /// False when the target's points are not the first of the source's.
    fn append(&mut self, run: &SourceRun, key: &str, there: PointHash) -> Result<bool> {
        let mut begin = PointHash::default();
        let mut same = there.points == 0;
        let mut seen = 0;
        self.source.history(run, key, &mut |samples| {
            seen += entities::count(samples.len());
            let missing = there.points.saturating_sub(begin.points);
            let known = usize::try_from(missing)
                .unwrap_or(usize::MAX)
                .min(samples.len());
            let (old, new) = samples.split_at_checked(known).unwrap_or((samples, &[]));
            begin.add(old);
            if begin.points == there.points {
                same = begin == there;
            }
            if same && !new.is_empty() {
                self.target.points(run, key, new)?;
            }
            Ok(())
        })?;
        if same {
            self.tally.points += seen;
        }
        Ok(same)
    }

    fn files(&mut self, from: &Place, to: &Place, files: &Files) -> Result<()> {
        let what = compare::name_of(&from.owner);
        match &files.elsewhere {
            Some(Elsewhere::Storage) => self
                .report
                .elsewhere(Problem::new(format!("{what}: artifacts"), from.uri.clone())),
            Some(Elsewhere::Unknown(why)) => self.report.problem(Problem::new(
                format!("{what}: artifacts at '{}'", from.uri),
                why.clone(),
            )),
            None => {}
        }
        for (path, why) in &files.unreachable {
            self.report
                .problem(Problem::new(format!("{what}: artifact '{path}'"), why));
        }
        for (path, size) in &files.files {
            match self.file(from, to, path, *size) {
                Ok(()) => {}
                // The disk is full, the server is gone: going on is useless.
                Err(error) if compare::fatal(error.code) => return Err(error),
                Err(error) => self.report.problem(Problem::new(
                    format!("{what}: artifact '{path}'"),
                    error.message,
                )),
            }
            self.tally.artifacts += 1;
            self.tally.artifact_bytes += size;
        }
        Ok(())
    }

    fn file(&self, from: &Place, to: &Place, path: &str, size: u64) -> Result<()> {
        if let Some((sha256, known)) = self.target.known_file(to, path)?
            && known == size
        {
            // A near file is read to be sure; of a far one the hash that it came with counts.
            if !self.source.near()
                || sha256.is_empty()
                || compare::hash(self.source.open(from, path)?)?.0 == sha256
            {
                return Ok(());
            }
        }
        let bytes = self.source.open(from, path)?;
        self.target.put_file(to, path, size, bytes).map(drop)
    }
}
