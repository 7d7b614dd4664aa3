//! The table of interventions.

use arrow_array::{Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field};
use habitue_core::{InterventionRecord, SimTime};

use super::{Columns, Frame, Names, Row, Table};
use crate::error::StoreError;

pub(super) fn fields() -> Vec<Field> {
    vec![
        Field::new("time_ms", DataType::Int64, false),
        Field::new("kind", DataType::Utf8, false),
        Field::new("effect", DataType::Utf8, false),
    ]
}

/// Interventions as a batch.
pub(crate) fn encode(rows: &[InterventionRecord]) -> Result<RecordBatch, StoreError> {
    let mut columns = Columns::new(Table::Interventions);
    columns.push(Int64Array::from_iter_values(rows.iter().map(|row| row.time.0)));
    columns.push(StringArray::from_iter_values(rows.iter().map(|row| &row.kind)));
    columns.push(StringArray::from_iter_values(rows.iter().map(|row| &row.effect)));
    columns.finish()
}

impl Row for InterventionRecord {
    const TABLE: Table = Table::Interventions;

    fn decode(frame: &Frame<'_>, _names: &Names) -> Result<Vec<Self>, StoreError> {
        let times: &Int64Array = frame.get("time_ms")?;
        let kinds: &StringArray = frame.get("kind")?;
        let effects: &StringArray = frame.get("effect")?;
        Ok((0..frame.rows())
            .map(|row| Self {
                time: SimTime(times.value(row)),
                kind: kinds.value(row).to_owned(),
                effect: effects.value(row).to_owned(),
            })
            .collect())
    }
}
