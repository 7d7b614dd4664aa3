//! Why a run stops.

use habitue_core::{PolicyError, SimTime, UserModelError};

use crate::session::SessionError;

/// Why a run cannot begin or stops. What was logged up to the last checkpoint stays valid, and the run can be resumed
/// from there.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The parts do not fit the scenario, or each other.
    #[error("the run cannot be built: {0}")]
    Mismatch(String),
    /// A user enters before the run.
    #[error("user \"{user}\" first arrives at {first}, expected the start of the run or later")]
    Admission {
        /// Whose persona's key.
        user: String,
        /// When.
        first: SimTime,
    },
    /// A policy failed.
    #[error("arm \"{arm}\": {source}")]
    Policy {
        /// The arm.
        arm: String,
        /// What failed.
        source: PolicyError,
    },
    /// A policy gave a slate that is none.
    #[error("arm \"{arm}\": policy \"{policy}\" gave user \"{user}\" a slate that cannot be shown: {source}")]
    Slate {
        /// The arm.
        arm: String,
        /// The policy.
        policy: String,
        /// Whom, by the persona's key.
        user: String,
        /// What is wrong with it.
        source: Box<SessionError>,
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
    /// A user asks for a slate while there is no item.
    #[error(
        "no item is available at {time}, expected at least one published and not removed while users come"
    )]
    NothingToShow {
        /// When.
        time: SimTime,
    },
    /// A user model failed.
    #[error(transparent)]
    UserModel(#[from] UserModelError),
    /// A user model gave a decision that is none.
    #[error("the decision of user \"{user}\" is impossible: {source}")]
    Decision {
        /// Whose, by the persona's key.
        user: String,
        /// What is wrong with it.
        source: SessionError,
    },
    /// A user writes to somebody, or about something, that is not there.
    #[error("user \"{user}\" {message}")]
    Letter {
        /// Who, by the persona's key.
        user: String,
        /// To whom or about what.
        message: String,
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
        at: SimTime,
        /// What is wrong.
        message: String,
    },
    /// A snapshot does not belong to this run.
    #[error("the checkpoint cannot be restored: {0}")]
    Snapshot(String),
    /// The simulation failed before and cannot go on.
    #[error("the simulation stopped at an earlier error, and can only go on from a checkpoint")]
    Stopped,
}

impl SimError {
    pub(crate) fn mismatch(message: impl Into<String>) -> Self {
        Self::Mismatch(message.into())
    }
}
