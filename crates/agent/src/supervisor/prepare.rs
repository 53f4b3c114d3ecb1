//! From a run's spec to a workload that an engine can start.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _};

use skerry_domain::{Code, EngineKind, ErrorBody, NetworkMode, Reason, RunSpec, validate};
use skerry_engine::{Limits, Mount, Network, OWNER_LABEL, Workload};

use super::{
    Agent,
    failure::{Failure, io_failure},
    home::RunFolder,
    tracking::Token,
};
use crate::api::data_place;

/// Where the agent's things are in a container.
pub(super) const PROGRAM_IN: &str = "/skerry/bin/skerry-agent";
pub(super) const SOCKETS_IN: &str = "/skerry/sock";
pub(super) const LOGS_IN: &str = "/skerry/log";
const WORK_IN: &str = "/skerry/work";
/// Says which run a workload belongs to.
pub(super) const RUN_LABEL: &str = "skerry.run";

/// What a person cannot set: the workload would talk to somewhere else, or as another.
const RESERVED_ENV: &[&str] = &[
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_RUN_ID",
    "SKERRY_RUN_ID",
];

/// Looks at a spec before anything is kept of it.
pub(super) fn check(spec: &RunSpec) -> Failure<()> {
    let hex = spec.run_id.len() == 32
        && spec
            .run_id
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !hex {
        return Err(ErrorBody::invalid(
            "run_id",
            "A run id has 32 lower-case hexadecimal digits.",
        ));
    }
    validate::experiment_name("experiment", &spec.experiment)?;
    if let Some(name) = &spec.run_name {
        validate::name("name", name)?;
    }
    for (key, value) in &spec.tags {
        validate::key("tags", key)?;
        validate::tag_value("tags", value)?;
    }
    match spec.command.first() {
        Some(program) if !program.is_empty() => {}
        _ => return Err(ErrorBody::invalid("command", "Enter a command.")),
    }
    if spec.command.iter().any(|word| word.contains('\0')) {
        return Err(ErrorBody::invalid(
            "command",
            "The command contains a NUL character.",
        ));
    }
    for (name, value) in &spec.env {
        validate::env_name("env", name)?;
        if RESERVED_ENV.contains(&name.as_str()) {
            return Err(
                ErrorBody::invalid("env", format!("{name} is set by Skerry itself."))
                    .because(Reason::EnvReserved)
                    .with("key", name),
            );
        }
        if value.contains('\0') {
            return Err(ErrorBody::invalid(
                "env",
                format!("The value of {name} contains a NUL character."),
            ));
        }
    }
    check_data(spec)?;
    check_engine(spec)
}

fn check_data(spec: &RunSpec) -> Failure<()> {
    let mut targets = std::collections::BTreeSet::new();
    for folder in &spec.data {
        validate::absolute_path("data.source", &folder.source)?;
        validate::absolute_path("data.target", &folder.target)?;
        let target = folder.target.trim_end_matches('/');
        if target.is_empty() || target == "/skerry" || target.starts_with("/skerry/") {
            return Err(ErrorBody::invalid(
                "data.target",
                format!("A data folder cannot be mounted at '{}'.", folder.target),
            ));
        }
        if !targets.insert(target) {
            return Err(ErrorBody::invalid(
                "data.target",
                format!("Two data folders have the same place '{target}'."),
            ));
        }
    }
    Ok(())
}

fn check_engine(spec: &RunSpec) -> Failure<()> {
    let limits = spec.limits;
    if limits
        .cpus
        .is_some_and(|cpus| !(0.01..=4096.0).contains(&cpus))
    {
        return Err(ErrorBody::invalid(
            "limits.cpus",
            "The number of processors is from 0.01 to 4096.",
        ));
    }
    // Docker refuses less than 6 MB.
    if limits.memory_bytes.is_some_and(|bytes| bytes < 6 << 20) {
        return Err(ErrorBody::invalid(
            "limits.memory_bytes",
            "The memory limit is at least 6 MiB.",
        ));
    }
    if spec.engine != EngineKind::Process {
        return match spec.image.as_deref() {
            Some(image) if !image.is_empty() && !image.contains(char::is_whitespace) => Ok(()),
            _ => Err(ErrorBody::invalid("image", "Choose a container image.")),
        };
    }
    if spec.network == Some(NetworkMode::None) {
        return Err(ErrorBody::invalid(
            "network",
            "Plain processes cannot be sealed off the network; that takes a container engine.",
        ));
    }
    if spec.image.is_some()
        || spec.user.is_some()
        || limits != skerry_domain::WorkloadLimits::default()
    {
        return Err(ErrorBody::invalid(
            "engine",
            "Plain processes have no image, user or limits; that takes a container engine.",
        ));
    }
    Ok(())
}

