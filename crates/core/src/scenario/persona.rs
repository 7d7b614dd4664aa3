//! Specification from which personas are drawn.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A distribution of personas.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PersonaSpec {}
