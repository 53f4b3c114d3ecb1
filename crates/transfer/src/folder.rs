//! An `mlruns` folder, as MLflow's file store lays it out.

mod layout;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use skerry_domain::tracking::{
    Dataset, DatasetInput, Experiment, LoggedModel, ModelOutput, RegisteredModel, Run, RunInfo,
};
use skerry_domain::{ErrorBody, KeyValue, LifecycleStage, RunStatus};
use skerry_store::{LoggedModelMetric, Sample};

use self::layout::{
    DatasetMeta, ExperimentMeta, InputMeta, ModelMeta, OutputMeta, RegisteredMeta, RunMeta,
    VersionMeta, broken, keys, lifecycle, lines, list, model_metric, name_of, number,
    only_artifacts, source_type, text, with_meta, yaml,
};
use crate::Result;
use crate::entities::{
    EachPoint, Files, Place, Source, SourceModel, SourceRegistered, SourceRun, count, older_tags,
};
use crate::local::{self, Found, Roots};
use crate::report::Problem;

/// Runs that are read at once.
const PAGE: usize = 50;
/// Points that are handed over at once.
const POINTS: usize = 16_384;
/// Deleted experiments are in here.
const TRASH: &str = ".trash";
/// Folders of an experiment that are no runs.
const RESERVED: [&str; 4] = ["tags", "datasets", "traces", "models"];

/// MLflow's file store.
pub struct FolderSource {
    root: PathBuf,
    roots: Roots,
    /// Where each experiment is, by number.
    places: RefCell<BTreeMap<i64, PathBuf>>,
    problems: RefCell<Vec<Problem>>,
    /// Folders of runs that are not of this store.
    strangers: RefCell<BTreeSet<PathBuf>>,
}

