//! The hybrid linear model of rewards (Li et al. 2010, section 3.2) that `linucb` and `thompson-linear` share.
//!
//! Reward of item a for user u: `r = z' beta + theta_a + noise`. Shared features z = (1, item's categories / sqrt m,
//! the same times the user's profile), where m is the item's number of categories; k = 1 + 2 x categories. The item's
//! own features are the constant 1. All of it is one ridge regression on `(beta, theta_1, theta_2, ...)`, whose blocks
//! are eliminated one by one, as in the paper's algorithm 2.

mod cholesky;
mod features;
mod learnt;

pub(crate) use cholesky::Cholesky;
pub(crate) use features::Kinds;
use habitue_core::ItemId;
pub(crate) use learnt::Learnt;
use serde::{Deserialize, Serialize};

/// Sums over impressions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    /// k.
    shared: usize,
    /// Sum of z z', shape `[k, k]`, row-major.
    outer: Vec<f64>,
    /// Sum of r z, shape `[k]`.
    reward: Vec<f64>,
    /// By item id; `None` for items never shown.
    items: Vec<Option<Box<ItemEvidence>>>,
}

/// Sums over impressions of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ItemEvidence {
    impressions: f64,
    /// Sum of r.
    reward: f64,
    /// Sum of z, shape `[k]`.
    features: Vec<f64>,
}

impl Evidence {
    /// None, for so many shared features.
    pub(crate) fn new(shared: usize) -> Self {
        Self { shared, outer: vec![0.0; shared * shared], reward: vec![0.0; shared], items: Vec::new() }
    }

    /// One impression with sparse shared features (index, value).
    pub(crate) fn add(&mut self, item: ItemId, features: &[(usize, f64)], reward: f64) {
        if self.items.len() <= item.index() {
            self.items.resize(item.index() + 1, None);
        }
        let own = self.items[item.index()].get_or_insert_with(|| {
            Box::new(ItemEvidence { impressions: 0.0, reward: 0.0, features: vec![0.0; self.shared] })
        });
        own.impressions += 1.0;
        own.reward += reward;
        for (row, value) in features {
            self.reward[*row] += reward * value;
            own.features[*row] += value;
            for (column, other) in features {
                self.outer[row * self.shared + column] += value * other;
            }
        }
    }
}

/// The ridge regression on the evidence.
#[derive(Debug, Clone)]
pub(crate) struct Solution {
    /// Factor of `A_0`, the precision of beta.
    pub(crate) factor: Cholesky,
    /// beta, shape `[k]`.
    pub(crate) shared: Vec<f64>,
    /// theta by item id, with `A_a`, the precision of theta given beta.
    pub(crate) own: Vec<(f64, f64)>,
}

impl Solution {
    /// Solves with this ridge penalty. Cost: k^2 per item with evidence, k^3 once.
    pub(crate) fn new(evidence: &Evidence, ridge: f64) -> Self {
        let k = evidence.shared;
        let mut precision = evidence.outer.clone();
        let mut target = evidence.reward.clone();
        (0..k).for_each(|at| precision[at * k + at] += ridge);
        for own in evidence.items.iter().flatten() {
            let inverse = 1.0 / (ridge + own.impressions);
            let nonzero: Vec<(usize, f64)> = own.nonzero().collect();
            for (row, value) in &nonzero {
                target[*row] -= value * inverse * own.reward;
                for (column, other) in &nonzero {
                    precision[row * k + column] -= value * inverse * other;
                }
            }
        }
        let factor = Cholesky::new(precision, k);
        let shared = factor.solve(&target);
        let own = Self::given(evidence, ridge, &shared);
        Self { factor, shared, own }
    }

    /// theta and `A_a` of every item with evidence or an id below one that has it, given beta.
    pub(crate) fn given(evidence: &Evidence, ridge: f64, shared: &[f64]) -> Vec<(f64, f64)> {
        let of_item = |own: &Option<Box<ItemEvidence>>| {
            own.as_ref().map_or((0.0, ridge), |own| {
                let explained: f64 = own.nonzero().map(|(at, value)| value * shared[at]).sum();
                let precision = ridge + own.impressions;
                ((own.reward - explained) / precision, precision)
            })
        };
        evidence.items.iter().map(of_item).collect()
    }

    /// By item id, what the variance of its reward needs: `g = A_0^-1 B_a' / A_a` (shape `[k]`) and
    /// `c = 1 / A_a + B_a g / A_a`, so that the variance is `z' A_0^-1 z - 2 z' g + c`; `None` without evidence.
    pub(crate) fn spreads(&self, evidence: &Evidence) -> Vec<Option<(Box<[f64]>, f64)>> {
        let spread = |(own, (_, precision)): (&Option<Box<ItemEvidence>>, &(f64, f64))| {
            own.as_ref().map(|own| {
                let mut g = self.factor.solve(&own.features);
                for value in &mut g {
                    *value /= precision;
                }
                let bend: f64 = own.nonzero().map(|(at, value)| value * g[at]).sum();
                (g.into_boxed_slice(), 1.0 / precision + bend / precision)
            })
        };
        evidence.items.iter().zip(&self.own).map(spread).collect()
    }
}

impl ItemEvidence {
    fn nonzero(&self) -> impl Iterator<Item = (usize, f64)> {
        self.features.iter().copied().enumerate().filter(|(_, value)| *value != 0.0)
    }
}

#[cfg(test)]
mod tests;
