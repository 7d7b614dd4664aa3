//! Lists on which users are examined.

use std::collections::BTreeSet;

use habitue_core::scenario::policy::{DiscriminateConfig, DiscriminateFrom};
use habitue_core::{
    ItemId, Policy, PolicyError, Purpose, Request, Slate, SlateItem, Stream, Streams, Turn, UserId, World,
};
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::engagements::is_positive;
use crate::zoo::Setting;

/// What is held out of a user's history: the answers of an examination.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// The user.
    pub user: UserId,
    /// The items, with their ratings where there are any.
    pub items: Vec<(ItemId, Option<f32>)>,
}

/// See [`DiscriminateConfig`]. Everything is decided when it is made; it learns nothing.
pub(crate) struct Discriminate {
    name: String,
    config: DiscriminateConfig,
    /// By user id.
    known: Vec<Known>,
}

/// What a user's list is made from.
#[derive(Clone, Default)]
struct Known {
    /// Liked items the list can hold.
    liked: BTreeSet<ItemId>,
    /// All items the real user ever touched.
    touched: BTreeSet<ItemId>,
}

/// A list and what it was drawn from.
#[derive(Default)]
struct List {
    items: Vec<ItemId>,
    /// Liked items on the list, and those it could have had.
    liked: (usize, usize),
    /// Others on the list, and those it could have had.
    others: (usize, usize),
}

impl Discriminate {
    pub(crate) fn new(config: &DiscriminateConfig, setting: &Setting<'_>) -> Result<Self, String> {
        if config.from == DiscriminateFrom::HeldOut && setting.held_out.is_empty() {
            return Err("there is nothing held out to show, expected users with personas = \
                        { from = \"history\", held_out = 0.2 }"
                .to_owned());
        }
        if config.list as usize > setting.slate_size {
            return Err(format!(
                "list is {}, expected at most the slate's size, {}",
                config.list, setting.slate_size
            ));
        }
        let held = setting.held_out.iter().map(|held| held.user.index());
        let users = setting.history.iter().map(|(user, _)| user.index()).chain(held).max();
        let mut known = vec![Known::default(); users.map_or(0, |last| last + 1)];
        for (user, past) in setting.history {
            let Known { liked, touched } = &mut known[user.index()];
            touched.extend(past.iter().map(|past| past.item));
            if config.from == DiscriminateFrom::HeldIn {
                liked
                    .extend(past.iter().filter(|past| is_positive(past, config.liked)).map(|past| past.item));
            }
        }
        for HeldOut { user, items } in setting.held_out {
            let Known { liked, touched } = &mut known[user.index()];
            touched.extend(items.iter().map(|(item, _)| *item));
            if config.from == DiscriminateFrom::HeldOut {
                let is_liked = |rating: &Option<f32>| rating.is_none_or(|rating| rating >= config.liked);
                liked.extend(items.iter().filter(|(_, rating)| is_liked(rating)).map(|(item, _)| *item));
            }
        }
        Ok(Self { name: setting.name.to_owned(), config: config.clone(), known })
    }

    /// What is shown: one list, then nothing.
    fn list(&self, world: &World<'_>, request: &Request<'_>, streams: Streams) -> List {
        let Some(known) = self.known.get(request.user.index()) else { return List::default() };
        if request.session > 0 || request.turn > 0 {
            return List::default();
        }
        let stream = |counter| streams.stream(Purpose::Examination, u64::from(request.user.0), counter);
        let available = |item: &&ItemId| world.available.binary_search(item).is_ok();
        let mut items: Vec<ItemId> = known.liked.iter().filter(available).copied().collect();
        let could = items.len();
        let untouched: Vec<ItemId> =
            world.available.iter().copied().filter(|item| !known.touched.contains(item)).collect();
        let (liked, others) = self.config.parts(could);
        items.shuffle(&mut stream(0));
        items.truncate(liked);
        let drawn = some(&untouched, others, &mut stream(1));
        let others = drawn.len();
        items.extend(drawn);
        items.shuffle(&mut stream(2 + u64::from(self.config.m)));
        List { items, liked: (liked, could), others: (others, untouched.len()) }
    }

