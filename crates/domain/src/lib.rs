//! The words of Skerry and their rules.
//!
//! **Invariant:** nothing here does I/O, knows a clock, a database, a protocol or
//! an async runtime. A value that exists here is valid, or says why it is not.
//!
//! **API boundary:** plain types with serde and TypeScript declarations. Every
//! other crate may use them; this crate uses none of ours.

pub mod change;
mod code;
mod error;
mod reason;
mod registry;
mod secret;
mod time;
pub mod tracking;
pub mod validate;
mod words;
mod workload;

pub use change::{Change, JournalEntry};
pub use code::Code;
pub use error::{Coded, ErrorBody};
pub use reason::Reason;
pub use registry::{ApprovalState, RegistryEvent, Via};
pub use secret::Secret;
pub use time::utc;
pub use words::*;
pub use workload::*;

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = i64;
