//! Supervision of workloads on one machine: the agent, and how to talk to it.
//!
//! **Invariant:** a workload that was started is never lost and never started twice:
//! it outlives the agent, is found again after a restart, and each of its log lines
//! and states reaches the journal exactly once. The agent opens no network port of
//! its own; it answers on a Unix socket that only its user can reach. Credentials
//! come with an operation and are forgotten with it.
//!
//! **API boundary:** [`api`] (the wire types), [`client`] (talks to an agent over any
//! byte stream), [`project`] (a folder as the agent wants it) and [`local`] (the agent
//! of this computer) are always there. The agent itself is behind the feature
//! `supervisor` and has one door, [`supervisor::serve`]; [`relay`] is the entry point
//! of its workloads.

pub mod api;
pub mod client;
pub mod local;
pub mod project;
#[cfg(feature = "supervisor")]
pub mod relay;
mod sockets;
#[cfg(feature = "supervisor")]
pub mod supervisor;

/// This build's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
