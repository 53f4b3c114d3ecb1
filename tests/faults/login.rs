//! Logins that are refused, keys that change: the wizard says so and stays usable.

use serde_json::{Value, json};
use skerry_lab::{Machine, MachineOptions, run};
use skerry_tests::desk::Desk;
use skerry_tests::steps;
use skerry_tests::web::Web;

fn bare() -> Machine {
    Machine::start(MachineOptions {
        engine: false,
        ..MachineOptions::default()
    })
    .unwrap()
}

/// Tries a login in the wizard; returns the code of what went wrong.
async fn login(web: &Web, draft: &str, method: Value) -> Value {
    let answer = web
        .try_command(
            "setup_authenticate",
            json!({ "id": draft, "method": method }),
        )
        .await;
    match answer {
        Ok(_) => steps::settled(web, draft).await["problem"]["code"].clone(),
        Err(problem) => problem["code"].clone(),
    }
}

fn by_password(password: &str) -> Value {
    json!({ "kind": "password", "password": password, "remember": false })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_refused_key_leave_the_wizard_usable() {
    let machine = bare();
    let desk = Desk::new();
    let web = desk.web().await;
    let draft = steps::trust(&web, &machine).await;
    assert_eq!(
        login(&web, &draft, by_password("wrong")).await,
        "password_refused"
    );

    let stranger = desk.home().join("stranger");
    let file = stranger.to_str().unwrap();
    run(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file]).unwrap();
    let key = json!({ "kind": "key_file", "path": file, "passphrase": null });
    assert_eq!(login(&web, &draft, key.clone()).await, "key_refused");
    let none = json!({ "kind": "key_file", "path": "/nowhere/id", "passphrase": null });
    assert!(login(&web, &draft, none).await.is_string());

    // The very same key, once the machine knows it, opens the door.
    let public = std::fs::read_to_string(format!("{file}.pub")).unwrap();
    machine.authorize(&public).unwrap();
    assert_eq!(login(&web, &draft, key).await, Value::Null);
    let draft = steps::settled(&web, &draft).await;
    assert_eq!(draft["login"]["method"], "key_file", "{draft:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_there_is_named_by_its_cause() {
    let desk = Desk::new();
    let web = desk.web().await;
    // Nothing listens on this port of this computer.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let address = json!({ "host": "127.0.0.1", "port": port, "user": "operator", "jump": null });
    let draft = web
        .command(
            "setup_address",
            json!({ "id": null, "name": null, "address": address }),
        )
        .await;
    let id = steps::text(&draft["id"]);
    let answer = web.try_command("setup_scan", json!({ "id": id })).await;
    let code = match answer {
        Ok(_) => steps::settled(&web, &id).await["problem"]["code"].clone(),
        Err(problem) => problem["code"].clone(),
    };
    assert_eq!(code, "connection_refused");

    // What can be told without asking the network is refused at once.
    for (host, port) in [
        ("", 22),
        ("no such host", 22),
        ("10.99.1.2", 0),
        ("10.99.1.2", 70000),
    ] {
        let address = json!({ "host": host, "port": port, "user": "operator", "jump": null });
        let refused = web
            .try_command(
                "setup_address",
                json!({ "id": null, "name": null, "address": address }),
            )
            .await;
        let problem = refused.expect_err("an impossible address");
        assert_eq!(problem["code"], "invalid", "{host}:{port} {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_host_key_stops_the_wizard_and_shows_both_keys() {
    let machine = bare();
    let desk = Desk::new();
    let web = desk.web().await;
    let first = steps::trust(&web, &machine).await;
    let known = machine.host_key_fingerprint().unwrap();
    machine.change_host_key().unwrap();
    let offered = machine.host_key_fingerprint().unwrap();

    // Between the confirmation and the login.
    assert_eq!(
        login(&web, &first, by_password(machine.password())).await,
        "host_key_mismatch"
    );
    // In another registration of the same host: both keys are shown, and nothing goes on.
    let second = steps::begin(&web, &machine.address(), None).await;
    let _ = web.try_command("setup_scan", json!({ "id": second })).await;
    let draft = steps::settled(&web, &second).await;
    let offer = &draft["host_keys"][0];
    assert_eq!(offer["state"], "mismatch", "{draft:#}");
    assert_eq!(offer["fingerprint"], json!(offered), "{draft:#}");
    assert_eq!(offer["known_fingerprint"], json!(known), "{draft:#}");
    let trust = json!({ "id": second, "fingerprints": [offered] });
    let refused = web.try_command("setup_trust", trust).await;
    let problem = refused.expect_err("a changed key must not be confirmed by a click");
    assert_eq!(problem["code"], "host_key_mismatch", "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_host_key_blocks_the_link_of_a_registered_machine() {
    let mut machine = Machine::start(MachineOptions::default()).unwrap();
    let desk = Desk::new();
    let web = desk.web().await;
    let id = steps::register(&web, &machine, "Rock").await;
    // Reinstalled: off, another key, on again.
    machine.power_cut().unwrap();
    machine.change_host_key().unwrap();
    machine.power_on().unwrap();
    let seen = steps::link_state(&web, &id, "blocked").await;
    assert_eq!(
        seen["row"]["link"]["problem"]["code"], "host_key_mismatch",
        "{seen:#}"
    );
}
