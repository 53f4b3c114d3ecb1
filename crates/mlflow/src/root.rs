//! Where the files of runs and models lie, and how a path of a request becomes a
//! path on the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use skerry_domain::tracking::ArtifactOwner;
use skerry_domain::{Code, ErrorBody};
use skerry_store::{Reader, Result, StoreError};

/// The scheme of URIs below a root.
const SCHEME: &str = "mlflow-artifacts:";

/// Where the proxy of artifacts is served: such URLs are URIs below a root too.
const PROXY: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// A folder that holds `<experiment>/<run>/artifacts/…` and
/// `<experiment>/models/<model>/artifacts/…`.
#[derive(Debug, Clone)]
pub struct ArtifactRoot {
    folder: Arc<Path>,
    local: Option<Arc<Path>>,
}

/// Whose file a path below the root is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The run or model; none for files that belong to neither.
    pub owner: Option<ArtifactOwner>,
    /// The path below the owner's own root.
    pub path: String,
}

/// Files that are still being written lie here, below a root.
pub(crate) const INCOMING: &str = ".incoming";

/// Refuses a path that leads out of whatever it is asked of.
pub(crate) fn check(path: &str) -> std::result::Result<(), ErrorBody> {
    segments(path).map(drop)
}

fn elsewhere(uri: &str) -> ErrorBody {
    ErrorBody::new(
        Code::Invalid,
        format!("The artifacts at '{uri}' are not kept here."),
    )
}

/// The path below the proxy's root that an artifact URI means, when it means one.
pub(crate) fn proxied(uri: &str) -> Option<&str> {
    let path = if let Some(rest) = uri.strip_prefix(SCHEME) {
        match rest.strip_prefix("//") {
            // With a host it would be another server's; three slashes name none.
            Some(rest) if !rest.starts_with('/') => return None,
            _ => rest,
        }
    } else {
        let rest = uri
            .strip_prefix("http://")
            .or_else(|| uri.strip_prefix("https://"))?;
        let rest = rest.get(rest.find(PROXY)? + PROXY.len()..)?;
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        rest
    };
    Some(path.trim_matches('/'))
}

/// The absolute path that a `file:` URI or a path on this machine means.
pub(crate) fn local_path(uri: &str) -> Option<PathBuf> {
    let path = match uri.strip_prefix("file:") {
        None => PathBuf::from(uri),
        Some(rest) => {
            let rest = match rest.strip_prefix("//") {
                None => rest,
                Some(named) => {
                    let (host, _) = named.split_once('/')?;
                    if !matches!(host, "" | "localhost" | "127.0.0.1") {
                        return None;
                    }
                    named.get(host.len()..)?
                }
            };
            PathBuf::from(
                percent_encoding::percent_decode_str(rest)
                    .decode_utf8()
                    .ok()?
                    .as_ref(),
            )
        }
    };
    path.is_absolute().then_some(path)
}

fn joined(base: &str, path: &str) -> String {
    match (base, path) {
        ("", path) => path.to_owned(),
        (base, "") => base.to_owned(),
        (base, path) => format!("{base}/{path}"),
    }
}

/// The file or folder of `path` below `root`, which need not be there.
fn below(root: &Path, path: &str) -> std::result::Result<PathBuf, ErrorBody> {
    let mut file = root.to_path_buf();
    for segment in segments(path)? {
        file.push(segment);
        // What is not there cannot be a link.
        if file
            .symlink_metadata()
            .is_ok_and(|facts| facts.file_type().is_symlink())
        {
            return Err(unsafe_path(path));
        }
    }
    Ok(file)
}

fn unsafe_path(path: &str) -> ErrorBody {
    ErrorBody::new(Code::Invalid, "Invalid path").with("path", path)
}

/// The segments of a relative path that stays inside.
fn segments(path: &str) -> std::result::Result<Vec<&str>, ErrorBody> {
    if path.starts_with('/') || path.contains(['\\', '\0', '#']) || path.len() > 4_096 {
        return Err(unsafe_path(path));
    }
    // `C:` and `file:` lead elsewhere on some systems.
    let first = path.split('/').next().unwrap_or_default();
    if first.contains(':') {
        return Err(unsafe_path(path));
    }
    // MLflow decodes names once more; so may what stands behind it.
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    if decoded.split('/').any(|part| part == "..") || first == INCOMING {
        return Err(unsafe_path(path));
    }
    let mut segments = Vec::new();
    // A folder may be named with a slash behind it.
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(segments);
    }
    for segment in path.split('/') {
        match segment {
            "" | ".." => return Err(unsafe_path(path)),
            "." => {}
            segment if segment.len() > 255 || segment.chars().any(char::is_control) => {
                return Err(unsafe_path(path));
            }
            segment => segments.push(segment),
        }
    }
    Ok(segments)
}

