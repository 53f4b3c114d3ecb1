//! What happened, and the overview of what needs a person.

use serde_json::Value;
use skerry_domain::{ErrorBody, LifecycleStage, Millis, ServicePhase, WorkloadPhase};

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
                Some(ActivityRow {
                    id: record.id,
                    at: record.at,
                    actor: record.actor,
                    kind: serde_json::from_value(Value::String(record.kind)).ok()?,
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
                stage: LifecycleStage::Active,
                offset: 0,
                limit: 200,
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
