//! Starting and cancelling runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use skerry_agent::api::Image;
use skerry_agent::client::Uploaded;
use skerry_agent::project;
use skerry_domain::{
    Code, DataFolder, EngineKind, ErrorBody, NetworkMode, Reason, RunSpec, WorkloadLimits, validate,
};
use skerry_store::workspace::RunForm;

use crate::Console;
use crate::api::*;
use crate::console::{blocking, new_id};
use crate::runs::{check_id, check_tag};

/// How long a new run may take to come back through the journal before the answer is
/// given without it.
const JOURNAL_WAIT: Duration = Duration::from_secs(15);

/// What `skerry.toml` in a project folder can say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProjectFile {
    experiment: Option<String>,
    command: Option<CommandLine>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum CommandLine {
    Words(Vec<String>),
    Line(String),
}

impl CommandLine {
    fn line(self) -> String {
        match self {
            Self::Line(line) => line,
            Self::Words(words) => words
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

/// A word as it survives [`validate::command`].
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Files of the sample project; [`tests`] check that none is missing.
const SAMPLE: &[(&str, &str)] = &[
    (
        "README.md",
        include_str!("../../../assets/sample/README.md"),
    ),
    (
        "skerry.toml",
        include_str!("../../../assets/sample/skerry.toml"),
    ),
    ("train.py", include_str!("../../../assets/sample/train.py")),
    ("model.py", include_str!("../../../assets/sample/model.py")),
    (
        "report.py",
        include_str!("../../../assets/sample/report.py"),
    ),
    (
        "tracking.py",
        include_str!("../../../assets/sample/tracking.py"),
    ),
    (
        "data/penguins.csv",
        include_str!("../../../assets/sample/data/penguins.csv"),
    ),
];

impl Console {
    /// What the *New run* form offers for a machine.
    pub async fn run_form_options(&self, args: ById) -> Result<RunFormOptions, ErrorBody> {
        let machine = self.machine_row(&args.id).await?;
        let mut images = Vec::new();
        if container_engine(&machine).is_some() {
            let client = self.machine_client(&machine.id).await?;
            images = client.images().await?.into_iter().map(offered).collect();
        }
        let experiments = self
            .experiments_list(())
            .await?
            .into_iter()
            .map(|row| row.name)
            .collect();
        let id = machine.id.clone();
        let last = self.db(move |store| store.run_form_last(&id)).await?;
        Ok(RunFormOptions {
            needs_image: needs_image(&machine),
            images,
            experiments,
            // A form of another version is no form.
            last: last.and_then(|form| serde_json::from_value(form).ok()),
        })
    }

    /// How a run was asked for, to ask again.
    pub async fn run_form_of(&self, args: ById) -> Result<RunStart, ErrorBody> {
        check_id("id", &args.id)?;
        let id = args.id.clone();
        let form = self.db(move |store| store.run_form(&id)).await?;
        form.and_then(|form| serde_json::from_value(form).ok())
            .ok_or_else(|| {
                ErrorBody::new(
                    Code::NotFound,
                    "This run was not started from this workspace, so it cannot be run again from here.",
                )
                .because(Reason::RunNotFromHere)
            })
    }

    /// Looks at a project folder before it is used.
    pub async fn project_inspect(&self, query: ProjectQuery) -> Result<ProjectSummary, ErrorBody> {
        let folder = project_folder("folder", &query.folder)?;
        blocking(move || {
            let found = project::scan(&folder)?;
            let hints = hints(&found);
            Ok(ProjectSummary {
                files: u32::try_from(found.project.files.len()).unwrap_or(u32::MAX),
                bytes: found.project.bytes,
                problems: found.problems,
                suggested_command: hints.0,
                suggested_experiment: hints.1,
            })
        })
        .await
    }

    /// Looks at a data folder on a machine before it is used.
    pub async fn data_inspect(&self, query: DataQuery) -> Result<DataSummary, ErrorBody> {
        check_id("machine_id", &query.machine_id)?;
        validate::absolute_path("path", &query.path)?;
        let client = self.machine_client(&query.machine_id).await?;
        let report = client.inspect_folder(&query.path).await?;
        Ok(DataSummary {
            exists: report.problem.is_none(),
            files: report.files,
            bytes: report.bytes,
            complete: report.complete,
            problem: report.problem,
        })
    }

    /// Starts a run.
    pub async fn run_start(&self, form: RunStart) -> Result<RunStarted, ErrorBody> {
        check_id("machine_id", &form.machine_id)?;
        let machine = self.machine_row(&form.machine_id).await?;
        let mut spec = spec_of(&form, &machine)?;
        spec.started_by = Some(self.user().to_owned());
        let folder = project_folder("project_folder", &form.project_folder)?;

        let found = blocking(move || project::scan(&folder)).await?;
        let client = self.machine_client(&machine.id).await?;
        let Uploaded {
            mut project,
            sent,
            unchanged,
            bytes,
        } = client.upload_project(&found, &|_| {}).await?;
        project.folder = Some(form.project_folder.clone());
        spec.project = project;

        // Kept first: a run that started is never without its form.
        let run_id = spec.run_id.clone();
        let kept = RunForm {
            run_id: run_id.clone(),
            machine_id: machine.id.clone(),
            at: self.now(),
            form: serde_json::to_value(&form).map_err(|error| {
                ErrorBody::new(Code::Internal, format!("The form cannot be kept: {error}."))
            })?,
        };
        self.db(move |store| store.run_form_save(&kept)).await?;
        if let Err(error) = client.start_run(&spec).await {
            let lost = matches!(error.code, Code::TimedOut | Code::Disconnected);
            if !lost {
                let id = run_id.clone();
                self.db(move |store| store.run_form_delete(&id)).await?;
            }
            return Err(error);
        }
        tracing::info!(%run_id, machine = %machine.name, "run {run_id} was started");
        let name = self.run_arrived(&run_id).await;
        self.activity(
            ActivityKind::RunStarted,
            &run_id,
            &name.or(form.name).unwrap_or_else(|| run_id.clone()),
            Some(machine.name),
            None,
        )
        .await;
        Ok(RunStarted {
            run_id,
            files_sent: sent,
            files_unchanged: unchanged,
            bytes_sent: bytes,
        })
    }

    /// *Try it on this computer*: runs the sample project here.
    pub async fn sample_start(&self, _: Nothing) -> Result<RunStarted, ErrorBody> {
        let machine = self.machine_add_local(()).await?;
        let folder = self.data_dir().join("sample");
        let written = folder.clone();
        let found = blocking(move || {
            write_sample(&written)?;
            project::scan(&written)
        })
        .await?;
        let (command, experiment) = hints(&found);
        self.run_start(RunStart {
            machine_id: machine.id,
            experiment: experiment.unwrap_or_else(|| String::from("sample")),
            name: None,
            project_folder: folder.display().to_string(),
            command: command.unwrap_or_else(|| String::from("python3 train.py")),
            image: None,
            env: Vec::new(),
            data: Vec::new(),
            tags: Vec::new(),
            network_open: false,
        })
        .await
    }

    /// Cancels a run.
    pub async fn run_cancel(&self, args: ById) -> Result<Nothing, ErrorBody> {
        check_id("id", &args.id)?;
        let id = args.id.clone();
        let (info, ended) = self
            .db(move |store| {
                store.read(|reader| {
                    let info = reader.run_info(&id)?;
                    let ended = match reader.workload_state(&id)? {
                        Some(state) => state.phase.is_final(),
                        None => info.status.is_final(),
                    };
                    Ok((info, ended))
                })
            })
            .await?;
        if ended {
            return Err(ErrorBody::new(
                Code::WrongState,
                format!("The run '{}' has ended already.", info.name),
            )
            .because(Reason::RunEnded)
            .with("run", info.name));
        }
        let Some(machine_id) = info.machine_id else {
            return Err(ErrorBody::new(
                Code::WrongState,
                "This run was not started by Skerry, so Skerry cannot cancel it.",
            )
            .because(Reason::RunOfOtherClient));
        };
        let client = self.machine_client(&machine_id).await?;
        client.cancel_run(&args.id).await?;
        let mut entry = self.new_activity(
            self.user().to_owned(),
            ActivityKind::RunCancelled,
            &args.id,
            &info.name,
            None,
            None,
        );
        entry.once = Some(cancelled_once(&args.id));
        self.write_activity(entry).await;
        Ok(())
    }

    /// Waits until a run that was started stands in the store; answers its name.
    async fn run_arrived(&self, run_id: &str) -> Option<String> {
        let mut commits = self.store().commits();
        let id = run_id.to_owned();
        let seen = async {
            loop {
                let id = id.clone();
                let found = self
                    .db(move |store| store.read(|reader| reader.run_info(&id)))
                    .await;
                if let Ok(info) = found {
                    return Some(info.name);
                }
                if commits.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(JOURNAL_WAIT, seen)
            .await
            .ok()
            .flatten()
    }

    /// A machine that is not forgotten.
    pub(crate) async fn machine_row(&self, id: &str) -> Result<MachineRow, ErrorBody> {
        self.machines_list(())
            .await?
            .into_iter()
            .find(|machine| machine.id == id)
            .ok_or_else(|| ErrorBody::not_found("machine", &validate::shorten(id)))
    }
}

/// A cancelled run is told once: by the person who did it here, else by its machine.
pub(crate) fn cancelled_once(run_id: &str) -> String {
    format!("run-cancelled/{run_id}")
}

/// The container engine of a machine, when it has one.
pub(crate) fn container_engine(machine: &MachineRow) -> Option<EngineKind> {
    machine
        .engine
        .as_ref()
        .map(|engine| engine.kind)
        .filter(|kind| *kind != EngineKind::Process)
}

/// Other machines with a container engine run containers only; this computer also
/// runs plain processes, since its owner sits in front of it.
pub(crate) fn needs_image(machine: &MachineRow) -> bool {
    machine.kind == MachineKind::Ssh && container_engine(machine).is_some()
}

fn offered(image: Image) -> ImageOnMachine {
    ImageOnMachine {
        reference: image
            .references
            .first()
            .or_else(|| image.digests.first())
            .cloned()
            .unwrap_or_else(|| image.id.clone()),
        id: image.id,
        size: image.size,
        created_at: image.created_at,
    }
}

fn project_folder(field: &str, folder: &str) -> Result<PathBuf, ErrorBody> {
    let path = Path::new(folder);
    if folder.is_empty() || !path.is_absolute() || folder.contains('\0') || folder.len() > 4096 {
        return Err(
            ErrorBody::invalid(field, "Choose the project folder by its absolute path.")
                .because(Reason::ProjectRelative),
        );
    }
    Ok(path.to_owned())
}

/// Command and experiment that fit a project.
fn hints(found: &project::ProjectFolder) -> (Option<String>, Option<String>) {
    let said: ProjectFile = std::fs::read_to_string(found.root.join("skerry.toml"))
        .ok()
        .and_then(|text| toml::from_str(&text).ok())
        .unwrap_or_default();
    let has = |name: &str| found.project.files.iter().any(|file| file.path == name);
    let command = said.command.map(CommandLine::line).or_else(|| {
        ["train.py", "main.py", "run.py"]
            .iter()
            .find(|name| has(name))
            .map(|name| format!("python3 {name}"))
    });
    let experiment = said.experiment.or_else(|| {
        found
            .root
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
    });
    (command, experiment)
}

fn spec_of(form: &RunStart, machine: &MachineRow) -> Result<RunSpec, ErrorBody> {
    validate::experiment_name("experiment", &form.experiment)?;
    if let Some(name) = &form.name {
        validate::name("name", name)?;
    }
    let command = validate::command("command", &form.command)?;
    let image = form
        .image
        .as_deref()
        .map(str::trim)
        .filter(|image| !image.is_empty());
    if let Some(image) = image
        && (image.len() > 500 || image.chars().any(|c| c.is_whitespace() || c.is_control()))
    {
        return Err(
            ErrorBody::invalid("image", "That is not an image name.").because(Reason::ImageNameBad)
        );
    }
    let engine = match (image, container_engine(machine)) {
        (Some(_), Some(engine)) => engine,
        (Some(_), None) => {
            return Err(ErrorBody::new(
                Code::EngineMissing,
                format!(
                    "{} has no container engine, so no image can be used.",
                    machine.name
                ),
            )
            .with("field", "image"));
        }
        (None, Some(_)) if needs_image(machine) => {
            return Err(ErrorBody::invalid(
                "image",
                format!("Choose a container image that is on {}.", machine.name),
            )
            .because(Reason::ImageChoose)
            .with("machine", &machine.name));
        }
        (None, _) => EngineKind::Process,
    };
    let mut env = BTreeMap::new();
    for pair in &form.env {
        validate::env_name("env", &pair.key)?;
        if pair.value.len() > 32 << 10 || pair.value.contains('\0') {
            return Err(ErrorBody::invalid(
                "env",
                format!("The value of {} is longer than 32 KiB.", pair.key),
            )
            .because(Reason::EnvTooLong)
            .with("key", &pair.key));
        }
        if pair.key.starts_with("MLFLOW_RUN") || pair.key.starts_with("MLFLOW_TRACKING") {
            return Err(
                ErrorBody::invalid("env", format!("{} is set by Skerry.", pair.key))
                    .because(Reason::EnvReserved)
                    .with("key", &pair.key),
            );
        }
        if env.insert(pair.key.clone(), pair.value.clone()).is_some() {
            return Err(
                ErrorBody::invalid("env", format!("{} is given twice.", pair.key))
                    .because(Reason::EnvTwice)
                    .with("key", &pair.key),
            );
        }
    }
    let mut targets = BTreeSet::new();
    for mount in &form.data {
        validate::absolute_path("data", &mount.source)?;
        validate::absolute_path("data", &mount.target)?;
        let target = mount.target.trim_end_matches('/');
        if target.is_empty() || target == "/skerry" || target.starts_with("/skerry/") {
            return Err(ErrorBody::invalid(
                "data",
                format!("Data cannot be mounted at {}.", mount.target),
            )
            .because(Reason::MountBad)
            .with("target", &mount.target));
        }
        if !targets.insert(target.to_owned()) {
            return Err(ErrorBody::invalid(
                "data",
                format!("Two data folders have the place {target}."),
            )
            .because(Reason::MountTwice)
            .with("target", target));
        }
    }
    let mut tags = BTreeMap::new();
    for tag in &form.tags {
        check_tag(&tag.key, &tag.value)?;
        if tags.insert(tag.key.clone(), tag.value.clone()).is_some() {
            return Err(
                ErrorBody::invalid("tags", format!("The tag {} is given twice.", tag.key))
                    .because(Reason::TagTwice)
                    .with("key", &tag.key),
            );
        }
    }
    Ok(RunSpec {
        run_id: new_id(),
        experiment: form.experiment.trim().to_owned(),
        run_name: form.name.as_ref().map(|name| name.trim().to_owned()),
        tags,
        engine,
        image: image.map(str::to_owned),
        command,
        env,
        project: skerry_domain::Project::default(),
        data: form
            .data
            .iter()
            .map(|mount| DataFolder {
                source: mount.source.clone(),
                target: mount.target.clone(),
            })
            .collect(),
        // Nothing seals a plain process; the agent says so in the run's tags.
        network: (engine != EngineKind::Process).then_some(if form.network_open {
            NetworkMode::Open
        } else {
            NetworkMode::None
        }),
        limits: WorkloadLimits::default(),
        user: None,
        started_by: None,
    })
}

fn write_sample(folder: &Path) -> Result<(), ErrorBody> {
    for (name, content) in SAMPLE {
        let path = folder.join(name);
        let same = std::fs::read_to_string(&path).is_ok_and(|there| there == *content);
        if same {
            continue;
        }
        let write = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&path, content)
        };
        write().map_err(|error| {
            let message = format!(
                "The sample project cannot be written to {}: {error}.",
                path.display()
            );
            ErrorBody::file(Reason::Unwritable, &path, &error, message)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_whole() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/sample"));
        for entry in walkdir::WalkDir::new(folder) {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(folder).unwrap();
            let name = path.to_string_lossy().into_owned();
            let tests = name.starts_with("test_") || name.contains("__pycache__");
            if entry.file_type().is_file() && !tests {
                assert!(SAMPLE.iter().any(|(known, _)| *known == name), "{name}");
            }
        }
    }

    #[test]
    fn words_of_a_command_survive_quoting() {
        let words = ["python3", "a b.py", "it's", "", "--x=1", "$HOME"];
        let line = CommandLine::Words(words.map(str::to_owned).to_vec()).line();
        assert_eq!(validate::command("command", &line).unwrap(), words);
    }

    fn machine(kind: MachineKind, engine: Option<EngineKind>) -> MachineRow {
        MachineRow {
            id: new_id(),
            name: String::from("m"),
            kind,
            address: String::new(),
            link: LinkInfo {
                state: LinkState::Connected,
                since: 0,
                last_seen_at: None,
                problem: None,
            },
            engine: engine.map(|kind| EngineInfo {
                kind,
                version: None,
            }),
            active_runs: 0,
            deployments: 0,
            created_at: 0,
        }
    }

    fn form() -> RunStart {
        RunStart {
            machine_id: new_id(),
            experiment: String::from("e"),
            name: None,
            project_folder: String::from("/p"),
            command: String::from("python3 train.py"),
            image: None,
            env: Vec::new(),
            data: Vec::new(),
            tags: Vec::new(),
            network_open: false,
        }
    }

    #[test]
    fn a_container_is_sealed_unless_opened() {
        let lab = machine(MachineKind::Ssh, Some(EngineKind::Docker));
        let mut asked = form();
        assert_eq!(spec_of(&asked, &lab).unwrap_err().code, Code::Invalid);
        asked.image = Some(String::from("python:1"));
        let spec = spec_of(&asked, &lab).unwrap();
        assert_eq!(spec.network, Some(NetworkMode::None));
        assert_eq!(spec.engine, EngineKind::Docker);
        asked.network_open = true;
        let spec = spec_of(&asked, &lab).unwrap();
        assert_eq!(spec.network, Some(NetworkMode::Open));
    }

    #[test]
    fn this_computer_runs_plain_processes() {
        let here = machine(MachineKind::Local, None);
        let spec = spec_of(&form(), &here).unwrap();
        assert_eq!(spec.engine, EngineKind::Process);
        let mut asked = form();
        asked.image = Some(String::from("python:1"));
        assert_eq!(
            spec_of(&asked, &here).unwrap_err().code,
            Code::EngineMissing
        );
    }

    #[test]
    fn bad_forms_name_their_field() {
        let here = machine(MachineKind::Local, None);
        let field = |change: &dyn Fn(&mut RunStart)| {
            let mut asked = form();
            change(&mut asked);
            let error = spec_of(&asked, &here).unwrap_err();
            assert_eq!(error.code, Code::Invalid);
            error.details.get("field").cloned().unwrap()
        };
        let pair = |key: &str, value: &str| skerry_domain::KeyValue {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        let mount = |source: &str, target: &str| DataMount {
            source: source.to_owned(),
            target: target.to_owned(),
        };
        assert_eq!(field(&|form| form.experiment.clear()), "experiment");
        assert_eq!(field(&|form| form.command = "a 'b".to_owned()), "command");
        assert_eq!(field(&|form| form.env = vec![pair("1A", "x")]), "env");
        assert_eq!(
            field(&|form| form.env = vec![pair("MLFLOW_RUN_ID", "x")]),
            "env"
        );
        assert_eq!(
            field(&|form| form.env = vec![pair("A", "x"), pair("A", "y")]),
            "env"
        );
        assert_eq!(field(&|form| form.data = vec![mount("data", "/d")]), "data");
        assert_eq!(
            field(&|form| form.data = vec![mount("/a", "/d"), mount("/b", "/d/")]),
            "data"
        );
        assert_eq!(
            field(&|form| form.data = vec![mount("/a", "/skerry/sock")]),
            "data"
        );
        assert_eq!(
            field(&|form| form.tags = vec![pair("mlflow.x", "y")]),
            "key"
        );
    }
}
