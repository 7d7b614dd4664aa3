//! The table of decision programs that language models ran.

use std::sync::Arc;

use arrow_array::{
    Array, Float32Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, UInt32Array,
    UInt64Array,
};
use arrow_schema::{DataType, Field};
use habitue_core::{ArmId, LlmCall, ProgramTrace, SimTime, SlotTrace, UserId};

use super::columns::{ListsOf, list, names};
use super::{Columns, Frame, Lists, Names, Row, Table};
use crate::error::StoreError;

pub(super) fn fields() -> Vec<Field> {
    vec![
        Field::new("arm", names(), false),
        Field::new("user", DataType::UInt32, false),
        Field::new("session", DataType::UInt32, false),
        Field::new("turn", DataType::UInt32, false),
        Field::new("time_ms", DataType::Int64, false),
        Field::new("program", DataType::Utf8, false),
        Field::new("prompt_hash", DataType::Utf8, false),
        Field::new("prompt_tokens", DataType::UInt64, false),
        Field::new("generated_tokens", DataType::UInt64, false),
        Field::new("slot_names", list(DataType::Utf8, false), false),
        Field::new("slot_probs", list(list(DataType::Float32, false), false), false),
        Field::new("slot_choices", list(DataType::UInt32, true), false),
        Field::new("slot_texts", list(DataType::Utf8, true), false),
    ]
}

/// Calls as a batch. Errors name an arm that the scenario does not have.
pub(crate) fn encode(calls: &[LlmCall], known: &Names) -> Result<RecordBatch, StoreError> {
    let numbers = |of: fn(&LlmCall) -> u32| UInt32Array::from_iter_values(calls.iter().map(of));
    let counts = |of: fn(&ProgramTrace) -> u64| {
        UInt64Array::from_iter_values(calls.iter().map(|call| of(&call.trace)))
    };
    let slots = || calls.iter().flat_map(|call| &call.trace.slots);
    let (mut by_call, mut by_slot) = (Lists::new(calls.len()), Lists::new(slots().count()));
    let (mut slot_count, mut probabilities) = (0, Vec::new());
    for call in calls {
        for slot in &call.trace.slots {
            probabilities.extend_from_slice(&slot.probabilities);
            by_slot.end(probabilities.len(), true);
        }
        slot_count += call.trace.slots.len();
        by_call.end(slot_count, true);
    }
    let mut columns = Columns::new(Table::LlmCalls);
    let arms = calls.iter().map(|call| i32::from(call.arm.0));
    columns.push_names("arm", Int32Array::from_iter_values(arms), &known.arms)?;
    columns.push(numbers(|call| call.user.0));
    columns.push(numbers(|call| call.session));
    columns.push(numbers(|call| call.turn));
    columns.push(Int64Array::from_iter_values(calls.iter().map(|call| call.time.0)));
    columns.push(StringArray::from_iter_values(calls.iter().map(|call| &call.trace.program)));
    columns.push(StringArray::from_iter_values(calls.iter().map(|call| &call.trace.prompt_hash)));
    columns.push(counts(|trace| trace.prompt_tokens));
    columns.push(counts(|trace| trace.generated_tokens));
    let slot_names = StringArray::from_iter_values(slots().map(|slot| &slot.name));
    columns.push(by_call.of(Arc::new(slot_names), false)?);
    let of_slots = by_slot.of(Arc::new(Float32Array::from(probabilities)), false)?;
    columns.push(by_call.of(Arc::new(of_slots), false)?);
    columns.push(by_call.of(Arc::new(slots().map(|slot| slot.choice).collect::<UInt32Array>()), true)?);
    let texts = slots().map(|slot| slot.text.as_deref()).collect::<StringArray>();
    columns.push(by_call.of(Arc::new(texts), true)?);
    columns.finish()
}

/// The list columns that make slots.
struct Slots<'a> {
    names: ListsOf<'a, StringArray>,
    probabilities: ListsOf<'a, ListArray>,
    choices: ListsOf<'a, UInt32Array>,
    texts: ListsOf<'a, StringArray>,
}

impl Slots<'_> {
    fn of(&self, frame: &Frame<'_>, row: usize) -> Result<Vec<SlotTrace>, StoreError> {
        let names = self.names.range(row).unwrap_or_default();
        let aligned = |column, range: Option<std::ops::Range<usize>>| {
            let range = range.unwrap_or_default();
            if range.len() == names.len() {
                return Ok(range.start);
            }
            let expected = format!("{}, one per slot", names.len());
            Err(frame.wrong(row, column, format!("{} elements", range.len()), expected))
        };
        let probabilities = aligned("slot_probs", self.probabilities.range(row))?;
        let choices = aligned("slot_choices", self.choices.range(row))?;
        let texts = aligned("slot_texts", self.texts.range(row))?;
        (0..names.len())
            .map(|slot| {
                let of_slot = self.probabilities.values.value(probabilities + slot);
                let numbers = of_slot.as_any().downcast_ref::<Float32Array>();
                let wrong = || frame.wrong(row, "slot_probs", "another type", "numbers".to_owned());
                let (choice, text) = (choices + slot, texts + slot);
                let text = self.texts.values.is_valid(text).then(|| self.texts.values.value(text).to_owned());
                Ok(SlotTrace {
                    name: self.names.values.value(names.start + slot).to_owned(),
                    probabilities: numbers.ok_or_else(wrong)?.values().to_vec(),
                    choice: self.choices.values.is_valid(choice).then(|| self.choices.values.value(choice)),
                    text,
                })
            })
            .collect()
    }
}

impl Row for LlmCall {
    const TABLE: Table = Table::LlmCalls;

    fn decode(frame: &Frame<'_>, names: &Names) -> Result<Vec<Self>, StoreError> {
        let arms = frame.names_of_all("arm", &names.arms)?;
        let users: &UInt32Array = frame.get("user")?;
        let sessions: &UInt32Array = frame.get("session")?;
        let turns: &UInt32Array = frame.get("turn")?;
        let times: &Int64Array = frame.get("time_ms")?;
        let programs: &StringArray = frame.get("program")?;
        let hashes: &StringArray = frame.get("prompt_hash")?;
        let prompt_tokens: &UInt64Array = frame.get("prompt_tokens")?;
        let generated_tokens: &UInt64Array = frame.get("generated_tokens")?;
        let slots = Slots {
            names: frame.lists("slot_names")?,
            probabilities: frame.lists("slot_probs")?,
            choices: frame.lists("slot_choices")?,
            texts: frame.lists("slot_texts")?,
        };
        (0..frame.rows())
            .map(|row| {
                Ok(Self {
                    arm: ArmId(arms[row] as u16),
                    user: UserId(users.value(row)),
                    session: sessions.value(row),
                    turn: turns.value(row),
                    time: SimTime(times.value(row)),
                    trace: ProgramTrace {
                        program: programs.value(row).to_owned(),
                        prompt_hash: hashes.value(row).to_owned(),
                        prompt_tokens: prompt_tokens.value(row),
                        generated_tokens: generated_tokens.value(row),
                        slots: slots.of(frame, row)?,
                    },
                })
            })
            .collect()
    }
}
