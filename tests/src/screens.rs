//! What a person does on the screens, the same in the window and in a browser.

use skerry_lab::{Machine, Registry, TRAINING_IMAGE};

use crate::browser::Browser;
use crate::site::Site;

/// From the welcome through the wizard to the registered machine; on the way the wizard is left
/// and resumed, and a wrong password is tried.
pub async fn register(browser: &Browser, machine: &Machine, name: &str) {
    browser.click("link", "Register a machine").await;
    browser.see("Where is the machine?").await;

    // Each field says what is wrong with it, and nothing is sent.
    browser
        .fill("Host name or IP address", "no such host!")
        .await;
    browser
        .see("This is neither a host name nor an IP address")
        .await;
    browser
        .fill("Host name or IP address", &machine.address())
        .await;
    browser.fill("Port", "70000").await;
    browser.fill("User on the machine", machine.user()).await;
    browser.fill("Port", "22").await;
    browser.fill("Name in Skerry", name).await;
    browser.click("button", "Ask for its key").await;

    let fingerprint = machine.host_key_fingerprint().unwrap();
    browser.see(&fingerprint).await;
    browser.see("Not met before").await;

    // Leaving keeps the draft; coming back opens where it stood.
    browser.click("button", "Close and keep").await;
    browser
        .click("link", &format!("Continue registering {name}"))
        .await;
    browser.see(&fingerprint).await;
    browser.click("button", "Yes, it is the machine").await;

    browser.see("Log in for the first time").await;
    browser.fill("Password", "not the password").await;
    browser.click("button", "Log in").await;
    browser.see("password_refused").await;
    browser.fill("Password", machine.password()).await;
    browser.see("Strong").await;
    browser.click("button", "Log in").await;

    browser.click("button", "Make and install the key").await;
    browser.see("Login verified").await;
    browser.click("button", "Continue").await;

    browser.see("Everything needed is there").await;
    browser.see("Docker").await;
    browser.click("button", "Continue").await;

    browser.click("button", "Install and start").await;
    browser.see("The agent answers").await;
    browser.click("button", "Continue").await;

    browser.click("button", "Register").await;
    browser.see(&format!("{name} is registered")).await;
}

/// Fills in and starts a run on the site's machine; ends on the run's page.
pub async fn train(browser: &Browser, site: &Site, project: &str, words: &str) {
    browser.see("What will happen").await;
    browser.choose("Container image", TRAINING_IMAGE).await;
    browser.fill("Project folder", project).await;
    browser
        .fill("Command", &format!("python3 train.py --data /data {words}"))
        .await;
    browser.fill("Experiment", "Penguins").await;
    browser.click("button", "Add data folder").await;
    browser.fill("Folder on the machine", site.data()).await;
    browser.fill("Path inside the run", "/data").await;
    browser.see("No network but loopback").await;
    browser.click("button", "Start run").await;
    browser
        .until(
            "run page",
            "return /^\\/runs\\/[0-9a-f]{32}/.test(location.pathname)",
            Vec::new(),
        )
        .await;
}

/// Packs the version that is shown into an image, with a registry that is new to the console.
pub async fn containerize(browser: &Browser, registry: Option<&Registry>) {
    browser.click("button", "Containerize").await;
    browser.find("textbox", "Repository").await;
    if let Some(registry) = registry {
        browser.fill("Registry host", registry.address()).await;
        browser.fill("Account", registry.user()).await;
        browser.fill("Password or token", registry.password()).await;
        browser.click("checkbox", "Plain HTTP").await;
    }
    browser.fill("Repository", "models/penguins").await;
    browser.confirm("Make and push").await;
    browser.see("Image pushed").await;
    browser.confirm("Close").await;
}
