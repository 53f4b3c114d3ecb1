//! *Register a machine*, first half: host keys, the first login, a key pair of our own.

use std::path::PathBuf;

use skerry_domain::{Code, Coded as _, ErrorBody, Reason, validate};
use skerry_ssh::{Auth, HostKeyVerdict, KeyPair, LoadedKey};

use crate::Console;
use crate::api::*;
use crate::console::blocking;
use crate::link_open::{load_key, passphrase_key, route, timeouts};
use crate::setup::{SetupState, after, finish_step, open, password_key};

impl Console {
    /// Looks at the host keys on the way to the machine. Nothing is sent to log in,
    /// except to a jump host whose key is pinned and whose login is known.
    pub async fn setup_scan(&self, args: ById) -> Result<SetupDraft, ErrorBody> {
        let mut state = self.setup_state(&args.id).await?;
        after(&state.draft, SetupStep::Address, "Enter the address first.")?;
        let _busy = self.setup_busy(&args.id)?;
        match self.scan(&mut state).await {
            Ok(()) => state.draft.problem = stopping(&state.draft),
            Err(error) => state.draft.problem = Some(error),
        }
        let all_pinned = state.draft.host_keys.len() == hop_count(&state)
            && state
                .draft
                .host_keys
                .iter()
                .all(|offer| offer.state == HostKeyState::Pinned);
        if all_pinned && state.draft.problem.is_none() {
            if !state.draft.done.contains(&SetupStep::HostKey) {
                finish_step(
                    &mut state.draft,
                    SetupStep::HostKey,
                    SetupStep::Authenticate,
                );
            }
        } else if state.draft.problem.is_none() {
            state.draft.step = SetupStep::HostKey;
            state.draft.done.retain(|done| *done < SetupStep::HostKey);
        }
        self.setup_save(state).await
    }

    async fn scan(&self, state: &mut SetupState) -> Result<(), ErrorBody> {
        let auth = self.setup_login(state).await;
        let address = state.draft.address.clone();
        let route = route(&address, auth.as_ref());
        let scan = skerry_ssh::scan(&route, &self.trust(), &timeouts())
            .await
            .map_err(|error| error.to_body())?;
        let jump = address.jump.is_some();
        state.draft.host_keys = scan
            .offers
            .iter()
            .enumerate()
            .map(|(index, offer)| shown(offer, jump && index == 0))
            .collect();
        state.scanned = scan.offers;
        Ok(())
    }

    /// Pins the host keys that the person confirmed. With a jump host whose login is
    /// known already, goes on to log in to the machine behind it.
    pub async fn setup_trust(&self, args: SetupTrust) -> Result<SetupDraft, ErrorBody> {
        let mut state = self.setup_state(&args.id).await?;
        open(&state.draft)?;
        let _busy = self.setup_busy(&args.id)?;
        if state.scanned.is_empty() {
            return Err(
                ErrorBody::new(Code::WrongState, "No host key was looked at yet.")
                    .because(Reason::NoHostKey),
            );
        }
        if let Some(problem) = stopping(&state.draft) {
            return Err(problem);
        }
        let seen: Vec<&str> = state
            .scanned
            .iter()
            .map(|offer| offer.key.fingerprint.as_str())
            .collect();
        if args.fingerprints != seen {
            return Err(ErrorBody::invalid(
                "fingerprints",
                "The fingerprints are not those of the keys that the hosts showed.",
            )
            .because(Reason::FingerprintsDiffer)
            .with("found_fingerprint", seen.join(", "))
            .with("expected_fingerprint", args.fingerprints.join(", ")));
        }
        let all_known = state
            .scanned
            .iter()
            .all(|offer| offer.verdict == HostKeyVerdict::Known);
        if all_known && state.draft.done.contains(&SetupStep::HostKey) {
            // Somebody went back to look: what was done since then stays done.
            return Ok(state.draft);
        }
        for offer in state.scanned.clone() {
            if offer.verdict == HostKeyVerdict::Known {
                continue;
            }
            let trust = self.trust();
            let pinned = offer.clone();
            blocking(move || {
                trust
                    .pin(&pinned.host, pinned.port, &pinned.key)
                    .map_err(|error| error.to_body())
            })
            .await?;
            self.activity(
                ActivityKind::HostKeyPinned,
                &state.draft.id,
                &offer.host,
                Some(offer.key.fingerprint),
                None,
            )
            .await;
        }
        for (offer, shown) in state.scanned.iter_mut().zip(&mut state.draft.host_keys) {
            offer.verdict = HostKeyVerdict::Known;
            shown.state = HostKeyState::Pinned;
        }
        finish_step(
            &mut state.draft,
            SetupStep::HostKey,
            SetupStep::Authenticate,
        );
        // The jump host was logged in to before the machine's own key could be seen:
        // the same login goes on from here.
        if let Some(auth) = self.setups().login(&args.id) {
            let login = state.draft.login.clone();
            if let Some(login) = login {
                self.log_in(&mut state, auth, login).await;
            }
        }
        self.setup_save(state).await
    }

