//! What a log says about another policy is what running that policy gives: three logged and three target policies, twenty
//! seeds, users whose laws are known. And where the log cannot say, it is said.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use habitue_core::scenario::{PolicySpec, Scenario, resolve_policy};
use habitue_core::{DAY, SimDuration};
use habitue_eval::ope::from_log::{LoggedTurns, Outcome, Row, find_estimators};
use habitue_run::{Control, DiskSources, Question, RunError, Unobserved, evaluate, start, weigh};
use habitue_store::RunReader;
use habitue_tests::{play, scenario_file_with};
use rayon::prelude::*;

/// Twelve items, from the best to the worst. One window, so that no user hears of another, nothing is learnt, and users are
/// independent.
const WORLD: &str = r#"
name = "truth"
horizon = "3d"
window = "3d"
[catalogue]
file = "items.jsonl"
[[population]]
name = "users"
size = 800
personas = {}
choice = { arrival = { first_within = "12h" }, satisfaction_weight = 3.0, mindset = { satisfaction_rate = 0.8 } }
[slate]
size = 3
max_turns = 2
[[arm]]
name = "logged"
policy = { kind = "random" }
"#;

const ONE_TURN: &str = "slate.max_turns=1";
const LOGGED: [(&str, &str); 3] =
    [("random", "{ kind = \"random\" }"), ("best, T=12", BEST_12), ("worst, T=15", WORST_15)];
const TARGETS: [(&str, &str); 3] =
    [("best, T=10", BEST_10), ("worst, T=15", WORST_15), ("best, eps=0.8", BEST_EPSILON)];
const BEST_10: &str =
    "{ kind = \"fixed\", items = [\"v0\"], explore = { kind = \"plackett-luce\", temperature = 10.0 } }";
const BEST_12: &str =
    "{ kind = \"fixed\", items = [\"v0\"], explore = { kind = \"plackett-luce\", temperature = 12.0 } }";
const WORST_15: &str = "{ kind = \"fixed\", items = [\"v11\", \"v10\", \"v9\", \"v8\", \"v7\", \"v6\", \"v5\", \"v4\", \"v3\", \"v2\", \"v1\", \"v0\"], explore = { kind = \"plackett-luce\", temperature = 15.0 } }";
const BEST_EPSILON: &str =
    "{ kind = \"fixed\", items = [\"v0\"], explore = { kind = \"epsilon\", epsilon = 0.8 } }";

const SEEDS: u64 = 20;
/// Users with whom the targets themselves are run.
const MANY: &str = "population.0.size=60000";

/// The world in a folder of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut items = String::new();
        for item in 0..12 {
            let (category, quality) = (item % 3, 0.95 - 0.08 * f64::from(item));
            writeln!(
                items,
                "{{\"id\": \"v{item}\", \"title\": \"V\", \"categories\": [\"c{category}\"], \"quality\": {quality:.2}}}"
            )
            .unwrap();
        }
        std::fs::write(folder.path().join("items.jsonl"), items).unwrap();
        std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
        Self(folder)
    }

    fn scenario(&self, sets: &[&str]) -> Scenario {
        scenario_file_with(&self.0.path().join("world.toml"), sets)
    }

    /// Runs it with this policy; gives the run's folder.
    fn run(&self, policy: &str, sets: &[&str]) -> PathBuf {
        let policy = format!("arm.0.policy={policy}");
        let scenario = self.scenario(&[&[policy.as_str()], sets].concat());
        let root = self.0.path().join("runs");
        controlled(|control| start(&scenario, &root, control).unwrap().folder.unwrap())
    }
}

fn controlled<T>(work: impl FnOnce(&mut Control<'_>) -> T) -> T {
    let stop = AtomicBool::new(false);
    work(&mut Control { threads: Some(1), stop: &stop, observer: &mut Unobserved })
}

fn policy(typed: &str, scenario: &Scenario) -> PolicySpec {
    resolve_policy(typed, &scenario.slate.scale, &DiskSources::new().unwrap()).unwrap()
}

fn question<'a>(policy: &'a PolicySpec, outcome: Outcome, estimators: &'a [&'static str]) -> Question<'a> {
    Question { policy, arm: None, outcome, estimators, first: true, seed: None }
}

