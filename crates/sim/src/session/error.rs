//! What cannot be given to a session.

use habitue_core::ItemId;

use super::Need;

/// What cannot be given to a session.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SessionError {
    /// The slate is longer than asked for.
    #[error("the slate has {got} items, expected at most {size}")]
    SlateTooLong {
        /// Items on it.
        got: usize,
        /// Items asked for.
        size: usize,
    },
    /// The slate is empty although the recommender is in service.
    #[error("the slate is empty, expected 1 to {size} items")]
    SlateEmpty {
        /// Items asked for.
        size: usize,
    },
    /// An item stands twice.
    #[error("item {item} stands at positions {first} and {second} of the slate, expected different items")]
    Duplicate {
        /// The item.
        item: ItemId,
        /// Its first position, counted from 1.
        first: usize,
        /// Its second position, counted from 1.
        second: usize,
    },
    /// An item that is not in the catalogue or not available now.
    #[error("item {item} at position {position} of the slate is not available now")]
    Unavailable {
        /// The item.
        item: ItemId,
        /// Its position, counted from 1.
        position: usize,
    },
    /// A propensity that is not a probability.
    #[error("the propensity at position {position} is {value}, expected a probability above 0 and at most 1")]
    Propensity {
        /// The position, counted from 1.
        position: usize,
        /// The value.
        value: f32,
    },
    /// A joint propensity that is not the logarithm of a probability.
    #[error("the joint log-propensity is {0}, expected a finite number of at most 0")]
    LogPropensity(f64),
    /// Feedback for another number of items.
    #[error("the decision has feedback on {got} items, expected {expected}, one for each position")]
    FeedbackCount {
        /// Feedback given.
        got: usize,
        /// Items on the slate.
        expected: usize,
    },
    /// Feedback outside its range.
    #[error("the feedback at position {position} has {field} {value}, expected {expected}")]
    Feedback {
        /// The position, counted from 1.
        position: usize,
        /// The field.
        field: &'static str,
        /// The value.
        value: f64,
        /// What was expected.
        expected: &'static str,
    },
    /// Distributions of another shape.
    #[error("the decision has {got} probabilities of {field}, expected {expected}")]
    Distributions {
        /// Of what: actions or moves.
        field: &'static str,
        /// Probabilities given.
        got: usize,
        /// Positions times actions, or the number of moves.
        expected: usize,
    },
    /// The session did not wait for this.
    #[error("the session was given {given}, but waits for {waits}")]
    OutOfTurn {
        /// What was given.
        given: &'static str,
        /// What the session waits for.
        waits: Need,
    },
}
