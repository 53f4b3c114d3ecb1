//! An `mlruns` folder, as MLflow's file store lays it out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use skerry_domain::tracking::{
    Dataset, DatasetInput, Experiment, LoggedModel, MetricPoint, ModelOutput, ModelVersion,
    RegisteredModel, Run, RunInfo,
};
use skerry_domain::{Code, ErrorBody, KeyValue, LifecycleStage, RunStatus};
use skerry_store::{LoggedModelMetric, Sample};

use crate::Result;
use crate::entities::{
    EachPoint, Files, Place, Source, SourceModel, SourceRegistered, SourceRun, count,
};
use crate::local::{self, Found, Roots};
use crate::report::Problem;

/// Runs that are read at once.
const PAGE: usize = 50;
/// Points that are handed over at once.
const POINTS: usize = 16_384;
/// Folders of an experiment that are no runs.
const RESERVED: [&str; 4] = ["tags", "datasets", "traces", "models"];

/// MLflow's file store.
pub struct FolderSource {
    root: PathBuf,
    roots: Roots,
    /// Where each experiment is, by number.
    places: RefCell<BTreeMap<i64, PathBuf>>,
    problems: RefCell<Vec<Problem>>,
}

impl FolderSource {
    /// The folder `root`; artifacts that are not in it are looked for in `artifacts`.
    ///
    /// # Errors
    /// [`Code::Invalid`] when it is not such a folder.
    pub fn open(root: &Path, artifacts: Option<&Path>) -> Result<Self> {
        let is_one = |folder: &Path| folder.join("meta.yaml").is_file();
        let any = list(root)?.iter().any(|entry| is_one(entry))
            || root.join(".trash").is_dir()
            || root.join("models").is_dir();
        if !any {
            return Err(ErrorBody::invalid(
                "source",
                format!(
                    "{} is not an mlruns folder: no experiment is in it.",
                    root.display()
                ),
            ));
        }
        let mut usual = vec![root.to_path_buf()];
        usual.extend(root.parent().map(|parent| parent.join("mlartifacts")));
        Ok(Self {
            roots: Roots::new(artifacts, &usual)?,
            root: root.to_path_buf(),
            places: RefCell::default(),
            problems: RefCell::default(),
        })
    }

    fn problem(&self, what: impl Into<String>, error: &ErrorBody) {
        self.problems
            .borrow_mut()
            .push(Problem::new(what, error.message.clone()));
    }

    fn experiment_folder(&self, id: i64) -> Result<PathBuf> {
        self.places
            .borrow()
            .get(&id)
            .cloned()
            .ok_or_else(|| ErrorBody::not_found("experiment", &id.to_string()))
    }

    fn read_experiment(&self, folder: &Path) -> Result<Experiment> {
        let meta: ExperimentMeta = yaml(folder)?;
        let id = number(&meta.experiment_id)?;
        Ok(Experiment {
            id,
            name: meta.name,
            artifact_location: meta.artifact_location.unwrap_or_default(),
            lifecycle: lifecycle(meta.lifecycle_stage.as_deref()),
            created_at: meta.creation_time.unwrap_or(0),
            updated_at: meta.last_update_time.or(meta.creation_time).unwrap_or(0),
            tags: pairs(&folder.join("tags"))?,
        })
    }

    fn read_run(&self, experiment: &Experiment, folder: &Path) -> Result<SourceRun> {
        let meta: RunMeta = yaml(folder)?;
        let run_id = meta
            .run_id
            .or(meta.run_uuid)
            .ok_or_else(|| broken(folder, "it has no run_id"))?;
        let tags = pairs(&folder.join("tags"))?;
        let tagged = tags.iter().find(|tag| tag.key == "mlflow.runName");
        let (datasets, model_inputs) = self.inputs(experiment, folder)?;
        let info = RunInfo {
            name: meta
                .run_name
                .filter(|name| !name.is_empty())
                .or_else(|| tagged.map(|tag| tag.value.clone()))
                .unwrap_or_default(),
            run_id,
            experiment_id: experiment.id,
            experiment: experiment.name.clone(),
            user_id: meta.user_id.unwrap_or_default(),
            status: match meta.status {
                Some(2) => RunStatus::Scheduled,
                Some(3) => RunStatus::Finished,
                Some(4) => RunStatus::Failed,
                Some(5) => RunStatus::Killed,
                _ => RunStatus::Running,
            },
            start_time: meta.start_time,
            end_time: meta.end_time,
            artifact_uri: meta.artifact_uri.unwrap_or_default(),
            lifecycle: lifecycle(meta.lifecycle_stage.as_deref()),
            machine_id: None,
        };
        Ok(SourceRun {
            run: Run {
                info,
                metrics: Vec::new(),
                params: pairs(&folder.join("params"))?,
                tags,
                datasets,
                model_inputs,
                model_outputs: outputs(folder)?,
            },
            metrics: keys(&folder.join("metrics"))?.into_keys().collect(),
        })
    }

