//! Saving what can be read of a damaged store into a new file. The damaged file is
//! only read, and not by SQLite: page by page, each for itself, so that damage costs the
//! rows that lay there and no others.

mod layout;
mod lost;
mod mend;
mod owners;
mod pages;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::HashMap;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use self::layout::{Kind, Layout};
use self::owners::Owners;
use self::pages::Pages;
use self::tree::Tree;
use crate::check::open_untouched;
use crate::{Result, Store, StoreError, StoreOptions, schema};

/// What became of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rescued {
    /// The table.
    pub table: String,
    /// Rows in the new file.
    pub saved: u64,
    /// Of those, rows that are lost but for what indexes or other rows say of them; the
    /// rest of such a row is made up. A run's and an experiment's have the tag
    /// `skerry.rescued`, which says what is not known.
    pub rebuilt: u64,
    /// Rows that were read, but belong to something that is lost or do not decode.
    pub dropped: u64,
    /// Pages that could not be read; how many rows were on them nobody knows.
    pub gaps: u64,
}

/// What became of the log beside the file (`-wal`), which holds what was written last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteLog {
    /// There is none, or nothing is in it.
    Empty,
    /// It was read.
    Read,
    /// It was read but for so many pages.
    Damaged(u64),
    /// It contradicts the file, as another file's does; it was left out.
    Foreign,
}

/// What became of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rescue {
    /// Each table of the new file.
    pub tables: Vec<Rescued>,
    /// The log beside the damaged file.
    pub log: WriteLog,
}

impl Rescue {
    /// Whether anything is missing or made up.
    #[must_use]
    pub fn lost(&self) -> bool {
        let whole = |table: &Rescued| (table.rebuilt, table.dropped, table.gaps) == (0, 0, 0);
        !matches!(self.log, WriteLog::Empty | WriteLog::Read) || !self.tables.iter().all(whole)
    }
}

/// A file as it is read.
struct Source {
    pages: Pages,
    layout: Layout,
    owners: Owners,
}

impl Source {
    fn new(pages: Pages) -> Result<Self> {
        let layout = layout::of(&pages)?;
        let owners = Owners::find(&pages, &layout.objects);
        Ok(Self {
            pages,
            layout,
            owners,
        })
    }

    fn number(&self, object: &str) -> Option<usize> {
        self.layout
            .objects
            .iter()
            .position(|other| other.name == object)
    }

    /// Hands over each row of a table or an index: with the number beside it, and whether
    /// it can be one. Answers how many pages have rows that cannot be read.
    fn rows(
        &self,
        object: &str,
        mut take: impl FnMut(i64, Vec<Value>, bool) -> Result<()>,
    ) -> Result<u64> {
        let Some((n, object)) = self
            .number(object)
            .and_then(|n| Some((n, self.layout.objects.get(n)?)))
        else {
            return Ok(0);
        };
        let mut bad = 0;
        for page in self.owners.pages(n) {
            let Some(tree) = Tree::read(&self.pages, *page) else {
                bad += 1;
                continue;
            };
            let mut whole = true;
            for row in tree.rows(&self.pages, self.owners.trees()) {
                match row {
                    Some(row) => {
                        let fits = object.fits(&row.values) && object.is_readable(&row.values);
                        take(row.number, row.values, fits)?;
                    }
                    None => whole = false,
                }
            }
            bad += u64::from(!whole);
        }
        Ok(bad)
    }
}

/// Reads everything that can be read of `from` into the new file `to`.
///
/// # Errors
/// `AlreadyExists` when `to` is there, `Newer`, `Corrupt` when nothing of a store can be
/// read, `Access`, `Full`.
pub fn rescue(from: &Path, to: &Path) -> Result<Rescue> {
    if to.exists() {
        return Err(StoreError::AlreadyExists(format!(
            "{} is there already; a rescue writes a new file.",
            to.display()
        )));
    }
    // Whoever writes it meanwhile does not begin its log anew while this reads. A file that
    // is too damaged for that is written by nobody.
    let any = std::fs::metadata(from).is_ok_and(|facts| facts.len() > 0);
    let held = any.then(|| {
        open_untouched(from).and_then(|conn| {
            conn.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")?;
            Ok(conn)
        })
    });
    let (sources, log) = sources(from)?;
    let Some(first) = sources.first() else {
        return Err(StoreError::Corrupt(from.display().to_string()));
    };
    let newest = first.layout.newest;
    if newest > schema::newest() {
        return Err(StoreError::Newer {
            path: from.display().to_string(),
            found: newest,
            known: schema::newest(),
        });
    }
    // The schema that the file has; Store::open brings it up to date afterwards.
    let target = schema::create_up_to(newest, to)?;
    target.pragma_update(None, "foreign_keys", false)?;
    let mut report = Vec::new();
    for table in schema::tables(&target) {
        if table != "migrations" {
            report.push(copy(&sources, &target, table)?);
        }
    }
    numbers_given(&sources, &target)?;
    let hurt = report.iter().any(|table| table.gaps > 0)
        || sources
            .iter()
            .any(|source| source.owners.contradictions() > 0);
    if hurt {
        lost::by_indexes(&sources, &target, &mut report)?;
    }
    drop(held);
    lost::by_others(&target, &mut report)?;
    mend::mend(&target, &mut report)?;
    mend::aliases_by_history(&target)?;
    for rescued in &mut report {
        let rows: u64 = target.query_row(
            &format!("SELECT count(*) FROM \"{}\"", rescued.table),
            [],
            |row| row.get(0),
        )?;
        rescued.dropped += rescued.saved.saturating_sub(rows);
        rescued.saved = rows;
    }
    // A rescue that broke off begins anew; what it wrote is on the disk at its end.
    target.pragma_update(None, "synchronous", "FULL")?;
    target.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(target);
    // Applies what is newer, and says whether the new file opens.
    Store::open(to, StoreOptions::default())?;
    Ok(Rescue {
        tables: report,
        log,
    })
}

