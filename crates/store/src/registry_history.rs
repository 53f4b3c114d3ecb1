//! What happened in the registry, by whom, and when: a chain of rows that is only added
//! to, written in the transaction of the change itself.
//!
//! The hash of a row is SHA-256 over the hash of the row before it (32 bytes; zeros for
//! the first) and its fields in this order: `seq`, `at`, `model`, `name`, `event`,
//! `version`, `subject`, `before`, `after`, `reason`, `via`, `who`, `machine_id`,
//! `happened_at`. A field is its length in bytes as eight bytes, the highest first, and
//! its text in UTF-8, numbers in decimal digits; a field that is absent is eight bytes of
//! 0xff. Number, time and hash of the last row are kept apart, so that a cut end shows.
//!
//! Who can write the file can write a whole new chain: that shows only against a hash
//! that was noted elsewhere ([`Reader::verify_registry_history`]).

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use skerry_domain::{Millis, RegistryEvent, Via};

use crate::{Reader, Result, StoreError, Tx};

/// Where the end of the chain is kept: a name in `facts`.
const END: &str = "registry_history_end";

/// After these an alias stands for something else.
const MOVES: &str = "'alias_found', 'alias_set', 'alias_removed'";

/// A table expression: what each alias stands for, as the history says. A bare column is
/// that of the row with the greatest number.
pub(crate) const STANDS: &str = "said AS (SELECT model, subject AS alias, event, version, max(seq)
     FROM registry_history WHERE event IN ('alias_found', 'alias_set', 'alias_removed') GROUP BY model, subject),
 stands AS (SELECT model, alias, version FROM said WHERE event != 'alias_removed')";

const COLUMNS: &str = "seq, at, model, name, event, version, subject, before, after, reason, via, who, \
     machine_id, happened_at, hash";

/// Who does something, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Through which door.
    pub via: Via,
    /// The person's name, or the run's id; empty when it is not known.
    pub who: String,
    /// The machine on which it happened, when it is another one.
    pub machine_id: Option<String>,
    /// When it happened there, by its clock.
    pub happened_at: Option<Millis>,
}

/// Whoever writes without saying who.
pub(crate) static NOBODY: Actor = Actor {
    via: Via::Unknown,
    who: String::new(),
    machine_id: None,
    happened_at: None,
};

/// Whatever brings in another store.
pub(crate) static IMPORT: Actor = Actor {
    via: Via::Import,
    who: String::new(),
    machine_id: None,
    happened_at: None,
};

impl Actor {
    /// Somebody who came through a door.
    pub fn new(via: Via, who: impl Into<String>) -> Self {
        Self {
            via,
            who: who.into(),
            machine_id: None,
            happened_at: None,
        }
    }

    /// A person.
    pub fn person(name: impl Into<String>) -> Self {
        Self::new(Via::Person, name)
    }

    /// The run whose script it is.
    pub(crate) fn run(&self) -> Option<&str> {
        (self.via == Via::Script && !self.who.is_empty()).then_some(self.who.as_str())
    }
}

/// The word that stands in the file, and is hashed.
pub(crate) fn word<T: Serialize>(value: T) -> Result<String> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(StoreError::Sql(format!("'{other}' is no word"))),
    }
}

/// One row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryEntry {
    /// From 1, without gaps.
    pub seq: i64,
    /// When it took effect here; never before the entry before it.
    pub at: Millis,
    /// The model's name at that time.
    pub name: String,
    /// What happened.
    pub event: RegistryEvent,
    /// To which version.
    pub version: Option<i64>,
    /// The alias, or the key of a tag.
    pub subject: Option<String>,
    /// What was before.
    pub before: Option<String>,
    /// What is now.
    pub after: Option<String>,
    /// Why, in a person's words.
    pub reason: Option<String>,
    /// Who.
    pub actor: Actor,
    /// SHA-256 in hexadecimal digits.
    pub hash: String,
}

/// What a walk along the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Entries that were looked at.
    pub entries: i64,
    /// Hash of the last of them.
    pub end: String,
    /// The first thing that is wrong.
    pub broken: Option<Broken>,
    /// The entry whose hash was noted elsewhere.
    pub noted: Option<i64>,
}

