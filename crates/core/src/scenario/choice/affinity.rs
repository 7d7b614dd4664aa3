//! How much a user likes an item.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::weight;

/// Affinity of a user for an item: the weighted sum of what speaks for it, minus what speaks against it. All weights
/// are 0 to 100, in units of affinity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AffinityConfig {
    /// Weight of the cosine (0 to 1) between the user's interests and the item's categories, as the product of user
    /// and document vectors in `RecSim`'s interest evolution (Ie et al. 2019).
    #[schemars(range(min = 0, max = 100))]
    pub interest: f64,
    /// Weight of the cosine (-1 to 1) between the item's embedding and the user's: the interest-weighted mean of the
    /// mean embeddings of categories. No effect on items without embeddings.
    #[schemars(range(min = 0, max = 100))]
    pub embedding: f64,
    /// Bonus of an item of the category the user needs at the moment.
    #[schemars(range(min = 0, max = 100))]
    pub need: f64,
    /// Penalty of an item with a category the user dislikes.
    #[schemars(range(min = 0, max = 100))]
    pub dislike: f64,
    /// Weight of the item's quality, counted from -1 (quality 0) to 1 (quality 1): `RecSim`'s document quality.
    #[schemars(range(min = 0, max = 100))]
    pub quality: f64,
    /// Bonus of the most popular item for a user of average conformity; times twice the user's conformity and the
    /// item's perceived popularity (0 to 1). Social influence as in Salganik, Dodds and Watts 2006.
    #[schemars(range(min = 0, max = 100))]
    pub popularity: f64,
    /// Bonus of an item that others recommended, for a user of average conformity; times twice the user's conformity.
    #[schemars(range(min = 0, max = 100))]
    pub heard: f64,
    /// Penalty of an item the user recalls having met, for a user of average diversity; times twice the user's
    /// diversity.
    #[schemars(range(min = 0, max = 100))]
    pub repeat: f64,
    /// Penalty of an item whose categories fill all the user recalls, for a user of average diversity; times twice the
    /// user's diversity and the share of recalled items with these categories. Satiation as in Leqi et al. 2021
    /// (rebounding bandits).
    #[schemars(range(min = 0, max = 100))]
    pub saturation: f64,
    /// Weight of the mood, counted from -1 to 1.
    #[schemars(range(min = 0, max = 100))]
    pub mood: f64,
}

impl Default for AffinityConfig {
    fn default() -> Self {
        Self {
            interest: 1.0,
            embedding: 0.0,
            need: 0.5,
            dislike: 1.0,
            quality: 0.5,
            popularity: 0.2,
            heard: 0.3,
            repeat: 0.6,
            saturation: 0.3,
            mood: 0.1,
        }
    }
}

impl AffinityConfig {
    pub(super) fn check(&self) -> Result<(), FieldProblem> {
        weight("interest", self.interest)?;
        weight("embedding", self.embedding)?;
        weight("need", self.need)?;
        weight("dislike", self.dislike)?;
        weight("quality", self.quality)?;
        weight("popularity", self.popularity)?;
        weight("heard", self.heard)?;
        weight("repeat", self.repeat)?;
        weight("saturation", self.saturation)?;
        weight("mood", self.mood)
    }
}
