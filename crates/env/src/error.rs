//! What an environment refuses.

use habitue_core::scenario::Problems;
use habitue_run::RunError;
use habitue_sim::SimError;

/// What an environment refuses. Nothing has changed when one of these is returned, unless a user model failed.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// The scenario cannot be read or means nothing.
    #[error(transparent)]
    Scenario(Box<Problems>),
    /// The world of the scenario cannot be built.
    #[error(transparent)]
    Build(#[from] RunError),
    /// A user model failed, or the parts do not fit.
    #[error(transparent)]
    Play(#[from] SimError),
    /// An argument is outside what it may be.
    #[error("{field} is {value}, expected {expected}")]
    Argument {
        /// Which.
        field: &'static str,
        /// What was given.
        value: String,
        /// What may be given.
        expected: String,
    },
    /// A buffer or an argument has another number of elements.
    #[error("{field} has {got} elements, expected {expected}")]
    Shape {
        /// Which.
        field: &'static str,
        /// Elements given.
        got: usize,
        /// Elements wanted, with the shape in words.
        expected: String,
    },
    /// An id that no item has.
    #[error(
        "action of environment {env}: item {item} at position {position}, expected an item id from 0 to {last}"
    )]
    UnknownItem {
        /// The environment, counted from 0.
        env: usize,
        /// The position on the slate, counted from 1.
        position: usize,
        /// What was given.
        item: i64,
        /// The largest id.
        last: usize,
    },
    /// An item that cannot be shown yet.
    #[error(
        "action of environment {env}: item {item} at position {position} is not published yet, expected an item \
         that action_masks allows"
    )]
    Unavailable {
        /// The environment, counted from 0.
        env: usize,
        /// The position on the slate, counted from 1.
        position: usize,
        /// The item.
        item: i64,
    },
    /// An item stands twice on a slate.
    #[error(
        "action of environment {env}: item {item} stands at positions {first} and {second}, expected different items"
    )]
    Duplicate {
        /// The environment, counted from 0.
        env: usize,
        /// The item.
        item: i64,
        /// Its first position, counted from 1.
        first: usize,
        /// Its second position, counted from 1.
        second: usize,
    },
    /// An action after the end of the episode.
    #[error("action of environment {env}: its episode is over, expected a reset before the next step")]
    Ended {
        /// The environment, counted from 0.
        env: usize,
    },
    /// An action before the first episode.
    #[error("action of environment {env}: it was never reset, expected a reset before the first step")]
    NotReset {
        /// The environment, counted from 0.
        env: usize,
    },
    /// A text that names no item.
    #[error("action, line {line}: \"{text}\" is no item, expected an id or a title on each line{hint}")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What stands there.
        text: String,
        /// The nearest title, in words, or nothing.
        hint: String,
    },
    /// The user who was asked for does not come within the horizon.
    #[error("user \"{user}\" does not come within the horizon with seed {seed}, expected a user who does")]
    NoVisit {
        /// Whom, by the persona's key; "any" if nobody was named.
        user: String,
        /// The seed of the episode.
        seed: u64,
    },
}

impl EnvError {
    pub(crate) fn argument(
        field: &'static str,
        value: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Argument { field, value: value.to_string(), expected: expected.into() }
    }
}
