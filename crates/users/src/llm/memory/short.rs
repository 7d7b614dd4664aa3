//! Short-term memory with reinforcement.

use habitue_core::Held;
use habitue_core::scenario::llm::RecallConfig;

use super::{ShortTermMemory, cosine};

/// `RecAgent`'s short-term memory: a new memory reinforces each older one that it is like; one that was reinforced often
/// enough moves on.
pub(crate) struct RecAgentShortTerm {
    capacity: usize,
    alike: f64,
    reinforcements: u32,
}

impl RecAgentShortTerm {
    pub(crate) fn new(config: &RecallConfig) -> Self {
        Self { capacity: config.short as usize, alike: config.alike, reinforcements: config.reinforcements }
    }
}

impl ShortTermMemory for RecAgentShortTerm {
    fn take_in(&self, short: &mut Vec<Held>, new: Held, draw: &mut dyn FnMut() -> f64) -> Vec<Held> {
        for held in short.iter_mut() {
            let likeness = 1.0 / (1.0 + (-cosine(&held.vector, &new.vector)).exp());
            // One number for every memory, alike or not, so that what is drawn does not hang on rounding.
            if draw() < likeness && likeness >= self.alike {
                held.reinforced += 1;
            }
        }
        let (moved, mut stay): (Vec<Held>, Vec<Held>) =
            std::mem::take(short).into_iter().partition(|held| held.reinforced >= self.reinforcements);
        stay.push(new);
        let over = stay.len().saturating_sub(self.capacity);
        stay.drain(..over);
        *short = stay;
        moved
    }
}
