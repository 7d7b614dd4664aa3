//! What a user tells the recommender.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::{share, weight};

/// Users who want something of a session's slates and say so when it is missing, as in the loop of `RecoWorld` (user
/// instructs, recommender responds).
///
/// On arrival a condition is planted: a class and a strength, then a subject from the user's interests (for `more` and
/// `only`) or from the rest of what there is (for `less`), or a limit below what most items cost or take. A slate is good
/// if the share of its items that satisfy the condition is at least `enough_soft` or `enough_hard`. After a slate that is
/// not, the user who does not leave gives the instruction with probability `speak`; after a good one, never.
///
/// The slate after an instruction is its answer. A good one moves satisfaction and trust `honoured` of the way up to
/// one. Any other lowers trust by `ignored` of itself and raises the log-odds of leaving by `leave`, once. Policies
/// read the sentence; the planted condition is what [`Lexicon::read`](crate::instruction::Lexicon::read) makes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InstructConfig {
    /// Classes that are planted, all equally likely; at least one. Limits are planted only where items have prices or
    /// lengths that differ.
    #[schemars(length(min = 1))]
    pub classes: Vec<WishClass>,
    /// Probability that a session has a condition, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub wish: f64,
    /// Probability that a condition is hard (no exception), 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub hard: f64,
    /// Affinity that an item loses which does not satisfy the condition, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub weight: f64,
    /// Share of a slate that has to satisfy a soft condition, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub enough_soft: f64,
    /// Share of a slate that has to satisfy a hard condition, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub enough_hard: f64,
    /// Probability of an instruction after a slate that is not good, given that the user does not leave; 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub speak: f64,
    /// Share of the way to 1 that satisfaction and trust move when an instruction is honoured, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub honoured: f64,
    /// Share of trust lost when an instruction is ignored, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub ignored: f64,
    /// Log-odds of leaving that come with an instruction ignored, 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub leave: f64,
}

impl Default for InstructConfig {
    fn default() -> Self {
        Self {
            classes: WishClass::ALL.to_vec(),
            wish: 1.0,
            hard: 0.5,
            weight: 0.5,
            enough_soft: 0.6,
            enough_hard: 0.9,
            speak: 0.6,
            honoured: 0.1,
            ignored: 0.2,
            leave: 1.0,
        }
    }
}

impl InstructConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        if self.classes.is_empty() {
            return Err(FieldProblem::new("classes", "[]", "at least one class"));
        }
        share("wish", self.wish)?;
        share("hard", self.hard)?;
        weight("weight", self.weight)?;
        share("enough_soft", self.enough_soft)?;
        share("enough_hard", self.enough_hard)?;
        share("speak", self.speak)?;
        share("honoured", self.honoured)?;
        share("ignored", self.ignored)?;
        weight("leave", self.leave)
    }
}

/// Classes of conditions, as [`Condition`](crate::instruction::Condition) defines them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WishClass {
    /// Less of a category, a creator or a tag.
    Less,
    /// More of one.
    More,
    /// Only one.
    Only,
    /// Nothing of the categories on the slate before.
    New,
    /// A limit of price.
    PriceCap,
    /// A limit of length.
    DurationCap,
}

impl WishClass {
    /// All classes.
    pub const ALL: [Self; 6] =
        [Self::Less, Self::More, Self::Only, Self::New, Self::PriceCap, Self::DurationCap];
}
