//! The preflight checks: what a machine is and has, each with a time limit, a cause
//! and a remedy. They speak plain shell over SSH: there is no agent yet.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use skerry_domain::{Code, Coded as _};
use skerry_ssh::{Output, Session};

use crate::Console;
use crate::api::{Check, CheckId, CheckState, Finding};
use crate::setup_findings::{fail, found, judge};

/// Every check, in the order in which they are shown.
pub(crate) const ALL: [CheckId; 9] = [
    CheckId::Os,
    CheckId::Cpu,
    CheckId::Memory,
    CheckId::Disk,
    CheckId::Home,
    CheckId::Clock,
    CheckId::Gpu,
    CheckId::Engine,
    CheckId::EnginePermission,
];

const LIMIT: Duration = Duration::from_secs(20);
/// A driver that has to wake its device takes its time.
const SLOW_LIMIT: Duration = Duration::from_secs(40);

/// A check that has not begun.
pub(crate) fn waiting(id: CheckId) -> Check {
    Check {
        id,
        state: CheckState::Waiting,
        finding: None,
        facts: BTreeMap::new(),
        value: None,
        cause: None,
        remedy: None,
        command: None,
        ms: None,
        limit_ms: u64::try_from(limit(id).as_millis()).unwrap_or(u64::MAX),
        required: required(id),
    }
}

fn limit(id: CheckId) -> Duration {
    match id {
        CheckId::Gpu | CheckId::Engine => SLOW_LIMIT,
        _ => LIMIT,
    }
}

/// Registration needs these; an engine can be installed later.
fn required(id: CheckId) -> bool {
    matches!(id, CheckId::Os | CheckId::Disk | CheckId::Home)
}

/// Runs every check in turn.
pub(crate) async fn check_all(console: &Console, session: &Session) -> Vec<Check> {
    let mut checks = Vec::with_capacity(ALL.len());
    for id in ALL {
        checks.push(check_one(console, session, id).await);
    }
    checks
}

/// A check that is under way.
pub(crate) fn running(id: CheckId) -> Check {
    Check {
        state: CheckState::Running,
        ..waiting(id)
    }
}

