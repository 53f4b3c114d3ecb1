//! *Register a machine*: drafts that survive a restart, and what they remember. No
//! secret is ever part of a draft: a password lives in memory between two steps, or in
//! the keyring when a person asked for that.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use skerry_domain::{Code, Coded as _, ErrorBody, Reason, validate};
use skerry_ssh::{Auth, LoadedKey};
use skerry_store::workspace::SetupRecord;

use crate::Console;
use crate::api::*;
use crate::console::{blocking, word};
use crate::link_open::{SshConfig, hops, passphrase_key};

/// What a draft's record holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SetupState {
    /// As the screens see it.
    pub(crate) draft: SetupDraft,
    /// The host keys that were seen, with the keys themselves.
    pub(crate) scanned: Vec<skerry_ssh::HostKeyOffer>,
    /// Path of the key file that was used to log in.
    pub(crate) key_file: Option<String>,
    /// The agent's home on the machine, absolute.
    pub(crate) agent_home: Option<String>,
}

/// What is known of drafts in memory alone.
#[derive(Default)]
pub(crate) struct Setups {
    /// How to log in, until our own key does.
    logins: Mutex<HashMap<String, Auth>>,
    busy: Mutex<HashSet<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Setups {
    pub(crate) fn login(&self, id: &str) -> Option<Auth> {
        lock(&self.logins).get(id).cloned()
    }

    pub(crate) fn remember(&self, id: &str, auth: Auth) {
        lock(&self.logins).insert(id.to_owned(), auth);
    }

    pub(crate) fn forget(&self, id: &str) {
        lock(&self.logins).remove(id);
    }

    fn busy_ones(&self) -> HashSet<String> {
        lock(&self.busy).clone()
    }

    fn is_busy(&self, id: &str) -> bool {
        lock(&self.busy).contains(id)
    }
}

/// Held while an operation works on a draft.
pub(crate) struct Busy {
    console: Console,
    id: Arc<str>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        lock(&self.console.setups().busy).remove(&*self.id);
        self.console.emit_for(&[Topic::Setup], &self.id);
    }
}

/// The key under which a password is kept that a person asked to remember.
pub(crate) fn password_key(id: &str) -> String {
    format!("machine/{id}/password")
}

impl Console {
    /// Registrations that were begun and not ended, newest first.
    pub async fn setup_list(&self, _: Nothing) -> Result<Vec<SetupDraft>, ErrorBody> {
        let busy = self.setups().busy_ones();
        let records = self.db(|store| store.setups()).await?;
        Ok(records
            .iter()
            .filter_map(|record| self.settled(record, &busy))
            .map(|state| state.draft)
            .filter(|draft| draft.machine_id.is_none())
            .collect())
    }

    /// One registration.
    pub async fn setup_get(&self, args: ById) -> Result<SetupDraft, ErrorBody> {
        Ok(self.setup_state(&args.id).await?.draft)
    }

    /// Begins a registration, or changes where the machine is.
    pub async fn setup_address(&self, args: SetupAddress) -> Result<SetupDraft, ErrorBody> {
        let address = checked(args.address)?;
        if let Some(name) = &args.name {
            validate::name("name", name)?;
        }
        let draft_id = args.id.clone();
        self.refuse_twice(&address, draft_id.as_deref()).await?;
        let named = |name: Option<String>| {
            name.map(|name| name.trim().to_owned())
                .unwrap_or_else(|| address.host.clone())
        };
        let state = match args.id {
            None => {
                let now = self.now();
                SetupState {
                    draft: SetupDraft {
                        id: uuid::Uuid::new_v4().simple().to_string(),
                        name: named(args.name),
                        address,
                        step: SetupStep::HostKey,
                        done: vec![SetupStep::Address],
                        host_keys: Vec::new(),
                        login: None,
                        key: None,
                        checks: Vec::new(),
                        agent: None,
                        machine_id: None,
                        problem: None,
                        busy: false,
                        created_at: now,
                        updated_at: now,
                    },
                    scanned: Vec::new(),
                    key_file: None,
                    agent_home: None,
                }
            }
            Some(id) => {
                let mut state = self.setup_state(&id).await?;
                open(&state.draft)?;
                let _busy = self.setup_busy(&id)?;
                if state.draft.address != address {
                    // Another machine: nothing that was learnt holds for it.
                    self.setups().forget(&id);
                    state.draft.done = vec![SetupStep::Address];
                    state.draft.step = SetupStep::HostKey;
                    state.draft.host_keys.clear();
                    state.draft.login = None;
                    state.draft.key = None;
                    state.draft.checks.clear();
                    state.draft.agent = None;
                    state.scanned.clear();
                    state.agent_home = None;
                }
                state.draft.problem = None;
                state.draft.name = named(args.name);
                state.draft.address = address;
                state
            }
        };
        self.setup_save(state).await
    }

