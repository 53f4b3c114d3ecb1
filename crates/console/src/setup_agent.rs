//! *Register a machine*, second half: preflight, upload and start of the agent, and the
//! machine in the list.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use skerry_agent::client::Client;
use skerry_domain::{Code, Coded as _, ErrorBody, Reason, validate};
use skerry_ssh::{Auth, Session};
use skerry_store::workspace::MachineRecord;
use tokio::sync::watch;

use crate::Console;
use crate::api::*;
use crate::link_open::{
    AGENT_HOME, SshConfig, SshConnector, load_key, quoted, route, start_agent, timeouts,
};
use crate::machines::ObservedMachine;
use crate::setup::{SetupState, after, finish_step};
use crate::setup_preflight::{ALL, check_one, running, waiting};

/// How often the screens hear of an upload's progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

impl Console {
    /// Starts the preflight checks, or one of them again. Answers at once; the checks
    /// grow in the draft.
    pub async fn setup_preflight(&self, args: SetupPreflight) -> Result<SetupDraft, ErrorBody> {
        let mut state = self.setup_state(&args.id).await?;
        after(
            &state.draft,
            SetupStep::Key,
            "Install the key pair first: the checks log in with it.",
        )?;
        let busy = self.setup_busy(&args.id)?;
        state.draft.problem = None;
        let wanted = match args.check {
            Some(id) => vec![id],
            None => ALL.to_vec(),
        };
        if state.draft.checks.len() != ALL.len() {
            state.draft.checks = ALL.into_iter().map(waiting).collect();
        }
        for check in &mut state.draft.checks {
            if wanted.contains(&check.id) {
                *check = waiting(check.id);
            }
        }
        if state.draft.step > SetupStep::Preflight {
            state.draft.step = SetupStep::Preflight;
        }
        let mut draft = self.setup_save(state.clone()).await?;
        draft.busy = true;
        let console = self.clone();
        self.spawn(async move {
            let stopping = console.stopping();
            tokio::select! {
                () = stopping.cancelled() => {}
                () = console.preflight(state, wanted) => {}
            }
            drop(busy);
        });
        Ok(draft)
    }

    async fn preflight(&self, mut state: SetupState, wanted: Vec<CheckId>) {
        // A login of its own each time: the groups of a user are those of the login.
        let session = match self.setup_session(&state).await {
            Ok(session) => session,
            Err(problem) => {
                self.keep(state, Some(problem)).await;
                return;
            }
        };
        for id in wanted {
            put(&mut state.draft, running(id));
            self.keep(state.clone(), None).await;
            let check = check_one(self, &session, id).await;
            put(&mut state.draft, check);
            if session.is_closed() {
                let lost = session.closed().await.to_body();
                self.keep(state, Some(lost)).await;
                return;
            }
        }
        session.close().await;
        let good = |check: &Check| {
            !check.required || matches!(check.state, CheckState::Ok | CheckState::Warning)
        };
        if state.draft.checks.iter().all(good) {
            if state.draft.done.contains(&SetupStep::Agent) {
                state.draft.step = SetupStep::Done;
            } else {
                finish_step(&mut state.draft, SetupStep::Preflight, SetupStep::Agent);
            }
        } else {
            state.draft.step = SetupStep::Preflight;
            state.draft.done.retain(|done| *done < SetupStep::Preflight);
        }
        self.keep(state, None).await;
    }

    /// Saves from a background task: what cannot be saved is logged.
    async fn keep(&self, mut state: SetupState, problem: Option<ErrorBody>) {
        state.draft.problem = problem;
        if let Err(error) = self.setup_save(state).await {
            tracing::error!(%error, "a draft could not be saved");
        }
    }

