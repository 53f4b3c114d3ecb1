//! Images against Debian's real registry on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::fs;
use std::sync::Arc;

use common::*;
use skerry_domain::{Code, Coded};
use skerry_images::{Challenge, Credentials, Progress, Registry, ping, push, resolve};
use tokio_util::sync::CancellationToken;

fn never() -> CancellationToken {
    CancellationToken::new()
}

#[tokio::test]
async fn an_image_is_pushed_once_and_found_by_tag_and_digest() {
    let registry = RealRegistry::with_passwords();
    let access = registry.access();
    assert_eq!(ping(&access).await.unwrap().challenge, Challenge::Basic);
    let folder = tempfile::tempdir().unwrap();
    let image = small_image(folder.path(), &[tar_of(&[("a", &noise(1, 9 << 20))])]).await;
    let target = registry.image("models/penguins:3");
    let gone = resolve(&target, &access).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);

    let (progress, told) = collecting();
    let pushed = push(&image, &target, &access, progress, &never())
        .await
        .unwrap();
    assert_eq!(pushed.digest, *image.digest());
    assert_eq!(
        pushed.reference.to_string(),
        format!("{target}@{}", image.digest())
    );
    assert_eq!(
        (pushed.uploaded_bytes, pushed.skipped_bytes),
        (image.size(), 0)
    );
    let sums: Vec<(u64, u64)> = told
        .lock()
        .unwrap()
        .iter()
        .map(|step| match step {
            Progress::Pushing { sent, total, .. } => (*sent, *total),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(sums.is_sorted() && sums.len() > 6, "{sums:?}");
    assert_eq!(sums.last(), Some(&(image.size(), image.size())));

    assert_eq!(resolve(&target, &access).await.unwrap(), pushed.digest);
    assert_eq!(
        resolve(&pushed.reference, &access).await.unwrap(),
        pushed.digest
    );

    // Under another tag nothing is sent again; without a tag it is `latest`.
    let target = registry.image("models/penguins");
    let again = push(&image, &target, &access, quiet(), &never())
        .await
        .unwrap();
    assert_eq!(
        (again.uploaded_bytes, again.skipped_bytes),
        (0, image.size())
    );
    assert_eq!(again.reference.tag(), Some("latest"));
}

#[tokio::test]
async fn a_wrong_login_is_told_from_everything_else() {
    let registry = RealRegistry::with_passwords();
    let folder = tempfile::tempdir().unwrap();
    let image = small_image(folder.path(), &[tar_of(&[("a", b"1")])]).await;
    let target = registry.image("x:1");
    for credentials in [None, Some(login("wrong password")), Some(login(""))] {
        let access = Registry {
            credentials,
            ..registry.access()
        };
        let error = ping(&access).await.unwrap_err();
        assert_eq!(error.code(), Code::RegistryUnauthorized, "{error}");
        let error = push(&image, &target, &access, quiet(), &never())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::RegistryUnauthorized, "{error}");
        assert!(!format!("{error} {error:?} {access:?}").contains("wrong password"));
    }
    let access = Registry {
        credentials: Some(Credentials {
            username: "a:b".to_owned(),
            ..login("x")
        }),
        ..registry.access()
    };
    assert_eq!(ping(&access).await.unwrap_err().code(), Code::Invalid);

    let open = RealRegistry::start("", "");
    assert_eq!(
        ping(&open.access()).await.unwrap().challenge,
        Challenge::None
    );
}

#[tokio::test]
async fn a_registry_that_takes_no_images_says_so() {
    let registry = RealRegistry::start("  maintenance: {readonly: {enabled: true}}\n", "");
    let folder = tempfile::tempdir().unwrap();
    let image = small_image(folder.path(), &[tar_of(&[("a", b"1")])]).await;
    let target = registry.image("x:1");
    let error = push(&image, &target, &registry.access(), quiet(), &never())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::RegistryDenied, "{error}");
}

#[tokio::test]
async fn an_image_for_another_host_is_not_sent() {
    let registry = RealRegistry::start("", "");
    let folder = tempfile::tempdir().unwrap();
    let image = small_image(folder.path(), &[tar_of(&[("a", b"1")])]).await;
    let target = "elsewhere.example/x:1".parse().unwrap();
    let error = push(&image, &target, &registry.access(), quiet(), &never())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Invalid);
}

