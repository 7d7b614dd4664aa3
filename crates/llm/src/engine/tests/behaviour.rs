//! Waiting, cancelling, bounds, errors.

use std::task::{Context, Waker};

use super::*;
use crate::cache::{PAGE, Pages};
use crate::model::Numbers;

fn last(tokens: Vec<u32>) -> Request {
    let wanted = vec![Wanted { position: tokens.len() - 1, tokens: TokenSet::Only(vec![1, 2]) }];
    Request { tokens, wanted, branches: Vec::new() }
}

fn engine(change: impl Fn(&mut EngineOptions)) -> Engine {
    let mut options = options(Precision::Int8);
    change(&mut options);
    Engine::start(tiny(), &RandomWeights::new(&tiny(), 1), options).unwrap()
}

fn page_bytes() -> usize {
    Pages::page_bytes(&tiny(), Numbers::Int8)
}

#[test]
fn what_is_known_is_not_computed_again() {
    let engine = engine(|_| {});
    let first = block(engine.submit(last(tokens(100, 1)))).unwrap();
    assert_eq!((first.new_tokens, first.cached_tokens), (100, 0));
    let again = block(engine.submit(last(tokens(100, 1)))).unwrap();
    assert_eq!((again.new_tokens, again.cached_tokens), (1, 99));
    assert_eq!(first.logits, again.logits);
    // One more token, in the middle of a page; then a turn inside a page.
    let mut longer = tokens(100, 1);
    longer.push(7);
    assert_eq!(block(engine.submit(last(longer))).unwrap().new_tokens, 1);
    let mut other = tokens(90, 1);
    other.extend([1, 2, 3]);
    let other = block(engine.submit(last(other))).unwrap();
    assert!(other.new_tokens <= 4, "{}", other.new_tokens);
    let statistics = engine.statistics();
    assert_eq!(statistics.requests, 4);
    assert_eq!(statistics.new_tokens as usize, 102 + other.new_tokens);
}

#[test]
fn the_hit_rate_is_the_share_of_known_tokens() {
    let counted = EngineStatistics { new_tokens: 30, cached_tokens: 10, ..EngineStatistics::default() };
    assert!((counted.hit_rate() - 0.25).abs() < 1e-12);
    assert!(EngineStatistics::default().hit_rate() < 1e-12);
}

#[test]
fn generation_computes_one_token_a_step() {
    let engine = engine(|_| {});
    let mut text = tokens(40, 1);
    block(engine.submit(last(text.clone()))).unwrap();
    for step in 0..50 {
        text.push(step);
        assert_eq!(block(engine.submit(last(text.clone()))).unwrap().new_tokens, 1, "{step}");
    }
}

#[test]
fn a_prefix_that_is_asked_for_twice_at_once_is_computed_once() {
    let engine = engine(|options| options.prefill_chunk = 32);
    let total: usize = block(async {
        let tasks: Vec<_> = (0..20)
            .map(|user| {
                let mut list = tokens(200, 1);
                list.extend(tokens(5, user + 10));
                let engine = engine.clone();
                tokio::spawn(async move { engine.submit(last(list)).await.unwrap().new_tokens })
            })
            .collect();
        let mut total = 0;
        for task in tasks {
            total += task.await.unwrap();
        }
        total
    });
    // 200 once, 5 each, and at most the part of one page again.
    assert!(total <= 200 + 20 * 5 + 20 * PAGE / 2, "{total}");
}

#[test]
fn branches_share_what_precedes_them() {
    let engine = engine(|_| {});
    let branch = |index: u32| Branch {
        tokens: vec![index, 3, 4],
        wanted: vec![Wanted { position: 2, tokens: TokenSet::Only(vec![1]) }],
    };
    let request =
        Request { tokens: tokens(70, 1), wanted: Vec::new(), branches: (0..30).map(branch).collect() };
    let reply = block(engine.submit(request)).unwrap();
    assert_eq!(reply.branches.len(), 30);
    assert_eq!(reply.new_tokens, 70 + 90);
}