/// The file in the ways in which it is to be read, the best first; none when nothing of a
/// store is in it.
fn sources(from: &Path) -> Result<(Vec<Source>, WriteLog)> {
    let pages = Pages::open(from)?;
    let (logged, lost) = (pages.has_log(), pages.lost_frames);
    let mut sources = vec![Source::new(pages)?];
    let contradictions =
        |sources: &[Source]| sources.last().map_or(0, |s| s.owners.contradictions());
    let mut log = match (logged, lost) {
        (false, _) => WriteLog::Empty,
        (true, 0) => WriteLog::Read,
        (true, lost) => WriteLog::Damaged(lost),
    };
    if lost > 0 || (logged && contradictions(&sources) > 0) {
        let with = contradictions(&sources);
        sources.push(Source::new(Pages::without_log(from)?)?);
        // What a log says that is whole and of this file fits together.
        if lost == 0 {
            let fewer = contradictions(&sources) < with;
            if fewer {
                log = WriteLog::Foreign;
            }
            sources.remove(usize::from(!fewer));
        }
    }
    sources.retain(|source| {
        let named = |name: &str| {
            source
                .number(name)
                .is_some_and(|n| !source.owners.pages(n).is_empty())
        };
        // Of a file whose list of tables can be read, that list says whether it is ours.
        if source.layout.known {
            named("migrations") || named("series")
        } else {
            source
                .layout
                .objects
                .iter()
                .any(|object| object.name != "sqlite_schema" && named(&object.name))
        }
    });
    Ok((sources, log))
}

/// Writes the rows of a table.
fn copy(sources: &[Source], target: &Connection, table: String) -> Result<Rescued> {
    let mut rescued = Rescued {
        table,
        saved: 0,
        rebuilt: 0,
        dropped: 0,
        gaps: 0,
    };
    target.execute_batch("BEGIN")?;
    for (way, source) in sources.iter().enumerate() {
        let Some((n, object)) = source.number(&rescued.table).and_then(|n| {
            let object = source.layout.objects.get(n)?;
            (object.kind != Kind::Index).then_some((n, object))
        }) else {
            continue;
        };
        let number = object.columns.iter().position(|column| column.number);
        let mut inserts = HashMap::new();
        let bad = source.rows(&rescued.table, |key, mut values, fits| {
            if !fits {
                rescued.dropped += 1;
                return Ok(());
            }
            if let Some(value) = number.and_then(|number| values.get_mut(number)) {
                *value = Value::Integer(key);
            }
            let insert = match inserts.entry(values.len()) {
                std::collections::hash_map::Entry::Occupied(there) => there.into_mut(),
                std::collections::hash_map::Entry::Vacant(place) => {
                    let names: Vec<String> = object
                        .columns
                        .iter()
                        .take(values.len())
                        .map(|column| format!("\"{}\"", column.name))
                        .collect();
                    place.insert(target.prepare(&format!(
                        "INSERT OR IGNORE INTO \"{}\" ({}) VALUES ({})",
                        object.name,
                        names.join(", "),
                        vec!["?"; names.len()].join(", ")
                    ))?)
                }
            };
            match insert.execute(params_from_iter(values)) {
                Ok(new) => rescued.saved += new as u64,
                // What was read is no row: a limit is broken.
                Err(error)
                    if error.sqlite_error_code()
                        == Some(rusqlite::ErrorCode::ConstraintViolation) =>
                {
                    rescued.dropped += 1;
                }
                Err(error) => return Err(error.into()),
            }
            Ok(())
        })?;
        if way == 0 {
            rescued.gaps = bad + source.owners.gaps(n);
        }
    }
    target.execute_batch("COMMIT")?;
    Ok(rescued)
}

/// Numbers that were given to rows that are gone do not come again.
fn numbers_given(sources: &[Source], target: &Connection) -> Result<()> {
    for source in sources {
        source.rows("sqlite_sequence", |_, values, _| {
            if let [Value::Text(table), Value::Integer(last)] = values.as_slice() {
                let known = target.execute(
                    "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
                    rusqlite::params![table, last],
                )?;
                if known == 0 {
                    target.execute(
                        "INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2
                         WHERE ?1 IN (SELECT name FROM sqlite_schema WHERE type = 'table')",
                        rusqlite::params![table, last],
                    )?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}
