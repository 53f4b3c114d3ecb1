//! *Register a machine* and its link, against real machines of the lab.
//!
//! Each case runs in a process of its own with a home, a vault and an agent of its own:
//! what the environment decides cannot be changed safely inside a running process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)] // a test, helpers included

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use skerry_console::api::*;
use skerry_console::{Console, ConsoleOptions};
use skerry_domain::{Code, Secret};
use skerry_lab::{Machine, MachineOptions};

const CASE: &str = "SKERRY_TEST_CASE";
const PATIENCE: Duration = Duration::from_secs(180);
const VAULT: &str = "vault passphrase of the test";

fn static_agent() -> PathBuf {
    let beside = std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(3)
        .unwrap()
        .join("static/x86_64-unknown-linux-gnu/agent/skerry-agent");
    let agent = std::env::var_os("SKERRY_STATIC_AGENT").map_or(beside, PathBuf::from);
    assert!(
        agent.is_file(),
        "{} is not built; `cargo xtask test --only agent` builds it",
        agent.display()
    );
    agent
}

fn in_own_process(case: &str) {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_case", "--ignored", "--nocapture"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .env("SKERRY_SECRETS", "vault")
        .env("SKERRY_STATIC_AGENT", static_agent())
        .env(CASE, case)
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

#[test]
fn from_an_address_to_a_machine_that_survives_its_faults() {
    in_own_process("whole");
}

#[test]
fn without_an_engine_and_with_a_strict_sshd() {
    in_own_process("strict");
}

#[test]
fn behind_a_jump_host() {
    in_own_process("jump");
}

#[test]
#[ignore = "started by the other tests in a process of its own"]
fn the_case() {
    let home = std::env::home_dir().unwrap();
    let work = async {
        match std::env::var(CASE).unwrap().as_str() {
            "whole" => whole(&home).await,
            "strict" => strict(&home).await,
            "jump" => jump(&home).await,
            other => panic!("no case {other}"),
        }
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work);
}

async fn open(home: &Path) -> Console {
    let console = Console::open(ConsoleOptions::new(home.join("data")))
        .await
        .unwrap();
    console
        .vault_unlock(VaultUnlock {
            passphrase: Secret::new(VAULT),
        })
        .await
        .unwrap();
    console
}

fn by(id: &str) -> ById {
    ById { id: id.to_owned() }
}

fn address(machine: &Machine, jump: Option<&Machine>) -> SshAddress {
    SshAddress {
        host: machine.address(),
        port: u32::from(machine.port()),
        user: machine.user().to_owned(),
        jump: jump.map(|jump| JumpHost {
            host: jump.address(),
            port: u32::from(jump.port()),
            user: jump.user().to_owned(),
        }),
    }
}

fn password(id: &str, password: &str) -> SetupAuthenticate {
    SetupAuthenticate {
        id: id.to_owned(),
        method: LoginMethod::Password {
            password: Secret::new(password),
            remember: false,
        },
    }
}

fn seen(draft: &SetupDraft) -> SetupTrust {
    SetupTrust {
        id: draft.id.clone(),
        fingerprints: draft
            .host_keys
            .iter()
            .map(|offer| offer.fingerprint.clone())
            .collect(),
    }
}

fn problem(draft: &SetupDraft) -> Option<Code> {
    draft.problem.as_ref().map(|problem| problem.code)
}

async fn begin(console: &Console, address: SshAddress) -> SetupDraft {
    let draft = console
        .setup_address(SetupAddress {
            id: None,
            name: None,
            address,
        })
        .await
        .unwrap();
    assert_eq!(draft.step, SetupStep::HostKey);
    let draft = console.setup_scan(by(&draft.id)).await.unwrap();
    assert_eq!(problem(&draft), None, "{draft:?}");
    draft
}

async fn checked(console: &Console, id: &str, check: Option<CheckId>) -> SetupDraft {
    console
        .setup_preflight(SetupPreflight {
            id: id.to_owned(),
            check,
        })
        .await
        .unwrap();
    eventually("the checks end", async || {
        let draft = console.setup_get(by(id)).await.unwrap();
        (!draft.busy).then_some(draft)
    })
    .await
}

fn check(draft: &SetupDraft, id: CheckId) -> &Check {
    draft.checks.iter().find(|check| check.id == id).unwrap()
}

/// From a confirmed host key to a machine whose link stands.
async fn finish(console: &Console, id: &str) -> MachineRow {
    let draft = console.setup_key(by(id)).await.unwrap();
    assert_eq!(problem(&draft), None, "{draft:?}");
    let key = draft.key.unwrap();
    assert!(key.installed && key.verified);
    let draft = checked(console, id, None).await;
    assert_eq!(draft.step, SetupStep::Agent, "{draft:?}");
    let draft = console.setup_agent(by(id)).await.unwrap();
    assert_eq!(problem(&draft), None, "{draft:?}");
    assert_eq!(draft.step, SetupStep::Done);
    assert!(draft.agent.unwrap().version.is_some());
    let draft = console
        .setup_finish(SetupFinish {
            id: id.to_owned(),
            name: "lab".to_owned(),
        })
        .await
        .unwrap();
    let machine = draft.machine_id.unwrap();
    linked(console, &machine, LinkState::Connected).await
}

async fn linked(console: &Console, id: &str, state: LinkState) -> MachineRow {
    eventually(&format!("the link is {state:?}"), async || {
        let machines = console.machines_list(()).await.unwrap();
        machines
            .into_iter()
            .find(|machine| machine.id == id && machine.link.state == state)
    })
    .await
}

async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "not within {PATIENCE:?}: {what}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn whole(home: &Path) {
    let mut machine = Machine::start(MachineOptions::default()).unwrap();
    let console = open(home).await;

    for (host, port, user, field) in [
        ("", 22, "operator", "host"),
        ("a b", 22, "operator", "host"),
        ("host", 0, "operator", "port"),
        ("host", 65_536, "operator", "port"),
        ("host", 22, "a;b", "user"),
        ("host", 22, "", "user"),
    ] {
        let error = console
            .setup_address(SetupAddress {
                id: None,
                name: None,
                address: SshAddress {
                    host: host.to_owned(),
                    port,
                    user: user.to_owned(),
                    jump: None,
                },
            })
            .await
            .unwrap_err();
        assert_eq!(error.code, Code::Invalid, "{error:?}");
        assert_eq!(error.details["field"], field, "{error:?}");
    }
    assert!(console.setup_list(()).await.unwrap().is_empty());

    // The host key is shown, compared and pinned.
    let draft = begin(&console, address(&machine, None)).await;
    let id = draft.id.clone();
    let offer = &draft.host_keys[0];
    assert_eq!(offer.fingerprint, machine.host_key_fingerprint().unwrap());
    assert_eq!(offer.state, HostKeyState::Unknown);
    let mut wrong = seen(&draft);
    wrong.fingerprints = vec!["SHA256:AAAA".to_owned()];
    let error = console.setup_trust(wrong).await.unwrap_err();
    assert_eq!(error.code, Code::Invalid);
    let early = console.setup_key(by(&id)).await.unwrap_err();
    assert_eq!(early.code, Code::WrongState);
    let draft = console.setup_trust(seen(&draft)).await.unwrap();
    assert_eq!(draft.step, SetupStep::Authenticate);

    // Wrong ways to log in leave the wizard where it is, with the cause.
    let draft = console
        .setup_authenticate(password(&id, "not the password"))
        .await
        .unwrap();
    assert_eq!(problem(&draft), Some(Code::PasswordRefused));
    assert_eq!(draft.step, SetupStep::Authenticate);
    let stranger = home.join("stranger");
    skerry_lab::run(&[
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "a passphrase",
        "-f",
        stranger.to_str().unwrap(),
    ])
    .unwrap();
    let by_key = |passphrase: &str| SetupAuthenticate {
        id: id.clone(),
        method: LoginMethod::KeyFile {
            path: "~/stranger".to_owned(),
            passphrase: Some(Secret::new(passphrase)),
        },
    };
    let draft = console.setup_authenticate(by_key("wrong")).await.unwrap();
    assert_eq!(problem(&draft), Some(Code::WrongPassphrase));
    let draft = console
        .setup_authenticate(by_key("a passphrase"))
        .await
        .unwrap();
    assert_eq!(problem(&draft), Some(Code::KeyRefused));
    let draft = console
        .setup_authenticate(SetupAuthenticate {
            id: id.clone(),
            method: LoginMethod::SshAgent,
        })
        .await
        .unwrap();
    assert_eq!(problem(&draft), Some(Code::SshAgentUnavailable));
    let draft = console
        .setup_authenticate(password(&id, machine.password()))
        .await
        .unwrap();
    assert_eq!(problem(&draft), None, "{draft:?}");
    assert_eq!(draft.step, SetupStep::Key);

    // Closed and opened again: the draft is there, the password is not.
    console.close().await;
    drop(console);
    let console = open(home).await;
    let drafts = console.setup_list(()).await.unwrap();
    assert_eq!(drafts.len(), 1);
    assert_eq!(drafts[0].step, SetupStep::Authenticate);
    console
        .setup_authenticate(password(&id, machine.password()))
        .await
        .unwrap();
    let draft = console.setup_key(by(&id)).await.unwrap();
    assert_eq!(draft.step, SetupStep::Preflight, "{draft:?}");

    // The engine is missing, and comes back.
    machine.stop_engine().unwrap();
    let draft = checked(&console, &id, None).await;
    let engine = check(&draft, CheckId::Engine);
    assert_eq!(engine.state, CheckState::Failed, "{engine:?}");
    assert!(engine.cause.is_some() && engine.remedy.is_some() && engine.command.is_some());
    assert_eq!(draft.step, SetupStep::Agent, "an engine can come later");
    machine.start_engine().unwrap();
    let draft = checked(&console, &id, Some(CheckId::Engine)).await;
    let engine = check(&draft, CheckId::Engine);
    assert_eq!(engine.state, CheckState::Ok, "{engine:?}");
    assert!(engine.value.as_ref().unwrap().contains("Docker"));
    let draft = checked(&console, &id, None).await;
    for check in &draft.checks {
        assert!(
            matches!(check.state, CheckState::Ok | CheckState::Warning),
            "{check:?}"
        );
    }

    let row = finish(&console, &id).await;
    assert_eq!(row.kind, MachineKind::Ssh);
    assert_eq!(row.engine.unwrap().kind, skerry_domain::EngineKind::Docker);
    assert!(console.setup_list(()).await.unwrap().is_empty());
    let twice = console
        .setup_address(SetupAddress {
            id: None,
            name: None,
            address: address(&machine, None),
        })
        .await
        .unwrap_err();
    assert_eq!(twice.code, Code::AlreadyExists);

    faults(&console, &mut machine, &id).await;

    // What a person typed in secret is nowhere in the data folder.
    for secret in [machine.password(), VAULT, "a passphrase"] {
        let found = skerry_lab::run(&["grep", "-rlF", secret, home.join("data").to_str().unwrap()]);
        assert!(found.is_err(), "{secret:?} in {found:?}");
    }
    console.close().await;
}

