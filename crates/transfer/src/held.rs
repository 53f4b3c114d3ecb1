//! Transfers with a store that another program has open: that program does them, since
//! two would not see each other's names.
//!
//! It listens on a Unix socket of mode 600 beside the store's file (`tracking.sock` of
//! `tracking.db`). A connection carries one line of JSON there, what is wanted, and lines
//! back: `{"event": …}` on the way, then `{"report": …}` or `{"error": {code, message,
//! details}}`. A client that goes away ends its transfer.

use std::io::{self, BufRead as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde::{Deserialize, Serialize};
use skerry_domain::{Code, ErrorBody};
use skerry_mlflow::ArtifactRoot;
use skerry_store::Store;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use crate::{Event, Report, Result, Stop, Wanted};

/// A request has a few names and a secret in it.
const LONGEST_REQUEST: u64 = 64 << 10;
/// A transfer whose client went away may take so long to end before another begins.
const TURN: Duration = Duration::from_secs(10);
/// Progress is told so often.
const TOLD_EVERY: Duration = Duration::from_millis(200);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Event(Event),
    Report(Box<Report>),
    Error(ErrorBody),
}

fn place(store_file: &Path) -> PathBuf {
    store_file.with_extension("sock")
}

/// A socket's address holds 107 bytes; the folder's descriptor makes any path short.
fn through_folder<T>(path: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let folder = std::fs::File::open(path.parent().unwrap_or(Path::new(".")))?;
    let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string());
    act(&short.join(path.file_name().unwrap_or_default()))
}

/// A store that this program has open, with the folder of its artifacts.
struct Held {
    store: Store,
    root: ArtifactRoot,
    written: Box<dyn Fn() + Send + Sync>,
    /// One transfer at a time: two of the same source would do everything twice.
    turn: Arc<Semaphore>,
    owner: u32,
}

/// Takes transfers for a store that this program has open. Run the future beside what
/// else is done; once it is dropped, nothing is written any more. `written` is called now
/// and then while something comes in, and at its end.
///
/// # Errors
/// [`Code::FileAccess`] when the socket cannot be made.
pub fn take_transfers(
    store: Store,
    root: ArtifactRoot,
    written: impl Fn() + Send + Sync + 'static,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    let path = place(store.path());
    let (listener, owner) = bind(&path).map_err(|error| {
        ErrorBody::new(
            Code::FileAccess,
            format!("The socket {} cannot be made: {error}.", path.display()),
        )
    })?;
    let held = Arc::new(Held {
        store,
        root,
        written: Box::new(written),
        turn: Arc::new(Semaphore::new(1)),
        owner,
    });
    Ok(async move {
        let mut connections = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => connections.push(serve(held.clone(), stream)),
                    Err(error) => {
                        tracing::warn!(%error, "the socket for transfers stopped answering");
                        break;
                    }
                },
                Some(done) = connections.next() => {
                    // A client that went away is no event.
                    let _: io::Result<()> = done;
                }
            }
        }
        while connections.next().await.is_some() {}
    })
}

fn bind(path: &Path) -> io::Result<(UnixListener, u32)> {
    // The store's lock is ours: what lies there was left by a program that died.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = through_folder(path, |path| std::os::unix::net::UnixListener::bind(path))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    let owner = std::fs::metadata(path)?.uid();
    listener.set_nonblocking(true)?;
    Ok((UnixListener::from_std(listener)?, owner))
}

/// Ends the transfer of a connection that is no more.
struct EndWith(Stop);

impl Drop for EndWith {
    fn drop(&mut self) {
        self.0.now();
    }
}

