//! A computer to register: network namespace, users, sshd and Docker of its own.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command::{poll, run, run_with_input};
use crate::image;
use crate::slot::{Slot, note_process};

const SCRIPT: &str = include_str!("machine.sh");
/// Generous: the figure is about 2 s, but the computer may be busy with a build.
const START_LIMIT: Duration = Duration::from_secs(120);
const USER: &str = "operator";
const USER_ID: &str = "2000";

/// What a machine has.
#[derive(Debug, Clone)]
pub struct MachineOptions<'a> {
    /// A Docker engine.
    pub engine: bool,
    /// The training image ([`crate::TRAINING_IMAGE`]) is present in the engine.
    pub image: bool,
    /// Whether the user may use the engine (is in the group `docker`).
    pub engine_permission: bool,
    /// Lines put in front of the sshd configuration: the first value of a keyword wins.
    pub sshd_extra: Vec<String>,
    /// Reachable only from this machine, as a target behind a jump host; the password is the
    /// same on both, as with accounts of one directory.
    pub behind: Option<&'a Machine>,
}

impl Default for MachineOptions<'_> {
    fn default() -> Self {
        Self {
            engine: true,
            image: false,
            engine_permission: true,
            sshd_extra: Vec::new(),
            behind: None,
        }
    }
}

/// A machine that stands. Dropping it removes it with everything on it.
#[derive(Debug)]
pub struct Machine {
    slot: Slot,
    password: String,
    options: Features,
    /// The namespace that the near end of the wire is in; none for this computer.
    near: Option<String>,
    outer: Option<Child>,
    kept: bool,
}

#[derive(Debug, Clone, Copy)]
struct Features {
    engine: bool,
}

impl Machine {
    /// Puts up a machine and waits until its sshd and its engine answer.
    ///
    /// # Errors
    /// When a program is missing, root is not there, or the machine does not come up.
    pub fn start(options: MachineOptions<'_>) -> Result<Self> {
        if run(&["id", "-u"])?.trim() != "0" {
            bail!("the lab needs root: network namespaces and Docker are its ground");
        }
        let slot = Slot::take()?;
        let mut machine = Self {
            slot,
            password: match options.behind {
                Some(jump) => jump.password.clone(),
                None => random_word()?,
            },
            options: Features {
                engine: options.engine,
            },
            near: options.behind.map(|jump| jump.slot.namespace()),
            outer: None,
            kept: false,
        };
        machine.lay_disk(&options)?;
        machine.lay_wire()?;
        machine.power_on()?;
        Ok(machine)
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("10.99.{}.2", self.slot.number)
    }

    /// The near end of its wire: what the machine sees of this computer (or of its jump host).
    #[must_use]
    pub fn client_address(&self) -> String {
        format!("10.99.{}.1", self.slot.number)
    }

