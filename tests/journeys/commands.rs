//! The way of journey B by the commands behind the screens: quick to tell where a step breaks.

use serde_json::json;
use skerry_lab::{Machine, MachineOptions, TRAINING_IMAGE};
use skerry_tests::canary;
use skerry_tests::desk::Desk;
use skerry_tests::site::{Site, project};
use skerry_tests::steps::{self, text};
use skerry_tests::web::Web;

#[tokio::test(flavor = "multi_thread")]
async fn from_a_bare_machine_to_a_rolled_back_deployment() {
    let site = Site::start();
    let desk = Desk::new();
    let mut web = desk.web().await;
    let folder = project(desk.home());

    let machine = steps::register(&web, &site.machine, "Rock").await;
    let started = steps::train(&web, &site, &machine, &folder, "").await;
    let first = text(&started["run_id"]);
    assert!(started["files_sent"].as_u64().unwrap() > 0);

    let run = steps::phase(&web, &first, "finished").await;
    assert_eq!(run["exit_code"], json!(0));
    assert_eq!(run["environment"]["network_open"], json!(false));
    let series = steps::points(&web, &first, "val_accuracy", 60).await;
    assert_eq!(series["total"], json!(60));
    let lines = steps::log(&web, &first).await;
    assert!(
        lines.iter().any(|line| line.contains("epoch 60")),
        "{lines:#?}"
    );
    let artifacts = web
        .command("run_artifacts", json!({ "run_id": first, "path": "" }))
        .await;
    assert!(
        artifacts.to_string().contains("confusion_matrix.csv"),
        "{artifacts}"
    );

    // The same project again: nothing has to be sent, and the script registers version 2.
    let started = steps::train(&web, &site, &machine, &folder, "--alpha 0.01").await;
    assert_eq!(started["files_sent"], json!(0), "{started}");
    let second = text(&started["run_id"]);
    steps::phase(&web, &second, "finished").await;
    compared(&web, &first, &second).await;
    let model = "penguins-sklearn";
    web.until(
        "version 2",
        "model_get",
        json!({ "name": model }),
        |model| {
            model["versions"]
                .as_array()
                .is_some_and(|all| all.len() == 2)
        },
    )
    .await;
    let key = json!({ "name": model, "version": 1 });
    let version = web.command("version_get", key).await;
    assert_eq!(text(&version["row"]["run_id"]), first);

    let registry = steps::registry(&web, &site.registry, site.registry.password()).await;
    assert_eq!(registry["problem"], json!(null), "{registry:#}");
    let mut digests = Vec::new();
    for version in [1, 2] {
        let begun = steps::begin_image(&web, &registry["id"], model, version).await;
        if version == 1 {
            // The agent goes on without a console, and the next one takes the image up.
            web.kill();
            web = desk.web().await;
        }
        let done = steps::image(&web, &begun).await;
        assert_eq!(done["state"], "done", "{done:#}");
        digests.push(text(&done["image"]["digest"]));
    }
    assert_ne!(digests[0], digests[1]);

    let deployment = web
        .command(
            "deployment_create",
            json!({
                "name": "penguins", "machine_id": machine, "model": model, "version": 1,
                "port": null, "bind": null,
            }),
        )
        .await;
    let id = text(&deployment["id"]);
    let healthy = steps::healthy(&web, &id, 1).await;
    assert_eq!(text(&healthy["row"]["image_digest"]), digests[0]);
    let body = json!({
        "dataframe_split": {
            "columns": ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"],
            "data": [[39.1, 18.7, 181.0, 3750.0]]
        }
    });
    let answer = web
        .command(
            "deployment_invoke",
            json!({ "id": id, "body": body.to_string() }),
        )
        .await;
    assert_eq!(answer["status"], json!(200), "{answer}");
    assert!(text(&answer["body"]).contains("Adelie"), "{answer}");

    web.command("deployment_update", json!({ "id": id, "version": 2 }))
        .await;
    let second = steps::healthy(&web, &id, 2).await;
    assert_eq!(text(&second["row"]["image_digest"]), digests[1]);
    web.command("deployment_rollback", json!({ "id": id }))
        .await;
    let back = steps::healthy(&web, &id, 1).await;
    assert_eq!(text(&back["row"]["image_digest"]), digests[0]);

    let secrets = [
        ("password of the machine", site.machine.password()),
        ("password of the registry", site.registry.password()),
    ];
    canary::search(&desk, &secrets, &[]);
    canary::search_machine(&site.machine, &secrets);
}

/// The two runs had the same project, data and image, and another `alpha`.
async fn compared(web: &Web, first: &str, second: &str) {
    let run_ids = json!({ "run_ids": [first, second] });
    let comparison = web.command("runs_compare", run_ids).await;
    let fact = |group: &str, key: &str| {
        let facts = comparison["facts"].as_array().unwrap();
        facts
            .iter()
            .find(|fact| fact["group"] == group && fact["key"] == key)
            .unwrap_or_else(|| panic!("no {group} {key}: {comparison:#}"))
            .clone()
    };
    assert_eq!(fact("param", "alpha")["values"], json!(["0.001", "0.01"]));
    assert_eq!(fact("param", "alpha")["differs"], json!(true));
    for (group, key) in [
        ("code", "project"),
        ("data", "data"),
        ("environment", "image_digest"),
    ] {
        assert_eq!(fact(group, key)["differs"], json!(false), "{key}");
    }
    let charts = web
        .command(
            "runs_chart",
            json!({
                "run_ids": [first, second], "key": "val_accuracy", "max_points": 100,
                "from_step": null, "to_step": null,
            }),
        )
        .await;
    let steps: Vec<usize> = charts
        .as_array()
        .unwrap()
        .iter()
        .map(|chart| chart["series"]["steps"].as_array().unwrap().len())
        .collect();
    assert_eq!(steps, [60, 60]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_behind_a_jump_host_is_registered() {
    let jump = Machine::start(MachineOptions {
        engine: false,
        ..MachineOptions::default()
    })
    .unwrap();
    let target = Machine::start(MachineOptions {
        image: true,
        behind: Some(&jump),
        ..MachineOptions::default()
    })
    .unwrap();
    let desk = Desk::new();
    let web = desk.web().await;
    let draft = steps::trust_route(&web, &target, Some(&jump)).await;
    let id = steps::register_from(&web, &target, draft, "Inner rock").await;
    let options = web.command("run_form_options", json!({ "id": id })).await;
    assert!(
        options["images"].to_string().contains(TRAINING_IMAGE),
        "{options:#}"
    );
}

/// Where sshd forbids forwarding to sockets, the agent is reached through a command's channel.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_forbids_forwarding_is_registered_all_the_same() {
    let machine = Machine::start(MachineOptions {
        image: true,
        sshd_extra: vec![
            "AllowStreamLocalForwarding no".into(),
            "AllowTcpForwarding no".into(),
        ],
        ..MachineOptions::default()
    })
    .unwrap();
    let desk = Desk::new();
    let web = desk.web().await;
    let id = steps::register(&web, &machine, "Strict rock").await;
    let options = web.command("run_form_options", json!({ "id": id })).await;
    assert!(
        options["images"].to_string().contains(TRAINING_IMAGE),
        "{options:#}"
    );
}
