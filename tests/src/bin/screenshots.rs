//! `cargo xtask screenshots`: every screen in the real window, on data that really came about.
#![allow(missing_docs)]

use serde_json::{Value, json};
use skerry_tests::browser::Browser;
use skerry_tests::desk::Desk;
use skerry_tests::programs::out;
use skerry_tests::site::{Site, project};
use skerry_tests::steps::{self, text};
use skerry_tests::web::Web;

const SIZES: [(u32, u32); 2] = [(1280, 800), (1920, 1080)];

#[tokio::main]
async fn main() {
    let empty = Desk::new();
    let full = Desk::new();
    let site = Site::start();
    let screens = seed(&full, &site).await;
    for (width, height) in SIZES {
        for theme in ["light", "dark"] {
            let suffix = format!("{theme}-{width}");
            choose(&empty, theme).await;
            let window = Browser::window_of_size(&empty, "empty", width, height).await;
            // The window opens where it was left.
            window.find("link", "Runs").await;
            window.go("/").await;
            window.see("Try it on this computer").await;
            shoot(&window, &format!("welcome-{suffix}")).await;
            for (name, path) in [
                ("setup", "/setup"),
                ("runs", "/runs"),
                ("reports", "/reports"),
                ("models", "/models"),
            ] {
                window.go(path).await;
                shoot(&window, &format!("empty-{name}-{suffix}")).await;
            }
            window.close().await;

            choose(&full, theme).await;
            let window = Browser::window_of_size(&full, "full", width, height).await;
            window.find("link", "Runs").await;
            for (name, path) in &screens {
                window.go(path).await;
                shoot(&window, &format!("{name}-{suffix}")).await;
            }
            window.go("/runs").await;
            window.click("button", "Search or run a command").await;
            shoot(&window, &format!("palette-{suffix}")).await;
            window.close().await;
        }
    }
    println!("{}", out().display());
}

/// Waits until nothing loads any more, then takes the picture.
async fn shoot(window: &Browser, name: &str) {
    window
        .until(
            "settled page",
            "return document.querySelector('h1,h2') !== null \
             && document.querySelector('[aria-busy=true],[data-loading]') === null \
             && document.fonts.status === 'loaded'",
            Vec::new(),
        )
        .await;
    // Charts and lists are drawn a moment after their data came.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    window.picture(&out().join(format!("{name}.png"))).await;
}

async fn choose(desk: &Desk, theme: &str) {
    let web = desk.web().await;
    web.command(
        "settings_set",
        json!({ "theme": theme, "language": "en", "compact": false }),
    )
    .await;
}

