//! Inverse propensity scoring and its kin: weights alone, no reward model.

use super::error::OpeError;
use super::estimate::{Estimate, Ratio};
use super::feedback::Feedback;
use super::sums::each;

/// Inverse propensity scoring (IPS): `V = 1/n sum_i w_i r_i`.
///
/// Unbiased where every action of the target has a positive behaviour propensity; its variance grows with the
/// square of the weights. Horvitz and Thompson (1952); Strehl, Langford, Li and Kakade, "Learning from Logged
/// Implicit Exploration Data" (NIPS 2010).
pub fn ips(feedback: &Feedback) -> Estimate {
    let (weights, rewards) = (feedback.weights(), &feedback.arrays().rewards);
    Estimate::of_mean("ips", each(feedback.len(), |i| weights[i] * rewards[i]))
}

/// IPS with weights clipped at `lambda`: `V = 1/n sum_i min(w_i, lambda) r_i`.
///
/// Trades bias (towards 0) for variance. Ionides, "Truncated Importance Sampling" (Journal of Computational and
/// Graphical Statistics, 2008); Su, Wang, Santacatterina and Joachims, "CAB" (ICML 2019).
///
/// # Errors
/// When `lambda` is not above 0; infinity gives plain IPS.
pub fn clipped_ips(feedback: &Feedback, lambda: f64) -> Result<Estimate, OpeError> {
    check_positive("lambda", lambda)?;
    let (weights, rewards) = (feedback.weights(), &feedback.arrays().rewards);
    Ok(Estimate::of_mean("clipped-ips", each(feedback.len(), |i| weights[i].min(lambda) * rewards[i])))
}

/// Self-normalised IPS (SNIPS): `V = (sum_i w_i r_i) / (sum_i w_i)`.
///
/// Consistent, not unbiased; stays within the range of the rewards. Swaminathan and Joachims, "The Self-Normalized
/// Estimator for Counterfactual Learning" (NIPS 2015).
///
/// # Errors
/// When all weights are 0.
pub fn snips(feedback: &Feedback) -> Result<Estimate, OpeError> {
    let (weights, rewards) = (feedback.weights(), &feedback.arrays().rewards);
    let numerator = each(feedback.len(), |i| weights[i] * rewards[i]);
    Estimate::of_ratio(
        "snips",
        None,
        Ratio { numerator: numerator.into(), denominator: feedback.shared_weights().into() },
    )
}

/// Sub-Gaussian IPS: `V = 1/n sum_i w_i / (1 - lambda + lambda w_i) r_i`.
///
/// The weight is a harmonic mean of `w_i` and 1: never above `1 / lambda`, and differentiable, unlike a clipped one.
/// Metelli, Russo and Restelli, "Subgaussian and Differentiable Importance Sampling for Off-Policy Evaluation and
/// Learning" (NeurIPS 2021), the harmonic case.
///
/// # Errors
/// When `lambda` is not in `[0, 1]`; 0 gives plain IPS.
pub fn sub_gaussian_ips(feedback: &Feedback, lambda: f64) -> Result<Estimate, OpeError> {
    check_unit("lambda", lambda)?;
    let (weights, rewards) = (feedback.weights(), &feedback.arrays().rewards);
    let round = |i: usize| sub_gaussian(weights[i], lambda) * rewards[i];
    Ok(Estimate::of_mean("sub-gaussian-ips", each(feedback.len(), round)))
}

/// The sub-Gaussian weight; 0 where the weight is 0, also at `lambda = 1`.
pub(super) fn sub_gaussian(weight: f64, lambda: f64) -> f64 {
    if weight == 0.0 { 0.0 } else { weight / (1.0 - lambda + lambda * weight) }
}

pub(super) fn check_positive(name: &'static str, value: f64) -> Result<(), OpeError> {
    if value > 0.0 { Ok(()) } else { Err(OpeError::Parameter { name, value, expected: "a number above 0" }) }
}

pub(super) fn check_unit(name: &'static str, value: f64) -> Result<(), OpeError> {
    let inside = (0.0..=1.0).contains(&value);
    if inside { Ok(()) } else { Err(OpeError::Parameter { name, value, expected: "a number from 0 to 1" }) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::*;
    use crate::ope::{FeedbackArrays, Target};

    /// Weights 0.5, 2, 0 and 4; rewards 1, 2, 3 and -1.
    fn feedback() -> Feedback {
        Feedback::new(FeedbackArrays {
            n_actions: 2,
            actions: vec![0, 1, 0, 1],
            positions: vec![0; 4],
            rewards: vec![1.0, 2.0, 3.0, -1.0],
            propensities: vec![0.5, 0.25, 0.5, 0.25],
            target: Target::Logged(vec![0.25, 0.5, 0.0, 1.0]),
            users: vec![0, 0, 1, 1],
        })
        .unwrap()
    }

    #[test]
    fn ips_by_hand() {
        let estimate = ips(&feedback());
        assert_eq!(estimate.rounds, [0.5, 4.0, 0.0, -4.0]);
        assert_eq!(estimate.value, 0.125);
    }

    #[test]
    fn clipping_limits_the_weights_and_nothing_else() {
        let estimate = clipped_ips(&feedback(), 3.0).unwrap();
        assert_eq!(estimate.rounds, [0.5, 4.0, 0.0, -3.0]);
        assert_eq!(estimate.value, 0.375);
        assert_eq!(clipped_ips(&feedback(), f64::INFINITY).unwrap().value, ips(&feedback()).value);
    }

    #[test]
    fn snips_by_hand() {
        // (0.5 + 4 + 0 - 4) / (0.5 + 2 + 0 + 4)
        let estimate = snips(&feedback()).unwrap();
        assert!((estimate.value - 0.5 / 6.5).abs() < 1e-15);
        let mean = estimate.rounds.iter().sum::<f64>() / 4.0;
        assert!((mean - estimate.value).abs() < 1e-15);
    }

    #[test]
    fn sub_gaussian_by_hand() {
        // Weights 0.5 / 0.75, 2 / 1.5, 0, 4 / 2.5.
        let estimate = sub_gaussian_ips(&feedback(), 0.5).unwrap();
        let expected = (0.5 / 0.75 + 2.0 * 2.0 / 1.5 - 4.0 / 2.5) / 4.0;
        assert!((estimate.value - expected).abs() < 1e-15);
        assert_eq!(sub_gaussian_ips(&feedback(), 0.0).unwrap().value, ips(&feedback()).value);
        assert_eq!(sub_gaussian_ips(&feedback(), 1.0).unwrap().rounds, [1.0, 2.0, 0.0, -1.0]);
    }

    #[test]
    fn refusals_say_what_was_expected() {
        let arrays = FeedbackArrays { target: Target::Logged(vec![0.0; 4]), ..feedback().arrays().clone() };
        let nowhere = Feedback::new(arrays).unwrap();
        let texts = [
            snips(&nowhere).unwrap_err().to_string(),
            clipped_ips(&nowhere, 0.0).unwrap_err().to_string(),
            clipped_ips(&nowhere, f64::NAN).unwrap_err().to_string(),
            sub_gaussian_ips(&nowhere, 1.5).unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }
}
