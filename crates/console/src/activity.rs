//! What happened, and the overview of what needs a person.

use std::collections::BTreeMap;

use serde_json::Value;
use skerry_domain::{ErrorBody, Millis, ServicePhase, WorkloadPhase};
use skerry_store::WaitingFor;

use crate::Console;
use crate::api::*;

/// Setting: when the person last looked at the overview.
const LAST_SEEN: &str = "overview_seen_at";
/// Failures older than this no longer call for a person, seen or not.
const NEEDS_FOR: Millis = 14 * 24 * 3_600_000;

impl Console {
    /// A page of what happened, newest first.
    pub async fn activity_list(&self, query: ActivityQuery) -> Result<Vec<ActivityRow>, ErrorBody> {
        if !(1..=500).contains(&query.limit) {
            return Err(ErrorBody::invalid("limit", "Ask for 1 to 500 entries."));
        }
        let records = self
            .db(move |store| store.activity(query.before_id, query.limit))
            .await?;
        Ok(records
            .into_iter()
            .filter_map(|record| {
                let kind = serde_json::from_value(Value::String(record.kind)).ok()?;
                Some(ActivityRow {
                    id: record.id,
                    at: record.at,
                    actor: record.actor,
                    kind,
                    facts: facts(kind, record.detail.as_deref().unwrap_or_default()),
                    subject_id: record.subject_id,
                    subject: record.subject,
                    detail: record.detail,
                    problem: record.problem,
                })
            })
            .collect())
    }

    /// What the first screen shows.
    pub async fn overview(&self, _: Nothing) -> Result<Overview, ErrorBody> {
        let last_seen_at = self.last_seen().await?;
        let machines = self.machines_list(()).await?;
        let drafts = self.setup_list(()).await?;
        let deployments = self.deployments_list(()).await?;
        let recent = self
            .runs_search(RunQuery {
                filter: String::new(),
                order_by: Vec::new(),
                experiment: None,
                machine_id: None,
                stage: RunStage::Active,
                offset: 0,
                limit: 200,
                columns: Vec::new(),
                only_columns: false,
            })
            .await?
            .rows;
        let changes = self
            .activity_list(ActivityQuery {
                before_id: None,
                limit: 20,
            })
            .await?;

        let mut needs = Vec::new();
        if let Some(need) = self.locked_secrets().await? {
            needs.push(need);
        }
        for machine in &machines {
            let problem = machine.link.problem.clone();
            let down = match machine.link.state {
                LinkState::Blocked => true,
                LinkState::Unreachable => problem.is_some(),
                LinkState::Connected | LinkState::Connecting => false,
            };
            if down {
                needs.push(Need {
                    kind: NeedKind::MachineUnreachable,
                    subject_id: machine.id.clone(),
                    subject: machine.name.clone(),
                    problem,
                    since: machine.link.since,
                });
            }
        }
        for deployment in &deployments {
            if matches!(
                deployment.state,
                ServicePhase::Unhealthy | ServicePhase::Failed
            ) {
                needs.push(Need {
                    kind: NeedKind::DeploymentUnhealthy,
                    subject_id: deployment.id.clone(),
                    subject: deployment.name.clone(),
                    problem: deployment.cause.clone(),
                    since: deployment.state_since,
                });
            }
        }
        let since = last_seen_at.unwrap_or(0).max(self.now() - NEEDS_FOR);
        for run in &recent {
            let failed = matches!(
                run.phase,
                Some(WorkloadPhase::Failed | WorkloadPhase::Interrupted)
            );
            let ended = run.ended_at.unwrap_or(run.observed_at);
            if failed && ended > since {
                needs.push(Need {
                    kind: NeedKind::RunFailed,
                    subject_id: run.id.clone(),
                    subject: run.name.clone(),
                    problem: run.reason.clone(),
                    since: ended,
                });
            }
        }
        needs.extend(self.waiting_for_me().await?);
        for draft in drafts.iter().filter(|draft| draft.machine_id.is_none()) {
            needs.push(Need {
                kind: NeedKind::SetupUnfinished,
                subject_id: draft.id.clone(),
                subject: draft.name.clone(),
                problem: draft.problem.clone(),
                since: draft.updated_at,
            });
        }
        let running = recent
            .into_iter()
            .filter(|run| match run.phase {
                Some(phase) => !phase.is_final(),
                None => !run.status.is_final(),
            })
            .take(20)
            .collect();
        Ok(Overview {
            needs,
            running,
            deployments,
            changes,
            last_seen_at,
        })
    }

    /// The person has looked.
    pub async fn overview_seen(&self, _: Nothing) -> Result<Nothing, ErrorBody> {
        let now = self.now();
        self.db(move |store| store.setting_set(LAST_SEEN, &Value::from(now)))
            .await
    }

    async fn last_seen(&self) -> Result<Option<Millis>, ErrorBody> {
        let stored = self.db(|store| store.setting(LAST_SEEN)).await?;
        Ok(stored.as_ref().and_then(Value::as_i64))
    }

