//! One user before one slate: the decision program.

mod after;
mod reply;

pub(crate) use after::ONE_LINE;

use habitue_core::scenario::llm::{AskName, EachName, LlmConfig, MoveName};
use habitue_core::{
    CategoryId, ChatReply, DataError, Encounter, Memory, MemoryKind, Move, ProgramTrace, Purpose, SlotTrace,
    Stream, Streams, World, turn_counter,
};
use habitue_llm::{
    Answer, Backend, EachMode, LlmError, NumberSlot, PickAnswer, PickEachSlot, PickSlot, Program, Usage,
    WriteSlot, WriteSpec, decide,
};

use super::memory::Memories;
use super::template::{ItemView, MemoryView, RememberedView, Section, ShortView, Template};
use super::view;

/// The option of a user who is after nothing in particular.
const NOTHING: &str = "nothing in particular";
/// Categories a user can say to be after: the strongest interests.
const NEEDS: usize = 6;

/// What the users of a batch have in common.
pub(super) struct Scene<'a> {
    pub(super) config: &'a LlmConfig,
    pub(super) template: &'a Template,
    pub(super) memories: &'a Memories,
    /// With the calibration.
    pub(super) backend: &'a dyn Backend,
    /// Whether the prompt has turns.
    pub(super) chat: bool,
    pub(super) world: &'a World<'a>,
    pub(super) streams: Streams,
    /// The section `system`, which is the same for all.
    pub(super) system: &'a str,
}

/// Why a decision could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Template(#[from] Box<DataError>),
    #[error(transparent)]
    Llm(#[from] LlmError),
}

/// What a user decided.
pub(super) struct Page {
    pub(super) items: Vec<ItemView>,
    /// By position: the action, counted from the worst.
    pub(super) actions: Vec<u8>,
    /// By position, or empty.
    pub(super) ratings: Vec<u8>,
    /// From 1 to 5, where asked for.
    pub(super) satisfaction: Option<i64>,
    pub(super) mood: Option<i64>,
    /// What the user is after, where asked for.
    #[allow(clippy::option_option, reason = "asked for or not, and something or nothing")]
    pub(super) need: Option<Option<CategoryId>>,
    /// From 1 to 10, where there is memory.
    pub(super) importance: Option<i64>,
    /// What the user answered in chats.
    pub(super) replies: Vec<Answered>,
    /// What the user concluded, and from which memories.
    pub(super) insight: Option<(String, Vec<u32>)>,
    pub(super) next: Move,
    /// Position among the bins of returns, of a user who leaves.
    pub(super) back: Option<u8>,
    /// Shape `[positions, actions]`; `None` if a server does not tell.
    pub(super) action_probs: Option<Vec<f32>>,
    /// Shape `[7]`; `None` if a server does not tell.
    pub(super) move_probs: Option<Vec<f32>>,
    pub(super) programs: Vec<ProgramTrace>,
    pub(super) usage: Usage,
    /// Where the user's stream stands after the decision.
    pub(super) stream: Stream,
}

/// An answer in a chat, and the memory of what it answers.
pub(super) struct Answered {
    pub(super) reply: ChatReply,
    pub(super) heard: Option<u32>,
}

/// The slots of the program.
struct Slots {
    think: Option<WriteSlot>,
    actions: PickEachSlot,
    ratings: Option<PickEachSlot>,
    satisfaction: Option<NumberSlot>,
    mood: Option<NumberSlot>,
    need: Option<PickSlot>,
    needs: Vec<Option<CategoryId>>,
    importance: Option<NumberSlot>,
    next: PickSlot,
    moves: Vec<Option<MoveName>>,
    /// By move.
    after: Vec<After>,
}

/// What is asked with a move.
enum After {
    Nothing,
    Words(WriteSlot),
    Return(PickSlot),
}

/// A move as the prompt calls it.
pub(super) fn move_option(name: &str) -> String {
    name.replace('-', " ")
}

