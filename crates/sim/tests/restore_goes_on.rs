//! A run restored from a snapshot goes on exactly as the one the snapshot was taken of.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod town;

use habitue_core::scenario::{Design, InterventionKind, Window};
use habitue_core::{DAY, HOUR, SimDuration, SimTime, WindowRows};
use habitue_sim::{SimError, Simulation};
use proptest::prelude::*;
use town::{HOURLY, Town, counting, item, joined, random, rest, spec};

/// Something of everything is done to this town.
fn eventful(window: Window) -> Town {
    let post = InterventionKind::CreatorPost { creator: "studio-1".into(), item: Box::new(item("p", "c9")) };
    let mut late = item("late", "c1");
    late.published = Some(habitue_core::scenario::Span(SimDuration(DAY + 20 * HOUR)));
    let edit = |users: Vec<String>, category: &str| InterventionKind::EditPersona {
        users,
        interests: vec![(category.into(), 0.7), ("c0".into(), 0.1)],
    };
    Town::new(window)
        .horizon(2 * DAY + 7 * HOUR)
        .at(5 * HOUR, edit(vec!["u3".into(), "u8".into()], "c1"))
        .at(9 * HOUR, InterventionKind::AddItems(vec![item("a", "c2"), late]))
        .at(13 * HOUR, InterventionKind::Outage { duration: SimDuration(3 * HOUR), arm: None })
        .at(20 * HOUR, InterventionKind::RemoveItems(vec!["v0".into(), "v19".into()]))
        .at(26 * HOUR, post)
        .at(28 * HOUR, edit(Vec::new(), "c9"))
        .at(33 * HOUR, InterventionKind::SwapPolicy { arm: "one".into(), policy: Box::new(spec(random())) })
        .at(35 * HOUR, InterventionKind::NeedShock { category: "c3".into(), share: 0.4 })
}

/// Plays the town, restoring it after every so many windows.
fn interrupted(town: &Town, every: usize) -> Vec<WindowRows> {
    let mut simulation = town.start();
    let mut windows = Vec::new();
    loop {
        if windows.len() % every == 0 {
            let snapshot = simulation.snapshot().unwrap();
            let restored = town.restore(&simulation, &snapshot).unwrap();
            assert_eq!(restored.snapshot().unwrap(), snapshot);
            assert_eq!(restored.personas(), simulation.personas());
            assert_eq!(restored.policy_updates(), simulation.policy_updates());
            assert_eq!(restored.now(), simulation.now());
            simulation = restored;
        }
        match simulation.advance().unwrap() {
            Some(rows) => windows.push(rows),
            None => return windows,
        }
    }
}

#[test]
fn a_run_restored_after_every_window_is_the_same() {
    for design in [Design::Split, Design::Paired] {
        let town = eventful(HOURLY).arms(design, counting(), random());
        let uncut = town.run();
        assert_eq!(joined(&uncut).interventions.len(), 8);
        assert!(joined(&uncut).messages.len() > 50);
        assert!(uncut == interrupted(&town, 1), "{design:?}");
    }
}

#[test]
fn a_run_of_single_turns_restored_now_and_then_is_the_same() {
    for design in [Design::Split, Design::Paired] {
        let mut town = eventful(Window::Turn).arms(design, counting(), random());
        town.users = 12;
        let uncut = town.run();
        assert!(uncut.len() > 200);
        assert!(uncut == interrupted(&town, 7), "{design:?}");
    }
}

#[test]
fn a_finished_run_stays_finished() {
    let town = eventful(HOURLY);
    let mut simulation = town.start();
    rest(&mut simulation);
    assert_eq!(simulation.now(), SimTime(2 * DAY + 7 * HOUR));
    let mut restored = town.restore(&simulation, &simulation.snapshot().unwrap()).unwrap();
    assert_eq!(restored.advance().unwrap(), None);
    assert_eq!(simulation.advance().unwrap(), None);
}

#[test]
fn another_future_leaves_the_past_alone() {
    let town = eventful(HOURLY);
    let mut simulation = town.start();
    while simulation.now() < SimTime(27 * HOUR) {
        simulation.advance().unwrap();
    }
    let snapshot = simulation.snapshot().unwrap();
    let mut calm = town.clone();
    calm.scenario.interventions.truncate(5);
    let mut other = calm.restore(&simulation, &snapshot).unwrap();
    assert!(calm.run()[27..] == rest(&mut other), "the future without the later interventions");
    assert!(town.run()[27..] == rest(&mut simulation), "the future with them");
}

