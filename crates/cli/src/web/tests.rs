use axum::body::Body;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;

struct Site {
    router: Router,
    host: Arc<Host>,
    console: Console,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let console = Console::open(ConsoleOptions::new(folder.path()))
            .await
            .unwrap();
        let host = Arc::new(Host {
            console: console.clone(),
            sessions: Sessions::default(),
            names: vec!["127.0.0.1:9".into(), "localhost:9".into()],
            closing: CancellationToken::new(),
        });
        Self {
            router: router(host.clone()),
            host,
            console,
            _folder: folder,
        }
    }

    async fn send(&self, request: axum::http::request::Builder, body: &str) -> Response {
        let request = request.body(Body::from(body.to_owned())).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Opens the link; the cookie.
    async fn enter(&self, token: &str) -> Option<String> {
        let request = Request::get(format!("/?token={token}")).header("host", "127.0.0.1:9");
        let response = self.send(request, "").await;
        let cookie = response
            .headers()
            .get(header::SET_COOKIE)?
            .to_str()
            .unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
        Some(cookie.split(';').next().unwrap().to_owned())
    }
}

#[tokio::test]
async fn a_link_works_once_and_opens_the_commands() {
    let site = Site::open().await;
    let token = site.host.sessions.new_link();
    let cookie = site.enter(&token).await.expect("the link opens a session");
    assert_eq!(site.enter(&token).await, None, "the link is used up");

    let call = || {
        Request::post("/api/command/settings_get")
            .header("host", "127.0.0.1:9")
            .header("origin", "http://127.0.0.1:9")
            .header("content-type", "application/json")
    };
    let response = site.send(call().header("cookie", &cookie), "null").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().contains_key("content-security-policy"));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let settings: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(settings["theme"], "system");

    let response = site.send(call(), "null").await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let response = site
        .send(call().header("cookie", "skerry_9=0000"), "null")
        .await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    site.console.close().await;
}

#[tokio::test]
async fn another_host_or_origin_is_refused() {
    let site = Site::open().await;
    let cookie = site.enter(&site.host.sessions.new_link()).await.unwrap();
    let call = |host: &str, origin: &str| {
        Request::post("/api/command/settings_get")
            .header("host", host)
            .header("origin", origin)
            .header("cookie", &cookie)
            .header("content-type", "application/json")
    };
    let evil_host = site
        .send(call("evil.example:9", "http://127.0.0.1:9"), "null")
        .await;
    assert_eq!(evil_host.status(), StatusCode::FORBIDDEN);
    let evil_origin = site
        .send(call("127.0.0.1:9", "http://evil.example"), "null")
        .await;
    assert_eq!(evil_origin.status(), StatusCode::FORBIDDEN);
    let fine = site
        .send(call("localhost:9", "http://localhost:9"), "null")
        .await;
    assert_eq!(fine.status(), StatusCode::OK);
    site.console.close().await;
}

#[tokio::test]
async fn errors_keep_their_code() {
    let site = Site::open().await;
    let cookie = site.enter(&site.host.sessions.new_link()).await.unwrap();
    let request = Request::post("/api/command/run_get")
        .header("host", "127.0.0.1:9")
        .header("origin", "http://127.0.0.1:9")
        .header("cookie", &cookie)
        .header("content-type", "application/json");
    let response = site
        .send(request, r#"{"id":"00000000000000000000000000000000"}"#)
        .await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let error: ErrorBody = serde_json::from_slice(&body).unwrap();
    assert_eq!(error.code, Code::NotFound);
    site.console.close().await;
}

#[tokio::test]
async fn a_taken_port_and_a_foreign_address_are_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = run(taken.local_addr().unwrap(), folder.path().into(), true)
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::PortTaken);
    let error = run("0.0.0.0:0".parse().unwrap(), folder.path().into(), true)
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Invalid);
}

#[tokio::test]
async fn an_export_is_downloaded_once_and_only_with_a_session() {
    let site = Site::open().await;
    let cookie = site.enter(&site.host.sessions.new_link()).await.unwrap();
    let asked = serde_json::json!({
        "filter": "", "order_by": [], "experiment": null, "machine_id": null, "stage": "active",
        "columns": null,
    });
    let mut state = site.console.call("runs_export", asked).await.unwrap();
    let id = state["id"].as_str().unwrap().to_owned();
    while state["size"].is_null() {
        let args = serde_json::json!({ "id": id });
        state = site.console.call("runs_export_more", args).await.unwrap();
    }
    let get = || Request::get(format!("/api/export/{id}")).header("host", "127.0.0.1:9");
    let refused = site.send(get(), "").await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let response = site.send(get().header("cookie", &cookie), "").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()[header::CONTENT_DISPOSITION],
        "attachment"
    );
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(bytes.len() as u64, state["size"].as_u64().unwrap());
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    let again = site.send(get().header("cookie", &cookie), "").await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    site.console.close().await;
}
