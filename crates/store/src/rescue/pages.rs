//! The pages of a store's file and of the log beside it, without SQLite: it refuses a file
//! whose beginning is damaged. Offsets and names are those of SQLite's file format.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::schema::log_of;
use crate::{Result, StoreError};

/// SQLite's own size of a page, and ours.
const PAGE: usize = 4_096;
const MAGIC: &[u8] = b"SQLite format 3\0";
/// No page lies over this byte of a file: SQLite locks it.
const PENDING_BYTE: usize = 0x4000_0000;
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// A big-endian number of four bytes.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk::<4>()?))
}

/// What a page is, as the map of pages says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapped {
    /// A tree begins here.
    Root,
    /// Nothing lies here.
    Free,
    /// It holds the rest of a long row.
    Rest,
    /// It belongs to a tree, below this page.
    Below(u32),
}

/// The file's pages, each as the log has it last.
pub(super) struct Pages {
    /// None where only a log is left.
    file: Option<File>,
    log: Option<File>,
    /// Of a page: where the log has it.
    frames: HashMap<u32, u64>,
    size: usize,
    usable: usize,
    count: u32,
    mapped: bool,
    /// The page of the map that was read last.
    map: RefCell<(u32, Vec<u8>)>,
    /// Frames of the log that cannot be read.
    pub(super) lost_frames: u64,
}

