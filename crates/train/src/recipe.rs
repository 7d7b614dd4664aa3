//! What a training does: everything but the machine that the result depends on.

use serde::{Deserialize, Serialize};

use crate::net::NetShape;

/// A recipe. Two trainings by one recipe see the same lessons in the same order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Name of the model.
    pub name: String,
    /// Seed of the lessons and of the first parameters.
    pub seed: u64,
    /// Shape of the network; its vocabulary is that of the tokenizer.
    pub shape: NetShape,
    /// Towns whose texts the tokenizer is trained on.
    pub tokenizer_towns: u64,
    /// Steps of the optimiser.
    pub steps: u64,
    /// The first of them, which have short lessons.
    pub first_steps: u64,
    /// Tokens of a step, shared beginnings counted once: as many towns as it takes to reach them.
    pub batch_tokens: usize,
    /// Learning rate at its highest.
    pub learning_rate: f64,
    /// Steps in which the learning rate rises from 0, in a straight line.
    pub warmup: u64,
    /// Share of the highest learning rate to which it falls, along a cosine, in the last step.
    pub floor: f64,
    /// Weight decay of the matrices per unit of learning rate.
    pub weight_decay: f64,
    /// Length to which longer gradients are cut.
    pub clip: f64,
    /// Weight in the loss of what should come to mind behind a category: how it is liked. A choice has 1.
    pub hints: f32,
    /// Weight of a written token in the loss; a choice has 1.
    pub words: f32,
}

impl Recipe {
    /// Learning rate of a step, counted from 0: a rise, then a cosine (Loshchilov and Hutter 2017).
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.learning_rate * (step + 1) as f64 / self.warmup as f64;
        }
        let done = (step - self.warmup) as f64 / (self.steps - self.warmup).max(1) as f64;
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos());
        self.learning_rate * (self.floor + (1.0 - self.floor) * cosine)
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range: its name, its value, what was expected.
    pub fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        let NetShape { hidden, layers, heads, intermediate, vocabulary } = self.shape;
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let wrong = |name, value: &dyn ToString, expected| Err((name, value.to_string(), expected));
        if heads == 0 || !hidden.is_multiple_of(2 * heads) || hidden == 0 {
            return wrong("shape.hidden", &hidden, "a multiple of twice the number of heads");
        }
        if layers == 0 || intermediate == 0 {
            return wrong("shape", &"0", "at least 1 layer of width 1");
        }
        if vocabulary < 300 {
            return wrong("shape.vocabulary", &vocabulary, "at least 300: 256 bytes and some words");
        }
        if self.steps == 0 || self.batch_tokens == 0 || self.tokenizer_towns == 0 {
            return wrong("steps, batch_tokens, tokenizer_towns", &0, "at least 1");
        }
        if self.warmup >= self.steps {
            return wrong("warmup", &self.warmup, "less than the steps");
        }
        if !positive(self.learning_rate) {
            return wrong("learning_rate", &self.learning_rate, "a number above 0");
        }
        if !positive(self.clip) {
            return wrong("clip", &self.clip, "a number above 0");
        }
        if !(0.0..=1.0).contains(&self.floor) {
            return wrong("floor", &self.floor, "a number from 0 to 1");
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            return wrong("weight_decay", &self.weight_decay, "a number of at least 0");
        }
        if !(self.hints >= 0.0 && self.hints.is_finite()) {
            return wrong("hints", &self.hints, "a number of at least 0");
        }
        if !(self.words >= 0.0 && self.words.is_finite()) {
            return wrong("words", &self.words, "a number of at least 0");
        }
        Ok(())
    }
}
