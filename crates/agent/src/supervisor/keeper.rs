//! Keeps one service: its port, the revision that serves, and the one that is tried.

use std::{path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use skerry_domain::{
    Code, ErrorBody, Reason, RevisionOutcome, ServicePhase, ServiceRevision, ServiceSpec,
    ServiceState,
};
use skerry_engine::RegistryCredentials;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};

use super::{
    Agent,
    candidate::{Tried, try_out},
    failure::{Failure, io_failure, off_thread},
    health,
    instance::Instance,
    lock, ports,
    proxy::{self, Proxy},
    services::Handle,
};
use crate::{api::ServiceView, relay::record::now};

/// How often a service is asked for its health.
const CHECK_EVERY: Duration = Duration::from_secs(5);
/// How often while it has not been healthy since its start.
const CHECK_SOON: Duration = Duration::from_secs(1);
/// So many checks in a row must fail before it is called unhealthy.
const MISSES: u32 = 3;
/// The longest pause before another start.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// So many revisions are remembered.
const REMEMBERED: usize = 50;

type Reply = oneshot::Sender<Failure<()>>;

/// What a person wants.
pub(super) enum Command {
    /// Another revision, or the first.
    Put {
        spec: Box<ServiceSpec>,
        credentials: Option<RegistryCredentials>,
        reply: Reply,
    },
    /// Serve again.
    Start(Reply),
    /// Serve no more, until told.
    Stop(Reply),
    /// Be no more.
    Delete(Reply),
}

/// What is done next with the revision that serves.
enum Next {
    /// Nothing: it is not there, or is not wanted.
    Nothing,
    /// It runs: ask for its health then.
    Check(Instant),
    /// It does not run: start it then.
    Start(Instant),
}

/// A revision that is being tried.
struct Trial {
    revision: u32,
    work: Pin<Box<dyn Future<Output = Tried> + Send>>,
    stage: watch::Receiver<ServicePhase>,
    /// The new port, when it is not the one that is open.
    port: Option<OpenPort>,
    wanted_before: bool,
}

struct OpenPort {
    bind: String,
    port: u16,
    proxy: Proxy,
}

pub(super) struct Keeper {
    agent: Arc<Agent>,
    state: ServiceState,
    view: watch::Sender<ServiceView>,
    target: watch::Sender<Option<PathBuf>>,
    port: Option<OpenPort>,
    live: Option<Instance>,
    next: Next,
    trial: Option<Trial>,
    misses: u32,
    /// Starts in a row that did not lead to a minute of health.
    falls: u32,
    healthy_since: Option<Instant>,
}

enum Event {
    Command(Option<Command>),
    Tried(Box<Tried>),
    Stage(ServicePhase),
    Due,
    Ended(ErrorBody),
    Shutdown,
}

impl Keeper {
    /// Begins to keep a service as it stands in `state`.
    pub(super) fn spawn(agent: &Arc<Agent>, state: ServiceState) -> Handle {
        let (commands, inbox) = mpsc::channel(8);
        let (view, seen) = watch::channel(ServiceView {
            state: state.clone(),
            last_check_at: None,
            last_check_ms: None,
        });
        let (target, aim) = watch::channel(None);
        let keeper = Self {
            agent: Arc::clone(agent),
            state,
            view,
            target,
            port: None,
            live: None,
            next: Next::Nothing,
            trial: None,
            misses: 0,
            falls: 0,
            healthy_since: None,
        };
        tokio::spawn(keeper.keep(inbox));
        Handle {
            commands,
            view: seen,
            target: aim,
        }
    }

    async fn keep(mut self, mut inbox: mpsc::Receiver<Command>) {
        self.take_up().await;
        loop {
            match self.event(&mut inbox).await {
                Event::Shutdown | Event::Command(None) => return,
                Event::Command(Some(Command::Delete(reply))) => {
                    let deleted = self.delete().await;
                    let done = deleted.is_ok();
                    let _ = reply.send(deleted);
                    if done {
                        return;
                    }
                }
                Event::Command(Some(Command::Put {
                    spec,
                    credentials,
                    reply,
                })) => {
                    let _ = reply.send(self.put(*spec, credentials).await);
                }
                Event::Command(Some(Command::Start(reply))) => {
                    let _ = reply.send(self.start().await);
                }
                Event::Command(Some(Command::Stop(reply))) => {
                    let _ = reply.send(self.stop().await);
                }
                Event::Tried(tried) => self.tried(*tried).await,
                Event::Stage(phase) => {
                    if self.live.is_none() {
                        self.note(phase, None).await;
                    }
                }
                Event::Due => self.due().await,
                Event::Ended(cause) => self.fell(cause).await,
            }
        }
    }

