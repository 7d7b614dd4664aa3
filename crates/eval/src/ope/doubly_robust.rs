//! Estimators that use a model of the reward: the direct method, and weights that correct the model's errors.

use std::sync::Arc;

use super::error::{FINITE, OpeError, check_length, check_values};
use super::estimate::{Estimate, Ratio};
use super::feedback::Feedback;
use super::ips::{check_positive, check_unit, sub_gaussian};
use super::sums::{each, each_pair};

/// A reward model's predictions, reduced to what estimators read of them.
#[derive(Debug, Clone, PartialEq)]
pub struct RewardModel {
    target: Arc<Vec<f64>>,
    logged: Vec<f64>,
}

impl RewardModel {
    /// Reads predictions `q(i, a)` of every action's reward; shape `(n, n_actions)`, row by row.
    ///
    /// # Errors
    /// When the shape differs from the feedback's, a prediction is not finite, or the feedback holds no target
    /// distribution.
    pub fn new(feedback: &Feedback, predictions: &[f64]) -> Result<Self, OpeError> {
        let distribution = feedback.distribution("a reward model")?;
        let n_actions = feedback.arrays().n_actions;
        check_length("reward predictions", predictions.len(), distribution.len())?;
        let actions = &feedback.arrays().actions;
        let round = |i: usize| {
            let row = i * n_actions..(i + 1) * n_actions;
            let (p, q) = (&distribution[row.clone()], &predictions[row]);
            (p.iter().zip(q).map(|(p, q)| p * q).sum(), q[actions[i] as usize])
        };
        let (target, logged) = each_pair(feedback.len(), round);
        // A prediction that is not finite also spoils the row's expectation, even at probability 0: 0 * inf is NaN.
        check_values("reward prediction", "round", &target, FINITE, f64::is_finite)?;
        Ok(Self { target: Arc::new(target), logged })
    }

    /// Takes the two values of a round that estimators need, for models that are asked round by round: the
    /// expected reward under the target `sum_a p(a) q(i, a)`, and the prediction `q(i, a_i)` for the logged action;
    /// each of shape `(n,)`. Needs no target distribution.
    ///
    /// # Errors
    /// When a length differs from the feedback's or a value is not finite.
    pub fn from_values(feedback: &Feedback, target: Vec<f64>, logged: Vec<f64>) -> Result<Self, OpeError> {
        check_length("expected rewards under the target", target.len(), feedback.len())?;
        check_length("predicted rewards of logged actions", logged.len(), feedback.len())?;
        check_values("expected reward under the target", "round", &target, FINITE, f64::is_finite)?;
        check_values("predicted reward of the logged action", "round", &logged, FINITE, f64::is_finite)?;
        Ok(Self { target: Arc::new(target), logged })
    }

    /// The expected reward under the target, `q_i(p) = sum_a p_i(a) q(i, a)`; shape `(n,)`.
    pub fn target(&self) -> &[f64] {
        &self.target
    }

    /// The predicted reward of the logged action, `q(i, a_i)`; shape `(n,)`.
    pub fn logged(&self) -> &[f64] {
        &self.logged
    }
}

/// `q_i(p) + weight(w_i) (r_i - q(i, a_i))` of every round.
fn corrected(
    estimator: &'static str,
    feedback: &Feedback,
    model: &RewardModel,
    weight: impl Fn(f64) -> f64 + Sync + Send,
) -> Result<Estimate, OpeError> {
    check_length("reward model", model.target.len(), feedback.len())?;
    let (weights, rewards) = (feedback.weights(), &feedback.arrays().rewards);
    let (target, logged) = (&model.target[..], &model.logged);
    let round = |i: usize| target[i] + weight(weights[i]) * (rewards[i] - logged[i]);
    Ok(Estimate::of_mean(estimator, each(feedback.len(), round)))
}

/// Direct method (DM): `V = 1/n sum_i q_i(p)`, the model's word for it.
///
/// Low variance; as biased as the model. Beygelzimer and Langford, "The Offset Tree for Learning with Partial
/// Labels" (KDD 2009).
///
/// # Errors
/// When the model was made for other rounds.
pub fn dm(feedback: &Feedback, model: &RewardModel) -> Result<Estimate, OpeError> {
    check_length("reward model", model.target.len(), feedback.len())?;
    Ok(Estimate::of_mean("dm", Arc::clone(&model.target)))
}

