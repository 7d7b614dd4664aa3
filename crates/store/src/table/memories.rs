//! The table of what users of language models remember.

use std::sync::Arc;

use arrow_array::{Array, Float32Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field};
use habitue_core::{ArmId, ItemId, Memory, MemoryKind, MemoryRecord, SimTime, UserId};

use super::columns::{ListsOf, list, names};
use super::{Columns, Frame, Lists, Names, Row, Table};
use crate::error::StoreError;

const KINDS: [MemoryKind; 3] = [MemoryKind::Observation, MemoryKind::Message, MemoryKind::Insight];

pub(super) fn fields() -> Vec<Field> {
    vec![
        Field::new("arm", names(), false),
        Field::new("user", DataType::UInt32, false),
        Field::new("memory", DataType::UInt32, false),
        Field::new("kind", names(), false),
        Field::new("time_ms", DataType::Int64, false),
        Field::new("text", DataType::Utf8, false),
        Field::new("importance", DataType::Float32, false),
        Field::new("sources", list(DataType::UInt32, false), false),
        Field::new("item", DataType::UInt32, true),
    ]
}

/// Memories as a batch. Errors name an arm that the scenario does not have.
pub(crate) fn encode(records: &[MemoryRecord], known: &Names) -> Result<RecordBatch, StoreError> {
    let memories = || records.iter().map(|record| &record.memory);
    let (mut lists, mut sources) = (Lists::new(records.len()), Vec::new());
    for memory in memories() {
        sources.extend_from_slice(&memory.sources);
        lists.end(sources.len(), true);
    }
    let mut columns = Columns::new(Table::Memories);
    let arms = records.iter().map(|record| i32::from(record.arm.0));
    columns.push_names("arm", Int32Array::from_iter_values(arms), &known.arms)?;
    columns.push(UInt32Array::from_iter_values(records.iter().map(|record| record.user.0)));
    columns.push(UInt32Array::from_iter_values(memories().map(|memory| memory.id)));
    let kinds = Int32Array::from_iter_values(memories().map(|memory| memory.kind as i32));
    columns.push_names("kind", kinds, &MemoryKind::NAMES)?;
    columns.push(Int64Array::from_iter_values(memories().map(|memory| memory.created.0)));
    columns.push(StringArray::from_iter_values(memories().map(|memory| &memory.text)));
    columns.push(Float32Array::from_iter_values(memories().map(|memory| memory.importance)));
    columns.push(lists.of(Arc::new(UInt32Array::from(sources)), false)?);
    columns.push(memories().map(|memory| memory.item.map(|item| item.0)).collect::<UInt32Array>());
    columns.finish()
}

impl Row for MemoryRecord {
    const TABLE: Table = Table::Memories;

    fn decode(frame: &Frame<'_>, names: &Names) -> Result<Vec<Self>, StoreError> {
        let arms = frame.names_of_all("arm", &names.arms)?;
        let users: &UInt32Array = frame.get("user")?;
        let ids: &UInt32Array = frame.get("memory")?;
        let kinds = frame.names_of_all("kind", &MemoryKind::NAMES)?;
        let times: &Int64Array = frame.get("time_ms")?;
        let texts: &StringArray = frame.get("text")?;
        let importance: &Float32Array = frame.get("importance")?;
        let sources: ListsOf<'_, UInt32Array> = frame.lists("sources")?;
        let items: &UInt32Array = frame.get("item")?;
        Ok((0..frame.rows())
            .map(|row| Self {
                arm: ArmId(arms[row] as u16),
                user: UserId(users.value(row)),
                memory: Memory {
                    id: ids.value(row),
                    kind: KINDS[kinds[row]],
                    text: texts.value(row).to_owned(),
                    importance: importance.value(row),
                    created: SimTime(times.value(row)),
                    sources: sources.values.values()[sources.range(row).unwrap_or_default()].to_vec(),
                    item: items.is_valid(row).then(|| ItemId(items.value(row))),
                },
            })
            .collect())
    }
}
