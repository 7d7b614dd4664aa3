//! A language model that ranks what another policy retrieves.

use std::path::Path;

use habitue_core::scenario::policy::{LlmRankerConfig, RankerMode};
use habitue_core::{ItemId, Request, RequestText, World};
use habitue_llm::{Answer, EachMode, ListStyle, PickEachSlot, PickSlot, Program};

use crate::following::{Asked, Follower, Plan};
use crate::language_model::{LanguageModel, one_line};
use crate::ranking::{Candidates, Marks, Task, best};

/// Asks a model for scores of the best candidates; see [`LlmRankerConfig`].
pub(crate) struct LlmRanker {
    config: LlmRankerConfig,
    model: LanguageModel,
}

/// Where the scores stand in an answer.
enum Scores {
    Pointwise(PickEachSlot),
    Listwise(PickSlot),
}

impl LlmRanker {
    /// Opens the model.
    ///
    /// # Errors
    /// If the model cannot be opened.
    pub(crate) fn open(config: &LlmRankerConfig, folder: &Path) -> Result<Self, String> {
        let model = LanguageModel::open(&config.model, config.precision, config.cache, folder)?;
        Ok(Self { config: config.clone(), model })
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
        if self.model.chat {
            program.system();
        }
        program.text(format!("An app recommends {items} to a person.\n"));
        if self.model.chat {
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
                if self.model.chat {
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
                if self.model.chat {
                    program.assistant();
                }
                program.text("\nNumber ");
                let slot = program.pick_label("best", list);
                (program, Scores::Listwise(slot))
            }
        }
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
        let (mut programs, mut slots) = (Vec::new(), Vec::new());
        for (request, chosen) in requests.iter().zip(&chosen) {
            let items: Vec<ItemId> = chosen.iter().map(|at| pool.items()[*at as usize]).collect();
            if !items.is_empty() {
                let (program, slot) = self.program(world, request, &items);
                programs.push(program);
                slots.push(slot);
            }
        }
        let mut answers = self.model.answers(&programs)?.into_iter().zip(slots);
        let mut plans = Vec::with_capacity(requests.len());
        for (chosen, scores) in chosen.iter().zip(scores) {
            let answer = if chosen.is_empty() { None } else { answers.next() };
            let answer = answer.map_or(Vec::new(), |(answer, slot)| read(&answer, &slot));
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
