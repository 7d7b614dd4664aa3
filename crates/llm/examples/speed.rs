//! Speed of the engine on random weights: `cargo run --release -p habitue-llm --example speed -- smol135 [int8|f32]`.
//!
//! Prefill: prompts of 512 tokens, in tokens per second. Decode: sequences of 128 tokens are continued together, the
//! whole vocabulary's logits at every step, in tokens per second over all sequences. Overhead: requests of one known
//! token to a model so small that the scheduler is all there is. The best of several rounds each.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::error::Error;
use std::time::{Duration, Instant};

use habitue_llm::{
    Branch, Engine, EngineOptions, ModelConfig, Precision, RandomWeights, Reply, Request, TokenSet, Wanted,
};

type Failure = Box<dyn Error>;

fn request(tokens: Vec<u32>, wanted: TokenSet) -> Request {
    let wanted = vec![Wanted { position: tokens.len() - 1, tokens: wanted }];
    Request { tokens, wanted, branches: Vec::new() }
}

/// Sends requests together and waits for all.
async fn together(engine: &Engine, requests: Vec<Request>) -> Result<Vec<Reply>, Failure> {
    let send = |request| {
        let engine = engine.clone();
        tokio::spawn(async move { engine.submit(request).await })
    };
    let tasks: Vec<_> = requests.into_iter().map(send).collect();
    let mut replies = Vec::new();
    for task in tasks {
        replies.push(task.await??);
    }
    Ok(replies)
}

/// Distinct tokens for every seed.
fn text(length: usize, seed: u32, vocabulary: usize) -> Vec<u32> {
    (0..length as u32).map(|k| (k * 7919 + seed * 104_729) % vocabulary as u32).collect()
}

async fn prefill(engine: &Engine, vocabulary: usize, batch: u32, rounds: u32) -> Result<f64, Failure> {
    let mut best = Duration::MAX;
    for round in 0..rounds {
        let prompt = |k| request(text(512, 1 + 100 * batch + round * batch + k, vocabulary), TokenSet::Only(vec![1, 2, 3]));
        let start = Instant::now();
        together(engine, (0..batch).map(prompt).collect()).await?;
        best = best.min(start.elapsed());
    }
    Ok(f64::from(512 * batch) / best.as_secs_f64())
}

async fn decode(engine: &Engine, vocabulary: usize, batch: u32, steps: u32) -> Result<f64, Failure> {
    let mut texts: Vec<Vec<u32>> = (0..batch).map(|k| text(128, 5000 + k, vocabulary)).collect();
    let mut best = Duration::MAX;
    for _ in 0..steps {
        let start = Instant::now();
        let requests = texts.iter().map(|text| request(text.clone(), TokenSet::All)).collect();
        for (text, reply) in texts.iter_mut().zip(together(engine, requests).await?) {
            let logits = &reply.logits[0];
            let top = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap_or(0);
            text.push(top as u32);
        }
        best = best.min(start.elapsed());
    }
    Ok(f64::from(batch) / best.as_secs_f64())
}

async fn overhead() -> Result<(), Failure> {
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
    let engine = Engine::start(config.clone(), &RandomWeights::new(&config, 1), EngineOptions::default())?;
    let branch = |k| Branch {
        tokens: vec![k, k + 1],
        wanted: vec![Wanted { position: 1, tokens: TokenSet::Only(vec![1, 2]) }],
    };
    for (name, branches) in [("plain", 0), ("10 branches", 10)] {
        for batch in [1, 64] {
            let mut best = Duration::MAX;
            for _ in 0..50 {
                let one = |k| Request {
                    branches: (0..branches).map(branch).collect(),
                    ..request(text(400, k, 500), TokenSet::Only(vec![1, 2, 3]))
                };
                let start = Instant::now();
                together(&engine, (0..batch).map(one).collect()).await?;
                best = best.min(start.elapsed());
            }
            let each = best.as_secs_f64() * 1e6 / f64::from(batch);
            println!("overhead, {name}, {batch} at once: {each:.1} us a request");
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has("overhead") {
        return overhead().await;
    }
    let config = if has("qwen05") { ModelConfig::qwen05() } else { ModelConfig::smol135() };
    let precision = if has("f32") { Precision::F32 } else { Precision::Int8 };
    let threads = if has("1") { 1 } else { 0 };
    let options = EngineOptions { precision, threads, cache_bytes: 1 << 30, ..EngineOptions::default() };
    let start = Instant::now();
    let engine = Engine::start(config.clone(), &RandomWeights::new(&config, 1), options)?;
    println!("{}, {:.0} MB, loaded in {:.1?}", engine.kernel(), engine.model_bytes() as f64 / 1e6, start.elapsed());
    let vocabulary = config.vocabulary;
    if !has("decode") {
        for batch in [1, 4] {
            println!("prefill b{batch}: {:.0} tok/s", prefill(&engine, vocabulary, batch, 12 / batch).await?);
        }
    }
    if !has("prefill") {
        for batch in [1, 8, 32] {
            println!("decode b{batch}: {:.0} tok/s", decode(&engine, vocabulary, batch, 40).await?);
        }
    }
    Ok(())
}