    fn inputs(
        &self,
        experiment: &Experiment,
        folder: &Path,
    ) -> Result<(Vec<DatasetInput>, Vec<String>)> {
        let mut datasets = Vec::new();
        let mut models = Vec::new();
        for input in list(&folder.join("inputs"))? {
            let meta: InputMeta = yaml(&input)?;
            match meta.source_type.as_str() {
                "DATASET" => {
                    let from = self
                        .experiment_folder(experiment.id)?
                        .join("datasets")
                        .join(&meta.source_id);
                    let dataset: DatasetMeta = yaml(&from)?;
                    datasets.push(DatasetInput {
                        dataset: Dataset {
                            name: dataset.name,
                            digest: dataset.digest,
                            source_type: dataset.source_type,
                            source: dataset.source,
                            schema: dataset.schema,
                            profile: dataset.profile,
                        },
                        tags: meta
                            .tags
                            .into_iter()
                            .map(|(key, value)| KeyValue { key, value })
                            .collect(),
                    });
                }
                "MODEL" => models.push(meta.source_id),
                other => return Err(broken(&input, &format!("it is of the kind '{other}'"))),
            }
        }
        models.sort();
        Ok((datasets, models))
    }

    fn read_model(&self, experiment: &Experiment, folder: &Path) -> Result<SourceModel> {
        let meta: ModelMeta = yaml(folder)?;
        let mut metrics: BTreeMap<(String, String, String, String), LoggedModelMetric> =
            BTreeMap::new();
        for (key, file) in keys(&folder.join("metrics"))? {
            for line in text(&file)?.lines() {
                let metric = model_metric(&meta.model_id, &key, line)
                    .ok_or_else(|| broken(&file, "a line is no point"))?;
                let point = &metric.point;
                let of = (
                    key.clone(),
                    point.dataset_name.clone().unwrap_or_default(),
                    point.dataset_digest.clone().unwrap_or_default(),
                    metric.run_id.clone(),
                );
                let newer = metrics.get(&of).is_none_or(|old| {
                    (point.step, point.timestamp) >= (old.point.step, old.point.timestamp)
                });
                if newer {
                    metrics.insert(of, metric);
                }
            }
        }
        Ok(SourceModel {
            deleted: lifecycle(meta.lifecycle_stage.as_deref()) == LifecycleStage::Deleted,
            model: LoggedModel {
                model_id: meta.model_id,
                experiment_id: experiment.id,
                experiment: experiment.name.clone(),
                name: meta.name,
                artifact_location: meta.artifact_location.unwrap_or_default(),
                created_at: meta.creation_timestamp.unwrap_or(0),
                updated_at: meta.last_updated_timestamp.unwrap_or(0),
                status: match meta.status.as_deref() {
                    // By number, as LoggedModel.to_dictionary has it.
                    Some("2" | "READY") => "LOGGED_MODEL_READY",
                    Some("3" | "FAILED") => "LOGGED_MODEL_UPLOAD_FAILED",
                    _ => "LOGGED_MODEL_PENDING",
                }
                .to_owned(),
                status_message: meta.status_message.unwrap_or_default(),
                model_type: meta.model_type.unwrap_or_default(),
                source_run_id: meta.source_run_id,
                params: pairs(&folder.join("params"))?,
                tags: pairs(&folder.join("tags"))?,
                machine_id: None,
            },
            metrics: metrics.into_values().collect(),
        })
    }

