//! Runs and deployments in containers, on a lab machine with a real Docker, and a real
//! registry with accounts. Needs root, as the lab does, and a static agent
//! (`SKERRY_STATIC_AGENT`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};

use async_trait::async_trait;
use common::{repository, run_id, until};
use skerry_agent::{
    api::{ImageBuildRequest, Invoke, RegistryCredentials, StepState},
    client::{Client, Connector, Stream},
    project,
};
use skerry_domain::{
    Change, Code, DataFolder, EngineKind, ErrorBody, RevisionOutcome, RunSpec, Secret,
    ServicePhase, ServiceSpec, WorkloadPhase, WorkloadState,
};
use skerry_lab::{Machine, MachineOptions, Registry, TRAINING_IMAGE};
use tokio::task::block_in_place;

const HOME: &str = "/home/operator/.skerry/agent";

/// The agent's socket, seen through the machine's root folder.
struct Outside(PathBuf);

#[async_trait]
impl Connector for Outside {
    async fn connect(&self) -> Result<Stream, ErrorBody> {
        match tokio::net::UnixStream::connect(&self.0).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(ErrorBody::new(Code::AgentUnreachable, error.to_string())),
        }
    }
}

struct Site {
    machine: Machine,
}

fn static_agent() -> PathBuf {
    PathBuf::from(std::env::var_os("SKERRY_STATIC_AGENT").expect(
        "SKERRY_STATIC_AGENT names the static agent; cargo xtask test builds it and sets this",
    ))
}

impl Site {
    async fn up() -> Self {
        let options = MachineOptions {
            image: true,
            ..MachineOptions::default()
        };
        let site = Self {
            machine: block_in_place(|| Machine::start(options).unwrap()),
        };
        site.install();
        site.start_agent().await;
        site
    }

    fn outside(&self, path: &str) -> PathBuf {
        // home_from_outside() is the operator's home.
        let below = path.strip_prefix("/home/operator/").unwrap();
        self.machine.home_from_outside().join(below)
    }

    fn install(&self) {
        self.machine
            .exec_as_user(&format!(
                "mkdir -p {HOME}/bin data && printf 'a,b\\n1,2\\n' > data/x.csv"
            ))
            .unwrap();
        let penguins = repository().join("assets/sample/data/penguins.csv");
        std::fs::copy(penguins, self.outside("/home/operator/data/penguins.csv")).unwrap();
        let target = self.outside(&format!("{HOME}/bin/skerry-agent"));
        std::fs::copy(static_agent(), &target).unwrap();
        let chown = Command::new("chown")
            .arg("--reference")
            .arg(target.parent().unwrap())
            .arg(&target)
            .status()
            .unwrap();
        assert!(chown.success());
    }

    async fn start_agent(&self) {
        self.machine
            .exec_as_user(&format!(
                "setsid {HOME}/bin/skerry-agent serve --home {HOME} </dev/null >/dev/null 2>&1 &"
            ))
            .unwrap();
        let client = self.client();
        until("the agent answers", async || client.status().await.ok()).await;
    }

    fn client(&self) -> Client {
        Client::new(Arc::new(Outside(
            self.outside(&format!("{HOME}/agent.sock")),
        )))
    }

    async fn ended(&self, run_id: &str) -> WorkloadState {
        self.when(run_id, |state| state.phase.is_final()).await
    }

    async fn when(&self, run_id: &str, is: impl Fn(&WorkloadState) -> bool) -> WorkloadState {
        until("the run gets there", async || {
            self.client()
                .run(run_id)
                .await
                .ok()
                .filter(|state| is(state))
        })
        .await
    }

    async fn texts(&self, owner: &str) -> Vec<String> {
        let mut texts = Vec::new();
        let mut after = 0;
        loop {
            let page = self
                .client()
                .journal(after, 1_000, Duration::ZERO)
                .await
                .unwrap();
            let Some(last) = page.entries.last() else {
                return texts;
            };
            after = last.seq;
            for entry in page.entries {
                if let Change::LogLines { run_id, lines, .. } = entry.change
                    && run_id == owner
                {
                    texts.extend(lines.into_iter().map(|line| line.text));
                }
            }
        }
    }

    async fn serving(&self, id: &str, revision: u32) {
        until("the revision serves", async || {
            let view = self.client().service(id).await.unwrap();
            let state = view.state;
            let newest = state.revisions.last().unwrap();
            assert_ne!(newest.outcome, RevisionOutcome::Refused, "{newest:?}");
            (state.phase == ServicePhase::Healthy && state.revision == revision).then_some(())
        })
        .await;
    }
}

