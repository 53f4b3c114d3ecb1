//! A project folder as an agent wants it: every file by its content.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use skerry_domain::{Code, ErrorBody, Project, ProjectFile, Reason};

/// A project has no more files than this.
pub const MOST_FILES: usize = 20_000;
/// A project has no more bytes than this; data belongs into data folders.
pub const MOST_BYTES: u64 = 4 << 30;

/// Never part of a project: version control, caches, environments.
const LEFT_OUT: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    "__pycache__",
    ".venv",
    "venv",
    "node_modules",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".ipynb_checkpoints",
    ".DS_Store",
    "mlruns",
];

/// What a file of the project folder may say to leave out besides.
const IGNORE_FILE: &str = ".skerryignore";

/// A folder that was looked through.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectFolder {
    /// The folder, absolute.
    pub root: PathBuf,
    /// Its files.
    pub project: Project,
    /// What keeps it from being used; at most the first hundred.
    pub problems: Vec<ErrorBody>,
}

/// Looks through a folder and hashes its files. Blocks: call it off the async threads.
///
/// A line of `.skerryignore` is a name (`*.csv`, `scratch`), which is left out at any
/// depth, or a path from the folder's root (`data/raw`); `*` stands for any letters
/// but `/`. A link is followed while it stays inside the folder.
pub fn scan(folder: &Path) -> Result<ProjectFolder, ErrorBody> {
    let root = fs::canonicalize(folder).map_err(|error| access(folder, &error))?;
    if !root.is_dir() {
        return Err(ErrorBody::new(
            Code::FileAccess,
            format!("{} is not a folder.", folder.display()),
        )
        .with("path", folder.display().to_string()));
    }
    let ignore = match fs::read_to_string(root.join(IGNORE_FILE)) {
        Ok(text) => patterns(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(access(&root.join(IGNORE_FILE), &error)),
    };
    let mut walk = Walk {
        root: root.clone(),
        ignore,
        files: BTreeMap::new(),
        bytes: 0,
        problems: Vec::new(),
    };
    walk.folder(&root, "", &mut vec![root.clone()]);
    if walk.files.is_empty() && walk.problems.is_empty() {
        walk.problem(
            ErrorBody::new(Code::Invalid, "The project folder has no files.")
                .because(Reason::ProjectEmpty)
                .with("path", root.display().to_string()),
        );
    }
    let files: Vec<ProjectFile> = walk.files.into_values().collect();
    Ok(ProjectFolder {
        project: Project {
            folder: Some(folder.display().to_string()),
            hash: hash_of(&files),
            bytes: walk.bytes,
            files,
        },
        root,
        problems: walk.problems,
    })
}

/// The hash of a project: over path, content and mode of each file in order of paths.
pub fn hash_of(files: &[ProjectFile]) -> String {
    let mut sorted: Vec<_> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hash = Sha256::new();
    for file in sorted {
        hash.update(file.path.as_bytes());
        hash.update([0]);
        hash.update(file.sha256.as_bytes());
        hash.update(if file.executable { b"x\n" } else { b"-\n" });
    }
    hex::encode(hash.finalize())
}

/// SHA-256 of a file in hexadecimal digits, and how many bytes it was over.
pub fn hash_file(path: &Path) -> io::Result<(String, u64)> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let bytes = io::copy(&mut file, &mut hash)?;
    Ok((hex::encode(hash.finalize()), bytes))
}

fn access(path: &Path, error: &io::Error) -> ErrorBody {
    let message = format!("{} cannot be read: {error}.", path.display());
    ErrorBody::file(Reason::Unreadable, path, error, message)
}

struct Walk {
    root: PathBuf,
    ignore: Vec<String>,
    files: BTreeMap<String, ProjectFile>,
    bytes: u64,
    problems: Vec<ErrorBody>,
}

impl Walk {
    fn problem(&mut self, problem: ErrorBody) {
        if self.problems.len() < 100 {
            self.problems.push(problem);
        }
    }

    fn full(&self) -> bool {
        self.files.len() > MOST_FILES || self.bytes > MOST_BYTES
    }

