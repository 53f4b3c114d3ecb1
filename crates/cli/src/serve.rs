//! `skerry serve`: the tracking server alone.

use std::path::{Path, PathBuf};

use skerry_domain::{Code, Coded as _, ErrorBody, Secret};
use skerry_mlflow::{Auth, Collected, Move, Places, ServeOptions};

use crate::arguments::{Gc, MoveRuns, Roots, Serve};
use crate::output;

/// A token or password has at least so many bytes.
const LEAST: usize = 8;

/// Serves until the process is asked to end.
pub async fn run(arguments: Serve, data_dir: PathBuf, json: bool) -> Result<(), ErrorBody> {
    let auth = auth(&arguments)?;
    if matches!(auth, Auth::None) && !arguments.listen.ip().is_loopback() {
        output::progress(
            json,
            "Everybody who can reach this address can read, change and delete everything.",
        );
    }
    let options = ServeOptions {
        listen: arguments.listen,
        places: places(arguments.places, data_dir),
        // As MLflow's server reads them.
        allowed_schemes: std::env::var("MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES")
            .unwrap_or_default()
            .split(',')
            .map(|scheme| scheme.trim().to_ascii_lowercase())
            .filter(|scheme| !scheme.is_empty())
            .collect(),
        source_pattern: std::env::var("MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX")
            .ok()
            .filter(|pattern| !pattern.is_empty()),
        auth,
        on_ready: Some(Box::new(move |address| {
            output::print(
                json,
                &serde_json::json!({ "uri": format!("http://{address}") }),
                || format!("MLFLOW_TRACKING_URI=http://{address}"),
            );
        })),
        beside: Some(Box::new(|store, artifacts| {
            match skerry_transfer::take_transfers(store, artifacts, || {}) {
                Ok(transfers) => Box::pin(transfers),
                // Import and export say that they are not answered; the server serves.
                Err(error) => {
                    output::error(&error, false);
                    Box::pin(std::future::ready(()))
                }
            }
        })),
    };
    skerry_mlflow::serve(options, ended())
        .await
        .map_err(|error| error.to_body())
}

fn places(roots: Roots, data_dir: PathBuf) -> Places {
    Places {
        data_dir,
        artifacts_destination: roots.artifacts_destination,
        default_artifact_root: roots.default_artifact_root,
    }
}

/// Deletes for good what is in the bin of a tracking server.
pub fn gc(arguments: Gc, data_dir: PathBuf, json: bool) -> Result<(), ErrorBody> {
    let gc = skerry_mlflow::Gc {
        older_than_ms: arguments.older_than,
        run_ids: arguments.run_ids,
        experiment_ids: arguments.experiment_ids,
        dry_run: arguments.dry_run,
    };
    let collected = skerry_mlflow::gc_in(&places(arguments.places, data_dir), &gc)?;
    output::print(json, &collected, || told(&collected, arguments.dry_run));
    Ok(())
}

fn told(collected: &Collected, dry_run: bool) -> String {
    let done = if dry_run { "Would delete" } else { "Deleted" };
    let mut text = format!(
        "{done} {} runs, {} logged models, {} experiments.",
        collected.runs.len(),
        collected.logged_models.len(),
        collected.experiments.len()
    );
    if !dry_run {
        let (before, after) = collected.store_bytes;
        text.push_str(&format!(
            " The store has {after} bytes; before it had {before}."
        ));
    }
    for uri in &collected.kept {
        text.push_str(&format!("\nNot kept here, and not deleted: {uri}"));
    }
    for (uri, why) in &collected.failed {
        text.push_str(&format!(
            "\nCould not be deleted: {uri} ({why}). Mend that and run it again."
        ));
    }
    text
}

/// Moves runs of a tracking server to another experiment.
pub fn move_runs(arguments: MoveRuns, data_dir: PathBuf, json: bool) -> Result<(), ErrorBody> {
    let moved = Move {
        run_ids: arguments.runs,
        experiment: arguments.to,
    };
    skerry_mlflow::move_in(&places(Roots::default(), data_dir), &moved)?;
    output::print(json, &moved, || {
        format!(
            "{} runs are in '{}'.",
            moved.run_ids.len(),
            moved.experiment
        )
    });
    Ok(())
}

/// A time such as `30d` or `1d12h30m`, in milliseconds.
pub fn age(text: &str) -> Result<i64, String> {
    let wrong = || format!("'{text}' is no time: write it as 30d, 12h or 1d12h30m5s.");
    let mut total = 0_i64;
    let mut number = String::new();
    for c in text.chars() {
        let seconds = match c {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            digit if digit.is_ascii_digit() => {
                number.push(digit);
                continue;
            }
            _ => return Err(wrong()),
        };
        let count: i64 = std::mem::take(&mut number).parse().map_err(|_| wrong())?;
        total = count
            .checked_mul(seconds * 1_000)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(wrong)?;
    }
    if text.is_empty() || !number.is_empty() {
        return Err(wrong());
    }
    Ok(total)
}