/// What first sessions come to under a policy, by running it: the three outcomes below.
fn truth(place: &Place, policy: &str, sets: &[&str]) -> [f64; 3] {
    let policy = format!("arm.0.policy={policy}");
    let windows = play(&place.scenario(&[&[policy.as_str(), MANY, "seed=987654"], sets].concat()));
    let first = windows.iter().flat_map(|window| &window.sessions).filter(|session| session.session == 0);
    let (mut count, mut sums) = (0.0, [0.0; 3]);
    for session in first {
        let day = SimDuration(DAY);
        count += 1.0;
        sums[0] += f64::from(session.turn_reward);
        sums[1] += f64::from(u8::from(session.gap.is_some_and(|gap| gap <= day)));
        sums[2] += session.gap.map_or(day, |gap| gap.min(day)).days();
    }
    sums.map(|sum| sum / count)
}

const BACK: Outcome = Outcome::ReturnWithin { days: 1 };
const GAP: Outcome = Outcome::ReturnGap { within: Some(SimDuration(DAY)) };

/// What is estimated in a world of one or two turns a session: the outcome, its place among the truths, and by what.
fn questions(turns: usize) -> Vec<(Outcome, usize, Vec<&'static str>)> {
    let all = |outcome| find_estimators(outcome, &[]).unwrap();
    match turns {
        1 => vec![(Outcome::SlateReward, 0, all(Outcome::SlateReward))],
        _ => [(Outcome::SessionReward, 0), (BACK, 1), (GAP, 2)]
            .map(|(outcome, at)| (outcome, at, all(outcome)))
            .to_vec(),
    }
}

/// What one estimator did in all logs of a pair of policies.
#[derive(Default, Clone, Copy)]
struct Score {
    count: f64,
    error: f64,
    square: f64,
    covered: f64,
}

impl Score {
    fn add(&mut self, row: &Row, truth: f64) {
        let error = row.value.unwrap() - truth;
        self.count += 1.0;
        self.error += error;
        self.square += error * error;
        self.covered += f64::from(u8::from(row.low.unwrap() <= truth && truth <= row.high.unwrap()));
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.error += other.error;
        self.square += other.square;
        self.covered += other.covered;
    }
}

/// A cell of the table.
struct Cell {
    outcome: Outcome,
    estimator: &'static str,
    logged: &'static str,
    target: &'static str,
    truth: f64,
    naive: Score,
    score: Score,
}

/// Every estimator on every pair of policies.
fn cells(seeds: u64, turns: usize) -> Vec<Cell> {
    let place = Place::new();
    let sets: &[&str] = if turns == 1 { &[ONE_TURN] } else { &[] };
    let truths: Vec<[f64; 3]> = TARGETS.iter().map(|(_, policy)| truth(&place, policy, sets)).collect();
    let questions = questions(turns);
    let logs: Vec<(usize, u64)> =
        (0..LOGGED.len()).flat_map(|logged| (0..seeds).map(move |seed| (logged, seed))).collect();
    // (logged, target, question, estimator) with what it said.
    let said: Vec<(usize, usize, usize, Row)> = logs
        .into_par_iter()
        .flat_map_iter(|(logged, seed)| {
            // Other users and other luck for every log.
            let seed = format!("seed={}", 1 + 1000 * logged as u64 + seed);
            let folder = place.run(LOGGED[logged].1, &[sets, &[seed.as_str()]].concat());
            let said = weighed(&folder).into_iter().enumerate().flat_map(|(target, turns)| {
                let mut said = Vec::new();
                for (at, (outcome, _, estimators)) in questions.iter().enumerate() {
                    let answer =
                        habitue_eval::ope::from_log::evaluate(&turns, *outcome, estimators, 7).unwrap();
                    let rows = std::iter::once(answer.logged).chain(answer.rows);
                    said.extend(rows.map(|row| (logged, target, at, row)));
                }
                said
            });
            let said: Vec<_> = said.collect();
            std::fs::remove_dir_all(folder).unwrap();
            said
        })
        .collect();
    let mut cells = Vec::new();
    for (at, (outcome, place, estimators)) in questions.iter().enumerate() {
        for estimator in estimators {
            for (logged, (logged_name, _)) in LOGGED.iter().enumerate() {
                for (target, (target_name, _)) in TARGETS.iter().enumerate() {
                    let truth = truths[target][*place];
                    let scored = |name: &str| {
                        let mut score = Score::default();
                        let rows =
                            said.iter().filter(|said| (said.0, said.1, said.2) == (logged, target, at));
                        rows.filter(|said| said.3.estimator == name)
                            .for_each(|said| score.add(&said.3, truth));
                        score
                    };
                    let (naive, score) = (scored("logged"), scored(estimator));
                    let (outcome, logged, target) = (*outcome, *logged_name, *target_name);
                    cells.push(Cell { outcome, estimator, logged, target, truth, naive, score });
                }
            }
        }
    }
    cells
}

