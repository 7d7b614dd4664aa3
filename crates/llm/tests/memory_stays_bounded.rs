//! Decisions without end leave memory as it is.

#![allow(clippy::unwrap_used, reason = "a failure in a test is a failed test")]

use habitue_llm::{Branch, Engine, EngineOptions, ModelConfig, RandomWeights, Request, TokenSet, Wanted};

/// The smallest model that is still one, and a cache that a few dozen decisions fill.
fn engine() -> (Engine, usize) {
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
    let cache_bytes = 256 << 10;
    let options = EngineOptions { threads: 1, cache_bytes, queue: 256, ..EngineOptions::default() };
    (Engine::start(config.clone(), &RandomWeights::new(&config, 1), options).unwrap(), cache_bytes)
}

/// A decision of user `number`: what all read, what this one reads, and a pick among three options for two items.
fn decision(number: u32) -> Request {
    let shared = (0..24).map(|k| k * 17 % 500);
    let own = (0..20).map(|k| (number / 2 * 31 + k * (number / 1000 + 7)) % 500);
    let branch = |item: u32| Branch {
        tokens: vec![item, item + 1],
        wanted: vec![Wanted { position: 1, tokens: TokenSet::Only(vec![1, 2, 3]) }],
    };
    Request { tokens: shared.chain(own).collect(), wanted: Vec::new(), branches: vec![branch(5), branch(9)] }
}

/// Queues all of them at once and waits for every answer; gives the most bytes that the cache ever held.
async fn all_at_once(engine: &Engine, numbers: std::ops::Range<u32>) -> u64 {
    let send = |number| {
        let engine = engine.clone();
        tokio::spawn(async move { engine.submit(decision(number)).await })
    };
    let tasks: Vec<_> = numbers.map(send).collect();
    let mut most = 0;
    for task in tasks {
        let reply = task.await.unwrap().unwrap();
        assert!(reply.branches.len() == 2 && reply.branches.iter().all(|branch| branch[0].len() == 3));
        most = most.max(engine.statistics().cache_bytes);
    }
    most
}

/// Resident memory of this process in KiB; none where the system does not say.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// One test for both promises: another one beside it in this process would be measured too.
#[test]
fn queued_decisions_stay_within_the_budget_and_memory_does_not_grow() {
    let (engine, budget) = engine();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut early = None;
    for round in 0..10 {
        let most = runtime.block_on(all_at_once(&engine, round * 10_000..(round + 1) * 10_000));
        assert!(most <= budget as u64, "the cache held {most} bytes of {budget}");
        // Full, so that what follows has to push something out.
        assert!(most > budget as u64 / 2, "the cache held {most} bytes of {budget}");
        assert_eq!(engine.statistics().requests, u64::from(round + 1) * 10_000);
        if round == 1 {
            early = resident();
        }
    }
    #[allow(clippy::print_stderr, reason = "a skipped check says so")]
    let (Some(early), Some(late)) = (early, resident()) else {
        eprintln!("skipped: this system does not say how much memory a process holds");
        return;
    };
    assert!(late < early + 4096, "{early} KiB after 20,000 decisions, {late} KiB after 100,000");
}
