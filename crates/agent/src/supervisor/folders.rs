//! A glance at a folder of the machine, for whoever chooses data.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use skerry_domain::{Code, ErrorBody, Reason, validate};

use crate::api::FolderReport;

/// A glance ends after so many entries or so long.
const MOST: u64 = 200_000;
const LONGEST: Duration = Duration::from_secs(3);

/// Blocks, for at most a few seconds.
pub(super) fn inspect(path: String) -> FolderReport {
    let mut report = FolderReport {
        path,
        files: 0,
        bytes: 0,
        complete: true,
        problem: None,
    };
    report.problem = look(&mut report).err();
    report
}

fn look(report: &mut FolderReport) -> Result<(), ErrorBody> {
    validate::absolute_path("path", &report.path)?;
    let root = Path::new(&report.path).to_owned();
    let unreadable = |path: &Path, error: &std::io::Error| {
        let message = format!("{} cannot be read: {error}.", path.display());
        ErrorBody::file(Reason::Unreadable, path, error, message)
    };
    let metadata = fs::metadata(&root).map_err(|error| unreadable(&root, &error))?;
    if !metadata.is_dir() {
        return Err(ErrorBody::new(
            Code::FileAccess,
            format!("{} is not a folder.", root.display()),
        )
        .because(Reason::NotAFolder)
        .with("path", report.path.clone()));
    }
    let started = Instant::now();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if folder == root => return Err(unreadable(&folder, &error)),
            // A folder below that is closed to us is closed to the run, too.
            Err(_) => continue,
        };
        for entry in entries.flatten() {
            if report.files >= MOST || started.elapsed() > LONGEST {
                report.complete = false;
                return Ok(());
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => {
                    report.files += 1;
                    report.bytes += entry.metadata().map_or(0, |metadata| metadata.len());
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_files_and_tells_what_is_wrong() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("sub")).unwrap();
        fs::write(home.path().join("sub/a"), "abc").unwrap();
        std::os::unix::fs::symlink(".", home.path().join("loop")).unwrap();
        let report = inspect(home.path().display().to_string());
        assert_eq!((report.files, report.bytes, report.complete), (1, 3, true));
        assert_eq!(report.problem, None);
        let code = |path: &str| inspect(path.to_owned()).problem.unwrap().code;
        assert_eq!(code("relative"), Code::Invalid);
        assert_eq!(code("/no/such/folder"), Code::FileAccess);
        assert_eq!(code("/etc/passwd"), Code::FileAccess);
    }
}
