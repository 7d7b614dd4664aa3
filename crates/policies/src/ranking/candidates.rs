//! What can be shown, with scores.

use habitue_core::ItemId;

use super::plackett_luce::Weights;

/// The items available in a window, and where each stands among them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    items: Vec<ItemId>,
    /// Position by item id; [`ABSENT`] if not available.
    positions: Vec<u32>,
}

const ABSENT: u32 = u32::MAX;

impl Pool {
    /// A pool of these items, in order of id.
    pub(crate) fn new(items: Vec<ItemId>) -> Self {
        let length = items.last().map_or(0, |last| last.index() + 1);
        let mut positions = vec![ABSENT; length];
        for (at, item) in items.iter().enumerate() {
            positions[item.index()] = at as u32;
        }
        Self { items, positions }
    }

    /// The items.
    pub(crate) fn items(&self) -> &[ItemId] {
        &self.items
    }

    /// Where an item stands among the items.
    pub(crate) fn position(&self, item: ItemId) -> Option<u32> {
        self.positions.get(item.index()).copied().filter(|at| *at != ABSENT)
    }
}

/// Scores that are the same for everybody, with what can be computed from them once per window.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedScores {
    values: Vec<f32>,
    /// Positions by descending score, ties by position.
    order: Vec<u32>,
    weights: Option<Weights>,
}

impl SharedScores {
    /// Prepares the scores, shape `[pool]`; the weights of a Plackett-Luce draw only if its temperature is given.
    pub(crate) fn new(values: Vec<f32>, temperature: Option<f64>) -> Self {
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_by(|a, b| values[*b as usize].total_cmp(&values[*a as usize]));
        let weights = temperature.map(|temperature| Weights::new(&values, temperature, |_| false));
        Self { values, order, weights }
    }

    /// The scores as candidates.
    pub(crate) fn candidates(&self) -> Candidates<'_> {
        Candidates {
            len: self.values.len(),
            values: &self.values,
            order: Some(&self.order),
            weights: self.weights.as_ref(),
        }
    }
}

/// Candidates by position, with their scores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidates<'a> {
    /// Number of candidates.
    pub(crate) len: usize,
    /// Scores, shape `[len]`; empty where nobody asks for them (uniform draws).
    pub(crate) values: &'a [f32],
    /// All positions by descending score, if known.
    pub(crate) order: Option<&'a [u32]>,
    /// Weights of the Plackett-Luce draw, if known.
    pub(crate) weights: Option<&'a Weights>,
}

impl<'a> Candidates<'a> {
    /// Scores of one request.
    pub(crate) fn personal(values: &'a [f32]) -> Self {
        Self { len: values.len(), values, order: None, weights: None }
    }

    /// Candidates without scores.
    pub(crate) fn unscored(len: usize) -> Self {
        Self { len, values: &[], order: None, weights: None }
    }
}