impl FolderSource {
    /// The folder `root`; artifacts that are not in it are looked for in `artifacts`.
    ///
    /// # Errors
    /// [`skerry_domain::Code::Invalid`] when it is not such a folder.
    pub fn open(root: &Path, artifacts: Option<&Path>) -> Result<Self> {
        let is_one = |folder: &Path| folder.join("meta.yaml").is_file();
        let any = list(root)?.iter().any(|entry| is_one(entry))
            || root.join(TRASH).is_dir()
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
            strangers: RefCell::default(),
        })
    }

    /// Told once, however often something is read.
    fn problem(&self, what: impl Into<String>, error: &ErrorBody) {
        let problem = Problem::new(what, error.message.clone());
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// Files of a folder as pairs; what cannot be read is a problem of its own.
    fn pairs(&self, what: &str, folder: &Path) -> Result<Vec<KeyValue>> {
        let mut found = Vec::new();
        for (key, file) in keys(folder)? {
            match text(&file) {
                Ok(value) => found.push(KeyValue { key, value }),
                Err(error) => self.problem(format!("{what} '{key}'"), &error),
            }
        }
        Ok(found)
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
        let id = number(&meta.experiment_id.unwrap_or_else(|| name_of(folder)))?;
        if let Some(other) = self.places.borrow().get(&id)
            && other != folder
        {
            let why = format!("it has the number of {}", other.display());
            return Err(broken(folder, &why));
        }
        // Not every release says it in the file too.
        let deleted = folder
            .parent()
            .is_some_and(|parent| name_of(parent) == TRASH);
        Ok(Experiment {
            id,
            artifact_location: meta.artifact_location.unwrap_or_default(),
            lifecycle: match deleted {
                true => LifecycleStage::Deleted,
                false => LifecycleStage::Active,
            },
            created_at: meta.creation_time.unwrap_or(0),
            updated_at: meta.last_update_time.or(meta.creation_time).unwrap_or(0),
            tags: self.pairs(
                &format!("experiment '{}': tag", meta.name),
                &folder.join("tags"),
            )?,
            name: meta.name,
        })
    }

    fn read_run(&self, experiment: &Experiment, folder: &Path) -> Result<SourceRun> {
        let meta: RunMeta = yaml(folder)?;
        let before_1 = meta.run_id.is_none();
        let run_id = meta
            .run_id
            .or(meta.run_uuid)
            .ok_or_else(|| broken(folder, "it has no run_id"))?;
        let what = format!("run {run_id}");
        let mut tags = self.pairs(&format!("{what}: tag"), &folder.join("tags"))?;
        let mut params = self.pairs(&format!("{what}: param"), &folder.join("params"))?;
        if before_1 {
            for param in &mut params {
                param.value.truncate(param.value.trim_end().len());
            }
        }
        older_tags(
            &mut tags,
            [
                meta.source_name,
                meta.source_type
                    .map(|number| source_type(number).to_owned()),
                meta.source_version,
                meta.entry_point_name,
            ],
        );
        let tagged = tags.iter().find(|tag| tag.key == "mlflow.runName");
        let (datasets, model_inputs) = self.inputs(experiment, &what, folder)?;
        let info = RunInfo {
            name: [meta.run_name, meta.name]
                .into_iter()
                .flatten()
                .find(|name| !name.is_empty())
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
                params,
                tags,
                datasets,
                model_inputs,
                model_outputs: self.outputs(&what, folder)?,
            },
            metrics: keys(&folder.join("metrics"))?.into_keys().collect(),
        })
    }

    fn inputs(
        &self,
        experiment: &Experiment,
        what: &str,
        folder: &Path,
    ) -> Result<(Vec<DatasetInput>, Vec<String>)> {
        let place = self.experiment_folder(experiment.id)?;
        let mut datasets = Vec::new();
        let mut models = Vec::new();
        for input in list(&folder.join("inputs"))? {
            match read_input(&place, &input) {
                Ok(Input::Dataset(dataset)) => datasets.push(dataset),
                Ok(Input::Model(id)) => models.push(id),
                Err(error) => self.problem(format!("{what}: input {}", name_of(&input)), &error),
            }
        }
        models.sort();
        Ok((datasets, models))
    }

    fn outputs(&self, what: &str, folder: &Path) -> Result<Vec<ModelOutput>> {
        let mut found = Vec::new();
        for output in list(&folder.join("outputs"))? {
            match yaml::<OutputMeta>(&output) {
                Ok(meta) => found.push(ModelOutput {
                    model_id: meta.source_id,
                    step: meta.step,
                }),
                Err(error) => self.problem(format!("{what}: output {}", name_of(&output)), &error),
            }
        }
        Ok(found)
    }

    fn read_model(&self, experiment: &Experiment, folder: &Path) -> Result<SourceModel> {
        let meta: ModelMeta = yaml(folder)?;
        let what = format!("logged model {}", meta.model_id);
        let params = self.pairs(&format!("{what}: param"), &folder.join("params"))?;
        let tags = self.pairs(&format!("{what}: tag"), &folder.join("tags"))?;
        let mut metrics: BTreeMap<(String, String, String, String), LoggedModelMetric> =
            BTreeMap::new();
        for (key, file) in keys(&folder.join("metrics"))? {
            for line in text(&file)?.lines() {
                let Some(metric) = model_metric(&meta.model_id, &key, line) else {
                    let why = broken(&file, "a line is no point");
                    self.problem(format!("{what}: metric '{key}'"), &why);
                    continue;
                };
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
                params,
                tags,
                machine_id: None,
            },
            metrics: metrics.into_values().collect(),
        })
    }

    /// Folders of an experiment's runs, by name.
    fn run_folders(&self, experiment: &Experiment) -> Result<Vec<PathBuf>> {
        let folder = self.experiment_folder(experiment.id)?;
        let mut found = Vec::new();
        for entry in list(&folder)? {
            let name = name_of(&entry);
            if !entry.is_dir() || RESERVED.contains(&name.as_str()) {
                continue;
            }
            if entry.join("meta.yaml").is_file() {
                found.push(entry);
            } else if only_artifacts(&entry) {
                self.strangers.borrow_mut().insert(entry);
            } else if list(&entry)?.iter().any(|inside| inside.is_dir()) {
                let why = broken(&entry, "its meta.yaml is missing");
                self.problem(format!("run {name}"), &why);
            }
        }
        Ok(found)
    }

    /// Says that an experiment stays behind, and what with it.
    fn lost_experiment(&self, folder: &Path, error: &ErrorBody) {
        let why = match with_meta(folder) {
            0 => error.clone(),
            runs => ErrorBody {
                message: format!("{} Its {runs} runs stay behind with it.", error.message),
                ..error.clone()
            },
        };
        self.problem(format!("experiment {}", name_of(folder)), &why);
    }
}

enum Input {
    Dataset(DatasetInput),
    Model(String),
}

/// One input of a run of the experiment in `place`.
fn read_input(place: &Path, input: &Path) -> Result<Input> {
    let meta: InputMeta = yaml(input)?;
    match meta.source_type.as_str() {
        "DATASET" => {
            let dataset: DatasetMeta = yaml(&place.join("datasets").join(&meta.source_id))?;
            Ok(Input::Dataset(DatasetInput {
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
            }))
        }
        "MODEL" => Ok(Input::Model(meta.source_id)),
        other => Err(broken(input, &format!("it is of the kind '{other}'"))),
    }
}

