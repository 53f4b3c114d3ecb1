//! The agent's own log: a file that starts anew when it is large, with two before it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// A file grows to so many bytes.
const LARGEST: u64 = 5 << 20;
/// So many files are kept besides the newest.
const KEPT: u32 = 2;

struct Inner {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Inner {
    fn turn(&mut self) -> io::Result<()> {
        let named = |n: u32| self.path.with_extension(format!("log.{n}"));
        for n in (1..KEPT).rev() {
            let _ = std::fs::rename(named(n), named(n + 1));
        }
        std::fs::rename(&self.path, named(1))?;
        self.file = open(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

/// Where log lines go. Cheap to clone.
#[derive(Clone)]
pub struct LogFile(Arc<Mutex<Inner>>);

impl LogFile {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        let size = file.metadata()?.len();
        Ok(Self(Arc::new(Mutex::new(Inner {
            path: path.to_owned(),
            file,
            size,
        }))))
    }

    /// For `tracing`.
    pub fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.size > LARGEST {
            // When it cannot be turned (a full disk), it grows on.
            let _ = inner.turn();
        }
        let written = inner.file.write(bytes)?;
        inner.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .file
            .flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_over_when_it_is_large() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("agent.log");
        let mut log = LogFile::open(&path).unwrap();
        let mebibyte = vec![b'x'; 1 << 20];
        for _ in 0..30 {
            log.write_all(&mebibyte).unwrap();
        }
        let mut names: Vec<_> = std::fs::read_dir(home.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["agent.log", "agent.log.1", "agent.log.2"]);
        assert!(std::fs::metadata(&path).unwrap().len() <= LARGEST + (1 << 20));
    }
}
