//! Personas built from a data set's history.

use habitue_core::{CategoryId, Dataset, Persona};

/// The users of a data set as personas, in its order; the first `limit` if there is a limit.
pub fn from_history(dataset: &Dataset, limit: Option<u32>) -> Vec<Persona> {
    dataset
        .by_user()
        .take(limit.map_or(usize::MAX, |limit| limit as usize))
        .map(|(user, _)| Persona {
            key: user.key.clone(),
            age: user.age,
            gender: user.gender.clone(),
            occupation: user.occupation.clone(),
            interests: vec![(CategoryId(0), 1.0)],
            ..Persona::default()
        })
        .collect()
}
