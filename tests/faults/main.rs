//! Faults: what breaks on a site, and what the console says of it.
#![allow(missing_docs)]

mod bad_input;
mod disk;
mod login;
mod machine;
mod running;
mod screens;
mod server;
