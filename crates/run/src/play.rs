//! A person takes a user's place.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use habitue_core::scenario::{Design, Scenario, nearest};
use habitue_core::{
    Action, Decider, Decision, Departure, Encounter, Feedback, Message, Move, Persona, SimDuration, SimTime,
    Streams, UserId, UserModel, UserModelError, UserState, Visit, World,
};
use habitue_sim::Parts;
use habitue_store::StoreError;
use serde_json::{Value, json};

use crate::error::RunError;

/// The file in a run folder that says by whom a person's place was taken.
const PLAYED: &str = "played.txt";

/// What a person does with a slate.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// By position; the rest is skipped.
    pub actions: Vec<Action>,
    /// By position, 1 to 5 or 0; the rest has no rating.
    pub ratings: Vec<u8>,
    /// What the person does next.
    pub next: Move,
}

/// A person, or whatever speaks for one.
pub trait Player: Send {
    /// What others say, before the next slate.
    fn hear(&mut self, world: &World<'_>, message: &Message);

    /// What the person does with a slate; `None` if the person has gone for good.
    fn react(&mut self, world: &World<'_>, encounter: &Encounter<'_>) -> Option<Reaction>;
}

/// Who plays which user.
pub struct Play<'a> {
    /// Key or number of the user.
    pub user: &'a str,
    /// Who plays.
    pub player: Box<dyn Player>,
}

impl Play<'_> {
    /// Puts the person in the user's place; gives the user's key.
    ///
    /// # Errors
    /// If there is no such user, or it lives in several arms at once.
    pub(crate) fn begin(self, scenario: &Scenario, parts: &mut Parts) -> Result<String, RunError> {
        if scenario.design == Design::Paired {
            return Err(RunError::Field {
                field: "--play".to_owned(),
                value: format!("\"{}\"", self.user),
                expected:
                    "a scenario whose design is \"split\": in a paired one every user lives in every arm"
                        .to_owned(),
            });
        }
        let keys = || parts.personas.iter().map(|persona| persona.key.as_str());
        let number = self.user.parse().ok().filter(|number| *number < parts.personas.len());
        let at = keys().position(|key| key == self.user).or(number).ok_or_else(|| StoreError::NoSuch {
            what: "user",
            name: self.user.to_owned(),
            nearest: nearest(self.user, keys()),
        })?;
        let key = parts.personas[at].key.clone();
        let population = parts.populations[at].index();
        let rest = parts.models.split_off(population + 1);
        if let Some(others) = parts.models.pop() {
            let (user, player) = (UserId(at as u32), Mutex::new(Seat { player: self.player, gone: false }));
            parts.models.push(Box::new(PlayedUsers { others, user, key: key.clone(), player }));
        }
        parts.models.extend(rest);
        Ok(key)
    }
}

/// Keeps with the run who was played.
pub(crate) fn keep(folder: &Path, key: &str) -> Result<(), RunError> {
    let path = folder.join(PLAYED);
    std::fs::write(&path, format!("{key}\n")).map_err(|source| RunError::Io { path, action: "write", source })
}

/// Refuses to go on with a run in which a person took a user's place: what the person would do is not in it.
pub(crate) fn refuse_played(folder: &Path) -> Result<(), RunError> {
    match std::fs::read_to_string(folder.join(PLAYED)) {
        Ok(key) => Err(RunError::Played { folder: folder.to_path_buf(), user: key.trim().to_owned() }),
        Err(_) => Ok(()),
    }
}

/// A population in which a person has taken the place of one user.
struct PlayedUsers {
    others: Box<dyn UserModel>,
    user: UserId,
    key: String,
    player: Mutex<Seat>,
}

struct Seat {
    player: Box<dyn Player>,
    /// Whether the person has gone for good.
    gone: bool,
}

impl PlayedUsers {
    fn seat(&self) -> std::sync::MutexGuard<'_, Seat> {
        self.player.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the person does. Only that: no mindset moves, nothing is drawn, and time spent on items is not measured.
    fn react(&self, world: &World<'_>, encounter: &Encounter<'_>) -> Decision {
        let mut seat = self.seat();
        let reaction = if seat.gone { None } else { seat.player.react(world, encounter) };
        seat.gone = reaction.is_none();
        let Reaction { actions, ratings, next } =
            reaction.unwrap_or(Reaction { actions: Vec::new(), ratings: Vec::new(), next: Move::Leave });
        let feedback = (0..encounter.slate.items.len()).map(|position| {
            let action = actions.get(position).copied().unwrap_or(world.scale.skip());
            let rating = ratings.get(position).copied().unwrap_or(0);
            Feedback { action, examined: position < actions.len(), dwell_seconds: 0.0, rating }
        });
        Decision { feedback: feedback.collect(), next, distributions: None, trace: None }
    }
}

impl UserModel for PlayedUsers {
    fn decider(&self) -> Decider {
        self.others.decider()
    }

    fn decider_of(&self, user: UserId) -> Decider {
        if user == self.user { Decider::Human } else { self.others.decider_of(user) }
    }

    fn batch(&self) -> usize {
        self.others.batch()
    }

    fn admit(
        &self,
        world: &World<'_>,
        user: UserId,
        persona: &Persona,
        streams: Streams,
    ) -> (UserState, SimTime) {
        self.others.admit(world, user, persona, streams)
    }

    fn arrive(&self, world: &World<'_>, visit: Visit<'_>, away: Option<SimDuration>, streams: Streams) {
        self.others.arrive(world, visit, away, streams);
    }

    fn decide(
        &self,
        world: &World<'_>,
        encounters: &mut [Encounter<'_>],
        streams: Streams,
    ) -> Result<Vec<Decision>, UserModelError> {
        let Some(at) = encounters.iter().position(|encounter| encounter.user == self.user) else {
            return self.others.decide(world, encounters, streams);
        };
        let (before, rest) = encounters.split_at_mut(at);
        let [own, after @ ..] = rest else { return self.others.decide(world, before, streams) };
        let mut decisions = self.others.decide(world, before, streams)?;
        decisions.push(self.react(world, own));
        decisions.extend(self.others.decide(world, after, streams)?);
        Ok(decisions)
    }

    /// When the user is back, as the law of the population has it; never if the person has gone.
    fn depart(&self, world: &World<'_>, visit: Visit<'_>, streams: Streams) -> Departure {
        if visit.user == self.user && self.seat().gone {
            return Departure::Never;
        }
        self.others.depart(world, visit, streams)
    }

    fn account(&self) -> Option<Value> {
        let mut account = self.others.account().unwrap_or_else(|| json!({}));
        if let Value::Object(account) = &mut account {
            account.insert("played".to_owned(), json!(self.key));
        }
        Some(account)
    }

    fn hear(&self, world: &World<'_>, persona: &Persona, state: &mut UserState, message: &Message) {
        self.others.hear(world, persona, state, message);
        if message.to == self.user {
            self.seat().player.hear(world, message);
        }
    }
}
