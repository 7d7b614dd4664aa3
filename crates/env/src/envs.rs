//! Batches of environments.

mod action;
mod open;
mod words;

use std::sync::Arc;

use habitue_core::scenario::Scenario;
use habitue_core::{ItemId, Persona, UserId};
use habitue_sim::Lives;
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::columns::{Observations, Outcomes, Shape, expect};
use crate::error::EnvError;
use crate::features::ItemFeatures;
use crate::lane::{Ended, Game, Lane, Phase};
use crate::observe;
use crate::options::{Autoreset, Options};

/// Environments side by side, each a life of one user of the scenario in which the caller chooses the slates.
///
/// What an environment does depends on its seed and its actions alone: not on how many others there are, nor on threads.
///
/// The world (items, people) is that of the scenario's seed. `reset` with seed s lets users live as in a run with seed
/// s; who is played is drawn from the seed too, unless named. So an episode that is reset with the scenario's own seed
/// is, turn for turn, the life that the user has in the scenario's run if shown the same slates (as far as no others
/// reach the user there; see [`Lives`]). Without a seed, the i-th environment begins with the scenario's seed + i, and
/// every following episode has another user and another seed, which follow from the first one and the episode's number.
pub struct Envs {
    lives: Arc<Lives>,
    features: Arc<ItemFeatures>,
    options: Options,
    shape: Shape,
    lanes: Vec<Lane>,
    pool: Option<ThreadPool>,
}

impl std::fmt::Debug for Envs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envs")
            .field("options", &self.options)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// Consecutive environments with their rows.
struct Job<'a> {
    lanes: &'a mut [Lane],
    outcomes: Outcomes<'a>,
    observations: Observations<'a>,
    finals: Option<Observations<'a>>,
}

