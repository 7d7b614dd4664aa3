//! What is planted in the users is found in the log: better policies earn more, satisfaction brings people back (and does
//! not where its influence is switched off), and a recommender that learns from its own clicks narrows what it shows.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use habitue_core::{ArmId, DAY, UserId, WindowRows};
use habitue_tests::{Mean, mean, play, rewards_by_user, scenario, scenario_file};

/// Users with one category each; a third of them share a favourite, so that what is popular suits some.
const PLANTED: &str = r#"
seed = 5
horizon = "9d"
window = "2h"

[catalogue]
generate = { items = 300, categories = 6 }

[[population]]
name = "users"
size = 150
personas = { interests = { min = 1, max = 1 }, categories = { category-0 = 5, category-1 = 2, category-2 = 2, category-3 = 2, category-4 = 2, category-5 = 2 } }
choice = { drift = { engaged = 0.0, rejected = 0.0 } }

[slate]
size = 5

[experiment]
design = "paired"

[[arm]]
name = "random"
policy = { kind = "random" }

[[arm]]
name = "popular"
policy = { kind = "popularity", exclude = "shown", explore = { kind = "epsilon", epsilon = 0.2 } }

[[arm]]
name = "factors"
policy = { kind = "bpr-mf", factors = 8, epochs = 40, retrain = "6h", exclude = "shown", explore = { kind = "epsilon", epsilon = 0.2 } }
"#;
const USERS: usize = 150;

/// Mean difference over users between two arms that have the same users.
fn difference(better: &[f64], than: &[f64]) -> Mean {
    mean(&better.iter().zip(than).map(|(better, than)| better - than).collect::<Vec<_>>())
}

#[test]
fn popularity_beats_chance_and_factors_beat_popularity() {
    let windows = play(&scenario(PLANTED, &[]));
    // Per turn, so that nobody wins by longer lives alone.
    let rewards = |arm: u16| -> Vec<f64> {
        let mut sums = vec![(0.0, 0.0); USERS];
        for turn in windows.iter().flat_map(|window| &window.turns).filter(|turn| turn.arm == ArmId(arm)) {
            sums[turn.user.index()].0 += f64::from(turn.reward);
            sums[turn.user.index()].1 += 1.0;
        }
        sums.iter().map(|(reward, turns): &(f64, f64)| reward / turns.max(1.0)).collect()
    };
    let [random, popular, factors] = [rewards(0), rewards(1), rewards(2)];
    let (over_random, over_popular) = (difference(&popular, &random), difference(&factors, &popular));
    assert!(over_random.low() > 0.0, "popularity over random: {over_random:?}");
    assert!(over_popular.low() > 0.0, "factors over popularity: {over_popular:?}");
    let total = |arm: u16| rewards_by_user(&windows, ArmId(arm), USERS);
    let in_all = difference(&total(2), &total(0));
    assert!(in_all.low() > 0.0, "factors over random, whole life: {in_all:?}");
}

