//! The table of items.

use std::sync::Arc;

use arrow_array::{Array, Float32Array, Int64Array, ListArray, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field};
use habitue_core::{CategoryId, CreatorId, Item, ItemId, SimTime};

use super::columns::{ListsOf, list, name_of};
use super::{Columns, Frame, Lists, Names, Row, Table};
use crate::error::StoreError;

/// An item with its number.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemRow {
    /// The number, as `turns.items` has it.
    pub id: ItemId,
    /// The item.
    pub item: Item,
}

pub(super) fn fields() -> Vec<Field> {
    vec![
        Field::new("item", DataType::UInt32, false),
        Field::new("key", DataType::Utf8, false),
        Field::new("title", DataType::Utf8, false),
        Field::new("text", DataType::Utf8, false),
        Field::new("categories", list(DataType::Utf8, false), false),
        Field::new("tags", list(DataType::Utf8, false), false),
        Field::new("creator", DataType::Utf8, true),
        Field::new("published_ms", DataType::Int64, false),
        Field::new("duration_seconds", DataType::Float32, false),
        Field::new("price", DataType::Float32, true),
        Field::new("quality", DataType::Float32, false),
        Field::new("caption", DataType::Utf8, true),
        Field::new("semantic_id", list(DataType::UInt32, false), false),
        Field::new("embedding", list(DataType::Float32, false), false),
    ]
}

/// Items as a batch, the first of which has this number. Errors name a category or creator without a name.
pub(crate) fn encode(first: u32, items: &[Item], names: &Names) -> Result<RecordBatch, StoreError> {
    let categories: Vec<Vec<&str>> = items
        .iter()
        .map(|item| {
            let of_item = item.categories.iter();
            of_item.map(|category| name_of("category", &names.categories, category.index())).collect()
        })
        .collect::<Result<_, _>>()?;
    let creators: Vec<Option<&str>> = items
        .iter()
        .map(|item| item.creator.map(|id| name_of("creator", &names.creators, id.index())).transpose())
        .collect::<Result<_, _>>()?;
    let texts = |of: fn(&Item) -> &str| StringArray::from_iter_values(items.iter().map(of));
    let mut columns = Columns::new(Table::Items);
    columns.push(UInt32Array::from_iter_values(first..first + items.len() as u32));
    columns.push(texts(|item| &item.key));
    columns.push(texts(|item| &item.title));
    columns.push(texts(|item| &item.text));
    columns.push(Lists::of_texts(categories.iter().map(|names| names.iter().copied()))?);
    columns.push(Lists::of_texts(items.iter().map(|item| item.tags.iter().map(String::as_str)))?);
    columns.push(StringArray::from(creators));
    columns.push(Int64Array::from_iter_values(items.iter().map(|item| item.published.0)));
    columns.push(Float32Array::from_iter_values(items.iter().map(|item| item.duration_seconds)));
    columns.push(items.iter().map(|item| item.price).collect::<Float32Array>());
    columns.push(Float32Array::from_iter_values(items.iter().map(|item| item.quality)));
    columns.push(items.iter().map(|item| item.caption.as_deref()).collect::<StringArray>());
    columns.push(semantic_ids(items)?);
    columns.push(embeddings(items)?);
    columns.finish()
}

fn semantic_ids(items: &[Item]) -> Result<ListArray, StoreError> {
    let (mut lists, mut values) = (Lists::new(items.len()), Vec::new());
    for item in items {
        values.extend_from_slice(&item.semantic_id);
        lists.end(values.len(), true);
    }
    lists.of(Arc::new(UInt32Array::from(values)), false)
}

fn embeddings(items: &[Item]) -> Result<ListArray, StoreError> {
    let (mut lists, mut values) = (Lists::new(items.len()), Vec::new());
    for item in items {
        values.extend_from_slice(&item.embedding);
        lists.end(values.len(), true);
    }
    lists.of(Arc::new(Float32Array::from(values)), false)
}

impl Row for ItemRow {
    const TABLE: Table = Table::Items;

    fn decode(frame: &Frame<'_>, names: &Names) -> Result<Vec<Self>, StoreError> {
        let ids: &UInt32Array = frame.get("item")?;
        let keys: &StringArray = frame.get("key")?;
        let titles: &StringArray = frame.get("title")?;
        let texts: &StringArray = frame.get("text")?;
        let mut categories = frame.name_lists("categories", &names.categories)?;
        let tags: ListsOf<'_, StringArray> = frame.lists("tags")?;
        let creators: &StringArray = frame.get("creator")?;
        let published: &Int64Array = frame.get("published_ms")?;
        let durations: &Float32Array = frame.get("duration_seconds")?;
        let prices: &Float32Array = frame.get("price")?;
        let qualities: &Float32Array = frame.get("quality")?;
        let captions: &StringArray = frame.get("caption")?;
        let semantic_ids: ListsOf<'_, UInt32Array> = frame.lists("semantic_id")?;
        let embeddings: ListsOf<'_, Float32Array> = frame.lists("embedding")?;
        let creator_ids: std::collections::BTreeMap<&str, usize> =
            names.creators.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        (0..frame.rows())
            .map(|row| {
                let creator = creators.is_valid(row).then(|| creators.value(row));
                let creator = creator.map(|name| {
                    let id = creator_ids.get(name).map(|at| CreatorId(*at as u32));
                    id.ok_or_else(|| {
                        frame.wrong(row, "creator", name, "a creator of the catalogue".to_owned())
                    })
                });
                let item = Item {
                    key: keys.value(row).to_owned(),
                    title: titles.value(row).to_owned(),
                    text: texts.value(row).to_owned(),
                    categories: std::mem::take(&mut categories[row])
                        .into_iter()
                        .map(|at| CategoryId(at as u16))
                        .collect(),
                    tags: tags.texts(row),
                    creator: creator.transpose()?,
                    published: SimTime(published.value(row)),
                    duration_seconds: durations.value(row),
                    price: prices.is_valid(row).then(|| prices.value(row)),
                    quality: qualities.value(row),
                    caption: captions.is_valid(row).then(|| captions.value(row).to_owned()),
                    semantic_id: semantic_ids
                        .range(row)
                        .map(|range| semantic_ids.values.values()[range].to_vec())
                        .unwrap_or_default(),
                    embedding: embeddings.numbers(row).unwrap_or_default(),
                };
                Ok(Self { id: ItemId(ids.value(row)), item })
            })
            .collect()
    }
}
