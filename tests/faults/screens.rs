//! What data scientists bring to the screens and do under an open page, in Chromium.

use std::process::Child;

use serde_json::{Value, json};
use skerry_tests::browser::Browser;
use skerry_tests::desk::Desk;
use skerry_tests::web::listening;

use crate::server::Server;

/// The console in Chromium, and a tracking server that runs are brought from.
struct Scene {
    browser: Browser,
    server: Server,
    web: Child,
    desk: Desk,
}

impl Scene {
    async fn open(label: &str) -> Self {
        let desk = Desk::new();
        let (web, link) = listening(&desk, &["web", "--listen", "127.0.0.1:0"]);
        let browser = Browser::chromium(&desk, &link, label).await;
        browser.find("link", "Runs").await;
        let server = Server::start(&desk, &desk.home().join("tracking"));
        Self {
            browser,
            server,
            web,
            desk,
        }
    }

    /// Brings what is on the server into the workspace.
    fn import(&self) {
        let _ = self.desk.skerry(&["import", &self.server.url]);
    }

    /// What somebody else does in the same workspace.
    fn other(&self, command: &str, arguments: &Value) {
        let _ = self.desk.skerry(&["call", command, &arguments.to_string()]);
    }

    /// Goes to a screen, waits for a text on it, and looks whether it fits the window.
    async fn shows(&self, path: &str, text: &str) {
        self.browser.go(path).await;
        self.browser.see(text).await;
        let fits = "const main = document.querySelector('main'); \
            return document.documentElement.scrollWidth <= innerWidth && main.scrollWidth <= main.clientWidth";
        self.browser
            .until(
                &format!("{path} is as wide as the window"),
                fits,
                Vec::new(),
            )
            .await;
    }

    /// Waits until the chart of a metric is drawn.
    async fn chart(&self, metric: &str) {
        let drawn = "return [...document.querySelectorAll('main figure')] \
            .some((one) => one.getAttribute('aria-label') === arguments[0] && one.querySelector('canvas'))";
        self.browser
            .until(&format!("{metric} is drawn"), drawn, vec![json!(metric)])
            .await;
    }

    async fn close(mut self) {
        self.browser.close().await;
        self.web.kill().unwrap();
        self.web.wait().unwrap();
    }
}

