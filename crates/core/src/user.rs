//! The contract of user models.

use crate::ids::UserId;
use crate::mindset::UserState;
use crate::persona::Persona;
use crate::slate::Slate;
use crate::social::Message;
use crate::streams::Streams;
use crate::time::{SimDuration, SimTime};
use crate::turn::{Decider, Decision, Departure};
use crate::world::World;

/// A user before a slate.
#[derive(Debug)]
pub struct Encounter<'a> {
    /// Who.
    pub user: UserId,
    /// The user's description.
    pub persona: &'a Persona,
    /// The user's changing state, which `decide` updates.
    pub state: &'a mut UserState,
    /// The user's session, counted from 0.
    pub session: u32,
    /// Turn of the session, counted from 0.
    pub turn: u32,
    /// Now.
    pub time: SimTime,
    /// What is shown; empty while the recommender is out of service.
    pub slate: &'a Slate,
    /// Friends the user may write to.
    pub friends: &'a [UserId],
    /// Whether the scenario asks for ratings of items engaged with.
    pub rate: bool,
    /// Whether to return the distributions of all choices.
    pub distributions: bool,
}

/// A visit that begins or ends.
#[derive(Debug)]
pub struct Visit<'a> {
    /// Who.
    pub user: UserId,
    /// The user's description.
    pub persona: &'a Persona,
    /// The user's changing state.
    pub state: &'a mut UserState,
    /// The user's session, counted from 0.
    pub session: u32,
    /// Now.
    pub time: SimTime,
}

/// What a user model could not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("user model \"{model}\": {message}")]
pub struct UserModelError {
    /// The model's name.
    pub model: String,
    /// What went wrong and what was expected.
    pub message: String,
}

/// How users decide. Every method is a pure function of its arguments, so how users are batched or spread over threads
/// never matters; draws come from `streams`, keyed by user, session and turn.
pub trait UserModel: Send + Sync {
    /// Who decides, for the log.
    fn decider(&self) -> Decider;

    /// Who decides for this user, where that differs within the population.
    fn decider_of(&self, _user: UserId) -> Decider {
        self.decider()
    }

    /// How many encounters are worth giving at once; a hint for drivers.
    fn batch(&self) -> usize {
        64
    }

    /// The state in which a user enters the run, and when the user first arrives.
    fn admit(
        &self,
        world: &World<'_>,
        user: UserId,
        persona: &Persona,
        streams: Streams,
    ) -> (UserState, SimTime);

    /// A session begins; `away` is the time since the last one ended, if there was one.
    fn arrive(&self, world: &World<'_>, visit: Visit<'_>, away: Option<SimDuration>, streams: Streams);

    /// The answers to the slates, in order; updates the states.
    ///
    /// # Errors
    /// What the model could not do; the run stops at the last checkpoint.
    fn decide(
        &self,
        world: &World<'_>,
        encounters: &mut [Encounter<'_>],
        streams: Streams,
    ) -> Result<Vec<Decision>, UserModelError>;

    /// A session has ended: when the user will be back.
    fn depart(&self, world: &World<'_>, visit: Visit<'_>, streams: Streams) -> Departure;

    /// What is worth keeping in the run's manifest besides the scenario: which model it is, what it cost so far.
    fn account(&self) -> Option<serde_json::Value> {
        None
    }

    /// A message is delivered.
    fn hear(&self, world: &World<'_>, persona: &Persona, state: &mut UserState, message: &Message);
}
