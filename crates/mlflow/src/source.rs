//! Where the files of a model version may be said to lie: MLflow's rules, so that no
//! version points to a file that its run or model does not hold.

use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;
use regex::Regex;
use skerry_store::{NewModelVersion, Reader, Result, StoreError};

use crate::fault::Fault;
use crate::root::local_path;

/// Schemes whose URIs name a host that a server would have to connect to.
const HOST_ADDRESSED: [&str; 10] = [
    "ftp",
    "sftp",
    "hdfs",
    "viewfs",
    "http",
    "https",
    "mlflow-artifacts",
    "r2",
    "b2",
    "abfss",
];

/// Sources of prompts, which have no files.
const PROMPT_SOURCES: [&str; 2] = ["dummy-source", "prompt-template"];

/// Which locations of experiments and versions clients may name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Locations {
    /// The root of new experiments: its host is trusted.
    pub default_root: String,
    /// Schemes that are let through whatever host they name.
    pub allowed: Vec<String>,
    /// What is found in every source of a model version.
    pub source_pattern: Option<Regex>,
}

impl Locations {
    /// Refuses a source of a model version that this server does not take.
    pub(crate) fn check_source(&self, source: &str) -> std::result::Result<(), Fault> {
        if let Some(pattern) = &self.source_pattern
            && !pattern.is_match(source)
        {
            return Err(Fault::invalid(format!(
                "Invalid model version source: '{source}'."
            )));
        }
        self.check_host(source, "source")
    }

    /// Refuses a URI that names another host than the server's own storage.
    pub(crate) fn check_host(&self, uri: &str, field: &str) -> std::result::Result<(), Fault> {
        let Some(target) = Target::of(uri) else {
            return Ok(());
        };
        let scheme = scheme(uri);
        let trusted = Target::of(&self.default_root);
        if self.allowed.contains(&scheme) || trusted.is_some_and(|trusted| trusted.meets(&target)) {
            return Ok(());
        }
        Err(Fault::invalid(format!(
            "'{field}' cannot use the '{scheme}' scheme: the '{scheme}' scheme addresses a host other than \
             the tracking server's configured artifact storage, so the server would connect to the host \
             named in the URI. Set the MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment variable \
             on the server to allow it."
        )))
    }
}

/// What a host-addressed URI leads to.
struct Target {
    family: String,
    host: String,
    ports: Vec<u16>,
}

impl Target {
    fn of(uri: &str) -> Option<Self> {
        let scheme = scheme(uri);
        let authority = authority(uri);
        if !HOST_ADDRESSED.contains(&scheme.as_str())
            || (scheme == "mlflow-artifacts" && authority.is_empty())
        {
            return None;
        }
        let family = match scheme.as_str() {
            "viewfs" => "hdfs",
            "https" | "mlflow-artifacts" => "http",
            other => other,
        };
        let host = authority.rsplit('@').next().unwrap_or_default();
        let (host, ports) = match host.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().into_iter().collect()),
            None => (
                host,
                match scheme.as_str() {
                    "ftp" => vec![21],
                    "sftp" => vec![22],
                    "http" => vec![80],
                    "mlflow-artifacts" => vec![80, 443],
                    "hdfs" | "viewfs" => vec![0],
                    _ => vec![443],
                },
            ),
        };
        Some(Self {
            family: family.to_owned(),
            host: host.to_ascii_lowercase(),
            ports,
        })
    }

    fn meets(&self, other: &Self) -> bool {
        self.family == other.family
            && self.host == other.host
            && self.ports.iter().any(|port| other.ports.contains(port))
    }
}

/// The scheme of a URI in small letters; none for a path.
pub(crate) fn scheme(uri: &str) -> String {
    match uri.split_once(':') {
        Some((scheme, _))
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
        {
            scheme.to_ascii_lowercase()
        }
        _ => String::new(),
    }
}

fn behind_scheme(uri: &str) -> &str {
    uri.get(scheme(uri).len()..)
        .map_or(uri, |rest| rest.strip_prefix(':').unwrap_or(rest))
}

fn authority(uri: &str) -> &str {
    behind_scheme(uri)
        .strip_prefix("//")
        .and_then(|rest| rest.split(['/', '?', '#']).next())
        .unwrap_or_default()
}

