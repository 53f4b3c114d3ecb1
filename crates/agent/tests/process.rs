//! Runs as plain processes, at the socket of a real agent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::time::Duration;

use common::{Agent, program, repository, script, until};
use skerry_domain::{Change, Code, LogStream, Reason, RunStatus, WorkloadPhase};

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_trains_and_is_tracked() {
    let agent = Agent::start().await;
    let mut spec = script("");
    spec.command = ["python3", "train.py"].map(str::to_owned).to_vec();
    spec.env
        .insert(String::from("SKERRY_SAMPLE_PACE"), String::from("0"));
    let data = repository()
        .join("assets/sample/data")
        .canonicalize()
        .unwrap();
    spec.data = vec![skerry_domain::DataFolder {
        source: data.display().to_string(),
        target: String::from("/data"),
    }];
    let spec = agent
        .with_project(spec, &repository().join("assets/sample"))
        .await;
    let started = agent.run(&spec).await;
    assert!(!started.spec.project.hash.is_empty() && started.spec.project.files.is_empty());
    // Asked again after a lost answer: the same run.
    agent.run(&spec).await;
    let ended = agent.ended(&spec.run_id).await;
    let lines = agent.texts(&spec.run_id).await;
    assert_eq!(
        ended.phase,
        WorkloadPhase::Finished,
        "{ended:?}\n{lines:#?}"
    );
    assert_eq!(ended.exit_code, Some(0));
    assert_eq!(ended.snapshots.len(), 1);
    assert!(!lines.is_empty());
    let journal = agent.journal().await;
    let points: usize = journal
        .iter()
        .filter_map(|entry| match &entry.change {
            Change::Metrics { run_id, points } if *run_id == spec.run_id => Some(points.len()),
            _ => None,
        })
        .sum();
    assert!(points >= 300, "{points} points");
    let status = journal.iter().rev().find_map(|entry| match &entry.change {
        Change::RunSaved(run) if run.run_id == spec.run_id => Some(run.status),
        _ => None,
    });
    assert_eq!(status, Some(RunStatus::Finished));
    let snapshot = &ended.snapshots[0].hash;
    let tagged = journal.iter().any(|entry| match &entry.change {
        Change::RunTags { set, .. } => set
            .iter()
            .any(|tag| tag.key == "skerry.data.snapshot" && tag.value == *snapshot),
        _ => false,
    });
    assert!(tagged, "the data snapshot is a tag of the run");
    let uri = format!("runs:/{}/model", spec.run_id);
    let files = agent.client.artifacts(&uri).await.unwrap();
    assert!(
        files.iter().any(|file| file.path == "model/MLmodel"),
        "{files:?}"
    );
    let (size, content) = agent
        .client
        .artifact(&format!("{uri}/MLmodel"))
        .await
        .unwrap();
    let parts: Vec<_> = futures_util::TryStreamExt::try_collect(content)
        .await
        .unwrap();
    let bytes: Vec<u8> = parts.concat();
    assert_eq!(bytes.len() as u64, size);
    // Once it has ended its folder may go; what it logged stays.
    agent.client.remove_run(&spec.run_id).await.unwrap();
    assert!(!agent.home.join("runs").join(&spec.run_id).exists());
    assert!(agent.client.artifacts(&uri).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agent_loses_and_doubles_nothing() {
    let mut agent = Agent::start().await;
    let go_on = agent.home.parent().unwrap().join("go-on");
    let spec = script(&format!(
        "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done
         while [ ! -e '{0}' ]; do sleep 0.1; done
         while [ $i -lt 4000 ]; do echo line $i; i=$((i+1)); done; printf unfinished; exit 3",
        go_on.display()
    ));
    agent.run(&spec).await;
    until("some lines are there", async || {
        (!agent.texts(&spec.run_id).await.is_empty()).then_some(())
    })
    .await;
    for _ in 0..3 {
        agent.kill();
        agent.spawn().await;
    }
    let state = agent.client.run(&spec.run_id).await.unwrap();
    assert_eq!(state.phase, WorkloadPhase::Running);
    agent.kill();
    // It goes on, and ends, while nobody is there.
    std::fs::write(&go_on, "").unwrap();
    let end = agent.home.join("runs").join(&spec.run_id).join("log/exit");
    until("the process has ended", async || end.exists().then_some(())).await;
    agent.spawn().await;
    let ended = agent.ended(&spec.run_id).await;
    assert_eq!(ended.phase, WorkloadPhase::Failed);
    assert_eq!(ended.exit_code, Some(3));
    let expected: Vec<String> = (0..4000)
        .map(|i| format!("line {i}"))
        .chain([String::from("unfinished"), ended.reason.unwrap().message])
        .collect();
    assert_eq!(agent.texts(&spec.run_id).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_wait_while_the_agent_is_started_anew() {
    let mut agent = Agent::start().await;
    let flag = agent.home.parent().unwrap().join("agent-is-gone");
    let ask = r#"
import os, time, json, urllib.request
def ask():
    request = urllib.request.Request(
        os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",
        json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], "key": "m", "value": 1.5, "timestamp": 1, "step": 1}).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]})
    return urllib.request.urlopen(request, timeout=120).status
