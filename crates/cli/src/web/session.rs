//! One-time links and the sessions that they open. Both live in memory only.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::Rng as _;

/// Who may come in.
#[derive(Debug, Default)]
pub struct Sessions {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    links: HashSet<String>,
    sessions: HashSet<String>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that opens one session. 256 bits, so that looking it up in a set
    /// tells a guesser nothing.
    pub fn new_link(&self) -> String {
        let token = random();
        self.lock().links.insert(token.clone());
        token
    }

    /// Uses up a link's token; the session's id.
    pub fn open(&self, token: &str) -> Option<String> {
        let mut inner = self.lock();
        if !inner.links.remove(token) {
            return None;
        }
        let session = random();
        inner.sessions.insert(session.clone());
        Some(session)
    }

    /// Whether a session is open.
    pub fn knows(&self, session: &str) -> bool {
        self.lock().sessions.contains(session)
    }
}

fn random() -> String {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}
