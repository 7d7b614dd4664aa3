//! From scores to slates: exploration and exclusion, the same for every policy that scores items.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::{above_zero, count};

/// How a slate is drawn from scores. Without one, the best items are shown in order with certainty.
///
/// Each kind logs the exact probability of every position given the positions before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Explore {
    /// At each position, with probability `epsilon` any remaining candidate, else the best remaining one.
    Epsilon(EpsilonConfig),
    /// At each position a softmax over the scores of the remaining candidates. A slate drawn so follows the
    /// Plackett-Luce model: this is another name for `plackett-luce`.
    Softmax(PlackettLuceConfig),
    /// Plackett-Luce: position by position, a remaining candidate with probability proportional to
    /// exp(score / temperature) (Plackett 1975; Luce 1959).
    PlackettLuce(PlackettLuceConfig),
}

impl Explore {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range, below `explore`.
    pub fn check(&self) -> Result<(), FieldProblem> {
        match self {
            Self::Epsilon(config) if (0.0..=1.0).contains(&config.epsilon) => Ok(()),
            Self::Epsilon(config) => {
                Err(FieldProblem::new("explore.epsilon", config.epsilon, "a probability from 0 to 1"))
            }
            Self::Softmax(config) | Self::PlackettLuce(config) => {
                above_zero("explore.temperature", config.temperature)?;
                config.top.map_or(Ok(()), |top| count("explore.top", top, u32::MAX))
            }
        }
    }
}

/// Parameters of epsilon-greedy exploration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EpsilonConfig {
    /// Probability of a uniform draw at a position, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub epsilon: f64,
}

impl Default for EpsilonConfig {
    fn default() -> Self {
        Self { epsilon: 0.1 }
    }
}

/// Parameters of Plackett-Luce exploration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlackettLuceConfig {
    /// Temperature, above 0, in units of the policy's scores (each policy's documentation says what they are).
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature: f64,
    /// Draws among this many best candidates only (at least as many as the slate needs). What is outside is never
    /// shown, so such a log cannot say what would have come of it. Absent: among all.
    #[schemars(range(min = 1))]
    pub top: Option<u32>,
}

impl Default for PlackettLuceConfig {
    fn default() -> Self {
        Self { temperature: 1.0, top: None }
    }
}

/// Which items are not candidates for a request.
///
/// If that leaves fewer candidates than the slate has positions, the excluded items fill the rest, drawn by the same
/// rule after all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Exclude {
    /// Everything available is a candidate.
    None,
    /// Items shown earlier in the session are not.
    #[default]
    Shown,
    /// Nor are items that the user engaged with before, as far back as the request's history goes.
    Consumed,
}
