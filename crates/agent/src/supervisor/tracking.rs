//! The tracking interface of one run: MLflow's REST on a socket of its own, open only
//! to who knows the run's token.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};
use skerry_mlflow::MlflowState;
use tokio::task::AbortHandle;

use super::{
    Agent,
    failure::{Failure, io_failure},
};

/// A token, to be given to a workload once and not kept.
pub(super) struct Token(String);

impl Token {
    /// 256 random bits, less the ten that uuids fix.
    pub(super) fn new() -> Self {
        Self(format!(
            "{}{}",
            uuid::Uuid::new_v4().simple(),
            uuid::Uuid::new_v4().simple()
        ))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// What may be kept of it.
    pub(super) fn hash(&self) -> String {
        hash(&self.0)
    }
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// Serves until it is dropped.
pub(super) struct Tracking(AbortHandle);

impl Drop for Tracking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Opens a run's tracking interface.
pub(super) fn open(agent: &Agent, run_id: &str, token_hash: String) -> Failure<Tracking> {
    let path = agent.home.run(run_id).tracking_socket();
    // The folder above lets in only the agent's user and the run's own workload, who
    // may be another user in there.
    let listener = crate::sockets::listen(&path, 0o666).map_err(|error| {
        io_failure(
            &format!("The run's socket {} cannot be made", path.display()),
            &error,
        )
    })?;
    let state =
        MlflowState::new(agent.store.clone(), agent.artifacts.clone()).scoped_to_run(run_id);
    let routes = guarded(skerry_mlflow::router(state), token_hash);
    let task = tokio::spawn(axum::serve(listener, routes).into_future());
    Ok(Tracking(task.abort_handle()))
}

fn guarded(routes: Router, token_hash: String) -> Router {
    routes.layer(middleware::from_fn_with_state(
        Arc::<str>::from(token_hash),
        only_with_token,
    ))
}

async fn only_with_token(
    State(expected): State<Arc<str>>,
    request: Request,
    next: Next,
) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .map(hash);
    if given.as_deref() == Some(&*expected) {
        return next.run(request).await;
    }
    let body = serde_json::json!({
        "error_code": "UNAUTHENTICATED",
        "message": "This run's tracking interface wants the token in MLFLOW_TRACKING_TOKEN.",
    });
    (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response()
}
