//! Interactions of a data set that nobody in the run may know of, so that users can be examined on them.

use std::collections::BTreeSet;

use super::{Dataset, Interaction};
use crate::ids::ItemId;
use crate::streams::{Purpose, Streams};

/// A data set in two parts, each by (user, time, order in the file).
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// What the run may know.
    pub held_in: Dataset,
    /// What users are examined on.
    pub held_out: Vec<Interaction>,
}

impl Dataset {
    /// Holds a share of every user's items out, above 0 and below 1, rounded to whole items; a user keeps at least one.
    /// All interactions of a user with an item go the same way.
    ///
    /// Which items are held out depends on how many items the user has and on their order, never on which items or ratings
    /// they are. Draws come from the stream [`Purpose::HoldOut`] of the user's position.
    pub fn hold_out(&self, share: f64, streams: Streams) -> Split {
        let mut held_in = Vec::with_capacity(self.interactions.len());
        let mut held_out = Vec::new();
        for (user, (_, own)) in self.by_user().enumerate() {
            let mut seen = BTreeSet::new();
            let items: Vec<ItemId> =
                own.iter().map(|one| one.item).filter(|item| seen.insert(*item)).collect();
            let wanted = ((share * items.len() as f64).round() as usize).min(items.len().saturating_sub(1));
            let mut stream = streams.stream(Purpose::HoldOut, user as u64, 0);
            let drawn = rand::seq::index::sample(&mut stream, items.len(), wanted);
            let out: BTreeSet<ItemId> = drawn.into_iter().map(|at| items[at]).collect();
            for interaction in own {
                let part = if out.contains(&interaction.item) { &mut held_out } else { &mut held_in };
                part.push(*interaction);
            }
        }
        let held_in = Self {
            name: self.name.clone(),
            catalogue: self.catalogue.clone(),
            users: self.users.clone(),
            interactions: held_in,
            friends: self.friends.clone(),
        };
        Split { held_in, held_out }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::dataset::DatasetUser;

    /// Users with these items, in order of time.
    fn dataset(users: &[Vec<u32>]) -> Dataset {
        let interaction = |user: usize, at: usize, item: u32| Interaction {
            user: user as u32,
            item: ItemId(item),
            unix_seconds: at as i64,
            rating: Some(4.0),
            weight: 1.0,
        };
        let of = |(user, items): (usize, &Vec<u32>)| -> Vec<Interaction> {
            items.iter().enumerate().map(|(at, item)| interaction(user, at, *item)).collect()
        };
        Dataset {
            users: vec![DatasetUser::default(); users.len()],
            interactions: users.iter().enumerate().flat_map(of).collect(),
            ..Dataset::default()
        }
    }

    fn items(interactions: &[Interaction], user: u32) -> Vec<u32> {
        interactions.iter().filter(|one| one.user == user).map(|one| one.item.0).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn parts_share_no_item_and_have_the_share_asked_for(
            users in prop::collection::vec(prop::collection::vec(0..30_u32, 0..25), 1..6),
            share in 0.05..0.95_f64,
            seed in 0..100_u64,
        ) {
            let all = dataset(&users);
            let Split { held_in, held_out } = all.hold_out(share, Streams::new(seed));
            prop_assert_eq!(held_in.interactions.len() + held_out.len(), all.interactions.len());
            for (user, own) in users.iter().enumerate() {
                let [kept, out] = [&held_in.interactions, &held_out].map(|part| items(part, user as u32));
                prop_assert!(out.iter().all(|item| !kept.contains(item)));
                prop_assert_eq!(kept.is_empty(), own.is_empty());
                let distinct = own.iter().collect::<BTreeSet<_>>().len();
                let wanted = ((share * distinct as f64).round() as usize).min(distinct.saturating_sub(1));
                prop_assert_eq!(out.iter().collect::<BTreeSet<_>>().len(), wanted);
            }
        }

        #[test]
        fn what_the_held_out_items_are_does_not_decide_which_are(
            count in 2..40_u32, share in 0.1..0.5_f64, seed in 0..100_u64,
        ) {
            let Split { held_in: first, held_out } =
                dataset(&[(0..count).collect()]).hold_out(share, Streams::new(seed));
            let out = items(&held_out, 0);
            // Others in their places, in another order.
            let others = |item: u32| out.iter().position(|held| *held == item).map_or(item, |at| 1_000 - at as u32);
            let second = dataset(&[(0..count).map(others).collect()]).hold_out(share, Streams::new(seed));
            prop_assert_eq!(first.interactions, second.held_in.interactions);
        }
    }
}
