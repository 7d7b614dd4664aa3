//! A turn: request, slate, feedback.

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::ids::{ArmId, ItemId, UserId};
use crate::mind::Trace;
use crate::mindset::Mindset;
use crate::time::{SimDuration, SimTime};

/// One item shown at one position, with what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Impression {
    /// The item.
    pub item: ItemId,
    /// Probability of the item at this position given the positions before.
    pub propensity: f32,
    /// Seconds the user spent on it.
    pub dwell_seconds: f32,
    /// What the user did.
    pub action: Action,
    /// Rating 1 to 5 if the user gave one, else 0.
    pub rating: u8,
    /// Whether the user looked at the position at all. Privileged.
    pub examined: bool,
}

/// What the user does after the slate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Move {
    /// Asks for the next slate.
    #[default]
    NextPage,
    /// Searches.
    Search(String),
    /// Tells the recommender what to change.
    Instruct(String),
    /// Answers a question of the recommender.
    Answer(String),
    /// Posts to all friends, then goes on.
    Post {
        /// What it is about.
        item: Option<ItemId>,
        /// The words; may be empty for users without language.
        text: String,
    },
    /// Writes to one friend, then goes on.
    Chat {
        /// The friend.
        with: UserId,
        /// What it is about.
        item: Option<ItemId>,
        /// The words; may be empty for users without language.
        text: String,
    },
    /// Ends the session.
    Leave,
}

impl Move {
    /// Names of all moves, in the order of [`Self::code`].
    pub const NAMES: [&str; 7] = ["next-page", "search", "instruct", "answer", "post", "chat", "leave"];

    /// Position in [`Self::NAMES`].
    pub const fn code(&self) -> u8 {
        match self {
            Self::NextPage => 0,
            Self::Search(_) => 1,
            Self::Instruct(_) => 2,
            Self::Answer(_) => 3,
            Self::Post { .. } => 4,
            Self::Chat { .. } => 5,
            Self::Leave => 6,
        }
    }

    /// The words that go with the move.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Search(text) | Self::Instruct(text) | Self::Answer(text) => Some(text),
            Self::Post { text, .. } | Self::Chat { text, .. } => {
                Some(text).filter(|text| !text.is_empty()).map(|t| &**t)
            }
            Self::NextPage | Self::Leave => None,
        }
    }
}

/// Feedback on one position, as a user model gives it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// What the user did.
    pub action: Action,
    /// Whether the user looked at the position.
    pub examined: bool,
    /// Seconds spent on the item.
    pub dwell_seconds: f32,
    /// Rating 1 to 5 or 0.
    pub rating: u8,
}

/// Probabilities behind a decision: the full distribution of every choice that was drawn.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Distributions {
    /// Probability of every action at every position, shape `[positions, actions]`, row-major. Conditional on the
    /// choices before it in the same turn (for a cascade user: on having got that far).
    pub actions: Vec<f32>,
    /// Probability of every move, shape `[7]`, order of [`Move::NAMES`].
    pub moves: Vec<f32>,
}

/// A user's answer to a slate. The user model has already updated the mindset.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Decision {
    /// Feedback by position; as many as the slate has items.
    pub feedback: Vec<Feedback>,
    /// What the user does next.
    pub next: Move,
    /// The distributions, if they were asked for.
    pub distributions: Option<Distributions>,
    /// How a language model came to it; `None` for users without one.
    pub trace: Option<Box<Trace>>,
}

/// Who made a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Decider {
    /// A parametric choice user.
    Choice = 0,
    /// A language model.
    Llm = 1,
    /// A distilled student.
    Student = 2,
    /// A logged user.
    Replay = 3,
    /// A person in a user's place.
    Human = 4,
}

impl Decider {
    /// Names in the order of the discriminants.
    pub const NAMES: [&str; 5] = ["choice", "llm", "student", "replay", "human"];
}

/// A finished turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The arm whose policy chose the slate.
    pub arm: ArmId,
    /// The user.
    pub user: UserId,
    /// The user's session, counted from 0.
    pub session: u32,
    /// Turn of the session, counted from 0.
    pub turn: u32,
    /// When the slate was asked for.
    pub time: SimTime,
    /// Time until the user had made the move.
    pub elapsed: SimDuration,
    /// Words the request came with (a search or an instruction of the turn before).
    pub request: Option<RequestText>,
    /// The slate and the feedback, first position first.
    pub impressions: Vec<Impression>,
    /// Natural logarithm of the probability of the whole slate.
    pub log_propensity: f64,
    /// The recommender's sentence.
    pub reply: Option<String>,
    /// What the user did then.
    pub next: Move,
    /// Reward of the turn (return rewards are granted to the session).
    pub reward: f32,
    /// Mindset when the slate was asked for. Privileged.
    pub before: Mindset,
    /// Mindset after the move. Privileged.
    pub after: Mindset,
    /// The distributions behind the decision, if the scenario logs them.
    pub distributions: Option<Distributions>,
    /// Who decided.
    pub decider: Decider,
}

/// Words that come with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestText {
    /// A search.
    Search(String),
    /// An instruction.
    Instruct(String),
    /// An answer to the recommender's question.
    Answer(String),
}

impl RequestText {
    /// The words.
    pub fn text(&self) -> &str {
        match self {
            Self::Search(text) | Self::Instruct(text) | Self::Answer(text) => text,
        }
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum EndReason {
    /// The user left.
    Left = 0,
    /// The scenario's limit of turns was reached.
    TurnLimit = 1,
    /// The recommender was out of service.
    Outage = 2,
    /// The run ended first.
    Horizon = 3,
}

impl EndReason {
    /// Names in the order of the discriminants.
    pub const NAMES: [&str; 4] = ["left", "turn-limit", "outage", "horizon"];
}

/// When a user comes back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Departure {
    /// After this gap.
    Return(SimDuration),
    /// Never: churn.
    Never,
}

/// A finished session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// The arm.
    pub arm: ArmId,
    /// The user.
    pub user: UserId,
    /// The user's session, counted from 0.
    pub session: u32,
    /// Arrival.
    pub start: SimTime,
    /// Departure.
    pub end: SimTime,
    /// Number of turns.
    pub turns: u32,
    /// Sum of the turns' rewards.
    pub turn_reward: f32,
    /// Reward for returning (0 until `gap` is observed within the horizon).
    pub return_reward: f32,
    /// Why it ended.
    pub reason: EndReason,
    /// Time to the next arrival, if that lies within the horizon.
    pub gap: Option<SimDuration>,
    /// Whether the user decided never to come back.
    pub churned: bool,
    /// Whether the run's end hides when the user would have come back.
    pub censored: bool,
    /// Mindset on arrival. Privileged.
    pub before: Mindset,
    /// Mindset on departure. Privileged.
    pub after: Mindset,
}
