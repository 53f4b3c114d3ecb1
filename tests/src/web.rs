//! `skerry web`, used by its own interface: the commands that its pages send.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::programs::{PATIENCE, program};

/// A running `skerry web` and a logged-in client of it.
#[derive(Debug)]
pub struct Web {
    child: Child,
    link: String,
    origin: String,
    cookie: String,
    client: reqwest::Client,
}

impl Web {
    /// Starts it on a free port and opens the one-time link.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start(desk: &Desk) -> Self {
        let (child, link) = launch(desk);
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let answer = client.get(&link).send().await.unwrap();
        let cookie = answer
            .headers()
            .get(SET_COOKIE)
            .unwrap_or_else(|| panic!("the link set no cookie: {answer:?}"))
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let origin = origin(&link);
        Self {
            child,
            link,
            origin,
            cookie,
            client,
        }
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The link that was used up by this client.
    #[must_use]
    pub fn used_link(&self) -> &str {
        &self.link
    }

    /// Sends a command; an error is the console's own body: code, message, details.
    ///
    /// # Errors
    /// What the console refused.
    ///
    /// # Panics
    /// When the console is not there.
    pub async fn try_command(&self, name: &str, arguments: Value) -> Result<Value, Value> {
        let answer = self
            .client
            .post(format!("{}/api/command/{name}", self.origin))
            .header(COOKIE, &self.cookie)
            .header(ORIGIN, &self.origin)
            .json(&arguments)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let ok = answer.status().is_success();
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_else(|_| json!({ "text": text }));
        if ok { Ok(body) } else { Err(body) }
    }

    /// Sends a command that must work.
    ///
    /// # Panics
    /// When the console refuses it.
    pub async fn command(&self, name: &str, arguments: Value) -> Value {
        match self.try_command(name, arguments.clone()).await {
            Ok(value) => value,
            Err(error) => panic!("{name} {arguments} was refused: {error:#}"),
        }
    }

    /// Sends a command again and again until its answer satisfies `done`.
    ///
    /// # Panics
    /// When that does not come; the message carries the last answer.
    pub async fn until(
        &self,
        what: &str,
        name: &str,
        arguments: Value,
        done: impl Fn(&Value) -> bool,
    ) -> Value {
        let start = Instant::now();
        loop {
            let last = self.try_command(name, arguments.clone()).await;
            if let Ok(value) = &last
                && done(value)
            {
                return value.clone();
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{what} did not come within {} s; last: {last:#?}",
                PATIENCE.as_secs()
            );
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        }
    }

    /// Ends it as a power cut would: at once, with no chance to tidy up.
    ///
    /// # Panics
    /// When it is gone already.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = skerry_lab::run(&["kill", "-TERM", &self.child.id().to_string()]);
        let start = Instant::now();
        while start.elapsed() < std::time::Duration::from_secs(10) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `skerry web`; returns it with its one-time link.
///
/// # Panics
/// When it prints no link.
#[must_use]
pub fn launch(desk: &Desk) -> (Child, String) {
    listening(desk, &["web", "--listen", "127.0.0.1:0"])
}

/// Starts `skerry` with words that make it listen; returns it with the address that it prints.
///
/// # Panics
/// When it prints none.
#[must_use]
pub fn listening(desk: &Desk, words: &[&str]) -> (Child, String) {
    let mut command = Command::new(program("skerry"));
    desk.prepare(&mut command);
    let mut child = command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut seen = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.by_ref() {
        let line = line.unwrap();
        if let Some(at) = line.find("http://127.0.0.1:") {
            let link = line
                .get(at..)
                .and_then(|rest| rest.split_whitespace().next())
                .unwrap()
                .trim_end_matches(['"', ',', '.', '/'])
                .to_owned();
            // The pipe must not fill up.
            std::thread::spawn(move || lines.for_each(drop));
            return (child, link);
        }
        seen.push_str(&line);
        seen.push('\n');
    }
    panic!(
        "skerry {words:?} printed no address: {seen}{:?}",
        child.wait()
    );
}

fn origin(link: &str) -> String {
    link.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}
