//! The lab itself: what the other tests stand on.
#![allow(clippy::unwrap_used, missing_docs)]

use skerry_lab::{KeyringSession, Machine, MachineOptions, Registry, run};

/// Logs in as a person would, with the password, by Debian's own client.
fn ssh(machine: &Machine, line: &str) -> String {
    let target = format!("{}@{}", machine.user(), machine.address());
    let file = machine.password_file();
    run(&[
        "sshpass",
        "-f",
        file.to_str().unwrap(),
        "ssh",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "LogLevel=ERROR",
        &target,
        line,
    ])
    .unwrap()
}

#[test]
fn a_machine_runs_containers_and_survives_a_power_cut() {
    let mut machine = Machine::start(MachineOptions {
        image: true,
        ..Default::default()
    })
    .unwrap();
    let image = skerry_lab::TRAINING_IMAGE;
    assert_eq!(ssh(&machine, "id -un").trim(), "operator");
    let line = format!("docker run --rm --network none {image} python3 -c 'print(6*7)'");
    assert_eq!(ssh(&machine, &line).trim(), "42");
    ssh(
        &machine,
        &format!("docker run -d --name long {image} sleep 1000 && echo kept > note"),
    );
    machine.power_cut().unwrap();
    machine.power_on().unwrap();
    assert_eq!(ssh(&machine, "cat note").trim(), "kept");
    let state = ssh(&machine, "docker inspect -f '{{.State.Status}}' long");
    assert_eq!(state.trim(), "exited");
}

#[test]
fn a_registry_asks_for_its_password() {
    let machine = Machine::start(MachineOptions {
        image: true,
        ..Default::default()
    })
    .unwrap();
    let registry = Registry::start(&machine).unwrap();
    let reference = format!("{}/base:1", registry.address());
    ssh(
        &machine,
        &format!("docker tag {} {reference}", skerry_lab::TRAINING_IMAGE),
    );
    let refused = ssh(&machine, &format!("docker push {reference} 2>&1 || true"));
    assert!(refused.contains("no basic auth credentials"), "{refused}");
    let login = format!(
        "echo {} | docker login -u {} --password-stdin {} && docker push -q {reference}",
        registry.password(),
        registry.user(),
        registry.address()
    );
    assert!(ssh(&machine, &login).contains(&reference));
}

#[test]
fn a_changed_host_key_shows_another_fingerprint() {
    let machine = Machine::start(MachineOptions {
        engine: false,
        ..Default::default()
    })
    .unwrap();
    let before = machine.host_key_fingerprint().unwrap();
    machine.change_host_key().unwrap();
    assert_ne!(machine.host_key_fingerprint().unwrap(), before);
    let scan = run(&["ssh-keyscan", "-t", "ed25519", &machine.address()]).unwrap();
    let shown = skerry_lab::run_with_input(&["ssh-keygen", "-l", "-f", "-"], &scan).unwrap();
    assert!(
        shown.contains(&machine.host_key_fingerprint().unwrap()),
        "{shown}"
    );
}

#[test]
fn a_machine_behind_a_jump_host_is_reached_through_it_only() {
    let jump = Machine::start(MachineOptions {
        engine: false,
        ..Default::default()
    })
    .unwrap();
    let target = Machine::start(MachineOptions {
        engine: false,
        behind: Some(&jump),
        ..Default::default()
    })
    .unwrap();
    let direct = run(&[
        "timeout",
        "5",
        "bash",
        "-c",
        &format!("exec 3<>/dev/tcp/{}/22", target.address()),
    ]);
    assert!(direct.is_err());
    let banner = ssh(
        &jump,
        &format!("exec 3<>/dev/tcp/{}/22 && head -c 8 <&3", target.address()),
    );
    assert_eq!(banner, "SSH-2.0-");
}

#[test]
fn a_stopped_engine_and_a_cut_link_come_back() {
    let machine = Machine::start(MachineOptions::default()).unwrap();
    machine.stop_engine().unwrap();
    assert!(ssh(&machine, "docker ps 2>&1 || true").contains("Cannot connect"));
    machine.start_engine().unwrap();
    ssh(&machine, "docker ps");
    machine.link_down().unwrap();
    let cut = run(&[
        "timeout",
        "5",
        "bash",
        "-c",
        &format!("exec 3<>/dev/tcp/{}/22", machine.address()),
    ]);
    assert!(cut.is_err());
    machine.link_up().unwrap();
    ssh(&machine, "true");
}

#[test]
fn a_session_keeps_secrets_of_its_own() {
    let session = KeyringSession::start().unwrap();
    let line =
        "printf hush | secret-tool store --label=x what test && secret-tool lookup what test";
    let mut command = std::process::Command::new("bash");
    session.apply(&mut command);
    let output = command.args(["-c", line]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hush");
}
