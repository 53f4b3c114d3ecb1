//! Text and JSON for people and scripts.

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;
use skerry_domain::{Code, ErrorBody};

/// One JSON value, or lines of text.
pub fn print(json: bool, value: &impl Serialize, text: impl FnOnce() -> String) {
    let out = if json {
        serde_json::to_string_pretty(value).unwrap_or_default()
    } else {
        text()
    };
    if !out.is_empty() {
        line(out.trim_end_matches('\n'));
    }
}

/// A line on standard output. A reader that went away (`| head`) ends the program.
pub fn line(text: &str) {
    if writeln!(std::io::stdout(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// A line about progress, on standard error, for people only.
pub fn progress(json: bool, text: &str) {
    if !json && std::io::stderr().is_terminal() {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// An error on standard error.
pub fn error(error: &ErrorBody, json: bool) {
    let text = if json {
        serde_json::to_string(error).unwrap_or_default()
    } else {
        let mut text = format!("error[{}]: {}", error.code.as_str(), error.message);
        // What a reason's sentence is made with is in the message already.
        let said = |key: &str, value: &str| {
            error.reason.is_some() && key != "field" && error.message.contains(value)
        };
        for (key, value) in error
            .details
            .iter()
            .filter(|(key, value)| !said(key, value))
        {
            text.push_str(&format!("\n  {key}: {value}"));
        }
        text
    };
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The exit code tells scripts what to do about it: 2 the input, 3 not there,
/// 4 try again later, 5 credentials or trust, 1 anything else.
pub fn exit_code(code: Code) -> u8 {
    match code {
        Code::Invalid => 2,
        Code::NotFound => 3,
        Code::MachineUnreachable
        | Code::AgentUnreachable
        | Code::TimedOut
        | Code::ConnectionRefused
        | Code::NoRoute
        | Code::HostNotFound
        | Code::Disconnected
        | Code::RegistryUnreachable
        | Code::Busy => 4,
        Code::PasswordRefused
        | Code::KeyRefused
        | Code::HostKeyUnknown
        | Code::HostKeyMismatch
        | Code::HostKeyRevoked
        | Code::RegistryUnauthorized
        | Code::RegistryDenied
        | Code::VaultLocked
        | Code::KeyringLocked
        | Code::WrongPassphrase
        | Code::Unauthenticated => 5,
        _ => 1,
    }
}

/// Columns, aligned.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let format_row = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            text.push_str(cell);
            let gap = width.saturating_sub(cell.chars().count()) + 2;
            text.extend(std::iter::repeat_n(' ', gap));
        }
        text.trim_end().to_owned()
    };
    let mut lines = vec![format_row(&mut header.iter().copied())];
    lines.extend(
        rows.iter()
            .map(|row| format_row(&mut row.iter().map(String::as_str))),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_characters() {
        let text = table(
            &["NAME", "STATE"],
            &[
                vec!["skär".into(), "running".into()],
                vec!["a-long-name".into(), "x".into()],
            ],
        );
        assert_eq!(
            text,
            "NAME         STATE\nskär         running\na-long-name  x"
        );
    }
}