async fn serve(held: Arc<Held>, stream: UnixStream) -> io::Result<()> {
    // Before the mode was set, others may have come in; root may read everything anyway.
    let peer = stream.peer_cred()?.uid();
    if peer != held.owner && peer != 0 {
        return Ok(());
    }
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut line = Vec::new();
    (&mut read)
        .take(LONGEST_REQUEST)
        .read_until(b'\n', &mut line)
        .await?;
    let (answer, mut answers) = mpsc::channel(16);
    let end = EndWith(Stop::default());
    let refused = match serde_json::from_slice::<Wanted>(&line) {
        Ok(wanted) => match timeout(TURN, held.turn.clone().acquire_owned()).await {
            Ok(Ok(turn)) => {
                start(held, wanted, end.0.clone(), turn, answer.clone())?;
                None
            }
            _ => Some(ErrorBody::new(
                Code::Busy,
                "Another transfer with this store is under way. Try again when it has ended.",
            )),
        },
        Err(_) => Some(ErrorBody::new(
            Code::Invalid,
            "The request is not a line of JSON that says what is wanted.",
        )),
    };
    if let Some(error) = refused {
        let _ = answer.try_send(Answer::Error(error));
    }
    drop(answer);
    let mut more = [0];
    loop {
        tokio::select! {
            told = answers.recv() => {
                let Some(told) = told else { return Ok(()) };
                let mut bytes = serde_json::to_vec(&told)?;
                bytes.push(b'\n');
                write.write_all(&bytes).await?;
            }
            // The client says nothing more; it can only go away.
            _ = read.read(&mut more) => return Ok(()),
        }
    }
}

/// Does it on a thread and a runtime of its own: ending this program does not wait for a
/// server far away.
fn start(
    held: Arc<Held>,
    wanted: Wanted,
    stop: Stop,
    turn: OwnedSemaphorePermit,
    answer: mpsc::Sender<Answer>,
) -> io::Result<()> {
    std::thread::Builder::new()
        .name("transfer".to_owned())
        .spawn(move || {
            let mut last: Option<Instant> = None;
            let mut tell = |event| {
                if last.is_none_or(|last| last.elapsed() >= TOLD_EVERY) {
                    last = Some(Instant::now());
                    (held.written)();
                    // Who reads slowly misses some.
                    let _ = answer.try_send(Answer::Event(event));
                }
            };
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build();
            let done = match runtime {
                Ok(runtime) => {
                    let inside = runtime.enter();
                    let done = wanted.carry(&held.store, &held.root, &stop, &mut tell);
                    drop(inside);
                    runtime.shutdown_background();
                    done
                }
                Err(error) => Err(ErrorBody::new(Code::Internal, error.to_string())),
            };
            (held.written)();
            drop(turn);
            let _ = answer.blocking_send(match done {
                Ok(report) => Answer::Report(Box::new(report)),
                Err(error) => Answer::Error(error),
            });
        })
        .map(drop)
}

/// Has the program that has a store open do a transfer. Blocks; ending this program ends
/// the transfer.
///
/// # Errors
/// [`Code::DataFolderInUse`] when that program does not answer, [`Code::Busy`] when it
/// does another transfer, [`Code::Disconnected`] when it ended; and as [`Wanted::carry`].
pub fn ask_holder(
    store_file: &Path,
    wanted: &Wanted,
    tell: &mut dyn FnMut(Event),
) -> Result<Report> {
    let path = place(store_file);
    let stream = through_folder(&path, |path| std::os::unix::net::UnixStream::connect(path))
        .map_err(|error| {
            ErrorBody::new(
                Code::DataFolderInUse,
                format!(
                    "{} is in use by another Skerry, which does not answer: {error}. \
                     End it, or wait until it has started.",
                    store_file.display()
                ),
            )
        })?;
    let broken = |error: &dyn std::fmt::Display| {
        ErrorBody::new(
            Code::Disconnected,
            format!(
                "The Skerry that has the store open went away: {error}. Started again, it goes on."
            ),
        )
    };
    let mut line = wanted.to_wire().to_string();
    line.push('\n');
    (&stream)
        .write_all(line.as_bytes())
        .map_err(|error| broken(&error))?;
    for line in io::BufReader::new(&stream).lines() {
        let line = line.map_err(|error| broken(&error))?;
        match serde_json::from_str(&line).map_err(|error| broken(&error))? {
            Answer::Event(event) => tell(event),
            Answer::Report(report) => return Ok(*report),
            Answer::Error(error) => return Err(error),
        }
    }
    Err(broken(&"it said nothing more"))
}
