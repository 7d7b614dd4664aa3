//! On identical values t tests, corrections and power are those of `scipy` and `statsmodels`. `goldens/stats/make.py` made the
//! file.

use std::path::Path;

use habitue_eval::stats::{Power, Sample, Spread, TTest, benjamini_hochberg, holm, paired, welch};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    paired: Vec<Compared>,
    welch: Vec<Compared>,
    corrections: Vec<Corrected>,
    power: Vec<Planned>,
}

#[derive(Deserialize)]
struct Compared {
    one: Vec<f64>,
    two: Vec<f64>,
    test: Known,
}

#[derive(Deserialize)]
struct Known {
    difference: f64,
    standard_error: f64,
    degrees: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct Corrected {
    p_values: Vec<f64>,
    holm: Vec<f64>,
    benjamini_hochberg: Vec<f64>,
}

#[derive(Deserialize)]
struct Planned {
    paired: bool,
    effect: f64,
    level: f64,
    power: f64,
    users: f64,
    power_of_30: f64,
    visible_to_30: f64,
}

fn golden() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/stats/stats.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the golden file")).expect("JSON")
}

fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs(), "{ours} against {theirs}");
}

fn same(ours: &TTest, theirs: &Known) {
    close(ours.difference, theirs.difference);
    close(ours.standard_error, theirs.standard_error);
    close(ours.degrees.expect("spread"), theirs.degrees);
    close(ours.p_value.expect("spread"), theirs.p_value);
}

fn samples(case: &Compared) -> (Sample, Sample) {
    let sample = |values: &[f64]| Sample::values(values).expect("numbers");
    (sample(&case.one), sample(&case.two))
}

#[test]
fn t_tests() {
    let golden = golden();
    assert_eq!((golden.paired.len(), golden.welch.len()), (5, 5));
    for case in &golden.paired {
        let (one, two) = samples(case);
        same(&paired(&one, &two).expect("pairs").expect("users"), &case.test);
    }
    for case in &golden.welch {
        let (one, two) = samples(case);
        same(&welch(&one, &two).expect("users"), &case.test);
    }
}

#[test]
fn corrections() {
    let golden = golden();
    assert_eq!(golden.corrections.len(), 4);
    for case in &golden.corrections {
        let pairs = holm(&case.p_values).into_iter().zip(&case.holm);
        let rates = benjamini_hochberg(&case.p_values).into_iter().zip(&case.benjamini_hochberg);
        pairs.chain(rates).for_each(|(ours, theirs)| close(ours, *theirs));
    }
}

#[test]
fn power() {
    let golden = golden();
    assert_eq!(golden.power.len(), 8);
    for case in &golden.power {
        let spread = if case.paired {
            Spread::Paired { users: 30, variance: 1.0 }
        } else {
            Spread::Unpaired { users: [30, 30], variances: [1.0, 1.0] }
        };
        let plan = Power { level: case.level, power: case.power };
        assert!((plan.of(spread, case.effect) - case.power_of_30).abs() < 1e-7);
        let visible = plan.visible(spread).expect("spread");
        // statsmodels stops its search that near.
        assert!((visible / case.visible_to_30 - 1.0).abs() < 5e-6, "{visible} {}", case.visible_to_30);
        let arms = if case.paired { 1 } else { 2 };
        let expected = arms * case.users.ceil() as u64;
        assert_eq!(plan.users_needed(spread, -case.effect), Some(expected), "{}", case.users);
    }
}
