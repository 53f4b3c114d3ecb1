//! `cargo xtask test`: every check, in stages, with a table of their times at the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::{packages, tests, tools};

type Stage = (&'static str, fn() -> Result<()>);

/// In this order: what is quick and often wrong comes first, what needs everything comes last.
const STAGES: &[Stage] = &[
    ("packages", || {
        packages::install(&[packages::RUN, packages::TEST])
    }),
    ("tools", tools::install),
    ("fmt", tests::formatting),
    ("ui", tests::ui_build),
    ("ui-lint", || tests::ui_script("lint")),
    ("ui-typecheck", || tests::ui_script("typecheck")),
    ("ui-test", || tests::ui_script("test")),
    ("deny", tests::deny),
    ("clippy", tests::clippy),
    ("build", tests::build_all),
    ("bindings", || tests::bindings(true)),
    ("agent", || tests::static_agent().map(drop)),
    ("lab", tests::lab_image),
    ("venv", tests::pythons),
    ("python", tests::python_tests),
    ("rust", tests::rust),
    ("conformance", || tests::suite("conformance")),
    ("faults", || tests::suite("faults")),
    ("journeys", tests::journeys),
];

/// Runs all stages, those from one on, or one.
pub(crate) fn test(from: Option<&str>, only: Option<&str>, list: bool) -> Result<()> {
    if list {
        for (name, _) in STAGES {
            println!("{name}");
        }
        return Ok(());
    }
    let chosen: Vec<&Stage> = match (from, only) {
        (Some(name), _) => STAGES.iter().skip(position(name)?).collect(),
        (None, Some(name)) => STAGES.iter().skip(position(name)?).take(1).collect(),
        (None, None) => STAGES.iter().collect(),
    };
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let mut closing = None;
    for (name, stage) in chosen {
        println!("\n=== {name}");
        let start = Instant::now();
        let result = stage();
        times.push((name, start.elapsed()));
        if let Err(error) = result {
            table(&times);
            return Err(error.context(format!("stage {name} failed")));
        }
        closing = tests::take_closing_line().or(closing);
    }
    table(&times);
    // The test runner's own last word, where a reader of the log looks for it.
    if let Some(line) = closing {
        println!("{line}");
    }
    Ok(())
}

fn position(name: &str) -> Result<usize> {
    STAGES
        .iter()
        .position(|(stage, _)| *stage == name)
        .with_context(|| format!("there is no stage {name}; --list names them"))
}

fn table(times: &[(&str, Duration)]) {
    println!("\n=== times");
    let mut total = Duration::ZERO;
    for (name, time) in times {
        println!("{name:<14}{:>8.1} s", time.as_secs_f64());
        total += *time;
    }
    println!("{:<14}{:>8.1} s", "all", total.as_secs_f64());
}
