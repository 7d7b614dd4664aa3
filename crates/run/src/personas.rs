//! The people of a scenario as a file that other scenarios can name, with texts by a language model where asked.

use habitue_core::scenario::llm::LanguageModelConfig;
use habitue_core::scenario::{ModelFile, Scenario, nearest};
use habitue_core::{Persona, Streams};
use habitue_policies::OpenModels;
use habitue_users::{ModelError, personas};

use crate::build::people;
use crate::error::RunError;

/// The people of a scenario, or of one of its populations, as a JSONL file of personas, and how many they are. The text of
/// each is the one it has (drawn, read, or made of its history), or with a `writer` (where the model is, how it is asked)
/// what the model makes of all that is known about it; `described` is told how many of how many have their text.
///
/// # Errors
/// If the people cannot be read or drawn, there is no such population, or the model cannot answer.
pub fn write_personas(
    scenario: &Scenario,
    population: Option<&str>,
    writer: Option<(&ModelFile, &LanguageModelConfig)>,
    described: &mut dyn FnMut(usize, usize),
) -> Result<(String, usize), RunError> {
    let found = people(scenario)?;
    let mut chosen: Vec<Persona> = match population {
        None => found.personas,
        Some(name) => {
            let names = || scenario.populations.iter().map(|population| population.name.as_str());
            let Some(at) = names().position(|known| known == name) else {
                let near = nearest(name, names()).map(|near| format!("; did you mean \"{near}\"?"));
                return Err(RunError::Field {
                    field: "--population".to_owned(),
                    value: format!("\"{name}\""),
                    expected: format!("a population of the scenario{}", near.unwrap_or_default()),
                });
            };
            let of = found.personas.into_iter().zip(&found.populations);
            of.filter(|(_, population)| population.index() == at).map(|(persona, _)| persona).collect()
        }
    };
    if let Some((file, config)) = writer {
        let failed = |source| ModelError::Open { model: config.model.clone(), source };
        let model = OpenModels::default().take(file, config).map_err(failed)?;
        let all = chosen.len();
        let streams = Streams::new(scenario.seed);
        let mut done = |some| described(some, all);
        personas::describe(&mut chosen, &found.catalogue, &model, config, streams, &mut done)
            .map_err(failed)?;
    }
    let text = personas::to_jsonl(&chosen, &found.catalogue).map_err(|problem| RunError::Field {
        field: "personas".to_owned(),
        value: problem.to_string(),
        expected: "numbers that a file can hold".to_owned(),
    })?;
    Ok((text, chosen.len()))
}
