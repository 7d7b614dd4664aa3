//! With `window = "turn"`, turns are played strictly one after the other, and everybody learns from each.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod town;

use habitue_core::scenario::{Design, InterventionKind, Window};
use habitue_core::{DAY, EndReason, HOUR, ItemStats, SimDuration, SimTime};
use town::{Town, counting, item, joined, random};

fn small() -> Town {
    let mut town = Town::new(Window::Turn).horizon(DAY + 3 * HOUR);
    town.users = 20;
    town
}

#[test]
fn a_window_is_one_turn_and_turns_are_in_order_of_time_user_and_arm() {
    for design in [Design::Split, Design::Paired] {
        let windows = small().arms(design, counting(), counting()).run();
        let (last, turns) = windows.split_last().unwrap();
        assert!(turns.iter().all(|rows| rows.turns.len() == 1));
        let key = |at: usize| {
            let turn = &turns[at].turns[0];
            (turn.time, turn.user, turn.arm)
        };
        assert!((1..turns.len()).all(|at| key(at - 1) < key(at)), "{design:?}");
        assert!(turns.len() > 100);
        let overlapping = (1..turns.len()).any(|at| {
            let before = &turns[at - 1].turns[0];
            let after = &turns[at].turns[0];
            before.user != after.user && before.time + before.elapsed > after.time
        });
        assert!(overlapping, "sessions are played side by side");
        assert!(last.turns.is_empty());
        assert!(last.sessions.iter().all(|session| session.reason == EndReason::Horizon));
    }
}

#[test]
fn policies_and_users_know_every_turn_before() {
    let town = small();
    let mut simulation = town.start();
    let mut clicks = vec![0u32; town.items];
    for past in town.parts().personas.iter().flat_map(|persona| &persona.history) {
        clicks[past.item.index()] += 1;
    }
    let mut changes = 0;
    let mut last_best = None;
    while let Some(rows) = simulation.advance().unwrap() {
        let Some(turn) = rows.turns.first() else { break };
        // The counter shows the items clicked most that this session has not seen; at a first turn, of all available.
        if turn.turn == 0 {
            let mut best: Vec<u32> = (0..town.items as u32).collect();
            best.retain(|item| town.catalogue().items()[*item as usize].published <= turn.time);
            best.sort_by_key(|item| (std::cmp::Reverse(clicks[*item as usize]), *item));
            let shown: Vec<u32> = turn.impressions[..3].iter().map(|impression| impression.item.0).collect();
            assert_eq!(shown, best[..3], "{}", turn.time);
            changes += usize::from(last_best.replace(shown.clone()) != Some(shown));
        }
        for impression in &turn.impressions {
            clicks[impression.item.index()] +=
                u32::from(town.scenario.slate.scale.is_engaged(impression.action));
        }
    }
    assert!(changes > 3, "{changes}");
}

#[test]
fn every_turn_ends_a_window_for_the_policies_of_its_world() {
    for (design, both) in [(Design::Split, true), (Design::Paired, false)] {
        let mut simulation = small().arms(design, counting(), random()).start();
        let mut served = [0, 0];
        while let Some(rows) = simulation.advance().unwrap() {
            let updates = simulation.policy_updates();
            for turn in &rows.turns {
                served[turn.arm.index()] += 1;
            }
            // The policy of the turn just played is told at the start of the next one.
            let told = |arm: usize| updates[arm].1;
            if both {
                assert!(told(0) + 1 >= served[0] + served[1] && told(0) == told(1));
            } else {
                assert!((0..2).all(|arm| told(arm) <= served[arm] && told(arm) + 1 >= served[arm]));
            }
        }
        assert!(served[0] > 0 && served[1] > 0);
    }
}

#[test]
fn interventions_and_publications_are_exact_to_the_millisecond() {
    let at = 14 * HOUR + 1_234;
    let until = at + 2 * HOUR;
    let mut late = item("late", "c1");
    late.published = Some(habitue_core::scenario::Span(SimDuration(until + 17)));
    let town = small()
        .at(at, InterventionKind::Outage { duration: SimDuration(2 * HOUR), arm: None })
        .at(at, InterventionKind::AddItems(vec![item("new", "c0"), late]));
    let windows = town.run();
    let all = joined(&windows);
    assert!(all.interventions.iter().all(|intervention| intervention.time == SimTime(at)));
    let of_its_own = windows.iter().find(|rows| !rows.interventions.is_empty()).unwrap();
    assert!(of_its_own.turns.is_empty() && of_its_own.interventions.len() == 2);
    for turn in &all.turns {
        let out = (at..until).contains(&turn.time.0);
        assert_eq!(turn.impressions.is_empty(), out, "{}", turn.time);
        for impression in &turn.impressions {
            let earliest = match impression.item.index().checked_sub(town.items) {
                Some(0) => at,
                Some(_) => until + 17,
                None => 0,
            };
            assert!(turn.time.0 >= earliest);
        }
    }
    let shown = |item: usize| {
        let mut impressions = all.turns.iter().flat_map(|turn| &turn.impressions);
        impressions.any(|impression| impression.item.index() == item)
    };
    assert!(shown(town.items) && shown(town.items + 1));
}

#[test]
fn what_happens_after_the_last_turn_is_logged_still() {
    let shock = InterventionKind::NeedShock { category: "c1".into(), share: 1.0 };
    let mut town = small().horizon(3 * HOUR).at(3 * HOUR - 1, shock);
    town.users = 1;
    let all = joined(&town.run());
    assert_eq!(all.interventions.len(), 1);
}

#[test]
fn statistics_count_turn_by_turn_what_they_count_at_once() {
    let town = small();
    let all = joined(&town.run());
    let (mut at_once, mut in_turn) = (ItemStats::default(), ItemStats::default());
    at_once.merge(&all.turns, &town.scenario.slate.scale);
    all.turns.iter().for_each(|turn| in_turn.merge(std::slice::from_ref(turn), &town.scenario.slate.scale));
    assert_eq!(at_once, in_turn);
}

#[test]
fn users_nothing_reaches_live_the_same_in_windows_of_any_length() {
    let run = |window: Window| {
        let mut town = Town::new(window).arms(Design::Split, random(), random()).horizon(DAY);
        (town.friends, town.herd) = (0, 0.0);
        let mut rows = joined(&town.run());
        rows.turns.sort_by_key(|turn| (turn.user, turn.session, turn.turn));
        rows.sessions.sort_by_key(|session| (session.user, session.session));
        (rows.turns, rows.sessions)
    };
    let expected = run(Window::Turn);
    assert!(expected.0.len() > 200);
    for length in [HOUR / 7, HOUR, DAY] {
        assert!(expected == run(Window::Every(SimDuration(length))), "{length}");
    }
}