    /// Logs in to a draft's machine with our own key.
    async fn setup_session(&self, state: &SetupState) -> Result<Session, ErrorBody> {
        let Some(key) = &state.draft.key else {
            return Err(ErrorBody::new(
                Code::WrongState,
                "There is no key pair for this machine yet.",
            )
            .because(Reason::NoKeyPair));
        };
        let key = load_key(self.secrets(), &state.draft.id, key.file.as_ref()).await?;
        let all = route(&state.draft.address, Some(&Auth::Key(key)));
        skerry_ssh::connect(&all, &self.trust(), &timeouts())
            .await
            .map_err(|error| error.to_body())
    }

    /// Uploads the agent, starts it and sees it answer. Does again only what is needed.
    pub async fn setup_agent(&self, args: ById) -> Result<SetupDraft, ErrorBody> {
        let mut state = self.setup_state(&args.id).await?;
        after(
            &state.draft,
            SetupStep::Preflight,
            "The required checks are not passed yet.",
        )?;
        let _busy = self.setup_busy(&args.id)?;
        state.draft.problem = None;
        match self.install_agent(&mut state).await {
            Ok(()) => {
                finish_step(&mut state.draft, SetupStep::Agent, SetupStep::Done);
                self.setup_save(state).await
            }
            Err(problem) => {
                state.draft.step = SetupStep::Agent;
                state.draft.done.retain(|done| *done < SetupStep::Agent);
                self.setup_failed(state, problem).await
            }
        }
    }

    async fn install_agent(&self, state: &mut SetupState) -> Result<(), ErrorBody> {
        let session = Arc::new(self.setup_session(state).await?);
        let (arch, home) = ground(&session).await?;
        let program = self.agent_program_for(&arch)?;
        let place = format!("{home}/bin/skerry-agent");
        state.agent_home = Some(home.clone());
        let total = std::fs::metadata(&program).map_or(0, |metadata| metadata.len());
        state.draft.agent = Some(AgentInstall {
            phase: AgentInstallPhase::Uploading,
            sent_bytes: 0,
            total_bytes: total,
            path: place.clone(),
            version: None,
        });
        self.setup_save(state.clone()).await?;

        let (sender, mut receiver) = watch::channel(0_u64);
        let progress = move |sent: u64, _: u64| {
            sender.send_replace(sent);
        };
        let upload = async {
            let uploaded = session.upload(&program, &place, 0o755, &progress).await;
            // Ends the telling below.
            drop(progress);
            uploaded.map_err(|error| error.to_body())
        };
        let mut told = state.clone();
        let tell = async {
            while receiver.changed().await.is_ok() {
                let sent = *receiver.borrow_and_update();
                if let Some(agent) = &mut told.draft.agent {
                    agent.sent_bytes = sent;
                }
                if let Err(error) = self.setup_save(told.clone()).await {
                    tracing::warn!(%error, "the progress could not be saved");
                }
                tokio::time::sleep(PROGRESS_EVERY).await;
            }
        };
        let (uploaded, ()) = tokio::join!(upload, tell);
        let uploaded = uploaded?;
        tracing::info!(host = %state.draft.address.host, skipped = uploaded.skipped, sha256 = %uploaded.sha256, "the agent is in its place");

        if let Some(agent) = &mut state.draft.agent {
            agent.sent_bytes = total;
            agent.phase = AgentInstallPhase::Starting;
        }
        self.setup_save(state.clone()).await?;
        let connector = SshConnector::new(Arc::clone(&session), home.clone());
        let client = Client::new(Arc::new(connector));
        // An agent of another version that runs already makes room; its workloads go on.
        match client.status().await {
            Ok(status) if status.version == skerry_agent::VERSION => {}
            Ok(_) => client.shut_down().await?,
            Err(error) if error.code == Code::AgentVersion => client.shut_down().await?,
            Err(_) => {}
        }
        if client.status().await.is_err() {
            start_agent(&session, &home, &client).await?;
        }
        let status = client.status().await?;
        if let Some(agent) = &mut state.draft.agent {
            agent.phase = AgentInstallPhase::Answering;
            agent.version = Some(status.version);
        }
        session.close().await;
        Ok(())
    }

