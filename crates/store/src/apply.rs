//! A console reading the journal of a machine. Whatever is read twice is skipped by
//! the cursor, which moves in the same transaction.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, params};
use skerry_domain::change::RunRecord;
use skerry_domain::tracking::{LogLine, LoggedModel, ModelVersion};
use skerry_domain::{Change, JournalEntry, KeyValue, LifecycleStage, Millis, RegistryEvent, Via};

use crate::registry_history::{Actor, Note};
use crate::{Reader, Result, StoreError, Tx};

/// What reading a part of a journal has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Number of the last entry that was read.
    pub cursor: u64,
    /// Entries that were new.
    pub entries: usize,
    /// Runs whose row, params, metrics, tags or files changed.
    pub runs: BTreeSet<String>,
    /// Runs and services that wrote lines.
    pub logs: BTreeSet<String>,
    /// Runs whose workload was observed.
    pub workloads: BTreeSet<String>,
    /// Services that were observed.
    pub services: BTreeSet<String>,
    /// Experiments changed.
    pub experiments: bool,
    /// Registered models, versions or aliases changed.
    pub models: bool,
}

impl Reader<'_> {
    /// How far a journal has been read.
    ///
    /// # Errors
    /// When the file fails.
    pub fn cursor(&self, machine_id: &str, journal_id: &str) -> Result<u64> {
        let seq: Option<i64> = self
            .conn()
            .prepare_cached("SELECT seq FROM cursors WHERE machine_id = ?1 AND journal_id = ?2")?
            .query_row([machine_id, journal_id], |row| row.get(0))
            .optional()?;
        Ok(seq.map_or(0, |seq| u64::try_from(seq).unwrap_or(0)))
    }
}

impl Tx<'_> {
    /// Applies entries of a machine's journal, in order; those that were read before
    /// change nothing.
    ///
    /// # Errors
    /// When the file fails; nothing is applied then.
    pub fn apply(
        &self,
        machine_id: &str,
        journal_id: &str,
        entries: &[JournalEntry],
    ) -> Result<Applied> {
        let mut applied = Applied {
            cursor: self.cursor(machine_id, journal_id)?,
            ..Applied::default()
        };
        for entry in entries {
            if entry.seq <= applied.cursor {
                continue;
            }
            let reading = Reading {
                tx: self,
                machine: machine_id,
                at: entry.at,
            };
            match reading.change(&entry.change, &mut applied) {
                Ok(()) => {}
                // One entry that makes no sense here must not stop all that follow.
                Err(error) if error.is_refusal() => {
                    tracing::warn!(machine_id, seq = entry.seq, %error, "an entry of the journal does not fit");
                }
                Err(error) => return Err(error),
            }
            applied.cursor = entry.seq;
            applied.entries += 1;
        }
        if applied.entries > 0 {
            self.conn()
                .prepare_cached(
                    "INSERT OR REPLACE INTO cursors (machine_id, journal_id, seq) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![
                    machine_id,
                    journal_id,
                    i64::try_from(applied.cursor).unwrap_or(i64::MAX)
                ])?;
        }
        Ok(applied)
    }
}

struct Reading<'a, 'c> {
    tx: &'a Tx<'c>,
    machine: &'a str,
    at: Millis,
}

