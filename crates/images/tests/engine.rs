//! The whole way in a real engine: export, build, push to a registry with passwords, pull by digest,
//! run without a network, score.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::process::Stdio;
use std::sync::Arc;

use common::*;
use skerry_images::{BuiltImage, Credentials, Registry, build, push, unpack_base};
use skerry_lab::{Machine, MachineOptions};
use tokio_util::sync::CancellationToken;

/// Asks the scoring server from inside its container, which has loopback only.
const ASK: &str = "
import json, time, urllib.error, urllib.request
for attempt in range(600):
    try:
        urllib.request.urlopen('http://127.0.0.1:8080/ping', timeout=60).read()
        break
    except (urllib.error.URLError, OSError):
        time.sleep(0.1)
body = json.dumps({'instances': [{'x': 21}]}).encode()
request = urllib.request.Request('http://127.0.0.1:8080/invocations', body, {'Content-Type': 'application/json'})
print(urllib.request.urlopen(request, timeout=60).read().decode())
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_pulled_by_digest_and_scores() {
    let options = MachineOptions {
        image: true,
        ..MachineOptions::default()
    };
    let machine = Machine::start(options).unwrap();
    let lab = skerry_lab::Registry::start(&machine).unwrap();
    let registry = Registry {
        host: lab.address().to_owned(),
        insecure: true,
        ca_pem: None,
        credentials: Some(Credentials {
            username: lab.user().to_owned(),
            password: skerry_domain::Secret::new(lab.password()),
        }),
    };
    let engine = machine.engine_url().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("docker");
    let docker = |arguments: &[&str], input: &str| {
        let home = home.to_str().unwrap();
        let mut argv = vec!["docker", "--config", home, "--host", engine.as_str()];
        argv.extend(arguments);
        String::from_utf8(run(&argv, input.as_bytes()))
            .unwrap()
            .trim()
            .to_owned()
    };

    let mut export = tokio::process::Command::new("docker")
        .args(["--host", &engine, "save", "skerry-lab/python:1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let cancel = CancellationToken::new();
    let (progress, told) = collecting();
    let archive = export.stdout.take().unwrap();
    let base = unpack_base(archive, &folder.path().join("base"), progress, &cancel)
        .await
        .unwrap();
    assert!(export.wait().await.unwrap().success());
    assert!(told.lock().unwrap().len() > 5);

    let make = async |factor: &str| -> BuiltImage {
        let model = model_folder(folder.path());
        std::fs::write(model.join("data/deep/factor"), factor).unwrap();
        let work = folder.path().join(format!("work{factor}"));
        build(&base, spec(model), &work, quiet(), &cancel)
            .await
            .unwrap()
    };
    docker(
        &[
            "login",
            "--username",
            lab.user(),
            "--password-stdin",
            lab.address(),
        ],
        lab.password(),
    );
    let mut skipped = Vec::new();
    for (factor, answer) in [("2", 42), ("3", 63)] {
        let image = make(factor).await;
        let target = format!("{}/models/doubler:{factor}", lab.address())
            .parse()
            .unwrap();
        let pushed = push(&image, &target, &registry, Arc::new(|_| {}), &cancel)
            .await
            .unwrap();
        skipped.push(pushed.skipped_bytes);
        let by_digest = format!("{}/models/doubler@{}", lab.address(), pushed.digest);
        docker(&["pull", "--quiet", &by_digest], "");
        let digests = docker(
            &["inspect", "--format", "{{json .RepoDigests}}", &by_digest],
            "",
        );
        assert!(digests.contains(pushed.digest.as_str()), "{digests}");
        let label = "{{index .Config.Labels \"skerry.model.name\"}}";
        assert_eq!(
            docker(&["inspect", "--format", label, &by_digest], ""),
            "penguins"
        );

        let container = docker(
            &[
                "run",
                "--detach",
                "--network",
                "none",
                "--user",
                "0",
                &by_digest,
            ],
            "",
        );
        let scored = docker(&["exec", &container, "python3", "-c", ASK], "");
        assert_eq!(scored, format!("{{\"predictions\": [{answer}]}}"));
        docker(&["stop", &container], "");
        let state = docker(
            &["inspect", "--format", "{{.State.ExitCode}}", &container],
            "",
        );
        assert_eq!(state, "0");
    }
    // The second version sends its own layer only.
    assert!(skipped[0] == 0 && skipped[1] > 10 << 20, "{skipped:?}");
}
