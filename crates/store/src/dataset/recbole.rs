//! RecBole atomic files: `NAME.inter`, `NAME.item`, `NAME.user`, tab-separated, with typed headers (`rating:float`).
//!
//! See "Atomic Files" in RecBole's documentation for the format.

use std::path::{Path, PathBuf};

use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind, Dataset, Interaction};

use super::builder::{Builder, UserColumns};
use super::row::{check_unique, each_line};
use super::{lines_of, not_empty};
use crate::disk;
use crate::error::StoreError;
use crate::text::{Encoding, read_text};

const TYPES: [&str; 4] = ["token", "token_seq", "float", "float_seq"];
/// Columns that may hold the title, the first there is.
const TITLES: [&str; 6] = ["title", "movie_title", "item_title", "item_name", "name", "product_name"];
/// Columns that may hold the categories, the first there is.
const CATEGORIES: [&str; 6] = ["class", "genre", "genres", "category", "categories", "item_category"];

/// An atomic file: its columns, and its text.
struct Atomic {
    path: PathBuf,
    text: String,
    names: Vec<String>,
    types: Vec<String>,
}

impl Atomic {
    fn read(path: PathBuf) -> Result<Self, StoreError> {
        let text = read_text(&path, Encoding::Utf8)?;
        let header = text.lines().next().unwrap_or_default();
        if header.is_empty() {
            let expected = "a first line that names the columns, such as \"user_id:token\"";
            return Err(DataError::new(DataErrorKind::Empty, &path, expected).at(1).into());
        }
        let (mut names, mut types) = (Vec::new(), Vec::new());
        for column in header.split('\t') {
            let wrong =
                |expected: String| DataError::new(DataErrorKind::Header, &path, expected).at(1).value(column);
            let (name, kind) =
                column.trim().split_once(':').ok_or_else(|| wrong("a column as \"name:type\"".to_owned()))?;
            if !TYPES.contains(&kind) {
                let error = wrong(format!("a column whose type is {}", TYPES.join(", ")));
                return Err(error.nearest(nearest(kind, TYPES)).into());
            }
            names.push(name.to_owned());
            types.push(kind.to_owned());
        }
        let atomic = Self { path, text, names, types };
        check_unique(&atomic.path, &atomic.columns())?;
        Ok(atomic)
    }

    fn columns(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    fn lines(&self) -> impl Iterator<Item = (u64, &str)> {
        lines_of(&self.text).skip(1)
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    fn find_any(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.find(name))
    }

    fn require(&self, name: &str) -> Result<usize, DataError> {
        self.find(name).ok_or_else(|| {
            let near = nearest(name, self.names.iter().map(String::as_str));
            DataError::new(DataErrorKind::MissingColumn, &self.path, format!("a column \"{name}:token\""))
                .at(1)
                .nearest(near)
        })
    }

    fn file_name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// Reads the data set of a folder. Without an `.item` or `.user` file, items or users are those of the interactions.
pub(super) fn read(folder: &Path) -> Result<Dataset, StoreError> {
    let inter = interactions_file(folder)?;
    let beside = |ending: &str| -> Result<Option<Atomic>, StoreError> {
        let path = inter.with_extension(ending);
        if path.exists() { Atomic::read(path).map(Some) } else { Ok(None) }
    };
    let mut builder = Builder::default();
    let items = beside("item")?;
    if let Some(items) = &items {
        read_items(&mut builder, items)?;
    }
    let users = beside("user")?;
    if let Some(users) = &users {
        read_users(&mut builder, users)?;
    }
    let atomic = Atomic::read(inter)?;
    read_interactions(&mut builder, &atomic, users.as_ref(), items.as_ref())?;
    let name = atomic.path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(builder.finish(format!("{name} (RecBole)"), Some(&atomic.path), None)?)
}

fn interactions_file(folder: &Path) -> Result<PathBuf, StoreError> {
    let mut found: Vec<String> = disk::files_in(folder)?
        .into_iter()
        .filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "inter"))
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(name), true) => Ok(folder.join(name)),
        (None, _) => {
            let expected = "a file NAME.inter in this folder";
            Err(DataError::new(DataErrorKind::MissingFile, folder, expected).into())
        }
        (Some(name), false) => {
            let found = format!("{}, {name}", found.join(", "));
            let error =
                DataError::new(DataErrorKind::Contradiction, folder, "one file NAME.inter in this folder");
            Err(error.value(found).into())
        }
    }
}

fn read_items(builder: &mut Builder, atomic: &Atomic) -> Result<(), StoreError> {
    let id = atomic.require("item_id")?;
    let (title, categories) = (atomic.find_any(&TITLES), atomic.find_any(&CATEGORIES));
    let year = atomic.find("release_year");
    each_line(&atomic.path, atomic.lines(), "\t", &atomic.columns(), |row| {
        let title = title.map_or("", |column| row.cell(column));
        let title = match year.map_or("", |column| row.cell(column)) {
            "" => title.to_owned(),
            year => format!("{title} ({year})"),
        };
        let names: Vec<&str> = match categories {
            None => Vec::new(),
            Some(column) if atomic.types[column] == "token_seq" => {
                row.cell(column).split_whitespace().collect()
            }
            Some(column) => Some(row.cell(column)).into_iter().filter(|name| !name.is_empty()).collect(),
        };
        builder.item(row, id, &title, &names)?;
        Ok(())
    })
}

fn read_users(builder: &mut Builder, atomic: &Atomic) -> Result<(), StoreError> {
    let columns = UserColumns {
        id: atomic.require("user_id")?,
        age: atomic.find("age"),
        gender: atomic.find("gender"),
        occupation: atomic.find("occupation"),
    };
    each_line(&atomic.path, atomic.lines(), "\t", &atomic.columns(), |row| Ok(builder.user_in(row, columns)?))
}

fn read_interactions(
    builder: &mut Builder,
    atomic: &Atomic,
    users: Option<&Atomic>,
    items: Option<&Atomic>,
) -> Result<(), StoreError> {
    let (user, item) = (atomic.require("user_id")?, atomic.require("item_id")?);
    let [rating, time, weight] = ["rating", "timestamp", "weight"].map(|name| atomic.find(name));
    each_line(&atomic.path, atomic.lines(), "\t", &atomic.columns(), |row| {
        let rating = rating.map(|column| row.optional_number(column, super::NUMBERS, super::NUMBER));
        let seconds = time.map(|column| row.number(column, super::SECONDS, "seconds since 1970"));
        let weight = weight.map(|column| row.number(column, super::WEIGHTS, super::WEIGHT));
        let interaction = Interaction {
            user: match users {
                Some(users) => builder.known_user(row, user, &users.file_name())?,
                None => builder.user_in_passing(row, user)?,
            },
            item: match items {
                Some(items) => builder.known_item(row, item, &items.file_name())?,
                None => builder.item_in_passing(row, item)?,
            },
            unix_seconds: seconds.transpose()?.map_or(0, |seconds: f64| seconds.floor() as i64),
            rating: rating.transpose()?.flatten(),
            weight: weight.transpose()?.unwrap_or(1.0),
        };
        builder.interaction(row, interaction);
        Ok(())
    })?;
    not_empty(builder, &atomic.path)
}
