//! `cargo xtask screenshots`: every screen in the real window, on a month of runs and on some that
//! really ran; and what stands there when the program behind the pages is gone.
#![allow(missing_docs)]

mod history;

use serde_json::{Value, json};
use skerry_tests::browser::Browser;
use skerry_tests::desk::Desk;
use skerry_tests::programs::{PATIENCE, out};
use skerry_tests::site::{Site, project};
use skerry_tests::steps::{self, text};
use skerry_tests::web::{Web, launch};

/// How the screens are looked at.
struct Look {
    size: (u32, u32),
    theme: &'static str,
    language: &'static str,
    /// All screens, not only those that people are on most.
    all: bool,
}

const fn look(size: (u32, u32), theme: &'static str, language: &'static str, all: bool) -> Look {
    Look {
        size,
        theme,
        language,
        all,
    }
}

const LOOKS: [Look; 8] = [
    look((1280, 800), "light", "en", true),
    look((1280, 800), "dark", "en", true),
    look((1920, 1080), "light", "en", true),
    look((1920, 1080), "dark", "en", true),
    look((1024, 700), "light", "en", false),
    look((1024, 700), "light", "sv", false),
    look((1280, 800), "dark", "sv", false),
    look((3840, 2160), "light", "en", false),
];

/// The screens that people are on most, and those with the most on them.
const MAIN: [&str; 17] = [
    "overview",
    "machine",
    "runs",
    "compare",
    "compare-many",
    "compare-scatter",
    "compare-parallel",
    "run",
    "run-archived",
    "run-new",
    "report",
    "report-edit",
    "model",
    "model-aliases",
    "version",
    "deployment",
    "settings",
];

#[tokio::main]
async fn main() {
    let empty = Desk::new();
    let full = Desk::new();
    let site = Site::start();
    let history = history::write(&full.data().join("workspace.db"));
    let screens = seed(&full, &site, &history).await;
    for look in LOOKS {
        let (width, height) = look.size;
        let suffix = match look.language {
            "en" => format!("{}-{width}", look.theme),
            language => format!("{language}-{}-{width}", look.theme),
        };
        if look.all {
            welcome(&empty, &look, &suffix).await;
        }
        choose(&full, &look).await;
        let window = Browser::window_of_size(&full, "full", width, height).await;
        window.until("window", READY, Vec::new()).await;
        if look.language == "en" {
            opened(&full, &window, &screens, &suffix).await;
        }
        for (name, path) in &screens {
            if look.all || MAIN.contains(name) {
                window.go(path).await;
                shoot(&window, &format!("{name}-{suffix}")).await;
            }
        }
        window.close().await;
    }
    gone(&full, &screens).await;
    println!("{}", out().display());
}

const READY: &str = "return document.querySelector('nav a') !== null";

/// Goes to the first screen, until it is there.
const FIRST: &str = "if (location.pathname !== '/') { history.pushState(null, '', '/'); \
    dispatchEvent(new PopStateEvent('popstate', { state: null })); } \
    return document.body.innerText.includes('Try it on this computer')";

/// A workspace in which nothing has happened yet.
async fn welcome(empty: &Desk, look: &Look, suffix: &str) {
    let (width, height) = look.size;
    choose(empty, look).await;
    let window = Browser::window_of_size(empty, "empty", width, height).await;
    window.until("window", READY, Vec::new()).await;
    // The window opens where it was left, which may come after its frame.
    window.until("first screen", FIRST, Vec::new()).await;
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
}

