//! The decision engine: language models that choose.
//!
//! A decision is a [`Program`]: text with slots. A [`Backend`] fills them: a model in this process ([`LocalBackend`] on an
//! [`Engine`]), a server ([`OpenAiBackend`]) or a recording ([`RecordedBackend`]). Options are scored, never parsed, and
//! the choice is drawn by the caller's own random stream, with the whole distribution in the [`Answer`].
//!
//! ```text
//! Program --decide--> Backend --+-- LocalBackend --> Scorer: Engine (batches, prefix cache)
//!    |                          +-- OpenAiBackend --> HTTP
//!    v                          +-- RecordedBackend
//! Answer                    Model::open: folder, hub or GGUF --> ModelFiles --> Engine, LocalBackend
//! ```
//!
//! ```
//! use std::sync::Arc;
//!
//! use habitue_core::{Purpose, Streams};
//! use habitue_llm::{
//!     Engine, EngineOptions, LoadOptions, LocalBackend, Model, ModelSource, Precision, Program, decide,
//! };
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/qwen3");
//! let files = Model::open(&ModelSource::parse(folder)?, &LoadOptions::default())?;
//! let options =
//!     EngineOptions { precision: Precision::Int8, cache_bytes: 16 << 20, ..EngineOptions::default() };
//! let engine = Engine::start(files.config.clone(), files.weights.as_ref(), options)?;
//! let backend = LocalBackend::new(Arc::new(engine), &files, serde_json::Map::new())?;
//!
//! let mut program = Program::new();
//! program.text("Ada likes quiet films. On now: Heat, Paterson. She watches ");
//! let film = program.pick("film", ["Heat", "Paterson"]);
//! program.text(" and gives it stars: ");
//! let stars = program.number("stars", 1, 5);
//!
//! let mut stream = Streams::new(7).stream(Purpose::Decision, 3, 0);
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! let answer = runtime.block_on(decide(&backend, &program, &mut stream))?;
//! assert!(answer.pick(film).index < 2);
//! assert!((1..=5).contains(&answer.number(stars).value));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
mod open;
mod program;
mod speed;
mod together;
mod tokenizer;
mod weights;

pub use backend::{
    Backend, Choice, ChoiceBranch, ChoiceReply, Fork, LocalBackend, OpenAiBackend, OpenAiOptions, Pending,
    Prompt, PromptTurn, Protocol, RecordedBackend, RecordingBackend, Scorer, Scores, ServerStatistics, Usage,
    WriteEnd, Written,
};
pub use chat::{ChatMessage, ChatPart, ChatTemplate, Role};
pub use config::{ModelConfig, Rope, RopeScaling};
pub use distribution::Distribution;
pub use embed::{BertEmbedder, Embedder, HashedEmbedder};
pub use engine::{
    Branch, Device, Engine, EngineOptions, EngineStatistics, Logits, Precision, Reply, Request, TokenSet,
    Wanted,
};
pub use error::LlmError;
pub use load::{
    ARCHITECTURES, GgufFile, HubCallback, HubOptions, HubProgress, LoadOptions, Model, ModelFiles,
    ModelSource, SafetensorsWeights, expected_tensors, model_config,
};
pub use model::{RandomWeights, random_weights};
pub use open::{OpenModel, OpenModels};
pub use program::{
    Answer, Asked, Constraint, EachMode, ListStyle, NamedProgram, NamedSlot, NumberAnswer, NumberSlot,
    OptionList, PickAnswer, PickBy, PickEachSlot, PickSlot, Program, WriteAnswer, WriteSlot, WriteSpec,
    decide,
};
pub use speed::{
    Closeness, DecisionSpeed, Overhead, Shape, SpeedEstimate, SpeedOptions, SpeedReport, SpeedStage,
    SpeedSubject, Throughput, Variation, Workload, cache_bytes_per_token, estimate_speed, kernel_name,
    measure_speed, weight_bytes,
};
pub use tokenizer::{PieceEncoder, PieceKind, Tokenizer};
pub use weights::{MemoryWeights, Weights};
