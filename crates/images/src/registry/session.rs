//! Requests to one registry, with the login it asks for.
//!
//! Challenges as in RFC 7235; token answers as in Docker's "Token Authentication Specification".

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{
    Certificate, Client, ClientBuilder, Method, RequestBuilder, Response, StatusCode, Url,
};
use serde::Deserialize;
use skerry_domain::Secret;

use super::failure::{of_answer, of_request};
use super::{Challenge, Registry, location};
use crate::Error;

const CONNECT_LIMIT: Duration = Duration::from_secs(20);
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

pub(super) struct Session {
    client: Client,
    registry: Registry,
    base: Url,
    /// What a token is asked for: `repository:<name>:<actions>`.
    scope: Option<String>,
    challenge: Challenge,
    login: Option<HeaderValue>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<Secret>,
    access_token: Option<Secret>,
}

impl Session {
    pub fn open(registry: &Registry, scope: Option<(&str, &str)>) -> Result<Self, Error> {
        crate::check_registry_host(&registry.host)?;
        let scheme = if registry.insecure { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{}/", registry.host)).map_err(|error| {
            Error::Invalid {
                field: "registry",
                message: format!(
                    "'{}' is not the address of a registry: {error}.",
                    registry.host
                ),
            }
        })?;
        Ok(Self {
            client: client(registry)?,
            registry: registry.clone(),
            base,
            scope: scope.map(|(name, actions)| format!("repository:{name}:{actions}")),
            challenge: Challenge::None,
            login: None,
        })
    }

    /// How the registry has asked for a login so far.
    pub fn challenge(&self) -> Challenge {
        self.challenge
    }

    pub fn url(&self, path: &str) -> Result<Url, Error> {
        self.base
            .join(path)
            .map_err(|error| self.odd(&error.to_string()))
    }

    /// Where an upload goes on. At the registry's own host never in the clear when it is reached
    /// by TLS: behind a proxy some registries name themselves with http.
    pub fn place(&self, request: &Url, headers: &HeaderMap) -> Result<Url, Error> {
        let text =
            location(headers).ok_or_else(|| self.odd("it does not say where an upload goes on"))?;
        let mut place = request
            .join(text)
            .map_err(|error| self.odd(&error.to_string()))?;
        if place.scheme() == "http" && self.base.scheme() == "https" {
            if place.host_str() != self.base.host_str() {
                return Err(self.odd("it sends uploads to an address without TLS"));
            }
            let port = self.base.port();
            if place.set_scheme("https").is_err() || place.set_port(port).is_err() {
                return Err(self.odd("it sends uploads to an address without TLS"));
            }
        }
        Ok(place)
    }

    /// A request with the login, when it goes to the registry itself.
    pub fn request(&self, method: Method, url: &Url) -> RequestBuilder {
        let request = self.client.request(method, url.clone());
        match &self.login {
            Some(login) if url.origin() == self.base.origin() => {
                request.header(AUTHORIZATION, login)
            }
            _ => request,
        }
    }

    /// Sends a request without a body; logs in when asked to.
    pub async fn send(
        &mut self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        limit: Option<Duration>,
    ) -> Result<Response, Error> {
        let limit = limit.unwrap_or(ANSWER_LIMIT);
        self.exchange(url, |session| {
            session
                .request(method.clone(), url)
                .headers(headers.clone())
                .timeout(limit)
        })
        .await
    }

    /// Sends a small body; logs in when asked to.
    pub async fn send_bytes(
        &mut self,
        method: Method,
        url: &Url,
        kind: &'static str,
        bytes: &[u8],
    ) -> Result<Response, Error> {
        self.exchange(url, |session| {
            session
                .request(method.clone(), url)
                .header(CONTENT_TYPE, kind)
                .body(bytes.to_vec())
                .timeout(ANSWER_LIMIT)
        })
        .await
    }

    async fn exchange(
        &mut self,
        url: &Url,
        request: impl Fn(&Self) -> RequestBuilder,
    ) -> Result<Response, Error> {
        let answer = self.ask(request(self)).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || url.origin() != self.base.origin() {
            return Ok(answer);
        }
        // Also when there is a login already: a token may have run out.
        self.log_in(answer).await?;
        self.ask(request(self)).await
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Response, Error> {
        request
            .send()
            .await
            .map_err(|error| of_request(&self.registry.host, &error))
    }

    async fn log_in(&mut self, answer: Response) -> Result<(), Error> {
        let challenges: Vec<String> = answer
            .headers()
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok().map(str::to_owned))
            .collect();
        let find = |scheme: &str| {
            challenges.iter().find_map(|challenge| {
                let (word, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
                word.eq_ignore_ascii_case(scheme).then(|| parameters(rest))
            })
        };
        if let Some(parameters) = find("bearer") {
            self.challenge = Challenge::Bearer;
            self.login = Some(self.token(&parameters).await?);
        } else if find("basic").is_some() {
            self.challenge = Challenge::Basic;
            let Some(basic) = self.basic()? else {
                return Err(Error::Unauthorized {
                    host: self.registry.host.clone(),
                    reason: "it asks for a user and a password".to_owned(),
                });
            };
            self.login = Some(basic);
        } else if challenges.is_empty() {
            return Err(self.odd("it refuses the request without naming a way to log in"));
        } else {
            return Err(self.odd("it asks for a login by neither Basic nor Bearer"));
        }
        Ok(())
    }

    fn basic(&self) -> Result<Option<HeaderValue>, Error> {
        let Some(credentials) = &self.registry.credentials else {
            return Ok(None);
        };
        // RFC 7617: the first colon ends the user.
        if credentials.username.contains(':') {
            return Err(Error::Invalid {
                field: "username",
                message: "The user of a registry cannot have a colon in it.".to_owned(),
            });
        }
        let pair = Secret::new(format!(
            "{}:{}",
            credentials.username,
            credentials.password.expose()
        ));
        let word = Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())));
        self.header(&word).map(Some)
    }

    async fn token(&self, challenge: &HashMap<String, String>) -> Result<HeaderValue, Error> {
        let realm = challenge
            .get("realm")
            .map(String::as_str)
            .unwrap_or_default();
        let mut url = Url::parse(realm).map_err(|_| self.odd("it names no issuer of tokens"))?;
        let secure = url.scheme() == "https" || (self.registry.insecure && url.scheme() == "http");
        if !secure {
            return Err(Error::Tls {
                host: self.registry.host.clone(),
                reason: format!("its issuer of tokens, {realm}, does not use TLS"),
            });
        }
        let scope = self.scope.as_ref().or_else(|| challenge.get("scope"));
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = challenge.get("service") {
                query.append_pair("service", service);
            }
            if let Some(scope) = scope {
                query.append_pair("scope", scope);
            }
        }
        let mut request = self.client.get(url.clone()).timeout(ANSWER_LIMIT);
        if let Some(basic) = self.basic()? {
            request = request.header(AUTHORIZATION, basic);
        }
        let issuer = url.host_str().unwrap_or_default().to_owned();
        let answer = request
            .send()
            .await
            .map_err(|error| of_request(&issuer, &error))?;
        if !answer.status().is_success() {
            return Err(match answer.status() {
                // An issuer's 400 or 404 means an account it does not know, as well as a 401.
                status if status.is_client_error() => Error::Unauthorized {
                    host: self.registry.host.clone(),
                    reason: format!("the issuer of tokens answered {status}"),
                },
                _ => of_answer(&issuer, "asking for a token", answer).await,
            });
        }
        let answer: TokenAnswer = answer
            .json()
            .await
            .map_err(|_| self.odd("its issuer of tokens does not answer with a token"))?;
        let token = answer
            .token
            .or(answer.access_token)
            .ok_or_else(|| self.odd("its issuer of tokens does not answer with a token"))?;
        self.header(&Secret::new(format!("Bearer {}", token.expose())))
    }

    fn header(&self, word: &Secret) -> Result<HeaderValue, Error> {
        let mut value = HeaderValue::from_str(word.expose())
            .map_err(|_| self.odd("its token has characters that a header cannot carry"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn odd(&self, reason: &str) -> Error {
        Error::NotARegistry {
            host: self.registry.host.clone(),
            reason: reason.to_owned(),
        }
    }
}

fn client(registry: &Registry) -> Result<Client, Error> {
    let own = match &registry.ca_pem {
        Some(pem) => {
            Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| bad_certificates())?
        }
        None => Vec::new(),
    };
    if registry.ca_pem.is_some() && own.is_empty() {
        return Err(bad_certificates());
    }
    let builder = || -> ClientBuilder {
        Client::builder()
            .user_agent(concat!("skerry/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
    };
    let built = if registry.insecure {
        // No system certificates are looked for, so their absence is no error.
        builder().tls_certs_only(own).build()
    } else if own.is_empty() {
        builder().build()
    } else {
        // A machine may have no certificates of its own at all.
        builder()
            .tls_certs_merge(own.clone())
            .build()
            .or_else(|_| builder().tls_certs_only(own).build())
    };
    built.map_err(|error| Error::Tls {
        host: registry.host.clone(),
        reason: std::error::Error::source(&error)
            .map_or_else(|| error.to_string(), ToString::to_string),
    })
}

fn bad_certificates() -> Error {
    Error::Invalid {
        field: "ca_pem",
        message: "The certificates cannot be read: PEM blocks that begin with -----BEGIN CERTIFICATE----- are expected."
            .to_owned(),
    }
}

/// `key="value", key=value`: the parameters of a challenge, keys in lower case.
fn parameters(text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut rest = text.trim();
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let (value, next) = after.split_once(',').unwrap_or((after, ""));
                (value.trim().to_owned(), next)
            }
        };
        found.insert(key.trim().to_ascii_lowercase(), value);
        rest = next.trim_start().trim_start_matches(',').trim_start();
    }
    found
}

/// The text up to the closing quote, and what comes after it.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::parameters;
    use proptest::prelude::*;

    #[test]
    fn challenges_are_read() {
        let read = parameters(
            r#"realm="https://r.example/oauth2/token?a=b,c",service=r.example , Scope="x:\"y\":pull,push""#,
        );
        assert_eq!(read["realm"], "https://r.example/oauth2/token?a=b,c");
        assert_eq!(read["service"], "r.example");
        assert_eq!(read["scope"], "x:\"y\":pull,push");
        assert!(parameters("").is_empty());
        assert_eq!(parameters("realm=\"open")["realm"], "open");
    }

    proptest! {
        #[test]
        fn no_challenge_makes_it_panic(text in ".{0,120}") {
            parameters(&text);
        }

        #[test]
        fn quoted_values_survive(value in "[a-zA-Z0-9:/?=,&. ]{0,40}") {
            let text = format!("realm=\"{value}\",service=\"s\"");
            let read = parameters(&text);
            prop_assert_eq!(&read["realm"], &value);
            prop_assert_eq!(&read["service"], "s");
        }
    }
}
