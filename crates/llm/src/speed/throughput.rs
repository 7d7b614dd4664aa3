//! Tokens read and written per second.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{few, last, text, together, top};
use crate::engine::{Engine, TokenSet};
use crate::error::LlmError;

/// Tokens per second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Throughput {
    /// Prompts or texts at the same time.
    pub at_once: u32,
    /// Tokens of each prompt, or of each text when writing began.
    pub tokens: usize,
    /// Rounds, of which the fastest counts.
    pub rounds: u32,
    /// Tokens computed in a round, over all prompts or texts.
    pub round_tokens: u64,
    /// Seconds of the fastest round.
    pub seconds: f64,
    /// Tokens over seconds.
    pub tokens_per_second: f64,
}

impl Throughput {
    fn of(at_once: u32, tokens: usize, rounds: u32, round_tokens: u64, fastest: Duration) -> Self {
        let seconds = fastest.as_secs_f64();
        let tokens_per_second = round_tokens as f64 / seconds.max(1e-9);
        Self { at_once, tokens, rounds, round_tokens, seconds, tokens_per_second }
    }
}

/// Reads prompts that the cache has never seen.
pub(super) async fn prefill(
    engine: &Engine,
    vocabulary: usize,
    tokens: usize,
    at_once: u32,
    rounds: u32,
) -> Result<Throughput, LlmError> {
    let mut fastest = Duration::MAX;
    let mut read = 0;
    for round in 0..rounds {
        let seed = |prompt: u32| u64::from(at_once) << 40 | u64::from(round) << 20 | u64::from(prompt);
        let requests = (0..at_once).map(|prompt| last(text(tokens, seed(prompt), vocabulary), few()));
        let requests = requests.collect();
        let start = Instant::now();
        let replies = together(engine, requests).await?;
        fastest = fastest.min(start.elapsed());
        read = replies.iter().map(|reply| reply.new_tokens as u64).sum();
    }
    Ok(Throughput::of(at_once, tokens, rounds, read, fastest))
}

/// Continues texts together, a token each at every step. What comes next is chosen by the asker, and that is not timed.
pub(super) async fn decode(
    engine: &Engine,
    vocabulary: usize,
    tokens: usize,
    at_once: u32,
    steps: u32,
) -> Result<Throughput, LlmError> {
    let tokens = tokens.max(1);
    let seed = |text: u32| 1 << 60 | u64::from(at_once) << 20 | u64::from(text);
    let mut texts: Vec<Vec<u32>> = (0..at_once).map(|it| text(tokens, seed(it), vocabulary)).collect();
    // The first step reads the texts.
    together(engine, texts.iter().map(|text| last(text.clone(), few())).collect()).await?;
    let mut fastest = Duration::MAX;
    for _ in 0..steps {
        let requests = texts.iter().map(|text| last(text.clone(), TokenSet::All)).collect();
        let start = Instant::now();
        let replies = together(engine, requests).await?;
        fastest = fastest.min(start.elapsed());
        for (text, reply) in texts.iter_mut().zip(replies) {
            text.push(top(&reply.logits[0]));
        }
    }
    Ok(Throughput::of(at_once, tokens, steps, u64::from(at_once), fastest))
}
