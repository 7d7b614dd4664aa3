//! Which language model, and how it runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::super::size::Size;
use super::{PrecisionName, ServerConfig};

/// A language model and how it runs. What names the same model with the same keys shares it in memory, whether it plays
/// users or serves a recommender.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LanguageModelConfig {
    /// The language model: "builtin:habitue-mini", a folder in the layout of Hugging Face, a `.gguf` file, or a model of the
    /// Hugging Face hub ("organisation/name" or "organisation/name@revision"). With a `server`: the model's name there.
    #[schemars(length(min = 1))]
    pub model: String,
    /// Number format of the model's weights and activations.
    #[serde(default)]
    pub precision: PrecisionName,
    /// Threads that compute, 0 to 1,024; 0 is one per core. Changes nothing but speed.
    #[serde(default)]
    #[schemars(range(max = 1024))]
    pub threads: u32,
    /// Memory for what the model has read already, so that prompts which begin alike are read once. Changes nothing but
    /// speed.
    #[serde(default = "cache")]
    pub cache: Size,
    /// Decisions that are computed at the same time, 1 to 4,096: their prompts are read together. Changes nothing but speed.
    #[serde(default = "batch")]
    #[schemars(range(min = 1, max = 4096))]
    pub batch: u32,
    /// A server that holds the model, in place of this process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerConfig>,
    /// Whether prompts are written as a conversation, by the model's chat template. If absent: if the model has one, and
    /// with a server if it is asked by `chat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<bool>,
}

/// 256 MiB.
pub(in crate::scenario) const fn cache() -> Size {
    Size(256 << 20)
}

/// 64.
pub(in crate::scenario) const fn batch() -> u32 {
    64
}

impl LanguageModelConfig {
    /// The defaults, with this model.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            precision: PrecisionName::default(),
            threads: 0,
            cache: cache(),
            batch: batch(),
            server: None,
            chat: None,
        }
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range, as a dotted path below this table.
    pub fn check(&self) -> Result<(), FieldProblem> {
        let wrong =
            |field: &str, value: String, expected: &str| Err(FieldProblem::new(field, value, expected));
        if self.model.is_empty() {
            let expected = "\"builtin:habitue-mini\", a folder, a .gguf file, or a model of the hub";
            return wrong("model", "\"\"".to_owned(), expected);
        }
        if self.cache.0 < 1 << 16 {
            return wrong("cache", self.cache.to_string(), "at least \"64KiB\"");
        }
        if !(1..=4096).contains(&self.batch) {
            return wrong("batch", self.batch.to_string(), "a whole number from 1 to 4096");
        }
        if self.threads > 1024 {
            return wrong("threads", self.threads.to_string(), "a whole number from 0 to 1024");
        }
        match &self.server {
            Some(server) => server.check().map_err(|problem| problem.below("server")),
            None => Ok(()),
        }
    }
}
