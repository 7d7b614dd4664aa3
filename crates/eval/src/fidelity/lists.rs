//! The lists that users of a run were examined on.

use habitue_core::scenario::Scenario;
use habitue_core::scenario::policy::{DiscriminateConfig, PolicyConfig};
use habitue_core::{Decider, ItemId, PastInteraction, UserId};
use habitue_store::RunReader;

use super::error::FidelityError;

/// An item on a list, and what the simulated user did.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed {
    pub(super) item: ItemId,
    /// Whether the action counts as engagement.
    pub(super) is_picked: bool,
    /// Probabilities of the actions as logged, shape `[actions]`; empty if they were not.
    pub(super) probabilities: Vec<f64>,
}

impl Listed {
    /// The logged probability of picking the item.
    pub(super) fn pick_probability(&self, engaged: usize) -> Option<f64> {
        (!self.probabilities.is_empty()).then(|| self.probabilities[engaged..].iter().sum())
    }
}

/// A list and its user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct List {
    pub(super) arm: usize,
    pub(super) user: UserId,
    pub(super) decider: Decider,
    pub(super) items: Vec<Listed>,
}

/// A user as the run knows it.
pub(super) struct Person {
    pub(super) key: String,
    pub(super) history: Vec<PastInteraction>,
}

/// Arms that examine users, by their position in the scenario.
pub(super) fn examining(scenario: &Scenario) -> Vec<(usize, &DiscriminateConfig)> {
    let arms = scenario.arms.iter().enumerate();
    let examining = arms.filter_map(|(at, arm)| match &arm.policy.config {
        PolicyConfig::Discriminate(config) => Some((at, config)),
        _ => None,
    });
    examining.collect()
}

/// The position of the least action that counts as engagement.
pub(super) fn engaged(scenario: &Scenario) -> usize {
    let scale = &scenario.slate.scale;
    scale.actions().position(|action| scale.is_engaged(action)).unwrap_or(scale.len())
}

/// All lists of a run, in the order of its log.
pub(super) fn lists(run: &RunReader) -> Result<Vec<List>, FidelityError> {
    let arms = examining(run.scenario());
    if arms.is_empty() {
        return Err(FidelityError::NoArm);
    }
    let actions = run.scenario().slate.scale.names().len();
    let mut lists = Vec::new();
    for turn in run.turns() {
        let turn = turn?;
        let arm = turn.arm.index();
        if turn.impressions.is_empty() || arms.iter().all(|(at, _)| *at != arm) {
            continue;
        }
        let scale = &run.scenario().slate.scale;
        let probabilities = turn.distributions.map_or(Vec::new(), |all| all.actions);
        let listed = turn.impressions.iter().enumerate().map(|(at, shown)| Listed {
            item: shown.item,
            is_picked: scale.is_engaged(shown.action),
            probabilities: match probabilities.get(at * actions..(at + 1) * actions) {
                Some(own) => own.iter().map(|p| f64::from(*p)).collect(),
                None => Vec::new(),
            },
        });
        let items = listed.collect();
        lists.push(List { arm, user: turn.user, decider: turn.decider, items });
    }
    if lists.is_empty() {
        return Err(FidelityError::NoLists);
    }
    Ok(lists)
}

/// Everybody in a run, by id.
pub(super) fn people(run: &RunReader) -> Result<Vec<Person>, FidelityError> {
    let person = |row: habitue_store::UserRow| Person { key: row.persona.key, history: row.persona.history };
    Ok(run.users().map(|row| row.map(person)).collect::<Result<_, _>>()?)
}