impl ArtifactRoot {
    /// The root at `folder`, which is made with the first file.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Arc::from(folder.into()),
            local: None,
        }
    }

    /// Files below `folder` are served too, by their paths or `file:` URIs: who starts
    /// the server names it as where artifacts of new experiments go.
    #[must_use]
    pub fn with_local(mut self, folder: impl Into<PathBuf>) -> Self {
        self.local = Some(Arc::from(folder.into()));
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file or folder of `path` below the root, which need not be there.
    ///
    /// # Errors
    /// `Invalid` for a path that leaves the root, by its words or by a link on the disk.
    pub fn file(&self, path: &str) -> std::result::Result<PathBuf, ErrorBody> {
        below(&self.folder, path)
    }

    /// The file or folder of `path` below an artifact URI of this root.
    ///
    /// # Errors
    /// `Invalid` for a URI of another place, and for a path that leaves the root.
    pub fn path_of(&self, uri: &str, path: &str) -> std::result::Result<PathBuf, ErrorBody> {
        // Each by itself: a path may not climb out of the run that it is asked of.
        segments(path)?;
        if let Ok(base) = Self::base(uri) {
            return self.file(&joined(base, path));
        }
        let local = local_path(uri).ok_or_else(|| elsewhere(uri))?;
        for root in [Some(&self.folder), self.local.as_ref()]
            .into_iter()
            .flatten()
        {
            if let Some(base) = local.strip_prefix(root).ok().and_then(Path::to_str) {
                return below(root, &joined(base, path));
            }
        }
        Err(elsewhere(uri))
    }

    /// The path below the proxy's root that an artifact URI means.
    ///
    /// # Errors
    /// `Invalid` for a URI of another place.
    pub fn base(uri: &str) -> std::result::Result<&str, ErrorBody> {
        proxied(uri).ok_or_else(|| elsewhere(uri))
    }

    /// Deletes the folder of a run's or model's artifacts, and folders around it that
    /// are empty then.
    pub(crate) fn delete(&self, folder: &Path) -> std::io::Result<()> {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let root = |around: &Path| {
            around == &*self.folder || self.local.as_deref().is_some_and(|local| around == local)
        };
        for around in folder.ancestors().skip(1) {
            if root(around) || std::fs::remove_dir(around).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// The folder for files that are still being written, on the same disk as `file`.
    pub(crate) fn incoming(&self, file: &Path) -> PathBuf {
        let root = match &self.local {
            Some(local) if file.starts_with(local) => local,
            _ => &self.folder,
        };
        root.join(INCOMING)
    }

    /// Every folder for files that are still being written.
    pub(crate) fn all_incoming(&self) -> Vec<PathBuf> {
        [Some(&self.folder), self.local.as_ref()]
            .into_iter()
            .flatten()
            .map(|root| root.join(INCOMING))
            .collect()
    }

    /// Whose a path below the root is.
    ///
    /// # Errors
    /// When the store fails.
    pub fn place(reader: &Reader<'_>, path: &str) -> Result<Place> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        for (n, pair) in parts.windows(2).enumerate() {
            let [id, "artifacts"] = pair else {
                continue;
            };
            let owner = if id.starts_with("m-") {
                match reader.logged_model(id) {
                    Ok(_) => ArtifactOwner::LoggedModel((*id).to_owned()),
                    Err(StoreError::NotFound(_)) => continue,
                    Err(error) => return Err(error),
                }
            } else {
                match reader.run_info(id) {
                    Ok(_) => ArtifactOwner::Run((*id).to_owned()),
                    Err(StoreError::NotFound(_)) => continue,
                    Err(error) => return Err(error),
                }
            };
            return Ok(Place {
                owner: Some(owner),
                path: parts.get(n + 2..).unwrap_or_default().join("/"),
            });
        }
        Ok(Place {
            owner: None,
            path: parts.join("/"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = ArtifactRoot::new(folder.path());
        assert_eq!(
            root.file("1/a/artifacts/x").unwrap(),
            folder.path().join("1/a/artifacts/x")
        );
        assert_eq!(root.file("a/./b/.").unwrap(), folder.path().join("a/b"));
        for bad in [
            "..",
            "../x",
            "a/../../x",
            "/etc/passwd",
            "a\\..\\b",
            "a\0b",
            "C:/x",
            "file:/x",
            "a#b",
            "a/%2e%2e/b",
            ".incoming/x",
        ] {
            assert!(root.file(bad).is_err(), "{bad}");
        }
        std::fs::create_dir(folder.path().join("1")).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/etc", folder.path().join("1/link")).unwrap();
            assert!(root.file("1/link/passwd").is_err());
            assert!(root.file("1/link").is_err());
        }
    }

    #[test]
    fn uris_are_of_this_root() {
        let root = ArtifactRoot::new("/r");
        assert_eq!(
            root.path_of("mlflow-artifacts:/1/a/artifacts", "m/x")
                .unwrap(),
            Path::new("/r/1/a/artifacts/m/x")
        );
        assert_eq!(
            root.path_of(
                "http://h:1/api/2.0/mlflow-artifacts/artifacts/0/a/artifacts",
                ""
            )
            .unwrap(),
            Path::new("/r/0/a/artifacts")
        );
        assert_eq!(
            root.path_of("mlflow-artifacts:", "x").unwrap(),
            Path::new("/r/x")
        );
        let root = root.with_local("/l o");
        assert_eq!(
            root.path_of("file:///l%20o/1/a", "x").unwrap(),
            Path::new("/l o/1/a/x")
        );
        assert_eq!(
            root.path_of("/l o/1/a", "x").unwrap(),
            Path::new("/l o/1/a/x")
        );
        for bad in [
            "s3://b/x",
            "file:///etc",
            "file:///l%20o/../etc",
            "file://host/l%20o",
            "/l ox",
            "/etc",
            "l o",
            "mlflow-artifacts://host/x",
            "http://h/api/2.0/mlflow-artifacts/artifactsx",
        ] {
            assert!(root.path_of(bad, "x").is_err(), "{bad}");
        }
        assert!(
            root.path_of("mlflow-artifacts:/1/a/artifacts", "../../b/x")
                .is_err()
        );
    }
}
