//! A run replays as it was logged; a log that was tampered with does not.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod town;

use habitue_core::scenario::Scenario;
use habitue_core::{ItemId, SessionRecord, SimDuration, Turn};
use habitue_run::Replay;
use town::{TOWN, UPHEAVAL, drive, folder, forged, run, scenario, town};

fn replayed(run: &std::path::Path) -> Replay {
    drive(2, |control| habitue_run::replay(run, control)).unwrap()
}

fn is_faithful(scenario: &Scenario) -> Replay {
    let root = tempfile::tempdir().unwrap();
    let outcome = run(scenario, root.path());
    let replay = replayed(&folder(&outcome));
    let turns: u64 = outcome.summary.arms.iter().map(|arm| arm.turns).sum();
    assert!(turns > 300, "{turns} turns are too few to mean anything");
    assert_eq!(replay.turns, turns);
    assert!(replay.is_faithful(), "{replay:#?}");
    assert_eq!(replay.audit.unknown, 0);
    replay
}

#[test]
fn a_run_replays_as_it_was_logged() {
    let replay = is_faithful(&town(&[]));
    assert_eq!(replay.audit.agree, replay.turns);
}

#[test]
fn an_upheaval_replays() {
    let replay = is_faithful(&scenario(&format!("{TOWN}{UPHEAVAL}"), &[]));
    assert!(replay.audit.agree < replay.turns, "no policy shows anything during the outage");
}

#[test]
fn a_paired_design_replays_arm_by_arm() {
    is_faithful(&scenario(&format!("{TOWN}{UPHEAVAL}"), &["experiment.design=\"paired\""]));
}

#[test]
fn turn_by_turn_replays() {
    is_faithful(&scenario(&format!("{TOWN}{UPHEAVAL}"), &["window=\"turn\"", "horizon=\"8d\""]));
}

#[test]
fn every_policy_replays() {
    for kind in ["random", "item-knn", "linucb", "diag-linucb", "thompson-bernoulli", "thompson-linear"] {
        let replay =
            is_faithful(&town(&[&format!("arm.0.policy={{ kind = \"{kind}\" }}"), "horizon=\"4d\""]));
        assert_eq!(replay.audit.agree, replay.turns, "{kind}");
    }
}

#[test]
fn a_policy_in_another_process_replays() {
    let Some(scenario) = town::with_a_process() else { return };
    let root = tempfile::tempdir().unwrap();
    let replay = replayed(&folder(&run(&scenario, root.path())));
    assert!(replay.is_faithful(), "{replay:#?}");
    assert!(replay.audit.unknown > 0, "another process does not say what it would have done");
}

/// Changes a turn in the middle of the log.
fn with_turn(change: impl FnOnce(&mut Turn)) -> Replay {
    let root = tempfile::tempdir().unwrap();
    let outcome = run(&town(&["horizon=\"4d\""]), &root.path().join("true"));
    let turns = |turns: &mut Vec<Turn>| {
        let middle = turns.len() / 2;
        change(&mut turns[middle]);
    };
    replayed(&forged(&folder(&outcome), &root.path().join("forged"), turns, |_| {}))
}

/// Changes a session in the middle of the log.
fn with_session(change: impl FnOnce(&mut SessionRecord)) -> Replay {
    let root = tempfile::tempdir().unwrap();
    let outcome = run(&town(&["horizon=\"4d\""]), &root.path().join("true"));
    let sessions = |sessions: &mut Vec<SessionRecord>| {
        let middle = sessions.len() / 2;
        change(&mut sessions[middle]);
    };
    replayed(&forged(&folder(&outcome), &root.path().join("forged"), |_| {}, sessions))
}

fn fields(replay: &Replay) -> Vec<(&str, u64)> {
    assert!(!replay.is_faithful());
    replay.differences.by_field.iter().map(|(field, count)| (*field, *count)).collect()
}

#[test]
fn a_log_that_is_only_copied_is_faithful() {
    assert!(with_turn(|_| {}).is_faithful());
}

#[test]
fn a_changed_reward_is_found() {
    let replay = with_turn(|turn| turn.reward += 0.25);
    assert_eq!(fields(&replay), [("reward", 1)]);
    let first = &replay.differences.first[0];
    let (logged, replayed): (f32, f32) = (first.logged.parse().unwrap(), first.replayed.parse().unwrap());
    assert!((logged - replayed - 0.25).abs() < 1e-6, "{first:?}");
}

#[test]
fn a_changed_propensity_is_found() {
    let replay = with_turn(|turn| turn.impressions[1].propensity *= 0.5);
    assert_eq!(fields(&replay), [("propensities", 1)]);
    let replay = with_turn(|turn| turn.log_propensity -= 1e-9);
    assert_eq!(fields(&replay), [("log_propensity", 1)]);
}

#[test]
fn a_changed_slate_is_found() {
    let replay = with_turn(|turn| {
        let shown: Vec<ItemId> = turn.impressions.iter().map(|shown| shown.item).collect();
        turn.impressions[0].item = (0..60).map(ItemId).find(|item| !shown.contains(item)).unwrap();
    });
    assert_eq!(fields(&replay), [("items", 1)]);
    let replay = with_turn(|turn| turn.impressions.swap(0, 2));
    assert!(fields(&replay).contains(&("items", 1)), "{:?}", fields(&replay));
}

#[test]
fn a_changed_gap_is_found_where_it_leads() {
    let replay = with_session(|session| {
        session.gap = Some(SimDuration(session.gap.map_or(0, |gap| gap.0) + 60_000));
        session.censored = false;
    });
    let fields = fields(&replay);
    assert!(fields.iter().any(|(field, _)| *field == "start_ms" || *field == "session"), "{fields:?}");
}

#[test]
fn a_changed_end_and_return_reward_are_found() {
    assert_eq!(fields(&with_session(|session| session.end.0 += 1)), [("end_ms", 1)]);
    assert_eq!(fields(&with_session(|session| session.return_reward += 0.5)), [("return_reward", 1)]);
}

#[test]
fn rows_that_are_missing_or_too_many_are_found() {
    let root = tempfile::tempdir().unwrap();
    let outcome = run(&town(&["horizon=\"4d\""]), &root.path().join("true"));
    let remove = |turns: &mut Vec<Turn>| {
        // The last turn of a session: the user leaves, the log does not say so.
        let at = turns.iter().rposition(|turn| turn.turn > 0).unwrap();
        turns.remove(at);
    };
    let replay = replayed(&forged(&folder(&outcome), &root.path().join("one"), remove, |_| {}));
    assert_eq!(replay.differences.by_field["turn"], 1, "{replay:#?}");

    let invent = |turns: &mut Vec<Turn>| {
        let mut last = turns.last().unwrap().clone();
        last.session += 100;
        turns.push(last);
    };
    let replay = replayed(&forged(&folder(&outcome), &root.path().join("two"), invent, |_| {}));
    assert_eq!(fields(&replay), [("turn", 1)]);
    assert_eq!(replay.differences.first[0].replayed, "missing");
}

#[test]
fn an_unfinished_run_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let scenario = town(&[]);
    let outcome =
        town::interrupted(20, |control| habitue_run::start(&scenario, root.path(), control)).unwrap();
    let error = drive(1, |control| habitue_run::replay(&folder(&outcome), control)).unwrap_err();
    assert!(error.to_string().contains("not finished"), "{error}");
    assert!(error.hint().unwrap().contains("habitue resume"));
}
