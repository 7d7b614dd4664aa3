//! Who hears whom.

use std::collections::BTreeMap;
use std::path::Path;

use habitue_core::scenario::{GraphSource, nearest};
use habitue_core::{DataError, DataErrorKind, Dataset, Persona, Purpose, SocialGraph, Streams, UserId};
use rand_distr::{Binomial, Distribution};

use crate::error::RunError;

/// The columns of a file of friendships.
const COLUMNS: [&str; 2] = ["from", "to"];

/// The same in `RecAgent`'s file of relationships.
const RECAGENT: [&str; 2] = ["user_1", "user_2"];

/// Builds the graph of a scenario.
///
/// # Errors
/// A mean degree that so few users cannot have; a file that cannot be read, or names a persona that is not in the run.
pub(super) fn graph(
    source: &GraphSource,
    personas: &[Persona],
    dataset: Option<&Dataset>,
    streams: Streams,
) -> Result<SocialGraph, RunError> {
    match source {
        GraphSource::None => Ok(SocialGraph::empty(personas.len())),
        GraphSource::Random { mean_degree } => random(personas.len(), *mean_degree, streams),
        GraphSource::File(path) => Ok(read(path, personas)?),
        GraphSource::Dataset => {
            dataset.map(|dataset| of_dataset(dataset, personas)).ok_or_else(|| RunError::Field {
                field: "social.graph.kind".to_owned(),
                value: "\"dataset\"".to_owned(),
                expected: "a catalogue from a data set".to_owned(),
            })
        }
    }
}

/// Mutual friendships at random: every pair is joined with the same probability, mean degree / (users - 1) (the G(n, p)
/// model of Gilbert 1959). A user's stream decides on the pairs with the users after it.
fn random(users: usize, mean_degree: f64, streams: Streams) -> Result<SocialGraph, RunError> {
    let most = users.saturating_sub(1);
    if !(mean_degree >= 0.0 && mean_degree <= most as f64) {
        return Err(RunError::Field {
            field: "social.graph.mean_degree".to_owned(),
            value: mean_degree.to_string(),
            expected: format!("0 to {most}, the number of other users"),
        });
    }
    let mut graph = SocialGraph::empty(users);
    if most == 0 {
        return Ok(graph);
    }
    let probability = mean_degree / most as f64;
    for user in 0..users {
        let after = users - 1 - user;
        let mut stream = streams.stream(Purpose::Graph, user as u64, 0);
        let Ok(count) = Binomial::new(after as u64, probability) else { continue };
        let count = count.sample(&mut stream) as usize;
        for offset in rand::seq::index::sample(&mut stream, after, count) {
            let (one, other) = (UserId(user as u32), UserId((user + 1 + offset) as u32));
            graph.connect(one, other);
            graph.connect(other, one);
        }
    }
    Ok(graph)
}

fn by_key(personas: &[Persona]) -> BTreeMap<&str, UserId> {
    personas.iter().enumerate().map(|(at, persona)| (persona.key.as_str(), UserId(at as u32))).collect()
}

/// Friendships from a CSV file with the columns `from,to`: `to` hears `from`.
///
/// In `RecAgent`'s file of relationships (`user_1,user_2,relationship,closeness`) the second is a contact of the first and
/// hears what the first posts. Kind and closeness are not used. It speaks of a thousand users: those who are not in the
/// run are left out, as long as somebody is.
pub(super) fn read(path: &Path, personas: &[Persona]) -> Result<SocialGraph, Box<DataError>> {
    let users = by_key(personas);
    let unreadable = |error: &csv::Error| {
        let line = error.position().map(csv::Position::line);
        let (kind, expected) = match error.kind() {
            csv::ErrorKind::Io(io) if io.kind() == std::io::ErrorKind::NotFound => {
                (DataErrorKind::MissingFile, "a file of friendships, which is not there".to_owned())
            }
            csv::ErrorKind::Io(io) => (DataErrorKind::MissingFile, format!("a readable file: {io}")),
            csv::ErrorKind::Utf8 { .. } => (DataErrorKind::Encoding, "UTF-8 text".to_owned()),
            _ => (DataErrorKind::FieldCount, "as many fields as the header has".to_owned()),
        };
        let error = DataError::new(kind, path, expected);
        line.map_or(error.clone(), |line| error.at(line))
    };
    let mut file = csv::Reader::from_path(path).map_err(|error| unreadable(&error))?;
    let header = file.headers().map_err(|error| unreadable(&error))?.clone();
    let has = |name: &str| header.iter().any(|found| found == name);
    let recagent = RECAGENT.into_iter().all(has);
    let names = if recagent { RECAGENT } else { COLUMNS };
    let mut columns = [0; 2];
    let mut strangers = None;
    for (column, name) in columns.iter_mut().zip(names) {
        *column = header.iter().position(|found| found == name).ok_or_else(|| {
            let found: Vec<&str> = header.iter().collect();
            DataError::new(DataErrorKind::MissingColumn, path, format!("a column \"{name}\""))
                .at(1)
                .value(found.join(","))
        })?;
    }
    let mut graph = SocialGraph::empty(personas.len());
    for record in file.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let mut edge = [UserId(0); 2];
        let mut stranger = None;
        for (end, (column, name)) in edge.iter_mut().zip(columns.into_iter().zip(names)) {
            let key = record.get(column).unwrap_or_default();
            match users.get(key) {
                Some(user) => *end = *user,
                None if recagent && strangers.is_some() => stranger = strangers.take(),
                None => {
                    let line = record.position().map_or(0, csv::Position::line);
                    let problem =
                        DataError::new(DataErrorKind::Dangling, path, "the key of a persona of this run");
                    let near = nearest(key, users.keys().copied());
                    stranger = Some(problem.at(line).field(name).value(key).nearest(near));
                }
            }
        }
        match stranger {
            None => graph.connect(edge[0], edge[1]),
            Some(problem) if recagent => strangers = Some(problem),
            Some(problem) => return Err(problem.into()),
        }
    }
    if let Some(problem) = strangers.filter(|_| graph.edges() == 0) {
        return Err(problem.into());
    }
    Ok(graph)
}

/// The friendships as [`read`] reads them.
pub(super) fn to_csv(graph: &SocialGraph, personas: &[Persona]) -> Vec<u8> {
    let mut file = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = file.write_record(COLUMNS);
    for (from, persona) in personas.iter().enumerate() {
        for to in graph.friends(UserId(from as u32)) {
            let _ = file.write_record([&persona.key, &personas[to.index()].key]);
        }
    }
    file.into_inner().unwrap_or_default()
}

/// The friendships of a data set, as far as both users are in the run.
fn of_dataset(dataset: &Dataset, personas: &[Persona]) -> SocialGraph {
    let users = by_key(personas);
    let mut graph = SocialGraph::empty(personas.len());
    let user = |at: u32| {
        let user = dataset.users.get(at as usize)?;
        users.get(user.key.as_str()).copied()
    };
    for (from, to) in &dataset.friends {
        if let (Some(from), Some(to)) = (user(*from), user(*to)) {
            graph.connect(from, to);
        }
    }
    graph
}

#[cfg(test)]
mod tests;
