//! A window with the console in it, used as a person would: by what stands on the screen.

use std::future::Future;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::{Element, ElementRef};
use fantoccini::wd::TimeoutConfiguration;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use skerry_lab::Display;

use crate::desk::Desk;
use crate::programs::{PATIENCE, out, program};

const PAGE: &str = include_str!("page.js");
/// Waits for two frames, and lets there be more: WebKit takes a picture with the next change of
/// the screen, for which it waits forever in a page that rests when it draws without OpenGL.
const DRAWN: &str = "const done = arguments[0]; \
    const spot = document.createElement('div'); \
    spot.id = 'drawn'; \
    spot.style = 'position: fixed; right: 0; bottom: 0; width: 1px; height: 1px'; \
    document.documentElement.append(spot); \
    let n = 0; \
    const change = () => { \
        if (!spot.isConnected) return; \
        n += 1; \
        spot.style.background = `rgba(0, 0, 0, ${(n % 2) / 200})`; \
        requestAnimationFrame(change); \
        if (n === 2) done(true); \
    }; \
    requestAnimationFrame(change)";
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The desktop's window, or a tab of Chromium.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    driver: Child,
    /// Ends after the driver.
    _display: Option<Display>,
    _profile: Option<tempfile::TempDir>,
    label: String,
}

impl Browser {
    /// Opens the desktop program in a screen of its own.
    ///
    /// # Panics
    /// When the window does not open.
    pub async fn window(desk: &Desk, label: &str) -> Self {
        Self::window_of_size(desk, label, 1280, 800).await
    }

    /// As [`Browser::window`], on a screen of another size.
    ///
    /// # Panics
    /// When the window does not open.
    pub async fn window_of_size(desk: &Desk, label: &str, width: u32, height: u32) -> Self {
        let (browser, _) = Self::open(desk, "skerry-desktop", label, (width, height)).await;
        let size = browser.client.set_window_rect(0, 0, width, height).await;
        size.unwrap_or_else(|error| panic!("the window does not take a size: {error}"));
        browser
    }

    /// Opens another program with a web view; returns also when its start was asked for.
    ///
    /// # Panics
    /// When the window does not open.
    pub async fn program(desk: &Desk, name: &str, label: &str) -> (Self, Instant) {
        Self::open(desk, name, label, (1280, 800)).await
    }

    async fn open(desk: &Desk, name: &str, label: &str, size: (u32, u32)) -> (Self, Instant) {
        let (width, height) = size;
        let display = Display::start(width, height).unwrap();
        let port = free_port();
        let mut command = Command::new("WebKitWebDriver");
        desk.prepare(&mut command);
        command
            .arg(format!("--port={port}"))
            .arg("--host=127.0.0.1")
            .env("DISPLAY", display.name())
            .env("GDK_BACKEND", "x11")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            // Nobody else is on this screen; no bus for accessibility is needed.
            .env("NO_AT_BRIDGE", "1");
        let capabilities = json!({
            "webkitgtk:browserOptions": { "binary": program(name), "args": [] }
        });
        let (client, driver, asked) = connect(command, port, capabilities, label).await;
        let browser = Self {
            client,
            driver,
            _display: Some(display),
            _profile: None,
            label: label.to_owned(),
        };
        (browser, asked)
    }

