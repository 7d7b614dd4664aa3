//! The engine's interface: token sequences in, log-probabilities of the tokens asked for out.

mod limits;
mod queue;
mod scheduler;
mod sequence;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::config::ModelConfig;
use crate::error::LlmError;
use crate::model::Decoder;
use crate::weights::Weights;
use limits::Limits;
use queue::Shared;
use scheduler::Scheduler;

/// Number format of weights and activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 8-bit weights per output channel, 8-bit activations per token, exact integer accumulation.
    #[default]
    Int8,
    /// 32-bit floats.
    F32,
    /// 16-bit floats with 8 bits of exponent, by candle.
    Bf16,
    /// 16-bit floats with 5 bits of exponent, by candle.
    F16,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int8 => "int8",
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}

/// Where an engine computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// The CPU, by kernels of our own: `int8` and `f32`, the same bits in any batch.
    #[default]
    Cpu,
    /// The CPU, by candle on threads of its own choice: `f32`, `bf16` and `f16`. It is slower, and its bits depend on the
    /// batch; it shows that the code for devices is right where there is none.
    CandleCpu,
    /// The CUDA device of this number, by candle: `bf16` and `f16` with flash attention, `f32` without. Needs the feature
    /// `cuda`; bits depend on the batch.
    Cuda(usize),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::CandleCpu => f.write_str("candle-cpu"),
            Self::Cuda(ordinal) => write!(f, "cuda:{ordinal}"),
        }
    }
}

impl FromStr for Device {
    type Err = LlmError;

    /// `cpu`, `candle-cpu`, `cuda` or `cuda:N`.
    fn from_str(text: &str) -> Result<Self, LlmError> {
        match (text, text.strip_prefix("cuda:").map(str::parse)) {
            ("cpu", _) => Ok(Self::Cpu),
            ("candle-cpu", _) => Ok(Self::CandleCpu),
            ("cuda", _) => Ok(Self::Cuda(0)),
            (_, Some(Ok(ordinal))) => Ok(Self::Cuda(ordinal)),
            _ => Err(LlmError::Configuration {
                field: "device".to_owned(),
                value: text.to_owned(),
                expected: "cpu, candle-cpu, cuda or cuda:N".to_owned(),
            }),
        }
    }
}

impl Device {
    /// The precision that suits it best.
    pub const fn usual_precision(self) -> Precision {
        match self {
            Self::Cpu => Precision::Int8,
            Self::CandleCpu => Precision::F32,
            Self::Cuda(_) => Precision::Bf16,
        }
    }
}

/// How an engine runs.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Where it computes.
    pub device: Device,
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
    /// Its tokens that were computed. With the cached ones these are all tokens of the request.
    pub new_tokens: usize,
    /// Its tokens whose keys and values came from the cache.
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

impl EngineStatistics {
    /// Share of the tokens that the cache knew, 0 to 1; 0 if there were none.
    pub fn hit_rate(&self) -> f64 {
        let all = self.new_tokens + self.cached_tokens;
        if all == 0 { 0.0 } else { self.cached_tokens as f64 / all as f64 }
    }
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            device: Device::Cpu,
            precision: Precision::Int8,
            threads: 0,
            cache_bytes: 256 << 20,
            batch_tokens: 512,
            prefill_chunk: 256,
            queue: 1024,
        }
    }
}

/// A model ready to answer requests, on threads of its own. Cheap to clone; the last clone stops the threads, and waits
/// for the forward pass they are in.
///
/// The reply to a request is the same bit for bit whatever else the engine computes with it or has in its cache, on any
/// number of threads and with any chunks, on [`Device::Cpu`]. It may differ between machines with other vector
/// instructions.
///
/// ```
/// use habitue_llm::{Branch, Engine, EngineOptions, ModelConfig, RandomWeights, Request, TokenSet, Wanted};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = ModelConfig { layers: 1, vocabulary: 1000, sliding_window: vec![None], ..ModelConfig::smol135() };
/// let engine = Engine::start(config.clone(), &RandomWeights::new(&config, 7), EngineOptions::default())?;
/// // Three options of a choice, each scored by the logit of its second token after its first.
/// let branch = |first, second| Branch {
///     tokens: vec![first],
///     wanted: vec![Wanted { position: 0, tokens: TokenSet::Only(vec![second]) }],
/// };
/// let request = Request {
///     tokens: vec![1, 2, 3, 4],
///     wanted: vec![Wanted { position: 3, tokens: TokenSet::Only(vec![20, 21, 22]) }],
///     branches: vec![branch(20, 30), branch(21, 31), branch(22, 32)],
/// };
/// let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let reply = runtime.block_on(engine.submit(request))?;
/// assert_eq!(reply.logits[0].len(), 3);
/// assert_eq!(reply.branches.len(), 3);
/// assert_eq!(reply.new_tokens, 7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine {
    owner: Arc<Owner>,
}

