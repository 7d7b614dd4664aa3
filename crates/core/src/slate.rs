//! What a policy shows, and with which probability.

use serde::{Deserialize, Serialize};

use crate::ids::ItemId;

/// One position of a slate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SlateItem {
    /// The item.
    pub item: ItemId,
    /// Probability of this item at this position given the items at the positions before; in (0, 1], 1 for a
    /// deterministic policy.
    pub propensity: f32,
}

/// A ranked list of different items. Empty only while the recommender is out of service, or from a
/// policy that [`shows_nothing_at_times`](crate::Policy::shows_nothing_at_times).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Slate {
    /// The items, first position first.
    pub items: Vec<SlateItem>,
    /// Natural logarithm of the probability of the whole ordered slate: the sum of the logarithms of the
    /// conditional propensities; 0 for a deterministic policy.
    pub log_propensity: f64,
    /// A sentence of the recommender to the user.
    pub reply: Option<String>,
}

impl Slate {
    /// A slate that was chosen with certainty.
    pub fn certain(items: impl IntoIterator<Item = ItemId>) -> Self {
        let items = items.into_iter().map(|item| SlateItem { item, propensity: 1.0 }).collect();
        Self { items, log_propensity: 0.0, reply: None }
    }
}
