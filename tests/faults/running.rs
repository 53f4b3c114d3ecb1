//! What happens to a run when the console, the network or the machine goes away.

use serde_json::{Value, json};
use skerry_tests::desk::Desk;
use skerry_tests::site::{Site, project};
use skerry_tests::steps::{self, text};
use skerry_tests::web::Web;

/// Slow enough to break something on the way: 60 epochs of 0.4 s.
const SLOW: &str = "--pause 0.4";

/// Longer than a cut takes to be noticed and the 30 s after that: 60 epochs of 1.6 s.
const LONG: &str = "--pause 1.6";

struct Scene {
    site: Site,
    desk: Desk,
    web: Web,
    machine: String,
    run: String,
}

async fn running(words: &str) -> Scene {
    let site = Site::start();
    let desk = Desk::new();
    let web = desk.web().await;
    let folder = project(desk.home());
    let machine = steps::register(&web, &site.machine, "Rock").await;
    let run = text(&steps::train(&web, &site, &machine, &folder, words).await["run_id"]);
    steps::points(&web, &run, "val_loss", 3).await;
    Scene {
        site,
        desk,
        web,
        machine,
        run,
    }
}

/// All 60 points are there, each once, in order.
async fn complete(web: &Web, run: &str) {
    steps::phase(web, run, "finished").await;
    let series = steps::points(web, run, "val_loss", 60).await;
    let steps_seen: Vec<i64> = series["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step.as_i64().unwrap())
        .collect();
    assert_eq!(steps_seen, (1..=60).collect::<Vec<_>>());
    let lines = steps::log(web, run).await;
    let epochs = lines
        .iter()
        .filter(|line| line.starts_with("epoch "))
        .count();
    assert_eq!(epochs, 6, "each line once: {lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_is_killed_during_a_run_misses_nothing() {
    let scene = running(SLOW).await;
    scene.web.kill();
    let web = scene.desk.web().await;
    steps::connected(&web, &scene.machine).await;
    complete(&web, &scene.run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_cut_leaves_the_run_going_and_the_console_catches_up() {
    let scene = running(LONG).await;
    scene.site.machine.link_down().unwrap();
    let machine = steps::link_state(&scene.web, &scene.machine, "unreachable").await;
    let problem = &machine["row"]["link"]["problem"];
    assert!(problem["code"].is_string(), "{machine:#}");

    // What is shown is marked as the last known, and the run is not called failed.
    let run = scene
        .web
        .command("run_get", json!({ "id": scene.run }))
        .await;
    assert_eq!(run["row"]["stale"], json!(true), "{run:#}");
    assert_eq!(run["row"]["phase"], "running", "{run:#}");
    let seen = steps::points(&scene.web, &scene.run, "val_loss", 1).await["total"].clone();
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    let inside = scene
        .site
        .machine
        .exec(&["docker", "ps", "--quiet"])
        .unwrap();
    assert_eq!(inside.lines().count(), 1, "the container goes on: {inside}");
    let still = steps::points(&scene.web, &scene.run, "val_loss", 1).await["total"].clone();
    assert_eq!(seen, still, "nothing can have come through a cut link");

    scene.site.machine.link_up().unwrap();
    steps::connected(&scene.web, &scene.machine).await;
    complete(&scene.web, &scene.run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_interrupts_the_run_and_loses_nothing_that_was_logged() {
    let mut scene = running(SLOW).await;
    let before = steps::points(&scene.web, &scene.run, "val_loss", 5).await;
    scene.site.machine.power_cut().unwrap();
    steps::link_state(&scene.web, &scene.machine, "unreachable").await;
    scene.site.machine.power_on().unwrap();

    // The console starts the agent again by itself, and the agent tells what became of the run.
    steps::connected(&scene.web, &scene.machine).await;
    let run = steps::phase(&scene.web, &scene.run, "interrupted").await;
    assert!(run["row"]["reason"]["message"].is_string(), "{run:#}");
    let after = steps::points(&scene.web, &scene.run, "val_loss", 5).await;
    let count = |series: &Value| series["total"].as_u64().unwrap();
    assert!(count(&after) >= count(&before), "{before} {after}");

    // The machine is fit for the next run.
    let folder = scene.desk.home().join("project");
    let again = steps::train(&scene.web, &scene.site, &scene.machine, &folder, "").await;
    steps::phase(&scene.web, &text(&again["run_id"]), "finished").await;
}
