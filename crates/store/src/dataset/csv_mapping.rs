//! Comma-separated files, read as a mapping file says.

mod mapping;

use std::path::Path;

use chrono::DateTime;
use habitue_core::scenario::catalogue::ItemSpec;
use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind, Dataset, DatasetUser, Interaction, SimTime};

use super::builder::{Builder, UNKNOWN, UserColumns};
use super::row::{Row, each_record};
use super::{AGE, AGES, NUMBER, NUMBERS, SECONDS, WEIGHT, WEIGHTS};
use crate::catalogue::{CATEGORIES, add_items};
use crate::error::StoreError;
use crate::json_lines::read_json_lines;
use crate::text::{Encoding, read_text};

pub(super) use self::mapping::{
    FriendsTable, InteractionsTable, ItemsTable, Mapping, Order, TextEncoding, TimeUnit, UserLine, UsersTable,
};

/// Reads the files that a mapping names, which lie in `folder`.
pub(super) fn read(folder: &Path, mapping: &Path) -> Result<Dataset, StoreError> {
    let file = mapping;
    let mapping = Mapping::read(file)?;
    let delimiter = mapping.delimiter.bytes().next().unwrap_or(b',');
    let reader = Reader { mapping: file, folder, delimiter, encoding: mapping.encoding.into() };
    let mut builder = Builder::default();
    let items = mapping.items.as_ref().map(|table| table.file.as_str());
    let users = mapping.users.as_ref().map(|table| table.file.as_str());
    if let Some(table) = &mapping.items {
        reader.items(&mut builder, table)?;
    }
    if let Some(table) = &mapping.users {
        reader.users(&mut builder, table)?;
    }
    if let Some(table) = &mapping.interactions {
        reader.interactions(&mut builder, table, users, items)?;
    }
    let mut friends = None;
    if let Some(table) = &mapping.friends {
        let defined_in = users.or(mapping.interactions.as_ref().map(|table| table.file.as_str()));
        friends = Some(folder.join(&table.file));
        reader.friends(&mut builder, table, defined_in.unwrap_or_default())?;
    }
    if builder.catalogue.is_empty() {
        let expected = "items: a table [items], or interactions that have some";
        return Err(DataError::new(DataErrorKind::Empty, file, expected).into());
    }
    let interactions = mapping.interactions.map(|table| folder.join(table.file));
    Ok(builder.finish(mapping.name, interactions.as_deref(), friends)?)
}

/// Where files and their names come from.
#[derive(Clone, Copy)]
struct Reader<'a> {
    mapping: &'a Path,
    folder: &'a Path,
    delimiter: u8,
    encoding: Encoding,
}

/// Finds the columns of one file that the mapping names.
struct Header<'a> {
    file: &'a Path,
    columns: &'a [&'a str],
    reader: Reader<'a>,
}

impl Header<'_> {
    fn find(&self, name: &str) -> Result<usize, DataError> {
        self.columns.iter().position(|column| *column == name).ok_or_else(|| {
            let named_in = self.reader.mapping.file_name().unwrap_or_default().to_string_lossy();
            let expected = format!("a column \"{name}\", which {named_in} names");
            DataError::new(DataErrorKind::MissingColumn, self.file, expected)
                .at(1)
                .nearest(nearest(name, self.columns.iter().copied()))
        })
    }

    fn find_if_named(&self, name: Option<&String>) -> Result<Option<usize>, DataError> {
        name.map(|name| self.find(name)).transpose()
    }
}

struct ItemColumns {
    id: usize,
    title: Option<usize>,
    text: Option<usize>,
    categories: Option<usize>,
    tags: Option<usize>,
    creator: Option<usize>,
    duration: Option<usize>,
    price: Option<usize>,
    quality: Option<usize>,
}

