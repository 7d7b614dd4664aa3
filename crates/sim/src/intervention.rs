//! Interventions: what can be wrong with them, before the run begins.

use std::collections::BTreeSet;

use habitue_core::scenario::{FieldProblem, Intervention, InterventionKind, Scenario, Window, nearest};
use habitue_core::{Catalogue, CategoryId, CreatorId, ItemId, Persona, SimDuration, SimTime, UserId};
use serde::{Deserialize, Serialize};

use crate::error::SimError;
use crate::parts::Parts;

/// Interests that were set from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Edit {
    /// Sorted; `None` is everybody.
    pub(crate) users: Option<Vec<UserId>>,
    pub(crate) interests: Vec<(CategoryId, f32)>,
}

impl Edit {
    /// Whether this user's interests were set.
    pub(crate) fn concerns(&self, user: UserId) -> bool {
        self.users.as_ref().is_none_or(|users| users.binary_search(&user).is_ok())
    }

    /// Sets the interests of the personas.
    pub(crate) fn apply(&self, personas: &mut [Persona]) {
        for (user, persona) in (0..).map(UserId).zip(personas) {
            if self.concerns(user) {
                persona.interests.clone_from(&self.interests);
            }
        }
    }
}

/// Goes through the interventions from this one on as if they happened, to find what is wrong with them: a name that
/// nothing has, an item that cannot join, a time at which no window begins any more.
pub(crate) fn check(scenario: &Scenario, parts: &Parts, from: usize) -> Result<(), SimError> {
    let interventions = &scenario.interventions[from..];
    if interventions.is_empty() {
        return Ok(());
    }
    check_users(interventions, parts)?;
    let mut catalogue = parts.catalogue.clone();
    for intervention in interventions {
        let window = first_window(scenario.window, intervention.at);
        if window >= SimTime::ZERO + scenario.horizon {
            let message = format!(
                "would happen at {window}, when the run is over; expected {} at the latest",
                last_window(scenario)
            );
            return Err(error(intervention, message));
        }
        rehearse(scenario, intervention, &mut catalogue, window)
            .map_err(|message| error(intervention, message))?;
    }
    Ok(())
}

/// The error of an intervention.
pub(crate) fn error(intervention: &Intervention, message: String) -> SimError {
    SimError::Intervention { kind: intervention.kind.name(), at: intervention.at, message }
}

/// When the first window begins at or after this time.
pub(crate) fn first_window(window: Window, at: SimTime) -> SimTime {
    match window {
        Window::Turn => at,
        Window::Every(SimDuration(length)) => SimTime((at.0 + length - 1).div_euclid(length) * length),
    }
}

/// The latest time at which an intervention is still applied.
fn last_window(scenario: &Scenario) -> SimTime {
    let last = scenario.horizon.0 - 1;
    match scenario.window {
        Window::Turn => SimTime(last),
        Window::Every(SimDuration(length)) => SimTime(last / length * length),
    }
}

fn rehearse(
    scenario: &Scenario,
    intervention: &Intervention,
    catalogue: &mut Catalogue,
    window: SimTime,
) -> Result<(), String> {
    match &intervention.kind {
        InterventionKind::EditPersona { interests, .. } => find_interests(catalogue, interests).map(drop),
        InterventionKind::AddItems(items) => {
            for (position, item) in items.iter().enumerate() {
                item.add_to(catalogue, window)
                    .map_err(|problem| within(&format!("items.{position}"), &problem))?;
            }
            Ok(())
        }
        InterventionKind::RemoveItems(keys) => find_items(catalogue, keys).map(drop),
        InterventionKind::CreatorPost { creator, item } => {
            find_creator(catalogue, creator)?;
            if let Some(other) = item.creator.as_ref().filter(|other| *other != creator) {
                return Err(format!(
                    "item.creator is \"{other}\", expected none or \"{creator}\", who posts it"
                ));
            }
            item.add_to(catalogue, window).map(drop).map_err(|problem| within("item", &problem))
        }
        InterventionKind::SwapPolicy { arm, .. } => find_arm(scenario, arm).map(drop),
        InterventionKind::Outage { arm, .. } => match arm {
            Some(arm) => find_arm(scenario, arm).map(drop),
            None => Ok(()),
        },
        InterventionKind::NeedShock { category, .. } => find_category(catalogue, category).map(drop),
    }
}