/// What the run can reach, when nothing was said.
pub(super) fn network(spec: &RunSpec) -> NetworkMode {
    match spec.engine {
        EngineKind::Process => NetworkMode::Open,
        EngineKind::Docker | EngineKind::Podman => spec.network.unwrap_or(NetworkMode::None),
    }
}

/// The name under which the engine knows a run's workload.
pub(super) fn name(run_id: &str) -> String {
    format!("skerry-run-{run_id}")
}

/// As whom a container runs: as the agent's own user, so that what it writes is ours.
/// Where root in a container is our user already, as root.
pub(super) fn own_user(rootless: bool) -> String {
    if rootless {
        return String::from("0:0");
    }
    format!(
        "{}:{}",
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw()
    )
}

/// Makes the folders that the workload writes into.
pub(super) fn folders(folder: &RunFolder, spec: &RunSpec) -> Failure<()> {
    // Another user in the container must be able to write, too; nobody else gets here,
    // since the home above is closed.
    let mode = if spec.user.is_some() { 0o777 } else { 0o755 };
    for path in [folder.sockets(), folder.logs()] {
        fs::create_dir_all(&path)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)))
            .map_err(|error| io_failure(&format!("{} cannot be made", path.display()), &error))?;
    }
    if spec.user.is_some() {
        let work = folder.work();
        fs::set_permissions(&work, fs::Permissions::from_mode(0o777)).map_err(|error| {
            io_failure(&format!("{} cannot be opened up", work.display()), &error)
        })?;
    }
    Ok(())
}

/// The workload of a run.
pub(super) fn workload(agent: &Agent, spec: &RunSpec, token: &Token, rootless: bool) -> Workload {
    let folder = agent.home.run(&spec.run_id);
    let process = spec.engine == EngineKind::Process;
    let program = agent.program();
    let path = |inside: &str, outside: std::path::PathBuf| {
        if process {
            outside.display().to_string()
        } else {
            inside.to_owned()
        }
    };
    let mut command = vec![
        path(PROGRAM_IN, program.clone()),
        String::from("relay"),
        String::from("--socket"),
        path(
            &format!("{SOCKETS_IN}/mlflow.sock"),
            folder.tracking_socket(),
        ),
        String::from("--listen"),
        // A container's loopback is its own; a process shares the machine's.
        String::from(if process {
            "127.0.0.1:0"
        } else {
            "127.0.0.1:5000"
        }),
        String::from("--log"),
        path(&format!("{LOGS_IN}/log"), folder.log()),
        String::from("--exit"),
        path(&format!("{LOGS_IN}/exit"), folder.end()),
    ];
    if process {
        command.push(String::from("--new-session"));
    }
    command.push(String::from("--"));
    command.extend(spec.command.iter().cloned());
    let mut mounts = vec![
        Mount {
            source: program,
            target: PROGRAM_IN.to_owned(),
            read_only: true,
        },
        Mount {
            source: folder.sockets(),
            target: SOCKETS_IN.to_owned(),
            read_only: false,
        },
        Mount {
            source: folder.logs(),
            target: LOGS_IN.to_owned(),
            read_only: false,
        },
        Mount {
            source: folder.work(),
            target: WORK_IN.to_owned(),
            read_only: false,
        },
    ];
    mounts.extend(spec.data.iter().map(|data| Mount {
        source: data.source.clone().into(),
        target: data.target.clone(),
        read_only: true,
    }));
    Workload {
        name: name(&spec.run_id),
        image: spec.image.clone().unwrap_or_default(),
        command,
        env: environment(spec, token).into_iter().collect(),
        mounts,
        network: match network(spec) {
            NetworkMode::None => Network::None,
            NetworkMode::Open => Network::Open,
        },
        labels: BTreeMap::from([
            (OWNER_LABEL.to_owned(), agent.identity.clone()),
            (RUN_LABEL.to_owned(), spec.run_id.clone()),
        ]),
        user: spec.user.clone().or_else(|| Some(own_user(rootless))),
        workdir: path(WORK_IN, folder.work()),
        limits: Limits {
            memory_bytes: spec.limits.memory_bytes,
            cpus: spec.limits.cpus,
            shm_bytes: spec.limits.shm_bytes,
        },
    }
}

