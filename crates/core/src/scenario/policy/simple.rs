//! Policies that rank everybody's items alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{FieldProblem, Span};
use super::{Exclude, Explore, rating};
use crate::time::{DAY, SimDuration};

/// Every candidate is equally likely at every position.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomConfig {
    /// Which items are not candidates.
    pub exclude: Exclude,
}

impl RandomConfig {
    /// Checks ranges: there are none.
    ///
    /// # Errors
    /// Never.
    pub fn check(&self) -> Result<(), FieldProblem> {
        Ok(())
    }
}

/// The most engaged-with items first. The score is ln(1 + n), n being the number of positive reactions, each halved in
/// weight every `half_life`: with `explore = { kind = "plackett-luce", temperature = 1 }` items are shown in
/// proportion to 1 + n.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PopularityConfig {
    /// Time in which a reaction loses half its weight; absent means it never does.
    pub half_life: Option<Span>,
    /// The least action that counts ("like"); absent takes the scenario's `engaged`.
    pub positive: Option<String>,
    /// The least rating that counts among interactions from before the run that have one, 1 to 5.
    #[schemars(range(min = 1, max = 5))]
    pub positive_rating: f32,
    /// Exploration; absent shows the best items in order.
    pub explore: Option<Explore>,
    /// Which items are not candidates.
    pub exclude: Exclude,
}

impl Default for PopularityConfig {
    fn default() -> Self {
        Self {
            half_life: Some(Span(SimDuration(7 * DAY))),
            positive: None,
            positive_rating: 4.0,
            explore: None,
            exclude: Exclude::default(),
        }
    }
}

impl PopularityConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        if let Some(Span(half_life)) = self.half_life
            && half_life.0 <= 0
        {
            return Err(FieldProblem::new("half_life", half_life, "a duration above zero"));
        }
        rating("positive_rating", self.positive_rating)?;
        self.explore.map_or(Ok(()), |explore| explore.check())
    }
}

/// A fixed list: always these items, in this order; then the rest of the catalogue in its own order. The score of the
/// n-th item (from 0) is -n.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FixedConfig {
    /// Item keys, best first; at least one, no repeats.
    pub items: Vec<String>,
    /// Exploration; absent shows the list in order.
    pub explore: Option<Explore>,
    /// Which items are not candidates.
    pub exclude: Exclude,
}

impl FixedConfig {
    /// Checks the list.
    ///
    /// # Errors
    /// An empty list or a repeated key.
    pub fn check(&self) -> Result<(), FieldProblem> {
        if self.items.is_empty() {
            return Err(FieldProblem::new("items", "[]", "at least one item key"));
        }
        for (at, key) in self.items.iter().enumerate() {
            if self.items[..at].contains(key) {
                return Err(FieldProblem::new(
                    format!("items.{at}"),
                    key,
                    "a key that is not in the list yet",
                ));
            }
        }
        self.explore.map_or(Ok(()), |explore| explore.check())
    }
}
