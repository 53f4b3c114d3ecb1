//! What the stages do.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;

use anyhow::{Context, Result, bail};

use crate::{packages, shell, tools};

/// The desktop carries the built UI inside; the same features everywhere spare a second build.
const FEATURES: &str = "skerry-desktop/custom-protocol";
const AGENT_TARGET: &str = "x86_64-unknown-linux-gnu";
const BINDINGS: &str = "ui/src/bindings/api.ts";
/// The client's release that conformance is held to, and what its scripts use beside it.
const PYTHON: &[&str] = &[
    "mlflow-skinny==3.17.2",
    "scikit-learn==1.9.1",
    "pandas==2.3.3",
    "skops==0.16.0",
];

/// What moving in and out is tried with: MLflow's own stores and server.
const PYTHON_SERVER: &[&str] = &["mlflow==3.17.2"];

/// The last release before MLflow 3, its client and its server, and the last of SQLAlchemy
/// that this works with.
const PYTHON_2: &[&str] = &["mlflow==2.22.2", "pandas==2.3.3", "sqlalchemy==2.0.58"];

pub(crate) fn formatting() -> Result<()> {
    shell::run(&["cargo", "fmt", "--all", "--check"])
}

pub(crate) fn ui_build() -> Result<()> {
    let lock = shell::root().join("ui/package-lock.json");
    let stamp = shell::root().join("ui/node_modules/.skerry-lock");
    let wanted = std::fs::read(&lock)?;
    if std::fs::read(&stamp).ok().as_deref() != Some(&wanted) {
        shell::run_in("ui", &["npm", "ci", "--no-audit", "--no-fund"])?;
        std::fs::write(&stamp, &wanted)?;
    }
    ui_script("build")
}

pub(crate) fn ui_script(name: &str) -> Result<()> {
    shell::run_in("ui", &["npm", "run", "--silent", name])
}

/// Licences, sources and duplicates; advisories need a network that a site does not have.
pub(crate) fn deny() -> Result<()> {
    let words = ["check", "bans", "licenses", "sources"];
    shell::status(&mut tools::command("cargo-deny", &words)?)
}

pub(crate) fn clippy() -> Result<()> {
    shell::run(&[
        "cargo",
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        FEATURES,
        "--",
        "-D",
        "warnings",
    ])
}

/// Builds the programs of these packages.
pub(crate) fn build(packages: &[&str]) -> Result<()> {
    let mut argv = vec!["cargo", "build", "--bins"];
    for package in packages {
        argv.extend(["--package", package]);
    }
    if packages.contains(&"skerry-desktop") {
        argv.extend(["--features", FEATURES]);
    }
    shell::run(&argv)
}

/// Builds all programs, tests and examples at once: one set of features, nothing built twice.
pub(crate) fn build_all() -> Result<()> {
    shell::run(&[
        "cargo",
        "build",
        "--workspace",
        "--all-targets",
        "--features",
        FEATURES,
    ])
}

/// Writes the TypeScript types, or compares them with what is there.
pub(crate) fn bindings(check: bool) -> Result<()> {
    if check {
        build_all()?;
    } else {
        // Without the desktop, which wants the UI built, which wants the types.
        shell::run(&[
            "cargo",
            "build",
            "--package",
            "skerry-console",
            "--example",
            "bindings",
        ])?;
    }
    let program = shell::target().join("debug/examples/bindings");
    let made = shell::output(&[shell::text(&program)?])?;
    let file = shell::root().join(BINDINGS);
    if !check {
        std::fs::write(&file, made)?;
        println!("{BINDINGS} is written");
    } else if std::fs::read_to_string(&file).ok().as_deref() == Some(made.as_str()) {
        println!("{BINDINGS} is up to date");
    } else {
        bail!("{BINDINGS} is not what the commands say; run `cargo xtask bindings`");
    }
    Ok(())
}

