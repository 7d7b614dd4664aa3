//! The table of turns.

use std::sync::Arc;

use arrow_array::{
    Array, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    UInt8Array, UInt32Array,
};
use arrow_schema::{DataType, Field};
use habitue_core::{
    Action, ArmId, Decider, Distributions, Impression, ItemId, Move, RequestText, SimDuration, SimTime, Turn,
    UserId,
};

use super::columns::{ListsOf, list, names};
use super::mindset::{AFTER, BEFORE, Mindsets};
use super::{Columns, Frame, Lists, Names, Row, Table};
use crate::error::StoreError;

const REQUESTS: [&str; 3] = ["search", "instruct", "answer"];
const DECIDERS: [Decider; 5] =
    [Decider::Choice, Decider::Llm, Decider::Student, Decider::Replay, Decider::Human];

pub(super) fn fields() -> Vec<Field> {
    let mut fields = vec![
        Field::new("arm", names(), false),
        Field::new("user", DataType::UInt32, false),
        Field::new("session", DataType::UInt32, false),
        Field::new("turn", DataType::UInt32, false),
        Field::new("time_ms", DataType::Int64, false),
        Field::new("elapsed_ms", DataType::Int64, false),
        Field::new("request_kind", names(), true),
        Field::new("request_text", DataType::Utf8, true),
        Field::new("items", list(DataType::UInt32, false), false),
        Field::new("propensities", list(DataType::Float32, false), false),
        Field::new("log_propensity", DataType::Float64, false),
        Field::new("actions", list(DataType::UInt8, false), false),
        Field::new("dwell_seconds", list(DataType::Float32, false), false),
        Field::new("ratings", list(DataType::UInt8, true), true),
        Field::new("privileged_examined", list(DataType::Boolean, false), false),
        Field::new("move", names(), false),
        Field::new("move_text", DataType::Utf8, true),
        Field::new("move_item", DataType::UInt32, true),
        Field::new("move_with", DataType::UInt32, true),
        Field::new("reply", DataType::Utf8, true),
        Field::new("reward", DataType::Float32, false),
    ];
    fields.extend(BEFORE.fields());
    fields.extend(AFTER.fields());
    fields.extend([
        Field::new("action_probs", list(DataType::Float32, false), true),
        Field::new("move_probs", list(DataType::Float32, false), true),
        Field::new("decider", names(), false),
        Field::new("prompt_hash", DataType::Utf8, true),
    ]);
    fields
}

/// What every impression of a batch contributes, one list per turn.
struct Impressions {
    lists: Lists,
    items: Vec<u32>,
    propensities: Vec<f32>,
    actions: Vec<u8>,
    dwell: Vec<f32>,
    examined: Vec<bool>,
    rated: Lists,
    ratings: Vec<Option<u8>>,
}

impl Impressions {
    fn of(turns: &[Turn]) -> Self {
        let total = turns.iter().map(|turn| turn.impressions.len()).sum();
        let mut all = Self {
            lists: Lists::new(turns.len()),
            items: Vec::with_capacity(total),
            propensities: Vec::with_capacity(total),
            actions: Vec::with_capacity(total),
            dwell: Vec::with_capacity(total),
            examined: Vec::with_capacity(total),
            rated: Lists::nullable(turns.len()),
            ratings: Vec::new(),
        };
        for turn in turns {
            let mut any_rating = false;
            for impression in &turn.impressions {
                all.items.push(impression.item.0);
                all.propensities.push(impression.propensity);
                all.actions.push(impression.action.0);
                all.dwell.push(impression.dwell_seconds);
                all.examined.push(impression.examined);
                any_rating |= impression.rating > 0;
            }
            all.lists.end(all.items.len(), true);
            if any_rating {
                let ratings = turn.impressions.iter().map(|impression| impression.rating);
                all.ratings.extend(ratings.map(|rating| Some(rating).filter(|rating| *rating > 0)));
            }
            all.rated.end(all.ratings.len(), any_rating);
        }
        all
    }
}

/// Probability lists of the turns that have them.
fn distributions(
    turns: &[Turn],
    part: impl Fn(&Distributions) -> &[f32],
) -> Result<arrow_array::ListArray, StoreError> {
    let mut lists = Lists::nullable(turns.len());
    let mut values = Vec::new();
    for turn in turns {
        if let Some(distributions) = &turn.distributions {
            values.extend_from_slice(part(distributions));
        }
        lists.end(values.len(), turn.distributions.is_some());
    }
    lists.of(Arc::new(Float32Array::from(values)), false)
}

fn request_kind(request: &RequestText) -> i32 {
    match request {
        RequestText::Search(_) => 0,
        RequestText::Instruct(_) => 1,
        RequestText::Answer(_) => 2,
    }
}