/// The path of a URI, without authority, query and fragment.
fn path(uri: &str) -> &str {
    let rest = behind_scheme(uri);
    let rest = match rest.strip_prefix("//") {
        Some(named) => named
            .find(['/', '?', '#'])
            .and_then(|at| named.get(at..))
            .unwrap_or_default(),
        None => rest,
    };
    rest.split(['?', '#', ';']).next().unwrap_or_default()
}

/// Whether a URI means a path on the server's own machine.
///
/// # Errors
/// For a `file:` URI of another machine, as MLflow has it: with 500.
pub(crate) fn is_local(uri: &str) -> std::result::Result<bool, Fault> {
    match scheme(uri).as_str() {
        "" => Ok(true),
        "file" => {
            let host = authority(uri);
            if host.is_empty()
                || host == "."
                || host.starts_with("localhost")
                || host.starts_with("127.0.0.1")
            {
                Ok(true)
            } else {
                Err(Fault::internal(format!(
                    "{uri} is not a valid remote uri. For remote access on windows, please consider using \
                     a different scheme such as SMB (e.g. smb://<hostname>/<path>)."
                )))
            }
        }
        _ => Ok(false),
    }
}

/// A path on this machine that is relative is one below the server's working folder.
///
/// # Errors
/// As [`is_local`].
pub(crate) fn absolute(uri: &str) -> std::result::Result<String, Fault> {
    if !is_local(uri)? {
        return Ok(uri.to_owned());
    }
    let (prefix, path) = match uri.strip_prefix("file:") {
        Some(path) => ("file://", path),
        None => ("", uri),
    };
    if path.starts_with('/') {
        return Ok(uri.to_owned());
    }
    let here = std::env::current_dir().map_err(|error| {
        Fault::internal(format!("The working folder cannot be found: {error}."))
    })?;
    Ok(format!("{prefix}{}", here.join(path).display()))
}

/// A path without links and dots, whether it is there or not.
fn resolved(path: &Path) -> PathBuf {
    let mut real = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                real.pop();
            }
            Component::CurDir => {}
            other => {
                real.push(other);
                if let Ok(found) = real.canonicalize() {
                    real = found;
                }
            }
        }
    }
    real
}

fn local_within(source: &str, root: &str) -> bool {
    let (Some(source), Some(root)) = (local_path(source), local_path(root)) else {
        return false;
    };
    resolved(&source).starts_with(resolved(&root))
}

fn fully_decoded(text: &str) -> String {
    let mut text = text.to_owned();
    loop {
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            return text;
        }
        text = decoded;
    }
}

/// Scheme, authority and the segments of the path, decoded.
fn parts(uri: &str) -> (String, String, Vec<String>) {
    (
        scheme(uri),
        authority(uri).to_ascii_lowercase(),
        path(uri)
            .split('/')
            .filter(|part| !part.is_empty())
            .map(fully_decoded)
            .collect(),
    )
}

fn uri_within(source: &str, root: &str) -> bool {
    let (source, root) = (parts(source), parts(root));
    source.0 == root.0 && source.1 == root.1 && !root.2.is_empty() && source.2.starts_with(&root.2)
}

/// A source that the proxy of artifacts serves.
fn is_proxied(source: &str) -> bool {
    let (scheme, _, parts) = parts(source);
    let route = ["api", "2.0", "mlflow-artifacts", "artifacts"];
    scheme == "mlflow-artifacts"
        || (matches!(scheme.as_str(), "http" | "https")
            && parts.windows(route.len()).any(|window| window == route))
}

fn invalid<T>(source: &str, why: &str) -> Result<T> {
    Err(StoreError::Invalid(format!(
        "Invalid model version source: '{source}'. {why}"
    )))
}

fn unidentified<T>(source: &str, field: &str) -> Result<T> {
    invalid(
        source,
        &format!(
            "The {field} request parameter must identify the resource that contains the source."
        ),
    )
}

/// Refuses a URI whose path would lead elsewhere when it is fetched.
fn check_remote_path(source: &str) -> Result<()> {
    let decoded = fully_decoded(&source.replace('+', " "));
    let climbs = |text: &str| text.split('/').any(|part| part == "..");
    let path = path(&decoded).trim_end_matches('/');
    if path.contains('\0')
        || climbs(&decoded)
        || climbs(path)
        || !path.starts_with('/')
        || path.split('/').any(|part| part == ".")
    {
        return invalid(
            source,
            "If supplying a source as an http, https, local file path, ftp, objectstore, or \
             mlflow-artifacts uri, an absolute path must be provided without relative path references \
             present. Please provide an absolute path.",
        );
    }
    Ok(())
}