/// The agent that is uploaded to machines: it needs nothing of theirs, not even a C library.
pub(crate) fn static_agent() -> Result<PathBuf> {
    let folder = shell::target().join("static");
    let argv = [
        "cargo",
        "build",
        "--package",
        "skerry-agent",
        "--bin",
        "skerry-agent",
        "--profile",
        "agent",
        "--target",
        AGENT_TARGET,
        "--target-dir",
        shell::text(&folder)?,
    ];
    shell::status(shell::program(&argv).env("RUSTFLAGS", "-C target-feature=+crt-static"))?;
    let built = agent_file();
    let size = std::fs::metadata(&built)?.len();
    println!("{}: {size} bytes", built.display());
    Ok(built)
}

pub(crate) fn lab_image() -> Result<()> {
    // What killed tests left behind must not meet the new ones.
    skerry_lab::remove_all(false)?;
    println!("{}", skerry_lab::training_image()?.display());
    Ok(())
}

/// A virtual environment with the unmodified MLflow client; returns its interpreter.
pub(crate) fn python() -> Result<PathBuf> {
    environment("venv-mlflow-2", PYTHON_2)?;
    environment("venv", PYTHON)
}

/// The interpreters that tests use: with the client, and with MLflow's whole server.
pub(crate) fn pythons() -> Result<()> {
    python()?;
    environment("venv-server", PYTHON_SERVER).map(drop)
}

fn environment(name: &str, wanted: &[&str]) -> Result<PathBuf> {
    let folder = shell::cache()?.join(name);
    let interpreter = folder.join("bin/python");
    let stamp = folder.join("skerry-packages");
    let list = wanted.join("\n");
    if std::fs::read_to_string(&stamp).ok().as_deref() != Some(&list) {
        let _ = std::fs::remove_dir_all(&folder);
        shell::run(&["python3", "-m", "venv", shell::text(&folder)?])?;
        let mut argv = vec![shell::text(&interpreter)?, "-m", "pip"];
        argv.extend(["install", "--quiet", "--disable-pip-version-check"]);
        argv.extend(wanted);
        shell::run(&argv)?;
        std::fs::write(&stamp, list)?;
    }
    println!("{}", interpreter.display());
    Ok(interpreter)
}

/// The sample project and the scoring server, by Python's own test runner.
pub(crate) fn python_tests() -> Result<()> {
    for (folder, pattern) in [
        ("assets/sample", "test_*.py"),
        ("assets/scoring", "test_score.py"),
    ] {
        shell::run(&[
            "python3", "-B", "-m", "unittest", "discover", "-s", folder, "-p", pattern,
        ])?;
    }
    let interpreter = python()?;
    shell::run(&[
        shell::text(&interpreter)?,
        "-B",
        "-m",
        "unittest",
        "discover",
        "-s",
        "assets/scoring",
        "-p",
        "test_score_mlflow.py",
    ])
}

/// The tests of all crates but the end-to-end ones.
pub(crate) fn rust() -> Result<()> {
    nextest("not (package(skerry-tests) & kind(test))").map(drop)
}

/// One test program of `tests/`.
pub(crate) fn suite(name: &str) -> Result<()> {
    nextest(&format!("package(skerry-tests) & binary(={name})")).map(drop)
}

pub(crate) fn journeys() -> Result<()> {
    run_journeys("package(skerry-tests) & binary(=journeys)")
}

/// The journeys without the other stages: builds what they need first.
pub(crate) fn journeys_alone(filter: Option<&str>) -> Result<()> {
    packages::install(&[packages::RUN, packages::TEST])?;
    tools::install()?;
    ui_build()?;
    build_all()?;
    static_agent()?;
    lab_image()?;
    let mut expression = String::from("package(skerry-tests) & binary(=journeys)");
    if let Some(filter) = filter {
        expression.push_str(&format!(" & test({filter})"));
    }
    run_journeys(&expression)?;
    if let Some(line) = take_closing_line() {
        println!("{line}");
    }
    Ok(())
}