/// What opens on a screen: the palette, dialogs, a chart that is smoothed.
async fn opened(desk: &Desk, window: &Browser, screens: &[(&str, String)], suffix: &str) {
    window.go("/runs").await;
    window.click("button", "Search or run a command").await;
    shoot(window, &format!("palette-{suffix}")).await;
    window.until("closed palette", ESCAPE, Vec::new()).await;
    window.go("/").await;
    window.go("/runs").await;
    window.click("button", "Columns").await;
    shoot(window, &format!("runs-columns-{suffix}")).await;
    for (name, entry) in [("runs-move", "Move"), ("runs-export", "Export")] {
        window.go("/").await;
        window.go("/runs").await;
        window.click("checkbox", "Select all").await;
        window.see("selected").await;
        shoot(window, &format!("runs-selected-{suffix}")).await;
        window.click("button", "More for these runs").await;
        window.click("menuitem", entry).await;
        window.find("dialog", entry).await;
        shoot(window, &format!("{name}-{suffix}")).await;
        window.confirm("Cancel").await;
    }
    window.go(path_of(screens, "run-curves")).await;
    window.until("smoothing", SMOOTH, Vec::new()).await;
    window.see("exponential").await;
    shoot(window, &format!("run-smoothed-{suffix}")).await;
    for name in ["run-curves", "compare"] {
        window.go("/").await;
        window.go(path_of(screens, name)).await;
        window.click("radio", "Metric").await;
        // One is measured at steps that no other has.
        window.see("No step in common").await;
        shoot(window, &format!("{name}-over-{suffix}")).await;
    }
    let run = path_of(screens, "run-curves");
    window.go("/").await;
    window.go(run).await;
    window.click("button", "Edit tag team").await;
    // Another one for each look, as the last look's is still there.
    let id = run.trim_start_matches("/runs/");
    let tag = json!({ "run_id": id, "key": "team", "value": format!("imaging, {suffix}") });
    let _ = desk.skerry(&["call", "run_tag_set", &tag.to_string()]);
    window.see("Somebody else changed").await;
    shoot(window, &format!("run-overtaken-{suffix}")).await;
    let note = |text: String| {
        let note = json!({ "run_id": id, "key": "mlflow.note.content", "value": text });
        let _ = desk.skerry(&["call", "run_tag_set", &note.to_string()]);
    };
    note("Trained on the **cleaned** set.".to_owned());
    window.go("/").await;
    window.go(run).await;
    window.see("Trained on the cleaned set").await;
    window.click("button", "Edit").await;
    window.fill("Note", "Looks good to me.").await;
    note(format!("Seen in {suffix}."));
    window.see("Somebody else changed").await;
    shoot(window, &format!("run-note-overtaken-{suffix}")).await;
    let out = desk.home().join(suffix);
    std::fs::create_dir_all(&out).unwrap();
    window.go(path_of(screens, "run-artifacts")).await;
    for attempt in ["run-saved", "run-save-refused"] {
        window.click("button", "Save report.html").await;
        window
            .fill("Folder on this computer", &out.display().to_string())
            .await;
        window.confirm("Save").await;
        // The second time it is there already.
        window
            .see(if attempt == "run-saved" {
                "report.html saved"
            } else {
                "exists already"
            })
            .await;
        shoot(window, &format!("{attempt}-{suffix}")).await;
    }
    window.confirm("Cancel").await;
    window.go("/runs").await;
    window.click("button", "Group").await;
    window.see("No groups").await;
    shoot(window, &format!("runs-group-{suffix}")).await;
    window.until("closed menu", ESCAPE, Vec::new()).await;
    for file in ["confusion_matrix.csv", "report.html"] {
        window.go(path_of(screens, "run-artifacts")).await;
        window.click("button", file).await;
        window.see("SHA-256").await;
        shoot(window, &format!("run-file-{file}-{suffix}")).await;
    }
    window.go(path_of(screens, "compare-many")).await;
    window.click("tab", "Scatter").await;
    window.choose("Color", "accuracy").await;
    shoot(window, &format!("compare-colored-{suffix}")).await;
    window.go(path_of(screens, "version-first")).await;
    window.click("button", "Ask for approval").await;
    window.find("button", "Cancel").await;
    shoot(window, &format!("version-ask-{suffix}")).await;
    window.confirm("Cancel").await;
}

fn path_of<'a>(screens: &'a [(&str, String)], name: &str) -> &'a str {
    let found = screens.iter().find(|(each, _)| *each == name);
    found.map(|(_, path)| path.as_str()).unwrap()
}