/// The log of a run, weighed for each target.
fn weighed(folder: &Path) -> Vec<LoggedTurns> {
    let run = RunReader::open(folder).unwrap();
    let weigh = |(_, typed): &(&str, &str)| {
        let policy = policy(typed, run.scenario());
        let weighed = controlled(|control| weigh(&run, &policy, None, 7, control)).unwrap().unwrap();
        weighed.turns.first_sessions()
    };
    TARGETS.iter().map(weigh).collect()
}

/// The scores of an estimator over all cells of an outcome.
fn pooled(cells: &[Cell], outcome: Outcome, estimator: &str) -> Score {
    let mut score = Score::default();
    let own = cells.iter().filter(|cell| (cell.outcome, cell.estimator) == (outcome, estimator));
    own.for_each(|cell| score.merge(cell.score));
    score
}

#[test]
fn intervals_hold_what_running_the_target_gives() {
    let (one, two) = (cells(SEEDS, 1), cells(SEEDS, 2));
    show(&one);
    show(&two);
    for (cells, outcome, estimators) in [
        (&one, Outcome::SlateReward, ["ips", "snips", "dr"]),
        (&two, Outcome::SessionReward, ["trajectory-is", "trajectory-wis", "sequential-dr"]),
        (&two, BACK, ["trajectory-is", "trajectory-wis", "sequential-dr"]),
        (&two, GAP, ["trajectory-is", "trajectory-wis", "sequential-dr"]),
    ] {
        let mut naive = Score::default();
        cells.iter().filter(|cell| cell.outcome == outcome).for_each(|cell| naive.merge(cell.naive));
        for estimator in estimators {
            let score = pooled(cells, outcome, estimator);
            let coverage = score.covered / score.count;
            assert!((score.count - 180.0).abs() < 0.5);
            assert!((0.9..=0.99).contains(&coverage), "{outcome} {estimator}: {coverage}");
            // Nine pairs of sixty logs: the mean error is far below the error of one estimate.
            let (bias, rmse) = (score.error / score.count, (score.square / score.count).sqrt());
            assert!(bias.abs() < 0.25 * rmse, "{outcome} {estimator}: bias {bias}, RMSE {rmse}");
        }
        assert!(naive.covered / naive.count < 0.7, "{outcome}: the log without weights would do");
    }
}

