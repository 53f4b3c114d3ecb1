//! Tests of the finished programs: the window, the command line, the agent on real machines.
//!
//! **Invariant:** every test works in a home of its own ([`desk::Desk`]) and leaves nothing
//! running; a part that is missing fails the test that needs it.
//!
//! **API boundary:** the programs are used as people and scripts use them: by their windows,
//! pages, arguments and HTTP. No crate of Skerry is linked here.

pub mod browser;
pub mod canary;
pub mod desk;
pub mod programs;
pub mod screens;
pub mod site;
pub mod steps;
pub mod web;
