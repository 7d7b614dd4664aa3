//! What is held out of users' histories: kept apart from everything, for the policy that examines users.

use std::collections::BTreeMap;
use std::path::Path;

use habitue_core::scenario::{PersonaSource, Scenario, nearest};
use habitue_core::{Catalogue, DataError, DataErrorKind, Interaction, Persona, Split, UserId};
use habitue_policies::HeldOut;

use crate::error::RunError;

/// Its file in the run folder, so that a resumed or replayed run does not depend on the data set.
const FILE: &str = "held-out.csv";
const COLUMNS: [&str; 3] = ["user", "item", "rating"];

/// Whether anything is held out in a scenario.
pub(crate) fn is_wanted(scenario: &Scenario) -> bool {
    scenario.populations.iter().any(|population| matches!(population.personas, PersonaSource::HeldIn { .. }))
}

/// What a split holds out of the first `users` of a data set, who are the users from `first` on.
pub(super) fn of(split: &Split, first: u32, users: usize) -> Vec<HeldOut> {
    let mut held: Vec<HeldOut> =
        (0..users as u32).map(|user| HeldOut { user: UserId(first + user), items: Vec::new() }).collect();
    let in_run = |one: &&Interaction| (one.user as usize) < users;
    for one in split.held_out.iter().filter(in_run) {
        held[one.user as usize].items.push((one.item, one.rating));
    }
    held.retain(|held| !held.items.is_empty());
    held
}

/// Writes it into the run folder.
pub(crate) fn keep(
    folder: &Path,
    held: &[HeldOut],
    catalogue: &Catalogue,
    personas: &[Persona],
) -> Result<(), RunError> {
    let path = folder.join(FILE);
    let write = || -> std::io::Result<()> {
        let mut file = csv::Writer::from_path(&path)?;
        file.write_record(COLUMNS)?;
        for HeldOut { user, items } in held {
            let user = &personas[user.index()].key;
            for (item, rating) in items {
                let rating = rating.map_or_else(String::new, |rating| rating.to_string());
                file.write_record([user, &catalogue.item(*item).key, &rating])?;
            }
        }
        file.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?.sync_all()
    };
    write().map_err(|source| RunError::Io { path: path.clone(), action: "write", source })
}

/// Reads it back.
pub(crate) fn read(
    folder: &Path,
    catalogue: &Catalogue,
    personas: &[Persona],
) -> Result<Vec<HeldOut>, RunError> {
    let path = folder.join(FILE);
    let users: BTreeMap<&str, u32> = personas.iter().map(|persona| persona.key.as_str()).zip(0..).collect();
    let mut held: BTreeMap<u32, HeldOut> = BTreeMap::new();
    let unreadable = |error: csv::Error| RunError::Io {
        path: path.clone(),
        action: "read",
        source: std::io::Error::other(error.to_string()),
    };
    let mut file = csv::Reader::from_path(&path).map_err(unreadable)?;
    for (record, line) in file.records().zip(2..) {
        let record = record.map_err(unreadable)?;
        let [user, item, rating] = [0, 1, 2].map(|at| record.get(at).unwrap_or_default());
        let dangling = |field: &str, value: &str, expected: &str, near: Option<String>| {
            let error = DataError::new(DataErrorKind::Dangling, &path, expected);
            RunError::from(Box::new(error.at(line).field(field).value(value).nearest(near)))
        };
        let user = *users.get(user).ok_or_else(|| {
            dangling("user", user, "the key of a persona of this run", nearest(user, users.keys().copied()))
        })?;
        let item = catalogue.find(item).ok_or_else(|| {
            dangling("item", item, "the key of an item of this run", nearest(item, catalogue.keys()))
        })?;
        let number = (!rating.is_empty()).then(|| rating.parse::<f32>()).transpose();
        let rating = number.map_err(|_| {
            let error = DataError::new(DataErrorKind::Type, &path, "a rating that is a number, or none");
            RunError::from(Box::new(error.at(line).field("rating").value(rating)))
        })?;
        let held = held.entry(user).or_insert_with(|| HeldOut { user: UserId(user), items: Vec::new() });
        held.items.push((item, rating));
    }
    Ok(held.into_values().collect())
}
