//! `skerry serve`: the tracking server alone.

use std::path::PathBuf;

use skerry_domain::{Code, Coded as _, ErrorBody, Secret};
use skerry_mlflow::{Auth, Collected, Move, Places, ServeOptions};

use crate::arguments::{Gc, MoveRuns, Roots, Serve};
use crate::output;

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
    let token = if let Some(token) = &arguments.token {
        Secret::new(token)
    } else if let Some(file) = &arguments.token_file {
        let text = std::fs::read_to_string(file).map_err(|error| {
            ErrorBody::new(
                Code::FileAccess,
                format!("The token file {} cannot be read: {error}.", file.display()),
            )
        })?;
        Secret::new(text.trim())
    } else if let Ok(token) = std::env::var("SKERRY_TOKEN") {
        Secret::new(token.trim())
    } else {
        return Err(ErrorBody::invalid(
            "token",
            "Say who may come in: SKERRY_TOKEN, --token-file, --token, or --no-auth.",
        ));
    };
    if token.expose().len() < 8 {
        return Err(ErrorBody::invalid(
            "token",
            "The token has fewer than 8 characters.",
        ));
    }
    Ok(match &arguments.user {
        Some(user) if user.is_empty() || user.contains(':') => {
            return Err(ErrorBody::invalid(
                "user",
                "A user's name is not empty and has no colon: nobody could send it.",
            ));
        }
        Some(user) => Auth::Basic {
            user: user.clone(),
            password: token,
        },
        None => Auth::Token(token),
    })
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
            places: Roots::default(),
        };
        let Auth::Basic { user, password } = auth(&arguments("ann")).unwrap() else {
            panic!("no name and password");
        };
        assert_eq!((user.as_str(), password.expose()), ("ann", "long enough"));
        for bad in ["", "a:b"] {
            assert!(auth(&arguments(bad)).is_err(), "{bad}");
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
