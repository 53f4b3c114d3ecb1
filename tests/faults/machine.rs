//! What a machine or a registry lacks.

use serde_json::{Value, json};
use skerry_lab::{Machine, MachineOptions};
use skerry_tests::desk::Desk;
use skerry_tests::site::{Site, project};
use skerry_tests::steps::{self, text};
use skerry_tests::web::Web;

/// Goes through the wizard up to the checks; returns the draft.
async fn checked(web: &Web, machine: &Machine) -> Value {
    let id = steps::trust(web, machine).await;
    let method = json!({ "kind": "password", "password": machine.password(), "remember": false });
    web.command("setup_authenticate", json!({ "id": id, "method": method }))
        .await;
    steps::settled(web, &id).await;
    web.command("setup_key", json!({ "id": id })).await;
    steps::settled(web, &id).await;
    web.command("setup_preflight", json!({ "id": id, "check": null }))
        .await;
    steps::settled(web, &id).await
}

fn check<'a>(draft: &'a Value, id: &str) -> &'a Value {
    let checks = draft["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_an_engine_is_told_with_cause_and_remedy() {
    let machine = Machine::start(MachineOptions {
        engine: false,
        ..MachineOptions::default()
    })
    .unwrap();
    let desk = Desk::new();
    let web = desk.web().await;
    let draft = checked(&web, &machine).await;
    let engine = check(&draft, "engine");
    assert_eq!(engine["state"], "failed", "{draft:#}");
    assert!(
        engine["cause"].is_string() && engine["remedy"].is_string(),
        "{engine:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_use_the_engine_checks_again_once_allowed() {
    let machine = Machine::start(MachineOptions {
        engine_permission: false,
        ..MachineOptions::default()
    })
    .unwrap();
    let desk = Desk::new();
    let web = desk.web().await;
    let draft = checked(&web, &machine).await;
    let permission = check(&draft, "engine_permission");
    assert_eq!(permission["state"], "failed", "{draft:#}");
    assert!(permission["remedy"].is_string(), "{permission:#}");

    machine.exec(&["chmod", "666", "/run/docker.sock"]).unwrap();
    web.command(
        "setup_preflight",
        json!({ "id": draft["id"], "check": "engine_permission" }),
    )
    .await;
    let draft = steps::settled(&web, &text(&draft["id"])).await;
    assert_eq!(
        check(&draft, "engine_permission")["state"],
        "ok",
        "{draft:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_image_and_a_refusing_registry_are_named() {
    let site = Site::start();
    let desk = Desk::new();
    let web = desk.web().await;
    let folder = project(desk.home());
    let machine = steps::register(&web, &site.machine, "Rock").await;

    let start = json!({
        "machine_id": machine, "experiment": "Penguins", "name": null,
        "project_folder": folder, "command": "python3 train.py --data /data",
        "image": "nobody/has-this:1", "env": [], "tags": [],
        "data": [{ "source": site.data(), "target": "/data" }], "network_open": false,
    });
    let problem = match web.try_command("run_start", start).await {
        Err(problem) => problem,
        Ok(started) => {
            let run = steps::phase(&web, &text(&started["run_id"]), "failed").await;
            run["row"]["reason"].clone()
        }
    };
    assert_eq!(problem["code"], "image_missing", "{problem:#}");

    let refused = steps::registry(&web, &site.registry, "not its password").await;
    assert_eq!(
        refused["problem"]["code"], "registry_unauthorized",
        "{refused:#}"
    );
    let run = steps::train(&web, &site, &machine, &folder, "").await;
    steps::phase(&web, &text(&run["run_id"]), "finished").await;
    let failed = steps::containerize(&web, &refused["id"], "penguins-sklearn", 1).await;
    assert_eq!(failed["state"], "failed", "{failed:#}");
    assert_eq!(
        failed["problem"]["code"], "registry_unauthorized",
        "{failed:#}"
    );

    // With the right password the same registry takes the image.
    let row = web
        .command(
            "registry_save",
            json!({
                "id": refused["id"], "host": site.registry.address(),
                "username": site.registry.user(), "password": site.registry.password(),
                "insecure": true,
            }),
        )
        .await;
    let done = steps::containerize(&web, &row["id"], "penguins-sklearn", 1).await;
    assert_eq!(done["state"], "done", "{done:#}");
}
