//! Time of IPS, SNIPS and DR over a million rounds of ten actions. `ope_vs_obp.py` times the Open Bandit Pipeline on
//! the same arrays.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use habitue_eval::ope::{Feedback, FeedbackArrays, RewardModel, Target, dr, ips, snips};

const ROUNDS: u64 = 1_000_000;
const ACTIONS: u64 = 10;

/// What the Open Bandit Pipeline estimates from these arrays, as `ope_vs_obp.py` prints it.
const OBP: [f64; 3] = [0.5496997439084831, 0.5000510334555412, 0.500008483590086];

/// `SplitMix64` of a counter, as a number in [0, 1): easy to write the same in numpy.
fn uniform(counter: u64) -> f64 {
    let mut z = counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn arrays() -> (FeedbackArrays, Vec<f64>) {
    let column = |column: u64| (0..ROUNDS).map(move |round| uniform(column << 32 | round));
    let table = |first: u64| {
        (0..ROUNDS)
            .flat_map(move |round| (0..ACTIONS).map(move |action| uniform((first + action) << 32 | round)))
    };
    let mut target: Vec<f64> = table(100).map(|value| 0.1 + value).collect();
    for row in target.chunks_mut(ACTIONS as usize) {
        let sum: f64 = row.iter().sum();
        for value in row {
            *value /= sum;
        }
    }
    let arrays = FeedbackArrays {
        n_actions: ACTIONS as usize,
        actions: column(0).map(|value| (value * ACTIONS as f64) as u32).collect(),
        positions: vec![0; ROUNDS as usize],
        rewards: column(1).collect(),
        propensities: column(2).map(|value| 0.05 + 0.1 * value).collect(),
        target: Target::Distribution(target),
        users: (0..ROUNDS as u32).map(|round| round / 10).collect(),
    };
    (arrays, table(200).collect())
}

fn ope(criterion: &mut Criterion) {
    let (arrays, predictions) = arrays();
    let feedback = Feedback::new(arrays.clone()).expect("valid arrays");
    let doubly_robust = |feedback: &Feedback| {
        let model = RewardModel::new(feedback, &predictions).expect("a valid model");
        dr(feedback, &model).expect("an estimate")
    };
    let ours = [ips(&feedback), snips(&feedback).expect("an estimate"), doubly_robust(&feedback)];
    for (ours, theirs) in ours.iter().zip(OBP) {
        assert!((ours.value / theirs - 1.0).abs() < 1e-6, "{} against {theirs}", ours.value);
    }

    let mut group = criterion.benchmark_group("ope");
    group.throughput(Throughput::Elements(ROUNDS)).sample_size(20);
    group.bench_function("ips", |bencher| bencher.iter(|| ips(black_box(&feedback))));
    group.bench_function("snips", |bencher| bencher.iter(|| snips(black_box(&feedback))));
    group.bench_function("dr", |bencher| bencher.iter(|| doubly_robust(black_box(&feedback))));
    group.sample_size(10).bench_function("check", |bencher| {
        bencher.iter_batched(|| arrays.clone(), Feedback::new, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, ope);
criterion_main!(benches);
