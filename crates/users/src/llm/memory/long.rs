//! Long-term memory: retrieval and forgetting.

use habitue_core::scenario::llm::RecallConfig;
use habitue_core::{HOUR, Held, MemoryKind, Persona, SimDuration, SimTime};

use super::{LongTermMemory, cosine};

/// `RecAgent`'s long-term memory.
///
/// A memory's value is recency + importance + relevance, with recency = `decay` ^ hours since it last came to mind, and
/// relevance = the cosine with what the user thinks of (Park et al. 2023, whose sum `RecAgent` takes over). What others
/// said counts the more, the more the user conforms: its value is multiplied by 1/2 + conformity, which is 1 for the
/// average user.
pub(crate) struct RecAgentLongTerm {
    capacity: usize,
    decay: f64,
    forget_after: SimDuration,
    power: f64,
    floor: f64,
}

impl RecAgentLongTerm {
    pub(crate) fn new(config: &RecallConfig) -> Self {
        Self {
            capacity: config.long as usize,
            decay: config.decay,
            forget_after: config.forget_after.0,
            power: config.forget_power,
            floor: config.forget_floor,
        }
    }

    fn recency(&self, held: &Held, now: SimTime) -> f64 {
        let hours = (now - held.accessed).0.max(0) as f64 / HOUR as f64;
        self.decay.powf(hours)
    }

    /// Probability that a memory is forgotten: 1 - (s + r) / 2 max(r^b, d).
    fn loss(&self, held: &Held, now: SimTime) -> f64 {
        let (importance, recency) = (f64::from(held.memory.importance), self.recency(held, now));
        1.0 - f64::midpoint(importance, recency) * recency.powf(self.power).max(self.floor)
    }
}

impl LongTermMemory for RecAgentLongTerm {
    fn store(&self, long: &mut Vec<Held>, new: Held) {
        long.push(new);
        if long.len() > self.capacity {
            let importance = |at: usize| long[at].memory.importance;
            // The first of several, which is the oldest.
            let least = (1..long.len())
                .fold(0, |least, at| if importance(at) < importance(least) { at } else { least });
            long.remove(least);
        }
    }

    fn value(&self, held: &Held, query: &[f32], now: SimTime, persona: &Persona) -> f64 {
        let relevance = cosine(&held.vector, query);
        let value = self.recency(held, now) + f64::from(held.memory.importance) + relevance;
        match held.memory.kind {
            MemoryKind::Message => value * (0.5 + f64::from(persona.habits.conformity)),
            MemoryKind::Observation | MemoryKind::Insight => value,
        }
    }

    fn forget(&self, long: &mut Vec<Held>, now: SimTime, draw: &mut dyn FnMut() -> f64) {
        long.retain(|held| {
            let at = draw();
            now - held.accessed < self.forget_after || at >= self.loss(held, now)
        });
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::{DAY, Habits, Memory};

    use super::*;

    fn held(importance: f32, accessed: i64, kind: MemoryKind) -> Held {
        let memory = Memory {
            id: 0,
            kind,
            text: String::new(),
            importance,
            created: SimTime(0),
            sources: Vec::new(),
            item: None,
        };
        Held { memory, accessed: SimTime(accessed), reinforced: 0, vector: vec![1.0, 0.0] }
    }

    #[test]
    fn the_forgetting_law_has_the_published_form() {
        let law = RecAgentLongTerm::new(&RecallConfig::default());
        let memory = held(0.8, 0, MemoryKind::Observation);
        let recency = 0.99_f64.powi(48);
        let expected = 1.0 - f64::midpoint(0.8, recency) * recency.powf(1.5);
        assert!((law.loss(&memory, SimTime(2 * DAY)) - expected).abs() < 1e-6);
        let long_ago = law.loss(&memory, SimTime(300 * DAY));
        assert!((long_ago - (1.0 - 0.4 * 0.01)).abs() < 1e-3, "the floor: {long_ago}");
    }

    #[test]
    fn old_unimportant_memories_go_first_and_fresh_ones_stay() {
        let law = RecAgentLongTerm::new(&RecallConfig::default());
        let now = SimTime(10 * DAY);
        let share = |importance, accessed| {
            let mut long: Vec<Held> =
                (0..1000).map(|_| held(importance, accessed, MemoryKind::Observation)).collect();
            let mut at = 0.0;
            law.forget(&mut long, now, &mut || {
                at += 1e-3;
                at - 5e-4
            });
            long.len()
        };
        assert_eq!(share(0.1, 10 * DAY - HOUR), 1000);
        assert!(share(0.9, 8 * DAY) > share(0.1, 8 * DAY));
        assert!(share(0.9, 8 * DAY) > share(0.9, 0));
    }

    #[test]
    fn value_follows_recency_importance_relevance_and_conformity() {
        let law = RecAgentLongTerm::new(&RecallConfig::default());
        let value = |held: &Held, query: &[f32], conformity| {
            let persona =
                Persona { habits: Habits { conformity, ..Habits::default() }, ..Persona::default() };
            law.value(held, query, SimTime(DAY), &persona)
        };
        let base = held(0.5, 0, MemoryKind::Observation);
        let at = |held: &Held| value(held, &[1.0, 0.0], 0.5);
        assert!(at(&held(0.5, DAY, MemoryKind::Observation)) > at(&base));
        assert!(at(&held(0.9, 0, MemoryKind::Observation)) > at(&base));
        assert!(at(&base) > value(&base, &[0.0, 1.0], 0.5));
        let said = held(0.5, 0, MemoryKind::Message);
        assert!((at(&said) - at(&base)).abs() < 1e-12, "the average user weighs both alike");
        assert!(value(&said, &[1.0, 0.0], 0.9) > at(&said) && value(&said, &[1.0, 0.0], 0.1) < at(&said));
        assert!((value(&base, &[1.0, 0.0], 0.9) - at(&base)).abs() < 1e-12);
    }

    #[test]
    fn a_full_memory_loses_the_least_important() {
        let law = RecAgentLongTerm::new(&RecallConfig { long: 2, ..RecallConfig::default() });
        let mut long = Vec::new();
        for importance in [0.5, 0.1, 0.9] {
            law.store(&mut long, held(importance, 0, MemoryKind::Observation));
        }
        let left: Vec<f32> = long.iter().map(|held| held.memory.importance).collect();
        assert_eq!(left, [0.5, 0.9]);
    }
}
