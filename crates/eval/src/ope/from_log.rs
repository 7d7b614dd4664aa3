//! From a run's log to estimates: which question is asked, which rounds answer it, what every estimator says.
//!
//! A [`LoggedTurns`] holds what estimators need of a log, turn by turn: rewards, the logarithms of the probabilities with
//! which the logged policy showed its slates and the target would have shown them, and features for reward models. An
//! [`Outcome`] says what is to be estimated; [`evaluate`] makes the arrays of the estimators from both.

mod features;
mod model;
mod outcome;
mod ridge;
mod rounds;
mod table;

pub use features::{Asked, CONTEXT_WIDTH, FeatureMap, NAMED_ITEMS};
pub use outcome::{Outcome, OutcomeError};
pub use table::{Evaluated, Fit, Row, SESSION_ESTIMATORS, SLATE_ESTIMATORS, evaluate, find_estimators};

use habitue_core::{SimDuration, SimTime};

use super::diagnostics::Support;

/// Folds of users for cross-fitting: each user's reward is predicted by a model that has not seen the user.
pub const FOLDS: usize = 5;

/// A session as estimators see it: the turns `first..first + turns` of [`LoggedTurns`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoggedSession {
    /// The user, for clusters.
    pub user: u32,
    /// The user's session, counted from 0.
    pub number: u32,
    /// Position of its first turn.
    pub first: usize,
    /// Number of turns, at least 1.
    pub turns: usize,
    /// When it ended.
    pub end: SimTime,
    /// Time to the next arrival, if that lies within the run.
    pub gap: Option<SimDuration>,
    /// Whether the run's end cut it short.
    pub cut: bool,
}

/// The turns of a log with what the target policy would have done. Turns of a session stand together, in order.
///
/// Memory: 24 bytes a turn, 24 a position and 8 a feature.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedTurns {
    /// Length of the run.
    pub horizon: SimTime,
    /// The sessions, in order of their turns.
    pub sessions: Vec<LoggedSession>,
    /// Reward of each turn; shape `(m,)`.
    pub rewards: Vec<f64>,
    /// Logarithm of the probability with which the logged policy showed the slate; shape `(m,)`.
    pub behaviour: Vec<f64>,
    /// Logarithm of the probability with which the target would have; shape `(m,)`.
    pub target: Vec<f64>,
    /// Positions of a slate, `k`; shorter ones are padded with reward 0 and logarithms 0.
    pub slate_size: usize,
    /// Reward of each position, the constant reward of a turn at the first; shape `(m, k)`.
    pub position_rewards: Vec<f64>,
    /// Logarithms of the logged policy's conditional probabilities; shape `(m, k)`.
    pub position_behaviour: Vec<f64>,
    /// Logarithms of the target's; shape `(m, k)`.
    pub position_target: Vec<f64>,
    /// Number of features, `f`.
    pub width: usize,
    /// Features of the slate shown; shape `(m, f)`.
    pub features: Vec<f32>,
    /// Mean features of the slates that the target drew in the same state; shape `(m, f)`.
    pub target_features: Vec<f32>,
    /// How much of what the target drew was never shown in the log.
    pub never_logged: Support,
}

impl LoggedTurns {
    /// An empty log.
    pub fn new(horizon: SimTime, slate_size: usize, width: usize) -> Self {
        Self {
            horizon,
            sessions: Vec::new(),
            rewards: Vec::new(),
            behaviour: Vec::new(),
            target: Vec::new(),
            slate_size,
            position_rewards: Vec::new(),
            position_behaviour: Vec::new(),
            position_target: Vec::new(),
            width,
            features: Vec::new(),
            target_features: Vec::new(),
            never_logged: Support { rounds: 0, mass: 0.0 },
        }
    }

    /// Number of turns, `m`.
    pub fn len(&self) -> usize {
        self.rewards.len()
    }

    /// Whether there is no turn.
    pub fn is_empty(&self) -> bool {
        self.rewards.is_empty()
    }

    /// Keeps the first session of each user alone.
    #[must_use]
    pub fn first_sessions(mut self) -> Self {
        self.sessions.retain(|session| session.number == 0);
        self
    }

    /// Whether the logged policy drew nothing at random, so that the log speaks of no other slate.
    pub fn is_deterministic(&self) -> bool {
        self.behaviour.iter().all(|log| *log == 0.0)
    }

    /// Whether the target would have shown every slate with the probability with which it was shown.
    pub fn is_same_policy(&self) -> bool {
        self.behaviour.iter().zip(&self.target).all(|(behaviour, target)| (behaviour - target).abs() < 1e-9)
    }

    /// Users with a session.
    pub fn users(&self) -> usize {
        let mut users: Vec<u32> = self.sessions.iter().map(|session| session.user).collect();
        users.sort_unstable();
        users.dedup();
        users.len()
    }
}
