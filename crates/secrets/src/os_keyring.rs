//! The operating system's keyring, through the keyring crate.

use keyring::Entry;
use skerry_domain::Secret;

use crate::Error;

/// The name under which a person finds Skerry's entries in their keyring.
const SERVICE: &str = "skerry";

/// What can be said about the keyring without a prompt.
pub(crate) enum Probe {
    Ready,
    Locked,
    Unavailable(String),
}

/// Looks at the Secret Service: is one on the session bus, has it a default
/// collection, is that unlocked?
#[cfg(target_os = "linux")]
pub(crate) fn probe() -> Probe {
    use secret_service::EncryptionType;
    use secret_service::blocking::SecretService;

    let service = match SecretService::connect(EncryptionType::Dh) {
        Ok(service) => service,
        Err(error) => {
            return Probe::Unavailable(format!(
                "No keyring (Secret Service) answers on the session bus: {error}."
            ));
        }
    };
    let locked = service
        .get_default_collection()
        .and_then(|collection| collection.is_locked());
    match locked {
        Ok(false) => Probe::Ready,
        Ok(true) => Probe::Locked,
        Err(secret_service::Error::NoResult) => {
            Probe::Unavailable("The keyring has no default collection.".to_owned())
        }
        Err(error) => Probe::Unavailable(format!("The keyring does not answer: {error}.")),
    }
}

/// Other systems always have their keyring, and say at the first use if it is locked.
#[cfg(not(target_os = "linux"))]
pub(crate) fn probe() -> Probe {
    match Entry::store_status() {
        Ok(()) => Probe::Ready,
        Err(error) => Probe::Unavailable(error.to_string()),
    }
}

pub(crate) fn set(name: &str, secret: &Secret) -> Result<(), Error> {
    entry(name)?.set_password(secret.expose()).map_err(explain)
}

pub(crate) fn get(name: &str) -> Result<Option<Secret>, Error> {
    match entry(name)?.get_password() {
        Ok(password) => Ok(Some(Secret::new(password))),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(explain(error)),
    }
}

pub(crate) fn delete(name: &str) -> Result<bool, Error> {
    match entry(name)?.delete_credential() {
        Ok(()) => Ok(true),
        Err(keyring::Error::NoEntry) => Ok(false),
        Err(error) => Err(explain(error)),
    }
}

fn entry(name: &str) -> Result<Entry, Error> {
    if let Err(error) = Entry::store_status() {
        return Err(Error::KeyringUnavailable(error.to_string()));
    }
    Entry::new(SERVICE, name).map_err(explain)
}

fn explain(error: keyring::Error) -> Error {
    match error {
        keyring::Error::NoStorageAccess(why) => Error::KeyringLocked(why.to_string()),
        // These carry the stored bytes: nothing of them goes into a message.
        keyring::Error::BadEncoding(_) | keyring::Error::BadDataFormat(..) => {
            Error::KeyringUnavailable("it holds an entry that is not text".to_owned())
        }
        other => Error::KeyringUnavailable(other.to_string()),
    }
}
