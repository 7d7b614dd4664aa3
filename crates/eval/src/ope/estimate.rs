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

    /// The mean of `base` (0 where there is none) plus one ratio of sums.
    pub(super) fn of_ratio(
        estimator: &'static str,
        base: Option<&[f64]>,
        ratio: Ratio,
    ) -> Result<Self, OpeError> {
        Self::of_ratios(estimator, base, vec![ratio])
    }

    /// The mean of `base` (0 where there is none) plus ratios of sums; at least one.
    pub(super) fn of_ratios(
        estimator: &'static str,
        base: Option<&[f64]>,
        ratios: Vec<Ratio>,
    ) -> Result<Self, OpeError> {
        let n = ratios[0].numerator.len();
        let totals: Vec<f64> = ratios.iter().map(|ratio| sum(&ratio.denominator)).collect();
        if totals.iter().any(|&total| total <= 0.0) {
            return Err(OpeError::NoOverlap { estimator });
        }
        let rounds = each(n, |i| {
            let parts = ratios.iter().zip(&totals);
            let parts = parts.map(|(ratio, total)| ratio.numerator[i] / (total / n as f64));
            base.map_or(0.0, |base| base[i]) + parts.sum::<f64>()
        });
        let parts = ratios.iter().zip(&totals).map(|(ratio, total)| sum(&ratio.numerator) / total);
        let value = base.map_or(0.0, mean) + parts.sum::<f64>();
        Ok(Self { estimator, value, rounds, ratios })
    }
}
