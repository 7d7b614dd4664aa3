//! Memory in three stages, after `RecAgent`: sensory, short-term, long-term. Each stage is a trait, so that another law
//! can take its place; [`Memories`] puts them together.

mod long;
mod short;

use habitue_core::scenario::llm::RecallConfig;
use habitue_core::{Held, ItemId, Memory, MemoryKind, MemoryState, Persona, SimTime};
use habitue_llm::{Embedder, HashedEmbedder, LlmError};

pub(super) use long::RecAgentLongTerm;
pub(super) use short::RecAgentShortTerm;

/// The moment's impression: whether it is worth remembering at all.
pub(super) trait SensoryMemory: Send + Sync {
    /// Whether an impression of this importance, 0 to 1, is kept.
    fn keeps(&self, importance: f32) -> bool;
}

/// Memory of the last few things, which repetition strengthens.
pub(super) trait ShortTermMemory: Send + Sync {
    /// Takes in a new memory. Gives those that are to move on to long-term memory. `draw` gives uniform numbers.
    fn take_in(&self, short: &mut Vec<Held>, new: Held, draw: &mut dyn FnMut() -> f64) -> Vec<Held>;
}

/// Memory that lasts.
pub(super) trait LongTermMemory: Send + Sync {
    /// Takes in a memory.
    fn store(&self, long: &mut Vec<Held>, new: Held);

    /// The value of a memory at a moment to somebody who thinks of `query`: the higher, the sooner it comes to mind.
    fn value(&self, held: &Held, query: &[f32], now: SimTime, persona: &Persona) -> f64;

    /// Forgets. `draw` gives uniform numbers.
    fn forget(&self, long: &mut Vec<Held>, now: SimTime, draw: &mut dyn FnMut() -> f64);
}

/// What is above a threshold of importance.
struct Threshold(f32);

impl SensoryMemory for Threshold {
    fn keeps(&self, importance: f32) -> bool {
        importance > self.0
    }
}

/// The stages together.
pub(super) struct Memories {
    retrieve: usize,
    reflect_above: f32,
    insight: u32,
    sensory: Box<dyn SensoryMemory>,
    short: Box<dyn ShortTermMemory>,
    long: Box<dyn LongTermMemory>,
    embedder: Box<dyn Embedder>,
}

/// Importance of what a user is told, on the scale of pages: 5 of 10.
const TOLD: f32 = 0.45;

impl Memories {
    /// Memory by `RecAgent`'s laws, with vectors of hashed words.
    pub(super) fn new(config: &RecallConfig) -> Self {
        Self {
            retrieve: config.retrieve as usize,
            reflect_above: config.reflect_above as f32,
            insight: config.insight,
            sensory: Box::new(Threshold(config.least_importance as f32)),
            short: Box::new(RecAgentShortTerm::new(config)),
            long: Box::new(RecAgentLongTerm::new(config)),
            embedder: Box::new(HashedEmbedder::default()),
        }
    }

    /// Whether users remember at all.
    pub(super) const fn is_on(&self) -> bool {
        self.retrieve > 0
    }

    /// Importance of a page that the model gave so many of 10 points (`RecAgent`: a tenth, times 0.9).
    pub(super) fn importance(points: i64) -> f32 {
        points as f32 / 10.0 * 0.9
    }

    /// Remembers a page, if it matters enough.
    ///
    /// # Errors
    /// If a text cannot be embedded.
    pub(super) fn observe(
        &self,
        state: &mut MemoryState,
        text: String,
        importance: f32,
        now: SimTime,
        draw: &mut dyn FnMut() -> f64,
    ) -> Result<Option<Memory>, LlmError> {
        if !self.is_on() || !self.sensory.keeps(importance) {
            return Ok(None);
        }
        let memory = next(state, MemoryKind::Observation, text, importance, now, Vec::new(), None);
        self.refresh(state)?;
        let new = self.held(memory.clone())?;
        for moved in self.short.take_in(&mut state.short, new, draw) {
            state.gathered += moved.memory.importance;
            self.long.store(&mut state.long, moved);
        }
        Ok(Some(memory))
    }

    /// Remembers what somebody said. It enters short-term memory, and the log with the next decision. Gives its id.
    pub(super) fn told(
        &self,
        state: &mut MemoryState,
        text: String,
        item: Option<ItemId>,
        now: SimTime,
    ) -> Option<u32> {
        if !self.is_on() {
            return None;
        }
        let memory = next(state, MemoryKind::Message, text, TOLD, now, Vec::new(), item);
        state.unlogged.push(memory.clone());
        let id = memory.id;
        self.keep(state, memory);
        Some(id)
    }

