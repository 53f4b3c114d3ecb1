//! The preflight checks: what a machine is and has, each with a time limit, a cause
//! and a remedy. They speak plain shell over SSH: there is no agent yet.

use std::time::{Duration, Instant};

use skerry_domain::Coded as _;
use skerry_ssh::{Output, Session};

use crate::Console;
use crate::api::{Check, CheckId, CheckState};

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

/// Below this the agent and a first image do not fit.
const DISK_NEEDED: u64 = 2 << 30;
const DISK_WANTED: u64 = 10 << 30;
const MEMORY_WANTED: u64 = 2 << 30;
/// Log lines and metrics of two clocks that differ more are confusing.
const CLOCK_WANTED_MS: i64 = 5_000;
/// The oldest Docker API that is spoken here.
const API_NEEDED: (u32, u32) = (1, 40);

/// Architectures that there is an agent for.
pub(crate) const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

/// A check that has not begun.
pub(crate) fn waiting(id: CheckId) -> Check {
    Check {
        id,
        state: CheckState::Waiting,
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
            check.state = CheckState::Failed;
            check.cause = Some(error.to_string());
            check.remedy = Some(match error.code() {
                skerry_domain::Code::TimedOut => {
                    "The machine is very busy, or the command hangs there. Try again; if it \
                     stays so, run the command on the machine itself."
                        .to_owned()
                }
                _ => "Check the connection to the machine, then check again.".to_owned(),
            });
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
            Ok(Err(error)) => fail(&mut check, error.to_string(), "", None),
            Err(_) => fail(
                &mut check,
                "The check took longer than its time limit.".to_owned(),
                "Try again when the computer is less busy.",
                None,
            ),
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

fn judge(check: &mut Check, output: &Output, between: i64) {
    let text = output.text();
    let answer = |key: &str| {
        text.lines()
            .filter_map(|line| line.trim().strip_prefix("skerry:")?.strip_prefix(key))
            .filter_map(|rest| rest.strip_prefix(' '))
            .map(|value| value.trim().chars().take(200).collect::<String>())
            .find(|value| !value.is_empty())
    };
    match check.id {
        CheckId::Os => os(check, &answer),
        CheckId::Cpu => match answer("count") {
            Some(count) => {
                let name = answer("name");
                ok(
                    check,
                    match name {
                        Some(name) => format!("{count} × {name}"),
                        None => format!("{count} processors"),
                    },
                );
            }
            None => unclear(check, output),
        },
        CheckId::Memory => memory(check, output, &answer),
        CheckId::Disk => disk(check, output, &answer),
        CheckId::Home => home(check, output, &answer),
        CheckId::Clock => clock(check, output, &answer, between),
        CheckId::Gpu => gpu(check, output, &text, &answer),
        CheckId::Engine => engine(check, output, &answer),
        CheckId::EnginePermission => permission(check, output, &answer),
    }
}

type Answer<'a> = &'a dyn Fn(&str) -> Option<String>;

fn os(check: &mut Check, answer: Answer<'_>) {
    let kernel = answer("kernel").unwrap_or_default();
    let arch = answer("arch").unwrap_or_default();
    let name = answer("os").unwrap_or_else(|| kernel.clone());
    check.value = Some(format!("{name}, {arch}"));
    if kernel != "Linux" {
        fail(
            check,
            format!("The machine runs {kernel:?}; the agent runs on Linux."),
            "Choose a Linux machine.",
            None,
        );
    } else if ARCHITECTURES.contains(&arch.as_str()) {
        check.state = CheckState::Ok;
    } else {
        fail(
            check,
            format!("There is no agent for the processor architecture {arch}."),
            "Choose a machine with an x86_64 or aarch64 processor.",
            None,
        );
    }
}

fn memory(check: &mut Check, output: &Output, answer: Answer<'_>) {
    let kib = |key| answer(key).and_then(|value| value.parse::<u64>().ok());
    let Some(total) = kib("total").map(|kib| kib * 1024) else {
        return unclear(check, output);
    };
    check.value = Some(match kib("free") {
        Some(free) => format!("{}, {} free", size(total), size(free * 1024)),
        None => size(total),
    });
    if total < MEMORY_WANTED {
        warn(
            check,
            "There is little memory for training.".to_owned(),
            "Small models work; for larger ones add memory.",
        );
    } else {
        check.state = CheckState::Ok;
    }
}

fn disk(check: &mut Check, output: &Output, answer: Answer<'_>) {
    let kib = |key| answer(key).and_then(|value| value.parse::<u64>().ok());
    let (Some(total), Some(free)) = (kib("total"), kib("free")) else {
        return unclear(check, output);
    };
    let free = free * 1024;
    check.value = Some(format!("{} free of {}", size(free), size(total * 1024)));
    if free < DISK_NEEDED {
        fail(
            check,
            format!(
                "Only {} are free on the disk with the home folder; {} are needed.",
                size(free),
                size(DISK_NEEDED)
            ),
            "Make room on the disk of the home folder.",
            Some("du -xh --max-depth=1 ~ | sort -h | tail"),
        );
    } else if free < DISK_WANTED {
        warn(
            check,
            "Container images and artifacts soon fill what is left.".to_owned(),
            "Make more room before larger trainings.",
        );
    } else {
        check.state = CheckState::Ok;
    }
}

fn home(check: &mut Check, output: &Output, answer: Answer<'_>) {
    let home = answer("home").unwrap_or_default();
    check.value = (!home.is_empty()).then(|| home.clone());
    if answer("ok").is_some() {
        check.state = CheckState::Ok;
    } else if answer("noexec").is_some() {
        fail(
            check,
            format!("Programs cannot run from {home}: the file system is mounted noexec."),
            "Have the home folder mounted without noexec, or register another user.",
            Some("findmnt -T ~"),
        );
    } else {
        fail(
            check,
            answer("why").unwrap_or_else(|| output.complaint()),
            "The user needs a home folder of its own that it can write to.",
            Some("ls -ld ~; df -h ~; id"),
        );
    }
}

fn clock(check: &mut Check, output: &Output, answer: Answer<'_>, between: i64) {
    let Some(now) = answer("now").and_then(|now| now.parse::<i64>().ok()) else {
        return unclear(check, output);
    };
    let skew = now - between;
    let synced = answer("sync").is_some_and(|sync| sync == "yes");
    check.value = Some(if skew.abs() < 1_000 {
        "within a second of this computer".to_owned()
    } else {
        #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
        let seconds = skew.abs() as f64 / 1000.0;
        let word = if skew > 0 { "ahead" } else { "behind" };
        format!("{seconds:.1} s {word}")
    });
    if skew.abs() > CLOCK_WANTED_MS {
        warn(
            check,
            if synced {
                "The machine's clock is synchronised; this computer's is probably wrong.".to_owned()
            } else {
                "The clocks differ: times of runs and logs will look odd.".to_owned()
            },
            "Turn on time synchronisation on the machine.",
        );
        check.command = Some("sudo timedatectl set-ntp true".to_owned());
    } else {
        check.state = CheckState::Ok;
    }
}

fn gpu(check: &mut Check, output: &Output, text: &str, answer: Answer<'_>) {
    if answer("done").is_none() {
        return unclear(check, output);
    }
    let gpus: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("skerry:gpu "))
        .take(16)
        .collect();
    if let Some(why) = answer("broken") {
        check.value = Some("NVIDIA, not usable".to_owned());
        warn(
            check,
            why,
            "The NVIDIA driver does not answer: reinstall it or restart the machine.",
        );
        check.command = Some("nvidia-smi".to_owned());
    } else if !gpus.is_empty() {
        ok(check, gpus.join("; "));
    } else if answer("nodriver").is_some() {
        check.value = Some("NVIDIA, without a driver".to_owned());
        warn(
            check,
            "There is an NVIDIA device, but nvidia-smi is missing.".to_owned(),
            "Install the NVIDIA driver to use it; without it trainings use the processor.",
        );
        check.command = Some("sudo apt-get install nvidia-driver".to_owned());
    } else {
        ok(check, "none: trainings use the processor".to_owned());
    }
}

const NO_ENGINE: &str = "Runs are isolated in containers. Install Docker (or Podman), then \
                         check again. The machine can be registered without, and this done later.";

fn engine(check: &mut Check, output: &Output, answer: Answer<'_>) {
    if answer("done").is_none() {
        return unclear(check, output);
    }
    let versions = |words: String| -> (String, String) {
        let mut words = words.split_whitespace().map(str::to_owned);
        (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        )
    };
    if let Some((version, api)) = answer("docker")
        .map(versions)
        .filter(|(version, _)| !version.is_empty())
    {
        check.value = Some(format!("Docker {version} (API {api})"));
        let numbers = api
            .split_once('.')
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        match numbers {
            Some(found) if found < API_NEEDED => fail(
                check,
                format!(
                    "Docker {version} speaks API {api}; {}.{} or newer is needed.",
                    API_NEEDED.0, API_NEEDED.1
                ),
                "Update Docker on the machine.",
                Some("sudo apt-get install docker.io"),
            ),
            _ => check.state = CheckState::Ok,
        }
    } else if answer("podmansocket").is_some() {
        let version = answer("podman").map(versions).map(|(version, _)| version);
        ok(
            check,
            format!("Podman {}", version.unwrap_or_default())
                .trim()
                .to_owned(),
        );
    } else if answer("listening").is_some() && answer("allowed").is_none() {
        // It may well work: the next check says who may use it.
        ok(check, "Docker (its version is for members only)".to_owned());
    } else if answer("client").as_deref() == Some("docker") && answer("docker").is_none() {
        if answer("allowed").is_some() && answer("daemon").is_some() {
            check.value = Some("Docker, not answering".to_owned());
        }
        fail(
            check,
            "Docker is installed, but its daemon does not answer.".to_owned(),
            "Start the Docker daemon, then check again.",
            Some("sudo systemctl enable --now docker"),
        );
    } else if answer("listening").is_some() {
        ok(check, "Docker".to_owned());
    } else if answer("podman").is_some() {
        fail(
            check,
            "Podman is installed, but its API socket is not there.".to_owned(),
            "Turn on Podman's socket for the user, then check again.",
            Some("systemctl --user enable --now podman.socket && loginctl enable-linger"),
        );
    } else {
        fail(
            check,
            "There is no container engine (neither Docker nor Podman).".to_owned(),
            NO_ENGINE,
            Some("sudo apt-get install docker.io"),
        );
    }
}

fn permission(check: &mut Check, output: &Output, answer: Answer<'_>) {
    if answer("done").is_none() {
        return unclear(check, output);
    }
    let user = answer("user").unwrap_or_default();
    if let Some(socket) = answer("allowed") {
        ok(check, format!("{user} may use {socket}"));
    } else if answer("nosocket").is_some() {
        fail(
            check,
            "There is no engine to use: see the check before.".to_owned(),
            NO_ENGINE,
            None,
        );
    } else {
        let socket = answer("socket").unwrap_or_default();
        let owner = answer("owner").unwrap_or_default();
        fail(
            check,
            format!("'{user}' may not use the container engine ({socket} belongs to {owner})."),
            "Add the user to the group docker, then check again: each check logs in anew.",
            None,
        );
        check.command = Some(format!("sudo usermod -aG docker {user}"));
    }
}

fn ok(check: &mut Check, value: String) {
    check.state = CheckState::Ok;
    check.value = Some(value);
}

fn warn(check: &mut Check, cause: String, remedy: &str) {
    check.state = CheckState::Warning;
    check.cause = Some(cause);
    check.remedy = Some(remedy.to_owned());
}

fn fail(check: &mut Check, cause: String, remedy: &str, command: Option<&str>) {
    check.state = CheckState::Failed;
    check.cause = Some(cause);
    check.remedy = (!remedy.is_empty()).then(|| remedy.to_owned());
    check.command = command.map(str::to_owned);
}

/// The machine answered something else than asked.
fn unclear(check: &mut Check, output: &Output) {
    let complaint = output.complaint();
    let said = if complaint.is_empty() {
        output.text().chars().take(200).collect()
    } else {
        complaint
    };
    fail(
        check,
        format!("The machine's answer was not understood: {}", said.trim()),
        "The user needs a POSIX shell with the usual tools (sh, df, awk, stat).",
        None,
    );
}

/// Binary units with one decimal.
fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let gib = bytes as f64 / f64::from(1 << 30);
    if gib >= 1.0 {
        format!("{gib:.1} GiB")
    } else {
        format!("{:.0} MiB", gib * 1024.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(id: CheckId, stdout: &str) -> Check {
        let mut check = waiting(id);
        let output = Output {
            status: Some(0),
            stdout: stdout.as_bytes().to_vec(),
            ..Output::default()
        };
        judge(&mut check, &output, 1_000_000);
        check
    }

    #[test]
    fn every_failure_has_a_cause_and_a_remedy() {
        let failing = [
            (CheckId::Os, "skerry:kernel Darwin\nskerry:arch arm64"),
            (CheckId::Os, "skerry:kernel Linux\nskerry:arch riscv64"),
            (CheckId::Cpu, "garbage"),
            (CheckId::Memory, ""),
            (CheckId::Disk, "skerry:total 5000000\nskerry:free 1000"),
            (CheckId::Home, "skerry:home /\nskerry:why mkdir: denied"),
            (CheckId::Home, "skerry:home /h\nskerry:noexec yes"),
            (CheckId::Clock, "skerry:now x"),
            (CheckId::Engine, "skerry:done yes"),
            (CheckId::Engine, "skerry:client docker\nskerry:done yes"),
            (CheckId::Engine, "skerry:docker 17.03 1.27\nskerry:done yes"),
            (
                CheckId::Engine,
                "skerry:client podman\nskerry:podman 4.3 -\nskerry:done yes",
            ),
            (
                CheckId::EnginePermission,
                "skerry:user u\nskerry:nosocket yes\nskerry:done yes",
            ),
            (
                CheckId::EnginePermission,
                "skerry:user u\nskerry:socket /s\nskerry:owner root:docker 660\nskerry:done yes",
            ),
        ];
        for (id, stdout) in failing {
            let check = judged(id, stdout);
            assert_eq!(check.state, CheckState::Failed, "{check:?}");
            assert!(check.cause.is_some() && check.remedy.is_some(), "{check:?}");
        }
    }

    #[test]
    fn greetings_of_a_shell_do_no_harm() {
        let check = judged(
            CheckId::Engine,
            "Welcome!\nskerry:docker 20.10.24 1.41\nskerry:done yes\n",
        );
        assert_eq!(check.state, CheckState::Ok);
        assert_eq!(check.value.as_deref(), Some("Docker 20.10.24 (API 1.41)"));
    }

    #[test]
    fn a_clock_that_is_off_is_a_warning() {
        let check = judged(CheckId::Clock, "skerry:now 1060000");
        assert_eq!(check.state, CheckState::Warning);
        assert_eq!(check.value.as_deref(), Some("60.0 s ahead"));
        assert_eq!(
            judged(CheckId::Clock, "skerry:now 1000400").state,
            CheckState::Ok
        );
    }
}