impl Source for FolderSource {
    fn experiments(&self) -> Result<Vec<Experiment>> {
        let mut found = Vec::new();
        let mut folders = list(&self.root)?;
        folders.extend(list(&self.root.join(TRASH))?);
        for folder in folders {
            let name = name_of(&folder);
            if !folder.is_dir() || name == TRASH || name == "models" {
                continue;
            }
            if !folder.join("meta.yaml").is_file() {
                let numbered = !name.is_empty() && name.chars().all(|c| c.is_ascii_digit());
                let runs = list(&folder)?;
                if !runs.is_empty() && runs.iter().all(|run| only_artifacts(run)) {
                    self.strangers.borrow_mut().extend(runs);
                } else if numbered || with_meta(&folder) > 0 {
                    self.lost_experiment(&folder, &broken(&folder, "its meta.yaml is missing"));
                }
                continue;
            }
            match self.read_experiment(&folder) {
                Ok(experiment) => {
                    self.places.borrow_mut().insert(experiment.id, folder);
                    found.push(experiment);
                }
                Err(error) => self.lost_experiment(&folder, &error),
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

    /// Lines as they were appended; those that are no points are told and left out. When
    /// they are in order of time they are streamed; otherwise the points of the metric are put in order in memory.
    fn history(&self, run: &SourceRun, key: &str, each: &mut EachPoint<'_>) -> Result<()> {
        let file = self
            .experiment_folder(run.run.info.experiment_id)?
            .join(&run.run.info.run_id)
            .join("metrics")
            .join(key);
        let mut ordered = true;
        let mut last: Option<Sample> = None;
        let damage = lines(&file, &mut |sample| {
            ordered &= last
                .is_none_or(|last| (last.timestamp, last.step) < (sample.timestamp, sample.step));
            last = Some(sample);
            Ok(())
        })?;
        if damage.lines > 0 {
            let why = format!(
                "{} of its lines are no points, the first is line {}",
                damage.lines, damage.first
            );
            let what = format!("run {}: metric '{key}'", run.run.info.run_id);
            self.problem(what, &broken(&file, &why));
        }
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
        let mut found = Vec::new();
        for folder in list(&self.root.join("models"))? {
            if folder.join("meta.yaml").is_file() {
                found.push(name_of(&folder));
            } else if with_meta(&folder) > 0 {
                let why = broken(&folder, "its meta.yaml is missing");
                self.problem(format!("registered model '{}'", name_of(&folder)), &why);
            }
        }
        Ok(found)
    }

    fn registered(&self, name: &str) -> Result<SourceRegistered> {
        let folder = self.root.join("models").join(name);
        let what = format!("registered model '{name}'");
        let meta: RegisteredMeta = yaml(&folder)?;
        let mut aliases = BTreeMap::new();
        for pair in self.pairs(&format!("{what}: alias"), &folder.join("aliases"))? {
            match number(&pair.value) {
                Ok(version) => {
                    aliases.insert(pair.key, version);
                }
                Err(error) => self.problem(format!("{what}: alias '{}'", pair.key), &error),
            }
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
                    self.problem(what.clone(), &error);
                    continue;
                }
            };
            next_version = next_version.max(meta.version + 1);
            if meta.current_stage.as_deref() == Some("Deleted_Internal") {
                continue;
            }
            let tag = format!("{what}: version {}: tag", meta.version);
            let tags = self.pairs(&tag, &version.join("tags"))?;
            versions.push(meta.version(name, &aliases, tags));
        }
        versions.sort_by_key(|version| version.version);
        Ok(SourceRegistered {
            model: RegisteredModel {
                name: meta.name,
                description: meta.description,
                created_at: meta.creation_timestamp.unwrap_or(0),
                updated_at: meta.last_updated_timestamp.unwrap_or(0),
                tags: self.pairs(&format!("{what}: tag"), &folder.join("tags"))?,
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
        let strangers = count(self.strangers.borrow().len());
        let mut found = vec![
            ("traces".to_owned(), traces),
            (
                "runs of which only artifacts are there: those of a database of MLflow that \
                 is imported by itself"
                    .to_owned(),
                strangers,
            ),
        ];
        found.retain(|(_, count)| *count > 0);
        Ok(found)
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
