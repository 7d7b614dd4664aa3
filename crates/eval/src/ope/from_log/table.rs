//! Every estimator's answer to a question, with intervals and with what speaks against it.

use habitue_core::Streams;
use habitue_core::scenario::nearest;
use serde::Serialize;

use super::super::diagnostics::{Diagnostics, Warning};
use super::super::doubly_robust::{RewardModel, dm, dr, dr_with_shrinkage, sndr, sub_gaussian_dr, switch_dr};
use super::super::error::OpeError;
use super::super::estimate::Estimate;
use super::super::feedback::Feedback;
use super::super::interval::bootstrap_interval;
use super::super::ips::{clipped_ips, ips, snips, sub_gaussian_ips};
use super::super::sequential::{
    Trajectories, TrajectoryModel, marginalised_is, per_decision_is, per_decision_wis, sequential_dr,
    trajectory_is, trajectory_wis,
};
use super::super::slate::{SlateFeedback, reward_interaction_ips, self_normalised_reward_interaction_ips};
use super::model::{first_values, session_model, slate_model};
use super::rounds::Counted;
use super::{LoggedTurns, Outcome};

/// How often an interval should hold the true value.
const LEVEL: f64 = 0.95;
/// Replicates of the bootstrap: as many as keep the draws of users below a limit.
const REPLICATES: usize = 1_000;
const FEWEST_REPLICATES: usize = 200;
const DRAWS: usize = 20_000_000;

/// What to know of a model where the weights say little.
const UNCHECKED: &str = "So few rounds are like those of the target policy that the log cannot check the reward model: it says \
                         what it learnt from other slates.";

/// The estimators of the reward of a slate.
pub const SLATE_ESTIMATORS: [&str; 12] = [
    "ips",
    "snips",
    "clipped-ips",
    "sub-gaussian-ips",
    "dm",
    "dr",
    "sndr",
    "switch-dr",
    "dros",
    "sub-gaussian-dr",
    "slate-rips",
    "slate-snrips",
];

/// The estimators of what a session comes to.
pub const SESSION_ESTIMATORS: [&str; 7] = [
    "trajectory-is",
    "trajectory-wis",
    "per-decision-is",
    "per-decision-wis",
    "marginalised-is",
    "sequential-dm",
    "sequential-dr",
];

/// Names of single-action estimators for the trajectory estimators they become.
const ALIASES: [(&str, &str); 4] =
    [("ips", "trajectory-is"), ("snips", "trajectory-wis"), ("dm", "sequential-dm"), ("dr", "sequential-dr")];

/// The estimators that these names stand for with this outcome, in the order of the tables; all of them if there is no
/// name, or `all`. `ips`, `snips`, `dm` and `dr` of sessions are those of trajectories.
///
/// # Errors
/// The first name that is unknown, and the nearest that is known.
pub fn find_estimators(
    outcome: Outcome,
    names: &[String],
) -> Result<Vec<&'static str>, (String, Option<String>)> {
    let known: &[&'static str] =
        if outcome == Outcome::SlateReward { &SLATE_ESTIMATORS } else { &SESSION_ESTIMATORS };
    let mut wanted = Vec::new();
    for name in names {
        if name == "all" {
            return Ok(known.to_vec());
        }
        let alias = ALIASES.iter().find(|(short, _)| short == name).map_or(name.as_str(), |(_, long)| *long);
        let found = known.iter().find(|known| *known == name || **known == alias);
        wanted.push(*found.ok_or_else(|| (name.clone(), nearest(name, known.iter().copied())))?);
    }
    let is_wanted = |name: &&&str| wanted.is_empty() || wanted.contains(*name);
    Ok(known.iter().filter(is_wanted).copied().collect())
}

/// How well a reward model predicts users whom it has not seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fit {
    /// Share of the variance of the reward that it explains, `1 - sum (r - q)^2 / sum (r - mean)^2`; `None` where rewards do not
    /// vary. Below 0 it does worse than the mean.
    pub explained: Option<f64>,
}

impl Fit {
    pub(super) fn new(rewards: &[f64], predictions: &[f64]) -> Self {
        let mean = rewards.iter().sum::<f64>() / rewards.len().max(1) as f64;
        let all: f64 = rewards.iter().map(|reward| (reward - mean).powi(2)).sum();
        let rest: f64 = rewards.iter().zip(predictions).map(|(reward, own)| (reward - own).powi(2)).sum();
        Self { explained: (all > 0.0).then(|| 1.0 - rest / all) }
    }
}

/// What one estimator says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its name; `logged` is the mean of what was logged.
    pub estimator: &'static str,
    /// The estimate; `None` where there is none.
    pub value: Option<f64>,
    /// Lower end of the 95% interval.
    pub low: Option<f64>,
    /// Upper end of the 95% interval.
    pub high: Option<f64>,
    /// Standard error.
    pub standard_error: Option<f64>,
    /// Effective sample size of the weights, in rounds; `None` where there are no weights.
    pub effective_sample_size: Option<f64>,
    /// The largest weight's share of all weight.
    pub largest_share: Option<f64>,
    /// Why it should not be trusted; or why there is no estimate.
    pub warnings: Vec<String>,
}

