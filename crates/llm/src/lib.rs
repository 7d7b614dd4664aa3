//! The decision engine: language models that choose.

mod config;
mod engine;
mod error;
mod weights;

pub use config::{ModelConfig, Rope, RopeScaling};
pub use engine::{Branch, Engine, EngineOptions, EngineStatistics, Logits, Precision, Reply, Request, TokenSet, Wanted};
pub use error::LlmError;
pub use weights::{MemoryWeights, Weights};
