//! How interests drift.

use habitue_core::{CategoryId, Message, Persona, UserState, World};

/// Shifts of interests, applied together.
///
/// A gain of g adds g times the sum of all interests, in equal parts to the given categories; a loss of g takes the share
/// g of each. Afterwards interests are scaled to sum 1, so the others give or take in proportion.
pub(crate) struct Drift<'a> {
    interests: &'a mut Box<[f32]>,
    sum: f32,
    changed: bool,
}

impl<'a> Drift<'a> {
    pub(crate) fn new(interests: &'a mut Box<[f32]>) -> Self {
        let sum = interests.iter().sum();
        Self { interests, sum, changed: false }
    }

    /// Interest moves to these categories.
    pub(crate) fn gain(&mut self, categories: &[CategoryId], gain: f32) {
        let each = gain * self.sum / categories.len() as f32;
        for category in categories {
            *self.interest(*category) += each;
        }
        self.changed = true;
    }

    /// Interest moves away from these categories.
    pub(crate) fn lose(&mut self, categories: &[CategoryId], share: f32) {
        for category in categories {
            *self.interest(*category) *= 1.0 - share;
        }
        self.changed = true;
    }

    /// Scales interests to sum 1 if any was changed. A user who has lost all interest stays so.
    pub(crate) fn finish(self) {
        if self.changed {
            normalise(self.interests);
        }
    }

    /// The interest in a category; categories may have joined the catalogue since the user was admitted.
    fn interest(&mut self, category: CategoryId) -> &mut f32 {
        if category.index() >= self.interests.len() {
            let mut longer = std::mem::take(self.interests).into_vec();
            longer.resize(category.index() + 1, 0.0);
            *self.interests = longer.into_boxed_slice();
        }
        &mut self.interests[category.index()]
    }
}

/// What others say of an item: a recommendation draws interest to the item's categories, a warning turns it away, by the
/// share `heard` for the average user, the more, the more the user conforms.
pub(crate) fn hear(
    heard: f64,
    world: &World<'_>,
    persona: &Persona,
    state: &mut UserState,
    message: &Message,
) {
    let Some(item) = message.item else { return };
    let categories = &world.catalogue.item(item).categories;
    let shift = (2.0 * persona.habits.conformity * heard as f32).min(1.0);
    let mut drift = Drift::new(&mut state.interests);
    if message.positive {
        drift.gain(categories, shift);
    } else {
        drift.lose(categories, shift);
    }
    drift.finish();
}

/// Scales to sum 1; leaves a vector without positive sum alone.
pub(crate) fn normalise(interests: &mut [f32]) {
    let sum: f32 = interests.iter().sum();
    if sum > 0.0 {
        for interest in interests {
            *interest /= sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drifted(apply: impl FnOnce(&mut Drift<'_>)) -> Box<[f32]> {
        let mut interests = vec![0.5, 0.5].into_boxed_slice();
        let mut drift = Drift::new(&mut interests);
        apply(&mut drift);
        drift.finish();
        interests
    }

    #[test]
    fn gains_attract_losses_repel_and_the_sum_stays_1() {
        let gained = drifted(|drift| drift.gain(&[CategoryId(1)], 0.1));
        assert!(gained[1] > 0.5 && gained[0] < 0.5);
        let lost = drifted(|drift| drift.lose(&[CategoryId(1)], 0.1));
        assert!(lost[1] < 0.5 && lost[0] > 0.5);
        let new = drifted(|drift| drift.gain(&[CategoryId(2), CategoryId(0)], 0.1));
        assert!(new.len() == 3 && new[2] > 0.0);
        for interests in [gained, lost, new] {
            assert!((interests.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_user_can_lose_all_interest_without_a_division_by_zero() {
        let lost = drifted(|drift| drift.lose(&[CategoryId(0), CategoryId(1)], 1.0));
        assert_eq!(&*lost, [0.0, 0.0]);
    }
}
