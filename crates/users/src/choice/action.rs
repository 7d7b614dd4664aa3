//! What a user does with an item looked at.

use habitue_core::scenario::choice::ActionConfig;
use habitue_core::{Action, ActionScale};

/// The most actions a scale has.
const MOST: usize = 32;

/// Bound of the log-odds per level, so that 31 levels stay within the range of numbers (e^620).
const STEEPEST: f64 = 20.0;

/// Steps from `skip` to the least engaged action, at least 1.
pub(super) fn engaged_level(scale: &ActionScale) -> i32 {
    scale.actions().find(|action| scale.is_engaged(*action)).map_or(1, |action| scale.level(action))
}

/// The law of action, prepared for a scale.
///
/// Levels are evenly spaced, so the odds e^(slope x level) of all levels are powers of one number: a position takes one
/// exponential, whatever the length of the scale.
#[derive(Debug, Clone)]
pub(super) struct ActionLaw {
    /// e^-cost of every action.
    odds: [f64; MOST],
    actions: usize,
    skip: usize,
    /// Log-odds per unit of affinity and level.
    slope: f64,
    negative_slope: f64,
}

/// Unnormalised probabilities of the actions at one position.
#[derive(Debug, Clone)]
pub(super) struct ActionWeights {
    weights: [f64; MOST],
    actions: usize,
    total: f64,
}

impl ActionLaw {
    pub(super) fn new(config: &ActionConfig, scale: &ActionScale) -> Self {
        let engaged = f64::from(engaged_level(scale));
        let mut odds = [0.0; MOST];
        for (odds, action) in odds.iter_mut().zip(scale.actions()) {
            let level = f64::from(scale.level(action));
            let cost = if level < 0.0 {
                -level * config.negative_cost
            } else {
                let z = level / engaged;
                config.cost * z + config.curvature * z * z
            };
            *odds = (-cost).exp();
        }
        Self {
            odds,
            actions: scale.len(),
            skip: usize::from(scale.skip().0),
            slope: config.slope / engaged,
            negative_slope: config.negative_slope,
        }
    }

    /// Weights of all actions at this affinity.
    pub(super) fn weigh(&self, affinity: f32) -> ActionWeights {
        let affinity = f64::from(affinity);
        let mut weights = [0.0; MOST];
        let mut total = 0.0;
        if self.skip > 0 {
            let step = (-self.negative_slope * affinity).clamp(-STEEPEST, STEEPEST).exp();
            let mut power = step;
            for (weight, odds) in weights[..self.skip].iter_mut().zip(&self.odds).rev() {
                *weight = odds * power;
                total += *weight;
                power *= step;
            }
        }
        let step = (self.slope * affinity).clamp(-STEEPEST, STEEPEST).exp();
        let mut power = 1.0;
        for (weight, odds) in weights[self.skip..self.actions].iter_mut().zip(&self.odds[self.skip..]) {
            *weight = odds * power;
            total += *weight;
            power *= step;
        }
        ActionWeights { weights, actions: self.actions, total }
    }
}

impl ActionWeights {
    /// The action at this quantile of the scale, worst first.
    pub(super) fn at(&self, quantile: f64) -> Action {
        let mut left = quantile * self.total;
        let last = self.actions - 1;
        for action in 0..last {
            left -= self.weights[action];
            if left < 0.0 {
                return Action(action as u8);
            }
        }
        // Rounding may leave a crumb for an action that cannot happen.
        (0..=last)
            .rev()
            .find(|action| self.weights[*action] > 0.0)
            .map_or(Action(last as u8), |action| Action(action as u8))
    }

    /// Probabilities of the actions, worst first.
    pub(super) fn probabilities(&self) -> impl Iterator<Item = f64> + '_ {
        self.weights[..self.actions].iter().map(|weight| weight / self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probabilities(names: &[&str], engaged: &str, affinity: f32) -> Vec<f64> {
        let scale = ActionScale::new(names, engaged).unwrap();
        ActionLaw::new(&ActionConfig::default(), &scale).weigh(affinity).probabilities().collect()
    }

    #[test]
    fn affinity_moves_all_mass_up_the_scale() {
        let names = ["hide", "dislike", "skip", "view", "click", "like", "share"];
        let mut before = vec![1.0; names.len()];
        for affinity in [-2.0, -1.0, 0.0, 0.5, 1.0, 2.0] {
            let chances = probabilities(&names, "click", affinity);
            assert!((chances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            // Stochastic order: the probability of at most each action falls.
            let at_most: Vec<f64> = chances
                .iter()
                .scan(0.0, |sum, chance| {
                    *sum += chance;
                    Some(*sum)
                })
                .collect();
            for (now, before) in at_most.iter().zip(&before).take(names.len() - 1) {
                assert!(now < before, "{affinity}: {at_most:?}");
            }
            before = at_most;
        }
    }

    #[test]
    fn an_engaged_action_is_about_as_likely_on_a_short_scale_as_on_a_long_one() {
        let short = probabilities(&["skip", "click"], "click", 0.5)[1];
        let long = probabilities(&["skip", "view", "click", "like", "share", "follow"], "click", 0.5);
        let engaged: f64 = long[2..].iter().sum();
        assert!((short - engaged).abs() < 0.1, "{short} {engaged}");
    }

    #[test]
    fn the_longest_scale_and_the_largest_weights_stay_finite() {
        let names: Vec<String> =
            (0..32).map(|n| if n == 0 { "skip".into() } else { format!("a{n}") }).collect();
        let scale = ActionScale::new(&names, "a1").unwrap();
        for config in [
            ActionConfig { slope: 100.0, cost: 0.0, curvature: 0.0, ..ActionConfig::default() },
            ActionConfig { slope: 100.0, cost: 100.0, curvature: 100.0, ..ActionConfig::default() },
        ] {
            for affinity in [-1e9, -1.0, 0.0, 1.0, 1e9] {
                let weights = ActionLaw::new(&config, &scale).weigh(affinity);
                assert!((weights.probabilities().sum::<f64>() - 1.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn quantiles_meet_the_probabilities_and_never_an_impossible_action() {
        let scale = ActionScale::new(&["dislike", "skip", "view", "click"], "click").unwrap();
        let weights = ActionLaw::new(&ActionConfig::default(), &scale).weigh(0.4);
        let mut counts = [0.0; 4];
        for n in 0..100_000 {
            counts[usize::from(weights.at((f64::from(n) + 0.5) / 1e5).0)] += 1e-5;
        }
        for (count, chance) in counts.iter().zip(weights.probabilities()) {
            assert!((count - chance).abs() < 1e-4, "{count} {chance}");
        }
        let dear = ActionConfig { cost: 100.0, curvature: 100.0, ..ActionConfig::default() };
        let impossible = ActionScale::new(&["skip", "a", "b", "c", "d", "e"], "a").unwrap();
        let weights = ActionLaw::new(&dear, &impossible).weigh(0.0);
        assert!(weights.probabilities().last().unwrap() == 0.0 && weights.at(1.0).0 < 5);
    }
}
