//! Alternatives that do not differ: with common random numbers by exactly nothing, with other people by no more than chance
//! would, with p-values that are uniform.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic, and shows its figures")]

use std::fs;
use std::path::{Path, PathBuf};

use habitue_core::scenario::{Scenario, Typed, resolve};
use habitue_core::{SimTime, WindowRows};
use habitue_eval::compare::Comparison;
use habitue_eval::retention::{Clock, Life, Measure};
use habitue_eval::stats::{Sample, welch};
use habitue_run::DiskSources;
use habitue_store::RunReader;
use habitue_tests::{Habitue, play, scenario};

const VILLAGE: &str = r#"
name = "village"
horizon = "4d"
window = "6h"
[catalogue]
generate = { items = 60, categories = 4 }
[[population]]
name = "users"
size = 40
personas = {}
choice = { arrival = { first_within = "12h" } }
[slate]
size = 3
[[arm]]
name = "a"
policy = { kind = "random" }
"#;

/// The items, drawn by the seed.
const DRAWN: &str = "generate = { items = 60, categories = 4 }";

/// A second arm with the policy of the first, which learns.
const LEARNING: &str = "arm=[{ name = \"a\", policy = { kind = \"bpr-mf\", factors = 4, retrain = \"12h\" } }, \
                        { name = \"b\", policy = { kind = \"bpr-mf\", factors = 4, retrain = \"12h\" } }]";

fn differs_by_nothing(runs: &[PathBuf]) {
    let runs: Vec<RunReader> = runs.iter().map(|run| RunReader::open(run).unwrap()).collect();
    let comparison = Comparison::read(&runs, None).unwrap();
    let [other] = &comparison.others[..] else { panic!("{comparison:?}") };
    assert!(other.paired && other.measures.len() >= 6, "{other:?}");
    for row in &other.measures {
        assert_eq!((row.difference, row.interval), (0.0, Some((0.0, 0.0))), "{}", row.name);
        let test = row.test.unwrap();
        assert_eq!(
            (test.difference, test.standard_error, test.p_value),
            (0.0, 0.0, Some(1.0)),
            "{}",
            row.name
        );
        assert_eq!((row.holm, row.users_needed), (Some(1.0), None), "{}", row.name);
    }
    let visits = other.measures.iter().find(|row| row.measure == Measure::Sessions).unwrap();
    assert!(visits.baseline > 1.0, "{visits:?}");
}

#[test]
fn common_random_numbers_leave_no_difference() {
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let file = habitue.file("village.toml", &format!("seed = 3\n{VILLAGE}"));
    let run = |name: &str, sets: &[&str]| {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        habitue.run(name, &[&file[..]].into_iter().chain(sets).collect::<Vec<_>>())
    };
    differs_by_nothing(&[run("paired", &["experiment.design=\"paired\"", LEARNING])]);
    differs_by_nothing(&[run("one", &[]), run("other", &["name=\"again\"", "arm.0.name=\"c\""])]);
}

/// The lives of a population of its own.
fn lives(world: &Scenario, windows: &[WindowRows]) -> Vec<Life> {
    let mut lives = vec![Life::default(); world.populations[0].size.unwrap() as usize];
    for session in windows.iter().flat_map(|window| &window.sessions) {
        lives[session.user.index()].visit(&session.into(), clock(world));
    }
    lives
}

fn clock(world: &Scenario) -> Clock {
    Clock::new(SimTime::ZERO + world.horizon)
}

