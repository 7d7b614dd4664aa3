//! Matrix factorisation by Bayesian personalised ranking.

use habitue_core::scenario::policy::BprMfConfig;
use habitue_core::{
    Action, ItemId, PastInteraction, Purpose, Request, SimTime, Stream, Streams, Turn, UserId, World,
};
use rand::RngExt;
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};

use crate::engagements::Engagements;
use crate::item_knn::is_due;
use crate::names;
use crate::recommender::Scorer;

/// Standard deviation of factors before any training, times the fourth root of their number: a product of two
/// untrained vectors then has the standard deviation 0.01, whatever the number of factors.
const INITIAL: f32 = 0.1;

/// Draws of a negative item that are tried for a user who likes nearly everything, before the step is left out.
const ATTEMPTS: usize = 16;

/// Rendle et al. 2009; see [`BprMfConfig`].
pub(crate) struct BprMf {
    config: BprMfConfig,
    positive: Action,
    state: State,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    engagements: Engagements,
    /// By user id, shape `[factors]`; empty for users the model has not met.
    users: Vec<Vec<f32>>,
    /// Shape `[items, factors]`, row-major.
    items: Vec<f32>,
    /// Shape `[items]`.
    biases: Vec<f32>,
    trained: Option<SimTime>,
    trainings: u64,
}

impl BprMf {
    /// Knows the interactions from before the run.
    pub(crate) fn new(
        config: &BprMfConfig,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Self, String> {
        let positive = names::positive(world.scale, config.positive.as_deref())?;
        let state = State {
            engagements: Engagements::before(history, config.positive_rating),
            users: Vec::new(),
            items: Vec::new(),
            biases: Vec::new(),
            trained: None,
            trainings: 0,
        };
        Ok(Self { config: config.clone(), positive, state })
    }

    fn factors(&self) -> usize {
        self.config.factors as usize
    }

    /// Gives new users and items their initial factors.
    fn admit(&mut self, items: usize, stream: &mut Stream) {
        let factors = self.factors();
        let spread =
            Normal::new(0.0, INITIAL / (factors as f32).sqrt().sqrt()).expect("the spread is positive");
        let state = &mut self.state;
        while state.items.len() < items * factors {
            state.items.push(spread.sample(stream));
        }
        state.biases.resize(items, 0.0);
        let users = state.engagements.users();
        state.users.resize(users.len(), Vec::new());
        for (row, basket) in state.users.iter_mut().zip(users) {
            if row.is_empty() && !basket.is_empty() {
                row.extend((0..factors).map(|_| spread.sample(stream)));
            }
        }
    }

    /// Stochastic gradient ascent on `ln sigma(x_ui - x_uj)` minus regularisation, over all positive pairs in random order,
    /// each against a random item that the user has not engaged with.
    fn train(&mut self, items: usize, available: &[ItemId], stream: &mut Stream) {
        self.admit(items, stream);
        let sorted: Vec<Vec<ItemId>> = self
            .state
            .engagements
            .users()
            .iter()
            .map(|basket| {
                let mut basket = basket.clone();
                basket.sort_unstable();
                basket
            })
            .collect();
        let mut pairs: Vec<(u32, ItemId)> = Vec::new();
        for (user, basket) in sorted.iter().enumerate() {
            pairs.extend(basket.iter().map(|item| (user as u32, *item)));
        }
        for _ in 0..self.config.epochs {
            for last in (1..pairs.len()).rev() {
                pairs.swap(last, stream.random_range(0..=last as u32) as usize);
            }
            for &(user, liked) in &pairs {
                let known = &sorted[user as usize];
                let negative = (0..ATTEMPTS)
                    .map(|_| available[stream.random_range(0..available.len() as u32) as usize])
                    .find(|item| known.binary_search(item).is_err());
                if let Some(other) = negative {
                    self.step(user as usize, liked, other);
                }
            }
        }
        self.state.trainings += 1;
    }

    fn step(&mut self, user: usize, liked: ItemId, other: ItemId) {
        let (factors, rate, decay) =
            (self.factors(), self.config.learning_rate as f32, self.config.regularisation as f32);
        let state = &mut self.state;
        let row = &mut state.users[user];
        let (liked, other) = (liked.index(), other.index());
        let (from, to) = (liked * factors, other * factors);
        let gap = state.biases[liked] - state.biases[other] + dot(row, &state.items[from..from + factors])
            - dot(row, &state.items[to..to + factors]);
        let slope = 1.0 / (1.0 + gap.exp());
        state.biases[liked] += rate * (slope - decay * state.biases[liked]);
        state.biases[other] += rate * (-slope - decay * state.biases[other]);
        for (at, user) in row.iter_mut().enumerate() {
            let (u, i, j) = (*user, state.items[from + at], state.items[to + at]);
            *user += rate * (slope * (i - j) - decay * u);
            state.items[from + at] += rate * (slope * u - decay * i);
            state.items[to + at] += rate * (-slope * u - decay * j);
        }
    }
}

/// Inner product in eight lanes, which the compiler turns into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a_lanes, b_lanes) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_lanes.remainder().iter().zip(b_lanes.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_lanes.zip(b_lanes) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

impl Scorer for BprMf {
    type State = State;
    const KIND: &'static str = "bpr-mf";
    const PERSONAL: bool = true;

    fn state(&self) -> &State {
        &self.state
    }

    fn resume(&mut self, state: State) {
        self.state = state;
    }

    fn score(&self, _: &World<'_>, request: Option<&Request<'_>>, items: &[ItemId], out: &mut [f32]) {
        let factors = self.factors();
        let row = request.and_then(|request| self.state.users.get(request.user.index()));
        let row = row.filter(|row| !row.is_empty());
        for (item, score) in items.iter().zip(out) {
            let item = item.index();
            *score = self.state.biases.get(item).copied().unwrap_or(0.0);
            if let (Some(row), Some(factors)) =
                (row, self.state.items.get(item * factors..(item + 1) * factors))
            {
                *score += dot(row, factors);
            }
        }
    }

    fn observe(&mut self, _: &World<'_>, turns: &[Turn]) {
        self.state.engagements.observe(turns, self.positive);
    }

    fn end_window(&mut self, world: &World<'_>, streams: Streams) {
        if is_due(self.config.retrain, self.state.trained, world.now) {
            if self.state.engagements.pairs() > 0 && !world.available.is_empty() {
                let mut stream = streams.stream(Purpose::Training, self.state.trainings, 0);
                self.train(world.catalogue.len(), world.available, &mut stream);
            }
            self.state.trained = Some(world.now);
        }
    }

    fn updates(&self) -> u64 {
        self.state.trainings
    }
}