    /// Makes the machine of a draft whose agent answers part of the workspace.
    pub async fn setup_finish(&self, args: SetupFinish) -> Result<SetupDraft, ErrorBody> {
        validate::name("name", &args.name)?;
        let mut state = self.setup_state(&args.id).await?;
        if state.draft.machine_id.is_some() {
            return Ok(state.draft);
        }
        after(
            &state.draft,
            SetupStep::Agent,
            "The agent does not answer on the machine yet.",
        )?;
        let _busy = self.setup_busy(&args.id)?;
        let (Some(key), Some(agent_home)) = (state.draft.key.clone(), state.agent_home.clone())
        else {
            return Err(ErrorBody::new(
                Code::WrongState,
                "The registration is not complete: upload the agent again.",
            )
            .because(Reason::AgentFirst));
        };
        let config = SshConfig {
            address: state.draft.address.clone(),
            key,
            agent_home,
            host_key_fingerprint: state
                .draft
                .host_keys
                .iter()
                .find(|offer| !offer.is_jump)
                .map(|offer| offer.fingerprint.clone()),
        };
        let observed = ObservedMachine {
            checks: state.draft.checks.clone(),
            checked_at: Some(state.draft.updated_at),
            ..ObservedMachine::default()
        };
        let machine = MachineRecord {
            // The draft's own: its secrets are under that name.
            id: state.draft.id.clone(),
            name: args.name.trim().to_owned(),
            kind: "ssh".to_owned(),
            created_at: self.now(),
            config: serde_json::to_value(&config).map_err(|error| {
                ErrorBody::new(
                    Code::Internal,
                    format!("The machine cannot be stored: {error}."),
                )
            })?,
            observed: serde_json::to_value(observed).unwrap_or_default(),
            last_seen_at: None,
            removed_at: None,
        };
        let record = machine.clone();
        self.db(move |store| store.machine_save(&record))
            .await
            .map_err(|error| match error.code {
                Code::AlreadyExists => error
                    .because(Reason::MachineNameTaken)
                    .with("name", &machine.name),
                _ => error,
            })?;
        self.activity(
            ActivityKind::MachineRegistered,
            &machine.id,
            &machine.name,
            Some(config.address.host.clone()),
            None,
        )
        .await;
        self.link_start(&machine);
        self.emit_for(&[Topic::Machines], &machine.id);
        state.draft.name.clone_from(&machine.name);
        state.draft.machine_id = Some(machine.id);
        state.draft.problem = None;
        let draft = self.setup_save(state).await?;
        self.forget_finished(&args.id).await;
        Ok(draft)
    }

    /// Earlier drafts that became machines have served.
    async fn forget_finished(&self, newest: &str) {
        let newest = newest.to_owned();
        let forgotten = self
            .db(move |store| {
                for record in store.setups()? {
                    let finished = record
                        .state
                        .pointer("/draft/machine_id")
                        .is_some_and(|id| !id.is_null());
                    if finished && record.id != newest {
                        store.setup_delete(&record.id)?;
                    }
                }
                Ok(())
            })
            .await;
        if let Err(error) = forgotten {
            tracing::warn!(%error, "finished drafts could not be removed");
        }
    }

    /// The agent's program for a processor architecture: a file that needs nothing of
    /// the machine, not even its C library.
    ///
    /// # Errors
    /// [`Code::AgentBinaryMissing`], with the places that were looked at.
    pub(crate) fn agent_program_for(&self, arch: &str) -> Result<PathBuf, ErrorBody> {
        let mut places = Vec::new();
        if let Some(named) = std::env::var_os("SKERRY_STATIC_AGENT") {
            places.push(PathBuf::from(named));
        }
        if let Ok(me) = std::env::current_exe() {
            // Beside the program; in a development tree also where the build puts it.
            for folder in me.ancestors().skip(1).take(3) {
                places.push(folder.join(format!("skerry-agent-{arch}")));
                places.push(folder.join(format!(
                    "static/{arch}-unknown-linux-gnu/agent/skerry-agent"
                )));
                places.push(folder.join("skerry-agent"));
            }
        }
        places
            .iter()
            .find(|place| runs_anywhere(place, arch))
            .cloned()
            .ok_or_else(|| {
                let looked: Vec<String> = places
                    .iter()
                    .map(|place| place.display().to_string())
                    .collect();
                ErrorBody::new(
                    Code::AgentBinaryMissing,
                    format!(
                        "There is no agent program for {arch} machines beside this program. Set \
                         SKERRY_STATIC_AGENT to a statically linked one."
                    ),
                )
                .with("architecture", arch)
                .with("looked_at", looked.join("\n"))
            })
    }
}

