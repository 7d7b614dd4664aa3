#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::path::Path;

use habitue_core::scenario::{MemorySources, resolve_suite};

use super::*;
use crate::drive::Progress;

const TOWN: &str = r#"
horizon = "2d"
catalogue = { generate = { items = 40, categories = 4 } }
population = [{ name = "casual", size = 12, personas = {} }]
slate = { size = 3 }
arm = [{ name = "own", policy = { kind = "random" } }]
"#;

const SUITE: &str = r#"
seeds = [3, 1]
metrics = ["reward_per_user", "churned", "retention_day_7"]
[[scenario]]
file = "town.toml"
[[scenario]]
name = "crowd"
file = "town.toml"
set  = ["population.0.size=20"]
[[policy]]
name = "random"
policy = { kind = "random" }
[[policy]]
name = "popular"
policy = { kind = "popularity" }
"#;

fn suite(text: &str) -> Suite {
    let sources = MemorySources::new().with("/town.toml", TOWN).with("/tiny.toml", text);
    resolve_suite(Path::new("/tiny.toml"), &sources).unwrap()
}

/// Counts runs by how far they had come, and stops after so many windows.
#[derive(Default)]
struct Watch<'a> {
    before: Vec<Before>,
    names: Vec<String>,
    windows: u64,
    stop_at: Option<(u64, &'a AtomicBool)>,
}