/// Good and bad items of the same category; one arm shows the good ones, one the bad ones.
fn quality(satisfaction_weight: f64, boredom: f64) -> Vec<WindowRows> {
    let item = |kind: &str, at: usize, quality: f64| {
        format!(r#"{{"id": "{kind}-{at}", "title": "t", "categories": ["c"], "quality": {quality}}}"#)
    };
    let items: Vec<String> =
        (0..60).map(|at| item("good", at, 0.95)).chain((0..60).map(|at| item("bad", at, 0.05))).collect();
    let keys = |kind: &str| (0..60).map(|at| format!("\"{kind}-{at}\"")).collect::<Vec<_>>().join(", ");
    let text = format!(
        r#"
seed = 9
horizon = "16d"
window = "6h"
[catalogue]
file = "items.jsonl"
[[population]]
name = "users"
size = 500
personas = {{ interests = {{ min = 1, max = 1 }}, dislikes = {{ min = 0, max = 0 }} }}
choice = {{ satisfaction_weight = {satisfaction_weight:?}, leave = {{ boredom = {boredom:?} }}, return = {{ boredom = {boredom:?} }} }}
[slate]
size = 5
[experiment]
design = "paired"
[[arm]]
name = "good"
policy = {{ kind = "fixed", items = [{}], exclude = "shown" }}
[[arm]]
name = "bad"
policy = {{ kind = "fixed", items = [{}], exclude = "shown" }}
"#,
        keys("good"),
        keys("bad")
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("items.jsonl"), items.join("\n")).unwrap();
    let file = folder.path().join("quality.toml");
    fs::write(&file, text).unwrap();
    play(&scenario_file(&file))
}

/// By user: 1 if a session began on the seventh day after the first arrival, else 0.
fn back_on_day_7(windows: &[WindowRows], arm: u16) -> Vec<f64> {
    let mut first = vec![None; 500];
    let mut back = vec![0.0; 500];
    let turns = windows.iter().flat_map(|window| &window.turns);
    for turn in turns.filter(|turn| turn.arm == ArmId(arm) && turn.turn == 0) {
        let UserId(user) = turn.user;
        let begun = *first[user as usize].get_or_insert(turn.time);
        if (turn.time - begun).0 / DAY == 7 {
            back[user as usize] = 1.0;
        }
    }
    back
}

#[test]
fn satisfaction_brings_people_back_unless_it_is_switched_off() {
    let effect = |windows: &[WindowRows]| difference(&back_on_day_7(windows, 0), &back_on_day_7(windows, 1));
    let on = effect(&quality(1.0, 0.0));
    let off = effect(&quality(0.0, 0.0));
    assert!(on.low() > 0.05, "with satisfaction: {on:?}");
    assert!(off.low() <= 0.0 && off.high() >= 0.0 && off.value.abs() < 0.05, "without: {off:?}");
}

/// Mean over users of the entropy (nats) of the categories shown to them, by day.
fn entropies(windows: &[WindowRows], category: &[usize], arm: u16, days: usize) -> Vec<Vec<f64>> {
    let mut counts = vec![vec![[0.0_f64; 6]; USERS]; days];
    for turn in windows.iter().flat_map(|window| &window.turns).filter(|turn| turn.arm == ArmId(arm)) {
        let day = (turn.time.0 / DAY) as usize;
        for shown in &turn.impressions {
            counts[day][turn.user.index()][category[shown.item.index()]] += 1.0;
        }
    }
    let entropy = |counts: &[f64; 6]| {
        let total: f64 = counts.iter().sum();
        let shares = counts.iter().map(|count| count / total).filter(|share| *share > 0.0);
        shares.map(|share| -share * share.ln()).sum::<f64>()
    };
    let of_day = |users: &Vec<[f64; 6]>| {
        users.iter().filter(|counts| counts.iter().sum::<f64>() > 0.0).map(entropy).collect()
    };
    counts.iter().map(of_day).collect()
}

#[test]
fn factors_that_learn_from_their_own_clicks_narrow_what_is_shown() {
    let text = PLANTED.split("[[arm]]").next().unwrap().to_owned()
        + r#"
[[arm]]
name = "retrained"
policy = { kind = "bpr-mf", factors = 8, epochs = 40, retrain = "12h", exclude = "none", explore = { kind = "plackett-luce", temperature = 0.5 } }

[[arm]]
name = "never"
policy = { kind = "bpr-mf", factors = 8, epochs = 40, retrain = "never", exclude = "none", explore = { kind = "plackett-luce", temperature = 0.5 } }
"#;
    let scenario = scenario(&text, &[]);
    let simulation = habitue_run::simulation(&scenario).unwrap();
    let category: Vec<usize> =
        simulation.catalogue().items().iter().map(|item| item.categories[0].index()).collect();
    let windows = play(&scenario);
    let fall = |arm| {
        let days = entropies(&windows, &category, arm, 9);
        (mean(&days[0]), mean(&days[7]))
    };
    let (first, last) = fall(0);
    assert!(last.high() < first.low(), "retrained: {first:?}, then {last:?}");
    let (first, last) = fall(1);
    assert!(last.value > first.value - 0.05, "never retrained: {first:?}, then {last:?}");
}
