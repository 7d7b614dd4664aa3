//! The decision engine: language models that choose.

mod backend;
mod cache;
mod chat;
mod config;
mod distribution;
mod embed;
mod engine;
mod error;
mod kernel;
mod load;
mod model;
mod program;
mod tokenizer;
mod weights;

pub use backend::{
    Backend, Choice, ChoiceBranch, ChoiceReply, LocalBackend, OpenAiBackend, OpenAiOptions, Pending, Prompt,
    PromptTurn, Protocol, RecordedBackend, RecordingBackend, Scorer, Scores, ServerStatistics, Usage,
    WriteEnd, Written,
};
pub use chat::{ChatMessage, ChatPart, ChatTemplate, Role};
pub use config::{ModelConfig, Rope, RopeScaling};
pub use distribution::Distribution;
pub use embed::{BertEmbedder, Embedder, HashedEmbedder};
pub use engine::{
    Branch, Engine, EngineOptions, EngineStatistics, Logits, Precision, Reply, Request, TokenSet, Wanted,
};
pub use error::LlmError;
pub use load::{
    ARCHITECTURES, GgufFile, HubCallback, HubOptions, HubProgress, LoadOptions, Model, ModelFiles,
    ModelSource, SafetensorsWeights, expected_tensors, model_config,
};
pub use model::{RandomWeights, random_weights};
pub use program::{
    Answer, Constraint, EachMode, ListStyle, NumberAnswer, NumberSlot, OptionList, PickAnswer, PickBy,
    PickEachSlot, PickSlot, Program, WriteAnswer, WriteSlot, WriteSpec, decide,
};
pub use tokenizer::{PieceEncoder, PieceKind, Tokenizer};
pub use weights::{MemoryWeights, Weights};
