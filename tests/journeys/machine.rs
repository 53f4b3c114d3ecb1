//! Journey B: in the window, on a registered machine, up to a rolled back deployment.

use skerry_tests::browser::Browser;
use skerry_tests::canary;
use skerry_tests::desk::Desk;
use skerry_tests::programs::out;
use skerry_tests::screens;
use skerry_tests::site::{Site, project};

use crate::this_computer::serving;

#[tokio::test(flavor = "multi_thread")]
async fn b_a_machine_is_registered_trains_serves_and_rolls_back_in_the_window() {
    let site = Site::start();
    let desk = Desk::new();
    let folder = project(desk.home());
    let folder = folder.to_str().unwrap();
    let secrets = [
        ("password of the machine", site.machine.password()),
        ("password of the registry", site.registry.password()),
    ];
    let mut pages = Vec::new();

    let window = Browser::window(&desk, "journey-b").await;
    screens::register(&window, &site.machine, "Rock").await;
    window
        .picture(&out().join("journey-b-registered.png"))
        .await;
    pages.push(window.everything().await);

    // A run that is slow enough to close the console on the way.
    window.click("link", "Start a run there").await;
    screens::train(&window, &site, folder, "--pause 0.3").await;
    window
        .until(
            "chart",
            "return document.querySelector('.uplot canvas') !== null",
            vec![],
        )
        .await;
    let run = window.place().await;
    window.close().await;

    // Opened again, it catches up from the journal, logs included.
    let window = Browser::window(&desk, "journey-b-again").await;
    window.find("link", "Runs").await;
    window.go(run.split('?').next().unwrap()).await;
    window.see("Finished").await;
    window.click("tab", "Log").await;
    window.see("epoch 10: accuracy").await;
    window.see("registered penguins-sklearn version").await;
    window.click("tab", "Code and environment").await;
    window.see("closed: loopback only").await;
    window.picture(&out().join("journey-b-run.png")).await;

    // The second version is another run of the same project: its files are there already.
    window.go("/runs/new").await;
    screens::train(&window, &site, folder, "--alpha 0.01").await;
    window.see("Finished").await;

    // The script registered both versions.
    window.go("/models/penguins-sklearn/1").await;
    window.find("heading", "Images").await;
    screens::containerize(&window, Some(&site.registry)).await;
    window.see("sha256:").await;
    pages.push(window.everything().await);
    window.go("/models/penguins-sklearn/2").await;
    screens::containerize(&window, None).await;

    window.go("/models/penguins-sklearn/1").await;
    window.click("link", "Deploy").await;
    window.fill("Name", "penguins-rock").await;
    window.click("button", "Deploy").await;
    serving(&window, 1).await;
    window.click("button", "Send").await;
    window.see("200 in").await;
    window.click("button", "Deploy another version").await;
    window.choose("Version", "Version 2").await;
    window.confirm("Deploy version 2").await;
    serving(&window, 2).await;
    window.click("button", "Roll back").await;
    window.confirm("Roll back").await;
    serving(&window, 1).await;
    window
        .picture(&out().join("journey-b-deployment.png"))
        .await;
    pages.push(window.everything().await);

    canary::search(&desk, &secrets, &pages);
    canary::search_machine(&site.machine, &secrets);
    window.close().await;
}
