use std::{
    io,
    os::{fd::OwnedFd, unix::process::CommandExt as _},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, WaitOptions};
use skerry_domain::LogStream;
use skerry_engine::proc;
use tokio::{
    io::AsyncReadExt as _,
    net::unix::pipe,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::timeout,
};

use super::{
    lines::Splitter,
    record::{End, LogWriter, Record, now},
};

/// What to run.
pub(super) struct Command {
    pub(super) words: Vec<String>,
    /// On top of the relay's own.
    pub(super) environment: Vec<(String, String)>,
}

/// What a workload is told to end with is passed on to it.
const PASSED_ON: &[(SignalKind, Signal)] = &[
    (SignalKind::terminate(), Signal::TERM),
    (SignalKind::interrupt(), Signal::INT),
    (SignalKind::hangup(), Signal::HUP),
    (SignalKind::quit(), Signal::QUIT),
    (SignalKind::user_defined1(), Signal::USR1),
    (SignalKind::user_defined2(), Signal::USR2),
];

/// How long output may still come after the process has ended.
const LAST_WORDS: Duration = Duration::from_secs(5);

type Log = Arc<Mutex<LogWriter>>;

/// Runs the command until its process has ended and its output is written.
pub(super) async fn run(command: Command, log: LogWriter) -> io::Result<End> {
    let log: Log = Arc::new(Mutex::new(log));
    // Before the process exists: an early end must not go unnoticed.
    let mut ended = signal(SignalKind::child())?;
    // As pid 1 orphans come to us anyway; else we ask for them.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let (program, arguments) = command
        .words
        .split_first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
    let spawned = std::process::Command::new(program)
        .args(arguments)
        .envs(command.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            let words = format!("'{program}' cannot be started: {error}");
            write(&log, LogStream::System, [(words.clone(), false)]);
            let code = if error.kind() == io::ErrorKind::NotFound {
                127
            } else {
                126
            };
            return Ok(End {
                code: Some(code),
                signal: None,
                error: Some(words),
                at: now(),
            });
        }
    };
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::other("the process has no id"))?;
    let readers: Vec<JoinHandle<()>> = [
        (child.stdout.take().map(OwnedFd::from), LogStream::Stdout),
        (child.stderr.take().map(OwnedFd::from), LogStream::Stderr),
    ]
    .into_iter()
    .filter_map(|(fd, stream)| Some(tokio::spawn(read(fd?, stream, Arc::clone(&log)))))
    .collect();
    for (kind, passed_on) in PASSED_ON {
        let mut arrives = signal(*kind)?;
        tokio::spawn(async move {
            while arrives.recv().await.is_some() {
                let _ = rustix::process::kill_process_group(pid, *passed_on);
            }
        });
    }
    let (code, signal) = loop {
        if let Some(end) = reap(pid) {
            break end;
        }
        ended.recv().await;
    };
    // What it left running goes with it, as it would in a container.
    let _ = rustix::process::kill_process_group(pid, Signal::KILL);
    let me = rustix::process::getpid();
    let session = rustix::process::getsid(None).map_or(0, |sid| sid.as_raw_nonzero().get());
    if session == me.as_raw_nonzero().get() {
        for member in proc::session_members(session) {
            if let Some(member) = Pid::from_raw(member).filter(|member| *member != me) {
                let _ = rustix::process::kill_process(member, Signal::KILL);
            }
        }
    }
    for reader in readers {
        let _ = timeout(LAST_WORDS, reader).await;
    }
    Ok(End {
        code,
        signal,
        error: None,
        at: now(),
    })
}

/// Collects every process that has ended; tells the end of ours when it is among them.
fn reap(ours: Pid) -> Option<(Option<i32>, Option<i32>)> {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == ours => {
                return Some((status.exit_status(), status.terminating_signal()));
            }
            Ok(Some(_)) => {}
            Ok(None) => return None,
            // None left to wait for, though ours was never seen: gone without a trace.
            Err(rustix::io::Errno::CHILD) => return Some((None, None)),
            Err(_) => return None,
        }
    }
}

async fn read(fd: OwnedFd, stream: LogStream, log: Log) {
    let Ok(mut pipe) = pipe::Receiver::from_owned_fd(fd) else {
        return;
    };
    let mut splitter = Splitter::default();
    let mut bytes = vec![0; 64 << 10];
    loop {
        let mut lines = Vec::new();
        match pipe.read(&mut bytes).await {
            Ok(0) | Err(_) => break,
            Ok(count) => {
                let some = bytes.get(..count).unwrap_or_default();
                splitter.push(some, |text, continues| {
                    lines.push((text.to_owned(), continues))
                });
            }
        }
        write(&log, stream, lines);
    }
    let mut lines = Vec::new();
    splitter.end(|text, continues| lines.push((text.to_owned(), continues)));
    write(&log, stream, lines);
}

fn write(log: &Log, stream: LogStream, lines: impl IntoIterator<Item = (String, bool)>) {
    let at = now();
    let records: Vec<Record> = lines
        .into_iter()
        .map(|(text, continues)| Record {
            stream,
            continues,
            at,
            text,
        })
        .collect();
    if !records.is_empty() {
        log.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(&records);
    }
}
