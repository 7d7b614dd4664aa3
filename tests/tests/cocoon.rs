//! The information cocoon: what people are shown narrows under a recommender that is retrained on its own clicks, and under
//! neither of the controls.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic, and shows its figures")]

use habitue_core::{ArmId, DAY, WindowRows};
use habitue_tests::{Mean, mean, play, repository, scenario_file};

const CATEGORIES: usize = 6;
const DAYS: usize = 12;

/// Entropy in nats of the categories that a person was shown on a day.
fn entropy(counts: &[f64; CATEGORIES]) -> f64 {
    let total: f64 = counts.iter().sum();
    let shares = counts.iter().map(|count| count / total).filter(|share| *share > 0.0);
    shares.map(|share| -share * share.ln()).sum()
}

/// Mean over people of the least-squares slope of the entropy over days, in nats a day. People who came on fewer than four
/// days have none.
fn slope(windows: &[WindowRows], category: &[usize], arm: u16, people: usize) -> Mean {
    let mut counts = vec![[[0.0; CATEGORIES]; DAYS]; people];
    for turn in windows.iter().flat_map(|window| &window.turns).filter(|turn| turn.arm == ArmId(arm)) {
        for shown in &turn.impressions {
            let day = (turn.time.0 / DAY) as usize;
            counts[turn.user.index()][day.min(DAYS - 1)][category[shown.item.index()]] += 1.0;
        }
    }
    let slopes = counts.iter().filter_map(|days| {
        let days = days.iter().enumerate().filter(|(_, counts)| counts.iter().sum::<f64>() > 0.0);
        let points: Vec<(f64, f64)> = days.map(|(day, counts)| (day as f64, entropy(counts))).collect();
        let count = points.len() as f64;
        let (x, y) = (
            points.iter().map(|point| point.0).sum::<f64>() / count,
            points.iter().map(|point| point.1).sum::<f64>() / count,
        );
        let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
        (points.len() >= 4).then(|| together / spread)
    });
    mean(&slopes.collect::<Vec<_>>())
}

#[test]
fn entropy_falls_under_retraining_and_under_neither_control() {
    let scenario = scenario_file(&repository().join("scenarios/cocoon.toml"));
    let simulation = habitue_run::simulation(&scenario).unwrap();
    let category: Vec<usize> =
        simulation.catalogue().items().iter().map(|item| item.categories[0].index()).collect();
    let windows = play(&scenario);
    let [retrained, never, random] = [0, 1, 2].map(|arm| slope(&windows, &category, arm, 150));
    println!("nats a day: retrained {retrained:?}, never again {never:?}, random {random:?}");
    assert!(retrained.high() < 0.0, "{retrained:?}");
    for control in [never, random] {
        assert!(control.high() >= 0.0, "{control:?}");
        assert!(retrained.high() < control.low(), "{retrained:?} {control:?}");
    }
}