    /// Logs in for the first time.
    pub async fn setup_authenticate(
        &self,
        args: SetupAuthenticate,
    ) -> Result<SetupDraft, ErrorBody> {
        let mut state = self.setup_state(&args.id).await?;
        after(
            &state.draft,
            SetupStep::HostKey,
            "Confirm the host key first.",
        )?;
        let _busy = self.setup_busy(&args.id)?;
        let (auth, login, remember) = match args.method {
            LoginMethod::Password { password, remember } => {
                if password.is_empty() {
                    return Err(ErrorBody::invalid("password", "Enter the password.")
                        .because(Reason::PasswordEmpty));
                }
                let kept = remember.then(|| password.clone());
                (
                    Auth::Password(password),
                    login(LoginKind::Password, None),
                    kept,
                )
            }
            LoginMethod::KeyFile { path, passphrase } => {
                let file = key_file(&path)?;
                state.key_file = Some(file.display().to_string());
                let opening = file.clone();
                let opened = blocking(move || {
                    LoadedKey::open(&opening, passphrase.as_ref()).map_err(|error| error.to_body())
                })
                .await;
                let key = match opened {
                    Ok(key) => key,
                    Err(problem) => return self.setup_failed(state, problem).await,
                };
                let detail = format!("{}, {}", file.display(), key.fingerprint());
                (
                    Auth::Key(key),
                    login(LoginKind::KeyFile, Some(detail)),
                    None,
                )
            }
            LoginMethod::SshAgent => (Auth::Agent, login(LoginKind::SshAgent, None), None),
        };
        let mut login = login;
        login.at = self.now();
        state.draft.login = None;
        if self.log_in(&mut state, auth, login).await
            && let Some(password) = remember
        {
            let label = format!("Password of {}", state.draft.name);
            let kept = self
                .secret_keep(
                    &password_key(&args.id),
                    SecretKind::MachinePassword,
                    &label,
                    &password,
                )
                .await;
            match kept {
                Ok(()) => {
                    if let Some(login) = &mut state.draft.login {
                        login.remembered = true;
                    }
                }
                // The login itself has worked; only the remembering has not.
                Err(problem) => state.draft.problem = Some(problem),
            }
        }
        self.setup_save(state).await
    }

    /// Tries the login and puts the outcome into the draft; whether it worked.
    async fn log_in(&self, state: &mut SetupState, auth: Auth, login: LoginInfo) -> bool {
        let id = state.draft.id.clone();
        let all = route(&state.draft.address, Some(&auth));
        match skerry_ssh::connect(&all, &self.trust(), &timeouts()).await {
            Ok(session) => {
                session.close().await;
                self.setups().remember(&id, auth);
                state.draft.login = Some(login);
                finish_step(&mut state.draft, SetupStep::Authenticate, SetupStep::Key);
                true
            }
            // The jump host let us in; behind it stands a machine nobody has confirmed.
            Err(error) if error.code() == Code::HostKeyUnknown => {
                self.setups().remember(&id, auth);
                state.draft.login = Some(login);
                state.draft.done.retain(|done| *done < SetupStep::HostKey);
                state.draft.step = SetupStep::HostKey;
                state.draft.problem = match self.scan(state).await {
                    Ok(()) => stopping(&state.draft),
                    Err(problem) => Some(problem),
                };
                false
            }
            Err(error) => {
                tracing::info!(host = %state.draft.address.host, code = ?error.code(), "the first login failed");
                self.setups().forget(&id);
                state.draft.login = None;
                state.draft.step = SetupStep::Authenticate;
                state
                    .draft
                    .done
                    .retain(|done| *done < SetupStep::Authenticate);
                state.draft.problem = Some(error.to_body());
                false
            }
        }
    }

