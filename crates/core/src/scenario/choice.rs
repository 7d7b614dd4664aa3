//! Parameters of parametric choice users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of `choice` users.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChoiceConfig {}
