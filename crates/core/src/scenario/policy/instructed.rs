//! Policies that follow what users say, on top of one that does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::{ParserConfig, PolicyConfig, PopularityConfig, not_negative};

/// Takes the last instruction by its words: items in whose title, text, tags, categories or creator a word after a
/// negative cue ("no", "less", "without") occurs are not candidates; those with a word after a positive cue ("more",
/// "only", "like") are ranked up. It forgets the instruction with the next request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeywordFilterConfig {
    /// The policy that ranks, one that scores items: not `external`, nor one with an `inner` of its own. Its `explore`
    /// and `exclude` hold; `random` is drawn by Plackett-Luce at temperature 1.
    pub inner: Box<PolicyConfig>,
    /// What an item with a word after a positive cue gains, 0 or more: in standard deviations of the inner scores of all
    /// candidates, or temperatures of `explore` if that is more.
    #[schemars(range(min = 0))]
    pub boost: f64,
}

impl Default for KeywordFilterConfig {
    fn default() -> Self {
        Self { inner: popularity().into(), boost: 3.0 }
    }
}

impl KeywordFilterConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        not_negative("boost", self.boost)?;
        check_inner(&self.inner)
    }
}

/// Understands instructions and keeps them for the session, after `RecBot`. A parser turns each into wishes, for or
/// against something, hard or soft; what a new one contradicts is dropped, what it repeats is replaced, all else stays.
/// A planner applies them: a filter takes away what violates a hard wish, a matcher adds `alpha` for each positive soft
/// wish that an item meets (and `alpha` times the cosine of its embedding with the category's mean, where it does not), an
/// attenuator takes `beta` for each negative soft wish that it violates, and the sum with the inner score is ranked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ParserPlannerConfig {
    /// The policy that ranks, one that scores items: not `external`, nor one with an `inner` of its own. Its `explore`
    /// and `exclude` hold; `random` is drawn by Plackett-Luce at temperature 1.
    pub inner: Box<PolicyConfig>,
    /// Who reads the instructions.
    pub parser: ParserConfig,
    /// Weight of positive soft wishes, 0 or more: in standard deviations of the inner scores of all candidates, or
    /// temperatures of `explore` if that is more.
    #[schemars(range(min = 0))]
    pub alpha: f64,
    /// Weight of negative soft wishes, 0 or more, in the same units.
    #[schemars(range(min = 0))]
    pub beta: f64,
    /// Whether slates that follow wishes say so in a sentence.
    pub reply: bool,
}

impl Default for ParserPlannerConfig {
    fn default() -> Self {
        Self {
            inner: popularity().into(),
            parser: ParserConfig::default(),
            alpha: 4.0,
            beta: 4.0,
            reply: false,
        }
    }
}

impl ParserPlannerConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        if let ParserConfig::Model(model) = &self.parser {
            model.check().map_err(|problem| problem.below("parser"))?;
        }
        not_negative("alpha", self.alpha)?;
        not_negative("beta", self.beta)?;
        check_inner(&self.inner)
    }
}

pub(super) fn popularity() -> PolicyConfig {
    PolicyConfig::Popularity(PopularityConfig::default())
}

/// The inner policy, which has to be one that scores items.
pub(super) fn check_inner(inner: &PolicyConfig) -> Result<(), FieldProblem> {
    match inner {
        PolicyConfig::External(_)
        | PolicyConfig::KeywordFilter(_)
        | PolicyConfig::ParserPlanner(_)
        | PolicyConfig::LlmRanker(_)
        | PolicyConfig::Discriminate(_) => {
            Err(FieldProblem::new("inner.kind", inner.kind(), "a policy that scores items itself"))
        }
        _ => inner.check().map_err(|problem| problem.below("inner")),
    }
}
