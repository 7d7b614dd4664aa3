//! What a recommender knows of a user's taste: which categories the user engaged with.

use habitue_core::{Action, Catalogue, CategoryId, ItemId, PastInteraction, Turn, UserId, World};
use serde::{Deserialize, Serialize};

use crate::engagements::is_positive;

/// Counts of positive reactions by category, as of the window's start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Profiles {
    /// By user, then by category; empty for users without a positive reaction.
    users: Vec<Vec<f32>>,
}

impl Profiles {
    /// Profiles from before the run.
    pub(crate) fn before(
        catalogue: &Catalogue,
        history: &[(UserId, &[PastInteraction])],
        least_rating: f32,
    ) -> Self {
        let mut profiles = Self::default();
        for (user, past) in history {
            for interaction in past.iter().filter(|past| is_positive(past, least_rating)) {
                profiles.add(catalogue, *user, interaction.item);
            }
        }
        profiles
    }

    /// Adds the positive reactions of the turns.
    pub(crate) fn observe(&mut self, world: &World<'_>, turns: &[Turn], positive: Action) {
        for turn in turns {
            for impression in turn.impressions.iter().filter(|shown| shown.action >= positive) {
                self.add(world.catalogue, turn.user, impression.item);
            }
        }
    }

    fn add(&mut self, catalogue: &Catalogue, user: UserId, item: ItemId) {
        if self.users.len() <= user.index() {
            self.users.resize(user.index() + 1, Vec::new());
        }
        let counts = &mut self.users[user.index()];
        counts.resize(counts.len().max(catalogue.categories().len()), 0.0);
        let categories = &catalogue.item(item).categories;
        for category in categories {
            counts[category.index()] += 1.0 / categories.len() as f32;
        }
    }

    /// Counts by category; empty for a user without a positive reaction, and short where categories are newer.
    pub(crate) fn counts(&self, user: UserId) -> &[f32] {
        self.users.get(user.index()).map_or(&[], Vec::as_slice)
    }

    /// The counts scaled to unit length, shape `[categories]`; zeros for a user without a positive reaction.
    pub(crate) fn unit(&self, user: UserId, categories: usize) -> Vec<f64> {
        let counts = self.counts(user);
        let length = counts.iter().map(|count| f64::from(*count).powi(2)).sum::<f64>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        let count = |category: usize| counts.get(category).map_or(0.0, |count| f64::from(*count));
        (0..categories).map(|category| count(category) * scale).collect()
    }

    /// The categories engaged with most, at most so many, with their shares of each other (sum 1); ties by id.
    pub(crate) fn leading(&self, user: UserId, most: usize) -> Vec<(CategoryId, f32)> {
        let counts = self.counts(user);
        let mut leading: Vec<(CategoryId, f32)> = counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0.0)
            .map(|(category, count)| (CategoryId(category as u16), *count))
            .collect();
        leading.sort_by(|a, b| b.1.total_cmp(&a.1));
        leading.truncate(most);
        let total: f32 = leading.iter().map(|(_, count)| count).sum();
        for (_, count) in &mut leading {
            *count /= total;
        }
        leading
    }
}
