//! What a data folder holds when a run starts: path, size and hash of every file.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use sha2::{Digest as _, Sha256};
use skerry_domain::{DataSnapshot, ErrorBody, Reason};
use skerry_store::{Store, agent::HashedFile};

use super::{failure::Failure, lock};
use crate::{project::hash_file, relay::record::now};

/// So many files are hashed at once: enough for a disk, few enough for training to
/// have the machine.
const WORKERS: usize = 2;

/// A change within so long before now might not be the last with this time.
const SETTLED_MS: i64 = 2_000;

/// One line of the listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    path: String,
    size: u64,
    /// The SHA-256 of a file; for a link where it points; else why it is not known.
    content: String,
}

/// A finished snapshot, and what could not be read.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) snapshot: DataSnapshot,
    pub(super) unreadable: Vec<String>,
}

/// Takes a snapshot; `None` when it was stopped. Blocks.
pub(super) fn take(store: &Store, source: &str, stop: &AtomicBool) -> Failure<Option<Taken>> {
    let root = Path::new(source);
    let closed = |error: &std::io::Error| {
        let message = format!("The data folder {source} cannot be read: {error}.");
        ErrorBody::file(Reason::Unreadable, root, error, message)
    };
    let metadata = fs::metadata(root).map_err(|error| closed(&error))?;
    let mut files = Vec::new();
    let mut entries = Vec::new();
    let mut unreadable = Vec::new();
    if metadata.is_file() {
        files.push(root.to_owned());
    } else {
        list(root, root, &mut files, &mut entries, &mut unreadable)
            .map_err(|error| closed(&error))?;
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new((entries, unreadable, Vec::<HashedFile>::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS.min(files.len()) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed)
                    && let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let shown = relative(root, path);
                    match hashed(store, path) {
                        Ok((file, fresh)) => {
                            let mut results = lock(&results);
                            results.0.push(Entry {
                                path: shown,
                                size: file.size,
                                content: file.sha256.clone(),
                            });
                            if fresh {
                                results.2.push(file);
                            }
                        }
                        Err(error) => {
                            let mut results = lock(&results);
                            results.1.push(format!("{shown}: {error}"));
                            results.0.push(Entry {
                                path: shown,
                                size: 0,
                                content: String::from("unreadable"),
                            });
                        }
                    }
                }
            });
        }
    });
    let (mut entries, mut unreadable, fresh) = results
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if !fresh.is_empty() {
        store.write(move |tx| tx.agent_hashes(&fresh))?;
    }
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    entries.sort();
    unreadable.sort();
    let mut hash = Sha256::new();
    for entry in &entries {
        hash.update(format!(
            "{}\0{}\0{}\n",
            entry.path, entry.size, entry.content
        ));
    }
    Ok(Some(Taken {
        snapshot: DataSnapshot {
            source: source.to_owned(),
            hash: hex::encode(hash.finalize()),
            files: entries.len() as u64,
            bytes: entries.iter().map(|entry| entry.size).sum(),
        },
        unreadable,
    }))
}

fn relative(root: &Path, path: &Path) -> String {
    match path.strip_prefix(root) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_string_lossy().into_owned(),
        _ => path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
    }
}

/// Links are listed by where they point and not followed: what is behind them is
/// outside, or listed under its own name.
fn list(
    root: &Path,
    folder: &Path,
    files: &mut Vec<PathBuf>,
    entries: &mut Vec<Entry>,
    unreadable: &mut Vec<String>,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            let target = fs::read_link(&path).unwrap_or_default();
            entries.push(Entry {
                path: relative(root, &path),
                size: 0,
                content: format!("link to {}", target.display()),
            });
        } else if kind.is_dir() {
            if let Err(error) = list(root, &path, files, entries, unreadable) {
                unreadable.push(format!("{}: {error}", relative(root, &path)));
                entries.push(Entry {
                    path: relative(root, &path),
                    size: 0,
                    content: String::from("unreadable"),
                });
            }
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// A file's hash, and whether it is worth keeping.
fn hashed(store: &Store, path: &Path) -> std::io::Result<(HashedFile, bool)> {
    let metadata = fs::metadata(path)?;
    let (size, inode) = (metadata.size(), metadata.ino());
    let mtime = metadata
        .mtime()
        .saturating_mul(1_000_000_000)
        .saturating_add(metadata.mtime_nsec());
    let name = path.to_string_lossy().into_owned();
    let known = store
        .read(|reader| reader.agent_hash(&name, size, mtime, inode))
        .ok()
        .flatten();
    // A file that was written just now may be written again within the same tick of
    // the file system's clock: its hash is not kept.
    let settled = mtime < (now() - SETTLED_MS).saturating_mul(1_000_000);
    let fresh = known.is_none() && settled;
    let (sha256, size) = match known {
        Some(sha256) => (sha256, size),
        None => hash_file(path)?,
    };
    let file = HashedFile {
        path: name,
        size,
        mtime,
        inode,
        sha256,
    };
    Ok((file, fresh))
}

#[cfg(test)]
mod tests {
    use skerry_store::StoreOptions;

    use super::*;

    #[test]
    fn says_when_data_changed_and_only_then() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(&home.path().join("agent.db"), StoreOptions::default()).unwrap();
        let data = home.path().join("data");
        fs::create_dir_all(data.join("sub")).unwrap();
        fs::write(data.join("a.csv"), "1").unwrap();
        fs::write(data.join("sub/b.csv"), "22").unwrap();
        // A link to itself ends nobody's walk.
        std::os::unix::fs::symlink("..", data.join("sub/loop")).unwrap();
        let source = data.display().to_string();
        let go = AtomicBool::new(false);
        let take = || take(&store, &source, &go).unwrap().unwrap().snapshot;
        let first = take();
        assert_eq!((first.files, first.bytes), (3, 3));
        assert_eq!(take(), first);
        fs::write(data.join("sub/b.csv"), "23").unwrap();
        assert_ne!(take().hash, first.hash);
        // An old file's hash is remembered; a touched one is looked at again.
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        let file = fs::File::options()
            .write(true)
            .open(data.join("a.csv"))
            .unwrap();
        file.set_modified(old).unwrap();
        let before = take();
        let metadata = fs::metadata(data.join("a.csv")).unwrap();
        let mtime = metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec();
        let kept = |mtime| {
            let path = data.join("a.csv").display().to_string();
            store
                .read(|reader| reader.agent_hash(&path, 1, mtime, metadata.ino()))
                .unwrap()
        };
        assert!(kept(mtime).is_some() && kept(mtime + 1).is_none());
        assert_eq!(take(), before);
        let stopped = AtomicBool::new(true);
        assert!(super::take(&store, &source, &stopped).unwrap().is_none());
    }
}
