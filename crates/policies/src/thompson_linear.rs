//! Thompson sampling with a linear-Gaussian posterior.

use habitue_core::scenario::policy::ThompsonLinearConfig;
use habitue_core::{
    Action, CategoryId, ItemId, PastInteraction, Purpose, Request, Streams, Turn, UserId, World,
};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::linear::{Kinds, Learnt, Solution};
use crate::names;
use crate::recommender::Scorer;

/// Agrawal and Goyal 2013; see [`ThompsonLinearConfig`].
pub(crate) struct ThompsonLinear {
    config: ThompsonLinearConfig,
    positive: Action,
    kinds: Kinds,
    state: State,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    learnt: Learnt,
    /// The window's draw of the shared coefficients, shape `[k]`.
    shared: Vec<f64>,
    /// The window's draw of the items' own coefficients, by item id.
    own: Vec<f64>,
    /// Number of draws so far.
    round: u64,
}

impl ThompsonLinear {
    /// Knows the profiles from before the run.
    pub(crate) fn new(
        config: &ThompsonLinearConfig,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Self, String> {
        let positive = names::positive(world.scale, config.positive.as_deref())?;
        let learnt = Learnt::before(world, history, config.positive_rating)?;
        let state = State { learnt, shared: Vec::new(), own: Vec::new(), round: 0 };
        Ok(Self { config: config.clone(), positive, kinds: Kinds::default(), state })
    }

    /// Draws from N(estimate, spread^2 x inverse precision): beta from its marginal, then each theta given beta.
    fn sample(&mut self, items: usize, streams: Streams) {
        let (spread, ridge) = (self.config.spread, self.config.ridge);
        let evidence = &self.state.learnt.evidence;
        let solution = Solution::new(evidence, ridge);
        let normal = |counter: u64, count: usize| -> Vec<f64> {
            let mut stream = streams.stream(Purpose::Training, self.state.round, counter);
            (0..count).map(|_| StandardNormal.sample(&mut stream)).collect()
        };
        let mut noise = normal(0, solution.shared.len());
        solution.factor.back(&mut noise);
        self.state.shared =
            solution.shared.iter().zip(noise).map(|(estimate, noise)| estimate + spread * noise).collect();
        let own = Solution::given(evidence, ridge, &self.state.shared);
        let draw = |item: usize| {
            let (estimate, precision) = own.get(item).copied().unwrap_or((0.0, ridge));
            estimate + spread * normal(1 + item as u64, 1)[0] / precision.sqrt()
        };
        self.state.own = (0..items).map(draw).collect();
        self.state.round += 1;
    }
}

impl Scorer for ThompsonLinear {
    type State = State;
    const KIND: &'static str = "thompson-linear";
    const PERSONAL: bool = true;

    fn state(&self) -> &State {
        &self.state
    }

    fn resume(&mut self, state: State) {
        self.state = state;
    }

    /// An item that joined since the window began has no draw of its own yet; it scores by its categories.
    fn score(&self, world: &World<'_>, request: Option<&Request<'_>>, items: &[ItemId], out: &mut [f32]) {
        let Some(request) = request else { return };
        let features = self.state.learnt.features(request.user);
        let of_set = |set: &Vec<CategoryId>| -> f64 {
            features.of(set).iter().map(|(at, value)| value * self.state.shared[*at]).sum()
        };
        let kinds: Vec<f64> = self.kinds.sets().iter().map(of_set).collect();
        for (item, score) in items.iter().zip(out) {
            let kind = self.kinds.of(*item).map(|kind| kinds[kind]);
            let shared = kind.unwrap_or_else(|| of_set(&world.catalogue.item(*item).categories));
            *score = (shared + self.state.own.get(item.index()).copied().unwrap_or(0.0)) as f32;
        }
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) {
        self.state.learnt.observe(world, turns, self.positive);
    }

    fn end_window(&mut self, world: &World<'_>, streams: Streams) {
        self.kinds.extend(world.catalogue);
        self.sample(world.catalogue.len(), streams);
    }

    fn updates(&self) -> u64 {
        self.state.learnt.updates
    }
}
