//! What a program was answered.

use serde::{Deserialize, Serialize};

use super::{NumberSlot, PickEachSlot, PickSlot, WriteSlot};
use crate::backend::{Usage, WriteEnd};
use crate::distribution::Distribution;

/// A choice among options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PickAnswer {
    /// The option drawn, in the declared order.
    pub index: usize,
    /// What it was drawn from; absent if a server chose and did not say with what probability.
    pub distribution: Option<Distribution>,
    /// Before calibration, where there was one.
    pub uncalibrated: Option<Distribution>,
}

/// A number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberAnswer {
    /// The number drawn.
    pub value: i64,
    /// Option `i` of the choice is the number `lo + i`.
    pub pick: PickAnswer,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteAnswer {
    /// The text, without the stop text that ended it.
    pub text: String,
    /// Why it ended.
    pub end: WriteEnd,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum SlotAnswer {
    Pick(PickAnswer),
    PickEach(Vec<PickAnswer>),
    Number(NumberAnswer),
    Write(WriteAnswer),
    /// It stood behind another answer than the one that was given.
    NotAsked,
}

/// The answers to all slots of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub(crate) slots: Vec<SlotAnswer>,
    /// Hash of all that the model read and wrote, in hexadecimal digits.
    pub prompt_hash: String,
    /// The tokens it took.
    pub usage: Usage,
}

/// A handle works only on answers to the program that gave it; with another one these methods panic, as indexing a
/// slice out of bounds does. So they do for a slot that was not asked, because it stands behind another answer
/// ([`Program::when`](super::Program::when)) than the one that was given.
impl Answer {
    /// A choice.
    #[allow(
        clippy::panic,
        reason = "a handle of another program is a mistake in the calling code, as a bad index is"
    )]
    pub fn pick(&self, slot: PickSlot) -> &PickAnswer {
        match &self.slots[slot.0] {
            SlotAnswer::Pick(answer) => answer,
            other => {
                panic!("the handle belongs to another program or was not asked: {other:?} is not a pick")
            }
        }
    }

    /// Choices, by item.
    #[allow(clippy::panic, reason = "as in pick")]
    pub fn pick_each(&self, slot: PickEachSlot) -> &[PickAnswer] {
        match &self.slots[slot.0] {
            SlotAnswer::PickEach(answers) => answers,
            other => {
                panic!("the handle belongs to another program or was not asked: {other:?} is not a pick_each")
            }
        }
    }

    /// A number.
    #[allow(clippy::panic, reason = "as in pick")]
    pub fn number(&self, slot: NumberSlot) -> &NumberAnswer {
        match &self.slots[slot.0] {
            SlotAnswer::Number(answer) => answer,
            other => {
                panic!("the handle belongs to another program or was not asked: {other:?} is not a number")
            }
        }
    }

    /// A text.
    #[allow(clippy::panic, reason = "as in pick")]
    pub fn text(&self, slot: WriteSlot) -> &WriteAnswer {
        match &self.slots[slot.0] {
            SlotAnswer::Write(answer) => answer,
            other => {
                panic!("the handle belongs to another program or was not asked: {other:?} is not a text")
            }
        }
    }
}
