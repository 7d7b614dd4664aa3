//! On identical lifetimes the curves and tests are those of lifelines. `goldens/survival/make.py` made the file.

use std::path::Path;

use habitue_eval::retention::{KaplanMeier, Lifetime, log_rank};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    groups: Vec<Group>,
    overall: Test,
    first_two: Test,
}

#[derive(Deserialize)]
struct Group {
    lifetimes: Vec<f64>,
    events: Vec<bool>,
    curve: Curve,
}

#[derive(Deserialize)]
struct Curve {
    days: Vec<f64>,
    at_risk: Vec<u64>,
    churned: Vec<u64>,
    survival: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    median: f64,
}

#[derive(Deserialize)]
struct Test {
    statistic: f64,
    p_value: f64,
}

impl Group {
    fn lifetimes(&self) -> Vec<Lifetime> {
        let lives = self.lifetimes.iter().zip(&self.events);
        lives.map(|(days, churned)| Lifetime { days: *days, churned: *churned }).collect()
    }
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/survival/lifelines.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the golden file")).expect("JSON")
}

fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-3), "{ours} against {theirs}");
}

#[test]
fn curves_and_intervals() {
    let groups: Vec<Group> = cases().into_iter().flat_map(|case| case.groups).collect();
    assert_eq!(groups.len(), 9);
    for group in groups {
        let ours = KaplanMeier::new(&group.lifetimes()).expect("lifetimes");
        let theirs = group.curve;
        assert_eq!(ours.steps.len(), theirs.days.len());
        for (at, step) in ours.steps.iter().enumerate() {
            assert_eq!((step.at_risk, step.churned), (theirs.at_risk[at], theirs.churned[at]));
            close(step.days, theirs.days[at]);
            close(step.survival, theirs.survival[at]);
            close(step.low, theirs.low[at]);
            close(step.high, theirs.high[at]);
        }
        close(ours.median().expect("half of them churn"), theirs.median);
    }
}

#[test]
fn log_rank_tests() {
    for case in cases() {
        let groups: Vec<_> = case.groups.iter().map(Group::lifetimes).collect();
        for (groups, theirs) in [(&groups[..], case.overall), (&groups[..2], case.first_two)] {
            let ours = log_rank(groups).expect("lifetimes").expect("a test");
            assert_eq!(ours.degrees, groups.len() - 1);
            close(ours.statistic, theirs.statistic);
            close(ours.p_value, theirs.p_value);
        }
    }
}
