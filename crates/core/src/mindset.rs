//! A user's hidden state.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::ids::{CategoryId, ItemId};
use crate::instruction::Instruction;
use crate::mind::Mind;

/// What changes from turn to turn. All numbers are 0 to 1. Privileged: no policy sees it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mindset {
    /// Running satisfaction with what was shown; 0.5 is indifferent.
    pub satisfaction: f32,
    /// Tiredness in this session; 0 on a rested arrival.
    pub fatigue: f32,
    /// Boredom from seeing the same again.
    pub boredom: f32,
    /// Trust that the recommender understands the user.
    pub trust: f32,
    /// Mood; 0.5 is neutral.
    pub mood: f32,
    /// What the user is after at the moment, if anything in particular.
    pub need: Option<CategoryId>,
}

impl Default for Mindset {
    fn default() -> Self {
        Self { satisfaction: 0.5, fatigue: 0.0, boredom: 0.0, trust: 0.5, mood: 0.5, need: None }
    }
}

impl Mindset {
    /// Satisfaction, fatigue, boredom, trust and mood in this order, as the log stores them.
    pub const fn values(&self) -> [f32; 5] {
        [self.satisfaction, self.fatigue, self.boredom, self.trust, self.mood]
    }

    /// Names of [`Self::values`].
    pub const NAMES: [&str; 5] = ["satisfaction", "fatigue", "boredom", "trust", "mood"];
}

/// All of a user that changes: the mindset, the drifting interests and what the user recalls.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UserState {
    /// Hidden state.
    pub mindset: Mindset,
    /// Interest by category, shape `[categories]`; what the persona's interests have become.
    pub interests: Box<[f32]>,
    /// Items met most recently in any session, newest last, bounded by the user model; for repetition effects.
    pub recent: VecDeque<ItemId>,
    /// Items others spoke of, newest last, bounded by the user model.
    pub heard: VecDeque<ItemId>,
    /// What only users of a language model carry.
    pub mind: Option<Box<Mind>>,
    /// What the user wants of this session's slates, for users that give instructions.
    pub wish: Option<Box<Wish>>,
}

/// What a user wants of the slates of one session. Privileged: the recommender knows it only from what is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// What items have to satisfy.
    pub condition: Instruction,
    /// The slate before, which tells what counts as new.
    pub seen: Vec<ItemId>,
    /// Whether the next slate is the answer to an instruction.
    pub asked: bool,
}