    async fn event(&mut self, inbox: &mut mpsc::Receiver<Command>) -> Event {
        let due = match self.next {
            Next::Nothing => None,
            Next::Check(at) | Next::Start(at) => Some(at),
        };
        let runs = matches!(self.next, Next::Check(_));
        let live = self.live.as_ref().filter(|_| runs);
        let shutdown = self.agent.shutdown.clone();
        let trial = &mut self.trial;
        let tried = async {
            match trial {
                None => std::future::pending().await,
                Some(trial) => tokio::select! {
                    tried = &mut trial.work => Event::Tried(Box::new(tried)),
                    Ok(()) = trial.stage.changed() => Event::Stage(*trial.stage.borrow()),
                },
            }
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => Event::Shutdown,
            command = inbox.recv() => Event::Command(command),
            event = tried => event,
            () = async {
                match due {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            } => Event::Due,
            cause = async {
                match live {
                    Some(live) => live.ended().await,
                    None => std::future::pending().await,
                }
            } => Event::Ended(cause),
        }
    }

    /// Finds what the last agent left running, and goes on from there.
    async fn take_up(&mut self) {
        let of = |outcome| {
            let revisions = self.state.revisions.iter();
            revisions
                .rev()
                .find(|revision| revision.outcome == outcome)
                .cloned()
        };
        let (live, pending) = (of(RevisionOutcome::Live), of(RevisionOutcome::Pending));
        if let Some(revision) = live {
            let mut instance = self.instance(revision.revision, revision.spec);
            let found = self.state.wanted && instance.find().await.unwrap_or(false);
            let socket = instance.socket();
            self.live = Some(instance);
            if self.state.wanted {
                self.next = if found && self.open_port().await.is_ok() {
                    self.target.send_replace(Some(socket));
                    Next::Check(Instant::now())
                } else {
                    Next::Start(Instant::now())
                };
            }
        }
        if let Some(revision) = pending {
            // Its credentials are gone with the last agent; its image may be there.
            let wanted_before = self.live.is_some() && self.state.wanted;
            self.begin_trial(revision.revision, revision.spec, None, None, wanted_before);
        }
    }

    fn instance(&self, revision: u32, spec: ServiceSpec) -> Instance {
        Instance::new(&self.agent, &self.state.service_id, revision, spec)
    }

    fn begin_trial(
        &mut self,
        revision: u32,
        spec: ServiceSpec,
        credentials: Option<RegistryCredentials>,
        port: Option<OpenPort>,
        wanted_before: bool,
    ) {
        let (stage, seen) = watch::channel(ServicePhase::Pulling);
        let instance = self.instance(revision, spec);
        self.trial = Some(Trial {
            revision,
            work: Box::pin(try_out(instance, credentials, stage)),
            stage: seen,
            port,
            wanted_before,
        });
    }

    async fn put(
        &mut self,
        spec: ServiceSpec,
        credentials: Option<RegistryCredentials>,
    ) -> Failure<()> {
        if self.trial.is_some() {
            return Err(ErrorBody::new(
                Code::Busy,
                "Another version of this deployment is being started; wait for it, or stop the deployment.",
            )
            .because(Reason::DeploymentStarting));
        }
        // The port first: nothing is changed when it cannot be had.
        let port = match &self.port {
            Some(open) if open.bind == spec.bind && open.port == spec.port => None,
            _ => Some(self.listen(&spec.bind, spec.port).await?),
        };
        let last = self.state.revisions.last();
        let revision = last.map_or(1, |revision| revision.revision + 1);
        self.state.revisions.push(ServiceRevision {
            revision,
            spec: spec.clone(),
            at: now(),
            outcome: RevisionOutcome::Pending,
            cause: None,
            image_digest: None,
        });
        let surplus = self.state.revisions.len().saturating_sub(REMEMBERED);
        self.state.revisions.drain(..surplus);
        let wanted_before = self.state.wanted;
        self.state.wanted = true;
        if self.live.is_none() {
            self.state.spec = spec.clone();
            self.state.revision = revision;
            self.state.phase = ServicePhase::Pulling;
            self.state.cause = None;
        }
        self.keep_state().await;
        self.begin_trial(revision, spec, credentials, port, wanted_before);
        Ok(())
    }

    async fn listen(&mut self, bind: &str, port: u16) -> Failure<OpenPort> {
        let listener = ports::listen(bind, port).await?;
        Ok(OpenPort {
            bind: bind.to_owned(),
            port,
            proxy: proxy::open(listener, self.target.subscribe()),
        })
    }

    async fn open_port(&mut self) -> Failure<()> {
        if self.port.is_none() {
            let (bind, port) = (self.state.spec.bind.clone(), self.state.spec.port);
            self.port = Some(self.listen(&bind, port).await?);
        }
        Ok(())
    }

    async fn tried(&mut self, tried: Tried) {
        let Some(trial) = self.trial.take() else {
            return;
        };
        let Tried {
            mut instance,
            outcome,
        } = tried;
        let digest = instance.image_digest.clone();
        match outcome {
            Ok(ms) => {
                // New requests go to the new one before the old one ends.
                if let Some(port) = trial.port {
                    self.port = Some(port);
                }
                self.target.send_replace(Some(instance.socket()));
                self.mark(trial.revision, RevisionOutcome::Live, None, digest.clone());
                self.state.spec = instance.spec.clone();
                self.state.revision = trial.revision;
                self.state.image_digest = digest;
                let old = self.live.replace(instance);
                self.checked(ms);
                self.falls = 0;
                self.misses = 0;
                self.healthy_since = Some(Instant::now());
                self.next = Next::Check(Instant::now() + CHECK_EVERY);
                if let Err(error) = self.open_port().await {
                    // Taken up after a restart, and somebody has the port now.
                    self.note(ServicePhase::Failed, Some(error)).await;
                } else {
                    self.note(ServicePhase::Healthy, None).await;
                }
                if let Some(mut old) = old {
                    self.mark(old.revision, RevisionOutcome::Retired, None, None);
                    self.keep_state().await;
                    self.discard(&mut old).await;
                }
            }
            Err(cause) => {
                tracing::warn!(service = %self.state.service_id, revision = trial.revision, cause = %cause.message, "a revision is refused");
                self.discard(&mut instance).await;
                let refused = RevisionOutcome::Refused;
                self.mark(trial.revision, refused, Some(cause.clone()), digest);
                if self.live.is_some() {
                    self.state.wanted = trial.wanted_before;
                    self.keep_state().await;
                } else {
                    self.note(ServicePhase::Failed, Some(cause)).await;
                }
            }
        }
    }

    fn mark(
        &mut self,
        revision: u32,
        outcome: RevisionOutcome,
        cause: Option<ErrorBody>,
        digest: Option<String>,
    ) {
        let mut revisions = self.state.revisions.iter_mut();
        if let Some(found) = revisions.find(|found| found.revision == revision) {
            found.outcome = outcome;
            found.cause = cause;
            found.image_digest = digest.or_else(|| found.image_digest.take());
        }
    }

    async fn discard(&mut self, instance: &mut Instance) {
        if let Err(error) = instance.discard().await {
            tracing::warn!(service = %self.state.service_id, revision = instance.revision, %error, "a revision could not be cleared away");
        }
    }

    /// It is time to ask for health, or to start again.
    async fn due(&mut self) {
        match self.next {
            Next::Nothing => {}
            Next::Start(_) => match self.start_live().await {
                Ok(()) => {
                    self.healthy_since = None;
                    self.misses = 0;
                    self.next = Next::Check(Instant::now() + CHECK_SOON);
                    self.note(ServicePhase::Starting, None).await;
                }
                Err(cause) => self.fell(cause).await,
            },
            Next::Check(_) => self.check().await,
        }
    }

    async fn start_live(&mut self) -> Failure<()> {
        self.open_port().await?;
        let Some(live) = &mut self.live else {
            return Err(ErrorBody::new(
                Code::WrongState,
                "There is no revision to start.",
            ));
        };
        live.start().await?;
        self.state.image_digest = live.image_digest.clone();
        self.target.send_replace(Some(live.socket()));
        Ok(())
    }

    async fn check(&mut self) {
        let Some(live) = &self.live else {
            self.next = Next::Nothing;
            return;
        };
        let grace = Duration::from_secs(u64::from(live.spec.start_grace_s));
        let answer = health::check(&live.socket()).await;
        let pause = match &answer {
            Ok(_) => CHECK_EVERY,
            Err(_) => CHECK_SOON,
        };
        self.next = Next::Check(Instant::now() + pause);
        match answer {
            Ok(ms) => {
                self.misses = 0;
                self.checked(ms);
                let since = *self.healthy_since.get_or_insert_with(Instant::now);
                if since.elapsed() > LONGEST_PAUSE {
                    self.falls = 0;
                }
                self.note(ServicePhase::Healthy, None).await;
            }
            Err(cause) => {
                self.misses += 1;
                let starting = self.state.phase == ServicePhase::Starting;
                let patience = if starting {
                    u32::try_from(grace.as_secs() / CHECK_SOON.as_secs()).unwrap_or(u32::MAX)
                } else {
                    MISSES
                };
                if self.misses >= patience {
                    self.note(ServicePhase::Unhealthy, Some(cause)).await;
                }
            }
        }
    }

    /// The revision that serves runs no more, or did not start: again, after a while.
    async fn fell(&mut self, cause: ErrorBody) {
        let pause = Duration::from_secs(1 << self.falls.min(6)).min(LONGEST_PAUSE);
        self.falls += 1;
        self.healthy_since = None;
        self.next = Next::Start(Instant::now() + pause);
        tracing::warn!(service = %self.state.service_id, cause = %cause.message, "a service fell; it is started again");
        self.note(ServicePhase::Failed, Some(cause)).await;
    }

    async fn start(&mut self) -> Failure<()> {
        if self.live.is_none() {
            return Err(ErrorBody::new(
                Code::WrongState,
                "No version of this deployment has been healthy yet: deploy one.",
            )
            .because(Reason::NeverHealthy));
        }
        if !matches!(self.next, Next::Nothing) {
            return Ok(());
        }
        self.open_port().await?;
        self.state.wanted = true;
        self.falls = 0;
        self.next = Next::Start(Instant::now());
        self.note(ServicePhase::Starting, None).await;
        Ok(())
    }

    async fn stop(&mut self) -> Failure<()> {
        self.end_trial().await;
        self.next = Next::Nothing;
        self.target.send_replace(None);
        if let Some(port) = self.port.take() {
            port.proxy.close().await;
        }
        self.state.wanted = false;
        let stopped = match &mut self.live {
            Some(live) => live.stop().await,
            None => Ok(()),
        };
        match &stopped {
            Ok(()) => self.note(ServicePhase::Stopped, None).await,
            Err(cause) => self.note(ServicePhase::Failed, Some(cause.clone())).await,
        }
        stopped
    }

    async fn end_trial(&mut self) {
        let Some(trial) = self.trial.take() else {
            return;
        };
        let spec = self
            .state
            .revisions
            .iter()
            .find(|revision| revision.revision == trial.revision)
            .map(|revision| revision.spec.clone());
        let revision = trial.revision;
        // Ends its work wherever it is.
        drop(trial);
        if let Some(spec) = spec {
            let mut instance = self.instance(revision, spec);
            self.discard(&mut instance).await;
        }
        let cause = ErrorBody::new(Code::Cancelled, "The deployment was stopped meanwhile.")
            .because(Reason::StoppedMeanwhile);
        self.mark(revision, RevisionOutcome::Refused, Some(cause), None);
    }

    async fn delete(&mut self) -> Failure<()> {
        self.stop().await?;
        if let Some(mut live) = self.live.take() {
            live.discard().await?;
        }
        let folder = self.agent.home.service(&self.state.service_id);
        off_thread(move || match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io_failure(
                &format!("{} cannot be removed", folder.display()),
                &error,
            )),
            _ => Ok(()),
        })
        .await?;
        self.state.deleted = true;
        self.state.at = now();
        let state = self.state.clone();
        self.agent
            .store
            .write_async(move |tx| tx.agent_service_state(&state))
            .await?;
        lock(&self.agent.services).remove(&self.state.service_id);
        Ok(())
    }

    fn checked(&mut self, ms: u64) {
        self.view.send_modify(|view| {
            view.last_check_at = Some(now());
            view.last_check_ms = Some(ms);
        });
    }

    /// Keeps and journals what was observed, when it is news.
    async fn note(&mut self, phase: ServicePhase, cause: Option<ErrorBody>) {
        if self.state.phase == phase && self.state.cause == cause {
            return;
        }
        if self.state.phase != phase {
            self.state.at = now();
        }
        self.state.phase = phase;
        self.state.cause = cause;
        self.keep_state().await;
    }

    async fn keep_state(&mut self) {
        let state = self.state.clone();
        self.view.send_modify(|view| view.state = state.clone());
        let written = self
            .agent
            .store
            .write_async(move |tx| tx.agent_service_state(&state))
            .await;
        if let Err(error) = written {
            tracing::error!(service = %self.state.service_id, %error, "a service's state could not be kept");
        }
    }
}
