//! Logging in.

use std::sync::Arc;

use russh::client::{Handle, KeyboardInteractiveAuthResponse};
use russh::keys::PrivateKeyWithHashAlg;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::{MethodKind, MethodSet, client::AuthResult};
use skerry_domain::Secret;

use crate::client::{Client, Shared, look};
use crate::{Error, Hop, LoadedKey};

/// How to log in.
#[derive(Debug, Clone)]
pub enum Auth {
    /// By password; also where the server asks for it by keyboard-interactive.
    Password(Secret),
    /// By a private key.
    Key(LoadedKey),
    /// By the keys of the ssh-agent at `SSH_AUTH_SOCK`.
    Agent,
}

/// Servers cut off after six attempts by default (MaxAuthTries), and the question for
/// the methods is one of them.
const MAX_AGENT_KEYS: usize = 5;

pub(crate) async fn login(
    handle: &mut Handle<Client>,
    hop: &Hop,
    auth: &Auth,
    shared: &Shared,
) -> Result<(), Error> {
    let offered = match handle
        .authenticate_none(&hop.user)
        .await
        .map_err(|e| lost(hop, shared, &e))?
    {
        // A server that wants no proof at all.
        AuthResult::Success => return Ok(()),
        AuthResult::Failure {
            remaining_methods, ..
        } => remaining_methods,
    };
    if handle.is_closed() {
        return Err(ended(hop, shared));
    }
    let attempt = match auth {
        Auth::Password(password) => by_password(handle, hop, shared, password, &offered).await?,
        Auth::Key(key) => by_key(handle, hop, shared, key, &offered).await?,
        Auth::Agent => by_agent(handle, hop, shared, &offered).await?,
    };
    match attempt.result {
        AuthResult::Success => Ok(()),
        AuthResult::Failure {
            remaining_methods,
            partial_success: true,
        } => Err(Error::MethodUnavailable {
            host: hop.host.clone(),
            user: hop.user.clone(),
            wanted: attempt.what,
            methods: names(&remaining_methods),
        }),
        AuthResult::Failure { .. } if handle.is_closed() => Err(ended(hop, shared)),
        AuthResult::Failure { .. } => Err(match auth {
            Auth::Password(_) => Error::PasswordRefused {
                host: hop.host.clone(),
                user: hop.user.clone(),
                methods: names(&offered),
            },
            Auth::Key(_) | Auth::Agent => Error::KeyRefused {
                host: hop.host.clone(),
                user: hop.user.clone(),
                what: attempt.what,
                methods: names(&offered),
            },
        }),
    }
}

struct Attempt {
    result: AuthResult,
    /// What was tried, in words.
    what: String,
}

async fn by_password(
    handle: &mut Handle<Client>,
    hop: &Hop,
    shared: &Shared,
    password: &Secret,
    offered: &MethodSet,
) -> Result<Attempt, Error> {
    let what = "a password".to_owned();
    if offered.contains(&MethodKind::Password) {
        let result = handle
            .authenticate_password(&hop.user, password.expose())
            .await
            .map_err(|e| lost(hop, shared, &e))?;
        return Ok(Attempt { result, what });
    }
    if !offered.contains(&MethodKind::KeyboardInteractive) {
        return Err(unavailable(hop, what, offered));
    }
    // The password answers one hidden question; any other dialogue is for a person.
    let mut response = handle
        .authenticate_keyboard_interactive_start(&hop.user, None)
        .await
        .map_err(|e| lost(hop, shared, &e))?;
    let mut answered = false;
    loop {
        let result = match response {
            KeyboardInteractiveAuthResponse::Success => AuthResult::Success,
            KeyboardInteractiveAuthResponse::Failure {
                remaining_methods,
                partial_success,
            } => AuthResult::Failure {
                remaining_methods,
                partial_success,
            },
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                let answers = match prompts.as_slice() {
                    [] => Vec::new(),
                    [one] if !one.echo && !answered => {
                        answered = true;
                        vec![password.expose().to_owned()]
                    }
                    _ => return Err(unavailable(hop, what, offered)),
                };
                response = handle
                    .authenticate_keyboard_interactive_respond(answers)
                    .await
                    .map_err(|e| lost(hop, shared, &e))?;
                continue;
            }
        };
        return Ok(Attempt { result, what });
    }
}

