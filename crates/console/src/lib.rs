//! The use cases behind every screen of Skerry.
//!
//! **Invariant:** knows no desktop and no HTTP. A command validates its input, acts,
//! and answers with plain data; a secret can come in, it never goes out. A command
//! that answered has happened and survives a crash.
//!
//! **API boundary:** [`Console`] and its commands (declared once, in [`commands`]),
//! the types in [`api`], and a stream of [`api::Event`]s. Hosts (window, browser,
//! command line) call commands by name or by method, and nothing else.

mod activity;
pub mod api;
pub mod approvals;
mod artifact_save;
mod artifacts;
pub mod bindings;
mod charts;
mod columns;
mod commands;
mod compare;
mod console;
mod deployments;
mod dispatch;
pub mod files;
mod image_build;
mod journal;
mod link;
mod link_open;
pub mod logging;
mod machines;
mod machines_ssh;
mod models;
mod operations;
mod parquet_file;
mod registries;
mod report_export;
mod reports;
mod run_export;
mod run_start;
mod runs;
mod secrets;
mod services;
mod setup;
mod setup_agent;
mod setup_findings;
mod setup_login;
mod setup_preflight;
mod signature;
#[cfg(unix)]
pub mod socket;
mod strength;
mod views;
mod workspace;

pub use console::{Console, ConsoleOptions, default_data_dir};
pub use dispatch::COMMAND_NAMES;
