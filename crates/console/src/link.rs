//! The links to the machines: one task each, which connects, reads the journal as it
//! grows, and tries again for as long as the workspace is open.
//!
//! A link says nothing about the runs on its machine: those go on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use skerry_agent::api::Status;
use skerry_agent::client::Client;
use skerry_domain::{Code, ErrorBody, Millis};
use skerry_store::workspace::MachineRecord;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::Console;
use crate::api::{ActivityKind, LinkInfo, LinkState, Topic};
use crate::link_open::Opened;

/// Entries of a journal that are read at a time.
const PAGE: u32 = 500;
/// How long an agent holds a question for news of its journal.
const HOLD: Duration = Duration::from_secs(10);
/// After so much more the link counts as broken.
const OVERDUE: Duration = Duration::from_secs(10);
/// Entries that come one by one are gathered for so long: a screen wants a few pieces
/// of news a second, not hundreds.
const GATHER: Duration = Duration::from_millis(100);
/// How often the agent's facts are asked for.
const STATUS_EVERY: Duration = Duration::from_secs(60);
/// First and longest wait before trying again.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long a command waits for a link that is being made.
const PATIENCE: Duration = Duration::from_secs(20);

/// The links of all machines of the workspace.
#[derive(Default)]
pub(crate) struct Links {
    links: Mutex<HashMap<String, Arc<Link>>>,
}

impl Links {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &str) -> Option<Arc<Link>> {
        self.lock().get(id).cloned()
    }

    /// Tries every link again that is down: what kept it down may be gone.
    pub(crate) fn retry_all(&self) {
        for link in self.lock().values() {
            if link.info().state != LinkState::Connected {
                link.hurry.notify_one();
            }
        }
    }
}

struct Link {
    /// Changes with every change of state.
    state: watch::Sender<State>,
    /// Somebody wants it tried now.
    hurry: Notify,
    stop: CancellationToken,
}

#[derive(Clone)]
struct State {
    info: LinkInfo,
    client: Option<Client>,
    /// All that the agent had was read at least once since it connected.
    caught_up: bool,
}

impl Link {
    fn new(now: Millis, last_seen_at: Option<Millis>, stop: CancellationToken) -> Self {
        Self {
            state: watch::Sender::new(State {
                info: LinkInfo {
                    state: LinkState::Connecting,
                    since: now,
                    last_seen_at,
                    problem: None,
                },
                client: None,
                caught_up: false,
            }),
            hurry: Notify::new(),
            stop,
        }
    }

    fn info(&self) -> LinkInfo {
        self.state.borrow().info.clone()
    }

    fn heard(&self, now: Millis) {
        self.state
            .send_modify(|state| state.info.last_seen_at = Some(now));
    }

    /// Moves to a state; says whether it is another one.
    fn set(
        &self,
        now: Millis,
        to: LinkState,
        problem: Option<ErrorBody>,
        client: Option<Client>,
    ) -> bool {
        let mut changed = false;
        self.state.send_modify(|state| {
            changed = state.info.state != to || state.info.problem != problem;
            if state.info.state != to {
                state.info.since = now;
            }
            state.info.state = to;
            state.info.problem = problem;
            state.client = client;
            if to == LinkState::Connected {
                state.info.last_seen_at = Some(now);
            } else {
                state.caught_up = false;
            }
        });
        changed
    }
}

/// Whether trying again is of no use until a person has done something.
fn needs_a_person(code: Code) -> bool {
    matches!(
        code,
        Code::HostKeyUnknown
            | Code::HostKeyMismatch
            | Code::HostKeyRevoked
            | Code::PasswordRefused
            | Code::KeyRefused
            | Code::AuthMethodUnavailable
            | Code::SshForbidden
            | Code::KeyFileInvalid
            | Code::KeyringLocked
            | Code::VaultAbsent
            | Code::VaultLocked
            | Code::SecretMissing
            | Code::WrongPassphrase
            | Code::AgentBinaryMissing
    )
}

impl Console {
    /// Starts the links to all machines.
    pub(crate) async fn links_start(&self) {
        match self.db(|store| store.machines()).await {
            Ok(machines) => {
                for machine in machines {
                    self.link_start(&machine);
                }
            }
            Err(error) => tracing::error!(%error, "the machines could not be read"),
        }
    }

    /// Starts the link to a machine; a no-op when it has one.
    pub(crate) fn link_start(&self, machine: &MachineRecord) {
        let link = {
            let mut links = self.links().lock();
            if links.contains_key(&machine.id) {
                return;
            }
            let link = Arc::new(Link::new(self.now(), machine.last_seen_at, self.stopping()));
            links.insert(machine.id.clone(), Arc::clone(&link));
            link
        };
        let console = self.clone();
        let id = machine.id.clone();
        self.spawn(async move {
            let stop = link.stop.clone();
            tokio::select! {
                () = stop.cancelled() => {}
                () = console.link_run(&id, &link) => {}
            }
            console.note_last_seen(&id, &link).await;
        });
    }