impl Reading<'_, '_> {
    fn change(&self, change: &Change, applied: &mut Applied) -> Result<()> {
        let tx = self.tx;
        match change {
            Change::ExperimentSaved {
                experiment,
                lifecycle,
            } => {
                applied.experiments = true;
                // Deleting one on a machine deletes its runs there, which travel by
                // themselves; here other machines may have runs in it.
                if *lifecycle == LifecycleStage::Active {
                    self.experiment(experiment)?;
                }
            }
            Change::ExperimentRenamed { from, to } => {
                applied.experiments = true;
                let old = self.experiment(from)?;
                let new = self.experiment(to)?;
                tx.conn().execute(
                    "UPDATE runs SET experiment = ?3 WHERE experiment = ?2 AND machine_id = ?1",
                    params![self.machine, old, new],
                )?;
                tx.conn().execute(
                    "UPDATE logged_models SET experiment = ?3 WHERE experiment = ?2 AND machine_id = ?1",
                    params![self.machine, old, new],
                )?;
            }
            Change::ExperimentTags {
                experiment,
                set,
                deleted,
            } => {
                applied.experiments = true;
                let id = self.experiment(experiment)?;
                tx.put_experiment_tags(id, set)?;
                for key in deleted {
                    tx.conn().execute(
                        "DELETE FROM experiment_tags WHERE experiment = ?1 AND key = ?2",
                        params![id, key],
                    )?;
                }
            }
            Change::RunSaved(record) => {
                applied.runs.insert(record.run_id.clone());
                self.run(record)?;
            }
            Change::Params { run_id, params } => {
                applied.runs.insert(run_id.clone());
                tx.put_params(tx.run_number(run_id)?, params)?;
            }
            Change::Metrics { run_id, points } => {
                applied.runs.insert(run_id.clone());
                tx.put_metrics(tx.run_number(run_id)?, run_id, points)?;
            }
            Change::RunTags {
                run_id,
                set,
                deleted,
            } => {
                applied.runs.insert(run_id.clone());
                self.run_tags(run_id, set, deleted)?;
            }
            Change::Inputs {
                run_id,
                datasets,
                models,
            } => {
                applied.runs.insert(run_id.clone());
                let (id, info) = tx.run_row(run_id)?;
                tx.put_inputs(id, info.experiment_id, datasets, models)?;
            }
            Change::Outputs { run_id, models } => {
                applied.runs.insert(run_id.clone());
                tx.put_outputs(tx.run_number(run_id)?, models)?;
            }
            Change::LoggedModelSaved(model) => {
                applied.runs.extend(model.source_run_id.clone());
                self.logged_model(model)?;
            }
            Change::LoggedModelDeleted { model_id } => tx.forget_logged_model(model_id)?,
            Change::RegisteredModelSaved {
                name,
                description,
                tags,
                created_at,
                ..
            } => {
                applied.models = true;
                let actor = self.script(None);
                let tx = &tx.acting(&actor);
                self.registered(tx, name, description.as_deref(), tags, *created_at)?;
            }
            Change::RegisteredModelRenamed { from, to } => {
                applied.models = true;
                self.registered_renamed(from, to)?;
            }
            // A name on the console may have versions of other machines, and images
            // and deployments made of these: deleting it is a person's decision here.
            Change::RegisteredModelDeleted { .. } => {}
            Change::ModelVersionSaved(version) => {
                applied.models = true;
                self.version(version)?;
            }
            Change::ModelVersionDeleted { name, version } => {
                applied.models = true;
                if let Some((model, number)) = tx.by_origin(self.machine, name, *version)? {
                    let actor = self.script(None);
                    tx.acting(&actor).forget_version(model, number)?;
                }
            }
            Change::AliasSet {
                name,
                alias,
                version,
                by,
            } => {
                applied.models = true;
                if let Some((model, number)) = tx.by_origin(self.machine, name, *version)? {
                    self.alias_set(model, alias, number, by.as_deref())?;
                }
            }
            Change::AliasDeleted { name, alias, by } => {
                applied.models = true;
                let actor = self.script(by.as_deref());
                tx.acting(&actor)
                    .drop_alias(tx.registered_number(name)?, alias)?;
            }
            Change::ArtifactLogged {
                owner,
                path,
                size,
                sha256,
            } => {
                applied.runs.insert(owner.id().to_owned());
                tx.put_artifact(owner.id(), path, *size, sha256, self.at)?;
            }
            Change::ArtifactDeleted { owner, path } => {
                applied.runs.insert(owner.id().to_owned());
                tx.drop_artifacts(owner.id(), path)?;
            }
            Change::LogLines {
                run_id,
                first,
                lines,
            } => {
                applied.logs.insert(run_id.clone());
                self.log(run_id, *first, lines)?;
            }
            Change::Workload(state) => {
                applied.workloads.insert(state.run_id.clone());
                tx.put_workload(state, Some(self.machine))?;
            }
            Change::Service(state) => {
                applied.services.insert(state.service_id.clone());
                tx.put_service(state, Some(self.machine))?;
            }
        }
        Ok(())
    }

    /// A script there, of the run that is known to have done it.
    fn script(&self, run_id: Option<&str>) -> Actor {
        Actor {
            machine_id: Some(self.machine.to_owned()),
            happened_at: Some(self.at),
            ..Actor::new(Via::Script, run_id.unwrap_or_default())
        }
    }

