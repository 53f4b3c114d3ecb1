//! A run from the queue to its end. Everything that decides is in the store before
//! the next step is taken, so that an agent that starts anew takes up where the last
//! one was.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use skerry_domain::{
    Code, Coded as _, EngineKind, ErrorBody, KeyValue, Reason, RunSpec, RunStatus, WorkloadPhase,
    WorkloadState,
    tracking::{Dataset, DatasetInput},
};
use skerry_engine::{Engine, State, Workload};
use skerry_store::{NewRun, RunUpdate, Store, agent::AgentRun};
use tokio_util::sync::CancellationToken;

use super::{
    Agent, blobs,
    failure::{Failure, off_thread},
    lock, logs, prepare, snapshot, tracking, unknown,
    verdict::{Evidence, Verdict, verdict},
};
use crate::{
    project,
    relay::record::{End, now},
};

/// How long a cancelled run may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);
/// How often an engine that is away is asked again.
const ENGINE_PAUSE: Duration = Duration::from_secs(2);

/// What the agent holds of a run that has not ended.
pub(super) struct Handle {
    cancel: CancellationToken,
}

/// Takes a run on; one that is there already is answered as it is.
pub(super) async fn start(agent: &Arc<Agent>, mut spec: RunSpec) -> Failure<WorkloadState> {
    prepare::check(&spec)?;
    let blobs = agent.home.blobs();
    let spec = off_thread(move || {
        blobs::check(&blobs, &spec.project.files)?;
        spec.project.hash = project::hash_of(&spec.project.files);
        spec.project.bytes = spec.project.files.iter().map(|file| file.size).sum();
        Ok(spec)
    })
    .await?;
    let mut shown = spec.clone();
    shown.project.files.clear();
    let state = WorkloadState {
        run_id: spec.run_id.clone(),
        phase: WorkloadPhase::Queued,
        at: now(),
        reason: None,
        exit_code: None,
        spec: shown,
        image_id: None,
        image_digest: None,
        snapshots: Vec::new(),
        queued_at: now(),
        started_at: None,
        ended_at: None,
    };
    let (first, id) = (state.clone(), spec.run_id.clone());
    let added = agent
        .store
        .write_async(move |tx| {
            if !tx.agent_run_add(&spec, &first)? {
                return Ok(false);
            }
            let experiment = tx.experiment_named(&spec.experiment)?;
            tx.create_run(NewRun {
                run_id: Some(spec.run_id.clone()),
                experiment_id: experiment.id,
                name: spec.run_name.clone().unwrap_or_default(),
                user_id: spec.started_by.clone().unwrap_or_default(),
                start_time: Some(first.queued_at),
                status: Some(RunStatus::Scheduled),
                tags: pairs(prepare::tags(&spec)),
                ..NewRun::default()
            })?;
            Ok(true)
        })
        .await?;
    if added {
        spawn(agent, &id);
    }
    get(&agent.store, &id).map(|run| run.state)
}

/// Takes up every run that had not ended when the last agent did.
pub(super) fn resume(agent: &Arc<Agent>) -> Failure<()> {
    for run in agent.store.read(|reader| reader.agent_runs_open())? {
        tracing::info!(run = %run.spec.run_id, phase = ?run.state.phase, "taking up a run");
        spawn(agent, &run.spec.run_id);
    }
    Ok(())
}

/// Asks a run to end.
pub(super) async fn cancel(agent: &Agent, run_id: &str) -> Failure<WorkloadState> {
    let run = get(&agent.store, run_id)?;
    if !run.state.phase.is_final() {
        let id = run_id.to_owned();
        agent
            .store
            .write_async(move |tx| tx.agent_run_cancel(&id))
            .await?;
        if let Some(handle) = lock(&agent.runs).get(run_id) {
            handle.cancel.cancel();
        }
    }
    get(&agent.store, run_id).map(|run| run.state)
}