    /// Ends the link to a machine.
    pub(crate) fn link_end(&self, machine_id: &str) {
        if let Some(link) = self.links().lock().remove(machine_id) {
            link.stop.cancel();
        }
    }

    /// Tries a link again now, whatever it waits for.
    pub(crate) fn link_hurry(&self, machine_id: &str) {
        if let Some(link) = self.links().get(machine_id) {
            if link.info().state != LinkState::Connected {
                link.set(self.now(), LinkState::Connecting, None, None);
                self.emit_for(&[Topic::Machines], machine_id);
            }
            link.hurry.notify_one();
        }
    }

    /// The observed state of a link; `None` when there is no such machine.
    pub(crate) fn link_info(&self, machine_id: &str) -> Option<LinkInfo> {
        self.links().get(machine_id).map(|link| link.info())
    }

    /// Waits until every link has read its machine's journal to the end once, or has
    /// found that it cannot; at most for `limit`.
    pub async fn links_settled(&self, limit: Duration) {
        let links: Vec<Arc<Link>> = self.links().lock().values().cloned().collect();
        let all = futures_util::future::join_all(links.iter().map(|link| async move {
            let mut state = link.state.subscribe();
            let settled = |state: &State| {
                state.caught_up
                    || matches!(
                        state.info.state,
                        LinkState::Unreachable | LinkState::Blocked
                    )
            };
            // The sender lives in the link.
            let _ = state.wait_for(settled).await;
        }));
        let _ = timeout(limit, all).await;
    }

    /// A client for a machine's agent; waits a little for a link that is being made.
    pub(crate) async fn machine_client(&self, machine_id: &str) -> Result<Client, ErrorBody> {
        let link = match self.links().get(machine_id) {
            Some(link) => link,
            None => {
                // Links were not wanted at the start, until now.
                let record = self.machine_record(machine_id).await?;
                self.link_start(&record);
                self.links()
                    .get(machine_id)
                    .ok_or_else(|| ErrorBody::not_found("machine", machine_id))?
            }
        };
        let mut state = link.state.subscribe();
        let decided = state.wait_for(|state| state.info.state != LinkState::Connecting);
        let state = match timeout(PATIENCE, decided).await {
            Ok(Ok(state)) => state.clone(),
            Ok(Err(_)) | Err(_) => {
                return Err(ErrorBody::new(
                    Code::MachineUnreachable,
                    "The machine is not connected yet.",
                ));
            }
        };
        match (state.client, state.info.problem) {
            (Some(client), _) => Ok(client),
            (None, Some(problem)) => Err(problem),
            (None, None) => Err(ErrorBody::new(
                Code::MachineUnreachable,
                "The machine cannot be reached at the moment.",
            )),
        }
    }

    async fn link_run(&self, id: &str, link: &Link) {
        let mut wait = RETRY.0;
        // What the activity list has, from an earlier start too: being away and being
        // back are told once each.
        let mut told_away = match self.machine_record(id).await {
            Ok(record) => crate::machines::observed(&record).told_away,
            Err(_) => false,
        };
        loop {
            let problem = match self.link_connect(id).await {
                Ok(opened) => {
                    if link.set(
                        self.now(),
                        LinkState::Connected,
                        None,
                        Some(opened.client.clone()),
                    ) {
                        self.emit_for(&[Topic::Machines], id);
                    }
                    if told_away {
                        self.tell_link(id, ActivityKind::MachineReachable, None)
                            .await;
                        told_away = false;
                    }
                    wait = RETRY.0;
                    self.link_read(id, link, &opened).await
                }
                Err(problem) => problem,
            };
            if problem.code == Code::NotFound {
                return;
            }
            let blocked = needs_a_person(problem.code);
            let to = if blocked {
                LinkState::Blocked
            } else {
                LinkState::Unreachable
            };
            if link.set(self.now(), to, Some(problem.clone()), None) {
                tracing::info!(machine = id, code = %problem.code.as_str(), "the link to machine {id} is down");
                self.emit_for(&[Topic::Machines, Topic::Runs, Topic::Deployments], id);
                self.note_last_seen(id, link).await;
            }
            if !told_away {
                self.tell_link(id, ActivityKind::MachineUnreachable, Some(problem))
                    .await;
                told_away = true;
            }
            tokio::select! {
                () = link.hurry.notified() => wait = RETRY.0,
                () = tokio::time::sleep(wait), if !blocked => wait = (wait * 2).min(RETRY.1),
            }
        }
    }

    /// Connects once.
    async fn link_connect(&self, id: &str) -> Result<Opened, ErrorBody> {
        let wanted = id.to_owned();
        let record = self
            .db(move |store| store.machine(&wanted))
            .await?
            .filter(|record| record.removed_at.is_none())
            .ok_or_else(|| ErrorBody::not_found("machine", id))?;
        let opened = self.open_agent(&record, true).await?;
        let status = opened.client.status().await?;
        self.note_status(id, &status).await?;
        Ok(opened)
    }

