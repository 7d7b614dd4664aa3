//! 95% intervals hold the true value in 90% to 99% of repeated logs, users' rounds being correlated.

use habitue_core::{Purpose, Streams};
use habitue_eval::ope::{
    Diagnostics, Estimate, Feedback, FeedbackArrays, Interval, RewardModel, Target, bootstrap_interval, dr,
    ips, normal_interval, snips,
};
use rand::RngExt;

const LOGS: u64 = 300;
const USERS: u32 = 120;
const ROUNDS: u32 = 5;
const ACTIONS: usize = 4;
const BEHAVIOUR: [f64; ACTIONS] = [0.4, 0.3, 0.2, 0.1];
const TARGET: [f64; ACTIONS] = [0.1, 0.2, 0.3, 0.4];
const REWARD: [f64; ACTIONS] = [0.2, 0.3, 0.5, 0.6];

/// A log in which half of the users like everything by 0.2 more, half by 0.2 less.
fn log(seed: u64) -> (Feedback, RewardModel) {
    let (mut actions, mut rewards, mut users) = (vec![], vec![], vec![]);
    for user in 0..USERS {
        let mut stream = Streams::new(seed).stream(Purpose::Decision, u64::from(user), 0);
        let taste = if stream.random_bool(0.5) { 0.2 } else { -0.2 };
        for _ in 0..ROUNDS {
            let mut draw = stream.random::<f64>();
            let action = (0..ACTIONS - 1).find(|&action| {
                draw -= BEHAVIOUR[action];
                draw < 0.0
            });
            let action = action.unwrap_or(ACTIONS - 1);
            rewards.push(f64::from(u8::from(stream.random_bool(REWARD[action] + taste))));
            actions.push(action as u32);
            users.push(user);
        }
    }
    let n = actions.len();
    let feedback = Feedback::new(FeedbackArrays {
        n_actions: ACTIONS,
        positions: vec![0; n],
        propensities: actions.iter().map(|&action| BEHAVIOUR[action as usize]).collect(),
        target: Target::Distribution(TARGET.repeat(n)),
        actions,
        rewards,
        users,
    })
    .expect("valid arrays");
    let model = RewardModel::new(&feedback, &[0.3, 0.3, 0.4, 0.5].repeat(n)).expect("a valid model");
    (feedback, model)
}

fn coverage(interval: impl Fn(&Feedback, &RewardModel, u64) -> Interval) -> f64 {
    let truth: f64 = TARGET.iter().zip(REWARD).map(|(p, r)| p * r).sum();
    let holds = |seed: &u64| {
        let (feedback, model) = log(*seed);
        let interval = interval(&feedback, &model, *seed);
        interval.low <= truth && truth <= interval.high
    };
    (0..LOGS).filter(holds).count() as f64 / LOGS as f64
}

type Estimator = fn(&Feedback, &RewardModel) -> Estimate;

#[test]
fn intervals_hold_the_truth_about_as_often_as_they_say() {
    let estimators: [(&str, Estimator); 3] = [
        ("ips", |feedback, _| ips(feedback)),
        ("snips", |feedback, _| snips(feedback).expect("an estimate")),
        ("dr", |feedback, model| dr(feedback, model).expect("an estimate")),
    ];
    for (name, estimator) in estimators {
        let normal = coverage(|feedback, model, _| {
            normal_interval(&estimator(feedback, model), &feedback.arrays().users, 0.95).expect("an interval")
        });
        let bootstrap = coverage(|feedback, model, seed| {
            let (estimate, streams) = (estimator(feedback, model), Streams::new(seed));
            bootstrap_interval(&estimate, &feedback.arrays().users, 0.95, 300, streams).expect("an interval")
        });
        assert!((0.90..=0.99).contains(&normal), "{name}: normal {normal}");
        assert!((0.90..=0.99).contains(&bootstrap), "{name}: bootstrap {bootstrap}");
    }
}

#[test]
fn a_log_with_support_raises_no_warning() {
    let (feedback, _) = log(1);
    assert_eq!(Diagnostics::of_feedback(&feedback).expect("diagnostics").warnings(), []);
}

#[test]
fn a_log_without_support_does() {
    let (feedback, _) = log(1);
    // The last action is never logged: keep the other rounds, with the propensities of a policy that cannot take it.
    let kept: Vec<usize> = (0..feedback.len()).filter(|&i| feedback.arrays().actions[i] < 3).collect();
    let arrays = feedback.arrays();
    let pick = |values: &[f64]| kept.iter().map(|&i| values[i]).collect::<Vec<f64>>();
    let feedback = Feedback::new(FeedbackArrays {
        n_actions: ACTIONS,
        actions: kept.iter().map(|&i| arrays.actions[i]).collect(),
        positions: vec![0; kept.len()],
        rewards: pick(&arrays.rewards),
        propensities: pick(&arrays.propensities).iter().map(|propensity| propensity / 0.9).collect(),
        target: Target::Distribution(TARGET.repeat(kept.len())),
        users: kept.iter().map(|&i| arrays.users[i]).collect(),
    })
    .expect("valid arrays");
    let warnings = Diagnostics::of_feedback(&feedback).expect("diagnostics").warnings();
    let texts: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("40.0% of its choices to actions that were never logged"), "{texts:?}");
    assert!(texts[1].contains("The mean weight is 0."), "{texts:?}");
}
