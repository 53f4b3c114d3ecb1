//! What a person waits for on the screens, by the clock of the page: in the real window and in
//! Chromium, on a workspace of a hundred thousand runs.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skerry_store::{Store, StoreOptions};
use skerry_tests::browser::Browser;
use skerry_tests::desk::Desk;
use skerry_tests::programs::{PATIENCE, out};
use skerry_tests::steps::text;
use skerry_tests::web::launch;

use crate::seed::{self, ForScreens, Size};
use crate::servers::memory;
use crate::table::Table;

const PAGE: &str = include_str!("screens.js");

const SIZE: Size = Size {
    runs: 100_000,
    width: 20,
    points: 0,
    ended: true,
    curves: false,
};
/// Rows that are scrolled over, and in how many seconds.
const SCROLLED: (u32, u32) = (10_000, 20);
/// The same of a hand that reads.
const READ: (u32, u32) = (400, 10);
/// Cells of a plain row: as many as the table of runs has.
const CELLS: u32 = 12;
/// Runs that log at the same time.
const LIVE: u64 = 50;
/// How much faster than the clock the hours of updates go by.
const HASTE: u64 = 15;
const HOURS: u64 = 3;
const HALF_AN_HOUR: u64 = 1800;

/// A run that makes others and logs to them: a point of four metrics of each run a second, so
/// many times faster than the clock, for so many seconds of the clock.
const LOGGER: &str = r#"
import http.client, json, math, os, random, sys, time, urllib.parse
haste, seconds, count = (int(word) for word in sys.argv[1:])
base, token = urllib.parse.urlsplit(os.environ["MLFLOW_TRACKING_URI"]), os.environ["MLFLOW_TRACKING_TOKEN"]
connection = http.client.HTTPConnection(base.hostname, base.port)
def call(method, path, body=None):
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + token}
    connection.request(method, base.path + "/api/2.0/mlflow/" + path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, text
    return json.loads(text)
now = lambda: int(time.time() * 1000)
own = call("GET", "runs/get?run_id=" + os.environ["MLFLOW_RUN_ID"])["run"]["info"]
new = [{"experiment_id": own["experiment_id"], "run_name": f"live-{n}", "start_time": now()} for n in range(count)]
runs = [call("POST", "runs/create", one)["run"]["info"]["run_id"] for one in new]
began = time.monotonic()
for second in range(seconds):
    for n, run in enumerate(runs):
        time.sleep(max(0, began + second + n / count - time.monotonic()))
        steps = range(second * haste, (second + 1) * haste)
        points = [{"key": key, "value": math.exp(-step / 1000) + random.random() / 10, "timestamp": now(), "step": step}
                  for step in steps for key in ("acc", "loss", "m2", "m3")]
        call("POST", "runs/log-batch", {"run_id": run, "metrics": points})
for run in runs:
    call("POST", "runs/update", {"run_id": run, "status": "FINISHED", "end_time": now()})
"#;

/// The console on a desk, as one of its hosts shows it.
struct Shown {
    name: &'static str,
    desk: Desk,
    browser: Browser,
    _web: Option<Web>,
}

/// `skerry web`, ended with its page.
struct Web(Child);

impl Drop for Web {
    fn drop(&mut self) {
        let _ = skerry_lab::run(&["kill", "-TERM", &self.0.id().to_string()]);
        let _ = self.0.wait();
    }
}

/// What shows the screens; also the names of these parts of the program.
pub const WINDOW: &str = "window";
pub const CHROMIUM: &str = "chromium";
pub const HOSTS: [&str; 2] = [WINDOW, CHROMIUM];

/// Some hosts, one after the other, beside one another in a table.
pub async fn screens(hosts: &[&'static str]) {
    let mut table = Table::default();
    let (store, seeded) = seeded();
    for name in hosts.iter().copied() {
        plain(&mut table, name).await;
        let shown = Shown::open(name, &store).await;
        shown.measure(&mut table, &seeded).await;
        shown.browser.close().await;
    }
    table.print();
    println!("No other tracker's screens run here: the figures stand alone, but for plain rows.");
}

/// Memory of both hosts while runs log for hours, after what takes most of it was open.
pub async fn hours() {
    let mut table = Table::default();
    let (store, seeded) = seeded();
    for name in HOSTS {
        let shown = Shown::open(name, &store).await;
        shown.hours(&mut table, &seeded).await;
        shown.browser.close().await;
    }
    table.print();
}

/// The store of all that, made once and kept.
fn seeded() -> (PathBuf, ForScreens) {
    let folder = out().join("screens-2");
    let (store, ids) = (folder.join("workspace.db"), folder.join("ids.json"));
    if let Ok(known) = std::fs::read(&ids) {
        // What an older schema takes to be brought up to date is no part of the figures.
        drop(Store::open(&store, StoreOptions::default()).unwrap());
        let known: Value = serde_json::from_slice(&known).unwrap();
        let compared = known["compared"].as_array().unwrap();
        let seeded = ForScreens {
            big: text(&known["big"]),
            compared: compared.iter().map(text).collect(),
        };
        return (store, seeded);
    }
    let _ = std::fs::remove_dir_all(&folder);
    let started = Instant::now();
    let seeded = seed::for_screens(&store, &seed::store(&store, SIZE));
    let known = json!({ "big": seeded.big, "compared": seeded.compared });
    std::fs::write(ids, known.to_string()).unwrap();
    println!("seeded in {:.0} s", started.elapsed().as_secs_f64());
    (store, seeded)
}

/// The same scrolling without the console.
async fn plain(table: &mut Table, name: &str) {
    let desk = Desk::new();
    let browser = match name {
        WINDOW => {
            let (browser, _) = Browser::program(&desk, "minimal-window", "bench-plain").await;
            browser
        }
        _ => Browser::chromium(&desk, "about:blank", "bench-plain").await,
    };
    let (rows, seconds) = SCROLLED;
    let arguments = vec![json!(rows), json!(CELLS), json!(seconds)];
    let told = measured(&browser, "scrollPlain(...arguments)", arguments).await;
    put_frames(table, name, "plain rows, none of ours", &told);
    browser.close().await;
}

/// Evaluates an expression of `screens.js` in the page and waits for its value.
async fn measured(browser: &Browser, expression: &str, arguments: Vec<Value>) -> Value {
    let script = format!("{PAGE}\nreturn {expression}");
    browser.promised(&script, arguments).await
}

fn put_frames(table: &mut Table, name: &str, what: &str, told: &Value) {
    let number = |field: &str| told[field].as_f64().unwrap();
    let figure = format!(
        "{:.0} / {:.0} / {:.0}",
        number("median"),
        number("p95"),
        number("longest")
    );
    table.put(
        name,
        &format!("{what}: frames, ms, median / p95 / longest"),
        figure,
    );
    if let Some(blank) = told["blank"].as_f64() {
        table.put(
            name,
            &format!("{what}: frames without a row, %"),
            format!("{blank:.0}"),
        );
    }
    if let Some(rest) = told["rest"].as_f64() {
        table.put(
            name,
            &format!("{what}: rows after it rests, ms"),
            format!("{rest:.0}"),
        );
    }
}

fn put_time(table: &mut Table, name: &str, row: &str, time: &Value) {
    table.put(name, row, format!("{:.0}", time.as_f64().unwrap()));
}

impl Shown {
    /// The console with a copy of a store.
    async fn open(name: &'static str, store: &Path) -> Self {
        let desk = Desk::new();
        std::fs::create_dir_all(desk.data()).unwrap();
        std::fs::copy(store, desk.data().join("workspace.db")).unwrap();
        let (browser, web) = match name {
            WINDOW => (Browser::window(&desk, "bench-screens").await, None),
            _ => {
                let (child, link) = launch(&desk);
                let browser = Browser::chromium(&desk, &link, "bench-screens").await;
                (browser, Some(Web(child)))
            }
        };
        browser.find("link", "Runs").await;
        Self {
            name,
            desk,
            browser,
            _web: web,
        }
    }

    async fn measure(&self, table: &mut Table, seeded: &ForScreens) {
        let name = self.name;
        let told = self.measured("open('/runs', 'rows')", Vec::new()).await;
        put_time(
            table,
            name,
            "first rows of 100,000 runs after a click, ms",
            &told[0],
        );
        self.browser
            .run("setTimeout(() => location.reload(), 0)", Vec::new())
            .await;
        self.browser.find("link", "Runs").await;
        let told = self.measured("until('rows', 0)", Vec::new()).await;
        put_time(
            table,
            name,
            "first rows of 100,000 runs in a page that loads, ms",
            &told,
        );
        self.put_memory(table, "with the runs on the screen");

        let told = self.measured("frames(5)", Vec::new()).await;
        put_frames(table, name, "at rest", &told);
        self.scroll(table, "400 rows scrolled slowly", READ).await;
        self.scroll(table, "10,000 rows scrolled", SCROLLED).await;

        let (keys, points) = seed::BIG;
        let big = format!("a run of {keys} metrics of {points} points");
        let path = format!("/runs/{}", seeded.big);
        let told = self
            .measured("open(arguments[0], 'chart', 'charts')", vec![json!(path)])
            .await;
        put_time(table, name, &format!("{big}: first chart, ms"), &told[0]);
        put_time(
            table,
            name,
            &format!("{big}: all charts in view, ms"),
            &told[1],
        );
        let told = self
            .measured("openAll(arguments[0])", vec![json!("more chart")])
            .await;
        put_time(table, name, &format!("{big}: all {keys} charts, ms"), &told);

        let path = format!("/compare?runs={}", seeded.compared.join(","));
        let told = self
            .measured("open(arguments[0], 'chart', 'charts')", vec![json!(path)])
            .await;
        let compared = format!("{} runs compared", seeded.compared.len());
        put_time(
            table,
            name,
            &format!("{compared}: first chart, ms"),
            &told[0],
        );
        put_time(
            table,
            name,
            &format!("{compared}: all charts in view, ms"),
            &told[1],
        );
        self.put_memory(table, "after all these");

        self.live(table).await;
    }

    async fn measured(&self, expression: &str, arguments: Vec<Value>) -> Value {
        measured(&self.browser, expression, arguments).await
    }

    async fn scroll(&self, table: &mut Table, what: &str, (rows, seconds): (u32, u32)) {
        let arguments = vec![json!(rows), json!(seconds)];
        let told = self.measured("scrollRuns(...arguments)", arguments).await;
        put_frames(table, self.name, what, &told);
    }

    /// Frames while runs log.
    async fn live(&self, table: &mut Table) {
        let seconds = u64::from(SCROLLED.1);
        let run = self.log(1, 3 * seconds).await;
        let what = format!("{LIVE} runs log live");
        self.measured("open('/runs', 'rows')", Vec::new()).await;
        let told = self.measured("frames(15)", Vec::new()).await;
        put_frames(table, self.name, &format!("{what}, at the top"), &told);
        let scrolled = format!("{what}, 10,000 rows scrolled");
        self.scroll(table, &scrolled, SCROLLED).await;
        let path = format!("/runs/{run}");
        self.measured("open(arguments[0], 'charts')", vec![json!(path)])
            .await;
        let told = self.measured("frames(10)", Vec::new()).await;
        put_frames(
            table,
            self.name,
            &format!("{what}, one of them open"),
            &told,
        );
    }

    /// Memory over hours of updates that go by faster.
    async fn hours(&self, table: &mut Table, seeded: &ForScreens) {
        self.measured("open('/runs', 'rows')", Vec::new()).await;
        self.put_memory(table, "with the runs on the screen");
        let big = format!("/runs/{}", seeded.big);
        let compared = format!("/compare?runs={}", seeded.compared.join(","));
        for path in [big, compared] {
            self.measured("open(arguments[0], 'charts')", vec![json!(path)])
                .await;
        }
        self.put_memory(table, "with 100 runs compared");
        self.measured("open('/runs', 'rows')", Vec::new()).await;
        self.log(HASTE, HOURS * 2 * HALF_AN_HOUR / HASTE).await;
        self.browser
            .run(&format!("{PAGE}\nhasten(arguments[0])"), vec![json!(HASTE)])
            .await;
        let began = Instant::now();
        for half in 1..=2 * HOURS {
            let due = Duration::from_secs(HALF_AN_HOUR / HASTE * half);
            tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
            self.put_memory(table, &format!("after {} min of updates", 30 * half));
        }
        let changes = self.browser.run("return window.changes", Vec::new()).await;
        table.put(
            self.name,
            "changes of the screen in these hours",
            changes.to_string(),
        );
    }

    /// Starts what logs to [`LIVE`] runs; returns one of them once all are on their way.
    async fn log(&self, haste: u64, seconds: u64) -> String {
        let folder = self.desk.home().join("logger");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("main.py"), LOGGER).unwrap();
        let machine = self.machine().await;
        let asked = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis();
        self.call(
            "run_start",
            &json!({
                "machine_id": machine, "experiment": "Live", "name": "logger",
                "project_folder": folder, "command": format!("python3 main.py {haste} {seconds} {LIVE}"),
                "image": null, "env": [], "data": [], "tags": [], "network_open": true,
            }),
        );
        let query = json!({
            "filter": format!("attributes.start_time >= {asked} and metrics.loss > 0 and attributes.status = 'RUNNING'"),
            "order_by": [], "experiment": null, "machine_id": null, "stage": "active",
            "offset": 0, "limit": 1,
        });
        let started = Instant::now();
        loop {
            let found = self.call("runs_search", &query);
            if found["total"].as_u64() >= Some(LIVE) {
                return text(&found["rows"][0]["id"]);
            }
            assert!(started.elapsed() < PATIENCE, "no live runs: {found}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// This computer as a machine, with its agent.
    async fn machine(&self) -> String {
        let known = self.call("machines_list", &Value::Null);
        let id = match known[0]["id"].as_str() {
            Some(id) => id.to_owned(),
            None => text(&self.call("machine_add_local", &Value::Null)["id"]),
        };
        let started = Instant::now();
        while self.call("machine_get", &json!({ "id": id }))["row"]["link"]["state"] != "connected"
        {
            assert!(
                started.elapsed() < PATIENCE,
                "this computer is not connected"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        id
    }

    /// A command, by the workspace's own door.
    fn call(&self, name: &str, arguments: &Value) -> Value {
        self.desk.skerry(&["call", name, &arguments.to_string()])
    }

    /// Proportional memory of the program and of all processes that draw it.
    fn put_memory(&self, table: &mut Table, when: &str) {
        let (mut program, mut view) = (0, 0);
        for (pid, line) in self.desk.processes() {
            let used = memory(pid, "smaps_rollup", "Pss:");
            match part(&line) {
                Part::Program => program += used,
                Part::View => view += used,
                Part::Other => {}
            }
        }
        table.put(
            self.name,
            &format!("memory {when}, MiB PSS, program + web view"),
            format!("{} + {}", program / 1024, view / 1024),
        );
    }
}

enum Part {
    Program,
    View,
    Other,
}

fn part(line: &str) -> Part {
    let words: Vec<&str> = line.split_whitespace().collect();
    let name = words.first().map_or("", |word| {
        Path::new(word)
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("")
    });
    match name {
        "skerry-desktop" => Part::Program,
        "skerry" if words.get(1) == Some(&"web") => Part::Program,
        _ if name.contains("WebDriver") || name == "chromedriver" => Part::Other,
        _ if name.starts_with("WebKit") || name.starts_with("chrom") => Part::View,
        _ => Part::Other,
    }
}
