//! What another policy retrieves, ranked by a language model.

mod prompt;

use std::sync::OnceLock;

use habitue_core::scenario::policy::{LlmRankerConfig, RankMode};
use habitue_core::{
    ItemId, Policy, PolicyError, Purpose, Request, Slate, Streams, Turn, World, turn_counter,
};
use habitue_llm::{Choice, ChoiceBranch, Role};

use crate::following::AnyScorer;
use crate::language::LanguageModel;
use crate::ranking::{Candidates, Draw, Marks, Path, Pool, Ranking, Step, Task};
use crate::zoo::Setting;

/// The kind, as a snapshot names it.
const KIND: &str = "llm-ranker";

/// Retrieves with a scorer and ranks with a language model; see [`LlmRankerConfig`].
pub(crate) struct LlmRanker {
    name: String,
    config: LlmRankerConfig,
    inner: Box<dyn AnyScorer>,
    ranking: Ranking,
    model: LanguageModel,
    /// The items of the window; empty from `restore`, which knows no world, to the next request.
    pool: OnceLock<Pool>,
}

/// A request on its way, with the pool that the window has.
struct Asked<'a> {
    world: &'a World<'a>,
    pool: &'a Pool,
    request: &'a Request<'a>,
    /// Inner scores, shape `[pool]`.
    scores: Vec<f32>,
    /// Positions in the pool, the best of the inner policy first.
    candidates: Vec<u32>,
}

impl Asked<'_> {
    /// Positions of what is no candidate, ascending.
    fn others(&self) -> Vec<u32> {
        let mut is_candidate = vec![false; self.pool.items().len()];
        self.candidates.iter().for_each(|at| is_candidate[*at as usize] = true);
        (0..).zip(is_candidate).filter(|(_, is)| !is).map(|(at, _)| at).collect()
    }
}

impl LlmRanker {
    /// A policy ready for the window that starts with the setting's world.
    pub(crate) fn new(
        config: &LlmRankerConfig,
        setting: &Setting<'_>,
        mut inner: Box<dyn AnyScorer>,
        ranking: Ranking,
    ) -> Result<Self, String> {
        let model = LanguageModel::open(&config.language_model(), setting)?;
        inner.end_window(&setting.world, setting.streams);
        let ranking = Ranking { draw: Draw::from(config.explore), ..ranking };
        let pool = Pool::new(setting.world.available.to_vec()).into();
        let name = setting.name.to_owned();
        Ok(Self { name, config: config.clone(), inner, ranking, model, pool })
    }

