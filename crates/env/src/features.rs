//! What an item is, in numbers.

use habitue_core::{Catalogue, ItemId};
use habitue_sim::{Life, Lives};

/// Numbers of all items: their embeddings if they have any, else their categories, each with 1 over the square root of
/// their number, so that all items have length 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ItemFeatures {
    pub(crate) width: usize,
    /// Shape `[items, width]`.
    pub(crate) values: Vec<f32>,
}

impl ItemFeatures {
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let items = catalogue.items();
        if let Some(first) = items.first().filter(|first| !first.embedding.is_empty()) {
            let values = items.iter().flat_map(|item| item.embedding.iter().copied()).collect();
            return Self { width: first.embedding.len(), values };
        }
        let width = catalogue.categories().len();
        let mut values = vec![0.0; items.len() * width];
        for (item, row) in items.iter().zip(values.chunks_mut(width.max(1))) {
            let value = 1.0 / (item.categories.len() as f32).sqrt();
            item.categories.iter().for_each(|category| row[category.index()] = value);
        }
        Self { width, values }
    }

    /// The available items nearest to a point, nearest first, of equally near ones the one with the least id (Dulac-Arnold
    /// et al. 2015, Wolpertinger, without its critic).
    pub(crate) fn nearest(
        &self,
        lives: &Lives,
        life: &Life,
        point: &[f32],
        wanted: usize,
        out: &mut Vec<ItemId>,
    ) {
        let available = lives.world(life).available;
        let distance = |item: &ItemId| -> f32 {
            let row = &self.values[item.index() * self.width..][..self.width];
            row.iter().zip(point).map(|(value, wanted)| (value - wanted) * (value - wanted)).sum()
        };
        let mut near: Vec<(f32, ItemId)> = available.iter().map(|item| (distance(item), *item)).collect();
        let order = |a: &(f32, ItemId), b: &(f32, ItemId)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if near.len() > wanted {
            near.select_nth_unstable_by(wanted, order);
            near.truncate(wanted);
        }
        near.sort_unstable_by(order);
        out.clear();
        out.extend(near.into_iter().map(|(_, item)| item));
    }
}
