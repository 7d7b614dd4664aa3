//! The most engaged-with items, with forgetting.

use habitue_core::scenario::policy::PopularityConfig;
use habitue_core::{
    Action, ItemId, PastInteraction, Request, SimDuration, SimTime, Streams, Turn, UserId, World,
};
use serde::{Deserialize, Serialize};

use crate::engagements::is_positive;
use crate::names;
use crate::recommender::Scorer;

/// Scores by ln(1 + n), where n = sum over positive reactions of 2^(-age / half-life).
pub(crate) struct Popularity {
    half_life: Option<SimDuration>,
    positive: Action,
    state: State,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    /// n by item id, as of `at`.
    weights: Vec<f64>,
    at: SimTime,
    /// Windows with a positive reaction.
    updates: u64,
}

impl Popularity {
    /// Knows the interactions from before the run.
    pub(crate) fn new(
        config: &PopularityConfig,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Self, String> {
        let positive = names::positive(world.scale, config.positive.as_deref())?;
        let state = State { weights: vec![0.0; world.catalogue.len()], at: world.now, updates: 0 };
        let mut popularity = Self { half_life: config.half_life.map(|span| span.0), positive, state };
        for past in history.iter().flat_map(|(_, past)| *past) {
            if is_positive(past, config.positive_rating) {
                popularity.count(past.item, past.time);
            }
        }
        Ok(popularity)
    }

    /// What is left after `age` of a weight of 1; above 1 for what is yet to come.
    fn left(&self, age: SimDuration) -> f64 {
        self.half_life.map_or(1.0, |half_life| (-(age.0 as f64) / half_life.0 as f64).exp2())
    }

    fn count(&mut self, item: ItemId, time: SimTime) {
        let weight = self.left(self.state.at - time);
        let weights = &mut self.state.weights;
        weights.resize(weights.len().max(item.index() + 1), 0.0);
        weights[item.index()] += weight;
    }
}

impl Scorer for Popularity {
    type State = State;
    const KIND: &'static str = "popularity";
    const PERSONAL: bool = false;

    fn state(&self) -> &State {
        &self.state
    }

    fn resume(&mut self, state: State) {
        self.state = state;
    }

    fn score(&self, _: &World<'_>, _: Option<&Request<'_>>, items: &[ItemId], out: &mut [f32]) {
        for (item, score) in items.iter().zip(out) {
            *score = self.state.weights.get(item.index()).map_or(0.0, |weight| weight.ln_1p() as f32);
        }
    }

    fn observe(&mut self, _: &World<'_>, turns: &[Turn]) {
        let (mut any, positive) = (false, self.positive);
        for turn in turns {
            for impression in turn.impressions.iter().filter(|shown| shown.action >= positive) {
                self.count(impression.item, turn.time);
                any = true;
            }
        }
        self.state.updates += u64::from(any);
    }

    fn end_window(&mut self, world: &World<'_>, _: Streams) {
        let left = self.left(world.now - self.state.at);
        self.state.weights.iter_mut().for_each(|weight| *weight *= left);
        self.state.at = world.now;
    }

    fn updates(&self) -> u64 {
        self.state.updates
    }
}
