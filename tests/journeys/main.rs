//! Journeys: a person's way through the finished programs, on real parts.
#![allow(missing_docs)]

mod chromium;
mod cli;
mod commands;
mod machine;
mod this_computer;
