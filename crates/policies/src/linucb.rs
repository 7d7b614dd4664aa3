//! `LinUCB` with the hybrid model.

use habitue_core::scenario::policy::LinUcbConfig;
use habitue_core::{Action, CategoryId, ItemId, PastInteraction, Request, Streams, Turn, UserId, World};

use crate::linear::{Kinds, Learnt, Solution};
use crate::names;
use crate::recommender::Scorer;

/// Li et al. 2010, algorithm 2; see [`LinUcbConfig`].
pub(crate) struct LinUcb {
    config: LinUcbConfig,
    positive: Action,
    state: Learnt,
    kinds: Kinds,
    solved: Solved,
}

/// What follows from the evidence as of the window's start.
struct Solved {
    solution: Solution,
    /// Inverse of the precision of the shared coefficients, shape `[k, k]`, row-major.
    covariance: Vec<f64>,
    /// By item id; see [`Solution::spreads`].
    spreads: Vec<Option<(Box<[f64]>, f64)>>,
}

impl Solved {
    fn new(state: &Learnt, ridge: f64) -> Self {
        let solution = Solution::new(&state.evidence, ridge);
        let (covariance, spreads) = (solution.factor.inverse(), solution.spreads(&state.evidence));
        Self { solution, covariance, spreads }
    }

    /// Mean and variance that the shared features give.
    fn shared(&self, features: &[(usize, f64)]) -> (f64, f64) {
        let k = self.solution.shared.len();
        let (mut mean, mut variance) = (0.0, 0.0);
        for (row, value) in features {
            mean += value * self.solution.shared[*row];
            for (column, other) in features {
                variance += value * other * self.covariance[row * k + column];
            }
        }
        (mean, variance)
    }
}

impl LinUcb {
    /// Knows the profiles from before the run.
    pub(crate) fn new(
        config: &LinUcbConfig,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Self, String> {
        let positive = names::positive(world.scale, config.positive.as_deref())?;
        let state = Learnt::before(world, history, config.positive_rating)?;
        let solved = Solved::new(&state, config.ridge);
        Ok(Self { config: config.clone(), positive, state, kinds: Kinds::default(), solved })
    }
}

impl Scorer for LinUcb {
    type State = Learnt;
    const KIND: &'static str = "linucb";
    const PERSONAL: bool = true;

    fn state(&self) -> &Learnt {
        &self.state
    }

    fn resume(&mut self, state: Learnt) {
        self.state = state;
        self.solved = Solved::new(&self.state, self.config.ridge);
    }

    fn score(&self, world: &World<'_>, request: Option<&Request<'_>>, items: &[ItemId], out: &mut [f32]) {
        let Some(request) = request else { return };
        let features = self.state.features(request.user);
        let of_set = |set: &Vec<CategoryId>| {
            let features = features.of(set);
            let (mean, variance) = self.solved.shared(&features);
            (features, mean, variance)
        };
        let kinds: Vec<_> = self.kinds.sets().iter().map(of_set).collect();
        for (item, score) in items.iter().zip(out) {
            let new;
            let (features, mean, variance) = if let Some(kind) = self.kinds.of(*item) {
                &kinds[kind]
            } else {
                new = of_set(&world.catalogue.item(*item).categories);
                &new
            };
            let own = self.solved.solution.own.get(item.index()).map_or(0.0, |(theta, _)| *theta);
            let extra = match self.solved.spreads.get(item.index()) {
                Some(Some((g, c))) => {
                    c - 2.0 * features.iter().map(|(at, value)| value * g[*at]).sum::<f64>()
                }
                _ => 1.0 / self.config.ridge,
            };
            *score = (mean + own + self.config.alpha * (variance + extra).max(0.0).sqrt()) as f32;
        }
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) {
        self.state.observe(world, turns, self.positive);
    }

    fn end_window(&mut self, world: &World<'_>, _: Streams) {
        self.kinds.extend(world.catalogue);
        self.solved = Solved::new(&self.state, self.config.ridge);
    }

    fn updates(&self) -> u64 {
        self.state.updates
    }
}
