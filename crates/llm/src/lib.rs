//! The decision engine: language models that choose.

mod chat;
mod config;
mod engine;
mod error;
mod load;
mod tokenizer;
mod weights;

pub use chat::{ChatMessage, ChatPart, ChatTemplate, Role};
pub use config::{ModelConfig, Rope, RopeScaling};
pub use engine::{Branch, Engine, EngineOptions, EngineStatistics, Logits, Precision, Reply, Request, TokenSet, Wanted};
pub use error::LlmError;
pub use load::{
    ARCHITECTURES, GgufFile, HubOptions, HubProgress, LoadOptions, Model, ModelFiles, ModelSource, SafetensorsWeights,
    expected_tensors, model_config,
};
pub use tokenizer::{PieceKind, Tokenizer};
pub use weights::{MemoryWeights, Weights};
