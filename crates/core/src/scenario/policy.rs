//! Policies as they are configured: one documented struct per kind.

mod bandits;
mod discriminate;
mod explore;
mod external;
mod instructed;
mod language;
mod learners;
mod retrain;
mod simple;

pub use bandits::{DiagLinUcbConfig, LinUcbConfig, ThompsonBernoulliConfig, ThompsonLinearConfig};
pub use discriminate::{DiscriminateConfig, DiscriminateFrom};
pub use explore::{EpsilonConfig, Exclude, Explore, PlackettLuceConfig};
pub use external::ExternalConfig;
pub use instructed::{KeywordFilterConfig, ParserPlannerConfig};
pub use language::{LlmRankerConfig, ParserConfig, RankMode, RulesWord};
pub use learners::{BprMfConfig, ItemKnnConfig};
pub use retrain::Retrain;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use simple::{FixedConfig, PopularityConfig, RandomConfig};

use super::FieldProblem;
use super::llm::LanguageModelConfig;

/// A policy and its parameters. `kind` says which; the other fields are those of the kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum PolicyConfig {
    /// Every candidate is equally likely at every position.
    Random(RandomConfig),
    /// The most engaged-with items first, with forgetting.
    Popularity(PopularityConfig),
    /// Items whose users overlap with those of the items the user engaged with.
    ItemKnn(ItemKnnConfig),
    /// Matrix factorisation trained on pairs (Bayesian personalised ranking).
    BprMf(BprMfConfig),
    /// Linear bandit with upper confidence bounds (hybrid model).
    #[serde(rename = "linucb")]
    LinUcb(LinUcbConfig),
    /// Bandit on user clusters and items with diagonal covariance and additive updates.
    #[serde(rename = "diag-linucb")]
    DiagLinUcb(DiagLinUcbConfig),
    /// Thompson sampling with a Beta posterior per item.
    ThompsonBernoulli(ThompsonBernoulliConfig),
    /// Thompson sampling with a linear-Gaussian posterior.
    ThompsonLinear(ThompsonLinearConfig),
    /// A fixed list of items.
    Fixed(FixedConfig),
    /// Another process that speaks newline-delimited JSON.
    External(ExternalConfig),
    /// Another policy, filtered by the words of the last instruction.
    KeywordFilter(KeywordFilterConfig),
    /// Another policy, planned by what the instructions of the session mean.
    ParserPlanner(ParserPlannerConfig),
    /// What another policy retrieves, ranked by a language model.
    LlmRanker(LlmRankerConfig),
    /// Lists on which users are examined: items that the real user liked among others.
    Discriminate(DiscriminateConfig),
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self::Random(RandomConfig::default())
    }
}

impl PolicyConfig {
    /// All kinds as they are spelt, in the order of the variants.
    pub const KINDS: [&str; 14] = [
        "random",
        "popularity",
        "item-knn",
        "bpr-mf",
        "linucb",
        "diag-linucb",
        "thompson-bernoulli",
        "thompson-linear",
        "fixed",
        "external",
        "keyword-filter",
        "parser-planner",
        "llm-ranker",
        "discriminate",
    ];

    /// The kind as it is spelt.
    pub const fn kind(&self) -> &'static str {
        Self::KINDS[match self {
            Self::Random(_) => 0,
            Self::Popularity(_) => 1,
            Self::ItemKnn(_) => 2,
            Self::BprMf(_) => 3,
            Self::LinUcb(_) => 4,
            Self::DiagLinUcb(_) => 5,
            Self::ThompsonBernoulli(_) => 6,
            Self::ThompsonLinear(_) => 7,
            Self::Fixed(_) => 8,
            Self::External(_) => 9,
            Self::KeywordFilter(_) => 10,
            Self::ParserPlanner(_) => 11,
            Self::LlmRanker(_) => 12,
            Self::Discriminate(_) => 13,
        }]
    }

    /// The language model that the policy asks, if it asks one, and the keys below this table under which it stands.
    pub fn language_model(&self) -> Option<(&'static [&'static str], LanguageModelConfig)> {
        match self {
            Self::LlmRanker(config) => Some((&[], config.language_model())),
            Self::ParserPlanner(ParserPlannerConfig { parser: ParserConfig::Model(model), .. }) => {
                Some((&["parser"], model.clone()))
            }
            _ => None,
        }
    }

    /// The exploration of a policy that scores items.
    pub(crate) fn explore(&self) -> Option<Explore> {
        match self {
            Self::Popularity(config) => config.explore,
            Self::ItemKnn(config) => config.explore,
            Self::BprMf(config) => config.explore,
            Self::LinUcb(config) => config.explore,
            Self::DiagLinUcb(config) => config.explore,
            Self::ThompsonBernoulli(config) => config.explore,
            Self::ThompsonLinear(config) => config.explore,
            Self::Fixed(config) => config.explore,
            Self::LlmRanker(config) => config.explore,
            Self::Random(_)
            | Self::External(_)
            | Self::KeywordFilter(_)
            | Self::ParserPlanner(_)
            | Self::Discriminate(_) => None,
        }
    }

    /// Checks ranges. Names that depend on the run (actions, item keys) are checked when the policy is built.
    ///
    /// # Errors
    /// The first field outside its range, as a dotted path below this table.
    pub fn check(&self) -> Result<(), FieldProblem> {
        match self {
            Self::Random(config) => config.check(),
            Self::Popularity(config) => config.check(),
            Self::ItemKnn(config) => config.check(),
            Self::BprMf(config) => config.check(),
            Self::LinUcb(config) => config.check(),
            Self::DiagLinUcb(config) => config.check(),
            Self::ThompsonBernoulli(config) => config.check(),
            Self::ThompsonLinear(config) => config.check(),
            Self::Fixed(config) => config.check(),
            Self::External(config) => config.check(),
            Self::KeywordFilter(config) => config.check(),
            Self::ParserPlanner(config) => config.check(),
            Self::LlmRanker(config) => config.check(),
            Self::Discriminate(config) => config.check(),
        }
    }
}

/// A number above 0.
fn above_zero(field: &str, value: f64) -> Result<(), FieldProblem> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(FieldProblem::new(field, value, "a number above 0"))
}

/// A number of 0 or more.
fn not_negative(field: &str, value: f64) -> Result<(), FieldProblem> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(FieldProblem::new(field, value, "a number of 0 or more"))
}

/// A whole number of at least 1 and at most `most`.
fn count(field: &str, value: u32, most: u32) -> Result<(), FieldProblem> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(FieldProblem::new(field, value, format!("a whole number from 1 to {most}")))
}

/// A rating from 1 to 5.
fn rating(field: &str, value: f32) -> Result<(), FieldProblem> {
    if (1.0..=5.0).contains(&value) {
        return Ok(());
    }
    Err(FieldProblem::new(field, value, "a rating from 1 to 5"))
}

#[cfg(test)]
mod tests;
