//! The arrays of the estimators from the turns that answer a question.

use super::super::error::OpeError;
use super::super::feedback::{Feedback, FeedbackArrays, Target};
use super::super::sequential::{Trajectories, TrajectoryArrays};
use super::super::slate::{SlateArrays, SlateFeedback};
use super::{LoggedSession, LoggedTurns, Outcome};

/// The largest logarithm of a weight that is told from larger ones: `exp` of it is finite, and so is its inverse.
const LARGEST: f64 = 700.0;

/// The sessions that count for an outcome.
pub(super) struct Counted<'a> {
    pub(super) log: &'a LoggedTurns,
    pub(super) outcome: Outcome,
    pub(super) sessions: Vec<LoggedSession>,
}

impl<'a> Counted<'a> {
    pub(super) fn new(log: &'a LoggedTurns, outcome: Outcome) -> Self {
        let counts = |session: &&LoggedSession| outcome.counts(session, log.horizon);
        Self { log, outcome, sessions: log.sessions.iter().filter(counts).copied().collect() }
    }

    /// The turns of all sessions that count, in order.
    pub(super) fn turns(&self) -> impl Iterator<Item = usize> + '_ {
        self.sessions.iter().flat_map(|session| session.first..session.first + session.turns)
    }

    /// The user of each turn.
    pub(super) fn users_of_turns(&self) -> Vec<u32> {
        self.sessions.iter().flat_map(|session| std::iter::repeat_n(session.user, session.turns)).collect()
    }

    /// The user of each session.
    pub(super) fn users_of_sessions(&self) -> Vec<u32> {
        self.sessions.iter().map(|session| session.user).collect()
    }

    /// What each turn brings towards the outcome: its reward; or, at the end of a session, what the session came to.
    pub(super) fn step_rewards(&self) -> Vec<f64> {
        let steps = self.sessions.iter().flat_map(|session| {
            let end = self.outcome.at_the_end(session);
            (0..session.turns).map(move |turn| match end {
                None => self.log.rewards[session.first + turn],
                Some(worth) if turn + 1 == session.turns => worth,
                Some(_) => 0.0,
            })
        });
        steps.collect()
    }

    /// The undiscounted outcome of each session.
    pub(super) fn returns(&self) -> Vec<f64> {
        let worth = |session: &LoggedSession| {
            let turns = session.first..session.first + session.turns;
            let rewards = || self.log.rewards[turns].iter().sum();
            self.outcome.at_the_end(session).unwrap_or_else(rewards)
        };
        self.sessions.iter().map(worth).collect()
    }

    /// Every turn as a round whose action is the whole slate.
    pub(super) fn feedback(&self) -> Result<Feedback, OpeError> {
        let (mut propensities, mut target, mut rewards) = (Vec::new(), Vec::new(), Vec::new());
        for turn in self.turns() {
            let (behaviour, wanted) = probabilities(self.log.target[turn] - self.log.behaviour[turn]);
            propensities.push(behaviour);
            target.push(wanted);
            rewards.push(self.log.rewards[turn]);
        }
        let n = rewards.len();
        Feedback::new(FeedbackArrays {
            n_actions: 1,
            actions: vec![0; n],
            positions: vec![0; n],
            rewards,
            propensities,
            target: Target::Logged(target),
            users: self.users_of_turns(),
        })
    }

    /// Every turn as a slate of positions.
    pub(super) fn slates(&self) -> Result<SlateFeedback, OpeError> {
        let (log, k) = (self.log, self.log.slate_size);
        let (mut rewards, mut propensities, mut target) = (Vec::new(), Vec::new(), Vec::new());
        for position in self.turns().flat_map(|turn| turn * k..(turn + 1) * k) {
            let (behaviour, wanted) =
                probabilities(log.position_target[position] - log.position_behaviour[position]);
            rewards.push(log.position_rewards[position]);
            propensities.push(behaviour);
            target.push(wanted);
        }
        let users = self.users_of_turns();
        SlateFeedback::new(SlateArrays { slate_size: k, rewards, propensities, target, users })
    }

    /// Every session as a trajectory.
    pub(super) fn trajectories(&self) -> Result<Trajectories, OpeError> {
        let log = self.log;
        let steps = self.turns().map(|turn| probabilities(log.target[turn] - log.behaviour[turn]));
        let (propensities, target) = steps.unzip();
        Trajectories::new(TrajectoryArrays {
            lengths: self.sessions.iter().map(|session| session.turns).collect(),
            rewards: self.step_rewards(),
            propensities,
            target,
            users: self.users_of_sessions(),
            discount: 1.0,
        })
    }

    /// A state for each turn: how many of the session's turns before it brought a reward, 0 to 4 or more.
    pub(super) fn states(&self) -> (usize, Vec<u32>) {
        const STATES: u32 = 5;
        let mut states = Vec::new();
        for session in &self.sessions {
            let mut rewarded = 0;
            for turn in session.first..session.first + session.turns {
                states.push(rewarded);
                rewarded = (rewarded + u32::from(self.log.rewards[turn] > 0.0)).min(STATES - 1);
            }
        }
        (STATES as usize, states)
    }
}

/// Behaviour and target probabilities with this logarithm of their ratio. Estimators read nothing else of them, and the
/// true ones, products over slates, may lie below the least number there is.
fn probabilities(log_weight: f64) -> (f64, f64) {
    let weight = log_weight.min(LARGEST).exp();
    if weight <= 1.0 { (1.0, weight) } else { (1.0 / weight, 1.0) }
}
