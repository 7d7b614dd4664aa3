//! What can be wrong with the input of a statistic.

/// Why a statistic cannot be computed. Users are counted from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatsError {
    /// Two arrays do not belong together.
    #[error("{what} has {found} users, expected {expected}")]
    Length {
        /// The array.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that the other array asks for.
        expected: usize,
    },
    /// A value is not a number, or a denominator is negative.
    #[error("{what} of user {user} is {value}, expected {expected}")]
    Value {
        /// The array.
        what: &'static str,
        /// The user.
        user: usize,
        /// The value found.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
}
