//! `skerry machine …`

use std::time::Duration;

use serde_json::json;
use skerry_console::api::*;
use skerry_domain::{Code, ErrorBody};

use super::{Session, absolute, read_secret, time, word};
use crate::arguments::{Login, Machine, MachineAdd};
use crate::output;

const POLL: Duration = Duration::from_millis(200);

pub async fn run(session: &mut Session, verb: Machine) -> Result<(), ErrorBody> {
    let json = session.json;
    match verb {
        Machine::Add(add) => register(session, add).await,
        Machine::AddLocal => {
            let row: MachineRow = session.access.call("machine_add_local", ()).await?;
            output::print(json, &row, || format!("{}  {}", row.id, row.name));
            Ok(())
        }
        Machine::List => {
            let rows: Vec<MachineRow> = session.access.call("machines_list", ()).await?;
            output::print(json, &rows, || {
                let rows: Vec<Vec<String>> = rows.iter().map(line).collect();
                output::table(
                    &["NAME", "ADDRESS", "LINK", "SINCE", "ENGINE", "RUNS"],
                    &rows,
                )
            });
            Ok(())
        }
        Machine::Show { machine } => {
            let id = find(session, &machine).await?.id;
            let detail: MachineDetail = session
                .access
                .call("machine_get", json!({ "id": id }))
                .await?;
            output::print(json, &detail, || describe(&detail));
            Ok(())
        }
        Machine::Check { machine } => {
            let id = find(session, &machine).await?.id;
            let checks: Vec<Check> = session
                .access
                .call("machine_check", json!({ "id": id }))
                .await?;
            output::print(json, &checks, || checks_table(&checks));
            Ok(())
        }
        Machine::Reconnect { machine } => {
            let id = find(session, &machine).await?.id;
            let row: MachineRow = session
                .access
                .call("machine_reconnect", json!({ "id": id }))
                .await?;
            output::print(json, &row, || line(&row).join("  "));
            Ok(())
        }
        Machine::Rename { machine, name } => {
            let id = find(session, &machine).await?.id;
            let row: MachineRow = session
                .access
                .call("machine_rename", json!({ "id": id, "name": name }))
                .await?;
            output::print(json, &row, || row.name.clone());
            Ok(())
        }
        Machine::Forget { machine, clean_up } => {
            let id = find(session, &machine).await?.id;
            let done: MachineForgotten = session
                .access
                .call("machine_forget", json!({ "id": id, "clean_up": clean_up }))
                .await?;
            output::print(json, &done, || {
                let removed = done.removed.iter().map(|what| format!("removed: {what}"));
                let left = done.left.iter().map(|what| format!("left there: {what}"));
                removed.chain(left).collect::<Vec<_>>().join("\n")
            });
            Ok(())
        }
    }
}

/// A machine by id or name.
pub async fn find(session: &mut Session, machine: &str) -> Result<MachineRow, ErrorBody> {
    let rows: Vec<MachineRow> = session.access.call("machines_list", ()).await?;
    rows.into_iter()
        .find(|row| row.id == machine || row.name == machine)
        .ok_or_else(|| ErrorBody::not_found("machine", machine))
}

fn line(row: &MachineRow) -> Vec<String> {
    let engine = row.engine.as_ref().map_or_else(String::new, |engine| {
        format!(
            "{} {}",
            word(&engine.kind),
            engine.version.as_deref().unwrap_or_default()
        )
    });
    vec![
        row.name.clone(),
        row.address.clone(),
        word(&row.link.state),
        time(row.link.since),
        engine.trim().to_owned(),
        row.active_runs.to_string(),
    ]
}