    /// The machine knows nothing of what is protected here: what it may not do is noted.
    fn alias_set(&self, model: i64, alias: &str, number: i64, by: Option<&str>) -> Result<()> {
        let actor = self.script(by);
        let tx = self.tx.acting(&actor);
        let Some(target) = tx.version_by_number(model, number)? else {
            return Ok(());
        };
        match tx.put_alias(model, alias, &target) {
            Ok(()) => tx.touch_registered(model),
            Err(error) if error.is_refusal() => {
                tx.note(
                    model,
                    Note {
                        version: Some(number),
                        subject: Some(alias),
                        ..Note::of(RegistryEvent::AliasRefused)
                    },
                )?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    fn experiment(&self, name: &str) -> Result<i64> {
        match self.tx.experiment_by_name(name) {
            Ok(experiment) => Ok(experiment.id),
            Err(StoreError::NotFound(_)) => self.tx.create_experiment(name, None, &[]),
            Err(error) => Err(error),
        }
    }

    fn run(&self, record: &RunRecord) -> Result<()> {
        let experiment = self.experiment(&record.experiment)?;
        let run = self.tx.put_run(record, experiment, Some(self.machine))?;
        self.tx.move_inputs(run, experiment)
    }

    fn run_tags(&self, run_id: &str, set: &[KeyValue], deleted: &[String]) -> Result<()> {
        let run = self.tx.run_number(run_id)?;
        self.tx.put_tags(run, set)?;
        for key in deleted {
            self.tx.remove_tag(run, key)?;
        }
        Ok(())
    }

    fn logged_model(&self, model: &LoggedModel) -> Result<()> {
        let mut model = model.clone();
        model.experiment_id = self.experiment(&model.experiment)?;
        model.machine_id = Some(self.machine.to_owned());
        self.tx.put_logged_model(&model)
    }

    fn registered(
        &self,
        tx: &Tx<'_>,
        name: &str,
        description: Option<&str>,
        tags: &[KeyValue],
        created_at: Millis,
    ) -> Result<i64> {
        let id = match tx.registered_number(name) {
            Ok(id) => id,
            Err(StoreError::NotFound(_)) => tx.insert_registered(name, description, created_at)?,
            Err(error) => return Err(error),
        };
        tx.put_registered_tags(id, tags)?;
        // What a person wrote here stays.
        tx.conn().execute(
            "UPDATE registered_models SET description = coalesce(nullif(description, ''), ?2) WHERE id = ?1",
            params![id, description],
        )?;
        Ok(id)
    }

    /// The name here follows when nobody else has versions under it and the new one is
    /// free; otherwise only later changes are found under the new name.
    fn registered_renamed(&self, from: &str, to: &str) -> Result<()> {
        let actor = self.script(None);
        let tx = self.tx.acting(&actor);
        tx.conn().execute(
            "UPDATE model_versions SET origin_name = ?3 WHERE machine_id = ?1 AND origin_name = ?2",
            params![self.machine, from, to],
        )?;
        let Ok(model) = tx.registered_number(from) else {
            return Ok(());
        };
        let foreign: i64 = tx.conn().query_row(
            "SELECT count(*) FROM model_versions WHERE model = ?1 AND machine_id IS NOT ?2",
            params![model, self.machine],
            |row| row.get(0),
        )?;
        if foreign == 0 && tx.registered_number(to).is_err() {
            tx.rename_registered(model, from, to)?;
        }
        Ok(())
    }

    fn version(&self, version: &ModelVersion) -> Result<()> {
        let actor = self.script(version.run_id.as_deref());
        let tx = &self.tx.acting(&actor);
        if let Some((model, number)) = tx.by_origin(self.machine, &version.name, version.version)? {
            tx.set_stage(model, number, &version.stage)?;
            let there = tx.conn().execute(
                "UPDATE model_versions SET description = coalesce(?3, description), status = ?4,
                    status_message = ?5, updated_at = ?6 WHERE model = ?1 AND version = ?2 AND deleted = 0",
                params![
                    model,
                    number,
                    version.description,
                    version.status,
                    version.status_message,
                    version.updated_at
                ],
            )?;
            if there > 0 {
                tx.put_version_tags(model, number, &version.tags)?;
            }
            return Ok(());
        }
        let model = self.registered(tx, &version.name, None, &[], version.created_at)?;
        let mut here = version.clone();
        here.version = tx.next_version(model)?;
        tx.insert_version(
            model,
            &here,
            Some((self.machine, &version.name, version.version)),
        )?;
        tx.touch_registered(model)
    }

    fn log(&self, owner: &str, first: u64, lines: &[LogLine]) -> Result<()> {
        let known = self.tx.log_length(owner)?;
        let skip = usize::try_from(known.saturating_sub(first)).unwrap_or(usize::MAX);
        match lines.get(skip..) {
            Some(new) if !new.is_empty() => self.tx.put_log(owner, first.max(known), new),
            _ => Ok(()),
        }
    }
}
