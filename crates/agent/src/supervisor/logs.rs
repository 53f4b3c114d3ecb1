//! From a workload's log file into the journal.

use std::{path::PathBuf, time::Duration};

use skerry_domain::{LogStream, tracking::LogLine};
use skerry_store::Store;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::failure::{Failure, io_failure, off_thread};
use crate::relay::record::{self, Record, now};

/// How often a file is looked at: lines are in the journal at most so late.
const PAUSE: Duration = Duration::from_millis(200);
/// At most so many lines in one journal entry, and about so many bytes. The latter
/// holds at least one record of the longest line, replaced letters included.
const LINES: usize = 500;
const BYTES: usize = 256 << 10;

/// Whose lines they are and where they are.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The run's or service's id.
    pub(super) owner: String,
    /// Under what its place is kept: stays the same over restarts of the agent.
    pub(super) key: String,
    /// The file.
    pub(super) path: PathBuf,
}

/// Brings lines into the journal until `ended` *and* nothing is left in the file.
/// A store that refuses is asked again: the lines wait in their file meanwhile.
pub(super) async fn follow(store: Store, source: Source, ended: CancellationToken) {
    let mut troubled = false;
    loop {
        // Looked at before reading: what was written before the end is read after it.
        let last = ended.is_cancelled();
        match batch(&store, &source).await {
            Ok(0) if last => break,
            Ok(0) => {
                tokio::select! {
                    () = sleep(PAUSE) => {}
                    () = ended.cancelled() => {}
                }
            }
            Ok(_) => troubled = false,
            Err(error) => {
                if !troubled {
                    tracing::warn!(owner = %source.owner, %error, "log lines cannot be journaled; trying again");
                    troubled = true;
                }
                sleep(Duration::from_secs(2)).await;
            }
        }
    }
}

async fn batch(store: &Store, source: &Source) -> Failure<usize> {
    let (reader, path, key) = (store.clone(), source.path.clone(), source.key.clone());
    let (records, from, to) = off_thread(move || {
        let from = reader.read(|reader| reader.agent_log_read_to(&key))?;
        let (records, to) = record::read(&path, from, BYTES, LINES)
            .map_err(|error| io_failure(&format!("{} cannot be read", path.display()), &error))?;
        Ok((records, from, to))
    })
    .await?;
    let count = records.len();
    if count > 0 {
        let (owner, key) = (source.owner.clone(), source.key.clone());
        let lines = records.into_iter().map(line).collect();
        store
            .write_async(move |tx| tx.agent_log(&owner, lines, &key, from, to))
            .await?;
    }
    Ok(count)
}

fn line(record: Record) -> LogLine {
    LogLine {
        at: record.at,
        stream: record.stream,
        text: record.text,
        // Not 0: the line goes on in the next one.
        cut_bytes: u64::from(record.continues),
    }
}

/// Writes a line of the agent itself into a workload's log.
pub(super) async fn say(store: &Store, owner: &str, text: impl Into<String>) {
    let line = LogLine {
        at: now(),
        stream: LogStream::System,
        text: text.into(),
        cut_bytes: 0,
    };
    let id = owner.to_owned();
    let written = store
        .write_async(move |tx| tx.append_log(&id, vec![line]).map(|_| ()))
        .await;
    if let Err(error) = written {
        tracing::warn!(owner, %error, "a line about a workload is lost");
    }
}