impl Observer for Watch<'_> {
    fn progress(&mut self, _progress: &Progress) {
        self.windows += 1;
        if let Some((_, stop)) = self.stop_at.filter(|(at, _)| *at == self.windows) {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

impl SuiteObserver for Watch<'_> {
    fn run(&mut self, number: usize, of: usize, name: &str, before: Before) {
        assert_eq!((number, of), (self.names.len() + 1, 8));
        self.names.push(name.to_owned());
        self.before.push(before);
    }
}

fn play(suite: &Suite, root: &Path, threads: usize, watch: &mut Watch<'_>, stop: &AtomicBool) -> SuiteEnding {
    let mut control = SuiteControl { threads: Some(threads), stop, observer: watch };
    play_suite(suite, root, &mut control).unwrap()
}

/// Everything that can be read in the folder at the end.
fn result(root: &Path) -> (String, String) {
    let read = |name: &str| fs::read_to_string(root.join("tiny").join(name)).unwrap();
    (read("leaderboard.json"), read("leaderboard.md"))
}

#[test]
fn a_suite_stopped_anywhere_goes_on_to_the_same_result() {
    let suite = suite(SUITE);
    let (whole, pieces) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let stop = AtomicBool::new(false);
    let mut watch = Watch::default();
    let SuiteEnding::Finished(board) = play(&suite, whole.path(), 2, &mut watch, &stop) else { panic!() };
    assert_eq!(watch.before, [Before::Nothing; 8]);
    assert_eq!(watch.names[..3], ["town_random_seed3", "town_popular_seed3", "crowd_random_seed3"]);
    assert_eq!(board.runs.len(), 8);
    insta::with_settings!({ filters => vec![(r"-[0-9a-f]{8}\b", "-HASH")] }, {
        insta::assert_snapshot!(result(whole.path()).1);
    });

    // In the middle of the second run; then at once; then to the end.
    let mut watch = Watch { stop_at: Some((70, &stop)), ..Watch::default() };
    let ending = play(&suite, pieces.path(), 1, &mut watch, &stop);
    assert_eq!((ending, watch.names.len()), (SuiteEnding::Interrupted { finished: 1, of: 8 }, 2));
    assert!(!pieces.path().join("tiny/leaderboard.json").exists());
    let ending = play(&suite, pieces.path(), 1, &mut Watch::default(), &stop);
    assert_eq!(ending, SuiteEnding::Interrupted { finished: 1, of: 8 });
    stop.store(false, Ordering::Relaxed);
    let mut watch = Watch::default();
    play(&suite, pieces.path(), 1, &mut watch, &stop);
    assert_eq!(watch.before[..3], [Before::Finished, Before::Begun, Before::Nothing]);
    assert_eq!(result(pieces.path()), result(whole.path()));

    // Once more: nothing is played.
    let mut watch = Watch::default();
    play(&suite, pieces.path(), 1, &mut watch, &stop);
    assert_eq!((watch.before.as_slice(), watch.windows), (&[Before::Finished; 8][..], 0));
    assert_eq!(result(pieces.path()), result(whole.path()));
}

#[test]
fn the_order_of_runs_makes_no_difference_and_what_is_missing_is_said() {
    let suite = suite(SUITE);
    let root = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let SuiteEnding::Finished(board) = play(&suite, root.path(), 2, &mut Watch::default(), &stop) else {
        panic!()
    };
    let mut runs = board.runs.clone();
    runs.reverse();
    assert_eq!(Leaderboard::new(&suite, runs), *board);

    // By hand: the value in a scenario is the mean over its runs, and day 7 lies beyond the horizon.
    let reward = &board.rankings[0];
    for standing in &reward.standings {
        for of in &standing.scenarios {
            let own =
                board.runs.iter().filter(|run| run.policy == standing.policy && run.scenario == of.scenario);
            let values: Vec<f64> = own.map(|run| run.summary.reward_per_user.unwrap()).collect();
            assert_eq!(of.value.mean, Some(f64::midpoint(values[0], values[1])));
        }
    }
    let day_7 = &board.rankings[2];
    assert_eq!((day_7.ranked, day_7.blocks, day_7.standings[0].mean_rank), (0, 4, None));
    assert!(day_7.standings.iter().all(|standing| standing.scenarios.iter().all(|of| of.value.seeds == 0)));
    insta::assert_snapshot!(board.warnings().join("\n"));

    // A policy without one of its runs takes that block from all.
    let lacking = board.runs.iter().filter(|run| run.folder != board.runs[0].folder).cloned().collect();
    let lacking = Leaderboard::new(&suite, lacking);
    assert_eq!((lacking.rankings[0].ranked, lacking.rankings[0].blocks), (3, 4));

    let mut mixed = board.runs.clone();
    mixed[5].habitue = "0.0.9".to_owned();
    let warnings = Leaderboard::new(&suite, mixed).warnings();
    assert!(warnings[0].contains("0.0.9, 0.1.0"), "{warnings:?}");
}

#[test]
fn a_policy_under_two_names_has_the_same_luck() {
    let twins = SUITE.replace(
        "name = \"random\"\npolicy = { kind = \"random\" }",
        "name = \"twin\"\npolicy = { kind = \"popularity\" }",
    );
    let suite = suite(&twins);
    let root = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let SuiteEnding::Finished(board) = play(&suite, root.path(), 2, &mut Watch::default(), &stop) else {
        panic!()
    };
    for ranking in &board.rankings[..2] {
        let [first, second] = &ranking.standings[..] else { panic!() };
        assert_eq!(
            (first.policy.as_str(), first.mean_rank, second.mean_rank),
            ("twin", Some(1.5), Some(1.5))
        );
        for (one, other) in first.scenarios.iter().zip(&second.scenarios) {
            assert_eq!((one.value, one.to_first), (other.value, None));
            let none = Figure { seeds: 2, mean: Some(0.0), interval: Some((0.0, 0.0)) };
            assert_eq!(other.to_first, Some(none));
        }
    }
}

#[test]
fn a_run_that_cannot_be_built_is_named() {
    let unknown =
        SUITE.replace("{ kind = \"popularity\" }", "{ kind = \"fixed\", items = [\"no-such-item\"] }");
    let suite = suite(&unknown);
    let root = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let mut control = SuiteControl { threads: Some(1), stop: &stop, observer: &mut Unobserved };
    let error = play_suite(&suite, root.path(), &mut control).unwrap_err();
    assert!(error.is_input());
    insta::assert_snapshot!(format!("{error}\n{}", error.hint().unwrap()));
}

#[test]
fn a_suite_goes_into_a_folder() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let stop = AtomicBool::new(false);
    let mut control = SuiteControl { threads: Some(1), stop: &stop, observer: &mut Unobserved };
    let error = play_suite(&suite(SUITE), file.path(), &mut control).unwrap_err();
    assert!(matches!(error, RunError::NotAFolder { .. }), "{error}");
}
