//! Running programs in the repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The root of the repository: of the clone that cargo runs us for, which need not be the one that
/// built this program where clones share a target folder.
pub(crate) fn root() -> PathBuf {
    let built_in = || PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(built_in, PathBuf::from);
    here.parent().unwrap_or(&here).to_path_buf()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// What is kept between runs, outside of any clone.
pub(crate) fn cache() -> Result<PathBuf> {
    let home = std::env::var_os("HOME").context("HOME is not set")?;
    Ok(Path::new(&home).join(".cache/skerry"))
}

/// A program that will run at the repository's root.
pub(crate) fn program(argv: &[&str]) -> Command {
    let mut words = argv.iter();
    let mut command = Command::new(words.next().copied().unwrap_or("true"));
    command.args(words).current_dir(root()).stdin(Stdio::null());
    // The cargo that started us sets these for its own children.
    for name in [
        "CARGO_MANIFEST_DIR",
        "CARGO_PKG_NAME",
        "RUST_RECURSION_COUNT",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs a program and fails when it does; its output goes to ours.
pub(crate) fn run(argv: &[&str]) -> Result<()> {
    status(&mut program(argv))
}

/// As [`run`], in a folder below the root.
pub(crate) fn run_in(folder: &str, argv: &[&str]) -> Result<()> {
    status(program(argv).current_dir(root().join(folder)))
}

/// Runs a prepared command and fails when it does.
pub(crate) fn status(command: &mut Command) -> Result<()> {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    println!("+ {}", words.join(" "));
    let status = command
        .status()
        .with_context(|| format!("{} could not be started", words.join(" ")))?;
    if !status.success() {
        bail!("{} ended with {status}", words.join(" "));
    }
    Ok(())
}

/// What a program prints; its errors go to ours.
pub(crate) fn output(argv: &[&str]) -> Result<String> {
    let result = program(argv).stderr(Stdio::inherit()).output()?;
    if !result.status.success() {
        bail!("{} ended with {}", argv.join(" "), result.status);
    }
    Ok(String::from_utf8(result.stdout)?)
}

/// A path as text; ours are all UTF-8.
pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))
}