impl Envs {
    /// Sizes of the arrays.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// How they were made.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        self.lives.scenario()
    }

    /// The items, with the names of categories.
    pub fn catalogue(&self) -> &habitue_core::Catalogue {
        self.lives.catalogue()
    }

    /// By [`UserId`]: who can be played. Privileged.
    pub fn personas(&self) -> &[Persona] {
        self.lives.personas()
    }

    /// Numbers that describe the items, shape `[items, features]`: embeddings if the catalogue has them, else categories.
    pub fn item_features(&self) -> &[f32] {
        &self.features.values
    }

    /// Whether each episode is over.
    pub fn is_over(&self, env: usize) -> bool {
        self.lanes.get(env).is_some_and(|lane| lane.phase == Phase::Over)
    }

    /// Begins an episode in the environments chosen by `mask` (all without one), and writes the observations of all.
    /// `seeds` and `users`, where given, have one place for each environment; see [`Envs`] for what they mean. Hidden
    /// states are written to `outcomes`, and that nothing was shown to those that were reset.
    ///
    /// # Errors
    /// If an argument has a wrong length, there is no such user, or nobody comes within the horizon.
    pub fn reset(
        &mut self,
        seeds: Option<&[Option<u64>]>,
        users: Option<&[Option<UserId>]>,
        mask: Option<&[bool]>,
        mut outcomes: Outcomes<'_>,
        mut observations: Observations<'_>,
    ) -> Result<(), EnvError> {
        let envs = self.lanes.len();
        for (field, got) in
            [("seed", seeds.map(<[_]>::len)), ("user", users.map(<[_]>::len)), ("mask", mask.map(<[_]>::len))]
        {
            if let Some(got) = got {
                expect(field, got, envs, 1, field)?;
            }
        }
        self.shape.check_outcomes(&outcomes)?;
        self.shape.check_observations(&observations)?;
        let known = self.shape.users;
        if let Some(user) = users.into_iter().flatten().flatten().find(|user| user.index() >= known) {
            return Err(EnvError::argument("user", user, format!("a user id from 0 to {}", known - 1)));
        }
        let chosen = |env: usize| mask.is_none_or(|mask| mask[env]);
        if let Some(env) = (0..envs).find(|env| !chosen(*env) && self.lanes[*env].phase == Phase::Fresh) {
            return Err(EnvError::NotReset { env });
        }
        let game = game(&self.lives, &self.options);
        for (env, lane) in self.lanes.iter_mut().enumerate() {
            let left = envs - env;
            let (mut out, outs) = outcomes.split(1, left);
            let (seen, seens) = observations.split(1, left);
            (outcomes, observations) = (outs, seens);
            if chosen(env) {
                let seed = seeds.and_then(|seeds| seeds[env]);
                lane.reset(game, seed, users.and_then(|users| users[env]))?;
                observe::no_turn(&mut out);
                observe::ended(Ended { reward: 0.0, terminated: false, truncated: false }, &mut out);
            }
            observe::state(lane, &mut out);
            observe::observation(game.lives, lane, seen);
        }
        Ok(())
    }

    /// Shows every environment a slate, shape `[n, k]`, row-major, and takes what came of it. With
    /// [`Autoreset::SameStep`] the last observations of the episodes that ended go to `finals`, if given.
    ///
    /// # Errors
    /// If an array has a wrong length, an action is no slate, or an episode is over (with [`Autoreset::Disabled`]) or has
    /// not begun: then nothing has happened. If a user model fails, no further step is possible without a reset.
    pub fn step(
        &mut self,
        actions: &[i64],
        mut outcomes: Outcomes<'_>,
        mut observations: Observations<'_>,
        mut finals: Option<Observations<'_>>,
    ) -> Result<(), EnvError> {
        self.shape.check_outcomes(&outcomes)?;
        self.shape.check_observations(&observations)?;
        finals.as_ref().map_or(Ok(()), |finals| self.shape.check_observations(finals))?;
        self.take_actions(actions)?;
        let (autoreset, envs) = (self.options.autoreset, self.lanes.len());
        let game = game(&self.lives, &self.options);
        let play = |job: Job<'_>| job.play(game, autoreset);
        let threads = self.options.threads.unwrap_or_else(rayon::current_num_threads);
        let size = envs.div_ceil(threads * 4).max(4);
        if threads == 1 || envs <= size {
            let (outcomes, observations) = (outcomes.again(), observations.again());
            let finals = finals.as_mut().map(Observations::again);
            return play(Job { lanes: &mut self.lanes, outcomes, observations, finals });
        }
        let rows = outcomes.chunks(size, envs).into_iter().zip(observations.chunks(size, envs));
        let mut finals = finals.map(|finals| finals.chunks(size, envs).into_iter());
        let jobs: Vec<Job<'_>> = rows
            .zip(self.lanes.chunks_mut(size))
            .map(|((outcomes, observations), lanes)| {
                let finals = finals.as_mut().and_then(Iterator::next);
                Job { lanes, outcomes, observations, finals }
            })
            .collect();
        let all = || -> Vec<Result<(), EnvError>> { jobs.into_par_iter().map(play).collect() };
        let played = match &self.pool {
            Some(pool) => pool.install(all),
            None => all(),
        };
        played.into_iter().collect()
    }

    /// Which items can be shown now, shape `[n, items]`.
    ///
    /// # Errors
    /// If the array has another length.
    pub fn masks(&self, out: &mut [bool]) -> Result<(), EnvError> {
        let items = self.shape.items;
        expect("mask", out.len(), self.lanes.len(), items, "items")?;
        for (lane, row) in self.lanes.iter().zip(out.chunks_mut(items)) {
            for (item, allowed) in (0..).map(ItemId).zip(row) {
                *allowed = lane.life.as_ref().is_some_and(|life| self.lives.is_available(life, item));
            }
        }
        Ok(())
    }
}

fn game<'a>(lives: &'a Lives, options: &Options) -> Game<'a> {
    Game { lives, kind: options.kind, reward: options.reward }
}

impl Job<'_> {
    fn play(self, game: Game<'_>, autoreset: Autoreset) -> Result<(), EnvError> {
        let Job { lanes, mut outcomes, mut observations, mut finals } = self;
        let envs = lanes.len();
        for (at, lane) in lanes.iter_mut().enumerate() {
            let left = envs - at;
            let (mut out, outs) = outcomes.split(1, left);
            let (seen, seens) = observations.split(1, left);
            (outcomes, observations) = (outs, seens);
            let last = finals.take().map(|finals| finals.split(1, left)).map(|(last, others)| {
                finals = Some(others);
                last
            });
            if lane.phase == Phase::Over {
                lane.reset(game, None, None)?;
                observe::no_turn(&mut out);
                observe::ended(Ended { reward: 0.0, terminated: false, truncated: false }, &mut out);
            } else {
                let ended = lane.step(game, |turn, session| observe::turn(turn, session, &mut out))?;
                observe::ended(ended, &mut out);
                if lane.phase == Phase::Over && autoreset == Autoreset::SameStep {
                    if let Some(last) = last {
                        observe::observation(game.lives, lane, last);
                    }
                    lane.reset(game, None, None)?;
                }
            }
            observe::state(lane, &mut out);
            observe::observation(game.lives, lane, seen);
        }
        Ok(())
    }
}
