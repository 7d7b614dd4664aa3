//! The table of messages.

use arrow_array::{Array, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field};
use habitue_core::{ArmId, ChatTurn, CreatorId, ItemId, Message, Sender, SimTime, UserId};

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
        Field::new("chat", DataType::Utf8, true),
        Field::new("chat_number", DataType::UInt32, true),
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
    let chats = || messages.iter().map(|message| message.chat);
    columns.push(chats().map(|chat| chat.map(|chat| chat_id(&chat))).collect::<StringArray>());
    columns.push(chats().map(|chat| chat.map(|chat| chat.number)).collect::<UInt32Array>());
    columns.push(messages.iter().map(|message| message.item.map(|item| item.0)).collect::<UInt32Array>());
    columns.push(messages.iter().map(|message| Some(message.positive)).collect::<BooleanArray>());
    columns.push(StringArray::from_iter_values(messages.iter().map(|message| &message.text)));
    columns.finish()
}

/// A chat's id: who began it, in which session, with which turn.
fn chat_id(chat: &ChatTurn) -> String {
    format!("{}-{}-{}", chat.opener, chat.session, chat.turn)
}

fn parse_chat(id: &str, number: u32) -> Option<ChatTurn> {
    let mut parts = id.split('-').map(str::parse);
    let (opener, session, turn) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    parts.next().is_none().then_some(ChatTurn { opener: UserId(opener), session, turn, number })
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
        let chats: &StringArray = frame.get("chat")?;
        let numbers: &UInt32Array = frame.get("chat_number")?;
        let chat = |row: usize| {
            if chats.is_null(row) {
                return Ok(None);
            }
            let number = if numbers.is_valid(row) { numbers.value(row) } else { 0 };
            let expected = || "a chat's id as in 17-0-3: user, session, turn".to_owned();
            let chat = parse_chat(chats.value(row), number);
            chat.map(Some).ok_or_else(|| frame.wrong(row, "chat", chats.value(row), expected()))
        };
        let items: &UInt32Array = frame.get("item")?;
        let positive: &BooleanArray = frame.get("positive")?;
        let texts: &StringArray = frame.get("text")?;
        (0..frame.rows())
            .map(|row| {
                Ok(Self {
                    arm: ArmId(arms[row] as u16),
                    from: match kinds[row] {
                        0 => Sender::User(UserId(from.value(row))),
                        _ => Sender::Creator(CreatorId(from.value(row))),
                    },
                    to: UserId(to.value(row)),
                    sent: SimTime(sent.value(row)),
                    delivered: SimTime(delivered.value(row)),
                    chat: chat(row)?,
                    item: items.is_valid(row).then(|| ItemId(items.value(row))),
                    positive: positive.value(row),
                    text: texts.value(row).to_owned(),
                })
            })
            .collect()
    }
}
