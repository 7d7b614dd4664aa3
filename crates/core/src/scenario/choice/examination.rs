//! Which positions a user looks at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::{share, within};

/// Which positions of a slate a user looks at. A position not looked at is skipped, with no dwell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ExaminationConfig {
    /// Each position by itself, the less likely the lower it stands.
    PositionBased(PositionBasedConfig),
    /// From the first position down, until the user stops.
    Cascade(CascadeConfig),
}

impl Default for ExaminationConfig {
    fn default() -> Self {
        Self::PositionBased(PositionBasedConfig::default())
    }
}

impl ExaminationConfig {
    pub(super) fn check(&self) -> Result<(), FieldProblem> {
        match self {
            Self::PositionBased(config) => within("decay", config.decay, 0.0, 10.0),
            Self::Cascade(config) => {
                share("proceed", config.proceed)?;
                share("stop", config.stop)
            }
        }
    }
}

/// The position-based model: the user looks at position k (from 1) with probability (1/k)^`decay`, whatever stands
/// there. Craswell et al. 2008; the power law is that of Joachims, Swaminathan and Schnabel 2017.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PositionBasedConfig {
    /// Exponent, 0 to 10. 0 looks at everything; 1 is common for search results; feeds are read further down.
    #[schemars(range(min = 0, max = 10))]
    pub decay: f64,
}

impl Default for PositionBasedConfig {
    fn default() -> Self {
        Self { decay: 0.5 }
    }
}

/// The cascade model: the user looks at the first position, and after each position goes on to the next with
/// probability `proceed`, or, if the item was engaged with, `proceed` times 1 - `stop`. With `proceed` = `stop` = 1 it is
/// the model of Craswell et al. 2008; with less, that of Chapelle and Zhang 2009 (dynamic Bayesian network).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CascadeConfig {
    /// Probability of going on after an item that was not engaged with, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub proceed: f64,
    /// Probability of having had enough of the slate after an item that was engaged with, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub stop: f64,
}

impl Default for CascadeConfig {
    fn default() -> Self {
        Self { proceed: 0.9, stop: 0.3 }
    }
}
