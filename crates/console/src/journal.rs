//! What the journal of a machine brought: events for the hosts, entries for the
//! activity list, deployments that another console made.

use skerry_domain::{ErrorBody, ServicePhase, ServiceState, WorkloadPhase, WorkloadState};
use skerry_store::workspace::{DeploymentRecord, NewActivity};
use skerry_store::{Applied, StoreError};

use crate::Console;
use crate::api::{ActivityKind, Topic};
use crate::console::word;
use crate::run_start::cancelled_once;

impl Console {
    /// Called by a link after it applied a part of its machine's journal.
    pub(crate) async fn journal_applied(&self, machine_id: &str, applied: &Applied) {
        if applied.entries == 0 {
            return;
        }
        for run_id in applied.runs.union(&applied.workloads) {
            self.emit_for(&[Topic::Runs, Topic::Metrics], run_id);
        }
        for id in &applied.logs {
            self.emit_for(&[Topic::Logs], id);
        }
        if applied.experiments {
            self.emit_topics(&[Topic::Runs]);
        }
        if applied.models {
            self.emit_topics(&[Topic::Models]);
        }
        if let Err(error) = self.settle_applied(machine_id, applied).await {
            tracing::error!(%error, machine_id, "what a journal brought could not be told");
        }
    }

    async fn settle_applied(&self, machine_id: &str, applied: &Applied) -> Result<(), ErrorBody> {
        let workloads: Vec<String> = applied.workloads.iter().cloned().collect();
        let services: Vec<String> = applied.services.iter().cloned().collect();
        let machine_id = machine_id.to_owned();
        let (machine, ended, states) = {
            let machine_id = machine_id.clone();
            self.db(move |store| {
                let machine = store.machine(&machine_id)?;
                store.read(|reader| {
                    let mut ended = Vec::new();
                    for id in &workloads {
                        if let Some(state) = reader.workload_state(id)?
                            && state.phase.is_final()
                        {
                            let name = match reader.run_info(id) {
                                Ok(info) => info.name,
                                Err(StoreError::NotFound(_)) => id.clone(),
                                Err(error) => return Err(error),
                            };
                            ended.push((name, state));
                        }
                    }
                    let mut states = Vec::new();
                    for id in &services {
                        states.extend(reader.service_state(id)?);
                    }
                    Ok((machine, ended, states))
                })
            })
            .await?
        };
        let actor = machine.map_or_else(|| machine_id.clone(), |machine| machine.name);
        for (name, state) in ended {
            self.write_activity(end_of_run(&actor, &name, &state)).await;
        }
        for state in states {
            self.service_observed(&machine_id, &actor, state).await?;
        }
        Ok(())
    }

    async fn service_observed(
        &self,
        machine_id: &str,
        actor: &str,
        state: ServiceState,
    ) -> Result<(), ErrorBody> {
        let id = state.service_id.clone();
        let known = {
            let id = id.clone();
            self.db(move |store| store.deployment(&id)).await?
        };
        if state.deleted {
            self.services().forget(&id);
            if known.is_some_and(|record| record.deleted_at.is_none()) {
                let (id, at) = (id.clone(), state.at);
                self.db(move |store| store.deployment_delete(&id, at))
                    .await?;
            }
        } else {
            if known.is_none() {
                // Made by another console, or the answer to ours was lost.
                self.adopt(machine_id, &state).await?;
            }
            self.tell_phase(actor, &state).await?;
        }
        self.emit_for(&[Topic::Deployments, Topic::Models], &id);
        Ok(())
    }

    async fn adopt(&self, machine_id: &str, state: &ServiceState) -> Result<(), ErrorBody> {
        let record = DeploymentRecord {
            id: state.service_id.clone(),
            name: state.spec.name.clone(),
            machine_id: machine_id.to_owned(),
            model: state.spec.model_name.clone().unwrap_or_default(),
            bind: state.spec.bind.clone(),
            port: state.spec.port,
            created_at: state.at,
            deleted_at: None,
            told_phase: None,
        };
        let short = state.service_id.get(..6).unwrap_or_default().to_owned();
        self.db(move |store| match store.deployment_add(&record) {
            // Names are unique here, and on each machine, but not over all machines.
            Err(StoreError::AlreadyExists(_)) => store.deployment_add(&DeploymentRecord {
                name: format!("{}-{short}", record.name),
                ..record
            }),
            other => other,
        })
        .await
    }

    /// Becoming healthy and ceasing to be is told once each.
    async fn tell_phase(&self, actor: &str, state: &ServiceState) -> Result<(), ErrorBody> {
        let kind = match state.phase {
            ServicePhase::Healthy => Some(ActivityKind::DeploymentHealthy),
            ServicePhase::Unhealthy | ServicePhase::Failed => {
                Some(ActivityKind::DeploymentUnhealthy)
            }
            // Starting again after a failure, then healthy again, is worth telling.
            ServicePhase::Stopped | ServicePhase::Pulling | ServicePhase::Starting => None,
        };
        let told = match kind {
            Some(kind) => word(&kind),
            None => String::from("none"),
        };
        let id = state.service_id.clone();
        let news = self
            .db(move |store| store.deployment_tell(&id, &told))
            .await?;
        if let Some(kind) = kind.filter(|_| news) {
            self.machine_activity(
                actor,
                kind,
                &state.service_id,
                &state.spec.name,
                state.spec.model_version.clone(),
                state.cause.clone(),
            )
            .await;
        }
        Ok(())
    }
}

fn end_of_run(actor: &str, name: &str, state: &WorkloadState) -> NewActivity {
    let kind = match state.phase {
        WorkloadPhase::Finished => ActivityKind::RunFinished,
        WorkloadPhase::Cancelled => ActivityKind::RunCancelled,
        WorkloadPhase::Interrupted => ActivityKind::RunInterrupted,
        _ => ActivityKind::RunFailed,
    };
    NewActivity {
        at: state.ended_at.unwrap_or(state.at),
        actor: actor.to_owned(),
        kind: word(&kind),
        subject_id: state.run_id.clone(),
        subject: name.to_owned(),
        detail: state.exit_code.map(|code| format!("exit code {code}")),
        problem: state.reason.clone(),
        // A run ends once.
        once: Some(match kind {
            ActivityKind::RunCancelled => cancelled_once(&state.run_id),
            _ => format!("run-ended/{}", state.run_id),
        }),
    }
}
