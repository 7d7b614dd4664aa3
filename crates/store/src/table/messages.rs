//! The table of messages.

use arrow_array::{Array, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field};
use habitue_core::{ArmId, CreatorId, ItemId, Message, Sender, SimTime, UserId};

use super::columns::names;
use super::{Columns, Frame, Names, Row, Table};
use crate::error::StoreError;

const SENDERS: [&str; 2] = ["user", "creator"];

pub(super) fn fields() -> Vec<Field> {
    vec![
        Field::new("arm", names(), false),
        Field::new("from_kind", names(), false),
        Field::new("from", DataType::UInt32, false),
        Field::new("to", DataType::UInt32, false),
        Field::new("sent_ms", DataType::Int64, false),
        Field::new("delivered_ms", DataType::Int64, false),
        Field::new("item", DataType::UInt32, true),
        Field::new("positive", DataType::Boolean, false),
        Field::new("text", DataType::Utf8, false),
    ]
}

/// Messages as a batch. Errors name an arm that the scenario does not have.
pub(crate) fn encode(messages: &[Message], known: &Names) -> Result<RecordBatch, StoreError> {
    let (kinds, from): (Vec<i32>, Vec<u32>) = messages
        .iter()
        .map(|message| match message.from {
            Sender::User(user) => (0, user.0),
            Sender::Creator(creator) => (1, creator.0),
        })
        .unzip();
    let mut columns = Columns::new(Table::Messages);
    let arms = messages.iter().map(|message| i32::from(message.arm.0));
    columns.push_names("arm", Int32Array::from_iter_values(arms), &known.arms)?;
    columns.push_names("sender", Int32Array::from(kinds), &SENDERS)?;
    columns.push(UInt32Array::from(from));
    columns.push(UInt32Array::from_iter_values(messages.iter().map(|message| message.to.0)));
    columns.push(Int64Array::from_iter_values(messages.iter().map(|message| message.sent.0)));
    columns.push(Int64Array::from_iter_values(messages.iter().map(|message| message.delivered.0)));
    columns.push(messages.iter().map(|message| message.item.map(|item| item.0)).collect::<UInt32Array>());
    columns.push(messages.iter().map(|message| Some(message.positive)).collect::<BooleanArray>());
    columns.push(StringArray::from_iter_values(messages.iter().map(|message| &message.text)));
    columns.finish()
}

impl Row for Message {
    const TABLE: Table = Table::Messages;

    fn decode(frame: &Frame<'_>, names: &Names) -> Result<Vec<Self>, StoreError> {
        let arms = frame.names_of_all("arm", &names.arms)?;
        let kinds = frame.names_of_all("from_kind", &SENDERS)?;
        let from: &UInt32Array = frame.get("from")?;
        let to: &UInt32Array = frame.get("to")?;
        let sent: &Int64Array = frame.get("sent_ms")?;
        let delivered: &Int64Array = frame.get("delivered_ms")?;
        let items: &UInt32Array = frame.get("item")?;
        let positive: &BooleanArray = frame.get("positive")?;
        let texts: &StringArray = frame.get("text")?;
        Ok((0..frame.rows())
            .map(|row| Self {
                arm: ArmId(arms[row] as u16),
                from: match kinds[row] {
                    0 => Sender::User(UserId(from.value(row))),
                    _ => Sender::Creator(CreatorId(from.value(row))),
                },
                to: UserId(to.value(row)),
                sent: SimTime(sent.value(row)),
                delivered: SimTime(delivered.value(row)),
                item: items.is_valid(row).then(|| ItemId(items.value(row))),
                positive: positive.value(row),
                text: texts.value(row).to_owned(),
            })
            .collect())
    }
}
