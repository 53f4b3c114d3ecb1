//! Which machines stand: numbered slots, their owners, and the removal of leftovers.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::run;

const ROOT: &str = "/var/tmp/skerry-lab";
/// 10.99.100.x and above belong to the container networks inside machines.
const LAST: u8 = 90;

/// A number that is taken: it decides the address, the names and the folder of one machine.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) number: u8,
}

/// One machine that stands, for `lab status`.
#[derive(Debug)]
pub struct Standing {
    /// Its number, the third part of its address.
    pub number: u8,
    /// Whether the process that owns it still lives, or it was put up by hand.
    pub owned: bool,
    /// What `lab up` wrote about it, if it was put up by hand.
    pub card: Option<String>,
}

impl Slot {
    /// Takes a free number and removes what dead owners left behind on the way.
    pub(crate) fn take() -> Result<Self> {
        fs::create_dir_all(ROOT)?;
        let _guard = lock()?;
        // Without a machine behind it, an address of the lab must not leave this computer.
        let _ = run(&["ip", "route", "add", "unreachable", "10.99.0.0/16"]);
        for number in 1..=LAST {
            let folder = folder(number);
            if folder.exists() {
                if is_owned(&folder) {
                    continue;
                }
                remove(number)?;
            }
            fs::create_dir_all(&folder)?;
            fs::write(folder.join("owner"), me()?)?;
            return Ok(Self { number });
        }
        bail!("all {LAST} lab machines are taken; `cargo xtask lab down` removes them")
    }

    pub(crate) fn folder(&self) -> PathBuf {
        folder(self.number)
    }

    pub(crate) fn namespace(&self) -> String {
        format!("sklab{}", self.number)
    }

    /// Leaves the machine standing after this process, until `lab down`.
    pub(crate) fn keep(&self, card: &str) -> Result<()> {
        fs::write(self.folder().join("card"), card)?;
        fs::write(self.folder().join("owner"), "kept")?;
        Ok(())
    }

    pub(crate) fn release(&self) -> Result<()> {
        let _guard = lock()?;
        remove(self.number)
    }
}

/// All machines that stand now.
///
/// # Errors
/// When the lab's folder cannot be read.
pub fn standing() -> Result<Vec<Standing>> {
    let mut found = Vec::new();
    for number in 1..=LAST {
        let folder = folder(number);
        if folder.exists() {
            found.push(Standing {
                number,
                owned: is_owned(&folder),
                card: fs::read_to_string(folder.join("card")).ok(),
            });
        }
    }
    Ok(found)
}

/// Removes machines: those put up by hand and those whose owner is gone; with `busy` also those
/// that a living process uses. Returns how many.
///
/// # Errors
/// When a machine resists.
pub fn remove_all(busy: bool) -> Result<usize> {
    fs::create_dir_all(ROOT)?;
    let _guard = lock()?;
    let mut count = 0;
    for one in standing()? {
        if busy || one.card.is_some() || !one.owned {
            remove(one.number)?;
            count += 1;
        }
    }
    Ok(count)
}

fn folder(number: u8) -> PathBuf {
    Path::new(ROOT).join(number.to_string())
}

fn lock() -> Result<File> {
    let file = File::create(Path::new(ROOT).join("lock"))?;
    file.lock().context("the lab's lock")?;
    Ok(file)
}

/// This process: id and start time, so that a reused id is not taken for it.
fn me() -> Result<String> {
    let pid = std::process::id();
    Ok(format!("{pid} {}", start_time(pid).context("no /proc")?))
}

fn is_owned(folder: &Path) -> bool {
    let Ok(owner) = fs::read_to_string(folder.join("owner")) else {
        return false;
    };
    if owner == "kept" {
        return true;
    }
    let mut words = owner.split(' ');
    let pid = words.next().and_then(|word| word.parse().ok());
    match (pid, words.next()) {
        (Some(pid), Some(start)) => start_time(pid).as_deref() == Some(start),
        _ => false,
    }
}

/// Field 22 of /proc/PID/stat, counted from behind the program name.
fn start_time(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19).map(str::to_owned)
}

fn remove(number: u8) -> Result<()> {
    let slot = Slot { number };
    let namespace = slot.namespace();
    // Every process in the machine's network namespace is the machine's own.
    for _ in 0..40 {
        let pids = run(&["ip", "netns", "pids", &namespace]).unwrap_or_default();
        if pids.trim().is_empty() {
            break;
        }
        let mut kill = vec!["kill", "-KILL"];
        kill.extend(pids.split_whitespace());
        let _ = run(&kill);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // The registry on this side of the wire, and the machine's outer process.
    for name in ["registry.pid", "unshare.pid"] {
        if let Ok(pid) = fs::read_to_string(slot.folder().join(name)) {
            let mut words = pid.split(' ');
            if let (Some(pid), Some(start)) = (words.next(), words.next())
                && let Ok(number) = pid.parse()
                && start_time(number).as_deref() == Some(start)
            {
                let _ = run(&["kill", "-KILL", pid]);
            }
        }
    }
    let _ = run(&["ip", "netns", "del", &namespace]);
    let _ = run(&["ip", "link", "del", &format!("{namespace}c")]);
    for controller in fs::read_dir("/sys/fs/cgroup")?.flatten() {
        let parent = controller.path().join(&namespace);
        if parent.exists() {
            remove_groups(&parent);
        }
    }
    let folder = slot.folder();
    // Mounts of a killed machine vanish with their namespace a moment after its last process.
    let mut last = Ok(());
    for _ in 0..100 {
        last = fs::remove_dir_all(&folder);
        if last.is_ok() || !folder.exists() {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    last.with_context(|| format!("{} could not be removed", folder.display()))
}

/// A control group goes when its children are gone; one that is still busy stays for the next.
fn remove_groups(group: &Path) {
    if let Ok(entries) = fs::read_dir(group) {
        for entry in entries.flatten() {
            if entry.path().is_dir() {
                remove_groups(&entry.path());
            }
        }
    }
    let _ = fs::remove_dir(group);
}

/// Notes a process that [`remove`] has to end, with its start time.
pub(crate) fn note_process(slot: &Slot, name: &str, pid: u32) -> Result<()> {
    let start = start_time(pid).unwrap_or_default();
    fs::write(slot.folder().join(name), format!("{pid} {start}"))?;
    Ok(())
}
