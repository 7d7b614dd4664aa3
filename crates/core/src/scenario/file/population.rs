//! Items, users and who hears whom, as typed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::catalogue::CatalogueSpec;
use crate::scenario::choice::ChoiceConfig;
use crate::scenario::llm::LlmConfig;
use crate::scenario::persona::PersonaSpec;

/// Where the items come from: exactly one of `file`, `dataset` and `generate`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CatalogueFile {
    /// A JSONL file with one item a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A data set of logged interactions, by the layout of its files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<DatasetName>,
    /// The data set's folder; `--data DIR` on the command line goes before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// For `dataset = "csv"`: the TOML file that says which column is what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// A specification from which a catalogue is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate: Option<CatalogueSpec>,
}

/// Layouts of data sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DatasetName {
    /// MovieLens: `u.data`, `u.item`, `u.user`, or `ratings.dat`, `movies.dat`, `users.dat`.
    MovieLens,
    /// RecBole atomic files.
    RecBole,
    /// HetRec 2011 Last.fm, with friendships.
    LastFm,
    /// `Agent4Rec`'s sample of MovieLens-1M: `movie_detail.csv`, `train.txt`, `valid.txt`, `test.txt`.
    Agent4Rec,
    /// CSV files read by a mapping file.
    Csv,
}

/// Users of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopulationFile {
    /// Its name, not used by another population.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Number of users, 1 or more. Needed with a persona specification; with a file of personas or a data set's users,
    /// the first so many are taken, or all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub size: Option<u32>,
    /// Who they are.
    pub personas: PersonasRef,
    /// How they decide.
    #[serde(default)]
    pub model: ModelName,
    /// Parameters of choice users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ChoiceConfig>")]
    pub choice: Option<toml::Table>,
    /// Parameters of users whose decisions a language model makes; needed with `model = "llm"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<LlmConfig>")]
    pub llm: Option<toml::Table>,
}

/// Where personas come from: a path, the data set's users, a file with its mapping, or a specification in place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PersonasRef {
    /// A path: a TOML persona specification, a TOML file with `[[persona]]` tables, or a JSONL file with one persona a
    /// line.
    Path(String),
    /// The users of the scenario's data set: `{ from = "history" }`, also with `held_out = 0.2`.
    History(HistoryRef),
    /// A file of personas: `{ file = "users.csv", mapping = "users.toml" }`.
    File(PersonaFileRef),
    /// A specification from which personas are drawn.
    Spec(#[schemars(with = "PersonaSpec")] toml::Table),
}

/// The users of the scenario's data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryRef {
    /// Where from: the only source there is besides files and specifications.
    pub from: HistoryWord,
    /// Share of each user's items that nobody in the run knows of, above 0 and below 1: neither personas and memories nor
    /// policies and statistics. Users are examined on them (policy `discriminate`, `habitue validate`). If absent, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub held_out: Option<f64>,
}

/// A file of personas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonaFileRef {
    /// TOML, JSONL or CSV.
    pub file: String,
    /// For CSV: the TOML file that says which column is what. `RecAgent`'s file of invented users needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
}

/// The word `history`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HistoryWord {
    /// The users of the scenario's data set, with what they consumed.
    History,
}

/// How users decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModelName {
    /// Parametric choice users, whose ground truth is known.
    #[default]
    Choice,
    /// A language model decides.
    Llm,
}

/// Who hears whom.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SocialFile {
    /// The friendships along which posts travel.
    pub graph: GraphFile,
}

/// A graph of friendships.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum GraphFile {
    /// Nobody hears anybody.
    None {},
    /// Mutual friendships at random.
    Random(RandomGraphFile),
    /// Friendships from a file.
    File(FileGraphFile),
    /// The friendships of the scenario's data set.
    Dataset {},
}

impl Default for GraphFile {
    fn default() -> Self {
        Self::None {}
    }
}

/// Mutual friendships at random.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomGraphFile {
    /// Mean number of friends of a user, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub mean_degree: f64,
}

/// Friendships from a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileGraphFile {
    /// A CSV file with the columns `from,to`, by persona key: `to` hears `from`; or `RecAgent`'s file of relationships.
    pub path: String,
}