#[tokio::test]
async fn what_does_not_answer_as_a_registry() {
    let access = |host: &str| Registry {
        host: host.to_owned(),
        insecure: true,
        ca_pem: None,
        credentials: Some(login(PASSWORD)),
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = ping(&access(&free.to_string())).await.unwrap_err();
    assert_eq!(error.code(), Code::RegistryUnreachable, "{error}");
    assert!(
        error.to_string().contains("nothing listens there"),
        "{error}"
    );
    assert_eq!(error.details()["host"], free.to_string());

    let error = ping(&access("no-such-host.invalid")).await.unwrap_err();
    assert_eq!(error.code(), Code::RegistryUnreachable, "{error}");

    use axum::http::StatusCode;
    for (status, kind) in [
        (StatusCode::OK, "text/html"),
        (StatusCode::NOT_FOUND, "text/html"),
        (StatusCode::UNAUTHORIZED, "text/plain"),
    ] {
        let page =
            move || async move { (status, [("content-type", kind)], "<html>welcome</html>") };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let router = axum::Router::new().fallback(page);
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let error = ping(&access(&host)).await.unwrap_err();
        assert_eq!(error.code(), Code::NotARegistry, "{error}");
        server.abort();
    }
    for host in ["", "http://r.example", "r.example/x", "r.example:0", "a b"] {
        assert_eq!(
            ping(&access(host)).await.unwrap_err().code(),
            Code::Invalid,
            "{host}"
        );
    }
}

#[tokio::test]
async fn tls_is_checked_and_never_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path());
    let http = format!(
        "  tls: {{certificate: '{}', key: '{}'}}\n",
        certificate.display(),
        key.display()
    );
    let registry = RealRegistry::start("", &http);
    let pem = fs::read_to_string(&certificate).unwrap();
    let trusting = Registry {
        insecure: false,
        ca_pem: Some(pem.clone()),
        ..registry.access()
    };
    assert_eq!(ping(&trusting).await.unwrap().challenge, Challenge::None);
    let image = small_image(folder.path(), &[tar_of(&[("a", &noise(1, 1 << 20))])]).await;
    let target = registry.image("x:1");
    let pushed = push(&image, &target, &trusting, quiet(), &never())
        .await
        .unwrap();
    assert_eq!(pushed.uploaded_bytes, image.size());

    let doubting = Registry {
        ca_pem: None,
        ..trusting.clone()
    };
    let error = ping(&doubting).await.unwrap_err();
    assert_eq!(error.code(), Code::TlsFailed, "{error}");
    assert!(error.to_string().contains("issuer"), "{error}");

    let port = registry.host.split(':').next_back().unwrap();
    let error = ping(&Registry {
        host: format!("localhost:{port}"),
        ..trusting.clone()
    })
    .await
    .unwrap_err();
    assert_eq!(error.code(), Code::TlsFailed, "{error}");
    assert!(error.to_string().contains("another name"), "{error}");

    // Plain http to a registry with TLS, and TLS to one without.
    let error = ping(&Registry {
        insecure: true,
        ..trusting.clone()
    })
    .await
    .unwrap_err();
    assert_eq!(error.code(), Code::NotARegistry, "{error}");
    let plain = RealRegistry::start("", "");
    let error = ping(&Registry {
        insecure: false,
        ca_pem: Some(pem),
        ..plain.access()
    })
    .await
    .unwrap_err();
    assert_eq!(error.code(), Code::TlsFailed, "{error}");
    assert!(error.to_string().contains("must be marked"), "{error}");

    let error = ping(&Registry {
        ca_pem: Some("no certificate".to_owned()),
        ..trusting
    })
    .await
    .unwrap_err();
    assert_eq!(error.code(), Code::Invalid);
}

#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    let registry = RealRegistry::with_passwords();
    let folder = tempfile::tempdir().unwrap();
    let layers = [
        tar_of(&[("a", &noise(1, 2 << 20))]),
        tar_of(&[("b", &noise(2, 12 << 20))]),
    ];
    let image = small_image(folder.path(), &layers).await;
    let (proxy, left) = cutting_proxy(&registry.host, 1, 5 << 20).await;
    let access = Registry {
        host: proxy.to_string(),
        ..registry.access()
    };
    let target = format!("{proxy}/x:1").parse().unwrap();
    let pushed = push(&image, &target, &access, quiet(), &never())
        .await
        .unwrap();
    assert_eq!(*left.lock().unwrap(), 0);
    assert_eq!(
        resolve(&registry.image("x:1"), &registry.access())
            .await
            .unwrap(),
        pushed.digest
    );
}

#[tokio::test]
async fn a_push_that_broke_off_goes_on_where_it_was() {
    let registry = RealRegistry::with_passwords();
    let folder = tempfile::tempdir().unwrap();
    let layers = [
        tar_of(&[("a", &noise(1, 2 << 20))]),
        tar_of(&[("b", &noise(2, 12 << 20))]),
    ];
    let image = small_image(folder.path(), &layers).await;
    let (proxy, left) = cutting_proxy(&registry.host, usize::MAX, 5 << 20).await;
    let access = Registry {
        host: proxy.to_string(),
        ..registry.access()
    };
    let target = format!("{proxy}/x:1").parse().unwrap();
    let error = push(&image, &target, &access, quiet(), &never())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::RegistryUnreachable, "{error}");
    let there = resolve(&registry.image("x:1"), &registry.access()).await;
    assert_eq!(there.unwrap_err().code(), Code::NotFound);

    *left.lock().unwrap() = 0;
    let pushed = push(&image, &target, &access, quiet(), &never())
        .await
        .unwrap();
    assert!(pushed.skipped_bytes > 2 << 20, "{pushed:?}");
    assert!(pushed.uploaded_bytes > 12 << 20, "{pushed:?}");
}

#[tokio::test]
async fn a_cancelled_push_leaves_no_tag() {
    let registry = RealRegistry::with_passwords();
    let folder = tempfile::tempdir().unwrap();
    let image = small_image(folder.path(), &[tar_of(&[("a", &noise(1, 20 << 20))])]).await;
    let target = registry.image("x:1");
    let cancel = never();
    let stop = cancel.clone();
    let progress = Arc::new(move |step| {
        if matches!(step, Progress::Pushing { sent, .. } if sent > 0) {
            stop.cancel();
        }
    });
    let error = push(&image, &target, &registry.access(), progress, &cancel)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Cancelled);
    assert_eq!(
        resolve(&target, &registry.access())
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    push(&image, &target, &registry.access(), quiet(), &never())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_lost_layer_is_said_and_nothing_is_tagged() {
    let registry = RealRegistry::with_passwords();
    let folder = tempfile::tempdir().unwrap();
    let image = small_image(folder.path(), &[tar_of(&[("a", &noise(1, 1 << 20))])]).await;
    fs::remove_dir_all(folder.path().join("base")).unwrap();
    let target = registry.image("x:1");
    let error = push(&image, &target, &registry.access(), quiet(), &never())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::FileAccess, "{error}");
    assert_eq!(
        resolve(&target, &registry.access())
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
}
