//! The steps of the journeys as commands: what the screens send, without a screen.

use std::path::Path;

use serde_json::{Value, json};
use skerry_lab::{Machine, Registry, TRAINING_IMAGE};

use crate::site::Site;
use crate::web::Web;

/// Begins a registration and goes up to the confirmed host key; returns the draft's id.
pub async fn trust(web: &Web, machine: &Machine) -> String {
    trust_route(web, machine, None).await
}

/// As [`trust`], through a jump host.
pub async fn trust_route(web: &Web, machine: &Machine, jump: Option<&Machine>) -> String {
    let id = begin(web, &machine.address(), jump).await;
    web.command("setup_scan", json!({ "id": id })).await;
    let mut draft = settled(web, &id).await;
    let hops: Vec<&Machine> = jump.into_iter().chain([machine]).collect();
    let seen: Vec<String> = hops
        .iter()
        .map(|hop| hop.host_key_fingerprint().unwrap())
        .collect();
    for (at, fingerprint) in seen.iter().enumerate() {
        // What stands behind a jump host may show its key only once the jump host lets us in.
        if let Some(offer) = draft["host_keys"].get(at) {
            assert_eq!(offer["fingerprint"], json!(fingerprint), "{draft:#}");
        }
    }
    let count = draft["host_keys"].as_array().unwrap().len();
    assert!(count > 0, "{draft:#}");
    web.command(
        "setup_trust",
        json!({ "id": id, "fingerprints": seen.get(..count) }),
    )
    .await;
    draft = settled(web, &id).await;
    assert_eq!(draft["problem"], Value::Null, "{draft:#}");
    id
}

/// Begins a registration of the host's user `operator`; returns the draft's id.
pub async fn begin(web: &Web, host: &str, jump: Option<&Machine>) -> String {
    let jump = jump
        .map(|jump| json!({ "host": jump.address(), "port": jump.port(), "user": jump.user() }));
    let address = json!({ "host": host, "port": 22, "user": "operator", "jump": jump });
    let draft = web
        .command(
            "setup_address",
            json!({ "id": null, "name": null, "address": address }),
        )
        .await;
    text(&draft["id"])
}

/// Waits until nothing of the draft is under way.
pub async fn settled(web: &Web, id: &str) -> Value {
    web.until("the draft", "setup_get", json!({ "id": id }), |draft| {
        draft["busy"] == json!(false)
    })
    .await
}

/// Registers a machine by its password; returns its id.
pub async fn register(web: &Web, machine: &Machine, name: &str) -> String {
    register_from(web, machine, trust(web, machine).await, name).await
}

/// The rest of a registration, from the login on.
pub async fn register_from(web: &Web, machine: &Machine, id: String, name: &str) -> String {
    let method = json!({ "kind": "password", "password": machine.password(), "remember": false });
    web.command("setup_authenticate", json!({ "id": id, "method": method }))
        .await;
    let draft = draft_without_problem(web, &id).await;
    if draft["step"] == "host_key" {
        // Behind a jump host the machine's key is seen only now; the login goes on with it.
        let keys = draft["host_keys"].as_array().unwrap();
        let own = json!(machine.host_key_fingerprint().unwrap());
        assert_eq!(keys.last().unwrap()["fingerprint"], own, "{draft:#}");
        let all: Vec<&Value> = keys.iter().map(|key| &key["fingerprint"]).collect();
        web.command("setup_trust", json!({ "id": id, "fingerprints": all }))
            .await;
        draft_without_problem(web, &id).await;
    }
    web.command("setup_key", json!({ "id": id })).await;
    let draft = draft_without_problem(web, &id).await;
    assert_eq!(draft["key"]["verified"], json!(true), "{draft:#}");
    web.command("setup_preflight", json!({ "id": id, "check": null }))
        .await;
    let draft = draft_without_problem(web, &id).await;
    for check in draft["checks"].as_array().unwrap() {
        assert_ne!(check["state"], "failed", "{check:#}");
    }
    web.command("setup_agent", json!({ "id": id })).await;
    draft_without_problem(web, &id).await;
    let draft = web
        .command("setup_finish", json!({ "id": id, "name": name }))
        .await;
    let machine_id = text(&draft["machine_id"]);
    connected(web, &machine_id).await;
    machine_id
}