while not os.path.exists(os.environ["FLAG"]): time.sleep(0.05)
print("asking", flush=True)
print("answer", ask())
"#;
    let mut spec = script("");
    spec.command = vec![String::from("python3"), String::from("-c"), ask.to_owned()];
    spec.env
        .insert(String::from("FLAG"), flag.display().to_string());
    agent.run(&spec).await;
    agent
        .when(&spec.run_id, |state| state.phase == WorkloadPhase::Running)
        .await;
    agent.terminate();
    std::fs::write(&flag, "").unwrap();
    let log = agent.home.join("runs").join(&spec.run_id).join("log/log");
    until("it asks while nobody is there to answer", async || {
        let written = std::fs::read(&log).ok()?;
        String::from_utf8_lossy(&written)
            .contains("asking")
            .then_some(())
    })
    .await;
    agent.spawn().await;
    let ended = agent.ended(&spec.run_id).await;
    assert_eq!(
        ended.phase,
        WorkloadPhase::Finished,
        "{:?}",
        agent.texts(&spec.run_id).await
    );
    assert_eq!(agent.texts(&spec.run_id).await, ["asking", "answer 200"]);
    let logged = agent.journal().await.into_iter().any(
        |entry| matches!(entry.change, Change::Metrics { points, .. } if points[0].value == 1.5),
    );
    assert!(logged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_cancelled_gently_or_not() {
    let agent = Agent::start().await;
    let gentle = script("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.1; done");
    // A grandchild that would outlive its parents.
    let stubborn =
        script("trap '' TERM; (trap '' TERM; sleep 600) & echo ready; while :; do sleep 0.1; done");
    for spec in [&gentle, &stubborn] {
        agent.run(spec).await;
        until("it is ready", async || {
            agent
                .texts(&spec.run_id)
                .await
                .contains(&String::from("ready"))
                .then_some(())
        })
        .await;
        agent.client.cancel_run(&spec.run_id).await.unwrap();
    }
    let ended = agent.ended(&gentle.run_id).await;
    // It used the time to end in order.
    assert_eq!(
        (ended.phase, ended.exit_code),
        (WorkloadPhase::Cancelled, Some(0))
    );
    assert!(
        agent
            .texts(&gentle.run_id)
            .await
            .contains(&String::from("bye"))
    );
    let ended = agent.ended(&stubborn.run_id).await;
    assert_eq!(ended.phase, WorkloadPhase::Cancelled);
    assert_eq!(
        agent.phases(&stubborn.run_id).await,
        [
            WorkloadPhase::Queued,
            WorkloadPhase::Preparing,
            WorkloadPhase::Running,
            WorkloadPhase::Stopping,
            WorkloadPhase::Cancelled
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_are_told_with_their_reason() {
    let agent = Agent::start().await;
    let mut absent = script("");
    absent.command = vec![String::from("no-such-program")];
    let killed = script("kill -9 $$");
    let exits = script("echo broken >&2; exit 7");
    for spec in [&absent, &killed, &exits] {
        agent.run(spec).await;
    }
    for (spec, code, why, says) in [
        (&absent, Some(127), Reason::NotStartable, "no-such-program"),
        (&killed, None, Reason::KilledBySignal, "SIGKILL"),
        (&exits, Some(7), Reason::ExitCode, "exit code 7"),
    ] {
        let ended = agent.ended(&spec.run_id).await;
        assert_eq!(ended.phase, WorkloadPhase::Failed);
        assert_eq!(ended.exit_code, code);
        let reason = ended.reason.unwrap();
        assert_eq!(
            (reason.code, reason.reason),
            (Code::CommandFailed, Some(why))
        );
        assert!(reason.message.contains(says), "{}", reason.message);
    }
    let lines = agent.lines(&exits.run_id).await;
    assert_eq!(lines[0].text, "broken");
    assert_eq!(lines[0].stream, LogStream::Stderr);
    // A container is wanted where there is no engine.
    let mut contained = script("true");
    contained.engine = skerry_domain::EngineKind::Docker;
    contained.image = Some(String::from("python:3"));
    agent.run(&contained).await;
    let ended = agent.ended(&contained.run_id).await;
    assert_eq!(ended.reason.unwrap().code, Code::EngineMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_on_one_line_and_bytes_that_are_no_letters() {
    let agent = Agent::start().await;
    let spec = script(r"head -c 10485760 /dev/zero | tr '\0' 'x'; echo; printf '\377\376ok\n'");
    agent.run(&spec).await;
    let ended = agent.ended(&spec.run_id).await;
    assert_eq!(ended.phase, WorkloadPhase::Finished);
    let lines = agent.lines(&spec.run_id).await;
    let (last, long) = lines.split_last().unwrap();
    assert_eq!(last.text, "\u{fffd}\u{fffd}ok");
    assert_eq!(
        long.iter().map(|line| line.text.len()).sum::<usize>(),
        10 << 20
    );
    assert!(long.iter().all(|line| line.text.len() <= 64 << 10));
    assert!(long[..long.len() - 1].iter().all(|line| line.cut_bytes > 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_knows_only_its_own_token() {
    let agent = Agent::start().await;
    let mut spec = script(
        r#"python3 - <<'END'
import os, urllib.request, urllib.error
for token in ["", "Bearer wrong", "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]]:
    request = urllib.request.Request(
        os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/get?run_id=" + os.environ["MLFLOW_RUN_ID"],
        headers={"Authorization": token})
    try:
        print(urllib.request.urlopen(request).status)
    except urllib.error.HTTPError as error:
        print(error.code)
open(os.environ["OUT"], "w").write(os.environ["MLFLOW_TRACKING_TOKEN"])
END"#,
    );
    let out = agent.home.parent().unwrap().join("token");
    spec.env
        .insert(String::from("OUT"), out.display().to_string());
    agent.run(&spec).await;
    agent.ended(&spec.run_id).await;
    assert_eq!(agent.texts(&spec.run_id).await, ["401", "401", "200"]);
    // Its token is nowhere in the agent's home.
    let token = std::fs::read_to_string(&out).unwrap();
    assert!(token.len() >= 64);
    let found = std::process::Command::new("grep")
        .args(["-rlF", &token])
        .arg(&agent.home)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_agent_per_home_and_only_for_its_user() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut agent = Agent::start().await;
    let second = std::process::Command::new(program())
        .args(["serve", "--home"])
        .arg(&agent.home)
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&second.stderr).contains("Another agent"));
    // The first is none the worse.
    agent.client.status().await.unwrap();
    let mode = |name: &str| {
        let metadata = std::fs::metadata(agent.home.join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode(""), mode("agent.sock")), (0o700, 0o600));
    assert!(agent.terminate().success());
    assert!(!agent.home.join("agent.sock").exists());
    // `connect` tells an absent agent by its exit code.
    let connect = std::process::Command::new(program())
        .args(["connect", "--home"])
        .arg(&agent.home)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(connect.status.code(), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_over_a_pipe() {
    use skerry_agent::client::{Client, Connector, Stream};
    struct Pipe(std::path::PathBuf);
    #[async_trait::async_trait]
    impl Connector for Pipe {
        async fn connect(&self) -> Result<Stream, skerry_domain::ErrorBody> {
            let mut child = tokio::process::Command::new(program())
                .args(["connect", "--home"])
                .arg(&self.0)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let (output, input) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
            tokio::spawn(async move { child.wait().await });
            Ok(Box::new(tokio::io::join(output, input)))
        }
    }
    let agent = Agent::start().await;
    let client = Client::new(std::sync::Arc::new(Pipe(agent.home.clone())));
    assert_eq!(
        client.status().await.unwrap().home,
        agent.home.display().to_string()
    );
    // Waits for what is not there yet, and ends at once when it comes.
    let last = client.status().await.unwrap().journal_last;
    let waiting = client.journal(last, 10, Duration::from_secs(20));
    let spec = script("true");
    let (page, ()) = tokio::join!(waiting, async {
        agent.run(&spec).await;
    });
    assert!(!page.unwrap().entries.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused_with_a_code() {
    let agent = Agent::start().await;
    let client = &agent.client;
    assert_eq!(
        client.run("nothing").await.unwrap_err().code,
        Code::NotFound
    );
    assert_eq!(client.images().await.unwrap_err().code, Code::EngineMissing);
    let mut spec = script("true");
    spec.project.files.push(skerry_domain::ProjectFile {
        path: String::from("a.py"),
        sha256: "0".repeat(64),
        size: 1,
        executable: false,
    });
    assert_eq!(
        client.start_run(&spec).await.unwrap_err().code,
        Code::NotFound
    );
    spec.project.files[0].path = String::from("../../a.py");
    assert_eq!(
        client.start_run(&spec).await.unwrap_err().code,
        Code::Invalid
    );
    // Nothing half-done is left of them.
    assert_eq!(client.runs().await.unwrap(), []);
    for uri in [
        "runs:/nothing/x",
        "file:///etc",
        "runs:/../../etc",
        "models:/m-../x",
    ] {
        assert!(client.artifacts(uri).await.is_err(), "{uri}");
    }
    let status = client.status().await.unwrap();
    assert_eq!(
        status.engines[0].error.as_ref().unwrap().code,
        Code::EngineMissing
    );
    assert!(status.memory_bytes > 0 && status.disk_total_bytes > 0);
}
