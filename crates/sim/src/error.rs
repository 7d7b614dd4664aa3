//! Why a run stops.

use habitue_core::{PolicyError, UserId, UserModelError};

use crate::session::SessionError;

/// Why a run stops. What was logged up to the last checkpoint stays valid, and the run can be resumed from there.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// A policy failed.
    #[error("arm \"{arm}\": {source}")]
    Policy {
        /// The arm.
        arm: String,
        /// What failed.
        source: PolicyError,
    },
    /// A policy gave a slate that is none.
    #[error("arm \"{arm}\": policy \"{policy}\" gave user {user} a slate that cannot be shown: {source}")]
    Slate {
        /// The arm.
        arm: String,
        /// The policy.
        policy: String,
        /// Whom.
        user: UserId,
        /// What is wrong with it.
        source: SessionError,
    },
    /// A policy answered another number of requests.
    #[error(
        "arm \"{arm}\": policy \"{policy}\" gave {got} slates, expected {expected}, one for each request"
    )]
    SlateCount {
        /// The arm.
        arm: String,
        /// The policy.
        policy: String,
        /// Slates given.
        got: usize,
        /// Requests made.
        expected: usize,
    },
    /// A user model failed.
    #[error(transparent)]
    UserModel(#[from] UserModelError),
    /// A user model gave a decision that is none.
    #[error("the decision of user {user} is impossible: {source}")]
    Decision {
        /// Whose.
        user: UserId,
        /// What is wrong with it.
        source: SessionError,
    },
    /// A user model answered another number of encounters.
    #[error("the user model gave {got} decisions, expected {expected}, one for each user")]
    DecisionCount {
        /// Decisions given.
        got: usize,
        /// Decisions asked for.
        expected: usize,
    },
    /// An intervention cannot be applied.
    #[error("intervention \"{kind}\" at {at}: {message}")]
    Intervention {
        /// Its kind.
        kind: &'static str,
        /// When.
        at: String,
        /// What is wrong.
        message: String,
    },
    /// A snapshot does not belong to this run.
    #[error("the checkpoint cannot be restored: {0}")]
    Snapshot(String),
}

impl SimError {
    pub(crate) fn slate(user: UserId, arm: &str, policy: &str, source: SessionError) -> Self {
        Self::Slate { arm: arm.to_owned(), policy: policy.to_owned(), user, source }
    }
}
