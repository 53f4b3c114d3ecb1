//! Journey C: the steps of A and B by `skerry`, as scripts take them.

use std::process::Command;

use serde_json::{Value, json};
use skerry_lab::TRAINING_IMAGE;
use skerry_tests::canary;
use skerry_tests::desk::Desk;
use skerry_tests::programs::python_server;
use skerry_tests::site::{Site, project};
use skerry_tests::steps::text;

#[test]
fn c_the_sample_is_trained_registered_and_deployed_by_the_command_line() {
    let desk = Desk::new();
    let run = desk.skerry(&["run", "sample"]);
    let run = text(&run["run_id"]);
    let ended = desk.skerry(&["run", "wait", &run]);
    assert_eq!(ended["row"]["phase"], "finished", "{ended:#}");
    let series = desk.skerry(&["run", "chart", &run]);
    let long = series
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["total"].as_u64() >= Some(100));
    assert!(long.count() >= 3, "three metrics of 100 points: {series:#}");

    reported(&desk, &run, &text(&series[0]["key"]));
    exported(&desk, &run, &series[0]);
    let version = desk.skerry(&[
        "model", "register", &run, "--name", "penguins", "--alias", "champion",
    ]);
    assert_eq!(version["version"], json!(1));
    let machines = desk.skerry(&["machine", "list"]);
    let machine = text(&machines[0]["name"]);
    let made = desk.skerry(&[
        "deploy",
        "create",
        "penguins",
        "1",
        "--machine",
        &machine,
        "--name",
        "here",
    ]);
    assert!(made.to_string().contains("healthy"), "{made:#}");
    let detail = desk.skerry(&["deploy", "show", "here"]);
    let example = text(&detail["input_example"]);
    let answer = desk.try_skerry(&["deploy", "invoke", "here", "-"], Some(&example));
    assert!(answer.ok, "{}", answer.text);
    assert_eq!(answer.json["status"], json!(200), "{}", answer.text);
    let _: Value = desk.skerry(&["deploy", "stop", "here"]);
    let _: Value = desk.skerry(&["deploy", "delete", "here"]);
    assert_eq!(desk.skerry(&["deploy", "list"]), json!([]));
}

/// A report about the run, as one file and as a folder of files.
fn reported(desk: &Desk, run: &str, metric: &str) {
    let content = json!({
        "title": "Sample",
        "runs": { "kind": "chosen", "runs": [{ "id": run, "name": "sample" }] },
        "blocks": [
            { "id": "a", "body": { "kind": "text", "text": "# Seen <b>" } },
            { "id": "b", "body": {
                "kind": "chart", "title": "", "metrics": [metric], "x": "step", "log": false,
                "smoothing": 0, "runs": null,
            } },
        ],
    });
    let save = json!({ "id": "", "revision": 0, "content": content }).to_string();
    let saved = desk.skerry(&["call", "report_save", &save]);
    assert_eq!(desk.skerry(&["report", "list"])[0]["id"], saved["id"]);
    assert_eq!(desk.skerry(&["report", "show", "Sample"]), saved);

    let file = desk.home().join("sample.html");
    let to = file.to_str().unwrap();
    let written = desk.skerry(&["report", "export", "Sample", "--to", to]);
    assert_eq!(text(&written[0]["path"]), to);
    let html = std::fs::read_to_string(&file).unwrap();
    assert!(
        html.contains("Seen &lt;b&gt;") && html.contains("<polyline"),
        "{html}"
    );
    let again = desk.try_skerry(&["report", "export", "Sample", "--to", to], None);
    assert!(
        !again.ok && again.text.contains("already_exists"),
        "{}",
        again.text
    );

    let folder = desk.home().join("sample");
    let to = folder.to_str().unwrap();
    let written = desk.skerry(&["report", "export", "Sample", "--to", to]);
    let ends: Vec<String> = written
        .as_array()
        .unwrap()
        .iter()
        .map(|file| text(&file["path"]))
        .filter_map(|path| path.rsplit('.').next().map(str::to_owned))
        .collect();
    assert_eq!(ends, ["html", "svg", "png"], "{written:#}");
}

