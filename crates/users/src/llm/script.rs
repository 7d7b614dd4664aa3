//! A decision program that can be continued once it was answered.

use habitue_llm::{Answer, EachMode, NumberSlot, PickEachSlot, PickSlot, Program, WriteSlot, WriteSpec};

/// A program with a copy of its parts: a continuation repeats them with the answers filled in, so that the model has read
/// all of it before.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    program: Program,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    System,
    User,
    Assistant,
    Text(String),
    Pick(PickSlot, Vec<String>),
    Each(PickEachSlot, Vec<String>, Vec<String>),
    Number(NumberSlot),
    Write(WriteSlot),
}

impl Script {
    pub(super) fn program(&self) -> &Program {
        &self.program
    }

    pub(super) fn system(&mut self) {
        self.program.system();
        self.parts.push(Part::System);
    }

    pub(super) fn user(&mut self) {
        self.program.user();
        self.parts.push(Part::User);
    }

    pub(super) fn assistant(&mut self) {
        self.program.assistant();
        self.parts.push(Part::Assistant);
    }

    pub(super) fn text(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.program.text(text.clone());
            self.parts.push(Part::Text(text));
        }
    }

    pub(super) fn pick(&mut self, name: &str, options: Vec<String>) -> PickSlot {
        let slot = self.program.pick(name, options.clone());
        self.parts.push(Part::Pick(slot, options));
        slot
    }

    pub(super) fn each(
        &mut self,
        name: &str,
        items: Vec<String>,
        options: Vec<String>,
        mode: EachMode,
    ) -> PickEachSlot {
        let slot = self.program.pick_each(name, items.clone(), options.clone(), mode);
        self.parts.push(Part::Each(slot, items, options));
        slot
    }

    pub(super) fn number(&mut self, name: &str, lo: i64, hi: i64) -> NumberSlot {
        let slot = self.program.number(name, lo, hi);
        self.parts.push(Part::Number(slot));
        slot
    }

    pub(super) fn write(&mut self, name: &str, spec: WriteSpec) -> WriteSlot {
        let slot = self.program.write(name, spec);
        self.parts.push(Part::Write(slot));
        slot
    }

    /// What was read and answered so far, as text to go on from.
    pub(super) fn answered(&self, answer: &Answer) -> Self {
        let mut next = Self::default();
        for part in &self.parts {
            match part {
                Part::System => next.system(),
                Part::User => next.user(),
                Part::Assistant => next.assistant(),
                Part::Text(text) => next.text(text.clone()),
                Part::Pick(slot, options) => next.text(options[answer.pick(*slot).index].clone()),
                Part::Each(slot, items, options) => {
                    for (item, answer) in items.iter().zip(answer.pick_each(*slot)) {
                        next.text(item.clone());
                        next.text(options[answer.index].clone());
                    }
                }
                Part::Number(slot) => next.text(answer.number(*slot).value.to_string()),
                Part::Write(slot) => next.text(answer.text(*slot).text.clone()),
            }
        }
        next
    }
}