/// What `models:/…` names.
enum Named<'a> {
    LoggedModel,
    Version(&'a str, i64),
    Alias(&'a str, &'a str),
    /// The newest, or the newest of a stage.
    Latest(&'a str, Option<&'a str>),
}

fn named(source: &str) -> Option<Named<'_>> {
    let path = path(source).strip_prefix('/')?.trim_start_matches('/');
    match path.split_once('/') {
        Some((name, rest)) if !name.trim().is_empty() && !rest.trim().is_empty() => {
            if rest.contains('/') {
                return None;
            }
            Some(match rest.parse() {
                Ok(number) => Named::Version(name, number),
                Err(_) if rest.eq_ignore_ascii_case("latest") => Named::Latest(name, None),
                Err(_) => Named::Latest(name, Some(rest)),
            })
        }
        Some(_) => None,
        None => match path.rsplit_once('@') {
            Some((_, alias)) if alias.trim().is_empty() => None,
            Some((name, alias)) => Some(Named::Alias(name, alias)),
            None if path.trim().is_empty() => None,
            None => Some(Named::LoggedModel),
        },
    }
}

/// A version made from another one has that one's run and model.
fn take_lineage(reader: &Reader<'_>, new: &mut NewModelVersion) -> Result<()> {
    let source = new.source.clone();
    if scheme(&source) != "models" {
        return Ok(());
    }
    if !authority(&source).is_empty() {
        return invalid(
            &source,
            "Registered model sources must use the active model registry.",
        );
    }
    let (name, number) = match named(&source) {
        None => return unidentified(&source, "model_id"),
        Some(Named::LoggedModel) => return Ok(()),
        Some(Named::Version(name, number)) => (name, number),
        Some(Named::Alias(name, alias)) => (name, reader.alias_target(name, alias)?),
        Some(Named::Latest(name, stage)) => {
            let stages: Vec<String> = stage.map(str::to_owned).into_iter().collect();
            let versions = reader.latest_versions(name, &stages)?;
            match versions.iter().map(|version| version.version).max() {
                Some(number) => (name, number),
                None => {
                    return Err(StoreError::NotFound(format!(
                        "No versions of model with name '{name}' and stage '{}' found",
                        stage.unwrap_or("None")
                    )));
                }
            }
        }
    };
    let model = reader.registered_model(name)?;
    if model.tags.iter().any(is_prompt_tag) {
        return invalid(
            &source,
            "Prompt versions cannot be used as model version sources.",
        );
    }
    let other = reader.model_version(name, number)?;
    let differs = |given: &Option<String>, wanted: &Option<String>| {
        given
            .as_deref()
            .is_some_and(|given| given != wanted.as_deref().unwrap_or_default())
    };
    if differs(&new.run_id, &other.run_id) || differs(&new.model_id, &other.model_id) {
        return invalid(
            &source,
            "The run_id and model_id request parameters must match the referenced model version.",
        );
    }
    new.source = format!("models:/{name}/{number}");
    new.run_id = new.run_id.take().or(other.run_id);
    new.model_id = new.model_id.take().or(other.model_id);
    Ok(())
}

pub(crate) fn is_prompt_tag(tag: &skerry_domain::KeyValue) -> bool {
    tag.key == "mlflow.prompt.is_prompt" && tag.value.eq_ignore_ascii_case("true")
}

/// Where the files of a run, or of a model, lie.
fn holder(reader: &Reader<'_>, source: &str, field: &str, id: &str) -> Result<String> {
    let found = if field == "run_id" {
        reader.run_info(id).map(|run| run.artifact_uri)
    } else {
        reader.logged_model(id).map(|model| model.artifact_location)
    };
    match found {
        Err(StoreError::NotFound(_)) => unidentified(source, field),
        found => found,
    }
}

