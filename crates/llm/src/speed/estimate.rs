//! What can be said about this machine in seconds.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{SEED, Shape, last, runtime, text, top};
use crate::cache::{PAGE, Pages};
use crate::config::ModelConfig;
use crate::engine::{Engine, EngineOptions, Precision, TokenSet};
use crate::error::LlmError;
use crate::load::expected_tensors;
use crate::model::{Numbers, RandomWeights};
use crate::weights::Weights;

/// Tokens of a prompt: few, so that a slow machine reads some in time.
const PROMPT: usize = 128;

/// A rough idea of the speed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeedEstimate {
    /// The shape it is about.
    pub shape: Shape,
    /// Number format.
    pub precision: String,
    /// Prompt tokens per second, one prompt at a time; none if the time did not suffice.
    pub prefill_tokens_per_second: Option<f64>,
    /// Written tokens per second, one text at a time; none if the time did not suffice.
    pub decode_tokens_per_second: Option<f64>,
    /// Seconds that it took.
    pub seconds: f64,
}

/// Estimates the speed of a shape in about so much time, loading included.
///
/// # Errors
/// If the engine fails.
pub fn estimate_speed(
    shape: Shape,
    precision: Precision,
    threads: usize,
    time: Duration,
) -> Result<SpeedEstimate, LlmError> {
    let start = Instant::now();
    let end = start + time;
    let mut estimate = SpeedEstimate {
        shape,
        precision: precision.to_string(),
        prefill_tokens_per_second: None,
        decode_tokens_per_second: None,
        seconds: 0.0,
    };
    let config = shape.config();
    let weights = Hasty { weights: RandomWeights::new(&config, SEED), end };
    let options = EngineOptions { precision, threads, ..EngineOptions::default() };
    let vocabulary = config.vocabulary;
    match Engine::start(config, &weights, options) {
        Ok(engine) => runtime()?.block_on(measure(&engine, vocabulary, end, &mut estimate))?,
        Err(_) if Instant::now() >= end => {}
        Err(error) => return Err(error),
    }
    estimate.seconds = start.elapsed().as_secs_f64();
    Ok(estimate)
}

async fn measure(
    engine: &Engine,
    vocabulary: usize,
    end: Instant,
    estimate: &mut SpeedEstimate,
) -> Result<(), LlmError> {
    let left = || end.saturating_duration_since(Instant::now());
    let half = Instant::now() + left() / 2;
    let mut prompt = Vec::new();
    for round in 0.. {
        prompt = text(PROMPT, round, vocabulary);
        let start = Instant::now();
        if start >= half && round > 0 {
            break;
        }
        let Ok(reply) = tokio::time::timeout(left(), engine.submit(last(prompt.clone(), super::few()))).await
        else {
            return Ok(());
        };
        let rate = reply?.new_tokens as f64 / start.elapsed().as_secs_f64().max(1e-9);
        estimate.prefill_tokens_per_second = Some(faster(estimate.prefill_tokens_per_second, rate));
    }
    for step in 0.. {
        let start = Instant::now();
        let asked = engine.submit(last(prompt.clone(), TokenSet::All));
        let Ok(reply) = tokio::time::timeout(left(), asked).await else { return Ok(()) };
        let rate = 1.0 / start.elapsed().as_secs_f64().max(1e-9);
        prompt.push(top(&reply?.logits[0]));
        // The first step reads the prompt.
        if step > 0 {
            estimate.decode_tokens_per_second = Some(faster(estimate.decode_tokens_per_second, rate));
        }
    }
    Ok(())
}

fn faster(known: Option<f64>, rate: f64) -> f64 {
    known.map_or(rate, |known| known.max(rate))
}

/// Random weights that are refused when the time is over.
struct Hasty {
    weights: RandomWeights,
    end: Instant,
}

impl Weights for Hasty {
    fn source(&self) -> String {
        self.weights.source()
    }

    fn has(&self, name: &str) -> bool {
        self.weights.has(name)
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        if Instant::now() >= self.end {
            return Err(LlmError::Stopped("the time for loading is over".to_owned()));
        }
        self.weights.tensor(name, shape)
    }
}

/// Name of the kernel that multiplies matrices on this machine.
///
/// # Errors
/// If the engine cannot start its threads.
pub fn kernel_name(precision: Precision) -> Result<String, LlmError> {
    Ok(super::overhead::smallest(precision)?.kernel().to_owned())
}

/// About how many bytes a model's weights take in memory. Kernels may pad them by a few percent.
pub fn weight_bytes(config: &ModelConfig, precision: Precision) -> usize {
    let matrix = |(_, shape): &(String, Vec<usize>)| match (shape.as_slice(), precision) {
        // One byte a weight, one scale of 32 bits a row.
        ([rows, columns], Precision::Int8) => rows * columns + 4 * rows,
        ([rows, columns], Precision::F32) => 4 * rows * columns,
        ([rows, columns], Precision::Bf16 | Precision::F16) => 2 * rows * columns,
        _ => 0,
    };
    expected_tensors(config).iter().map(matrix).sum()
}

/// Bytes of keys and values that a token takes in the cache.
pub fn cache_bytes_per_token(config: &ModelConfig, precision: Precision) -> usize {
    // In 16 bits, but for 32-bit floats.
    let numbers = if precision == Precision::F32 { Numbers::F32 } else { Numbers::Int8 };
    Pages::page_bytes(config, numbers).div_ceil(PAGE)
}
