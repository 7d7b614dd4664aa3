//! The logged rounds that single-action estimators read.

use std::sync::Arc;

use super::error::{
    FINITE, OpeError, PROBABILITY, PROPENSITY, check_length, check_values, is_probability, is_propensity,
};
use super::sums::each_valid;

/// How far a row of probabilities may be from 1: propensities are often stored with single precision.
const SUM_TOLERANCE: f64 = 1e-4;

/// What the target policy would have done in each round.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The probability of every action at the round's position; shape `(n, n_actions)`, row by row.
    Distribution(Vec<f64>),
    /// The probability of the logged action alone; shape `(n,)`. Enough for IPS and its kin.
    Logged(Vec<f64>),
}

/// The arrays of `n` logged rounds, unchecked.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedbackArrays {
    /// The number of actions.
    pub n_actions: usize,
    /// The logged action, below `n_actions`; shape `(n,)`.
    pub actions: Vec<u32>,
    /// The position of the slate where it was shown, from 0; shape `(n,)`.
    pub positions: Vec<u16>,
    /// The reward; shape `(n,)`.
    pub rewards: Vec<f64>,
    /// The behaviour policy's probability of the logged action, above 0; shape `(n,)`.
    pub propensities: Vec<f64>,
    /// What the target policy would have done.
    pub target: Target,
    /// The user, for intervals clustered over users; shape `(n,)`.
    pub users: Vec<u32>,
}

/// Checked rounds with their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    arrays: FeedbackArrays,
    weights: Arc<Vec<f64>>,
}

impl Feedback {
    /// Checks the arrays.
    ///
    /// # Errors
    /// When there is no round, lengths differ, an action is unknown, a reward is not finite, a propensity is not in
    /// `(0, 1]`, or the target's probabilities are not probabilities (each row must sum to 1 within 0.0001).
    pub fn new(arrays: FeedbackArrays) -> Result<Self, OpeError> {
        let n = arrays.actions.len();
        if n == 0 {
            return Err(OpeError::Empty { field: "actions" });
        }
        check_length("positions", arrays.positions.len(), n)?;
        check_length("rewards", arrays.rewards.len(), n)?;
        check_length("propensities", arrays.propensities.len(), n)?;
        check_length("users", arrays.users.len(), n)?;
        let weights = valid_weights(&arrays);
        if weights.is_none() {
            check_in_order(&arrays)?;
        }
        Ok(Self { arrays, weights: Arc::new(weights.unwrap_or_default()) })
    }

    /// The number of rounds; at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// The arrays as they were given.
    pub fn arrays(&self) -> &FeedbackArrays {
        &self.arrays
    }

    /// The importance weights `w_i = p_i / b_i`, target over behaviour; shape `(n,)`.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    pub(super) fn shared_weights(&self) -> Arc<Vec<f64>> {
        Arc::clone(&self.weights)
    }

    /// The target's probabilities of every action; shape `(n, n_actions)`.
    ///
    /// # Errors
    /// When only the logged action's probability is known; `estimator` is who asks.
    pub fn distribution(&self, estimator: &'static str) -> Result<&[f64], OpeError> {
        match &self.arrays.target {
            Target::Distribution(rows) => Ok(rows),
            Target::Logged(_) => Err(OpeError::NeedsDistribution { estimator }),
        }
    }
}

/// The weights, made in the same pass as all checks; none where a value is wrong, of which [`check_in_order`] speaks.
fn valid_weights(arrays: &FeedbackArrays) -> Option<Vec<f64>> {
    let (n, n_actions) = (arrays.actions.len(), arrays.n_actions);
    let (actions, rewards, propensities) =
        (&arrays.actions[..n], &arrays.rewards[..n], &arrays.propensities[..n]);
    let weight = |i: usize, target: f64| {
        (rewards[i].is_finite() & is_propensity(propensities[i])).then(|| target / propensities[i])
    };
    match &arrays.target {
        Target::Distribution(rows) if rows.len() == n * n_actions => each_valid(n, |i| {
            let row = &rows[i * n_actions..][..n_actions];
            let target = *row.get(actions[i] as usize)?;
            if is_distribution(row) { weight(i, target) } else { None }
        }),
        Target::Logged(target) if target.len() == n => each_valid(n, |i| {
            let fine = ((actions[i] as usize) < n_actions) & is_probability(target[i]);
            if fine { weight(i, target[i]) } else { None }
        }),
        _ => None,
    }
}

fn is_distribution(row: &[f64]) -> bool {
    let (mut sum, mut probabilities) = (0.0, true);
    for &p in row {
        sum += p;
        probabilities &= is_probability(p);
    }
    // Not `sum.abs() > tolerance`: a NaN must not pass.
    probabilities & ((sum - 1.0).abs() <= SUM_TOLERANCE)
}

