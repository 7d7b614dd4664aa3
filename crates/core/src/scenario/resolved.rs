//! What a scenario means: validated, defaults filled in, units resolved, references followed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::catalogue::{CatalogueSpec, ItemSpec};
use super::choice::ChoiceConfig;
use super::llm::LlmConfig;
use super::persona::PersonaSpec;
use super::policy::PolicyConfig;
use crate::action::ActionScale;
use crate::reward::Reward;
use crate::time::{SimDuration, SimTime};

/// A scenario, ready to be built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Name of the run folder.
    pub name: String,
    /// Seed of all random streams.
    pub seed: u64,
    /// Simulated time the run covers.
    pub horizon: SimDuration,
    /// The stretch of time in which users do not see each other's effects.
    pub window: Window,
    /// Where the items come from.
    pub catalogue: CatalogueSource,
    /// Who lives in the run; at least one.
    pub populations: Vec<Population>,
    /// How slates look and what users can do with them.
    pub slate: SlateOptions,
    /// The policies compared; at least one.
    pub arms: Vec<Arm>,
    /// How users are assigned to arms.
    pub design: Design,
    /// What counts.
    pub reward: Reward,
    /// Who hears whom.
    pub graph: GraphSource,
    /// What is done to the world, in order of time.
    pub interventions: Vec<Intervention>,
    /// What is logged.
    pub log: LogOptions,
    /// When the run can be resumed from.
    pub checkpoints: Checkpoints,
}

/// How far users see each other's effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Window {
    /// Every turn is its own window: strictly one after the other.
    Turn,
    /// Windows of fixed length, above zero.
    Every(SimDuration),
}

/// Where the items come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CatalogueSource {
    /// A JSONL file.
    File(PathBuf),
    /// A data set.
    Dataset {
        /// How its files are laid out.
        layout: DatasetLayout,
        /// Its folder, from the scenario or `--data`.
        path: PathBuf,
    },
    /// Drawn from a specification.
    Generate(CatalogueSpec),
}

/// Layouts of data sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DatasetLayout {
    /// `u.data`, `u.item`, `u.user`, or `ratings.dat`, `movies.dat`, `users.dat`.
    MovieLens,
    /// RecBole atomic files.
    RecBole,
    /// HetRec 2011 Last.fm.
    LastFm,
    /// `Agent4Rec`'s sample of MovieLens-1M.
    Agent4Rec,
    /// CSV files read by this mapping file.
    Csv {
        /// The mapping file.
        mapping: PathBuf,
    },
}

/// Users of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// Its name.
    pub name: String,
    /// Number of users; `None` takes all the source has (a file or a history).
    pub size: Option<u32>,
    /// Who they are.
    pub personas: PersonaSource,
    /// How they decide.
    pub model: ModelConfig,
}

/// Where personas come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PersonaSource {
    /// Drawn from a specification.
    Spec(Box<PersonaSpec>),
    /// A TOML or JSONL file of personas, a CSV file with a mapping, or `RecAgent`'s.
    File {
        /// The file.
        path: PathBuf,
        /// The mapping, for CSV.
        mapping: Option<PathBuf>,
    },
    /// The users of the scenario's data set.
    History,
    /// The users of the scenario's data set, of whose items a share is held out.
    HeldIn {
        /// The share, above 0 and below 1.
        held_out: f64,
    },
}

/// How users decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ModelConfig {
    /// Parametric choice users.
    Choice(Box<ChoiceConfig>),
    /// Users whose decisions a language model makes.
    Llm(Box<LlmUsersConfig>),
}

/// Users whose decisions a language model makes, with what their configuration names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LlmUsersConfig {
    /// The configuration as typed.
    pub config: LlmConfig,
    /// Where the model is.
    pub model: ModelFile,
    /// The texts of the prompt.
    pub template: TemplateSource,
}

/// Where a language model is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelFile {
    /// A folder or a `.gguf` file.
    Path(PathBuf),
    /// A model of the Hugging Face hub, as typed.
    Hub(String),
    /// A model that is part of this program: one of [`BUILT_IN_MODELS`](super::llm::BUILT_IN_MODELS).
    BuiltIn(String),
    /// On the server of the configuration.
    Server,
}

