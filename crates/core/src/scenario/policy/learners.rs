//! Policies trained on who engaged with what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::{Exclude, Explore, Retrain, above_zero, count, not_negative, rating};

/// Item-based nearest neighbours (Sarwar et al. 2001; Deshpande and Karypis 2004). The score of item i is the sum, over
/// the items j of the user's basket, of `sim(i, j) = n(i, j) / (sqrt(n(i) n(j)) + shrinkage)`, where `n(i, j)` counts
/// users who engaged with both and `n(i)` those who engaged with i; plus `popularity` times
/// `ln(1 + n(i)) / ln(1 + max n)`, which ranks items no neighbour speaks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ItemKnnConfig {
    /// Neighbours kept per item, 1 to 10,000.
    #[schemars(range(min = 1, max = 10_000))]
    pub neighbours: u32,
    /// Shrinkage of similarities that rest on few users, 0 or more.
    #[schemars(range(min = 0))]
    pub shrinkage: f64,
    /// Weight of popularity, 0 or more.
    #[schemars(range(min = 0))]
    pub popularity: f64,
    /// Items of the user that count, the latest first, 1 to 10,000.
    #[schemars(range(min = 1, max = 10_000))]
    pub basket: u32,
    /// How often neighbours are computed.
    pub retrain: Retrain,
    /// The least action that counts; absent takes the scenario's `engaged`.
    pub positive: Option<String>,
    /// The least rating that counts among interactions from before the run that have one, 1 to 5.
    #[schemars(range(min = 1, max = 5))]
    pub positive_rating: f32,
    /// Exploration; absent shows the best items in order.
    pub explore: Option<Explore>,
    /// Which items are not candidates.
    pub exclude: Exclude,
}

impl Default for ItemKnnConfig {
    fn default() -> Self {
        Self {
            neighbours: 50,
            shrinkage: 10.0,
            popularity: 0.01,
            basket: 50,
            retrain: Retrain::default(),
            positive: None,
            positive_rating: 4.0,
            explore: None,
            exclude: Exclude::default(),
        }
    }
}

impl ItemKnnConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        count("neighbours", self.neighbours, 10_000)?;
        not_negative("shrinkage", self.shrinkage)?;
        not_negative("popularity", self.popularity)?;
        count("basket", self.basket, 10_000)?;
        self.retrain.check()?;
        rating("positive_rating", self.positive_rating)?;
        self.explore.map_or(Ok(()), |explore| explore.check())
    }
}

/// Matrix factorisation by Bayesian personalised ranking (Rendle et al. 2009, algorithm `LearnBPR`). The score is the
/// item's bias plus the product of user and item factors; a user who is new to the model gets the biases alone.
/// Retraining goes on from the factors it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BprMfConfig {
    /// Number of factors, 1 to 1,024.
    #[schemars(range(min = 1, max = 1_024))]
    pub factors: u32,
    /// Passes over all positive pairs in each training, 1 to 10,000.
    #[schemars(range(min = 1, max = 10_000))]
    pub epochs: u32,
    /// Step size of the stochastic gradient ascent, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// L2 regularisation of factors and biases, 0 or more.
    #[schemars(range(min = 0))]
    pub regularisation: f64,
    /// How often the model is trained.
    pub retrain: Retrain,
    /// The least action that counts; absent takes the scenario's `engaged`.
    pub positive: Option<String>,
    /// The least rating that counts among interactions from before the run that have one, 1 to 5.
    #[schemars(range(min = 1, max = 5))]
    pub positive_rating: f32,
    /// Exploration; absent shows the best items in order.
    pub explore: Option<Explore>,
    /// Which items are not candidates.
    pub exclude: Exclude,
}

impl Default for BprMfConfig {
    fn default() -> Self {
        Self {
            factors: 32,
            epochs: 20,
            learning_rate: 0.05,
            regularisation: 0.01,
            retrain: Retrain::default(),
            positive: None,
            positive_rating: 4.0,
            explore: None,
            exclude: Exclude::default(),
        }
    }
}

impl BprMfConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        count("factors", self.factors, 1_024)?;
        count("epochs", self.epochs, 10_000)?;
        above_zero("learning_rate", self.learning_rate)?;
        not_negative("regularisation", self.regularisation)?;
        self.retrain.check()?;
        rating("positive_rating", self.positive_rating)?;
        self.explore.map_or(Ok(()), |explore| explore.check())
    }
}