fn run_journeys(expression: &str) -> Result<()> {
    let result = nextest(expression);
    let counted = result.as_ref().map_or_else(
        |error| error.downcast_ref::<Failed>().map(|failed| failed.0),
        |counts| Some(*counts),
    );
    if let Some((passed, failed)) = counted {
        let line = format!("{passed} passed, {failed} failed");
        println!("{line}");
        if let Ok(mut closing) = CLOSING.lock() {
            *closing = Some(line);
        }
    }
    result.map(drop)
}

static CLOSING: Mutex<Option<String>> = Mutex::new(None);

/// `N passed, M failed` of the journeys, once they ran.
pub(crate) fn take_closing_line() -> Option<String> {
    CLOSING.lock().ok()?.take()
}

/// Some tests failed: how many passed and failed.
#[derive(Debug)]
struct Failed((usize, usize));

impl std::fmt::Display for Failed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} tests failed", self.0.1)
    }
}

impl std::error::Error for Failed {}

/// Runs tests and returns how many passed and failed, as the runner says in its summary line.
fn nextest(expression: &str) -> Result<(usize, usize)> {
    let words = [
        "run",
        "--workspace",
        "--features",
        FEATURES,
        "--no-fail-fast",
        "-E",
        expression,
    ];
    let mut command = tools::command("cargo-nextest", &words)?;
    command
        .env("SKERRY_STATIC_AGENT", agent_file())
        .env("SKERRY_TEST_BIN", shell::target().join("debug"))
        .env(
            "SKERRY_TEST_PYTHON",
            shell::cache()?.join("venv/bin/python"),
        )
        .env(
            "SKERRY_TEST_PYTHON_SERVER",
            shell::cache()?.join("venv-server/bin/python"),
        )
        .env("SKERRY_TEST_OUT", shell::target().join("tests"))
        .env("CARGO_TERM_COLOR", "never")
        // Property tests try the same cases each time, so that a failure of the test run can
        // be repeated; another seed tries others.
        .env(
            "PROPTEST_RNG_SEED",
            std::env::var("PROPTEST_RNG_SEED").unwrap_or_else(|_| "20261127".into()),
        )
        .stderr(Stdio::piped());
    println!("+ cargo nextest run -E '{expression}'");
    let mut child = command.spawn().context("cargo-nextest")?;
    let mut counts = None;
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            println!("{line}");
            counts = summary(&line).or(counts);
        }
    }
    let status = child.wait()?;
    let counts = counts.with_context(|| format!("no test ran ({status})"))?;
    if !status.success() {
        return Err(Failed(counts).into());
    }
    Ok(counts)
}

/// Reads `Summary [  1.2s] 5 tests run: 4 passed (1 slow), 1 failed, 2 skipped`.
fn summary(line: &str) -> Option<(usize, usize)> {
    let (_, rest) = line
        .trim_start()
        .strip_prefix("Summary [")?
        .split_once("run: ")?;
    let count = |word: &str| -> usize {
        rest.split(", ")
            .filter_map(|part| part.trim().split_once(' '))
            .filter(|(_, what)| what.starts_with(word))
            .filter_map(|(number, _)| number.parse::<usize>().ok())
            .sum()
    };
    Some((count("passed"), count("failed") + count("timed out")))
}

/// Pictures of every screen.
pub(crate) fn screenshots() -> Result<()> {
    packages::install(&[packages::RUN, packages::TEST])?;
    tools::install()?;
    ui_build()?;
    // The programs alone: the tests take several times as long to build.
    shell::run(&[
        "cargo",
        "build",
        "--workspace",
        "--bins",
        "--features",
        FEATURES,
    ])?;
    static_agent()?;
    let folder = shell::root().join("target/screenshots");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    program_of_tests("screenshots", "debug", &folder, &[])
}

/// The figures: of release builds, as people use them.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    packages::install(&[packages::RUN, packages::TEST, packages::BENCH])?;
    ui_build()?;
    release(&["--bins"])?;
    static_agent()?;
    environment("venv-server", PYTHON_SERVER)?;
    // The server is one program; what it names as its dependencies it does not need.
    environment("venv-fasttrackml", &["--no-deps", "fasttrackml==0.6.0"])?;
    let folder = shell::target().join("bench");
    std::fs::create_dir_all(&folder)?;
    program_of_tests("bench", "release", &folder, arguments)
}

