//! When not to trust an estimate: what its weights say about it.

use std::fmt;

use super::error::{FINITE, OpeError, PROBABILITY, check_length, check_values, is_probability};
use super::feedback::{Feedback, Target};
use super::sums::{each, sum};

/// Below this effective sample size intervals are guesses: the central limit theorem has little to work with.
const FEWEST_EFFECTIVE: f64 = 100.0;
/// Below this share of the rounds the target differs too much from the behaviour.
const SMALLEST_EFFECTIVE_SHARE: f64 = 0.01;
/// Above this share of all weight a single round decides the estimate.
const LARGEST_WEIGHT_SHARE: f64 = 0.05;
/// How many standard errors the mean weight may be from 1, and how far at least to be worth a word.
const MEAN_WEIGHT_ERRORS: f64 = 4.0;
const MEAN_WEIGHT_SLACK: f64 = 0.01;
/// Target probability without support that is worth a word.
const UNSUPPORTED_SLACK: f64 = 0.001;

/// What the target does that the log cannot speak of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Support {
    /// Rounds in which the target may take an action without support.
    pub rounds: usize,
    /// The target's mean probability of such actions, from 0 to 1.
    pub mass: f64,
}

/// What the weights of `n` rounds, slates or trajectories say about an estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostics {
    /// The number of rounds, `n`.
    pub rounds: usize,
    /// Effective sample size `(sum_i w_i)^2 / sum_i w_i^2`, in rounds: as many unweighted rounds of the target would
    /// tell about as much. Kong, "A Note on Importance Sampling using Standardized Weights" (1992). 0 where all
    /// weights are 0.
    pub effective_sample_size: f64,
    /// The largest weight.
    pub largest_weight: f64,
    /// The largest weight's share of all weight, from 0 to 1; 0 where all weights are 0.
    pub largest_share: f64,
    /// The mean weight; its expectation is 1 where propensities are right and support holds.
    pub mean_weight: f64,
    /// The standard error of the mean weight, rounds taken as independent.
    pub mean_weight_error: f64,
    /// Rounds with weight 0: what the behaviour did there, the target never does.
    pub zero_weights: usize,
    /// The target's probability of actions that were never logged at all; unknown without a target distribution.
    pub never_logged: Option<Support>,
    /// The target's probability of actions whose behaviour propensity is 0 in that round; unknown without the
    /// behaviour's whole distribution ([`Diagnostics::with_behaviour`]).
    pub unsupported: Option<Support>,
}

impl Diagnostics {
    /// Reads the weights of slates or trajectories.
    ///
    /// # Errors
    /// When there is no weight or one is not finite or negative.
    pub fn of_weights(weights: &[f64]) -> Result<Self, OpeError> {
        if weights.is_empty() {
            return Err(OpeError::Empty { field: "weights" });
        }
        check_values("weight", "round", weights, FINITE, f64::is_finite)?;
        check_values("weight", "round", weights, "a number of at least 0", |weight| weight >= 0.0)?;
        let n = weights.len() as f64;
        let largest_weight = weights.iter().copied().fold(0.0, f64::max);
        let (total, mean_weight) = (sum(weights), sum(weights) / n);
        // Scaled by the largest, so that squares do not overflow.
        let scaled = |i: usize| (weights[i] / largest_weight).powi(2);
        let squares = if total > 0.0 { sum(&each(weights.len(), scaled)) } else { 0.0 };
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let deviation = sum(&each(weights.len(), |i| (weights[i] - mean_weight).powi(2)));
        Ok(Self {
            rounds: weights.len(),
            effective_sample_size: share((total / largest_weight).powi(2), squares),
            largest_weight,
            largest_share: share(largest_weight, total),
            mean_weight,
            mean_weight_error: (deviation / n / (n - 1.0).max(1.0)).sqrt(),
            zero_weights: weights.iter().filter(|&&weight| weight == 0.0).count(),
            never_logged: None,
            unsupported: None,
        })
    }

    /// Reads the weights of rounds and, where the target's distribution is known, how much it wants of actions that
    /// were never logged.
    ///
    /// # Errors
    /// When a weight is not finite: a propensity was so small that the weight overflowed.
    pub fn of_feedback(feedback: &Feedback) -> Result<Self, OpeError> {
        let mut diagnostics = Self::of_weights(feedback.weights())?;
        let arrays = feedback.arrays();
        if let Target::Distribution(rows) = &arrays.target {
            let mut logged = vec![false; arrays.n_actions];
            arrays.actions.iter().for_each(|&action| logged[action as usize] = true);
            diagnostics.never_logged = Some(support(rows, arrays.n_actions, |_, action| logged[action]));
        }
        Ok(diagnostics)
    }