/// A workspace as it looks after a day: two machines, runs that went well and one that did not,
/// two versions, an image, deployments, an unfinished registration. Returns screens and paths.
async fn seed(desk: &Desk, site: &Site) -> Vec<(&'static str, String)> {
    let web = desk.web().await;
    let folder = project(desk.home());
    let sample = text(&web.command("sample_start", Value::Null).await["run_id"]);
    let machine = steps::register(&web, &site.machine, "Rock").await;
    let mut runs = Vec::new();
    for words in ["", "--alpha 0.01", "--alpha 0.1"] {
        let run = text(&steps::train(&web, site, &machine, &folder, words).await["run_id"]);
        steps::phase(&web, &run, "finished").await;
        runs.push(run);
    }
    let failed = steps::train(&web, site, &machine, &folder, "--no-such-option").await;
    let failed = text(&failed["run_id"]);
    steps::phase(&web, &failed, "failed").await;
    steps::phase(&web, &sample, "finished").await;

    let registry = steps::registry(&web, &site.registry, site.registry.password()).await;
    let model = "penguins-sklearn";
    for version in [1, 2] {
        steps::containerize(&web, &registry["id"], model, version).await;
    }
    let alias = json!({ "name": model, "alias": "champion", "version": 2 });
    web.command("alias_set", alias).await;
    let protect = json!({
        "name": model, "alias": "champion", "protect": true, "reason": "It serves hall 3.",
    });
    web.command("alias_protect", protect).await;
    let ask = json!({ "name": model, "version": 2, "reason": null });
    web.command("approval_ask", ask).await;
    let deployment = deploy(&web, model, &machine).await;
    steps::begin(&web, "10.99.1.200", None).await;
    let report = report(&web, &runs).await;
    vec![
        ("overview", "/".into()),
        ("machines", "/machines".into()),
        ("machine", format!("/machines/{machine}")),
        ("runs", "/runs".into()),
        ("runs-filter-error", "/runs?q=metrics.val_loss%20%3E".into()),
        ("run-gone", format!("/runs/{}", "0".repeat(32))),
        ("compare", format!("/compare?runs={}", runs.join(","))),
        (
            "compare-differences",
            format!("/compare?runs={}&tab=differences", runs.join(",")),
        ),
        (
            "compare-scatter",
            format!("/compare?runs={}&tab=scatter", runs.join(",")),
        ),
        (
            "compare-parallel",
            format!("/compare?runs={}&tab=parallel", runs.join(",")),
        ),
        ("run", format!("/runs/{}", runs[0])),
        ("run-sample", format!("/runs/{sample}")),
        ("run-log", format!("/runs/{}?tab=logs", runs[0])),
        ("run-artifacts", format!("/runs/{}?tab=artifacts", runs[0])),
        (
            "run-environment",
            format!("/runs/{}?tab=environment", runs[0]),
        ),
        ("run-failed", format!("/runs/{failed}")),
        ("run-new", format!("/runs/new?machine={machine}")),
        ("reports", "/reports".into()),
        ("report", format!("/reports/{report}")),
        ("report-edit", format!("/reports/{report}?edit=1")),
        ("report-new", "/reports/new".into()),
        ("report-gone", format!("/reports/{}", "0".repeat(32))),
        ("models", "/models".into()),
        ("model", format!("/models/{model}")),
        ("model-aliases", format!("/models/{model}?tab=aliases")),
        ("model-history", format!("/models/{model}?tab=history")),
        ("model-compare", format!("/models/{model}/compare?a=1&b=2")),
        ("version", format!("/models/{model}/2")),
        ("deployments", "/deployments".into()),
        ("deployment", format!("/deployments/{deployment}")),
        ("deployment-new", "/deployments/new".into()),
        ("activity", "/activity".into()),
        ("settings", "/settings".into()),
        ("setup", "/setup".into()),
    ]
}

/// A report about the runs, one of which was never there.
async fn report(web: &Web, runs: &[String]) -> String {
    let mut chosen: Vec<Value> = runs
        .iter()
        .enumerate()
        .map(|(n, id)| json!({ "id": id, "name": format!("alpha {n}") }))
        .collect();
    chosen.push(json!({ "id": "f".repeat(32), "name": "first try" }));
    let words = "## What was asked\n\nWhich **alpha** is enough for *penguins*?\n\n\
                - `val_accuracy` hardly differs\n- the loss does\n";
    let content = json!({
        "title": "Which alpha is enough for penguins?",
        "runs": { "kind": "chosen", "runs": chosen },
        "blocks": [
            { "id": "a", "body": { "kind": "text", "text": words } },
            { "id": "b", "body": {
                "kind": "chart", "title": "", "metrics": ["val_accuracy"], "x": "step",
                "log": false, "smoothing": 0.5, "runs": null,
            } },
            { "id": "c", "body": {
                "kind": "table", "title": "Where they ended", "runs": null,
                "columns": ["attributes.status", "params.alpha", "metrics.val_accuracy"],
            } },
        ],
    });
    let saved = json!({ "id": "", "revision": 0, "content": content });
    text(&web.command("report_save", saved).await["id"])
}

async fn deploy(web: &Web, model: &str, machine: &str) -> String {
    let made = web
        .command(
            "deployment_create",
            json!({
                "name": "penguins", "machine_id": machine, "model": model, "version": 1,
                "port": null, "bind": null,
            }),
        )
        .await;
    let id = text(&made["id"]);
    steps::healthy(web, &id, 1).await;
    web.command("deployment_update", json!({ "id": id, "version": 2 }))
        .await;
    steps::healthy(web, &id, 2).await;
    id
}