impl Pages {
    /// Opens a file and what the log beside it holds.
    ///
    /// # Errors
    /// `Access`.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let access = |error: std::io::Error| StoreError::Access {
            path: path.display().to_string(),
            why: error.to_string(),
        };
        let log = File::open(log_of(path)).ok();
        let file = match (File::open(path), &log) {
            (Ok(file), _) => Some(file),
            (Err(_), Some(_)) => None,
            (Err(error), None) => return Err(access(error)),
        };
        let mut header = [0_u8; 100];
        let read = file.as_ref().is_some_and(|file| {
            file.read_exact_at(&mut header, 0).is_ok() && header.starts_with(MAGIC)
        });
        let [.., high, low] = header.first_chunk::<18>().copied().unwrap_or_default();
        let said = match usize::from(u16::from_be_bytes([high, low])) {
            1 => 65_536,
            size => size,
        };
        let size = if read && said >= 512 && said.is_power_of_two() {
            said
        } else {
            PAGE
        };
        let reserved = match header.get(20) {
            Some(reserved) if read && *reserved < 32 => usize::from(*reserved),
            _ => 0,
        };
        let mut pages = Self {
            file,
            log,
            frames: HashMap::new(),
            size,
            usable: size - reserved,
            count: 0,
            mapped: true,
            map: RefCell::default(),
            lost_frames: 0,
        };
        pages.count = pages.in_file();
        pages.read_log();
        pages.mapped = match u32_at(&header, 52) {
            Some(greatest_root) if read => greatest_root != 0,
            _ => pages
                .page(2)
                .is_none_or(|page| super::tree::Tree::of(&pages, 2, page).is_none()),
        };
        Ok(pages)
    }

    /// Whether the log has anything.
    pub(super) fn has_log(&self) -> bool {
        !self.frames.is_empty()
    }

    /// The same file, as it is without the log.
    ///
    /// # Errors
    /// `Access`.
    pub(super) fn without_log(path: &Path) -> Result<Self> {
        let mut pages = Self::open(path)?;
        pages.frames = HashMap::new();
        pages.map = RefCell::default();
        pages.count = pages.in_file();
        Ok(pages)
    }

    /// How many pages the file has, without the log.
    fn in_file(&self) -> u32 {
        let facts = self.file.as_ref().and_then(|file| file.metadata().ok());
        let length = facts.map_or(0, |facts| facts.len());
        u32::try_from(length / self.size as u64).unwrap_or(u32::MAX)
    }

    /// Bytes of a page that hold something.
    pub(super) fn usable(&self) -> usize {
        self.usable
    }

    /// The number of the last page.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// A page, counted from 1.
    pub(super) fn page(&self, number: u32) -> Option<Vec<u8>> {
        if number == 0 || number > self.count {
            return None;
        }
        let mut page = vec![0; self.size];
        match (self.frames.get(&number), &self.log) {
            (Some(at), Some(log)) => log.read_exact_at(&mut page, *at).ok()?,
            _ => {
                let at = u64::from(number - 1) * self.size as u64;
                self.file.as_ref()?.read_exact_at(&mut page, at).ok()?;
            }
        }
        page.truncate(self.usable);
        Some(page)
    }

    /// The page of the map that has the entry of this one.
    fn map_of(&self, number: u32) -> u32 {
        let group = u32::try_from(self.usable / 5 + 1).unwrap_or(u32::MAX);
        let map = (number - 2) / group * group + 2;
        if map as usize == PENDING_BYTE / self.size + 1 {
            map + 1
        } else {
            map
        }
    }

    /// Whether the page is one of the map, which files have that can give back their free
    /// pages, as ours.
    pub(super) fn is_map(&self, number: u32) -> bool {
        self.mapped && number >= 2 && self.map_of(number) == number
    }

    /// What the map says of a page; nothing where it cannot be so.
    pub(super) fn mapped(&self, number: u32) -> Option<Mapped> {
        if !self.mapped || number < 2 || self.is_map(number) {
            return None;
        }
        let map = self.map_of(number);
        let mut kept = self.map.borrow_mut();
        if kept.0 != map {
            *kept = (map, self.page(map).unwrap_or_default());
        }
        let (_, page) = &*kept;
        let at = usize::try_from(number.checked_sub(map + 1)?).ok()? * 5;
        let kind = *page.get(at)?;
        let parent = u32_at(page, at + 1)?;
        match (kind, parent) {
            (1, 0) => Some(Mapped::Root),
            (2, 0) => Some(Mapped::Free),
            (3 | 4, 1..) if self.covers(parent) => Some(Mapped::Rest),
            (5, 1..) if self.covers(parent) => Some(Mapped::Below(parent)),
            _ => None,
        }
    }

    /// Whether the map reaches so far: a page may be named that was cut off.
    fn covers(&self, number: u32) -> bool {
        number == 1 || self.map_of(number) <= self.count
    }

    /// Takes each page from the log that was committed and is whole. A frame is summed on
    /// from the one before it, as that one says: so damage costs its own frame, not those
    /// behind it.
    fn read_log(&mut self) {
        let Some(log) = &self.log else { return };
        let length = log.metadata().map_or(0, |facts| facts.len());
        let mut header = [0_u8; LOG_HEADER];
        if log.read_exact_at(&mut header, 0).is_err() {
            return;
        }
        let word = |bytes: &[u8], at| u32_at(bytes, at).unwrap_or_default();
        let magic = word(&header, 0);
        let little = magic & 1 == 0;
        let mut sum = (word(&header, 24), word(&header, 28));
        let said = header.first_chunk::<24>().copied().unwrap_or_default();
        let sound = magic & !1 == 0x377f_0682 && checksum((0, 0), &said, little) == sum;
        if sound && word(&header, 8) as usize != self.size {
            return;
        }
        // Where the header cannot be read, the first frame that can be says which
        // generation this is; frames of older ones may follow.
        let mut salts = sound.then(|| (word(&header, 16), word(&header, 20)));
        let little = !sound || little;
        let mut at = LOG_HEADER as u64;
        let mut frame = vec![0_u8; FRAME_HEADER + self.size];
        let (mut frames, mut open) = (HashMap::new(), HashMap::new());
        let mut committed = None;
        let (mut lost, mut lost_before_commit) = (0, 0);
        while at + frame.len() as u64 <= length && log.read_exact_at(&mut frame, at).is_ok() {
            let (head, page) = frame.split_at(FRAME_HEADER);
            let start = head.first_chunk::<8>().copied().unwrap_or_default();
            let summed = checksum(checksum(sum, &start, little), page, little);
            sum = (word(head, 16), word(head, 20));
            let of = (word(head, 8), word(head, 12));
            if summed == sum && salts.is_none_or(|salts| salts == of) {
                salts = Some(of);
                open.insert(word(head, 0), at + FRAME_HEADER as u64);
                let pages = word(head, 4);
                if pages > 0 {
                    frames.extend(open.drain());
                    committed = Some(pages);
                    lost_before_commit = lost;
                }
            } else {
                lost += 1;
            }
            at += frame.len() as u64;
        }
        if let Some(pages) = committed {
            self.frames = frames;
            self.count = pages;
        }
        // What follows the last commit was never answered, or is of an older generation.
        self.lost_frames = lost_before_commit;
    }
}

/// SQLite's checksum of a log, gone on with from `from`.
fn checksum(from: (u32, u32), bytes: &[u8], little: bool) -> (u32, u32) {
    let (mut a, mut b) = from;
    for [w, x, y, z, p, q, r, s] in bytes.as_chunks::<8>().0 {
        let (first, second) = if little {
            (
                u32::from_le_bytes([*w, *x, *y, *z]),
                u32::from_le_bytes([*p, *q, *r, *s]),
            )
        } else {
            (
                u32::from_be_bytes([*w, *x, *y, *z]),
                u32::from_be_bytes([*p, *q, *r, *s]),
            )
        };
        a = a.wrapping_add(first).wrapping_add(b);
        b = b.wrapping_add(second).wrapping_add(a);
    }
    (a, b)
}