fn data() -> DataFolder {
    DataFolder {
        source: String::from("/home/operator/data"),
        target: String::from("/data"),
    }
}

fn shell(script: &str) -> RunSpec {
    serde_json::from_value(serde_json::json!({
        "run_id": run_id(),
        "experiment": "Tests",
        "engine": "docker",
        "image": TRAINING_IMAGE,
        "command": ["sh", "-c", script],
    }))
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_sealed_run_to_a_deployed_image() {
    let mut site = Site::up().await;
    let client = site.client();
    let status = client.status().await.unwrap();
    assert_eq!(status.engines[0].kind, EngineKind::Docker);
    assert_eq!(status.engines[0].error, None);
    let images = client.images().await.unwrap();
    assert!(
        images
            .iter()
            .any(|image| image.references.iter().any(|name| name == TRAINING_IMAGE))
    );

    // No interface but loopback, no name is found, the data can be read and not written.
    let mut sealed = shell(
        "cat /sys/class/net/*/operstate | wc -l; ls /sys/class/net; \
         python3 -c 'import socket; socket.create_connection((\"10.99.0.1\", 80), 3)' 2>&1 | tail -1; \
         cat /data/x.csv | head -1; touch /data/y 2>/dev/null || echo read-only; id -u",
    );
    sealed.data = vec![data()];
    client.start_run(&sealed).await.unwrap();
    let ended = site.ended(&sealed.run_id).await;
    let texts = site.texts(&sealed.run_id).await;
    assert_eq!(ended.phase, WorkloadPhase::Finished, "{ended:?} {texts:?}");
    assert_eq!(texts[..2], ["1", "lo"], "{texts:?}");
    assert!(texts[2].contains("unreachable"), "{texts:?}");
    assert_eq!(texts[3..5], ["a,b", "read-only"]);
    assert_ne!(texts[5], "0", "not as root");
    assert!(ended.image_id.unwrap().starts_with("sha256:"));
    assert_eq!(ended.snapshots[0].files, 2);

    // The unmodified mlflow client, through the sealed door.
    let mut spec = shell("");
    spec.command = ["python3", "train.py", "--data", "/data"]
        .map(str::to_owned)
        .to_vec();
    spec.data = vec![data()];
    let folder = project::scan(&repository().join("tests/lab/project")).unwrap();
    let uploaded = client.upload_project(&folder, &|_| {}).await.unwrap();
    assert_eq!(uploaded.unchanged, 0);
    let again = client.upload_project(&folder, &|_| {}).await.unwrap();
    assert_eq!((again.sent, again.bytes), (0, 0));
    spec.project = uploaded.project;
    client.start_run(&spec).await.unwrap();
    let ended = site.ended(&spec.run_id).await;
    let texts = site.texts(&spec.run_id).await;
    assert_eq!(ended.phase, WorkloadPhase::Finished, "{ended:?} {texts:#?}");

    // Its model becomes an image in a registry with accounts …
    let registry = block_in_place(|| Registry::start(&site.machine).unwrap());
    let build = |user: &str, password: &str| ImageBuildRequest {
        id: run_id(),
        base_image: TRAINING_IMAGE.to_owned(),
        model_uri: format!("runs:/{}/model", spec.run_id),
        model_name: String::from("digits"),
        model_version: String::from("1"),
        run_id: Some(spec.run_id.clone()),
        description: None,
        created_at: 1_764_201_600_000,
        target: format!("{}/digits:1", registry.address()),
        insecure: true,
        ca_pem: None,
        credentials: Some(RegistryCredentials {
            username: user.to_owned(),
            password: Secret::new(password),
        }),
    };
    let built = async |request: &ImageBuildRequest| {
        client.start_image_build(request).await.unwrap();
        until("the build has ended", async || {
            let wait = Duration::from_secs(5);
            let view = client.image_build(&request.id, 0, wait).await.unwrap();
            view.state.is_final().then_some(view)
        })
        .await
    };
    let refused = built(&build(registry.user(), "wrong")).await;
    assert_eq!(refused.error.unwrap().code, Code::RegistryUnauthorized);
    let done = built(&build(registry.user(), registry.password())).await;
    assert_eq!(done.state, StepState::Done, "{done:?}");
    let image = done.result.unwrap();

    // … which is pulled by its digest with an account, served sealed, and scored.
    let service = |digest: &str| -> ServiceSpec {
        serde_json::from_value(serde_json::json!({
            "name": "digits",
            "source": {"kind": "image", "reference": format!("{}/digits@{digest}", registry.address())},
            "port": 9000,
        }))
        .unwrap()
    };
    let credentials = RegistryCredentials {
        username: registry.user().to_owned(),
        password: Secret::new(registry.password()),
    };
    let id = run_id();
    let put = async |digest: &str, credentials: Option<&RegistryCredentials>| {
        client
            .put_service(&id, &service(digest), credentials)
            .await
            .unwrap()
    };
    put(&image.digest, None).await;
    let failed = until("it is refused", async || {
        let view = client.service(&id).await.unwrap();
        (view.state.phase == ServicePhase::Failed).then_some(view)
    })
    .await;
    assert_eq!(failed.state.cause.unwrap().code, Code::RegistryUnauthorized);
    put(&image.digest, Some(&credentials)).await;
    site.serving(&id, 2).await;
    let view = client.service(&id).await.unwrap();
    assert_eq!(
        view.state.image_digest.as_deref(),
        Some(image.digest.as_str())
    );
    let ping = Invoke {
        method: String::from("GET"),
        path: String::from("/ping"),
        body: String::new(),
    };
    assert_eq!(client.invoke(&id, &ping).await.unwrap().status, 200);
    let seen = site
        .machine
        .exec_as_user("python3 -c \"import urllib.request as u; print(u.urlopen('http://127.0.0.1:9000/ping').status)\"")
        .unwrap();
    assert_eq!(seen.trim(), "200");

    // A power cut: the service is back by itself, a run is told as interrupted.
    let long = shell("echo before the cut; sleep 600");
    client.start_run(&long).await.unwrap();
    until("it has begun", async || {
        site.texts(&long.run_id)
            .await
            .contains(&String::from("before the cut"))
            .then_some(())
    })
    .await;
    block_in_place(|| {
        site.machine.power_cut().unwrap();
        site.machine.power_on().unwrap();
    });
    site.start_agent().await;
    let ended = site.ended(&long.run_id).await;
    assert_eq!(ended.phase, WorkloadPhase::Interrupted);
    assert_eq!(ended.reason.unwrap().code, Code::MachineRestarted);
    assert_eq!(site.texts(&long.run_id).await[0], "before the cut");
    let client = site.client();
    until("the service is back", async || {
        let view = client.service(&id).await.ok()?;
        (view.state.phase == ServicePhase::Healthy && view.last_check_at.is_some()).then_some(())
    })
    .await;
    client.delete_service(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_in_a_container_is_told() {
    let site = Site::up().await;
    let client = site.client();
    let mut absent = shell("true");
    absent.image = Some(String::from("no/such:image"));
    let mut greedy = shell("python3 -c 'x = bytearray(1 << 30)'");
    greedy.limits.memory_bytes = Some(64 << 20);
    let mut no_data = shell("true");
    no_data.data = vec![DataFolder {
        source: String::from("/no/such/folder"),
        target: String::from("/data"),
    }];
    let removed = shell("echo here; sleep 600");
    let cancelled = shell("trap 'exit 5' TERM; echo here; while :; do sleep 0.1; done");
    for spec in [&absent, &greedy, &no_data, &removed, &cancelled] {
        client.start_run(spec).await.unwrap();
    }
    for spec in [&removed, &cancelled] {
        until("it has begun", async || {
            site.texts(&spec.run_id)
                .await
                .contains(&String::from("here"))
                .then_some(())
        })
        .await;
    }
    client.cancel_run(&cancelled.run_id).await.unwrap();
    let name = format!("skerry-run-{}", removed.run_id);
    site.machine.exec(&["docker", "rm", "-f", &name]).unwrap();
    for (spec, phase, code) in [
        (&absent, WorkloadPhase::Failed, Some(Code::ImageMissing)),
        (&greedy, WorkloadPhase::Failed, Some(Code::OutOfMemory)),
        (&no_data, WorkloadPhase::Failed, Some(Code::FileAccess)),
        (
            &removed,
            WorkloadPhase::Interrupted,
            Some(Code::WorkloadGone),
        ),
        (&cancelled, WorkloadPhase::Cancelled, None),
    ] {
        let ended = site.ended(&spec.run_id).await;
        let told = (ended.phase, ended.reason.as_ref().map(|reason| reason.code));
        assert_eq!(told, (phase, code), "{ended:?}");
    }
    let present = site.ended(&absent.run_id).await.reason.unwrap();
    assert!(
        present.message.contains(TRAINING_IMAGE),
        "{}",
        present.message
    );
    // Nothing of them is left in the engine.
    let left = site.machine.exec(&["docker", "ps", "-aq"]).unwrap();
    assert_eq!(left.trim(), "");
}
