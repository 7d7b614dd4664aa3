//! Users say what they want: recommenders that listen are followed by better slates and longer sessions, and slates that
//! are good already bring no instruction.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;

use habitue_core::instruction::{Condition, Lexicon};
use habitue_core::{ArmId, Catalogue, ItemId, Move, Turn, WindowRows};
use habitue_tests::{Mean, mean, play, repository, scenario_file};

const ARMS: [&str; 3] = ["ignore", "keywords", "planner"];

/// The turns of an arm by user and session, in order.
fn sessions(windows: &[WindowRows], arm: usize) -> BTreeMap<(u32, u32), Vec<&Turn>> {
    let mut sessions: BTreeMap<_, Vec<&Turn>> = BTreeMap::new();
    for turn in windows.iter().flat_map(|window| &window.turns).filter(|turn| turn.arm == ArmId(arm as u16)) {
        sessions.entry((turn.user.0, turn.session)).or_default().push(turn);
    }
    sessions
}

fn slate(turn: &Turn) -> Vec<ItemId> {
    turn.impressions.iter().map(|shown| shown.item).collect()
}

/// Of each instruction that was answered: its class, and the share of the answer that fulfils it.
fn answers(sessions: &BTreeMap<(u32, u32), Vec<&Turn>>, catalogue: &Catalogue) -> Vec<(usize, u32, f64)> {
    let lexicon = Lexicon::new(catalogue);
    let mut answers = Vec::new();
    for ((user, _), turns) in sessions {
        for pair in turns.windows(2) {
            if let Move::Instruct(text) = &pair[0].next {
                let wishes = lexicon.read(text).wishes;
                let [wish] = wishes.as_slice() else { panic!("{text} reads {wishes:?}") };
                let share = wish.share(&slate(pair[1]), catalogue, &slate(pair[0]));
                answers.push((wish.condition.class(), *user, share));
            }
        }
    }
    answers
}

/// Mean over users of each user's mean.
fn by_user(values: impl Iterator<Item = (u32, f64)>) -> Mean {
    let mut users: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (user, value) in values {
        let sums = users.entry(user).or_default();
        sums.0 += value;
        sums.1 += 1.0;
    }
    mean(&users.values().map(|(sum, count)| sum / count).collect::<Vec<_>>())
}

#[test]
fn who_listens_gives_what_was_asked_for_and_keeps_users_longer() {
    let scenario = scenario_file(&repository().join("scenarios/instruct.toml"));
    let names: Vec<&str> = scenario.arms.iter().map(|arm| &*arm.name).collect();
    assert_eq!(names, ARMS);
    let simulation = habitue_run::simulation(&scenario).unwrap();
    let catalogue = simulation.catalogue().clone();
    let windows = play(&scenario);
    let (mut satisfied, mut lengths) = (Vec::new(), Vec::new());
    for arm in 0..ARMS.len() {
        let sessions = sessions(&windows, arm);
        let answers = answers(&sessions, &catalogue);
        let mut line = format!("{:9}", ARMS[arm]);
        for class in 0..6 {
            let of = by_user(answers.iter().filter(|a| a.0 == class).map(|a| (a.1, a.2)));
            line += &format!(" {} {:.3}", Condition::CLASSES[class], of.value);
        }
        satisfied.push(by_user(answers.iter().map(|(_, user, share)| (*user, *share))));
        lengths.push(by_user(sessions.iter().map(|((user, _), turns)| (*user, turns.len() as f64))));
        let said = sessions.values().flatten().filter(|turn| matches!(turn.next, Move::Instruct(_))).count();
        eprintln!(
            "{line} all {:?} length {:?} sessions {} said {said}",
            satisfied[arm],
            lengths[arm],
            sessions.len()
        );
    }
    for arm in 1..ARMS.len() {
        let (before, after) = (satisfied[arm - 1], satisfied[arm]);
        assert!(before.high() < after.low(), "{} {before:?}, {} {after:?}", ARMS[arm - 1], ARMS[arm]);
        assert!(lengths[arm].value >= lengths[arm - 1].value, "{lengths:?}");
    }
    assert!(lengths[0].high() < lengths[2].low(), "{lengths:?}");
}

/// Users who like cooking alone. One arm shows short cheap cooking, the other long expensive news.
#[test]
fn slates_that_are_good_already_bring_no_instruction() {
    let item = |kind: &str, at: usize, category: &str, seconds: u32, price: f64| {
        format!(
            r#"{{"id": "{kind}-{at}", "title": "t", "categories": ["{category}"], "quality": 0.5, "duration_seconds": {seconds}, "price": {price}}}"#
        )
    };
    let good = (0..60).map(|at| item("good", at, "cooking", 20, 1.5));
    let bad = (0..60).map(|at| item("bad", at, "news", 200, 9.0));
    let items: Vec<String> = good.chain(bad).collect();
    let text = r#"
seed = 3
horizon = "5d"
window = "6h"
[catalogue]
file = "items.jsonl"
[[population]]
name = "users"
size = 120
personas = { interests = { min = 1, max = 1 }, dislikes = { min = 0, max = 0 }, categories = { cooking = 1.0, news = 0.0 } }
choice = { instruct = { classes = ["less", "more", "only", "price-cap", "duration-cap"] } }
[slate]
size = 5
[experiment]
design = "paired"
[[arm]]
name = "good"
policy = { kind = "fixed", items = ["good-0", "good-1", "good-2", "good-3", "good-4"], exclude = "none" }
[[arm]]
name = "bad"
policy = { kind = "fixed", items = ["bad-0", "bad-1", "bad-2", "bad-3", "bad-4"], exclude = "none" }
"#;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("items.jsonl"), items.join("\n")).unwrap();
    let file = folder.path().join("good.toml");
    fs::write(&file, text).unwrap();
    let windows = play(&scenario_file(&file));
    let mut said: [BTreeMap<String, u32>; 2] = Default::default();
    let mut turns = [0_u32; 2];
    for turn in windows.iter().flat_map(|window| &window.turns) {
        turns[turn.arm.index()] += 1;
        if let Move::Instruct(text) = &turn.next {
            *said[turn.arm.index()].entry(text.clone()).or_default() += 1;
        }
    }
    assert!(turns[0] > 500 && turns[1] > 100, "{turns:?}");
    assert!(said[0].is_empty(), "false alarms: {:?}", said[0]);
    // Every class is asked for where it is missing: in three wordings, hard and soft.
    let instructions: u32 = said[1].values().sum();
    assert!(f64::from(instructions) > 0.3 * f64::from(turns[1]), "{instructions} in {turns:?}");
    assert_eq!(said[1].len(), 5 * 2 * 3, "{:?}", said[1]);
}
