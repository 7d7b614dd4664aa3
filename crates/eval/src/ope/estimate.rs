//! What an estimator returns.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::column::Column;
use super::error::OpeError;
use super::sums::{each, mean, sum_pair};

/// A part of an estimate that is a ratio of two means, as in self-normalised estimators. Its sampling error is not
/// that of a mean; intervals need both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// Shape `(n,)`.
    pub numerator: Column,
    /// Shape `(n,)`; its sum is not 0.
    pub denominator: Column,
}

/// The estimated value of the target policy, in units of reward per round (per slate, per trajectory).
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The estimator's short name, such as `"snips"`.
    pub estimator: &'static str,
    /// The estimated value: the mean of `rounds`.
    pub value: f64,
    /// What each round contributes; shape `(n,)`.
    pub rounds: Rounds,
    /// The parts of the value that are ratios; empty for plain means. A round's contribution holds
    /// `numerator[i] / mean(denominator)` of each.
    pub ratios: Vec<Ratio>,
}

impl Estimate {
    /// An estimate that is the mean of its contributions.
    pub(super) fn of_mean(estimator: &'static str, rounds: impl Into<Arc<Vec<f64>>>) -> Self {
        let rounds = rounds.into();
        Self { estimator, value: mean(&rounds), rounds: Rounds::given(rounds), ratios: Vec::new() }
    }

    /// The mean of `base` (0 where there is none) plus one ratio of sums.
    pub(super) fn of_ratio(
        estimator: &'static str,
        base: Option<Arc<Vec<f64>>>,
        ratio: Ratio,
    ) -> Result<Self, OpeError> {
        Self::of_ratios(estimator, base, vec![ratio])
    }

    /// The mean of `base` (0 where there is none) plus ratios of sums; at least one.
    pub(super) fn of_ratios(
        estimator: &'static str,
        base: Option<Arc<Vec<f64>>>,
        ratios: Vec<Ratio>,
    ) -> Result<Self, OpeError> {
        let sums: Vec<(f64, f64)> =
            ratios.iter().map(|ratio| sum_pair(&ratio.numerator, &ratio.denominator)).collect();
        if sums.iter().any(|&(_, total)| total <= 0.0) {
            return Err(OpeError::NoOverlap { estimator });
        }
        let parts = sums.iter().map(|(numerator, total)| numerator / total);
        let value = base.as_deref().map_or(0.0, |base| mean(base)) + parts.sum::<f64>();
        let totals = sums.iter().map(|&(_, total)| total).collect();
        let rounds = Rounds::computed(Terms { base, ratios: ratios.clone(), totals });
        Ok(Self { estimator, value, rounds, ratios })
    }
}

/// What each round contributes, read as a slice. Of estimates with ratios it is computed when it is first read,
/// because the value does not need it.
#[derive(Clone)]
pub struct Rounds {
    values: OnceLock<Arc<Vec<f64>>>,
    terms: Terms,
}

/// What contributions are computed from.
#[derive(Clone, Default)]
struct Terms {
    base: Option<Arc<Vec<f64>>>,
    ratios: Vec<Ratio>,
    /// The sum of each denominator.
    totals: Vec<f64>,
}

impl Terms {
    fn contributions(&self) -> Vec<f64> {
        let n = self.ratios.first().map_or(0, |ratio| ratio.numerator.len());
        each(n, |i| {
            let parts = self.ratios.iter().zip(&self.totals);
            let parts = parts.map(|(ratio, total)| ratio.numerator[i] / (total / n as f64));
            self.base.as_ref().map_or(0.0, |base| base[i]) + parts.sum::<f64>()
        })
    }
}

impl Rounds {
    fn given(values: Arc<Vec<f64>>) -> Self {
        Self { values: values.into(), terms: Terms::default() }
    }

    fn computed(terms: Terms) -> Self {
        Self { values: OnceLock::new(), terms }
    }
}

impl Deref for Rounds {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        self.values.get_or_init(|| Arc::new(self.terms.contributions()))
    }
}

impl PartialEq for Rounds {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<const N: usize> PartialEq<[f64; N]> for Rounds {
    fn eq(&self, other: &[f64; N]) -> bool {
        **self == other[..]
    }
}

impl fmt::Debug for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
