//! What the answers of the preflight checks mean: each finding with its facts for the
//! UI's words, and the same as English sentences.

use skerry_ssh::Output;

use crate::api::{Check, CheckId, CheckState, Finding};

/// Below this the agent and a first image do not fit.
const DISK_NEEDED: u64 = 2 << 30;
const DISK_WANTED: u64 = 10 << 30;
const MEMORY_WANTED: u64 = 2 << 30;
/// Log lines and metrics of two clocks that differ more are confusing.
const CLOCK_WANTED_MS: i64 = 5_000;
/// The oldest Docker API that is spoken here.
const API_NEEDED: (u32, u32) = (1, 40);

/// Architectures that there is an agent for.
const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

/// Reads what the machine answered; `between` is this computer's time meanwhile.
pub(crate) fn judge(check: &mut Check, output: &Output, between: i64) {
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
                let name = answer("name").unwrap_or_default();
                let facts = [("count", count.as_str()), ("name", &name)];
                let value = if name.is_empty() {
                    format!("{count} processors")
                } else {
                    format!("{count} × {name}")
                };
                ok(check, Finding::CpuFound, &facts, value);
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
    let facts = [("os", name.as_str()), ("arch", &arch), ("kernel", &kernel)];
    if kernel != "Linux" {
        found(check, Finding::OsNotLinux, &facts);
        fail(
            check,
            format!("The machine runs {kernel:?}; the agent runs on Linux."),
            "Choose a Linux machine.",
            None,
        );
    } else if ARCHITECTURES.contains(&arch.as_str()) {
        found(check, Finding::OsFine, &facts);
        check.state = CheckState::Ok;
    } else {
        found(check, Finding::OsArchUnknown, &facts);
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
    let free = kib("free").map(|kib| kib * 1024);
    check.value = Some(match free {
        Some(free) => format!("{}, {} free", size(total), size(free)),
        None => size(total),
    });
    let facts = [
        ("total_bytes", &*total.to_string()),
        (
            "free_bytes",
            &*free.map_or_else(String::new, |free| free.to_string()),
        ),
    ];
    if total < MEMORY_WANTED {
        found(check, Finding::MemoryLittle, &facts);
        warn(
            check,
            "There is little memory for training.".to_owned(),
            "Small models work; for larger ones add memory.",
        );
    } else {
        found(check, Finding::MemoryFound, &facts);
        check.state = CheckState::Ok;
    }
}

fn disk(check: &mut Check, output: &Output, answer: Answer<'_>) {
    let kib = |key| answer(key).and_then(|value| value.parse::<u64>().ok());
    let (Some(total), Some(free)) = (kib("total"), kib("free")) else {
        return unclear(check, output);
    };
    let (total, free) = (total * 1024, free * 1024);
    check.value = Some(format!("{} free of {}", size(free), size(total)));
    let facts = [
        ("total_bytes", &*total.to_string()),
        ("free_bytes", &*free.to_string()),
        ("needed_bytes", &*DISK_NEEDED.to_string()),
    ];
    if free < DISK_NEEDED {
        found(check, Finding::DiskTooLittle, &facts);
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
        found(check, Finding::DiskLittle, &facts);
        warn(
            check,
            "Container images and artifacts soon fill what is left.".to_owned(),
            "Make more room before larger trainings.",
        );
    } else {
        found(check, Finding::DiskFound, &facts);
        check.state = CheckState::Ok;
    }
}

fn home(check: &mut Check, output: &Output, answer: Answer<'_>) {
    let home = answer("home").unwrap_or_default();
    check.value = (!home.is_empty()).then(|| home.clone());
    if answer("ok").is_some() {
        found(check, Finding::HomeFine, &[("home", &home)]);
        check.state = CheckState::Ok;
    } else if answer("noexec").is_some() {
        found(check, Finding::HomeNoexec, &[("home", &home)]);
        fail(
            check,
            format!("Programs cannot run from {home}: the file system is mounted noexec."),
            "Have the home folder mounted without noexec, or register another user.",
            Some("findmnt -T ~"),
        );
    } else {
        let why = answer("why").unwrap_or_else(|| output.complaint());
        let facts = [("home", home.as_str()), ("why", &why)];
        found(check, Finding::HomeNotWritable, &facts);
        fail(
            check,
            why,
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
    let finding = match skew {
        -999..=999 => Finding::ClockAgrees,
        1_000.. => Finding::ClockAhead,
        _ => Finding::ClockBehind,
    };
    let facts = [
        ("skew_ms", &*skew.to_string()),
        ("synced", if synced { "yes" } else { "no" }),
    ];
    found(check, finding, &facts);
    check.value = Some(if finding == Finding::ClockAgrees {
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
        found(check, Finding::GpuBroken, &[("why", &why)]);
        check.value = Some("NVIDIA, not usable".to_owned());
        warn(
            check,
            why,
            "The NVIDIA driver does not answer: reinstall it or restart the machine.",
        );
        check.command = Some("nvidia-smi".to_owned());
    } else if !gpus.is_empty() {
        let gpus = gpus.join("; ");
        ok(check, Finding::GpuFound, &[("gpus", &*gpus)], gpus.clone());
    } else if answer("nodriver").is_some() {
        found(check, Finding::GpuNoDriver, &[]);
        check.value = Some("NVIDIA, without a driver".to_owned());
        warn(
            check,
            "There is an NVIDIA device, but nvidia-smi is missing.".to_owned(),
            "Install the NVIDIA driver to use it; without it trainings use the processor.",
        );
        check.command = Some("sudo apt-get install nvidia-driver".to_owned());
    } else {
        let value = "none: trainings use the processor".to_owned();
        ok(check, Finding::GpuNone, &[], value);
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
        let needed = format!("{}.{}", API_NEEDED.0, API_NEEDED.1);
        if numbers.is_some_and(|spoken| spoken < API_NEEDED) {
            let facts = [("version", &*version), ("api", &*api), ("needed", &*needed)];
            found(check, Finding::EngineTooOld, &facts);
            fail(
                check,
                format!("Docker {version} speaks API {api}; {needed} or newer is needed."),
                "Update Docker on the machine.",
                Some("sudo apt-get install docker.io"),
            );
        } else {
            found(
                check,
                Finding::EngineFound,
                &engine_facts("docker", &version, &api),
            );
            check.state = CheckState::Ok;
        }
    } else if answer("podmansocket").is_some() {
        let version = answer("podman").map(versions).unwrap_or_default().0;
        let facts = engine_facts("podman", &version, "");
        let value = format!("Podman {version}").trim().to_owned();
        ok(check, Finding::EngineFound, &facts, value);
    } else if answer("listening").is_some() && answer("allowed").is_none() {
        // It may well work: the next check says who may use it.
        let value = "Docker (its version is for members only)".to_owned();
        let facts = [("engine", "docker")];
        ok(check, Finding::EngineMembersOnly, &facts, value);
    } else if answer("client").as_deref() == Some("docker") && answer("docker").is_none() {
        if answer("allowed").is_some() && answer("daemon").is_some() {
            check.value = Some("Docker, not answering".to_owned());
        }
        found(check, Finding::EngineDaemonDown, &[]);
        fail(
            check,
            "Docker is installed, but its daemon does not answer.".to_owned(),
            "Start the Docker daemon, then check again.",
            Some("sudo systemctl enable --now docker"),
        );
    } else if answer("listening").is_some() {
        let facts = engine_facts("docker", "", "");
        ok(check, Finding::EngineFound, &facts, "Docker".to_owned());
    } else if answer("podman").is_some() {
        found(check, Finding::EngineNoPodmanSocket, &[]);
        fail(
            check,
            "Podman is installed, but its API socket is not there.".to_owned(),
            "Turn on Podman's socket for the user, then check again.",
            Some("systemctl --user enable --now podman.socket && loginctl enable-linger"),
        );
    } else {
        found(check, Finding::EngineNone, &[]);
        fail(
            check,
            "There is no container engine (neither Docker nor Podman).".to_owned(),
            NO_ENGINE,
            Some("sudo apt-get install docker.io"),
        );
    }
}

fn engine_facts<'a>(engine: &'a str, version: &'a str, api: &'a str) -> [(&'a str, &'a str); 3] {
    [("engine", engine), ("version", version), ("api", api)]
}

fn permission(check: &mut Check, output: &Output, answer: Answer<'_>) {
    if answer("done").is_none() {
        return unclear(check, output);
    }
    let user = answer("user").unwrap_or_default();
    if let Some(socket) = answer("allowed") {
        let facts = [("user", user.as_str()), ("socket", &socket)];
        let value = format!("{user} may use {socket}");
        ok(check, Finding::PermissionFine, &facts, value);
    } else if answer("nosocket").is_some() {
        found(check, Finding::PermissionNoEngine, &[]);
        fail(
            check,
            "There is no engine to use: see the check before.".to_owned(),
            NO_ENGINE,
            None,
        );
    } else {
        let socket = answer("socket").unwrap_or_default();
        let owner = answer("owner").unwrap_or_default();
        let facts = [
            ("user", user.as_str()),
            ("socket", &socket),
            ("owner", &owner),
        ];
        found(check, Finding::PermissionDenied, &facts);
        fail(
            check,
            format!("'{user}' may not use the container engine ({socket} belongs to {owner})."),
            "Add the user to the group docker, then check again: each check logs in anew.",
            None,
        );
        check.command = Some(format!("sudo usermod -aG docker {user}"));
    }
}

/// What was found, for the UI's words.
pub(crate) fn found(check: &mut Check, finding: Finding, facts: &[(&str, &str)]) {
    check.finding = Some(finding);
    check.facts = facts
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
}

fn ok(check: &mut Check, finding: Finding, facts: &[(&str, &str)], value: String) {
    found(check, finding, facts);
    check.state = CheckState::Ok;
    check.value = Some(value);
}

fn warn(check: &mut Check, cause: String, remedy: &str) {
    check.state = CheckState::Warning;
    check.cause = Some(cause);
    check.remedy = Some(remedy.to_owned());
}

/// It does not work, in English.
pub(crate) fn fail(check: &mut Check, cause: String, remedy: &str, command: Option<&str>) {
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
    found(check, Finding::Unclear, &[("said", said.trim())]);
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
    use crate::setup_preflight::waiting;

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
            assert!(check.finding.is_some(), "{check:?}");
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
        assert_eq!(check.finding, Some(Finding::EngineFound));
        assert_eq!(check.facts["version"], "20.10.24");
    }

    #[test]
    fn a_clock_that_is_off_is_a_warning() {
        let check = judged(CheckId::Clock, "skerry:now 1060000");
        assert_eq!(check.state, CheckState::Warning);
        assert_eq!(check.value.as_deref(), Some("60.0 s ahead"));
        assert_eq!(check.finding, Some(Finding::ClockAhead));
        assert_eq!(check.facts["skew_ms"], "60000");
        let check = judged(CheckId::Clock, "skerry:now 1000400");
        assert_eq!(check.state, CheckState::Ok);
        assert_eq!(check.finding, Some(Finding::ClockAgrees));
    }
}
