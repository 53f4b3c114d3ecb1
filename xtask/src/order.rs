//! The order in which the functions of `skerry` lie in its file.
//!
//! The kernel maps a program's file by stretches of 64 KiB around what is touched. What
//! `skerry serve` runs until it listens is 2 MB, strewn over 35 MB of code: two thirds of its
//! memory would be code that never runs. So the linker puts these functions side by side, by a
//! script of patterns, which outlives the hashes in the names. A list that is out of date costs
//! memory, nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::{packages, shell, tests};

/// A pattern that takes in more than so many bytes is left out: functions of one name may be
/// as many as the types that they are made for.
const MOST: u64 = 50_000;

/// Builds `skerry`, looks at what it runs and writes `crates/cli/start.ld`.
pub(crate) fn order() -> Result<()> {
    packages::install(&[packages::RUN, packages::ORDER])?;
    tests::ui_build()?;
    tests::release(&["--bin", "skerry"])?;
    let program = shell::target().join("release/skerry");
    let sizes = sizes(&program)?;
    let mut taken_in: BTreeMap<String, u64> = BTreeMap::new();
    for (name, size) in &sizes {
        *taken_in.entry(pattern(name)).or_default() += size;
    }
    let patterns: BTreeSet<String> = ran(&program)?
        .iter()
        .filter(|name| sizes.contains_key(*name))
        .map(|name| pattern(name))
        .filter(|pattern| taken_in.get(pattern).is_some_and(|size| *size <= MOST))
        .collect();
    if patterns.len() < 500 {
        bail!("only {} functions were seen to run", patterns.len());
    }
    let mut script = String::from(
        "/* Functions that `skerry serve` runs until it listens. Written by `cargo xtask order`. */\n\
         SECTIONS\n{\n  .text.start :\n  {\n",
    );
    for pattern in &patterns {
        script += &format!("    *(.text.{pattern} .text.unlikely.{pattern})\n");
    }
    script += "  }\n}\nINSERT BEFORE .text;\n";
    std::fs::write(shell::root().join("crates/cli/start.ld"), script)?;
    println!("{} patterns in crates/cli/start.ld", patterns.len());
    Ok(())
}

/// The functions of a program, with their sizes in bytes.
fn sizes(program: &Path) -> Result<HashMap<String, u64>> {
    let listed = shell::output(&["nm", "-S", "--defined-only", shell::text(program)?])?;
    let line = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let size = u64::from_str_radix(words.next()?, 16).ok()?;
        let is_code = words.next()?.eq_ignore_ascii_case("t");
        Some((words.next()?.to_owned(), size)).filter(|_| is_code)
    };
    Ok(listed.lines().filter_map(line).collect())
}

/// The names of what the server runs from its start on a new folder to its first answer.
fn ran(program: &Path) -> Result<BTreeSet<String>> {
    let folder = shell::target().join("order");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let profile = folder.join("callgrind");
    let out = format!("--callgrind-out-file={}", shell::text(&profile)?);
    let mut child = shell::program(&[
        "valgrind",
        "--quiet",
        "--tool=callgrind",
        "--demangle=no",
        &out,
        shell::text(program)?,
        "serve",
        "--no-auth",
        "--listen",
        ADDRESS,
        "--data",
        shell::text(&folder.join("data"))?,
    ])
    .spawn()
    .context("valgrind could not be started")?;
    let answered = answered(&mut child);
    shell::run(&["kill", "-INT", &child.id().to_string()])?;
    child.wait()?;
    answered?;
    Ok(std::fs::read_to_string(&profile)?
        .lines()
        .filter_map(|line| line.strip_prefix('c').unwrap_or(line).strip_prefix("fn=("))
        .filter_map(|line| line.split_once(") "))
        // Of a function that calls itself each level has a number.
        .map(|(_, name)| name.split('\'').next().unwrap_or(name).to_owned())
        .collect())
}

const ADDRESS: &str = "127.0.0.1:5979";

fn answered(child: &mut Child) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(120);
    while Instant::now() < until {
        if let Some(status) = child.try_wait()? {
            bail!("skerry serve ended with {status}");
        }
        if let Ok(mut stream) = TcpStream::connect(ADDRESS) {
            let mut answer = String::new();
            stream.write_all(b"GET /health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
            stream.read_to_string(&mut answer)?;
            if answer.contains("200") {
                return Ok(());
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("skerry serve did not answer within two minutes")
}

/// The name of a function without what changes from build to build: the hash at its end, or the
/// hashes of crates within it, and the linker's own endings.
fn pattern(name: &str) -> String {
    let name = name.split_once(".llvm.").map_or(name, |(before, _)| before);
    if let Some(end) = name
        .len()
        .checked_sub(17)
        .filter(|_| name.starts_with("_ZN"))
        && let Some(path) = name.get(..end)
        && path.ends_with("17h")
    {
        return format!("{path}*");
    }
    if !name.starts_with("_R") {
        return name.to_owned();
    }
    let mut parts = name.split("Cs");
    let mut pattern = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        pattern += "Cs*_";
        pattern += part.split_once('_').map_or(part, |(_, behind)| behind);
    }
    pattern + "*"
}

#[cfg(test)]
mod patterns {
    use super::pattern;

    #[test]
    fn a_pattern_outlives_the_hashes_in_a_name() {
        assert_eq!(
            pattern("_ZN6skerry4main17hdc04169e9ee0c378E"),
            "_ZN6skerry4main17h*"
        );
        assert_eq!(
            pattern("_ZN4core3fmt5write17h0123456789abcdefE.llvm.364"),
            "_ZN4core3fmt5write17h*"
        );
        assert_eq!(
            pattern("_RNvNtCsjrHSEGnQ3l9_3std2rt19lang_start_internal"),
            "_RNvNtCs*_3std2rt19lang_start_internal*"
        );
        assert_eq!(pattern("sqlite3_step"), "sqlite3_step");
        assert_eq!(
            pattern("sqlite3Update.constprop.0"),
            "sqlite3Update.constprop.0"
        );
    }
}
