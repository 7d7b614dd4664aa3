//! The table of users.

use std::sync::Arc;

use arrow_array::{
    Array, Float32Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt8Array, UInt32Array,
};
use arrow_schema::{DataType, Field};
use habitue_core::{
    ArmId, CategoryId, Habits, ItemId, PastInteraction, Persona, PopulationId, SimTime, UserId,
};

use super::columns::{ListsOf, list, name_of, names};
use super::{Columns, Frame, Lists, Names, Row, Table};
use crate::error::StoreError;

/// A user to be logged.
#[derive(Debug, Clone, Copy)]
pub struct UserEntry<'a> {
    /// The user.
    pub user: UserId,
    /// The arm; `None` if the user lives in every arm.
    pub arm: Option<ArmId>,
    /// The population.
    pub population: PopulationId,
    /// Who the user is.
    pub persona: &'a Persona,
}

/// A logged user.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRow {
    /// The user.
    pub user: UserId,
    /// The arm; `None` if the user lives in every arm.
    pub arm: Option<ArmId>,
    /// The population.
    pub population: PopulationId,
    /// Who the user is.
    pub persona: Persona,
}

pub(super) fn fields() -> Vec<Field> {
    vec![
        Field::new("user", DataType::UInt32, false),
        Field::new("key", DataType::Utf8, false),
        Field::new("arm", names(), true),
        Field::new("population", names(), false),
        Field::new("name", DataType::Utf8, false),
        Field::new("age", DataType::UInt8, true),
        Field::new("gender", DataType::Utf8, false),
        Field::new("occupation", DataType::Utf8, false),
        Field::new("traits", list(DataType::Utf8, false), false),
        Field::new("interests", list(DataType::Utf8, false), false),
        Field::new("interest_weights", list(DataType::Float32, false), false),
        Field::new("dislikes", list(DataType::Utf8, false), false),
        Field::new("activity", DataType::Float32, false),
        Field::new("patience", DataType::Float32, false),
        Field::new("diversity", DataType::Float32, false),
        Field::new("conformity", DataType::Float32, false),
        Field::new("text", DataType::Utf8, false),
        Field::new("history_items", list(DataType::UInt32, false), false),
        Field::new("history_times_ms", list(DataType::Int64, false), false),
        Field::new("history_ratings", list(DataType::Float32, true), false),
    ]
}

