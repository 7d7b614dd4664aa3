//! What users and policies can see of the world: the state at the start of the window.

use serde::{Deserialize, Serialize};

use crate::action::ActionScale;
use crate::catalogue::Catalogue;
use crate::ids::ItemId;
use crate::time::SimTime;
use crate::turn::Turn;

/// Public counters of one item.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ItemCounters {
    /// Times shown.
    pub impressions: u32,
    /// Times engaged with (action at or above the scenario's `engaged`).
    pub engagements: u32,
    /// Sum of ratings given, those from before the run included.
    pub rating_sum: f32,
    /// Number of ratings given, those from before the run included.
    pub ratings: u32,
}

/// Public counters of all items as of the window's start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ItemStats {
    counters: Vec<ItemCounters>,
    popularity: Vec<f32>,
}

impl ItemStats {
    /// Counters of an item; zeros for one never shown.
    pub fn get(&self, item: ItemId) -> ItemCounters {
        self.counters.get(item.index()).copied().unwrap_or_default()
    }

    /// Popularity as users perceive it, 0 to 1: ln(1 + engagements) over ln(1 + the largest number of engagements of
    /// any item); 0 while nobody has engaged with anything.
    pub fn popularity(&self, item: ItemId) -> f32 {
        self.popularity.get(item.index()).copied().unwrap_or(0.0)
    }

    /// Counts the turns of a window.
    pub fn merge(&mut self, turns: &[Turn], scale: &ActionScale) {
        for impression in turns.iter().flat_map(|turn| &turn.impressions) {
            let engaged = scale.is_engaged(impression.action);
            let counters = self.counters_mut(impression.item);
            counters.impressions += 1;
            counters.engagements += u32::from(engaged);
            if impression.rating > 0 {
                counters.ratings += 1;
                counters.rating_sum += f32::from(impression.rating);
            }
        }
        if !turns.is_empty() {
            self.refresh_popularity();
        }
    }

    /// Counts interactions from before the run as engagements.
    pub fn seed(&mut self, interactions: impl IntoIterator<Item = (ItemId, Option<f32>)>) {
        for (item, rating) in interactions {
            let counters = self.counters_mut(item);
            counters.impressions += 1;
            counters.engagements += 1;
            if let Some(rating) = rating {
                counters.ratings += 1;
                counters.rating_sum += rating;
            }
        }
        self.refresh_popularity();
    }

    /// Users ask for the popularity of every item they look at, so it is computed once per window.
    fn refresh_popularity(&mut self) {
        let most = self.counters.iter().map(|counters| counters.engagements).max().unwrap_or(0);
        let scale = if most == 0 { 0.0 } else { 1.0 / (most as f32).ln_1p() };
        self.popularity.clear();
        self.popularity
            .extend(self.counters.iter().map(|counters| (counters.engagements as f32).ln_1p() * scale));
    }

    fn counters_mut(&mut self, item: ItemId) -> &mut ItemCounters {
        if self.counters.len() <= item.index() {
            self.counters.resize(item.index() + 1, ItemCounters::default());
        }
        &mut self.counters[item.index()]
    }
}

/// A read-only view of the world at the start of a window.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// All items there have ever been.
    pub catalogue: &'a Catalogue,
    /// Items that can be shown now, in order of id.
    pub available: &'a [ItemId],
    /// Public counters.
    pub stats: &'a ItemStats,
    /// The action scale.
    pub scale: &'a ActionScale,
    /// Start of the window.
    pub now: SimTime,
}
