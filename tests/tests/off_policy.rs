//! A log with exact propensities says what another policy would have earned.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::VecDeque;
use std::path::Path;

use habitue_core::{ItemId, ItemStats, Request, SimTime, Streams, World};
use habitue_policies::{OpenModels, Setting, build};
use habitue_tests::{mean, play, scenario};

/// One turn per user, all in one window: a contextual bandit with slates of 3.
const BANDIT: &str = r#"
seed = 3
horizon = "1d"
window = "1d"
[catalogue]
generate = { items = 12, categories = 3, quality_concentration = 1.0 }
[[population]]
name = "users"
size = 6000
personas = {}
choice = { arrival = { first_within = "12h" } }
[slate]
size = 3
max_turns = 1
[[arm]]
name = "logged"
policy = { kind = "fixed", items = ["item-0"], explore = { kind = "plackett-luce", temperature = 6.0 } }
"#;
const TARGET: &str = "arm.0.policy={ kind = \"fixed\", items = [\"item-0\"], explore = { kind = \"plackett-luce\", temperature = 3.0 } }";

#[test]
fn inverse_propensity_scoring_agrees_with_running_the_target() {
    let (logged, target) = (scenario(BANDIT, &[]), scenario(BANDIT, &[TARGET]));
    let first = |turn: &&habitue_core::Turn| turn.session == 0;
    let windows = play(&logged);
    let turns: Vec<_> = windows.iter().flat_map(|window| &window.turns).filter(first).collect();
    assert!(turns.len() > 3_000, "{}", turns.len());

    // What the target would have shown with which probability.
    let simulation = habitue_run::simulation(&target).unwrap();
    let catalogue = simulation.catalogue();
    let available: Vec<ItemId> = (0..catalogue.len() as u32).map(ItemId).collect();
    let stats = ItemStats::default();
    let world = World {
        catalogue,
        available: &available,
        stats: &stats,
        scale: &target.slate.scale,
        now: SimTime::ZERO,
    };
    let setting = Setting {
        name: "target",
        world,
        slate_size: 3,
        streams: Streams::new(0),
        folder: Path::new("."),
        history: &[],
        model: None,
        open: &OpenModels::default(),
        held_out: &[],
    };
    let policy = build(&target.arms[0].policy.config, &setting).unwrap();
    let history = VecDeque::new();
    let weighted = |turn: &&habitue_core::Turn| {
        let request = Request {
            user: turn.user,
            session: 0,
            turn: 0,
            time: turn.time,
            size: 3,
            history: &history,
            shown: &[],
            text: None,
            said: &[],
        };
        let slate: Vec<ItemId> = turn.impressions.iter().map(|shown| shown.item).collect();
        let log: f64 = policy.log_propensity(&world, &request, &slate).unwrap().iter().sum();
        (log - turn.log_propensity).exp()
    };
    let weights: Vec<f64> = turns.iter().map(weighted).collect();
    let estimate =
        mean(&turns.iter().zip(&weights).map(|(turn, w)| w * f64::from(turn.reward)).collect::<Vec<_>>());
    let played = play(&target);
    let truth: Vec<f64> = played
        .iter()
        .flat_map(|window| &window.turns)
        .filter(first)
        .map(|turn| f64::from(turn.reward))
        .collect();
    let truth = mean(&truth);
    assert!((mean(&weights).value - 1.0).abs() < 3.0 * mean(&weights).error, "{:?}", mean(&weights));
    let interval = 1.96 * estimate.error.hypot(truth.error);
    assert!((estimate.value - truth.value).abs() < interval, "estimated {estimate:?}, run {truth:?}");
    let naive = mean(&turns.iter().map(|turn| f64::from(turn.reward)).collect::<Vec<_>>());
    assert!((naive.value - truth.value).abs() > interval, "the two policies differ: {naive:?}, {truth:?}");
}
