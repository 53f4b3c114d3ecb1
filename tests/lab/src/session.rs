//! What a desktop session has: a bus with a Secret Service, and a screen.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::command::poll;

/// A session of one person: a home of its own, a message bus, an unlocked keyring.
#[derive(Debug)]
pub struct KeyringSession {
    home: TempDir,
    bus_address: String,
    bus: Child,
    keyring: Option<Child>,
}

impl KeyringSession {
    /// Starts bus and keyring and waits until the Secret Service answers.
    ///
    /// # Errors
    /// When a program is missing or does not answer.
    pub fn start() -> Result<Self> {
        let mut session = Self::without_keyring()?;
        let mut command = Command::new("gnome-keyring-daemon");
        session.apply(&mut command);
        let mut keyring = command
            .args(["--unlock", "--components=secrets", "--foreground"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("gnome-keyring-daemon")?;
        if let Some(mut stdin) = keyring.stdin.take() {
            stdin.write_all(b"lab")?;
        }
        session.keyring = Some(keyring);
        poll("the Secret Service", Duration::from_secs(60), || {
            let mut command = Command::new("dbus-send");
            session.apply(&mut command);
            let answer = command
                .args([
                    "--session",
                    "--print-reply",
                    "--dest=org.freedesktop.secrets",
                ])
                .args(["/org/freedesktop/secrets/collection/login"])
                .args(["org.freedesktop.DBus.Properties.Get"])
                .args(["string:org.freedesktop.Secret.Collection", "string:Locked"])
                .output()?;
            let text = String::from_utf8_lossy(&answer.stdout).into_owned();
            Ok(text.contains("boolean false").then_some(()))
        })?;
        Ok(session)
    }

    /// A session with a bus but nobody who keeps secrets.
    ///
    /// # Errors
    /// When `dbus-daemon` is missing or prints no address.
    pub fn without_keyring() -> Result<Self> {
        let home = tempfile::Builder::new().prefix("skerry-home-").tempdir()?;
        for name in ["data", "config", "cache", "state", "run"] {
            fs::create_dir_all(home.path().join(name))?;
        }
        // Only our own services: the desktop's activation files would start a second keyring.
        let config = home.path().join("bus.conf");
        fs::write(
            &config,
            format!(
                "<busconfig><type>session</type><listen>unix:dir={}</listen>\
                 <auth>EXTERNAL</auth><policy context=\"default\"><allow send_destination=\"*\" \
                 eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy>\
                 </busconfig>\n",
                home.path().join("run").display()
            ),
        )?;
        let mut command = Command::new("dbus-daemon");
        plain_environment(&mut command, home.path());
        let mut bus = command
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("dbus-daemon")?;
        let mut address = String::new();
        if let Some(stdout) = bus.stdout.take() {
            BufReader::new(stdout).read_line(&mut address)?;
        }
        if address.trim().is_empty() {
            let _ = bus.kill();
            let _ = bus.wait();
            bail!("dbus-daemon printed no address");
        }
        Ok(Self {
            home,
            bus_address: address.trim().to_owned(),
            bus,
            keyring: None,
        })
    }

    /// The session's home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Gives `command` this session's environment and nothing of the caller's.
    pub fn apply(&self, command: &mut Command) {
        plain_environment(command, self.home.path());
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address);
    }

    /// The session's environment, complete.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut all = environment(self.home.path());
        all.push((
            "DBUS_SESSION_BUS_ADDRESS".to_owned(),
            self.bus_address.clone(),
        ));
        all
    }
}

impl Drop for KeyringSession {
    fn drop(&mut self) {
        for child in [self.keyring.as_mut(), Some(&mut self.bus)]
            .into_iter()
            .flatten()
        {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn plain_environment(command: &mut Command, home: &Path) {
    command.env_clear();
    command.envs(environment(home));
}

fn environment(home: &Path) -> Vec<(String, String)> {
    let at = |name: &str| home.join(name).display().to_string();
    vec![
        ("HOME".to_owned(), home.display().to_string()),
        ("XDG_DATA_HOME".to_owned(), at("data")),
        ("XDG_CONFIG_HOME".to_owned(), at("config")),
        ("XDG_CACHE_HOME".to_owned(), at("cache")),
        ("XDG_STATE_HOME".to_owned(), at("state")),
        ("XDG_RUNTIME_DIR".to_owned(), at("run")),
        // WebKitGTK's Intl throws on LANG=C.
        ("LANG".to_owned(), "en_US.UTF-8".to_owned()),
        ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
        ("TZ".to_owned(), "UTC".to_owned()),
        // Debian's own programs: a developer's shims and wrappers belong to another home.
        (
            "PATH".to_owned(),
            "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin".to_owned(),
        ),
    ]
}

/// A screen of 1280 × 800 (or another size) in memory.
#[derive(Debug)]
pub struct Display {
    name: String,
    child: Child,
}

impl Display {
    /// Starts an X server on a free number.
    ///
    /// # Errors
    /// When `Xvfb` is missing or does not start.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let mut child = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-nolisten",
                "tcp",
                "-noreset",
                "-screen",
                "0",
            ])
            .arg(format!("{width}x{height}x24"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb")?;
        let mut number = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut number)?;
        }
        if number.trim().is_empty() {
            let _ = child.kill();
            let _ = child.wait();
            bail!("Xvfb gave no display number");
        }
        Ok(Self {
            name: format!(":{}", number.trim()),
            child,
        })
    }

    /// What goes into `DISPLAY`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
