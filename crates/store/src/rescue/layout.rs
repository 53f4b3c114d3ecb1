//! What a file has in it and where each tree begins: as its own list of tables says, and
//! where that cannot be read, as a file made by the same migrations has it. Files that can
//! give back their free pages keep the beginnings of trees at the front, in the order in
//! which they were made, so another file's are the same.

use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::owners::Owners;
use super::pages::Pages;
use super::tree::{Tree, first_row};
use crate::{Result, schema};

/// How rows lie in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A table whose rows have a number beside them.
    Numbered,
    /// A table that is sorted by its key (WITHOUT ROWID).
    Sorted,
    /// An index.
    Index,
}

/// What may stand in a column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    kind: String,
    optional: bool,
    /// It is the number beside the row.
    pub(super) number: bool,
}

/// A table or an index.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) name: String,
    /// The page where it begins; 0 where that is not known.
    pub(super) root: u32,
    pub(super) kind: Kind,
    /// In the order in which they are written.
    pub(super) columns: Vec<Column>,
}

/// Columns whose text is JSON, which nothing else may stand in: by table and name.
const JSON: &[(&str, &str)] = &[
    ("journal", "change"),
    ("log_chunks", "data"),
    ("service_states", "state"),
    ("workload_states", "state"),
];

impl Object {
    /// Whether a row that fits can be read: a text that lost its end has the right kind
    /// too, and would stop whoever reads the journal.
    pub(super) fn is_readable(&self, values: &[Value]) -> bool {
        values.iter().zip(&self.columns).all(|(value, column)| {
            let is_json = JSON.contains(&(&self.name, &column.name));
            match value {
                Value::Text(text) if is_json => {
                    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
                }
                _ => true,
            }
        })
    }

    /// Whether this can be one of its rows.
    pub(super) fn fits(&self, values: &[Value]) -> bool {
        !values.is_empty()
            // A column that was added later is not there in older rows.
            && values.len() <= self.columns.len()
            && values.iter().zip(&self.columns).all(|(value, column)| {
                if column.number {
                    return *value == Value::Null;
                }
                match (value, column.kind.as_str()) {
                    (Value::Null, _) => column.optional,
                    (_, "")
                    | (Value::Integer(_), "INTEGER" | "REAL")
                    | (Value::Real(_), "REAL")
                    | (Value::Text(_), "TEXT")
                    | (Value::Blob(_), "BLOB") => true,
                    _ => false,
                }
            })
    }
}

/// What a file with the migrations up to one has.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The newest migration.
    pub(super) newest: i64,
    pub(super) objects: Vec<Object>,
    /// The whole list of tables was read from the file.
    pub(super) known: bool,
}

/// Columns of a table or an index, by a query that has the table as ?1 and either as ?2.
fn columns(
    conn: &Connection,
    sql: &str,
    table: &str,
    index: &str,
) -> rusqlite::Result<Vec<Column>> {
    conn.prepare(sql)?
        .query_map([table, index], |row| {
            Ok(Column {
                name: row.get(0)?,
                kind: row.get(1)?,
                optional: row.get(2)?,
                number: row.get(3)?,
            })
        })?
        .collect()
}

/// Everything that an open file has.
fn objects(conn: &Connection) -> rusqlite::Result<Vec<Object>> {
    let listed: Vec<(String, String, String, u32)> = conn
        .prepare("SELECT type, name, tbl_name, rootpage FROM sqlite_schema WHERE rootpage > 0 ORDER BY rowid")?
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut objects = Vec::new();
    for (what, name, table, root) in listed {
        let sorted: bool = conn.query_row(
            "SELECT wr FROM pragma_table_list WHERE name = ?1",
            [&table],
            |row| row.get(0),
        )?;
        let (kind, sql) = if what == "index" {
            (
                Kind::Index,
                "SELECT coalesce(x.name, ''), CASE x.cid WHEN -2 THEN '' WHEN -1 THEN 'INTEGER' ELSE t.type END,
                        CASE x.cid WHEN -2 THEN 1 WHEN -1 THEN 0 ELSE t.\"notnull\" = 0 AND t.pk = 0 END, 0
                 FROM pragma_index_xinfo(?2) x LEFT JOIN pragma_table_info(?1) t ON t.cid = x.cid
                 ORDER BY x.seqno",
            )
        } else if sorted {
            (
                Kind::Sorted,
                "SELECT name, type, \"notnull\" = 0 AND pk = 0, 0 FROM pragma_table_info(?1)
                 WHERE ?1 = ?2 ORDER BY pk = 0, pk, cid",
            )
        } else {
            (
                Kind::Numbered,
                "SELECT name, type, \"notnull\" = 0 AND pk = 0, pk = 1 AND type = 'INTEGER'
                    AND (SELECT count(*) FROM pragma_table_info(?1) WHERE pk > 0) = 1
                 FROM pragma_table_info(?1) WHERE ?1 = ?2 ORDER BY cid",
            )
        };
        let columns = columns(conn, sql, &table, &name)?;
        objects.push(Object {
            name,
            root,
            kind,
            columns,
        });
    }
    Ok(objects)
}

