use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use habitue_core::{ActionScale, Catalogue, Item, ItemStats, PastInteraction, SimTime};
use habitue_llm::OpenModels;

use super::*;

struct Town {
    catalogue: Catalogue,
    available: Vec<ItemId>,
    stats: ItemStats,
    scale: ActionScale,
    past: Vec<PastInteraction>,
    held_out: Vec<HeldOut>,
}

/// One user with a past of items 0 to 9 and items 10 to 19 held out, of which the even ones are liked; 40 items.
fn town() -> Town {
    let mut catalogue = Catalogue::new();
    let category = catalogue.category("films");
    for n in 0..40 {
        catalogue.push(Item { key: format!("f{n}"), categories: vec![category], ..Item::default() }).unwrap();
    }
    let rating = |item: u32| Some(if item.is_multiple_of(2) { 4.0 } else { 3.0 });
    let past = |item| PastInteraction { item: ItemId(item), time: SimTime(-1), rating: rating(item) };
    let held = (10..20).map(|item| (ItemId(item), rating(item))).collect();
    Town {
        available: (0..40).map(ItemId).collect(),
        catalogue,
        stats: ItemStats::default(),
        scale: ActionScale::new(&["skip", "watch"], "watch").unwrap(),
        past: (0..10).map(past).collect(),
        held_out: vec![HeldOut { user: UserId(0), items: held }],
    }
}

impl Town {
    fn world(&self) -> World<'_> {
        let Self { catalogue, available, stats, scale, .. } = self;
        World { catalogue, available, stats, scale, now: SimTime::ZERO }
    }

    fn policy(&self, config: &DiscriminateConfig) -> Result<Discriminate, String> {
        let history = [(UserId(0), self.past.as_slice()), (UserId(1), &[])];
        let setting = Setting {
            name: "tested",
            world: self.world(),
            slate_size: 12,
            streams: Streams::new(0),
            folder: Path::new("."),
            history: &history,
            model: None,
            open: &OpenModels::default(),
            held_out: &self.held_out,
        };
        Discriminate::new(config, &setting)
    }

    fn slate(&self, config: &DiscriminateConfig, (user, session): (u32, u32), seed: u64) -> Slate {
        let history = VecDeque::new();
        let request = request(&history, user, session);
        let policy = self.policy(config).unwrap();
        policy.recommend(&self.world(), &[request], Streams::new(seed)).unwrap().remove(0)
    }
}

fn request(history: &VecDeque<habitue_core::HistoryEntry>, user: u32, session: u32) -> Request<'_> {
    let (user, time) = (UserId(user), SimTime::ZERO);
    Request { user, session, turn: 0, time, size: 12, history, shown: &[], text: None, said: &[] }
}

fn config(m: u32) -> DiscriminateConfig {
    DiscriminateConfig { m, list: 12, ..DiscriminateConfig::default() }
}

fn items(slate: &Slate) -> BTreeSet<u32> {
    slate.items.iter().map(|shown| shown.item.0).collect()
}

#[test]
fn liked_items_that_are_held_out_stand_among_items_never_touched() {
    let town = town();
    for (m, liked, others) in [(1, 5, 5), (2, 4, 8), (3, 3, 9), (9, 1, 11)] {
        for seed in 0..20 {
            let shown = items(&town.slate(&config(m), (0, 0), seed));
            assert_eq!(shown.iter().filter(|item| **item >= 20).count(), others, "{m}");
            let right: Vec<u32> = shown.into_iter().filter(|item| *item < 20).collect();
            assert_eq!(right.len(), liked);
            assert!(right.iter().all(|item| *item >= 10 && item.is_multiple_of(2)), "{right:?}");
        }
    }
    let from = DiscriminateFrom::HeldIn;
    let shown = items(&town.slate(&DiscriminateConfig { from, ..config(3) }, (0, 0), 1));
    assert_eq!(shown.iter().filter(|item| **item < 10 && item.is_multiple_of(2)).count(), 3);
    assert!(shown.iter().all(|item| !(10..20).contains(item)), "held-out items are never others: {shown:?}");
}

#[test]
fn lists_of_different_proportions_share_their_items() {
    let town = town();
    let (more, fewer) = (town.slate(&config(3), (0, 0), 5), town.slate(&config(9), (0, 0), 5));
    let (more, fewer) = (items(&more), items(&fewer));
    assert!(fewer.iter().filter(|item| **item < 20).all(|item| more.contains(item)));
    assert!(more.iter().filter(|item| **item >= 20).all(|item| fewer.contains(item)));
}

#[test]
fn there_is_one_list_and_none_for_those_of_whom_nothing_is_known() {
    let town = town();
    for who in [(0, 1), (1, 0), (7, 0)] {
        assert_eq!(town.slate(&config(1), who, 1), Slate::default());
    }
}

#[test]
fn propensities_are_those_of_the_draw() {
    let town = town();
    let small = DiscriminateConfig { m: 1, list: 2, ..DiscriminateConfig::default() };
    // A liked item of 5 and another of 20, either first: 200 lists, all alike.
    let mut counts: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    let draws = 20_000;
    for seed in 0..draws {
        let slate = town.slate(&small, (0, 0), seed);
        assert!((slate.log_propensity.exp() - 1.0 / 200.0).abs() < 1e-12);
        *counts.entry(slate.items.iter().map(|shown| shown.item.0).collect()).or_default() += 1;
    }
    assert_eq!(counts.len(), 200);
    let expected = draws as f64 / 200.0;
    let chi: f64 = counts.values().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    // 199 degrees of freedom: five standard deviations of sqrt(2 * 199) above the mean.
    assert!(chi < 199.0 + 5.0 * 20.0, "{chi}");

    let policy = town.policy(&config(2)).unwrap();
    let (history, world) = (VecDeque::new(), town.world());
    let slate = town.slate(&config(2), (0, 0), 3);
    let mut shown: Vec<ItemId> = slate.items.iter().map(|shown| shown.item).collect();
    let logs = policy.log_propensity(&world, &request(&history, 0, 0), &shown).unwrap();
    assert!((logs.iter().sum::<f64>() - slate.log_propensity).abs() < 1e-9);
    shown[4] = ItemId(3);
    let logs = policy.log_propensity(&world, &request(&history, 0, 0), &shown).unwrap();
    assert!(logs[3].is_finite() && logs[4..].iter().all(|log| *log == f64::NEG_INFINITY));
}

#[test]
fn what_it_cannot_do_is_said() {
    let mut town = town();
    let long = DiscriminateConfig { list: 13, ..config(1) };
    assert_eq!(town.policy(&long).err().unwrap(), "list is 13, expected at most the slate's size, 12");
    town.held_out.clear();
    assert!(town.policy(&config(1)).err().unwrap().contains("held_out = 0.2"));
}
