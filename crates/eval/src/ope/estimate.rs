//! What an estimator returns.

use super::error::OpeError;
use super::sums::{each, mean, sum};

/// A part of an estimate that is a ratio of two means, as in self-normalised estimators. Its sampling error is not
/// that of a mean; intervals need both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// Shape `(n,)`.
    pub numerator: Vec<f64>,
    /// Shape `(n,)`; its sum is not 0.
    pub denominator: Vec<f64>,
}

/// The estimated value of the target policy, in units of reward per round (per slate, per trajectory).
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The estimator's short name, such as `"snips"`.
    pub estimator: &'static str,
    /// The estimated value: the mean of `rounds`.
    pub value: f64,
    /// What each round contributes; shape `(n,)`.
    pub rounds: Vec<f64>,
    /// The parts of the value that are ratios; empty for plain means. A round's contribution holds
    /// `numerator[i] / mean(denominator)` of each.
    pub ratios: Vec<Ratio>,
}

impl Estimate {
    /// An estimate that is the mean of its contributions.
    pub(super) fn of_mean(estimator: &'static str, rounds: Vec<f64>) -> Self {
        Self { estimator, value: mean(&rounds), rounds, ratios: Vec::new() }
    }

    /// The mean of `base` (0 where there is none) plus the ratio of sums.
    pub(super) fn of_ratio(
        estimator: &'static str,
        base: Option<&[f64]>,
        ratio: Ratio,
    ) -> Result<Self, OpeError> {
        let total = sum(&ratio.denominator);
        if total <= 0.0 {
            return Err(OpeError::NoOverlap { estimator });
        }
        let (n, denominator) = (ratio.numerator.len(), total / ratio.numerator.len() as f64);
        let rounds = each(n, |i| base.map_or(0.0, |base| base[i]) + ratio.numerator[i] / denominator);
        let value = base.map_or(0.0, mean) + sum(&ratio.numerator) / total;
        Ok(Self { estimator, value, rounds, ratios: vec![ratio] })
    }
}
