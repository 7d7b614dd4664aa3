//! Which items can be shown now.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use habitue_core::{Catalogue, ItemId, SimTime};

/// The items that can be shown, and those that are yet to be published.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    /// In order of id.
    available: Vec<ItemId>,
    /// By item id.
    is_available: Vec<bool>,
    upcoming: BinaryHeap<Reverse<(SimTime, ItemId)>>,
    /// Taken away for good, sorted.
    removed: Vec<ItemId>,
}

impl Shelf {
    /// What is published by now and was not removed.
    pub(crate) fn new(catalogue: &Catalogue, now: SimTime, removed: Vec<ItemId>) -> Self {
        let mut shelf = Self {
            available: Vec::new(),
            is_available: vec![false; catalogue.len()],
            upcoming: BinaryHeap::new(),
            removed,
        };
        for (at, item) in catalogue.items().iter().enumerate() {
            let id = ItemId(at as u32);
            if shelf.removed.binary_search(&id).is_ok() {
                continue;
            }
            if item.published <= now {
                shelf.available.push(id);
                shelf.is_available[at] = true;
            } else {
                shelf.upcoming.push(Reverse((item.published, id)));
            }
        }
        shelf
    }

    /// Items that can be shown, in order of id.
    pub(crate) fn available(&self) -> &[ItemId] {
        &self.available
    }

    /// Whether an item can be shown; also asked for ids that no item has.
    pub(crate) fn has(&self, item: ItemId) -> bool {
        self.is_available.get(item.index()).copied().unwrap_or(false)
    }

    /// Items taken away, in order of id.
    pub(crate) fn removed(&self) -> &[ItemId] {
        &self.removed
    }

    /// When the next item comes, if there is one to come.
    pub(crate) fn next(&self) -> Option<SimTime> {
        self.upcoming.peek().map(|Reverse((time, _))| *time)
    }

    /// Publishes what is due. Returns whether anything was.
    pub(crate) fn publish(&mut self, now: SimTime) -> bool {
        let before = self.available.len();
        while let Some(Reverse((time, item))) = self.upcoming.peek().copied()
            && time <= now
        {
            self.upcoming.pop();
            if self.removed.binary_search(&item).is_err() {
                self.available.push(item);
                self.is_available[item.index()] = true;
            }
        }
        let any = self.available.len() > before;
        if any {
            self.available.sort_unstable();
        }
        any
    }

    /// Takes in an item that joined the catalogue; it can be shown once `publish` finds it due.
    pub(crate) fn add(&mut self, item: ItemId, published: SimTime) {
        self.is_available.resize(item.index() + 1, false);
        self.upcoming.push(Reverse((published, item)));
    }

    /// Takes an item away for good. Returns whether it was still there.
    pub(crate) fn remove(&mut self, item: ItemId) -> bool {
        let Err(at) = self.removed.binary_search(&item) else { return false };
        self.removed.insert(at, item);
        self.is_available[item.index()] = false;
        if let Ok(at) = self.available.binary_search(&item) {
            self.available.remove(at);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::Item;

    use super::*;

    fn catalogue(published: &[i64]) -> Catalogue {
        let mut catalogue = Catalogue::new();
        let any = catalogue.category("any");
        for (at, time) in published.iter().enumerate() {
            let item = Item {
                key: at.to_string(),
                categories: vec![any],
                published: SimTime(*time),
                ..Item::default()
            };
            catalogue.push(item).unwrap();
        }
        catalogue
    }

    fn ids(shelf: &Shelf) -> Vec<u32> {
        shelf.available().iter().map(|item| item.0).collect()
    }

    #[test]
    fn items_come_when_published_and_go_when_removed() {
        let mut shelf = Shelf::new(&catalogue(&[50, -9, 10, 0, 70]), SimTime(0), Vec::new());
        assert_eq!(ids(&shelf), [1, 3]);
        assert!(!shelf.publish(SimTime(9)) && shelf.publish(SimTime(10)));
        assert_eq!(ids(&shelf), [1, 2, 3]);
        assert!(shelf.remove(ItemId(1)) && !shelf.remove(ItemId(1)) && shelf.remove(ItemId(4)));
        shelf.add(ItemId(5), SimTime(60));
        shelf.publish(SimTime(100));
        assert_eq!(ids(&shelf), [0, 2, 3, 5]);
        assert!(
            shelf.has(ItemId(5)) && !shelf.has(ItemId(1)) && !shelf.has(ItemId(4)) && !shelf.has(ItemId(99))
        );
    }

    #[test]
    fn a_shelf_made_later_is_the_same() {
        let catalogue = catalogue(&[50, -9, 10, 0]);
        let mut early = Shelf::new(&catalogue, SimTime(0), Vec::new());
        early.remove(ItemId(0));
        early.publish(SimTime(60));
        let late = Shelf::new(&catalogue, SimTime(60), early.removed().to_vec());
        assert_eq!(ids(&early), ids(&late));
        assert_eq!(early.is_available, late.is_available);
    }
}
