//! The decision engine: language models that choose.

mod cache;
mod config;
mod engine;
mod error;
mod kernel;
mod model;
mod weights;

pub use config::{ModelConfig, Rope, RopeScaling};
pub use engine::{
    Branch, Engine, EngineOptions, EngineStatistics, Logits, Precision, Reply, Request, TokenSet, Wanted,
};
pub use error::LlmError;
pub use model::{RandomWeights, random_weights};
pub use weights::{MemoryWeights, Weights};