async fn faults(console: &Console, machine: &mut Machine, id: &str) {
    let started = async || {
        let detail = console.machine_get(by(id)).await.unwrap();
        detail.facts.map(|facts| facts.agent_started_at)
    };
    let first = started().await.unwrap();

    // The agent dies: the link starts it again.
    machine
        .exec(&["pkill", "-KILL", "-f", "skerry-agent serve"])
        .unwrap();
    eventually("the agent was started again", async || {
        started().await.filter(|at| *at != first)
    })
    .await;
    linked(console, id, LinkState::Connected).await;

    // The wire is cut and mended.
    machine.link_down().unwrap();
    let row = linked(console, id, LinkState::Unreachable).await;
    assert!(row.link.problem.is_some());
    machine.link_up().unwrap();
    linked(console, id, LinkState::Connected).await;

    // The power is cut: the agent comes back with the machine.
    let before = started().await.unwrap();
    machine.power_cut().unwrap();
    linked(console, id, LinkState::Unreachable).await;
    machine.power_on().unwrap();
    linked(console, id, LinkState::Connected).await;
    assert_ne!(started().await.unwrap(), before);

    let checks = console.machine_check(by(id)).await.unwrap();
    assert!(checks.iter().all(|check| check.state != CheckState::Failed));

    // Another host key: the link stops and waits for a person, with both keys.
    let pinned = machine.host_key_fingerprint().unwrap();
    machine.change_host_key().unwrap();
    let shown = machine.host_key_fingerprint().unwrap();
    machine.exec(&["pkill", "-u", "operator", "sshd"]).unwrap();
    let row = linked(console, id, LinkState::Blocked).await;
    let problem = row.link.problem.unwrap();
    assert_eq!(problem.code, Code::HostKeyMismatch, "{problem:?}");
    assert_eq!(problem.details["known_fingerprint"], pinned);
    assert_eq!(problem.details["found_fingerprint"], shown);
}

