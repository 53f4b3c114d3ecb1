//! Journey A: in the window, on this computer, from an empty screen to a deployed model.

use serde_json::json;
use skerry_tests::browser::Browser;
use skerry_tests::canary;
use skerry_tests::desk::Desk;
use skerry_tests::programs::out;

#[tokio::test(flavor = "multi_thread")]
async fn a_the_sample_is_trained_registered_deployed_and_tried_in_the_window() {
    let desk = Desk::new();
    let window = Browser::window(&desk, "journey-a").await;
    window.see("Register a machine").await;
    window
        .picture(&out().join("journey-a-first-start.png"))
        .await;

    // The run shows itself live: state, growing charts, log lines.
    window.click("button", "Try it on this computer").await;
    window
        .until(
            "page of the run",
            "return location.pathname.startsWith('/runs/')",
            vec![],
        )
        .await;
    window
        .until(
            "chart",
            "return document.querySelector('.uplot canvas') !== null",
            vec![],
        )
        .await;
    window.see("Finished").await;
    window.picture(&out().join("journey-a-run.png")).await;
    window.click("tab", "Log").await;
    window.until(
        "log lines",
        "return /epoch|step|accuracy/i.test(document.querySelector('[role=tabpanel]')?.innerText ?? '')",
        vec![],
    )
    .await;
    window.click("tab", "Artifacts").await;
    window.see("model").await;
    let run = window.place().await;

    register(&window, "penguins", "first", "champion").await;
    window.see("champion").await;
    window.find("heading", "Images").await;
    window.click("link", "Deploy").await;
    window.fill("Name", "penguins-here").await;
    window.see("Start a scoring process").await;
    window.click("button", "Deploy").await;
    window.see("Healthy").await;
    window.click("button", "Send").await;
    window.see("200 in").await;
    window
        .picture(&out().join("journey-a-deployment.png"))
        .await;
    let deployment = window.place().await;

    // A second version takes its place, and the first returns.
    window.go(run.split('?').next().unwrap()).await;
    register(&window, "penguins", "second", "").await;
    window.see("second").await;
    window.go(&deployment).await;
    window.click("button", "Deploy another version").await;
    window.choose("Version", "Version 2").await;
    window.confirm("Deploy version 2").await;
    window.find("link", "penguins 2").await;
    window.find("button", "Roll back").await;
    window.see("Healthy").await;
    window.click("button", "Roll back").await;
    window.confirm("Roll back").await;
    serving(&window, 1).await;

    window.click("button", "Stop").await;
    window.confirm("Stop").await;
    window.see("Stopped").await;
    window.click("button", "Start").await;
    window.see("Healthy").await;

    window.click("button", "More actions").await;
    window.click("menuitem", "Delete").await;
    window.see("stops answering").await;
    window
        .fill("Type penguins-here to confirm", "penguins-here")
        .await;
    window.confirm("Delete").await;
    window.see("Nothing is deployed").await;
    let page = window.everything().await;
    canary::search(
        &desk,
        &[("no secret", "there-is-no-secret-in-this-journey")],
        &[page],
    );
    window.close().await;
}

/// Registers a version from the run that is shown.
async fn register(window: &Browser, name: &str, description: &str, alias: &str) {
    window.click("button", "Register model").await;
    window.fill("Model", name).await;
    window.fill("Description of the version", description).await;
    if !alias.is_empty() {
        window.fill("Alias", alias).await;
    }
    window.confirm("Add").await;
    window.fill("Key 1", "purpose").await;
    window.fill("Value 1", "journey").await;
    window.confirm("Register").await;
    window
        .until(
            "page of the version",
            "return location.pathname.startsWith('/models/')",
            vec![],
        )
        .await;
}

/// Waits until the facts of the deployment say that this version serves.
pub async fn serving(window: &Browser, version: u32) {
    let script = "const fact = [...document.querySelectorAll('dt')].find((dt) => tidy(dt.textContent) === 'Serving'); \
        return tidy(fact?.nextElementSibling?.textContent ?? fact?.parentElement?.textContent).endsWith(` ${arguments[0]}`)";
    window
        .until(
            &format!("version {version} serving"),
            script,
            vec![json!(version)],
        )
        .await;
    window.see("Healthy").await;
}
