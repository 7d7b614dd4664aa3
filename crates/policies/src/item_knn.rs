//! Item-based nearest neighbours.

use habitue_core::scenario::policy::{ItemKnnConfig, Retrain};
use habitue_core::{Action, ItemId, PastInteraction, Request, SimTime, Streams, Turn, UserId, World};
use serde::{Deserialize, Serialize};

use crate::engagements::Engagements;
use crate::names;
use crate::recommender::Scorer;

/// Cosine similarity on co-engagement; formula at [`ItemKnnConfig`].
pub(crate) struct ItemKnn {
    config: ItemKnnConfig,
    positive: Action,
    state: State,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    engagements: Engagements,
    /// By item id: the most similar items with their similarities, best first.
    neighbours: Vec<Vec<(ItemId, f32)>>,
    /// By item id: the part of the score that popularity gives.
    prior: Vec<f32>,
    trained: Option<SimTime>,
    trainings: u64,
}

impl ItemKnn {
    /// Knows the interactions from before the run.
    pub(crate) fn new(
        config: &ItemKnnConfig,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Self, String> {
        let positive = names::positive(world.scale, config.positive.as_deref())?;
        let state = State {
            engagements: Engagements::before(history, config.positive_rating),
            neighbours: Vec::new(),
            prior: Vec::new(),
            trained: None,
            trainings: 0,
        };
        Ok(Self { config: config.clone(), positive, state })
    }

    fn train(&mut self, items: usize) {
        let baskets = self.state.engagements.users();
        let mut users_of = vec![Vec::new(); items];
        for (user, basket) in baskets.iter().enumerate() {
            for item in basket {
                users_of[item.index()].push(user as u32);
            }
        }
        let mut together = vec![0_u32; items];
        let mut met: Vec<ItemId> = Vec::new();
        self.state.neighbours = (0..items)
            .map(|item| {
                for user in &users_of[item] {
                    for other in &baskets[*user as usize] {
                        if other.index() != item {
                            if together[other.index()] == 0 {
                                met.push(*other);
                            }
                            together[other.index()] += 1;
                        }
                    }
                }
                let similarity = |other: &ItemId| {
                    let norm = (users_of[item].len() as f64 * users_of[other.index()].len() as f64).sqrt();
                    (f64::from(together[other.index()]) / (norm + self.config.shrinkage)) as f32
                };
                let mut near: Vec<(ItemId, f32)> =
                    met.iter().map(|other| (*other, similarity(other))).collect();
                near.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                near.truncate(self.config.neighbours as usize);
                met.drain(..).for_each(|other| together[other.index()] = 0);
                near
            })
            .collect();
        let most = users_of.iter().map(Vec::len).max().unwrap_or(0) as f64;
        let scale = if most > 0.0 { self.config.popularity / most.ln_1p() } else { 0.0 };
        self.state.prior =
            users_of.iter().map(|users| ((users.len() as f64).ln_1p() * scale) as f32).collect();
        self.state.trainings += 1;
    }

    /// The user's latest items: those known at the window's start and those of the request's history.
    fn basket(&self, request: &Request<'_>) -> Vec<ItemId> {
        let positive = request.history.iter().rev().filter(|entry| entry.action >= self.positive);
        let known = self.state.engagements.of(request.user).iter().rev().copied();
        let mut basket = Vec::new();
        for item in positive.map(|entry| entry.item).chain(known) {
            if basket.len() == self.config.basket as usize {
                break;
            }
            if !basket.contains(&item) {
                basket.push(item);
            }
        }
        basket
    }
}

impl Scorer for ItemKnn {
    type State = State;
    const KIND: &'static str = "item-knn";
    const PERSONAL: bool = true;

    fn state(&self) -> &State {
        &self.state
    }

    fn resume(&mut self, state: State) {
        self.state = state;
    }

    fn score(&self, world: &World<'_>, request: Option<&Request<'_>>, items: &[ItemId], out: &mut [f32]) {
        let mut all = self.state.prior.clone();
        all.resize(all.len().max(world.catalogue.len()), 0.0);
        for item in request.map_or_else(Vec::new, |request| self.basket(request)) {
            for (near, similarity) in self.state.neighbours.get(item.index()).map_or(&[][..], Vec::as_slice) {
                all[near.index()] += similarity;
            }
        }
        for (item, score) in items.iter().zip(out) {
            *score = all[item.index()];
        }
    }

    fn observe(&mut self, _: &World<'_>, turns: &[Turn]) {
        self.state.engagements.observe(turns, self.positive);
    }

    fn end_window(&mut self, world: &World<'_>, _: Streams) {
        if is_due(self.config.retrain, self.state.trained, world.now) {
            if self.state.engagements.pairs() > 0 {
                self.train(world.catalogue.len());
            }
            self.state.trained = Some(world.now);
        }
    }

    fn updates(&self) -> u64 {
        self.state.trainings
    }
}

/// Whether it is time to train. The first time is before the run.
pub(crate) fn is_due(retrain: Retrain, trained: Option<SimTime>, now: SimTime) -> bool {
    match (retrain, trained) {
        (_, None) => true,
        (Retrain::Never, Some(_)) => false,
        (Retrain::Every(interval), Some(trained)) => now - trained >= interval.0,
    }
}
