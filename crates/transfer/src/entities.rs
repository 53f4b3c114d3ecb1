//! What is carried, and the two ends that it is carried between.

use std::collections::{BTreeSet, HashSet};
use std::io::Read;

use sha2::{Digest, Sha256};
use skerry_domain::KeyValue;
use skerry_domain::tracking::{
    ArtifactOwner, Experiment, LoggedModel, ModelVersion, RegisteredModel, Run,
};
use skerry_store::{LoggedModelMetric, Sample};

use crate::Result;
use crate::report::Problem;

/// A run with everything but its points.
#[derive(Debug, Clone)]
pub struct SourceRun {
    /// Row, params, tags, inputs and outputs; `metrics` is empty.
    pub run: Run,
    /// Names of its metrics, in order.
    pub metrics: BTreeSet<String>,
}

/// A logged model with everything but its files.
#[derive(Debug, Clone)]
pub struct SourceModel {
    /// The model.
    pub model: LoggedModel,
    /// In the bin.
    pub deleted: bool,
    /// Latest value of each of its metrics, per data set and run.
    pub metrics: Vec<LoggedModelMetric>,
}

/// A registered model with its versions.
#[derive(Debug, Clone)]
pub struct SourceRegistered {
    /// Name, tags and aliases; `latest_versions` is empty.
    pub model: RegisteredModel,
    /// By number.
    pub versions: Vec<ModelVersion>,
    /// The number that the next version would get.
    pub next_version: i64,
}

/// Where the files of a run or a logged model are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub owner: ArtifactOwner,
    /// Number of the experiment, in that store.
    pub experiment: i64,
    /// Root of the files.
    pub uri: String,
}

impl Place {
    pub(crate) fn of_run(run: &SourceRun) -> Self {
        let info = &run.run.info;
        Self {
            owner: ArtifactOwner::Run(info.run_id.clone()),
            experiment: info.experiment_id,
            uri: info.artifact_uri.clone(),
        }
    }

    pub(crate) fn of_model(model: &SourceModel) -> Self {
        Self {
            owner: ArtifactOwner::LoggedModel(model.model.model_id.clone()),
            experiment: model.model.experiment_id,
            uri: model.model.artifact_location.clone(),
        }
    }
}

/// The files of a run or a logged model.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Path below the root and size, by path.
    pub files: Vec<(String, u64)>,
    /// What cannot be read, with the reason.
    pub unreachable: Vec<(String, String)>,
    /// The root itself is not in reach: the files stay where they are.
    pub elsewhere: Option<Elsewhere>,
}

/// Why the files of a run or a logged model stay where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// In a storage of its own, which clients reach by the URI as before.
    Storage,
    /// At a place that belongs to nobody, or that was not told; the reason.
    Unknown(String),
}

/// Number of points, and a hash that does not depend on their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PointHash {
    /// How many.
    pub points: u64,
    sum: u128,
}

impl PointHash {
    /// Adds points.
    pub fn add(&mut self, samples: &[Sample]) {
        for sample in samples {
            let hash: [u8; 32] = Sha256::digest(bytes_of(sample)).into();
            if let Some(half) = hash.first_chunk::<16>() {
                self.sum = self.sum.wrapping_add(u128::from_le_bytes(*half));
            }
        }
        self.points += u64::try_from(samples.len()).unwrap_or(u64::MAX);
    }
}

/// What tells a point from another. MLflow keeps ±infinity as the greatest numbers there
/// are, and SQLite no negative zero: equal here.
fn bytes_of(sample: &Sample) -> [u8; 24] {
    let value = match sample.value {
        v if v.is_nan() => f64::NAN,
        v if v >= f64::MAX => f64::INFINITY,
        v if v <= f64::MIN => f64::NEG_INFINITY,
        v => v + 0.0,
    };
    let mut bytes = [0_u8; 24];
    let parts = [
        sample.step.to_le_bytes(),
        sample.timestamp.to_le_bytes(),
        value.to_bits().to_le_bytes(),
    ];
    for (into, from) in bytes.iter_mut().zip(parts.iter().flatten()) {
        *into = *from;
    }
    bytes
}

/// Every point of a metric, in memory: for where source and target went on by themselves.
pub(crate) struct Points(HashSet<[u8; 24]>);

impl Points {
    pub(crate) fn of(source: &dyn Source, run: &SourceRun, key: &str) -> Result<Self> {
        let mut found = HashSet::new();
        source.history(run, key, &mut |samples| {
            found.extend(samples.iter().map(bytes_of));
            Ok(())
        })?;
        Ok(Self(found))
    }

    /// Those that are not among them; they are from now on.
    pub(crate) fn missing(&mut self, samples: &[Sample]) -> Vec<Sample> {
        samples
            .iter()
            .filter(|sample| self.0.insert(bytes_of(sample)))
            .copied()
            .collect()
    }
}

/// Takes points as they come.
pub type EachPoint<'a> = dyn FnMut(&[Sample]) -> Result<()> + 'a;