/// Where a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// This entry does not hash to what it says: it was changed, or has another place.
    Changed(i64),
    /// This entry is not there.
    Missing(i64),
    /// This entry is the last, but was not the last that was written.
    End(i64),
    /// The chain is whole, but the alias of the model does not stand for what it says.
    Alias(String, String),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed(seq) => write!(
                f,
                "entry {seq} does not hash to what it says: it was changed or has another place"
            ),
            Self::Missing(seq) => write!(f, "entry {seq} is not there"),
            Self::End(seq) => write!(
                f,
                "it ends with entry {seq}, which was not the last that was written"
            ),
            Self::Alias(model, alias) => write!(
                f,
                "it is whole, but the alias '{alias}' of '{model}' does not stand for what it says"
            ),
        }
    }
}

/// What an alias stood for during a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AliasAt {
    /// The version at the beginning; `None` when it stood for none, or nothing is known
    /// of that time.
    pub version: Option<i64>,
    /// The entry that says so.
    pub entry: Option<RegistryEntry>,
    /// Its moves after the beginning, oldest first.
    pub moves: Vec<RegistryEntry>,
    /// The model is older than its history, which begins here.
    pub known_from: Option<Millis>,
}

/// What is to be added.
#[derive(Clone, Copy)]
pub(crate) struct Note<'a> {
    pub event: RegistryEvent,
    pub version: Option<i64>,
    pub subject: Option<&'a str>,
    pub before: Option<&'a str>,
    pub after: Option<&'a str>,
    pub reason: Option<&'a str>,
}

impl Note<'_> {
    pub(crate) fn of(event: RegistryEvent) -> Self {
        Self {
            event,
            version: None,
            subject: None,
            before: None,
            after: None,
            reason: None,
        }
    }
}

/// The hash of a row; `fields` in the order of the columns.
fn hash(before: &[u8; 32], fields: &[Option<String>]) -> [u8; 32] {
    let mut sum = Sha256::new_with_prefix(before);
    for field in fields {
        match field {
            Some(text) => {
                sum.update((text.len() as u64).to_be_bytes());
                sum.update(text.as_bytes());
            }
            None => sum.update([0xff; 8]),
        }
    }
    sum.finalize().into()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}

/// The fields of a row as they are hashed.
fn fields(row: &Row<'_>) -> rusqlite::Result<Vec<Option<String>>> {
    use rusqlite::types::Value;
    (0..14)
        .map(|column| {
            Ok(match row.get(column)? {
                Value::Null => None,
                Value::Integer(number) => Some(number.to_string()),
                Value::Text(text) => Some(text),
                // The table is strict: neither can be.
                Value::Real(number) => Some(number.to_string()),
                Value::Blob(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            })
        })
        .collect()
}

fn known<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    serde_json::from_value(serde_json::Value::String(word)).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<RegistryEntry> {
    Ok(RegistryEntry {
        seq: row.get(0)?,
        at: row.get(1)?,
        name: row.get(3)?,
        event: known(row, 4)?,
        version: row.get(5)?,
        subject: row.get(6)?,
        before: row.get(7)?,
        after: row.get(8)?,
        reason: row.get(9)?,
        actor: Actor {
            via: known(row, 10)?,
            who: row.get(11)?,
            machine_id: row.get(12)?,
            happened_at: row.get(13)?,
        },
        hash: row.get(14)?,
    })
}

/// The end of the chain.
struct End {
    seq: i64,
    at: Millis,
    hash: [u8; 32],
}

impl End {
    const START: Self = Self {
        seq: 0,
        at: 0,
        hash: [0; 32],
    };

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        Some(Self {
            seq: parts.next()?.parse().ok()?,
            at: parts.next()?.parse().ok()?,
            hash: unhex(parts.next()?)?,
        })
    }
}

