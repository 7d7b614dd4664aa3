//! The calibration of users whose decisions a language model makes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use habitue_core::scenario::llm::{CalibrationConfig, ChoiceCalibration, LlmConfig};
use habitue_core::scenario::policy::DiscriminateFrom;
use habitue_core::scenario::{ModelConfig, Scenario};
use habitue_core::{Decider, ItemId};
use habitue_store::RunReader;
use serde::Serialize;

use super::error::FidelityError;
use super::lists::{self, List};
use super::newton::Choices;

/// The highest temperature that a calibration can have.
const HOTTEST: f64 = 100.0;

/// A calibration fitted from a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fit {
    /// What was fitted.
    pub calibration: CalibrationConfig,
    /// Items it was fitted on.
    pub items: usize,
    /// Lists they stood on.
    pub lists: usize,
    /// Mean negative log-likelihood of an item's answer, natural logarithm, as the model is.
    pub loss_before: f64,
    /// The same, calibrated.
    pub loss_after: f64,
    /// The same of one that knows the share of liked items and nothing else.
    pub loss_of_base_rate: f64,
    /// Mean numbers picked, by arm.
    pub arms: Vec<ArmFit>,
    /// What was not fitted, and why, in plain sentences.
    pub not_fitted: Vec<String>,
}

/// Mean numbers of items of a list that are expected to be picked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmFit {
    /// The arm.
    pub arm: String,
    /// Others for each liked item.
    pub m: u32,
    /// Items on a list.
    pub shown: f64,
    /// Items liked.
    pub liked: f64,
    /// Items picked by the model as it is.
    pub picked_before: f64,
    /// Items picked after calibration.
    pub picked_after: f64,
    /// Probability that a liked item is picked after calibration.
    pub liked_probability: f64,
    /// Probability that another item is picked after calibration. The number picked follows the number liked by the
    /// difference of the two for each liked item more: a model that hardly tells them apart has nothing to be sharpened.
    pub other_probability: f64,
}

/// Fits the temperature and the offset of picking from the distributions of a run whose language-model users saw lists drawn
/// from their histories (`discriminate` with `from = "held-in"`), by maximum likelihood: of a liked item the least action
/// that counts as engagement should be chosen, of another one to skip it. All lists count together, so that the offset
/// holds the base rate of all arms.
///
/// # Errors
/// If the run is damaged, has no such lists or logged no distributions, its users are calibrated already, or the likelihood
/// has no maximum.
pub fn fit(run: &RunReader) -> Result<Fit, FidelityError> {
    let scenario = run.scenario();
    let arms = lists::examining(scenario);
    if let Some((at, _)) = arms.iter().find(|(_, config)| config.from == DiscriminateFrom::HeldOut) {
        let arm = &scenario.arms[*at].name;
        return unfit(format!(
            "arm \"{arm}\" shows items that are held out, expected `from = \"held-in\"`: a calibration fitted on what users \
             are examined on would know the answers"
        ));
    }
    let lists: Vec<List> =
        lists::lists(run)?.into_iter().filter(|list| list.decider == Decider::Llm).collect();
    uncalibrated(scenario)?;
    let (skip, engaged) = (usize::from(scenario.slate.scale.skip().0), lists::engaged(scenario));
    let names = scenario.slate.scale.names();
    let choices = choices(run, &lists, [skip, engaged])?;
    let mut not_fitted = Vec::new();
    let mut fitted = choices.fit(None).map_err(FidelityError::Unfit)?;
    if fitted.slope < 1.0 / HOTTEST {
        not_fitted.push(format!(
            "the temperature: liked items are not preferred to others (1 / temperature would be {:.4}); it is the highest \
             there can be, {HOTTEST}",
            fitted.slope
        ));
        fitted = choices.fit(Some(1.0 / HOTTEST)).map_err(FidelityError::Unfit)?;
    }
    let offset = fitted.offsets[1];
    let others: Vec<&str> =
        (0..names.len()).filter(|at| ![skip, engaged].contains(at)).map(|at| names[at].as_str()).collect();
    if !others.is_empty() {
        let others = others.join(", ");
        not_fitted.push(format!(
            "offsets of {others}: the data tells what was liked, not which action it would have been"
        ));
    }
    not_fitted.push("move: the data does not tell when users leave, search or speak".to_owned());
    not_fitted.push("return: lists do not tell when users come back".to_owned());
    let action = ChoiceCalibration {
        temperature: 1.0 / fitted.slope,
        offset: [(names[engaged].clone(), offset)].into(),
    };
    let share = choices.chosen.iter().sum::<usize>() as f64 / choices.chosen.len() as f64;
    let picked = |arm: &(usize, &habitue_core::scenario::policy::DiscriminateConfig)| ArmFit {
        arm: scenario.arms[arm.0].name.clone(),
        m: arm.1.m,
        ..expected(&lists, &choices, arm.0, &action, (names, engaged))
    };
    Ok(Fit {
        items: choices.chosen.len(),
        lists: lists.len(),
        loss_before: choices.loss(1.0, &[0.0, 0.0]),
        loss_after: fitted.loss,
        loss_of_base_rate: -share * share.ln() - (1.0 - share) * (1.0 - share).ln(),
        arms: arms.iter().map(picked).collect(),
        calibration: CalibrationConfig { action, ..CalibrationConfig::default() },
        not_fitted,
    })
}

