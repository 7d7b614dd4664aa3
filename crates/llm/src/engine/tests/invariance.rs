//! One request gets the same bits whatever else the engine does, did, or is made of.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

/// Requests of ragged lengths, some with common prefixes, some with branches.
fn requests(seed: u32, count: usize) -> Vec<Request> {
    (0..count as u32)
        .map(|index| {
            let draw = |what: u32, below: u32| {
                (seed ^ (index * 7 + what).wrapping_mul(2_246_822_519)).rotate_left(9) % below
            };
            let mut list = tokens(draw(0, 150) as usize, seed % 3);
            list.extend(tokens(1 + draw(1, 90) as usize, seed ^ index));
            let last = list.len() - 1;
            let few = TokenSet::Only(vec![draw(2, 101), 5, draw(3, 101)]);
            let wanted = vec![
                Wanted { position: last, tokens: TokenSet::All },
                Wanted { position: draw(4, list.len() as u32) as usize, tokens: few.clone() },
            ];
            let branches = (0..draw(5, 4)).map(|branch| Branch {
                tokens: tokens(1 + draw(6 + branch, 25) as usize, branch + seed),
                wanted: vec![
                    Wanted { position: 0, tokens: TokenSet::All },
                    Wanted { position: 0, tokens: few.clone() },
                ],
            });
            Request { branches: branches.collect(), tokens: list, wanted }
        })
        .collect()
}

/// Replies to requests that are all sent at once, without their counters.
fn ask(engine: &Engine, requests: &[Request]) -> Vec<Reply> {
    block(async {
        let tasks: Vec<_> = requests
            .iter()
            .cloned()
            .map(|request| {
                let engine = engine.clone();
                tokio::spawn(async move { engine.submit(request).await.unwrap() })
            })
            .collect();
        let mut replies = Vec::new();
        for task in tasks {
            replies.push(Reply { new_tokens: 0, cached_tokens: 0, ..task.await.unwrap() });
        }
        replies
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
    })]
    #[test]
    fn replies_depend_on_the_request_alone(seed in 0_u32..10_000, variant in 0_usize..12, int8: bool, portable: bool) {
        let config = variants()[variant].1.clone();
        let weights = RandomWeights::new(&config, 5);
        let precision = if int8 { Precision::Int8 } else { Precision::F32 };
        let start = |threads, prefill_chunk, cache_bytes| {
            let options = EngineOptions { threads, cache_bytes, prefill_chunk, ..options(precision) };
            Engine::start_with(config.clone(), &weights, &options, portable).unwrap()
        };
        let requests = requests(seed, 32);
        // Each alone, on an engine that knows nothing.
        let alone: Vec<Reply> = requests
            .iter()
            .map(|request| ask(&start(1, 512, 8 << 20), std::slice::from_ref(request)).remove(0))
            .collect();
        for (threads, chunk, cache) in [(2, 16, 8 << 20), (1, 512, 1 << 20)] {
            let engine = start(threads, chunk, cache);
            for batch in [2, 8, 32] {
                // The second time, the cache knows the prefixes.
                for (first, batch) in requests.chunks(batch).enumerate() {
                    let first = first * batch.len();
                    prop_assert_eq!(ask(&engine, batch), &alone[first..first + batch.len()]);
                }
            }
        }
    }

    #[test]
    fn branches_are_requests_of_their_own(seed in 0_u32..10_000, int8: bool) {
        let weights = RandomWeights::new(&tiny(), 5);
        let precision = if int8 { Precision::Int8 } else { Precision::F32 };
        let engine = Engine::start(tiny(), &weights, options(precision)).unwrap();
        for request in requests(seed, 4) {
            let reply = ask(&engine, std::slice::from_ref(&request)).remove(0);
            for (branch, found) in request.branches.iter().zip(reply.branches) {
                let mut flat = request.tokens.clone();
                let own = flat.len();
                flat.extend(&branch.tokens);
                let shift = |wanted: &Wanted| Wanted { position: own + wanted.position, ..wanted.clone() };
                let flat = Request {
                    tokens: flat,
                    wanted: branch.wanted.iter().map(shift).collect(),
                    branches: Vec::new(),
                };
                let cold = Engine::start(tiny(), &weights, options(precision)).unwrap();
                prop_assert_eq!(ask(&cold, &[flat]).remove(0).logits, found);
            }
        }
    }

    #[test]
    fn some_logits_are_those_of_all(seed in 0_u32..10_000, variant in 0_usize..12, portable: bool) {
        for precision in [Precision::Int8, Precision::F32] {
            let config = variants()[variant].1.clone();
            let weights = RandomWeights::new(&config, 5);
            let engine = Engine::start_with(config, &weights, &options(precision), portable).unwrap();
            let list = tokens(1 + seed as usize % 40, seed);
            let all = block(engine.submit(everywhere(list.clone()))).unwrap();
            let some: Vec<u32> = tokens(1 + seed as usize % 9, seed + 1);
            let position = list.len() - 1;
            let wanted = vec![Wanted { position, tokens: TokenSet::Only(some.clone()) }];
            let found = block(engine.submit(Request { tokens: list, wanted, branches: Vec::new() })).unwrap();
            let right: Vec<f32> = some.iter().map(|&token| all.logits[position][token as usize]).collect();
            prop_assert_eq!(&found.logits[0], &right);
        }
    }
}

