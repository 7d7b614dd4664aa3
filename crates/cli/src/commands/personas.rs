//! `habitue personas`

use std::path::{Path, PathBuf};

use clap::Args;
use habitue_core::scenario::llm::LanguageModelConfig;
use habitue_core::scenario::{Typed, resolve};
use habitue_run::{DiskSources, write_personas};

use super::{Session, print};
use crate::failure::{Exit, Failure};
use crate::progress::Steps;

/// Write the people of a scenario as a file of personas
///
/// One persona a line, in the form that `personas = { file = ... }` of a population reads: to look at them, to change them,
/// to keep people who were drawn. With --model a language model writes the text of each from all that is known about it; the
/// same model, scenario and seed write the same texts.
#[derive(Debug, Args)]
pub(crate) struct PersonasArgs {
    /// The scenario, a TOML file
    scenario: PathBuf,
    /// Where to write them (.jsonl); `-` for standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only the people of this population
    #[arg(long, value_name = "NAME")]
    population: Option<String>,
    /// Let this model write their texts: builtin:habitue-mini, a folder as Hugging Face lays it out, a GGUF file, or
    /// organisation/name of the hub
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Set a value of the scenario, such as population.0.size=200; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Seed of all random draws, instead of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Folder of the data set, instead of the scenario's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

impl PersonasArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let sources = DiskSources::new().map_err(|error| Failure::file(Path::new("."), "look at", &error))?;
        let typed =
            Typed { file: &self.scenario, sets: &self.sets, seed: self.seed, data: self.data.as_deref() };
        let scenario = resolve(&typed, &sources)?;
        let writer = match &self.model {
            Some(typed) => Some((super::model::file(typed)?, LanguageModelConfig::new(typed.as_str()))),
            None => None,
        };
        let mut steps = None;
        let mut described = |done: usize, of: usize| {
            let steps = steps.get_or_insert_with(|| Steps::new(&session.terminal, self.quiet, of as u64));
            steps.step(done as u64, || "texts of personas".to_owned());
        };
        let writer = writer.as_ref().map(|(file, config)| (file, config));
        let (text, count) = write_personas(&scenario, self.population.as_deref(), writer, &mut described)?;
        drop(steps);
        if self.out.as_os_str() == "-" {
            print(&text)?;
        } else {
            std::fs::write(&self.out, text).map_err(|error| Failure::file(&self.out, "write", &error))?;
            print(&format_args!("{count} personas in {}\n", self.out.display()))?;
        }
        Ok(Exit::Done)
    }
}
