//! Where the files of runs and models lie, and how a path of a request becomes a
//! path on the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use skerry_domain::tracking::ArtifactOwner;
use skerry_domain::{Code, ErrorBody};
use skerry_store::{Reader, Result, StoreError};

/// The scheme of URIs below a root.
const SCHEME: &str = "mlflow-artifacts:/";

/// A folder that holds `<experiment>/<run>/artifacts/…` and
/// `<experiment>/models/<model>/artifacts/…`.
#[derive(Debug, Clone)]
pub struct ArtifactRoot {
    folder: Arc<Path>,
}

/// Whose file a path below the root is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The run or model; none for files that belong to neither.
    pub owner: Option<ArtifactOwner>,
    /// The path below the owner's own root.
    pub path: String,
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
    let mut segments = Vec::new();
    // A folder may be named with a slash behind it.
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(segments);
    }
    for segment in path.split('/') {
        match segment {
            "" | "." | ".." => return Err(unsafe_path(path)),
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
        }
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
        let mut file = self.folder.to_path_buf();
        let mut linked = false;
        for segment in segments(path)? {
            file.push(segment);
            // What is not there cannot be a link.
            linked |= file
                .symlink_metadata()
                .is_ok_and(|facts| facts.file_type().is_symlink());
        }
        if linked {
            return Err(unsafe_path(path));
        }
        Ok(file)
    }

    /// The file or folder of `path` below an artifact URI of this root.
    ///
    /// # Errors
    /// `Invalid` for another scheme, and for a path that leaves the root.
    pub fn path_of(&self, uri: &str, path: &str) -> std::result::Result<PathBuf, ErrorBody> {
        let base = Self::base(uri)?;
        // Each by itself: a path may not climb out of the run that it is asked of.
        segments(path)?;
        self.file(&format!("{base}/{path}"))
    }

    /// The path below the root that an artifact URI means.
    ///
    /// # Errors
    /// `Invalid` for another scheme.
    pub fn base(uri: &str) -> std::result::Result<&str, ErrorBody> {
        let rest = uri.strip_prefix(SCHEME).ok_or_else(|| {
            ErrorBody::new(
                Code::Invalid,
                format!("The artifacts at '{uri}' are not kept here."),
            )
        })?;
        // With a host it would be another server's.
        if rest.starts_with('/') && !rest.starts_with("//") {
            return Err(ErrorBody::new(
                Code::Invalid,
                format!("The artifacts at '{uri}' are not kept here."),
            ));
        }
        Ok(rest.trim_start_matches('/').trim_end_matches('/'))
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
        for bad in [
            "..",
            "../x",
            "a/../../x",
            "/etc/passwd",
            "a\\..\\b",
            "a\0b",
            "./x",
            "C:/x",
            "file:/x",
            "a#b",
            "a/./b",
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
        for bad in [
            "s3://b/x",
            "file:///etc",
            "/etc",
            "mlflow-artifacts://host/x",
        ] {
            assert!(root.path_of(bad, "x").is_err(), "{bad}");
        }
        assert!(
            root.path_of("mlflow-artifacts:/1/a/artifacts", "../../b/x")
                .is_err()
        );
    }
}
