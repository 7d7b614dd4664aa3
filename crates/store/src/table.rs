//! The tables of a run and how their rows become Arrow columns.

mod columns;
pub(crate) mod interventions;
pub(crate) mod items;
pub(crate) mod llm_calls;
pub(crate) mod memories;
pub(crate) mod messages;
pub(crate) mod mindset;
pub(crate) mod sessions;
pub(crate) mod turns;
pub(crate) mod users;

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use arrow_schema::{Schema, SchemaRef};
use habitue_core::scenario::Scenario;

pub(crate) use columns::{Columns, Frame, Lists, check_columns};

use habitue_core::scenario::nearest;

use crate::error::StoreError;

/// A table of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// One row per turn.
    Turns,
    /// One row per finished session.
    Sessions,
    /// One row per user.
    Users,
    /// One row per item.
    Items,
    /// One row per delivered message.
    Messages,
    /// One row per intervention.
    Interventions,
    /// One row per decision program that a language model ran.
    LlmCalls,
    /// One row per memory of a user of a language model.
    Memories,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 8] = [
        Self::Turns,
        Self::Sessions,
        Self::Users,
        Self::Items,
        Self::Messages,
        Self::Interventions,
        Self::LlmCalls,
        Self::Memories,
    ];

    /// Name of the table and of its folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Turns => "turns",
            Self::Sessions => "sessions",
            Self::Users => "users",
            Self::Items => "items",
            Self::Messages => "messages",
            Self::Interventions => "interventions",
            Self::LlmCalls => "llm_calls",
            Self::Memories => "memories",
        }
    }

    /// Name and version of the schema, as it stands under `habitue.schema` in the metadata of every file.
    pub const fn schema_id(self) -> &'static str {
        match self {
            Self::Turns => "turns/1",
            Self::Sessions => "sessions/1",
            Self::Users => "users/1",
            Self::Items => "items/1",
            Self::Messages => "messages/2",
            Self::Interventions => "interventions/1",
            Self::LlmCalls => "llm_calls/1",
            Self::Memories => "memories/1",
        }
    }

    /// The columns. Times are milliseconds since the start of the run, item, user and category numbers are positions
    /// in the tables `items` and `users` and in the catalogue's list of categories; columns that start with
    /// `privileged_` hold what no recommender could see.
    pub fn schema(self) -> SchemaRef {
        static SCHEMAS: LazyLock<[SchemaRef; 8]> = LazyLock::new(|| {
            [
                turns::fields(),
                sessions::fields(),
                users::fields(),
                items::fields(),
                messages::fields(),
                interventions::fields(),
                llm_calls::fields(),
                memories::fields(),
            ]
            .map(|fields| Arc::new(Schema::new(fields)))
        });
        Arc::clone(&SCHEMAS[self as usize])
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Table {
    type Err = StoreError;

    fn from_str(name: &str) -> Result<Self, StoreError> {
        Self::ALL.into_iter().find(|table| table.name() == name).ok_or_else(|| StoreError::NoSuch {
            what: "table",
            name: name.to_owned(),
            nearest: nearest(name, Self::ALL.map(Self::name)),
        })
    }
}

/// Names behind the numbers of rows.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Names {
    pub(crate) arms: Vec<String>,
    pub(crate) populations: Vec<String>,
    pub(crate) actions: Vec<String>,
    /// Grows when items join.
    pub(crate) categories: Vec<String>,
    /// Grows when items join.
    pub(crate) creators: Vec<String>,
}

impl Names {
    /// The names a scenario gives; those of the catalogue are still missing.
    pub(crate) fn of(scenario: &Scenario) -> Self {
        Self {
            arms: scenario.arms.iter().map(|arm| arm.name.clone()).collect(),
            populations: scenario.populations.iter().map(|population| population.name.clone()).collect(),
            actions: scenario.slate.scale.names().to_vec(),
            ..Self::default()
        }
    }
}

/// A typed row that can be read back from a table.
pub(crate) trait Row: Sized {
    /// The table.
    const TABLE: Table;

    /// The rows of a batch whose schema has been checked.
    fn decode(frame: &Frame<'_>, names: &Names) -> Result<Vec<Self>, StoreError>;
}
