//! Slate estimators from weights alone, from no assumption on the user to ever stronger ones.

use std::sync::Arc;

use super::super::column::Column;
use super::super::error::{
    OpeError, PROBABILITY, PROPENSITY, check_length, check_values, is_probability, is_propensity,
};
use super::super::estimate::{Estimate, Ratio};
use super::super::sums::{each, each_valid};
use super::SlateFeedback;

/// Each item's probability at its position whatever stands above it; shape `(n, k)`. For a policy that fills
/// positions independently these are the propensities that a slate logs; for Plackett-Luce they are not.
#[derive(Debug, Clone, PartialEq)]
pub struct MarginalPropensities {
    /// The behaviour policy's, above 0.
    pub behaviour: Vec<f64>,
    /// The target policy's.
    pub target: Vec<f64>,
}

impl MarginalPropensities {
    /// `p(l) / b(l)` of every position; shape `(n, k)`.
    fn weights(&self, slates: &SlateFeedback) -> Result<Vec<f64>, OpeError> {
        let size = self.size(slates)?;
        let (target, behaviour) = (&self.target[..size], &self.behaviour[..size]);
        let weight = |i: usize| {
            let valid = is_propensity(behaviour[i]) & is_probability(target[i]);
            valid.then(|| target[i] / behaviour[i])
        };
        self.valid(each_valid(size, weight))
    }

    /// One number for each slate from its rows of rewards, target and behaviour probabilities.
    fn each(
        &self,
        slates: &SlateFeedback,
        value: impl Fn(&[f64], &[f64], &[f64]) -> f64 + Sync + Send,
    ) -> Result<Vec<f64>, OpeError> {
        self.size(slates)?;
        let slate = |i: usize| {
            let row = slates.positions(i);
            let (target, behaviour) = (&self.target[row.clone()], &self.behaviour[row.clone()]);
            let mut valid = true;
            for (&p, &b) in target.iter().zip(behaviour) {
                valid &= is_propensity(b) & is_probability(p);
            }
            valid.then(|| value(&slates.arrays.rewards[row], target, behaviour))
        };
        self.valid(each_valid(slates.len(), slate))
    }

    /// The size of both arrays.
    fn size(&self, slates: &SlateFeedback) -> Result<usize, OpeError> {
        let size = slates.len() * slates.arrays.slate_size;
        check_length("marginal propensities", self.behaviour.len(), size)?;
        check_length("marginal target probabilities", self.target.len(), size)?;
        Ok(size)
    }

    /// What was made of the arrays, or the first wrong value, array by array.
    fn valid(&self, made: Option<Vec<f64>>) -> Result<Vec<f64>, OpeError> {
        if made.is_none() {
            check_values("marginal propensity", "position", &self.behaviour, PROPENSITY, is_propensity)?;
            check_values(
                "marginal target probability",
                "position",
                &self.target,
                PROBABILITY,
                is_probability,
            )?;
        }
        Ok(made.unwrap_or_default())
    }
}

/// Standard slate IPS: `V = 1/n sum_i w_i(1:k) sum_l r_i(l)`.
///
/// No assumption on the user; its variance grows exponentially with the slate. McInerney et al., "Counterfactual
/// Evaluation of Slate Recommendations with Sequential Reward Interactions" (KDD 2020), equation 1.
pub fn standard_ips(slates: &SlateFeedback) -> Estimate {
    Estimate::of_mean("slate-ips", weighted_slates(slates))
}

/// Self-normalised standard slate IPS: `V = (sum_i w_i(1:k) sum_l r_i(l)) / (sum_i w_i(1:k))`.
///
/// # Errors
/// When all weights are 0.
pub fn self_normalised_standard_ips(slates: &SlateFeedback) -> Result<Estimate, OpeError> {
    let k = slates.arrays.slate_size;
    let denominator = Column::of_rows(Arc::clone(&slates.cumulative), k - 1, k);
    let ratio = Ratio { numerator: weighted_slates(slates).into(), denominator };
    Estimate::of_ratio("slate-snips", None, ratio)
}

fn weighted_slates(slates: &SlateFeedback) -> Vec<f64> {
    slates.each(|rewards, weights| weights[weights.len() - 1] * rewards.iter().sum::<f64>())
}

