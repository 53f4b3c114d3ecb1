//! A person's desk: a session with keyring, a data folder, and the programs started there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use skerry_lab::KeyringSession;

use crate::programs::{program, static_agent};
use crate::web::Web;

/// One person's session. Everything that was started in it ends when it is dropped.
#[derive(Debug)]
pub struct Desk {
    session: KeyringSession,
}

/// What `skerry` answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether it ended with 0.
    pub ok: bool,
    /// Standard output as JSON, `Null` when there is none.
    pub json: Value,
    /// Standard output and error, for messages.
    pub text: String,
}

impl Desk {
    /// A fresh session with an unlocked keyring and nothing of Skerry in it.
    ///
    /// # Panics
    /// When the session's programs are missing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            session: KeyringSession::start().unwrap(),
        }
    }

    /// A fresh session in which nobody keeps secrets.
    ///
    /// # Panics
    /// When the session's programs are missing.
    #[must_use]
    pub fn without_keyring() -> Self {
        Self {
            session: KeyringSession::without_keyring().unwrap(),
        }
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.session.home()
    }

    /// The console's data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.home().join("data/skerry")
    }

    /// Gives a command the session's environment, and nothing of the test's.
    pub fn prepare(&self, command: &mut Command) {
        self.session.apply(command);
        command
            .env("SKERRY_STATIC_AGENT", static_agent())
            .env("SKERRY_LOG", "info")
            .current_dir(self.home());
    }

    /// Starts `skerry` with `--json`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn try_skerry(&self, words: &[&str], input: Option<&str>) -> Answer {
        let mut command = Command::new(program("skerry"));
        self.prepare(&mut command);
        command
            .arg("--json")
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        {
            use std::io::Write;
            let mut stdin = child.stdin.take().unwrap();
            // A program that reads no input may have closed it already.
            let _ = stdin.write_all(input.unwrap_or("").as_bytes());
        }
        let output = child.wait_with_output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        Answer {
            ok: output.status.success(),
            json: serde_json::from_str(&stdout).unwrap_or(Value::Null),
            text: format!("skerry {}\n{stdout}{stderr}", words.join(" ")),
        }
    }

    /// As [`Desk::try_skerry`], for what must work.
    ///
    /// # Panics
    /// When `skerry` fails.
    #[must_use]
    pub fn skerry(&self, words: &[&str]) -> Value {
        let answer = self.try_skerry(words, None);
        assert!(answer.ok, "{}", answer.text);
        answer.json
    }

    /// Starts `skerry web` and opens its link.
    pub async fn web(&self) -> Web {
        Web::start(self).await
    }

    /// The processes of this session: id and command line.
    ///
    /// # Panics
    /// Without /proc.
    #[must_use]
    pub fn processes(&self) -> Vec<(u32, String)> {
        let mark = format!("HOME={}", self.home().display());
        let mut all = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let Ok(environment) = fs::read(entry.path().join("environ")) else {
                continue;
            };
            let ours = environment
                .split(|byte| *byte == 0)
                .any(|one| one == mark.as_bytes());
            all.push((pid, parent(&entry.path()), ours));
        }
        // Chromium's processes write over their environment: they are known by their parents.
        while let Some(child) = all.iter().position(|(_, parent, ours)| {
            !ours
                && all
                    .iter()
                    .any(|(pid, _, ours)| *ours && Some(*pid) == *parent)
        }) {
            all[child].2 = true;
        }
        all.into_iter()
            .filter(|(_, _, ours)| *ours)
            .map(|(pid, ..)| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                (pid, String::from_utf8_lossy(&line).replace('\0', " "))
            })
            .collect()
    }
}

/// The process that started one, by its folder in /proc.
fn parent(process: &Path) -> Option<u32> {
    let told = fs::read_to_string(process.join("stat")).ok()?;
    // Behind the name, which may have anything in it: state, parent.
    let (_, rest) = told.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Agents and workloads outlive their console by design; here they end with the desk.
        for (pid, _) in self.processes() {
            let _ = skerry_lab::run(&["kill", "-KILL", &pid.to_string()]);
        }
        if std::thread::panicking() {
            self.keep_logs();
        }
    }
}

impl Desk {
    /// Copies the session's logs to where failed tests leave what they saw.
    fn keep_logs(&self) {
        let name = std::thread::current()
            .name()
            .unwrap_or("test")
            .replace("::", "-");
        let target = crate::programs::out().join(name);
        let _ = fs::create_dir_all(&target);
        for folder in ["logs", "agent"] {
            let from = self.data().join(folder);
            if let Some(from) = from.to_str()
                && let Some(to) = target.join(folder).to_str()
            {
                let _ = skerry_lab::run(&[
                    "bash",
                    "-c",
                    "mkdir -p \"$1\" && find \"$0\" -maxdepth 1 -name '*.log*' -exec cp {} \"$1\" \\;",
                    from,
                    to,
                ]);
            }
        }
    }
}
