//! Time of the slate estimators over a million slates of five positions. `ope_slates_vs_obp.py` times the Open Bandit
//! Pipeline on the same arrays.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use habitue_eval::ope::{
    Estimate, MarginalPropensities, SlateArrays, SlateFeedback, SlateRewardModel, cascade_dr,
    independent_ips, reward_interaction_ips, self_normalised_independent_ips,
    self_normalised_reward_interaction_ips, self_normalised_standard_ips, standard_ips,
};

const SLATES: u64 = 1_000_000;
const POSITIONS: u64 = 5;
const ITEMS: u64 = 10;

/// What the Open Bandit Pipeline estimates from these arrays, as `ope_slates_vs_obp.py` prints it.
const OBP: [f64; 7] = [
    5.137_973_877_665_61,
    2.500_126_986_471_076_7,
    2.888_402_455_456_595,
    2.500_291_822_125_265,
    3.930_199_204_232_393_7,
    2.500_121_279_860_868_7,
    3.403_372_467_200_867,
];

/// `SplitMix64` of a counter, as a number in [0, 1): easy to write the same in numpy.
fn uniform(counter: u64) -> f64 {
    let mut z = counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn column(column: u64, rows: u64) -> impl Iterator<Item = f64> {
    (0..rows).map(move |row| uniform(column << 32 | row))
}

/// A table of the slates' positions by items.
fn table(first: u64) -> Vec<f64> {
    let rows = 0..SLATES * POSITIONS;
    rows.flat_map(|row| (0..ITEMS).map(move |item| uniform((first + item) << 32 | row))).collect()
}

fn arrays() -> (SlateArrays, MarginalPropensities) {
    let positions = SLATES * POSITIONS;
    let probabilities = |index| column(index, positions).map(|value| 0.2 + 0.6 * value).collect();
    let arrays = SlateArrays {
        slate_size: POSITIONS as usize,
        rewards: column(0, positions).collect(),
        propensities: probabilities(1),
        target: probabilities(2),
        users: (0..SLATES as u32).map(|slate| slate / 10).collect(),
    };
    (arrays, MarginalPropensities { behaviour: probabilities(3), target: probabilities(4) })
}

/// The items shown, the target's distribution over all items, and the predictions for them.
fn model() -> (Vec<u32>, Vec<f64>, Vec<f64>) {
    let items = column(5, SLATES * POSITIONS).map(|value| (value * ITEMS as f64) as u32).collect();
    let mut distribution: Vec<f64> = table(100).into_iter().map(|value| 0.1 + value).collect();
    for row in distribution.chunks_mut(ITEMS as usize) {
        let sum: f64 = row.iter().sum();
        for value in row {
            *value /= sum;
        }
    }
    (items, distribution, table(200))
}

type Timed<'a> = Box<dyn Fn() -> Estimate + 'a>;

/// Each estimator from checked slates.
fn estimators<'a>(
    slates: &'a SlateFeedback,
    marginals: &'a MarginalPropensities,
    model: &'a (Vec<u32>, Vec<f64>, Vec<f64>),
) -> Vec<(&'static str, Timed<'a>)> {
    let expect = "an estimate";
    // The model is reduced to what the estimator reads in each call, as the Open Bandit Pipeline does.
    let doubly_robust = move || {
        let (items, distribution, predictions) = model;
        let model =
            SlateRewardModel::from_predictions(slates, ITEMS as usize, items, distribution, predictions);
        cascade_dr(slates, &model.expect("a valid model")).expect(expect)
    };
    vec![
        ("ips", Box::new(move || standard_ips(slates))),
        ("snips", Box::new(move || self_normalised_standard_ips(slates).expect(expect))),
        ("iips", Box::new(move || independent_ips(slates, marginals).expect(expect))),
        ("sniips", Box::new(move || self_normalised_independent_ips(slates, marginals).expect(expect))),
        ("rips", Box::new(move || reward_interaction_ips(slates))),
        ("snrips", Box::new(move || self_normalised_reward_interaction_ips(slates).expect(expect))),
        ("cascade-dr", Box::new(doubly_robust)),
    ]
}

fn slates(criterion: &mut Criterion) {
    let (arrays, marginals) = arrays();
    let model = model();
    let slates = SlateFeedback::new(arrays.clone()).expect("valid arrays");
    let mut group = criterion.benchmark_group("ope_slates");
    group.throughput(Throughput::Elements(SLATES)).sample_size(20);
    for ((name, estimator), theirs) in estimators(&slates, &marginals, &model).into_iter().zip(OBP) {
        let value = estimator().value;
        assert!((value / theirs - 1.0).abs() < 1e-6, "{name}: {value} against {theirs}");
        group.bench_function(name, |bencher| bencher.iter(|| black_box(estimator())));
    }
    group.sample_size(10).bench_function("check", |bencher| {
        bencher.iter_batched(|| arrays.clone(), SlateFeedback::new, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, slates);
criterion_main!(benches);