fn describe(detail: &MachineDetail) -> String {
    let row = &detail.row;
    let mut text = format!(
        "{}  {}\nid        {}\nlink      {} since {}",
        row.name,
        row.address,
        row.id,
        word(&row.link.state),
        time(row.link.since)
    );
    if let Some(problem) = &row.link.problem {
        text.push_str(&format!("\n          {}", problem.message));
    }
    if let Some(fingerprint) = &detail.host_key_fingerprint {
        text.push_str(&format!("\nhost key  {fingerprint}"));
    }
    if let Some(login) = &detail.login {
        text.push_str(&format!("\nlogin     {login}"));
    }
    if let Some(facts) = &detail.facts {
        text.push_str(&format!(
            "\nagent     {} in {}\nsystem    {} {}, {} processors, {} MiB memory, {} MiB of disk free",
            facts.agent_version,
            facts.agent_home,
            facts.os,
            facts.arch,
            facts.cpus,
            facts.memory_bytes >> 20,
            facts.disk_free_bytes >> 20
        ));
    }
    if !detail.checks.is_empty() {
        text.push_str("\n\n");
        text.push_str(&checks_table(&detail.checks));
    }
    text
}

fn checks_table(checks: &[Check]) -> String {
    let rows: Vec<Vec<String>> = checks
        .iter()
        .map(|check| {
            vec![
                word(&check.id),
                word(&check.state),
                check.value.clone().unwrap_or_default(),
                check.cause.clone().unwrap_or_default(),
                check.remedy.clone().unwrap_or_default(),
            ]
        })
        .collect();
    output::table(&["CHECK", "STATE", "FOUND", "CAUSE", "REMEDY"], &rows)
}

/// The whole wizard, without a pause.
async fn register(session: &mut Session, add: MachineAdd) -> Result<(), ErrorBody> {
    let json = session.json;
    let address = address(&add)?;
    // An earlier try with the same address goes on where it stopped.
    let drafts: Vec<SetupDraft> = session.access.call("setup_list", ()).await?;
    let earlier = drafts
        .into_iter()
        .find(|draft| draft.address == address && draft.machine_id.is_none());
    let begin = SetupAddress {
        id: earlier.map(|draft| draft.id),
        name: add.name.clone(),
        address,
    };
    let draft = step(session, "setup_address", json!(begin)).await?;
    let id = draft.id.clone();

    output::progress(json, "Asking for the host key …");
    let draft = step(session, "setup_scan", json!({ "id": id })).await?;
    let fingerprints = trusted(&draft, &add)?;
    let draft = match fingerprints {
        Some(fingerprints) => {
            let trust = SetupTrust {
                id: id.clone(),
                fingerprints,
            };
            let draft = step(session, "setup_trust", json!(trust)).await?;
            if add.jump.is_some() && draft.host_keys.len() < 2 {
                // The machine's own key shows only through the trusted jump host; the
                // login below asks for it.
                output::progress(json, "The jump host is trusted.");
            }
            draft
        }
        None => draft,
    };

    output::progress(json, "Logging in …");
    let method = method(&add.login)?;
    let draft = step(
        session,
        "setup_authenticate",
        json!({ "id": draft.id, "method": method }),
    )
    .await?;
    // Behind a jump host the machine's key is seen only now; once it is pinned, the
    // same login goes on by itself.
    if draft.step == SetupStep::HostKey
        && let Some(fingerprints) = trusted(&draft, &add)?
    {
        let trust = SetupTrust {
            id: id.clone(),
            fingerprints,
        };
        step(session, "setup_trust", json!(trust)).await?;
    }

    output::progress(json, "Making and installing a key …");
    step(session, "setup_key", json!({ "id": id })).await?;
    output::progress(json, "Checking the machine …");
    let draft = step(
        session,
        "setup_preflight",
        json!({ "id": id, "check": null }),
    )
    .await?;
    let failed = draft
        .checks
        .iter()
        .find(|check| check.required && check.state == CheckState::Failed);
    if let Some(check) = failed {
        let mut error = ErrorBody::new(
            Code::PreflightFailed,
            format!(
                "The check '{}' failed: {}",
                word(&check.id),
                check.cause.as_deref().unwrap_or("no cause known")
            ),
        );
        if let Some(remedy) = &check.remedy {
            error = error.with("remedy", remedy);
        }
        return Err(error.with("draft", &id));
    }
    output::progress(json, "Sending and starting the agent …");
    let draft = step(session, "setup_agent", json!({ "id": id })).await?;
    let finish = SetupFinish {
        name: add.name.unwrap_or(draft.name),
        id,
    };
    let draft = step(session, "setup_finish", json!(finish)).await?;
    output::print(json, &draft, || {
        format!(
            "{}  {} is registered.",
            draft.machine_id.as_deref().unwrap_or_default(),
            draft.name
        )
    });
    Ok(())
}

