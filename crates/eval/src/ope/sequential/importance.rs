//! Importance sampling over trajectories, plain and weighted (self-normalised).

use super::super::error::OpeError;
use super::super::estimate::{Estimate, Ratio};
use super::super::sums::each;
use super::Trajectories;

/// Trajectory-wise importance sampling: `V = 1/n sum_i w_i(1:T_i) sum_t g^(t-1) r_i(t)`.
///
/// Unbiased; its variance grows exponentially with the length. Precup, Sutton and Singh, "Eligibility Traces for
/// Off-Policy Policy Evaluation" (ICML 2000).
pub fn trajectory_is(trajectories: &Trajectories) -> Estimate {
    Estimate::of_mean("trajectory-is", weighted_returns(trajectories))
}

/// Weighted trajectory-wise importance sampling: `V = (sum_i w_i(1:T_i) G_i) / (sum_i w_i(1:T_i))` with the
/// discounted sum of rewards `G_i`.
///
/// Consistent, and within the range of the returns. Precup, Sutton and Singh (ICML 2000).
///
/// # Errors
/// When all weights are 0.
pub fn trajectory_wis(trajectories: &Trajectories) -> Result<Estimate, OpeError> {
    let ratio = Ratio {
        numerator: weighted_returns(trajectories).into(),
        denominator: trajectories.weights().into(),
    };
    Estimate::of_ratio("trajectory-wis", None, ratio)
}

fn weighted_returns(trajectories: &Trajectories) -> Vec<f64> {
    trajectories.each(|steps| {
        let weight = trajectories.cumulative[steps.end - 1];
        weight * trajectories.discounted(trajectories.arrays.rewards[steps].iter().copied())
    })
}

/// Per-decision importance sampling: `V = 1/n sum_i sum_t g^(t-1) w_i(1:t) r_i(t)`.
///
/// Unbiased: what comes after a reward cannot have changed it. Precup, Sutton and Singh (ICML 2000).
pub fn per_decision_is(trajectories: &Trajectories) -> Estimate {
    let rounds = trajectories.each(|steps| {
        let rewards = &trajectories.arrays.rewards[steps.clone()];
        let weights = &trajectories.cumulative[steps];
        trajectories.discounted(rewards.iter().zip(weights).map(|(reward, weight)| reward * weight))
    });
    Estimate::of_mean("per-decision-is", rounds)
}

/// Weighted per-decision importance sampling:
/// `V = sum_t g^(t-1) (sum_i w_i(1:t) r_i(t)) / (sum_i w_i(1:t))`.
///
/// A trajectory that has ended stays where it is with reward 0 and its last weight. The estimate keeps two numbers
/// for each trajectory and step of the longest one. Thomas, "Safe Reinforcement Learning" (PhD thesis, 2015):
/// consistent weighted per-decision importance sampling.
///
/// # Errors
/// When all weights of a step are 0.
pub fn per_decision_wis(trajectories: &Trajectories) -> Result<Estimate, OpeError> {
    let longest = trajectories.arrays.lengths.iter().max().copied().unwrap_or(0);
    let mut discount = 1.0;
    let mut ratios = Vec::with_capacity(longest);
    for t in 0..longest {
        let weight = |i: usize| {
            let steps = &trajectories.steps[i];
            trajectories.cumulative[(steps.start + t).min(steps.end - 1)]
        };
        let reward = |i: usize| {
            let steps = &trajectories.steps[i];
            if t < steps.len() { trajectories.arrays.rewards[steps.start + t] } else { 0.0 }
        };
        ratios.push(Ratio {
            numerator: each(trajectories.len(), |i| discount * weight(i) * reward(i)).into(),
            denominator: each(trajectories.len(), weight).into(),
        });
        discount *= trajectories.arrays.discount;
    }
    Estimate::of_ratios("per-decision-wis", None, ratios)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::super::tests::arrays;
    use super::*;
    use crate::ope::{Feedback, FeedbackArrays, Target, TrajectoryArrays, ips, snips};

    #[test]
    fn by_hand() {
        let trajectories = Trajectories::new(arrays()).unwrap();
        // Returns 1 + 2 / 2 and 0 + 4 / 2 + 8 / 4.
        assert_eq!(trajectory_is(&trajectories).rounds, [2.0, 4.0]);
        assert_eq!(trajectory_wis(&trajectories).unwrap().value, 3.0);
        // 2 * 1 + 1 * 2 / 2 and 0 + 1 * 4 / 2 + 1 * 8 / 4.
        assert_eq!(per_decision_is(&trajectories).rounds, [3.0, 4.0]);
        // Steps: (2 * 1 + 0) / 2.5, (2 + 4) / 2 / 2, and (0 + 8) / 4 / 2, the first trajectory holding its weight 1.
        assert!((per_decision_wis(&trajectories).unwrap().value - (0.8 + 1.5 + 1.0)).abs() < 1e-15);
    }

    #[test]
    fn one_step_is_a_bandit() {
        let (rewards, propensities, target) =
            (vec![1.0, 2.0, 0.5], vec![0.5, 0.25, 0.5], vec![0.25, 0.5, 0.0]);
        let users = vec![0, 1, 2];
        let feedback = Feedback::new(FeedbackArrays {
            n_actions: 1,
            actions: vec![0; 3],
            positions: vec![0; 3],
            rewards: rewards.clone(),
            propensities: propensities.clone(),
            target: Target::Logged(target.clone()),
            users: users.clone(),
        })
        .unwrap();
        let arrays =
            TrajectoryArrays { lengths: vec![1; 3], rewards, propensities, target, users, discount: 0.9 };
        let trajectories = Trajectories::new(arrays).unwrap();
        assert_eq!(trajectory_is(&trajectories).rounds, ips(&feedback).rounds);
        assert_eq!(per_decision_is(&trajectories).rounds, ips(&feedback).rounds);
        assert_eq!(trajectory_wis(&trajectories).unwrap().value, snips(&feedback).unwrap().value);
        assert_eq!(per_decision_wis(&trajectories).unwrap().value, snips(&feedback).unwrap().value);
    }

    #[test]
    fn a_step_without_weight_is_refused() {
        let target = vec![0.5, 0.25, 0.25, 0.5, 0.0];
        let trajectories = Trajectories::new(TrajectoryArrays { target, ..arrays() }).unwrap();
        assert!(per_decision_wis(&trajectories).is_ok(), "the first trajectory still holds its weight");
        let target = vec![0.5, 0.0, 0.25, 0.0, 0.0];
        let trajectories = Trajectories::new(TrajectoryArrays { target, ..arrays() }).unwrap();
        insta::assert_snapshot!(per_decision_wis(&trajectories).unwrap_err());
    }
}
