//! How a user's hidden state moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::{positive, share, within};

/// How satisfaction, fatigue, boredom, trust and mood move with every turn. All of them stay within 0 and 1.
///
/// The utility of a turn is the mean over the items looked at of 1/2 + y / (2 (1 + |y|)), with y = (affinity -
/// `neutral`) / `scale`: 0 to 1, and 1/2 for an item the user is indifferent to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MindsetConfig {
    /// Affinity of an item the user is indifferent to, -100 to 100.
    #[schemars(range(min = -100, max = 100))]
    pub neutral: f64,
    /// Distance from `neutral` at which an item has half its greatest effect, above 0, at most 100.
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub scale: f64,
    /// Share of the way to the turn's utility that satisfaction moves, 0 to 1: an exponential moving average, as the
    /// running satisfaction of `RecSim`'s long-term satisfaction user and the temper of `KuaiSim`'s.
    #[schemars(range(min = 0, max = 1))]
    pub satisfaction_rate: f64,
    /// Share of the way that trust moves up to the share of items looked at that were at least indifferent, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub trust_gain: f64,
    /// Share of the way that trust moves down to it, 0 to 1. More than `trust_gain`: trust is easier lost than won
    /// (Slovic 1993).
    #[schemars(range(min = 0, max = 1))]
    pub trust_loss: f64,
    /// Share of the way to exhaustion that every turn takes, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub fatigue_rate: f64,
    /// Share of the way that boredom moves to the repetition in what was looked at, 0 to 1: the mean share of recalled
    /// items with the same categories, times twice the user's diversity. Boredom as a state that builds up with
    /// repetition and fades with time away follows Kapoor et al. 2015.
    #[schemars(range(min = 0, max = 1))]
    pub boredom_rate: f64,
    /// Share of the way to the turn's utility that the mood moves, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub mood_rate: f64,
    /// Share of satisfaction and of trust lost when the recommender shows nothing, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub outage_loss: f64,
}

impl Default for MindsetConfig {
    fn default() -> Self {
        Self {
            neutral: 0.45,
            scale: 0.5,
            satisfaction_rate: 0.1,
            trust_gain: 0.02,
            trust_loss: 0.03,
            fatigue_rate: 0.06,
            boredom_rate: 0.1,
            mood_rate: 0.05,
            outage_loss: 0.2,
        }
    }
}

impl MindsetConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        within("neutral", self.neutral, -100.0, 100.0)?;
        positive("scale", self.scale, 100.0)?;
        share("satisfaction_rate", self.satisfaction_rate)?;
        share("trust_gain", self.trust_gain)?;
        share("trust_loss", self.trust_loss)?;
        share("fatigue_rate", self.fatigue_rate)?;
        share("boredom_rate", self.boredom_rate)?;
        share("mood_rate", self.mood_rate)?;
        share("outage_loss", self.outage_loss)
    }
}

/// How much a user recalls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemoryConfig {
    /// Items looked at most recently, 0 to 1,000; 0 switches repetition off.
    #[schemars(range(max = 1000))]
    pub recent: u32,
    /// Items others recommended most recently, 0 to 1,000; 0 switches the bonus for them off.
    #[schemars(range(max = 1000))]
    pub heard: u32,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { recent: 20, heard: 5 }
    }
}

impl MemoryConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        for (field, value) in [("recent", self.recent), ("heard", self.heard)] {
            if value > 1000 {
                return Err(FieldProblem::new(field, value, "a whole number from 0 to 1000"));
            }
        }
        Ok(())
    }
}

/// How interests drift. Interests are kept with sum 1; what is gained is taken from all others in proportion. The
/// reinforcing form is that of `RecSim`'s interest evolution (Ie et al. 2019) and of Jiang et al. 2019 (degenerate
/// feedback loops).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DriftConfig {
    /// Interest an item's categories gain together when it is engaged with, times the action's z, 0 to 1, in units of
    /// the sum of all interests.
    #[schemars(range(min = 0, max = 1))]
    pub engaged: f64,
    /// Share of their interest that an item's categories lose when it gets negative feedback, for each step below
    /// `skip`; 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub rejected: f64,
    /// Interest that the categories of an item gain together, for a user of average conformity, when somebody
    /// recommends it, and the share that they lose when somebody advises against it; times twice the user's conformity.
    /// 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub heard: f64,
}

impl Default for DriftConfig {
    fn default() -> Self {
        Self { engaged: 0.002, rejected: 0.05, heard: 0.01 }
    }
}

impl DriftConfig {
    pub(in crate::scenario) fn check(&self) -> Result<(), FieldProblem> {
        share("engaged", self.engaged)?;
        share("rejected", self.rejected)?;
        share("heard", self.heard)
    }
}
