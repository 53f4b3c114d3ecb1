//! `skerry model ask|approve|refuse|withdraw|protect|unprotect|history|verify|alias-at`

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use skerry_console::api::*;
use skerry_console::approvals::Approvals;
use skerry_domain::{ApprovalState, Code, ErrorBody, RegistryEvent, Via};

use super::{Session, time, word};
use crate::access::Access;
use crate::arguments::{Approval, Decision, Protection, Request};
use crate::output;

/// Where the registry is.
enum Place<'a> {
    Workspace(&'a mut Access),
    Server(Approvals),
}

impl Place<'_> {
    async fn call<T: DeserializeOwned>(
        &mut self,
        name: &str,
        args: impl Serialize,
    ) -> Result<T, ErrorBody> {
        match self {
            Self::Workspace(access) => access.call(name, args).await,
            Self::Server(approvals) => {
                let unreadable = |error: serde_json::Error| {
                    ErrorBody::new(Code::Internal, format!("{name} cannot be asked: {error}."))
                };
                let args = serde_json::to_value(args).map_err(unreadable)?;
                serde_json::from_value(approvals.call(name, args)?).map_err(unreadable)
            }
        }
    }

    async fn nothing(
        &mut self,
        name: &str,
        args: impl Serialize,
        json: bool,
    ) -> Result<(), ErrorBody> {
        let answer: Value = self.call(name, args).await?;
        output::print(json, &answer, String::new);
        Ok(())
    }

    async fn protect(&mut self, args: AliasProtect, json: bool) -> Result<(), ErrorBody> {
        let alias = args.alias.clone();
        let done: AliasProtected = self.call("alias_protect", args).await?;
        output::print(json, &done, || match done.event {
            RegistryEvent::AliasUnprotectAsked => {
                format!("{alias} stays protected until somebody else runs the same command.")
            }
            RegistryEvent::AliasUnprotected => format!("{alias} is no longer protected."),
            _ => format!("{alias} is protected."),
        });
        Ok(())
    }
}

/// Whether the registry of a tracking server is meant.
pub fn at_server(verb: &Approval) -> bool {
    match verb {
        Approval::Ask(Request { place, .. })
        | Approval::Withdraw(Request { place, .. })
        | Approval::Approve(Decision { place, .. })
        | Approval::Refuse(Decision { place, .. })
        | Approval::Protect(Protection { place, .. })
        | Approval::Unprotect(Protection { place, .. })
        | Approval::History { place, .. }
        | Approval::Verify { place, .. }
        | Approval::AliasAt { place, .. } => place.server,
    }
}

/// In the workspace.
pub async fn run(session: &mut Session, verb: Approval) -> Result<(), ErrorBody> {
    let json = session.json;
    act(Place::Workspace(&mut session.access), verb, json).await
}

/// In the data folder of a tracking server, which may be running.
pub async fn in_server(verb: Approval, data_dir: &Path, json: bool) -> Result<(), ErrorBody> {
    act(Place::Server(Approvals::of_server(data_dir)?), verb, json).await
}

async fn act(mut place: Place<'_>, verb: Approval, json: bool) -> Result<(), ErrorBody> {
    match verb {
        Approval::Ask(asked) => place.nothing("approval_ask", ask(asked), json).await,
        Approval::Withdraw(asked) => place.nothing("approval_withdraw", ask(asked), json).await,
        Approval::Approve(decided) => {
            let args = decide(decided, true);
            place.nothing("approval_decide", args, json).await
        }
        Approval::Refuse(decided) => {
            let args = decide(decided, false);
            place.nothing("approval_decide", args, json).await
        }
        Approval::Protect(wanted) => place.protect(protection(wanted, true), json).await,
        Approval::Unprotect(wanted) => place.protect(protection(wanted, false), json).await,
        Approval::History {
            name,
            version,
            limit,
            ..
        } => {
            let query = RegistryHistoryQuery {
                name,
                version,
                before: None,
                limit,
            };
            let rows: Vec<RegistryHistoryRow> = place.call("registry_history", query).await?;
            output::print(json, &rows, || table(&rows));
            Ok(())
        }
        Approval::Verify { noted, .. } => {
            let verified: RegistryVerified = place
                .call("registry_verify", RegistryVerify { noted })
                .await?;
            output::print(json, &verified, || {
                format!(
                    "{} entries are whole. The last has the hash {}",
                    verified.entries, verified.end
                )
            });
            match &verified.problem {
                None => Ok(()),
                Some(problem) => Err(broken(problem)),
            }
        }
        Approval::AliasAt {
            name, alias, at, ..
        } => {
            let query = AliasAtQuery {
                name,
                alias,
                from: at.0,
                to: at.1,
            };
            let found: AliasAt = place.call("alias_at", query).await?;
            output::print(json, &found, || stood(&found, at.0));
            Ok(())
        }
    }
}

