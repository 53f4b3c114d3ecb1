//! Artifacts of a source on this computer: nothing outside its artifact roots is read.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;
use skerry_domain::{Code, ErrorBody};

use crate::Result;
use crate::entities::{Elsewhere, Files};

/// The folders that hold a source's artifacts.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// Absolute, as they were named and with links resolved.
    folders: Vec<PathBuf>,
    /// What `mlflow-artifacts:/` means.
    served: Vec<PathBuf>,
}

/// Where the files of a run or model are.
pub(crate) enum Found {
    Folder(PathBuf),
    Not(Elsewhere),
}

impl Roots {
    /// `named` by a person; `usual` are looked at when they are there.
    pub(crate) fn new(named: Option<&Path>, usual: &[PathBuf]) -> Result<Self> {
        let mut roots = Self::default();
        if let Some(folder) = named {
            if !folder.is_dir() {
                return Err(ErrorBody::invalid(
                    "artifacts",
                    format!("{} is not a folder.", folder.display()),
                ));
            }
            roots.add(folder);
        }
        for folder in usual.iter().filter(|folder| folder.is_dir()) {
            roots.add(folder);
        }
        Ok(roots)
    }

    fn add(&mut self, folder: &Path) {
        self.served.push(folder.to_path_buf());
        for path in [std::path::absolute(folder), folder.canonicalize()]
            .into_iter()
            .flatten()
        {
            if !self.folders.contains(&path) {
                self.folders.push(path);
            }
        }
    }

    /// The folder that an artifact URI means.
    pub(crate) fn find(&self, uri: &str) -> Found {
        let path = match uri.split_once(':') {
            Some(("mlflow-artifacts", rest)) => return self.find_served(rest),
            Some(("file", rest)) => {
                let path = rest.strip_prefix("//").map_or(rest, |rest| {
                    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
                });
                percent_decode_str(path).decode_utf8_lossy().into_owned()
            }
            Some((scheme, rest)) if rest.starts_with('/') && scheme.len() > 1 => {
                return Found::Not(Elsewhere::Storage);
            }
            _ => uri.to_owned(),
        };
        let path = Path::new(&path);
        let below = |path: &Path| self.folders.iter().any(|root| path.starts_with(root));
        if path.is_absolute() && straight(path) && below(path) {
            return match path.canonicalize() {
                Ok(real) if below(&real) => Found::Folder(real),
                Ok(_) => Found::Not(Elsewhere::Unknown(
                    "a link leads out of the source's artifact root".to_owned(),
                )),
                // Nothing was logged.
                Err(_) => Found::Folder(path.to_path_buf()),
            };
        }
        // From the folder that MLflow was started in, which holds the root.
        let begun = path.strip_prefix("./").unwrap_or(path);
        if !path.is_absolute() && straight(begun) {
            let mut there = self.folders.iter().filter_map(|root| {
                let folder = root.parent()?.join(begun);
                folder.starts_with(root).then_some(folder)
            });
            if let Some(folder) = there.next() {
                return match folder.canonicalize() {
                    Ok(real) if !below(&real) => Found::Not(Elsewhere::Unknown(
                        "a link leads out of the source's artifact root".to_owned(),
                    )),
                    // Or nothing was logged.
                    _ => Found::Folder(folder),
                };
            }
        }
        // The root was moved: the part below it is the same.
        let parts: Vec<_> = path
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .collect();
        for length in [3, 4] {
            let tail: PathBuf = parts.iter().rev().take(length).rev().collect();
            for root in &self.served {
                let moved = root.join(&tail);
                if moved.is_dir() && straight(&tail) {
                    return Found::Folder(moved);
                }
            }
        }
        Found::Not(Elsewhere::Unknown(
            "not in the source's artifact root; --artifacts names the folder".to_owned(),
        ))
    }

    fn find_served(&self, rest: &str) -> Found {
        let path = match rest.strip_prefix("//") {
            // With a host behind the scheme.
            Some(rest) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(""),
            None => rest,
        };
        let path = Path::new(path.trim_start_matches('/'));
        let there = self.served.iter().map(|root| root.join(path));
        match there.clone().find(|folder| folder.is_dir()) {
            _ if !straight(path) => Found::Not(Elsewhere::Unknown(
                "the path leaves the artifact root".to_owned(),
            )),
            Some(folder) => Found::Folder(folder),
            None => match there.into_iter().next() {
                // Nothing was logged.
                Some(folder) => Found::Folder(folder),
                None => Found::Not(Elsewhere::Unknown(
                    "the folder that the server kept them in is not known; --artifacts names it"
                        .to_owned(),
                )),
            },
        }
    }
}