    /// Opens a page in Chromium.
    ///
    /// # Panics
    /// When Chromium does not start.
    pub async fn chromium(desk: &Desk, link: &str, label: &str) -> Self {
        let port = free_port();
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("chromedriver");
        desk.prepare(&mut command);
        command.arg(format!("--port={port}"));
        let capabilities = json!({
            "goog:chromeOptions": {
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
                    "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                    "--window-size=1280,800",
                    format!("--user-data-dir={}", profile.path().display()),
                ]
            }
        });
        let (client, driver, _) = connect(command, port, capabilities, label).await;
        let browser = Self {
            client,
            driver,
            _display: None,
            _profile: Some(profile),
            label: label.to_owned(),
        };
        browser.client.goto(link).await.unwrap();
        browser
    }

    /// Clicks what has this role and name, once it is there and may be used.
    ///
    /// # Panics
    /// When it does not come; the message says what stands on the screen instead.
    pub async fn click(&self, role: &str, name: &str) {
        self.press(role, name, false).await;
    }

    /// Presses a button of the dialog that is open (or about to open).
    ///
    /// # Panics
    /// As [`Browser::click`].
    pub async fn confirm(&self, name: &str) {
        self.press("button", name, true).await;
    }

    async fn press(&self, role: &str, name: &str, in_dialog: bool) {
        let start = Instant::now();
        loop {
            let element = self.look(role, name, in_dialog).await;
            // A list may be drawn anew between finding and clicking.
            match element.click().await {
                Ok(()) => return,
                Err(error) => {
                    if start.elapsed() > PATIENCE {
                        self.fail(&format!("{role} \"{name}\" takes no click: {error}"))
                            .await;
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    /// Types into the field of this name; what stood there is replaced.
    ///
    /// # Panics
    /// When there is no such field.
    pub async fn fill(&self, name: &str, text: &str) {
        let element = self.find("textbox", name).await;
        self.run(
            "arguments[0].scrollIntoView({block: 'center'}); arguments[0].focus(); arguments[0].select?.()",
            vec![json!({ ELEMENT: element.element_id().to_string() })],
        )
        .await;
        if text.is_empty() {
            element.send_keys("\u{e003}").await.unwrap();
        } else {
            element.send_keys(text).await.unwrap();
        }
    }

    /// Chooses an option of the list that the button of this name opens.
    ///
    /// # Panics
    /// When there is no such list or option.
    pub async fn choose(&self, name: &str, option: &str) {
        self.click("button", name).await;
        self.click("option", option).await;
    }

    /// Waits for what has this role and name and is not disabled.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn find(&self, role: &str, name: &str) -> Element {
        self.look(role, name, false).await
    }

    async fn look(&self, role: &str, name: &str, in_dialog: bool) -> Element {
        let script = "return target(found(...arguments).find((element) => \
            !element.disabled && element.getAttribute('aria-disabled') !== 'true')) ?? null";
        let start = Instant::now();
        loop {
            let arguments = vec![json!(role), json!(name), json!(in_dialog)];
            let value = self.run(script, arguments).await;
            if let Some(id) = value.get(ELEMENT).and_then(Value::as_str) {
                let id = ElementRef::from(id.to_owned());
                return Element::from_element_id(self.client.clone(), id);
            }
            if start.elapsed() > PATIENCE {
                self.fail(&format!("no {role} \"{name}\"")).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Whether something of this role and name is there now.
    pub async fn has(&self, role: &str, name: &str) -> bool {
        let script = "return found(arguments[0], arguments[1]).length > 0";
        self.run(script, vec![json!(role), json!(name)]).await == json!(true)
    }

    /// Waits until a text stands on the screen (case counts not).
    ///
    /// # Panics
    /// When it does not come.
    pub async fn see(&self, text: &str) {
        let script = "return tidy(document.body?.innerText).toLowerCase().includes(arguments[0].toLowerCase())";
        self.until(
            &format!("\"{text}\" on the screen"),
            script,
            vec![json!(text)],
        )
        .await;
    }

    /// Waits until a script returns true.
    ///
    /// # Panics
    /// When it does not.
    pub async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) {
        let start = Instant::now();
        while self.run(script, arguments.clone()).await != json!(true) {
            if start.elapsed() > PATIENCE {
                self.fail(&format!("no {what}")).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Everything on the page with what stands in its fields: for the canary.
    pub async fn everything(&self) -> String {
        let script = "return document.documentElement.outerHTML + \
            [...document.querySelectorAll('input,textarea')].map((one) => one.value).join(' ') + \
            JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + location.href";
        self.run(script, Vec::new())
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The path and search of the page's address.
    pub async fn place(&self) -> String {
        let script = "return location.pathname + location.search + location.hash";
        self.run(script, Vec::new())
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Goes to a path of the console as a link in it would.
    pub async fn go(&self, path: &str) {
        let script = "history.pushState(null, '', arguments[0]); \
            dispatchEvent(new PopStateEvent('popstate', { state: null })); return true";
        self.run(script, vec![json!(path)]).await;
    }

    /// Opens another page.
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn visit(&self, link: &str) {
        in_time(self.client.goto(link)).await.unwrap();
        self.find("link", "Runs").await;
    }

    /// Runs a script in the page, with the functions of `page.js` at hand.
    ///
    /// # Panics
    /// When the page is gone.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        let whole = format!("{PAGE}\n{script}");
        let start = Instant::now();
        loop {
            match in_time(self.client.execute(&whole, arguments.clone())).await {
                Ok(value) => return value,
                // Between two pages there is none to run a script in.
                Err(error) if start.elapsed() < Duration::from_secs(20) => {
                    let _ = error;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(error) => panic!("{}: a script failed: {error}", self.label),
            }
        }
    }

    /// Runs a script in the page that returns a promise, and waits for what that promises.
    ///
    /// # Panics
    /// When the promise is broken, or not kept in time.
    pub async fn promised(&self, script: &str, arguments: Vec<Value>) -> Value {
        let mut timeouts = TimeoutConfiguration::default();
        timeouts.set_script(Some(PATIENCE));
        self.client.update_timeouts(timeouts).await.unwrap();
        let whole = format!(
            "const told = arguments[arguments.length - 1]; \
             (async (...arguments) => {{ {script} }})(...[...arguments].slice(0, -1)) \
             .then((value) => told({{ value }}), (error) => told({{ error: String(error) }}))"
        );
        let told = in_time(self.client.execute_async(&whole, arguments))
            .await
            .unwrap_or_else(|error| panic!("{}: a script failed: {error}", self.label));
        if let Some(error) = told.get("error") {
            self.fail(&format!("a script failed: {error}")).await;
        }
        told["value"].clone()
    }

    /// What stands in the one frame of the page, once it is there.
    ///
    /// # Panics
    /// When no frame comes.
    pub async fn frame_text(&self) -> String {
        let drawn = "return document.querySelectorAll('iframe').length === 1";
        self.until("a frame is there", drawn, Vec::new()).await;
        in_time(self.client.enter_frame(0)).await.unwrap();
        let body = in_time(self.client.find(Locator::Css("body")))
            .await
            .unwrap();
        let text = in_time(body.text()).await.unwrap();
        in_time(self.client.enter_parent_frame()).await.unwrap();
        text
    }

    /// Takes a picture into a folder, once the page has been drawn.
    ///
    /// # Panics
    /// When none can be taken.
    pub async fn picture(&self, file: &PathBuf) {
        std::fs::write(file, self.shot().await.unwrap()).unwrap();
    }

    async fn shot(&self) -> Result<Vec<u8>, String> {
        in_time(self.client.execute_async(DRAWN, Vec::new())).await?;
        let bytes = in_time(self.client.screenshot()).await?;
        let remove = "document.getElementById('drawn').remove()";
        in_time(self.client.execute(remove, Vec::new())).await?;
        Ok(bytes)
    }

    /// Closes it as its owner would.
    pub async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(20), self.client.clone().close()).await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }

    async fn fail(&self, message: &str) -> ! {
        let file = out().join(format!("{}.png", self.label));
        if let Ok(bytes) = self.shot().await {
            let _ = std::fs::write(&file, bytes);
        }
        let outline = self.run("return outline()", Vec::new()).await;
        panic!(
            "{}: {message}; picture: {}\n{}",
            self.label,
            file.display(),
            outline.as_str().unwrap_or_default()
        );
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

async fn connect(
    mut command: Command,
    port: u16,
    capabilities: Value,
    label: &str,
) -> (Client, Child, Instant) {
    let log = std::fs::File::create(out().join(format!("{label}.driver.log"))).unwrap();
    let driver = command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let start = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            start.elapsed() < PATIENCE,
            "{label}: the driver does not listen"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut builder = ClientBuilder::new(HttpConnector::new());
    let Value::Object(capabilities) = capabilities else {
        unreachable!("capabilities are an object");
    };
    builder.capabilities(capabilities);
    let url = format!("http://127.0.0.1:{port}");
    let asked = Instant::now();
    // The driver never answers when the program dies early.
    let client = tokio::time::timeout(PATIENCE, builder.connect(&url))
        .await
        .unwrap_or_else(|_| panic!("{label}: no window; see {}", out().display()))
        .unwrap_or_else(|error| panic!("{label}: no window: {error}; see {}", out().display()));
    (client, driver, asked)
}

async fn in_time<T, E: std::fmt::Display>(
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(String::from("no answer in time")),
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
