//! Thompson sampling with a Beta posterior per item.

use habitue_core::scenario::policy::ThompsonBernoulliConfig;
use habitue_core::{Action, ItemId, Purpose, Request, Streams, Turn, World};
use rand_distr::{Beta, Distribution};
use serde::{Deserialize, Serialize};

use crate::names;
use crate::recommender::Scorer;

/// Chapelle and Li 2011; see [`ThompsonBernoulliConfig`].
pub(crate) struct ThompsonBernoulli {
    prior: (f64, f64),
    positive: Action,
    state: State,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    /// Rewarded and other impressions by item id.
    counts: Vec<(u64, u64)>,
    /// The window's draw from the posterior, by item id.
    sample: Vec<f32>,
    /// Number of draws so far.
    round: u64,
    /// Windows with an impression.
    updates: u64,
}

impl ThompsonBernoulli {
    /// Knows the prior alone: interactions from before the run say nothing of what was shown in vain.
    pub(crate) fn new(config: &ThompsonBernoulliConfig, world: &World<'_>) -> Result<Self, String> {
        let positive = names::positive(world.scale, config.positive.as_deref())?;
        let state = State { counts: Vec::new(), sample: Vec::new(), round: 0, updates: 0 };
        Ok(Self { prior: (config.alpha, config.beta), positive, state })
    }
}

impl Scorer for ThompsonBernoulli {
    type State = State;
    const KIND: &'static str = "thompson-bernoulli";
    const PERSONAL: bool = false;

    fn state(&self) -> &State {
        &self.state
    }

    fn resume(&mut self, state: State) {
        self.state = state;
    }

    /// An item that joined since the window began has no draw yet; it scores as the prior's mean.
    fn score(&self, _: &World<'_>, _: Option<&Request<'_>>, items: &[ItemId], out: &mut [f32]) {
        let mean = (self.prior.0 / (self.prior.0 + self.prior.1)) as f32;
        for (item, score) in items.iter().zip(out) {
            *score = self.state.sample.get(item.index()).copied().unwrap_or(mean);
        }
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) {
        let counts = &mut self.state.counts;
        counts.resize(counts.len().max(world.catalogue.len()), (0, 0));
        for impression in turns.iter().flat_map(|turn| &turn.impressions) {
            let (wins, losses) = &mut counts[impression.item.index()];
            if impression.action >= self.positive {
                *wins += 1;
            } else {
                *losses += 1;
            }
        }
        self.state.updates += u64::from(!turns.is_empty());
    }

    fn end_window(&mut self, world: &World<'_>, streams: Streams) {
        let (counts, round) = (&self.state.counts, self.state.round);
        let sample = |item: usize| {
            let (wins, losses) = counts.get(item).copied().unwrap_or_default();
            let (a, b) = (self.prior.0 + wins as f64, self.prior.1 + losses as f64);
            let beta = Beta::new(a, b).expect("both parameters are above 0");
            beta.sample(&mut streams.stream(Purpose::Training, round, item as u64)) as f32
        };
        self.state.sample = (0..world.catalogue.len()).map(sample).collect();
        self.state.round += 1;
    }

    fn updates(&self) -> u64 {
        self.state.updates
    }
}
