//! From what went wrong on the wire to words and a code.

use std::error::Error as _;
use std::io;

use reqwest::{Response, StatusCode};
use serde::Deserialize;
use skerry_domain::validate::shorten;

use crate::Error;

/// Bytes of an error page that are read at most.
const PAGE_LIMIT: usize = 64 << 10;

/// A request that got no answer.
pub(super) fn of_request(host: &str, error: &reqwest::Error) -> Error {
    let host = host.to_owned();
    let mut reason = String::new();
    let mut cause = error.source();
    while let Some(at) = cause {
        if let Some(tls) = tls_inside(at) {
            return Error::Tls {
                host,
                reason: tls_words(tls),
            };
        }
        if let Some(file) = at.downcast_ref::<io::Error>()
            && let Some(words) = io_words(file.kind())
        {
            reason = words.to_owned();
        }
        // The innermost cause says the most.
        if at.source().is_none() && reason.is_empty() {
            reason = at.to_string();
        }
        cause = at.source();
    }
    if error.is_timeout() {
        reason = "there was no answer in time".to_owned();
    }
    if reason.is_empty() {
        reason = error.to_string();
    }
    Error::Unreachable { host, reason }
}

/// A TLS error comes wrapped in I/O errors, whose `source` leaps over what they wrap.
fn tls_inside<'a>(mut error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    loop {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        error = error.downcast_ref::<io::Error>()?.get_ref()?;
    }
}

fn tls_words(error: &rustls::Error) -> String {
    use rustls::{CertificateError as C, Error as E};
    match error {
        E::InvalidMessage(_) => {
            "it does not speak TLS (a registry of plain http must be marked as such)".to_owned()
        }
        E::InvalidCertificate(C::UnknownIssuer) => {
            "its certificate is from an issuer that is not trusted here".to_owned()
        }
        E::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            "its certificate is made for another name".to_owned()
        }
        E::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => {
            "its certificate has expired".to_owned()
        }
        E::InvalidCertificate(C::Other(other))
            if other.to_string().contains("CaUsedAsEndEntity") =>
        {
            "it shows the certificate of an authority (CA:TRUE) as its own, which is not accepted; \
             make it one for a server (CA:FALSE)"
                .to_owned()
        }
        other => other.to_string(),
    }
}

fn io_words(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::ConnectionRefused => "nothing listens there",
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => "the connection broke",
        io::ErrorKind::TimedOut => "there was no answer in time",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no route to it"
        }
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Page {
    errors: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// An answer that is not the hoped-for one, with the registry's own words.
pub(super) async fn of_answer(host: &str, what: &str, answer: Response) -> Error {
    let status = answer.status();
    let (code, words) = said(answer).await;
    let host = host.to_owned();
    let words = if words.is_empty() {
        status.to_string()
    } else {
        words
    };
    let reason = format!("{what} was answered with {words}");
    match status {
        StatusCode::UNAUTHORIZED => Error::Unauthorized {
            host,
            reason: words,
        },
        // DENIED under a 401-less scheme, and registries that hide what an account may not see.
        StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED | StatusCode::PAYLOAD_TOO_LARGE => {
            Error::Denied { host, reason }
        }
        StatusCode::NOT_FOUND if code == "NAME_UNKNOWN" => Error::Denied { host, reason },
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Error::Unreachable { host, reason }
        }
        // An upload that the registry has forgotten, or that another request disturbed: tried again.
        StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE
            if matches!(
                code.as_str(),
                "BLOB_UPLOAD_UNKNOWN" | "BLOB_UPLOAD_INVALID" | "RANGE_INVALID"
            ) =>
        {
            Error::Unreachable { host, reason }
        }
        status if status.is_server_error() => Error::Unreachable { host, reason },
        _ if code.is_empty() => Error::NotARegistry { host, reason },
        _ => Error::Denied { host, reason },
    }
}

/// The first error code and the words of a registry's error page.
async fn said(mut answer: Response) -> (String, String) {
    let mut page = Vec::new();
    // What cannot be read of an error page is left unsaid.
    while let Ok(Some(chunk)) = answer.chunk().await {
        page.extend_from_slice(&chunk);
        if page.len() > PAGE_LIMIT {
            break;
        }
    }
    let Ok(page) = serde_json::from_slice::<Page>(&page) else {
        return (String::new(), String::new());
    };
    let words = page
        .errors
        .iter()
        .map(|line| match line.message.is_empty() {
            true => shorten(&line.code),
            false => format!("{} ({})", shorten(&line.message), shorten(&line.code)),
        })
        .collect::<Vec<_>>()
        .join(", ");
    let code = page.errors.into_iter().next().map(|line| line.code);
    (code.unwrap_or_default(), words)
}
