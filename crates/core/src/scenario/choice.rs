//! Parameters of parametric choice users, one struct a law.
//!
//! Affinity, the hidden scale all laws share, has no unit: 0 is an item of average quality that has nothing to do with
//! the user's interests, 1 a perfect match. Where a source is named, the *form* of the law is taken from there. Defaults
//! are this project's and not fitted to any data set. They were chosen so that average users under a random policy make
//! sessions of about eight slates of ten, engage with one item shown in fifteen, come back on the next day in about half
//! and on the seventh day in about a third of all cases; and so that slates drawn from their interests get nearly twice
//! the engagement and bring about half of them back on the seventh day.

mod affinity;
mod decision;
mod examination;
mod instruct;
mod leaving;
mod mindset;
mod social;

pub use affinity::AffinityConfig;
pub use decision::{ActionConfig, DwellConfig, RatingConfig};
pub use examination::{CascadeConfig, ExaminationConfig, PositionBasedConfig};
pub use instruct::{InstructConfig, WishClass};
pub use leaving::{ArrivalConfig, ChurnConfig, LeaveConfig, ReturnConfig};
pub use mindset::{DriftConfig, MemoryConfig, MindsetConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use social::SocialConfig;

use super::FieldProblem;

/// Parameters of `choice` users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChoiceConfig {
    /// Multiplies what satisfaction and trust do to leaving, returning and churn, 0 to 100. With 0 the recommender
    /// cannot change retention through them, the control group of every retention study.
    #[schemars(range(min = 0, max = 100))]
    pub satisfaction_weight: f64,
    /// How much a user likes an item.
    pub affinity: AffinityConfig,
    /// Which positions of a slate the user looks at.
    pub examination: ExaminationConfig,
    /// What the user does with an item looked at.
    pub action: ActionConfig,
    /// How long the user stays with an item.
    pub dwell: DwellConfig,
    /// How the user rates an item engaged with.
    pub rating: RatingConfig,
    /// How satisfaction, fatigue, boredom, trust and mood move.
    pub mindset: MindsetConfig,
    /// How much the user recalls.
    pub memory: MemoryConfig,
    /// How interests drift.
    pub drift: DriftConfig,
    /// When the user ends the session.
    pub leave: LeaveConfig,
    /// When the user comes back.
    #[serde(rename = "return")]
    pub returning: ReturnConfig,
    /// Whether the user never comes back.
    pub churn: ChurnConfig,
    /// The state in which the user arrives.
    pub arrival: ArrivalConfig,
    /// What the user tells friends.
    pub social: SocialConfig,
    /// What the user tells the recommender; absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instruct: Option<InstructConfig>,
}

impl Default for ChoiceConfig {
    fn default() -> Self {
        Self {
            satisfaction_weight: 1.0,
            affinity: AffinityConfig::default(),
            examination: ExaminationConfig::default(),
            action: ActionConfig::default(),
            dwell: DwellConfig::default(),
            rating: RatingConfig::default(),
            mindset: MindsetConfig::default(),
            memory: MemoryConfig::default(),
            drift: DriftConfig::default(),
            leave: LeaveConfig::default(),
            returning: ReturnConfig::default(),
            churn: ChurnConfig::default(),
            arrival: ArrivalConfig::default(),
            social: SocialConfig::default(),
            instruct: None,
        }
    }
}

impl ChoiceConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range, as a dotted path below this table.
    pub fn check(&self) -> Result<(), FieldProblem> {
        weight("satisfaction_weight", self.satisfaction_weight)?;
        self.affinity.check().map_err(|problem| problem.below("affinity"))?;
        self.examination.check().map_err(|problem| problem.below("examination"))?;
        self.action.check().map_err(|problem| problem.below("action"))?;
        self.dwell.check().map_err(|problem| problem.below("dwell"))?;
        self.rating.check().map_err(|problem| problem.below("rating"))?;
        self.mindset.check().map_err(|problem| problem.below("mindset"))?;
        self.memory.check().map_err(|problem| problem.below("memory"))?;
        self.drift.check().map_err(|problem| problem.below("drift"))?;
        self.leave.check().map_err(|problem| problem.below("leave"))?;
        self.returning.check().map_err(|problem| problem.below("return"))?;
        self.churn.check().map_err(|problem| problem.below("churn"))?;
        self.arrival.check().map_err(|problem| problem.below("arrival"))?;
        self.social.check().map_err(|problem| problem.below("social"))?;
        self.instruct
            .as_ref()
            .map_or(Ok(()), |instruct| instruct.check().map_err(|problem| problem.below("instruct")))
    }
}

/// A number from `least` to `most`.
fn within(field: &str, value: f64, least: f64, most: f64) -> Result<(), FieldProblem> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(FieldProblem::new(field, value, format!("a number from {least} to {most}")))
}

/// A weight: 0 to 100, so that no sum or power of weights leaves the range of numbers.
fn weight(field: &str, value: f64) -> Result<(), FieldProblem> {
    within(field, value, 0.0, 100.0)
}

/// A probability or a share.
fn share(field: &str, value: f64) -> Result<(), FieldProblem> {
    within(field, value, 0.0, 1.0)
}

/// A number above 0 and up to `most`.
fn positive(field: &str, value: f64, most: f64) -> Result<(), FieldProblem> {
    if value > 0.0 && value <= most {
        return Ok(());
    }
    Err(FieldProblem::new(field, value, format!("a number above 0, at most {most}")))
}

#[cfg(test)]
mod tests;