/// Checks where a version's files are said to lie, and finds run and model when they
/// follow from that. Whether the source is [`is_local`] is known to the caller.
///
/// # Errors
/// `Invalid`, `NotFound`.
pub(crate) fn check(reader: &Reader<'_>, new: &mut NewModelVersion, local: bool) -> Result<()> {
    if new.tags.iter().any(is_prompt_tag) {
        if !PROMPT_SOURCES.contains(&new.source.as_str()) {
            return Err(StoreError::Invalid(format!(
                "Invalid prompt source: '{}'. Prompt sources must use an MLflow placeholder.",
                new.source
            )));
        }
        return Ok(());
    }
    take_lineage(reader, new)?;
    let source = new.source.as_str();
    let (field, id) = match new.model_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => ("model_id", id),
        None => ("run_id", new.run_id.as_deref().unwrap_or_default()),
    };
    let holds = |within: fn(&str, &str) -> bool| -> Result<bool> {
        Ok(!id.is_empty() && within(source, &holder(reader, source, field, id)?))
    };
    if local {
        if holds(local_within)? {
            return Ok(());
        }
        return invalid(
            source,
            &format!(
                "To use a local path as a model version source, the {field} request parameter has to be \
                 specified and the local path has to be contained within the artifact directory of the run \
                 specified by the {field}."
            ),
        );
    }
    check_remote_path(source)?;
    let (scheme, _, parts) = parts(source);
    let elsewhere = !authority(source).is_empty();
    match scheme.as_str() {
        "runs" if field == "model_id" || elsewhere => return unidentified(source, field),
        "runs" if parts.first().map(String::as_str) != Some(id) => {
            return unidentified(source, field);
        }
        "models" if elsewhere => return unidentified(source, "model_id"),
        "models"
            if matches!(named(source), Some(Named::LoggedModel))
                && (field != "model_id" || parts.first().map(String::as_str) != Some(id)) =>
        {
            return unidentified(source, "model_id");
        }
        _ if is_proxied(source) && !holds(uri_within)? => return unidentified(source, field),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_come_apart() {
        assert_eq!(scheme("S3A://b/x"), "s3a");
        assert_eq!(scheme("/a:b"), "");
        assert_eq!(path("mlflow-artifacts://h:9/models/x?y#z"), "/models/x");
        assert_eq!(path("mlflow-artifacts:/models/x"), "/models/x");
        assert_eq!(authority("mlflow-artifacts:/models/x"), "");
        assert_eq!(authority("http://h:9"), "h:9");
    }

    #[test]
    fn paths_that_climb() {
        for good in [
            "s3://b/x",
            "mlflow-artifacts:/models/foo///bar",
            "mlflow-artifacts://h:9/models/artifact/..../",
            "runs:/r/model",
        ] {
            assert!(check_remote_path(good).is_ok(), "{good}");
        }
        for bad in [
            "http://h/models/../../x",
            "s3:/b/../x",
            "mlflow-artifacts://h/..%2f..%2fx",
            "mlflow-artifacts://h/..%252fx",
            "mlflow-artifacts://h/x%00",
            "dbfs:/r/a%3f/../../x",
            "s3://b",
        ] {
            assert!(check_remote_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_own_host_is_named() {
        let locations = Locations {
            default_root: "http://127.0.0.1:5000/api/2.0/mlflow-artifacts/artifacts".to_owned(),
            allowed: vec!["hdfs".to_owned()],
            source_pattern: None,
        };
        for good in [
            "http://127.0.0.1:5000/x",
            "mlflow-artifacts://127.0.0.1:5000/x",
            "mlflow-artifacts:/x",
            "hdfs://n/x",
            "s3://b/x",
            "file:///x",
        ] {
            assert!(locations.check_host(good, "source").is_ok(), "{good}");
        }
        for bad in [
            "http://127.0.0.1/x",
            "https://h/x",
            "ftp://127.0.0.1:5000/x",
        ] {
            assert!(locations.check_host(bad, "source").is_err(), "{bad}");
        }
    }

    #[test]
    fn sources_have_the_pattern_in_them() {
        let locations = Locations {
            source_pattern: Some(Regex::new("^s3://models/|/kept$").unwrap()),
            ..Locations::default()
        };
        for good in ["s3://models/a", "gs://b/kept"] {
            assert!(locations.check_source(good).is_ok(), "{good}");
        }
        for bad in ["s3://other/a", "", "http://h/kept"] {
            assert!(locations.check_source(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_within() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("run/artifacts");
        std::fs::create_dir_all(&root).unwrap();
        let uri = format!("file://{}", root.display());
        for good in [uri.clone(), format!("{uri}/."), format!("{uri}/model/..")] {
            assert!(local_within(&good, &uri), "{good}");
        }
        std::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
        for bad in [
            format!("{uri}/.."),
            format!("{uri}/link"),
            "/tmp".to_owned(),
        ] {
            assert!(!local_within(&bad, &uri), "{bad}");
        }
    }
}