    /// Retrieves for each request.
    fn retrieve<'a>(
        &self,
        world: &'a World<'a>,
        requests: &'a [Request<'a>],
        pool: &'a Pool,
    ) -> Vec<Asked<'a>> {
        let mut taken = Marks::new(pool.items().len());
        let retrieve = |request: &'a Request<'a>| {
            let mut scores = vec![0.0; pool.items().len()];
            self.inner.score(world, request, pool.items(), &mut scores);
            let task = Task { world, pool, scores: Candidates::personal(&scores), request, barred: &[] };
            let wanted = (self.config.candidates as usize).max(request.size);
            let candidates = self.ranking.retrieve(task, &mut taken, wanted);
            Asked { world, pool, request, scores, candidates }
        };
        requests.iter().map(retrieve).collect()
    }

    /// The pool of this world.
    fn pool<'a>(&'a self, world: &World<'_>, anew: &'a mut Option<Pool>) -> &'a Pool {
        let prepared = self.pool.get_or_init(|| Pool::new(world.available.to_vec()));
        if world.available == prepared.items() {
            return prepared;
        }
        anew.insert(Pool::new(world.available.to_vec()))
    }

    async fn slate(&self, asked: &Asked<'_>, streams: Streams) -> Result<Slate, String> {
        let request = asked.request;
        let counter = turn_counter(request.session, request.turn);
        let mut stream = streams.stream(Purpose::Exploration, u64::from(request.user.0), counter);
        let steps = self.walk(asked, request.size, &mut Path::Draw(&mut stream)).await?;
        Ok(Ranking::shown(asked.pool, &steps))
    }

    /// Fills the positions of a slate, or follows a given one.
    async fn walk(&self, asked: &Asked<'_>, length: usize, path: &mut Path<'_>) -> Result<Vec<Step>, String> {
        match self.config.mode {
            RankMode::Pointwise => self.pointwise(asked, length, path).await,
            RankMode::Listwise => self.listwise(asked, length, path).await,
        }
    }

    /// The words for the candidates.
    fn items(&self, asked: &Asked<'_>) -> Vec<String> {
        let words =
            |at: &u32| prompt::item(&self.config, asked.world.catalogue, asked.pool.items()[*at as usize]);
        asked.candidates.iter().map(words).collect()
    }

    /// A question about the request, up to the answer.
    fn question(&self, asked: &Asked<'_>, items: &[String], branches: Vec<ChoiceBranch>) -> Choice {
        let config = &self.config;
        let told = prompt::user(config, asked.world, asked.request) + &prompt::question(config, items);
        let turns = [(Role::System, &*prompt::task(config)), (Role::User, &*told), (Role::Assistant, "")];
        Choice { prompt: self.model.prompt(&turns), branches }
    }

    /// Every candidate scored by ln(p(yes) / p(no)); what is no candidate is barred.
    async fn pointwise(
        &self,
        asked: &Asked<'_>,
        length: usize,
        path: &mut Path<'_>,
    ) -> Result<Vec<Step>, String> {
        let options = vec![self.config.yes.clone(), self.config.no.clone()];
        let branch = |item: &String| ChoiceBranch {
            // The same number for all, so that nothing but the item makes a difference.
            suffix: vec![format!("1. {item}: ")],
            options: options.clone(),
            follow: Some("\n".to_owned()),
        };
        let items = self.items(asked);
        let mut scores = asked.scores.clone();
        if !items.is_empty() {
            let choice = self.question(asked, &[], items.iter().map(branch).collect());
            for (at, answer) in asked.candidates.iter().zip(self.model.ask(&choice).await?) {
                let [yes, no] = [0, 1].map(|option| answer.log_probabilities()[option]);
                scores[*at as usize] = (yes - no).clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32;
            }
        }
        let barred = asked.others();
        let Asked { world, pool, request, .. } = *asked;
        let task = Task { world, pool, scores: Candidates::personal(&scores), request, barred: &barred };
        Ok(self.ranking.walk(task, &mut Marks::new(scores.len()), length, path))
    }

    /// Position by position, by the model's probabilities of what is left; then what is no candidate.
    async fn listwise(
        &self,
        asked: &Asked<'_>,
        length: usize,
        path: &mut Path<'_>,
    ) -> Result<Vec<Step>, String> {
        let numbers: Vec<String> = (1..=asked.candidates.len()).map(|number| number.to_string()).collect();
        let mut left: Vec<usize> = (0..asked.candidates.len()).collect();
        let mut choice = self.question(asked, &self.items(asked), Vec::new());
        let mut scores = asked.scores.clone();
        let mut steps = Vec::with_capacity(length);
        while steps.len() < length && !left.is_empty() {
            // The last one is certain without asking.
            if left.len() > 1 {
                let options = left.iter().map(|at| numbers[*at].clone()).collect();
                choice.branches =
                    vec![ChoiceBranch { suffix: Vec::new(), options, follow: Some(", ".to_owned()) }];
                let answer = self.model.ask(&choice).await?.remove(0);
                for (at, log) in left.iter().zip(answer.log_probabilities()) {
                    scores[asked.candidates[*at] as usize] = log.max(f64::from(f32::MIN)) as f32;
                }
            }
            let mut open: Vec<u32> = left.iter().map(|at| asked.candidates[*at]).collect();
            open.sort_unstable();
            let step = self.ranking.fill_from(&open, Candidates::personal(&scores), 1, 1, path).pop();
            let Some(step) = step else { return Ok(steps) };
            left.retain(|at| {
                let is_chosen = asked.candidates[*at] == step.at;
                if is_chosen {
                    choice.prompt.push(&format!("{}, ", numbers[*at]));
                }
                !is_chosen
            });
            steps.push(step);
        }
        let rest = asked.others();
        let wanted = (length - steps.len()).min(rest.len());
        let (scores, size) = (Candidates::personal(&asked.scores), asked.request.size);
        steps.extend(self.ranking.fill_from(&rest, scores, size, wanted, path));
        Ok(steps)
    }

    fn error(&self, message: String) -> PolicyError {
        PolicyError { policy: self.name.clone(), message }
    }
}

impl Policy for LlmRanker {
    fn name(&self) -> &str {
        &self.name
    }

    fn batch(&self) -> usize {
        self.model.batch()
    }

    fn recommend(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        streams: Streams,
    ) -> Result<Vec<Slate>, PolicyError> {
        let mut anew = None;
        let pool = self.pool(world, &mut anew);
        let asked = self.retrieve(world, requests, pool);
        let slates = asked.iter().map(|asked| self.slate(asked, streams)).collect();
        self.model.wait(slates).map_err(|message| self.error(message))
    }

    fn log_propensity(&self, world: &World<'_>, request: &Request<'_>, slate: &[ItemId]) -> Option<Vec<f64>> {
        let mut anew = None;
        let pool = self.pool(world, &mut anew);
        let asked = self.retrieve(world, std::slice::from_ref(request), pool).pop()?;
        let followed: Vec<Option<u32>> = slate.iter().map(|item| pool.position(*item)).collect();
        let mut path = Path::Follow(followed.iter());
        let steps = self.model.wait(vec![self.walk(&asked, slate.len(), &mut path)]).ok()?.pop()?;
        Some(Ranking::logs(&steps, slate.len()))
    }

    fn exact_propensities(&self) -> bool {
        self.model.is_exact()
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) -> Result<(), PolicyError> {
        self.inner.observe(world, turns);
        Ok(())
    }

    fn end_window(&mut self, world: &World<'_>, streams: Streams) -> Result<(), PolicyError> {
        self.inner.end_window(world, streams);
        self.pool = Pool::new(world.available.to_vec()).into();
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>, PolicyError> {
        self.inner.pack(KIND).map_err(|message| self.error(message))
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), PolicyError> {
        self.inner
            .unpack(KIND, snapshot)
            .map_err(|message| PolicyError { policy: self.name.clone(), message })?;
        self.pool = OnceLock::new();
        Ok(())
    }

    fn updates(&self) -> u64 {
        self.inner.updates()
    }
}
