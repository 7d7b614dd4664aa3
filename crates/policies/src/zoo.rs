//! From a configuration to a policy.

use std::path::Path;

use habitue_core::scenario::policy::{Exclude, Explore, PolicyConfig};
use habitue_core::{PastInteraction, Policy, PolicyError, Streams, UserId, World};

use crate::bpr_mf::BprMf;
use crate::diag_linucb::DiagLinUcb;
use crate::external::External;
use crate::fixed::Fixed;
use crate::item_knn::ItemKnn;
use crate::linucb::LinUcb;
use crate::names;
use crate::popularity::Popularity;
use crate::random::Random;
use crate::ranking::{Draw, Ranking};
use crate::recommender::{Recommender, Scorer};
use crate::thompson_bernoulli::ThompsonBernoulli;
use crate::thompson_linear::ThompsonLinear;

/// What a policy is made for.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Name for messages and tables.
    pub name: &'a str,
    /// The world of the first window.
    pub world: World<'a>,
    /// Number of items the scenario's slates have.
    pub slate_size: usize,
    /// The run's streams.
    pub streams: Streams,
    /// Folder that commands of external policies start in.
    pub folder: &'a Path,
    /// Interactions from before the run that the policy may learn from, oldest first for each user.
    pub history: &'a [(UserId, &'a [PastInteraction])],
}

/// Makes a policy that is ready for the first window. Policies that are trained in batches are trained on the history.
///
/// # Errors
/// A configuration outside its range; an action or item key that does not exist, with the nearest that does; an
/// external process that cannot be started or does not greet back.
pub fn build(config: &PolicyConfig, setting: &Setting<'_>) -> Result<Box<dyn Policy>, PolicyError> {
    make(config, setting).map_err(|message| PolicyError { policy: setting.name.to_owned(), message })
}

fn make(config: &PolicyConfig, setting: &Setting<'_>) -> Result<Box<dyn Policy>, String> {
    names::checked(config)?;
    let (world, history) = (&setting.world, setting.history);
    Ok(match config {
        PolicyConfig::Random(config) => ranked(setting, Random, Draw::Uniform, config.exclude),
        PolicyConfig::Popularity(config) => {
            explored(setting, Popularity::new(config, world, history)?, config.explore, config.exclude)
        }
        PolicyConfig::ItemKnn(config) => {
            explored(setting, ItemKnn::new(config, world, history)?, config.explore, config.exclude)
        }
        PolicyConfig::BprMf(config) => {
            explored(setting, BprMf::new(config, world, history)?, config.explore, config.exclude)
        }
        PolicyConfig::LinUcb(config) => {
            explored(setting, LinUcb::new(config, world, history)?, config.explore, config.exclude)
        }
        PolicyConfig::DiagLinUcb(config) => {
            explored(setting, DiagLinUcb::new(config, world, history)?, config.explore, config.exclude)
        }
        PolicyConfig::ThompsonBernoulli(config) => {
            explored(setting, ThompsonBernoulli::new(config, world)?, config.explore, config.exclude)
        }
        PolicyConfig::ThompsonLinear(config) => {
            explored(setting, ThompsonLinear::new(config, world, history)?, config.explore, config.exclude)
        }
        PolicyConfig::Fixed(config) => {
            explored(setting, Fixed::new(config, world.catalogue)?, config.explore, config.exclude)
        }
        PolicyConfig::External(config) => Box::new(External::start(config, setting)?),
    })
}

fn explored<S: Scorer + 'static>(
    setting: &Setting<'_>,
    scorer: S,
    explore: Option<Explore>,
    exclude: Exclude,
) -> Box<dyn Policy> {
    ranked(setting, scorer, Draw::from(explore), exclude)
}

fn ranked<S: Scorer + 'static>(
    setting: &Setting<'_>,
    scorer: S,
    draw: Draw,
    exclude: Exclude,
) -> Box<dyn Policy> {
    let ranking = Ranking { draw, exclude };
    Box::new(Recommender::new(setting.name, scorer, ranking, &setting.world, setting.streams))
}
