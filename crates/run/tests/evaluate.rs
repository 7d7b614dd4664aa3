//! A log weighed for the policy that made it weighs 1 everywhere: the target meets every request in the state in which the
//! logged policy met it.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod town;

use habitue_core::scenario::Scenario;
use habitue_run::{Weighed, weigh};
use habitue_store::RunReader;
use town::{TOWN, UPHEAVAL, drive, folder, run, scenario, town};

/// The log of an arm, weighed for the policy that the scenario gives to this or another arm.
fn weighed(scenario: &Scenario, arm: &str, policy: usize, threads: usize) -> Weighed {
    let root = tempfile::tempdir().unwrap();
    let outcome = run(scenario, root.path());
    let run = RunReader::open(folder(&outcome)).unwrap();
    let policy = &run.scenario().arms[policy].policy;
    drive(threads, |control| weigh(&run, policy, Some(arm), 3, control)).unwrap().unwrap()
}

fn is_the_same(weighed: &Weighed) {
    let turns = &weighed.turns;
    assert!(turns.len() > 150, "{} turns are too few to mean anything", turns.len());
    assert!(turns.is_same_policy() && !turns.is_deterministic());
    for (at, (behaviour, target)) in turns.position_behaviour.iter().zip(&turns.position_target).enumerate() {
        assert!((behaviour - target).abs() < 1e-5, "position {at}: {behaviour} {target}");
    }
    let sum: f64 = turns.position_rewards.iter().sum();
    assert!((sum - turns.rewards.iter().sum::<f64>()).abs() < 1e-3 * sum.abs());
}

#[test]
fn a_learner_learns_from_the_log_what_it_had_learnt() {
    let mf = weighed(&town(&[]), "mf", 1, 2);
    is_the_same(&mf);
    assert!(mf.updates > 0);
    let linear =
        "arm.1.policy={ kind = \"linucb\", explore = { kind = \"plackett-luce\", temperature = 0.3 } }";
    is_the_same(&weighed(&town(&[linear, "horizon=\"4d\""]), "mf", 1, 2));
}

#[test]
fn whatever_is_done_to_the_world_is_done_again() {
    let upheaval = format!("{TOWN}{UPHEAVAL}");
    let split = weighed(&scenario(&upheaval, &[]), "popular", 0, 2);
    is_the_same(&split);
    let outage = split.turns.position_behaviour.chunks(4).filter(|slate| slate.iter().all(|log| *log == 0.0));
    assert!(outage.count() > 0, "nobody met the outage");
    is_the_same(&weighed(&scenario(&upheaval, &["experiment.design=\"paired\""]), "popular", 0, 2));
    is_the_same(&weighed(&scenario(&upheaval, &["window=\"turn\"", "horizon=\"8d\""]), "popular", 0, 2));
    // The log goes over to another policy, the target does not.
    let swapped = weighed(&scenario(&upheaval, &[]), "mf", 1, 2);
    assert_eq!(swapped.logged, ["bpr-mf", "linucb"]);
    let same = |turn: &usize| (swapped.turns.behaviour[*turn] - swapped.turns.target[*turn]).abs() < 1e-9;
    let (alike, all) = ((0..swapped.turns.len()).filter(same).count(), swapped.turns.len());
    assert!(alike > all / 4 && alike < all * 3 / 4, "{alike} of {all}");
}

#[test]
fn threads_change_nothing() {
    assert_eq!(weighed(&town(&[]), "popular", 1, 1), weighed(&town(&[]), "popular", 1, 3));
}
