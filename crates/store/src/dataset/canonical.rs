//! Any data set as the files that `dataset = "csv"` reads back the same.

use std::path::Path;

use habitue_core::scenario::Span;
use habitue_core::{Catalogue, Dataset, Item, SimDuration, SimTime};
use serde::Serialize;

use super::csv_mapping::{
    FriendsTable, InteractionsTable, ItemsTable, Mapping, Order, TextEncoding, TimeUnit, UserLine, UsersTable,
};
use crate::disk::Disk;
use crate::error::StoreError;

const MAPPING: &str = "mapping.toml";
const ITEMS: &str = "items.jsonl";
const USERS: &str = "users.jsonl";
const INTERACTIONS: &str = "interactions.csv";
const FRIENDS: &str = "friends.csv";

/// Writes a data set into the folder `out`, which is made: `items.jsonl` (a catalogue file, one
/// [`ItemSpec`](habitue_core::scenario::catalogue::ItemSpec) a line), `users.jsonl`, `interactions.csv` and
/// `friends.csv` where there are any, and `mapping.toml`, with which `dataset = "csv"` reads the same back. Files of
/// these names are replaced, each as a whole; the mapping is written last.
///
/// # Errors
/// If a file cannot be written.
pub fn write_dataset(dataset: &Dataset, out: &Path) -> Result<(), StoreError> {
    let disk = Disk::default();
    disk.folder(out)?;
    let write = |name: &str, content: &[u8]| disk.replace(&out.join(name), &[content]);
    write(ITEMS, &items(&dataset.catalogue)?)?;
    let mut mapping = Mapping {
        name: dataset.name.clone(),
        delimiter: ",".to_owned(),
        encoding: TextEncoding::default(),
        items: Some(items_table(&dataset.catalogue)),
        users: Some(UsersTable { file: USERS.to_owned(), ..UsersTable::default() }),
        interactions: None,
        friends: None,
    };
    write(USERS, &users(dataset)?)?;
    if !dataset.interactions.is_empty() {
        write(INTERACTIONS, &interactions(dataset)?)?;
        mapping.interactions = Some(InteractionsTable {
            file: INTERACTIONS.to_owned(),
            user: "user".to_owned(),
            item: "item".to_owned(),
            time: Some("unix_seconds".to_owned()),
            time_unit: TimeUnit::Seconds,
            rating: Some("rating".to_owned()),
            weight: Some("weight".to_owned()),
            order: Some(Order::UserTime),
        });
    }
    if !dataset.friends.is_empty() {
        write(FRIENDS, &friends(dataset)?)?;
        let (from, to) = ("from".to_owned(), "to".to_owned());
        mapping.friends = Some(FriendsTable { file: FRIENDS.to_owned(), from, to, mutual: false });
    }
    let mapping = toml::to_string(&mapping).map_err(|error| unwritable(MAPPING, &error))?;
    write(MAPPING, format!("# How `dataset = \"csv\"` reads this folder.\n{mapping}").as_bytes())
}

fn unwritable(table: &'static str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Encode { table, problem: error.to_string() }
}

/// An item as [`ItemSpec`](habitue_core::scenario::catalogue::ItemSpec) reads it, without what is not said of it.
#[derive(Serialize)]
struct ItemLine<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    categories: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    creator: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<Span>,
    #[serde(skip_serializing_if = "is_zero")]
    duration_seconds: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<f32>,
    quality: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    semantic_id: &'a [u32],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    embedding: &'a [f32],
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &f32) -> bool {
    *number == 0.0
}

fn items(catalogue: &Catalogue) -> Result<Vec<u8>, StoreError> {
    let mut lines = Vec::new();
    for item in catalogue.items() {
        serde_json::to_writer(&mut lines, &line(catalogue, item))
            .map_err(|error| unwritable(ITEMS, &error))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn line<'a>(catalogue: &'a Catalogue, item: &'a Item) -> ItemLine<'a> {
    let since = |span: i64| Some(Span(SimDuration(span)));
    let (published, age) = match item.published {
        SimTime::ZERO => (None, None),
        SimTime(after) if after > 0 => (since(after), None),
        SimTime(before) => (None, since(before.saturating_neg())),
    };
    ItemLine {
        id: &item.key,
        title: &item.title,
        text: &item.text,
        categories: item.categories.iter().map(|id| &*catalogue.categories()[id.index()]).collect(),
        tags: &item.tags,
        creator: item.creator.map(|id| &*catalogue.creators()[id.index()]),
        published,
        age,
        duration_seconds: item.duration_seconds,
        price: item.price,
        quality: item.quality,
        caption: item.caption.as_deref(),
        semantic_id: &item.semantic_id,
        embedding: &item.embedding,
    }
}

/// Names are numbered in the order in which items first use them; any other order has to be said.
fn items_table(catalogue: &Catalogue) -> ItemsTable {
    let mut used = Catalogue::new();
    for item in catalogue.items() {
        for id in &item.categories {
            used.category(&catalogue.categories()[id.index()]);
        }
        if let Some(id) = item.creator {
            used.creator(&catalogue.creators()[id.index()]);
        }
    }
    let unless_same =
        |names: &[String], used: &[String]| if names == used { Vec::new() } else { names.to_vec() };
    ItemsTable {
        file: ITEMS.to_owned(),
        category_names: unless_same(catalogue.categories(), used.categories()),
        creator_names: unless_same(catalogue.creators(), used.creators()),
        ..ItemsTable::default()
    }
}

fn users(dataset: &Dataset) -> Result<Vec<u8>, StoreError> {
    let mut lines = Vec::new();
    for user in &dataset.users {
        let line = UserLine {
            id: user.key.clone(),
            age: user.age,
            gender: user.gender.clone(),
            occupation: user.occupation.clone(),
        };
        serde_json::to_writer(&mut lines, &line).map_err(|error| unwritable(USERS, &error))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn interactions(dataset: &Dataset) -> Result<Vec<u8>, StoreError> {
    let failed = |error: csv::Error| unwritable(INTERACTIONS, &error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["user", "item", "unix_seconds", "rating", "weight"]).map_err(failed)?;
    for interaction in &dataset.interactions {
        let row = [
            dataset.users[interaction.user as usize].key.as_str(),
            &dataset.catalogue.item(interaction.item).key,
            &interaction.unix_seconds.to_string(),
            &interaction.rating.map_or_else(String::new, |rating| rating.to_string()),
            &interaction.weight.to_string(),
        ];
        writer.write_record(row).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| unwritable(INTERACTIONS, &error))
}

fn friends(dataset: &Dataset) -> Result<Vec<u8>, StoreError> {
    let failed = |error: csv::Error| unwritable(FRIENDS, &error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["from", "to"]).map_err(failed)?;
    for (from, to) in &dataset.friends {
        let key = |user: &u32| dataset.users[*user as usize].key.as_str();
        writer.write_record([key(from), key(to)]).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| unwritable(FRIENDS, &error))
}