    /// Remembers what the user answered in a chat, and to which memory.
    pub(super) fn said(
        &self,
        state: &mut MemoryState,
        text: String,
        heard: Option<u32>,
        now: SimTime,
    ) -> Option<Memory> {
        if !self.is_on() {
            return None;
        }
        let sources = heard.into_iter().collect();
        let memory = next(state, MemoryKind::Observation, text, TOLD, now, sources, None);
        self.keep(state, memory.clone());
        Some(memory)
    }

    /// What is part of a conversation enters short-term memory and reinforces nothing, so nothing is drawn: a message
    /// belongs to no turn. Its vector is made when it is needed.
    fn keep(&self, state: &mut MemoryState, memory: Memory) {
        let held = Held { accessed: memory.created, memory, reinforced: 0, vector: Vec::new() };
        self.short.take_in(&mut state.short, held, &mut || 1.0);
    }

    /// Whether enough has gathered for an insight, and what it is drawn from: the newest of long-term memory.
    pub(super) fn sources<'s>(&self, state: &'s MemoryState) -> Vec<&'s Memory> {
        if !self.is_on() || self.insight == 0 || state.gathered <= self.reflect_above {
            return Vec::new();
        }
        let newest = state.long.len().saturating_sub(2 * self.retrieve);
        state.long[newest..].iter().map(|held| &held.memory).collect()
    }

    /// Most tokens of an insight.
    pub(super) const fn insight_tokens(&self) -> usize {
        self.insight as usize
    }

    /// Remembers an insight, as important as the most important of its sources.
    ///
    /// # Errors
    /// If the text cannot be embedded.
    pub(super) fn conclude(
        &self,
        state: &mut MemoryState,
        text: String,
        sources: Vec<u32>,
        now: SimTime,
    ) -> Result<Memory, LlmError> {
        let of = |id: &u32| {
            state.long.iter().find(|held| held.memory.id == *id).map(|held| held.memory.importance)
        };
        let importance = sources.iter().filter_map(of).fold(0.0, f32::max);
        let memory = next(state, MemoryKind::Insight, text, importance, now, sources, None);
        let held = self.held(memory.clone())?;
        self.long.store(&mut state.long, held);
        state.gathered = 0.0;
        Ok(memory)
    }

    /// A new visit: some is forgotten, some comes to mind to somebody who thinks of `query`.
    ///
    /// # Errors
    /// If a text cannot be embedded.
    pub(super) fn arrive(
        &self,
        state: &mut MemoryState,
        persona: &Persona,
        query: &str,
        now: SimTime,
        draw: &mut dyn FnMut() -> f64,
    ) -> Result<(), LlmError> {
        state.recalled.clear();
        if !self.is_on() {
            return Ok(());
        }
        self.refresh(state)?;
        self.long.forget(&mut state.long, now, draw);
        let query = self.vector(query)?;
        let MemoryState { short, long, recalled, .. } = state;
        let mut all: Vec<&mut Held> = long.iter_mut().chain(short).collect();
        let values: Vec<f64> = all.iter().map(|held| self.long.value(held, &query, now, persona)).collect();
        let mut order: Vec<usize> = (0..all.len()).collect();
        // Stable: of equal ones the older first.
        order.sort_by(|one, other| values[*other].total_cmp(&values[*one]));
        for at in order.into_iter().take(self.retrieve) {
            all[at].accessed = now;
            recalled.push(all[at].memory.clone());
        }
        Ok(())
    }

    fn held(&self, memory: Memory) -> Result<Held, LlmError> {
        let vector = self.vector(&memory.text)?;
        Ok(Held { accessed: memory.created, memory, reinforced: 0, vector })
    }

    fn vector(&self, text: &str) -> Result<Vec<f32>, LlmError> {
        Ok(self.embedder.embed(&[text])?.pop().unwrap_or_default())
    }

    /// Makes vectors that are missing, after a restart.
    fn refresh(&self, state: &mut MemoryState) -> Result<(), LlmError> {
        for held in state.long.iter_mut().chain(&mut state.short) {
            if held.vector.is_empty() {
                held.vector = self.vector(&held.memory.text)?;
            }
        }
        Ok(())
    }
}

