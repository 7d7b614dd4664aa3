//! From a scenario to the parts of a simulation.

mod generate;
mod graph;
pub(crate) mod held_out;

use std::collections::BTreeMap;
use std::path::Path;

use habitue_core::scenario::{CatalogueSource, GraphSource, PersonaSource, PolicySpec, Population, Scenario};
use habitue_core::{
    Catalogue, Dataset, PastInteraction, Persona, Policy, PolicyError, PopulationId, Streams, UserId, World,
};
use habitue_policies::{HeldOut, OpenModels, Setting};
use habitue_sim::{Parts, PolicyMaker, Simulation};
use habitue_store::{RunReader, read_catalogue, read_dataset};
use habitue_users::{build_models, personas};

use crate::error::RunError;

/// The friendships of a run whose scenario takes them from a file or a data set, in the run folder.
const FRIENDS: &str = "friends.csv";

/// Builds everything a scenario names: items, personas, user models, friendships.
///
/// # Errors
/// If a file is missing or malformed, a specification does not fit the catalogue, or two users have the same key.
pub fn parts(scenario: &Scenario) -> Result<Parts, RunError> {
    Ok(parts_and_held_out(scenario, &OpenModels::default())?.0)
}

/// As [`parts`], with what is held out of users' histories. Language models are taken from those that are open.
pub(crate) fn parts_and_held_out(
    scenario: &Scenario,
    open: &OpenModels,
) -> Result<(Parts, Vec<HeldOut>), RunError> {
    let People { catalogue, dataset, personas, populations, held_out } = people(scenario)?;
    let streams = Streams::new(scenario.seed);
    let graph = graph::graph(&scenario.graph, &personas, dataset.as_ref(), streams)?;
    let parts = Parts { catalogue, personas, populations, models: models(scenario, open)?, graph };
    Ok((parts, held_out))
}

/// Who lives in a scenario, and with what.
pub(crate) struct People {
    pub(crate) catalogue: Catalogue,
    dataset: Option<Dataset>,
    /// All of them, population by population.
    pub(crate) personas: Vec<Persona>,
    /// Of each of them.
    pub(crate) populations: Vec<PopulationId>,
    held_out: Vec<HeldOut>,
}

/// Reads or draws a scenario's catalogue and people. No language model is opened.
pub(crate) fn people(scenario: &Scenario) -> Result<People, RunError> {
    let streams = Streams::new(scenario.seed);
    let (catalogue, dataset) = match &scenario.catalogue {
        CatalogueSource::File(path) => (read_catalogue(path)?, None),
        CatalogueSource::Generate(spec) => (generate::generate(spec, scenario.horizon, streams)?, None),
        CatalogueSource::Dataset { layout, path } => {
            let dataset = read_dataset(layout, path)?;
            (dataset.catalogue.clone(), Some(dataset))
        }
    };
    let mut everybody = Vec::new();
    let mut populations = Vec::new();
    let mut held_out = Vec::new();
    for (population, id) in scenario.populations.iter().zip(0..) {
        let first = everybody.len() as u32;
        let split = match (&population.personas, &dataset) {
            (PersonaSource::HeldIn { held_out }, Some(dataset)) => Some(dataset.hold_out(*held_out, streams)),
            _ => None,
        };
        let known = split.as_ref().map_or(dataset.as_ref(), |split| Some(&split.held_in));
        let own = personas_of(population, first, &catalogue, known, streams)?;
        if let Some(split) = split {
            held_out.extend(held_out::of(&split, first, own.len()));
        }
        populations.extend(std::iter::repeat_n(PopulationId(id), own.len()));
        everybody.extend(own);
    }
    check_keys(scenario, &everybody, &populations)?;
    Ok(People { catalogue, dataset, personas: everybody, populations, held_out })
}

/// Takes the parts from a run's own log, so that a resumed or replayed run does not depend on files that may have
/// changed since. The catalogue and the user models are those given.
///
/// # Errors
/// If a table or the run's file of friendships is damaged.
pub(crate) fn parts_of(
    run: &RunReader,
    catalogue: Catalogue,
    models: Vec<Box<dyn habitue_core::UserModel>>,
) -> Result<Parts, RunError> {
    let scenario = run.scenario();
    let (mut everybody, mut populations) = (Vec::new(), Vec::new());
    for user in run.users() {
        let user = user?;
        everybody.push(user.persona);
        populations.push(user.population);
    }
    let graph = match scenario.graph {
        GraphSource::File(_) | GraphSource::Dataset => graph::read(&run.folder().join(FRIENDS), &everybody)?,
        GraphSource::None | GraphSource::Random { .. } => {
            graph::graph(&scenario.graph, &everybody, None, Streams::new(scenario.seed))?
        }
    };
    Ok(Parts { catalogue, personas: everybody, populations, models, graph })
}

/// The friendships to be kept with the run: those that come from outside.
pub(crate) fn friends_to_keep(scenario: &Scenario, parts: &Parts) -> Option<Vec<u8>> {
    match scenario.graph {
        GraphSource::File(_) | GraphSource::Dataset => Some(graph::to_csv(&parts.graph, &parts.personas)),
        GraphSource::None | GraphSource::Random { .. } => None,
    }
}

