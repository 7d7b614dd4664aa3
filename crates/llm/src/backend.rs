//! Who answers: a model in this process, a server, or a recording.

mod local;
mod openai;
mod prompt;
mod recorded;

use std::future::Future;
use std::pin::Pin;

use habitue_core::Stream;
use serde::{Deserialize, Serialize};

pub use local::{Fork, LocalBackend, Scorer};
pub use openai::{OpenAiBackend, OpenAiOptions, Protocol, ServerStatistics};
pub use prompt::{Prompt, PromptTurn};
pub use recorded::{RecordedBackend, RecordingBackend};

use crate::distribution::Distribution;
use crate::error::LlmError;
use crate::program::WriteSpec;

/// A future that a trait object gives.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, LlmError>> + Send + 'a>>;

/// Tokens of one or several calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Prompt tokens that were computed.
    pub new_tokens: u64,
    /// Prompt tokens that a cache knew.
    pub cached_tokens: u64,
    /// Tokens written.
    pub generated_tokens: u64,
}

impl Usage {
    /// Adds another call's.
    pub fn add(&mut self, other: Self) {
        self.new_tokens += other.new_tokens;
        self.cached_tokens += other.cached_tokens;
        self.generated_tokens += other.generated_tokens;
    }
}

/// Choices that continue one prompt and see nothing of each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What they all continue.
    pub prompt: Prompt,
    /// The choices.
    pub branches: Vec<ChoiceBranch>,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChoiceBranch {
    /// Text between the prompt and the choice.
    pub suffix: Vec<String>,
    /// What may be chosen.
    pub options: Vec<String>,
    /// The text that comes after the choice; none if the turn ends there.
    pub follow: Option<String>,
}

/// What is known of a choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Scores {
    /// The probability of every option; the caller draws.
    Distribution(Distribution),
    /// The server drew this option and does not say from what.
    Drawn(usize),
}

/// The answer to a [`Choice`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChoiceReply {
    /// By branch.
    pub scores: Vec<Scores>,
    /// The tokens it took.
    pub usage: Usage,
}

/// Why a text ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum WriteEnd {
    /// The model ended it.
    EndOfText,
    /// At this stop text.
    Stop(String),
    /// Its constraint allows nothing more.
    Complete,
    /// At its limit of tokens: a constrained text may be incomplete.
    Length,
}

/// A text that was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The text, without the stop text that ended it.
    pub text: String,
    /// Why it ended.
    pub end: WriteEnd,
    /// The tokens it took.
    pub usage: Usage,
}

/// Who answers the slots of a decision program.
pub trait Backend: Send + Sync {
    /// What it is, for a run's manifest.
    fn id(&self) -> String;

    /// Scores choices. A backend that can only draw uses the stream for its seed.
    ///
    /// # Errors
    /// If the options cannot be told apart by their tokens, or the backend fails.
    fn choose<'a>(&'a self, choice: &'a Choice, stream: &'a mut Stream) -> Pending<'a, ChoiceReply>;

    /// Writes a text, sampled with the stream's numbers.
    ///
    /// # Errors
    /// If the constraint cannot be compiled, or the backend fails.
    fn write<'a>(
        &'a self,
        prompt: &'a Prompt,
        spec: &'a WriteSpec,
        stream: &'a mut Stream,
    ) -> Pending<'a, Written>;
}
