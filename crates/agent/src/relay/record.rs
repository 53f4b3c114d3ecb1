//! The log file of a workload: one record per line, written by its relay, read by
//! the agent, which remembers the place up to which it has journaled.
//!
//! A record is: stream (1 byte: 1 stdout, 2 stderr, 3 the relay itself), whether the
//! line goes on in the next record (1 byte), time in ms (8 bytes, little endian),
//! length of the text (4 bytes, little endian), text in UTF-8.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use skerry_domain::{LogStream, Millis};

const HEAD: usize = 14;

/// A line in the log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who wrote it.
    pub stream: LogStream,
    /// It goes on in the next record of the same stream.
    pub continues: bool,
    /// When it was complete.
    pub at: Millis,
    /// Without its end.
    pub text: String,
}

/// Milliseconds since the epoch, now.
pub(crate) fn now() -> Millis {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| Millis::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

fn encode(record: &Record, into: &mut Vec<u8>) {
    into.push(match record.stream {
        LogStream::Stdout => 1,
        LogStream::Stderr => 2,
        LogStream::System => 3,
    });
    into.push(u8::from(record.continues));
    into.extend_from_slice(&record.at.to_le_bytes());
    // Lines are cut far below 4 GiB.
    let length = u32::try_from(record.text.len()).unwrap_or(u32::MAX);
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(record.text.as_bytes());
}

/// Writes records; a full disk loses lines, but never half of one, and is told as
/// soon as there is room again.
pub struct LogWriter {
    file: File,
    good: u64,
    lost: u64,
}

impl LogWriter {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let good = file.metadata()?.len();
        Ok(Self {
            file,
            good,
            lost: 0,
        })
    }

    /// Appends records; never fails, see above.
    pub fn write(&mut self, records: &[Record]) {
        let mut bytes = Vec::new();
        if self.lost > 0 {
            let told = Record {
                stream: LogStream::System,
                continues: false,
                at: now(),
                text: format!("{} lines are missing here: the disk was full.", self.lost),
            };
            encode(&told, &mut bytes);
        }
        for record in records {
            encode(record, &mut bytes);
        }
        if self.file.write_all(&bytes).is_ok() {
            self.good += bytes.len() as u64;
            self.lost = 0;
        } else {
            // Shortening needs no room; if even that fails the reader stops here.
            let _ = self.file.set_len(self.good);
            self.lost += records.len() as u64;
        }
    }
}

/// Reads whole records from `offset` on, at most `most_records` of them and `most` bytes;
/// returns them and the offset after the last. An unfinished record at the end is left
/// for later.
pub fn read(
    path: &Path,
    offset: u64,
    most: usize,
    most_records: usize,
) -> io::Result<(Vec<Record>, u64)> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), offset)),
        Err(error) => return Err(error),
    };
    file.seek(io::SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    let mut records = Vec::new();
    let mut at = 0;
    while records.len() < most_records
        && let Some((record, length)) = bytes.get(at..).and_then(decode)
    {
        records.push(record);
        at += length;
    }
    Ok((records, offset + at as u64))
}

fn decode(bytes: &[u8]) -> Option<(Record, usize)> {
    let head = bytes.get(..HEAD)?;
    let stream = match head.first()? {
        1 => LogStream::Stdout,
        2 => LogStream::Stderr,
        _ => LogStream::System,
    };
    let at = Millis::from_le_bytes(head.get(2..10)?.try_into().ok()?);
    let length = u32::from_le_bytes(head.get(10..14)?.try_into().ok()?) as usize;
    let text = bytes.get(HEAD..HEAD + length)?;
    let record = Record {
        stream,
        continues: *head.get(1)? == 1,
        at,
        text: String::from_utf8_lossy(text).into_owned(),
    };
    Some((record, HEAD + length))
}

/// How a workload ended, as its relay saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its exit code, when it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Why it could not even be started.
    pub error: Option<String>,
    /// When.
    pub at: Millis,
}

impl End {
    /// The code a shell would give.
    pub fn code(&self) -> i32 {
        self.code
            .or_else(|| self.signal.map(|signal| 128 + signal))
            .unwrap_or(super::OWN_FAILURE)
    }

    /// Keeps it in a file; there is either all of it or nothing.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let temporary = path.with_extension("new");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    }

    /// Reads it, if it is there.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream() -> impl Strategy<Value = LogStream> {
        prop_oneof![
            Just(LogStream::Stdout),
            Just(LogStream::Stderr),
            Just(LogStream::System)
        ]
    }

    proptest! {
        /// However much is read at a time, and however often the reader begins anew
        /// from where it was: every record once, in order; a torn end waits.
        #[test]
        fn reading_resumes_without_loss_or_doubles(
            texts in prop::collection::vec((stream(), any::<bool>(), ".{0,80}"), 0..40),
            most in 400usize..2000,
            torn in 0usize..13,
        ) {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join("log");
            let records: Vec<Record> = texts
                .into_iter()
                .enumerate()
                .map(|(at, (stream, continues, text))| Record { stream, continues, at: at as i64, text })
                .collect();
            let mut writer = LogWriter::open(&path).unwrap();
            writer.write(&records);
            let whole = std::fs::metadata(&path).unwrap().len();
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(&[1; 13][..torn]).unwrap();
            let mut offset = 0;
            let mut seen = Vec::new();
            loop {
                let (some, next) = read(&path, offset, most, 7).unwrap();
                if some.is_empty() {
                    break;
                }
                seen.extend(some);
                offset = next;
            }
            prop_assert_eq!(seen, records);
            prop_assert_eq!(offset, whole);
        }
    }
}
