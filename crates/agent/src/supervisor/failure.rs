use std::io;

use skerry_domain::{Code, ErrorBody};

/// What the agent's parts return: every failure may end up in front of a person.
pub(super) type Failure<T> = Result<T, ErrorBody>;

/// A failure of the file system, with the code that fits.
pub(super) fn io_failure(what: &str, error: &io::Error) -> ErrorBody {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::FileAccess,
    };
    ErrorBody::new(code, format!("{what}: {error}."))
}

/// Runs blocking work off the async threads.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Failure<T> + Send + 'static,
) -> Failure<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(error) => Err(ErrorBody::new(
            Code::Internal,
            format!("A task of the agent ended early: {error}."),
        )),
    }
}
