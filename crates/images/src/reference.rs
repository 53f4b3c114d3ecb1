//! Names of images: `host[:port]/repository[:tag][@digest]`.
//!
//! The grammar is that of the distribution project's `reference` package, which Docker reads
//! names by; stricter in one point: the registry must be named, because there is no default here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use skerry_domain::validate::shorten;

use crate::{Digest, Error};

const NAME_LIMIT: usize = 255;
const TAG_LIMIT: usize = 128;

/// The name of an image at a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// `host` or `host:port`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path inside the registry.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, when one is named.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, when one is named.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The same image, pinned to this content.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// The same repository under another tag, without a digest.
    ///
    /// # Errors
    /// When it is not a tag.
    pub fn with_tag(mut self, tag: &str) -> Result<Self, Error> {
        check_tag(tag)?;
        self.tag = Some(tag.to_owned());
        self.digest = None;
        Ok(self)
    }

    /// What stands in `/v2/<repository>/manifests/…`: the digest, else the tag, else `latest`.
    pub(crate) fn manifest_name(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag,
            (None, None) => "latest",
        }
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse()?)),
            None => (text, None),
        };
        let Some((registry, rest)) = name.split_once('/') else {
            return Err(invalid(
                "image",
                text,
                "it must begin with the registry, as in registry.example:5000/models/penguins:1",
            ));
        };
        // How Docker tells a registry from the first part of a path.
        if !registry.contains(['.', ':']) && registry != "localhost" {
            return Err(invalid(
                "image",
                text,
                "its first part is not a registry (no dot, no port, not localhost)",
            ));
        }
        check_registry_host(registry)?;
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        check_repository(repository)?;
        if let Some(tag) = tag {
            check_tag(tag)?;
        }
        if registry.len() + 1 + repository.len() > NAME_LIMIT {
            return Err(invalid(
                "image",
                text,
                "registry and repository together have more than 255 characters",
            ));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Reference {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

/// Whether this is the `host` or `host:port` of a registry: no scheme, no path, no user.
///
/// # Errors
/// `Invalid`, with what is wrong.
pub fn check_registry_host(text: &str) -> Result<(), Error> {
    const EXPECTED: &str = "a host name or address is expected, without http:// and without a path";
    if text.contains('/') {
        return Err(invalid("registry", text, EXPECTED));
    }
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, after)) => {
            if inside.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(invalid(
                    "registry",
                    text,
                    "what stands in brackets is not an IPv6 address",
                ));
            }
            let port = match after.strip_prefix(':') {
                Some(port) => Some(port),
                None if after.is_empty() => None,
                None => {
                    return Err(invalid(
                        "registry",
                        text,
                        "after the bracket a port may follow",
                    ));
                }
            };
            (None, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    if let Some(host) = host {
        let label = |part: &str| {
            !part.is_empty()
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
        };
        if host.len() > 253 || !host.split('.').all(label) {
            return Err(invalid("registry", text, EXPECTED));
        }
    }
    if let Some(port) = port {
        let number = port.parse::<u16>().unwrap_or(0);
        if number == 0 || port.starts_with(['+', '0']) {
            return Err(invalid(
                "registry",
                text,
                "the port must be a number from 1 to 65535",
            ));
        }
    }
    Ok(())
}

fn check_repository(text: &str) -> Result<(), Error> {
    if !text.is_empty() && text.split('/').all(is_component) {
        return Ok(());
    }
    Err(invalid(
        "repository",
        text,
        "lower-case letters and digits are expected, with single . or _ or with - between them, parts divided by /",
    ))
}

/// `[a-z0-9]+` joined by `.`, `_`, `__` or any number of `-`.
fn is_component(part: &str) -> bool {
    let alphanumeric = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut separator = Vec::new();
    let mut started = false;
    for byte in part.bytes() {
        if alphanumeric(byte) {
            let fits = match separator.as_slice() {
                [] | b"." | b"_" | b"__" => true,
                run => run.iter().all(|c| *c == b'-'),
            };
            if !fits || (!started && !separator.is_empty()) {
                return false;
            }
            started = true;
            separator.clear();
        } else {
            separator.push(byte);
        }
    }
    started && separator.is_empty()
}

fn check_tag(text: &str) -> Result<(), Error> {
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(word);
    if first && text.len() <= TAG_LIMIT && bytes.all(|c| word(c) || c == b'.' || c == b'-') {
        return Ok(());
    }
    Err(invalid(
        "tag",
        text,
        "up to 128 letters, digits, _ . and - are expected, the first one not . or -",
    ))
}

fn invalid(field: &'static str, value: &str, why: &str) -> Error {
    Error::Invalid {
        field,
        message: format!("'{}' is not a valid {field}: {why}.", shorten(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn parts_are_told_apart() {
        let reference: Reference = format!("10.99.0.1:5000/models/a-b__c.d:1.0@{DIGEST}")
            .parse()
            .unwrap();
        assert_eq!(reference.registry(), "10.99.0.1:5000");
        assert_eq!(reference.repository(), "models/a-b__c.d");
        assert_eq!(reference.tag(), Some("1.0"));
        assert_eq!(reference.digest().unwrap().as_str(), DIGEST);
        assert_eq!(reference.manifest_name(), DIGEST);
        let other = reference.with_tag("2").unwrap();
        assert_eq!(other.to_string(), "10.99.0.1:5000/models/a-b__c.d:2");
        assert_eq!(
            "[::1]:5000/x".parse::<Reference>().unwrap().registry(),
            "[::1]:5000"
        );
        assert!("localhost/x".parse::<Reference>().is_ok());
    }

    #[test]
    fn what_docker_refuses_is_refused() {
        let long = format!("r.example/{}", "a".repeat(250));
        for text in [
            "",
            "/",
            "x",
            "library/x",
            "r.example/",
            "r.example//x",
            "r.example/X",
            "r.example/x/",
            "r.example/x:",
            "r.example/x:-a",
            "r.example/x:a b",
            "r.example/-x",
            "r.example/x-",
            "r.example/x___y",
            "r.example/x._y",
            "r.example/x..y",
            "r.example/ü",
            "http://r.example/x",
            "r.example:0/x",
            "r.example:70000/x",
            "r.example:/x",
            "r.example:+1/x",
            "-r.example/x",
            "r..example/x",
            "user@r.example/x",
            "r.example/x@sha256:12",
            "r.example/x@md5:12",
            "[::1/x",
            "[zz]:1/x",
            "[::1]x/x",
            "r.example/x:1:2",
            &long,
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
        let error = check_registry_host("http://r.example").unwrap_err();
        assert!(error.to_string().contains("without http://"), "{error}");
        let upper = DIGEST.replace('a', "A");
        assert!(format!("r.example/x@{upper}").parse::<Reference>().is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            host in "[a-z][a-z0-9]{0,8}(\\.[a-z][a-z0-9-]{0,8}[a-z0-9]){1,3}(:[1-9][0-9]{0,3})?",
            repository in "[a-z0-9]{1,5}((\\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}(/[a-z0-9]{1,5}){0,3}",
            tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
            digest in proptest::option::of("[0-9a-f]{64}"),
        ) {
            let mut text = format!("{host}/{repository}");
            if let Some(tag) = &tag {
                text.push_str(&format!(":{tag}"));
            }
            if let Some(digest) = &digest {
                text.push_str(&format!("@sha256:{digest}"));
            }
            let reference: Reference = text.parse().unwrap();
            prop_assert_eq!(reference.registry(), host);
            prop_assert_eq!(reference.repository(), repository);
            prop_assert_eq!(reference.tag(), tag.as_deref());
            prop_assert_eq!(reference.to_string(), text);
        }

        #[test]
        fn anything_else_is_refused_without_a_panic(text in ".{0,200}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string(), text);
            }
        }

        #[test]
        fn near_misses_do_not_panic(text in "[a-z.:/@\\[\\]_-]{0,60}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string(), text);
            }
        }
    }
}