#[test]
fn the_code_for_devices_serves_any_requests() {
    for (name, config) in variants() {
        let weights = RandomWeights::new(&config, 5);
        let start = |device, precision, cache_bytes| {
            let options = EngineOptions { device, cache_bytes, prefill_chunk: 16, ..options(precision) };
            Engine::start(config.clone(), &weights, options).unwrap()
        };
        let requests = requests(11, 32);
        let right = ask(&start(Device::Cpu, Precision::F32, 8 << 20), &requests);
        for (precision, tolerance) in [(Precision::F32, 1e-3), (Precision::F16, 3e-2), (Precision::Bf16, 0.3)]
        {
            let candle = start(Device::CandleCpu, precision, 1 << 20);
            // The second time, the cache knows the prefixes.
            for _ in 0..2 {
                let far =
                    right.iter().zip(ask(&candle, &requests)).map(|(right, found)| farthest(right, &found));
                let far = far.fold(0.0, f32::max);
                assert!(far < tolerance, "{name} in {precision}: {far}");
            }
        }
    }
}

/// The largest difference between the logits of two replies to one request.
fn farthest(a: &Reply, b: &Reply) -> f32 {
    let all = |reply: &Reply| -> Vec<f32> {
        reply.logits.iter().chain(reply.branches.iter().flatten()).flatten().copied().collect()
    };
    let (a, b) = (all(a), all(b));
    assert_eq!(a.len(), b.len());
    a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// A branch that takes the room kept for the longest may leave some of it, and another request may start there.
#[test]
fn a_cache_with_room_for_some_of_many_requests_serves_all() {
    let draw = |what: u32, below: u32| what.wrapping_mul(2_246_822_519).rotate_left(9) % below;
    let requests: Vec<Request> = (0..60)
        .map(|index| {
            let branches = (0..10).map(|branch| {
                let length = if branch % 2 == 0 { 1 } else { 30 + draw(index * 16 + branch, 10) as usize };
                let wanted = vec![Wanted { position: length - 1, tokens: TokenSet::Only(vec![3, 4]) }];
                Branch { tokens: tokens(length, index * 16 + branch), wanted }
            });
            let own = tokens(45 + draw(index * 16 + 10, 20) as usize, index);
            Request { branches: branches.collect(), tokens: own, wanted: Vec::new() }
        })
        .collect();
    let page = crate::cache::Pages::page_bytes(&tiny(), crate::model::Numbers::Int8);
    let weights = RandomWeights::new(&tiny(), 5);
    let start = |cache_bytes, batch_tokens| {
        let options = EngineOptions { cache_bytes, batch_tokens, ..options(Precision::Int8) };
        Engine::start(tiny(), &weights, options).unwrap()
    };
    let roomy = ask(&start(8 << 20, 512), &requests);
    for (pages, batch) in (10..50).flat_map(|pages| [(pages, 32), (pages, 128)]) {
        assert_eq!(
            ask(&start(pages * page, batch), &requests),
            roomy,
            "{pages} pages, {batch} tokens a pass"
        );
    }
}
