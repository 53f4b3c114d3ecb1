//! Secrets in a real Secret Service (gnome-keyring on a session bus of its own), and
//! in the vault when there is none.
//!
//! Each case is the same test binary, started again inside the session it needs: the
//! environment of a process cannot be changed safely while its threads run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test, helpers included

use std::path::Path;
use std::process::{Command, Output};

use skerry_domain::{Code, Coded as _, Secret};
use skerry_secrets::{Secrets, SecretsPlace, SecretsState};

const CASE: &str = "SKERRY_TEST_CASE";

/// Runs one case of this binary inside a fresh D-Bus session, after `before`.
fn in_session(home: &Path, case: &str, before: &str) -> Output {
    let exe = std::env::current_exe().unwrap();
    Command::new("dbus-run-session")
        .args(["--", "bash", "-c"])
        .arg(format!(
            "{before}\nexec \"$0\" --exact the_case --ignored --nocapture --test-threads=1"
        ))
        .arg(exe)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env("XDG_DATA_HOME", home.join("share"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env(CASE, case)
        .output()
        .expect("dbus-run-session (Debian package dbus) runs")
}

fn assert_passed(output: &Output) {
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

const UNLOCKED: &str =
    "printf %s keyring-password | gnome-keyring-daemon --unlock --components=secrets >/dev/null";

#[test]
fn the_keyring_keeps_secrets_over_restarts_and_apart_by_workspace() {
    let home = tempfile::tempdir().unwrap();
    assert_passed(&in_session(home.path(), "store", UNLOCKED));
    // The same home, a new bus and a new daemon: as after a log-out.
    assert_passed(&in_session(home.path(), "find_again", UNLOCKED));
    assert!(
        !home.path().join("vault.json").exists(),
        "with a keyring there is no vault"
    );
}

#[test]
fn a_locked_keyring_says_so() {
    let home = tempfile::tempdir().unwrap();
    assert_passed(&in_session(home.path(), "store", UNLOCKED));
    // Locked through the daemon's own interface, as the desktop does it.
    let lock = format!(
        "{UNLOCKED}\ndbus-send --session --print-reply --dest=org.freedesktop.secrets \
         /org/freedesktop/secrets org.freedesktop.Secret.Service.Lock \
         array:objpath:/org/freedesktop/secrets/collection/login >/dev/null"
    );
    assert_passed(&in_session(home.path(), "locked", &lock));
}

#[test]
fn without_a_session_bus_the_vault_is_used() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_case", "--ignored", "--nocapture"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env(CASE, "vault")
        .output()
        .unwrap();
    assert_passed(&output);
    assert!(home.path().join("vault.json").exists());
}

#[test]
#[ignore = "started by the other tests inside the session it needs"]
fn the_case() {
    let home = std::env::home_dir().unwrap();
    let case = std::env::var(CASE).unwrap();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let vault = home.join("vault.json");
            let secrets = Secrets::open("ws-one", &vault).await;
            match case.as_str() {
                "store" => store(&secrets, &vault).await,
                "find_again" => find_again(&secrets).await,
                "locked" => locked(&secrets).await,
                "vault" => vault_case(&secrets).await,
                other => panic!("no case {other}"),
            }
        });
}

async fn store(secrets: &Secrets, vault: &Path) {
    let status = secrets.status().await;
    assert_eq!(status.place, SecretsPlace::Keyring, "{status:?}");
    assert_eq!(status.state, SecretsState::Ready, "{status:?}");
    assert_eq!(secrets.get("machine/1/key").await.unwrap(), None);
    let first = Secret::new("first");
    secrets.set("machine/1/key", &first).await.unwrap();
    let second = Secret::new("sécond \u{1F512}");
    secrets.set("machine/1/key", &second).await.unwrap();
    assert_eq!(secrets.get("machine/1/key").await.unwrap(), Some(second));

    let other = Secrets::open("ws-two", vault).await;
    assert!(!other.has("machine/1/key").await.unwrap());

    secrets.set("gone", &first).await.unwrap();
    assert!(secrets.delete("gone").await.unwrap());
    assert!(!secrets.delete("gone").await.unwrap());

    let error = secrets.set("Bad Key", &first).await.unwrap_err();
    assert_eq!(error.code(), Code::Invalid);
    let error = secrets.create_vault(&first).await.unwrap_err();
    assert_eq!(error.code(), Code::WrongState);
}

async fn find_again(secrets: &Secrets) {
    assert_eq!(
        secrets.get("machine/1/key").await.unwrap(),
        Some(Secret::new("sécond \u{1F512}"))
    );
}

async fn locked(secrets: &Secrets) {
    let status = secrets.status().await;
    assert_eq!(status.place, SecretsPlace::Keyring, "{status:?}");
    assert_eq!(status.state, SecretsState::Locked, "{status:?}");
    // There is no display for a prompt, so unlocking is refused at once.
    let error = secrets.get("machine/1/key").await.unwrap_err();
    assert_eq!(error.code(), Code::KeyringLocked, "{error}");
}

async fn vault_case(secrets: &Secrets) {
    let status = secrets.status().await;
    assert_eq!(status.place, SecretsPlace::Vault, "{status:?}");
    assert_eq!(status.state, SecretsState::Absent, "{status:?}");
    assert!(status.reason.is_some(), "says why there is no keyring");
    let secret = Secret::new("value");
    let error = secrets.set("a", &secret).await.unwrap_err();
    assert_eq!(error.code(), Code::VaultAbsent);
    let passphrase = Secret::new("a long passphrase");
    secrets.create_vault(&passphrase).await.unwrap();
    secrets.set("a", &secret).await.unwrap();
    secrets.lock_vault().await.unwrap();
    assert_eq!(
        secrets.get("a").await.unwrap_err().code(),
        Code::VaultLocked
    );
    let wrong = secrets.unlock_vault(&Secret::new("another")).await;
    assert_eq!(wrong.unwrap_err().code(), Code::WrongPassphrase);
    secrets.unlock_vault(&passphrase).await.unwrap();
    assert_eq!(secrets.get("a").await.unwrap(), Some(secret));
}
