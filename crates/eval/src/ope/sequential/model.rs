//! The doubly robust estimator for trajectories.

use super::super::error::{FINITE, OpeError, check_length, check_values};
use super::super::estimate::Estimate;
use super::Trajectories;

/// A given model of the discounted reward to come under the target policy.
#[derive(Debug, Clone, PartialEq)]
pub struct TrajectoryModel {
    target: Vec<f64>,
    logged: Vec<f64>,
}

impl TrajectoryModel {
    /// Takes what the estimator reads of a model, each of shape `(m,)`: `target`, the value of the step's state under
    /// the target, `V(s_t) = sum_a p(a | s_t) Q(s_t, a)`; and `logged`, `Q(s_t, a_t)` of the action taken.
    ///
    /// # Errors
    /// When a shape differs from the steps' or a value is not finite.
    pub fn new(trajectories: &Trajectories, target: Vec<f64>, logged: Vec<f64>) -> Result<Self, OpeError> {
        let size = trajectories.cumulative.len();
        check_length("values of states", target.len(), size)?;
        check_length("values of actions", logged.len(), size)?;
        check_values("value of the state", "step", &target, FINITE, f64::is_finite)?;
        check_values("value of the action", "step", &logged, FINITE, f64::is_finite)?;
        Ok(Self { target, logged })
    }

    /// The value of each step's state under the target; shape `(m,)`.
    pub fn target(&self) -> &[f64] {
        &self.target
    }
}

/// Doubly robust over trajectories:
/// `V = 1/n sum_i sum_t g^(t-1) (w_i(1:t) (r_i(t) - Q(s_t, a_t)) + w_i(1:t-1) V(s_t))`.
///
/// Unbiased where the propensities are right, with less variance where the model is good. Jiang and Li, "Doubly
/// Robust Off-policy Value Evaluation for Reinforcement Learning" (ICML 2016), unrolled.
///
/// # Errors
/// When the model was made for other trajectories.
pub fn sequential_dr(trajectories: &Trajectories, model: &TrajectoryModel) -> Result<Estimate, OpeError> {
    check_length("trajectory model", model.target.len(), trajectories.cumulative.len())?;
    let rounds = trajectories.each(|steps| {
        let weights = &trajectories.cumulative[steps.clone()];
        let rewards = &trajectories.arrays.rewards[steps.clone()];
        let (target, logged) = (&model.target[steps.clone()], &model.logged[steps]);
        step_wise_dr(weights, rewards, target, logged, trajectories.arrays.discount)
    });
    Ok(Estimate::of_mean("sequential-dr", rounds))
}

/// `sum_t g^(t-1) (w(1:t) (r(t) - logged(t)) + w(1:t-1) target(t))` of one trajectory, or of one slate read from the
/// top. All slices have its length.
pub(in crate::ope) fn step_wise_dr(
    weights: &[f64],
    rewards: &[f64],
    target: &[f64],
    logged: &[f64],
    discount: f64,
) -> f64 {
    let (mut total, mut before, mut factor) = (0.0, 1.0, 1.0);
    for t in 0..weights.len() {
        total += factor * (weights[t] * (rewards[t] - logged[t]) + before * target[t]);
        before = weights[t];
        factor *= discount;
    }
    total
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::super::tests::arrays;
    use super::*;
    use crate::ope::per_decision_is;

    #[test]
    fn by_hand() {
        let trajectories = Trajectories::new(arrays()).unwrap();
        let target = vec![2.0, 4.0, 0.0, 2.0, 8.0];
        let logged = vec![1.5, 2.0, 0.0, 2.0, 8.0];
        let model = TrajectoryModel::new(&trajectories, target, logged).unwrap();
        // 2 (1 - 1.5) + 2 + (1 (2 - 2) + 2 * 4) / 2; 0 + (1 (4 - 2) + 0.5 * 2) / 2 + (0 + 1 * 8) / 4.
        assert_eq!(sequential_dr(&trajectories, &model).unwrap().rounds, [5.0, 3.5]);
    }

    #[test]
    fn without_a_model_it_is_per_decision_importance_sampling() {
        let trajectories = Trajectories::new(arrays()).unwrap();
        let nothing = TrajectoryModel::new(&trajectories, vec![0.0; 5], vec![0.0; 5]).unwrap();
        let dr = sequential_dr(&trajectories, &nothing).unwrap();
        assert_eq!(dr.rounds, per_decision_is(&trajectories).rounds);
    }

    #[test]
    fn models_are_checked() {
        let trajectories = Trajectories::new(arrays()).unwrap();
        let texts = [
            TrajectoryModel::new(&trajectories, vec![0.0; 4], vec![0.0; 5]).unwrap_err().to_string(),
            TrajectoryModel::new(&trajectories, vec![f64::INFINITY; 5], vec![0.0; 5])
                .unwrap_err()
                .to_string(),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }
}
