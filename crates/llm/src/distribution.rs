//! A distribution over options.

use habitue_core::Stream;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Natural logarithms of the probabilities of options, in the order the options were declared. They sum to one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    log_probabilities: Vec<f64>,
}

impl Distribution {
    /// Softmax of scores: `p_i = exp(s_i) / sum_j exp(s_j)`, summed in order. Scores that are all minus infinity or not
    /// numbers give the uniform distribution.
    pub fn softmax(scores: &[f64]) -> Self {
        Self { log_probabilities: log_softmax(scores) }
    }

    /// Number of options.
    pub fn len(&self) -> usize {
        self.log_probabilities.len()
    }

    /// Whether there are no options.
    pub fn is_empty(&self) -> bool {
        self.log_probabilities.is_empty()
    }

    /// The logarithms.
    pub fn log_probabilities(&self) -> &[f64] {
        &self.log_probabilities
    }

    /// The probability of an option; 0 for one that does not exist.
    pub fn probability(&self, option: usize) -> f64 {
        self.log_probabilities.get(option).map_or(0.0, |log| log.exp())
    }

    /// The most likely option, the first of several.
    pub fn most_likely(&self) -> usize {
        (0..self.len()).fold(0, |best, option| {
            if self.log_probabilities[option] > self.log_probabilities[best] { option } else { best }
        })
    }

    /// Entropy in nats.
    pub fn entropy(&self) -> f64 {
        -self
            .log_probabilities
            .iter()
            .map(|&log| if log.is_finite() { log.exp() * log } else { 0.0 })
            .sum::<f64>()
    }

    /// Draws an option with one uniform number (inversion in the order of the options).
    pub fn draw(&self, stream: &mut Stream) -> usize {
        let mut left: f64 = stream.random();
        for option in 0..self.len() {
            left -= self.probability(option);
            if left < 0.0 {
                return option;
            }
        }
        // Rounding can leave a trace; it belongs to the last option that can be drawn at all.
        (0..self.len()).rev().find(|&option| self.probability(option) > 0.0).unwrap_or(0)
    }

    /// Contextual calibration (Zhao et al. 2021, "Calibrate Before Use", with a diagonal correction): the probabilities
    /// divided by those under a prompt without content, normalised.
    #[must_use]
    pub fn calibrated(&self, neutral: &Self) -> Self {
        let pairs = self.log_probabilities.iter().zip(&neutral.log_probabilities);
        Self::softmax(&pairs.map(|(log, neutral)| log - neutral).collect::<Vec<_>>())
    }

    /// The distribution of which this one is a reordering: option `order[i]` is our option `i`.
    pub(crate) fn reordered(&self, order: &[usize]) -> Self {
        let mut log_probabilities = vec![f64::NEG_INFINITY; self.len()];
        for (log, &option) in self.log_probabilities.iter().zip(order) {
            log_probabilities[option] = *log;
        }
        Self { log_probabilities }
    }

    /// From logarithms that are normalised already.
    pub(crate) fn from_logs(log_probabilities: Vec<f64>) -> Self {
        Self { log_probabilities }
    }
}

/// Logarithms of the softmax, in order.
pub(crate) fn log_softmax(scores: &[f64]) -> Vec<f64> {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !highest.is_finite() {
        return vec![-(scores.len() as f64).ln(); scores.len()];
    }
    let total: f64 = scores.iter().map(|score| (score - highest).exp()).sum();
    scores.iter().map(|score| score - highest - total.ln()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use habitue_core::{Purpose, Streams};
    use proptest::prelude::*;

    #[test]
    fn draws_follow_the_probabilities() {
        let distribution = Distribution::softmax(&[0.0, 1.0, -1.0, 2.0]);
        let mut counts = [0.0; 4];
        let draws = 20_000;
        for entity in 0..draws {
            counts[distribution.draw(&mut Streams::new(1).stream(Purpose::Decision, entity, 0))] += 1.0;
        }
        let chi_square: f64 = counts
            .iter()
            .enumerate()
            .map(|(option, count)| {
                let expected = distribution.probability(option) * draws as f64;
                (count - expected) * (count - expected) / expected
            })
            .sum();
        // The 99.9% point of chi-square with 3 degrees of freedom.
        assert!(chi_square < 16.27, "chi-square {chi_square}");
    }

    #[test]
    fn calibration_by_itself_is_uniform() {
        let distribution = Distribution::softmax(&[0.3, -2.0, 5.0]);
        let calibrated = distribution.calibrated(&distribution);
        assert!((0..3).all(|option| (calibrated.probability(option) - 1.0 / 3.0).abs() < 1e-12));
    }

    proptest! {
        #[test]
        fn probabilities_sum_to_one(scores in prop::collection::vec(-500.0..500.0f64, 1..50)) {
            let distribution = Distribution::softmax(&scores);
            let sum: f64 = (0..distribution.len()).map(|option| distribution.probability(option)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9);
            prop_assert!(distribution.entropy() >= -1e-9);
            let order: Vec<usize> = (0..scores.len()).rev().collect();
            prop_assert_eq!(distribution.reordered(&order).reordered(&order), distribution);
        }
    }
}
