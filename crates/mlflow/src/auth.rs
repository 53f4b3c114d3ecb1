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
    /// `Authorization: Basic …`, which is MLFLOW_TRACKING_USERNAME and …_PASSWORD: these
    /// names with their passwords.
    Users(Vec<(String, Secret)>),
}

tokio::task_local! {
    /// Who has shown to send the request that this task answers.
    static PERSON: Arc<str>;
}

/// The name that whoever sent the request has shown to be theirs; with a token that is any
/// name, and so none.
pub(crate) fn person() -> Arc<str> {
    PERSON.try_with(Arc::clone).unwrap_or_default()
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
    /// Whoever may come in: their name, which is empty where none was shown.
    pub(crate) fn lets_in(&self, headers: &HeaderMap) -> Option<&str> {
        if matches!(self, Self::None) {
            return Some("");
        }
        let (scheme, given) = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))?;
        let given = given.trim();
        let basic = || {
            let text = String::from_utf8(STANDARD.decode(given).ok()?).ok()?;
            let (user, password) = text.split_once(':')?;
            Some((user.to_owned(), Secret::new(password)))
        };
        let is_basic = scheme.eq_ignore_ascii_case("basic");
        match self {
            Self::None => Some(""),
            Self::Token(token) if scheme.eq_ignore_ascii_case("bearer") => {
                same(given, token.expose()).then_some("")
            }
            Self::Token(token) => {
                let (_, password) = basic().filter(|_| is_basic)?;
                same(password.expose(), token.expose()).then_some("")
            }
            Self::Users(users) => {
                let (name, secret) = basic().filter(|_| is_basic)?;
                // All of them are looked at, so that the time does not tell which names there are.
                users.iter().fold(None, |found, (user, password)| {
                    let is_it = same(&name, user) & same(secret.expose(), password.expose());
                    found.or(is_it.then_some(user.as_str()))
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
    /// Who sends a request that is let in.
    fn check(&self, request: &Request) -> Result<Arc<str>, Fault> {
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
            && Auth::Token(self.key.clone()).lets_in(headers).is_some();
        match self.auth.lets_in(headers) {
            Some(person) => Ok(Arc::from(person)),
            None if open || owner => Ok(Arc::default()),
            None => Err(Fault::unauthenticated(
                "You are not authenticated. Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME \
                 and MLFLOW_TRACKING_PASSWORD, to what this server was started with.",
            )),
        }
    }
}

pub(crate) async fn enter(
    State(entrance): State<Arc<Entrance>>,
    request: Request,
    next: Next,
) -> Response {
    match entrance.check(&request) {
        Ok(person) => PERSON.scope(person, next.run(request)).await,
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
        let basic = |text: &str| headers(&format!("Basic {}", STANDARD.encode(text)));
        assert_eq!(token.lets_in(&headers("Bearer t0k")), Some(""));
        assert_eq!(token.lets_in(&headers("bearer t0k")), Some(""));
        assert_eq!(token.lets_in(&basic("any:t0k")), Some(""));
        for bad in [
            "Bearer t0",
            "Bearer t0kk",
            "Bearer",
            "Basic dDBr",
            "t0k",
            "Bearer ",
        ] {
            assert_eq!(token.lets_in(&headers(bad)), None, "{bad}");
        }
        assert_eq!(token.lets_in(&HeaderMap::new()), None);
        let user = |name: &str, password: &str| (name.to_owned(), Secret::new(password));
        let users = Auth::Users(vec![user("u", "p:q"), user("v", "r")]);
        assert_eq!(users.lets_in(&basic("u:p:q")), Some("u"));
        assert_eq!(users.lets_in(&basic("v:r")), Some("v"));
        for bad in ["v:p:q", "u:r", "u:", "w:r", ":r", "u"] {
            assert_eq!(users.lets_in(&basic(bad)), None, "{bad}");
        }
        assert_eq!(users.lets_in(&headers("Bearer p:q")), None);
        assert_eq!(Auth::None.lets_in(&HeaderMap::new()), Some(""));
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
