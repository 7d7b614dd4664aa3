//! Importance sampling with the weight of the state instead of the weight of the way there.

use super::super::error::{OpeError, check_length};
use super::super::estimate::Estimate;
use super::Trajectories;

/// Marginalised importance sampling over discrete states:
/// `V = 1/n sum_i sum_t g^(t-1) d_t(s_i(t)) p_i(t) / b_i(t) r_i(t)`, where `d_t(s)` is the target's over the behaviour's
/// frequency of state `s` at step `t`, estimated from the log step by step:
/// `d_1 = 1` and `d_{t+1}(s) = (sum_{i: s_i(t+1) = s} d_t(s_i(t)) p_i(t) / b_i(t)) / |{i: s_i(t+1) = s}|`.
///
/// The variance grows with the square of the horizon, not exponentially, as long as states say all that matters.
/// The rounds hold the estimated `d_t`, so intervals from them leave out its error. Xie, Ma and Wang, "Towards Optimal
/// Off-Policy Evaluation for Reinforcement Learning with Marginalized Importance Sampling" (NeurIPS 2019).
///
/// `states` holds the state of each step, below `n_states`; shape `(m,)`.
///
/// # Errors
/// When `states` has another shape than the steps or holds a state that is not below `n_states`.
pub fn marginalised_is(
    trajectories: &Trajectories,
    n_states: usize,
    states: &[u32],
) -> Result<Estimate, OpeError> {
    check_length("states", states.len(), trajectories.cumulative.len())?;
    if let Some(index) = states.iter().position(|&state| state as usize >= n_states) {
        let (field, unit, expected) = ("state", "step", "an index below the number of states");
        return Err(OpeError::Value { field, unit, index, value: f64::from(states[index]), expected });
    }
    let arrays = &trajectories.arrays;
    let longest = arrays.lengths.iter().max().copied().unwrap_or(0);
    let mut rounds = vec![0.0; trajectories.len()];
    let mut alive: Vec<usize> = (0..trajectories.len()).collect();
    // The ratio of each trajectory's way up to now, replaced at every step by the mean over those in the same state.
    let mut ratios = vec![1.0; trajectories.len()];
    let (mut sums, mut counts) = (vec![0.0; n_states], vec![0u32; n_states]);
    let mut discount = 1.0;
    for t in 0..longest {
        alive.retain(|&i| t < trajectories.steps[i].len());
        let step = |i: usize| trajectories.steps[i].start + t;
        for &i in &alive {
            let state = states[step(i)] as usize;
            sums[state] += ratios[i];
            counts[state] += 1;
        }
        for &i in &alive {
            let (step, state) = (step(i), states[step(i)] as usize);
            ratios[i] =
                sums[state] / f64::from(counts[state]) * (arrays.target[step] / arrays.propensities[step]);
            rounds[i] += discount * ratios[i] * arrays.rewards[step];
        }
        for &i in &alive {
            let state = states[step(i)] as usize;
            (sums[state], counts[state]) = (0.0, 0);
        }
        discount *= arrays.discount;
    }
    Ok(Estimate::of_mean("marginalised-is", rounds))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "few and simple numbers, whose sums are exact")]

    use super::super::tests::arrays;
    use super::*;
    use crate::ope::{TrajectoryArrays, per_decision_is};

    #[test]
    fn by_hand() {
        // Step weights (2, 0.5) and (0.5, 2, 1); both trajectories meet in state 1 at the second step.
        let trajectories = Trajectories::new(arrays()).unwrap();
        let estimate = marginalised_is(&trajectories, 3, &[0, 1, 0, 1, 2]).unwrap();
        // There d = (2 + 0.5) / 2 = 1.25; after it the second goes on with 1.25 * 2.
        let first = 2.0 * 1.0 + 0.5 * 1.25 * 0.5 * 2.0;
        let second = 0.0 + 0.5 * 1.25 * 2.0 * 4.0 + 0.25 * 2.5 * 8.0;
        assert_eq!(estimate.rounds, [first, second]);
    }

    #[test]
    fn states_that_tell_trajectories_apart_give_per_decision_importance_sampling() {
        let trajectories = Trajectories::new(arrays()).unwrap();
        let estimate = marginalised_is(&trajectories, 2, &[0, 0, 1, 1, 1]).unwrap();
        assert_eq!(estimate.rounds, per_decision_is(&trajectories).rounds);
    }

    #[test]
    fn it_finds_the_value_where_every_way_was_logged_as_often_as_the_behaviour_takes_it() {
        // Two steps; the action (0 or 1, even odds) becomes the next state, whose reward is 3 in state 1. The target
        // takes action 1 with probability 0.75.
        let (mut states, mut rewards, mut target) = (vec![], vec![], vec![]);
        for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            states.extend([0, first]);
            rewards.extend([0.0, 3.0 * f64::from(first)]);
            target.extend([first, second].map(|action| if action == 1 { 0.75 } else { 0.25 }));
        }
        let arrays = TrajectoryArrays {
            lengths: vec![2; 4],
            rewards,
            propensities: vec![0.5; 8],
            target,
            users: vec![0; 4],
            discount: 1.0,
        };
        let trajectories = Trajectories::new(arrays).unwrap();
        assert_eq!(marginalised_is(&trajectories, 2, &states).unwrap().value, 2.25);
    }

    #[test]
    fn states_are_checked() {
        let trajectories = Trajectories::new(arrays()).unwrap();
        let texts = [
            marginalised_is(&trajectories, 3, &[0; 4]).unwrap_err().to_string(),
            marginalised_is(&trajectories, 3, &[0, 1, 2, 3, 0]).unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }
}
