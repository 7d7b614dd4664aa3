//! A policy that asks a language model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::super::llm::PrecisionName;
use super::super::size::Size;
use super::instructed::{check_inner, popularity};
use super::{PolicyConfig, count};

/// Another policy retrieves candidates, a language model ranks them by what the user did and says. Scores are read from the
/// probabilities of the model's next tokens, so nothing is parsed, and the `explore` of the inner policy makes slates of
/// them with exact propensities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LlmRankerConfig {
    /// The policy that retrieves, one that scores items: not `external`, nor one with an `inner` of its own. Its `explore`
    /// and `exclude` hold; `random` is drawn by Plackett-Luce at temperature 1.
    pub inner: Box<PolicyConfig>,
    /// The model: `builtin:habitue-mini`, a folder, a GGUF file, or the id of a model on the hub.
    pub model: String,
    /// How it is asked.
    pub mode: RankerMode,
    /// Candidates that the model ranks, the best by the inner policy, 1 to 100. All others come after them.
    #[schemars(range(min = 1, max = 100))]
    pub candidates: u32,
    /// The user's latest reactions that the model is told of, 0 to 100.
    #[schemars(range(max = 100))]
    pub history: u32,
    /// What items are called, in the plural.
    pub items: String,
    /// Number format of the model's weights.
    pub precision: PrecisionName,
    /// Memory for what the model has read ("256MiB").
    pub cache: Size,
}

/// How a language model is asked for a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RankerMode {
    /// Whether the user would take it, of each candidate alone; the score is the log-odds of "yes".
    #[default]
    Pointwise,
    /// Which of the numbered candidates comes first; the score is the log-probability of its number (single-token listwise
    /// ranking, Reddy et al. 2024).
    Listwise,
}

impl Default for LlmRankerConfig {
    fn default() -> Self {
        Self {
            inner: popularity().into(),
            model: "builtin:habitue-mini".to_owned(),
            mode: RankerMode::default(),
            candidates: 20,
            history: 10,
            items: "items".to_owned(),
            precision: PrecisionName::Int8,
            cache: Size(256 << 20),
        }
    }
}

impl LlmRankerConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        count("candidates", self.candidates, 100)?;
        if self.history > 100 {
            return Err(FieldProblem::new("history", self.history, "a whole number from 0 to 100"));
        }
        for (field, text) in [("model", &self.model), ("items", &self.items)] {
            if text.trim().is_empty() {
                return Err(FieldProblem::new(field, format!("{text:?}"), "a name"));
            }
        }
        check_inner(&self.inner)
    }
}
