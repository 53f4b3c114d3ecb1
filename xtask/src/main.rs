//! Everything that is done with this repository, as one program: `cargo xtask help`.
//!
//! **Invariant:** what a task needs is installed or the task fails and says what is missing;
//! nothing is skipped silently.
//!
//! **API boundary:** a program, no library; it knows the other crates as packages to build, not
//! as code, except the lab.

mod lab;
mod order;
mod packages;
mod shell;
mod stages;
mod start;
mod tests;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Set up, run, test and measure Skerry")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what is missing, build the console and open it
    Run {
        /// Handed to the console, after `--`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run every check, in stages
    Test {
        /// Begin with this stage
        #[arg(long, value_name = "STAGE")]
        from: Option<String>,
        /// Run this stage alone
        #[arg(long, value_name = "STAGE", conflicts_with = "from")]
        only: Option<String>,
        /// Name the stages and run none
        #[arg(long)]
        list: bool,
    },
    /// Run the end-to-end tests alone (real window, real machine)
    Journeys {
        /// Only those whose name contains this
        filter: Option<String>,
    },
    /// Write the TypeScript types of the commands
    Bindings {
        /// Write nothing; fail when they are not up to date
        #[arg(long)]
        check: bool,
    },
    /// Take a picture of every screen, light and dark, into target/screenshots
    Screenshots,
    /// A machine to register, by hand
    Lab {
        #[command(subcommand)]
        action: lab::Action,
    },
    /// Fuzz the search language and the bodies of requests
    Fuzz {
        /// `search` or `bodies`; one after the other when not given
        target: Option<String>,
        /// How long each
        #[arg(default_value_t = 120)]
        seconds: u64,
    },
    /// Write the order of functions in `skerry` anew, by what a start of its server runs
    Order,
    /// Measure: start, memory, throughput, sizes, screens at 100,000 runs
    Bench {
        /// Handed to the measuring program, after `--`: `--only PART`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Run { arguments } => start::run(&arguments),
        Task::Test { from, only, list } => stages::test(from.as_deref(), only.as_deref(), list),
        Task::Journeys { filter } => tests::journeys_alone(filter.as_deref()),
        Task::Bindings { check } => tests::bindings(check),
        Task::Screenshots => tests::screenshots(),
        Task::Lab { action } => lab::run(&action),
        Task::Fuzz { target, seconds } => tests::fuzz(target.as_deref(), seconds),
        Task::Order => order::order(),
        Task::Bench { arguments } => tests::bench(&arguments),
    }
}
