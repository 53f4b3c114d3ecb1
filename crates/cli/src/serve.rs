//! `skerry serve`: the tracking server alone.

use std::path::PathBuf;

use skerry_domain::{Code, Coded as _, ErrorBody, Secret};
use skerry_mlflow::{Auth, ServeOptions};

use crate::arguments::Serve;
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
        data_dir,
        auth,
        on_ready: Some(Box::new(move |address| {
            output::print(
                json,
                &serde_json::json!({ "uri": format!("http://{address}") }),
                || format!("MLFLOW_TRACKING_URI=http://{address}"),
            );
        })),
    };
    skerry_mlflow::serve(options, ended())
        .await
        .map_err(|error| error.to_body())
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
    Ok(Auth::Token(token))
}