/// The list of tables itself.
fn list_of_tables() -> Object {
    let columns = [
        ("type", "TEXT", false),
        ("name", "TEXT", false),
        ("tbl_name", "TEXT", false),
        ("rootpage", "INTEGER", false),
        ("sql", "TEXT", true),
    ];
    Object {
        name: "sqlite_schema".to_owned(),
        root: 1,
        kind: Kind::Numbered,
        columns: columns
            .map(|(name, kind, optional)| Column {
                name: name.to_owned(),
                kind: kind.to_owned(),
                optional,
                number: false,
            })
            .into(),
    }
}

/// Of each table and index that the file lists, where it begins; and whether the whole
/// list could be read.
fn listed(pages: &Pages) -> (HashMap<String, u32>, bool) {
    let list = [list_of_tables()];
    let mut owners = Owners::by_trees(pages, &list);
    let mut whole = owners.gaps(0) == 0;
    if !whole {
        owners.by_map(pages, &list);
    }
    let mut roots = HashMap::new();
    for page in owners.pages(0) {
        let Some(tree) = Tree::read(pages, *page) else {
            continue;
        };
        for row in tree.rows(pages, owners.trees()) {
            match row.as_ref().map(|row| row.values.as_slice()) {
                Some([_, Value::Text(name), _, Value::Integer(root), ..]) => {
                    // A trigger begins nowhere.
                    if let Ok(root) = u32::try_from(*root)
                        && root > 0
                    {
                        roots.insert(name.clone(), root);
                    }
                }
                _ => whole = false,
            }
        }
    }
    (roots, whole)
}

/// Whether a tree of this kind begins where it is said: nothing where that page cannot be read.
fn begins(pages: &Pages, object: &Object) -> Option<bool> {
    let tree = Tree::read(pages, object.root)?;
    let fits = tree.sorted == (object.kind != Kind::Numbered)
        && first_row(pages, object).is_none_or(|row| object.fits(&row.values));
    Some(fits)
}

/// The newest migration that the file says it has.
fn newest_migration(pages: &Pages, root: u32, migrations: &Object) -> Option<i64> {
    let tree = Tree::read(pages, root).filter(|tree| !tree.sorted)?;
    tree.rows(pages, &std::collections::HashSet::new())
        .flatten()
        .filter(|row| migrations.fits(&row.values))
        .map(|row| row.number)
        .max()
}

/// What the file has: of all that the migrations can have made, what agrees best with it.
///
/// # Errors
/// When a store cannot be made in memory.
pub(super) fn of(pages: &Pages) -> Result<Layout> {
    let (roots, known) = listed(pages);
    let mut latest = Layout {
        newest: schema::newest(),
        objects: objects(&schema::in_memory(schema::newest())?)?,
        known,
    };
    // They are noted in the first table that is made.
    let noted = latest.objects.iter().find(|it| it.name == "migrations");
    let noted = noted.and_then(|migrations| {
        let root = roots.get(&migrations.name).unwrap_or(&migrations.root);
        newest_migration(pages, *root, migrations)
    });
    let mut best = None;
    for newest in schema::migrations() {
        if noted.is_some_and(|noted| noted != newest && noted <= schema::newest()) {
            continue;
        }
        let conn = schema::in_memory(newest)?;
        let fresh = objects(&conn)?;
        // As a file is that was turned into one that can give back its free pages.
        conn.execute_batch("VACUUM")?;
        for mut objects in [fresh, objects(&conn)?] {
            let score = settle(pages, &roots, known, &mut objects);
            if best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((
                    score,
                    Layout {
                        newest,
                        objects,
                        known,
                    },
                ));
            }
        }
    }
    if let Some((_, layout)) = best {
        latest = layout;
    }
    if let Some(noted) = noted.filter(|noted| *noted > schema::newest()) {
        latest.newest = noted;
    }
    // Its pages belong to no other.
    latest.objects.push(list_of_tables());
    Ok(latest)
}

/// Takes what the file lists, and for the rest looks whether it is there. Answers how well
/// both agree.
fn settle(pages: &Pages, roots: &HashMap<String, u32>, known: bool, objects: &mut [Object]) -> i64 {
    let mut score = 0;
    for object in objects.iter_mut() {
        match roots.get(&object.name) {
            Some(root) => {
                score += if *root == object.root { 2 } else { 1 };
                object.root = *root;
            }
            None if known => {
                score -= 1;
                object.root = 0;
            }
            None => match begins(pages, object) {
                Some(true) => score += 1,
                Some(false) => {
                    score -= 1;
                    object.root = 0;
                }
                None => {}
            },
        }
    }
    let named = |name: &String| objects.iter().any(|object| object.name == *name);
    let others = roots.keys().filter(|name| !named(name)).count();
    score - i64::try_from(others).unwrap_or(i64::MAX)
}
