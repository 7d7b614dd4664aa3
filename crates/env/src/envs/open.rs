//! From a scenario to environments.

use std::path::Path;
use std::sync::Arc;

use habitue_core::scenario::{Scenario, Typed, resolve};
use habitue_run::DiskSources;
use habitue_sim::Lives;

use super::Envs;
use crate::columns::Shape;
use crate::error::EnvError;
use crate::features::ItemFeatures;
use crate::lane::Lane;
use crate::options::Options;

impl Envs {
    /// Environments of a scenario file; `sets` are values that go before those of the file, as `--set` of the command
    /// takes them, and `seed` goes before the one of the file.
    ///
    /// # Errors
    /// If the scenario cannot be read or means nothing; otherwise as [`Envs::open`].
    pub fn read(
        file: &Path,
        sets: &[String],
        seed: Option<u64>,
        options: Options,
        envs: usize,
    ) -> Result<Self, EnvError> {
        let sources = DiskSources::new().map_err(|error| {
            EnvError::argument("the working directory", error, "a folder that can be looked at")
        })?;
        let scenario = resolve(&Typed { file, sets, seed, data: None }, &sources)
            .map_err(|problems| EnvError::Scenario(Box::new(problems)))?;
        Self::open(&scenario, options, envs)
    }

    /// This many environments of a scenario. Its arms are not asked.
    ///
    /// # Errors
    /// If the world of the scenario cannot be built, the scenario has interventions, there are fewer items at the start
    /// than a slate has places, or an option is outside what it may be.
    pub fn open(scenario: &Scenario, options: Options, envs: usize) -> Result<Self, EnvError> {
        if envs == 0 {
            return Err(EnvError::argument("num_envs", envs, "at least 1"));
        }
        let mut scenario = scenario.clone();
        scenario.log.distributions = options.propensities;
        let history = options.history.unwrap_or(scenario.slate.history);
        if history > scenario.slate.history {
            let most = scenario.slate.history;
            return Err(EnvError::argument(
                "history",
                history,
                format!("0 to {most}, the scenario's slate.history"),
            ));
        }
        let parts = habitue_run::parts(&scenario)?;
        let seed = scenario.seed;
        let lives = Lives::new(scenario, parts)?;
        let catalogue = lives.catalogue();
        let features = ItemFeatures::of(catalogue);
        let shape = Shape {
            envs,
            slate: lives.rules().slate_size,
            items: catalogue.len(),
            users: lives.personas().len(),
            categories: catalogue.categories().len(),
            actions: lives.rules().scale.len(),
            history,
            features: features.width,
        };
        let at_start = lives.available_at_start();
        if at_start < shape.slate {
            let expected = format!("at most {at_start}, the number of items published at the start");
            return Err(EnvError::argument("slate.size", shape.slate, expected));
        }
        let lanes = (0..envs as u64).map(|env| Lane::new(seed.wrapping_add(env))).collect();
        let pool = pool(options.threads)?;
        Ok(Self { lives: Arc::new(lives), features: Arc::new(features), options, shape, lanes, pool })
    }

    /// Other environments of the same world, which is shared.
    ///
    /// # Errors
    /// If there are none.
    pub fn again(&self, envs: usize) -> Result<Self, EnvError> {
        if envs == 0 {
            return Err(EnvError::argument("num_envs", envs, "at least 1"));
        }
        let seed = self.scenario().seed;
        let lanes = (0..envs as u64).map(|env| Lane::new(seed.wrapping_add(env))).collect();
        let pool = pool(self.options.threads)?;
        let (lives, features) = (Arc::clone(&self.lives), Arc::clone(&self.features));
        Ok(Self { lives, features, options: self.options, shape: Shape { envs, ..self.shape }, lanes, pool })
    }
}

/// Threads of one's own, if so many are asked for; one is the caller's.
fn pool(threads: Option<usize>) -> Result<Option<rayon::ThreadPool>, EnvError> {
    match threads {
        None | Some(1) => Ok(None),
        Some(0) => Err(EnvError::argument("threads", 0, "at least 1")),
        Some(threads) => {
            let wrong = |error| {
                EnvError::argument("threads", threads, format!("threads that can be started ({error})"))
            };
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().map(Some).map_err(wrong)
        }
    }
}