fn ask(asked: Request) -> ApprovalAsk {
    ApprovalAsk {
        name: asked.name,
        version: asked.version,
        reason: asked.reason,
    }
}

fn decide(decided: Decision, approve: bool) -> ApprovalDecide {
    ApprovalDecide {
        name: decided.name,
        version: decided.version,
        approve,
        reason: decided.reason,
    }
}

fn protection(wanted: Protection, protect: bool) -> AliasProtect {
    AliasProtect {
        name: wanted.name,
        alias: wanted.alias,
        protect,
        reason: wanted.reason,
    }
}

fn broken(problem: &RegistryBreak) -> ErrorBody {
    let what = match problem {
        RegistryBreak::Changed { seq } => {
            format!(
                "entry {seq} does not hash to what it says: it was changed or has another place"
            )
        }
        RegistryBreak::Missing { seq } => format!("entry {seq} is not there"),
        RegistryBreak::End { seq } => {
            format!("entry {seq} is the last, but was not the last that was written")
        }
        RegistryBreak::Alias { name, alias } => {
            format!("the alias '{alias}' of '{name}' does not stand for what the history says")
        }
        RegistryBreak::NotNoted => {
            String::from("the noted hash is not in it: it was written anew, or is another store's")
        }
    };
    ErrorBody::new(
        Code::StoreCorrupt,
        format!("The history of the registry is not to be trusted: {what}."),
    )
}

fn stood(found: &AliasAt, from: i64) -> String {
    let version = |version: Option<u32>| {
        version.map_or_else(|| String::from("-"), |version| version.to_string())
    };
    let unknown = found.since.is_none() && found.known_from.is_some_and(|known| from < known);
    let mut lines = vec![if unknown {
        format!("{}  not known", time(from))
    } else {
        format!("{}  {}", time(from), version(found.version))
    }];
    for row in &found.moves {
        let now = match row.event {
            RegistryEvent::AliasRemoved => None,
            _ => row.version,
        };
        lines.push(format!("{}  {}  {}", time(row.at), version(now), who(row)));
    }
    lines.join("\n")
}

fn table(rows: &[RegistryHistoryRow]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.seq.to_string(),
                time(row.at),
                who(row),
                word(&row.event),
                row.version
                    .map_or_else(String::new, |version| version.to_string()),
                row.subject.clone().unwrap_or_default(),
                change(row),
                row.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    output::table(
        &["N", "TIME", "WHO", "WHAT", "VERSION", "OF", "CHANGE", "WHY"],
        &rows,
    )
}

fn change(row: &RegistryHistoryRow) -> String {
    if let (RegistryEvent::AliasSet, Some(before), Some(version)) =
        (row.event, &row.before, row.version)
    {
        return format!("{before} → {version}");
    }
    match (&row.before, &row.after) {
        (Some(before), Some(after)) => format!("{before} → {after}"),
        (Some(before), None) => format!("{before} →"),
        (None, Some(after)) => after.clone(),
        (None, None) => String::new(),
    }
}

/// Who did it, as far as it is known.
fn who(row: &RegistryHistoryRow) -> String {
    let door = match row.via {
        Via::Person => return row.who.clone(),
        Via::Script if row.who.is_empty() => String::from("a script"),
        Via::Script => format!("run {}", row.who),
        Via::Client if row.who.is_empty() => String::from("a client"),
        Via::Client => format!("{} (a client)", row.who),
        Via::Import => String::from("an import"),
        Via::Unknown => String::from("not known"),
    };
    match &row.machine {
        Some(machine) => format!("{door} on {machine}"),
        None => door,
    }
}

/// Where an approval stands, in a word or two.
pub fn state(approval: &ApprovalRow) -> String {
    let state = word(&approval.state);
    match (approval.state, &approval.asked, &approval.settled) {
        (ApprovalState::None, ..) => String::new(),
        (ApprovalState::Approved, ..) if approval.files_changed => {
            String::from("approved, but its files have changed since")
        }
        (ApprovalState::Asked, Some(step), _) | (_, _, Some(step)) => {
            format!("{state} by {}", step.who)
        }
        _ => state,
    }
}
