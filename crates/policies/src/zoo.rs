//! From a configuration to a policy.

use std::path::Path;

use habitue_core::scenario::ModelFile;
use habitue_core::scenario::policy::PolicyConfig;
use habitue_core::{PastInteraction, Policy, PolicyError, Streams, UserId, World};
use habitue_llm::OpenModels;

use crate::bpr_mf::BprMf;
use crate::diag_linucb::DiagLinUcb;
use crate::discriminate::{Discriminate, HeldOut};
use crate::external::External;
use crate::fixed::Fixed;
use crate::following::{AnyScorer, Erased, Follower, Following};
use crate::item_knn::ItemKnn;
use crate::keyword_filter::KeywordFilter;
use crate::linucb::LinUcb;
use crate::llm_ranker::LlmRanker;
use crate::names;
use crate::parser_planner::ParserPlanner;
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
    /// Where the policy's language model is, if it asks one.
    pub model: Option<&'a ModelFile>,
    /// Language models that are open, to be shared.
    pub open: &'a OpenModels,
    /// What is held out of users' histories. Only `discriminate`, which examines users, may look at it.
    pub held_out: &'a [HeldOut],
}

/// Makes a policy that is ready for the first window. Policies that are trained in batches are trained on the history.
///
/// # Errors
/// A configuration outside its range; an action or item key that does not exist, with the nearest that does; an
/// external process that cannot be started or does not greet back; a language model that cannot be opened.
pub fn build(config: &PolicyConfig, setting: &Setting<'_>) -> Result<Box<dyn Policy>, PolicyError> {
    make(config, setting).map_err(|message| PolicyError { policy: setting.name.to_owned(), message })
}

fn make(config: &PolicyConfig, setting: &Setting<'_>) -> Result<Box<dyn Policy>, String> {
    names::checked(config)?;
    Ok(match config {
        PolicyConfig::External(config) => Box::new(External::start(config, setting)?),
        PolicyConfig::Discriminate(config) => Box::new(Discriminate::new(config, setting)?),
        PolicyConfig::KeywordFilter(config) => following(setting, &config.inner, KeywordFilter::new(config))?,
        PolicyConfig::ParserPlanner(config) => {
            following(setting, &config.inner, ParserPlanner::new(config, setting)?)?
        }
        PolicyConfig::LlmRanker(config) => {
            let (inner, ranking) = inner(&config.inner, setting)?;
            Box::new(LlmRanker::new(config, setting, inner, ranking)?)
        }
        config => scorer(config, setting, Ranked(setting))?,
    })
}

/// What is made of a scorer, whatever its type.
trait Use {
    type Made;

    fn of<S: Scorer + 'static>(self, scorer: S, ranking: Ranking) -> Self::Made;
}

/// Makes the scorer of a configuration, with the ranking that it asks for.
fn scorer<U: Use>(config: &PolicyConfig, setting: &Setting<'_>, made: U) -> Result<U::Made, String> {
    let (world, history) = (&setting.world, setting.history);
    let explored = |explore, exclude| Ranking { draw: Draw::from(explore), exclude };
    Ok(match config {
        PolicyConfig::Random(config) => {
            made.of(Random, Ranking { draw: Draw::Uniform, exclude: config.exclude })
        }
        PolicyConfig::Popularity(config) => {
            made.of(Popularity::new(config, world, history)?, explored(config.explore, config.exclude))
        }
        PolicyConfig::ItemKnn(config) => {
            made.of(ItemKnn::new(config, world, history)?, explored(config.explore, config.exclude))
        }
        PolicyConfig::BprMf(config) => {
            made.of(BprMf::new(config, world, history)?, explored(config.explore, config.exclude))
        }
        PolicyConfig::LinUcb(config) => {
            made.of(LinUcb::new(config, world, history)?, explored(config.explore, config.exclude))
        }
        PolicyConfig::DiagLinUcb(config) => {
            made.of(DiagLinUcb::new(config, world, history)?, explored(config.explore, config.exclude))
        }
        PolicyConfig::ThompsonBernoulli(config) => {
            made.of(ThompsonBernoulli::new(config, world)?, explored(config.explore, config.exclude))
        }
        PolicyConfig::ThompsonLinear(config) => {
            made.of(ThompsonLinear::new(config, world, history)?, explored(config.explore, config.exclude))
        }
        PolicyConfig::Fixed(config) => {
            made.of(Fixed::new(config, world.catalogue)?, explored(config.explore, config.exclude))
        }
        PolicyConfig::External(_)
        | PolicyConfig::KeywordFilter(_)
        | PolicyConfig::ParserPlanner(_)
        | PolicyConfig::LlmRanker(_)
        | PolicyConfig::Discriminate(_) => {
            return Err(format!("a policy of kind \"{}\" does not score items itself", config.kind()));
        }
    })
}

/// A policy of its own.
struct Ranked<'a>(&'a Setting<'a>);

impl Use for Ranked<'_> {
    type Made = Box<dyn Policy>;

    fn of<S: Scorer + 'static>(self, scorer: S, ranking: Ranking) -> Box<dyn Policy> {
        let Setting { name, world, streams, .. } = self.0;
        Box::new(Recommender::new(name, scorer, ranking, world, *streams))
    }
}

/// The inner part of a policy.
struct Inner;

impl Use for Inner {
    type Made = (Box<dyn AnyScorer>, Ranking);

    fn of<S: Scorer + 'static>(self, scorer: S, ranking: Ranking) -> Self::Made {
        (Box::new(Erased(scorer)), ranking)
    }
}

/// The scorer inside another policy, with the ranking that its configuration asks for.
fn inner(config: &PolicyConfig, setting: &Setting<'_>) -> Result<(Box<dyn AnyScorer>, Ranking), String> {
    scorer(config, setting, Inner).map_err(|message| format!("inner.{message}"))
}

fn following<F: Follower + 'static>(
    setting: &Setting<'_>,
    config: &PolicyConfig,
    follower: F,
) -> Result<Box<dyn Policy>, String> {
    let (inner, ranking) = inner(config, setting)?;
    Ok(Box::new(Following::new(setting, inner, ranking, follower)))
}