async fn strict(home: &Path) {
    let machine = Machine::start(MachineOptions {
        engine: false,
        sshd_extra: vec!["AllowStreamLocalForwarding no".to_owned()],
        ..MachineOptions::default()
    })
    .unwrap();
    let console = open(home).await;
    let draft = begin(&console, address(&machine, None)).await;
    let draft = console.setup_trust(seen(&draft)).await.unwrap();
    let draft = console
        .setup_authenticate(password(&draft.id, machine.password()))
        .await
        .unwrap();
    let row = finish(&console, &draft.id).await;
    let detail = console.machine_get(by(&row.id)).await.unwrap();
    let engine = detail
        .checks
        .iter()
        .find(|check| check.id == CheckId::Engine)
        .unwrap();
    assert_eq!(engine.state, CheckState::Failed, "{engine:?}");

    // Forgotten with a clean-up: nothing of ours lets anybody in or runs there.
    let forgotten = console
        .machine_forget(MachineForget {
            id: row.id,
            clean_up: true,
        })
        .await
        .unwrap();
    assert!(!forgotten.removed.is_empty() && !forgotten.left.is_empty());
    let keys = machine.exec_as_user("cat .ssh/authorized_keys").unwrap();
    assert!(!keys.contains("ssh-ed25519"), "{keys}");
    let agents = machine.exec(&["pgrep", "-f", "skerry-agent serve"]);
    assert!(agents.is_err(), "{agents:?}");
    assert!(console.machines_list(()).await.unwrap().is_empty());
    console.close().await;
}

