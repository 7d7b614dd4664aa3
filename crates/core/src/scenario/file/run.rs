//! What is written down during a run, as typed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::span::duration_or_never;

/// What is logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogFile {
    /// Whether anything is.
    pub enabled: bool,
    /// Whether the probabilities of all options of every choice are, not only of the one taken.
    pub distributions: bool,
    /// Turns per Parquet file, 1 or more: a file is closed at the end of the window in which it has so many.
    #[schemars(range(min = 1))]
    pub rows_per_file: u32,
}

impl Default for LogFile {
    fn default() -> Self {
        Self { enabled: true, distributions: false, rows_per_file: 131_072 }
    }
}

/// From when a run can be resumed that did not end. Where checkpoints fall never changes the log. If neither key is
/// given, `every` is "5m".
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointFile {
    /// Real time between checkpoints ("5m"), or "never" (apart from the one at Ctrl-C).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "duration_or_never")]
    pub every: Option<String>,
    /// Windows between checkpoints, 1 or more; instead of `every`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub windows: Option<u64>,
}
