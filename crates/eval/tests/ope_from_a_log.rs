//! From the turns of a log to estimates: what counts, that all estimators find the value, and what is warned of.
#![allow(clippy::float_cmp, clippy::unwrap_used, reason = "few and simple numbers, and tests may panic")]

use habitue_core::{DAY, Purpose, SimDuration, SimTime, Streams};
use habitue_eval::ope::from_log::{
    Evaluated, LoggedSession, LoggedTurns, Outcome, SESSION_ESTIMATORS, SLATE_ESTIMATORS, evaluate,
    find_estimators,
};
use habitue_eval::ope::{OpeError, Support};
use rand::RngExt;

/// Sessions of two turns, in which one of two items is shown with probability 1/2 and the target shows the second with
/// probability 3/4. The second brings 1 more, and twice as much after itself.
fn log(users: u32) -> LoggedTurns {
    let mut log = LoggedTurns::new(SimTime(10 * DAY), 1, 5);
    for user in 0..users {
        let mut stream = Streams::new(5).stream(Purpose::Decision, u64::from(user), 0);
        let mut before = 0.0;
        let first = log.len();
        for turn in 0..2 {
            let second = f64::from(u8::from(stream.random_bool(0.5)));
            let reward = (1.0 + before) * second;
            log.rewards.push(reward);
            log.position_rewards.push(reward);
            for logs in [&mut log.behaviour, &mut log.position_behaviour] {
                logs.push(0.5f64.ln());
            }
            let target = if second > 0.0 { 0.75f64 } else { 0.25 };
            for logs in [&mut log.target, &mut log.position_target] {
                logs.push(target.ln());
            }
            let late = f64::from(turn);
            let features = |second: f64| {
                [1.0, second, before * late * second, late, late * second].map(|feature| feature as f32)
            };
            log.features.extend(features(second));
            log.target_features.extend(features(0.75));
            before = second;
        }
        log.sessions.push(LoggedSession {
            user,
            number: 0,
            first,
            turns: 2,
            end: SimTime(i64::from(user % 10) * DAY),
            gap: (before > 0.0).then_some(SimDuration(DAY / 2)),
            cut: user == 0,
        });
    }
    log
}

fn asked(log: &LoggedTurns, outcome: Outcome) -> Evaluated {
    evaluate(log, outcome, &find_estimators(outcome, &[]).unwrap(), 7).unwrap()
}

#[test]
fn every_estimator_finds_the_value() {
    let log = log(4000);
    // A first turn is worth 3/4, a second one 3/4 (1 + 3/4).
    let session = 0.75 + 0.75 * 1.75;
    for (outcome, truth) in [
        (Outcome::SessionReward, session),
        (Outcome::ReturnWithin { days: 1 }, 0.75),
        (Outcome::ReturnGap { within: Some(SimDuration(DAY)) }, 0.25 + 0.75 / 2.0),
    ] {
        let found = asked(&log, outcome);
        for row in &found.rows {
            // A second turn is better after a second item, which the target shows more often: the state tells.
            let (value, error) = (row.value.unwrap(), row.standard_error.unwrap());
            assert!((value - truth).abs() < 4.0 * error + 0.03, "{outcome} {row:?}");
            assert!(row.warnings.is_empty(), "{row:?}");
        }
        assert!(found.logged.value.unwrap() != truth);
    }
    // In the states of the log, half of which came after the second item.
    let slate = asked(&log, Outcome::SlateReward);
    for row in &slate.rows {
        let error = row.standard_error.unwrap();
        assert!((row.value.unwrap() - 0.75 * 1.25).abs() < 4.0 * error, "{row:?}");
    }
    assert!(slate.model.unwrap().explained.unwrap() > 0.5);
    assert_eq!((slate.rounds, slate.users), (8000, 4000));
}

#[test]
fn sessions_that_were_not_followed_do_not_count() {
    let log = log(1000);
    let count = |outcome| (asked(&log, outcome).rounds, asked(&log, outcome).left_out);
    assert_eq!(count(Outcome::SessionReward), (999, 1));
    assert_eq!(
        count(Outcome::ReturnWithin { days: 7 }),
        (399, 601),
        "days 0 to 3, without the one cut short"
    );
    assert_eq!(count(Outcome::ReturnGap { within: None }), (599, 401), "half of ten days");
    let nobody = evaluate(&log, Outcome::ReturnWithin { days: 11 }, &["trajectory-is"], 7).unwrap_err();
    assert_eq!(nobody, OpeError::Empty { field: "sessions" });
}

#[test]
fn the_policy_that_was_logged_is_worth_what_it_brought() {
    let mut log = log(500);
    (log.target, log.position_target) = (log.behaviour.clone(), log.position_behaviour.clone());
    log.never_logged = Support { rounds: 10, mass: 0.5 };
    for outcome in [Outcome::SlateReward, Outcome::SessionReward, Outcome::ReturnWithin { days: 1 }] {
        let found = asked(&log, outcome);
        for row in
            found.rows.iter().filter(|row| row.estimator.ends_with("is") || row.estimator.ends_with("ips"))
        {
            assert!((row.value.unwrap() - found.logged.value.unwrap()).abs() < 1e-12, "{row:?}");
            assert!(row.warnings.is_empty(), "what was never shown does not matter where every weight is 1");
        }
    }
}

#[test]
fn weights_beyond_all_numbers_are_warned_of_and_not_a_failure() {
    let mut log = log(200);
    log.behaviour[3] = -900.0;
    log.behaviour[4] = -900.0;
    let found = asked(&log, Outcome::SlateReward);
    assert!(found.rows.iter().filter(|row| row.estimator == "ips").all(|row| !row.warnings.is_empty()));
    let estimators = find_estimators(Outcome::SessionReward, &[]).unwrap();
    assert!(evaluate(&log, Outcome::SessionReward, &estimators, 7).is_ok_and(|found| {
        found.rows.iter().all(|row| row.estimator == "sequential-dm" || !row.warnings.is_empty())
    }));
}

#[test]
fn names_are_those_of_the_table_and_short_ones() {
    let find = |outcome, names: &[&str]| {
        find_estimators(outcome, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(find(Outcome::SlateReward, &[]).unwrap(), SLATE_ESTIMATORS);
    assert_eq!(find(Outcome::SessionReward, &["ips", "all"]).unwrap(), SESSION_ESTIMATORS);
    assert_eq!(find(Outcome::SessionReward, &["dr", "ips"]).unwrap(), ["trajectory-is", "sequential-dr"]);
    assert_eq!(find(Outcome::SlateReward, &["dr", "ips"]).unwrap(), ["ips", "dr"]);
    assert_eq!(
        find(Outcome::SlateReward, &["dr", "spins"]),
        Err(("spins".to_owned(), Some("snips".to_owned())))
    );
}

#[test]
fn outcomes_read_and_print_the_same() {
    for name in
        ["slate-reward", "session-reward", "return-1-day", "return-7-days", "return-gap", "return-gap-3-days"]
    {
        assert_eq!(name.parse::<Outcome>().unwrap().to_string(), name);
    }
    assert_eq!("return-1-days".parse::<Outcome>(), Ok(Outcome::ReturnWithin { days: 1 }));
    insta::assert_snapshot!(
        ["sesion-reward", "return-0-days", "return-x-days", "", "return-99999-days"]
            .map(|typed| typed.parse::<Outcome>().unwrap_err().to_string())
            .join("\n")
    );
}
