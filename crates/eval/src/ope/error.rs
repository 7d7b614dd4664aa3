//! What can be wrong with the arrays or parameters of an estimate.

use rayon::prelude::*;

use super::sums::CHUNK;

/// Why an estimate cannot be made. Rounds, slates, trajectories and steps are counted from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpeError {
    /// There is nothing to estimate from.
    #[error("{field} is empty, expected at least one")]
    Empty {
        /// The array.
        field: &'static str,
    },
    /// Two arrays do not belong together.
    #[error("{field} has {found} values, expected {expected}")]
    Length {
        /// The array.
        field: &'static str,
        /// Its length.
        found: usize,
        /// The length that the other arrays ask for.
        expected: usize,
    },
    /// A value lies outside its range.
    #[error("{field} of {unit} {index} is {value}, expected {expected}")]
    Value {
        /// The array.
        field: &'static str,
        /// What the index counts: "round", "slate", "trajectory".
        unit: &'static str,
        /// Where.
        index: usize,
        /// The value found.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// An action is not one of the actions.
    #[error(
        "action of round {round} is {action}, expected an index below {n_actions}, the number of actions"
    )]
    Action {
        /// The round.
        round: usize,
        /// The action found.
        action: u32,
        /// The number of actions.
        n_actions: usize,
    },
    /// A row of probabilities is not a distribution.
    #[error("{field} of {unit} {index} sums to {sum}, expected 1")]
    Sum {
        /// The array.
        field: &'static str,
        /// What the index counts.
        unit: &'static str,
        /// Where.
        index: usize,
        /// The sum found.
        sum: f64,
    },
    /// The estimator looks at all actions, the feedback only knows the logged one.
    #[error(
        "{estimator} needs the target's probability of every action, expected a target distribution of shape \
         (rounds, actions)"
    )]
    NeedsDistribution {
        /// The estimator or array that asks.
        estimator: &'static str,
    },
    /// The target never does what was logged: a self-normalised estimate would be 0 / 0.
    #[error("{estimator}: all weights are 0, expected the target policy to share at least one logged action")]
    NoOverlap {
        /// The estimator.
        estimator: &'static str,
    },
    /// A parameter lies outside its range.
    #[error("{name} is {value}, expected {expected}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// The value found.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
}

pub(super) fn check_length(field: &'static str, found: usize, expected: usize) -> Result<(), OpeError> {
    if found == expected { Ok(()) } else { Err(OpeError::Length { field, found, expected }) }
}

/// The first value that breaks `rule`, as an error.
pub(super) fn check_values(
    field: &'static str,
    unit: &'static str,
    values: &[f64],
    expected: &'static str,
    rule: impl Fn(f64) -> bool + Sync,
) -> Result<(), OpeError> {
    let wrong = |chunk: &[f64]| chunk.iter().fold(false, |wrong, &value| wrong | !rule(value));
    let Some(chunk) = values.par_chunks(CHUNK).position_first(wrong) else { return Ok(()) };
    match (chunk * CHUNK..values.len()).find(|&index| !rule(values[index])) {
        None => Ok(()),
        Some(index) => Err(OpeError::Value { field, unit, index, value: values[index], expected }),
    }
}

pub(super) const PROBABILITY: &str = "a probability from 0 to 1";
pub(super) const PROPENSITY: &str = "a probability above 0 and at most 1";
pub(super) const FINITE: &str = "a finite number";

pub(super) fn is_probability(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

pub(super) fn is_propensity(value: f64) -> bool {
    value > 0.0 && value <= 1.0
}
