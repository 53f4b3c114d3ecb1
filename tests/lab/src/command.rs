//! Running Debian's programs and waiting for conditions.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Runs a program to its end and returns what it wrote to standard output.
///
/// # Errors
/// When it cannot be started or ends with another status than 0; the message carries its output.
pub fn run(argv: &[&str]) -> Result<String> {
    run_with_input(argv, "")
}

/// As [`run`], with `input` on its standard input.
///
/// # Errors
/// As [`run`].
pub fn run_with_input(argv: &[&str], input: &str) -> Result<String> {
    let Some((program, args)) = argv.split_first() else {
        bail!("no program given");
    };
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{program} could not be started"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input closes the pipe: its status tells the rest.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!(
            "{} ended with {}: {}{}",
            argv.join(" "),
            output.status,
            stdout,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(stdout)
}

/// Asks again and again until `probe` gives a value; `what` names the wait in the error.
///
/// # Errors
/// When `limit` is over; the message carries the last failure that `probe` reported.
pub fn poll<T>(
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        let last = match probe() {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => String::from("not yet"),
            Err(error) => format!("{error:#}"),
        };
        if start.elapsed() > limit {
            bail!("{what} did not come within {} s: {last}", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
}
