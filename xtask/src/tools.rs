//! Cargo's helpers, installed from source into the cache when the computer has none.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::shell;

const TOOLS: &[(&str, &str)] = &[("cargo-nextest", "0.9.143"), ("cargo-deny", "0.20.2")];

/// Installs what is missing. A debug build: it takes a third of the time and runs fast enough.
pub(crate) fn install() -> Result<()> {
    for (name, version) in TOOLS {
        if find(name)?.is_some() {
            println!("{name} is there");
            continue;
        }
        let root = shell::cache()?.join("tools");
        let build = root.join("build");
        let mut words = vec!["cargo", "install", "--locked", "--debug"];
        words.extend(["--version", version, "--root", shell::text(&root)?]);
        words.extend(["--target-dir", shell::text(&build)?, name]);
        shell::status(shell::program(&words).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
        std::fs::remove_dir_all(&build)?;
    }
    Ok(())
}

/// The command line that starts a helper, wherever it is.
pub(crate) fn command(name: &str, words: &[&str]) -> Result<Command> {
    let path =
        find(name)?.with_context(|| format!("{name} is missing; stage `tools` installs it"))?;
    let path = shell::text(&path)?.to_owned();
    let mut argv = vec![path.as_str()];
    // Called directly, cargo's helpers want their own name first.
    argv.push(name.trim_start_matches("cargo-"));
    argv.extend_from_slice(words);
    Ok(shell::program(&argv))
}

fn find(name: &str) -> Result<Option<PathBuf>> {
    let ours = shell::cache()?.join("tools/bin").join(name);
    if ours.is_file() {
        return Ok(Some(ours));
    }
    let works = Command::new(name)
        .arg(name.trim_start_matches("cargo-"))
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    Ok(works.then(|| PathBuf::from(name)))
}