/// P-value of the Kolmogorov-Smirnov test of these values against the uniform distribution, by its limit with Stephens's
/// correction (JRSS B, 1970).
fn uniform(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let distance = sorted.iter().zip(0..).map(|(value, below)| {
        let below = f64::from(below);
        (value - below / count).max((below + 1.0) / count - value)
    });
    let scaled = (count.sqrt() + 0.12 + 0.11 / count.sqrt()) * distance.fold(0.0, f64::max);
    let term = |k: i32| f64::from(1 - 2 * ((k + 1) % 2)) * (-2.0 * f64::from(k * k) * scaled * scaled).exp();
    (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

const MEASURES: [Measure; 4] = [Measure::Sessions, Measure::Depth, Measure::Time, Measure::Reward];

/// P-values of 200 comparisons of populations that meet the same policy: by measure.
fn compared(world: impl Fn(u64) -> Scenario) -> [Vec<f64>; 4] {
    let mut of_users: [Vec<f64>; 4] = Default::default();
    for pair in 0..200 {
        let worlds = [2 * pair, 2 * pair + 1].map(&world);
        let played = [0, 1].map(|at| play(&worlds[at]));
        let lives = [0, 1].map(|at| lives(&worlds[at], &played[at]));
        for (measure, p_values) in MEASURES.into_iter().zip(&mut of_users) {
            let sample = |lives: &[Life]| {
                let (above, below) = lives.iter().map(|life| measure.of(life, clock(&worlds[0]))).unzip();
                Sample::ratios(above, below).unwrap()
            };
            p_values.extend(welch(&sample(&lives[0]), &sample(&lives[1])).unwrap().p_value);
        }
    }
    of_users
}

/// How uniform p-values are, and how many of them lie below 0.05; shown too.
fn judged(of: &str, p_values: &[f64]) -> (f64, usize) {
    assert_eq!(p_values.len(), 200);
    let (fit, alarms) = (uniform(p_values), p_values.iter().filter(|p| **p < 0.05).count());
    println!("{of}: KS p-value {fit:.2e}, {alarms} of 200 below 0.05");
    (fit, alarms)
}

#[test]
fn p_values_of_other_people_are_uniform() {
    let folder = tempfile::tempdir().unwrap();
    let item = |at: u32| {
        let (category, quality, seconds) = (at % 4, f64::from(at * 7 % 10) / 10.0, 10 + at * 13 % 60);
        format!(
            r#"{{"id": "i{at}", "title": "t", "categories": ["c{category}"], "quality": {quality}, "duration_seconds": {seconds}}}"#
        )
    };
    fs::write(folder.path().join("items.jsonl"), (0..60).map(item).collect::<Vec<_>>().join("\n")).unwrap();
    let file = folder.path().join("village.toml");
    fs::write(&file, VILLAGE.replace(DRAWN, "file = \"items.jsonl\"")).unwrap();
    let sources = DiskSources::new().unwrap();
    let of_users = compared(|seed| {
        let typed = Typed { file: &file, sets: &[], seed: Some(seed), data: None };
        resolve(&typed, &sources).unwrap_or_else(|problems| panic!("{problems}"))
    });
    for (measure, p_values) in MEASURES.into_iter().zip(&of_users) {
        let (fit, alarms) = judged(&measure.name(), p_values);
        // Of 200 draws 2 to 20 lie below 0.05 in 99.8% of cases.
        assert!(fit > 0.01 && (2..=20).contains(&alarms), "{}: {fit} {alarms}", measure.name());
    }
}

#[test]
fn users_of_a_catalogue_of_their_own_are_not_independent() {
    // Each seed draws its items too, and all users of a run share how long those are: `compare` warns of that.
    let of_users = compared(|seed| scenario(VILLAGE, &[&format!("seed={seed}")]));
    let (fit, alarms) = judged("time per user, with items of their own", &of_users[2]);
    assert!(fit < 1e-3 && alarms > 20, "{fit} {alarms}");
}

#[test]
fn an_uneven_crowd_is_not_uniform() {
    let even: Vec<f64> = (0..200).map(|at| (f64::from(at) + 0.5) / 200.0).collect();
    let low: Vec<f64> = even.iter().map(|p| p * p).collect();
    assert!(uniform(&even) > 0.99 && uniform(&low) < 1e-6);
}

#[test]
fn paths_of_runs_do_not_matter() {
    // A run compared with itself would differ by nothing, and say nothing.
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let file = habitue.file("village.toml", &format!("seed = 3\n{VILLAGE}"));
    let run = habitue.run("runs", &[&file]);
    let again = run.join(Path::new("."));
    let runs = [run, again].map(|run| RunReader::open(run).unwrap());
    let error = Comparison::read(&runs, None).unwrap_err().to_string();
    assert!(error.ends_with("the run is given twice"), "{error}");
}
