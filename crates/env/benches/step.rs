//! Steps a second of a batch of environments with `choice` users: 10,000 items, slates of ten.
#![allow(missing_docs)]

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use habitue_core::scenario::{MemorySources, Scenario, Typed, resolve};
use habitue_env::{Envs, Kind, Options};

const ITEMS: i64 = 10_000;
const SLATE: i64 = 10;

/// As in the Python module.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn scenario() -> Scenario {
    let text = format!(
        "name = \"bench\"\nseed = 1\nhorizon = \"30d\"\n\
         [catalogue]\ngenerate = {{ items = {ITEMS}, categories = 20, category_skew = 0.8 }}\n\
         [[population]]\nname = \"user\"\nsize = 1000\npersonas = {{}}\n\
         [slate]\nsize = {SLATE}\n\
         [[arm]]\nname = \"none\"\npolicy = {{ kind = \"random\" }}\n"
    );
    let file = Path::new("/bench.toml");
    let typed = Typed { file, sets: &[], seed: None, data: None };
    resolve(&typed, &MemorySources::new().with(file, text)).expect("a scenario")
}

fn step(criterion: &mut Criterion) {
    let scenario = scenario();
    for kind in [Kind::Slate, Kind::Retention] {
        let mut group =
            criterion.benchmark_group(format!("{kind} step, {} threads", rayon::current_num_threads()));
        for count in [1usize, 256] {
            let mut envs = Envs::open(&scenario, Options::new(kind), count).expect("environments");
            let (mut seen, mut came) = (envs.shape().observations(), envs.shape().outcomes(true, false));
            envs.reset(None, None, None, came.columns(), seen.columns()).expect("a reset");
            let mut slates = vec![0; count * SLATE as usize];
            let mut first = 0;
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function(format!("{count} environments"), |bencher| {
                bencher.iter(|| {
                    for (at, item) in slates.iter_mut().enumerate() {
                        *item = (first + at as i64) % ITEMS;
                    }
                    first = (first + 7) % ITEMS;
                    envs.step(&slates, came.columns(), seen.columns(), None).expect("a step");
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, step);
criterion_main!(benches);
