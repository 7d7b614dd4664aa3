//! Words of the configuration of `llm` users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Number formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PrecisionName {
    /// 8-bit weights and activations.
    #[default]
    Int8,
    /// 32-bit floats.
    F32,
}

/// Forms of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContentName {
    /// Title, categories and description.
    #[default]
    Text,
    /// Title and the caption of the picture or video; the description for items without one.
    Caption,
    /// The code words of its semantic id.
    SemanticId,
}

impl ContentName {
    /// As the scenario spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Caption => "caption",
            Self::SemanticId => "semantic-id",
        }
    }
}

/// Whether choices on a slate see each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EachName {
    /// No: all items are answered in one pass.
    #[default]
    Independent,
    /// Each sees the ones above it: one pass per item.
    Joint,
}

/// What a user can do after a slate, besides leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MoveName {
    /// Asks for the next slate.
    NextPage,
    /// Searches.
    Search,
    /// Tells the recommender what to change.
    Instruct,
    /// Answers the recommender.
    Answer,
    /// Writes to all friends.
    Post,
    /// Writes to one friend.
    Chat,
}

impl MoveName {
    /// All of them, in the order of [`Move::NAMES`](crate::Move::NAMES), which ends with `leave`.
    pub const ALL: [Self; 6] =
        [Self::NextPage, Self::Search, Self::Instruct, Self::Answer, Self::Post, Self::Chat];

    /// As the scenario spells it.
    pub const fn word(self) -> &'static str {
        crate::Move::NAMES[self as usize]
    }
}

/// A part of the mindset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AskName {
    /// Satisfaction with what was shown, from 1 to 5.
    Satisfaction,
    /// Mood, from 1 to 5.
    Mood,
    /// What the user is after: a category of interest, or nothing in particular.
    Need,
}

impl AskName {
    /// As the scenario spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Satisfaction => "satisfaction",
            Self::Mood => "mood",
            Self::Need => "need",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_scenario() {
        for one in MoveName::ALL {
            assert_eq!(serde_json::to_value(one).unwrap(), one.word());
        }
        for one in [AskName::Satisfaction, AskName::Mood, AskName::Need] {
            assert_eq!(serde_json::to_value(one).unwrap(), one.word());
        }
    }
}