/// Where the texts of the prompt come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TemplateSource {
    /// Built in.
    #[default]
    Default,
    /// Built in, in few words.
    Short,
    /// A file.
    File(TemplateText),
}

/// A template with its text, so that a run does not depend on the file any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateText {
    /// The file, as messages name it.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
}

/// Slates and feedback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlateOptions {
    /// Items on a slate; at least 1.
    pub size: usize,
    /// The action scale.
    pub scale: ActionScale,
    /// Whether users rate what they engage with.
    pub rate: bool,
    /// How many of a user's reactions a request carries.
    pub history: usize,
    /// The most turns a session can have.
    pub max_turns: u32,
    /// Time from a user's move to the next slate, on top of the dwell.
    pub overhead: SimDuration,
}

/// One policy under comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name.
    pub name: String,
    /// The policy.
    pub policy: PolicySpec,
    /// Share of users; the shares of all arms sum to 1.
    pub share: f64,
}

/// A policy and where it was typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicySpec {
    /// The kind and its parameters.
    pub config: PolicyConfig,
    /// The absolute folder of the file that holds the table: commands of external policies start there.
    pub folder: PathBuf,
    /// Where the language model is, for a policy that asks one.
    #[serde(default)]
    pub model: Option<ModelFile>,
}

/// How users meet arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Design {
    /// Every user belongs to one arm, drawn by share; all arms live in one world.
    Split,
    /// Every user lives once per arm, in a world of its own, with the same random streams (common random numbers):
    /// differences between arms are differences of policies alone.
    Paired,
}

/// Who hears whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum GraphSource {
    /// Nobody.
    None,
    /// Every user gets about this many friends at random (mutual).
    Random {
        /// Mean number of friends.
        mean_degree: f64,
    },
    /// A CSV file of edges `from,to` by persona key.
    File(PathBuf),
    /// The friendships of the scenario's data set.
    Dataset,
}

/// A change from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intervention {
    /// When; applied at the start of the first window that begins at or after it.
    pub at: SimTime,
    /// What.
    pub kind: InterventionKind,
}

/// What can be done to the world. Names are checked against catalogue and populations when the run is built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum InterventionKind {
    /// Replaces interests of personas (and of their users' states) by category weights.
    EditPersona {
        /// Persona keys; empty means everybody.
        users: Vec<String>,
        /// New weight by category name.
        interests: Vec<(String, f32)>,
    },
    /// Makes new items available.
    AddItems(Vec<ItemSpec>),
    /// Takes items away, by key.
    RemoveItems(Vec<String>),
    /// A creator publishes an item; followers hear of it.
    CreatorPost {
        /// The creator.
        creator: String,
        /// The item.
        item: Box<ItemSpec>,
    },
    /// An arm changes its policy; the new one starts untrained.
    SwapPolicy {
        /// The arm.
        arm: String,
        /// The new policy.
        policy: Box<PolicySpec>,
    },
    /// The recommender answers nobody for a while.
    Outage {
        /// How long.
        duration: SimDuration,
        /// The arm; `None` is all.
        arm: Option<String>,
    },
    /// Users suddenly want a category.
    NeedShock {
        /// The category.
        category: String,
        /// Share of users hit, 0 to 1.
        share: f64,
    },
}

impl InterventionKind {
    /// Its kind as the scenario spells it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::EditPersona { .. } => "edit-persona",
            Self::AddItems(_) => "add-items",
            Self::RemoveItems(_) => "remove-items",
            Self::CreatorPost { .. } => "creator-post",
            Self::SwapPolicy { .. } => "swap-policy",
            Self::Outage { .. } => "outage",
            Self::NeedShock { .. } => "need-shock",
        }
    }
}

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogOptions {
    /// Whether anything is.
    pub enabled: bool,
    /// Whether the distribution of every choice is.
    pub distributions: bool,
    /// Turns per Parquet file: a file is closed at the end of the window in which it has so many.
    pub rows_per_file: usize,
}

/// When checkpoints are made, apart from the one at Ctrl-C.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Checkpoints {
    /// Only at Ctrl-C.
    Never,
    /// After so many windows.
    Windows(u64),
    /// After so many minutes of real time. Where they fall never changes the log.
    Minutes(f64),
}
