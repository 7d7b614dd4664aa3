//! The contract of recommenders.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::ids::{ItemId, UserId};
use crate::slate::Slate;
use crate::streams::Streams;
use crate::time::SimTime;
use crate::turn::{RequestText, Turn};
use crate::world::World;

/// One of a user's past reactions as the recommender knows them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The item.
    pub item: ItemId,
    /// What the user did with it: anything but `skip`.
    pub action: Action,
    /// Rating 1 to 5 or 0.
    pub rating: u8,
    /// When.
    pub time: SimTime,
}

/// A request for a slate: what a real recommender would see, never the persona or the mindset.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub user: UserId,
    /// The user's session, counted from 0.
    pub session: u32,
    /// Turn of the session, counted from 0.
    pub turn: u32,
    /// When.
    pub time: SimTime,
    /// Number of items wanted. A slate is shorter only if fewer items are available.
    pub size: usize,
    /// The user's reactions other than `skip`, oldest first, bounded by the scenario's `history`; this session's
    /// included.
    pub history: &'a VecDeque<HistoryEntry>,
    /// Items shown earlier in this session, in order.
    pub shown: &'a [ItemId],
    /// Words that come with the request.
    pub text: Option<&'a RequestText>,
    /// All that the user has said in this session, oldest first; what comes with the request included.
    pub said: &'a [RequestText],
}

/// What a policy could not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy \"{policy}\": {message}")]
pub struct PolicyError {
    /// The policy's name.
    pub policy: String,
    /// What went wrong, with the value, what was expected, and what to do.
    pub message: String,
}

/// A recommender.
///
/// Within a window `recommend` is called from several threads with the state as of the window's start; it must be a
/// pure function of that state, the world and each request on its own: how requests are batched never matters. Draws
/// come from `streams`, purpose [`Exploration`](crate::Purpose::Exploration), keyed by the request's user, session
/// and turn. `observe` and `end_window` are called by one thread between windows.
pub trait Policy: Send + Sync {
    /// Name for messages and tables.
    fn name(&self) -> &str;

    /// How many requests are worth giving at once; a hint for drivers. A policy that talks to another process wants
    /// many.
    fn batch(&self) -> usize {
        64
    }

    /// A slate for each request, in order. All items of a slate are available and different.
    ///
    /// # Errors
    /// What the policy could not do; the run stops at the last checkpoint.
    fn recommend(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        streams: Streams,
    ) -> Result<Vec<Slate>, PolicyError>;

    /// Natural logarithms of the conditional probabilities with which the policy, in its present state, would show
    /// these items at these positions: one per position given the positions before, negative infinity for what it
    /// would never show (and for all that follows). Their sum is the logarithm of the probability of the whole slate.
    /// Used to verify a log and to weigh it for another policy. `None` if the policy cannot say.
    fn log_propensity(
        &self,
        _world: &World<'_>,
        _request: &Request<'_>,
        _slate: &[ItemId],
    ) -> Option<Vec<f64>> {
        None
    }

    /// Whether the propensities of [`Self::recommend`] are exact given the policy's state at the window's start.
    fn exact_propensities(&self) -> bool {
        true
    }

    /// Whether a slate of this policy can be empty though the recommender is in service: the user then meets an empty
    /// slate, as in an outage, and the session ends with this turn. From other policies an empty slate is an error.
    fn shows_nothing_at_times(&self) -> bool {
        false
    }

    /// All turns of the window that this policy served, by (user, session, turn).
    ///
    /// # Errors
    /// As for `recommend`.
    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) -> Result<(), PolicyError>;

    /// Called once per window, after `observe`, also when nobody came: the moment to retrain or rebuild what depends
    /// on the world. `world` is that of the next window.
    ///
    /// # Errors
    /// As for `recommend`.
    fn end_window(&mut self, world: &World<'_>, streams: Streams) -> Result<(), PolicyError>;

    /// The whole learnt state. `restore` of it gives a policy that behaves the same.
    ///
    /// # Errors
    /// As for `recommend`.
    fn snapshot(&self) -> Result<Vec<u8>, PolicyError>;

    /// Takes the state over from `snapshot`.
    ///
    /// # Errors
    /// If the bytes are not a snapshot of such a policy.
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), PolicyError>;

    /// Number of times the policy's parameters have changed, for the closing table: a policy that never learnt says so.
    fn updates(&self) -> u64 {
        0
    }
}