fn environment(spec: &RunSpec, token: &Token) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        env.insert(name.to_owned(), value.to_owned());
    };
    if spec.engine != EngineKind::Process {
        // The user has no entry, hence no home, in the image's list of users.
        set("HOME", "/tmp");
        set("USER", "skerry");
        set("LOGNAME", "skerry");
    }
    // Lines are seen when they are printed, not when a buffer is full.
    set("PYTHONUNBUFFERED", "1");
    set("MLFLOW_DISABLE_TELEMETRY", "true");
    set("GIT_PYTHON_REFRESH", "quiet");
    if let Some(data) = spec.data.first() {
        set("SKERRY_DATA", data_place(data, spec.engine));
    }
    for (name, value) in &spec.env {
        set(name, value);
    }
    set("SKERRY_RUN_ID", &spec.run_id);
    set("MLFLOW_RUN_ID", &spec.run_id);
    set("MLFLOW_EXPERIMENT_NAME", &spec.experiment);
    set("MLFLOW_TRACKING_TOKEN", token.expose());
    env
}

/// Facts about a run that its tags tell to whoever looks at it with MLflow's eyes.
pub(super) fn tags(spec: &RunSpec) -> BTreeMap<String, String> {
    let mut tags = spec.tags.clone();
    let mut set = |key: &str, value: String| {
        tags.insert(key.to_owned(), value);
    };
    set("skerry.agent_version", crate::VERSION.to_owned());
    set("skerry.command", spec.command.join(" "));
    set("skerry.engine", engine_word(spec.engine).to_owned());
    set("skerry.network", network(spec).as_str().to_owned());
    set("skerry.project_hash", spec.project.hash.clone());
    if let Some(image) = &spec.image {
        set("skerry.image", image.clone());
    }
    if let Some(folder) = &spec.project.folder {
        set("mlflow.source.name", folder.clone());
        set("mlflow.source.type", String::from("PROJECT"));
    }
    if let Some(user) = &spec.started_by {
        set("mlflow.user", user.clone());
    }
    tags
}

pub(super) fn engine_word(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Docker => "docker",
        EngineKind::Podman => "podman",
        EngineKind::Process => "process",
    }
}

/// An image's registry digest: the one of the reference that was asked for, else any.
pub(super) fn registry_digest(digests: &[String], reference: &str) -> Option<String> {
    let repository = reference.split('@').next().unwrap_or_default();
    let digest = |name: &&String| name.split_once('@').map(|(_, digest)| digest.to_owned());
    digests
        .iter()
        .find(|name| name.split('@').next() == Some(repository))
        .or_else(|| digests.first())
        .as_ref()
        .and_then(digest)
}

/// A container engine is wanted, but there are only plain processes.
pub(super) fn image_words(error: ErrorBody) -> ErrorBody {
    match error.code {
        Code::EngineMissing => ErrorBody {
            message: format!("The run needs a container engine. {}", error.message),
            ..error
        },
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use skerry_domain::DataFolder;

    use super::*;

    fn spec() -> RunSpec {
        serde_json::from_value(serde_json::json!({
            "run_id": "0123456789abcdef0123456789abcdef",
            "experiment": "e",
            "engine": "process",
            "command": ["python3", "train.py"],
        }))
        .unwrap()
    }

    fn refused(change: impl FnOnce(&mut RunSpec)) -> String {
        let mut spec = spec();
        change(&mut spec);
        let error = check(&spec).unwrap_err();
        assert_eq!(error.code, Code::Invalid);
        error.details.get("field").cloned().unwrap()
    }

    #[test]
    fn what_cannot_be_run_is_refused_by_field() {
        check(&spec()).unwrap();
        assert_eq!(refused(|s| s.run_id = String::from("../../x")), "run_id");
        assert_eq!(refused(|s| s.experiment = String::new()), "experiment");
        assert_eq!(refused(|s| s.command.clear()), "command");
        assert_eq!(refused(|s| s.network = Some(NetworkMode::None)), "network");
        assert_eq!(refused(|s| s.engine = EngineKind::Docker), "image");
        let env = |name: &str| {
            let name = name.to_owned();
            refused(move |s| {
                s.env.insert(name, String::new());
            })
        };
        assert_eq!(env("MLFLOW_TRACKING_TOKEN"), "env");
        assert_eq!(env("A=B"), "env");
        let data = |source: &str, target: &str| {
            let folder = DataFolder {
                source: source.to_owned(),
                target: target.to_owned(),
            };
            refused(move |s| s.data = vec![folder.clone(), folder])
        };
        assert_eq!(data("relative", "/data"), "data.source");
        assert_eq!(data("/a/../b", "/data"), "data.source");
        assert_eq!(data("/a", "/skerry/work"), "data.target");
        assert_eq!(data("/a", "/data"), "data.target");
    }

    #[test]
    fn digest_of_the_reference_asked_for() {
        let digests = [String::from("a/x@sha256:1"), String::from("b/y@sha256:2")];
        assert_eq!(
            registry_digest(&digests, "b/y@sha256:2").as_deref(),
            Some("sha256:2")
        );
        assert_eq!(registry_digest(&digests, "c").as_deref(), Some("sha256:1"));
        assert_eq!(registry_digest(&[], "c"), None);
    }
}
