//! The machines of the workspace.

use serde::{Deserialize, Serialize};
use skerry_agent::api::Status;
use skerry_agent::client::Client;
use skerry_domain::{Code, EngineKind, ErrorBody, Millis, Reason, validate};
use skerry_store::workspace::MachineRecord;

use crate::Console;
use crate::api::*;
use crate::console::new_id;
use crate::link_open::SshConfig;
use crate::runs::check_id;

/// What was last observed of a machine: the store's `observed` column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ObservedMachine {
    /// What runs workloads there.
    pub(crate) engine: Option<EngineInfo>,
    /// What the agent reported.
    pub(crate) facts: Option<MachineFacts>,
    /// The last preflight.
    pub(crate) checks: Vec<Check>,
    /// When it ran.
    pub(crate) checked_at: Option<Millis>,
    /// The activity list says last that it cannot be reached.
    pub(crate) told_away: bool,
}

impl Console {
    /// The machines, by name.
    pub async fn machines_list(&self, _: Nothing) -> Result<Vec<MachineRow>, ErrorBody> {
        let (machines, active, deployments) = self
            .db(|store| {
                let machines = store.machines()?;
                let deployments = store.deployments()?;
                let active = store.read(|reader| reader.workload_states())?;
                Ok((machines, active, deployments))
            })
            .await?;
        Ok(machines
            .iter()
            .map(|machine| {
                let active = active
                    .iter()
                    .filter(|(id, state)| {
                        id.as_deref() == Some(machine.id.as_str()) && !state.phase.is_final()
                    })
                    .count();
                let deployed = deployments
                    .iter()
                    .filter(|deployment| deployment.machine_id == machine.id)
                    .count();
                self.row_of_machine(machine, active, deployed)
            })
            .collect())
    }

    /// Everything about a machine.
    pub async fn machine_get(&self, args: ById) -> Result<MachineDetail, ErrorBody> {
        let row = self.machine_row(&args.id).await?;
        let record = self.machine_record(&args.id).await?;
        let observed = observed(&record);
        let ssh = SshConfig::of(&record).ok();
        Ok(MachineDetail {
            row,
            host_key_fingerprint: ssh
                .as_ref()
                .and_then(|ssh| ssh.host_key_fingerprint.clone()),
            login: ssh
                .as_ref()
                .map(|ssh| format!("key {}", ssh.key.fingerprint)),
            key_fingerprint: ssh.as_ref().map(|ssh| ssh.key.fingerprint.clone()),
            ssh: ssh.map(|ssh| ssh.address),
            facts: observed.facts,
            checks: observed.checks,
            checked_at: observed.checked_at,
        })
    }

    /// Registers this computer; a no-op when it is.
    pub async fn machine_add_local(&self, _: Nothing) -> Result<MachineRow, ErrorBody> {
        let known = self.db(|store| store.machines()).await?;
        if let Some(machine) = known.iter().find(|machine| machine.kind == "local") {
            self.link_start(machine);
            return self.machine_row(&machine.id).await;
        }
        // A machine that does not work is not registered.
        let status = self.local_agent().await?.status().await?;
        let mut name = self.hostname().to_owned();
        if known.iter().any(|machine| machine.name == name) {
            name = format!("{name} (this computer)");
        }
        let now = self.now();
        let observed = ObservedMachine {
            engine: engine_of(&status),
            facts: Some(facts_of(&status, now)),
            ..ObservedMachine::default()
        };
        let record = MachineRecord {
            id: new_id(),
            name,
            kind: String::from("local"),
            created_at: now,
            config: serde_json::Value::Null,
            observed: serde_json::to_value(observed).unwrap_or_default(),
            last_seen_at: Some(now),
            removed_at: None,
        };
        let saved = record.clone();
        self.db(move |store| store.machine_save(&saved)).await?;
        self.link_start(&record);
        self.activity(
            ActivityKind::MachineRegistered,
            &record.id,
            &record.name,
            None,
            None,
        )
        .await;
        self.machine_row(&record.id).await
    }