/// Removes the folder of a run that has ended.
pub(super) async fn remove(agent: &Agent, run_id: &str) -> Failure<()> {
    let run = get(&agent.store, run_id)?;
    if !run.state.phase.is_final() {
        return Err(ErrorBody::new(
            Code::WrongState,
            "The run has not ended yet: cancel it first.",
        ));
    }
    let folder = agent.home.run(run_id).root().to_owned();
    off_thread(move || match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(super::io_failure(
            &format!("{} cannot be removed", folder.display()),
            &error,
        )),
        _ => Ok(()),
    })
    .await
}

pub(super) fn get(store: &Store, run_id: &str) -> Failure<AgentRun> {
    store
        .read(|reader| reader.agent_run(run_id))?
        .ok_or_else(|| unknown("run", run_id))
}

fn pairs(map: impl IntoIterator<Item = (String, String)>) -> Vec<KeyValue> {
    map.into_iter()
        .map(|(key, value)| KeyValue { key, value })
        .collect()
}

fn spawn(agent: &Arc<Agent>, run_id: &str) {
    let cancel = CancellationToken::new();
    let handle = Handle {
        cancel: cancel.clone(),
    };
    lock(&agent.runs).insert(run_id.to_owned(), handle);
    let (agent, run_id) = (Arc::clone(agent), run_id.to_owned());
    tokio::spawn(async move {
        let ended = tokio::select! {
            ended = to_its_end(&agent, &run_id, &cancel) => ended,
            // The next agent takes it up; nothing that matters is only in memory.
            () = agent.shutdown.cancelled() => return,
        };
        if let Err(error) = ended {
            tracing::error!(run = %run_id, %error, "the run's end could not be kept");
        }
        lock(&agent.runs).remove(&run_id);
    });
}

/// A run on its way.
struct Journey<'a> {
    agent: &'a Arc<Agent>,
    run: AgentRun,
    engine: Arc<dyn Engine>,
    cancel: &'a CancellationToken,
}

async fn to_its_end(agent: &Arc<Agent>, run_id: &str, cancel: &CancellationToken) -> Failure<()> {
    let run = get(&agent.store, run_id)?;
    if run.cancelled {
        cancel.cancel();
    }
    let engine = agent.engine(run.spec.engine);
    let mut journey = Journey {
        agent,
        run,
        engine,
        cancel,
    };
    let end = journey.go().await.unwrap_or_else(|error| Verdict {
        phase: WorkloadPhase::Failed,
        reason: Some(prepare::image_words(error)),
        exit_code: None,
    });
    journey.end(end).await
}