async fn jump(home: &Path) {
    let jump = Machine::start(MachineOptions {
        engine: false,
        ..MachineOptions::default()
    })
    .unwrap();
    let machine = Machine::start(MachineOptions {
        engine: false,
        behind: Some(&jump),
        ..MachineOptions::default()
    })
    .unwrap();
    // One login for both hops: a key that both let in.
    let key = home.join("id");
    skerry_lab::run(&[
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-f",
        key.to_str().unwrap(),
    ])
    .unwrap();
    let public = std::fs::read_to_string(home.join("id.pub")).unwrap();
    jump.authorize(&public).unwrap();
    machine.authorize(&public).unwrap();

    let console = open(home).await;
    let draft = begin(&console, address(&machine, Some(&jump))).await;
    // First only the jump host can be seen.
    assert_eq!(draft.host_keys.len(), 1);
    assert!(draft.host_keys[0].is_jump);
    let draft = console.setup_trust(seen(&draft)).await.unwrap();
    let draft = console
        .setup_authenticate(SetupAuthenticate {
            id: draft.id,
            method: LoginMethod::KeyFile {
                path: key.display().to_string(),
                passphrase: None,
            },
        })
        .await
        .unwrap();
    assert_eq!(draft.step, SetupStep::HostKey, "{draft:?}");
    assert_eq!(draft.host_keys.len(), 2);
    assert_eq!(
        draft.host_keys[1].fingerprint,
        machine.host_key_fingerprint().unwrap()
    );
    let draft = console.setup_trust(seen(&draft)).await.unwrap();
    assert_eq!(draft.step, SetupStep::Key, "{draft:?}");
    finish(&console, &draft.id).await;
    console.close().await;
}