/// What users should have done with every item, skip it or engage with it, and the log-probabilities of the two.
fn choices(run: &RunReader, lists: &[List], [skip, engaged]: [usize; 2]) -> Result<Choices, FidelityError> {
    let people = lists::people(run)?;
    let mut choices = Choices { options: 2, ..Choices::default() };
    for list in lists {
        let past: BTreeSet<ItemId> = people[list.user.index()].history.iter().map(|past| past.item).collect();
        for listed in &list.items {
            if listed.probabilities.is_empty() {
                return unfit(
                    "the run logged no distributions, expected `log = { distributions = true }`".to_owned(),
                );
            }
            // A probability too small for the log's single precision counts as the smallest there is.
            let log = |action: usize| listed.probabilities[action].max(f64::from(f32::MIN_POSITIVE)).ln();
            choices.logs.extend([log(skip), log(engaged)]);
            choices.chosen.push(usize::from(past.contains(&listed.item)));
        }
    }
    if choices.chosen.is_empty() {
        return unfit("no user of a language model saw a list".to_owned());
    }
    Ok(choices)
}

/// Mean numbers liked and picked on the lists of an arm.
fn expected(
    lists: &[List],
    choices: &Choices,
    arm: usize,
    action: &ChoiceCalibration,
    (names, engaged): (&[String], usize),
) -> ArmFit {
    let (mut count, mut at) = (0.0_f64, 0);
    let (mut shown, mut liked, mut before, mut after, mut right) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for list in lists {
        let chosen = &choices.chosen[at..at + list.items.len()];
        at += list.items.len();
        if list.arm != arm {
            continue;
        }
        count += 1.0;
        liked += chosen.iter().sum::<usize>() as f64;
        shown += chosen.len() as f64;
        for (listed, is_liked) in list.items.iter().zip(chosen) {
            before += listed.probabilities[engaged..].iter().sum::<f64>();
            let weight = |at: usize| {
                let log = listed.probabilities[at].max(f64::from(f32::MIN_POSITIVE)).ln();
                let offset = action.offset.get(&names[at]).copied().unwrap_or(0.0);
                (log / action.temperature + offset).exp()
            };
            let weights: Vec<f64> = (0..names.len()).map(weight).collect();
            let picked = weights[engaged..].iter().sum::<f64>() / weights.iter().sum::<f64>();
            after += picked;
            right += picked * *is_liked as f64;
        }
    }
    let count = count.max(1.0);
    ArmFit {
        arm: String::new(),
        m: 0,
        shown: shown / count,
        liked: liked / count,
        picked_before: before / count,
        picked_after: after / count,
        liked_probability: right / liked.max(1.0),
        other_probability: (after - right) / (shown - liked).max(1.0),
    }
}

fn unfit<T>(why: String) -> Result<T, FidelityError> {
    Err(FidelityError::Unfit(why))
}

/// Whether the logged probabilities are the model's own.
fn uncalibrated(scenario: &Scenario) -> Result<(), FidelityError> {
    let as_it_is = |config: &LlmConfig| {
        config.calibration.action.is_off() && config.temperature.to_bits() == 1.0_f64.to_bits()
    };
    for population in &scenario.populations {
        if let ModelConfig::Llm(users) = &population.model
            && !as_it_is(&users.config)
        {
            let name = &population.name;
            return unfit(format!(
                "population \"{name}\" has a temperature or a calibration already, expected the model as it is"
            ));
        }
    }
    Ok(())
}

impl Fit {
    /// The tables of `llm.calibration`, as a file that scenarios can name. Numbers have six decimals.
    pub fn toml(&self) -> String {
        let ChoiceCalibration { temperature, offset } = &self.calibration.action;
        let mut text = String::from("# Fitted by `habitue fit`: the tables of `llm.calibration`.\n");
        for arm in &self.arms {
            let ArmFit { arm, shown, liked, picked_before, picked_after, .. } = arm;
            let _ = writeln!(
                text,
                "# {arm}: {liked:.2} of {shown:.2} liked, {picked_before:.2} picked as the model is, {picked_after:.2} calibrated"
            );
        }
        for line in &self.not_fitted {
            let _ = writeln!(text, "# Not fitted: {line}");
        }
        let _ = write!(text, "\n[action]\ntemperature = {temperature:.6}\n\n[action.offset]\n");
        for (name, offset) in offset {
            let _ = writeln!(text, "{name:?} = {offset:.6}");
        }
        text
    }
}
