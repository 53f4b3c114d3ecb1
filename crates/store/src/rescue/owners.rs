//! Which page belongs to which table: by the trees from their beginnings down; where a
//! page between cannot be read, by the map of pages, which says what is above each; and
//! where that cannot be read either, by what the rows look like.

use std::collections::{HashMap, HashSet};

use super::layout::{Kind, Object};
use super::pages::{Mapped, Pages};
use super::tree::Tree;

/// Pages between a row and the beginning of its tree.
const DEPTH: usize = 30;

/// The pages of each object, in the order of the objects.
pub(super) struct Owners {
    pages: Vec<Vec<u32>>,
    gaps: Vec<HashSet<u32>>,
    owner: HashMap<u32, usize>,
    trees: HashSet<u32>,
    /// Places where the file contradicts itself.
    contradictions: u64,
}

impl Owners {
    /// Looks at every page.
    pub(super) fn find(pages: &Pages, objects: &[Object]) -> Self {
        let mut found = Self::by_trees(pages, objects);
        for page in found.by_map(pages, objects) {
            if !found.owner.contains_key(&page)
                && let Some(n) = found.alike(pages, objects, page)
            {
                found.take(page, n);
            }
        }
        found
    }

    /// What the trees say, from their beginnings down.
    pub(super) fn by_trees(pages: &Pages, objects: &[Object]) -> Self {
        let mut found = Self {
            pages: vec![Vec::new(); objects.len()],
            gaps: vec![HashSet::new(); objects.len()],
            owner: HashMap::new(),
            trees: HashSet::new(),
            contradictions: 0,
        };
        for (n, object) in objects.iter().enumerate() {
            if object.root > 0 {
                found.walk(pages, objects, n, object.root, 0);
            }
        }
        found
    }

    /// Adds what the map of pages says of the rest. Answers the pages of which it says
    /// nothing.
    pub(super) fn by_map(&mut self, pages: &Pages, objects: &[Object]) -> Vec<u32> {
        let roots: HashMap<u32, usize> = objects
            .iter()
            .enumerate()
            .filter(|(_, object)| object.root > 0)
            .map(|(n, object)| (object.root, n))
            .collect();
        let mut strays = Vec::new();
        for page in 2..=pages.count() {
            if self.owner.contains_key(&page) || pages.is_map(page) {
                continue;
            }
            match pages.mapped(page) {
                Some(Mapped::Below(above)) => match self.above(pages, &roots, above) {
                    Some(n) => self.walk(pages, objects, n, page, above),
                    None => strays.push(page),
                },
                Some(Mapped::Root | Mapped::Free | Mapped::Rest) => {}
                None => strays.push(page),
            }
        }
        strays
    }

    /// The pages of an object that can be read.
    pub(super) fn pages(&self, object: usize) -> &[u32] {
        self.pages.get(object).map_or(&[], Vec::as_slice)
    }

    /// How many pages of an object cannot be read.
    pub(super) fn gaps(&self, object: usize) -> u64 {
        self.gaps.get(object).map_or(0, |gaps| gaps.len() as u64)
    }

    /// All pages that belong to a tree.
    pub(super) fn trees(&self) -> &HashSet<u32> {
        &self.trees
    }

    /// In how many places the file contradicts itself.
    pub(super) fn contradictions(&self) -> u64 {
        self.contradictions
    }

    fn take(&mut self, page: u32, object: usize) {
        self.owner.insert(page, object);
        self.trees.insert(page);
        if let Some(pages) = self.pages.get_mut(object) {
            pages.push(page);
        }
    }

    /// Takes a page and all below it for an object.
    fn walk(&mut self, pages: &Pages, objects: &[Object], n: usize, from: u32, above: u32) {
        let Some(object) = objects.get(n) else { return };
        let mut open = vec![(from, above, i64::MIN, i64::MAX)];
        while let Some((page, above, low, high)) = open.pop() {
            if self.owner.contains_key(&page) {
                self.contradictions += 1;
                continue;
            }
            let tree = Tree::read(pages, page)
                .filter(|tree| tree.sorted == (object.kind != Kind::Numbered));
            let Some(tree) = tree else {
                // A page that is not there is missing, no more.
                self.contradictions += u64::from(pages.page(page).is_some());
                if let Some(gaps) = self.gaps.get_mut(n) {
                    gaps.insert(page);
                }
                continue;
            };
            let elsewhere = above > 0
                && pages
                    .mapped(page)
                    .is_some_and(|mapped| mapped != Mapped::Below(above));
            let outside = tree
                .numbers()
                .is_some_and(|(first, last)| first < low || last > high);
            self.contradictions += u64::from(elsewhere) + u64::from(outside);
            self.take(page, n);
            let mut low = low;
            let mut below = Vec::new();
            for (child, last) in tree.children() {
                below.push((child, page, low, last.min(high)));
                low = last.saturating_add(1);
            }
            open.extend(below.into_iter().rev());
        }
    }

    /// The object to whose tree a page belongs.
    fn above(&self, pages: &Pages, roots: &HashMap<u32, usize>, page: u32) -> Option<usize> {
        let mut page = page;
        for _ in 0..DEPTH {
            if let Some(object) = self.owner.get(&page).or_else(|| roots.get(&page)) {
                return Some(*object);
            }
            match pages.mapped(page)? {
                Mapped::Below(above) => page = above,
                _ => return None,
            }
        }
        None
    }

    /// The one object of which all rows of a page can be.
    fn alike(&self, pages: &Pages, objects: &[Object], page: u32) -> Option<usize> {
        let tree = Tree::read(pages, page).filter(|tree| tree.len() > 0)?;
        let rows: Vec<_> = tree.rows(pages, &self.trees).collect::<Option<_>>()?;
        let mut alike = objects.iter().enumerate().filter(|(_, object)| {
            tree.sorted == (object.kind != Kind::Numbered)
                && rows.iter().all(|row| object.fits(&row.values))
        });
        let (n, _) = alike.next()?;
        alike.next().is_none().then_some(n)
    }
}