/// The first wrong value, array by array.
fn check_in_order(arrays: &FeedbackArrays) -> Result<(), OpeError> {
    let n_actions = arrays.n_actions;
    if let Some(round) = arrays.actions.iter().position(|&action| action as usize >= n_actions) {
        return Err(OpeError::Action { round, action: arrays.actions[round], n_actions });
    }
    check_values("reward", "round", &arrays.rewards, FINITE, f64::is_finite)?;
    check_values("propensity", "round", &arrays.propensities, PROPENSITY, is_propensity)?;
    check_target(&arrays.target, arrays.actions.len(), n_actions)
}

fn check_target(target: &Target, n: usize, n_actions: usize) -> Result<(), OpeError> {
    let rows = match target {
        Target::Logged(target) => {
            check_length("target probabilities", target.len(), n)?;
            return check_values("target probability", "round", target, PROBABILITY, is_probability);
        }
        Target::Distribution(rows) => rows,
    };
    check_length("target distribution", rows.len(), n * n_actions)?;
    let wrong = rows.chunks(n_actions).position(|row| !is_distribution(row));
    let Some(round) = wrong else { return Ok(()) };
    let row = &rows[round * n_actions..][..n_actions];
    match row.iter().find(|&&p| !is_probability(p)) {
        Some(&value) => Err(OpeError::Value {
            field: "target distribution",
            unit: "round",
            index: round,
            value,
            expected: "probabilities from 0 to 1",
        }),
        None => Err(OpeError::Sum {
            field: "target distribution",
            unit: "round",
            index: round,
            sum: row.iter().sum(),
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::*;

    fn arrays() -> FeedbackArrays {
        FeedbackArrays {
            n_actions: 2,
            actions: vec![0, 1],
            positions: vec![0, 1],
            rewards: vec![1.0, 0.0],
            propensities: vec![0.5, 0.25],
            target: Target::Distribution(vec![0.75, 0.25, 0.5, 0.5]),
            users: vec![3, 3],
        }
    }

    #[test]
    fn weights_are_target_over_behaviour_at_the_logged_action() {
        let feedback = Feedback::new(arrays()).unwrap();
        assert_eq!(feedback.weights(), [1.5, 2.0]);
        let logged = FeedbackArrays { target: Target::Logged(vec![0.75, 0.5]), ..arrays() };
        assert_eq!(Feedback::new(logged).unwrap().weights(), [1.5, 2.0]);
    }

    #[test]
    fn errors_name_the_array_the_round_the_value_and_what_was_expected() {
        let empty = FeedbackArrays {
            actions: vec![],
            positions: vec![],
            rewards: vec![],
            propensities: vec![],
            target: Target::Logged(vec![]),
            users: vec![],
            ..arrays()
        };
        let distribution =
            |rows: [f64; 4]| FeedbackArrays { target: Target::Distribution(rows.to_vec()), ..arrays() };
        let cases = [
            empty,
            FeedbackArrays { rewards: vec![1.0], ..arrays() },
            FeedbackArrays { users: vec![1, 2, 3], ..arrays() },
            FeedbackArrays { actions: vec![0, 2], ..arrays() },
            FeedbackArrays { n_actions: 0, ..arrays() },
            FeedbackArrays { rewards: vec![1.0, f64::NAN], ..arrays() },
            FeedbackArrays { propensities: vec![0.0, 0.5], ..arrays() },
            FeedbackArrays { propensities: vec![0.5, 1.5], ..arrays() },
            FeedbackArrays { target: Target::Distribution(vec![0.5, 0.5]), ..arrays() },
            FeedbackArrays { target: Target::Logged(vec![0.5, -0.1]), ..arrays() },
            distribution([0.5, 0.5, 0.5, 0.4]),
            distribution([0.5, 0.5, -0.5, 1.5]),
            distribution([0.5, 0.5, f64::NAN, 0.5]),
        ];
        let texts: Vec<String> =
            cases.into_iter().map(|arrays| Feedback::new(arrays).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(texts.join("\n"));
    }

    #[test]
    fn of_several_errors_the_first_array_in_order_is_named() {
        let wrong = FeedbackArrays {
            rewards: vec![1.0, f64::NAN],
            propensities: vec![0.0, 0.5],
            target: Target::Logged(vec![0.5]),
            ..arrays()
        };
        let text = |arrays| Feedback::new(arrays).unwrap_err().to_string();
        assert!(
            text(FeedbackArrays { actions: vec![0, 2], ..wrong.clone() }).starts_with("action of round 1")
        );
        assert!(text(wrong).starts_with("reward of round 1"));
    }

    #[test]
    fn the_distribution_is_refused_where_only_the_logged_action_is_known() {
        let logged = FeedbackArrays { target: Target::Logged(vec![0.75, 0.5]), ..arrays() };
        let error = Feedback::new(logged).unwrap().distribution("dm").unwrap_err();
        insta::assert_snapshot!(error);
    }
}
