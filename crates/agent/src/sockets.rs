//! Unix sockets whose path may be longer than the 107 bytes that an address holds:
//! the folder is opened and named through `/proc/self/fd`.

use std::{fs::File, io, path::Path};

const LONGEST: usize = 100;

fn through_folder<T>(path: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    use std::os::fd::AsRawFd as _;
    if path.as_os_str().len() <= LONGEST {
        return act(path);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    let folder = File::open(folder)?;
    let short = Path::new("/proc/self/fd")
        .join(folder.as_raw_fd().to_string())
        .join(name);
    act(&short)
}

/// Connects to a socket.
pub(crate) async fn connect(path: &Path) -> io::Result<tokio::net::UnixStream> {
    let stream = through_folder(path, |path| std::os::unix::net::UnixStream::connect(path))?;
    stream.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(stream)
}

/// Listens on a socket, in the place of one that was left behind there.
#[cfg(feature = "supervisor")]
pub(crate) fn listen(path: &Path, mode: u32) -> io::Result<tokio::net::UnixListener> {
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = through_folder(path, |path| std::os::unix::net::UnixListener::bind(path))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    listener.set_nonblocking(true)?;
    tokio::net::UnixListener::from_std(listener)
}

#[cfg(all(test, feature = "supervisor"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_paths_work_both_ways() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("x".repeat(100)).join("y".repeat(100));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("agent.sock");
        let listener = listen(&path, 0o600).unwrap();
        let (accepted, connected) = tokio::join!(listener.accept(), connect(&path));
        accepted.unwrap();
        connected.unwrap();
    }
}
