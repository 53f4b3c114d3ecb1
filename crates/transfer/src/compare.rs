//! Comparing source and target after a transfer, and counting what a source has.

use std::collections::BTreeMap;
use std::io::Read;

use sha2::{Digest, Sha256};
use skerry_domain::tracking::{ArtifactOwner, Experiment, ModelVersion, Run};
use skerry_domain::{Code, ErrorBody, KeyValue, LifecycleStage};

use crate::Result;
use crate::entities::{
    Files, Place, PointHash, Points, Source, SourceModel, SourceRegistered, SourceRun, Target,
    count,
};
use crate::report::{Event, Problem, Report, Tally};

pub(crate) fn name_of(owner: &ArtifactOwner) -> String {
    match owner {
        ArtifactOwner::Run(id) => format!("run {id}"),
        ArtifactOwner::LoggedModel(id) => format!("logged model {id}"),
    }
}

/// A failure that does not concern one thing alone.
pub(crate) fn fatal(code: Code) -> bool {
    !matches!(
        code,
        Code::Invalid | Code::NotFound | Code::AlreadyExists | Code::FileAccess | Code::UnsafeLink
    )
}

/// SHA-256 and size of what is read.
pub(crate) fn hash(mut from: Box<dyn Read>) -> Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let size = std::io::copy(&mut from, &mut hasher).map_err(|error| unreadable(&error))?;
    Ok((hex::encode(hasher.finalize()), size))
}

/// A read error; one that carries an error of ours says that.
pub(crate) fn unreadable(error: &std::io::Error) -> ErrorBody {
    if let Some(body) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<ErrorBody>())
    {
        return body.clone();
    }
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull => Code::DiskFull,
        _ => Code::FileAccess,
    };
    ErrorBody::new(code, format!("The file cannot be read: {error}."))
}

pub(crate) struct Comparison<'a> {
    pub source: &'a dyn Source,
    pub target: &'a dyn Target,
    pub report: &'a mut Report,
    pub tell: &'a mut dyn FnMut(Event),
}

/// Counts one thing on the side of the source, and on the other when it is equal.
fn tick(report: &mut Report, equal: bool, add: impl Fn(&mut Tally)) {
    add(&mut report.source);
    if equal {
        add(&mut report.target);
    }
}

