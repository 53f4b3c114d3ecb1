//! Secrets are searched for where they must not be.

use std::fs;
use std::path::Path;

use skerry_lab::Machine;

use crate::desk::Desk;

/// Searches the data folder with its logs, and the arguments and environments of all of the
/// desk's processes, for each secret. `pages` are texts that were shown.
///
/// # Panics
/// When one is found, with its name and the place but not its value.
pub fn search(desk: &Desk, secrets: &[(&str, &str)], pages: &[String]) {
    let mut found = Vec::new();
    let mut places = 0;
    search_folder(&desk.home().join("data"), secrets, &mut found, &mut places);
    search_folder(&desk.home().join("state"), secrets, &mut found, &mut places);
    search_folder(&desk.home().join("cache"), secrets, &mut found, &mut places);
    let processes = desk.processes();
    for (pid, line) in &processes {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        note(
            &environment,
            secrets,
            &format!("environment of {line}"),
            &mut found,
        );
        note(
            &arguments,
            secrets,
            &format!("arguments of {line}"),
            &mut found,
        );
    }
    for page in pages {
        note(page.as_bytes(), secrets, "page", &mut found);
    }
    assert!(found.is_empty(), "secrets were found: {found:#?}");
    assert!(places > 3, "the data folder is empty: nothing was searched");
}

/// Searches the agent's home on a machine, and the arguments and environments of the processes
/// of its user.
///
/// # Panics
/// When a secret is found, or there is no agent.
pub fn search_machine(machine: &Machine, secrets: &[(&str, &str)]) {
    let mut found = Vec::new();
    let mut places = 0;
    let home = machine.home_from_outside().join(".skerry");
    search_folder(&home, secrets, &mut found, &mut places);
    let script =
        "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/environ; tr '\\0' ' ' < $p/cmdline; done";
    let processes = machine
        .exec(&["bash", "-c", &format!("{script}; true")])
        .unwrap();
    note(
        processes.as_bytes(),
        secrets,
        "processes of the machine",
        &mut found,
    );
    assert!(found.is_empty(), "secrets were found: {found:#?}");
    assert!(
        places > 3,
        "the agent's home is empty: nothing was searched"
    );
}

fn search_folder(
    folder: &Path,
    secrets: &[(&str, &str)],
    found: &mut Vec<String>,
    places: &mut usize,
) {
    // The keyring's own store may hold secrets: it is encrypted and not ours.
    if folder.ends_with("keyrings") {
        return;
    }
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            search_folder(&entry.path(), secrets, found, places);
        } else if kind.is_file() {
            let content = fs::read(entry.path()).unwrap_or_default();
            *places += 1;
            note(
                &content,
                secrets,
                &entry.path().display().to_string(),
                found,
            );
        }
    }
}

/// Looks for the secret itself and for what base64 makes of it.
fn note(content: &[u8], secrets: &[(&str, &str)], place: &str, found: &mut Vec<String>) {
    for (name, secret) in secrets {
        assert!(secret.len() >= 8, "{name} is too short to search for");
        if contains(content, secret.as_bytes()) {
            found.push(format!("{name} in {place}"));
        }
        // Whatever stands before it, one of the three alignments shows.
        for shift in 0..3 {
            let mut padded = vec![b'x'; shift];
            padded.extend_from_slice(secret.as_bytes());
            let code = base64(&padded);
            let inner = code
                .get(4..code.len().saturating_sub(4))
                .unwrap_or_default();
            if inner.len() >= 8 && contains(content, inner) {
                found.push(format!("{name} in base64 in {place}"));
            }
        }
    }
}

fn contains(content: &[u8], what: &[u8]) -> bool {
    content.windows(what.len()).any(|window| window == what)
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut code = Vec::new();
    for group in bytes.chunks(3) {
        let mut value = 0_u32;
        for at in 0..3 {
            value = value << 8 | u32::from(group.get(at).copied().unwrap_or(0));
        }
        for at in 0..=group.len() {
            code.push(DIGITS[(value >> (18 - 6 * at) & 63) as usize]);
        }
    }
    code
}

#[cfg(test)]
mod unit {
    use super::{base64, note};

    #[test]
    fn base64_is_as_elsewhere() {
        assert_eq!(base64(b"Man"), b"TWFu");
        assert_eq!(base64(b"Ma"), b"TWE");
    }

    #[test]
    fn a_secret_is_found_plain_and_in_base64_at_any_place() {
        let secret = [("it", "correct horse battery")];
        for before in ["", "a", "ab", "abc"] {
            let mut found = Vec::new();
            note(
                format!("{before}correct horse battery").as_bytes(),
                &secret,
                "p",
                &mut found,
            );
            assert_eq!(found.len(), 1);
            let code = base64(format!("{before}correct horse battery and").as_bytes());
            found.clear();
            note(&code, &secret, "p", &mut found);
            assert!(!found.is_empty(), "{before}");
        }
    }
}
