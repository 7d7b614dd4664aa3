//! What is known of items.

use habitue_core::{Item, Persona};

use super::Popularity;

/// Items by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Items {
    categories: Vec<u16>,
    /// Where the categories of every item begin; one more at the end.
    starts: Vec<u32>,
    /// Of unit length, shape `[items, dimensions]`; an item without direction has zeros.
    embeddings: Vec<f32>,
    dimensions: usize,
    /// Occurrences in histories.
    histories: Vec<u64>,
}

impl Items {
    pub(crate) fn push(&mut self, item: &Item) {
        if self.starts.is_empty() {
            self.starts.push(0);
            self.dimensions = item.embedding.len();
        }
        self.categories.extend(item.categories.iter().map(|category| category.0));
        self.starts.push(self.categories.len() as u32);
        let length = item.embedding.iter().map(|number| number * number).sum::<f32>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        self.embeddings.extend(item.embedding.iter().map(|number| number * scale));
        self.histories.push(0);
    }

    /// Counts a history.
    pub(crate) fn count(&mut self, persona: &Persona) {
        for one in &persona.history {
            if let Some(count) = self.histories.get_mut(one.item.index()) {
                *count += 1;
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.histories.len()
    }

    /// Categories of an item, and the mass that makes them a vector of unit length.
    pub(crate) fn categories(&self, item: usize) -> (&[u16], f32) {
        let own = &self.categories[self.starts[item] as usize..self.starts[item + 1] as usize];
        (own, 1.0 / (own.len().max(1) as f32).sqrt())
    }

    /// Mean number of categories of an item.
    pub(super) fn categories_per_item(&self) -> f64 {
        self.categories.len() as f64 / self.len().max(1) as f64
    }

    /// The embedding of an item; empty if items have none.
    pub(super) fn embedding(&self, item: usize) -> &[f32] {
        self.embeddings.get(item * self.dimensions..(item + 1) * self.dimensions).unwrap_or(&[])
    }

    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// How popular items are: by histories if there are any, else as often as they were `engaged` with.
    pub(super) fn popularity(&self, engaged: &[u64]) -> (Popularity, Vec<u64>) {
        if self.histories.iter().any(|count| *count > 0) {
            (Popularity::Histories, self.histories.clone())
        } else {
            (Popularity::Run, engaged.to_vec())
        }
    }
}