    /// Makes a key pair, installs the public half on every hop and logs in with it.
    pub async fn setup_key(&self, args: ById) -> Result<SetupDraft, ErrorBody> {
        let mut state = self.setup_state(&args.id).await?;
        after(&state.draft, SetupStep::Authenticate, "Log in first.")?;
        let _busy = self.setup_busy(&args.id)?;
        if state.draft.key.as_ref().is_some_and(|key| key.verified) {
            return Ok(state.draft);
        }
        state.draft.step = SetupStep::Key;
        let key = match self.own_key(&mut state).await {
            Ok(key) => key,
            Err(problem) => return self.setup_failed(state, problem).await,
        };
        if let Err(problem) = self.install(&mut state).await {
            return self.setup_failed(state, problem).await;
        }
        self.setup_save(state.clone()).await?;
        let all = route(&state.draft.address, Some(&Auth::Key(key)));
        match skerry_ssh::connect(&all, &self.trust(), &timeouts()).await {
            Ok(session) => session.close().await,
            Err(error) => return self.setup_failed(state, error.to_body()).await,
        }
        if let Some(key) = &mut state.draft.key {
            key.verified = true;
        }
        // From here on our own key logs in: the password has been used once.
        self.setups().forget(&args.id);
        finish_step(&mut state.draft, SetupStep::Key, SetupStep::Preflight);
        state.draft.checks = crate::setup_preflight::ALL
            .into_iter()
            .map(crate::setup_preflight::waiting)
            .collect();
        self.setup_save(state).await
    }

    /// The key pair of a draft: the one that was made before, or a new one.
    async fn own_key(&self, state: &mut SetupState) -> Result<LoadedKey, ErrorBody> {
        let id = state.draft.id.clone();
        if let Some(key) = &state.draft.key {
            match load_key(self.secrets(), &id, key.file.as_ref()).await {
                Ok(loaded) => return Ok(loaded),
                Err(error) if matches!(error.code, Code::SecretMissing | Code::KeyFileInvalid) => {}
                Err(error) => return Err(error),
            }
        }
        let passphrase = KeyPair::random_passphrase();
        let label = format!("Passphrase of the key for {}", state.draft.name);
        // The passphrase first: a key that cannot be opened again is of no use.
        self.secret_keep(
            &passphrase_key(&id),
            SecretKind::KeyPassphrase,
            &label,
            &passphrase,
        )
        .await?;
        let file = self.data_dir().join("ssh/keys").join(&id);
        let comment = format!("skerry-{}@{}", self.user(), self.hostname());
        let written = file.clone();
        let pair = blocking(move || {
            let pair = KeyPair::generate(&comment).map_err(|error| error.to_body())?;
            pair.write(&written, &passphrase)
                .map_err(|error| error.to_body())?;
            Ok(pair)
        })
        .await?;
        state.draft.key = Some(KeyInfo {
            fingerprint: pair.fingerprint(),
            public_key: pair.public_line().to_owned(),
            file: file.display().to_string(),
            installed: false,
            verified: false,
        });
        self.setup_save(state.clone()).await?;
        Ok(pair.loaded())
    }

    /// Puts our public key on every hop, jump host first.
    async fn install(&self, state: &mut SetupState) -> Result<(), ErrorBody> {
        let Some(auth) = self.setup_login(state).await else {
            state.draft.step = SetupStep::Authenticate;
            return Err(ErrorBody::new(
                Code::SecretMissing,
                "The login is not known any more: log in again.",
            ));
        };
        let line = match &state.draft.key {
            Some(key) => key.public_key.clone(),
            None => return Err(ErrorBody::not_found("key", &state.draft.name)),
        };
        let all = route(&state.draft.address, Some(&auth));
        for hops in 1..=all.len() {
            let part = all.iter().take(hops).cloned().collect();
            let session = skerry_ssh::connect(&part, &self.trust(), &timeouts())
                .await
                .map_err(|error| error.to_body())?;
            let installed = session
                .install_public_key(&line)
                .await
                .map_err(|error| error.to_body())?;
            for warning in &installed.warnings {
                tracing::warn!(host = %session.hop().host, warning, "the key may be ignored");
            }
            session.close().await;
        }
        if let Some(key) = &mut state.draft.key {
            key.installed = true;
        }
        Ok(())
    }