    /// Folders of an experiment's runs, by name.
    fn run_folders(&self, experiment: &Experiment) -> Result<Vec<PathBuf>> {
        let folder = self.experiment_folder(experiment.id)?;
        Ok(list(&folder)?
            .into_iter()
            .filter(|entry| {
                entry.is_dir()
                    && !RESERVED.contains(&name_of(entry).as_str())
                    && entry.join("meta.yaml").is_file()
            })
            .collect())
    }
}

impl Source for FolderSource {
    fn experiments(&self) -> Result<Vec<Experiment>> {
        let mut found = Vec::new();
        let mut folders = list(&self.root)?;
        folders.extend(list(&self.root.join(".trash"))?);
        for folder in folders {
            let name = name_of(&folder);
            if !folder.is_dir() || name == ".trash" || name == "models" {
                continue;
            }
            if !folder.join("meta.yaml").is_file() {
                if name.chars().all(|c| c.is_ascii_digit()) {
                    self.problem(
                        format!("experiment {name}"),
                        &broken(&folder, "its meta.yaml is missing"),
                    );
                }
                continue;
            }
            match self.read_experiment(&folder) {
                Ok(experiment) => {
                    self.places.borrow_mut().insert(experiment.id, folder);
                    found.push(experiment);
                }
                Err(error) => self.problem(format!("experiment {name}"), &error),
            }
        }
        found.sort_by_key(|experiment| experiment.id);
        Ok(found)
    }

    fn runs(
        &self,
        experiment: &Experiment,
        cursor: &str,
    ) -> Result<(Vec<SourceRun>, Option<String>)> {
        let mut found = Vec::new();
        let folders = self.run_folders(experiment)?;
        let mut rest = folders
            .iter()
            .skip_while(|folder| name_of(folder).as_str() <= cursor);
        let mut last = None;
        for folder in rest.by_ref().take(PAGE) {
            let name = name_of(folder);
            match self.read_run(experiment, folder) {
                Ok(run) => found.push(run),
                Err(error) => self.problem(format!("run {name}"), &error),
            }
            last = Some(name);
        }
        let more = rest.next().is_some();
        Ok((found, last.filter(|_| more)))
    }

    /// Lines as they were appended. When they are in order of time they are streamed;
    /// otherwise the points of the metric are put in order in memory.
    fn history(&self, run: &SourceRun, key: &str, each: &mut EachPoint<'_>) -> Result<()> {
        let file = self
            .experiment_folder(run.run.info.experiment_id)?
            .join(&run.run.info.run_id)
            .join("metrics")
            .join(key);
        let mut ordered = true;
        let mut last: Option<Sample> = None;
        lines(&file, &mut |sample| {
            ordered &= last
                .is_none_or(|last| (last.timestamp, last.step) < (sample.timestamp, sample.step));
            last = Some(sample);
            Ok(())
        })?;
        let mut page = Vec::new();
        if ordered {
            lines(&file, &mut |sample| {
                page.push(sample);
                if page.len() == POINTS {
                    each(&page)?;
                    page.clear();
                }
                Ok(())
            })?;
            return if page.is_empty() { Ok(()) } else { each(&page) };
        }
        lines(&file, &mut |sample| {
            page.push(sample);
            Ok(())
        })?;
        let order = |s: &Sample| (s.timestamp, s.step);
        page.sort_by(|a, b| order(a).cmp(&order(b)).then(a.value.total_cmp(&b.value)));
        // An equal point is the same point, as MLflow has it.
        page.dedup_by(|a, b| order(a) == order(b) && a.value.to_bits() == b.value.to_bits());
        each(&page)
    }

    fn models(&self, experiment: &Experiment) -> Result<Vec<SourceModel>> {
        let mut found = Vec::new();
        for folder in list(&self.experiment_folder(experiment.id)?.join("models"))? {
            if !folder.is_dir() {
                continue;
            }
            match self.read_model(experiment, &folder) {
                Ok(model) => found.push(model),
                Err(error) => self.problem(format!("logged model {}", name_of(&folder)), &error),
            }
        }
        Ok(found)
    }

    fn registered_names(&self) -> Result<Vec<String>> {
        Ok(list(&self.root.join("models"))?
            .iter()
            .filter(|folder| folder.join("meta.yaml").is_file())
            .map(|folder| name_of(folder))
            .collect())
    }

