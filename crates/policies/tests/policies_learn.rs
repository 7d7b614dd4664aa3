//! Policies find what was planted.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod town;

use habitue_core::{ItemId, PastInteraction, Policy, Purpose, SimTime, Turn, UserId};
use rand::RngExt;
use town::{Town, config};

const CATEGORIES: usize = 4;

/// Users with one taste each, unevenly spread: half of them like category 0, so that popularity favours it.
fn taste(user: UserId) -> usize {
    [0, 0, 0, 1, 2, 3][user.index() % 6]
}

fn likes(user: UserId, item: ItemId) -> bool {
    item.index() % CATEGORIES == taste(user)
}

/// 60 users who each have engaged with about half of the items of their taste, and with a few others.
fn planted() -> Town {
    let mut town = Town::new(80, CATEGORIES, 60, 5);
    for user in (0..60).map(UserId) {
        let mut stream = town.streams.stream(Purpose::Persona, u64::from(user.0), 0);
        for item in (0..80).map(ItemId) {
            let chance = if likes(user, item) { 0.5 } else { 0.03 };
            if stream.random::<f64>() < chance {
                town.history[user.index()].push(PastInteraction { item, time: SimTime(-1), rating: None });
            }
        }
    }
    town
}

/// Share of slate positions with an item of the user's taste that the user has not engaged with.
fn hits(town: &Town, policy: &dyn Policy) -> f64 {
    let slates = town.slates(policy, 5);
    let new = |user: UserId, item| !town.history[user.index()].iter().any(|past| past.item == item);
    let hit = |user: usize, item| likes(UserId(user as u32), item) && new(UserId(user as u32), item);
    let hits = slates.iter().enumerate().flat_map(|(user, slate)| {
        slate.items.iter().map(move |shown| f64::from(u8::from(hit(user, shown.item))))
    });
    hits.sum::<f64>() / (5.0 * slates.len() as f64)
}

/// The history as the requests carry it, so that `exclude = "consumed"` leaves what is new.
fn with_memory(mut town: Town) -> Town {
    let action = town.scale.find("like").unwrap();
    for (seen, past) in town.seen.iter_mut().zip(&town.history) {
        seen.extend(past.iter().map(|past| habitue_core::HistoryEntry {
            item: past.item,
            action,
            rating: 0,
            time: past.time,
        }));
    }
    town
}

#[test]
fn collaborative_filters_recover_planted_taste_better_than_popularity() {
    let town = with_memory(planted());
    let hits = |text: &str| hits(&town, town.build(&config(text)).unwrap().as_ref());
    let random = hits("kind = \"random\"\nexclude = \"consumed\"");
    let popularity = hits("kind = \"popularity\"\nexclude = \"consumed\"");
    let knn = hits("kind = \"item-knn\"\nexclude = \"consumed\"");
    let bpr = hits("kind = \"bpr-mf\"\nfactors = 8\nepochs = 60\nexclude = \"consumed\"");
    assert!(popularity > random + 0.1, "popularity {popularity}, random {random}");
    assert!(knn > popularity + 0.3, "item-knn {knn}, popularity {popularity}");
    assert!(bpr > popularity + 0.3, "bpr-mf {bpr}, popularity {popularity}");
}

#[test]
fn factors_learn_from_the_run_only_when_they_are_retrained() {
    for (retrain, learns) in [("2h", true), ("never", false)] {
        let mut town = Town::new(40, CATEGORIES, 60, 5);
        let text = format!(
            "kind = \"bpr-mf\"\nfactors = 8\nepochs = 60\nretrain = \"{retrain}\"\nexclude = \"none\"\nexplore = {{ kind = \"epsilon\", epsilon = 0.5 }}"
        );
        let mut policy = town.build(&config(&text)).unwrap();
        let share = |turns: &[Turn]| {
            let shown =
                turns.iter().flat_map(|turn| turn.impressions.iter().map(|shown| (turn.user, shown.item)));
            let liked: Vec<bool> = shown.map(|(user, item)| likes(user, item)).collect();
            liked.iter().filter(|liked| **liked).count() as f64 / liked.len() as f64
        };
        let clicks = |user, item| if likes(user, item) { 0.8 } else { 0.0 };
        let first = share(&town.live(policy.as_mut(), 5, clicks));
        for _ in 0..10 {
            town.live(policy.as_mut(), 5, clicks);
        }
        let last = share(&town.live(policy.as_mut(), 5, clicks));
        assert_eq!(policy.updates() > 0, learns);
        if learns {
            assert!(last > first + 0.2, "{last} after {first}");
        } else {
            assert!((last - first).abs() < 0.1, "{last} after {first}");
        }
    }
}