impl Reader<'_> {
    fn kept_end(&self) -> Result<Option<End>> {
        let text: Option<String> = self
            .conn()
            .prepare_cached("SELECT value FROM facts WHERE name = ?1")?
            .query_row([END], |row| row.get(0))
            .optional()?;
        Ok(text.as_deref().and_then(End::parse))
    }

    /// Models that bear or bore a name, by their numbers.
    fn models_named(&self, name: &str) -> Result<Vec<i64>> {
        let mut models: Vec<i64> = self
            .conn()
            .prepare_cached("SELECT DISTINCT model FROM registry_history WHERE name = ?1")?
            .query_map([name], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        match self.registered_number(name) {
            Ok(id) if !models.contains(&id) => models.push(id),
            Ok(_) => {}
            Err(error) if models.is_empty() => return Err(error),
            Err(_) => {}
        }
        Ok(models)
    }

    /// What happened to the models that bear or bore a name, or to one version, newest
    /// first: at most `limit` entries before the entry `before`.
    ///
    /// # Errors
    /// `NotFound` when no model ever had the name.
    pub fn registry_history(
        &self,
        name: &str,
        version: Option<i64>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<RegistryEntry>> {
        let mut entries = Vec::new();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        for model in self.models_named(name)? {
            let mut statement = self.conn().prepare_cached(&format!(
                "SELECT {COLUMNS} FROM registry_history
                 WHERE model = ?1 AND seq < ?2 AND (?3 IS NULL OR version = ?3)
                 ORDER BY seq DESC LIMIT ?4"
            ))?;
            let rows = statement.query_map(
                params![model, before.unwrap_or(i64::MAX), version, limit],
                entry,
            )?;
            for row in rows {
                entries.push(row?);
            }
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
        entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(entries)
    }

    /// What an alias stood for from one moment to another: of the model that had the name
    /// at the end, else of the one that has it now.
    ///
    /// # Errors
    /// `NotFound` when no model ever had the name.
    pub fn alias_at(&self, name: &str, alias: &str, from: Millis, to: Millis) -> Result<AliasAt> {
        let then: Option<i64> = self
            .conn()
            .prepare_cached(
                "SELECT model FROM registry_history WHERE name = ?1 AND at <= ?2 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row(params![name, to], |row| row.get(0))
            .optional()?;
        let model = match then {
            Some(model) => model,
            None => match (self.registered_number(name), self.models_named(name)) {
                (Ok(model), _) => model,
                (Err(_), Ok(models)) => models.last().copied().unwrap_or_default(),
                (Err(error), Err(_)) => return Err(error),
            },
        };
        let found = self.last_move(model, alias, from)?;
        let moves = self
            .conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM registry_history
                 WHERE model = ?1 AND subject = ?2 AND at > ?3 AND at <= ?4 AND event IN ({MOVES})
                 ORDER BY seq"
            ))?
            .query_map(params![model, alias, from, to], entry)?
            .collect::<rusqlite::Result<_>>()?;
        let known_from = self
            .conn()
            .prepare_cached(
                "SELECT CASE event WHEN 'model_created' THEN NULL ELSE at END FROM registry_history
                 WHERE model = ?1 ORDER BY seq LIMIT 1",
            )?
            .query_row([model], |row| row.get(0))
            .optional()?
            .flatten();
        Ok(AliasAt {
            version: found
                .as_ref()
                .filter(|entry| entry.event != RegistryEvent::AliasRemoved)
                .and_then(|entry| entry.version),
            entry: found,
            moves,
            known_from,
        })
    }

    fn last_move(&self, model: i64, alias: &str, at: Millis) -> Result<Option<RegistryEntry>> {
        Ok(self
            .conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM registry_history
                 WHERE model = ?1 AND subject = ?2 AND at <= ?3 AND event IN ({MOVES})
                 ORDER BY seq DESC LIMIT 1"
            ))?
            .query_row(params![model, alias, at], entry)
            .optional()?)
    }

    /// Walks along the whole chain and says what is wrong first: an entry that was
    /// changed, removed or moved, a cut end, or an alias that does not stand for what
    /// the history says. `noted` is a hash of the chain that was written down elsewhere.
    ///
    /// # Errors
    /// When the file fails.
    pub fn verify_registry_history(&self, noted: Option<&str>) -> Result<Verified> {
        let mut verified = Verified {
            entries: 0,
            end: hex::encode(End::START.hash),
            broken: None,
            noted: None,
        };
        let mut last = End::START;
        let mut statement = self.conn().prepare(&format!(
            "SELECT {COLUMNS} FROM registry_history ORDER BY seq"
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let said: String = row.get(14)?;
            if seq != last.seq + 1 {
                verified.broken = Some(if seq > last.seq {
                    Broken::Missing(last.seq + 1)
                } else {
                    Broken::Changed(seq)
                });
                return Ok(verified);
            }
            let wanted = hash(&last.hash, &fields(row)?);
            if hex::encode(wanted) != said {
                verified.broken = Some(Broken::Changed(seq));
                return Ok(verified);
            }
            if noted.is_some_and(|noted| noted.eq_ignore_ascii_case(&said)) {
                verified.noted = Some(seq);
            }
            last = End {
                seq,
                at: row.get(1)?,
                hash: wanted,
            };
            verified.entries = seq;
            verified.end = said;
        }
        let kept = self.kept_end()?;
        if !kept.is_some_and(|kept| kept.seq == last.seq && kept.hash == last.hash) {
            verified.broken = Some(Broken::End(last.seq));
            return Ok(verified);
        }
        verified.broken = self.alias_beside_history()?;
        Ok(verified)
    }

    /// An alias that the history knows otherwise.
    fn alias_beside_history(&self) -> Result<Option<Broken>> {
        let found = self
            .conn()
            .prepare(&format!(
                "WITH {STANDS}
                 SELECT coalesce(m.name, ''), d.alias FROM (
                    SELECT * FROM (SELECT model, alias, version FROM aliases EXCEPT SELECT * FROM stands)
                    UNION ALL
                    SELECT * FROM (SELECT * FROM stands EXCEPT SELECT model, alias, version FROM aliases)
                 ) d LEFT JOIN registered_models m ON m.id = d.model ORDER BY 1, 2 LIMIT 1"
            ))?
            .query_row([], |row| Ok(Broken::Alias(row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found)
    }
}

impl Tx<'_> {
    /// This write, done by somebody: what it adds to the history of the registry says so.
    #[must_use]
    pub fn acting<'a>(&'a self, actor: &'a Actor) -> Tx<'a> {
        Tx {
            reader: Reader { conn: self.conn() },
            journal: self.journal,
            artifact_root: self.artifact_root,
            metric_names: self.metric_names,
            now: self.now,
            actor,
        }
    }

    /// Adds an entry to the history of the registry.
    pub(crate) fn note(&self, model: i64, note: Note<'_>) -> Result<()> {
        let end = match self.kept_end()? {
            Some(end) => end,
            None => self.last_entry()?,
        };
        let seq = end.seq + 1;
        // So that "at that time" has one answer, whatever becomes of the clock.
        let at = self.now().max(end.at);
        let name: String = self
            .conn()
            .prepare_cached("SELECT name FROM registered_models WHERE id = ?1")?
            .query_row([model], |row| row.get(0))?;
        let (event, via) = (word(note.event)?, word(self.actor.via)?);
        let number = |number: i64| Some(number.to_string());
        let text = |text: Option<&str>| text.map(str::to_owned);
        let hash = hash(
            &end.hash,
            &[
                number(seq),
                number(at),
                number(model),
                Some(name.clone()),
                Some(event.clone()),
                note.version.and_then(number),
                text(note.subject),
                text(note.before),
                text(note.after),
                text(note.reason),
                Some(via.clone()),
                Some(self.actor.who.clone()),
                self.actor.machine_id.clone(),
                self.actor.happened_at.and_then(number),
            ],
        );
        let hash = hex::encode(hash);
        self.conn()
            .prepare_cached(&format!(
                "INSERT INTO registry_history ({COLUMNS})
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
            ))?
            .execute(params![
                seq,
                at,
                model,
                name,
                event,
                note.version,
                note.subject,
                note.before,
                note.after,
                note.reason,
                via,
                self.actor.who,
                self.actor.machine_id,
                self.actor.happened_at,
                hash
            ])?;
        self.keep_end(seq, at, &hash)
    }

    fn keep_end(&self, seq: i64, at: Millis, hash: &str) -> Result<()> {
        self.conn()
            .prepare_cached("INSERT OR REPLACE INTO facts (name, value) VALUES (?1, ?2)")?
            .execute(params![END, format!("{seq} {at} {hash}")])?;
        Ok(())
    }

    /// The last row, for a file whose end was not kept.
    fn last_entry(&self) -> Result<End> {
        let last: Option<(i64, Millis, String)> = self
            .conn()
            .prepare_cached("SELECT seq, at, hash FROM registry_history ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        match last {
            None => Ok(End::START),
            Some((seq, at, hash)) => Ok(End {
                seq,
                at,
                hash: unhex(&hash).ok_or_else(|| {
                    StoreError::Sql(format!("entry {seq} of the registry's history has no hash"))
                })?,
            }),
        }
    }

    /// Begins the history: what is there already is noted as found.
    pub(crate) fn begin_registry_history(&self) -> Result<()> {
        if self.kept_end()?.is_some() || self.last_entry()?.seq > 0 {
            return Ok(());
        }
        self.keep_end(0, 0, &hex::encode(End::START.hash))?;
        let models: Vec<i64> = self
            .conn()
            .prepare("SELECT id FROM registered_models ORDER BY id")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for model in models {
            self.note(model, Note::of(RegistryEvent::ModelFound))?;
        }
        let aliases: Vec<(i64, String, i64)> = self
            .conn()
            .prepare("SELECT model, alias, version FROM aliases ORDER BY model, alias")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (model, alias, version) in aliases {
            self.note(
                model,
                Note {
                    version: Some(version),
                    subject: Some(&alias),
                    ..Note::of(RegistryEvent::AliasFound)
                },
            )?;
        }
        Ok(())
    }
}
