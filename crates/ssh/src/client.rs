//! russh's callbacks: the host key check, and what is remembered for error messages.

use std::sync::{Arc, Mutex, PoisonError};

use russh::ChannelOpenFailure;
use russh::client::{DisconnectReason, Handler, Session};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use tokio::sync::watch;

/// What the callbacks saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The host key that the server proved to have.
    pub(crate) host_key: Option<PublicKey>,
    /// Why the connection ended.
    pub(crate) ended: Option<String>,
    /// What sshd said when it refused the last channel.
    pub(crate) channel_refusal: Option<(ChannelOpenFailure, String)>,
}

/// Shared with the owner of the connection.
pub(crate) type Shared = Arc<Mutex<Seen>>;

pub(crate) fn look<T>(shared: &Shared, work: impl FnOnce(&mut Seen) -> T) -> T {
    work(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Decides about a host key; told every key, asked once per key exchange.
pub(crate) type Decide = Box<dyn Fn(&PublicKey) -> bool + Send + Sync>;

pub(crate) struct Client {
    pub(crate) decide: Decide,
    pub(crate) shared: Shared,
    /// Dropped with the connection, which is how the end of it is noticed.
    pub(crate) _alive: watch::Sender<()>,
}

impl Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let key = key.public_key();
        let trusted = (self.decide)(&key);
        look(&self.shared, |seen| seen.host_key = Some(key));
        Ok(trusted)
    }

    async fn channel_open_failure(
        &mut self,
        _channel: russh::ChannelId,
        reason: ChannelOpenFailure,
        description: &str,
        _language: &str,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        let description: String = description.chars().take(200).collect();
        look(&self.shared, |seen| {
            seen.channel_refusal = Some((reason, description));
        });
        Ok(())
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<Self::Error>,
    ) -> Result<(), Self::Error> {
        let (words, result) = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                let words: String = info.message.chars().take(200).collect();
                (words, Ok(()))
            }
            DisconnectReason::Error(error) => (error.to_string(), Err(error)),
        };
        look(&self.shared, |seen| seen.ended = Some(words));
        result
    }
}
