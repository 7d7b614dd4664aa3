//! The engine's interface: token sequences in, log-probabilities of the tokens asked for out.

use crate::config::ModelConfig;
use crate::error::LlmError;
use crate::weights::Weights;

/// Number format of weights and activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 8-bit weights per output channel, 8-bit activations per token, exact integer accumulation.
    #[default]
    Int8,
    /// 32-bit floats.
    F32,
}

/// How an engine runs.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Number format.
    pub precision: Precision,
    /// Threads that compute; 0 takes all cores.
    pub threads: usize,
    /// Memory for cached keys and values, in bytes.
    pub cache_bytes: usize,
    /// Most tokens in one forward pass.
    pub batch_tokens: usize,
    /// Most tokens of one request's prompt in one forward pass.
    pub prefill_chunk: usize,
    /// Requests that may wait; more are held back at `submit`.
    pub queue: usize,
}

/// Tokens whose logits are wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenSet {
    /// All of the vocabulary.
    All,
    /// These.
    Only(Vec<u32>),
}

/// Logits wanted after a position.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Position in the token list it belongs to: the logits predict what follows it.
    pub position: usize,
    /// Which tokens.
    pub tokens: TokenSet,
}

/// A continuation of a request's tokens. Branches do not see each other; all start from the same prefix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Branch {
    /// The tokens.
    pub tokens: Vec<u32>,
    /// Logits wanted, by position in the branch.
    pub wanted: Vec<Wanted>,
}

/// One piece of work. Stateless: what the cache already knows of the tokens is not computed again, and knowing it
/// changes no bit of the reply.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// The tokens from the start of the sequence.
    pub tokens: Vec<u32>,
    /// Logits wanted, by position in `tokens`.
    pub wanted: Vec<Wanted>,
    /// Continuations, all in one pass.
    pub branches: Vec<Branch>,
}

/// Logits of one [`Wanted`], in the order of its tokens.
pub type Logits = Vec<f32>;

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// By `wanted`.
    pub logits: Vec<Logits>,
    /// By branch, by `wanted`.
    pub branches: Vec<Vec<Logits>>,
    /// Tokens that were computed for it.
    pub new_tokens: usize,
    /// Tokens whose keys and values came from the cache.
    pub cached_tokens: usize,
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EngineStatistics {
    /// Requests answered.
    pub requests: u64,
    /// Tokens computed.
    pub new_tokens: u64,
    /// Tokens found in the cache.
    pub cached_tokens: u64,
    /// Bytes of keys and values held now.
    pub cache_bytes: u64,
    /// Forward passes.
    pub passes: u64,
}

/// A model ready to answer requests, on threads of its own. Cheap to clone; the last clone stops the threads.
#[derive(Clone)]
pub struct Engine;

impl Engine {
    /// Loads the weights in the given precision and starts the threads.
    ///
    /// # Errors
    /// If weights do not fit the configuration.
    pub fn start(
        _config: ModelConfig,
        _weights: &dyn Weights,
        _options: EngineOptions,
    ) -> Result<Self, LlmError> {
        Err(LlmError::Stopped("not built yet".to_owned()))
    }

    /// Answers a request; waits while the queue is full. Dropping the future cancels the request.
    ///
    /// # Errors
    /// A token outside the vocabulary, a sequence longer than the context, a position outside the tokens.
    pub async fn submit(&self, _request: Request) -> Result<Reply, LlmError> {
        Err(LlmError::Stopped("not built yet".to_owned()))
    }

    /// Counters since the start.
    pub fn statistics(&self) -> EngineStatistics {
        EngineStatistics::default()
    }
}