    /// Adds the exact check of support, from the behaviour policy's probability of every action; shape
    /// `(n, n_actions)`.
    ///
    /// # Errors
    /// When the shape differs from the feedback's, a value is not a probability, or the feedback holds no target
    /// distribution.
    pub fn with_behaviour(mut self, feedback: &Feedback, behaviour: &[f64]) -> Result<Self, OpeError> {
        let rows = feedback.distribution("the support check")?;
        check_length("behaviour distribution", behaviour.len(), rows.len())?;
        check_values("behaviour probability", "entry", behaviour, PROBABILITY, is_probability)?;
        let n_actions = feedback.arrays().n_actions;
        self.unsupported =
            Some(support(rows, n_actions, |round, action| behaviour[round * n_actions + action] > 0.0));
        Ok(self)
    }

    /// Why the estimate should not be trusted, in plain language, the worst first; empty where nothing speaks against
    /// it.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let worth_a_word =
            |support: Option<Support>| support.filter(|support| support.mass > UNSUPPORTED_SLACK);
        if let Some(support) = worth_a_word(self.unsupported) {
            warnings.push(Warning::Unsupported { support, rounds: self.rounds });
        } else if let Some(support) = worth_a_word(self.never_logged) {
            warnings.push(Warning::NeverLogged { support, rounds: self.rounds });
        }
        if self.zero_weights == self.rounds {
            warnings.push(Warning::NoOverlap { rounds: self.rounds });
            return warnings;
        }
        let off = (self.mean_weight - 1.0).abs();
        if off > MEAN_WEIGHT_ERRORS * self.mean_weight_error && off > MEAN_WEIGHT_SLACK {
            warnings.push(Warning::MeanWeight { mean: self.mean_weight, error: self.mean_weight_error });
        }
        let effective = self.effective_sample_size;
        if effective < FEWEST_EFFECTIVE || effective < SMALLEST_EFFECTIVE_SHARE * self.rounds as f64 {
            warnings.push(Warning::EffectiveSampleSize { effective, rounds: self.rounds });
        }
        if self.largest_share > LARGEST_WEIGHT_SHARE {
            warnings.push(Warning::LargestWeight { weight: self.largest_weight, share: self.largest_share });
        }
        warnings
    }
}

fn support(rows: &[f64], n_actions: usize, supported: impl Fn(usize, usize) -> bool) -> Support {
    let (mut rounds, mut total) = (0, 0.0);
    for (round, row) in rows.chunks(n_actions).enumerate() {
        let missing = row.iter().enumerate().filter(|&(action, _)| !supported(round, action));
        let mass: f64 = missing.map(|(_, probability)| probability).sum();
        rounds += usize::from(mass > 0.0);
        total += mass;
    }
    Support { rounds, mass: total / (rows.len() / n_actions) as f64 }
}

