//! On identical arrays the estimators say what the Open Bandit Pipeline says. `goldens/ope/make.py` made the files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use habitue_eval::ope::{
    Estimate, Feedback, FeedbackArrays, MarginalPropensities, RewardModel, SlateArrays, SlateFeedback,
    SlateRewardModel, Target, cascade_dr, clipped_ips, dm, dr, dr_with_shrinkage, independent_ips, ips,
    reward_interaction_ips, self_normalised_independent_ips, self_normalised_reward_interaction_ips,
    self_normalised_standard_ips, sndr, snips, standard_ips, sub_gaussian_dr, sub_gaussian_ips, switch_dr,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

const TOLERANCE: f64 = 1e-6;

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/ope").join(name);
    let text = fs::read_to_string(&path).expect("the golden file");
    serde_json::from_str(&text).expect("JSON")
}

fn array<T: DeserializeOwned>(golden: &Value, field: &str) -> Vec<T> {
    serde_json::from_value(golden[field].clone()).expect(field)
}

fn matrix(golden: &Value, field: &str) -> Vec<f64> {
    array::<Vec<f64>>(golden, field).concat()
}

/// `expected` holds exactly these estimates, each within the tolerance.
fn agree(golden: &Value, ours: &[(&str, Estimate)]) {
    let expected = golden["expected"].as_object().expect("an object");
    let names: BTreeSet<&str> = ours.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected.keys().map(String::as_str).collect());
    for (name, estimate) in ours {
        let theirs = expected[*name].as_f64().expect("a number");
        let difference = (estimate.value - theirs).abs() / theirs.abs();
        assert!(difference < TOLERANCE, "{name}: {} against {theirs}", estimate.value);
        let mean = estimate.rounds.iter().sum::<f64>() / estimate.rounds.len() as f64;
        assert!((mean - estimate.value).abs() < 1e-12 * estimate.value.abs().max(1.0), "{name}: rounds");
    }
}

fn single_action(name: &str) {
    let golden = golden(name);
    let actions: Vec<u32> = array(&golden, "actions");
    let feedback = Feedback::new(FeedbackArrays {
        n_actions: golden["n_actions"].as_u64().expect("a count") as usize,
        positions: array(&golden, "positions"),
        rewards: array(&golden, "rewards"),
        propensities: array(&golden, "propensities"),
        target: Target::Distribution(matrix(&golden, "target")),
        users: (0..actions.len() as u32).collect(),
        actions,
    })
    .expect("valid arrays");
    let model = RewardModel::new(&feedback, &matrix(&golden, "model")).expect("a valid model");
    agree(
        &golden,
        &[
            ("ips", ips(&feedback)),
            ("clipped-ips 2", clipped_ips(&feedback, 2.0).expect("an estimate")),
            ("snips", snips(&feedback).expect("an estimate")),
            ("sub-gaussian-ips 0.1", sub_gaussian_ips(&feedback, 0.1).expect("an estimate")),
            ("dm", dm(&feedback, &model).expect("an estimate")),
            ("dr", dr(&feedback, &model).expect("an estimate")),
            ("sndr", sndr(&feedback, &model).expect("an estimate")),
            ("switch-dr 1.5", switch_dr(&feedback, &model, 1.5).expect("an estimate")),
            ("dros 3", dr_with_shrinkage(&feedback, &model, 3.0).expect("an estimate")),
            ("sub-gaussian-dr 0.1", sub_gaussian_dr(&feedback, &model, 0.1).expect("an estimate")),
        ],
    );
}

#[test]
fn binary_rewards() {
    single_action("binary.json");
}

#[test]
fn real_rewards_and_a_sharp_target() {
    single_action("real.json");
}

#[test]
fn plackett_luce_slates() {
    let golden = golden("slates.json");
    let count = |field: &str| golden[field].as_u64().expect("a count") as usize;
    let rewards: Vec<f64> = array(&golden, "rewards");
    let slate_size = count("slate_size");
    let slates = SlateFeedback::new(SlateArrays {
        slate_size,
        users: (0..(rewards.len() / slate_size) as u32).collect(),
        rewards,
        propensities: array(&golden, "propensities"),
        target: array(&golden, "target"),
    })
    .expect("valid arrays");
    let marginals = MarginalPropensities {
        behaviour: array(&golden, "marginal_propensities"),
        target: array(&golden, "marginal_target"),
    };
    let (items, distribution, model): (Vec<u32>, Vec<f64>, Vec<f64>) =
        (array(&golden, "items"), array(&golden, "distribution"), array(&golden, "model"));
    let model = SlateRewardModel::from_predictions(&slates, count("n_items"), &items, &distribution, &model)
        .expect("a valid model");
    agree(
        &golden,
        &[
            ("slate-ips", standard_ips(&slates)),
            ("slate-snips", self_normalised_standard_ips(&slates).expect("an estimate")),
            ("slate-iips", independent_ips(&slates, &marginals).expect("an estimate")),
            ("slate-sniips", self_normalised_independent_ips(&slates, &marginals).expect("an estimate")),
            ("slate-rips", reward_interaction_ips(&slates)),
            ("slate-snrips", self_normalised_reward_interaction_ips(&slates).expect("an estimate")),
            ("cascade-dr", cascade_dr(&slates, &model).expect("an estimate")),
        ],
    );
}