    /// Throws a registration away, with the key and the secrets made for it.
    pub async fn setup_discard(&self, args: ById) -> Result<Nothing, ErrorBody> {
        let state = self.setup_state(&args.id).await?;
        let _busy = self.setup_busy(&args.id)?;
        self.setups().forget(&args.id);
        if state.draft.machine_id.is_none() {
            self.unpin(&state.draft.address, &args.id).await?;
            if let Some(key) = &state.draft.key {
                for file in [key.file.clone(), format!("{}.pub", key.file)] {
                    match std::fs::remove_file(&file) {
                        Ok(()) => {}
                        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                        Err(error) => {
                            tracing::warn!(%error, file, "a key file could not be removed");
                        }
                    }
                }
                self.secret_forget(&passphrase_key(&args.id)).await;
            }
            if state.draft.login.as_ref().is_some_and(|l| l.remembered) {
                self.secret_forget(&password_key(&args.id)).await;
            }
        }
        self.db(move |store| store.setup_delete(&args.id)).await
    }

    /// Two registrations of one machine would read one journal twice.
    async fn refuse_twice(&self, address: &SshAddress, own: Option<&str>) -> Result<(), ErrorBody> {
        let machines = self.db(|store| store.machines()).await?;
        let known = machines.iter().find(|machine| {
            machine.kind == "ssh"
                && Some(machine.id.as_str()) != own
                && SshConfig::of(machine).is_ok_and(|config| {
                    let there = &config.address;
                    there.host.eq_ignore_ascii_case(&address.host)
                        && there.port == address.port
                        && there.user == address.user
                        && there.jump == address.jump
                })
        });
        match known {
            None => Ok(()),
            Some(machine) => Err(ErrorBody::new(
                Code::AlreadyExists,
                format!("This machine is registered already, as '{}'.", machine.name),
            )
            .because(Reason::MachineExists)
            .with("field", "host")
            .with("machine", &machine.name)),
        }
    }

    /// The draft as it stands, settled: what was under way when the program ended is
    /// not under way any more, and a password that is gone is asked for again.
    pub(crate) async fn setup_state(&self, id: &str) -> Result<SetupState, ErrorBody> {
        let wanted = id.to_owned();
        let busy = self.setups().busy_ones();
        let record = self.db(move |store| store.setup(&wanted)).await?;
        record
            .as_ref()
            .and_then(|record| self.settled(record, &busy))
            .ok_or_else(|| ErrorBody::not_found("registration", &validate::shorten(id)))
    }

    /// `busy` are those that were worked on before the record was read: an operation that
    /// ended since has left more in the store than the record says.
    fn settled(&self, record: &SetupRecord, busy: &HashSet<String>) -> Option<SetupState> {
        let mut state: SetupState = serde_json::from_value(record.state.clone())
            .inspect_err(
                |error| tracing::warn!(%error, id = %record.id, "a draft of another version"),
            )
            .ok()?;
        let draft = &mut state.draft;
        draft.busy = busy.contains(&draft.id) || self.setups().is_busy(&draft.id);
        if !draft.busy {
            for check in &mut draft.checks {
                if check.state == CheckState::Running {
                    check.state = CheckState::Waiting;
                }
            }
            let lost = draft.step == SetupStep::Key
                && self.setups().login(&draft.id).is_none()
                && draft
                    .login
                    .as_ref()
                    .is_some_and(|login| login.method == LoginKind::Password && !login.remembered);
            if lost {
                draft.step = SetupStep::Authenticate;
                draft.done.retain(|step| *step != SetupStep::Authenticate);
                draft.login = None;
            }
        }
        Some(state)
    }