#[test]
fn estimates_from_logs_without_support_are_not_passed_off_as_good() {
    let place = Place::new();
    let asked = |logged: &str, target: &str, outcome: Outcome| {
        let folder = place.run(logged, &[]);
        let run = RunReader::open(&folder).unwrap();
        let (policy, estimators) = (policy(target, run.scenario()), find_estimators(outcome, &[]).unwrap());
        let found = controlled(|control| evaluate(&run, &question(&policy, outcome, &estimators), control));
        std::fs::remove_dir_all(folder).unwrap();
        found
    };
    // Four of twelve items; a policy that hardly explores; the best against the worst.
    let four = "{ kind = \"fixed\", items = [\"v0\"], explore = { kind = \"plackett-luce\", temperature = 9.0, top = 4 } }";
    let greedy = "{ kind = \"fixed\", items = [\"v0\"], explore = { kind = \"epsilon\", epsilon = 0.01 } }";
    let cold = WORST_15.replace("15.0", "0.7");
    for outcome in [Outcome::SlateReward, Outcome::SessionReward, BACK, GAP] {
        for (logged, target) in
            [(four, "{ kind = \"random\" }"), (greedy, "{ kind = \"random\" }"), (BEST_12, &cold)]
        {
            let found = asked(logged, target, outcome).unwrap().unwrap();
            for row in &found.answer.rows {
                let silent = row.warnings.is_empty();
                assert!(!silent, "{outcome} {}: {logged} for {target}: {row:?}", row.estimator);
            }
        }
        // Where there is support nothing is said.
        let found = asked(BEST_12, BEST_10, outcome).unwrap().unwrap();
        assert!(found.answer.rows.iter().all(|row| row.warnings.is_empty()), "{:#?}", found.answer);
    }
    let fixed = "{ kind = \"fixed\", items = [\"v0\"] }";
    let refused = asked(fixed, "{ kind = \"random\" }", Outcome::SessionReward).unwrap_err();
    assert!(matches!(refused, RunError::NothingDrawn { .. }), "{refused}");
    // The same policy needs no exploration to be told its own value.
    let same = asked(fixed, fixed, Outcome::SessionReward).unwrap().unwrap().answer;
    let logged = same.logged.value.unwrap();
    for row in same.rows.iter().filter(|row| row.estimator.ends_with("is")) {
        assert!((row.value.unwrap() - logged).abs() < 1e-9 * logged.abs(), "{row:?}");
    }
}

/// Prints the tables of docs/evaluate.md.
#[expect(clippy::print_stdout, reason = "a test's output is shown when it is asked for")]
fn show(all: &[Cell]) {
    println!("| target | estimator | bias | RMSE | in the 95% interval |\n|---|---|---:|---:|---:|");
    let mut last = None;
    for cell in all.iter().filter(|cell| cell.logged == LOGGED[0].0 && cell.target == TARGETS[0].0) {
        if last != Some(cell.outcome) {
            let own = all.iter().filter(|own| (own.outcome, own.estimator) == (cell.outcome, cell.estimator));
            let mut naive = Score::default();
            own.for_each(|own| naive.merge(own.naive));
            line(cell.outcome, "logged", naive);
        }
        last = Some(cell.outcome);
        line(cell.outcome, cell.estimator, pooled(all, cell.outcome, cell.estimator));
    }
    println!(
        "\n| target | logged | target policy | truth | bias of IPS | RMSE of IPS | in the 95% interval |"
    );
    for cell in all.iter().filter(|cell| ["ips", "trajectory-is"].contains(&cell.estimator)) {
        let Score { count, error, square, covered } = cell.score;
        let (bias, rmse, covered) = (error / count, (square / count).sqrt(), 100.0 * covered / count);
        println!(
            "| {} | {} | {} | {:.4} | {bias:.4} | {rmse:.4} | {covered:.0}% |",
            cell.outcome, cell.logged, cell.target, cell.truth
        );
    }
}

#[expect(clippy::print_stdout, reason = "a test's output is shown when it is asked for")]
fn line(outcome: Outcome, estimator: &str, score: Score) {
    let (bias, rmse) = (score.error / score.count, (score.square / score.count).sqrt());
    println!(
        "| {outcome} | {estimator} | {bias:.4} | {rmse:.4} | {:.1}% |",
        100.0 * score.covered / score.count
    );
}
