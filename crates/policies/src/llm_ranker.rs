//! A language model that ranks what another policy retrieves.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use habitue_core::scenario::llm::PrecisionName;
use habitue_core::scenario::policy::{LlmRankerConfig, RankerMode};
use habitue_core::{ItemId, Purpose, Request, RequestText, Streams, World, turn_counter};
use habitue_llm::{
    Answer, Backend, EachMode, Engine, EngineOptions, ListStyle, LlmError, LoadOptions, LocalBackend, Model,
    ModelSource, PickEachSlot, PickSlot, Precision, Program, decide,
};

use crate::following::{Asked, Follower, Plan};
use crate::ranking::{Candidates, Marks, Task, best};

/// Asks a model for scores of the best candidates; see [`LlmRankerConfig`].
pub(crate) struct LlmRanker {
    config: LlmRankerConfig,
    backend: Box<dyn Backend>,
    /// Whether the model is asked in turns of a conversation.
    chat: bool,
}

/// Where the scores stand in an answer.
enum Scores {
    Pointwise(PickEachSlot),
    Listwise(PickSlot),
}

impl LlmRanker {
    /// Opens the model. A path is that of a folder or file in `folder`, unless there is none of this name.
    ///
    /// # Errors
    /// If the model cannot be opened.
    pub(crate) fn open(config: &LlmRankerConfig, folder: &Path) -> Result<Self, String> {
        let beside = folder.join(&config.model);
        let named = if beside.exists() { &*beside.to_string_lossy() } else { &*config.model };
        let opened = || -> Result<(LocalBackend, bool), LlmError> {
            let files = Model::open(&ModelSource::parse(named)?, &LoadOptions::default())?;
            let precision = match config.precision {
                PrecisionName::Int8 => Precision::Int8,
                PrecisionName::F32 => Precision::F32,
            };
            let cache_bytes = usize::try_from(config.cache.0).unwrap_or(usize::MAX);
            let options = EngineOptions { precision, cache_bytes, ..EngineOptions::default() };
            let engine = Engine::start(files.config.clone(), files.weights.as_ref(), options)?;
            let chat = files.chat_template.is_some();
            Ok((LocalBackend::new(Arc::new(engine), &files, serde_json::Map::new())?, chat))
        };
        let (backend, chat) = opened().map_err(|error| format!("model = \"{}\": {error}", config.model))?;
        Ok(Self { config: config.clone(), backend: Box::new(backend), chat })
    }

    /// What the model is asked about a request.
    fn program(&self, world: &World<'_>, request: &Request<'_>, candidates: &[ItemId]) -> (Program, Scores) {
        let (catalogue, items) = (world.catalogue, &self.config.items);
        let line = |item: &ItemId| {
            let item = catalogue.item(*item);
            let named = if item.title.is_empty() { &item.key } else { &item.title };
            let names = catalogue.categories();
            let categories: Vec<&str> =
                item.categories.iter().map(|category| names[category.index()].as_str()).collect();
            format!("{} ({})", one_line(named), categories.join(", "))
        };
        let mut program = Program::new();
        if self.chat {
            program.system();
        }
        program.text(format!("An app recommends {items} to a person.\n"));
        if self.chat {
            program.user();
        }
        let latest = request.history.len().saturating_sub(self.config.history as usize);
        if request.history.len() > latest {
            program.text(format!("What the person did with {items}, the latest last:\n"));
        }
        for entry in request.history.iter().skip(latest) {
            program.text(format!("- {}: {}\n", line(&entry.item), world.scale.name(entry.action)));
        }
        for said in request.said {
            if let RequestText::Instruct(words) | RequestText::Search(words) = said {
                program.text(format!("The person says: {}\n", one_line(words)));
            }
        }
        match self.config.mode {
            RankerMode::Pointwise => {
                program.text("Does the person take it, yes or no?");
                if self.chat {
                    program.assistant();
                }
                let lines = candidates.iter().map(|item| format!("\n{}: ", line(item)));
                let slot = program.pick_each("takes", lines, ["yes", "no"], EachMode::Independent);
                (program, Scores::Pointwise(slot))
            }
            RankerMode::Listwise => {
                let list = program.options(candidates.iter().map(line), false);
                program.list(list, ListStyle::Numbered);
                program.text("What does the person like best?");
                if self.chat {
                    program.assistant();
                }
                program.text("\nNumber ");
                let slot = program.pick_label("best", list);
                (program, Scores::Listwise(slot))
            }
        }
    }