    fn registered(&self, name: &str) -> Result<SourceRegistered> {
        let folder = self.root.join("models").join(name);
        let meta: RegisteredMeta = yaml(&folder)?;
        let mut aliases = BTreeMap::new();
        for pair in pairs(&folder.join("aliases"))? {
            aliases.insert(pair.key, number(&pair.value)?);
        }
        let mut versions = Vec::new();
        let mut next_version = 1;
        for version in list(&folder)? {
            if !name_of(&version).starts_with("version-") {
                continue;
            }
            let meta: VersionMeta = match yaml(&version) {
                Ok(meta) => meta,
                Err(error) => {
                    self.problem(format!("registered model '{name}'"), &error);
                    continue;
                }
            };
            next_version = next_version.max(meta.version + 1);
            if meta.current_stage.as_deref() == Some("Deleted_Internal") {
                continue;
            }
            versions.push(meta.version(name, &aliases, pairs(&version.join("tags"))?));
        }
        versions.sort_by_key(|version| version.version);
        Ok(SourceRegistered {
            model: RegisteredModel {
                name: meta.name,
                description: meta.description,
                created_at: meta.creation_timestamp.unwrap_or(0),
                updated_at: meta.last_updated_timestamp.unwrap_or(0),
                tags: pairs(&folder.join("tags"))?,
                aliases,
                latest_versions: Vec::new(),
            },
            versions,
            next_version,
        })
    }

    fn files(&self, place: &Place) -> Result<Files> {
        Ok(match self.folder_of(place)? {
            Found::Folder(folder) => local::files(&folder),
            Found::Not(elsewhere) => Files {
                elsewhere: Some(elsewhere),
                ..Files::default()
            },
        })
    }

    fn open(&self, place: &Place, path: &str) -> Result<Box<dyn Read>> {
        match self.folder_of(place)? {
            Found::Folder(folder) => local::open(&folder, path),
            Found::Not(_) => Err(ErrorBody::not_found("artifact", path)),
        }
    }

    fn near(&self) -> bool {
        true
    }

    fn problems(&self) -> Vec<Problem> {
        self.problems.take()
    }

    fn left_out(&self) -> Result<Vec<(String, u64)>> {
        let mut traces = 0;
        for folder in self.places.borrow().values() {
            traces += count(list(&folder.join("traces"))?.len());
        }
        Ok(if traces > 0 {
            vec![("traces".to_owned(), traces)]
        } else {
            Vec::new()
        })
    }
}

impl FolderSource {
    /// Its own folder first: the whole of `mlruns` may have been moved.
    fn folder_of(&self, place: &Place) -> Result<Found> {
        use skerry_domain::tracking::ArtifactOwner::{LoggedModel, Run};
        let experiment = self.experiment_folder(place.experiment)?;
        let own = match &place.owner {
            Run(id) => experiment.join(id),
            LoggedModel(id) => experiment.join("models").join(id),
        }
        .join("artifacts");
        let filled = list(&own).is_ok_and(|entries| !entries.is_empty());
        Ok(match self.roots.find(&place.uri) {
            _ if filled => Found::Folder(own),
            // MLflow makes the folder even when the files go elsewhere.
            Found::Not(crate::Elsewhere::Unknown(_)) if own.is_dir() => Found::Folder(own),
            found => found,
        })
    }
}

#[derive(Deserialize)]
struct ExperimentMeta {
    experiment_id: String,
    name: String,
    artifact_location: Option<String>,
    lifecycle_stage: Option<String>,
    creation_time: Option<i64>,
    last_update_time: Option<i64>,
}

#[derive(Deserialize)]
struct RunMeta {
    run_id: Option<String>,
    run_uuid: Option<String>,
    run_name: Option<String>,
    user_id: Option<String>,
    status: Option<i64>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    artifact_uri: Option<String>,
    lifecycle_stage: Option<String>,
}