/// Calls a step and waits until it has ended; a problem is an error here.
async fn step(
    session: &mut Session,
    name: &str,
    args: serde_json::Value,
) -> Result<SetupDraft, ErrorBody> {
    let mut draft: SetupDraft = session.access.call(name, args).await?;
    loop {
        let checking = name == "setup_preflight"
            && draft
                .checks
                .iter()
                .any(|check| matches!(check.state, CheckState::Waiting | CheckState::Running));
        if !draft.busy && !checking {
            break;
        }
        tokio::time::sleep(POLL).await;
        draft = session
            .access
            .call("setup_get", json!({ "id": draft.id }))
            .await?;
    }
    match draft.problem {
        Some(problem) => Err(problem),
        None => Ok(draft),
    }
}

/// The fingerprints to pin: those offered, when they are the ones that were given.
/// `None` when all of them are pinned already.
fn trusted(draft: &SetupDraft, add: &MachineAdd) -> Result<Option<Vec<String>>, ErrorBody> {
    if draft
        .host_keys
        .iter()
        .all(|offer| offer.state == HostKeyState::Pinned)
    {
        return Ok(None);
    }
    for offer in &draft.host_keys {
        let (given, option) = if offer.is_jump {
            (&add.jump_host_key, "--jump-host-key")
        } else {
            (&add.host_key, "--host-key")
        };
        if offer.state == HostKeyState::Pinned {
            continue;
        }
        match given {
            Some(given) if *given == offer.fingerprint => {}
            Some(given) => {
                return Err(ErrorBody::new(
                    Code::HostKeyMismatch,
                    format!(
                        "{} offers the key {}, not {given}. Do not go on before you know why.",
                        offer.host, offer.fingerprint
                    ),
                )
                .with("host", &offer.host)
                .with("offered", &offer.fingerprint)
                .with("expected", given));
            }
            None => {
                return Err(ErrorBody::new(
                    Code::HostKeyUnknown,
                    format!(
                        "{} offers the {} key {}. Compare it with what the machine's administrator says, then call again with {option} {}.",
                        offer.host, offer.algorithm, offer.fingerprint, offer.fingerprint
                    ),
                )
                .with("host", &offer.host)
                .with("offered", &offer.fingerprint));
            }
        }
    }
    Ok(Some(
        draft
            .host_keys
            .iter()
            .map(|offer| offer.fingerprint.clone())
            .collect(),
    ))
}

fn address(add: &MachineAdd) -> Result<SshAddress, ErrorBody> {
    let (user, host) = add
        .target
        .rsplit_once('@')
        .ok_or_else(|| ErrorBody::invalid("target", "Say who logs in: user@host."))?;
    let jump = add
        .jump
        .as_deref()
        .map(|jump| {
            let (user, rest) = jump
                .rsplit_once('@')
                .ok_or_else(|| ErrorBody::invalid("jump", "Say who logs in: user@host[:port]."))?;
            let (host, port) = match rest.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') || host.ends_with(']') => (
                    host,
                    port.parse().map_err(|_| {
                        ErrorBody::invalid("jump", format!("'{port}' is not a port."))
                    })?,
                ),
                _ => (rest, 22),
            };
            Ok::<_, ErrorBody>(JumpHost {
                host: host.trim_matches(['[', ']']).to_owned(),
                port,
                user: user.to_owned(),
            })
        })
        .transpose()?;
    Ok(SshAddress {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: add.port,
        user: user.to_owned(),
        jump,
    })
}

fn method(login: &Login) -> Result<serde_json::Value, ErrorBody> {
    if let Some(file) = &login.key_file {
        let path = absolute("key_file", file)?;
        let passphrase = if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
            None
        } else {
            Some(read_secret("Passphrase of the key")?).filter(|text| !text.is_empty())
        };
        return Ok(json!({ "kind": "key_file", "path": path, "passphrase": passphrase }));
    }
    if login.ssh_agent {
        return Ok(json!({ "kind": "ssh_agent" }));
    }
    let password = read_secret("Password")?;
    Ok(json!({ "kind": "password", "password": password, "remember": false }))
}