/// The answers to a question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluated {
    /// What is estimated.
    pub target: Outcome,
    /// Unit of the values.
    pub unit: &'static str,
    /// What a round is.
    pub round: &'static str,
    /// Rounds that count.
    pub rounds: usize,
    /// Sessions that do not count: they were cut off, or not followed long enough, before the run ended.
    pub left_out: usize,
    /// Users among whom the rounds are.
    pub users: usize,
    /// Mean weight; 1 where propensities are right and support holds.
    pub mean_weight: f64,
    /// What the reward model is worth, if an estimator of slates uses one.
    pub model: Option<Fit>,
    /// The logged policy's own value.
    pub logged: Row,
    /// The estimators.
    pub rows: Vec<Row>,
}

/// Answers a question by these estimators ([`find_estimators`]), with 95% intervals from the bootstrap over users.
///
/// Weights of clipped kinds are limited at the square root of the number of rounds (Ionides, 2008): `lambda` is that for
/// `clipped-ips` and `switch-dr`, its inverse for the sub-Gaussian ones, and for `dros` the number of rounds times 4, with which
/// no weight ends above it.
///
/// # Errors
/// When no round counts, or the log's numbers are no probabilities and rewards.
pub fn evaluate(
    log: &LoggedTurns,
    outcome: Outcome,
    estimators: &[&'static str],
    seed: u64,
) -> Result<Evaluated, OpeError> {
    let outcome = outcome.in_run(log.horizon);
    let counted = Counted::new(log, outcome);
    if counted.sessions.is_empty() {
        return Err(OpeError::Empty { field: outcome.round() });
    }
    let mut asked = Asked { seed, users: Vec::new(), diagnostics: None, warnings: Vec::new() };
    let (logged, rows, model) = if outcome == Outcome::SlateReward {
        slates(&counted, estimators, &mut asked)?
    } else {
        sessions(&counted, estimators, &mut asked)?
    };
    let mean_weight = asked.diagnostics.as_ref().map_or(f64::NAN, |found| found.mean_weight);
    let mut users = asked.users;
    let rounds = users.len();
    users.sort_unstable();
    users.dedup();
    Ok(Evaluated {
        target: outcome,
        unit: outcome.unit(),
        round: outcome.round(),
        rounds,
        left_out: log.sessions.len() - counted.sessions.len(),
        users: users.len(),
        mean_weight,
        model,
        logged,
        rows,
    })
}

type Answers = (Row, Vec<Row>, Option<Fit>);

fn slates(
    counted: &Counted<'_>,
    estimators: &[&'static str],
    asked: &mut Asked,
) -> Result<Answers, OpeError> {
    let feedback = counted.feedback()?;
    asked.take(feedback.arrays().users.clone(), feedback.weights(), counted)?;
    let logged = asked.logged(feedback.arrays().rewards.clone());
    let by_position = estimators.iter().any(|name| name.starts_with("slate-"));
    let positions = by_position.then(|| counted.slates()).transpose()?;
    let fitted = estimators.iter().any(|name| name.starts_with('d') || name.ends_with("dr"));
    let (model, fit) = fitted.then(|| slate_model(counted, &feedback)).transpose()?.unzip();
    let rows = estimators
        .iter()
        .map(|name| {
            asked.row(
                name,
                *name != "dm",
                slate_estimate(name, &feedback, positions.as_ref(), model.as_ref()),
            )
        })
        .collect();
    Ok((logged, rows, fit))
}

fn slate_estimate(
    name: &str,
    feedback: &Feedback,
    positions: Option<&SlateFeedback>,
    model: Option<&RewardModel>,
) -> Result<Estimate, OpeError> {
    let rounds = feedback.len() as f64;
    let most = rounds.sqrt();
    let unknown = Err(OpeError::Empty { field: "estimator" });
    match (name, positions, model) {
        ("ips", ..) => Ok(ips(feedback)),
        ("snips", ..) => snips(feedback),
        ("clipped-ips", ..) => clipped_ips(feedback, most),
        ("sub-gaussian-ips", ..) => sub_gaussian_ips(feedback, 1.0 / most),
        ("slate-rips", Some(positions), _) => Ok(reward_interaction_ips(positions)),
        ("slate-snrips", Some(positions), _) => self_normalised_reward_interaction_ips(positions),
        ("dm", _, Some(model)) => dm(feedback, model),
        ("dr", _, Some(model)) => dr(feedback, model),
        ("sndr", _, Some(model)) => sndr(feedback, model),
        ("switch-dr", _, Some(model)) => switch_dr(feedback, model, most),
        ("dros", _, Some(model)) => dr_with_shrinkage(feedback, model, 4.0 * rounds),
        ("sub-gaussian-dr", _, Some(model)) => sub_gaussian_dr(feedback, model, 1.0 / most),
        _ => unknown,
    }
}

fn sessions(
    counted: &Counted<'_>,
    estimators: &[&'static str],
    asked: &mut Asked,
) -> Result<Answers, OpeError> {
    let trajectories = counted.trajectories()?;
    asked.take(counted.users_of_sessions(), &trajectories.weights(), counted)?;
    let logged = asked.logged(counted.returns());
    let fitted = estimators.iter().any(|name| name.starts_with("sequential-"));
    let model = fitted.then(|| session_model(counted, &trajectories)).transpose()?;
    let rows = estimators
        .iter()
        .map(|name| {
            let estimate = session_estimate(name, counted, &trajectories, model.as_ref());
            asked.row(name, *name != "sequential-dm", estimate)
        })
        .collect();
    Ok((logged, rows, None))
}

fn session_estimate(
    name: &'static str,
    counted: &Counted<'_>,
    trajectories: &Trajectories,
    model: Option<&TrajectoryModel>,
) -> Result<Estimate, OpeError> {
    match (name, model) {
        ("trajectory-is", _) => Ok(trajectory_is(trajectories)),
        ("trajectory-wis", _) => trajectory_wis(trajectories),
        ("per-decision-is", _) => Ok(per_decision_is(trajectories)),
        ("per-decision-wis", _) => per_decision_wis(trajectories),
        ("marginalised-is", _) => {
            let (states, of) = counted.states();
            marginalised_is(trajectories, states, &of)
        }
        ("sequential-dm", Some(model)) => Ok(Estimate::of_mean(name, first_values(counted, model))),
        ("sequential-dr", Some(model)) => sequential_dr(trajectories, model),
        _ => Err(OpeError::Empty { field: "estimator" }),
    }
}

/// What all rows of a table have in common.
struct Asked {
    seed: u64,
    /// The user of each round.
    users: Vec<u32>,
    diagnostics: Option<Diagnostics>,
    warnings: Vec<Warning>,
}

impl Asked {
    fn take(&mut self, users: Vec<u32>, weights: &[f64], counted: &Counted<'_>) -> Result<(), OpeError> {
        let mut diagnostics = Diagnostics::of_weights(weights)?;
        // Where every weight is 1 the target is the logged policy, and its draws need no support but their own.
        if !counted.log.is_same_policy() {
            diagnostics.never_logged = Some(counted.log.never_logged);
        }
        self.users = users;
        self.warnings = diagnostics.warnings();
        self.diagnostics = Some(diagnostics);
        Ok(())
    }

    fn logged(&self, rewards: Vec<f64>) -> Row {
        Row {
            effective_sample_size: None,
            largest_share: None,
            ..self.filled(&Estimate::of_mean("logged", rewards))
        }
    }

    fn row(&self, name: &'static str, weighted: bool, estimate: Result<Estimate, OpeError>) -> Row {
        // A model does not lean on weights, but nothing corrects it where the log is silent.
        let told = |warning: &Warning| match warning {
            Warning::EffectiveSampleSize { effective, rounds } if !weighted => {
                (2.0 * effective <= *rounds as f64).then(|| UNCHECKED.to_owned())
            }
            Warning::LargestWeight { .. } if !weighted => None,
            warning => Some(warning.to_string()),
        };
        let mut row = match estimate {
            Ok(estimate) => self.filled(&estimate),
            Err(error) => Row { warnings: vec![error.to_string()], ..nothing(name) },
        };
        row.estimator = name;
        row.warnings.extend(self.warnings.iter().filter_map(told));
        if let Some(diagnostics) = self.diagnostics.as_ref().filter(|_| weighted) {
            row.effective_sample_size = Some(diagnostics.effective_sample_size);
            row.largest_share = Some(diagnostics.largest_share);
        }
        row
    }

    fn filled(&self, estimate: &Estimate) -> Row {
        let replicates = (DRAWS / self.users.len().max(1)).clamp(FEWEST_REPLICATES, REPLICATES);
        let name = estimate.estimator;
        let streams = Streams::new(self.seed);
        let row = Row { value: Some(estimate.value), ..nothing(name) };
        match bootstrap_interval(estimate, &self.users, LEVEL, replicates, streams) {
            Ok(interval) => Row {
                low: Some(interval.low),
                high: Some(interval.high),
                standard_error: Some(interval.standard_error),
                ..row
            },
            Err(error) => Row { warnings: vec![format!("There is no interval: {error}.")], ..row },
        }
    }
}

fn nothing(estimator: &'static str) -> Row {
    Row {
        estimator,
        value: None,
        low: None,
        high: None,
        standard_error: None,
        effective_sample_size: None,
        largest_share: None,
        warnings: Vec::new(),
    }
}
