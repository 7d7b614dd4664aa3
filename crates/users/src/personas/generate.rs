//! Personas drawn from a specification.

use habitue_core::scenario::FieldProblem;
use habitue_core::scenario::persona::PersonaSpec;
use habitue_core::{Catalogue, CategoryId, Persona, Purpose, Streams};
use rand::RngExt;

/// Why personas could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("personas of population \"{population}\": {} is \"{}\", expected {}", problem.field, problem.value, problem.expected)]
pub struct SpecError {
    /// The population.
    pub population: String,
    /// The field of the specification.
    pub problem: FieldProblem,
    /// The valid name most like the value.
    pub nearest: Option<String>,
}

/// Draws `size` personas with keys `"{population}-0"`, `"{population}-1"`, ...; `first_user` is the id of the first,
/// which keys the random streams.
///
/// # Errors
/// The field of the specification that does not fit the catalogue.
pub fn generate(
    _spec: &PersonaSpec,
    population: &str,
    size: u32,
    first_user: u32,
    catalogue: &Catalogue,
    streams: Streams,
) -> Result<Vec<Persona>, SpecError> {
    let categories = catalogue.categories().len() as u16;
    if categories == 0 {
        return Err(SpecError {
            population: population.to_owned(),
            problem: FieldProblem::new("categories", "", "a catalogue with at least one category"),
            nearest: None,
        });
    }
    Ok((0..size)
        .map(|n| {
            let mut stream = streams.stream(Purpose::Persona, u64::from(first_user + n), 0);
            let category = CategoryId(stream.random_range(0..categories));
            Persona {
                key: format!("{population}-{n}"),
                interests: vec![(category, 1.0)],
                ..Persona::default()
            }
        })
        .collect())
}