    /// Where sshd listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        22
    }

    /// A user without root's rights.
    #[must_use]
    pub fn user(&self) -> &str {
        USER
    }

    /// That user's password, random for each machine.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The user's home folder, as seen inside the machine.
    #[must_use]
    pub fn home(&self) -> &str {
        "/home/operator"
    }

    /// The same folder as seen from this computer.
    #[must_use]
    pub fn home_from_outside(&self) -> PathBuf {
        self.disk().join("home").join(USER)
    }

    /// The fingerprint of sshd's ed25519 key, as `SHA256:…`.
    ///
    /// # Errors
    /// When the key file is not there.
    pub fn host_key_fingerprint(&self) -> Result<String> {
        let file = self.disk().join("host_key.pub");
        let line = run(&["ssh-keygen", "-l", "-E", "sha256", "-f", text(&file)?])?;
        line.split_whitespace()
            .nth(1)
            .map(str::to_owned)
            .context("ssh-keygen printed no fingerprint")
    }

    /// Lets a public key (one line in OpenSSH's format) log in as the user.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn authorize(&self, public_key: &str) -> Result<()> {
        let file = self.home_from_outside().join(".ssh/authorized_keys");
        let mut keys = fs::read_to_string(&file).unwrap_or_default();
        keys.push_str(public_key.trim());
        keys.push('\n');
        self.write_as_user(".ssh/authorized_keys", &keys)
    }

    /// Writes a file below the user's home, owned by the user.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_as_user(&self, relative: &str, content: &str) -> Result<()> {
        let home = self.home_from_outside();
        let file = home.join(relative);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, content)?;
        run(&["chown", "-R", &format!("{USER_ID}:{USER_ID}"), text(&home)?])?;
        Ok(())
    }

    /// Runs a program inside as root and returns what it printed.
    ///
    /// # Errors
    /// When the machine is off or the program fails.
    pub fn exec(&self, argv: &[&str]) -> Result<String> {
        let pid = self.inner()?.to_string();
        let mut all = vec![
            "nsenter",
            "--target",
            &pid,
            "--mount",
            "--pid",
            "--net",
            "--uts",
            "--ipc",
            "--wd=/",
            "env",
            "-i",
            "HOME=/root",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ];
        all.extend_from_slice(argv);
        run(&all)
    }

    /// Runs a shell line inside as the user, in the user's home.
    ///
    /// # Errors
    /// When the machine is off or the line fails.
    pub fn exec_as_user(&self, line: &str) -> Result<String> {
        self.exec(&["su", "-", USER, "-c", line])
    }

    /// Cuts the power: every process, container and mount is gone at once; the disk stays.
    ///
    /// # Errors
    /// When the machine is off already.
    pub fn power_cut(&mut self) -> Result<()> {
        let Some(mut outer) = self.outer.take() else {
            bail!("the machine is off");
        };
        outer.kill()?;
        outer.wait()?;
        poll("the end of the machine's processes", START_LIMIT, || {
            let left = run(&["ip", "netns", "pids", &self.slot.namespace()])?;
            Ok(left.trim().is_empty().then_some(()))
        })
    }

    /// Starts a machine that is off and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up; the message carries the ends of its logs.
    pub fn power_on(&mut self) -> Result<()> {
        if self.outer.is_some() {
            bail!("the machine is on");
        }
        let disk = self.disk();
        let script = disk.join("machine.sh");
        fs::write(&script, SCRIPT)?;
        let log = fs::File::create(disk.join("machine.log"))?;
        // `ip netns exec` would mount /sys anew, and dockerd would miss the devices group.
        let child = Command::new("nsenter")
            .arg(format!("--net=/run/netns/{}", self.slot.namespace()))
            .args(["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork"])
            .args(["--kill-child", "--mount-proc", "--propagation", "private"])
            .arg("bash")
            .arg(&script)
            .arg(&disk)
            .arg(if self.options.engine {
                "docker"
            } else {
                "none"
            })
            .arg(self.slot.namespace())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("nsenter (util-linux)")?;
        note_process(&self.slot, "unshare.pid", child.id())?;
        self.outer = Some(child);
        let up = self.wait_until_up();
        up.with_context(|| self.logs())
    }

    /// Pulls the machine's network plug; nothing is told to either side.
    ///
    /// # Errors
    /// When `ip` refuses.
    pub fn link_down(&self) -> Result<()> {
        self.inside_net(&["ip", "link", "set", "eth0", "down"])
    }

    /// Puts the plug back.
    ///
    /// # Errors
    /// When `ip` refuses.
    pub fn link_up(&self) -> Result<()> {
        self.inside_net(&["ip", "link", "set", "eth0", "up"])
    }

    /// Gives sshd another host key, as a reinstalled (or a false) machine would show. Sessions
    /// that are open go on; on a machine that is off it shows when the power is back.
    ///
    /// # Errors
    /// When sshd does not come back.
    pub fn change_host_key(&self) -> Result<()> {
        self.make_host_key()?;
        if self.outer.is_none() {
            return Ok(());
        }
        let before = self.exec(&["cat", "/run/sshd.on.pid"])?;
        self.exec(&["kill", before.trim()])?;
        poll("sshd with its new key", START_LIMIT, || {
            let now = self.exec(&["cat", "/run/sshd.on.pid"])?;
            Ok((now != before && self.sshd_answers()).then_some(()))
        })
    }

    /// Stops the Docker engine (its containers with it) until [`Machine::start_engine`].
    ///
    /// # Errors
    /// When there is none or it does not stop.
    pub fn stop_engine(&self) -> Result<()> {
        self.exec(&["rm", "/run/dockerd.on"])?;
        let pid = self.exec(&["cat", "/run/dockerd.on.pid"])?;
        self.exec(&["kill", pid.trim()])?;
        poll("the end of dockerd", START_LIMIT, || {
            Ok((!self.engine_answers()).then_some(()))
        })
    }

    /// Starts a stopped engine again.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn start_engine(&self) -> Result<()> {
        self.exec(&["touch", "/run/dockerd.on"])?;
        poll("dockerd", START_LIMIT, || {
            Ok(self.engine_answers().then_some(()))
        })
    }

    /// Loads an image file (as `docker save` writes it) into the engine.
    ///
    /// # Errors
    /// When the engine refuses it.
    pub fn load_image(&self, file: &Path) -> Result<()> {
        run(&[
            "docker",
            "--host",
            &self.engine_url()?,
            "load",
            "--input",
            text(file)?,
        ])?;
        Ok(())
    }

    /// The engine's socket as seen from this computer, in the form of `DOCKER_HOST`.
    ///
    /// # Errors
    /// When the machine is off.
    pub fn engine_url(&self) -> Result<String> {
        Ok(format!(
            "unix:///proc/{}/root/run/docker.sock",
            self.inner()?
        ))
    }

    /// Leaves the machine standing after this process ends, until `lab down`; `card` is what
    /// `lab status` shows of it.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn keep(mut self, card: &str) -> Result<()> {
        self.slot.keep(card)?;
        self.kept = true;
        Ok(())
    }

    /// A file that holds the password, for people and scripts.
    #[must_use]
    pub fn password_file(&self) -> PathBuf {
        self.disk().join("password")
    }

    pub(crate) fn slot(&self) -> &Slot {
        &self.slot
    }

    pub(crate) fn disk(&self) -> PathBuf {
        self.slot.folder()
    }

    fn lay_disk(&self, options: &MachineOptions<'_>) -> Result<()> {
        let disk = self.disk();
        fs::set_permissions(&disk, fs::Permissions::from_mode(0o711))?;
        fs::create_dir_all(disk.join("etc"))?;
        let home = self.home_from_outside();
        fs::create_dir_all(home.join(".ssh"))?;
        fs::set_permissions(home.join(".ssh"), fs::Permissions::from_mode(0o700))?;
        run(&["chown", "-R", &format!("{USER_ID}:{USER_ID}"), text(&home)?])?;
        fs::write(self.password_file(), format!("{}\n", self.password))?;
        fs::set_permissions(self.password_file(), fs::Permissions::from_mode(0o600))?;

        let hash = run_with_input(&["openssl", "passwd", "-6", "-stdin"], &self.password)?;
        self.lay_account(
            "passwd",
            &format!("{USER}:x:{USER_ID}:{USER_ID}::/home/{USER}:/bin/bash\n"),
        )?;
        self.lay_account(
            "shadow",
            &format!("{USER}:{}:19000:0:99999:7:::\n", hash.trim()),
        )?;
        let groups = fs::read_to_string("/etc/group")?;
        let mut own = format!("{USER}:x:{USER_ID}:\n");
        for line in groups.lines() {
            if let Some(rest) = line.strip_prefix("docker:") {
                let mut parts = rest.split(':');
                let id = parts.nth(1).unwrap_or("999");
                let member = if options.engine_permission { USER } else { "" };
                own.push_str(&format!("docker:x:{id}:{member}\n"));
            } else {
                own.push_str(line);
                own.push('\n');
            }
        }
        fs::write(disk.join("etc/group"), own)?;
        let name = format!("lab-{}", self.slot.number);
        fs::write(disk.join("etc/hostname"), format!("{name}\n"))?;
        fs::write(
            disk.join("etc/hosts"),
            format!("127.0.0.1 localhost\n127.0.1.1 {name}\n"),
        )?;

        let mut config = String::new();
        for line in &options.sshd_extra {
            config.push_str(line);
            config.push('\n');
        }
        config.push_str(&format!(
            "Port 22\nListenAddress 0.0.0.0\nHostKey {0}/host_key\nPidFile none\nUsePAM no\n\
             PasswordAuthentication yes\nPubkeyAuthentication yes\n\
             KbdInteractiveAuthentication no\nPermitRootLogin no\nAllowStreamLocalForwarding yes\n\
             AllowTcpForwarding yes\nStrictModes yes\nUseDNS no\nMaxStartups 100\nMaxSessions 64\n\
             AuthorizedKeysFile .ssh/authorized_keys\nSubsystem sftp internal-sftp\nPrintMotd no\n",
            disk.display()
        ));
        fs::write(disk.join("sshd_config"), config)?;
        self.make_host_key()?;
        if options.engine && options.image {
            image::lay_engine_data(&disk.join("docker"))?;
        }
        Ok(())
    }

    fn lay_account(&self, name: &str, line: &str) -> Result<()> {
        let mut content = fs::read_to_string(Path::new("/etc").join(name))?;
        if !content.ends_with('\n') {
            content.push('\n');
        }
        content.push_str(line);
        let file = self.disk().join("etc").join(name);
        fs::write(&file, content)?;
        if name == "shadow" {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        }
        Ok(())
    }

    fn make_host_key(&self) -> Result<()> {
        let key = self.disk().join("host_key");
        let _ = fs::remove_file(&key);
        let _ = fs::remove_file(self.disk().join("host_key.pub"));
        run(&[
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "lab",
            "-f",
            text(&key)?,
        ])?;
        Ok(())
    }

    fn lay_wire(&self) -> Result<()> {
        let namespace = self.slot.namespace();
        let near = format!("{namespace}c");
        let _ = run(&["ip", "link", "del", &near]);
        run(&["ip", "netns", "add", &namespace])?;
        run(&[
            "ip", "link", "add", &near, "type", "veth", "peer", "name", "eth0", "netns", &namespace,
        ])?;
        let client = format!("{}/30", self.client_address());
        if let Some(jump) = &self.near {
            run(&["ip", "link", "set", &near, "netns", jump])?;
            run(&["ip", "-n", jump, "addr", "add", &client, "dev", &near])?;
            run(&["ip", "-n", jump, "link", "set", &near, "up"])?;
        } else {
            run(&["ip", "addr", "add", &client, "dev", &near])?;
            run(&["ip", "link", "set", &near, "up"])?;
        }
        let own = format!("{}/30", self.address());
        self.inside_net(&["ip", "addr", "add", &own, "dev", "eth0"])?;
        self.inside_net(&["ip", "link", "set", "eth0", "up"])?;
        self.inside_net(&["ip", "link", "set", "lo", "up"])
    }

    fn inside_net(&self, argv: &[&str]) -> Result<()> {
        let net = format!("--net=/run/netns/{}", self.slot.namespace());
        let mut all = vec!["nsenter", &net];
        all.extend_from_slice(argv);
        run(&all)?;
        Ok(())
    }

    /// Process 1 of the machine, by its id on this computer.
    fn inner(&self) -> Result<u32> {
        let outer = self.outer.as_ref().context("the machine is off")?.id();
        let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"))?;
        children
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok())
            .context("the machine has no process 1")
    }

    fn wait_until_up(&mut self) -> Result<()> {
        poll("the machine's sshd", START_LIMIT, || {
            Ok(self.sshd_answers().then_some(()))
        })?;
        if self.options.engine {
            poll("the machine's dockerd", START_LIMIT, || {
                Ok(self.engine_answers().then_some(()))
            })?;
        }
        Ok(())
    }

    fn sshd_answers(&self) -> bool {
        if let Some(jump) = &self.near {
            let probe = format!("exec 3<>/dev/tcp/{}/22 && head -c 4 <&3", self.address());
            let net = format!("--net=/run/netns/{jump}");
            return run(&["nsenter", &net, "timeout", "5", "bash", "-c", &probe])
                .is_ok_and(|banner| banner == "SSH-");
        }
        let Ok(address) = format!("{}:22", self.address()).parse::<SocketAddr>() else {
            return false;
        };
        let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(5)) else {
            return false;
        };
        let mut banner = [0_u8; 4];
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .is_ok()
            && stream.read_exact(&mut banner).is_ok()
            && &banner == b"SSH-"
    }

    fn engine_answers(&self) -> bool {
        let Ok(pid) = self.inner() else {
            return false;
        };
        let Ok(mut stream) = UnixStream::connect(format!("/proc/{pid}/root/run/docker.sock"))
        else {
            return false;
        };
        let asked = stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n");
        let mut answer = [0_u8; 15];
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .is_ok()
            && asked.is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && answer.ends_with(b" 200 OK")
    }

    fn logs(&self) -> String {
        let mut all = String::new();
        for name in ["machine.log", "sshd.log", "dockerd.log"] {
            let text = fs::read_to_string(self.disk().join(name)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let tail = lines.len().saturating_sub(15);
            all.push_str(&format!("--- {name}\n"));
            for line in lines.iter().skip(tail) {
                all.push_str(line);
                all.push('\n');
            }
        }
        all
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Some(mut outer) = self.outer.take() {
            let _ = outer.kill();
            let _ = outer.wait();
        }
        // What stays behind is removed by the next start; a test's own result must not change.
        let _ = self.slot.release();
    }
}

fn random_word() -> Result<String> {
    let mut bytes = [0_u8; 15];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path of the lab is not UTF-8")
}