/// Independent IPS (IIPS): `V = 1/n sum_i sum_l p_i(l) / b_i(l) r_i(l)` with marginal probabilities.
///
/// Unbiased where the reward of a position depends on its own item alone. Li, Abbasi-Yadkori, Kveton, Muthukrishnan,
/// Vinay and Wen, "Offline Evaluation of Ranking Policies with Click Models" (KDD 2018).
///
/// # Errors
/// When the marginal propensities have another shape than the slates or are not probabilities.
pub fn independent_ips(
    slates: &SlateFeedback,
    marginals: &MarginalPropensities,
) -> Result<Estimate, OpeError> {
    let rounds = marginals.each(slates, |rewards, target, behaviour| {
        let weights = target.iter().zip(behaviour).map(|(p, b)| p / b);
        rewards.iter().zip(weights).map(|(reward, weight)| reward * weight).sum()
    })?;
    Ok(Estimate::of_mean("slate-iips", rounds))
}

/// IIPS normalised at each position: `V = sum_l (sum_i w_i(l) r_i(l)) / (sum_i w_i(l))`.
///
/// # Errors
/// As [`independent_ips`], and when all weights of a position are 0.
pub fn self_normalised_independent_ips(
    slates: &SlateFeedback,
    marginals: &MarginalPropensities,
) -> Result<Estimate, OpeError> {
    let weights = marginals.weights(slates)?;
    Estimate::of_ratios("slate-sniips", None, ratios_by_position(slates, &Arc::new(weights)))
}

/// Reward-interaction IPS (RIPS): `V = 1/n sum_i sum_l w_i(1:l) r_i(l)`.
///
/// Unbiased where users read from the top: the reward of a position depends on its item and those above. McInerney
/// et al. (KDD 2020).
pub fn reward_interaction_ips(slates: &SlateFeedback) -> Estimate {
    Estimate::of_mean("slate-rips", slates.each(dot))
}

/// RIPS normalised at each position: `V = sum_l (sum_i w_i(1:l) r_i(l)) / (sum_i w_i(1:l))`.
///
/// # Errors
/// When all weights of a position are 0.
pub fn self_normalised_reward_interaction_ips(slates: &SlateFeedback) -> Result<Estimate, OpeError> {
    Estimate::of_ratios("slate-snrips", None, ratios_by_position(slates, &slates.cumulative))
}

/// Pseudo-inverse estimator (PI): `V = 1/n sum_i (1 + sum_l (p_i(l) / b_i(l) - 1)) sum_l r_i(l)` with marginal
/// probabilities.
///
/// Unbiased where the slate's reward is a sum of unknown parts of its positions, even if only the sum is seen.
/// Swaminathan et al., "Off-policy evaluation for slate recommendation" (NIPS 2017). This closed form of the
/// pseudo-inverse holds where the behaviour fills positions independently (also in Vlassis et al., "Control Variates
/// for Slate Off-Policy Evaluation", NeurIPS 2021); for a behaviour without replacement it is biased.
///
/// # Errors
/// When the marginal propensities have another shape than the slates or are not probabilities.
pub fn pseudo_inverse_ips(
    slates: &SlateFeedback,
    marginals: &MarginalPropensities,
) -> Result<Estimate, OpeError> {
    let rounds = marginals.each(slates, |rewards, target, behaviour| {
        let weight = 1.0 + target.iter().zip(behaviour).map(|(p, b)| p / b - 1.0).sum::<f64>();
        weight * rewards.iter().sum::<f64>()
    })?;
    Ok(Estimate::of_mean("slate-pi", rounds))
}

fn dot(rewards: &[f64], weights: &[f64]) -> f64 {
    rewards.iter().zip(weights).map(|(reward, weight)| reward * weight).sum()
}