/// Keeps the friendships with the run.
pub(crate) fn keep_friends(folder: &Path, csv: &[u8]) -> Result<(), RunError> {
    let path = folder.join(FRIENDS);
    let written = std::fs::File::create(&path).and_then(|mut file| {
        std::io::Write::write_all(&mut file, csv)?;
        file.sync_all()
    });
    written.map_err(|source| RunError::Io { path, action: "write", source })
}

/// A simulation at its start, for programs that drive it themselves.
///
/// # Errors
/// As [`parts`]; and if an intervention names something unknown or a policy cannot be made.
pub fn simulation(scenario: &Scenario) -> Result<Simulation, RunError> {
    let open = OpenModels::default();
    let (parts, held_out) = parts_and_held_out(scenario, &open)?;
    Simulation::new(scenario.clone(), parts, Box::new(Zoo::new(scenario, held_out, open)))
        .map_err(RunError::Build)
}

/// Makes the policies of `habitue-policies`.
pub(crate) struct Zoo {
    slate_size: usize,
    streams: Streams,
    held_out: Vec<HeldOut>,
    /// Language models, those of users among them.
    open: OpenModels,
}

impl Zoo {
    pub(crate) fn new(scenario: &Scenario, held_out: Vec<HeldOut>, open: OpenModels) -> Self {
        Self { slate_size: scenario.slate.size, streams: Streams::new(scenario.seed), held_out, open }
    }

    /// For a run that goes on or is replayed: what is held out stands in its folder.
    pub(crate) fn of_run(
        folder: &Path,
        scenario: &Scenario,
        parts: &Parts,
        open: OpenModels,
    ) -> Result<Self, RunError> {
        let held_out = if held_out::is_wanted(scenario) {
            held_out::read(folder, &parts.catalogue, &parts.personas)?
        } else {
            Vec::new()
        };
        Ok(Self::new(scenario, held_out, open))
    }
}

impl PolicyMaker for Zoo {
    fn make(
        &self,
        arm: &str,
        spec: &PolicySpec,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Box<dyn Policy>, PolicyError> {
        let setting = Setting {
            name: arm,
            world: *world,
            slate_size: self.slate_size,
            streams: self.streams,
            folder: &spec.folder,
            history,
            held_out: &self.held_out,
            model: spec.model.as_ref(),
            open: &self.open,
        };
        habitue_policies::build(&spec.config, &setting)
    }
}

/// The user models of a scenario; opens the language models it names.
///
/// # Errors
/// If a language model or a template is not usable.
pub(crate) fn models(
    scenario: &Scenario,
    open: &OpenModels,
) -> Result<Vec<Box<dyn habitue_core::UserModel>>, RunError> {
    Ok(build_models(scenario.populations.iter().map(|population| &population.model), open)?)
}

fn personas_of(
    population: &Population,
    first: u32,
    catalogue: &Catalogue,
    known: Option<&Dataset>,
    streams: Streams,
) -> Result<Vec<Persona>, RunError> {
    let wrong = |field: &str, value: &str, expected: &str| RunError::Field {
        field: format!("{field} of population \"{}\"", population.name),
        value: value.to_owned(),
        expected: expected.to_owned(),
    };
    let own = match &population.personas {
        PersonaSource::Spec(spec) => {
            let size = population.size.ok_or_else(|| wrong("size", "absent", "a number of users to draw"))?;
            personas::generate(spec, &population.name, size, first, catalogue, streams)?
        }
        PersonaSource::File { path, mapping } => {
            let found = personas::read(path, mapping.as_deref(), population.size, catalogue)?;
            for personas::Unmatched { interest, people } in &found.unmatched {
                let file = path.display();
                tracing::warn!(%file, interest, people, "an interest is no category of the catalogue; it stands in the text of the personas alone");
            }
            found.personas
        }
        PersonaSource::History | PersonaSource::HeldIn { .. } => {
            let dataset =
                known.ok_or_else(|| wrong("personas", "\"history\"", "a catalogue from a data set"))?;
            personas::from_history(dataset, population.size)
        }
    };
    if let Some(size) = population.size
        && own.len() < size as usize
    {
        let expected = format!("at most {}, as many as its source has", own.len());
        return Err(wrong("size", &size.to_string(), &expected));
    }
    if own.is_empty() {
        return Err(wrong("personas", "empty", "at least one user"));
    }
    Ok(own)
}

fn check_keys(
    scenario: &Scenario,
    personas: &[Persona],
    populations: &[PopulationId],
) -> Result<(), RunError> {
    let name = |at: usize| scenario.populations[populations[at].index()].name.clone();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, persona) in personas.iter().enumerate() {
        if let Some(first) = known.insert(&persona.key, at) {
            return Err(RunError::SamePersona {
                key: persona.key.clone(),
                first: name(first),
                second: name(at),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