/// No `..` in it.
fn straight(path: &Path) -> bool {
    !path
        .components()
        .any(|part| matches!(part, Component::ParentDir))
}

/// Every file below a folder; a folder that is not there has none.
pub(crate) fn files(folder: &Path) -> Files {
    let mut found = Files::default();
    if !folder.is_dir() {
        return found;
    }
    let root = folder
        .canonicalize()
        .unwrap_or_else(|_| folder.to_path_buf());
    for entry in walkdir::WalkDir::new(&root)
        .min_depth(1)
        .sort_by_file_name()
    {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(&root).display().to_string();
                found.unreachable.push((path, error.to_string()));
                continue;
            }
        };
        if entry.file_type().is_dir() {
            continue;
        }
        let relative = entry.path().strip_prefix(&root).unwrap_or(entry.path());
        let Some(path) = relative.to_str() else {
            let path = relative.to_string_lossy().into_owned();
            found
                .unreachable
                .push((path, "the name is not valid UTF-8".to_owned()));
            continue;
        };
        match inside(&root, path) {
            Ok(file) => match file.metadata() {
                Ok(facts) if facts.is_file() => found.files.push((path.to_owned(), facts.len())),
                Ok(_) => found
                    .unreachable
                    .push((path.to_owned(), "it is not a plain file".to_owned())),
                Err(error) => found.unreachable.push((path.to_owned(), error.to_string())),
            },
            Err(error) => found.unreachable.push((path.to_owned(), error.message)),
        }
    }
    found
}

/// The file of a path below a folder, links resolved; it stays inside.
fn inside(root: &Path, path: &str) -> Result<PathBuf> {
    let named = root.join(path);
    let real = named
        .canonicalize()
        .map_err(|error| ErrorBody::new(Code::FileAccess, format!("{path}: {error}.")))?;
    let root = root
        .canonicalize()
        .map_err(|error| ErrorBody::new(Code::FileAccess, format!("{path}: {error}.")))?;
    if real.starts_with(&root) {
        Ok(real)
    } else {
        Err(ErrorBody::new(
            Code::UnsafeLink,
            "it is a link that leaves its folder",
        ))
    }
}

/// Opens a file below a folder.
pub(crate) fn open(root: &Path, path: &str) -> Result<Box<dyn Read>> {
    let file = inside(root, path)?;
    let file = File::open(&file)
        .map_err(|error| ErrorBody::new(Code::FileAccess, format!("{path}: {error}.")))?;
    Ok(Box::new(std::io::BufReader::with_capacity(256 << 10, file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_roots_are_read() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("mlruns");
        std::fs::create_dir_all(root.join("1/r/artifacts")).unwrap();
        std::fs::create_dir_all(home.path().join("other")).unwrap();
        std::os::unix::fs::symlink(home.path().join("other"), root.join("1/out")).unwrap();
        let roots = Roots::new(Some(&root), &[]).unwrap();
        let folder = |uri: &str| match roots.find(uri) {
            Found::Folder(folder) => Some(folder),
            Found::Not(_) => None,
        };
        let run = root.canonicalize().unwrap().join("1/r/artifacts");
        assert_eq!(folder(run.to_str().unwrap()), Some(run.clone()));
        assert_eq!(folder(&format!("file://{}", run.display())), Some(run));
        assert!(folder("mlflow-artifacts:/1/r/artifacts").is_some());
        assert!(folder("/moved/away/1/r/artifacts").is_some());
        for uri in ["./mlruns/1/r/artifacts", "mlruns/1/nothing/artifacts"] {
            assert!(folder(uri).is_some(), "{uri}");
        }
        for bad in [
            format!("{}/../other", root.display()),
            format!("{}/1/out", root.display()),
            "/etc".to_owned(),
            "./mlruns/1/out".to_owned(),
            "./mlruns/../other".to_owned(),
            "./other".to_owned(),
            "mlflow-artifacts:/../other".to_owned(),
            "s3://bucket/1/r/artifacts".to_owned(),
        ] {
            assert_eq!(folder(&bad), None, "{bad}");
        }
    }

    #[test]
    fn links_that_leave_are_listed() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("artifacts");
        std::fs::create_dir_all(root.join("a")).unwrap();
        std::fs::write(root.join("a/x"), "x").unwrap();
        std::os::unix::fs::symlink("x", root.join("a/same")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.join("a/out")).unwrap();
        let found = files(&root);
        let names: Vec<&str> = found.files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["a/same", "a/x"]);
        assert_eq!(found.unreachable.len(), 1);
        assert!(open(&root, "a/out").is_err());
        assert!(open(&root, "../secret").is_err());
    }
}
