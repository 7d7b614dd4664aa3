//! People who are pleased come back, unless what satisfaction does is taken away.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic, and shows its figures")]

use habitue_core::scenario::{Typed, resolve};
use habitue_core::{ArmId, DAY, WindowRows};
use habitue_run::DiskSources;
use habitue_tests::{Mean, mean, play, repository};

const PEOPLE: usize = 600;

/// By person: the days of the last week on which a visit began.
fn last_week(windows: &[WindowRows], arm: u16) -> Vec<f64> {
    let mut days = vec![[false; 7]; PEOPLE];
    for turn in windows.iter().flat_map(|window| &window.turns) {
        let day = (turn.time.0 / DAY - 23) as usize;
        if turn.arm == ArmId(arm) && turn.turn == 0 && day < 7 {
            days[turn.user.index()][day] = true;
        }
    }
    days.iter().map(|days| days.iter().filter(|came| **came).count() as f64).collect()
}

/// Difference between the arms in days of the last week on which people came.
fn effect(sets: &[&str]) -> Mean {
    let file = repository().join("scenarios/return-30-days.toml");
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let typed = Typed { file: &file, sets: &sets, seed: None, data: None };
    let windows = play(&resolve(&typed, &DiskSources::new().unwrap()).unwrap());
    let (pleased, other) = (last_week(&windows, 0), last_week(&windows, 1));
    mean(&pleased.iter().zip(&other).map(|(one, other)| one - other).collect::<Vec<_>>())
}

#[test]
fn return_responds_to_satisfaction_and_not_when_ablated() {
    let with = effect(&[]);
    let without = effect(&[
        "population.0.choice.satisfaction_weight=0",
        "population.0.choice.leave.boredom=0",
        "population.0.choice.return.boredom=0",
    ]);
    println!("days of the last week, pleasing minus indifferent: {with:?}; ablated {without:?}");
    assert!(with.low() > 0.1, "{with:?}");
    assert!(without.low() <= 0.0 && without.high() >= 0.0 && without.value.abs() < 0.05, "{without:?}");
}
