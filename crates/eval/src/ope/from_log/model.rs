//! Reward models with cross-fitting over users.

use rayon::prelude::*;

use super::super::doubly_robust::RewardModel;
use super::super::error::OpeError;
use super::super::feedback::Feedback;
use super::super::sequential::{Trajectories, TrajectoryModel};
use super::FOLDS;
use super::ridge::{Ridge, add_moments, predict};
use super::rounds::Counted;
use super::table::Fit;

/// The most rounds of fitted Q evaluation; longer sessions are worth little more to the model.
const MOST_ROUNDS: usize = 30;

/// What a turn's user belongs to.
const fn fold_of(user: u32) -> usize {
    user as usize % FOLDS
}

/// Rows of features.
#[derive(Clone, Copy)]
struct Features<'a> {
    width: usize,
    shown: &'a [f32],
    target: &'a [f32],
}

impl<'a> Features<'a> {
    fn of(counted: &'a Counted<'_>) -> Self {
        let log = counted.log;
        Self { width: log.width, shown: &log.features, target: &log.target_features }
    }

    fn shown(self, turn: usize) -> &'a [f32] {
        &self.shown[turn * self.width..][..self.width]
    }

    fn target(self, turn: usize) -> &'a [f32] {
        &self.target[turn * self.width..][..self.width]
    }
}

/// A ridge regression of the reward of a slate on its features, one for each fold of users, made from all others.
///
/// The expectation under the target is the mean prediction for the slates that the target drew: unbiased for the model's
/// true expectation, and exact where the target draws nothing at random.
pub(super) fn slate_model(
    counted: &Counted<'_>,
    feedback: &Feedback,
) -> Result<(RewardModel, Fit), OpeError> {
    let features = Features::of(counted);
    let turns: Vec<usize> = counted.turns().collect();
    let (users, rewards) = (&feedback.arrays().users, &feedback.arrays().rewards);
    let coefficients: Vec<Vec<f64>> = (0..FOLDS)
        .into_par_iter()
        .map(|fold| {
            let others = || (0..turns.len()).filter(|i| fold_of(users[*i]) != fold);
            let ridge = Ridge::new(features.width, others().map(|i| features.shown(turns[i])));
            let mut moments = vec![0.0; features.width];
            others().for_each(|i| add_moments(&mut moments, features.shown(turns[i]), rewards[i]));
            ridge.solve(moments)
        })
        .collect();
    let own = |i: usize| &coefficients[fold_of(users[i])];
    let target = (0..turns.len()).map(|i| predict(own(i), features.target(turns[i]))).collect();
    let logged: Vec<f64> = (0..turns.len()).map(|i| predict(own(i), features.shown(turns[i]))).collect();
    let fit = Fit::new(rewards, &logged);
    Ok((RewardModel::from_values(feedback, target, logged)?, fit))
}

/// Fitted Q evaluation with a linear Q: starting from 0, `Q(s_t, a_t)` is regressed on `r_t + V(s_{t+1})`, with
/// `V(s) = E_p Q(s, a)` of the round before, as many times as the longest session has turns. One for each fold of users,
/// made from all others. Le, Voloshin and Yue, "Batch Policy Learning under Constraints" (ICML 2019).
pub(super) fn session_model(
    counted: &Counted<'_>,
    trajectories: &Trajectories,
) -> Result<TrajectoryModel, OpeError> {
    let coefficients: Vec<Vec<f64>> =
        (0..FOLDS).into_par_iter().map(|fold| fitted_q(counted, trajectories, fold)).collect();
    let features = Features::of(counted);
    let (mut target, mut logged) = (Vec::new(), Vec::new());
    for session in &counted.sessions {
        let own = &coefficients[fold_of(session.user)];
        for turn in session.first..session.first + session.turns {
            target.push(predict(own, features.target(turn)));
            logged.push(predict(own, features.shown(turn)));
        }
    }
    TrajectoryModel::new(trajectories, target, logged)
}

/// The coefficients for users in this fold.
fn fitted_q(counted: &Counted<'_>, trajectories: &Trajectories, fold: usize) -> Vec<f64> {
    let features = Features::of(counted);
    let rewards = &trajectories.arrays().rewards;
    // (turn in the log, step in the trajectories, whether it is the last of its session)
    let mut steps = Vec::new();
    let mut step = 0;
    for session in &counted.sessions {
        for turn in 0..session.turns {
            if fold_of(session.user) != fold {
                steps.push((session.first + turn, step, turn + 1 == session.turns));
            }
            step += 1;
        }
    }
    let ridge = Ridge::new(features.width, steps.iter().map(|(turn, ..)| features.shown(*turn)));
    let longest = trajectories.arrays().lengths.iter().max().copied().unwrap_or(1);
    let mut coefficients = vec![0.0; features.width];
    for _ in 0..longest.min(MOST_ROUNDS) {
        let mut moments = vec![0.0; features.width];
        for &(turn, step, last) in &steps {
            let to_come = if last { 0.0 } else { predict(&coefficients, features.target(turn + 1)) };
            add_moments(&mut moments, features.shown(turn), rewards[step] + to_come);
        }
        coefficients = ridge.solve(moments);
    }
    coefficients
}

/// The model's word for the value of each session: `V` of its first state.
pub(super) fn first_values(counted: &Counted<'_>, model: &TrajectoryModel) -> Vec<f64> {
    let mut first = 0;
    let values = counted.sessions.iter().map(|session| {
        let value = model.target()[first];
        first += session.turns;
        value
    });
    values.collect()
}