    /// Keeps a draft with what went wrong; the wizard stays usable.
    pub(crate) async fn setup_failed(
        &self,
        mut state: SetupState,
        problem: ErrorBody,
    ) -> Result<SetupDraft, ErrorBody> {
        tracing::info!(id = %state.draft.id, code = ?problem.code, problem = %problem.message, "a step of a registration failed");
        state.draft.problem = Some(problem);
        self.setup_save(state).await
    }
}

fn hop_count(state: &SetupState) -> usize {
    1 + usize::from(state.draft.address.jump.is_some())
}

fn login(method: LoginKind, detail: Option<String>) -> LoginInfo {
    LoginInfo {
        method,
        detail,
        at: 0,
        remembered: false,
    }
}

/// An absolute path; `~/` is the person's home folder.
fn key_file(path: &str) -> Result<PathBuf, ErrorBody> {
    let path = path.trim();
    let full = match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    };
    if full.is_absolute() && path.len() <= 4096 && !path.contains('\0') {
        Ok(full)
    } else {
        let value = validate::shorten(path);
        let message = format!("'{value}' is not the full path of a key file.");
        Err(ErrorBody::invalid("path", message)
            .because(Reason::KeyPathRelative)
            .with("value", value))
    }
}

/// A host key that stops the registration: another than the known one, or revoked.
fn stopping(draft: &SetupDraft) -> Option<ErrorBody> {
    draft.host_keys.iter().find_map(|offer| {
        let (code, message) = match offer.state {
            HostKeyState::Mismatch => (
                Code::HostKeyMismatch,
                format!(
                    "{} shows the host key {} but is known with {}. Either the machine was \
                     reinstalled or somebody is between you and it.",
                    offer.host,
                    offer.fingerprint,
                    offer.known_fingerprint.as_deref().unwrap_or("another")
                ),
            ),
            HostKeyState::Revoked => (
                Code::HostKeyRevoked,
                format!(
                    "The host key {} of {} is marked as revoked.",
                    offer.fingerprint, offer.host
                ),
            ),
            HostKeyState::Unknown | HostKeyState::Pinned | HostKeyState::KnownToUser => {
                return None;
            }
        };
        let mut error = ErrorBody::new(code, message)
            .with("host", &offer.host)
            .with("found_fingerprint", &offer.fingerprint);
        if let Some(known) = &offer.known_fingerprint {
            error = error.with("known_fingerprint", known);
        }
        if let Some(file) = &offer.known_from {
            error = error.with("file", file);
        }
        Some(error)
    })
}

fn shown(offer: &skerry_ssh::HostKeyOffer, is_jump: bool) -> HostKeyOffer {
    let (state, known, from) = match &offer.verdict {
        HostKeyVerdict::Known => (HostKeyState::Pinned, None, None),
        HostKeyVerdict::New { hinted: false } => (HostKeyState::Unknown, None, None),
        HostKeyVerdict::New { hinted: true } => (HostKeyState::KnownToUser, None, None),
        HostKeyVerdict::Mismatch { known, file } => {
            let known: Vec<&str> = known.iter().map(|key| key.fingerprint.as_str()).collect();
            (
                HostKeyState::Mismatch,
                Some(known.join(", ")),
                Some(file.clone()),
            )
        }
        HostKeyVerdict::Revoked { file } => (HostKeyState::Revoked, None, Some(file.clone())),
    };
    HostKeyOffer {
        host: format!("{}:{}", offer.host, offer.port),
        is_jump,
        algorithm: offer.key.algorithm.clone(),
        fingerprint: offer.key.fingerprint.clone(),
        state,
        known_fingerprint: known,
        known_from: from,
    }
}
