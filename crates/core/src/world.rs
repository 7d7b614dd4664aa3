//! What users and policies can see of the world: the state at the start of the window.

use std::ops::Range;

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
    /// ln(1 + engagements) by item.
    logs: Vec<f32>,
    /// 1 / ln(1 + the largest number of engagements), or 0.
    scale: f32,
    /// The largest number of engagements of any item.
    most: u32,
}

impl ItemStats {
    /// Counters of an item; zeros for one never shown.
    pub fn get(&self, item: ItemId) -> ItemCounters {
        self.counters.get(item.index()).copied().unwrap_or_default()
    }

    /// Popularity as users perceive it, 0 to 1: ln(1 + engagements) over ln(1 + the largest number of engagements of
    /// any item); 0 while nobody has engaged with anything.
    pub fn popularity(&self, item: ItemId) -> f32 {
        self.logs.get(item.index()).copied().unwrap_or(0.0) * self.scale
    }

    /// Engagements with the item that has most of them.
    pub const fn most_engagements(&self) -> u32 {
        self.most
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
        // A window of one turn must not cost a pass over all items.
        if turns.len() < self.counters.len() / 64 {
            for impression in turns.iter().flat_map(|turn| &turn.impressions) {
                if scale.is_engaged(impression.action) {
                    self.refresh_popularity(impression.item.index()..impression.item.index() + 1);
                }
            }
        } else {
            self.refresh_popularity(0..self.counters.len());
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
        self.refresh_popularity(0..self.counters.len());
    }

    /// Users ask for the popularity of every item they look at, so its logarithm is computed once per window.
    fn refresh_popularity(&mut self, items: Range<usize>) {
        self.logs.resize(self.counters.len(), 0.0);
        let mut most = self.most;
        for (counters, log) in self.counters[items.clone()].iter().zip(&mut self.logs[items]) {
            *log = (counters.engagements as f32).ln_1p();
            most = most.max(counters.engagements);
        }
        if most > self.most {
            self.most = most;
            self.scale = 1.0 / (most as f32).ln_1p();
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, ArmId, Decider, Impression, Mindset, Move, SimDuration, UserId};

    fn turn(items: &[(u32, u8)]) -> Turn {
        let impression = |&(item, action)| Impression {
            item: ItemId(item),
            propensity: 1.0,
            dwell_seconds: 0.0,
            action: Action(action),
            rating: 4,
            examined: true,
        };
        Turn {
            arm: ArmId(0),
            user: UserId(0),
            session: 0,
            turn: 0,
            time: SimTime::ZERO,
            elapsed: SimDuration(1),
            request: None,
            impressions: items.iter().map(impression).collect(),
            log_propensity: 0.0,
            reply: None,
            next: Move::Leave,
            reward: 0.0,
            before: Mindset::default(),
            after: Mindset::default(),
            distributions: None,
            decider: Decider::Choice,
        }
    }

    #[test]
    fn popularity_is_the_same_however_turns_are_cut_into_windows() {
        let scale = ActionScale::new(&["skip", "click"], "click").unwrap();
        let turns: Vec<Turn> =
            (0..50).map(|at| turn(&[(at % 7, 1), (at * at % 11, 1), (at % 300, (at % 2) as u8)])).collect();
        let (mut at_once, mut one_by_one) = (ItemStats::default(), ItemStats::default());
        // Many items, so that a single turn is few.
        at_once.seed([(ItemId(999), Some(2.0))]);
        one_by_one.seed([(ItemId(999), Some(2.0))]);
        at_once.merge(&turns, &scale);
        for turn in &turns {
            one_by_one.merge(std::slice::from_ref(turn), &scale);
        }
        assert_eq!(at_once, one_by_one);

        let most = (0..1000).map(|item| at_once.get(ItemId(item)).engagements).max().unwrap();
        for item in (0..1000).map(ItemId) {
            let expected = (at_once.get(item).engagements as f32).ln_1p() / (most as f32).ln_1p();
            assert!((at_once.popularity(item) - expected).abs() < 1e-6);
        }
        assert_eq!(at_once.get(ItemId(0)).ratings, at_once.get(ItemId(0)).impressions);
        assert!(ItemStats::default().popularity(ItemId(3)).abs() < 1e-9);
    }
}