    /// Keeps a draft and tells the screens. What it gives back is the outcome of an
    /// operation, and so not busy.
    pub(crate) async fn setup_save(&self, mut state: SetupState) -> Result<SetupDraft, ErrorBody> {
        state.draft.updated_at = self.now();
        state.draft.busy = false;
        let record = SetupRecord {
            id: state.draft.id.clone(),
            created_at: state.draft.created_at,
            updated_at: state.draft.updated_at,
            state: serde_json::to_value(&state).map_err(|error| {
                ErrorBody::new(
                    Code::Internal,
                    format!("The draft cannot be stored: {error}."),
                )
            })?,
        };
        self.db(move |store| store.setup_save(&record)).await?;
        self.emit_for(&[Topic::Setup], &state.draft.id);
        Ok(state.draft)
    }

    /// Begins an operation on a draft; a second one at the same time is refused.
    pub(crate) fn setup_busy(&self, id: &str) -> Result<Busy, ErrorBody> {
        if !lock(&self.setups().busy).insert(id.to_owned()) {
            return Err(ErrorBody::new(
                Code::Busy,
                "Another step of this registration is under way.",
            )
            .because(Reason::StepUnderWay));
        }
        self.emit_for(&[Topic::Setup], id);
        Ok(Busy {
            console: self.clone(),
            id: Arc::from(id),
        })
    }

    /// How to log in to the machine of a draft, as far as that is known without asking.
    pub(crate) async fn setup_login(&self, state: &SetupState) -> Option<Auth> {
        let id = &state.draft.id;
        if let Some(auth) = self.setups().login(id) {
            return Some(auth);
        }
        let login = state.draft.login.as_ref()?;
        match login.method {
            LoginKind::SshAgent => Some(Auth::Agent),
            LoginKind::Password => {
                let kept = self.secrets().get(&password_key(id)).await;
                kept.ok().flatten().map(Auth::Password)
            }
            LoginKind::KeyFile => {
                let file = state.key_file.clone()?;
                let opened = blocking(move || {
                    LoadedKey::open(file.as_ref(), None).map_err(|error| error.to_body())
                });
                opened.await.ok().map(Auth::Key)
            }
        }
    }
}

/// A draft that has become a machine is history.
pub(crate) fn open(draft: &SetupDraft) -> Result<(), ErrorBody> {
    if draft.machine_id.is_some() {
        return Err(
            ErrorBody::new(Code::WrongState, "This machine is registered already.")
                .because(Reason::MachineRegisteredAlready),
        );
    }
    Ok(())
}

/// The steps before must be done.
pub(crate) fn after(draft: &SetupDraft, step: SetupStep, words: &str) -> Result<(), ErrorBody> {
    open(draft)?;
    if draft.done.contains(&step) {
        return Ok(());
    }
    Err(ErrorBody::new(Code::WrongState, words)
        .because(Reason::StepFirst)
        .with("step", word(&step)))
}

/// Marks a step as done, and all steps after it as not.
pub(crate) fn finish_step(draft: &mut SetupDraft, step: SetupStep, next: SetupStep) {
    draft.done.retain(|done| *done < step);
    draft.done.push(step);
    draft.step = next;
    draft.problem = None;
}

fn checked(mut address: SshAddress) -> Result<SshAddress, ErrorBody> {
    let tidy = |host: &str| {
        let host = host.trim();
        // People paste IPv6 addresses with their brackets.
        host.strip_prefix('[')
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(host)
            .to_owned()
    };
    address.host = tidy(&address.host);
    address.user = address.user.trim().to_owned();
    validate::host("host", &address.host)?;
    validate::port("port", address.port)?;
    validate::user("user", &address.user)?;
    if let Some(jump) = &mut address.jump {
        jump.host = tidy(&jump.host);
        jump.user = jump.user.trim().to_owned();
        validate::host("jump_host", &jump.host)?;
        validate::port("jump_port", jump.port)?;
        validate::user("jump_user", &jump.user)?;
    }
    let mut seen = HashSet::new();
    for hop in hops(&address) {
        if !seen.insert((hop.host.to_ascii_lowercase(), hop.port)) {
            return Err(
                ErrorBody::invalid("jump_host", "The jump host is the machine itself.")
                    .because(Reason::JumpIsMachine),
            );
        }
    }
    Ok(address)
}