#[derive(Deserialize)]
struct InputMeta {
    source_type: String,
    source_id: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct OutputMeta {
    source_id: String,
    #[serde(default)]
    step: i64,
}

#[derive(Deserialize)]
struct DatasetMeta {
    name: String,
    digest: String,
    source_type: String,
    source: String,
    schema: Option<String>,
    profile: Option<String>,
}

#[derive(Deserialize)]
struct ModelMeta {
    model_id: String,
    name: String,
    artifact_location: Option<String>,
    creation_timestamp: Option<i64>,
    last_updated_timestamp: Option<i64>,
    status: Option<String>,
    status_message: Option<String>,
    model_type: Option<String>,
    source_run_id: Option<String>,
    lifecycle_stage: Option<String>,
}

#[derive(Deserialize)]
struct RegisteredMeta {
    name: String,
    description: Option<String>,
    creation_timestamp: Option<i64>,
    last_updated_timestamp: Option<i64>,
}

#[derive(Deserialize)]
struct VersionMeta {
    version: i64,
    creation_timestamp: Option<i64>,
    last_updated_timestamp: Option<i64>,
    description: Option<String>,
    user_id: Option<String>,
    current_stage: Option<String>,
    source: Option<String>,
    storage_location: Option<String>,
    run_id: Option<String>,
    run_link: Option<String>,
    status: Option<String>,
    status_message: Option<String>,
    model_id: Option<String>,
}

impl VersionMeta {
    fn version(
        self,
        name: &str,
        aliases: &BTreeMap<String, i64>,
        tags: Vec<KeyValue>,
    ) -> ModelVersion {
        ModelVersion {
            name: name.to_owned(),
            version: self.version,
            created_at: self.creation_timestamp.unwrap_or(0),
            updated_at: self
                .last_updated_timestamp
                .or(self.creation_timestamp)
                .unwrap_or(0),
            description: self.description,
            user_id: self.user_id,
            stage: self.current_stage.unwrap_or_else(|| "None".to_owned()),
            source: self.source.unwrap_or_default(),
            run_id: self.run_id,
            model_id: self.model_id,
            status: self.status.unwrap_or_else(|| "READY".to_owned()),
            status_message: self.status_message,
            run_link: self.run_link,
            storage_location: self.storage_location,
            tags,
            aliases: aliases
                .iter()
                .filter(|(_, version)| **version == self.version)
                .map(|(alias, _)| alias.clone())
                .collect(),
            machine_id: None,
        }
    }
}

fn lifecycle(word: Option<&str>) -> LifecycleStage {
    match word {
        Some("deleted") => LifecycleStage::Deleted,
        _ => LifecycleStage::Active,
    }
}

fn number(text: &str) -> Result<i64> {
    text.trim()
        .parse()
        .map_err(|_| ErrorBody::new(Code::Invalid, format!("'{text}' is not a whole number.")))
}

fn broken(path: &Path, why: &str) -> ErrorBody {
    ErrorBody::new(Code::Invalid, format!("{}: {why}.", path.display()))
}

fn access(path: &Path, error: &std::io::Error) -> ErrorBody {
    ErrorBody::new(
        Code::FileAccess,
        format!("{} cannot be read: {error}.", path.display()),
    )
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// What a folder holds, by name; nothing when it is not there.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(access(folder, &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        found.push(entry.map_err(|error| access(folder, &error))?.path());
    }
    found.sort();
    Ok(found)
}

fn text(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|error| access(file, &error))
}

fn yaml<T: DeserializeOwned>(folder: &Path) -> Result<T> {
    let file = folder.join("meta.yaml");
    serde_saphyr::from_str(&text(&file)?).map_err(|error| {
        let why = error.to_string();
        broken(&file, why.lines().next().unwrap_or_default())
    })
}

/// Files below a folder by their keys, which may have slashes in them.
fn keys(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.map_err(|error| broken(folder, &error.to_string()))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        let key = path
            .strip_prefix(folder)
            .ok()
            .and_then(Path::to_str)
            .ok_or_else(|| broken(path, "the name is not valid UTF-8"))?;
        found.insert(key.to_owned(), path.to_path_buf());
    }
    Ok(found)
}

fn pairs(folder: &Path) -> Result<Vec<KeyValue>> {
    keys(folder)?
        .into_iter()
        .map(|(key, file)| {
            Ok(KeyValue {
                value: text(&file)?,
                key,
            })
        })
        .collect()
}

