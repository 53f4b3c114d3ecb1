//! The unmodified `mlflow` client against `skerry serve`: each file of Python tests beside this
//! one, on a server of its own that asks for a token.
#![allow(missing_docs)]

use std::process::Command;

use skerry_tests::desk::Desk;
use skerry_tests::programs::{python, repository};
use skerry_tests::web::listening;

fn conform(file: &str) {
    let desk = Desk::without_keyring();
    let data = desk.home().join("serve");
    let token = desk.home().join("token");
    std::fs::write(&token, "conformance-token\n").unwrap();
    let words = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--token-file",
        token.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    let (mut server, url) = listening(&desk, &words);
    let mut command = Command::new(python());
    desk.prepare(&mut command);
    let output = command
        .args(["-B", "-m", "unittest", "discover", "--start-directory"])
        .arg(repository().join("tests/conformance"))
        .args(["--pattern", file])
        .env("MLFLOW_TRACKING_URI", &url)
        .env("MLFLOW_TRACKING_TOKEN", "conformance-token")
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .output()
        .unwrap();
    let _ = server.kill();
    let _ = server.wait();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    println!("{said}");
    assert!(output.status.success(), "{file}: {said}");
    let ran = said
        .lines()
        .find_map(|line| line.strip_prefix("Ran "))
        .and_then(|rest| rest.split(' ').next())
        .and_then(|number| number.parse::<u32>().ok());
    assert!(ran > Some(0), "{file} holds no test: {said}");
}

#[test]
fn experiments_runs_params_metrics_tags_and_search() {
    conform("test_tracking.py");
}

#[test]
fn artifacts() {
    conform("test_artifacts.py");
}

#[test]
fn models_and_autolog() {
    conform("test_models.py");
}

#[test]
fn registry_and_aliases() {
    conform("test_registry.py");
}

#[test]
fn the_protocol_itself() {
    conform("test_protocol.py");
}

/// A new file of tests must be named above, or it would never run.
#[test]
fn every_file_of_tests_is_run() {
    let here = include_str!("main.rs");
    for entry in std::fs::read_dir(repository().join("tests/conformance")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("test_") && name.ends_with(".py") {
            assert!(
                here.contains(&format!("conform(\"{name}\")")),
                "{name} is not run"
            );
        }
    }
}