impl Comparison<'_> {
    pub(crate) fn run(mut self) -> Result<()> {
        let here: BTreeMap<String, Experiment> = self
            .target
            .as_source()
            .experiments()?
            .into_iter()
            .map(|experiment| (experiment.name.clone(), experiment))
            .collect();
        for experiment in self.source.experiments()? {
            self.experiment(&experiment, here.get(&experiment.name));
            for model in self.source.models(&experiment)? {
                self.model(&model)?;
            }
            let mut cursor = Some(String::new());
            while let Some(from) = cursor {
                let (runs, next) = self.source.runs(&experiment, &from)?;
                for run in &runs {
                    self.one_run(run)?;
                    (self.tell)(Event::Compared(self.report.source));
                }
                cursor = next;
            }
        }
        let names = self.target.as_source().registered_names()?;
        for name in self.source.registered_names()? {
            // What cannot be read was told while it was to be carried.
            let Ok(registered) = self.source.registered(&name) else {
                self.report.source.registered_models += 1;
                continue;
            };
            let here = match names.contains(&name) {
                true => Some(self.target.as_source().registered(&name)?),
                false => None,
            };
            self.registered(&registered, here.as_ref())?;
        }
        (self.tell)(Event::Compared(self.report.source));
        Ok(())
    }

    fn differs(&mut self, what: String, why: impl Into<String>) {
        self.report.problem(Problem::new(what, why));
    }

    /// Counts what a server sets by itself: its API takes no such value.
    fn set_there(&mut self, what: &str, number: u64) {
        if self.target.exact() || number == 0 {
            return;
        }
        let set = &mut self.report.not_kept;
        match set.iter_mut().find(|(known, _)| known == what) {
            Some((_, sum)) => *sum += number,
            None => set.push((what.to_owned(), number)),
        }
    }

    /// Whether the value is the same; says so when not.
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, from: &T, to: &T) -> bool {
        if from == to {
            return true;
        }
        self.differs(what.to_owned(), format!("{from:?} there, {to:?} here"));
        false
    }

    fn pairs(
        &mut self,
        what: &str,
        from: &[KeyValue],
        to: &[KeyValue],
        add: impl Fn(&mut Tally) + Copy,
    ) {
        let to: BTreeMap<&str, &str> = to
            .iter()
            .map(|pair| (pair.key.as_str(), pair.value.as_str()))
            .collect();
        for pair in from {
            let found = to.get(pair.key.as_str()).copied();
            let equal = found == Some(pair.value.as_str());
            if !equal {
                let why = if found.is_some() {
                    "differs"
                } else {
                    "is missing"
                };
                self.differs(format!("{what} '{}'", pair.key), why);
            }
            tick(self.report, equal, add);
        }
    }

    fn experiment(&mut self, experiment: &Experiment, here: Option<&Experiment>) {
        let what = format!("experiment '{}'", experiment.name);
        let Some(here) = here else {
            self.differs(what, "is missing");
            return tick(self.report, false, |tally| tally.experiments += 1);
        };
        self.set_there("creation and update time of an experiment", 1);
        let deleted = experiment.lifecycle == LifecycleStage::Deleted;
        self.set_there("time of deletion of an experiment", u64::from(deleted));
        let equal = self.same(&what, &experiment.lifecycle, &here.lifecycle);
        tick(self.report, equal, |tally| tally.experiments += 1);
        self.pairs(
            &format!("{what}: tag"),
            &experiment.tags,
            &here.tags,
            |tally| tally.tags += 1,
        );
    }

    fn one_run(&mut self, run: &SourceRun) -> Result<()> {
        let what = format!("run {}", run.run.info.run_id);
        let Some(here) = self.target.find_run(&run.run.info.run_id)? else {
            self.differs(what, "is missing");
            tick(self.report, false, |tally| tally.runs += 1);
            return Ok(());
        };
        self.set_there("id of a run (the tag skerry.run_id keeps it)", 1);
        let deleted = run.run.info.lifecycle == LifecycleStage::Deleted;
        self.set_there("time of deletion of a run", u64::from(deleted));
        let equal = self.run_row(&what, &run.run, &here.run);
        tick(self.report, equal, |tally| tally.runs += 1);
        self.pairs(
            &format!("{what}: param"),
            &run.run.params,
            &here.run.params,
            |tally| tally.params += 1,
        );
        self.pairs(
            &format!("{what}: tag"),
            &run.run.tags,
            &here.run.tags,
            |tally| tally.tags += 1,
        );
        self.inputs(&what, &run.run, &here.run);
        for key in &run.metrics {
            let there = match points_of(self.source, run, key) {
                Ok(there) => there,
                Err(error) if fatal(error.code) => return Err(error),
                Err(error) => {
                    self.differs(format!("{what}: metric '{key}'"), error.message);
                    tick(self.report, false, |tally| tally.metrics += 1);
                    continue;
                }
            };
            let found = points_of(self.target.as_source(), &here, key)?;
            let equal =
                there == found || found.points > there.points && self.all_there(run, &here, key)?;
            if !equal {
                let why = if there.points == found.points {
                    format!("other points: the hashes of {} points differ", there.points)
                } else {
                    format!("{} points there, {} here", there.points, found.points)
                };
                self.differs(format!("{what}: metric '{key}'"), why);
            }
            tick(self.report, equal, |tally| tally.metrics += 1);
            self.report.source.points += there.points;
            // What was logged there besides is not the source's.
            self.report.target.points += if equal {
                there.points
            } else {
                found.points.min(there.points)
            };
        }
        self.files(&Place::of_run(run), &Place::of_run(&here))
    }

    /// Whether each point of the source is among those of the target.
    fn all_there(&self, run: &SourceRun, here: &SourceRun, key: &str) -> Result<bool> {
        let mut known = Points::of(self.target.as_source(), here, key)?;
        let mut all = true;
        self.source.history(run, key, &mut |samples| {
            all &= known.missing(samples).is_empty();
            Ok(())
        })?;
        Ok(all)
    }

    fn run_row(&mut self, what: &str, run: &Run, here: &Run) -> bool {
        let (from, to) = (&run.info, &here.info);
        self.same(
            &format!("{what}: experiment"),
            &from.experiment,
            &to.experiment,
        ) & self.same(&format!("{what}: name"), &from.name, &to.name)
            & self.same(&format!("{what}: user"), &from.user_id, &to.user_id)
            & self.same(&format!("{what}: status"), &from.status, &to.status)
            & self.same(&format!("{what}: start"), &from.start_time, &to.start_time)
            & self.same(&format!("{what}: end"), &from.end_time, &to.end_time)
            & self.same(
                &format!("{what}: lifecycle"),
                &from.lifecycle,
                &to.lifecycle,
            )
    }

    fn inputs(&mut self, what: &str, run: &Run, here: &Run) {
        for input in &run.datasets {
            let mut wanted = input.tags.clone();
            wanted.sort_by(|a, b| a.key.cmp(&b.key));
            let equal = here.datasets.iter().any(|other| {
                let mut tags = other.tags.clone();
                tags.sort_by(|a, b| a.key.cmp(&b.key));
                other.dataset == input.dataset && tags == wanted
            });
            if !equal {
                let set = &input.dataset;
                self.differs(
                    format!("{what}: data set '{}' {}", set.name, set.digest),
                    "is missing or differs",
                );
            }
            tick(self.report, equal, |tally| tally.inputs += 1);
        }
        for id in &run.model_inputs {
            let equal = here.model_inputs.contains(id);
            if !equal {
                self.differs(format!("{what}: model {id} that went in"), "is missing");
            }
            tick(self.report, equal, |tally| tally.inputs += 1);
        }
        for output in &run.model_outputs {
            let equal = here.model_outputs.contains(output);
            if !equal {
                self.differs(
                    format!("{what}: model {} that came out", output.model_id),
                    "is missing",
                );
            }
            tick(self.report, equal, |tally| tally.inputs += 1);
        }
    }

    fn model(&mut self, model: &SourceModel) -> Result<()> {
        let from = &model.model;
        let what = format!("logged model {}", from.model_id);
        let Some(here) = self.target.find_model(&from.model_id)? else {
            self.differs(what, "is missing");
            tick(self.report, false, |tally| tally.logged_models += 1);
            return Ok(());
        };
        self.set_there("id of a logged model (the tag skerry.model_id keeps it)", 1);
        self.set_there("creation and update time of a logged model", 1);
        let message = u64::from(!from.status_message.is_empty());
        self.set_there("status message of a logged model", message);
        let to = &here.model;
        let mut equal = self.same(&format!("{what}: name"), &from.name, &to.name)
            & self.same(
                &format!("{what}: experiment"),
                &from.experiment,
                &to.experiment,
            )
            & self.same(&format!("{what}: status"), &from.status, &to.status)
            & self.same(&format!("{what}: type"), &from.model_type, &to.model_type)
            & self.same(
                &format!("{what}: run"),
                &from.source_run_id,
                &to.source_run_id,
            )
            & self.same(&format!("{what}: deleted"), &model.deleted, &here.deleted);
        if self.target.exact() {
            equal &= self.same(&format!("{what}: made"), &from.created_at, &to.created_at);
        }
        for (which, from, to) in [
            ("param", &from.params, &to.params),
            ("tag", &from.tags, &to.tags),
        ] {
            for pair in from {
                if !to.contains(pair) {
                    self.differs(
                        format!("{what}: {which} '{}'", pair.key),
                        "is missing or differs",
                    );
                    equal = false;
                }
            }
        }
        for metric in &model.metrics {
            let same = here.metrics.iter().any(|other| {
                let (a, b) = (&metric.point, &other.point);
                metric.run_id == other.run_id
                    && (
                        &a.key,
                        a.step,
                        a.timestamp,
                        &a.dataset_name,
                        &a.dataset_digest,
                    ) == (
                        &b.key,
                        b.step,
                        b.timestamp,
                        &b.dataset_name,
                        &b.dataset_digest,
                    )
                    && equal_values(a.value, b.value)
            });
            if !same {
                self.differs(
                    format!("{what}: metric '{}'", metric.point.key),
                    "is missing or differs",
                );
                equal = false;
            }
        }
        tick(self.report, equal, |tally| tally.logged_models += 1);
        self.files(&Place::of_model(model), &Place::of_model(&here))
    }

    fn files(&mut self, from: &Place, to: &Place) -> Result<()> {
        let what = name_of(&from.owner);
        let Files {
            files, elsewhere, ..
        } = self.source.files(from)?;
        if elsewhere.is_some() {
            return Ok(());
        }
        for (path, size) in files {
            let equal = match self.one_file(from, to, &path, size) {
                Ok(None) => true,
                Ok(Some(why)) => {
                    self.differs(format!("{what}: artifact '{path}'"), why);
                    false
                }
                Err(error) if fatal(error.code) => return Err(error),
                Err(error) => {
                    self.differs(format!("{what}: artifact '{path}'"), error.message);
                    false
                }
            };
            tick(self.report, equal, |tally| {
                tally.artifacts += 1;
                tally.artifact_bytes += size;
            });
        }
        Ok(())
    }

    /// Says how a file differs.
    fn one_file(&self, from: &Place, to: &Place, path: &str, size: u64) -> Result<Option<String>> {
        let wanted = if self.source.near() {
            hash(self.source.open(from, path)?)?
        } else {
            match self.target.known_file(to, path)? {
                Some((sha256, size)) if !sha256.is_empty() => (sha256, size),
                _ => hash(self.source.open(from, path)?)?,
            }
        };
        if wanted.1 != size {
            return Ok(Some(format!("{size} bytes there, {} came", wanted.1)));
        }
        let found = hash(self.target.as_source().open(to, path)?)?;
        Ok((found != wanted).then(|| format!("SHA-256 {} there, {} here", wanted.0, found.0)))
    }

    fn registered(
        &mut self,
        from: &SourceRegistered,
        here: Option<&SourceRegistered>,
    ) -> Result<()> {
        let what = format!("registered model '{}'", from.model.name);
        let Some(here) = here else {
            self.differs(what, "is missing");
            let report = &mut *self.report;
            report.source.registered_models += 1;
            report.source.versions += count(from.versions.len());
            report.source.aliases += count(from.model.aliases.len());
            return Ok(());
        };
        self.set_there("creation and update time of a registered model", 1);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut equal = self.same(
            &format!("{what}: description"),
            &text(&from.model.description),
            &text(&here.model.description),
        );
        for pair in &from.model.tags {
            if !here.model.tags.contains(pair) {
                self.differs(
                    format!("{what}: tag '{}'", pair.key),
                    "is missing or differs",
                );
                equal = false;
            }
        }
        tick(self.report, equal, |tally| tally.registered_models += 1);
        for (alias, version) in &from.model.aliases {
            let equal = here.model.aliases.get(alias) == Some(version);
            if !equal {
                self.differs(format!("{what}: alias '{alias}'"), "is missing or differs");
            }
            tick(self.report, equal, |tally| tally.aliases += 1);
        }
        for version in &from.versions {
            let what = format!("{what}: version {}", version.version);
            let found = here
                .versions
                .iter()
                .find(|other| other.version == version.version);
            let equal = match found {
                Some(found) => self.version(&what, version, found)?,
                None => {
                    self.differs(what, "is missing");
                    false
                }
            };
            tick(self.report, equal, |tally| tally.versions += 1);
        }
        Ok(())
    }

    fn version(&mut self, what: &str, from: &ModelVersion, to: &ModelVersion) -> Result<bool> {
        self.set_there("creation and update time of a model version", 1);
        self.set_there("user of a model version", u64::from(from.user_id.is_some()));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut equal = self.same(
            &format!("{what}: description"),
            &text(&from.description),
            &text(&to.description),
        ) & self.same(&format!("{what}: stage"), &from.stage, &to.stage)
            & self.same(
                &format!("{what}: run"),
                &text(&from.run_id),
                &text(&to.run_id),
            );
        if self.target.exact() {
            let source = self.target.uri(&from.source)?;
            equal &= self.same(&format!("{what}: source"), &source, &to.source)
                & self.same(&format!("{what}: made"), &from.created_at, &to.created_at)
                & self.same(&format!("{what}: status"), &from.status, &to.status);
        }
        for pair in &from.tags {
            if !to.tags.contains(pair) {
                self.differs(
                    format!("{what}: tag '{}'", pair.key),
                    "is missing or differs",
                );
                equal = false;
            }
        }
        Ok(equal)
    }
}

