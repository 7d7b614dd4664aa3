//! Speed of the engine on random weights: `cargo run --release -p habitue-llm --example speed -- smol135 [int8|f32]`.
//!
//! Or `-- overhead`, `-- smol135 closeness`, `-- smol135 decisions`, `-- smol135 bounded`.
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
        let prompt = |k| {
            request(text(512, 1 + 100 * batch + round * batch + k, vocabulary), TokenSet::Only(vec![1, 2, 3]))
        };
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
        // The choice of the next token is the asker's, and not timed.
        let start = Instant::now();
        let requests = texts.iter().map(|text| request(text.clone(), TokenSet::All)).collect();
        let replies = together(engine, requests).await?;
        best = best.min(start.elapsed());
        for (text, reply) in texts.iter_mut().zip(replies) {
            text.push(top(&reply.logits[0]) as u32);
        }
    }
    Ok(f64::from(batch) / best.as_secs_f64())
}

/// A model so small that the scheduler is all there is.
fn smallest() -> Result<Engine, Failure> {
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
    let options = EngineOptions { cache_bytes: 16 << 20, ..EngineOptions::default() };
    Ok(Engine::start(config.clone(), &RandomWeights::new(&config, 1), options)?)
}

async fn overhead() -> Result<(), Failure> {
    let engine = smallest()?;
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

/// Users who each pick from ten items: a prefix of 300 tokens for all, a persona of 150, a slate of 250, ten branches
/// of three tokens with three options each; then four more slates.
async fn decisions(engine: &Engine, vocabulary: usize, users: u32) -> Result<(), Failure> {
    let branch = move |k: u32| Branch {
        tokens: text(3, 900 + k, vocabulary),
        wanted: vec![Wanted { position: 2, tokens: TokenSet::Only(vec![1, 2, 3]) }],
    };
    let page = move |user: u32, turn: u32| {
        let mut tokens = text(300, 1, vocabulary);
        tokens.extend(text(150, 100 + user, vocabulary));
        for shown in 0..=turn {
            tokens.extend(text(250, 10_000 + user * 5 + shown, vocabulary));
        }
        Request { tokens, wanted: Vec::new(), branches: (0..10).map(branch).collect() }
    };
    let start = Instant::now();
    let session = |user| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let mut new_tokens = 0;
            for turn in 0..5 {
                new_tokens += engine.submit(page(user, turn)).await?.new_tokens;
            }
            Ok::<_, habitue_llm::LlmError>(new_tokens)
        })
    };
    let sessions: Vec<_> = (0..users).map(session).collect();
    let mut new_tokens = 0;
    for session in sessions {
        new_tokens += session.await??;
    }
    let (pages, seconds) = (f64::from(users * 5), start.elapsed().as_secs_f64());
    println!(
        "{users} users, 5 turns: {:.1} pages/s, {:.0} picks/s, {:.0} new tokens a page, cache {} MB, {} passes",
        pages / seconds,
        10.0 * pages / seconds,
        new_tokens as f64 / pages,
        engine.statistics().cache_bytes >> 20,
        engine.statistics().passes,
    );
    Ok(())
}

/// How close 8 bits are to floats on the shape.
async fn closeness(config: &ModelConfig) -> Result<(), Failure> {
    let mut replies = Vec::new();
    for precision in [Precision::F32, Precision::Int8] {
        let options = EngineOptions { precision, ..EngineOptions::default() };
        let engine = Engine::start(config.clone(), &RandomWeights::new(config, 1), options)?;
        let wanted = (0..256).map(|position| Wanted { position, tokens: TokenSet::All }).collect();
        let tokens = text(256, 3, config.vocabulary);
        replies.push(engine.submit(Request { tokens, wanted, branches: Vec::new() }).await?.logits);
    }
    let (mut divergence, mut agree) = (0.0, 0);
    for (exact, found) in replies[0].iter().zip(&replies[1]) {
        let normaliser = |logits: &[f32]| logits.iter().map(|&x| f64::from(x).exp()).sum::<f64>().ln();
        let (p, q) = (normaliser(exact), normaliser(found));
        let term = |(&x, &y): (&f32, &f32)| {
            let (x, y) = (f64::from(x) - p, f64::from(y) - q);
            x.exp() * (x - y)
        };
        divergence += exact.iter().zip(found).map(term).sum::<f64>();
        agree += u32::from(top(exact) == top(found));
    }
    println!("int8 against f32, 256 positions: mean KL {:.2e}, top-1 {agree}/256", divergence / 256.0);
    Ok(())
}

fn top(logits: &[f32]) -> usize {
    let mut best = 0;
    for (token, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = token;
        }
    }
    best
}

/// Resident memory of the process in MiB.
fn resident() -> Result<u64, Failure> {
    let pages: u64 =
        std::fs::read_to_string("/proc/self/statm")?.split(' ').nth(1).ok_or("statm")?.parse()?;
    Ok((pages * 4096) >> 20)
}

/// Memory of the process over 100,000 requests to the smallest model, and with 10,000 requests waiting and a budget of 256 MiB.
async fn bounded(config: &ModelConfig) -> Result<(), Failure> {
    let engine = smallest()?;
    for round in 0..10_u32 {
        let one = |k| request(text(60, round * 10_000 + k, 500), TokenSet::Only(vec![1]));
        together(&engine, (0..10_000).map(one).collect()).await?;
        if round == 1 || round == 9 {
            println!("{} requests: {} MiB", engine.statistics().requests, resident()?);
        }
    }
    drop(engine);
    let options = EngineOptions { cache_bytes: 256 << 20, ..EngineOptions::default() };
    let engine = Engine::start(config.clone(), &RandomWeights::new(config, 1), options)?;
    let before = resident()?;
    let one = |k| request(text(40, k, config.vocabulary), TokenSet::Only(vec![1]));
    let watch = {
        let engine = engine.clone();
        tokio::spawn(async move {
            let mut most = 0;
            while engine.statistics().requests < 10_000 {
                most = most.max(engine.statistics().cache_bytes >> 20);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            most
        })
    };
    together(&engine, (0..10_000).map(one).collect()).await?;
    let (model, cache) = (engine.model_bytes() >> 20, watch.await?);
    println!(
        "10,000 requests: {before} MiB before, {} MiB after; model {model}, cache at most {cache}",
        resident()?
    );
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
    if has("closeness") {
        return closeness(&config).await;
    }
    if has("bounded") {
        return bounded(&config).await;
    }
    let precision = if has("f32") { Precision::F32 } else { Precision::Int8 };
    let threads = usize::from(has("1"));
    let options = EngineOptions { precision, threads, cache_bytes: 1 << 30, ..EngineOptions::default() };
    let start = Instant::now();
    let engine = Engine::start(config.clone(), &RandomWeights::new(&config, 1), options)?;
    println!(
        "{}, {:.0} MB, loaded in {:.1?}",
        engine.kernel(),
        engine.model_bytes() as f64 / 1e6,
        start.elapsed()
    );
    let vocabulary = config.vocabulary;
    if has("decisions") {
        return decisions(&engine, vocabulary, 64).await;
    }
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