/// Turns as a batch. Errors name an arm or an action that the scenario does not have.
pub(crate) fn encode(turns: &[Turn], names: &Names) -> Result<RecordBatch, StoreError> {
    let impressions = Impressions::of(turns);
    if let Some(action) =
        impressions.actions.iter().find(|action| usize::from(**action) >= names.actions.len())
    {
        let expected = format!("a position on the scale of {} actions", names.actions.len());
        return Err(StoreError::Unknown { what: "action", found: action.to_string(), expected });
    }
    let (mut before, mut after) = (Mindsets::new(turns.len()), Mindsets::new(turns.len()));
    for turn in turns {
        before.add(&turn.before);
        after.add(&turn.after);
    }
    let numbers = |of: fn(&Turn) -> u32| UInt32Array::from_iter_values(turns.iter().map(of));
    let keys = |of: fn(&Turn) -> i32| Int32Array::from_iter_values(turns.iter().map(of));

    let mut columns = Columns::new(Table::Turns);
    columns.push_names("arm", keys(|turn| i32::from(turn.arm.0)), &names.arms)?;
    columns.push(numbers(|turn| turn.user.0));
    columns.push(numbers(|turn| turn.session));
    columns.push(numbers(|turn| turn.turn));
    columns.push(Int64Array::from_iter_values(turns.iter().map(|turn| turn.time.0)));
    columns.push(Int64Array::from_iter_values(turns.iter().map(|turn| turn.elapsed.0)));
    let kinds = turns.iter().map(|turn| turn.request.as_ref().map(request_kind)).collect();
    columns.push_names("request", kinds, &REQUESTS)?;
    columns
        .push(turns.iter().map(|turn| turn.request.as_ref().map(RequestText::text)).collect::<StringArray>());
    let lists = impressions.lists;
    columns.push(lists.of(Arc::new(UInt32Array::from(impressions.items)), false)?);
    columns.push(lists.of(Arc::new(Float32Array::from(impressions.propensities)), false)?);
    columns.push(Float64Array::from_iter_values(turns.iter().map(|turn| turn.log_propensity)));
    columns.push(lists.of(Arc::new(UInt8Array::from(impressions.actions)), false)?);
    columns.push(lists.of(Arc::new(Float32Array::from(impressions.dwell)), false)?);
    columns.push(impressions.rated.of(Arc::new(UInt8Array::from(impressions.ratings)), true)?);
    columns.push(lists.of(Arc::new(BooleanArray::from(impressions.examined)), false)?);
    columns.push_names("move", keys(|turn| i32::from(turn.next.code())), &Move::NAMES)?;
    columns.push(turns.iter().map(|turn| turn.next.text()).collect::<StringArray>());
    let items = turns.iter().map(|turn| match &turn.next {
        Move::Post { item, .. } | Move::Chat { item, .. } => item.map(|item| item.0),
        _ => None,
    });
    columns.push(items.collect::<UInt32Array>());
    let friends = turns.iter().map(|turn| match &turn.next {
        Move::Chat { with, .. } => Some(with.0),
        _ => None,
    });
    columns.push(friends.collect::<UInt32Array>());
    columns.push(turns.iter().map(|turn| turn.reply.as_deref()).collect::<StringArray>());
    columns.push(Float32Array::from_iter_values(turns.iter().map(|turn| turn.reward)));
    before.push_to(&mut columns);
    after.push_to(&mut columns);
    columns.push(distributions(turns, |distributions| &distributions.actions)?);
    columns.push(distributions(turns, |distributions| &distributions.moves)?);
    columns.push_names("decider", keys(|turn| turn.decider as i32), &Decider::NAMES)?;
    columns.push(StringArray::new_null(turns.len()));
    columns.finish()
}

/// The list columns of a batch of turns.
struct ImpressionLists<'a> {
    items: ListsOf<'a, UInt32Array>,
    propensities: ListsOf<'a, Float32Array>,
    actions: ListsOf<'a, UInt8Array>,
    dwell: ListsOf<'a, Float32Array>,
    ratings: ListsOf<'a, UInt8Array>,
    examined: ListsOf<'a, BooleanArray>,
    scale: usize,
}

impl<'a> ImpressionLists<'a> {
    fn new(frame: &Frame<'a>, names: &Names) -> Result<Self, StoreError> {
        Ok(Self {
            items: frame.lists("items")?,
            propensities: frame.lists("propensities")?,
            actions: frame.lists("actions")?,
            dwell: frame.lists("dwell_seconds")?,
            ratings: frame.lists("ratings")?,
            examined: frame.lists("privileged_examined")?,
            scale: names.actions.len(),
        })
    }

    fn of(&self, frame: &Frame<'_>, row: usize) -> Result<Vec<Impression>, StoreError> {
        let items = self.items.range(row).unwrap_or_default();
        let aligned = |column, range: Option<std::ops::Range<usize>>| {
            let range = range.unwrap_or_default();
            if range.len() == items.len() {
                return Ok(range.start);
            }
            let expected = format!("{}, one per item", items.len());
            Err(frame.wrong(row, column, format!("{} elements", range.len()), expected))
        };
        let propensities = aligned("propensities", self.propensities.range(row))?;
        let actions = aligned("actions", self.actions.range(row))?;
        let dwell = aligned("dwell_seconds", self.dwell.range(row))?;
        let examined = aligned("privileged_examined", self.examined.range(row))?;
        let ratings = self.ratings.range(row).map(|range| aligned("ratings", Some(range))).transpose()?;
        (0..items.len())
            .map(|position| {
                let action = self.actions.values.value(actions + position);
                if usize::from(action) >= self.scale {
                    return Err(frame.wrong(
                        row,
                        "actions",
                        action,
                        format!("a number below {}", self.scale),
                    ));
                }
                let rating = ratings.map(|start| start + position);
                let rating = rating.filter(|at| self.ratings.values.is_valid(*at));
                Ok(Impression {
                    item: ItemId(self.items.values.value(items.start + position)),
                    propensity: self.propensities.values.value(propensities + position),
                    dwell_seconds: self.dwell.values.value(dwell + position),
                    action: Action(action),
                    rating: rating.map_or(0, |at| self.ratings.values.value(at)),
                    examined: self.examined.values.value(examined + position),
                })
            })
            .collect()
    }
}

