//! The whole way on this computer, at the boundary of the console: a real agent, real
//! processes, the sample project.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)] // a test, helpers included

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skerry_console::api::*;
use skerry_console::{Console, ConsoleOptions};
use skerry_domain::{Code, ServicePhase, WorkloadPhase};

/// A machine that is busy with everything else as well is slow, not broken.
const PATIENCE: Duration = Duration::from_secs(180);

/// Ends the agent of a data folder, whatever became of the test.
struct AgentOf(PathBuf);

impl Drop for AgentOf {
    fn drop(&mut self) {
        let home = self.0.join("agent");
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = process
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let ours = String::from_utf8_lossy(&line).contains(home.to_str().unwrap());
            if ours {
                let pid = nix::unistd::Pid::from_raw(pid);
                let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
            }
        }
    }
}

fn options(data: &Path) -> ConsoleOptions {
    let mut options = ConsoleOptions::new(data);
    // Else the one beside the tests.
    options.agent_program =
        std::env::var_os("SKERRY_TEST_BIN").map(|bin| PathBuf::from(bin).join("skerry-agent"));
    options
}

async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "not seen in time: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn run(console: &Console, id: &str) -> RunDetail {
    console.run_get(ById { id: id.to_owned() }).await.unwrap()
}

async fn ended(console: &Console, id: &str) -> RunDetail {
    until("the end of the run", || async {
        let detail = run(console, id).await;
        detail.row.phase.unwrap().is_final().then_some(detail)
    })
    .await
}

async fn charts(console: &Console, run_id: &str) -> Vec<ChartSeries> {
    console
        .run_chart(ChartQuery {
            run_id: run_id.to_owned(),
            keys: Vec::new(),
            max_points: 1000,
            from_step: None,
            to_step: None,
            over: None,
            smoothed: None,
        })
        .await
        .unwrap()
}

async fn log(console: &Console, run_id: &str) -> LogWindow {
    console
        .run_log(LogQuery {
            run_id: run_id.to_owned(),
            from_line: 0,
            limit: 2000,
        })
        .await
        .unwrap()
}

async fn served(console: &Console, id: &str, version: u32) -> DeploymentDetail {
    until("the version being served", || async {
        let detail = console
            .deployment_get(ById { id: id.to_owned() })
            .await
            .unwrap();
        let row = &detail.row;
        assert_ne!(row.state, ServicePhase::Failed, "{:?}", row.cause);
        (row.live_version == Some(version) && row.state == ServicePhase::Healthy).then_some(detail)
    })
    .await
}