async fn draft_without_problem(web: &Web, id: &str) -> Value {
    let draft = settled(web, id).await;
    assert_eq!(draft["problem"], Value::Null, "{draft:#}");
    draft
}

/// Waits until the link to a machine is connected.
pub async fn connected(web: &Web, machine_id: &str) {
    link_state(web, machine_id, "connected").await;
}

/// Waits until the link to a machine is in this state.
pub async fn link_state(web: &Web, machine_id: &str, state: &str) -> Value {
    web.until(
        state,
        "machine_get",
        json!({ "id": machine_id }),
        |machine| machine["row"]["link"]["state"] == state,
    )
    .await
}

/// Starts a training with the unmodified MLflow client; returns the answer of `run_start`.
pub async fn train(web: &Web, site: &Site, machine_id: &str, project: &Path, words: &str) -> Value {
    web.command(
        "run_start",
        json!({
            "machine_id": machine_id,
            "experiment": "Penguins",
            "name": "penguins",
            "project_folder": project,
            "command": format!("python3 train.py --data /data {words}"),
            "image": TRAINING_IMAGE,
            "env": [{ "key": "GREETING", "value": "hello" }],
            "data": [{ "source": site.data(), "target": "/data" }],
            "tags": [{ "key": "purpose", "value": "journey" }],
            "network_open": false,
        }),
    )
    .await
}

/// Waits until a run is in this phase.
pub async fn phase(web: &Web, run_id: &str, phase: &str) -> Value {
    web.until(phase, "run_get", json!({ "id": run_id }), |run| {
        run["row"]["phase"] == phase
    })
    .await
}

/// Waits until the metric has at least so many points; returns the series.
pub async fn points(web: &Web, run_id: &str, key: &str, count: u64) -> Value {
    let query = json!({
        "run_id": run_id, "keys": [key], "max_points": 2000, "from_step": null, "to_step": null
    });
    let all = web
        .until(
            &format!("{count} points of {key}"),
            "run_chart",
            query,
            |series| series[0]["total"].as_u64().unwrap_or(0) >= count,
        )
        .await;
    all[0].clone()
}

/// The whole log of a run, once its last line is there.
pub async fn log(web: &Web, run_id: &str) -> Vec<String> {
    let query = json!({ "run_id": run_id, "from_line": 0, "limit": 1000 });
    let window = web
        .until("the end of the log", "run_log", query, |window| {
            window["complete"] == json!(true)
        })
        .await;
    let lines = window["lines"].as_array().unwrap();
    lines.iter().map(|line| text(&line["text"])).collect()
}

/// Tells the console of the site's registry and tests it; returns its id.
pub async fn registry(web: &Web, registry: &Registry, password: &str) -> Value {
    let row = web
        .command(
            "registry_save",
            json!({
                "id": null, "host": registry.address(), "username": registry.user(),
                "password": password, "insecure": true,
            }),
        )
        .await;
    web.command("registry_test", json!({ "id": row["id"] }))
        .await
}

/// Packs a version into an image and pushes it; returns the finished operation.
pub async fn containerize(web: &Web, registry_id: &Value, name: &str, version: u32) -> Value {
    let begun = begin_image(web, registry_id, name, version).await;
    image(web, &begun).await
}

/// Begins to make an image of a version; returns the operation.
pub async fn begin_image(web: &Web, registry_id: &Value, name: &str, version: u32) -> Value {
    web.command(
        "containerize",
        json!({
            "name": name, "version": version, "registry_id": registry_id,
            "repository": "models/penguins", "tag": format!("v{version}"),
            "base_image": null,
        }),
    )
    .await
}

/// The operation once it has ended.
pub async fn image(web: &Web, begun: &Value) -> Value {
    web.until(
        "the image",
        "operation_get",
        json!({ "id": begun["id"] }),
        |operation| !matches!(operation["state"].as_str(), Some("waiting" | "running")),
    )
    .await
}

/// Waits until a deployment serves this version in good health.
pub async fn healthy(web: &Web, id: &str, version: u32) -> Value {
    web.until(
        &format!("version {version} in good health"),
        "deployment_get",
        json!({ "id": id }),
        |deployment| {
            let row = &deployment["row"];
            row["state"] == "healthy" && row["live_version"] == json!(version)
        },
    )
    .await
}

/// A JSON string as Rust's.
#[must_use]
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