fn put(draft: &mut SetupDraft, check: Check) {
    if let Some(place) = draft.checks.iter_mut().find(|other| other.id == check.id) {
        *place = check;
    }
}

/// The machine's processor architecture.
pub(crate) async fn architecture(session: &Session) -> Result<String, ErrorBody> {
    Ok(ground(session).await?.0)
}

/// Architecture, and the absolute path for the agent's home.
async fn ground(session: &Session) -> Result<(String, String), ErrorBody> {
    let script = format!(
        "echo \"skerry:arch $(uname -m)\"; cd \"$HOME\" && echo \"skerry:home $(pwd -P)/{}\"",
        AGENT_HOME
    );
    let output = session
        .script(&script, Duration::from_secs(30))
        .await
        .map_err(|error| error.to_body())?;
    let text = output.text();
    let answer = |key: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix("skerry:")?.strip_prefix(key))
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    };
    match (answer("arch "), answer("home ")) {
        (Some(arch), Some(home)) if home.starts_with('/') => Ok((arch, home)),
        _ => Err(output
            .failure("Asking for the home folder")
            .to_body()
            .with("command", format!("cd ~ && pwd, below {}", quoted("~")))),
    }
}

/// A statically linked ELF program for this architecture (System V ABI, 64-bit, little
/// endian: machine number at byte 18, program headers at the offset in byte 32; one of
/// type PT_INTERP names a dynamic loader).
fn runs_anywhere(place: &Path, arch: &str) -> bool {
    let Ok(head) = read_head(place) else {
        return false;
    };
    let wanted: u16 = match arch {
        "x86_64" => 62,
        "aarch64" => 183,
        _ => return false,
    };
    let number = |at: usize, length: usize| -> Option<u64> {
        let bytes = head.get(at..at.checked_add(length)?)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0_u64, |value, byte| (value << 8) | u64::from(*byte)),
        )
    };
    if !head.starts_with(b"\x7fELF\x02\x01") || number(18, 2) != Some(u64::from(wanted)) {
        return false;
    }
    let (Some(offset), Some(size), Some(count)) = (number(32, 8), number(54, 2), number(56, 2))
    else {
        return false;
    };
    const PT_INTERP: u64 = 3;
    (0..count).all(|index| {
        let at = usize::try_from(offset + index * size).unwrap_or(usize::MAX);
        number(at, 4).is_some_and(|kind| kind != PT_INTERP)
    })
}

fn read_head(place: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut head = Vec::new();
    std::fs::File::open(place)?
        .take(4096)
        .read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_static_programs_of_the_right_kind_are_sent() {
        // This test is a dynamically linked program; busybox-static is not.
        let me = std::env::current_exe().unwrap();
        assert!(!runs_anywhere(&me, std::env::consts::ARCH));
        let busybox = Path::new("/bin/busybox");
        assert!(
            runs_anywhere(busybox, std::env::consts::ARCH),
            "Debian package busybox-static"
        );
        assert!(!runs_anywhere(busybox, "riscv64"));
        assert!(!runs_anywhere(Path::new("/etc/passwd"), "x86_64"));
        assert!(!runs_anywhere(Path::new("/nowhere"), "x86_64"));
    }
}
