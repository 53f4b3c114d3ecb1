//! Files that people save on this computer.

use std::path::Path;

use base64::Engine as _;
use skerry_domain::{Code, ErrorBody, Reason};

use crate::console::{blocking, new_id};

/// Writes a file, whole or not at all. One that is there is replaced only when the person said
/// so.
///
/// # Errors
/// [`Code::AlreadyExists`], [`Code::DiskFull`], [`Code::FileAccess`].
pub async fn write(path: &Path, bytes: Vec<u8>, replace: bool) -> Result<(), ErrorBody> {
    let path = path.to_owned();
    blocking(move || {
        let failed = |error: &std::io::Error| {
            let message = format!("{} cannot be written: {error}.", path.display());
            ErrorBody::file(Reason::Unwritable, &path, error, message)
        };
        let Some(name) = path.file_name() else {
            return Err(ErrorBody::invalid("path", "This is no name of a file."));
        };
        // Under another name until it is whole.
        let mut partial = std::ffi::OsString::from(".");
        partial.push(name);
        partial.push(format!(".{}.partial", new_id()));
        let partial = path.with_file_name(partial);
        let written = std::fs::write(&partial, &bytes).and_then(|()| {
            if replace {
                std::fs::rename(&partial, &path)
            } else {
                // Unlike a renaming, a link does not take the place of what is there.
                std::fs::hard_link(&partial, &path).and_then(|()| std::fs::remove_file(&partial))
            }
        });
        written.map_err(|error| {
            // Best effort: the cause is what matters to the person.
            let _ = std::fs::remove_file(&partial);
            if error.kind() == std::io::ErrorKind::AlreadyExists {
                return ErrorBody::new(
                    Code::AlreadyExists,
                    format!("{} exists already; nothing was saved.", path.display()),
                )
                .because(Reason::FileExists)
                .with("path", path.display().to_string());
            }
            failed(&error)
        })
    })
    .await
}

/// What base64 stands for.
///
/// # Errors
/// [`Code::Invalid`].
pub fn decode(base64: &str) -> Result<Vec<u8>, ErrorBody> {
    base64::engine::general_purpose::STANDARD
        .decode(base64)
        .map_err(|error| ErrorBody::invalid("base64", format!("This is not base64: {error}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_replaced_only_when_that_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.html");
        write(&path, b"one".to_vec(), false).await.unwrap();
        let error = write(&path, b"two".to_vec(), false).await.unwrap_err();
        assert_eq!(
            (error.code, error.reason),
            (Code::AlreadyExists, Some(Reason::FileExists))
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write(&path, b"two".to_vec(), true).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        let none = write(&folder.path().join("no/b"), Vec::new(), false).await;
        assert_eq!(none.unwrap_err().code, Code::FileAccess);
        // Nothing half written stays.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
