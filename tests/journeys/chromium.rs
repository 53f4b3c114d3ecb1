//! The wizard of journey B once more, in Chromium on `skerry web`.

use skerry_lab::{Machine, MachineOptions};
use skerry_tests::browser::Browser;
use skerry_tests::canary;
use skerry_tests::desk::Desk;
use skerry_tests::{screens, web};

#[tokio::test(flavor = "multi_thread")]
async fn b_the_wizard_works_in_chromium_too() {
    let machine = Machine::start(MachineOptions::default()).unwrap();
    let desk = Desk::new();
    let (mut program, link) = web::launch(&desk);
    let browser = Browser::chromium(&desk, &link, "journey-b-chromium").await;
    screens::register(&browser, &machine, "Rock").await;
    let secrets = [("password of the machine", machine.password())];
    canary::search(&desk, &secrets, &[browser.everything().await]);

    // The link works once: whoever finds it later does not get in.
    let answer = reqwest::get(&link).await.unwrap();
    assert!(answer.headers().get("set-cookie").is_none(), "{answer:?}");
    browser.close().await;
    program.kill().unwrap();
    program.wait().unwrap();
}
