//! Project files by content, and how a project is put together from them.

use std::{
    fs::{self, DirBuilder, Permissions},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use skerry_domain::{Code, ErrorBody, ProjectFile, validate};
use tokio::io::AsyncWriteExt as _;

use super::failure::{Failure, io_failure};
use crate::project::MOST_BYTES;

/// 64 lower-case hexadecimal digits.
pub(super) fn check_hash(sha256: &str) -> Failure<()> {
    let ok = sha256.len() == 64
        && sha256
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if ok {
        Ok(())
    } else {
        Err(ErrorBody::invalid(
            "sha256",
            format!("'{}' is not a SHA-256.", validate::shorten(sha256)),
        ))
    }
}

fn place(blobs: &Path, sha256: &str) -> PathBuf {
    blobs.join(sha256.get(..2).unwrap_or("00")).join(sha256)
}

/// Which of these are not there.
pub(super) fn missing(blobs: &Path, sha256: Vec<String>) -> Failure<Vec<String>> {
    for hash in &sha256 {
        check_hash(hash)?;
    }
    Ok(sha256
        .into_iter()
        .filter(|hash| !place(blobs, hash).is_file())
        .collect())
}

/// Takes a blob in; what does not hash to its name is not kept.
pub(super) async fn put<E: std::fmt::Display>(
    blobs: &Path,
    sha256: &str,
    mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Failure<()> {
    check_hash(sha256)?;
    let target = place(blobs, sha256);
    let folder = blobs.join(sha256.get(..2).unwrap_or("00"));
    let failed = |error: &std::io::Error| io_failure("A project file cannot be kept", error);
    tokio::fs::create_dir_all(&folder)
        .await
        .map_err(|error| failed(&error))?;
    let temporary = folder.join(format!("{}.new", uuid::Uuid::new_v4().simple()));
    let written = async {
        let mut file = tokio::fs::File::create(&temporary)
            .await
            .map_err(|error| failed(&error))?;
        let mut hash = Sha256::new();
        let mut bytes = 0;
        while let Some(part) = content.next().await {
            let part = part.map_err(|error| {
                ErrorBody::new(
                    Code::Disconnected,
                    format!("A project file did not arrive whole: {error}."),
                )
            })?;
            bytes += part.len() as u64;
            if bytes > MOST_BYTES {
                return Err(ErrorBody::invalid(
                    "project_folder",
                    format!("A project file is larger than {} GiB.", MOST_BYTES >> 30),
                ));
            }
            hash.update(&part);
            file.write_all(&part)
                .await
                .map_err(|error| failed(&error))?;
        }
        file.sync_all().await.map_err(|error| failed(&error))?;
        let found = hex::encode(hash.finalize());
        if found != sha256 {
            return Err(ErrorBody::new(
                Code::Invalid,
                "A project file changed while it was sent: its content is not the one announced.",
            )
            .with("sha256", sha256)
            .with("found", found));
        }
        tokio::fs::rename(&temporary, &target)
            .await
            .map_err(|error| failed(&error))
    }
    .await;
    if written.is_err() {
        let _ = tokio::fs::remove_file(&temporary).await;
    }
    written
}

/// Looks at a project before anything is kept of it.
pub(super) fn check(blobs: &Path, files: &[ProjectFile]) -> Failure<()> {
    for file in files {
        validate::relative_path("project.files", &file.path)?;
        check_hash(&file.sha256)?;
    }
    let absent: Vec<&str> = files
        .iter()
        .filter(|file| !place(blobs, &file.sha256).is_file())
        .map(|file| file.path.as_str())
        .collect();
    match absent.first() {
        None => Ok(()),
        Some(first) => Err(ErrorBody::new(
            Code::NotFound,
            format!(
                "{} project files are not on the machine, '{first}' among them.",
                absent.len()
            ),
        )),
    }
}

/// Puts a project together in a fresh folder. Nothing in it is a link, and every path
/// was checked, so that nothing lands outside.
pub(super) fn unpack(blobs: &Path, files: &[ProjectFile], work: &Path) -> Failure<()> {
    let failed = |path: &Path, error: &std::io::Error| {
        io_failure(
            &format!("The project file {} cannot be unpacked", path.display()),
            error,
        )
    };
    match fs::remove_dir_all(work) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed(work, &error));
        }
        _ => {}
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o755);
    builder.create(work).map_err(|error| failed(work, &error))?;
    for file in files {
        validate::relative_path("project.files", &file.path)?;
        let target = work.join(&file.path);
        if let Some(folder) = target.parent() {
            builder
                .create(folder)
                .map_err(|error| failed(folder, &error))?;
        }
        fs::copy(place(blobs, &file.sha256), &target).map_err(|error| failed(&target, &error))?;
        let mode = if file.executable { 0o755 } else { 0o644 };
        fs::set_permissions(&target, Permissions::from_mode(mode))
            .map_err(|error| failed(&target, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn hash(content: &str) -> String {
        hex::encode(Sha256::digest(content))
    }

    async fn give(blobs: &Path, name: &str, content: &str) -> Failure<()> {
        let parts = stream::iter([Ok::<_, std::io::Error>(Bytes::from(content.to_owned()))]);
        put(blobs, name, parts).await
    }

    fn file(path: &str, content: &str) -> ProjectFile {
        ProjectFile {
            path: path.to_owned(),
            sha256: hash(content),
            size: content.len() as u64,
            executable: path.ends_with(".sh"),
        }
    }

    #[tokio::test]
    async fn only_what_hashes_to_its_name_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let blobs = home.path();
        give(blobs, &hash("a"), "a").await.unwrap();
        let wrong = give(blobs, &hash("b"), "c").await.unwrap_err();
        assert_eq!(wrong.code, Code::Invalid);
        assert_eq!(
            give(blobs, "../../x", "c").await.unwrap_err().code,
            Code::Invalid
        );
        assert_eq!(
            missing(blobs, vec![hash("a"), hash("b")]).unwrap(),
            [hash("b")]
        );
        let left: Vec<_> = walk(blobs);
        assert_eq!(left, [place(blobs, &hash("a"))]);
    }

    fn walk(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(walk(&path));
            } else {
                found.push(path);
            }
        }
        found
    }

    #[tokio::test]
    async fn a_project_stays_in_its_folder() {
        let home = tempfile::tempdir().unwrap();
        let blobs = home.path().join("blobs");
        let work = home.path().join("work");
        give(&blobs, &hash("x"), "x").await.unwrap();
        let good = [file("a/b.py", "x"), file("run.sh", "x")];
        check(&blobs, &good).unwrap();
        unpack(&blobs, &good, &work).unwrap();
        assert_eq!(fs::read_to_string(work.join("a/b.py")).unwrap(), "x");
        let mode = fs::metadata(work.join("run.sh"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
        for bad in ["../out", "/etc/x", "a/../../out", ""] {
            let project = [file(bad, "x")];
            assert_eq!(
                check(&blobs, &project).unwrap_err().code,
                Code::Invalid,
                "{bad}"
            );
            assert!(unpack(&blobs, &project, &work).is_err());
        }
        assert!(!home.path().join("out").exists());
        // A file where another needs a folder.
        let clash = [file("a", "x"), file("a/b", "x")];
        assert_eq!(
            unpack(&blobs, &clash, &work).unwrap_err().code,
            Code::FileAccess
        );
        assert_eq!(
            check(&blobs, &[file("a", "y")]).unwrap_err().code,
            Code::NotFound
        );
    }
}
