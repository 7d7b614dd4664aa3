//! Mindsets as columns: five numbers and the need.

use arrow_array::{Array, Float32Array, UInt16Array};
use arrow_schema::{DataType, Field};
use habitue_core::{CategoryId, Mindset};

use super::{Columns, Frame};
use crate::error::StoreError;

/// Names of the columns of one mindset.
pub(super) struct MindsetColumns([&'static str; 6]);

pub(super) const BEFORE: MindsetColumns = MindsetColumns([
    "privileged_before_satisfaction",
    "privileged_before_fatigue",
    "privileged_before_boredom",
    "privileged_before_trust",
    "privileged_before_mood",
    "privileged_before_need",
]);

pub(super) const AFTER: MindsetColumns = MindsetColumns([
    "privileged_after_satisfaction",
    "privileged_after_fatigue",
    "privileged_after_boredom",
    "privileged_after_trust",
    "privileged_after_mood",
    "privileged_after_need",
]);

impl MindsetColumns {
    pub(super) fn fields(&self) -> impl Iterator<Item = Field> {
        self.0.iter().enumerate().map(|(at, name)| {
            if at < 5 {
                Field::new(*name, DataType::Float32, false)
            } else {
                Field::new(*name, DataType::UInt16, true)
            }
        })
    }

    pub(super) fn decode(&self, frame: &Frame<'_>) -> Result<Vec<Mindset>, StoreError> {
        let [satisfaction, fatigue, boredom, trust, mood, need] = self.0;
        let satisfaction: &Float32Array = frame.get(satisfaction)?;
        let fatigue: &Float32Array = frame.get(fatigue)?;
        let boredom: &Float32Array = frame.get(boredom)?;
        let trust: &Float32Array = frame.get(trust)?;
        let mood: &Float32Array = frame.get(mood)?;
        let need: &UInt16Array = frame.get(need)?;
        Ok((0..frame.rows())
            .map(|row| Mindset {
                satisfaction: satisfaction.value(row),
                fatigue: fatigue.value(row),
                boredom: boredom.value(row),
                trust: trust.value(row),
                mood: mood.value(row),
                need: need.is_valid(row).then(|| CategoryId(need.value(row))),
            })
            .collect())
    }
}

/// Mindsets under construction.
pub(super) struct Mindsets {
    values: [Vec<f32>; 5],
    needs: Vec<Option<u16>>,
}

impl Mindsets {
    pub(super) fn new(rows: usize) -> Self {
        Self { values: std::array::from_fn(|_| Vec::with_capacity(rows)), needs: Vec::with_capacity(rows) }
    }

    pub(super) fn add(&mut self, mindset: &Mindset) {
        for (column, value) in self.values.iter_mut().zip(mindset.values()) {
            column.push(value);
        }
        self.needs.push(mindset.need.map(|need| need.0));
    }

    pub(super) fn push_to(self, columns: &mut Columns) {
        for values in self.values {
            columns.push(Float32Array::from(values));
        }
        columns.push(UInt16Array::from(self.needs));
    }
}