fn ratios_by_position(slates: &SlateFeedback, weights: &Arc<Vec<f64>>) -> Vec<Ratio> {
    let (rewards, k) = (&slates.arrays.rewards, slates.arrays.slate_size);
    let weighted = Arc::new(each(rewards.len(), |i| weights[i] * rewards[i]));
    let position = |l: usize| Ratio {
        numerator: Column::of_rows(Arc::clone(&weighted), l, k),
        denominator: Column::of_rows(Arc::clone(weights), l, k),
    };
    (0..k).map(position).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::*;
    use crate::ope::SlateArrays;

    /// Cumulative weights (2, 1) and (2, 2); rewards (1, 2) and (0, 4).
    fn slates() -> SlateFeedback {
        SlateFeedback::new(SlateArrays {
            slate_size: 2,
            rewards: vec![1.0, 2.0, 0.0, 4.0],
            propensities: vec![0.5, 0.5, 0.25, 1.0],
            target: vec![1.0, 0.25, 0.5, 1.0],
            users: vec![0, 1],
        })
        .unwrap()
    }

    fn marginals() -> MarginalPropensities {
        let slates = slates();
        MarginalPropensities {
            behaviour: slates.arrays().propensities.clone(),
            target: slates.arrays().target.clone(),
        }
    }

    #[test]
    fn by_hand() {
        let (slates, marginals) = (slates(), marginals());
        assert_eq!(standard_ips(&slates).rounds, [3.0, 8.0]);
        assert_eq!(self_normalised_standard_ips(&slates).unwrap().value, 11.0 / 3.0);
        // Marginal weights (2, 0.5) and (2, 1).
        assert_eq!(independent_ips(&slates, &marginals).unwrap().rounds, [3.0, 4.0]);
        assert_eq!(
            self_normalised_independent_ips(&slates, &marginals).unwrap().value,
            2.0 / 4.0 + 5.0 / 1.5
        );
        assert_eq!(reward_interaction_ips(&slates).rounds, [4.0, 8.0]);
        assert_eq!(self_normalised_reward_interaction_ips(&slates).unwrap().value, 2.0 / 4.0 + 10.0 / 3.0);
        // 1 + 1 - 0.5 and 1 + 1 + 0.
        assert_eq!(pseudo_inverse_ips(&slates, &marginals).unwrap().rounds, [4.5, 8.0]);
    }

    #[test]
    fn the_pseudo_inverse_is_unbiased_for_an_additive_reward_and_independent_positions() {
        // Every slate of two positions with two items each, as often as the behaviour shows it (in 16ths).
        let (b, p) = ([[0.25, 0.75], [0.5, 0.5]], [[0.5, 0.5], [0.125, 0.875]]);
        let part = [[1.0, 3.0], [0.5, -2.0]];
        let (mut rewards, mut propensities, mut target) = (vec![], vec![], vec![]);
        for (first, second, times) in [(0, 0, 2), (0, 1, 2), (1, 0, 6), (1, 1, 6)] {
            for _ in 0..times {
                // Only the sum is seen, and it is booked at the first position.
                rewards.extend([part[0][first] + part[1][second], 0.0]);
                propensities.extend([b[0][first], b[1][second]]);
                target.extend([p[0][first], p[1][second]]);
            }
        }
        let marginals = MarginalPropensities { behaviour: propensities.clone(), target: target.clone() };
        let arrays = SlateArrays { slate_size: 2, rewards, propensities, target, users: vec![0; 16] };
        let slates = SlateFeedback::new(arrays).unwrap();
        let truth = 0.5 * 1.0 + 0.5 * 3.0 + 0.125 * 0.5 - 0.875 * 2.0;
        assert!((pseudo_inverse_ips(&slates, &marginals).unwrap().value - truth).abs() < 1e-12);
        assert!((standard_ips(&slates).value - truth).abs() < 1e-12);
        assert!(
            (independent_ips(&slates, &marginals).unwrap().value - truth).abs() > 0.1,
            "sees only the first"
        );
    }

    #[test]
    fn padding_changes_nothing() {
        let pad = |rows: &[f64], with: f64| {
            rows.chunks(2).flat_map(|row| [row[0], row[1], with]).collect::<Vec<_>>()
        };
        let (slates, short) = (slates(), marginals());
        let arrays = slates.arrays();
        let long = SlateFeedback::new(SlateArrays {
            slate_size: 3,
            rewards: pad(&arrays.rewards, 0.0),
            propensities: pad(&arrays.propensities, 1.0),
            target: pad(&arrays.target, 1.0),
            users: arrays.users.clone(),
        })
        .unwrap();
        let padded =
            MarginalPropensities { behaviour: pad(&short.behaviour, 1.0), target: pad(&short.target, 1.0) };
        assert_eq!(standard_ips(&slates).rounds, standard_ips(&long).rounds);
        assert_eq!(reward_interaction_ips(&slates).rounds, reward_interaction_ips(&long).rounds);
        let pseudo = |slates, marginals| pseudo_inverse_ips(slates, marginals).unwrap().rounds;
        assert_eq!(pseudo(&slates, &short), pseudo(&long, &padded));
    }

    #[test]
    fn marginals_of_another_shape_are_refused() {
        let short = MarginalPropensities { behaviour: vec![0.5], target: vec![0.5] };
        insta::assert_snapshot!(independent_ips(&slates(), &short).unwrap_err());
    }
}
