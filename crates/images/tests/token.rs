//! A registry that takes tokens of an issuer, as Azure's does: Debian's registry checks the
//! signature and what the token allows; the issuer is the test's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::*;
use serde_json::{Value, json};
use skerry_domain::{Code, Coded};
use skerry_images::{Challenge, Registry, ping, push, resolve};
use tokio_util::sync::CancellationToken;

struct Issuer {
    key: String,
    certificate: String,
    /// Actions that the next tokens allow at most.
    allowed: Mutex<Vec<&'static str>>,
    asked: Mutex<Vec<String>>,
}

impl Issuer {
    fn token(&self, scope: Option<&str>) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let access: Vec<Value> = scope
            .iter()
            .map(|scope| {
                let mut parts = scope.rsplitn(2, ':');
                let asked: Vec<&str> = parts.next().unwrap().split(',').collect();
                let name = parts.next().unwrap().trim_start_matches("repository:");
                let allowed = self.allowed.lock().unwrap();
                let actions: Vec<_> = asked
                    .into_iter()
                    .filter(|action| allowed.contains(action))
                    .collect();
                json!({"type": "repository", "name": name, "actions": actions})
            })
            .collect();
        let head = json!({"typ": "JWT", "alg": "RS256", "x5c": [self.certificate]});
        let claims = json!({
            "iss": "test issuer", "sub": USER, "aud": "test registry", "jti": "1",
            "iat": now - 5, "nbf": now - 5, "exp": now + 300, "access": access,
        });
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(head.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = run(
            &["openssl", "dgst", "-sha256", "-sign", &self.key],
            text.as_bytes(),
        );
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

async fn issue(
    State(issuer): State<Arc<Issuer>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<axum::Json<Value>, StatusCode> {
    let login = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    if headers
        .get("authorization")
        .is_none_or(|value| value != &login)
    {
        return Err(StatusCode::UNAUTHORIZED);
    }
    assert_eq!(query["service"], "test registry");
    let scope = query.get("scope").map(String::as_str);
    issuer
        .asked
        .lock()
        .unwrap()
        .push(scope.unwrap_or_default().to_owned());
    Ok(axum::Json(
        json!({"access_token": issuer.token(scope), "expires_in": 300}),
    ))
}

#[tokio::test]
async fn a_token_is_fetched_for_each_repository() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path());
    let pem = fs::read_to_string(&certificate).unwrap();
    let issuer = Arc::new(Issuer {
        key: key.to_str().unwrap().to_owned(),
        certificate: pem.lines().filter(|line| !line.starts_with('-')).collect(),
        allowed: Mutex::new(vec!["pull", "push"]),
        asked: Mutex::default(),
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let realm = format!("http://{}/token", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/token", get(issue))
        .with_state(Arc::clone(&issuer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let registry = RealRegistry::start(
        &format!(
            "auth:\n  token:\n    realm: {realm}\n    service: test registry\n    issuer: test issuer\n    \
             rootcertbundle: '{}'\n",
            certificate.display()
        ),
        "",
    );
    let access = registry.access();
    assert_eq!(ping(&access).await.unwrap().challenge, Challenge::Bearer);

    let image = small_image(folder.path(), &[tar_of(&[("a", &noise(1, 1 << 20))])]).await;
    let target = registry.image("models/penguins:1");
    let never = CancellationToken::new();
    push(&image, &target, &access, quiet(), &never)
        .await
        .unwrap();
    assert_eq!(resolve(&target, &access).await.unwrap(), *image.digest());
    assert_eq!(
        *issuer.asked.lock().unwrap(),
        [
            "",
            "repository:models/penguins:pull,push",
            "repository:models/penguins:pull"
        ]
    );

    // An account that may read only.
    *issuer.allowed.lock().unwrap() = vec!["pull"];
    let other = registry.image("models/other:1");
    let error = push(&image, &other, &access, quiet(), &never)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error.code(),
            Code::RegistryDenied | Code::RegistryUnauthorized
        ),
        "{error}"
    );

    let wrong = Registry {
        credentials: Some(login("wrong")),
        ..access.clone()
    };
    let error = ping(&wrong).await.unwrap_err();
    assert_eq!(error.code(), Code::RegistryUnauthorized, "{error}");
    let error = ping(&Registry {
        credentials: None,
        ..access
    })
    .await
    .unwrap_err();
    assert_eq!(error.code(), Code::RegistryUnauthorized, "{error}");
}
