//! An interview: a user is asked a question, and says on what the answer rests.

use habitue_core::scenario::llm::RecallConfig;
use habitue_core::{
    Encounter, Held, Memory, MemoryKind, MemoryState, Move, Persona, Purpose, SimTime, Slate, Streams, Turn,
    UserId, UserModelError, UserState, World,
};
use habitue_llm::{PickSlot, Program, WriteSpec, decide};

use super::LlmUsers;
use super::memory::Memories;
use super::page::{Failure, ONE_LINE, Scene, move_option};
use super::template::{EarlierView, InterviewView, KnownView, ReactionView, Section, ShortView};
use super::view::one_line;

/// Memories that come to mind with a question.
const MEMORIES: u32 = 10;
/// Turns that the user is reminded of, the latest.
const TURNS: usize = 5;
/// Most pieces of evidence that an answer can rest on.
const CITED: usize = 3;
/// Most tokens of an answer.
const WORDS: usize = 96;
/// The option of an answer that rests on nothing, or on nothing more.
const NONE: &str = "none";

/// Who is asked what, and what the user has lived through by then.
#[derive(Debug)]
pub struct Interview<'a> {
    /// The world at that time.
    pub world: &'a World<'a>,
    /// Who is asked.
    pub user: UserId,
    /// The user's description.
    pub persona: &'a Persona,
    /// All that the user has ever remembered until then.
    pub memories: &'a [Memory],
    /// All turns until then, in order.
    pub turns: &'a [Turn],
    /// When.
    pub time: SimTime,
    /// The question.
    pub question: &'a str,
}

/// Something that an answer can rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What it is.
    pub source: EvidenceSource,
    /// When it was.
    pub time: SimTime,
    /// In words.
    pub text: String,
}

/// Where evidence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceSource {
    /// A memory, by its id.
    Memory(u32),
    /// A turn, by session and number.
    Turn(u32, u32),
}

impl std::fmt::Display for EvidenceSource {
    /// `m12`, `t0.3`: as the prompt calls it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory(id) => write!(f, "m{id}"),
            Self::Turn(session, turn) => write!(f, "t{session}.{turn}"),
        }
    }
}

/// What the user said.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The answer.
    pub answer: String,
    /// What it rests on, each once, in the order in which it was named.
    pub cited: Vec<Evidence>,
    /// All that it could have rested on: what came to mind with the question.
    pub evidence: Vec<Evidence>,
}

impl LlmUsers {
    /// Asks a user. What comes to mind are the memories of the highest value to somebody who thinks of the question (the
    /// law of retrieval), and the latest turns; what the answer rests on is picked among them, up to three times, before
    /// the answer is written. A log does not say what was forgotten, so something forgotten may come to mind again.
    ///
    /// Draws come from the stream [`Purpose::Interview`] of the user and the time.
    ///
    /// # Errors
    /// If the model cannot answer.
    pub fn interview(
        &self,
        interview: &Interview<'_>,
        streams: Streams,
    ) -> Result<Statement, UserModelError> {
        let system = self.system(interview.world)?;
        let scene = Scene {
            config: &self.config,
            template: &self.template,
            memories: &self.memories,
            backend: self.opened.backend(),
            chat: self.chat,
            world: interview.world,
            streams,
            system: &system,
        };
        let said = self.opened.wait(scene.interview(interview));
        said.map_err(|error| self.failed(format!("user \"{}\": {error}", interview.persona.key)))
    }
}

