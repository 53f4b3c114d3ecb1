//! One page of a tree, and the rows on it.

use std::collections::HashSet;

use rusqlite::types::Value;

use super::layout::Object;
use super::pages::{Pages, u32_at};

/// A page of a table's or an index's tree.
pub(super) struct Tree {
    bytes: Vec<u8>,
    /// Rows are sorted by what they hold, not by a number beside it.
    pub(super) sorted: bool,
    inner: bool,
    /// Where each cell begins.
    cells: Vec<usize>,
    last_child: u32,
}

/// A row as it lies in a page.
pub(super) struct Row {
    /// The number that its table is sorted by.
    pub(super) number: i64,
    pub(super) values: Vec<Value>,
}

/// A number of one to nine bytes, and how many they are.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (n, byte) in bytes.iter().take(9).enumerate() {
        if n == 8 {
            return Some((value << 8 | u64::from(*byte), 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if *byte < 0x80 {
            return Some((value, n + 1));
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(
        *bytes.get(at..)?.first_chunk::<2>()?,
    )))
}

impl Tree {
    /// Nothing when this is no page of a tree.
    pub(super) fn of(pages: &Pages, number: u32, bytes: Vec<u8>) -> Option<Self> {
        // The first page begins with the header of the file.
        let start = if number == 1 { 100 } else { 0 };
        let (sorted, inner) = match bytes.get(start)? {
            2 => (true, true),
            5 => (false, true),
            10 => (true, false),
            13 => (false, false),
            _ => return None,
        };
        let head = start + if inner { 12 } else { 8 };
        let count = u16_at(&bytes, start + 3)?;
        let content = match u16_at(&bytes, start + 5)? {
            0 => 65_536,
            content => content,
        };
        let end = head + 2 * count;
        if end > content || content > pages.usable() || u16_at(&bytes, start + 1)? >= pages.usable()
        {
            return None;
        }
        let cells: Vec<usize> = (0..count)
            .filter_map(|n| u16_at(&bytes, head + 2 * n))
            .filter(|cell| *cell >= content && *cell < pages.usable())
            .collect();
        if cells.len() < count {
            return None;
        }
        Some(Self {
            last_child: if inner { u32_at(&bytes, start + 8)? } else { 0 },
            bytes,
            sorted,
            inner,
            cells,
        })
    }

    /// The page with this number, when it is one of a tree.
    pub(super) fn read(pages: &Pages, number: u32) -> Option<Self> {
        Self::of(pages, number, pages.page(number)?)
    }

    /// Pages below, in their order, each with the greatest number of a row on it where
    /// the table has numbers.
    pub(super) fn children(&self) -> Vec<(u32, i64)> {
        if !self.inner {
            return Vec::new();
        }
        let mut children: Vec<(u32, i64)> = self
            .cells
            .iter()
            .filter_map(|at| {
                let child = u32_at(&self.bytes, *at)?;
                let number = if self.sorted {
                    i64::MAX
                } else {
                    varint(self.bytes.get(at + 4..)?)?.0.cast_signed()
                };
                Some((child, number))
            })
            .collect();
        children.push((self.last_child, i64::MAX));
        children
    }

    /// The least and the greatest number of a row here.
    pub(super) fn numbers(&self) -> Option<(i64, i64)> {
        if self.sorted || self.inner {
            return None;
        }
        let number = |at: usize| {
            let (_, size) = varint(self.bytes.get(at..)?)?;
            Some(varint(self.bytes.get(at + size..)?)?.0.cast_signed())
        };
        Some((number(*self.cells.first()?)?, number(*self.cells.last()?)?))
    }

    /// How many rows this page has.
    pub(super) fn len(&self) -> usize {
        if self.inner && !self.sorted {
            0
        } else {
            self.cells.len()
        }
    }

    /// The rows; nothing for one that cannot be read.
    pub(super) fn rows<'a>(
        &'a self,
        pages: &'a Pages,
        trees: &'a HashSet<u32>,
    ) -> impl Iterator<Item = Option<Row>> + 'a {
        let cells = self.cells.get(..self.len()).unwrap_or_default();
        cells.iter().map(move |at| self.row(pages, trees, *at))
    }

    /// `trees`: pages that are known to be of a tree; none of them holds the rest of a row.
    fn row(&self, pages: &Pages, trees: &HashSet<u32>, at: usize) -> Option<Row> {
        let mut at = if self.inner { at + 4 } else { at };
        let (size, bytes) = varint(self.bytes.get(at..)?)?;
        let size = usize::try_from(size).ok().filter(|size| *size < 1 << 31)?;
        at += bytes;
        let mut number = 0;
        if !self.sorted {
            let (value, bytes) = varint(self.bytes.get(at..)?)?;
            number = value.cast_signed();
            at += bytes;
        }
        // How much of a row lies here when it is too long for the page.
        let usable = pages.usable();
        let most = if self.sorted {
            (usable - 12) * 64 / 255 - 23
        } else {
            usable - 35
        };
        let least = (usable - 12) * 32 / 255 - 23;
        let here = if size <= most {
            size
        } else {
            let fits = least + (size - least) % (usable - 4);
            if fits <= most { fits } else { least }
        };
        let mut payload = self.bytes.get(at..at + here)?.to_vec();
        let mut next = if size > here {
            u32_at(&self.bytes, at + here)?
        } else {
            0
        };
        while payload.len() < size {
            if trees.contains(&next) || pages.is_map(next) {
                return None;
            }
            let page = pages.page(next)?;
            // No row ends with a page of nothing; a damaged disk does.
            if page.iter().all(|byte| *byte == 0) {
                return None;
            }
            next = u32_at(&page, 0)?;
            let rest = size - payload.len();
            payload.extend(page.get(4..)?.iter().take(rest));
        }
        if next != 0 {
            return None;
        }
        Some(Row {
            number,
            values: record(&payload)?,
        })
    }
}

/// The values of a row; nothing when they are not exactly as long as it says.
fn record(payload: &[u8]) -> Option<Vec<Value>> {
    let (size, mut at) = varint(payload)?;
    let head = payload.get(..usize::try_from(size).ok()?)?;
    let mut body = payload.get(head.len()..)?;
    let mut values = Vec::new();
    while at < head.len() {
        let (kind, bytes) = varint(head.get(at..)?)?;
        at += bytes;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            long => usize::try_from((long - 12) / 2).ok()?,
        };
        let (field, rest) = body.split_at_checked(length)?;
        body = rest;
        values.push(match kind {
            0 => Value::Null,
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            1..=6 => {
                let start = if field.first()? & 0x80 == 0 { 0 } else { -1 };
                let number = field
                    .iter()
                    .fold(start, |number: i64, byte| number << 8 | i64::from(*byte));
                Value::Integer(number)
            }
            7 => Value::Real(f64::from_be_bytes(*field.first_chunk::<8>()?)),
            blob if blob % 2 == 0 => Value::Blob(field.to_vec()),
            _ => Value::Text(String::from_utf8(field.to_vec()).ok()?),
        });
    }
    (body.is_empty() && at == head.len()).then_some(values)
}

/// The first row of a tree.
pub(super) fn first_row(pages: &Pages, object: &Object) -> Option<Row> {
    let mut number = object.root;
    for _ in 0..20 {
        let tree = Tree::read(pages, number)?;
        if let Some(row) = tree.rows(pages, &HashSet::new()).next() {
            return row;
        }
        number = tree.children().first()?.0;
    }
    None
}
