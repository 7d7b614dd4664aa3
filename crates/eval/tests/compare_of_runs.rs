//! A comparison says what the logs say, ends where the shortest log ends, and refuses what does not fit together.
#![allow(clippy::float_cmp, clippy::unwrap_used, reason = "tests may fail, and some numbers are exact")]

mod village;

use std::path::PathBuf;

use habitue_eval::compare::{Comparison, Difference};
use habitue_eval::retention::Measure;
use habitue_eval::stats::{Power, Sample, Spread, welch};
use habitue_store::RunReader;
use village::Village;

fn compare(runs: &[PathBuf], baseline: Option<&str>) -> Comparison {
    let runs: Vec<RunReader> = runs.iter().map(|run| RunReader::open(run).unwrap()).collect();
    Comparison::read(&runs, baseline).unwrap()
}

fn of(comparison: &Comparison, other: usize, measure: Measure) -> &Difference {
    comparison.others[other].measures.iter().find(|row| row.measure == measure).unwrap()
}

#[test]
fn numbers_are_those_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let run = Village::default().build(folder.path());
    let comparison = compare(&[run], Some("lively"));
    assert_eq!((comparison.baseline.name.as_str(), comparison.observed_days), ("lively", 10.0));
    assert!(!comparison.others[0].paired);
    // Lively users come nine times; of plain ones a quarter thrice, the others twice. See the village.
    let sessions = of(&comparison, 0, Measure::Sessions);
    let plain: Vec<f64> = (0..20).map(|user| if user % 4 == 1 { 3.0 } else { 2.0 }).collect();
    let by_hand = welch(&Sample::values(&[9.0; 20]).unwrap(), &Sample::values(&plain).unwrap()).unwrap();
    assert_eq!((sessions.baseline, sessions.alternative, sessions.users), (9.0, 2.25, (20, 20)));
    assert_eq!((sessions.test, sessions.difference), (Some(by_hand), -6.75));
    assert_eq!(sessions.visible, Power::default().visible(by_hand.spread));
    let (low, high) = sessions.interval.unwrap();
    assert!(low < -6.75 && -6.75 < high && high < -6.4, "{low} {high}");
    // Everybody is back within a week, in both: nothing differs, and nothing spreads.
    let week = of(&comparison, 0, Measure::WithinDays(7)).test.unwrap();
    assert_eq!((week.difference, week.degrees, week.p_value), (0.0, None, Some(1.0)));
    // Rewards are 1 a session.
    assert_eq!(of(&comparison, 0, Measure::Reward).difference, -6.75);
    let tested = comparison.others[0].measures.iter().filter(|row| row.holm.is_some()).count() as f64;
    let p = |row: &Difference| row.test.unwrap().p_value.unwrap();
    assert!(sessions.holm.unwrap() <= tested * p(sessions) && sessions.holm.unwrap() >= p(sessions));
}

#[test]
fn the_markdown_is_the_whole_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let run = Village::default().build(folder.path());
    insta::assert_snapshot!(compare(&[run], None).markdown());
}

#[test]
fn a_finished_run_is_cut_where_the_unfinished_one_ends() {
    let folder = tempfile::tempdir().unwrap();
    let build = |name: &str, village: Village| village.build(&folder.path().join(name));
    let runs = [
        build("whole", Village::default()),
        build("stopped", Village { finished: false, ..Village::default() }),
    ];
    let comparison = compare(&runs, None);
    // The last visit ends a little after its start on day 8.
    assert!(comparison.observed_days > 8.0 && comparison.observed_days < 8.5, "{}", comparison.observed_days);
    let said = comparison.warnings.join("\n");
    assert!(said.contains("is not finished. P-values and intervals hold for one look"), "{said}");
    // Names cannot tell these runs apart, nor their folders: paths can.
    let names: Vec<&str> = comparison.others.iter().map(|other| other.alternative.name.as_str()).collect();
    assert_eq!(comparison.baseline.name, format!("{}/plain", runs[0].display()));
    assert_eq!(names[1..], ["plain", "lively"].map(|arm| format!("{}/{arm}", runs[1].display())));
    // The same users with the same luck, as far as both were seen.
    let same = &comparison.others[1];
    assert!(same.paired && !comparison.others[0].paired && !comparison.others[2].paired);
    for row in &same.measures {
        let test = row.test.unwrap();
        assert_eq!((row.difference, row.interval, test.p_value), (0.0, Some((0.0, 0.0)), Some(1.0)));
        assert!(matches!(test.spread, Spread::Paired { variance: 0.0, .. }));
    }
}

#[test]
fn nothing_is_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let none = Village { users: 0, ..Village::default() }.build(&folder.path().join("empty"));
    let error = Comparison::read(&[RunReader::open(&none).unwrap()], None).unwrap_err();
    let expected =
        format!("{}: there are no users in arm \"plain\", so there is nothing to compare", none.display());
    assert_eq!(error.to_string(), expected);
    assert_eq!(
        Comparison::read(&[], None).unwrap_err().to_string(),
        "no run is given, expected one with several arms, or several"
    );
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let run = Village::default().build(folder.path());
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| serde_json::to_string(&compare(std::slice::from_ref(&run), None)).unwrap())
    };
    assert_eq!(on(1), on(3));
}
