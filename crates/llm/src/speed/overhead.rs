//! Time of a decision that is not the model's.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{SEED, few, last, text, together};
use crate::config::ModelConfig;
use crate::engine::{Branch, Engine, EngineOptions, Precision, Request, Wanted};
use crate::error::LlmError;
use crate::model::RandomWeights;

/// Tokens of the prompt, known to the cache after the first round.
const PROMPT: usize = 400;

/// Time per decision of a model so small that what is left is queueing, looking up the cache, batching and answering.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overhead {
    /// Picks of a decision; 0 is one request for a few logits.
    pub picks: u32,
    /// Decisions at the same time.
    pub at_once: u32,
    /// Rounds, of which the fastest counts.
    pub rounds: u32,
    /// Decisions in all rounds.
    pub decisions: u64,
    /// Microseconds a decision.
    pub microseconds: f64,
}

/// The smallest model that is still one.
pub(super) fn smallest(precision: Precision) -> Result<Engine, LlmError> {
    let config = ModelConfig {
        hidden: 16,
        intermediate: 16,
        layers: 1,
        heads: 1,
        kv_heads: 1,
        head_dim: 16,
        vocabulary: 500,
        sliding_window: vec![None],
        ..ModelConfig::smol135()
    };
    let options = EngineOptions { precision, cache_bytes: 16 << 20, ..EngineOptions::default() };
    Engine::start(config.clone(), &RandomWeights::new(&config, SEED), options)
}

pub(super) async fn measure(rounds: u32) -> Result<Vec<Overhead>, LlmError> {
    let engine = smallest(Precision::Int8)?;
    let branch = |pick: u32| Branch {
        tokens: vec![pick, pick + 1],
        wanted: vec![Wanted { position: 1, tokens: few() }],
    };
    // A decision takes so little time that more rounds cost nothing.
    let rounds = 4 * rounds;
    let mut measured = Vec::new();
    for picks in [0, 10] {
        for at_once in [1, 64] {
            let mut fastest = Duration::MAX;
            for _ in 0..rounds {
                let one = |user: u32| Request {
                    branches: (0..picks).map(branch).collect(),
                    ..last(text(PROMPT, u64::from(user), 500), few())
                };
                let requests = (0..at_once).map(one).collect();
                let start = Instant::now();
                together(&engine, requests).await?;
                fastest = fastest.min(start.elapsed());
            }
            let microseconds = fastest.as_secs_f64() * 1e6 / f64::from(at_once);
            let decisions = u64::from(rounds) * u64::from(at_once);
            measured.push(Overhead { picks, at_once, rounds, decisions, microseconds });
        }
    }
    Ok(measured)
}