fn register(run_id: &str, alias: Option<&str>) -> ModelRegister {
    ModelRegister {
        run_id: run_id.to_owned(),
        artifact_path: String::from("model"),
        name: String::from("penguins"),
        description: Some(String::from("first")),
        tags: Vec::new(),
        alias: alias.map(str::to_owned),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_empty_screen_to_a_deployed_model() {
    let folder = tempfile::tempdir().unwrap();
    let _agent = AgentOf(folder.path().to_owned());
    let console = Console::open(options(folder.path())).await.unwrap();
    assert!(console.app_info(()).await.unwrap().empty);

    let second = Console::open(options(folder.path())).await.unwrap_err();
    assert_eq!(second.code, Code::DataFolderInUse);

    // A run, watched live.
    let started = console.sample_start(()).await.unwrap();
    assert!(started.files_sent > 0);
    let run_id = started.run_id;
    let live = until("points while it runs", || async {
        let detail = run(&console, &run_id).await;
        let phase = detail.row.phase.unwrap();
        assert!(!phase.is_final(), "{:?}", detail.row.reason);
        (phase == WorkloadPhase::Running && !detail.row.metrics.is_empty()).then_some(detail)
    })
    .await;
    assert!(!live.row.stale);
    let overview = console.overview(()).await.unwrap();
    assert_eq!(overview.running.len(), 1);

    let detail = ended(&console, &run_id).await;
    assert_eq!(
        detail.row.phase,
        Some(WorkloadPhase::Finished),
        "{detail:?}"
    );
    assert_eq!(detail.exit_code, Some(0));
    assert!(!detail.row.params.is_empty());
    assert_eq!(detail.model_paths, ["model"]);
    let environment = detail.environment.unwrap();
    assert!(environment.project_hash.is_some());
    let series = charts(&console, &run_id).await;
    let long = series.iter().filter(|series| series.total >= 100).count();
    assert!(long >= 3, "{series:?}");
    let lines = log(&console, &run_id).await;
    assert!(lines.complete && lines.total > 0);
    assert_eq!(lines.lines.len() as u64, lines.total);

    let files = console
        .run_artifacts(ArtifactQuery {
            run_id: run_id.clone(),
            path: String::from("model"),
        })
        .await
        .unwrap();
    assert!(files.iter().any(|file| file.path == "model/MLmodel"));
    let preview = console
        .run_artifact_preview(ArtifactQuery {
            run_id: run_id.clone(),
            path: String::from("model/MLmodel"),
        })
        .await
        .unwrap();
    assert!(matches!(
        preview,
        ArtifactPreview::Text {
            truncated: false,
            ..
        }
    ));
    let out = tempfile::tempdir().unwrap();
    let save = ArtifactSave {
        run_id: run_id.clone(),
        path: String::from("model"),
        to_folder: out.path().display().to_string(),
    };
    let begun = console.run_artifact_save(save.clone()).await.unwrap();
    let saved = until("the folder is saved", async || {
        let now = console
            .operation_get(ById {
                id: begun.id.clone(),
            })
            .await
            .unwrap();
        now.ended_at.is_some().then_some(now)
    });
    assert!(saved.await.saved.unwrap().files >= 3);
    assert!(out.path().join("model/MLmodel").is_file());
    let again = console.run_artifact_save(save).await.unwrap_err();
    assert_eq!(again.code, Code::AlreadyExists);

    // A version with its lineage.
    let unusable = console
        .model_register(ModelRegister {
            artifact_path: String::from("plots"),
            ..register(&run_id, None)
        })
        .await
        .unwrap_err();
    assert_eq!(unusable.code, Code::ModelUnusable);
    let first = console
        .model_register(register(&run_id, Some("champion")))
        .await
        .unwrap();
    assert_eq!(first.version, 1);
    let version = console.version_get(first.clone()).await.unwrap();
    assert_eq!(version.row.run_id.as_deref(), Some(run_id.as_str()));
    assert_eq!(version.row.aliases, ["champion"]);
    assert_eq!(version.project_hash, environment.project_hash);
    let example = version.input_example.unwrap();
    let second = console
        .model_register(register(&run_id, None))
        .await
        .unwrap();
    assert_eq!(second.version, 2);

    // Deployed, scored, changed, rolled back.
    let machine_id = detail.row.machine_id.unwrap();
    let create = DeploymentCreate {
        name: String::from("penguins"),
        machine_id,
        model: first.name.clone(),
        version: 1,
        port: None,
        bind: None,
    };
    let row = console.deployment_create(create.clone()).await.unwrap();
    let taken = console.deployment_create(create).await.unwrap_err();
    assert_eq!(taken.code, Code::AlreadyExists);
    let id = row.id;
    let by_id = || ById { id: id.clone() };
    served(&console, &id, 1).await;
    let answer = console
        .deployment_invoke(DeploymentInvoke {
            id: id.clone(),
            body: example.clone(),
        })
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let predictions: Value = serde_json::from_str(&answer.body).unwrap();
    assert!(!predictions["predictions"].as_array().unwrap().is_empty());

    let in_use = console.version_delete(first.clone()).await.unwrap_err();
    assert_eq!(in_use.code, Code::WrongState);

    console
        .deployment_update(DeploymentUpdate {
            id: id.clone(),
            version: 2,
        })
        .await
        .unwrap();
    let detail = served(&console, &id, 2).await;
    assert_eq!(detail.rollback_to, Some(1));
    console.deployment_rollback(by_id()).await.unwrap();
    let detail = served(&console, &id, 1).await;
    assert_eq!(detail.revisions.len(), 3);
    assert_eq!(detail.revisions[0].outcome, RevisionOutcome::Live);
    assert_eq!(detail.revisions[1].outcome, RevisionOutcome::Retired);

    console.deployment_stop(by_id()).await.unwrap();
    until("the stop", || async {
        let row = console.deployment_get(by_id()).await.unwrap().row;
        (row.state == ServicePhase::Stopped).then_some(())
    })
    .await;
    console.deployment_start(by_id()).await.unwrap();
    served(&console, &id, 1).await;

    let delete = |name: &str| DeploymentDelete {
        id: id.clone(),
        confirm_name: name.to_owned(),
    };
    let other = console
        .deployment_delete(delete("other"))
        .await
        .unwrap_err();
    assert_eq!(other.code, Code::Invalid);
    console.deployment_delete(delete("penguins")).await.unwrap();
    assert!(console.deployments_list(()).await.unwrap().is_empty());
    console
        .model_delete(ByName { name: first.name })
        .await
        .unwrap();

    let told: Vec<ActivityKind> = console
        .activity_list(ActivityQuery {
            before_id: None,
            limit: 100,
        })
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.kind)
        .collect();
    for kind in [
        ActivityKind::MachineRegistered,
        ActivityKind::RunStarted,
        ActivityKind::RunFinished,
        ActivityKind::VersionRegistered,
        ActivityKind::AliasSet,
        ActivityKind::DeploymentCreated,
        ActivityKind::DeploymentHealthy,
        ActivityKind::DeploymentRolledBack,
        ActivityKind::DeploymentDeleted,
        ActivityKind::ModelDeleted,
    ] {
        assert!(told.contains(&kind), "{kind:?} is not in {told:?}");
    }
    console.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_was_closed_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let _agent = AgentOf(folder.path().to_owned());
    let console = Console::open(options(folder.path())).await.unwrap();
    let run_id = console.sample_start(()).await.unwrap().run_id;
    until("the first lines", || async {
        (log(&console, &run_id).await.total > 0).then_some(())
    })
    .await;
    console.close().await;
    drop(console);

    let console = Console::open(options(folder.path())).await.unwrap();
    let detail = ended(&console, &run_id).await;
    assert_eq!(
        detail.row.phase,
        Some(WorkloadPhase::Finished),
        "{detail:?}"
    );
    let series = charts(&console, &run_id).await;
    for series in series.iter().filter(|series| series.total >= 100) {
        let mut steps = series.steps.clone();
        steps.dedup();
        assert_eq!(steps.len() as u64, series.total, "{}", series.key);
    }
    assert!(log(&console, &run_id).await.complete);

    // Run it again, and cancel that.
    let form = console.run_form_of(ById { id: run_id }).await.unwrap();
    let started = console.run_start(form).await.unwrap();
    assert_eq!(started.files_sent, 0);
    let id = started.run_id;
    console.run_cancel(ById { id: id.clone() }).await.unwrap();
    let detail = ended(&console, &id).await;
    assert_eq!(detail.row.phase, Some(WorkloadPhase::Cancelled));
    let again = console
        .run_cancel(ById { id: id.clone() })
        .await
        .unwrap_err();
    assert_eq!(again.code, Code::WrongState);

    let to = |run_ids: Vec<String>| RunsMove {
        run_ids,
        experiment: "aside".to_owned(),
    };
    // One that is not there keeps the other where it is.
    let missing = to(vec![id.clone(), "0".repeat(32)]);
    assert_eq!(
        console.runs_move(missing).await.unwrap_err().code,
        Code::NotFound
    );
    let names = |rows: Vec<ExperimentRow>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
    assert!(!names(console.experiments_list(()).await.unwrap()).contains(&"aside".to_owned()));
    console.runs_move(to(vec![id.clone()])).await.unwrap();
    let moved = console.run_get(ById { id: id.clone() }).await.unwrap();
    assert_eq!(moved.row.experiment, "aside");

    let only = vec![id.clone()];
    let ids = |run_ids: Vec<String>| RunIds { run_ids };
    let at = async |stage: RunStage| {
        let query = RunQuery {
            filter: String::new(),
            order_by: Vec::new(),
            experiment: None,
            machine_id: None,
            stage,
            offset: 0,
            limit: 10,
            columns: Vec::new(),
            only_columns: false,
        };
        let page = console.runs_search(query).await.unwrap();
        assert_eq!(page.total, page.rows.len() as u64);
        assert!(page.rows.iter().all(|row| row.stage == stage));
        page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    // One that is not there keeps the other on the table.
    let missing = ids(vec![id.clone(), "0".repeat(32)]);
    assert_eq!(
        console.runs_archive(missing).await.unwrap_err().code,
        Code::NotFound
    );
    assert!(at(RunStage::Active).await.contains(&id));
    console.runs_archive(ids(vec![id.clone()])).await.unwrap();
    assert_eq!(at(RunStage::Archived).await, only);
    assert!(!at(RunStage::Active).await.contains(&id));
    console.runs_unarchive(ids(vec![id.clone()])).await.unwrap();
    assert!(at(RunStage::Active).await.contains(&id));
    console.runs_archive(ids(vec![id.clone()])).await.unwrap();

    console.runs_delete(ids(vec![id.clone()])).await.unwrap();
    assert_eq!(at(RunStage::Deleted).await, only);
    assert_eq!(at(RunStage::Archived).await, [""; 0]);
    // It comes back to where it was.
    console.runs_restore(ids(vec![id.clone()])).await.unwrap();
    assert_eq!(at(RunStage::Archived).await, only);
    console.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_by_name_answer_or_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let console = Console::open(options(folder.path())).await.unwrap();
    let unknown = console.call("no_such_command", Value::Null).await;
    assert_eq!(unknown.unwrap_err().code, Code::NotFound);

    let wrong = json!({"password": ["hunter2"]});
    let wrong = console.call("password_strength", wrong).await.unwrap_err();
    assert_eq!(wrong.code, Code::Invalid);
    assert!(!format!("{wrong:?}").contains("hunter2"));

    let mut events = console.events();
    let settings = json!({"theme": "dark", "language": "sv", "compact": true});
    let kept = console.call("settings_set", settings.clone()).await;
    assert_eq!(kept.unwrap(), settings);
    assert_eq!(events.recv().await.unwrap().topics, [Topic::Settings]);
    let read = console.call("settings_get", Value::Null).await;
    assert_eq!(read.unwrap(), settings);

    for (name, args) in [
        ("run_get", json!({"id": "../../etc/passwd"})),
        ("machine_get", json!({"id": "' OR 1=1 --"})),
        ("deployment_get", json!({"id": ""})),
    ] {
        let error = console.call(name, args).await.unwrap_err();
        assert_eq!(error.code, Code::NotFound, "{name}");
    }
    let bad = json!({"filter": "metrics.acc >", "order_by": [], "experiment": null,
        "machine_id": null, "stage": "active", "offset": 0, "limit": 10});
    let bad = console.call("runs_search", bad).await.unwrap_err();
    assert_eq!(bad.code, Code::Invalid);
    console.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_used_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Console::open(options(&file.join("data")))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::FileAccess);

    let console = Console::open(options(folder.path())).await.unwrap();
    let looped = folder.path().join("project");
    std::fs::create_dir(&looped).unwrap();
    std::fs::write(looped.join("train.py"), "").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", looped.join("out")).unwrap();
    let summary = console
        .project_inspect(ProjectQuery {
            folder: looped.display().to_string(),
        })
        .await
        .unwrap();
    assert_eq!(summary.problems[0].code, Code::UnsafeLink);
    assert_eq!(
        summary.suggested_command.as_deref(),
        Some("python3 train.py")
    );
    console.close().await;
}

/// An operation that another version left under way says too little to be followed: it has
/// failed, and says so wherever it is shown.
#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_cannot_be_taken_up_again_has_failed() {
    let data = tempfile::tempdir().unwrap();
    let console = Console::open(options(data.path())).await.unwrap();
    console.close().await;
    drop(console);
    let id = "0".repeat(32);
    let step = serde_json::json!({ "id": "push", "state": "running", "done": 1, "total": 2 });
    let left = skerry_store::workspace::OperationRecord {
        id: id.clone(),
        state: "running".to_owned(),
        started_at: 1,
        body: serde_json::json!({
            "id": id, "kind": "containerize", "subject": "penguins/1", "state": "running",
            "steps": [step], "problem": null, "image": null, "started_at": 1, "ended_at": null,
        }),
    };
    let file = data.path().join("workspace.db");
    let store = skerry_store::Store::open(&file, skerry_store::StoreOptions::default()).unwrap();
    store.operation_save(&left).unwrap();
    drop(store);

    let console = Console::open(options(data.path())).await.unwrap();
    let shown = console.operations_list(()).await.unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].state, OperationState::Failed);
    assert_eq!(shown[0].steps[0].state, OperationState::Failed);
    assert_eq!(shown[0].problem.as_ref().unwrap().code, Code::Cancelled);
    assert!(shown[0].ended_at.is_some());
    let error = console.operation_cancel(ById { id }).await.unwrap_err();
    assert_eq!(error.code, Code::WrongState);
    console.close().await;
}
