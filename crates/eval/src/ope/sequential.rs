//! Estimators for trajectories: sessions, or whole lives of users, in which earlier actions change what comes later.
//!
//! At step `t` of trajectory `i` the behaviour took its action with probability `b_i(t)`, the target would have with
//! `p_i(t)` in the same state; the cumulative weights are `w_i(1:t) = prod_{s <= t} p_i(s) / b_i(s)`, and rewards are
//! discounted by `g^(t-1)`. The value is the expected discounted sum of rewards of a trajectory.

mod importance;
mod marginalised;
mod model;

pub use importance::{per_decision_is, per_decision_wis, trajectory_is, trajectory_wis};
pub use marginalised::marginalised_is;
pub(super) use model::step_wise_dr;
pub use model::{TrajectoryModel, sequential_dr};

use std::ops::Range;

use rayon::prelude::*;

use super::error::{
    FINITE, OpeError, PROBABILITY, PROPENSITY, check_length, check_values, is_probability, is_propensity,
};
use super::ips::check_unit;

/// The arrays of `n` logged trajectories of `m` steps in all, unchecked. Steps stand trajectory by trajectory, in
/// order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct TrajectoryArrays {
    /// The number of steps of each trajectory, at least 1; shape `(n,)`.
    pub lengths: Vec<usize>,
    /// The reward of each step; shape `(m,)`.
    pub rewards: Vec<f64>,
    /// The behaviour policy's probability of the action taken, above 0; shape `(m,)`.
    pub propensities: Vec<f64>,
    /// The target policy's probability of the action taken; shape `(m,)`.
    pub target: Vec<f64>,
    /// The user, for intervals clustered over users; shape `(n,)`.
    pub users: Vec<u32>,
    /// What a reward one step later is worth, from 0 to 1.
    pub discount: f64,
}

/// Checked trajectories with their cumulative weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectories {
    arrays: TrajectoryArrays,
    steps: Vec<Range<usize>>,
    cumulative: Vec<f64>,
}

impl Trajectories {
    /// Checks the arrays. Steps in error messages are counted through all trajectories.
    ///
    /// # Errors
    /// When there is no trajectory, one has no step, lengths differ, a reward is not finite, a propensity is not in
    /// `(0, 1]`, a target probability or the discount not in `[0, 1]`, or a weight overflows.
    pub fn new(arrays: TrajectoryArrays) -> Result<Self, OpeError> {
        let n = arrays.lengths.len();
        if n == 0 {
            return Err(OpeError::Empty { field: "lengths" });
        }
        check_length("users", arrays.users.len(), n)?;
        if let Some(index) = arrays.lengths.iter().position(|&length| length == 0) {
            let (field, unit, expected) = ("length", "trajectory", "at least one step");
            return Err(OpeError::Value { field, unit, index, value: 0.0, expected });
        }
        let mut end = 0;
        let steps: Vec<Range<usize>> = arrays
            .lengths
            .iter()
            .map(|length| {
                let start = end;
                end = start + length;
                start..end
            })
            .collect();
        check_length("rewards", arrays.rewards.len(), end)?;
        check_length("propensities", arrays.propensities.len(), end)?;
        check_length("target probabilities", arrays.target.len(), end)?;
        check_values("reward", "step", &arrays.rewards, FINITE, f64::is_finite)?;
        check_values("propensity", "step", &arrays.propensities, PROPENSITY, is_propensity)?;
        check_values("target probability", "step", &arrays.target, PROBABILITY, is_probability)?;
        check_unit("discount", arrays.discount)?;
        let mut cumulative: Vec<f64> =
            arrays.target.iter().zip(&arrays.propensities).map(|(p, b)| p / b).collect();
        for steps in &steps {
            for step in steps.start + 1..steps.end {
                cumulative[step] *= cumulative[step - 1];
            }
        }
        check_values("weight", "step", &cumulative, FINITE, f64::is_finite)?;
        Ok(Self { arrays, steps, cumulative })
    }

    /// The number of trajectories; at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// The arrays as they were given.
    pub fn arrays(&self) -> &TrajectoryArrays {
        &self.arrays
    }

    /// The weights of whole trajectories, `w_i(1:T_i)`; shape `(n,)`.
    pub fn weights(&self) -> Vec<f64> {
        self.steps.iter().map(|steps| self.cumulative[steps.end - 1]).collect()
    }

    /// The weights of the first steps, `w_i(1:t)`; shape `(m,)`.
    pub fn cumulative_weights(&self) -> &[f64] {
        &self.cumulative
    }

    /// One number for each trajectory from the range of its steps.
    fn each(&self, value: impl Fn(Range<usize>) -> f64 + Sync + Send) -> Vec<f64> {
        self.steps.par_iter().with_min_len(1 << 10).map(|steps| value(steps.clone())).collect()
    }

    /// The sum of a trajectory's terms, each discounted by its step.
    fn discounted(&self, terms: impl Iterator<Item = f64>) -> f64 {
        let mut discount = 1.0;
        terms.fold(0.0, |total, term| {
            let total = total + discount * term;
            discount *= self.arrays.discount;
            total
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::*;

    /// Two trajectories with discount 0.5: weights (2, 1) and (0.5, 1, 1), rewards (1, 2) and (0, 4, 8).
    pub(super) fn arrays() -> TrajectoryArrays {
        TrajectoryArrays {
            lengths: vec![2, 3],
            rewards: vec![1.0, 2.0, 0.0, 4.0, 8.0],
            propensities: vec![0.25, 0.5, 0.5, 0.25, 0.5],
            target: vec![0.5, 0.25, 0.25, 0.5, 0.5],
            users: vec![0, 1],
            discount: 0.5,
        }
    }

    #[test]
    fn weights_multiply_within_a_trajectory() {
        let trajectories = Trajectories::new(arrays()).unwrap();
        assert_eq!(trajectories.cumulative_weights(), [2.0, 1.0, 0.5, 1.0, 1.0]);
        assert_eq!(trajectories.weights(), [1.0, 1.0]);
    }

    #[test]
    fn errors_name_the_array_the_step_and_what_was_expected() {
        let cases = [
            TrajectoryArrays { lengths: vec![], users: vec![], ..arrays() },
            TrajectoryArrays { lengths: vec![5, 0], ..arrays() },
            TrajectoryArrays { lengths: vec![2, 2], ..arrays() },
            TrajectoryArrays { users: vec![1], ..arrays() },
            TrajectoryArrays { rewards: vec![0.0, 0.0, f64::NAN, 0.0, 0.0], ..arrays() },
            TrajectoryArrays { propensities: vec![0.5, 0.5, 0.5, 0.5, 0.0], ..arrays() },
            TrajectoryArrays { target: vec![0.5, 0.5, 0.5, 2.0, 0.0], ..arrays() },
            TrajectoryArrays { discount: 1.5, ..arrays() },
        ];
        let texts: Vec<String> =
            cases.into_iter().map(|arrays| Trajectories::new(arrays).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(texts.join("\n"));
    }
}
