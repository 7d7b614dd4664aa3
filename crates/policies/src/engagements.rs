//! Who engaged with what: what collaborative filters are trained on.

use habitue_core::{Action, ItemId, PastInteraction, Turn, UserId};
use serde::{Deserialize, Serialize};

/// The distinct items each user reacted to positively, in order of the first time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Engagements {
    users: Vec<Vec<ItemId>>,
    pairs: u64,
}

impl Engagements {
    /// The interactions from before the run that are positive: without a rating, or rated at least so.
    pub(crate) fn before(history: &[(UserId, &[PastInteraction])], least_rating: f32) -> Self {
        let mut engagements = Self::default();
        for (user, past) in history {
            for interaction in past.iter().filter(|past| is_positive(past, least_rating)) {
                engagements.add(*user, interaction.item);
            }
        }
        engagements
    }

    /// Adds the positive reactions of the turns.
    pub(crate) fn observe(&mut self, turns: &[Turn], positive: Action) {
        for turn in turns {
            for impression in turn.impressions.iter().filter(|shown| shown.action >= positive) {
                self.add(turn.user, impression.item);
            }
        }
    }

    fn add(&mut self, user: UserId, item: ItemId) {
        if self.users.len() <= user.index() {
            self.users.resize(user.index() + 1, Vec::new());
        }
        let items = &mut self.users[user.index()];
        if !items.contains(&item) {
            items.push(item);
            self.pairs += 1;
        }
    }

    /// The items of a user.
    pub(crate) fn of(&self, user: UserId) -> &[ItemId] {
        self.users.get(user.index()).map_or(&[], Vec::as_slice)
    }

    /// The items of all users, by user id.
    pub(crate) fn users(&self) -> &[Vec<ItemId>] {
        &self.users
    }

    /// Number of pairs of a user and an item.
    pub(crate) fn pairs(&self) -> u64 {
        self.pairs
    }
}

/// Whether an interaction from before the run says that the user liked the item.
pub(crate) fn is_positive(past: &PastInteraction, least_rating: f32) -> bool {
    past.rating.is_none_or(|rating| rating >= least_rating)
}