#[test]
fn popularity_forgets_with_its_half_life() {
    let mut town = Town::new(4, 1, 20, 1);
    let mut policy =
        town.build(&config("kind = \"popularity\"\nhalf_life = \"2h\"\nexclude = \"none\"")).unwrap();
    let mut forever = town.build(&config("kind = \"popularity\"\nexclude = \"none\"")).unwrap();
    // v0 is loved at first; then only v1 is, among what else is shown.
    let rounds = (0..12).map(|round| {
        let loved = ItemId(u32::from(round >= 3));
        let turns = town.live(policy.as_mut(), 4, |_, item| f64::from(u8::from(item == loved)));
        forever.observe(&town.world(), &turns).unwrap();
        forever.end_window(&town.world(), town.streams).unwrap();
        let first = |policy: &dyn Policy| town.slates(policy, 1)[0].items[0].item;
        (first(policy.as_ref()), first(forever.as_ref()))
    });
    let leaders: Vec<(ItemId, ItemId)> = rounds.collect();
    assert_eq!(leaders[2], (ItemId(0), ItemId(0)));
    assert_eq!(
        leaders[4],
        (ItemId(1), ItemId(0)),
        "two hours on, half the weight is gone, but not in a week's half-life"
    );
    assert_eq!(leaders[11], (ItemId(1), ItemId(1)));
}

/// Regret (best probability minus that of what was shown) in the first and the second half of a stationary bandit.
fn regret(text: &str, clicks: impl Fn(UserId, ItemId) -> f64) -> (f64, f64) {
    const WINDOWS: usize = 1_000;
    let mut town = Town::new(24, CATEGORIES, 12, 11);
    for user in (0..12).map(UserId) {
        let liked = (0..24).map(ItemId).find(|item| likes(user, *item)).unwrap();
        town.history[user.index()] = vec![PastInteraction { item: liked, time: SimTime(-1), rating: None }];
    }
    let mut policy = town.build(&config(text)).unwrap();
    let best = |user| (0..24).map(|item| clicks(user, ItemId(item))).fold(0.0, f64::max);
    let mut halves = (0.0, 0.0);
    for window in 0..WINDOWS {
        let turns = town.live(policy.as_mut(), 1, &clicks);
        let regret: f64 =
            turns.iter().map(|turn| best(turn.user) - clicks(turn.user, turn.impressions[0].item)).sum();
        if window < WINDOWS / 2 {
            halves.0 += regret;
        } else {
            halves.1 += regret;
        }
    }
    halves
}

#[test]
fn regret_of_bandits_grows_slower_than_linear() {
    let by_taste = |user, item: ItemId| {
        let quality = if item.index() < CATEGORIES { 0.2 } else { 0.0 };
        quality + if likes(user, item) { 0.5 } else { 0.1 }
    };
    let by_item = |_, item: ItemId| if item == ItemId(17) { 0.8 } else { 0.2 + 0.01 * item.index() as f64 };
    for kind in ["linucb", "diag-linucb", "thompson-linear"] {
        let (first, second) = regret(&format!("kind = \"{kind}\"\nexclude = \"none\""), by_taste);
        assert!(second < 0.7 * first, "{kind}: {second} after {first}");
    }
    let (first, second) = regret("kind = \"thompson-bernoulli\"\nexclude = \"none\"", by_item);
    assert!(second < 0.7 * first, "thompson-bernoulli: {second} after {first}");
    let (first, second) = regret("kind = \"random\"\nexclude = \"none\"", by_taste);
    assert!((second / first - 1.0).abs() < 0.1, "random: {second} after {first}");
}
