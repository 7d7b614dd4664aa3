//! What a linear bandit has learnt.

use habitue_core::{Action, PastInteraction, Turn, UserId, World};
use serde::{Deserialize, Serialize};

use super::Evidence;
use super::features::Features;
use crate::profiles::Profiles;

/// Most categories a linear bandit takes: a thousand shared features, solved once per window.
const MOST_CATEGORIES: usize = 500;

/// Evidence and the users' profiles, which are the context.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Learnt {
    pub(crate) evidence: Evidence,
    profiles: Profiles,
    /// Categories the model has features for: those of the catalogue when the policy was made.
    categories: usize,
    /// Windows with an impression.
    pub(crate) updates: u64,
}

impl Learnt {
    /// Knows the profiles from before the run.
    pub(crate) fn before(
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
        least_rating: f32,
    ) -> Result<Self, String> {
        let categories = world.catalogue.categories().len();
        if categories > MOST_CATEGORIES {
            return Err(format!(
                "the catalogue has {categories} categories, expected at most {MOST_CATEGORIES} for a linear bandit"
            ));
        }
        Ok(Self {
            evidence: Evidence::new(Features::count(categories)),
            profiles: Profiles::before(world.catalogue, history, least_rating),
            categories,
            updates: 0,
        })
    }

    /// The shared features of items for a user.
    pub(crate) fn features(&self, user: UserId) -> Features {
        Features::new(self.profiles.unit(user, self.categories))
    }

    /// Learns from a window: rewards first, with the profiles they were shown with, then the profiles.
    pub(crate) fn observe(&mut self, world: &World<'_>, turns: &[Turn], positive: Action) {
        for turn in turns {
            let features = self.features(turn.user);
            for impression in &turn.impressions {
                let item = world.catalogue.item(impression.item);
                let reward = f64::from(u8::from(impression.action >= positive));
                self.evidence.add(impression.item, &features.of(&item.categories), reward);
            }
        }
        self.profiles.observe(world, turns, positive);
        self.updates += u64::from(!turns.is_empty());
    }
}