/// A tracking store that is read.
pub trait Source {
    /// Every experiment, deleted ones too.
    fn experiments(&self) -> Result<Vec<Experiment>>;

    /// Some runs of an experiment, deleted ones too, from `cursor` on (empty at first),
    /// and the cursor of the next ones.
    fn runs(
        &self,
        experiment: &Experiment,
        cursor: &str,
    ) -> Result<(Vec<SourceRun>, Option<String>)>;

    /// Every point of a metric once, in the order of a history, some at a time.
    fn history(&self, run: &SourceRun, key: &str, each: &mut EachPoint<'_>) -> Result<()>;

    /// The logged models of an experiment, deleted ones too where they can be seen.
    fn models(&self, experiment: &Experiment) -> Result<Vec<SourceModel>>;

    /// Names of registered models.
    fn registered_names(&self) -> Result<Vec<String>>;

    /// A registered model with its versions.
    fn registered(&self, name: &str) -> Result<SourceRegistered>;

    /// The files of a run or a logged model.
    fn files(&self, place: &Place) -> Result<Files>;

    /// Opens one of them.
    fn open(&self, place: &Place, path: &str) -> Result<Box<dyn Read>>;

    /// Reading a file costs little: it is read again to compare.
    fn near(&self) -> bool;

    /// What could not be read so far; emptied by the call.
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// What is there that is not carried, such as traces: what, and how many.
    fn left_out(&self) -> Result<Vec<(String, u64)>> {
        Ok(Vec::new())
    }
}

/// A tracking store that is written, and read to compare.
pub trait Target {
    /// The same store, to read what is there.
    fn as_source(&self) -> &dyn Source;

    /// Makes an experiment, or finds the one of that name. Answers it as it is here.
    fn experiment(&self, experiment: &Experiment) -> Result<Experiment>;

    /// Makes a run, or makes it equal to what comes; `here` is its experiment in the
    /// target. `elsewhere` says that its files stay where they are. Answers where its
    /// files are to go.
    fn run(&self, here: &Experiment, run: &SourceRun, elsewhere: bool) -> Result<Place>;

    /// Appends points to a metric of a run of the source.
    fn points(&self, run: &SourceRun, key: &str, samples: &[Sample]) -> Result<()>;

    /// Says that everything of a run is there.
    fn run_done(&self, here: &Experiment, run: &SourceRun) -> Result<()>;

    /// Makes a logged model, or makes it equal to what comes.
    fn model(&self, here: &Experiment, model: &SourceModel, elsewhere: bool) -> Result<Place>;

    /// Says that everything of a logged model is there.
    fn model_done(&self, model: &SourceModel) -> Result<()>;

    /// Makes a registered model with its versions and aliases, or makes them equal to
    /// what comes; what cannot be made is a problem.
    fn register(&self, registered: &SourceRegistered) -> Result<Vec<Problem>>;

    /// Says that everything of an experiment is there.
    fn experiment_done(&self, here: &Experiment, experiment: &Experiment) -> Result<()>;

    /// SHA-256 and size of a file that came before, as it came; an empty hash when only
    /// the size is known.
    fn known_file(&self, place: &Place, path: &str) -> Result<Option<(String, u64)>>;

    /// Writes a file; answers SHA-256 and size of what came.
    fn put_file(
        &self,
        place: &Place,
        path: &str,
        size: u64,
        from: Box<dyn Read>,
    ) -> Result<(String, u64)>;

    /// Puts on the disk what was only queued.
    fn flush(&self) -> Result<()>;

    /// The run of the source as it is here, read anew.
    fn find_run(&self, run_id: &str) -> Result<Option<SourceRun>>;

    /// The logged model of the source as it is here, read anew.
    fn find_model(&self, model_id: &str) -> Result<Option<SourceModel>>;

    /// A URI of the source as it is here.
    fn uri(&self, uri: &str) -> Result<String>;

    /// Times of experiments, models and versions are kept; where files are is compared.
    fn exact(&self) -> bool;
}

/// What releases of MLflow before 1.0 kept beside a run, as the tags that it has had
/// since; `of` are the run's source, its type and version, and the entry point.
pub(crate) fn older_tags(tags: &mut Vec<KeyValue>, of: [Option<String>; 4]) {
    // Later ones write the fields too, and write nothing into them.
    if of
        .first()
        .is_none_or(|name| name.as_deref().is_none_or(str::is_empty))
    {
        return;
    }
    let keys = [
        "mlflow.source.name",
        "mlflow.source.type",
        "mlflow.source.git.commit",
        "mlflow.project.entryPoint",
    ];
    for (key, value) in keys.into_iter().zip(of) {
        if let Some(value) = value.filter(|value| !value.is_empty())
            && !tags.iter().any(|tag| tag.key == key)
        {
            let key = key.to_owned();
            tags.push(KeyValue { key, value });
        }
    }
    tags.sort_by(|a, b| a.key.cmp(&b.key));
}

pub(crate) fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