async fn by_key(
    handle: &mut Handle<Client>,
    hop: &Hop,
    shared: &Shared,
    key: &LoadedKey,
    offered: &MethodSet,
) -> Result<Attempt, Error> {
    let what = format!("the key {}", key.fingerprint());
    if !offered.contains(&MethodKind::PublicKey) {
        return Err(unavailable(hop, what, offered));
    }
    let hash = rsa_hash(handle, hop, shared).await?;
    let key = PrivateKeyWithHashAlg::new(Arc::clone(key.private()), hash);
    let result = handle
        .authenticate_publickey(&hop.user, key)
        .await
        .map_err(|e| lost(hop, shared, &e))?;
    Ok(Attempt { result, what })
}

async fn by_agent(
    handle: &mut Handle<Client>,
    hop: &Hop,
    shared: &Shared,
    offered: &MethodSet,
) -> Result<Attempt, Error> {
    if !offered.contains(&MethodKind::PublicKey) {
        return Err(unavailable(hop, "the ssh-agent's keys".to_owned(), offered));
    }
    let mut agent = AgentClient::connect_env()
        .await
        .map_err(|e| Error::AgentUnavailable(e.to_string()))?;
    let identities = agent
        .request_identities()
        .await
        .map_err(|e| Error::AgentUnavailable(e.to_string()))?;
    let hash = rsa_hash(handle, hop, shared).await?;
    let keys = identities
        .into_iter()
        .filter_map(|identity| match identity {
            AgentIdentity::PublicKey { key, .. } => Some(key),
            AgentIdentity::Certificate { .. } => None,
        });
    let mut tried = 0;
    let mut result = AuthResult::Failure {
        remaining_methods: offered.clone(),
        partial_success: false,
    };
    for key in keys.take(MAX_AGENT_KEYS) {
        tried += 1;
        let hash = if key.algorithm().is_rsa() { hash } else { None };
        result = handle
            .authenticate_publickey_with(&hop.user, key, hash, &mut agent)
            .await
            .map_err(|e| Error::AgentUnavailable(e.to_string()))?;
        let go_on = matches!(
            result,
            AuthResult::Failure {
                partial_success: false,
                ..
            }
        );
        if !go_on || handle.is_closed() {
            break;
        }
    }
    let what = match tried {
        0 => return Err(Error::AgentUnavailable("it holds no key".to_owned())),
        1 => "the one key of the ssh-agent".to_owned(),
        n => format!("{n} keys of the ssh-agent"),
    };
    Ok(Attempt { result, what })
}

/// The hash to sign with, for RSA keys: the best that the server announced, and
/// SHA-512 where it announced nothing.
async fn rsa_hash(
    handle: &Handle<Client>,
    hop: &Hop,
    shared: &Shared,
) -> Result<Option<russh::keys::HashAlg>, Error> {
    let best = handle
        .best_supported_rsa_hash()
        .await
        .map_err(|e| lost(hop, shared, &e))?;
    Ok(best.unwrap_or(Some(russh::keys::HashAlg::Sha512)))
}

fn unavailable(hop: &Hop, wanted: String, offered: &MethodSet) -> Error {
    Error::MethodUnavailable {
        host: hop.host.clone(),
        user: hop.user.clone(),
        wanted,
        methods: names(offered),
    }
}

fn names(methods: &MethodSet) -> Vec<String> {
    methods.iter().map(String::from).collect()
}

fn lost(hop: &Hop, shared: &Shared, error: &russh::Error) -> Error {
    let why = look(shared, |seen| seen.ended.clone()).unwrap_or_else(|| error.to_string());
    Error::Disconnected {
        host: hop.host.clone(),
        why,
    }
}

fn ended(hop: &Hop, shared: &Shared) -> Error {
    let why = look(shared, |seen| seen.ended.clone());
    Error::Disconnected {
        host: hop.host.clone(),
        why: why.unwrap_or_else(|| "it closed the connection during the log-in".to_owned()),
    }
}