    /// Reads the journal until the link breaks; answers why it did.
    async fn link_read(&self, id: &str, link: &Link, opened: &Opened) -> ErrorBody {
        tokio::select! {
            problem = opened.broken() => problem,
            problem = self.journal_follow(id, link, &opened.client) => problem,
        }
    }

    async fn journal_follow(&self, id: &str, link: &Link, client: &Client) -> ErrorBody {
        let mut journal: Option<(String, u64)> = None;
        let mut asked_status = Instant::now();
        loop {
            // Somebody may wait for all to be read once: until then no answer is held.
            let caught_up = link.state.borrow().caught_up;
            let hold = if caught_up { HOLD } else { Duration::ZERO };
            // The first answer only says which journal it is.
            let (after, hold) = match &journal {
                Some((_, cursor)) => (*cursor, hold),
                None => (0, Duration::ZERO),
            };
            let page = match timeout(HOLD + OVERDUE, client.journal(after, PAGE, hold)).await {
                Ok(Ok(page)) => page,
                Ok(Err(problem)) => return problem,
                Err(_) => {
                    return ErrorBody::new(Code::TimedOut, "The machine has stopped answering.");
                }
            };
            link.heard(self.now());
            let known = journal
                .as_ref()
                .is_some_and(|(journal_id, _)| *journal_id == page.journal_id);
            if !known {
                let (machine, journal_id) = (id.to_owned(), page.journal_id.clone());
                let cursor = self
                    .db(move |store| store.read(|reader| reader.cursor(&machine, &journal_id)))
                    .await;
                match cursor {
                    Ok(cursor) => journal = Some((page.journal_id, cursor)),
                    Err(problem) => return problem,
                }
                continue;
            }
            let came = page.entries.len();
            if came > 0 {
                let (machine, journal_id) = (id.to_owned(), page.journal_id.clone());
                let applied = self
                    .db(move |store| {
                        store.write(move |tx| tx.apply(&machine, &journal_id, &page.entries))
                    })
                    .await;
                match applied {
                    Ok(applied) => {
                        self.journal_applied(id, &applied).await;
                        journal = Some((page.journal_id, applied.cursor));
                    }
                    Err(problem) => {
                        tracing::error!(%problem, machine = id, "the journal could not be kept");
                        return problem;
                    }
                }
            }
            if journal
                .as_ref()
                .is_some_and(|(_, cursor)| *cursor >= page.last)
            {
                link.state.send_if_modified(|state| {
                    let first = !state.caught_up;
                    state.caught_up = true;
                    first
                });
            }
            if came > 0 && came < PAGE as usize {
                tokio::time::sleep(GATHER).await;
            }
            if asked_status.elapsed() >= STATUS_EVERY {
                asked_status = Instant::now();
                match client.status().await {
                    Ok(status) => {
                        if let Err(problem) = self.note_status(id, &status).await {
                            return problem;
                        }
                    }
                    Err(problem) => return problem,
                }
            }
        }
    }

    async fn tell_link(&self, id: &str, kind: ActivityKind, problem: Option<ErrorBody>) {
        let away = kind == ActivityKind::MachineUnreachable;
        let noted = self
            .observe_machine(id, None, move |observed| observed.told_away = away)
            .await;
        if let Err(error) = noted {
            tracing::warn!(%error, machine = id, "what was told of the machine could not be noted");
        }
        let wanted = id.to_owned();
        let name = match self.db(move |store| store.machine(&wanted)).await {
            Ok(Some(machine)) => machine.name,
            Ok(None) | Err(_) => id.to_owned(),
        };
        self.machine_activity(&name, kind, id, &name, None, problem)
            .await;
    }

    async fn note_last_seen(&self, id: &str, link: &Link) {
        let Some(at) = link.info().last_seen_at else {
            return;
        };
        let wanted = id.to_owned();
        let noted = self
            .db(move |store| match store.machine(&wanted)? {
                Some(machine) => store.machine_observed(&wanted, &machine.observed, Some(at)),
                None => Ok(()),
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(%error, machine = id, "when the machine was last heard could not be noted");
        }
    }

    async fn note_status(&self, id: &str, status: &Status) -> Result<(), ErrorBody> {
        let now = self.now();
        let facts = crate::machines::facts_of(status, now);
        let engine = crate::machines::engine_of(status);
        self.observe_machine(id, Some(now), move |observed| {
            observed.facts = Some(facts);
            observed.engine = engine;
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_host_key_waits_for_a_person_and_a_cut_cable_does_not() {
        assert!(needs_a_person(Code::HostKeyMismatch));
        assert!(needs_a_person(Code::VaultLocked));
        assert!(!needs_a_person(Code::TimedOut));
        assert!(!needs_a_person(Code::AgentUnreachable));
    }

    #[test]
    fn since_is_the_moment_of_the_change() {
        let link = Link::new(1, None, CancellationToken::new());
        let problem = || Some(ErrorBody::new(Code::TimedOut, "x"));
        assert!(link.set(5, LinkState::Unreachable, problem(), None));
        assert!(!link.set(9, LinkState::Unreachable, problem(), None));
        assert_eq!(link.info().since, 5);
    }
}
