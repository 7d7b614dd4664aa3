//! Slots: what is asked for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether the choices of a `pick_each` see one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EachMode {
    /// Each item sees the items before it with their answers: one pass after the other.
    Joint,
    /// All items continue the same prompt and see nothing of each other: one pass for all.
    Independent,
}

/// What the model writes to pick a listed option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PickBy {
    /// The option's text.
    Text,
    /// Its label in the list.
    Label,
}

/// What a written text must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Constraint {
    /// JSON of this schema, on one line.
    JsonSchema(Value),
    /// A text that this regular expression matches as a whole.
    Regex(String),
}

/// How free text is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteSpec {
    /// Most tokens.
    pub max_tokens: usize,
    /// Texts that end it; they are not part of it.
    pub stop: Vec<String>,
    /// Divides the logits before sampling; 0 takes the most likely token.
    pub temperature: f64,
    /// Samples from the smallest set of tokens with at least this probability (nucleus sampling, Holtzman et al. 2020).
    pub top_p: f64,
    /// What it must be.
    pub constraint: Option<Constraint>,
}

impl WriteSpec {
    /// Text of at most so many tokens, sampled at temperature 1 from all tokens.
    pub const fn new(max_tokens: usize) -> Self {
        Self { max_tokens, stop: Vec::new(), temperature: 1.0, top_p: 1.0, constraint: None }
    }

    /// Ends at this text.
    #[must_use]
    pub fn stop(mut self, text: impl Into<String>) -> Self {
        self.stop.push(text.into());
        self
    }

    /// With this temperature.
    #[must_use]
    pub const fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = temperature;
        self
    }

    /// With nucleus sampling.
    #[must_use]
    pub const fn top_p(mut self, top_p: f64) -> Self {
        self.top_p = top_p;
        self
    }

    /// As JSON of this schema.
    #[must_use]
    pub fn json(mut self, schema: Value) -> Self {
        self.constraint = Some(Constraint::JsonSchema(schema));
        self
    }

    /// As a match of this regular expression.
    #[must_use]
    pub fn regex(mut self, expression: impl Into<String>) -> Self {
        self.constraint = Some(Constraint::Regex(expression.into()));
        self
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) kind: SlotKind,
    pub(crate) calibrated: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum SlotKind {
    Pick { list: usize, by: PickBy },
    PickEach { items: Vec<String>, options: Vec<String>, mode: EachMode },
    Number { lo: i64, hi: i64 },
    Write(WriteSpec),
}