/// Doubly robust (DR): `V = 1/n sum_i q_i(p) + w_i (r_i - q(i, a_i))`.
///
/// Unbiased where the propensities are right or the model is. Dudík, Langford and Li, "Doubly Robust Policy
/// Evaluation and Learning" (ICML 2011).
///
/// # Errors
/// When the model was made for other rounds.
pub fn dr(feedback: &Feedback, model: &RewardModel) -> Result<Estimate, OpeError> {
    corrected("dr", feedback, model, |weight| weight)
}

/// Self-normalised DR (SNDR): `V = 1/n sum_i q_i(p) + (sum_i w_i (r_i - q(i, a_i))) / (sum_i w_i)`.
///
/// Thomas and Brunskill, "Data-Efficient Off-Policy Policy Evaluation for Reinforcement Learning" (ICML 2016),
/// weighted doubly robust at horizon 1.
///
/// # Errors
/// When the model was made for other rounds or all weights are 0.
pub fn sndr(feedback: &Feedback, model: &RewardModel) -> Result<Estimate, OpeError> {
    check_length("reward model", model.target.len(), feedback.len())?;
    let (weights, rewards) = (feedback.weights(), &feedback.arrays().rewards);
    let numerator = each(feedback.len(), |i| weights[i] * (rewards[i] - model.logged[i]));
    let ratio = Ratio { numerator: numerator.into(), denominator: feedback.shared_weights().into() };
    Estimate::of_ratio("sndr", Some(Arc::clone(&model.target)), ratio)
}

/// Switch-DR: DR where `w_i <= lambda`, the model alone above.
///
/// Wang, Agarwal and Dudík, "Optimal and Adaptive Off-policy Evaluation in Contextual Bandits" (ICML 2017).
///
/// # Errors
/// When the model was made for other rounds or `lambda` is negative; 0 gives DM where all weights are above 0,
/// infinity gives DR.
pub fn switch_dr(feedback: &Feedback, model: &RewardModel, lambda: f64) -> Result<Estimate, OpeError> {
    check_not_negative("lambda", lambda)?;
    corrected("switch-dr", feedback, model, |weight| if weight <= lambda { weight } else { 0.0 })
}

/// DR with optimistic shrinkage (DRos): the weights become `lambda w_i / (w_i^2 + lambda)`.
///
/// Su, Dimakopoulou, Krishnamurthy and Dudík, "Doubly Robust Off-Policy Evaluation with Shrinkage" (ICML 2020).
///
/// # Errors
/// When the model was made for other rounds or `lambda` is negative; 0 gives DM, infinity gives DR.
pub fn dr_with_shrinkage(
    feedback: &Feedback,
    model: &RewardModel,
    lambda: f64,
) -> Result<Estimate, OpeError> {
    check_not_negative("lambda", lambda)?;
    corrected("dros", feedback, model, |weight| {
        // At weight 0 and lambda 0 the fraction is 0 / 0; at infinity, the weight itself.
        if weight == 0.0 || lambda.is_infinite() {
            weight
        } else {
            lambda * weight / (weight * weight + lambda)
        }
    })
}

/// Sub-Gaussian DR: the weights become `w_i / (1 - lambda + lambda w_i)`, never above `1 / lambda`.
///
/// Metelli, Russo and Restelli (NeurIPS 2021); see [`super::sub_gaussian_ips`].
///
/// # Errors
/// When the model was made for other rounds or `lambda` is not in `[0, 1]`; 0 gives DR.
pub fn sub_gaussian_dr(feedback: &Feedback, model: &RewardModel, lambda: f64) -> Result<Estimate, OpeError> {
    check_unit("lambda", lambda)?;
    corrected("sub-gaussian-dr", feedback, model, |weight| sub_gaussian(weight, lambda))
}