/// What restoring says to the simulation's own snapshot after `change` was made to the bytes or the town.
fn refused(change: impl Fn(&mut Vec<u8>, &mut Town)) -> String {
    let mut town = eventful(HOURLY);
    let mut simulation = town.start();
    while simulation.now() < SimTime(21 * HOUR) {
        simulation.advance().unwrap();
    }
    let mut snapshot = simulation.snapshot().unwrap();
    change(&mut snapshot, &mut town);
    town.restore(&simulation, &snapshot).err().expect("a refusal").to_string()
}

#[test]
fn what_cannot_be_restored_is_said() {
    type Change = fn(&mut Vec<u8>, &mut Town);
    let changes: [Change; 19] = [
        |bytes, _| bytes.clear(),
        |bytes, _| bytes.truncate(15),
        |bytes, _| bytes.truncate(40),
        |bytes, _| bytes.truncate(bytes.len() - 1),
        |bytes, _| bytes[0] ^= 1,
        |bytes, _| bytes[12] += 1,
        |bytes, _| bytes[500] ^= 4,
        |_, town| town.scenario.seed = 8,
        |_, town| town.scenario.horizon = SimDuration(9 * DAY),
        |_, town| town.scenario.window = town::DAILY,
        |_, town| town.scenario.design = Design::Paired,
        |_, town| town.scenario.arms[0].name = "two".into(),
        |_, town| town.users -= 1,
        |_, town| town.friends = 1,
        |_, town| town.scenario.slate.size = 5,
        |_, town| town.scenario.interventions[1].at = SimTime(10 * HOUR),
        |_, town| town.scenario.interventions.truncate(3),
        |_, town| *town = town.clone().at(20 * HOUR, InterventionKind::RemoveItems(vec!["v1".into()])),
        |_, town| town.scenario.interventions[6].kind = InterventionKind::RemoveItems(vec!["v77".into()]),
    ];
    let said: Vec<String> = changes.iter().map(refused).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_catalogue_without_the_items_that_joined_is_refused() {
    let town = eventful(HOURLY);
    let mut simulation = town.start();
    rest(&mut simulation);
    let snapshot = simulation.snapshot().unwrap();
    let error = town.restore(&town.start(), &snapshot).err().expect("a refusal");
    insta::assert_snapshot!(error);
    assert!(matches!(error, SimError::Snapshot(_)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_town_goes_on_from_any_window(
        seed in any::<u64>(),
        users in 1usize..25,
        friends in 0usize..4,
        slate in 1usize..6,
        max_turns in 1u32..8,
        window in prop_oneof![Just(None), (HOUR / 3..30 * HOUR).prop_map(Some)],
        design in prop_oneof![Just(Design::Split), Just(Design::Paired)],
        keep in any::<u8>(),
        every in 1usize..9,
        batch in 1usize..20,
    ) {
        let window = window.map_or(Window::Turn, |length| Window::Every(SimDuration(length)));
        let mut town = eventful(window).arms(design, counting(), counting());
        (town.users, town.friends, town.batch, town.scenario.seed) = (users, friends, batch, seed);
        (town.scenario.slate.size, town.scenario.slate.max_turns) = (slate, max_turns);
        let mut position = 0;
        town.scenario.interventions.retain(|intervention| {
            position += 1;
            // Users may be fewer than the edit names, and no window may begin after the intervention.
            let known = users > 8 || intervention.kind.name() != "edit-persona";
            let begins = match window {
                Window::Turn => intervention.at.0,
                Window::Every(SimDuration(length)) => (intervention.at.0 + length - 1) / length * length,
            };
            keep >> (position - 1) & 1 == 1 && known && begins < 2 * DAY + 7 * HOUR
        });
        // A category that joins with the post must not be wanted without it.
        let posts = town.scenario.interventions.iter().any(|intervention| intervention.kind.name() == "creator-post");
        town.scenario.interventions.retain(|intervention| match &intervention.kind {
            InterventionKind::EditPersona { interests, .. } => posts || interests[0].0 != "c9",
            _ => true,
        });
        let uncut = town.run();
        prop_assert!(uncut == interrupted(&town, every));
    }
}

/// The type is all there is to hold on to between windows.
#[test]
fn a_simulation_may_move_between_threads() {
    fn moves<T: Send>() {}
    moves::<Simulation>();
}
