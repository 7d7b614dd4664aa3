//! How a position is filled, step by step.

use habitue_core::Stream;

use super::{Marks, Path};

/// One filled position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// Position in the pool.
    pub(crate) at: u32,
    /// Probability given the steps before.
    pub(crate) probability: f64,
}

/// A distribution over the candidates that are not taken. It never favours a taken one.
pub(super) trait Rule {
    /// Draws one that is not taken; at least one is left.
    fn draw(&mut self, taken: &Marks, stream: &mut Stream) -> u32;

    /// Probability of drawing `at`, which is not taken.
    fn probability(&mut self, taken: &Marks, at: u32) -> f64;

    /// `at` has just been marked as taken.
    fn took(&mut self, taken: &Marks, at: u32);
}

/// Fills `wanted` positions; when following, stops before the first that is impossible.
pub(super) fn run<R: Rule>(mut rule: R, taken: &mut Marks, wanted: usize, path: &mut Path<'_>) -> Vec<Step> {
    let mut steps = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        let at = match path {
            Path::Draw(stream) => rule.draw(taken, stream),
            Path::Follow(rest) => match rest.next() {
                Some(Some(at)) if !taken.get(*at) => *at,
                _ => return steps,
            },
        };
        let probability = rule.probability(taken, at);
        if probability <= 0.0 {
            return steps;
        }
        taken.set(at);
        rule.took(taken, at);
        steps.push(Step { at, probability });
    }
    steps
}
