//! The summary is what the log says.

mod town;

use habitue_core::{ArmId, SessionRecord, UserId};
use habitue_run::{Ending, Tally, summary_of};
use habitue_store::RunReader;
use town::{drive, folder, run, town};

#[test]
fn counting_from_the_log_gives_the_same() {
    for design in ["split", "paired"] {
        let root = tempfile::tempdir().unwrap();
        let outcome = run(&town(&[&format!("experiment.design=\"{design}\"")]), root.path());
        let log = RunReader::open(folder(&outcome)).unwrap();
        let updates = |arm: ArmId| outcome.summary.arms[arm.index()].policy_updates;
        assert_eq!(Tally::read(&log).unwrap().summary(updates), outcome.summary, "{design}");
        assert_eq!(summary_of(&log).unwrap(), outcome.summary);
    }
}

#[test]
fn numbers_are_those_of_a_count_by_hand() {
    let root = tempfile::tempdir().unwrap();
    let outcome = run(&town(&[]), root.path());
    let log = RunReader::open(folder(&outcome)).unwrap();
    let sessions: Vec<SessionRecord> = log.sessions().map(Result::unwrap).collect();
    let users: Vec<_> = log.users().map(Result::unwrap).collect();
    let day = |time: i64| time as f64 / 86_400_000.0;
    for (summary, arm) in outcome.summary.arms.iter().zip((0..).map(ArmId)) {
        let members: Vec<UserId> =
            users.iter().filter(|row| row.arm == Some(arm)).map(|row| row.user).collect();
        assert_eq!(summary.users, members.len() as u64);
        let own: Vec<&SessionRecord> = sessions.iter().filter(|session| session.arm == arm).collect();
        assert_eq!(summary.sessions, own.len() as u64);
        for (share, days) in [(summary.retention_day_1, 1.0), (summary.retention_day_7, 7.0)] {
            let (mut observed, mut returned) = (0, 0);
            for user in &members {
                let starts: Vec<f64> =
                    own.iter().filter(|row| row.user == *user).map(|row| day(row.start.0)).collect();
                let Some(first) = starts.first().copied().filter(|first| first + days + 1.0 <= 9.0) else {
                    continue;
                };
                observed += 1;
                let back = |start: &&f64| (days..days + 1.0).contains(&(**start - first));
                returned += u32::from(starts.iter().find(back).is_some());
            }
            assert!(observed > 0);
            assert!((share.unwrap() - f64::from(returned) / f64::from(observed)).abs() < 1e-12);
        }
        let churned = own.iter().filter(|session| session.churned).count();
        assert!((summary.churned.unwrap() - churned as f64 / members.len() as f64).abs() < 1e-12);
        let rewards: f64 =
            own.iter().map(|session| f64::from(session.turn_reward) + f64::from(session.return_reward)).sum();
        assert!((summary.reward_per_user.unwrap() - rewards / members.len() as f64).abs() < 1e-3);
    }
}

#[test]
fn the_same_arm_twice_differs_by_nothing() {
    let root = tempfile::tempdir().unwrap();
    let arm = |at: usize| format!("arm.{at}.policy={{ kind = \"thompson-bernoulli\" }}");
    let outcome = run(&town(&["experiment.design=\"paired\"", &arm(0), &arm(1)]), root.path());
    let [one, other] = &outcome.summary.arms[..] else { panic!("two arms") };
    assert!(one.turns > 300);
    assert_eq!(habitue_run::ArmSummary { arm: one.arm.clone(), ..other.clone() }, *one);
}

#[test]
fn without_a_log_the_summary_is_the_same_and_nothing_is_written() {
    let root = tempfile::tempdir().unwrap();
    let logged = run(&town(&["horizon=\"2d\""]), &root.path().join("logged"));
    let silent = run(&town(&["horizon=\"2d\"", "log.enabled=false"]), &root.path().join("silent"));
    assert_eq!(silent.summary, logged.summary);
    assert_eq!(silent.ending, Ending::Finished(None));
    assert!(silent.folder.is_none() && !root.path().join("silent").exists());
    assert!(logged.summary.arms.iter().all(|arm| arm.retention_day_7.is_none()), "the horizon is too short");
    let manifest = RunReader::open(folder(&logged)).unwrap();
    assert_eq!(manifest.manifest().unwrap().details["windows"], 24);
}

#[test]
fn a_run_that_was_asked_to_stop_says_how_far_it_came() {
    let root = tempfile::tempdir().unwrap();
    let scenario = town(&[]);
    let outcome =
        town::interrupted(12, |control| habitue_run::start(&scenario, root.path(), control)).unwrap();
    assert_eq!(outcome.ending, Ending::Interrupted(habitue_core::SimTime(24 * 3_600_000)));
    assert_eq!(outcome.windows, 12);
    let log = RunReader::open(folder(&outcome)).unwrap();
    let counted = summary_of(&log).unwrap();
    assert_eq!(counted.arms[0].turns, outcome.summary.arms[0].turns);
    assert!(counted.arms[0].policy_updates.is_none());
    drive(1, |control| habitue_run::resume(&folder(&outcome), control)).unwrap();
}
