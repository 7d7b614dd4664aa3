//! Shared features: what an item has in common with others, and with the user.

use std::collections::BTreeMap;

use habitue_core::{Catalogue, CategoryId, ItemId};

/// Items by their set of categories: items of one kind have the same shared features for a user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kinds {
    of_item: Vec<u32>,
    sets: Vec<Vec<CategoryId>>,
    known: BTreeMap<Vec<CategoryId>, u32>,
}

impl Kinds {
    /// Takes in items that joined the catalogue.
    pub(crate) fn extend(&mut self, catalogue: &Catalogue) {
        for item in &catalogue.items()[self.of_item.len()..] {
            let mut set = item.categories.clone();
            set.sort_unstable();
            let next = self.sets.len() as u32;
            let kind = *self.known.entry(set.clone()).or_insert(next);
            if kind == next {
                self.sets.push(set);
            }
            self.of_item.push(kind);
        }
    }

    /// The kind of an item; `None` for one that joined since the last `extend`.
    pub(crate) fn of(&self, item: ItemId) -> Option<usize> {
        self.of_item.get(item.index()).map(|kind| *kind as usize)
    }

    /// Category sets by kind.
    pub(crate) fn sets(&self) -> &[Vec<CategoryId>] {
        &self.sets
    }
}

/// The shared features of items for one user.
#[derive(Debug, Clone)]
pub(crate) struct Features {
    /// Categories the model has features for.
    categories: usize,
    /// Shape `[categories]`, unit length or zeros.
    profile: Vec<f64>,
}

impl Features {
    /// Number of shared features of a model with so many categories.
    pub(crate) fn count(categories: usize) -> usize {
        1 + 2 * categories
    }

    /// For a user with this profile, shape `[categories]`.
    pub(crate) fn new(profile: Vec<f64>) -> Self {
        Self { categories: profile.len(), profile }
    }

    /// Nonzero features (index, value) of an item with these categories. Categories the model does not know have none.
    pub(crate) fn of(&self, categories: &[CategoryId]) -> Vec<(usize, f64)> {
        let scale = 1.0 / (categories.len() as f64).sqrt();
        let mut features = vec![(0, 1.0)];
        for category in categories.iter().map(|category| category.index()) {
            if category >= self.categories {
                continue;
            }
            features.push((1 + category, scale));
            let affinity = self.profile[category];
            if affinity > 0.0 {
                features.push((1 + self.categories + category, scale * affinity));
            }
        }
        features
    }
}
