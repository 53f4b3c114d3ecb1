//! The use cases behind every screen of Skerry.
//!
//! **Invariant:** knows no desktop and no HTTP. A command validates its input, acts,
//! and answers with plain data; a secret can come in, it never goes out. A command
//! that answered has happened and survives a crash.
//!
//! **API boundary:** [`Console`] and its commands (declared once, in [`commands`]),
//! the types in [`api`], and a stream of [`api::Event`]s. Hosts (window, browser,
//! command line) call commands by name or by method, and nothing else.

pub mod api;
pub mod bindings;
mod commands;
