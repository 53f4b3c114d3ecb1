//! SSH to machines: connections over jump hosts, host trust, keys, commands, files
//! and tunnels to Unix sockets.
//!
//! **Invariant:** nothing is sent to authenticate before the host key of that hop was
//! found among the pinned ones; a known host that shows any other key is an error with
//! both keys, never a question. A secret is never part of a command line, an error or
//! a log line.
//!
//! **API boundary:** the only crate that speaks SSH. [`scan`] looks at host keys,
//! [`connect`] yields a [`Session`]; errors carry a [`skerry_domain::Code`].

mod auth;
mod client;
mod connect;
mod error;
mod install;
mod keys;
mod session;
mod trust;
mod upload;

pub use auth::Auth;
pub use connect::{Hop, HostKeyOffer, HostKeyVerdict, Route, Scan, Timeouts, connect, scan};
pub use error::{Error, Mismatch};
pub use install::Installed;
pub use keys::{AgentKey, KeyPair, LoadedKey, agent_identities};
pub use session::{ExecOptions, Output, Session, Stream};
pub use trust::{HostKey, Trust};
pub use upload::Uploaded;
