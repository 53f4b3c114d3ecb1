//! What `/proc` says about this machine and its processes.

use std::{fs, io};

/// Changes with every boot of the machine (and with every "power cut" of a lab
/// machine, whose pid namespace begins anew): the kernel's boot id, and when pid 1
/// of this pid namespace started.
pub fn boot_id() -> io::Result<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    let init = start_ticks(1).unwrap_or_default();
    Ok(format!("{}/{init}", boot.trim()))
}

/// When a process started, in clock ticks since boot: together with its pid the
/// identity of a process. `None` when there is no such process, or when it has
/// ended and only waits to be collected.
pub fn start_ticks(pid: i32) -> Option<u64> {
    let stat = stat(pid)?;
    let state = stat.first()?;
    if state == "Z" || state == "X" {
        return None;
    }
    stat.get(19)?.parse().ok()
}

/// The processes of a session (see setsid(2)).
pub fn session_members(session: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            stat(*pid).is_some_and(|stat| {
                stat.first()
                    .is_some_and(|state| state != "Z" && state != "X")
                    && stat.get(3).is_some_and(|sid| *sid == session.to_string())
            })
        })
        .collect()
}

/// The fields of `/proc/<pid>/stat` from the third on (state first). The second,
/// the name, may hold spaces and brackets, so the last bracket ends it.
fn stat(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_living_from_ended() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(start_ticks(own).is_some());
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        child.wait().unwrap();
        assert_eq!(start_ticks(pid), None);
    }

    #[test]
    fn boot_id_is_steady() {
        assert_eq!(boot_id().unwrap(), boot_id().unwrap());
    }
}
