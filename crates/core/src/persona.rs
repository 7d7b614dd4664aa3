//! Who a user is.

use serde::{Deserialize, Serialize};

use crate::ids::{CategoryId, ItemId};
use crate::time::SimTime;

/// A user's fixed description. What changes is in [`UserState`](crate::UserState).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Persona {
    /// Stable external id, unique in the run (`"casual-17"`, `"ml-196"`).
    pub key: String,
    /// Name; may be empty.
    pub name: String,
    /// Age in years.
    pub age: Option<u8>,
    /// Gender as the source states it; may be empty.
    pub gender: String,
    /// Occupation; may be empty.
    pub occupation: String,
    /// Character traits ("curious", "impatient").
    pub traits: Vec<String>,
    /// Categories the user likes, with weights above 0; at least one. Only proportions matter.
    pub interests: Vec<(CategoryId, f32)>,
    /// Categories the user dislikes.
    pub dislikes: Vec<CategoryId>,
    /// Habits.
    pub habits: Habits,
    /// Free text about the user; may be empty.
    pub text: String,
    /// What the user consumed before the run, oldest first (personas built from a data set's history).
    pub history: Vec<PastInteraction>,
}

/// Stable habits, each 0 to 1; 0.5 is the average user.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Habits {
    /// How often the user comes.
    pub activity: f32,
    /// How long the user stays with slates that do not please.
    pub patience: f32,
    /// How much the user wants variety.
    pub diversity: f32,
    /// How much the opinion of others counts.
    pub conformity: f32,
}

impl Default for Habits {
    fn default() -> Self {
        Self { activity: 0.5, patience: 0.5, diversity: 0.5, conformity: 0.5 }
    }
}

/// An interaction from before the run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PastInteraction {
    /// The item.
    pub item: ItemId,
    /// When, before the start of the run.
    pub time: SimTime,
    /// Rating 1 to 5, where the source has one.
    pub rating: Option<f32>,
}