impl Reader<'_> {
    fn items(self, builder: &mut Builder, table: &ItemsTable) -> Result<(), StoreError> {
        for name in &table.category_names {
            builder.catalogue.category(name);
        }
        for name in &table.creator_names {
            builder.catalogue.creator(name);
        }
        let file = self.folder.join(&table.file);
        let Some(id) = self.id_column("items", &table.file, table.id.as_deref())? else {
            return add_items(&file, &mut builder.catalogue);
        };
        let text = read_text(&file, self.encoding)?;
        let start = |columns: &[&str]| {
            let header = Header { file: &file, columns, reader: self };
            Ok(ItemColumns {
                id: header.find(id)?,
                title: header.find_if_named(table.title.as_ref())?,
                text: header.find_if_named(table.text.as_ref())?,
                categories: header.find_if_named(table.categories.as_ref())?,
                tags: header.find_if_named(table.tags.as_ref())?,
                creator: header.find_if_named(table.creator.as_ref())?,
                duration: header.find_if_named(table.duration_seconds.as_ref())?,
                price: header.find_if_named(table.price.as_ref())?,
                quality: header.find_if_named(table.quality.as_ref())?,
            })
        };
        each_record(&file, &text, self.delimiter, start, |columns, row| {
            Ok(csv_item(builder, table, columns, row)?)
        })
    }

    fn users(self, builder: &mut Builder, table: &UsersTable) -> Result<(), StoreError> {
        let file = self.folder.join(&table.file);
        let Some(id) = self.id_column("users", &table.file, table.id.as_deref())? else {
            return json_users(builder, &file);
        };
        let text = read_text(&file, self.encoding)?;
        let start = |columns: &[&str]| {
            let header = Header { file: &file, columns, reader: self };
            let optional = |name: &Option<String>| header.find_if_named(name.as_ref());
            Ok(UserColumns {
                id: header.find(id)?,
                age: optional(&table.age)?,
                gender: optional(&table.gender)?,
                occupation: optional(&table.occupation)?,
            })
        };
        each_record(&file, &text, self.delimiter, start, |columns, row| Ok(builder.user_in(row, *columns)?))
    }

    fn interactions(
        self,
        builder: &mut Builder,
        table: &InteractionsTable,
        users: Option<&str>,
        items: Option<&str>,
    ) -> Result<(), StoreError> {
        let file = self.folder.join(&table.file);
        let text = read_text(&file, self.encoding)?;
        let start = |columns: &[&str]| {
            let header = Header { file: &file, columns, reader: self };
            let optional = |name: &Option<String>| header.find_if_named(name.as_ref());
            let ids = (header.find(&table.user)?, header.find(&table.item)?);
            Ok((ids, optional(&table.time)?, optional(&table.rating)?, optional(&table.weight)?))
        };
        each_record(&file, &text, self.delimiter, start, |columns, row| {
            let ((user, item), time, rating, weight) = *columns;
            let rating = rating.map(|column| row.optional_number(column, NUMBERS, NUMBER)).transpose()?;
            let weight = weight.map(|column| row.number(column, WEIGHTS, WEIGHT)).transpose()?;
            let interaction = Interaction {
                user: match users {
                    Some(users) => builder.known_user(row, user, users)?,
                    None => builder.user_in_passing(row, user)?,
                },
                item: match items {
                    Some(items) => builder.known_item(row, item, items)?,
                    None => builder.item_in_passing(row, item)?,
                },
                unix_seconds: time.map_or(Ok(0), |column| seconds(row, column, table.time_unit))?,
                rating: rating.flatten(),
                weight: weight.unwrap_or(1.0),
            };
            if let (Some(order), Some(before)) = (table.order, builder.last_interaction()) {
                in_order(row, order, before, &interaction, (user, time))?;
            }
            builder.interaction(row, interaction);
            Ok(())
        })
    }

    fn friends(
        self,
        builder: &mut Builder,
        table: &FriendsTable,
        defined_in: &str,
    ) -> Result<(), StoreError> {
        let file = self.folder.join(&table.file);
        let text = read_text(&file, self.encoding)?;
        let start = |columns: &[&str]| {
            let header = Header { file: &file, columns, reader: self };
            Ok([header.find(&table.from)?, header.find(&table.to)?])
        };
        each_record(&file, &text, self.delimiter, start, |columns, row| {
            let [from, to] = *columns;
            builder.friendship(row, [from, to], defined_in)?;
            if table.mutual {
                builder.friendship(row, [to, from], defined_in)?;
            }
            Ok(())
        })
    }

    /// The column of ids, or none for JSON lines, whose fields have fixed names.
    fn id_column<'t>(
        self,
        table: &str,
        file: &str,
        id: Option<&'t str>,
    ) -> Result<Option<&'t str>, DataError> {
        let wrong = |kind, expected: String| {
            DataError::new(kind, self.mapping, expected).field(format!("{table}.id"))
        };
        match (Path::new(file).extension().is_some_and(|ending| ending == "jsonl"), id) {
            (true, None) => Ok(None),
            (false, Some(id)) => Ok(Some(id)),
            (true, Some(id)) => {
                let expected = format!("no column names, since the fields of {file} have fixed ones");
                Err(wrong(DataErrorKind::Contradiction, expected).value(id))
            }
            (false, None) => {
                Err(wrong(DataErrorKind::MissingColumn, format!("the name of the column of ids in {file}")))
            }
        }
    }
}

