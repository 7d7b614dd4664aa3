//! Time per slate of 10 from 10,000 items, in batches of 64 requests.
#![allow(missing_docs)]

use std::collections::VecDeque;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use habitue_core::{
    Action, ActionScale, Catalogue, CategoryId, HistoryEntry, Item, ItemId, ItemStats, PastInteraction,
    Purpose, Request, SimTime, Streams, UserId, World,
};
use habitue_policies::{OpenModels, Setting, build};
use rand::RngExt;

const ITEMS: u32 = 10_000;
const USERS: u32 = 64;
const CATEGORIES: u16 = 20;
const PLACKETT_LUCE: &str = "explore = { kind = \"plackett-luce\", temperature = 1.0 }";

fn recommend(criterion: &mut Criterion) {
    let mut catalogue = Catalogue::new();
    (0..CATEGORIES).for_each(|category| {
        catalogue.category(&format!("c{category}"));
    });
    for item in 0..ITEMS {
        let categories = vec![CategoryId(item as u16 % CATEGORIES)];
        let item = Item { key: format!("v{item}"), categories, ..Item::default() };
        catalogue.push(item).expect("keys differ");
    }
    let available: Vec<ItemId> = (0..ITEMS).map(ItemId).collect();
    let (stats, scale) =
        (ItemStats::default(), ActionScale::new(&["skip", "click"], "click").expect("a scale"));
    let world = World {
        catalogue: &catalogue,
        available: &available,
        stats: &stats,
        scale: &scale,
        now: SimTime::ZERO,
    };
    let streams = Streams::new(1);
    let past: Vec<Vec<PastInteraction>> = (0..USERS)
        .map(|user| {
            let mut stream = streams.stream(Purpose::Persona, u64::from(user), 0);
            let item = |_| ItemId((stream.random::<f64>().powi(3) * f64::from(ITEMS)) as u32);
            (0..100).map(item).map(|item| PastInteraction { item, time: SimTime(-1), rating: None }).collect()
        })
        .collect();
    let history: Vec<(UserId, &[PastInteraction])> =
        past.iter().enumerate().map(|(user, past)| (UserId(user as u32), past.as_slice())).collect();
    let seen: VecDeque<HistoryEntry> = past[0][..20]
        .iter()
        .map(|past| HistoryEntry { item: past.item, action: Action(1), rating: 0, time: past.time })
        .collect();
    let shown: Vec<ItemId> = (0..20).map(ItemId).collect();
    let request = |user| Request {
        user: UserId(user),
        session: 0,
        turn: 2,
        time: SimTime::ZERO,
        size: 10,
        history: &seen,
        shown: &shown,
        text: None,
        said: &[],
    };
    let requests: Vec<Request<'_>> = (0..USERS).map(request).collect();

    let mut group = criterion.benchmark_group("slate of 10 from 10,000");
    group.throughput(Throughput::Elements(u64::from(USERS)));
    for (name, text) in [
        ("random", "kind = \"random\"".to_owned()),
        ("popularity", "kind = \"popularity\"".to_owned()),
        ("popularity, epsilon", "kind = \"popularity\"\nexplore = { kind = \"epsilon\" }".to_owned()),
        ("popularity, plackett-luce", format!("kind = \"popularity\"\n{PLACKETT_LUCE}")),
        ("thompson-bernoulli", "kind = \"thompson-bernoulli\"".to_owned()),
        ("item-knn", "kind = \"item-knn\"".to_owned()),
        ("bpr-mf", "kind = \"bpr-mf\"".to_owned()),
        ("bpr-mf, plackett-luce", format!("kind = \"bpr-mf\"\n{PLACKETT_LUCE}")),
        (
            "bpr-mf, plackett-luce top 200",
            "kind = \"bpr-mf\"\nexplore = { kind = \"plackett-luce\", top = 200 }".to_owned(),
        ),
        ("linucb", "kind = \"linucb\"".to_owned()),
        ("diag-linucb", "kind = \"diag-linucb\"".to_owned()),
        ("thompson-linear", "kind = \"thompson-linear\"".to_owned()),
    ] {
        let config = toml::from_str(&text).expect("a policy");
        let folder = Path::new(".");
        let setting = Setting {
            name,
            world,
            slate_size: 10,
            streams,
            folder,
            history: &history,
            model: None,
            open: &OpenModels::default(),
            held_out: &[],
        };
        let policy = build(&config, &setting).expect("a policy");
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(policy.recommend(&world, black_box(&requests), streams)));
        });
    }
    group.finish();
}

criterion_group!(benches, recommend);
criterion_main!(benches);