/// Builds programs as people use them.
pub(crate) fn release(programs: &[&str]) -> Result<()> {
    let build = [
        "cargo",
        "build",
        "--workspace",
        "--release",
        "--features",
        FEATURES,
    ];
    shell::run(&[&build[..], programs].concat())
}

/// Starts a program of the test package on the programs of this build.
fn program_of_tests(name: &str, profile: &str, out: &Path, arguments: &[String]) -> Result<()> {
    let programs = shell::target().join(profile);
    let mut command = shell::program(&[shell::text(&programs.join(name))?]);
    command
        .args(arguments)
        .env("SKERRY_STATIC_AGENT", agent_file())
        .env("SKERRY_TEST_BIN", programs)
        .env("SKERRY_TEST_OUT", out);
    shell::status(&mut command)
}

/// How libFuzzer learns what an input reaches: counters at every edge, and what is compared.
/// As `cargo fuzz` sets it, but for the sanitizers, which want nightly Rust.
const COVERAGE: &str = "-C passes=sancov-module -C llvm-args=-sanitizer-coverage-level=4 \
     -C llvm-args=-sanitizer-coverage-inline-8bit-counters -C llvm-args=-sanitizer-coverage-pc-table \
     -C llvm-args=-sanitizer-coverage-trace-compares -C debug-assertions=on";

/// Fuzzes a target, or each, for so many seconds. Inputs that reach something new are kept
/// below the target folder; one that finds something stops it and is named.
pub(crate) fn fuzz(target: Option<&str>, seconds: u64) -> Result<()> {
    let folder = shell::target().join("fuzz");
    let argv = [
        "cargo",
        "build",
        "--package",
        "skerry-fuzz",
        "--features",
        "engine",
        "--release",
        // Optimising across crates would take the counters away.
        "--config",
        "profile.release.lto=false",
        // Named, so that what runs while building is not counted.
        "--target",
        AGENT_TARGET,
        "--target-dir",
        shell::text(&folder)?,
    ];
    shell::status(shell::program(&argv).env("RUSTFLAGS", COVERAGE))?;
    let names: Vec<&str> = target.map_or_else(|| vec!["search", "bodies"], |name| vec![name]);
    for name in names {
        let program = folder.join(AGENT_TARGET).join("release").join(name);
        if !program.is_file() {
            bail!("there is no target {name}: they are in fuzz/fuzz_targets");
        }
        let found = folder.join("found").join(name);
        std::fs::create_dir_all(&found)?;
        let mut command = shell::program(&[shell::text(&program)?]);
        command
            .arg(&found)
            .arg(shell::root().join("fuzz/corpus").join(name))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!(
                "-dict={}",
                shell::root().join("fuzz/dictionaries").join(name).display()
            ))
            .arg(format!("-artifact_prefix={}/{name}-", folder.display()))
            .args(["-max_len=4096", "-timeout=20", "-print_final_stats=1"]);
        // What is written at each input is better not on a disk; the engine ends without
        // removing it.
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory } else { &folder };
        let scratch = parent.join(format!("skerry-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&scratch)?;
        let ended = shell::status(command.env("TMPDIR", &scratch));
        std::fs::remove_dir_all(&scratch)?;
        ended?;
    }
    Ok(())
}

fn agent_file() -> PathBuf {
    shell::target()
        .join("static")
        .join(AGENT_TARGET)
        .join("agent/skerry-agent")
}

#[cfg(test)]
mod unit {
    use super::summary;

    #[test]
    fn a_summary_line_is_counted() {
        let line = "     Summary [ 121.707s] 4 tests run: 3 passed (1 slow), 1 failed, 2 skipped";
        assert_eq!(summary(line), Some((3, 1)));
        let line =
            "     Summary [   1.0s] 3/9 tests run: 1 passed, 1 failed, 1 timed out, 0 skipped";
        assert_eq!(summary(line), Some((1, 2)));
        assert_eq!(summary("     Running tests"), None);
    }
}
