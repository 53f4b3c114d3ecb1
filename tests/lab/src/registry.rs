//! A container registry with passwords, on the near end of a machine's wire.

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command::{poll, run_with_input};
use crate::machine::Machine;
use crate::slot::note_process;

/// Debian's `docker-registry`, which asks for a user and a password. Gone when dropped.
#[derive(Debug)]
pub struct Registry {
    address: String,
    password: String,
    child: Child,
    kept: bool,
}

impl Registry {
    /// Starts one that `machine` (and this computer) can reach, with an empty store.
    ///
    /// # Errors
    /// When a program is missing or the registry does not come up.
    pub fn start(machine: &Machine) -> Result<Self> {
        let folder = machine.disk().join("registry");
        fs::create_dir_all(&folder)?;
        let password = format!(
            "reg-{}",
            machine.password().chars().rev().collect::<String>()
        );
        let entry = run_with_input(&["htpasswd", "-niB", "pusher"], &password)?;
        let passwords = folder.join("htpasswd");
        fs::write(&passwords, entry)?;
        let address = format!("{}:5000", machine.client_address());
        let config = folder.join("config.yml");
        fs::write(
            &config,
            format!(
                "version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: '{0}'}}, delete: {{enabled: true}}}}\n\
                 http: {{addr: '{address}'}}\nauth: {{htpasswd: {{realm: lab, path: '{1}'}}}}\n",
                folder.join("data").display(),
                passwords.display()
            ),
        )?;
        let log = fs::File::create(folder.join("registry.log"))?;
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("docker-registry")?;
        note_process(machine.slot(), "registry.pid", child.id())?;
        let registry = Self {
            address,
            password,
            child,
            kept: false,
        };
        poll("the registry", Duration::from_secs(60), || {
            Ok(TcpStream::connect(&registry.address).ok())
        })?;
        Ok(registry)
    }

    /// Host and port, as image references begin.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The user that may pull and push.
    #[must_use]
    pub fn user(&self) -> &str {
        "pusher"
    }

    /// That user's password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Leaves it running with its machine, until `lab down`.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if !self.kept {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
