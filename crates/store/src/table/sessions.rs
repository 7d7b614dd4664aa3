//! The table of sessions.

use arrow_array::{Array, BooleanArray, Float32Array, Int32Array, Int64Array, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field};
use habitue_core::{ArmId, EndReason, SessionRecord, SimDuration, SimTime, UserId};

use super::columns::names;
use super::mindset::{AFTER, BEFORE, Mindsets};
use super::{Columns, Frame, Names, Row, Table};
use crate::error::StoreError;

const REASONS: [EndReason; 4] =
    [EndReason::Left, EndReason::TurnLimit, EndReason::Outage, EndReason::Horizon];

pub(super) fn fields() -> Vec<Field> {
    let mut fields = vec![
        Field::new("arm", names(), false),
        Field::new("user", DataType::UInt32, false),
        Field::new("session", DataType::UInt32, false),
        Field::new("start_ms", DataType::Int64, false),
        Field::new("end_ms", DataType::Int64, false),
        Field::new("turns", DataType::UInt32, false),
        Field::new("turn_reward", DataType::Float32, false),
        Field::new("return_reward", DataType::Float32, false),
        Field::new("reason", names(), false),
        Field::new("gap_ms", DataType::Int64, true),
        Field::new("churned", DataType::Boolean, false),
        Field::new("censored", DataType::Boolean, false),
    ];
    fields.extend(BEFORE.fields());
    fields.extend(AFTER.fields());
    fields
}

/// Sessions as a batch. Errors name an arm that the scenario does not have.
pub(crate) fn encode(sessions: &[SessionRecord], names: &Names) -> Result<RecordBatch, StoreError> {
    let numbers = |of: fn(&SessionRecord) -> u32| UInt32Array::from_iter_values(sessions.iter().map(of));
    let times = |of: fn(&SessionRecord) -> i64| Int64Array::from_iter_values(sessions.iter().map(of));
    let rewards = |of: fn(&SessionRecord) -> f32| Float32Array::from_iter_values(sessions.iter().map(of));
    let keys = |of: fn(&SessionRecord) -> i32| Int32Array::from_iter_values(sessions.iter().map(of));
    let flags =
        |of: fn(&SessionRecord) -> bool| sessions.iter().map(|row| Some(of(row))).collect::<BooleanArray>();
    let (mut before, mut after) = (Mindsets::new(sessions.len()), Mindsets::new(sessions.len()));
    for session in sessions {
        before.add(&session.before);
        after.add(&session.after);
    }
    let mut columns = Columns::new(Table::Sessions);
    columns.push_names("arm", keys(|row| i32::from(row.arm.0)), &names.arms)?;
    columns.push(numbers(|row| row.user.0));
    columns.push(numbers(|row| row.session));
    columns.push(times(|row| row.start.0));
    columns.push(times(|row| row.end.0));
    columns.push(numbers(|row| row.turns));
    columns.push(rewards(|row| row.turn_reward));
    columns.push(rewards(|row| row.return_reward));
    columns.push_names("reason", keys(|row| row.reason as i32), &EndReason::NAMES)?;
    columns.push(sessions.iter().map(|row| row.gap.map(|gap| gap.0)).collect::<Int64Array>());
    columns.push(flags(|row| row.churned));
    columns.push(flags(|row| row.censored));
    before.push_to(&mut columns);
    after.push_to(&mut columns);
    columns.finish()
}

impl Row for SessionRecord {
    const TABLE: Table = Table::Sessions;

    fn decode(frame: &Frame<'_>, names: &Names) -> Result<Vec<Self>, StoreError> {
        let arms = frame.names_of_all("arm", &names.arms)?;
        let users: &UInt32Array = frame.get("user")?;
        let sessions: &UInt32Array = frame.get("session")?;
        let starts: &Int64Array = frame.get("start_ms")?;
        let ends: &Int64Array = frame.get("end_ms")?;
        let turns: &UInt32Array = frame.get("turns")?;
        let turn_rewards: &Float32Array = frame.get("turn_reward")?;
        let return_rewards: &Float32Array = frame.get("return_reward")?;
        let reasons = frame.names_of_all("reason", &EndReason::NAMES)?;
        let gaps: &Int64Array = frame.get("gap_ms")?;
        let churned: &BooleanArray = frame.get("churned")?;
        let censored: &BooleanArray = frame.get("censored")?;
        let (before, after) = (BEFORE.decode(frame)?, AFTER.decode(frame)?);
        Ok((0..frame.rows())
            .map(|row| Self {
                arm: ArmId(arms[row] as u16),
                user: UserId(users.value(row)),
                session: sessions.value(row),
                start: SimTime(starts.value(row)),
                end: SimTime(ends.value(row)),
                turns: turns.value(row),
                turn_reward: turn_rewards.value(row),
                return_reward: return_rewards.value(row),
                reason: REASONS[reasons[row]],
                gap: gaps.is_valid(row).then(|| SimDuration(gaps.value(row))),
                churned: churned.value(row),
                censored: censored.value(row),
                before: before[row],
                after: after[row],
            })
            .collect())
    }
}