fn csv_item(
    builder: &mut Builder,
    table: &ItemsTable,
    columns: &ItemColumns,
    row: &Row<'_>,
) -> Result<(), DataError> {
    let id = row.required(columns.id, "the item's id")?;
    if builder.catalogue.find(id).is_some() {
        return Err(row.wrong(DataErrorKind::Duplicate, columns.id, "an id that no other item has"));
    }
    let text = |column: Option<usize>| column.map_or("", |column| row.cell(column));
    let separator = table.separator.as_deref().unwrap_or("|");
    let list = |column: Option<usize>| -> Vec<String> {
        let parts = text(column).split(separator).map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let number = |column: Option<usize>| {
        column.map(|column| row.optional_number(column, NUMBERS, NUMBER)).transpose().map(Option::flatten)
    };
    let mut categories = list(columns.categories);
    if categories.is_empty() {
        categories.push(UNKNOWN.to_owned());
    }
    let spec = ItemSpec {
        id: id.to_owned(),
        title: Some(text(columns.title)).filter(|title| !title.is_empty()).unwrap_or(id).to_owned(),
        text: text(columns.text).to_owned(),
        categories,
        tags: list(columns.tags),
        creator: Some(text(columns.creator)).filter(|name| !name.is_empty()).map(str::to_owned),
        published: None,
        age: None,
        duration_seconds: number(columns.duration)?.unwrap_or(0.0),
        price: number(columns.price)?,
        quality: number(columns.quality)?.unwrap_or(0.5),
        caption: None,
        semantic_id: Vec::new(),
        embedding: Vec::new(),
    };
    if builder.catalogue.categories().len() + spec.categories.len() > CATEGORIES {
        return Err(row.wrong(
            DataErrorKind::Range,
            columns.id,
            format!("at most {CATEGORIES} categories in all"),
        ));
    }
    spec.add_to(&mut builder.catalogue, SimTime::ZERO).map_err(|problem| {
        let column = match problem.field.split('.').next() {
            Some("categories") => columns.categories,
            Some("duration_seconds") => columns.duration,
            Some("price") => columns.price,
            Some("quality") => columns.quality,
            _ => None,
        };
        row.wrong(DataErrorKind::Range, column.unwrap_or(columns.id), problem.expected)
    })?;
    Ok(())
}

fn json_users(builder: &mut Builder, file: &Path) -> Result<(), StoreError> {
    for (line, user) in read_json_lines::<UserLine>(file)? {
        let wrong = |kind, field, value: String, expected| {
            DataError::new(kind, file, expected).at(line).field(field).value(value)
        };
        if user.id.is_empty() {
            return Err(wrong(DataErrorKind::EmptyField, "id", user.id, "an id that is not empty").into());
        }
        if let Some(age) = user.age.filter(|age| !AGES.contains(age)) {
            return Err(wrong(DataErrorKind::Range, "age", age.to_string(), AGE).into());
        }
        let id = user.id.clone();
        let (key, age, gender, occupation) = (user.id, user.age, user.gender, user.occupation);
        if !builder.push_user(DatasetUser { key, age, gender, occupation }) {
            return Err(wrong(DataErrorKind::Duplicate, "id", id, "an id that no other user has").into());
        }
    }
    Ok(())
}

fn seconds(row: &Row<'_>, column: usize, unit: TimeUnit) -> Result<i64, DataError> {
    match unit {
        TimeUnit::Seconds => {
            // Whole seconds are exact however large; others lose their fraction.
            match row.cell(column).parse() {
                Ok(seconds) => Ok(seconds),
                Err(_) => Ok(row.number(column, SECONDS, "seconds since 1970")?.floor() as i64),
            }
        }
        TimeUnit::Milliseconds => {
            let expected = "milliseconds since 1970, a whole number";
            Ok(row.number(column, i64::MIN..=i64::MAX, expected)?.div_euclid(1000))
        }
        TimeUnit::Rfc3339 => {
            let expected = "a time such as \"2019-11-24T00:03:13Z\"";
            let text = row.required(column, expected)?;
            let time = DateTime::parse_from_rfc3339(text)
                .map_err(|_| row.wrong(DataErrorKind::Type, column, expected))?;
            Ok(time.timestamp())
        }
    }
}

/// Whether a row comes after the one before, as the mapping promises.
fn in_order(
    row: &Row<'_>,
    order: Order,
    before: &Interaction,
    now: &Interaction,
    (user, time): (usize, Option<usize>),
) -> Result<(), DataError> {
    let promise = format!("as order = \"{}\" promises", order.name());
    if order == Order::UserTime && now.user < before.user {
        let expected = format!("users in the order in which they are listed, {promise}");
        return Err(row.wrong(DataErrorKind::Order, user, expected));
    }
    let same = order == Order::Time || now.user == before.user;
    if same && now.unix_seconds < before.unix_seconds {
        let expected =
            format!("a time not before {}, that of the line above, {promise}", before.unix_seconds);
        return Err(row.wrong(DataErrorKind::Order, time.unwrap_or(user), expected));
    }
    Ok(())
}