    /// What somebody else asked for and the person at this console can decide about.
    async fn waiting_for_me(&self) -> Result<Vec<Need>, ErrorBody> {
        let waiting = self
            .db(|store| store.read(|reader| reader.waiting()))
            .await?;
        Ok(waiting
            .into_iter()
            .filter(|waiting| waiting.asked.who != self.user())
            .map(|waiting| {
                let model = waiting.model;
                let (kind, subject_id, subject) = match waiting.what {
                    WaitingFor::Approval(version) => (
                        NeedKind::ApprovalAsked,
                        format!("{model}/{version}"),
                        format!("{model} {version}"),
                    ),
                    WaitingFor::Unprotection(alias) => (
                        NeedKind::UnprotectAsked,
                        model.clone(),
                        format!("{model} @{alias}"),
                    ),
                };
                Need {
                    kind,
                    subject_id,
                    subject,
                    problem: None,
                    since: waiting.asked.at,
                }
            })
            .collect())
    }

    async fn locked_secrets(&self) -> Result<Option<Need>, ErrorBody> {
        // Only when something is kept there.
        let notes = self.db(|store| store.secret_notes()).await?;
        let Some(newest) = notes.first() else {
            return Ok(None);
        };
        let info = self.secret_store_info().await;
        Ok(match info.state {
            SecretStoreState::Ready => None,
            SecretStoreState::Locked | SecretStoreState::New | SecretStoreState::Failed => {
                Some(Need {
                    kind: NeedKind::SecretsLocked,
                    subject_id: String::from("secrets"),
                    subject: match info.kind {
                        SecretStoreKind::Keyring => String::from("keyring"),
                        SecretStoreKind::Vault => String::from("vault"),
                    },
                    problem: info.problem,
                    since: newest.created_at,
                })
            }
        })
    }
}

/// Takes the short text that is stored with something that happened apart.
fn facts(kind: ActivityKind, detail: &str) -> BTreeMap<String, String> {
    use ActivityKind as Kind;
    let pairs = match kind {
        Kind::RunFinished | Kind::RunFailed | Kind::RunCancelled | Kind::RunInterrupted => {
            vec![("exit_code", detail.strip_prefix("exit code "))]
        }
        Kind::RunStarted => vec![("machine", Some(detail))],
        Kind::VersionRegistered
        | Kind::VersionDeleted
        | Kind::ApprovalAsked
        | Kind::ApprovalGiven
        | Kind::ApprovalRefused
        | Kind::ApprovalWithdrawn => vec![("version", Some(detail))],
        Kind::AliasSet
        | Kind::AliasRemoved
        | Kind::AliasProtected
        | Kind::AliasUnprotectAsked
        | Kind::AliasUnprotected => {
            let text = detail.strip_prefix('@').unwrap_or(detail);
            match text.rsplit_once(" → ") {
                Some((alias, version)) => {
                    vec![("alias", Some(alias)), ("version", Some(version))]
                }
                None => vec![("alias", Some(text))],
            }
        }
        Kind::FilesSaved | Kind::FilesSaveFailed => vec![("path", Some(detail))],
        Kind::ImagePushed | Kind::ImageFailed => vec![("reference", Some(detail))],
        Kind::DeploymentCreated
        | Kind::DeploymentUpdated
        | Kind::DeploymentRolledBack
        | Kind::DeploymentStopped
        | Kind::DeploymentStarted
        | Kind::DeploymentDeleted
        | Kind::DeploymentHealthy
        | Kind::DeploymentUnhealthy => match detail.rsplit_once(' ') {
            Some((model, version)) => vec![("model", Some(model)), ("version", Some(version))],
            None => Vec::new(),
        },
        Kind::MachineRegistered => vec![("host", Some(detail))],
        Kind::HostKeyPinned => vec![("fingerprint", Some(detail))],
        Kind::MachineForgotten
        | Kind::MachineUnreachable
        | Kind::MachineReachable
        | Kind::ModelDeleted
        | Kind::RegistrySaved
        | Kind::RegistryDeleted
        | Kind::SecretDeleted => Vec::new(),
    };
    pairs
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.filter(|value| !value.is_empty())?)))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_taken_apart_by_its_kind() {
        let facts = |kind, detail| {
            let pairs = facts(kind, detail).into_iter();
            pairs
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            facts(ActivityKind::RunFailed, "exit code 3"),
            ["exit_code=3"]
        );
        assert_eq!(
            facts(ActivityKind::AliasSet, "@best → 4"),
            ["alias=best", "version=4"]
        );
        assert_eq!(facts(ActivityKind::AliasRemoved, "@best"), ["alias=best"]);
        assert_eq!(
            facts(ActivityKind::DeploymentUpdated, "two words 12"),
            ["model=two words", "version=12"]
        );
        assert!(facts(ActivityKind::DeploymentStopped, "").is_empty());
        assert!(facts(ActivityKind::RunCancelled, "").is_empty());
    }
}