/// Users as a batch. Errors name an arm, population or category that does not exist.
pub(crate) fn encode(users: &[UserEntry<'_>], names: &Names) -> Result<RecordBatch, StoreError> {
    let category = |id: CategoryId| name_of("category", &names.categories, id.index());
    let (mut interests, mut dislikes) = (Vec::with_capacity(users.len()), Vec::with_capacity(users.len()));
    for entry in users {
        let liked = entry.persona.interests.iter().map(|(id, _)| category(*id));
        interests.push(liked.collect::<Result<Vec<_>, _>>()?);
        dislikes.push(entry.persona.dislikes.iter().map(|id| category(*id)).collect::<Result<Vec<_>, _>>()?);
    }
    let texts =
        |of: fn(&Persona) -> &str| StringArray::from_iter_values(users.iter().map(|row| of(row.persona)));
    let habits = |of: fn(&Habits) -> f32| {
        Float32Array::from_iter_values(users.iter().map(|row| of(&row.persona.habits)))
    };

    let mut columns = Columns::new(Table::Users);
    columns.push(UInt32Array::from_iter_values(users.iter().map(|row| row.user.0)));
    columns.push(texts(|persona| &persona.key));
    let arms: Int32Array = users.iter().map(|row| row.arm.map(|arm| i32::from(arm.0))).collect();
    columns.push_names("arm", arms, &names.arms)?;
    let populations = Int32Array::from_iter_values(users.iter().map(|row| i32::from(row.population.0)));
    columns.push_names("population", populations, &names.populations)?;
    columns.push(texts(|persona| &persona.name));
    columns.push(users.iter().map(|row| row.persona.age).collect::<UInt8Array>());
    columns.push(texts(|persona| &persona.gender));
    columns.push(texts(|persona| &persona.occupation));
    columns.push(Lists::of_texts(users.iter().map(|row| row.persona.traits.iter().map(String::as_str)))?);
    columns.push(Lists::of_texts(interests.iter().map(|names| names.iter().copied()))?);
    let (mut lists, mut weights) = (Lists::new(users.len()), Vec::new());
    for entry in users {
        weights.extend(entry.persona.interests.iter().map(|(_, weight)| *weight));
        lists.end(weights.len(), true);
    }
    columns.push(lists.of(Arc::new(Float32Array::from(weights)), false)?);
    columns.push(Lists::of_texts(dislikes.iter().map(|names| names.iter().copied()))?);
    columns.push(habits(|habits| habits.activity));
    columns.push(habits(|habits| habits.patience));
    columns.push(habits(|habits| habits.diversity));
    columns.push(habits(|habits| habits.conformity));
    columns.push(texts(|persona| &persona.text));
    let mut lists = Lists::new(users.len());
    let mut past: Vec<PastInteraction> = Vec::new();
    for entry in users {
        past.extend_from_slice(&entry.persona.history);
        lists.end(past.len(), true);
    }
    let items = UInt32Array::from_iter_values(past.iter().map(|past| past.item.0));
    columns.push(lists.of(Arc::new(items), false)?);
    let times = Int64Array::from_iter_values(past.iter().map(|past| past.time.0));
    columns.push(lists.of(Arc::new(times), false)?);
    let ratings: Float32Array = past.iter().map(|past| past.rating).collect();
    columns.push(lists.of(Arc::new(ratings), true)?);
    columns.finish()
}

/// The history of the user in this row.
fn history(
    frame: &Frame<'_>,
    row: usize,
    items: &ListsOf<'_, UInt32Array>,
    times: &ListsOf<'_, Int64Array>,
    ratings: &ListsOf<'_, Float32Array>,
) -> Result<Vec<PastInteraction>, StoreError> {
    let (of_items, of_times, of_ratings) = (
        items.range(row).unwrap_or_default(),
        times.range(row).unwrap_or_default(),
        ratings.range(row).unwrap_or_default(),
    );
    if of_times.len() != of_items.len() || of_ratings.len() != of_items.len() {
        let found =
            format!("{} items, {} times, {} ratings", of_items.len(), of_times.len(), of_ratings.len());
        return Err(frame.wrong(row, "history_items", found, "as many of each".to_owned()));
    }
    let rows = of_items.zip(of_times).zip(of_ratings);
    Ok(rows
        .map(|((item, time), rating)| PastInteraction {
            item: ItemId(items.values.value(item)),
            time: SimTime(times.values.value(time)),
            rating: ratings.values.is_valid(rating).then(|| ratings.values.value(rating)),
        })
        .collect())
}

impl Row for UserRow {
    const TABLE: Table = Table::Users;

    fn decode(frame: &Frame<'_>, names: &Names) -> Result<Vec<Self>, StoreError> {
        let users: &UInt32Array = frame.get("user")?;
        let arms = frame.names("arm", &names.arms)?;
        let populations = frame.names_of_all("population", &names.populations)?;
        let text = |column| frame.get::<StringArray>(column);
        let (keys, called, genders) = (text("key")?, text("name")?, text("gender")?);
        let (occupations, texts) = (text("occupation")?, text("text")?);
        let ages: &UInt8Array = frame.get("age")?;
        let traits: ListsOf<'_, StringArray> = frame.lists("traits")?;
        let interests = frame.name_lists("interests", &names.categories)?;
        let weights: ListsOf<'_, Float32Array> = frame.lists("interest_weights")?;
        let dislikes = frame.name_lists("dislikes", &names.categories)?;
        let number = |column| frame.get::<Float32Array>(column);
        let (activity, patience) = (number("activity")?, number("patience")?);
        let (diversity, conformity) = (number("diversity")?, number("conformity")?);
        let (items, times) = (frame.lists("history_items")?, frame.lists("history_times_ms")?);
        let ratings = frame.lists("history_ratings")?;
        (0..frame.rows())
            .map(|row| {
                let weights = weights.numbers(row).unwrap_or_default();
                if weights.len() != interests[row].len() {
                    let expected = format!("{}, one per interest", interests[row].len());
                    return Err(frame.wrong(
                        row,
                        "interest_weights",
                        format!("{} weights", weights.len()),
                        expected,
                    ));
                }
                let persona = Persona {
                    key: keys.value(row).to_owned(),
                    name: called.value(row).to_owned(),
                    age: ages.is_valid(row).then(|| ages.value(row)),
                    gender: genders.value(row).to_owned(),
                    occupation: occupations.value(row).to_owned(),
                    traits: traits.texts(row),
                    interests: interests[row].iter().map(|at| CategoryId(*at as u16)).zip(weights).collect(),
                    dislikes: dislikes[row].iter().map(|at| CategoryId(*at as u16)).collect(),
                    habits: Habits {
                        activity: activity.value(row),
                        patience: patience.value(row),
                        diversity: diversity.value(row),
                        conformity: conformity.value(row),
                    },
                    text: texts.value(row).to_owned(),
                    history: history(frame, row, &items, &times, &ratings)?,
                };
                Ok(Self {
                    user: UserId(users.value(row)),
                    arm: arms[row].map(|arm| ArmId(arm as u16)),
                    population: PopulationId(populations[row] as u16),
                    persona,
                })
            })
            .collect()
    }
}
