//! Time of one turn of a choice user: slate 10, six actions, ten categories, 10,000 items.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use habitue_core::scenario::choice::{CascadeConfig, ChoiceConfig, ExaminationConfig};
use habitue_core::scenario::persona::PersonaSpec;
use habitue_core::{
    ActionScale, Catalogue, CategoryId, Encounter, Item, ItemId, ItemStats, Persona, Purpose, SimTime, Slate,
    Streams, UserId, UserModel, UserState, World,
};
use habitue_users::{ChoiceUsers, personas};
use rand::RngExt;

const ITEMS: u32 = 10_000;
const USERS: u32 = 10_000;
const BATCH: usize = 64;
const STREAMS: Streams = Streams::new(1);

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new();
    let categories: Vec<CategoryId> = (0..10).map(|n| catalogue.category(&format!("c{n}"))).collect();
    for n in 0..ITEMS {
        let mut stream = STREAMS.stream(Purpose::Catalogue, u64::from(n), 0);
        let item = Item {
            key: format!("i{n}"),
            title: format!("item {n}"),
            categories: vec![categories[stream.random_range(0..10)]],
            quality: stream.random(),
            duration_seconds: stream.random_range(5.0..60.0),
            ..Item::default()
        };
        catalogue.push(item).expect("keys differ");
    }
    catalogue
}

fn slates() -> Vec<Slate> {
    let mut stream = STREAMS.stream(Purpose::Exploration, 0, 0);
    let slate =
        |_| Slate::certain((0..10).map(|_| ItemId(stream.random_range(0..ITEMS))).collect::<Vec<_>>());
    (0..USERS).map(slate).collect()
}

struct Crowd {
    personas: Vec<Persona>,
    states: Vec<UserState>,
    slates: Vec<Slate>,
}

/// One turn of each of the users from `first` on.
fn turns(
    model: &ChoiceUsers,
    world: &World<'_>,
    crowd: &mut Crowd,
    first: usize,
    turn: u32,
    distributions: bool,
) {
    let range = first..first + BATCH;
    let mut encounters: Vec<Encounter<'_>> = crowd.states[range.clone()]
        .iter_mut()
        .zip(range)
        .map(|(state, n)| Encounter {
            user: UserId(n as u32),
            persona: &crowd.personas[n],
            state,
            session: 0,
            turn,
            time: SimTime::ZERO,
            slate: &crowd.slates[(n * 31 + turn as usize) % crowd.slates.len()],
            friends: &[],
            rate: false,
            distributions,
        })
        .collect();
    let _ = black_box(model.decide(world, &mut encounters, STREAMS));
}

fn decide(criterion: &mut Criterion) {
    let catalogue = catalogue();
    let personas = personas::generate(&PersonaSpec::default(), "p", USERS, 0, &catalogue, STREAMS)
        .expect("the default specification fits any catalogue");
    let scale = ActionScale::new(&["skip", "view", "click", "like", "share", "follow"], "click")
        .expect("the scale is valid");
    let available: Vec<ItemId> = (0..ITEMS).map(ItemId).collect();
    let mut stats = ItemStats::default();
    stats.seed(available.iter().map(|item| (*item, None)));
    let world = World {
        catalogue: &catalogue,
        available: &available,
        stats: &stats,
        scale: &scale,
        now: SimTime::ZERO,
    };
    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(BATCH as u64));
    let cascade = ExaminationConfig::Cascade(CascadeConfig::default());
    for (name, examination, distributions) in [
        ("position-based", ExaminationConfig::default(), false),
        ("cascade", cascade, false),
        ("position-based, with distributions", ExaminationConfig::default(), true),
    ] {
        let model = ChoiceUsers::new(ChoiceConfig { examination, ..ChoiceConfig::default() });
        let states = (0u32..)
            .zip(&personas)
            .map(|(n, persona)| model.admit(&world, UserId(n), persona, STREAMS).0)
            .collect();
        let mut crowd = Crowd { personas: personas.clone(), states, slates: slates() };
        // Memories are full after the first turns.
        for turn in 0..8 {
            for first in (0..USERS as usize - BATCH).step_by(BATCH) {
                turns(&model, &world, &mut crowd, first, turn, false);
            }
        }
        let mut at = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                at = (at + BATCH) % (USERS as usize - BATCH);
                turns(&model, &world, &mut crowd, at, 8 + at as u32, distributions);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decide);
criterion_main!(benches);
