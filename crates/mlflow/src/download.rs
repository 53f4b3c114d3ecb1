//! Files going out: whole, or the part that a broken download still lacks.

use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::fault::Fault;

/// So much is read from the disk at once.
const BLOCK: usize = 256 << 10;

/// The bytes that a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// First and last byte.
    Part(u64, u64),
    /// Beyond the end.
    Nothing,
}

/// One range is answered; several at once, and what is no range, get the whole file,
/// as the standard allows.
fn wanted(range: Option<&str>, size: u64) -> Wanted {
    let Some(spec) = range
        .and_then(|text| text.trim().strip_prefix("bytes="))
        .filter(|spec| !spec.contains(','))
    else {
        return Wanted::All;
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Wanted::All;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Err(_), Ok(0)) if first.is_empty() => Wanted::Nothing,
        (Err(_), Ok(_)) if first.is_empty() && size == 0 => Wanted::Nothing,
        (Err(_), Ok(count)) if first.is_empty() => {
            Wanted::Part(size.saturating_sub(count), size.saturating_sub(1))
        }
        (Ok(first), _) if first >= size => Wanted::Nothing,
        (Ok(first), Err(_)) if last.is_empty() => Wanted::Part(first, size.saturating_sub(1)),
        (Ok(first), Ok(last)) if first <= last => Wanted::Part(first, last.min(size - 1)),
        _ => Wanted::All,
    }
}

/// The kind of a file by its name, as MLflow's server guesses it: text is never taken
/// for a page or a script by a browser.
fn content_type(name: &str) -> &'static str {
    let ending = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => ending,
        _ => name,
    };
    match ending {
        "txt" | "log" | "err" | "cfg" | "conf" | "cnf" | "cf" | "ini" | "properties" | "prop"
        | "hocon" | "toml" | "yaml" | "yml" | "xml" | "json" | "js" | "py" | "py3" | "csv"
        | "tsv" | "md" | "rst" | "ipynb" | "MLmodel" | "mlproject" => return "text/plain",
        _ => {}
    }
    match ending.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "txt" | "c" | "h" | "bat" | "pl" => "text/plain",
        "csv" => "text/csv",
        "json" => "application/json",
        "xml" => "text/xml",
        "png" => "image/png",
        "jpg" | "jpeg" | "jpe" => "image/jpeg",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        "tif" | "tiff" => "image/tiff",
        "ico" => "image/vnd.microsoft.icon",
        "mp3" => "audio/mpeg",
        "wav" => "audio/x-wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "tar" => "application/x-tar",
        "sh" => "application/x-sh",
        _ => "application/octet-stream",
    }
}

/// The name under which a browser saves the file.
fn disposition(name: &str) -> String {
    let token = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
    };
    let plain: String = name.chars().filter(char::is_ascii).collect();
    let value = if plain.is_empty() {
        "download".to_owned()
    } else if token(&plain) {
        plain.clone()
    } else {
        format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
    };
    if plain.len() == name.len() {
        return format!("attachment; filename={value}");
    }
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename={value}; filename*=UTF-8''{encoded}")
}

/// Changes whenever the file does: files are replaced, never written again in place.
fn entity_tag(facts: &std::fs::Metadata) -> String {
    let changed = facts
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default();
    format!("\"{:x}-{:x}\"", changed.as_nanos(), facts.len())
}

/// Answers with `file`, which a request with these headers asked for as `path`.
pub(crate) async fn send(
    file: PathBuf,
    path: &str,
    request: &HeaderMap,
) -> Result<Response, Fault> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            Fault::missing(format!("No such artifact: '{path}'"))
        }
        _ => Fault::file("The artifact could not be read", &error),
    };
    let mut open = tokio::fs::File::open(&file).await.map_err(failed)?;
    let facts = open.metadata().await.map_err(failed)?;
    if facts.is_dir() {
        return Err(Fault::invalid(format!(
            "Artifact path refers to a directory, not a file: '{path}'"
        )));
    }
    let text = |name| {
        request
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let tag = entity_tag(&facts);
    let size = facts.len();
    let unchanged = text(header::IF_NONE_MATCH)
        .is_some_and(|tags| tags.split(',').any(|other| other.trim() == tag));
    let part = match text(header::IF_RANGE) {
        // The file is another one than what the client has the beginning of.
        Some(other) if other.trim() != tag => Wanted::All,
        _ => wanted(text(header::RANGE), size),
    };
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match part {
            Wanted::All => {
                let mut response =
                    Body::from_stream(ReaderStream::with_capacity(open, BLOCK)).into_response();
                response
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from(size));
                response
            }
            Wanted::Nothing => {
                let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
                content_range(&mut response, &format!("bytes */{size}"));
                response
            }
            Wanted::Part(first, last) => {
                open.seek(std::io::SeekFrom::Start(first))
                    .await
                    .map_err(failed)?;
                let count = last - first + 1;
                let stream = ReaderStream::with_capacity(open.take(count), BLOCK);
                let mut response =
                    (StatusCode::PARTIAL_CONTENT, Body::from_stream(stream)).into_response();
                content_range(&mut response, &format!("bytes {first}-{last}/{size}"));
                response
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from(count));
                response
            }
        }
    };
    let name = path.rsplit('/').next().unwrap_or("artifact");
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(content_type(name)),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    for (name, value) in [
        (header::ETAG, tag),
        (header::CONTENT_DISPOSITION, disposition(name)),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

fn content_range(response: &mut Response, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (text, want) in [
            ("bytes=0-", Wanted::Part(0, 9)),
            ("bytes=3-", Wanted::Part(3, 9)),
            ("bytes=3-4", Wanted::Part(3, 4)),
            ("bytes=3-99", Wanted::Part(3, 9)),
            ("bytes=-4", Wanted::Part(6, 9)),
            ("bytes=-99", Wanted::Part(0, 9)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=4-3", Wanted::All),
            ("bytes=1-2,4-5", Wanted::All),
            ("bytes=x-y", Wanted::All),
            ("items=1-2", Wanted::All),
        ] {
            assert_eq!(wanted(Some(text), 10), want, "{text}");
        }
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Nothing);
        assert_eq!(wanted(None, 10), Wanted::All);
    }

    #[test]
    fn names_and_kinds() {
        assert_eq!(
            disposition("dog%step%100.png"),
            "attachment; filename=dog%step%100.png"
        );
        assert_eq!(
            disposition("a b\".txt"),
            "attachment; filename=\"a b\\\".txt\""
        );
        assert!(
            disposition("漢.bin").starts_with("attachment; filename=.bin; filename*=UTF-8''%E6")
        );
        for (name, kind) in [
            ("a.txt", "text/plain"),
            ("b.pkl", "application/octet-stream"),
            ("c.png", "image/png"),
            ("d.json", "text/plain"),
            ("MLmodel", "text/plain"),
            ("mlproject", "text/plain"),
            ("page.html", "text/html"),
        ] {
            assert_eq!(content_type(name), kind, "{name}");
        }
    }
}
