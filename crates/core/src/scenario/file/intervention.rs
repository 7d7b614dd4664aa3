//! What is done to the world during the run, as typed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PolicyRef;
use crate::scenario::catalogue::ItemSpec;
use crate::scenario::span::Span;

/// A change from outside, at a time after the start of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum InterventionFile {
    /// Users' interests change.
    EditPersona(EditPersonaFile),
    /// New items can be shown.
    AddItems(AddItemsFile),
    /// Items can no longer be shown.
    RemoveItems(RemoveItemsFile),
    /// A creator publishes an item; followers hear of it.
    CreatorPost(CreatorPostFile),
    /// An arm changes its policy; the new one starts untrained.
    SwapPolicy(SwapPolicyFile),
    /// The recommender answers nobody for a while.
    Outage(OutageFile),
    /// Users suddenly want a category.
    NeedShock(NeedShockFile),
}

/// Users' interests change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditPersonaFile {
    /// When, after the start ("5d").
    pub at: Span,
    /// Persona keys; all users if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub users: Option<Vec<String>>,
    /// The new interests: a weight above 0 by category.
    #[schemars(extend("minProperties" = 1))]
    pub interests: BTreeMap<String, f32>,
}

/// New items can be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddItemsFile {
    /// When, after the start ("5d").
    pub at: Span,
    /// The items.
    #[schemars(length(min = 1))]
    pub items: Vec<ItemSpec>,
}

/// Items can no longer be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveItemsFile {
    /// When, after the start ("5d").
    pub at: Span,
    /// Item ids.
    #[schemars(length(min = 1))]
    pub items: Vec<String>,
}

/// A creator publishes an item; followers hear of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatorPostFile {
    /// When, after the start ("5d").
    pub at: Span,
    /// The creator.
    #[schemars(length(min = 1))]
    pub creator: String,
    /// The item; its `creator` need not be repeated.
    pub item: Box<ItemSpec>,
}

/// An arm changes its policy; the new one starts untrained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwapPolicyFile {
    /// When, after the start ("5d").
    pub at: Span,
    /// Name of the arm.
    pub arm: String,
    /// The new policy.
    pub policy: PolicyRef,
}

/// The recommender answers nobody for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutageFile {
    /// When, after the start ("5d").
    pub at: Span,
    /// How long; it ends before the run does.
    pub duration: Span,
    /// Name of the arm; all arms if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
}

/// Users suddenly want a category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NeedShockFile {
    /// When, after the start ("5d").
    pub at: Span,
    /// The category.
    #[schemars(length(min = 1))]
    pub category: String,
    /// Share of users hit, above 0 and at most 1.
    #[serde(default = "all")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub share: f64,
}

fn all() -> f64 {
    1.0
}