/// A page whose program goes away while an export is being asked for, and the pages after that.
async fn gone(desk: &Desk, screens: &[(&str, String)]) {
    free(desk).await;
    let (mut program, link) = launch(desk);
    let page = Browser::chromium(desk, &link, "gone").await;
    page.until("page", READY, Vec::new()).await;
    page.go("/runs").await;
    page.find("checkbox", "Select all").await;
    page.click("button", "More for these runs").await;
    page.click("menuitem", "Export").await;
    page.find("button", "Read the runs").await;
    program.kill().unwrap();
    program.wait().unwrap();
    page.confirm("Read the runs").await;
    page.until(
        "refusal",
        "return found('alert', '').length > 0",
        Vec::new(),
    )
    .await;
    shoot(&page, "gone-runs-export").await;
    page.confirm("Cancel").await;
    for name in ["runs", "run", "compare", "reports", "models", "version"] {
        page.go(path_of(screens, name)).await;
        page.see("does not answer").await;
        shoot(&page, &format!("gone-{name}")).await;
    }
    page.close().await;
}

/// Closes what is open over the page.
const ESCAPE: &str = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', \
    { key: 'Escape', bubbles: true })); \
    return document.querySelector('[role=dialog]') === null";

/// Moves the slider of the charts as a hand does.
const SMOOTH: &str = "const slider = document.querySelector('main input[type=range]'); \
    if (!slider) return false; \
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(slider, '0.8'); \
    slider.dispatchEvent(new Event('input', { bubbles: true })); \
    return true";

/// Waits until nothing loads any more, then takes the picture.
async fn shoot(window: &Browser, name: &str) {
    window
        .until(
            "settled page",
            "return document.querySelector('h1,h2') !== null \
             && document.querySelector('[aria-busy=true],[data-loading],main [role=progressbar]') === null \
             && document.fonts.status === 'loaded'",
            Vec::new(),
        )
        .await;
    // What scrolls is within the window.
    let still = "return document.documentElement.scrollHeight <= innerHeight";
    window
        .until("a window that stands still", still, Vec::new())
        .await;
    // Charts and lists are drawn a moment after their data came.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    window.picture(&out().join(format!("{name}.png"))).await;
}

/// Waits until nothing has the data folder: a window that closes has it to its very end.
async fn free(desk: &Desk) {
    let lock = desk.data().join("lock");
    let asked = std::time::Instant::now();
    while std::fs::File::open(&lock).is_ok_and(|lock| lock.try_lock().is_err()) {
        assert!(asked.elapsed() < PATIENCE, "the window does not close");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

async fn choose(desk: &Desk, look: &Look) {
    free(desk).await;
    let web = desk.web().await;
    web.command(
        "settings_set",
        json!({ "theme": look.theme, "language": look.language, "compact": false }),
    )
    .await;
}

/// A workspace as it looks after a day: two machines, runs that went well and one that did not,
/// two versions, an image, deployments, an unfinished registration. Returns screens and paths.
async fn seed(desk: &Desk, site: &Site, history: &[String]) -> Vec<(&'static str, String)> {
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
    let archived = &history[0];
    web.command("runs_archive", json!({ "run_ids": [archived] }))
        .await;
    let recent = &history[history.len() - 8..];
    vec![
        ("overview", "/".into()),
        ("machines", "/machines".into()),
        ("machine", format!("/machines/{machine}")),
        ("runs", "/runs".into()),
        ("runs-filter-error", "/runs?q=metrics.val_loss%20%3E".into()),
        ("runs-grouped", "/runs?group=params.lr".into()),
        ("run-gone", format!("/runs/{}", "0".repeat(32))),
        ("runs-archived", "/runs?stage=archived".into()),
        ("runs-none", "/runs?q=metrics.loss%20%3E%20999".into()),
        ("compare", format!("/compare?runs={}", recent.join(","))),
        (
            "compare-many",
            format!("/compare?runs={}", history.join(",")),
        ),
        (
            "compare-differences",
            format!("/compare?runs={}&tab=differences", recent.join(",")),
        ),
        (
            "compare-scatter",
            format!("/compare?runs={}&tab=scatter", history.join(",")),
        ),
        (
            "compare-parallel",
            format!("/compare?runs={}&tab=parallel", history.join(",")),
        ),
        ("run", format!("/runs/{}", runs[0])),
        ("run-curves", format!("/runs/{}", recent[0])),
        ("run-archived", format!("/runs/{archived}")),
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
        ("version-first", format!("/models/{model}/1")),
        ("version-gone", format!("/models/{model}/9")),
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
