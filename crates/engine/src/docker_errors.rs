//! From the container engine's words to a [`Error`] with a code. Docker's API has
//! no error codes beyond HTTP's, so its words decide; those here were seen in
//! Docker 20.10 and Podman 4.3.

use skerry_domain::Code;

use crate::Error;

/// The reply to anything but a pull.
pub(crate) fn from_words(message: &str) -> Error {
    let lower = message.to_lowercase();
    if lower.contains("no space left on device") || lower.contains("disk quota exceeded") {
        return Error::DiskFull(message.to_owned());
    }
    if lower.contains("bind source path does not exist")
        || lower.contains("bind mount source path does not exist")
        || (lower.contains("statfs") && lower.contains("no such file"))
    {
        return Error::FileAccess(format!("A folder to mount is not there: {message}"));
    }
    Error::Failed(message.to_owned())
}

/// The reply to a pull.
pub(crate) fn from_pull(reference: &str, message: &str) -> Error {
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["no space left on device", "disk quota exceeded"]) {
        return Error::DiskFull(message.to_owned());
    }
    let (code, advice) = if says(&["server gave http response to https client"]) {
        (
            Code::TlsFailed,
            "The registry speaks plain HTTP: list it under \"insecure-registries\" in the engine's configuration, or give it a certificate. ",
        )
    } else if says(&["x509", "certificate", "tls: "]) {
        (Code::TlsFailed, "")
    } else if says(&[
        "unauthorized",
        "authentication required",
        "no basic auth credentials",
        "incorrect username or password",
        "401",
    ]) {
        (Code::RegistryUnauthorized, "")
    } else if says(&["denied", "forbidden", "403"]) {
        (Code::RegistryDenied, "")
    } else if says(&["manifest unknown", "not found", "name unknown"]) {
        (Code::NotFound, "The registry does not have it. ")
    } else if says(&[
        "connection refused",
        "no such host",
        "i/o timeout",
        "no route to host",
        "network is unreachable",
        "dial tcp",
        "context deadline exceeded",
        "client.timeout",
        "connection reset",
        "eof",
    ]) {
        (Code::RegistryUnreachable, "")
    } else {
        (Code::EngineFailed, "")
    };
    Error::Registry {
        code,
        reference: reference.to_owned(),
        message: format!("{advice}{message}"),
    }
}

#[cfg(test)]
mod tests {
    use skerry_domain::Coded;

    use super::*;

    #[test]
    fn words_of_docker_become_codes() {
        for (words, code) in [
            (
                "Get \"https://10.99.7.1:5000/v2/\": http: server gave HTTP response to HTTPS client",
                Code::TlsFailed,
            ),
            (
                "Get https://r/v2/: x509: certificate signed by unknown authority",
                Code::TlsFailed,
            ),
            (
                "Head \"http://r/v2/m/manifests/sha256:0\": no basic auth credentials",
                Code::RegistryUnauthorized,
            ),
            (
                "unauthorized: authentication required",
                Code::RegistryUnauthorized,
            ),
            (
                "denied: requested access to the resource is denied",
                Code::RegistryDenied,
            ),
            (
                "manifest for r/m@sha256:0 not found: manifest unknown: manifest unknown",
                Code::NotFound,
            ),
            (
                "Get \"http://r:1/v2/\": dial tcp 10.99.7.1:1: connect: connection refused",
                Code::RegistryUnreachable,
            ),
            (
                "write /var/lib/docker/tmp/x: no space left on device",
                Code::DiskFull,
            ),
            ("something else entirely", Code::EngineFailed),
        ] {
            assert_eq!(from_pull("r/m", words).code(), code, "{words}");
        }
    }
}