    /// This computer's agent, started when it does not run.
    async fn local_agent(&self) -> Result<Client, ErrorBody> {
        let home = self.data_dir().join("agent");
        skerry_agent::local::ensure(&self.agent_program()?, &home).await
    }

    /// Gives a machine another display name.
    pub async fn machine_rename(&self, args: Rename) -> Result<MachineRow, ErrorBody> {
        validate::name("name", &args.name)?;
        self.machine_record(&args.id).await?;
        let (id, name) = (args.id.clone(), args.name.trim().to_owned());
        let wanted = name.clone();
        self.db(move |store| store.machine_rename(&id, &wanted))
            .await
            .map_err(|error| match error.code {
                Code::AlreadyExists => error
                    .because(Reason::MachineNameTaken)
                    .with("name", &name)
                    .with("field", "name"),
                _ => error,
            })?;
        self.machine_row(&args.id).await
    }

    /// Tries the link again now.
    pub async fn machine_reconnect(&self, args: ById) -> Result<MachineRow, ErrorBody> {
        self.machine_record(&args.id).await?;
        self.link_hurry(&args.id);
        self.machine_row(&args.id).await
    }

    /// Forgets a machine. What runs recorded there stays here.
    pub async fn machine_forget(&self, args: MachineForget) -> Result<MachineForgotten, ErrorBody> {
        let row = self.machine_row(&args.id).await?;
        let record = self.machine_record(&args.id).await?;
        if row.deployments > 0 {
            return Err(ErrorBody::new(
                Code::WrongState,
                format!(
                    "{} has {} deployment(s); delete them first.",
                    row.name, row.deployments
                ),
            )
            .because(Reason::MachineHasDeployments)
            .with("machine", row.name)
            .with("n", row.deployments.to_string()));
        }
        if args.clean_up && row.active_runs > 0 {
            return Err(ErrorBody::new(
                Code::WrongState,
                format!(
                    "{} run(s) go on at {}; cancel them, or forget the machine without cleaning up.",
                    row.active_runs, row.name
                ),
            )
            .because(Reason::MachineHasRuns)
            .with("machine", row.name)
            .with("n", row.active_runs.to_string()));
        }
        let agent_home = self.data_dir().join("agent").display().to_string();
        let forgotten = match (row.kind, args.clean_up) {
            (MachineKind::Local, true) => {
                match self.machine_client(&row.id).await {
                    Ok(client) => client.shut_down().await?,
                    // An agent that does not run is stopped.
                    Err(error) => tracing::info!(%error, "the agent was not there to be stopped"),
                }
                let mut forgotten = MachineForgotten::default();
                forgotten.note_removed(
                    ForgottenKind::LocalAgent,
                    &[],
                    "The agent of this computer was stopped.",
                );
                forgotten.note_left(
                    ForgottenKind::RunFiles,
                    &[("path", &agent_home)],
                    format!("The files of its runs are in {agent_home}."),
                );
                forgotten
            }
            (MachineKind::Local, false) => {
                let mut forgotten = MachineForgotten::default();
                forgotten.note_left(
                    ForgottenKind::AgentGoingOn,
                    &[("path", &agent_home)],
                    format!("The agent of this computer goes on; its files are in {agent_home}."),
                );
                forgotten
            }
            (MachineKind::Ssh, clean_up) => self.ssh_forget(&record, clean_up).await?,
        };
        self.link_end(&row.id);
        let (id, at) = (row.id.clone(), self.now());
        self.db(move |store| store.machine_remove(&id, at)).await?;
        self.activity(
            ActivityKind::MachineForgotten,
            &row.id,
            &row.name,
            None,
            None,
        )
        .await;
        Ok(forgotten)
    }

    /// The record of a machine that is not forgotten.
    pub(crate) async fn machine_record(&self, id: &str) -> Result<MachineRecord, ErrorBody> {
        check_id("id", id)?;
        let wanted = id.to_owned();
        self.db(move |store| store.machine(&wanted))
            .await?
            .filter(|record| record.removed_at.is_none())
            .ok_or_else(|| ErrorBody::not_found("machine", id))
    }