/// DR with weights clipped at `lambda` (pessimistic shrinkage, DRps): `min(w_i, lambda)`.
///
/// Su, Dimakopoulou, Krishnamurthy and Dudík (ICML 2020).
///
/// # Errors
/// When the model was made for other rounds or `lambda` is not above 0.
pub fn clipped_dr(feedback: &Feedback, model: &RewardModel, lambda: f64) -> Result<Estimate, OpeError> {
    check_positive("lambda", lambda)?;
    corrected("clipped-dr", feedback, model, |weight| weight.min(lambda))
}

fn check_not_negative(name: &'static str, value: f64) -> Result<(), OpeError> {
    if value >= 0.0 {
        Ok(())
    } else {
        Err(OpeError::Parameter { name, value, expected: "a number of at least 0" })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::*;
    use crate::ope::{FeedbackArrays, Target, ips};

    /// Weights 1.5 and 2; rewards 1 and 3.
    fn feedback() -> Feedback {
        Feedback::new(FeedbackArrays {
            n_actions: 2,
            actions: vec![0, 1],
            positions: vec![0, 0],
            rewards: vec![1.0, 3.0],
            propensities: vec![0.5, 0.25],
            target: Target::Distribution(vec![0.75, 0.25, 0.5, 0.5]),
            users: vec![0, 1],
        })
        .unwrap()
    }

    /// Expected rewards 1 and 2; predicted for the logged actions 0.5 and 3.5.
    fn model(feedback: &Feedback) -> RewardModel {
        RewardModel::new(feedback, &[0.5, 2.5, 0.5, 3.5]).unwrap()
    }

    #[test]
    fn by_hand() {
        let feedback = feedback();
        let model = model(&feedback);
        assert_eq!((model.target(), model.logged()), (&[1.0, 2.0][..], &[0.5, 3.5][..]));
        assert_eq!(dm(&feedback, &model).unwrap().value, 1.5);
        // Corrections: 1.5 * 0.5 and 2 * -0.5.
        assert_eq!(dr(&feedback, &model).unwrap().rounds, [1.75, 1.0]);
        assert_eq!(sndr(&feedback, &model).unwrap().value, 1.5 - 0.25 / 3.5);
        assert_eq!(switch_dr(&feedback, &model, 1.5).unwrap().rounds, [1.75, 2.0]);
        assert_eq!(clipped_dr(&feedback, &model, 1.0).unwrap().rounds, [1.5, 1.5]);
        // 4 * 2 / (4 + 4) = 1; 4 * 1.5 / (2.25 + 4) = 0.96.
        assert_eq!(dr_with_shrinkage(&feedback, &model, 4.0).unwrap().rounds, [1.48, 1.5]);
    }

    #[test]
    fn limits_are_the_estimators_they_should_be() {
        let feedback = feedback();
        let model = model(&feedback);
        let (dm, dr) = (dm(&feedback, &model).unwrap().rounds, dr(&feedback, &model).unwrap().rounds);
        assert_eq!(switch_dr(&feedback, &model, f64::INFINITY).unwrap().rounds, dr);
        assert_eq!(dr_with_shrinkage(&feedback, &model, f64::INFINITY).unwrap().rounds, dr);
        assert_eq!(dr_with_shrinkage(&feedback, &model, 0.0).unwrap().rounds, dm);
        assert_eq!(sub_gaussian_dr(&feedback, &model, 0.0).unwrap().rounds, dr);
        let nothing = RewardModel::new(&feedback, &[0.0; 4]).unwrap();
        assert_eq!(super::dr(&feedback, &nothing).unwrap().rounds, ips(&feedback).rounds);
    }

    #[test]
    fn models_are_checked() {
        let feedback = feedback();
        let other = RewardModel { target: Arc::new(vec![0.0]), logged: vec![0.0] };
        let texts = [
            RewardModel::new(&feedback, &[0.0; 3]).unwrap_err().to_string(),
            RewardModel::new(&feedback, &[0.0, 1.0, f64::NAN, 0.0]).unwrap_err().to_string(),
            RewardModel::from_values(&feedback, vec![0.0; 2], vec![0.0, f64::INFINITY])
                .unwrap_err()
                .to_string(),
            dr(&feedback, &other).unwrap_err().to_string(),
            switch_dr(&feedback, &other, -1.0).unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }
}
