//! How much a user likes an item.

use std::collections::VecDeque;

use habitue_core::scenario::choice::AffinityConfig;
use habitue_core::{Catalogue, CategoryId, Item, ItemId, Persona, UserState, World};

/// Room for what is worked out once a turn, kept between turns to save allocations.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Recalled items with each category, shape `[categories]`.
    recalled: Vec<u16>,
    /// The user's embedding; empty where items have none or it has no weight.
    embedding: Vec<f32>,
}

/// A user's view of one item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Liking {
    /// Affinity; 0 is an average item that has nothing to do with the user's interests.
    pub(super) affinity: f32,
    /// Share of what the user can recall that has the item's categories, 0 to 1.
    pub(super) familiar: f32,
}

/// The law of affinity, prepared for one user at one turn:
///
/// ```text
/// interest cos(u, c) + embedding cos(v, e) + need [meets the need] - dislike [is disliked] + quality (2q - 1)
///   + 2 conformity (popularity p + heard [was recommended]) - 2 diversity (repeat [is recalled] + saturation f)
///   + mood (2m - 1)
/// ```
///
/// with u the interests, c the item's categories as an indicator vector, v and e the embeddings of user and item, q
/// quality, p perceived popularity, f the mean over the item's categories of the share of recalled items that have it, m
/// mood.
pub(super) struct Taste<'a> {
    world: &'a World<'a>,
    interests: &'a [f32],
    /// Interest weight over the length of the interest vector.
    per_interest: f32,
    embedding: &'a [f32],
    per_embedding: f32,
    need: Option<CategoryId>,
    for_need: f32,
    dislikes: &'a [CategoryId],
    for_dislike: f32,
    per_quality: f32,
    per_popularity: f32,
    heard: &'a VecDeque<ItemId>,
    for_heard: f32,
    recent: &'a VecDeque<ItemId>,
    for_repeat: f32,
    recalled: &'a [u16],
    per_recalled: f32,
    saturation: f32,
    mood: f32,
}

impl<'a> Taste<'a> {
    /// `memory` is the number of items a user can recall.
    pub(super) fn new(
        config: &AffinityConfig,
        memory: u32,
        world: &'a World<'a>,
        persona: &'a Persona,
        state: &'a UserState,
        scratch: &'a mut Scratch,
    ) -> Self {
        let catalogue = world.catalogue;
        let interests = &*state.interests;
        let length = interests.iter().map(|weight| weight * weight).sum::<f32>().sqrt();
        scratch.recall(catalogue, &state.recent);
        scratch.embed(catalogue, interests, config.embedding);
        let conformity = 2.0 * persona.habits.conformity;
        let diversity = 2.0 * persona.habits.diversity;
        Self {
            world,
            interests,
            per_interest: over(config.interest as f32, length),
            per_embedding: over(config.embedding as f32, norm(&scratch.embedding)),
            embedding: &scratch.embedding,
            need: state.mindset.need,
            for_need: config.need as f32,
            dislikes: &persona.dislikes,
            for_dislike: config.dislike as f32,
            per_quality: config.quality as f32,
            per_popularity: conformity * config.popularity as f32,
            heard: &state.heard,
            for_heard: conformity * config.heard as f32,
            recent: &state.recent,
            for_repeat: diversity * config.repeat as f32,
            recalled: &scratch.recalled,
            per_recalled: over(1.0, memory as f32),
            saturation: diversity * config.saturation as f32,
            mood: config.mood as f32 * (2.0 * state.mindset.mood - 1.0),
        }
    }

    /// The user's view of an item.
    pub(super) fn of(&self, id: ItemId, item: &Item) -> Liking {
        let (mut interest, mut recalled, mut needed, mut disliked) = (0.0, 0, false, false);
        for category in &item.categories {
            interest += self.interests.get(category.index()).copied().unwrap_or(0.0);
            recalled += u32::from(self.recalled.get(category.index()).copied().unwrap_or(0));
            needed |= self.need == Some(*category);
            disliked |= self.dislikes.contains(category);
        }
        let categories = item.categories.len() as f32;
        let familiar = recalled as f32 * self.per_recalled / categories;
        let mut affinity = self.mood
            + self.per_interest * interest / categories.sqrt()
            + self.per_quality * (2.0 * item.quality - 1.0)
            + self.per_popularity * self.world.stats.popularity(id)
            - self.saturation * familiar;
        if needed {
            affinity += self.for_need;
        }
        if disliked {
            affinity -= self.for_dislike;
        }
        if self.heard.contains(&id) {
            affinity += self.for_heard;
        }
        if self.recent.contains(&id) {
            affinity -= self.for_repeat;
        }
        if self.per_embedding > 0.0 {
            let dot: f32 = self.embedding.iter().zip(&item.embedding).map(|(one, other)| one * other).sum();
            affinity += over(self.per_embedding * dot, norm(&item.embedding));
        }
        Liking { affinity, familiar }
    }
}

impl Scratch {
    fn recall(&mut self, catalogue: &Catalogue, recent: &VecDeque<ItemId>) {
        self.recalled.clear();
        self.recalled.resize(catalogue.categories().len(), 0);
        for item in recent {
            for category in &catalogue.item(*item).categories {
                self.recalled[category.index()] += 1;
            }
        }
    }

    fn embed(&mut self, catalogue: &Catalogue, interests: &[f32], weight: f64) {
        self.embedding.clear();
        let length = catalogue.items().first().map_or(0, |item| item.embedding.len());
        if weight == 0.0 || length == 0 {
            return;
        }
        self.embedding.resize(length, 0.0);
        for (category, interest) in interests.iter().enumerate() {
            let centroid = catalogue.centroid(CategoryId(category as u16));
            for (sum, number) in self.embedding.iter_mut().zip(centroid) {
                *sum += interest * number;
            }
        }
    }
}

/// Length of a vector.
fn norm(vector: &[f32]) -> f32 {
    vector.iter().map(|number| number * number).sum::<f32>().sqrt()
}

/// `number` over a length; 0 where the length is 0 or not a number, because a vector without direction is like nothing.
fn over(number: f32, length: f32) -> f32 {
    if length > 0.0 && length.is_finite() { number / length } else { 0.0 }
}

#[cfg(test)]
mod tests;