/// Why an estimate should not be trusted. `Display` says it in plain language.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Warning {
    /// The target takes actions that the behaviour cannot take.
    Unsupported {
        /// How often.
        support: Support,
        /// Of how many rounds.
        rounds: usize,
    },
    /// The target takes actions that were never logged.
    NeverLogged {
        /// How often.
        support: Support,
        /// Of how many rounds.
        rounds: usize,
    },
    /// The target never does what was logged.
    NoOverlap {
        /// How many rounds.
        rounds: usize,
    },
    /// The mean weight is not 1.
    MeanWeight {
        /// The mean weight.
        mean: f64,
        /// Its standard error.
        error: f64,
    },
    /// Few rounds carry the estimate.
    EffectiveSampleSize {
        /// The effective sample size.
        effective: f64,
        /// Of how many rounds.
        rounds: usize,
    },
    /// One round carries the estimate.
    LargestWeight {
        /// Its weight.
        weight: f64,
        /// Its share of all weight.
        share: f64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported { support, rounds } => write!(
                f,
                "The target policy gives {:.1}% of its choices to actions that the logging policy could not take (in \
                 {} of {rounds} rounds). The log says nothing about them: the estimate leaves them out or rests on \
                 the reward model alone.",
                100.0 * support.mass,
                support.rounds
            ),
            Self::NeverLogged { support, rounds } => write!(
                f,
                "The target policy gives {:.1}% of its choices to actions that were never logged (in {} of {rounds} \
                 rounds). The log says nothing about them: the estimate leaves them out or rests on the reward model \
                 alone.",
                100.0 * support.mass,
                support.rounds
            ),
            Self::NoOverlap { rounds } => write!(
                f,
                "The target policy would never have done what was logged in these {rounds} rounds. No estimate from \
                 weights is possible; one from a reward model cannot be checked against the log."
            ),
            Self::MeanWeight { mean, error } => write!(
                f,
                "The mean weight is {mean:.3} (standard error {error:.3}) where it should be 1. Either the logged \
                 propensities are not those of the policy that ran, or the target policy does what the logging \
                 policy never does. Do not trust the estimate before this is explained."
            ),
            Self::EffectiveSampleSize { effective, rounds } if 2.0 * effective > *rounds as f64 => write!(
                f,
                "There are only {rounds} rounds (effective sample size {effective:.1}): too few for the interval to \
                 be relied on. Gather more data."
            ),
            Self::EffectiveSampleSize { effective, rounds } => write!(
                f,
                "The {rounds} rounds tell as much about the target policy as {effective:.1} rounds of its own would. \
                 The two policies differ too much for this log: take the interval as too narrow, and gather more data \
                 or evaluate a policy closer to the logging policy."
            ),
            Self::LargestWeight { weight, share } => write!(
                f,
                "One round carries {:.1}% of all weight (weight {weight:.1}): the estimate is largely its reward. \
                 Compare it with a self-normalised, clipped or doubly robust estimate.",
                100.0 * share
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::*;
    use crate::ope::FeedbackArrays;

    #[test]
    fn by_hand() {
        let diagnostics = Diagnostics::of_weights(&[0.0, 1.0, 1.0, 2.0]).unwrap();
        assert!((diagnostics.effective_sample_size - 16.0 / 6.0).abs() < 1e-12);
        assert_eq!((diagnostics.largest_weight, diagnostics.largest_share), (2.0, 0.5));
        assert_eq!((diagnostics.mean_weight, diagnostics.zero_weights), (1.0, 1));
        // Variance 2 / 3, over 4 rounds.
        assert!((diagnostics.mean_weight_error - (2.0f64 / 3.0 / 4.0).sqrt()).abs() < 1e-12);
        assert!((Diagnostics::of_weights(&[1e200; 3]).unwrap().effective_sample_size - 3.0).abs() < 1e-12);
    }

    #[test]
    fn support_is_counted_by_action_and_by_round() {
        let feedback = Feedback::new(FeedbackArrays {
            n_actions: 3,
            actions: vec![0, 1],
            positions: vec![0; 2],
            rewards: vec![1.0; 2],
            propensities: vec![1.0, 0.5],
            target: Target::Distribution(vec![0.5, 0.5, 0.0, 0.25, 0.5, 0.25]),
            users: vec![0, 1],
        })
        .unwrap();
        let diagnostics = Diagnostics::of_feedback(&feedback).unwrap();
        assert_eq!(diagnostics.never_logged, Some(Support { rounds: 1, mass: 0.125 }));
        let diagnostics = diagnostics.with_behaviour(&feedback, &[1.0, 0.0, 0.0, 0.25, 0.5, 0.25]).unwrap();
        assert_eq!(diagnostics.unsupported, Some(Support { rounds: 1, mass: 0.25 }));
        assert!(diagnostics.with_behaviour(&feedback, &[1.0; 3]).is_err());
    }

    #[test]
    fn weights_that_average_to_one_and_stay_small_raise_no_warning() {
        let weights: Vec<f64> = (0..1000).map(|i| if i % 2 == 0 { 0.5 } else { 1.5 }).collect();
        assert_eq!(Diagnostics::of_weights(&weights).unwrap().warnings(), []);
    }

    #[test]
    fn warnings_say_in_plain_language_what_is_wrong() {
        let of = |weights: Vec<f64>| Diagnostics::of_weights(&weights).unwrap();
        let half = of((0..1000).map(|i| if i % 2 == 0 { 0.2 } else { 0.8 }).collect());
        let one = of((0..1000).map(|i| if i == 0 { 900.0 } else { 0.1 }).collect());
        let support = Some(Support { rounds: 400, mass: 0.123 });
        let cases = [
            ("half the weight is missing", half.clone()),
            ("one round of a thousand", one),
            ("few rounds", of(vec![1.0; 30])),
            ("no overlap", of(vec![0.0; 50])),
            ("never logged", Diagnostics { never_logged: support, mean_weight: 1.0, ..half.clone() }),
            (
                "unsupported",
                Diagnostics { unsupported: support, never_logged: support, mean_weight: 1.0, ..half },
            ),
        ];
        let text = |(name, diagnostics): &(&str, Diagnostics)| {
            let warnings: Vec<String> = diagnostics.warnings().iter().map(ToString::to_string).collect();
            format!("{name}\n{}", warnings.join("\n"))
        };
        insta::assert_snapshot!(cases.iter().map(text).collect::<Vec<_>>().join("\n\n"));
    }
}