impl Journey<'_> {
    fn id(&self) -> &str {
        &self.run.spec.run_id
    }

    async fn go(&mut self) -> Failure<Verdict> {
        // Held until the end: the next in the queue gets it then. A workload that runs
        // already is not held back.
        let mut permit = None;
        if !self.found_again().await? {
            let slots = Arc::clone(&self.agent.slots);
            tokio::select! {
                slot = slots.acquire_owned() => permit = slot.ok(),
                () = self.cancel.cancelled() => return Ok(cancelled()),
            }
            match self.start().await? {
                Started::Yes => {}
                Started::Cancelled => return Ok(cancelled()),
            }
        }
        let ended = self.watch().await;
        drop(permit);
        ended
    }

    /// Whether the workload was started before this agent was. `true` also when it has
    /// ended since, or is gone: then [`Self::watch`] finds out how.
    async fn found_again(&mut self) -> Failure<bool> {
        if self.run.workload.is_some() {
            return Ok(true);
        }
        if self.run.token_hash.is_none() {
            return Ok(false);
        }
        // The last agent was about to start it: did it?
        let found = loop {
            match self.engine.inspect(&prepare::name(self.id())).await {
                Ok(found) => break found,
                Err(error) if error.engine_away() && !self.cancel.is_cancelled() => {
                    tokio::time::sleep(ENGINE_PAUSE).await;
                }
                Err(error) => return Err(error.to_body()),
            }
        };
        if matches!(found.state, State::Gone | State::Created) {
            return Ok(false);
        }
        self.started(found.id).await?;
        Ok(true)
    }

    async fn start(&mut self) -> Failure<Started> {
        self.change(|state| state.phase = WorkloadPhase::Preparing)
            .await?;
        let cancel = self.cancel;
        let prepared = tokio::select! {
            prepared = self.prepare() => prepared?,
            () = cancel.cancelled() => None,
        };
        let Some(workload) = prepared else {
            return Ok(Started::Cancelled);
        };
        let id = self.engine.start(&workload).await?;
        self.started(id).await?;
        Ok(Started::Yes)
    }

    /// Everything that comes before the start; `None` when it was cancelled.
    async fn prepare(&mut self) -> Failure<Option<Workload>> {
        let spec = self.run.spec.clone();
        let rootless = self.look_at_image(&spec).await?;
        let folder = self.agent.home.run(&spec.run_id);
        let blobs = self.agent.home.blobs();
        let (files, place) = (spec.project.files.clone(), folder.clone());
        let checked = spec.clone();
        off_thread(move || {
            blobs::unpack(&blobs, &files, &place.work())?;
            prepare::folders(&place, &checked)
        })
        .await?;
        if !self.take_snapshots(&spec).await? {
            return Ok(None);
        }
        let token = tracking::Token::new();
        let (id, hash) = (spec.run_id.clone(), token.hash());
        self.run.token_hash = Some(hash.clone());
        self.agent
            .store
            .write_async(move |tx| tx.agent_run_token(&id, &hash))
            .await?;
        Ok(Some(prepare::workload(self.agent, &spec, &token, rootless)))
    }

    /// Notes which image it is exactly; tells whether the engine is rootless.
    async fn look_at_image(&mut self, spec: &RunSpec) -> Failure<bool> {
        let Some(reference) = spec
            .image
            .as_deref()
            .filter(|_| spec.engine != EngineKind::Process)
        else {
            return Ok(false);
        };
        let info = self.engine.info().await?;
        let image = self.engine.image(reference).await?;
        let digest = prepare::registry_digest(&image.info.digests, reference);
        let mut tags = vec![
            (String::from("skerry.image_id"), image.info.id.clone()),
            (
                String::from("skerry.engine"),
                format!("{} {}", prepare::engine_word(info.kind), info.version),
            ),
        ];
        if let Some(digest) = &digest {
            tags.push((String::from("skerry.image_digest"), digest.clone()));
        }
        self.tag(tags).await?;
        self.run.state.image_id = Some(image.info.id);
        self.run.state.image_digest = digest;
        Ok(info.rootless)
    }

    /// `false` when it was cancelled meanwhile.
    async fn take_snapshots(&mut self, spec: &RunSpec) -> Failure<bool> {
        let stop = Arc::new(AtomicBool::new(false));
        // Dropped when a cancel drops this future: the threads then end soon.
        let _guard = StopWhenDropped(Arc::clone(&stop));
        let mut snapshots = Vec::new();
        for data in &spec.data {
            let (store, source, stop) = (
                self.agent.store.clone(),
                data.source.clone(),
                Arc::clone(&stop),
            );
            let taken = off_thread(move || snapshot::take(&store, &source, &stop)).await?;
            let Some(taken) = taken else {
                return Ok(false);
            };
            if !taken.unreadable.is_empty() {
                let first: Vec<_> = taken.unreadable.iter().take(5).cloned().collect();
                let text = format!(
                    "{} entries of {} cannot be read and are in the data snapshot by name only: {}",
                    taken.unreadable.len(),
                    data.source,
                    first.join("; ")
                );
                logs::say(&self.agent.store, &spec.run_id, text).await;
            }
            snapshots.push(taken.snapshot);
        }
        if snapshots.is_empty() {
            return Ok(true);
        }
        let hashes: Vec<&str> = snapshots.iter().map(|taken| taken.hash.as_str()).collect();
        self.tag(vec![(
            String::from("skerry.data.snapshot"),
            hashes.join(","),
        )])
        .await?;
        let inputs = snapshots.iter().map(dataset).collect();
        let id = spec.run_id.clone();
        self.agent
            .store
            .write_async(move |tx| tx.log_inputs(&id, inputs, Vec::new()))
            .await?;
        self.run.state.snapshots = snapshots;
        Ok(true)
    }

    async fn started(&mut self, workload: String) -> Failure<()> {
        let (id, boot) = (self.id().to_owned(), self.agent.boot_id.clone());
        let kept = workload.clone();
        self.run.workload = Some(workload);
        self.run.boot_id = Some(boot.clone());
        let state = &mut self.run.state;
        state.phase = WorkloadPhase::Running;
        state.at = now();
        state.started_at = Some(state.at);
        let state = state.clone();
        self.agent
            .store
            .write_async(move |tx| {
                tx.agent_run_workload(&id, &kept, &boot)?;
                let update = RunUpdate {
                    status: Some(RunStatus::Running),
                    ..RunUpdate::default()
                };
                // Its script may have said more already.
                if !tx.run_info(&id)?.status.is_final() {
                    tx.update_run(&id, &update)?;
                }
                tx.agent_run_state(&state)
            })
            .await?;
        Ok(())
    }

    /// From a workload that was started to how it ended.
    async fn watch(&mut self) -> Failure<Verdict> {
        let folder = self.agent.home.run(self.id());
        let workload = self.run.workload.clone().unwrap_or_default();
        let tracking = match self.run.token_hash.clone() {
            Some(hash) => Some(tracking::open(self.agent, self.id(), hash)?),
            None => None,
        };
        let log_ended = CancellationToken::new();
        let source = logs::Source {
            owner: self.id().to_owned(),
            key: format!("run/{}", self.id()),
            path: folder.log(),
        };
        let log = tokio::spawn(logs::follow(
            self.agent.store.clone(),
            source,
            log_ended.clone(),
        ));
        let _abandon = AbortWhenDropped(log.abort_handle());
        let (state, engine_was_away) = self.wait(&workload).await?;
        // Lines first: who sees the end has seen what came before it.
        log_ended.cancel();
        let _ = log.await;
        drop(tracking);
        let last_output = self
            .engine
            .last_output(&workload, 4_000)
            .await
            .unwrap_or_default();
        let end = End::read(&folder.end())
            .map_err(|error| super::io_failure("How the run ended cannot be read", &error))?;
        if let Err(error) = self.engine.remove(&workload).await {
            tracing::warn!(run = %self.id(), %error, "what is left of a workload could not be removed");
        }
        Ok(verdict(&Evidence {
            end,
            state,
            cancelled: self.run.state.phase == WorkloadPhase::Stopping,
            rebooted: self.run.boot_id.as_deref() != Some(self.agent.boot_id.as_str()),
            engine_was_away,
            last_output,
        }))
    }

    /// Waits until it runs no more, and sees to it that it does not when that is
    /// wanted. Tells, too, whether the engine was away meanwhile.
    async fn wait(&mut self, workload: &str) -> Failure<(State, bool)> {
        let engine = Arc::clone(&self.engine);
        let mut away = false;
        let mut stopping = self.run.state.phase == WorkloadPhase::Stopping;
        loop {
            if self.cancel.is_cancelled() && !stopping {
                stopping = true;
                self.change(|state| state.phase = WorkloadPhase::Stopping)
                    .await?;
            }
            let seen = if stopping {
                match engine.stop(workload, GRACE).await {
                    Ok(()) => engine.wait(workload).await,
                    Err(error) => Err(error),
                }
            } else {
                tokio::select! {
                    seen = engine.wait(workload) => seen,
                    () = self.cancel.cancelled() => continue,
                }
            };
            match seen {
                Ok(seen) => return Ok((seen.state, away)),
                Err(error) => {
                    // The workload may go on without its engine: that is no end.
                    if !away {
                        tracing::warn!(run = %self.id(), %error, "the engine does not answer");
                        let text =
                            format!("The engine does not answer, the run may go on: {error}");
                        logs::say(&self.agent.store, self.id(), text).await;
                        away = true;
                    }
                    tokio::time::sleep(ENGINE_PAUSE).await;
                }
            }
        }
    }

    async fn end(mut self, end: Verdict) -> Failure<()> {
        let mut verdict = end;
        if let Some(reason) = &verdict.reason {
            logs::say(&self.agent.store, self.id(), reason.message.clone()).await;
        }
        let id = self.id().to_owned();
        let said = self.agent.store.read(|reader| reader.run_info(&id))?.status;
        if verdict.phase == WorkloadPhase::Finished
            && matches!(said, RunStatus::Failed | RunStatus::Killed)
        {
            // The script ended with code 0, but told MLflow otherwise: believe it.
            verdict.phase = WorkloadPhase::Failed;
            verdict.reason = Some(
                ErrorBody::new(
                    Code::CommandFailed,
                    format!("The script itself marked the run as {}.", said.as_str()),
                )
                .because(Reason::ScriptSaidFailed)
                .with("status", said.as_str()),
            );
        }
        let status = if verdict.phase == WorkloadPhase::Failed && said == RunStatus::Killed {
            said
        } else {
            verdict.status()
        };
        tracing::info!(run = %id, phase = ?verdict.phase, "a run has ended");
        let state = &mut self.run.state;
        state.phase = verdict.phase;
        state.reason = verdict.reason;
        state.exit_code = verdict.exit_code;
        state.at = now();
        state.ended_at = Some(state.at);
        let state = state.clone();
        self.agent
            .store
            .write_async(move |tx| {
                let update = RunUpdate {
                    status: Some(status),
                    end_time: state.ended_at,
                    ..RunUpdate::default()
                };
                match tx.update_run(&state.run_id, &update) {
                    // Deleted by a person meanwhile: its state is kept all the same.
                    Ok(_) | Err(skerry_store::StoreError::Invalid(_)) => {}
                    Err(error) => return Err(error),
                }
                tx.agent_run_state(&state)?;
                tx.agent_log_gone(&format!("run/{}", state.run_id))
            })
            .await?;
        // Its lines are in the store now.
        let log = self.agent.home.run(&id).log();
        off_thread(move || {
            let _ = std::fs::remove_file(log);
            Ok(())
        })
        .await
    }

    async fn change(&mut self, change: impl FnOnce(&mut WorkloadState)) -> Failure<()> {
        change(&mut self.run.state);
        self.run.state.at = now();
        let state = self.run.state.clone();
        self.agent
            .store
            .write_async(move |tx| tx.agent_run_state(&state))
            .await?;
        Ok(())
    }

    async fn tag(&self, tags: Vec<(String, String)>) -> Failure<()> {
        let id = self.id().to_owned();
        self.agent
            .store
            .write_async(move |tx| tx.set_run_tags(&id, pairs(tags)))
            .await?;
        Ok(())
    }
}

enum Started {
    Yes,
    Cancelled,
}

fn cancelled() -> Verdict {
    Verdict {
        phase: WorkloadPhase::Cancelled,
        reason: None,
        exit_code: None,
    }
}

/// A snapshot as MLflow keeps data sets; its digests have at most 36 letters.
fn dataset(taken: &skerry_domain::DataSnapshot) -> DatasetInput {
    let name = taken
        .source
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or("data");
    DatasetInput {
        dataset: Dataset {
            name: name.to_owned(),
            digest: taken.hash.get(..32).unwrap_or_default().to_owned(),
            source_type: String::from("local"),
            source: serde_json::json!({"uri": taken.source}).to_string(),
            schema: None,
            profile: Some(
                serde_json::json!({"files": taken.files, "bytes": taken.bytes, "sha256": taken.hash})
                    .to_string(),
            ),
        },
        tags: vec![KeyValue {
            key: String::from("mlflow.data.context"),
            value: String::from("training"),
        }],
    }
}

struct StopWhenDropped(Arc<AtomicBool>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct AbortWhenDropped(tokio::task::AbortHandle);

impl Drop for AbortWhenDropped {
    fn drop(&mut self) {
        self.0.abort();
    }
}
