//! What the agent says about its machine.

use std::{fs, path::Path};

use skerry_domain::{Coded as _, EngineKind, WorkloadPhase};

use super::{Agent, failure::Failure};
use crate::{
    VERSION,
    api::{API_VERSION, EngineStatus, Status},
    relay::record::now,
};

pub(super) fn cpus() -> u32 {
    std::thread::available_parallelism()
        .ok()
        .and_then(|count| u32::try_from(count.get()).ok())
        .unwrap_or(1)
}

fn read(path: &str) -> String {
    fs::read_to_string(path)
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

fn memory_bytes() -> u64 {
    read("/proc/meminfo")
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .map_or(0, |kib| kib * 1_024)
}

fn os() -> String {
    read("/etc/os-release")
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map(|name| name.trim_matches('"').to_owned())
        .unwrap_or_else(|| format!("Linux {}", read("/proc/sys/kernel/osrelease")))
}

/// As NVIDIA's driver lists them; other makers' are told by preflight.
fn gpus() -> Vec<String> {
    let Ok(entries) = fs::read_dir("/proc/driver/nvidia/gpus") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let text = fs::read_to_string(entry.path().join("information")).ok()?;
            let model = text.lines().find_map(|line| line.strip_prefix("Model:"))?;
            Some(model.trim().to_owned())
        })
        .collect()
}

fn user() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    read("/etc/passwd")
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
            (id == uid).then(|| name.to_owned())
        })
        .unwrap_or(uid)
}

/// Total and free bytes of the disk under a folder.
fn disk(folder: &Path) -> (u64, u64) {
    rustix::fs::statvfs(folder)
        .map(|stat| (stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize))
        .unwrap_or_default()
}

async fn engines(agent: &Agent) -> Vec<EngineStatus> {
    let mut engines = Vec::new();
    for engine in [
        agent.engine(EngineKind::Docker),
        agent.engine(EngineKind::Process),
    ] {
        engines.push(match engine.info().await {
            Ok(info) => EngineStatus {
                kind: info.kind,
                version: Some(info.version),
                api_version: Some(info.api_version).filter(|version| !version.is_empty()),
                error: None,
            },
            Err(error) => EngineStatus {
                kind: engine.kind(),
                version: None,
                api_version: None,
                error: Some(error.to_body()),
            },
        });
    }
    engines
}

pub(super) async fn status(agent: &Agent) -> Failure<Status> {
    let engines = engines(agent).await;
    let (journal_last, runs, services) = agent.store.read(|reader| {
        Ok((
            reader.journal_last()?,
            reader.agent_runs_open()?,
            reader.agent_services()?,
        ))
    })?;
    let queued = runs
        .iter()
        .filter(|run| run.state.phase == WorkloadPhase::Queued)
        .count();
    let wanted = services.iter().filter(|service| service.wanted).count();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (disk_total_bytes, disk_free_bytes) = disk(agent.home.root());
    Ok(Status {
        version: VERSION.to_owned(),
        api: API_VERSION,
        home: agent.home.root().display().to_string(),
        pid: std::process::id(),
        started_at: agent.started_at,
        clock_ms: now(),
        hostname: read("/proc/sys/kernel/hostname"),
        os: os(),
        arch: std::env::consts::ARCH.to_owned(),
        user: user(),
        cpus: cpus(),
        memory_bytes: memory_bytes(),
        disk_total_bytes,
        disk_free_bytes,
        gpus: gpus(),
        boot_id: agent.boot_id.clone(),
        journal_id: agent.identity.clone(),
        journal_last,
        engines,
        runs_active: count(runs.len() - queued),
        runs_queued: count(queued),
        services: count(wanted),
    })
}