fn outputs(folder: &Path) -> Result<Vec<ModelOutput>> {
    let mut found = Vec::new();
    for output in list(&folder.join("outputs"))? {
        let meta: OutputMeta = yaml(&output)?;
        found.push(ModelOutput {
            model_id: meta.source_id,
            step: meta.step,
        });
    }
    Ok(found)
}

/// A value as Python writes it.
fn value(word: &str) -> Option<f64> {
    word.parse().ok()
}

/// `timestamp value [step [dataset name digest]]`; what stands behind the step is
/// also with the logged model that the point is about.
fn point(line: &str) -> Option<Sample> {
    let mut parts = line.trim().splitn(4, ' ');
    Some(Sample {
        timestamp: parts.next()?.parse().ok()?,
        value: value(parts.next()?)?,
        step: match parts.next() {
            Some(step) => step.parse().ok()?,
            None => 0,
        },
    })
}

/// `timestamp value step run [dataset name digest]`
fn model_metric(model_id: &str, key: &str, line: &str) -> Option<LoggedModelMetric> {
    let mut parts = line.trim().splitn(5, ' ');
    let timestamp = parts.next()?.parse().ok()?;
    let value = value(parts.next()?)?;
    let step = parts.next()?.parse().ok()?;
    let run_id = parts.next()?.to_owned();
    let dataset = parts.next().and_then(|rest| rest.rsplit_once(' '));
    Some(LoggedModelMetric {
        point: MetricPoint {
            model_id: Some(model_id.to_owned()),
            dataset_name: dataset.map(|(name, _)| name.to_owned()),
            dataset_digest: dataset.map(|(_, digest)| digest.to_owned()),
            ..MetricPoint::new(key, value, timestamp, step)
        },
        run_id,
    })
}

/// Hands over the point of each line.
fn lines(file: &Path, each: &mut dyn FnMut(Sample) -> Result<()>) -> Result<()> {
    let open = File::open(file).map_err(|error| access(file, &error))?;
    let mut reader = BufReader::with_capacity(256 << 10, open);
    let mut line = String::new();
    loop {
        line.clear();
        // A line is short; a file without line ends is no metric.
        let read = (&mut reader)
            .take(64 << 10)
            .read_line(&mut line)
            .map_err(|error| access(file, &error))?;
        if read == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            continue;
        }
        each(point(&line).ok_or_else(|| broken(file, "a line is no point"))?)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_age() {
        let sample = point("1700000000000 0.5 7\n").unwrap();
        assert_eq!(
            (sample.timestamp, sample.value, sample.step),
            (1_700_000_000_000, 0.5, 7)
        );
        assert_eq!(point("1 2").unwrap().step, 0);
        assert_eq!(point("1 -inf -3 my data 4f2a").unwrap().step, -3);
        assert!(point("1 nan 0").unwrap().value.is_nan());
        for bad in ["", "1", "x 1 2", "1 y 2", "1 2 z", "17000"] {
            assert!(point(bad).is_none(), "{bad}");
        }
        let metric = model_metric("m-1", "acc", "1 0.5 2 r1 my data 4f2a").unwrap();
        assert_eq!(metric.run_id, "r1");
        assert_eq!(metric.point.dataset_name.as_deref(), Some("my data"));
        assert_eq!(metric.point.dataset_digest.as_deref(), Some("4f2a"));
    }

    #[test]
    fn yaml_as_python_writes_it() {
        let meta: RunMeta = serde_saphyr::from_str(
            "artifact_uri: file:///x\nend_time: null\nexperiment_id: '0'\nlifecycle_stage: active\n\
             run_id: 12e45678901234567890123456789012\nrun_name: 'on: off'\nstart_time: 1700000000000\n\
             status: 3\ntags: []\nuser_id: 0123\n",
        )
        .unwrap();
        assert_eq!(
            meta.run_id.as_deref(),
            Some("12e45678901234567890123456789012")
        );
        assert_eq!(meta.user_id.as_deref(), Some("0123"));
        assert_eq!((meta.status, meta.end_time), (Some(3), None));
        let meta: ExperimentMeta =
            serde_saphyr::from_str("experiment_id: 7\nname: \"a\\u00E4\\n b\"\n").unwrap();
        assert_eq!(
            (meta.experiment_id.as_str(), meta.name.as_str()),
            ("7", "aä\n b")
        );
    }
}
