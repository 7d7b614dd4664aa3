//! A scenario as it is typed, in TOML.
//!
//! The doc comments of these types are the descriptions in the JSON Schema, which in turn decides what
//! [`resolve`](super::resolve()) accepts: there is no second list of keys.

mod experiment;
mod intervention;
mod population;
mod run;
mod slate;

pub use experiment::{ArmFile, DesignName, ExperimentFile, PolicyRef};
pub use intervention::{
    AddItemsFile, CreatorPostFile, EditPersonaFile, InterventionFile, NeedShockFile, OutageFile,
    RemoveItemsFile, SwapPolicyFile,
};
pub use population::{
    CatalogueFile, DatasetName, FileGraphFile, GraphFile, HistoryRef, HistoryWord, ModelName, PersonaFileRef,
    PersonasRef, PopulationFile, RandomGraphFile, SocialFile,
};
pub use run::{CheckpointFile, LogFile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use slate::{ReturnWithinFile, RewardFile, SlateFile};

use super::span::{Span, duration_or_turn};
use crate::time::{DAY, SimDuration};

/// A scenario of Habitué: who lives with which recommenders, for how long, and what counts.
///
/// Durations are written with units ("90s", "1h 30m", "14d"). Relative paths start from the folder of the file that
/// names them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Habitué scenario")]
pub struct ScenarioFile {
    /// Name of the run folder: a letter (a to z, A to Z) or digit, then letters, digits, `-`, `_` and `.`, at most 64
    /// in all. If absent, the file's name with `-` for everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub name: Option<String>,
    /// Seed of all random draws, 0 or more.
    #[serde(default)]
    pub seed: u64,
    /// Simulated time that the run covers.
    #[serde(default = "fortnight")]
    pub horizon: Span,
    /// The stretch of simulated time in which users do not see each other's effects and policies do not learn: a
    /// duration, or "turn" for strictly one turn after the other.
    #[serde(default = "hour")]
    #[schemars(schema_with = "duration_or_turn")]
    pub window: String,
    /// Where the items come from.
    pub catalogue: CatalogueFile,
    /// Who lives in the run: one `[[population]]` per kind of user, 1 to 1,000.
    #[schemars(length(min = 1, max = 1000))]
    pub population: Vec<PopulationFile>,
    /// How slates look and what users can do with them.
    #[serde(default)]
    pub slate: SlateFile,
    /// The policies under comparison: one `[[arm]]` each, 1 to 1,000.
    #[schemars(length(min = 1, max = 1000))]
    pub arm: Vec<ArmFile>,
    /// How users meet the arms.
    #[serde(default)]
    pub experiment: ExperimentFile,
    /// What counts how much. If absent, every action at or above `slate.engaged` is worth 1 and nothing else counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<RewardFile>,
    /// Who hears whom.
    #[serde(default)]
    pub social: SocialFile,
    /// What is done to the world during the run: one `[[intervention]]` each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intervention: Vec<InterventionFile>,
    /// What is logged.
    #[serde(default)]
    pub log: LogFile,
    /// From when a run can be resumed that did not end.
    #[serde(default)]
    pub checkpoint: CheckpointFile,
}

pub(super) fn fortnight() -> Span {
    Span(SimDuration(14 * DAY))
}

pub(super) fn hour() -> String {
    "1h".to_owned()
}