/// Runs one check.
pub(crate) async fn check_one(console: &Console, session: &Session, id: CheckId) -> Check {
    let begun = Instant::now();
    let before = console.now();
    let output = session.script(script(id), limit(id)).await;
    let between = i64::midpoint(before, console.now());
    let mut check = waiting(id);
    match output {
        Ok(output) => judge(&mut check, &output, between),
        Err(error) => {
            let why = error.to_string();
            let (finding, remedy) = match error.code() {
                Code::TimedOut => (
                    Finding::TimedOut,
                    "The machine is very busy, or the command hangs there. Try again; if it \
                     stays so, run the command on the machine itself.",
                ),
                _ => (
                    Finding::ConnectionFailed,
                    "Check the connection to the machine, then check again.",
                ),
            };
            found(&mut check, finding, &[("why", &why)]);
            fail(&mut check, why, remedy, None);
        }
    }
    check.ms = Some(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    check
}

/// The same checks for this computer, by the same scripts in a shell of its own.
pub(crate) async fn check_here(console: &Console) -> Vec<Check> {
    let mut checks = Vec::with_capacity(ALL.len());
    for id in ALL {
        let begun = Instant::now();
        let before = console.now();
        let mut command = tokio::process::Command::new("/bin/sh");
        command
            .args(["-c", script(id)])
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        let done = tokio::time::timeout(limit(id), command.output()).await;
        let between = i64::midpoint(before, console.now());
        let mut check = waiting(id);
        match done {
            Ok(Ok(output)) => judge(
                &mut check,
                &Output {
                    status: output
                        .status
                        .code()
                        .and_then(|code| u32::try_from(code).ok()),
                    stdout: output.stdout,
                    stderr: output.stderr,
                    ..Output::default()
                },
                between,
            ),
            Ok(Err(error)) => {
                let why = error.to_string();
                found(&mut check, Finding::NotStarted, &[("why", &why)]);
                fail(&mut check, why, "", None);
            }
            Err(_) => {
                let why = "The check took longer than its time limit.";
                found(&mut check, Finding::TimedOut, &[("why", why)]);
                let remedy = "Try again when the computer is less busy.";
                fail(&mut check, why.to_owned(), remedy, None);
            }
        }
        check.ms = Some(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        checks.push(check);
    }
    checks
}

/// What is asked; every answer is a line `skerry:KEY VALUE`, so that greetings of a
/// login shell do no harm.
fn script(id: CheckId) -> &'static str {
    match id {
        CheckId::Os => {
            "echo \"skerry:kernel $(uname -s)\"; echo \"skerry:arch $(uname -m)\"\n\
             if [ -r /etc/os-release ]; then . /etc/os-release; echo \"skerry:os $PRETTY_NAME\"; fi"
        }
        CheckId::Cpu => {
            "echo \"skerry:count $(getconf _NPROCESSORS_ONLN 2>/dev/null || nproc)\"\n\
             name=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)\n\
             [ -n \"$name\" ] || name=$(LC_ALL=C lscpu 2>/dev/null | sed -n 's/^Model name:[[:space:]]*//p' | head -n 1)\n\
             echo \"skerry:name $name\""
        }
        CheckId::Memory => {
            "sed -n 's/^MemTotal:[[:space:]]*\\([0-9]*\\).*/skerry:total \\1/p; s/^MemAvailable:[[:space:]]*\\([0-9]*\\).*/skerry:free \\1/p' /proc/meminfo"
        }
        CheckId::Disk => {
            "LC_ALL=C df -Pk \"$HOME\" | awk 'NR==2 {print \"skerry:total \" $2; print \"skerry:free \" $4}'"
        }
        CheckId::Home => {
            "echo \"skerry:home $HOME\"\n\
             umask 077\n\
             if mkdir -p \"$HOME/.skerry\" 2>/tmp/.skerry-home.$$ && file=\"$HOME/.skerry/.check.$$\" && printf '#!/bin/sh\\nexit 0\\n' > \"$file\" && chmod 700 \"$file\"; then\n\
             if \"$file\"; then echo skerry:ok yes; else echo skerry:noexec yes; fi; rm -f \"$file\"\n\
             else echo \"skerry:why $(head -c 200 /tmp/.skerry-home.$$ 2>/dev/null)\"; fi; rm -f /tmp/.skerry-home.$$"
        }
        CheckId::Clock => {
            "now=$(date +%s%3N); case \"$now\" in *N*) now=$(date +%s)000;; esac; echo \"skerry:now $now\"\n\
             if command -v timedatectl >/dev/null 2>&1; then echo \"skerry:sync $(timedatectl show -p NTPSynchronized --value 2>/dev/null)\"; fi"
        }
        CheckId::Gpu => {
            "if command -v nvidia-smi >/dev/null 2>&1; then\n\
             nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>/dev/null | sed 's/^/skerry:gpu /'\n\
             [ -n \"$(nvidia-smi -L 2>/dev/null)\" ] || echo \"skerry:broken $(nvidia-smi 2>&1 | head -n 1)\"\n\
             elif ls /dev/nvidia0 >/dev/null 2>&1 || grep -qs 0x10de /sys/bus/pci/devices/*/vendor; then echo skerry:nodriver yes; fi\n\
             echo skerry:done yes"
        }
        CheckId::Engine => {
            "socket=${DOCKER_HOST:-}; socket=${socket#unix://}; [ -n \"$socket\" ] || socket=/var/run/docker.sock\n\
             echo \"skerry:socket $socket\"\n\
             for engine in docker podman; do if command -v $engine >/dev/null 2>&1; then echo \"skerry:client $engine\"; fi; done\n\
             if command -v docker >/dev/null 2>&1; then docker version --format 'skerry:docker {{.Server.Version}} {{.Server.APIVersion}}' 2>/dev/null; fi\n\
             if command -v podman >/dev/null 2>&1; then podman version --format 'skerry:podman {{.Client.Version}} -' 2>/dev/null; fi\n\
             if [ -S \"$socket\" ]; then echo skerry:listening yes; [ -w \"$socket\" ] && echo skerry:allowed yes; fi\n\
             for s in \"${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/podman/podman.sock\" /run/podman/podman.sock; do [ -S \"$s\" ] && echo \"skerry:podmansocket $s\"; done\n\
             if pgrep -x dockerd >/dev/null 2>&1; then echo skerry:daemon yes; fi\n\
             echo skerry:done yes"
        }
        CheckId::EnginePermission => {
            "socket=${DOCKER_HOST:-}; socket=${socket#unix://}; [ -n \"$socket\" ] || socket=/var/run/docker.sock\n\
             echo \"skerry:user $(id -un)\"; echo \"skerry:groups $(id -Gn)\"; echo \"skerry:socket $socket\"\n\
             podman=\"${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/podman/podman.sock\"\n\
             if [ -S \"$podman\" ] && [ -w \"$podman\" ]; then echo \"skerry:allowed $podman\"; fi\n\
             if [ -S \"$socket\" ]; then echo \"skerry:owner $(stat -c '%U:%G %a' \"$socket\" 2>/dev/null)\"; [ -r \"$socket\" ] && [ -w \"$socket\" ] && echo \"skerry:allowed $socket\"\n\
             else echo skerry:nosocket yes; fi\n\
             echo skerry:done yes"
        }
    }
}