    /// Probability of each position given those before, of a list drawn like this one: a liked item comes with the share
    /// of liked items among those still to be placed, and any of those not drawn yet is as likely as another.
    fn probabilities(&self, list: &List, user: UserId, shown: &[ItemId]) -> Vec<f64> {
        let ((mut liked, mut could_be_liked), (mut others, mut could_be)) = (list.liked, list.others);
        let (mut seen, mut possible) = (BTreeSet::new(), true);
        let probability = |item: &ItemId| {
            let known = &self.known[user.index()];
            let (left, pool) = if known.liked.contains(item) {
                (&mut liked, &mut could_be_liked)
            } else {
                (&mut others, &mut could_be)
            };
            possible &= *left > 0 && seen.insert(*item);
            possible &= known.liked.contains(item) || !known.touched.contains(item);
            if !possible {
                return 0.0;
            }
            let share = *left as f64 / *pool as f64;
            (*left, *pool) = (*left - 1, *pool - 1);
            share
        };
        let shares: Vec<f64> = shown.iter().map(probability).collect();
        let slots = list.items.len();
        shares
            .iter()
            .zip(0..)
            .map(|(share, at): (_, usize)| share / slots.saturating_sub(at).max(1) as f64)
            .collect()
    }
}

/// So many different ones, in the order of drawing; all if there are fewer. The first ones do not depend on how many are
/// drawn.
fn some(items: &[ItemId], wanted: usize, stream: &mut Stream) -> Vec<ItemId> {
    let (mut drawn, mut order) = (BTreeSet::new(), Vec::new());
    while order.len() < wanted.min(items.len()) {
        let item = items[stream.random_range(0..items.len() as u64) as usize];
        if drawn.insert(item) {
            order.push(item);
        }
    }
    order
}

impl Policy for Discriminate {
    fn name(&self) -> &str {
        &self.name
    }

    fn shows_nothing_at_times(&self) -> bool {
        true
    }

    fn recommend(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        streams: Streams,
    ) -> Result<Vec<Slate>, PolicyError> {
        let slate = |request: &Request<'_>| {
            let list = self.list(world, request, streams);
            if list.items.is_empty() {
                return Slate::default();
            }
            let probabilities = self.probabilities(&list, request.user, &list.items);
            let shown = list.items.iter().zip(&probabilities);
            Slate {
                items: shown.map(|(&item, &p)| SlateItem { item, propensity: p as f32 }).collect(),
                log_propensity: probabilities.iter().map(|p| p.ln()).sum(),
                reply: None,
            }
        };
        Ok(requests.iter().map(slate).collect())
    }

    fn log_propensity(&self, world: &World<'_>, request: &Request<'_>, slate: &[ItemId]) -> Option<Vec<f64>> {
        // How many items the list has does not depend on the streams.
        let list = self.list(world, request, Streams::new(0));
        if list.items.is_empty() {
            return Some(vec![f64::NEG_INFINITY; slate.len()]);
        }
        Some(self.probabilities(&list, request.user, slate).iter().map(|p| p.ln()).collect())
    }

    fn observe(&mut self, _: &World<'_>, _: &[Turn]) -> Result<(), PolicyError> {
        Ok(())
    }

    fn end_window(&mut self, _: &World<'_>, _: Streams) -> Result<(), PolicyError> {
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>, PolicyError> {
        Ok(Vec::new())
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), PolicyError> {
        if snapshot.is_empty() {
            return Ok(());
        }
        let message = "its snapshot is not one of a policy of kind \"discriminate\"".to_owned();
        Err(PolicyError { policy: self.name.clone(), message })
    }
}

#[cfg(test)]
mod tests;