fn equal_values(a: f64, b: f64) -> bool {
    a == b
        || (a.is_nan() && b.is_nan())
        || a.clamp(f64::MIN, f64::MAX) == b.clamp(f64::MIN, f64::MAX)
}

fn points_of(of: &dyn Source, run: &SourceRun, key: &str) -> Result<PointHash> {
    let mut hash = PointHash::default();
    of.history(run, key, &mut |samples| {
        hash.add(samples);
        Ok(())
    })?;
    Ok(hash)
}

/// Counts what a source has.
pub(crate) fn survey(
    source: &dyn Source,
    report: &mut Report,
    tell: &mut dyn FnMut(Event),
) -> Result<()> {
    for experiment in source.experiments()? {
        report.source.experiments += 1;
        report.source.tags += count(experiment.tags.len());
        for model in source.models(&experiment)? {
            report.source.logged_models += 1;
            survey_files(source, &Place::of_model(&model), report)?;
        }
        let mut cursor = Some(String::new());
        while let Some(from) = cursor {
            let (runs, next) = source.runs(&experiment, &from)?;
            for run in &runs {
                for key in &run.metrics {
                    report.source.metrics += 1;
                    match points_of(source, run, key) {
                        Ok(found) => report.source.points += found.points,
                        Err(error) if fatal(error.code) => return Err(error),
                        Err(error) => report.problem(Problem::new(
                            format!("run {}: metric '{key}'", run.run.info.run_id),
                            error.message,
                        )),
                    }
                }
                let tally = &mut report.source;
                tally.runs += 1;
                tally.params += count(run.run.params.len());
                tally.tags += count(run.run.tags.len());
                tally.inputs += count(run.run.datasets.len())
                    + count(run.run.model_inputs.len())
                    + count(run.run.model_outputs.len());
                survey_files(source, &Place::of_run(run), report)?;
                tell(Event::Transferred(report.source));
            }
            cursor = next;
        }
    }
    for name in source.registered_names()? {
        let registered = source.registered(&name)?;
        report.source.registered_models += 1;
        report.source.versions += count(registered.versions.len());
        report.source.aliases += count(registered.model.aliases.len());
    }
    Ok(())
}

fn survey_files(source: &dyn Source, place: &Place, report: &mut Report) -> Result<()> {
    let what = name_of(&place.owner);
    let found = source.files(place)?;
    if let Some(elsewhere) = found.elsewhere {
        report.elsewhere(Problem::new(
            format!("{what}: artifacts at '{}'", place.uri),
            match elsewhere {
                crate::Elsewhere::Storage => "they stay there".to_owned(),
                crate::Elsewhere::Unknown(why) => why,
            },
        ));
    }
    for (path, why) in found.unreachable {
        report.problem(Problem::new(format!("{what}: artifact '{path}'"), why));
    }
    for (_, size) in found.files {
        report.source.artifacts += 1;
        report.source.artifact_bytes += size;
    }
    Ok(())
}