    /// Changes what was observed of a machine.
    pub(crate) async fn observe_machine(
        &self,
        id: &str,
        seen_at: Option<Millis>,
        change: impl FnOnce(&mut ObservedMachine) + Send + 'static,
    ) -> Result<(), ErrorBody> {
        let wanted = id.to_owned();
        self.db(move |store| {
            let Some(record) = store.machine(&wanted)? else {
                return Ok(());
            };
            let mut observed = observed(&record);
            change(&mut observed);
            store.machine_observed(&wanted, &serde_json::to_value(observed)?, seen_at)
        })
        .await
    }

    fn row_of_machine(&self, record: &MachineRecord, active: usize, deployed: usize) -> MachineRow {
        let observed = observed(record);
        let kind = if record.kind == "local" {
            MachineKind::Local
        } else {
            MachineKind::Ssh
        };
        let address = match SshConfig::of(record) {
            Ok(SshConfig { address, .. }) => {
                format!("{}@{}:{}", address.user, address.host, address.port)
            }
            Err(_) => self.hostname().to_owned(),
        };
        MachineRow {
            id: record.id.clone(),
            name: record.name.clone(),
            kind,
            address,
            link: self.link_info(&record.id).unwrap_or(LinkInfo {
                state: LinkState::Connecting,
                since: record.created_at,
                last_seen_at: record.last_seen_at,
                problem: None,
            }),
            engine: observed.engine,
            active_runs: u32::try_from(active).unwrap_or(u32::MAX),
            deployments: u32::try_from(deployed).unwrap_or(u32::MAX),
            created_at: record.created_at,
        }
    }
}

/// What is noted of a machine; another version's notes count as none.
pub(crate) fn observed(record: &MachineRecord) -> ObservedMachine {
    serde_json::from_value(record.observed.clone()).unwrap_or_default()
}

/// The engine that workloads use: a container engine that works, else processes.
pub(crate) fn engine_of(status: &Status) -> Option<EngineInfo> {
    let usable = |kind: &EngineKind| *kind != EngineKind::Process;
    let working = status
        .engines
        .iter()
        .filter(|engine| engine.error.is_none());
    working
        .clone()
        .find(|engine| usable(&engine.kind))
        .or_else(|| working.clone().next())
        .map(|engine| EngineInfo {
            kind: engine.kind,
            version: engine.version.clone(),
        })
}

/// What an agent reports, for the screen.
pub(crate) fn facts_of(status: &Status, now: Millis) -> MachineFacts {
    MachineFacts {
        agent_version: status.version.clone(),
        agent_started_at: status.started_at,
        agent_home: status.home.clone(),
        hostname: status.hostname.clone(),
        os: status.os.clone(),
        arch: status.arch.clone(),
        cpus: status.cpus,
        memory_bytes: status.memory_bytes,
        disk_total_bytes: status.disk_total_bytes,
        disk_free_bytes: status.disk_free_bytes,
        clock_skew_ms: status.clock_ms - now,
    }
}

impl MachineForgotten {
    /// Notes something that was removed, in words and for the UI's words.
    pub(crate) fn note_removed(
        &mut self,
        what: ForgottenKind,
        facts: &[(&str, &str)],
        words: impl Into<String>,
    ) {
        self.removed.push(words.into());
        self.removed_what.push(thing(what, facts));
    }

    /// Notes something that stays.
    pub(crate) fn note_left(
        &mut self,
        what: ForgottenKind,
        facts: &[(&str, &str)],
        words: impl Into<String>,
    ) {
        self.left.push(words.into());
        self.left_what.push(thing(what, facts));
    }
}

fn thing(what: ForgottenKind, facts: &[(&str, &str)]) -> ForgottenThing {
    let facts = facts
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    ForgottenThing { what, facts }
}