impl Scene<'_> {
    async fn interview(&self, interview: &Interview<'_>) -> Result<Statement, Failure> {
        let mut evidence = recalled(interview)?;
        let recent = interview.turns.len().saturating_sub(TURNS);
        for turn in &interview.turns[recent..] {
            let source = EvidenceSource::Turn(turn.session, turn.turn);
            evidence.push(Evidence { source, time: turn.time, text: one_line(&self.earlier(turn)?) });
        }
        let (mut program, slots) = self.questions(interview, &evidence)?;
        program.text(self.template.render(Section::Answer, self.asked(interview))?);
        let spec = WriteSpec::new(WORDS).temperature(self.config.temperature);
        let words = program.write("answer", spec.regex(ONE_LINE).stop("\n"));
        let at = interview.time.0 as u64;
        let mut stream = self.streams.stream(Purpose::Interview, u64::from(interview.user.0), at);
        let answer = decide(self.backend, &program, &mut stream).await?;
        let mut cited: Vec<Evidence> = Vec::new();
        for slot in slots {
            if let Some(one) = evidence.get(answer.pick(slot).index)
                && !cited.contains(one)
            {
                cited.push(one.clone());
            }
        }
        Ok(Statement { answer: one_line(&answer.text(words).text), cited, evidence })
    }

    /// The prompt, with the picks of evidence.
    fn questions(
        &self,
        interview: &Interview<'_>,
        evidence: &[Evidence],
    ) -> Result<(Program, Vec<PickSlot>), Failure> {
        let mut interests = vec![0.0; interview.world.catalogue.categories().len()];
        for (category, weight) in &interview.persona.interests {
            interests[category.index()] = *weight;
        }
        let mut state = UserState { interests: interests.into_boxed_slice(), ..UserState::default() };
        let encounter = Encounter {
            user: interview.user,
            persona: interview.persona,
            state: &mut state,
            session: 0,
            turn: 0,
            time: interview.time,
            slate: &Slate::certain([]),
            friends: &[],
            rate: false,
            distributions: false,
        };
        let mut program = self.opening(&encounter, &[])?;
        let labels: Vec<String> = evidence.iter().map(|one| one.source.to_string()).collect();
        let known = labels.iter().zip(evidence).map(|(id, one)| KnownView {
            id,
            text: &one.text,
            days: (interview.time - one.time).days(),
        });
        let view = InterviewView {
            items: &self.config.items,
            name: &interview.persona.name,
            known: known.collect(),
            question: interview.question,
        };
        program.text(self.template.render(Section::Interview, view)?);
        if self.chat {
            program.assistant();
        }
        let options: Vec<String> = labels.iter().cloned().chain([NONE.to_owned()]).collect();
        let mut slots = Vec::new();
        for at in 0..CITED.min(evidence.len()) {
            program.text(self.template.render(Section::Cite, self.asked(interview))?);
            slots.push(program.pick(&format!("cite {}", at + 1), options.clone()));
        }
        Ok((program, slots))
    }

    fn asked<'a>(&'a self, interview: &Interview<'a>) -> ShortView<'a> {
        ShortView { items: &self.config.items, name: &interview.persona.name, friend: "" }
    }

    /// A logged turn as prompts tell it.
    fn earlier(&self, turn: &Turn) -> Result<String, Failure> {
        let title = |item| {
            let item = self.world.catalogue.item(item);
            one_line(if item.title.is_empty() { &item.key } else { &item.title })
        };
        let titles: Vec<String> = turn.impressions.iter().map(|shown| title(shown.item)).collect();
        let shown = titles.iter().zip(&turn.impressions).map(|(title, shown)| ReactionView {
            title,
            action: self.world.scale.name(shown.action),
            rating: shown.rating,
        });
        let next = move_option(Move::NAMES[usize::from(turn.next.code())]);
        let view = EarlierView {
            items: &self.config.items,
            number: turn.turn + 1,
            shown: shown.collect(),
            next: &next,
            words: turn.next.text().unwrap_or(""),
            reply: turn.reply.as_deref().unwrap_or(""),
        };
        Ok(self.template.render(Section::Earlier, view)?)
    }
}

/// The memories that come to mind with the question, the oldest first.
fn recalled(interview: &Interview<'_>) -> Result<Vec<Evidence>, Failure> {
    let config = RecallConfig { retrieve: MEMORIES, ..RecallConfig::default() };
    let held = interview.memories.iter().map(|memory| Held {
        accessed: memory.created,
        memory: memory.clone(),
        reinforced: 0,
        vector: Vec::new(),
    });
    let mut state = MemoryState { long: held.collect(), ..MemoryState::default() };
    // With draws of 1 nothing is forgotten.
    let (persona, question) = (interview.persona, interview.question);
    Memories::new(&config).arrive(&mut state, persona, question, interview.time, &mut || 1.0)?;
    state.recalled.sort_by_key(|memory| memory.id);
    let evidence = state.recalled.into_iter().map(|memory| Evidence {
        source: EvidenceSource::Memory(memory.id),
        time: memory.created,
        text: match memory.kind {
            MemoryKind::Insight => format!("(concluded) {}", memory.text),
            MemoryKind::Observation | MemoryKind::Message => memory.text,
        },
    });
    Ok(evidence.collect())
}