#[test]
fn a_small_cache_serves_everybody_in_turn() {
    let budget = 40 * page_bytes();
    let engine = engine(|options| {
        options.cache_bytes = budget;
        options.queue = 4;
    });
    block(async {
        let tasks: Vec<_> = (0..300_u32)
            .map(|user| {
                let engine = engine.clone();
                let branch = Branch {
                    tokens: tokens(20, user),
                    wanted: vec![Wanted { position: 19, tokens: TokenSet::Only(vec![1]) }],
                };
                let request = Request {
                    tokens: tokens(50 + user as usize % 400, user),
                    wanted: Vec::new(),
                    branches: vec![branch; user as usize % 4],
                };
                tokio::spawn(async move { engine.submit(request).await.unwrap() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
            assert!(engine.statistics().cache_bytes as usize <= budget);
        }
    });
    assert_eq!(engine.statistics().requests, 300);
}

#[test]
fn ten_thousand_waiting_requests_stay_within_the_budget() {
    let budget = 64 * page_bytes();
    let engine = engine(|options| {
        options.cache_bytes = budget;
        options.queue = 100;
    });
    block(async {
        let tasks: Vec<_> = (0..10_000_u32)
            .map(|user| {
                let engine = engine.clone();
                let mut list = tokens(40, 1);
                list.extend(tokens(20, user));
                tokio::spawn(async move { engine.submit(last(list)).await.unwrap() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
            assert!(engine.statistics().cache_bytes as usize <= budget);
        }
    });
    assert_eq!(engine.statistics().requests, 10_000);
}

#[test]
fn a_new_request_is_not_overtaken_forever() {
    let engine = engine(|options| options.batch_tokens = 8);
    block(async {
        engine.submit(last(tokens(100, 1))).await.unwrap();
        let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let known: Vec<_> = (0..40)
            .map(|_| {
                let (engine, done) = (engine.clone(), Arc::clone(&done));
                tokio::spawn(async move {
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        engine.submit(last(tokens(100, 1))).await.unwrap();
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        engine.submit(last(tokens(100, 2))).await.unwrap();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for task in known {
            task.await.unwrap();
        }
    });
}

#[test]
fn dropped_requests_stop_being_computed() {
    let engine = engine(|options| {
        options.prefill_chunk = 4;
        options.batch_tokens = 4;
    });
    let mut context = Context::from_waker(Waker::noop());
    for seed in 0..40 {
        let branches = vec![Branch { tokens: tokens(100, seed), wanted: Vec::new() }; 3];
        let request = Request { branches, ..last(tokens(400, seed)) };
        let before = engine.statistics().new_tokens;
        let mut asked = Box::pin(engine.submit(request));
        assert!(asked.as_mut().poll(&mut context).is_pending());
        // Half of them are dropped while they wait, half while they are computed.
        while seed % 2 == 0 && engine.statistics().new_tokens == before {
            std::thread::yield_now();
        }
    }
    // The engine is free for others, and its pages are its own again.
    let reply = block(engine.submit(last(tokens(500, 77)))).unwrap();
    assert!(reply.new_tokens > 400);
    assert_eq!(engine.statistics().requests, 1);
}

#[test]
fn a_short_request_does_not_wait_for_a_long_one() {
    let engine = engine(|options| {
        options.prefill_chunk = 16;
        options.batch_tokens = 32;
    });
    block(async {
        let long: Vec<_> = (0..6)
            .map(|seed| {
                let engine = engine.clone();
                tokio::spawn(async move { engine.submit(last(tokens(590, seed))).await.unwrap() })
            })
            .collect();
        tokio::task::yield_now().await;
        engine.submit(last(tokens(20, 99))).await.unwrap();
        assert!(long.iter().any(|task| !task.is_finished()));
        for task in long {
            task.await.unwrap();
        }
    });
}

#[test]
fn the_last_engine_stops_the_threads_and_nothing_hangs() {
    let first = engine(|_| {});
    let second = first.clone();
    drop(first);
    block(second.submit(last(tokens(10, 1)))).unwrap();
    let pending = block(async {
        let task = tokio::spawn(async move { second.submit(last(tokens(500, 1))).await });
        tokio::task::yield_now().await;
        task.abort();
        task.await
    });
    assert!(pending.is_err());
}

#[test]
fn impossible_requests_say_why() {
    let engine = engine(|options| options.cache_bytes = 20 * page_bytes());
    let error = |request| block(engine.submit(request)).unwrap_err().to_string();
    let branch = |tokens: Vec<u32>| Branch { tokens, wanted: Vec::new() };
    let texts = [
        error(last(vec![1, 101])),
        error(last(tokens(601, 1))),
        error(last(tokens(400, 1))),
        error(Request { branches: vec![branch(vec![]), branch(tokens(300, 1))], ..last(tokens(60, 1)) }),
        error(Request { branches: vec![branch(vec![3, 500])], ..last(tokens(60, 1)) }),
        error(Request { wanted: vec![Wanted { position: 3, tokens: TokenSet::All }], ..last(vec![1, 2, 3]) }),
        error(Request {
            wanted: vec![Wanted { position: 2, tokens: TokenSet::Only(vec![7, 102]) }],
            ..last(vec![1, 2, 3])
        }),
    ];
    insta::assert_snapshot!(texts.join("\n"));
    // And what needs no work is answered.
    assert_eq!(block(engine.submit(Request::default())).unwrap(), Reply::default());
}

#[test]
fn wrong_models_say_what_is_wrong() {
    let start = |config: &ModelConfig, weights: &MemoryWeights| {
        Engine::start(config.clone(), weights, options(Precision::Int8)).unwrap_err().to_string()
    };
    let weights = random_weights(&tiny(), 1);
    let mut missing = weights.clone();
    missing.0.remove("model.layers.1.mlp.up_proj.weight");
    let mut broken = weights.clone();
    broken.0.get_mut("model.norm.weight").unwrap().1[3] = f32::NAN;
    let small = EngineOptions { cache_bytes: 5, ..options(Precision::Int8) };
    let texts = [
        start(&tiny(), &missing),
        start(&tiny(), &broken),
        start(&ModelConfig { hidden: 40, ..tiny() }, &weights),
        start(&ModelConfig { kv_heads: 4, ..tiny() }, &weights),
        start(&ModelConfig { sliding_window: vec![None], ..tiny() }, &weights),
        start(&ModelConfig { head_dim: 7, ..tiny() }, &weights),
        start(&ModelConfig { layers: 0, ..tiny() }, &weights),
        Engine::start(tiny(), &weights, small).unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
#[cfg(not(feature = "cuda"))]
fn devices_say_what_they_run() {
    let devices = [Device::Cpu, Device::CandleCpu, Device::Cuda(7)];
    let precisions = [Precision::Int8, Precision::F32, Precision::Bf16, Precision::F16];
    let start = |device, precision| {
        let options = EngineOptions { device, ..options(precision) };
        let outcome = Engine::start(tiny(), &RandomWeights::new(&tiny(), 5), options);
        let outcome = outcome.map_or_else(|error| error.to_string(), |_| "runs".to_owned());
        format!("{device} {precision}: {outcome}")
    };
    let pairs = devices.iter().flat_map(|&device| precisions.map(|precision| start(device, precision)));
    insta::assert_snapshot!(pairs.collect::<Vec<_>>().join("\n"));
}

#[test]
fn devices_are_read_as_they_are_written() {
    for device in [Device::Cpu, Device::CandleCpu, Device::Cuda(0), Device::Cuda(3)] {
        assert_eq!(device.to_string().parse::<Device>().unwrap(), device);
    }
    assert_eq!("cuda".parse::<Device>().unwrap(), Device::Cuda(0));
    let error = "cuda:one".parse::<Device>().unwrap_err().to_string();
    assert_eq!(error, "device is cuda:one, expected cpu, candle-cpu, cuda or cuda:N");
}
