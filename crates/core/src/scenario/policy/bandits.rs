//! Policies that learn from every impression. An impression is rewarded with 1 if the action is positive, else 0.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::{Exclude, Explore, above_zero, count, not_negative, rating};

/// `LinUCB` with the hybrid linear model (Li et al. 2010, algorithm 2). Shared features: a constant, the item's
/// categories, and their products with the user's profile (unit-length counts of the categories the user engaged
/// with, as of the window's start). Features of an item's own: a constant. The score is the estimated reward plus
/// `alpha` standard deviations, so it is in units of reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinUcbConfig {
    /// Width of the confidence bound in standard deviations, 0 or more.
    #[schemars(range(min = 0))]
    pub alpha: f64,
    /// Ridge penalty (precision of the prior), above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub ridge: f64,
    /// The least action that is rewarded; absent takes the scenario's `engaged`.
    pub positive: Option<String>,
    /// The least rating that enters profiles among interactions from before the run that have one, 1 to 5.
    #[schemars(range(min = 1, max = 5))]
    pub positive_rating: f32,
    /// Exploration on top of the confidence bound; absent shows the best items in order.
    pub explore: Option<Explore>,
    /// Which items are not candidates.
    pub exclude: Exclude,
}

impl Default for LinUcbConfig {
    fn default() -> Self {
        Self {
            alpha: 0.5,
            ridge: 1.0,
            positive: None,
            positive_rating: 4.0,
            explore: None,
            exclude: Exclude::default(),
        }
    }
}

impl LinUcbConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        not_negative("alpha", self.alpha)?;
        above_zero("ridge", self.ridge)?;
        rating("positive_rating", self.positive_rating)?;
        self.explore.map_or(Ok(()), |explore| explore.check())
    }
}

/// Diag-LinUCB (Yi et al. 2023, Online Matching): `LinUCB` on the edges between user clusters and items, of whose
/// normal equations only the diagonal is kept, so that evidence from different machines adds up. A cluster is a
/// category, and one more is everybody without a profile; a user belongs to the `memberships` categories engaged with
/// most, with weights w that sum to 1. With sums over the impressions of an edge, d = 1 + sum w^2 and b = sum w r, the
/// score is sum w b / d + `alpha` sqrt(sum w^2 / d) over the user's clusters, in units of reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiagLinUcbConfig {
    /// Width of the confidence bound in standard deviations, 0 or more. At 1 an edge without evidence scores 1, the
    /// largest reward; much below, the first item that does fairly well is never left.
    #[schemars(range(min = 0))]
    pub alpha: f64,
    /// Clusters a user belongs to at most, 1 to 100. With 1 the diagonal is all there is and estimates are exact. With
    /// more, clusters of the same user each claim the whole reward: estimates run high where memberships overlap.
    #[schemars(range(min = 1, max = 100))]
    pub memberships: u32,
    /// The least action that is rewarded; absent takes the scenario's `engaged`.
    pub positive: Option<String>,
    /// The least rating that enters profiles among interactions from before the run that have one, 1 to 5.
    #[schemars(range(min = 1, max = 5))]
    pub positive_rating: f32,
    /// Exploration on top of the confidence bound; absent shows the best items in order.
    pub explore: Option<Explore>,
    /// Which items are not candidates.
    pub exclude: Exclude,
}

impl Default for DiagLinUcbConfig {
    fn default() -> Self {
        Self {
            alpha: 1.0,
            memberships: 1,
            positive: None,
            positive_rating: 4.0,
            explore: None,
            exclude: Exclude::default(),
        }
    }
}

impl DiagLinUcbConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        not_negative("alpha", self.alpha)?;
        count("memberships", self.memberships, 100)?;
        rating("positive_rating", self.positive_rating)?;
        self.explore.map_or(Ok(()), |explore| explore.check())
    }
}

/// Thompson sampling with a Beta posterior of each item's reward probability (Chapelle and Li 2011).
///
/// The posterior is sampled once per window and the sample is part of the policy's state: in a window every user meets
/// the same ranking. Logged propensities are exact given that state. Without `explore` a slate is certain, and the log
/// cannot be used to estimate other policies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThompsonBernoulliConfig {
    /// First parameter of the Beta prior (rewarded impressions one has seen already), above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub alpha: f64,
    /// Second parameter of the Beta prior (unrewarded impressions one has seen already), above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub beta: f64,
    /// The least action that is rewarded; absent takes the scenario's `engaged`.
    pub positive: Option<String>,
    /// Exploration on top of the sampled ranking; absent shows the best items in order.
    pub explore: Option<Explore>,
    /// Which items are not candidates.
    pub exclude: Exclude,
}

impl Default for ThompsonBernoulliConfig {
    fn default() -> Self {
        Self { alpha: 1.0, beta: 1.0, positive: None, explore: None, exclude: Exclude::default() }
    }
}

impl ThompsonBernoulliConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        above_zero("alpha", self.alpha)?;
        above_zero("beta", self.beta)?;
        self.explore.map_or(Ok(()), |explore| explore.check())
    }
}

/// Thompson sampling with a linear-Gaussian posterior (Agrawal and Goyal 2013) on the features of `linucb`.
///
/// The posterior is sampled once per window and the sample is part of the policy's state. Logged propensities are
/// exact given that state. Without `explore` a slate is certain, and the log cannot be used to estimate other
/// policies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThompsonLinearConfig {
    /// Standard deviation of the noise that the posterior assumes (`v` of the paper), 0 or more; 0 is greedy.
    #[schemars(range(min = 0))]
    pub spread: f64,
    /// Ridge penalty (precision of the prior), above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub ridge: f64,
    /// The least action that is rewarded; absent takes the scenario's `engaged`.
    pub positive: Option<String>,
    /// The least rating that enters profiles among interactions from before the run that have one, 1 to 5.
    #[schemars(range(min = 1, max = 5))]
    pub positive_rating: f32,
    /// Exploration on top of the sampled ranking; absent shows the best items in order.
    pub explore: Option<Explore>,
    /// Which items are not candidates.
    pub exclude: Exclude,
}

impl Default for ThompsonLinearConfig {
    fn default() -> Self {
        Self {
            spread: 0.3,
            ridge: 1.0,
            positive: None,
            positive_rating: 4.0,
            explore: None,
            exclude: Exclude::default(),
        }
    }
}

impl ThompsonLinearConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        not_negative("spread", self.spread)?;
        above_zero("ridge", self.ridge)?;
        rating("positive_rating", self.positive_rating)?;
        self.explore.map_or(Ok(()), |explore| explore.check())
    }
}
