//! Who may come in: by token, by password, or everybody on this machine.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};
use skerry_domain::Secret;

use crate::fault::Fault;

/// How a client shows that it may come in.
#[derive(Debug, Clone, Default)]
pub enum Auth {
    /// Everybody who reaches the port.
    #[default]
    None,
    /// `Authorization: Bearer …`, which is MLFLOW_TRACKING_TOKEN; the token is taken
    /// as password of any user too.
    Token(Secret),
    /// `Authorization: Basic …`, which is MLFLOW_TRACKING_USERNAME and …_PASSWORD.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// What stands at the entrance.
#[derive(Debug)]
pub(crate) struct Entrance {
    pub auth: Auth,
    /// Stands in the locked file of the data folder: who can read that may ask for
    /// what is done with the whole store.
    pub key: Secret,
    /// Only names of this machine's loopback are taken as Host.
    pub loopback: bool,
}

/// Equal, in a time that does not tell where they differ.
fn same(given: &str, wanted: &str) -> bool {
    // Of equal length and unknown to the sender: comparing the hashes tells nothing.
    Sha256::digest(given.as_bytes()) == Sha256::digest(wanted.as_bytes())
}

impl Auth {
    /// The name that everybody who comes in has shown to be theirs; with a token that is
    /// any name, and so none.
    pub(crate) fn user(&self) -> &str {
        match self {
            Self::None | Self::Token(_) => "",
            Self::Basic { user, .. } => user,
        }
    }

    pub(crate) fn lets_in(&self, headers: &HeaderMap) -> bool {
        if matches!(self, Self::None) {
            return true;
        }
        let Some(given) = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
        else {
            return false;
        };
        let (scheme, given) = (given.0, given.1.trim());
        let basic = || {
            let text = String::from_utf8(STANDARD.decode(given).ok()?).ok()?;
            let (user, password) = text.split_once(':')?;
            Some((user.to_owned(), Secret::new(password)))
        };
        match self {
            Self::None => true,
            Self::Token(token) if scheme.eq_ignore_ascii_case("bearer") => {
                same(given, token.expose())
            }
            Self::Token(token) => {
                scheme.eq_ignore_ascii_case("basic")
                    && basic().is_some_and(|(_, password)| same(password.expose(), token.expose()))
            }
            Self::Basic { user, password } => {
                scheme.eq_ignore_ascii_case("basic")
                    && basic().is_some_and(|(given, secret)| {
                        same(&given, user) & same(secret.expose(), password.expose())
                    })
            }
        }
    }
}

/// The name in `host:port`, without brackets.
fn host_name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    host.split(':').next().unwrap_or_default()
}

fn is_loopback(host: &str) -> bool {
    let name = host_name(host);
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

impl Entrance {
    fn check(&self, request: &Request) -> Result<(), Fault> {
        let headers = request.headers();
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let host = text(header::HOST)
            .or_else(|| request.uri().host())
            .unwrap_or_default();
        // A page of another site whose name was made to point here.
        if self.loopback && !is_loopback(host) {
            return Err(Fault::forbidden(format!(
                "This server listens on this machine only; it does not answer as '{host}'."
            )));
        }
        // A page of another site that asks in the browser's name.
        if let Some(origin) = text(header::ORIGIN) {
            let site = origin.split_once("://").map_or(origin, |(_, rest)| rest);
            if !site.eq_ignore_ascii_case(host) {
                return Err(Fault::forbidden(
                    "Requests from other web sites are refused.",
                ));
            }
        }
        // The address of a part of an upload is a secret that its sender was given.
        let path = request.uri().path();
        let open = matches!(path, "/health" | "/version")
            || (request.method() == http::Method::PUT && path.starts_with(crate::multipart::PARTS));
        let owner = path.starts_with(crate::upkeep::PREFIX)
            && Auth::Token(self.key.clone()).lets_in(headers);
        if !open && !owner && !self.auth.lets_in(headers) {
            return Err(Fault::unauthenticated(
                "You are not authenticated. Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME \
                 and MLFLOW_TRACKING_PASSWORD, to what this server was started with.",
            ));
        }
        Ok(())
    }
}

pub(crate) async fn enter(
    State(entrance): State<Arc<Entrance>>,
    request: Request,
    next: Next,
) -> Response {
    match entrance.check(&request) {
        Ok(()) => next.run(request).await,
        Err(fault) => {
            let mut response = fault.into_response();
            if response.status() == http::StatusCode::UNAUTHORIZED {
                response.headers_mut().insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Basic realm=\"mlflow\""),
                );
            }
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        headers
    }

    #[test]
    fn tokens_and_passwords() {
        let token = Auth::Token(Secret::new("t0k"));
        assert!(token.lets_in(&headers("Bearer t0k")));
        assert!(token.lets_in(&headers("bearer t0k")));
        assert!(token.lets_in(&headers(&format!("Basic {}", STANDARD.encode("any:t0k")))));
        for bad in [
            "Bearer t0",
            "Bearer t0kk",
            "Bearer",
            "Basic dDBr",
            "t0k",
            "Bearer ",
        ] {
            assert!(!token.lets_in(&headers(bad)), "{bad}");
        }
        assert!(!token.lets_in(&HeaderMap::new()));
        let basic = Auth::Basic {
            user: "u".to_owned(),
            password: Secret::new("p:q"),
        };
        assert!(basic.lets_in(&headers(&format!("Basic {}", STANDARD.encode("u:p:q")))));
        assert!(!basic.lets_in(&headers(&format!("Basic {}", STANDARD.encode("v:p:q")))));
        assert!(!basic.lets_in(&headers("Bearer p:q")));
    }

    #[test]
    fn loopback_names() {
        for good in [
            "localhost:5000",
            "127.0.0.1",
            "127.0.0.2:1",
            "[::1]:5",
            "LOCALHOST",
        ] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "",
            "example.org",
            "localhost.evil.org",
            "10.0.0.1:80",
            "127.0.0.1.evil",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