fn next(
    state: &mut MemoryState,
    kind: MemoryKind,
    text: String,
    importance: f32,
    created: SimTime,
    sources: Vec<u32>,
    item: Option<ItemId>,
) -> Memory {
    let id = state.next;
    state.next += 1;
    Memory { id, kind, text, importance, created, sources, item }
}

/// The cosine of two vectors of length 1.
fn cosine(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

#[cfg(test)]
mod tests {
    use habitue_core::{DAY, HOUR};

    use super::*;

    fn memories(change: impl FnOnce(&mut RecallConfig)) -> Memories {
        let mut config = RecallConfig { least_importance: 0.0, ..RecallConfig::default() };
        change(&mut config);
        Memories::new(&config)
    }

    /// Remembers texts of importance 0.9, an hour apart; all draws are 0.
    fn seen(memories: &Memories, texts: &[&str]) -> MemoryState {
        let mut state = MemoryState::default();
        for (text, hour) in texts.iter().zip(1..) {
            memories.observe(&mut state, (*text).to_owned(), 0.9, SimTime(hour * HOUR), &mut || 0.0).unwrap();
        }
        state
    }

    #[test]
    fn what_is_seen_again_and_again_moves_to_long_term_memory() {
        let memories = memories(|_| {});
        let state = seen(&memories, &["liked the film Soup", "liked the film Soup", "liked the film Soup"]);
        assert!(state.long.is_empty());
        let again = ["liked the film Soup"; 4];
        let state = seen(&memories, &again);
        assert_eq!((state.long.len(), state.long[0].memory.id), (1, 0));
        assert!((state.gathered - 0.9).abs() < 1e-6);
        let other = ["a bee", "the tax office", "green wool", "two doors", "eleven"];
        assert!(seen(&memories, &other).long.is_empty());
    }

    #[test]
    fn what_does_not_matter_is_not_remembered_and_ids_never_repeat() {
        let strict = memories(|config| config.least_importance = 0.62);
        let mut state = MemoryState::default();
        assert_eq!(
            strict.observe(&mut state, "a".into(), Memories::importance(6), SimTime(0), &mut || 0.0).unwrap(),
            None
        );
        let kept =
            strict.observe(&mut state, "b".into(), Memories::importance(7), SimTime(0), &mut || 0.0).unwrap();
        assert_eq!(kept.unwrap().id, 0);
        strict.told(&mut state, "c".into(), Some(ItemId(3)), SimTime(5));
        assert_eq!((state.unlogged[0].id, state.unlogged[0].kind), (1, MemoryKind::Message));
        assert_eq!(state.short.len(), 2);
        let off = memories(|config| config.retrieve = 0);
        assert_eq!(off.observe(&mut state, "d".into(), 0.9, SimTime(0), &mut || 0.0).unwrap(), None);
    }

    #[test]
    fn what_fits_the_moment_comes_to_mind_and_vectors_survive_a_restart() {
        let memories = memories(|config| config.retrieve = 2);
        let texts = [
            "liked a film about cooking",
            "skipped the news",
            "searched for a film about cooks",
            "left early",
        ];
        let mut state = seen(&memories, &texts);
        let now = SimTime(5 * HOUR);
        let recall = |state: &mut MemoryState| {
            memories.arrive(state, &Persona::default(), "films about cooking", now, &mut || 0.9).unwrap();
            state.recalled.iter().map(|memory| memory.id).collect::<Vec<_>>()
        };
        let mut restarted: MemoryState =
            serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
        let mut recalled = recall(&mut state);
        assert_eq!(recalled, recall(&mut restarted));
        recalled.sort_unstable();
        assert_eq!(recalled, [0, 2]);
        assert_eq!(state.short[0].accessed, now);
        assert_ne!(state.short[1].accessed, now);
    }

    #[test]
    fn insights_name_their_sources() {
        let memories = memories(|config| config.reflect_above = 1.0);
        let again = ["liked the film Soup"; 5];
        let mut state = seen(&memories, &again);
        let sources: Vec<u32> = memories.sources(&state).iter().map(|memory| memory.id).collect();
        assert_eq!(sources, [0, 1]);
        let insight = memories.conclude(&mut state, "likes soup".into(), sources, SimTime(DAY)).unwrap();
        assert_eq!((insight.id, insight.kind, &insight.sources[..]), (5, MemoryKind::Insight, &[0, 1][..]));
        assert!((insight.importance - 0.9).abs() < 1e-6);
        assert!(memories.sources(&state).is_empty(), "it has to gather again");
    }
}
