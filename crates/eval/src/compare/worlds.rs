//! What sets runs apart besides their policies.

use std::collections::BTreeMap;

use habitue_core::scenario::{PersonaSource, Population, Scenario};
use habitue_store::RunReader;
use serde_json::Value;

use super::alternatives::folder;
use super::error::CompareError;
use super::people::same_people;
use crate::report::number::days;

/// Fields of a scenario in which alternatives may differ: what is compared, how it is called, drawn and written down.
const FREE: [&str; 5] = ["name", "seed", "arms", "log", "checkpoints"];

/// Differences that are told one by one.
const TOLD: usize = 4;

/// What all runs have in common.
pub(super) struct Worlds {
    /// Whether rewards are counted alike.
    pub(super) same_reward: bool,
    pub(super) warnings: Vec<String>,
}

/// Compares every run with the first.
pub(super) fn check(runs: &[RunReader]) -> Result<Worlds, CompareError> {
    let mut worlds = Worlds { same_reward: true, warnings: Vec::new() };
    let Some((first, others)) = runs.split_first() else { return Ok(worlds) };
    for run in others {
        horizon(first, run)?;
        populations(first, run)?;
        let (ours, theirs) = (first.scenario(), run.scenario());
        if ours.reward != theirs.reward {
            worlds.same_reward = false;
            worlds.warnings.push(format!(
                "{} counts rewards in another way than {}: reward per user is left out.",
                folder(run),
                folder(first)
            ));
        }
        let apart = apart(ours, theirs);
        if !apart.is_empty() {
            worlds.warnings.push(format!(
                "{} is of another scenario than {}: {}. Differences are those of the policies and of all this together.",
                folder(run),
                folder(first),
                told(&apart)
            ));
        }
        let versions = [first, run].map(|run| run.manifest().map(|manifest| manifest.habitue.as_str()));
        if let [Some(ours), Some(theirs)] = versions
            && ours != theirs
        {
            worlds.warnings.push(format!(
                "{} was made by version {theirs}, {} by version {ours}: users may follow other laws.",
                folder(run),
                folder(first)
            ));
        }
    }
    Ok(worlds)
}

fn horizon(first: &RunReader, run: &RunReader) -> Result<(), CompareError> {
    let [expected, found] = [first, run].map(|run| run.scenario().horizon.days());
    if (expected - found).abs() <= 0.0 {
        return Ok(());
    }
    Err(CompareError::Horizon {
        run: folder(run),
        found: days(found),
        first: folder(first),
        expected: days(expected),
    })
}

/// People come from the same sources, or are the same people.
fn populations(first: &RunReader, run: &RunReader) -> Result<(), CompareError> {
    let [ours, theirs] = [first, run].map(|run| &run.scenario().populations);
    let people = |what| CompareError::People { run: folder(run), first: folder(first), what };
    let names = |populations: &[Population]| {
        let names: Vec<String> =
            populations.iter().map(|population| format!("\"{}\"", population.name)).collect();
        names.join(", ")
    };
    if names(ours) != names(theirs) {
        return Err(people(format!("populations {} and {}", names(theirs), names(ours))));
    }
    let same = |a: &Population, b: &Population| {
        let history =
            a.personas == PersonaSource::History && first.scenario().catalogue != run.scenario().catalogue;
        a.personas == b.personas && !history
    };
    let other = ours.iter().zip(theirs).find(|(a, b)| !same(a, b));
    match other {
        Some((population, _)) if !same_people(first, run)? => {
            Err(people(format!("the personas of population \"{}\" come from other sources", population.name)))
        }
        _ => Ok(()),
    }
}

/// Places where two scenarios differ, with the value of `theirs` and that of `ours`.
fn apart(ours: &Scenario, theirs: &Scenario) -> Vec<(String, Value, Value)> {
    let [ours, theirs] = [ours, theirs].map(|scenario| {
        let mut values = BTreeMap::new();
        // A resolved scenario was read from JSON, so it can be written as such.
        flatten("", &serde_json::to_value(scenario).unwrap_or_default(), &mut values);
        values
    });
    let mut places: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
    places.sort_unstable();
    places.dedup();
    let value =
        |values: &BTreeMap<String, Value>, place: &String| values.get(place).cloned().unwrap_or_default();
    let differs = |place: &&String| ours.get(*place) != theirs.get(*place);
    places
        .into_iter()
        .filter(differs)
        .map(|place| (place.clone(), value(&theirs, place), value(&ours, place)))
        .collect()
}

/// The values that are no tables or lists, by place.
fn flatten(place: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match value {
        Value::Object(fields) => {
            let free = |name: &str| place.is_empty() && (FREE.contains(&name) || name == "reward");
            fields
                .iter()
                .filter(|(name, _)| !free(name))
                .for_each(|(name, value)| flatten(&below(name), value, found));
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| flatten(&below(&at.to_string()), value, found));
        }
        single => {
            found.insert(place.to_owned(), single.clone());
        }
    }
}

fn told(apart: &[(String, Value, Value)]) -> String {
    let one = |(place, theirs, ours): &(String, Value, Value)| format!("`{place}` is {theirs}, not {ours}");
    let mut told: Vec<String> = apart.iter().take(TOLD).map(one).collect();
    match apart.len() - told.len() {
        0 => {}
        1 => told.push("and one place more".to_owned()),
        more => told.push(format!("and {more} places more")),
    }
    told.join(", ")
}
