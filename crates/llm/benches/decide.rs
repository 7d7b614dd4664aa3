//! Hot paths of the decision engine: `cargo bench -p habitue-llm`.
#![allow(missing_docs, reason = "criterion makes public functions")]

use std::cell::Cell;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use habitue_core::{Purpose, Streams};
use habitue_llm::{
    Device, EachMode, Engine, EngineOptions, LoadOptions, LocalBackend, Model, ModelConfig, ModelSource,
    Precision, Program, RandomWeights, Request, TokenSet, Wanted, decide,
};

/// Two layers of a model of 135 million parameters.
fn two_layers(device: Device, precision: Precision) -> Engine {
    let config = ModelConfig { layers: 2, sliding_window: vec![None; 2], ..ModelConfig::smol135() };
    let options = EngineOptions { device, precision, ..EngineOptions::default() };
    Engine::start(config.clone(), &RandomWeights::new(&config, 1), options).expect("an engine")
}

fn text(length: u32, seed: u32) -> Vec<u32> {
    (0..length).map(|k| (k * 7919 + seed * 104_729) % 49_152).collect()
}

fn last(tokens: Vec<u32>, wanted: TokenSet) -> Request {
    let wanted = vec![Wanted { position: tokens.len() - 1, tokens: wanted }];
    Request { tokens, wanted, branches: Vec::new() }
}

fn forward(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let together = |engine: &Engine, requests: Vec<Request>| {
        runtime.block_on(async {
            let send = |request| {
                tokio::spawn({
                    let engine = engine.clone();
                    async move { engine.submit(request).await }
                })
            };
            for reply in requests.into_iter().map(send).collect::<Vec<_>>() {
                reply.await.expect("no panic").expect("a reply");
            }
        });
    };
    let mut group = criterion.benchmark_group("forward/two-layers");
    for (name, device, precision) in [
        ("int8", Device::Cpu, Precision::Int8),
        ("f32", Device::Cpu, Precision::F32),
        ("f32-by-candle", Device::CandleCpu, Precision::F32),
    ] {
        let engine = two_layers(device, precision);
        // Every prompt is new, or it would be read from the cache.
        let seed = Cell::new(1);
        let next = || seed.replace(seed.get() + 1);
        group.throughput(Throughput::Elements(512));
        group.bench_function(format!("{name}/prefill-512"), |bencher| {
            bencher.iter(|| together(&engine, vec![last(text(512, next()), TokenSet::Only(vec![1, 2, 3]))]));
        });
        group.throughput(Throughput::Elements(32));
        group.bench_function(format!("{name}/decode-32"), |bencher| {
            let prompts: Vec<Vec<u32>> = (0..32).map(|_| text(128, next())).collect();
            together(&engine, prompts.iter().map(|prompt| last(prompt.clone(), TokenSet::All)).collect());
            bencher.iter(|| {
                let token = next() % 49_152;
                let step = |prompt: &Vec<u32>| last([&prompt[..], &[token]].concat(), TokenSet::All);
                together(&engine, prompts.iter().map(step).collect());
            });
        });
    }
}

/// A page of ten items decided by a model of four thousand parameters: what is left is the engine itself.
fn overhead(criterion: &mut Criterion) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/qwen3");
    let source = ModelSource::parse(folder).expect("a folder");
    let files = Model::open(&source, &LoadOptions::default()).expect("a model");
    let options = EngineOptions { threads: 1, ..EngineOptions::default() };
    let engine = Engine::start(files.config.clone(), files.weights.as_ref(), options).expect("an engine");
    let backend: Arc<LocalBackend> =
        LocalBackend::new(Arc::new(engine), &files, serde_json::Map::new()).expect("a backend").into();
    let mut program = Program::new();
    program.text("Ada likes quiet films.");
    let items = (0..10).map(|item| format!("\n{item}: "));
    program.pick_each("action", items, ["skip", "view", "like"], EachMode::Independent);
    let program = Arc::new(program);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut group = criterion.benchmark_group("decide/ten-items");
    for together in [1_u64, 64] {
        group.throughput(Throughput::Elements(together));
        group.bench_function(format!("{together}-at-once"), |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    let one = |user| {
                        let (backend, program) = (Arc::clone(&backend), Arc::clone(&program));
                        tokio::spawn(async move {
                            let mut stream = Streams::new(7).stream(Purpose::Decision, user, 0);
                            decide(backend.as_ref(), &program, &mut stream).await
                        })
                    };
                    for answer in (0..together).map(one).collect::<Vec<_>>() {
                        answer.await.expect("no panic").expect("an answer");
                    }
                });
            });
        });
    }
}

criterion_group!(benches, forward, overhead);
criterion_main!(benches);
