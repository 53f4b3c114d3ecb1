//! `skerry`: what the console does, for scripts; the tracking server alone; and the
//! console in a browser.
//!
//! **Invariant:** no logic of its own. Every verb is one or a few commands of
//! [`skerry_console`]; `skerry call` reaches the rest.
//!
//! **API boundary:** the command line. Results go to standard output (one JSON value
//! with `--json`), errors to standard error, and the exit code says which kind.

mod access;
mod arguments;
mod commands;
mod output;
mod serve;
mod web;

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    let json = arguments.json;
    match commands::run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error, json);
            ExitCode::from(output::exit_code(error.code))
        }
    }
}