impl Scene<'_> {
    /// Decides.
    pub(super) async fn page(&self, encounter: &Encounter<'_>) -> Result<Page, Failure> {
        let counter = turn_counter(encounter.session, encounter.turn);
        let mut stream = self.streams.stream(Purpose::Decision, u64::from(encounter.user.0), counter);
        let items = view::slate(self.world, self.config.content, encounter);
        let (program, slots) = self.program(encounter, &items)?;
        let answer = decide(self.backend, &program, &mut stream).await?;
        let mut page = self.read(encounter, items, &slots, &answer, stream);
        self.reply(encounter, &mut page).await?;
        self.reflect(encounter, &mut page).await?;
        Ok(page)
    }

    /// The prompt up to what the user recalls.
    pub(super) fn opening(
        &self,
        encounter: &Encounter<'_>,
        memories: &[&Memory],
    ) -> Result<Program, Failure> {
        let (config, template) = (self.config, self.template);
        let mut program = Program::new();
        if self.chat {
            program.system();
        }
        program.text(self.system);
        if self.chat {
            program.user();
        }
        let interests = self.interests(encounter);
        let persona = view::persona(self.world, &config.items, encounter.persona, &interests);
        program.text(template.render(Section::Persona, persona)?);
        let remembered = memories.iter().map(|memory| RememberedView {
            id: memory.id,
            kind: MemoryKind::NAMES[memory.kind as usize],
            text: memory.text.clone(),
            importance: memory.importance,
            days: (encounter.time - memory.created).days(),
        });
        let memory = MemoryView { items: config.items.clone(), memories: remembered.collect() };
        program.text(template.render(Section::Memory, memory)?);
        Ok(program)
    }

    /// The prompt up to the slate, then the slots.
    fn program(&self, encounter: &Encounter<'_>, items: &[ItemView]) -> Result<(Program, Slots), Failure> {
        let (config, template) = (self.config, self.template);
        let mind = encounter.state.mind.as_deref();
        let recalled: Vec<&Memory> = mind.map_or(Vec::new(), |mind| mind.memory.recalled.iter().collect());
        let mut program = self.opening(encounter, &recalled)?;
        if let Some(mind) = mind {
            for turn in &mind.session {
                program.text(turn.clone());
            }
        }
        let moment = view::moment(self.world, &config.items, encounter, items);
        program.text(template.render(Section::Slate, moment)?);
        if self.chat {
            program.assistant();
        }
        let slots = self.slots(encounter, items, &mut program)?;
        Ok((program, slots))
    }

    fn slots(
        &self,
        encounter: &Encounter<'_>,
        items: &[ItemView],
        program: &mut Program,
    ) -> Result<Slots, Failure> {
        let (config, template) = (self.config, self.template);
        let short = self.short(encounter, "");
        let ask = |name| config.ask.contains(&name);
        let think = if config.think > 0 {
            program.text(template.render(Section::Think, &short)?);
            let spec = WriteSpec::new(config.think as usize).temperature(config.temperature).stop("\n");
            Some(program.write("think", spec))
        } else {
            None
        };
        let mode = match config.each {
            EachName::Independent => EachMode::Independent,
            EachName::Joint => EachMode::Joint,
        };
        let before = |section| {
            items.iter().map(|item| template.render(section, item)).collect::<Result<Vec<String>, _>>()
        };
        let options = self.world.scale.names().to_vec();
        let actions = program.pick_each("action", before(Section::Action)?, options, mode);
        let ratings = if encounter.rate {
            let stars = (1..=5).map(|stars: u8| stars.to_string());
            Some(program.pick_each("rating", before(Section::Rating)?, stars, mode))
        } else {
            None
        };
        let mut number = |name: AskName, section| -> Result<Option<NumberSlot>, Failure> {
            if !ask(name) {
                return Ok(None);
            }
            program.text(template.render(section, &short)?);
            Ok(Some(program.number(name.word(), 1, 5)))
        };
        let satisfaction = number(AskName::Satisfaction, Section::Satisfaction)?;
        let mood = number(AskName::Mood, Section::Mood)?;
        let needs = self.needs(encounter);
        let need = if ask(AskName::Need) {
            program.text(template.render(Section::Need, &short)?);
            let names = self.world.catalogue.categories();
            let option =
                |need: &Option<CategoryId>| need.map_or(NOTHING.to_owned(), |id| names[id.index()].clone());
            Some(program.pick("need", needs.iter().map(option)))
        } else {
            None
        };
        let importance = if self.memories.is_on() {
            program.text(template.render(Section::Importance, &short)?);
            Some(program.number("importance", 1, 10))
        } else {
            None
        };
        program.text(template.render(Section::Move, &short)?);
        let moves = self.moves(encounter);
        let word = |name: &Option<MoveName>| move_option(name.map_or("leave", MoveName::word));
        let next = program.pick("move", moves.iter().map(word));
        let after = self.after(encounter, program, next, &moves)?;
        Ok(Slots { think, actions, ratings, satisfaction, mood, need, needs, importance, next, moves, after })
    }

    fn short<'a>(&'a self, encounter: &'a Encounter<'_>, friend: &'a str) -> ShortView<'a> {
        ShortView { items: &self.config.items, name: &encounter.persona.name, friend }
    }

    /// What the user likes: as the persona has it, or as what others said has made it, down to one in a hundred.
    fn interests(&self, encounter: &Encounter<'_>) -> Vec<(CategoryId, f32)> {
        if self.config.heard == 0.0 {
            return encounter.persona.interests.clone();
        }
        let now = &encounter.state.interests;
        let least = 0.01 * now.iter().sum::<f32>();
        let present = (0..).map(CategoryId).zip(now.iter().copied());
        present.filter(|(_, interest)| *interest > 0.0 && *interest >= least).collect()
    }

    /// What the user can be after: nothing, the present need, the strongest interests.
    fn needs(&self, encounter: &Encounter<'_>) -> Vec<Option<CategoryId>> {
        let known = self.world.catalogue.categories().len();
        let mut interests = self.interests(encounter);
        interests.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        let mut needs = vec![None];
        let present = encounter.state.mindset.need.into_iter();
        for category in present.chain(interests.into_iter().map(|(category, _)| category)) {
            if needs.len() <= NEEDS && category.index() < known && !needs.contains(&Some(category)) {
                needs.push(Some(category));
            }
        }
        needs
    }

    /// Moves open to the user; the last one, `None`, is to leave.
    fn moves(&self, encounter: &Encounter<'_>) -> Vec<Option<MoveName>> {
        let open = |name: &MoveName| match name {
            MoveName::Post | MoveName::Chat => !encounter.friends.is_empty(),
            MoveName::Answer => encounter.slate.reply.is_some(),
            MoveName::NextPage | MoveName::Search | MoveName::Instruct => true,
        };
        self.config.moves.iter().copied().filter(open).map(Some).chain([None]).collect()
    }

    /// The answers to the program.
    fn read(
        &self,
        encounter: &Encounter<'_>,
        items: Vec<ItemView>,
        slots: &Slots,
        answer: &Answer,
        stream: Stream,
    ) -> Page {
        let each = answer.pick_each(slots.actions);
        let ratings = slots.ratings.map(|slot| answer.pick_each(slot));
        let next = answer.pick(slots.next);
        let move_probs = next.distribution.as_ref().map(|distribution| {
            let mut all = vec![0.0; Move::NAMES.len()];
            for (option, name) in slots.moves.iter().enumerate() {
                all[name.map_or(Move::NAMES.len() - 1, |name| name as usize)] =
                    distribution.probability(option) as f32;
            }
            all
        });
        let mut page = Page {
            items,
            actions: each.iter().map(|action| action.index as u8).collect(),
            ratings: ratings.map_or(Vec::new(), |all| all.iter().map(|one| one.index as u8 + 1).collect()),
            satisfaction: slots.satisfaction.map(|slot| answer.number(slot).value),
            mood: slots.mood.map(|slot| answer.number(slot).value),
            need: slots.need.map(|slot| slots.needs[answer.pick(slot).index]),
            importance: slots.importance.map(|slot| answer.number(slot).value),
            replies: Vec::new(),
            insight: None,
            next: Move::NextPage,
            back: None,
            action_probs: each.iter().map(probabilities).collect::<Option<Vec<_>>>().map(|all| all.concat()),
            move_probs,
            programs: Vec::new(),
            usage: Usage::default(),
            stream,
        };
        let mut traces = Vec::new();
        traces.extend(slots.think.map(|slot| written("think", &answer.text(slot).text)));
        for (rating, at) in ratings.into_iter().flatten().zip(1..) {
            traces.push(picked(format!("rating {at}"), rating, encounter.distributions));
        }
        for (slot, name) in [(slots.satisfaction, AskName::Satisfaction), (slots.mood, AskName::Mood)] {
            let trace =
                |slot| picked(name.word().to_owned(), &answer.number(slot).pick, encounter.distributions);
            traces.extend(slot.map(trace));
        }
        let trace = |slot| picked("need".to_owned(), answer.pick(slot), encounter.distributions);
        traces.extend(slots.need.map(trace));
        let trace =
            |slot| picked("importance".to_owned(), &answer.number(slot).pick, encounter.distributions);
        traces.extend(slots.importance.map(trace));
        traces.extend(self.moved(encounter, slots, answer, &mut page));
        page.count("page", answer, traces);
        page
    }
}

impl Page {
    fn count(&mut self, program: &str, answer: &Answer, slots: Vec<SlotTrace>) {
        self.usage.add(answer.usage);
        self.programs.push(ProgramTrace {
            program: program.to_owned(),
            prompt_hash: answer.prompt_hash.clone(),
            prompt_tokens: answer.usage.new_tokens + answer.usage.cached_tokens,
            generated_tokens: answer.usage.generated_tokens,
            slots,
        });
    }
}

fn probabilities(answer: &PickAnswer) -> Option<Vec<f32>> {
    let distribution = answer.distribution.as_ref()?;
    Some((0..distribution.len()).map(|option| distribution.probability(option) as f32).collect())
}

fn picked(name: String, answer: &PickAnswer, distributions: bool) -> SlotTrace {
    let probabilities = if distributions { probabilities(answer).unwrap_or_default() } else { Vec::new() };
    SlotTrace { name, probabilities, choice: Some(answer.index as u32), text: None }
}

fn written(name: &str, text: &str) -> SlotTrace {
    SlotTrace { name: name.to_owned(), probabilities: Vec::new(), choice: None, text: Some(text.to_owned()) }
}

#[cfg(test)]
mod tests;