/// The columns that make a move.
struct Moves<'a> {
    codes: Vec<usize>,
    texts: &'a StringArray,
    items: &'a UInt32Array,
    friends: &'a UInt32Array,
}

impl<'a> Moves<'a> {
    fn new(frame: &Frame<'a>) -> Result<Self, StoreError> {
        Ok(Self {
            codes: frame.names_of_all("move", &Move::NAMES)?,
            texts: frame.get("move_text")?,
            items: frame.get("move_item")?,
            friends: frame.get("move_with")?,
        })
    }

    fn of(&self, frame: &Frame<'_>, row: usize) -> Result<Move, StoreError> {
        let text = optional_text(self.texts, row);
        let required = |text: Option<String>| {
            text.ok_or_else(|| frame.wrong(row, "move_text", "null", "the words of the move".to_owned()))
        };
        let item = self.items.is_valid(row).then(|| ItemId(self.items.value(row)));
        Ok(match self.codes[row] {
            0 => Move::NextPage,
            1 => Move::Search(required(text)?),
            2 => Move::Instruct(required(text)?),
            3 => Move::Answer(required(text)?),
            4 => Move::Post { item, text: text.unwrap_or_default() },
            5 if self.friends.is_null(row) => {
                return Err(frame.wrong(row, "move_with", "null", "the friend of the chat".to_owned()));
            }
            5 => Move::Chat { with: UserId(self.friends.value(row)), item, text: text.unwrap_or_default() },
            _ => Move::Leave,
        })
    }
}

fn optional_text(texts: &StringArray, row: usize) -> Option<String> {
    texts.is_valid(row).then(|| texts.value(row).to_owned())
}

impl Row for Turn {
    const TABLE: Table = Table::Turns;

    fn decode(frame: &Frame<'_>, names: &Names) -> Result<Vec<Self>, StoreError> {
        let arms = frame.names_of_all("arm", &names.arms)?;
        let users: &UInt32Array = frame.get("user")?;
        let sessions: &UInt32Array = frame.get("session")?;
        let turns: &UInt32Array = frame.get("turn")?;
        let times: &Int64Array = frame.get("time_ms")?;
        let elapsed: &Int64Array = frame.get("elapsed_ms")?;
        let request_kinds = frame.names("request_kind", &REQUESTS)?;
        let request_texts: &StringArray = frame.get("request_text")?;
        let impressions = ImpressionLists::new(frame, names)?;
        let log_propensities: &Float64Array = frame.get("log_propensity")?;
        let moves = Moves::new(frame)?;
        let replies: &StringArray = frame.get("reply")?;
        let rewards: &Float32Array = frame.get("reward")?;
        let (before, after) = (BEFORE.decode(frame)?, AFTER.decode(frame)?);
        let action_probs: ListsOf<'_, Float32Array> = frame.lists("action_probs")?;
        let move_probs: ListsOf<'_, Float32Array> = frame.lists("move_probs")?;
        let deciders = frame.names_of_all("decider", &Decider::NAMES)?;
        (0..frame.rows())
            .map(|row| {
                let text = optional_text(request_texts, row).unwrap_or_default();
                let distributions = match (action_probs.numbers(row), move_probs.numbers(row)) {
                    (None, None) => None,
                    (actions, moves) => Some(Distributions {
                        actions: actions.unwrap_or_default(),
                        moves: moves.unwrap_or_default(),
                    }),
                };
                Ok(Self {
                    arm: ArmId(arms[row] as u16),
                    user: UserId(users.value(row)),
                    session: sessions.value(row),
                    turn: turns.value(row),
                    time: SimTime(times.value(row)),
                    elapsed: SimDuration(elapsed.value(row)),
                    request: match request_kinds[row] {
                        None => None,
                        Some(0) => Some(RequestText::Search(text)),
                        Some(1) => Some(RequestText::Instruct(text)),
                        Some(_) => Some(RequestText::Answer(text)),
                    },
                    impressions: impressions.of(frame, row)?,
                    log_propensity: log_propensities.value(row),
                    reply: optional_text(replies, row),
                    next: moves.of(frame, row)?,
                    reward: rewards.value(row),
                    before: before[row],
                    after: after[row],
                    distributions,
                    decider: DECIDERS[deciders[row]],
                })
            })
            .collect()
    }
}