/// Stops the scheduler when the last engine goes.
struct Owner {
    shared: Arc<Shared>,
    limits: Limits,
    model_bytes: usize,
    kernel: String,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.stop("it was dropped");
        if let Some(thread) = self.thread.take() {
            // A panic of the scheduler has been reported to every request already.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("limits", &self.owner.limits)
            .field("kernel", &self.owner.kernel)
            .finish()
    }
}

impl Engine {
    /// Loads the weights in the given precision and starts the threads.
    ///
    /// # Errors
    /// If the configuration makes no sense, or weights do not fit it.
    #[allow(clippy::needless_pass_by_value, reason = "options are made for one engine")]
    pub fn start(
        config: ModelConfig,
        weights: &dyn Weights,
        options: EngineOptions,
    ) -> Result<Self, LlmError> {
        Self::start_with(config, weights, &options, false)
    }

    /// `portable` leaves kernels of this machine's own aside.
    fn start_with(
        config: ModelConfig,
        weights: &dyn Weights,
        options: &EngineOptions,
        portable: bool,
    ) -> Result<Self, LlmError> {
        config.validate()?;
        let page_bytes = Decoder::page_bytes(&config, options)?;
        let pages = u32::try_from(options.cache_bytes / page_bytes).unwrap_or(u32::MAX);
        let least = |field: &str, value: usize, least: usize| {
            if value >= least {
                return Ok(());
            }
            let (field, value) = (field.to_owned(), value.to_string());
            Err(LlmError::Configuration { field, value, expected: format!("at least {least}") })
        };
        least("cache_bytes", options.cache_bytes, page_bytes)?;
        least("batch_tokens", options.batch_tokens, 1)?;
        least("prefill_chunk", options.prefill_chunk, 1)?;
        least("queue", options.queue, 1)?;
        let limits = Limits { context: config.context, vocabulary: config.vocabulary, pages: pages as usize };
        let decoder = Decoder::load(config, weights, options, pages as usize, portable)?;
        let (model_bytes, kernel) = (decoder.bytes(), decoder.kernel());
        let shared = Arc::new(Shared::new(options.queue));
        let scheduler = Scheduler::new(decoder, Arc::clone(&shared), options, pages, page_bytes);
        let thread = std::thread::Builder::new()
            .name("habitue-llm".to_owned())
            .spawn(move || scheduler.work())
            .map_err(|error| LlmError::Stopped(format!("its thread cannot be started: {error}")))?;
        Ok(Self { owner: Arc::new(Owner { shared, limits, model_bytes, kernel, thread: Some(thread) }) })
    }

    /// Answers a request; waits while the queue is full. Dropping the future cancels the request.
    ///
    /// # Errors
    /// A token outside the vocabulary, a sequence longer than the context or the cache, a position outside the tokens;
    /// or the engine has stopped.
    pub async fn submit(&self, request: Request) -> Result<Reply, LlmError> {
        self.owner.limits.check(&request)?;
        self.owner.shared.submit(request).await
    }

    /// Counters since the start.
    pub fn statistics(&self) -> EngineStatistics {
        self.owner.shared.statistics()
    }

    /// Bytes of the model's weights in memory.
    pub fn model_bytes(&self) -> usize {
        self.owner.model_bytes
    }

    /// Name of the kernel that multiplies matrices on this machine.
    pub fn kernel(&self) -> &str {
        &self.owner.kernel
    }
}

#[cfg(test)]
mod tests;