    /// `open` holds the real paths of the folders that are being walked: a link to
    /// one of them is a loop.
    fn folder(&mut self, folder: &Path, relative: &str, open: &mut Vec<PathBuf>) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.problem(access(folder, &error)),
        };
        let mut names: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.file_name()))
            .collect();
        names.sort();
        for name in names {
            if self.full() {
                if self
                    .problems
                    .iter()
                    .all(|problem| problem.code != Code::Invalid)
                {
                    self.problem(ErrorBody::invalid(
                        "project_folder",
                        format!(
                            "The project folder has more than {MOST_FILES} files or {} GiB. Leave data out with a {IGNORE_FILE} file and mount it as a data folder.",
                            MOST_BYTES >> 30
                        ),
                    )
                    .because(Reason::ProjectTooLarge)
                    .with("files", MOST_FILES.to_string())
                    .with("bytes", MOST_BYTES.to_string()));
                }
                return;
            }
            let path = folder.join(&name);
            let Some(name) = name.to_str() else {
                self.problem(
                    ErrorBody::invalid(
                        "project_folder",
                        format!("The name of {} is not UTF-8.", path.display()),
                    )
                    .because(Reason::NameNotUtf8)
                    .with("path", path.display().to_string()),
                );
                continue;
            };
            let relative = if relative.is_empty() {
                name.to_owned()
            } else {
                format!("{relative}/{name}")
            };
            if LEFT_OUT.contains(&name)
                || self
                    .ignore
                    .iter()
                    .any(|pattern| ignored(pattern, &relative, name))
            {
                continue;
            }
            self.entry(&path, relative, open);
        }
    }

    fn entry(&mut self, path: &Path, relative: String, open: &mut Vec<PathBuf>) {
        let linked = path.is_symlink();
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) if linked => {
                return self.problem(unsafe_link(path, &format!("leads nowhere ({error})")));
            }
            Err(error) => return self.problem(access(path, &error)),
        };
        if linked && !real.starts_with(&self.root) {
            return self.problem(unsafe_link(path, "leaves the project folder"));
        }
        let metadata = match fs::metadata(&real) {
            Ok(metadata) => metadata,
            Err(error) => return self.problem(access(path, &error)),
        };
        if metadata.is_dir() {
            if open.contains(&real) {
                return self.problem(unsafe_link(path, "leads back to a folder that it is in"));
            }
            open.push(real);
            self.folder(path, &relative, open);
            open.pop();
        } else if metadata.is_file() {
            if let Err(problem) = skerry_domain::validate::relative_path("path", &relative) {
                return self.problem(problem);
            }
            match hash_file(&real) {
                Ok((sha256, size)) => {
                    use std::os::unix::fs::PermissionsExt as _;
                    self.bytes += size;
                    let file = ProjectFile {
                        path: relative.clone(),
                        sha256,
                        size,
                        executable: metadata.permissions().mode() & 0o100 != 0,
                    };
                    self.files.insert(relative, file);
                }
                Err(error) => self.problem(access(path, &error)),
            }
        }
        // Sockets, pipes and devices are no part of a project.
    }
}

fn unsafe_link(path: &Path, why: &str) -> ErrorBody {
    ErrorBody::new(
        Code::UnsafeLink,
        format!("The link {} {why}.", path.display()),
    )
    .with("path", path.display().to_string())
}

fn patterns(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.trim_end_matches('/').to_owned())
        .collect()
}

fn ignored(pattern: &str, relative: &str, name: &str) -> bool {
    if pattern.contains('/') {
        matches(pattern.trim_start_matches('/'), relative)
    } else {
        matches(pattern, name)
    }
}

/// `*` stands for any number of letters but `/`.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let reach = rest.find('/').unwrap_or(rest.len());
            (0..=reach)
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| rest.get(at..).is_some_and(|rest| matches(after, rest)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn paths(folder: &ProjectFolder) -> Vec<&str> {
        folder
            .project
            .files
            .iter()
            .map(|file| file.path.as_str())
            .collect()
    }

    #[test]
    fn takes_files_and_leaves_caches_out() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        for (path, text) in [
            ("train.py", "print()"),
            ("lib/å b.py", ""),
            ("__pycache__/train.pyc", "x"),
            (".git/HEAD", "x"),
            ("data/raw/big.csv", "1"),
            ("data/keep.csv", "1"),
            ("notes.tmp", ""),
            (IGNORE_FILE, "# mine\n*.tmp\ndata/raw/\n"),
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }
        let folder = scan(root).unwrap();
        assert_eq!(folder.problems, []);
        assert_eq!(
            paths(&folder),
            [IGNORE_FILE, "data/keep.csv", "lib/å b.py", "train.py"]
        );
        let before = folder.project.hash.clone();
        assert_eq!(scan(root).unwrap().project.hash, before);
        fs::write(root.join("train.py"), "print(1)").unwrap();
        assert_ne!(scan(root).unwrap().project.hash, before);
    }

    #[test]
    fn links_stay_inside_or_are_problems() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("project");
        fs::create_dir_all(root.join("a")).unwrap();
        fs::write(root.join("a/x.py"), "x").unwrap();
        symlink("a/x.py", root.join("y.py")).unwrap();
        assert_eq!(scan(&root).unwrap().problems, []);
        assert_eq!(paths(&scan(&root).unwrap()), ["a/x.py", "y.py"]);
        symlink("..", root.join("a/loop")).unwrap();
        symlink("/etc/passwd", root.join("out")).unwrap();
        symlink("nowhere", root.join("broken")).unwrap();
        let codes: Vec<Code> = scan(&root)
            .unwrap()
            .problems
            .iter()
            .map(|p| p.code)
            .collect();
        assert_eq!(codes, [Code::UnsafeLink; 3]);
    }

    #[test]
    fn an_absent_or_empty_folder_is_told() {
        let home = tempfile::tempdir().unwrap();
        let absent = scan(&home.path().join("absent")).unwrap_err();
        assert_eq!(absent.code, Code::FileAccess);
        assert_eq!(scan(home.path()).unwrap().problems.len(), 1);
    }

    #[test]
    fn stars_stop_at_slashes() {
        assert!(matches("*.py", "a.py"));
        assert!(!matches("*.py", "a/b.py"));
        assert!(matches("data/*/x*", "data/å/x1"));
        assert!(!matches("data/*", "data/a/b"));
    }
}
