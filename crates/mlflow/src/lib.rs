//! MLflow's REST protocol on a [`skerry_store::Store`].
//!
//! **Invariant:** this is the only crate that knows MLflow's JSON. A mistake of a
//! client is never answered with 5xx, since MLflow's clients send that again seven
//! times. No path of a request reaches a file outside the artifact root.
//!
//! **API boundary:** [`router`] serves every path of the protocol below any prefix
//! (the agent mounts it under `/mlflow`, and once per run behind that run's door);
//! [`serve`] is the whole tracking server of `skerry serve`.

mod args;
mod artifacts;
mod auth;
mod download;
mod experiments;
mod fault;
mod json;
mod listen;
mod logged_models;
mod metrics;
mod multipart;
mod registry;
mod root;
mod runs;
mod serve;
mod source;
mod state;
mod upkeep;
mod versions;
mod written;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::{MethodRouter, any, get};

pub use auth::Auth;
pub use root::{ArtifactRoot, Place};
pub use serve::{Beside, Places, ServeError, ServeOptions, serve};
pub use state::MlflowState;
pub use upkeep::{Collected, Gc, Move, gc_in, move_in};

/// The version of MLflow whose protocol this is.
pub const MLFLOW_VERSION: &str = "3.17.2";

/// A JSON body has at most so many bytes. Files are streamed and have no limit here.
const BODY_LIMIT: usize = 32 << 20;

/// Paths under both `/api` and `/ajax-api`.
struct Paths(Router<MlflowState>);

impl Paths {
    fn at(self, path: &str, methods: MethodRouter<MlflowState>) -> Self {
        Self(
            self.0
                .route(&format!("/api/{path}"), methods.clone())
                .route(&format!("/ajax-api/{path}"), methods),
        )
    }
}

/// Every path of the protocol.
pub fn router(state: MlflowState) -> Router {
    let mut paths = Paths(Router::new());
    paths = experiments::routes(paths);
    paths = runs::routes(paths);
    paths = metrics::routes(paths);
    paths = logged_models::routes(paths);
    paths = registry::routes(paths);
    paths = versions::routes(paths);
    paths = artifacts::routes(paths);
    paths = multipart::routes(paths);
    paths = upkeep::routes(paths);
    paths = paths.at("3.0/mlflow/server-info", get(server_info));
    for traces in ["2.0/mlflow/traces", "3.0/mlflow/traces"] {
        paths = paths
            .at(traces, any(no_traces))
            .at(&format!("{traces}/{{*rest}}"), any(no_traces));
    }
    paths
        .0
        .route("/health", get(async || "OK"))
        .route("/version", get(async || MLFLOW_VERSION))
        .route("/v1/traces", any(no_traces))
        .fallback(async |uri: http::Uri| fault::Fault::no_endpoint(uri.path()))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(state)
}

/// Said once, and not asked again: clients repeat neither 501 nor what it answers to.
async fn no_traces() -> fault::Fault {
    fault::Fault::not_implemented(
        "This server keeps no traces, only runs, models and their files. \
         mlflow.tracing.disable() turns tracing off.",
    )
}

async fn server_info(State(state): State<MlflowState>) -> axum::Json<serde_json::Value> {
    axum::Json(serde_json::json!({
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": state.alone(),
        "multipart_downloads_enabled": false,
        "presigned_upload_run_id_supported": false,
        "presigned_upload_model_id_supported": false,
        "features_enabled": {"gateway": false},
    }))
}
