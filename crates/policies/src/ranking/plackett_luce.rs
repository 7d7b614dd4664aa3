//! Plackett-Luce: without replacement, proportional to exp(score / temperature).

use std::borrow::Cow;

use habitue_core::Stream;
use rand::RngExt;

use super::rule::Rule;
use super::{Candidates, Marks};

/// Positions whose weights are summed together. A draw reads all block sums and one block; taking a position sums one
/// block anew. Nothing is ever subtracted, so what remains after a dominant candidate is as precise as before.
const BLOCK: usize = 128;

/// Weights relative to the best score fall out of the range of floating point when the best candidates are gone; below
/// this total they are computed anew, relative to the best that is left.
const FAINT: f64 = 1e-200;

/// Weights exp((score - best) / temperature) with sums of blocks.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    values: Vec<f64>,
    sums: Vec<f64>,
}

impl Weights {
    /// Weights of the scores; those that are taken get 0.
    pub(crate) fn new(scores: &[f32], temperature: f64, taken: impl Fn(u32) -> bool) -> Self {
        let free = |at: usize| !taken(at as u32);
        let best = scores
            .iter()
            .enumerate()
            .filter(|(at, _)| free(*at))
            .fold(f32::NEG_INFINITY, |best, (_, score)| best.max(*score));
        let inverse = 1.0 / temperature;
        let weight = |(at, score): (usize, &f32)| {
            if free(at) { (f64::from(score - best) * inverse).exp() } else { 0.0 }
        };
        let values: Vec<f64> = scores.iter().enumerate().map(weight).collect();
        let sums = values.chunks(BLOCK).map(|block| block.iter().sum()).collect();
        Self { values, sums }
    }
}

/// Sequential softmax over what remains.
pub(super) struct PlackettLuce<'a> {
    scores: &'a [f32],
    temperature: f64,
    values: Cow<'a, [f64]>,
    sums: Vec<f64>,
    total: f64,
}

impl<'a> PlackettLuce<'a> {
    /// Over the candidates that are not taken.
    pub(super) fn new(scores: Candidates<'a>, temperature: f64, taken: &Marks) -> Self {
        let (values, sums) = if let Some(weights) = scores.weights {
            (Cow::Borrowed(weights.values.as_slice()), weights.sums.clone())
        } else {
            let weights = Weights::new(scores.values, temperature, |at| taken.get(at));
            (Cow::Owned(weights.values), weights.sums)
        };
        let mut rule = Self { scores: scores.values, temperature, values, sums, total: 0.0 };
        if scores.weights.is_some() {
            for block in 0..rule.sums.len() {
                if (block * BLOCK / 64..(block + 1) * BLOCK / 64).any(|word| taken.any(word)) {
                    rule.sum_block(taken, block);
                }
            }
        }
        rule.settle(taken);
        rule
    }

    fn sum_block(&mut self, taken: &Marks, block: usize) {
        let from = block * BLOCK;
        let until = (from + BLOCK).min(self.values.len());
        let free = (from..until).filter(|at| !taken.get(*at as u32));
        self.sums[block] = free.map(|at| self.values[at]).sum();
    }

    fn settle(&mut self, taken: &Marks) {
        self.total = self.sums.iter().sum();
        if self.total < FAINT {
            let weights = Weights::new(self.scores, self.temperature, |at| taken.get(at));
            self.values = Cow::Owned(weights.values);
            self.sums = weights.sums;
            self.total = self.sums.iter().sum();
        }
    }
}

impl Rule for PlackettLuce<'_> {
    fn draw(&mut self, taken: &Marks, stream: &mut Stream) -> u32 {
        let mut left = stream.random::<f64>() * self.total;
        let mut chosen = 0;
        for (block, sum) in self.sums.iter().enumerate() {
            if *sum > 0.0 {
                chosen = block;
                if left < *sum {
                    break;
                }
                left -= sum;
            }
        }
        let from = chosen * BLOCK;
        let until = (from + BLOCK).min(self.values.len());
        // Rounding may leave a remainder after the last candidate of the block, which then is the one.
        let mut at = from;
        for next in from..until {
            let weight = self.values[next];
            if weight > 0.0 && !taken.get(next as u32) {
                at = next;
                if left < weight {
                    break;
                }
                left -= weight;
            }
        }
        at as u32
    }

    fn probability(&mut self, _taken: &Marks, at: u32) -> f64 {
        self.values[at as usize] / self.total
    }

    fn took(&mut self, taken: &Marks, at: u32) {
        self.sum_block(taken, at as usize / BLOCK);
        self.settle(taken);
    }
}