    /// Scores of the candidates, in order.
    async fn ask(
        &self,
        world: &World<'_>,
        request: &Request<'_>,
        candidates: &[ItemId],
    ) -> Result<Vec<f32>, LlmError> {
        let (program, scores) = self.program(world, request, candidates);
        // Models in this process draw nothing: the scores are all that is taken from the answer.
        let counter = turn_counter(request.session, request.turn);
        let mut stream = Streams::new(0).stream(Purpose::Exploration, u64::from(request.user.0), counter);
        let answer = decide(&*self.backend, &program, &mut stream).await?;
        Ok(read(&answer, &scores))
    }
}

/// The scores of an answer: log-odds of "yes", or log-probabilities of the numbers.
fn read(answer: &Answer, scores: &Scores) -> Vec<f32> {
    // The logarithm of a probability of 0 is no score.
    let finite = |score: f64| score.clamp(-1e4, 1e4) as f32;
    match scores {
        Scores::Pointwise(slot) => {
            let odds = answer.pick_each(*slot).iter().map(|answer| {
                answer.distribution.as_ref().map_or(0.0, |distribution| {
                    let logs = distribution.log_probabilities();
                    finite(logs[0] - logs[1])
                })
            });
            odds.collect()
        }
        Scores::Listwise(slot) => {
            let distribution = answer.pick(*slot).distribution.as_ref();
            distribution.map_or(Vec::new(), |distribution| {
                distribution.log_probabilities().iter().copied().map(finite).collect()
            })
        }
    }
}

/// Words on one line: a line's end in them must not pass for the end of the line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Follower for LlmRanker {
    const KIND: &'static str = "llm-ranker";
    type Index = ();

    fn index(&self, _world: &World<'_>) {}

    fn plans(
        &self,
        asked: Asked<'_, ()>,
        requests: &[Request<'_>],
        scores: &mut [Vec<f32>],
    ) -> Result<Vec<Plan>, String> {
        let Asked { world, pool, ranking, .. } = asked;
        let mut taken = Marks::new(pool.items().len());
        let chosen: Vec<Vec<u32>> = requests
            .iter()
            .zip(&*scores)
            .map(|(request, scores)| {
                let scores = Candidates::personal(scores);
                let excluded =
                    ranking.excluded(Task { world, pool, scores, request, barred: &[] }, &mut taken);
                let wanted = (self.config.candidates as usize).max(request.size);
                let mut chosen = best(scores, &taken, wanted);
                chosen.sort_unstable();
                for at in excluded {
                    taken.clear(at);
                }
                chosen
            })
            .collect();
        let asks = requests.iter().zip(&chosen).map(|(request, chosen)| async move {
            let items: Vec<ItemId> = chosen.iter().map(|at| pool.items()[*at as usize]).collect();
            if items.is_empty() { Ok(Vec::new()) } else { self.ask(world, request, &items).await }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| format!("the wait for the model cannot begin: {error}"))?;
        let answers = runtime.block_on(join_all(asks));
        let mut plans = Vec::with_capacity(requests.len());
        for ((answer, chosen), scores) in answers.into_iter().zip(&chosen).zip(scores) {
            let answer = answer.map_err(|error| format!("model \"{}\": {error}", self.config.model))?;
            for (at, score) in chosen.iter().zip(answer) {
                scores[*at as usize] = score;
            }
            let all = 0..pool.items().len() as u32;
            let barred = all.filter(|at| chosen.binary_search(at).is_err()).collect();
            plans.push(Plan { barred, ..Plan::default() });
        }
        Ok(plans)
    }
}
