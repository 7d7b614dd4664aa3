//! The log of one policy, weighed by propensities, says what another would have earned.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod town;

use habitue_core::{ItemId, UserId};
use town::{Town, config};

const USERS: usize = 20_000;

/// Click probability: falls with the item's number, so the two policies below differ.
fn clicks(_: UserId, item: ItemId) -> f64 {
    0.8 - 0.15 * f64::from(item.0)
}

/// Mean and standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}

#[test]
fn inverse_propensity_scores_agree_with_running_the_target() {
    let logging = "kind = \"fixed\"\nitems = [\"v4\", \"v3\"]\nexplore = { kind = \"plackett-luce\", temperature = 2.0 }";
    for target in [
        "kind = \"fixed\"\nitems = [\"v0\", \"v1\"]\nexplore = { kind = \"epsilon\", epsilon = 0.4 }",
        "kind = \"fixed\"\nitems = [\"v2\"]\nexplore = { kind = \"plackett-luce\", temperature = 1.5, top = 3 }",
        "kind = \"random\"",
    ] {
        let rewards = |text: &str, seed| {
            let mut town = Town::new(5, 1, USERS, seed);
            let mut policy = town.build(&config(text)).unwrap();
            let turns = town.live(policy.as_mut(), 2, clicks);
            let click = town.scale.find("click").unwrap();
            let reward = |turn: &habitue_core::Turn| {
                turn.impressions.iter().filter(|shown| shown.action == click).count() as f64
            };
            (turns.iter().map(reward).collect::<Vec<f64>>(), turns)
        };
        let (logged, turns) = rewards(logging, 1);
        let (run, _) = rewards(target, 2);
        let town = Town::new(5, 1, USERS, 3);
        let policy = town.build(&config(target)).unwrap();
        let weighed: Vec<f64> = turns
            .iter()
            .zip(&logged)
            .map(|(turn, reward)| {
                let slate: Vec<ItemId> = turn.impressions.iter().map(|shown| shown.item).collect();
                let logs =
                    policy.log_propensity(&town.world(), &town.request(turn.user.0, 2), &slate).unwrap();
                reward * (logs.iter().sum::<f64>() - turn.log_propensity).exp()
            })
            .collect();
        let ((estimate, error), (truth, spread), (naive, _)) = (mean(&weighed), mean(&run), mean(&logged));
        let margin = 3.3 * error.hypot(spread);
        assert!((estimate - truth).abs() < margin, "{target}: {estimate} and {truth}, margin {margin}");
        assert!(
            (naive - truth).abs() > margin,
            "{target}: the log without weights would do: {naive} and {truth}"
        );
    }
}
