//! A run that is interrupted and resumed is the same, byte for byte, as one that was not.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod town;

use habitue_core::scenario::Scenario;
use habitue_run::{Ending, Outcome, RunError};
use town::{TOWN, UPHEAVAL, drive, folder, interrupted, run, scenario, tables, town};

/// Runs a scenario at one go and in pieces of so many windows; both must be the same.
fn pieces(scenario: &Scenario, windows: u64) {
    let root = tempfile::tempdir().unwrap();
    let whole = run(scenario, &root.path().join("whole"));
    let out = root.path().join("pieces");
    let mut outcome = interrupted(windows, |control| habitue_run::start(scenario, &out, control)).unwrap();
    let mut stops = 0;
    while let Ending::Interrupted(_) = outcome.ending {
        stops += 1;
        let run = folder(&outcome);
        outcome = interrupted(windows, |control| habitue_run::resume(&run, control)).unwrap();
    }
    assert!(stops >= 2, "only {stops} interruptions");
    assert_eq!(outcome.summary, whole.summary);
    assert_eq!(outcome.windows, whole.windows);
    assert!(tables(&folder(&whole)) == tables(&folder(&outcome)), "the tables differ");
}

#[test]
fn pieces_make_the_same_run() {
    pieces(&town(&[]), 31);
}

#[test]
fn pieces_of_an_upheaval_make_the_same_run() {
    let text = format!("{TOWN}{UPHEAVAL}");
    pieces(&scenario(&text, &[]), 29);
    pieces(&scenario(&text, &["experiment.design=\"paired\""]), 37);
    pieces(&scenario(&text, &["window=\"turn\"", "horizon=\"8d\""]), 300);
}

#[test]
fn pieces_with_a_policy_in_another_process_make_the_same_run() {
    if let Some(scenario) = town::with_a_process() {
        pieces(&scenario, 7);
    }
}

#[test]
fn checkpoints_and_threads_change_nothing() {
    let root = tempfile::tempdir().unwrap();
    let first = run(&town(&["checkpoint.every=\"never\""]), &root.path().join("never"));
    let often = run(&town(&["checkpoint.windows=1"]), &root.path().join("often"));
    let eight =
        drive(8, |control| habitue_run::start(&town(&[]), &root.path().join("eight"), control)).unwrap();
    let one = drive(1, |control| habitue_run::start(&town(&[]), &root.path().join("one"), control)).unwrap();
    for other in [often, eight, one] {
        assert!(tables(&folder(&first)) == tables(&folder(&other)));
        assert_eq!(first.summary, other.summary);
    }
}

/// Kills a run: what was not in a checkpoint is gone.
fn killed(scenario: &Scenario, root: &std::path::Path, windows: u64) -> Outcome {
    struct Killed;
    let result = std::panic::catch_unwind(|| {
        interrupted(windows, |control| {
            struct Assassin<'a, 'b>(&'a mut dyn habitue_run::Observer, &'b std::sync::atomic::AtomicBool);
            impl habitue_run::Observer for Assassin<'_, '_> {
                fn progress(&mut self, progress: &habitue_run::Progress) {
                    self.0.progress(progress);
                    if self.1.load(std::sync::atomic::Ordering::Relaxed) {
                        std::panic::panic_any(Killed);
                    }
                }
            }
            let mut assassin = Assassin(&mut *control.observer, control.stop);
            habitue_run::start(
                scenario,
                root,
                &mut habitue_run::Control { threads: Some(2), stop: control.stop, observer: &mut assassin },
            )
        })
    });
    assert!(result.is_err_and(|cause| cause.is::<Killed>()), "it lived");
    let run = habitue_store::run_folder(root, scenario).unwrap();
    drive(2, |control| habitue_run::resume(&run, control)).unwrap()
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint() {
    let root = tempfile::tempdir().unwrap();
    let scenario = town(&["checkpoint.windows=7"]);
    let whole = run(&scenario, &root.path().join("whole"));
    for windows in [3, 7, 40, 107] {
        let outcome = killed(&scenario, &root.path().join(windows.to_string()), windows);
        assert_eq!(outcome.summary, whole.summary);
        assert!(tables(&folder(&whole)) == tables(&folder(&outcome)), "killed after {windows} windows");
    }
}

#[test]
fn a_killed_run_without_a_checkpoint_starts_anew() {
    let root = tempfile::tempdir().unwrap();
    let scenario = town(&["checkpoint.every=\"never\"", "horizon=\"3d\""]);
    let whole = run(&scenario, &root.path().join("whole"));
    let outcome = killed(&scenario, &root.path().join("killed"), 20);
    assert!(tables(&folder(&whole)) == tables(&folder(&outcome)));
}

#[test]
fn friendships_from_a_file_stay_with_the_run() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("friends.csv");
    std::fs::write(&file, "from,to\ncasual-0,casual-1\nkeen-3,casual-0\n").unwrap();
    let mut scenario = town(&["horizon=\"4d\""]);
    scenario.graph = habitue_core::scenario::GraphSource::File(file.clone());
    let whole = run(&scenario, &root.path().join("whole"));
    let out = root.path().join("cut");
    let cut = interrupted(20, |control| habitue_run::start(&scenario, &out, control)).unwrap();
    std::fs::remove_file(&file).unwrap();
    let outcome = drive(2, |control| habitue_run::resume(&folder(&cut), control)).unwrap();
    assert!(tables(&folder(&whole)) == tables(&folder(&outcome)));
    assert!(drive(2, |control| habitue_run::replay(&folder(&outcome), control)).unwrap().is_faithful());
}

#[test]
fn a_second_run_of_the_same_scenario_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let scenario = town(&["horizon=\"1d\""]);
    let cut = interrupted(2, |control| habitue_run::start(&scenario, root.path(), control)).unwrap();
    let error = town::try_run(&scenario, root.path()).unwrap_err();
    assert!(matches!(error, RunError::Exists { finished: false, .. }), "{error}");
    assert!(error.hint().unwrap().contains("habitue resume"), "{:?}", error.hint());
    drive(2, |control| habitue_run::resume(&folder(&cut), control)).unwrap();
    let error = town::try_run(&scenario, root.path()).unwrap_err();
    assert!(matches!(error, RunError::Exists { finished: true, .. }), "{error}");
    let error = drive(1, |control| habitue_run::resume(&folder(&cut), control)).unwrap_err();
    assert!(error.is_input() && error.to_string().contains("finished"), "{error}");
}

#[test]
fn a_scenario_that_cannot_be_built_leaves_no_folder() {
    let root = tempfile::tempdir().unwrap();
    let mut scenario = town(&[]);
    scenario.graph = habitue_core::scenario::GraphSource::Random { mean_degree: 100.0 };
    let error = town::try_run(&scenario, root.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "social.graph.mean_degree is 100, expected 0 to 39, the number of other users"
    );
    assert!(error.is_input());
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}
