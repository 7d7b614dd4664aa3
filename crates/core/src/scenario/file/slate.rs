//! Slates, feedback and reward, as typed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::span::Span;
use crate::time::{SECOND, SimDuration};

/// How slates look and what users can do with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SlateFile {
    /// Items on a slate, 1 to 1,000.
    #[schemars(range(min = 1, max = 1000))]
    pub size: u32,
    /// What users can do with an item, from worst to best; with "skip", the neutral action, among them. What stands
    /// before "skip" is negative feedback. 2 to 32 different names.
    #[schemars(length(min = 2, max = 32), inner(length(min = 1)))]
    pub actions: Vec<String>,
    /// The least action that counts as engagement (a hit); above "skip".
    pub engaged: String,
    /// Whether users rate what they engage with, 1 to 5.
    pub rate: bool,
    /// How many of a user's latest reactions a request to the policy carries, 0 to 100,000.
    #[schemars(range(max = 100_000))]
    pub history: u32,
    /// The most turns a session can have, 1 or more.
    #[schemars(range(min = 1))]
    pub max_turns: u32,
    /// Time from a user's move to the next slate, on top of the dwell.
    pub overhead: Span,
}

impl Default for SlateFile {
    fn default() -> Self {
        Self {
            size: 10,
            actions: ["skip", "view", "click", "like", "share", "follow"].map(str::to_owned).to_vec(),
            engaged: "click".to_owned(),
            rate: false,
            history: 50,
            max_turns: 50,
            overhead: Span(SimDuration(SECOND)),
        }
    }
}

/// What counts how much. Every other key is the name of an action on the scale, with its value; actions that are not
/// named are worth 0.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RewardFile {
    /// Value of a minute of dwell.
    pub dwell_minute: f32,
    /// Value of each point that a rating stands above 3 (negative below); needs `slate.rate = true`.
    pub rating_point: f32,
    /// Value of a turn as such.
    pub turn: f32,
    /// Value of coming back in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_within: Option<ReturnWithinFile>,
    /// Value of each action by name.
    #[serde(flatten)]
    pub actions: BTreeMap<String, f32>,
}

impl RewardFile {
    /// Keys of the table that are not actions.
    pub const RESERVED: [&str; 4] = ["dwell_minute", "rating_point", "turn", "return_within"];
}

/// Value of coming back in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnWithinFile {
    /// The longest gap that counts, in days, above 0.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3_650_000))]
    pub days: f64,
    /// Its value, granted to the session before the gap.
    pub value: f32,
}