/// Resolves when the process is asked to end.
pub async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

fn auth(arguments: &Serve) -> Result<Auth, ErrorBody> {
    if arguments.no_auth {
        return Ok(Auth::None);
    }
    if let Some(file) = &arguments.users_file {
        return users(&read(file, "users")?);
    }
    let token = if let Some(token) = &arguments.token {
        Secret::new(token)
    } else if let Some(file) = &arguments.token_file {
        Secret::new(read(file, "token")?.expose().trim())
    } else if let Ok(token) = std::env::var("SKERRY_TOKEN") {
        Secret::new(token.trim())
    } else {
        return Err(ErrorBody::invalid(
            "token",
            "Say who may come in: SKERRY_TOKEN, --token-file, --users-file, --token, or --no-auth.",
        ));
    };
    if token.expose().len() < LEAST {
        return Err(ErrorBody::invalid(
            "token",
            format!("The token has fewer than {LEAST} characters."),
        ));
    }
    Ok(match &arguments.user {
        Some(user) if user.is_empty() || user.contains(':') => {
            return Err(ErrorBody::invalid(
                "user",
                "A user's name is not empty and has no colon: nobody could send it.",
            ));
        }
        Some(user) => Auth::Users(vec![(user.clone(), token)]),
        None => Auth::Token(token),
    })
}

fn read(file: &Path, what: &str) -> Result<Secret, ErrorBody> {
    std::fs::read_to_string(file)
        .map(Secret::new)
        .map_err(|error| {
            ErrorBody::new(
                Code::FileAccess,
                format!(
                    "The {what} file {} cannot be read: {error}.",
                    file.display()
                ),
            )
        })
}

/// The users of a file: `NAME:PASSWORD` a line. What is wrong is told by the line's number, as a
/// line may be a password.
fn users(text: &Secret) -> Result<Auth, ErrorBody> {
    let mut users: Vec<(String, Secret)> = Vec::new();
    // Some editors put a mark before the first line.
    let text = text.expose().trim_start_matches('\u{feff}');
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |why: &str| {
            let message = format!("Line {number} of the users file {why}.");
            Err(ErrorBody::invalid("users_file", message))
        };
        let Some((name, password)) = line.split_once(':').filter(|(name, _)| !name.is_empty())
        else {
            return wrong("is not NAME:PASSWORD");
        };
        if name.trim() != name || name.chars().any(char::is_control) {
            return wrong("has spaces around its name or characters in it that nobody can type");
        }
        if password.len() < LEAST {
            return wrong(&format!("has a password of fewer than {LEAST} characters"));
        }
        if users.iter().any(|(other, _)| other == name) {
            return wrong("has a name that an earlier line has");
        }
        users.push((name.to_owned(), Secret::new(password)));
    }
    if users.is_empty() {
        return Err(ErrorBody::invalid(
            "users_file",
            "The users file names nobody: nobody could come in.",
        ));
    }
    Ok(Auth::Users(users))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_has_the_token_as_password() {
        let arguments = |user: &str| Serve {
            listen: "127.0.0.1:0".parse().unwrap(),
            token: Some("long enough".to_owned()),
            token_file: None,
            no_auth: false,
            user: Some(user.to_owned()),
            users_file: None,
            places: Roots::default(),
        };
        let Auth::Users(users) = auth(&arguments("ann")).unwrap() else {
            panic!("no name and password");
        };
        assert_eq!(users, [("ann".to_owned(), Secret::new("long enough"))]);
        for bad in ["", "a:b"] {
            assert!(auth(&arguments(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn users_of_a_file() {
        let read = |text: &str| users(&Secret::new(text));
        let good = read("\u{feff}# who\n\nann:p:q rstuv\r\nbo:12345678");
        let Auth::Users(found) = good.unwrap() else {
            panic!("no users");
        };
        let user = |name: &str, password: &str| (name.to_owned(), Secret::new(password));
        assert_eq!(found, [user("ann", "p:q rstuv"), user("bo", "12345678")]);
        for (bad, line) in [
            ("ann", "Line 1 "),
            ("ann :12345678", "Line 1 "),
            (":12345678", "Line 1 "),
            ("#\nann:short", "Line 2 "),
            ("ann:12345678\nann:87654321", "Line 2 "),
            ("# nobody\n", "names nobody"),
        ] {
            let error = read(bad).unwrap_err();
            assert!(error.message.contains(line), "{bad}: {}", error.message);
            assert!(!error.message.contains("1234"), "{}", error.message);
        }
    }

    #[test]
    fn ages() {
        assert_eq!(age("30d").unwrap(), 30 * 86_400_000);
        assert_eq!(age("1d2h3m4s").unwrap(), 93_784_000);
        for bad in ["", "30", "d", "3w", "99999999999999d"] {
            assert!(age(bad).is_err(), "{bad}");
        }
    }
}
