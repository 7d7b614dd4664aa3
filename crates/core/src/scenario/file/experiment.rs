//! Arms and how users meet them, as typed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::policy::PolicyConfig;

/// A policy under comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmFile {
    /// Its name, not used by another arm.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What chooses the slates.
    pub policy: PolicyRef,
    /// Share of users, above 0 and at most 1; the shares of all arms sum to 1. If no arm has one, all are equal. In a
    /// paired experiment every arm has all users, whatever its share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub share: Option<f64>,
}

/// A policy: in place, or in a file of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PolicyRef {
    /// Path of a TOML file that holds the policy's `kind` and parameters.
    Path(String),
    /// The policy's `kind` and parameters.
    Table(#[schemars(with = "PolicyConfig")] toml::Table),
}

/// How users meet the arms.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExperimentFile {
    /// The design.
    pub design: DesignName,
}

/// Designs of experiments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DesignName {
    /// Every user belongs to one arm, drawn by share; all arms live in one world.
    #[default]
    Split,
    /// Every user lives once per arm, in worlds of their own, with the same random draws.
    Paired,
}