/// The run as a row of a data frame; archived it is in the other table.
fn exported(desk: &Desk, run: &str, series: &Value) {
    let export = |name: &str, archived: &[&str]| {
        let file = desk.home().join(name);
        let words = ["run", "export", "--to", file.to_str().unwrap()];
        let exported = desk.skerry(&[&words[..], archived].concat());
        let read = "import json, pandas, sys
frame = pandas.read_parquet(sys.argv[1])
assert frame.empty or str(frame['start_time'].dtype.tz) == 'UTC'
frame = frame.drop(columns=['start_time', 'end_time']).astype(object)
print(json.dumps(frame.where(frame.notna(), None).to_dict('records')))";
        let output = Command::new(python_server())
            .args(["-c", read])
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(exported["runs"], json!(rows.len()), "{exported:#}");
        rows
    };
    let rows = export("runs.parquet", &[]);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["run_id"], run);
    let column = format!("metrics.{}", text(&series["key"]));
    let last = series["values"].as_array().unwrap().last().unwrap();
    assert_eq!(rows[0][&column], *last, "{:#}", rows[0]);

    // What is there is not replaced, which is said before the runs are looked for.
    let file = desk.home().join("runs.parquet");
    let to = file.to_str().unwrap();
    let words = ["run", "export", "--to", to, "--filter", "metrics."];
    let again = desk.try_skerry(&words, None);
    assert!(
        !again.ok && again.text.contains("already_exists"),
        "{}",
        again.text
    );

    let _: Value = desk.skerry(&["run", "archive", run]);
    assert!(export("none.parquet", &[]).is_empty());
    assert_eq!(export("archived.parquet", &["--archived"]).len(), 1);
    let _: Value = desk.skerry(&["run", "unarchive", run]);
    assert_eq!(desk.skerry(&["run", "list"])["rows"][0]["id"], run);
}

#[test]
fn c_a_machine_is_registered_trains_serves_and_rolls_back_by_the_command_line() {
    let site = Site::start();
    let desk = Desk::new();
    let folder = project(desk.home());
    let folder = folder.to_str().unwrap();
    let target = format!("{}@{}", site.machine.user(), site.machine.address());
    let fingerprint = site.machine.host_key_fingerprint().unwrap();

    // A wrong password is refused with its code, and nothing is registered.
    let add = |password: &str| {
        let words = [
            "machine",
            "add",
            &target,
            "--host-key",
            &fingerprint,
            "--password-stdin",
            "--name",
            "Rock",
        ];
        desk.try_skerry(&words, Some(&format!("{password}\n")))
    };
    let refused = add("not the password");
    assert!(
        !refused.ok && refused.text.contains("password_refused"),
        "{}",
        refused.text
    );
    assert_eq!(desk.skerry(&["machine", "list"]), json!([]));
    let added = add(site.machine.password());
    assert!(added.ok, "{}", added.text);

    let start = |extra: &[&str]| {
        let mut words = vec![
            "run",
            "start",
            "--machine",
            "Rock",
            "--project",
            folder,
            "--image",
            TRAINING_IMAGE,
            "--data-folder",
            "/home/operator/data:/data",
            "--tag",
            "purpose=journey",
            "--",
            "python3",
            "train.py",
            "--data",
            "/data",
        ];
        words.extend_from_slice(extra);
        let run = text(&desk.skerry(&words)["run_id"]);
        let ended = desk.skerry(&["run", "wait", &run]);
        assert_eq!(ended["row"]["phase"], "finished", "{ended:#}");
        run
    };
    let first = start(&[]);
    let log = desk.skerry(&["run", "log", &first]);
    assert!(log.to_string().contains("epoch 60"), "{log:#}");
    start(&["--alpha", "0.01"]);

    let registry = desk.try_skerry(
        &[
            "registry",
            "add",
            site.registry.address(),
            "--username",
            site.registry.user(),
            "--password-stdin",
            "--insecure",
        ],
        Some(&format!("{}\n", site.registry.password())),
    );
    assert!(registry.ok, "{}", registry.text);
    for version in ["1", "2"] {
        let done = desk.skerry(&[
            "model",
            "containerize",
            "penguins-sklearn",
            version,
            "--registry",
            site.registry.address(),
            "--repository",
            "models/penguins",
        ]);
        assert_eq!(done["state"], "done", "{done:#}");
    }
    let live = |words: &[&str], version: u32| {
        let _: Value = desk.skerry(words);
        let detail = desk.skerry(&["deploy", "show", "rock"]);
        assert_eq!(detail["row"]["live_version"], json!(version), "{detail:#}");
        text(&detail["row"]["image_digest"])
    };
    let model = "penguins-sklearn";
    let first = live(
        &[
            "deploy",
            "create",
            model,
            "1",
            "--machine",
            "Rock",
            "--name",
            "rock",
        ],
        1,
    );
    let second = live(&["deploy", "update", "rock", "2"], 2);
    assert_ne!(first, second);
    assert_eq!(live(&["deploy", "rollback", "rock"], 1), first);

    let secrets = [
        ("password of the machine", site.machine.password()),
        ("password of the registry", site.registry.password()),
    ];
    canary::search(&desk, &secrets, &[]);
    canary::search_machine(&site.machine, &secrets);
}
