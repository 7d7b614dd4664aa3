//! A training from the first step to the last, with checkpoints between.

mod checkpoint;
mod export;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use habitue_core::Streams;
use habitue_llm::{LlmError, Tokenizer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::adamw::AdamW;
use crate::forest::{Forest, Planter};
use crate::lessons::{self, Grade, Lesson, LessonError};
use crate::net::Net;
use crate::recipe::Recipe;
use crate::vocabulary;

/// Why a training cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A lesson could not be written.
    #[error(transparent)]
    Lesson(#[from] LessonError),
    /// The network failed.
    #[error("the network: {0}")]
    Net(#[from] candle_core::Error),
    /// The tokenizer could not be made or read.
    #[error(transparent)]
    Tokenizer(#[from] LlmError),
    /// The tokenizer could not be trained.
    #[error("the tokenizer cannot be trained: {0}")]
    Vocabulary(String),
    /// A file cannot be read or written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of a training is not what it should be.
    #[error("{}: {what}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong and what was expected.
        what: String,
    },
    /// The loss is no number any more.
    #[error("the loss of step {step} is not a number; a lower learning_rate or clip may help")]
    Diverged {
        /// The step.
        step: u64,
    },
}

/// One step of a training, for its curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The step, counted from 0.
    pub step: u64,
    /// Tokens seen up to and with this step.
    pub tokens: u64,
    /// Mean cross-entropy of its choices, in nats.
    pub choices: f32,
    /// Mean cross-entropy of its words, in nats.
    pub words: f32,
    /// Length of its gradient before the cut.
    pub gradient: f32,
}

/// A training that is under way.
pub struct Training {
    recipe: Recipe,
    net: Net,
    optimiser: AdamW,
    tokenizer_json: Value,
    tokenizer: Arc<Tokenizer>,
    /// Steps taken.
    step: u64,
    /// Next town.
    town: u64,
    curve: Vec<Point>,
}

impl std::fmt::Debug for Training {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Training")
            .field("recipe", &self.recipe)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}

impl Training {
    /// A training at its beginning: trains the tokenizer, draws the parameters. The recipe has passed its check.
    ///
    /// # Errors
    /// If the lessons or the tokenizer cannot be made.
    pub fn begin(mut recipe: Recipe) -> Result<Self, TrainError> {
        let mut texts = Vec::new();
        for town in 0..recipe.tokenizer_towns {
            texts.extend(lessons::texts(recipe.seed, town)?);
        }
        let json = vocabulary::train(&texts, recipe.shape.vocabulary).map_err(TrainError::Vocabulary)?;
        let tokenizer = Tokenizer::from_value(Path::new("tokenizer.json"), json.clone())?;
        recipe.shape.vocabulary = tokenizer.vocabulary();
        let net = Net::random(recipe.shape, Streams::new(recipe.seed))?;
        let optimiser = AdamW::new(&net);
        Ok(Self {
            recipe,
            net,
            optimiser,
            tokenizer_json: json,
            tokenizer: Arc::new(tokenizer),
            step: 0,
            town: 0,
            curve: Vec::new(),
        })
    }

    /// The recipe; its vocabulary is that of the tokenizer.
    pub const fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The network.
    pub const fn net(&self) -> &Net {
        &self.net
    }

    /// Steps taken.
    pub const fn steps(&self) -> u64 {
        self.step
    }

    /// Whether all steps are taken.
    pub const fn is_done(&self) -> bool {
        self.step >= self.recipe.steps
    }

    /// The steps so far.
    pub fn curve(&self) -> &[Point] {
        &self.curve
    }

    /// The lessons of the next step.
    fn batch(&mut self) -> Result<Forest, TrainError> {
        let mut forest = Forest::default();
        let grade = if self.step < self.recipe.first_steps { Grade::First } else { Grade::Full };
        let hints = self.recipe.hints;
        while forest.tokens.len() < self.recipe.batch_tokens {
            for lesson in lessons::lessons(self.recipe.seed, self.town, grade, hints, &self.tokenizer)? {
                plant(lesson, self.recipe.words, &mut forest);
            }
            self.town += 1;
        }
        Ok(forest)
    }

    /// Takes a step.
    ///
    /// # Errors
    /// If a lesson cannot be written, or the loss is no number any more.
    pub fn advance(&mut self) -> Result<Point, TrainError> {
        let forest = self.batch()?;
        let loss = self.net.loss(&forest)?;
        if !loss.total.to_scalar::<f32>()?.is_finite() {
            return Err(TrainError::Diverged { step: self.step });
        }
        let gradients = self.net.gradients(&loss)?;
        let Recipe { weight_decay, clip, .. } = self.recipe;
        let rate = self.recipe.rate(self.step);
        let length = self.optimiser.step(&self.net, &gradients, self.step, rate, weight_decay, clip)?;
        let before = self.curve.last().map_or(0, |point| point.tokens);
        let point = Point {
            step: self.step,
            tokens: before + forest.tokens.len() as u64,
            choices: loss.choices,
            words: loss.words,
            gradient: length as f32,
        };
        self.curve.push(point);
        self.step += 1;
        Ok(point)
    }
}

fn plant(lesson: Lesson, words: f32, forest: &mut Forest) {
    let mut planter = Planter::default();
    for (tokens, target) in lesson.choices {
        planter.choice(&tokens, target);
    }
    for (tokens, text) in lesson.texts {
        planter.words(&tokens, &text, words);
    }
    planter.pack(forest);
}

#[cfg(test)]
mod tests;