/// A name of so many characters: Hebrew, a family of four in one emoji, Swedish, no spaces.
fn long(characters: usize) -> String {
    "שרטון👨‍👩‍👧‍👦smörgås".chars().cycle().take(characters).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_hundreds_of_characters_and_thousands_of_metrics_fit_the_screens() {
    let scene = Scene::open("faults-names").await;
    let server = &scene.server;
    let body = json!({ "name": long(500) });
    let made = server.done("experiments/create", body).await;
    let experiment = made["experiment_id"].as_str().unwrap();
    let mut runs = Vec::new();
    for (name, thousands) in [(long(256), 5), (format!("b{}", long(255)), 1)] {
        let run = server.run(experiment, &name).await;
        let body = json!({
            "run_id": run,
            "params": [{ "key": "p".repeat(250), "value": long(6000) }],
            "tags": [{ "key": "t".repeat(250), "value": long(5000) }],
        });
        server.done("runs/log-batch", body).await;
        for part in 0..thousands {
            let metrics: Vec<Value> = (part * 1000..(part + 1) * 1000)
                .map(|n| json!({ "key": format!("layer_{n:04}/norm"), "value": n, "timestamp": 1, "step": 0 }))
                .collect();
            let body = json!({ "run_id": run, "metrics": metrics });
            server.done("runs/log-batch", body).await;
        }
        let body = json!({ "run_id": run, "key": "m".repeat(250), "value": 0.5, "timestamp": 1, "step": 1 });
        server.done("runs/log-metric", body).await;
        runs.push(run);
    }
    scene.import();
    let browser = &scene.browser;
    scene.shows("/runs", "smörgås").await;
    browser.click("button", "Columns").await;
    browser.fill("Find a column", "4321").await;
    browser.click("checkbox", "layer_4321/norm").await;
    browser
        .until(
            "the metric is a column",
            "return [...document.querySelectorAll('[role=columnheader]')].some((one) => one.textContent.includes('layer_4321/norm'))",
            Vec::new(),
        )
        .await;
    scene
        .shows(&format!("/runs/{}", runs[0]), "layer_0001/norm")
        .await;
    browser.fill("Find a metric", "4321").await;
    browser
        .until(
            "one chart is left",
            "return document.querySelectorAll('main figure').length === 1",
            Vec::new(),
        )
        .await;
    scene
        .shows(
            &format!("/compare?runs={}", runs.join(",")),
            "layer_0001/norm",
        )
        .await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_an_artifact_reaches_nothing_and_a_run_may_go_while_it_is_open() {
    let scene = Scene::open("faults-open").await;
    let (browser, server) = (&scene.browser, &scene.server);
    let run = server.run("0", "tern").await;
    server.run("0", "heron").await;
    let body = json!({ "run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": 1 });
    server.done("runs/log-metric", body).await;
    let page = "<h1>Confusion</h1><script>\
        for (const act of [() => (parent.reached = 1), () => (top.reached = 1), () => (top.location = 'about:blank'), \
            () => fetch('/api/command/runs_delete', { method: 'POST', body: '{}' }), () => alert(1)]) \
          try { act() } catch {} \
        document.querySelector('h1').textContent = 'Scripts ran'</script>";
    server.artifact("0", &run, "report.html", page).await;

    scene.import();

    browser.go(&format!("/runs/{run}?tab=artifacts")).await;
    browser.click("button", "report.html").await;
    assert_eq!(browser.frame_text().await, "Confusion");
    let reached = browser
        .run(
            "return [window.reached ?? null, location.pathname]",
            Vec::new(),
        )
        .await;
    assert_eq!(reached, json!([null, format!("/runs/{run}")]));
    let folder = scene.desk.home().join("saved");
    std::fs::create_dir(&folder).unwrap();
    browser.click("button", "Save report.html").await;
    browser
        .fill("Folder on this computer", folder.to_str().unwrap())
        .await;
    browser.confirm("Save").await;
    browser.see("report.html saved").await;
    assert_eq!(
        std::fs::read_to_string(folder.join("report.html")).unwrap(),
        page
    );

    // Somebody else puts it into the bin.
    browser.go(&format!("/runs/{run}")).await;
    scene.chart("loss").await;
    scene.other("runs_delete", &json!({ "run_ids": [run] }));
    browser.see("This run is deleted").await;
    scene.other("runs_restore", &json!({ "run_ids": [run] }));
    browser.find("button", "Add tag").await;

    // Two people edit a tag.
    let tag = |value: &str| json!({ "run_id": run, "key": "owner", "value": value });
    scene.other("run_tag_set", &tag("ann"));
    browser.click("button", "owner").await;
    scene.other("run_tag_set", &tag("bo"));
    browser.see("Somebody else changed this meanwhile").await;
    browser.click("button", "Use theirs").await;
    browser.click("button", "Save").await;
    browser.find("button", "Edit tag owner bo").await;

    // A filter that is half typed: what was found stays, and the error stands at the field.
    browser.go("/runs").await;
    browser.find("row", "heron").await;
    browser.fill("Filter runs", "metrics.loss <").await;
    browser.see("expected a value at its end").await;
    browser.find("row", "heron").await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_stays_while_its_program_is_gone_and_goes_on_after_it_has_started_again() {
    let mut scene = Scene::open("faults-restart").await;
    let run = scene.server.run("0", "tern").await;
    let point = |step: u64| json!({ "run_id": run, "key": "loss", "value": 1.0 / step as f64, "timestamp": step, "step": step });
    for step in 1..5 {
        scene.server.done("runs/log-metric", point(step)).await;
    }
    scene.import();
    scene.browser.go(&format!("/runs/{run}")).await;
    scene.chart("loss").await;
    let origin = scene.browser.run("return location.host", Vec::new()).await;
    scene.web.kill().unwrap();
    scene.web.wait().unwrap();
    scene.browser.see("does not answer").await;
    scene.chart("loss").await;
    let words = ["web", "--listen", origin.as_str().unwrap()];
    let (web, link) = listening(&scene.desk, &words);
    scene.web = web;
    // Sessions live in memory: whoever was in has to open the new link.
    scene.browser.see("Open the link again").await;
    scene.browser.visit(&link).await;
    scene.browser.go(&format!("/runs/{run}")).await;
    scene.chart("loss").await;
    scene.close().await;
}
