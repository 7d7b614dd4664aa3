//! An intervention changes nothing before its moment, and arms that have the same policy differ by nothing at all.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use habitue_core::{ArmId, DAY, SessionRecord, SimTime, Turn};
use habitue_store::RunReader;
use habitue_tests::{Habitue, tables};

fn turns(run: &std::path::Path) -> Vec<Turn> {
    RunReader::open(run).unwrap().turns().map(Result::unwrap).collect()
}

#[test]
fn all_before_the_post_is_the_same_and_something_after_is_not() {
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let arguments =
        ["scenarios/creator-what-if.toml", "--set", "horizon=\"6d\"", "--set", "log.rows_per_file=2000"];
    let with = habitue.run("with", &arguments);
    let without = habitue.run("without", &[arguments.as_slice(), &["--set", "intervention=[]"]].concat());

    let post = SimTime(5 * DAY);
    let split =
        |turns: Vec<Turn>| -> (Vec<Turn>, Vec<Turn>) { turns.into_iter().partition(|turn| turn.time < post) };
    let ((before, after), (before_without, after_without)) = (split(turns(&with)), split(turns(&without)));
    assert!(before.len() > 10_000);
    assert!(before == before_without);
    assert!(after != after_without);

    // The files that were full by then are the same byte for byte.
    let full = before.len() / 4_000;
    let (with, without) = (tables(&with), tables(&without));
    let parts: Vec<&String> = with.keys().filter(|name| name.starts_with("turns/")).take(full).collect();
    assert!(parts.len() > 1, "{parts:?}");
    assert!(parts.iter().all(|name| with[*name] == without[*name]));
}

#[test]
fn a_against_a_is_exactly_zero() {
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let run = habitue.run(
        "aa",
        &[
            "scenarios/ab-test.toml",
            "--set",
            "arm.1.policy=policies/popularity.toml",
            "--set",
            "horizon=\"4d\"",
            "--set",
            "population.0.size=100",
        ],
    );
    let reader = RunReader::open(&run).unwrap();
    let of = |arm: u16| -> (Vec<Turn>, Vec<SessionRecord>) {
        let turns = reader.turns().map(Result::unwrap).filter(|turn| turn.arm == ArmId(arm));
        let sessions = reader.sessions().map(Result::unwrap).filter(|session| session.arm == ArmId(arm));
        (
            turns.map(|turn| Turn { arm: ArmId(0), ..turn }).collect(),
            sessions.map(|session| SessionRecord { arm: ArmId(0), ..session }).collect(),
        )
    };
    let (a, b) = (of(0), of(1));
    assert!(a.0.len() > 1_000 && a == b);
}
