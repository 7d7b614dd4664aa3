//! What users of a language model remember.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{FieldProblem, Span};
use crate::time::{DAY, SimDuration};

/// Memory in three stages, after `RecAgent` (Wang et al. 2023, "User Behavior Simulation with Large Language Model based
/// Agents", section on the memory module; defaults are the constants of its published code,
/// `agents/recagent_memory.py`). A page is first a sensory memory with an importance; what matters enough enters
/// short-term memory, where it is reinforced by what is like it; what was reinforced often enough moves to long-term
/// memory, from which insights are drawn and in which what is old, unimportant and unused is forgotten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecallConfig {
    /// Memories in the prompt, 0 to 100: those with the highest sum of recency, importance and relevance on arrival. 0
    /// switches memory off.
    #[schemars(range(max = 100))]
    pub retrieve: u32,
    /// Importance that a page needs to be remembered, 0 to 1. The model states it from 1 to 10; a tenth of that, times
    /// 0.9, is the importance.
    #[schemars(range(min = 0, max = 1))]
    pub least_importance: f64,
    /// Memories in short-term memory, 1 to 1,000; beyond that the oldest is lost.
    #[schemars(range(min = 1, max = 1000))]
    pub short: u32,
    /// 1 / (1 + e^-c), with c the cosine of two memories, from which the older is reinforced by the newer (with just this
    /// probability), 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub alike: f64,
    /// Reinforcements that move a memory from short-term to long-term memory, 1 to 1,000.
    #[schemars(range(min = 1, max = 1000))]
    pub reinforcements: u32,
    /// Memories in long-term memory, 1 to 100,000; beyond that the least important is lost.
    #[schemars(range(min = 1, max = 100_000))]
    pub long: u32,
    /// Recency that is left after an hour without access, above 0, at most 1; it falls as a power of this.
    #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
    pub decay: f64,
    /// Time without access from which a memory can be forgotten.
    pub forget_after: Span,
    /// Exponent b of the forgetting law: a memory of importance s and recency r is forgotten, on each arrival, with
    /// probability 1 - (s + r) / 2 max(r^b, `forget_floor`). 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub forget_power: f64,
    /// The least that recency counts in the forgetting law, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub forget_floor: f64,
    /// Importance that gathers in long-term memory before the user draws an insight from it, 0 to 10,000.
    #[schemars(range(min = 0, max = 10_000))]
    pub reflect_above: f64,
    /// Most tokens of an insight, 0 to 1,024; 0 draws none.
    #[schemars(range(max = 1024))]
    pub insight: u32,
}

impl Default for RecallConfig {
    fn default() -> Self {
        Self {
            retrieve: 5,
            least_importance: 0.62,
            short: 10,
            alike: 0.7,
            reinforcements: 3,
            long: 500,
            decay: 0.99,
            forget_after: Span(SimDuration(DAY)),
            forget_power: 1.5,
            forget_floor: 0.01,
            reflect_above: 10.0,
            insight: 40,
        }
    }
}

impl RecallConfig {
    pub(super) fn check(&self) -> Result<(), FieldProblem> {
        let whole = |field: &str, value: u32, least: u32, most: u32| {
            let expected = format!("a whole number from {least} to {most}");
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(FieldProblem::new(field, value, expected))
            }
        };
        let number = |field: &str, value: f64, most: f64| {
            let expected = format!("a number from 0 to {most}");
            if (0.0..=most).contains(&value) {
                Ok(())
            } else {
                Err(FieldProblem::new(field, value, expected))
            }
        };
        whole("retrieve", self.retrieve, 0, 100)?;
        number("least_importance", self.least_importance, 1.0)?;
        whole("short", self.short, 1, 1000)?;
        number("alike", self.alike, 1.0)?;
        whole("reinforcements", self.reinforcements, 1, 1000)?;
        whole("long", self.long, 1, 100_000)?;
        if !(self.decay > 0.0 && self.decay <= 1.0) {
            return Err(FieldProblem::new("decay", self.decay, "a number above 0, at most 1"));
        }
        number("forget_power", self.forget_power, 100.0)?;
        number("forget_floor", self.forget_floor, 1.0)?;
        number("reflect_above", self.reflect_above, 10_000.0)?;
        whole("insight", self.insight, 0, 1024)
    }
}
