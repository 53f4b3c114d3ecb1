//! Files that people save on this computer.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use skerry_domain::{Code, ErrorBody, Reason};

use crate::console::{blocking, new_id};

/// A file that is being written: under another name beside its own until it is whole. Nothing
/// stays of one that is dropped before.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    partial: PathBuf,
    path: PathBuf,
    replace: bool,
}

impl NewFile {
    /// Begins a file. One that is there is replaced only when the person said so.
    ///
    /// # Errors
    /// [`Code::AlreadyExists`], [`Code::DiskFull`], [`Code::FileAccess`].
    pub fn begin(path: &Path, replace: bool) -> Result<Self, ErrorBody> {
        if !replace {
            vacant(path)?;
        }
        let Some(name) = path.file_name() else {
            return Err(ErrorBody::invalid("path", "This is no name of a file."));
        };
        let mut partial = std::ffi::OsString::from(".");
        partial.push(name);
        partial.push(format!(".{}.partial", new_id()));
        let partial = path.with_file_name(partial);
        let file = File::create_new(&partial).map_err(|error| unwritten(path, &error))?;
        Ok(Self {
            file,
            partial,
            path: path.to_owned(),
            replace,
        })
    }

    /// Adds all that `from` has.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn copy(&mut self, from: &mut impl io::Read) -> Result<(), ErrorBody> {
        io::copy(from, &mut self.file)
            .map(|_| ())
            .map_err(|error| unwritten(&self.path, &error))
    }

    /// Gives the file its name, now that it is whole and on the disk.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn finish(self) -> Result<(), ErrorBody> {
        self.file
            .sync_all()
            .and_then(|()| {
                if self.replace {
                    std::fs::rename(&self.partial, &self.path)
                } else {
                    // Unlike a renaming, a link does not take the place of what is there.
                    std::fs::hard_link(&self.partial, &self.path)
                }
            })
            .map_err(|error| unwritten(&self.path, &error))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Best effort, and gone already when it was renamed.
        let _ = std::fs::remove_file(&self.partial);
    }
}

/// Says when something has this name already.
///
/// # Errors
/// [`Code::AlreadyExists`].
pub fn vacant(path: &Path) -> Result<(), ErrorBody> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Err(unwritten(path, &io::ErrorKind::AlreadyExists.into())),
        Err(_) => Ok(()),
    }
}

fn unwritten(path: &Path, error: &io::Error) -> ErrorBody {
    if error.kind() == io::ErrorKind::AlreadyExists {
        return ErrorBody::new(
            Code::AlreadyExists,
            format!("{} exists already; nothing was saved.", path.display()),
        )
        .because(Reason::FileExists)
        .with("path", path.display().to_string());
    }
    let message = format!("{} cannot be written: {error}.", path.display());
    ErrorBody::file(Reason::Unwritable, path, error, message)
}

/// Writes a file, whole or not at all. One that is there is replaced only when the person said
/// so.
///
/// # Errors
/// [`Code::AlreadyExists`], [`Code::DiskFull`], [`Code::FileAccess`].
pub async fn write(path: &Path, bytes: Vec<u8>, replace: bool) -> Result<(), ErrorBody> {
    let path = path.to_owned();
    blocking(move || {
        let mut file = NewFile::begin(&path, replace)?;
        file.copy(&mut bytes.as_slice())?;
        file.finish()
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
