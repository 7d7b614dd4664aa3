//! Estimators for whole slates, whose reward is the sum of the rewards of its positions.
//!
//! A slate of `k` positions is chosen item by item: `b(l)` and `p(l)` are the behaviour's and the target's
//! probabilities of the item at position `l` given the items above it, as a Plackett-Luce policy logs them. The
//! weights of the top `l` positions are `w(1:l) = prod_{m <= l} p(m) / b(m)`.

mod cascade;
mod weights;

pub use cascade::{SlateRewardModel, cascade_dr};
pub use weights::{
    MarginalPropensities, independent_ips, pseudo_inverse_ips, reward_interaction_ips,
    self_normalised_independent_ips, self_normalised_reward_interaction_ips, self_normalised_standard_ips,
    standard_ips,
};

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::error::{
    FINITE, OpeError, PROBABILITY, PROPENSITY, check_length, check_values, is_probability, is_propensity,
};
use super::sums::{CHUNK, each};

/// The arrays of `n` logged slates, unchecked. A slate shorter than the longest is padded below with reward 0 and
/// propensities 1, which changes no estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct SlateArrays {
    /// Positions of the longest slate, `k`.
    pub slate_size: usize,
    /// The reward at each position; shape `(n, k)`, row by row.
    pub rewards: Vec<f64>,
    /// The behaviour's probability of the item given the items above it, above 0; shape `(n, k)`.
    pub propensities: Vec<f64>,
    /// The target's probability of the item given the items above it; shape `(n, k)`.
    pub target: Vec<f64>,
    /// The user, for intervals clustered over users; shape `(n,)`.
    pub users: Vec<u32>,
}

/// Checked slates with their cumulative weights.
#[derive(Debug, Clone, PartialEq)]
pub struct SlateFeedback {
    arrays: SlateArrays,
    cumulative: Arc<Vec<f64>>,
}

impl SlateFeedback {
    /// Checks the arrays. Positions in error messages are counted through all slates: position `l` of slate `i` is
    /// `i * k + l`.
    ///
    /// # Errors
    /// When there is no slate or no position, lengths differ, a reward is not finite, a propensity is not in
    /// `(0, 1]`, a target probability not in `[0, 1]`, or a weight overflows.
    pub fn new(arrays: SlateArrays) -> Result<Self, OpeError> {
        let (n, k) = (arrays.users.len(), arrays.slate_size);
        if n == 0 {
            return Err(OpeError::Empty { field: "users" });
        }
        if k == 0 {
            return Err(OpeError::Empty { field: "slate" });
        }
        check_length("rewards", arrays.rewards.len(), n * k)?;
        check_length("propensities", arrays.propensities.len(), n * k)?;
        check_length("target probabilities", arrays.target.len(), n * k)?;
        let (cumulative, valid) = cumulative(&arrays);
        if !valid {
            check_in_order(&arrays, &cumulative)?;
        }
        Ok(Self { arrays, cumulative: Arc::new(cumulative) })
    }

    /// The number of slates; at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.arrays.users.len()
    }

    /// The arrays as they were given.
    pub fn arrays(&self) -> &SlateArrays {
        &self.arrays
    }

    /// The weights of whole slates, `w(1:k)`; shape `(n,)`.
    pub fn weights(&self) -> Vec<f64> {
        let k = self.arrays.slate_size;
        each(self.len(), |i| self.cumulative[(i + 1) * k - 1])
    }

    /// The weights of the top positions, `w(1:l)`; shape `(n, k)`.
    pub fn cumulative_weights(&self) -> &[f64] {
        &self.cumulative
    }

    /// Where the positions of a slate stand in arrays of shape `(n, k)`.
    fn positions(&self, slate: usize) -> Range<usize> {
        let k = self.arrays.slate_size;
        slate * k..(slate + 1) * k
    }

    /// One number for each slate from its rows of `rewards` and cumulative weights.
    fn each(&self, value: impl Fn(&[f64], &[f64]) -> f64 + Sync + Send) -> Vec<f64> {
        each(self.len(), |i| {
            let row = self.positions(i);
            value(&self.arrays.rewards[row.clone()], &self.cumulative[row])
        })
    }
}

/// Products of `target / behaviour` along each row of `k`, and whether all values that went into them and they
/// themselves are what they should be.
fn cumulative(arrays: &SlateArrays) -> (Vec<f64>, bool) {
    let k = arrays.slate_size;
    // Rows are not cut by chunks.
    let chunk = CHUNK.next_multiple_of(k);
    let mut cumulative = vec![0.0; arrays.rewards.len()];
    let wrong = AtomicBool::new(false);
    cumulative.par_chunks_mut(chunk).enumerate().for_each(|(place, products)| {
        let values = place * chunk..place * chunk + products.len();
        let (rewards, target) = (&arrays.rewards[values.clone()], &arrays.target[values.clone()]);
        let propensities = &arrays.propensities[values];
        let mut valid = true;
        for (row, products) in products.chunks_exact_mut(k).enumerate() {
            let row = row * k..(row + 1) * k;
            let ratios = target[row.clone()].iter().zip(&propensities[row.clone()]);
            let mut weight = 1.0;
            for ((product, (&p, &b)), reward) in products.iter_mut().zip(ratios).zip(&rewards[row]) {
                weight *= p / b;
                valid &= reward.is_finite() & is_propensity(b) & is_probability(p) & weight.is_finite();
                *product = weight;
            }
        }
        if !valid {
            wrong.store(true, Ordering::Relaxed);
        }
    });
    (cumulative, !wrong.into_inner())
}

/// The first wrong value, array by array.
fn check_in_order(arrays: &SlateArrays, cumulative: &[f64]) -> Result<(), OpeError> {
    check_values("reward", "position", &arrays.rewards, FINITE, f64::is_finite)?;
    check_values("propensity", "position", &arrays.propensities, PROPENSITY, is_propensity)?;
    check_values("target probability", "position", &arrays.target, PROBABILITY, is_probability)?;
    check_values("weight", "position", cumulative, FINITE, f64::is_finite)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::*;

    fn arrays() -> SlateArrays {
        SlateArrays {
            slate_size: 2,
            rewards: vec![1.0, 2.0, 0.0, 4.0],
            propensities: vec![0.5, 0.5, 0.25, 1.0],
            target: vec![1.0, 0.25, 0.5, 1.0],
            users: vec![0, 1],
        }
    }

    #[test]
    fn weights_multiply_from_the_top() {
        let slates = SlateFeedback::new(arrays()).unwrap();
        assert_eq!(slates.cumulative_weights(), [2.0, 1.0, 2.0, 2.0]);
        assert_eq!(slates.weights(), [1.0, 2.0]);
    }

    #[test]
    fn errors_name_the_array_the_position_and_what_was_expected() {
        let cases = [
            SlateArrays { users: vec![], ..arrays() },
            SlateArrays { slate_size: 0, ..arrays() },
            SlateArrays { slate_size: 3, ..arrays() },
            SlateArrays { rewards: vec![1.0, 2.0, f64::INFINITY, 0.0], ..arrays() },
            SlateArrays { propensities: vec![0.5, 0.5, 0.5, 0.0], ..arrays() },
            SlateArrays { target: vec![1.5, 0.5, 0.5, 0.0], ..arrays() },
            SlateArrays { propensities: vec![1e-200, 1e-200, 0.5, 0.5], ..arrays() },
        ];
        let texts: Vec<String> =
            cases.into_iter().map(|arrays| SlateFeedback::new(arrays).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(texts.join("\n"));
    }
}