/// A field of a specification that is wrong.
pub(crate) fn within(table: &str, problem: &FieldProblem) -> String {
    let FieldProblem { field, value, expected } = problem;
    format!("{table}.{field} is \"{value}\", expected {expected}")
}

/// A name that nothing has.
fn unknown<'a>(field: &str, name: &str, expected: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let hint = nearest(name, known).map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
    format!("{field} is \"{name}\", expected {expected}{hint}")
}

fn check_users(interventions: &[Intervention], parts: &Parts) -> Result<(), SimError> {
    let mut wanted = BTreeSet::new();
    for intervention in interventions {
        if let InterventionKind::EditPersona { users, .. } = &intervention.kind {
            wanted.extend(users.iter().map(String::as_str));
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    for persona in &parts.personas {
        wanted.remove(persona.key.as_str());
    }
    for intervention in interventions {
        let InterventionKind::EditPersona { users, .. } = &intervention.kind else { continue };
        if let Some(user) = users.iter().find(|user| wanted.contains(user.as_str())) {
            let keys = parts.personas.iter().map(|persona| persona.key.as_str());
            let message = unknown("users", user, "the key of a persona", keys);
            return Err(error(intervention, message));
        }
    }
    Ok(())
}

/// Interests by category, in order of id.
pub(crate) fn find_interests(
    catalogue: &Catalogue,
    interests: &[(String, f32)],
) -> Result<Vec<(CategoryId, f32)>, String> {
    if interests.is_empty() {
        return Err("interests are empty, expected at least one category".to_owned());
    }
    let mut found = Vec::with_capacity(interests.len());
    for (name, weight) in interests {
        if !(*weight > 0.0 && weight.is_finite()) {
            return Err(format!("interests.{name} is {weight}, expected a number above 0"));
        }
        found.push((find_category(catalogue, name)?, *weight));
    }
    found.sort_by_key(|(category, _)| *category);
    Ok(found)
}

pub(crate) fn find_items(catalogue: &Catalogue, keys: &[String]) -> Result<Vec<ItemId>, String> {
    let find = |key: &String| {
        let item = catalogue.find(key);
        item.ok_or_else(|| unknown("items", key, "the id of an item in the catalogue", catalogue.keys()))
    };
    keys.iter().map(find).collect()
}

pub(crate) fn find_category(catalogue: &Catalogue, name: &str) -> Result<CategoryId, String> {
    let known = catalogue.categories().iter().map(String::as_str);
    let found = catalogue.find_category(name);
    found.ok_or_else(|| unknown("category", name, "a category of the catalogue", known))
}

pub(crate) fn find_creator(catalogue: &Catalogue, name: &str) -> Result<CreatorId, String> {
    let known = catalogue.creators().iter().map(String::as_str);
    let found = catalogue.find_creator(name);
    found.ok_or_else(|| unknown("creator", name, "a creator of the catalogue", known))
}

pub(crate) fn find_arm(scenario: &Scenario, name: &str) -> Result<usize, String> {
    let found = scenario.arms.iter().position(|arm| arm.name == name);
    let known = scenario.arms.iter().map(|arm| arm.name.as_str());
    found.ok_or_else(|| unknown("arm", name, "the name of an arm", known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intervention_waits_for_the_next_window() {
        let hourly = Window::Every(SimDuration(100));
        assert_eq!(first_window(hourly, SimTime(0)), SimTime(0));
        assert_eq!(first_window(hourly, SimTime(1)), SimTime(100));
        assert_eq!(first_window(hourly, SimTime(100)), SimTime(100));
        assert_eq!(first_window(Window::Turn, SimTime(7)), SimTime(7));
    }
}
