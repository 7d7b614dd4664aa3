//! Epsilon-greedy, position by position.

use habitue_core::Stream;
use rand::RngExt;

use super::Marks;
use super::rule::Rule;
use super::top::Top;
use super::uniform::Uniform;

/// With probability epsilon a uniform draw, else the best: P(i) = epsilon / remaining + (1 - epsilon) [i is best].
pub(super) struct EpsilonGreedy<'a> {
    epsilon: f64,
    top: Top<'a>,
    uniform: Uniform,
}

impl<'a> EpsilonGreedy<'a> {
    /// A mixture of the two.
    pub(super) fn new(epsilon: f64, top: Top<'a>, uniform: Uniform) -> Self {
        Self { epsilon, top, uniform }
    }
}

impl Rule for EpsilonGreedy<'_> {
    fn draw(&mut self, taken: &Marks, stream: &mut Stream) -> u32 {
        if stream.random::<f64>() < self.epsilon {
            self.uniform.draw(taken, stream)
        } else {
            self.top.first(taken)
        }
    }

    fn probability(&mut self, taken: &Marks, at: u32) -> f64 {
        let greedy = self.top.probability(taken, at);
        self.epsilon * self.uniform.probability(taken, at) + (1.0 - self.epsilon) * greedy
    }

    fn took(&mut self, taken: &Marks, at: u32) {
        self.uniform.took(taken, at);
    }
}
