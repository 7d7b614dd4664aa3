//! A data set under construction: who and what is known, and whether ids refer to it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use habitue_core::scenario::nearest;
use habitue_core::{Catalogue, DataError, DataErrorKind, Dataset, DatasetUser, Interaction, Item, ItemId};

use super::row::Row;
use super::{AGE, AGES};
use crate::catalogue::CATEGORIES;

/// Category of items that have none.
pub(super) const UNKNOWN: &str = "unknown";

/// Where the fields of a user stand in a row.
#[derive(Clone, Copy)]
pub(super) struct UserColumns {
    pub(super) id: usize,
    pub(super) age: Option<usize>,
    pub(super) gender: Option<usize>,
    pub(super) occupation: Option<usize>,
}

/// A data set under construction.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) catalogue: Catalogue,
    users: Vec<DatasetUser>,
    positions: HashMap<String, u32>,
    interactions: Vec<(Interaction, u64)>,
    friends: Vec<((u32, u32), u64)>,
}

impl Builder {
    /// Adds an item with nothing but key, title and categories. The row's id in `column` must be new.
    pub(super) fn item(
        &mut self,
        row: &Row<'_>,
        column: usize,
        title: &str,
        categories: &[&str],
    ) -> Result<ItemId, DataError> {
        let key = row.required(column, "the item's id")?;
        if self.catalogue.find(key).is_some() {
            return Err(row.wrong(DataErrorKind::Duplicate, column, "an id that no other item has"));
        }
        self.bare_item(key, title, categories)
            .map_err(|problem| row.wrong(DataErrorKind::Range, column, problem))
    }

    /// The item with this key, which is added if it is new, under its key as title.
    pub(super) fn item_in_passing(&mut self, row: &Row<'_>, column: usize) -> Result<ItemId, DataError> {
        let key = row.required(column, "the item's id")?;
        match self.catalogue.find(key) {
            Some(id) => Ok(id),
            None => self
                .bare_item(key, key, &[])
                .map_err(|problem| row.wrong(DataErrorKind::Range, column, problem)),
        }
    }

    fn bare_item(&mut self, key: &str, title: &str, categories: &[&str]) -> Result<ItemId, String> {
        let names: &[&str] = if categories.is_empty() { &[UNKNOWN] } else { categories };
        let mut categories = Vec::with_capacity(names.len());
        for name in names {
            let known = self.catalogue.find_category(name);
            if known.is_none() && self.catalogue.categories().len() == CATEGORIES {
                return Err(format!("at most {CATEGORIES} categories in all"));
            }
            let id = self.catalogue.category(name);
            if !categories.contains(&id) {
                categories.push(id);
            }
        }
        self.catalogue.push(Item {
            key: key.to_owned(),
            title: if title.is_empty() { key.to_owned() } else { title.to_owned() },
            categories,
            quality: 0.5,
            ..Item::default()
        })
    }

    /// Adds the user in a row. The id must be new.
    pub(super) fn user_in(&mut self, row: &Row<'_>, columns: UserColumns) -> Result<(), DataError> {
        let text = |column: Option<usize>| column.map_or("", |column| row.cell(column)).to_owned();
        let user = DatasetUser {
            key: row.required(columns.id, "the user's id")?.to_owned(),
            age: columns.age.map(|column| row.optional_number(column, AGES, AGE)).transpose()?.flatten(),
            gender: text(columns.gender),
            occupation: text(columns.occupation),
        };
        self.user(row, columns.id, user)
    }

    /// Adds a user. The row's id in `column` must be new.
    pub(super) fn user(&mut self, row: &Row<'_>, column: usize, user: DatasetUser) -> Result<(), DataError> {
        if self.positions.contains_key(&user.key) {
            return Err(row.wrong(DataErrorKind::Duplicate, column, "an id that no other user has"));
        }
        self.push_user(user);
        Ok(())
    }

    /// Adds a user unless there is one with the same key; says whether it was added.
    pub(super) fn push_user(&mut self, user: DatasetUser) -> bool {
        if self.positions.contains_key(&user.key) {
            return false;
        }
        self.positions.insert(user.key.clone(), self.users.len() as u32);
        self.users.push(user);
        true
    }

    /// The user with this id, who is added if new.
    pub(super) fn user_in_passing(&mut self, row: &Row<'_>, column: usize) -> Result<u32, DataError> {
        let key = row.required(column, "the user's id")?;
        if let Some(position) = self.positions.get(key) {
            return Ok(*position);
        }
        self.push_user(DatasetUser { key: key.to_owned(), ..DatasetUser::default() });
        Ok(self.users.len() as u32 - 1)
    }

    /// The user this id refers to.
    pub(super) fn known_user(
        &self,
        row: &Row<'_>,
        column: usize,
        defined_in: &str,
    ) -> Result<u32, DataError> {
        let key = row.required(column, "the user's id")?;
        self.positions.get(key).copied().ok_or_else(|| {
            let near = nearest(key, self.users.iter().map(|user| user.key.as_str()));
            row.wrong(DataErrorKind::Dangling, column, format!("a user of {defined_in}")).nearest(near)
        })
    }

    /// The item this id refers to.
    pub(super) fn known_item(
        &self,
        row: &Row<'_>,
        column: usize,
        defined_in: &str,
    ) -> Result<ItemId, DataError> {
        let key = row.required(column, "the item's id")?;
        self.catalogue.find(key).ok_or_else(|| {
            let near = nearest(key, self.catalogue.keys());
            row.wrong(DataErrorKind::Dangling, column, format!("an item of {defined_in}")).nearest(near)
        })
    }

    /// Adds an interaction that stands in this row.
    pub(super) fn interaction(&mut self, row: &Row<'_>, interaction: Interaction) {
        self.interactions.push((interaction, row.line));
    }

    /// The interaction of the row before.
    pub(super) fn last_interaction(&self) -> Option<&Interaction> {
        self.interactions.last().map(|(interaction, _)| interaction)
    }

    /// Adds a friendship between the users in two columns.
    pub(super) fn friendship(
        &mut self,
        row: &Row<'_>,
        [from, to]: [usize; 2],
        defined_in: &str,
    ) -> Result<(), DataError> {
        let pair = (self.known_user(row, from, defined_in)?, self.known_user(row, to, defined_in)?);
        if pair.0 == pair.1 {
            return Err(row.wrong(DataErrorKind::Contradiction, to, "another user than the one befriended"));
        }
        self.friends.push((pair, row.line));
        Ok(())
    }

    /// The data set. The interactions stood in `interactions`, the friendships in `friends`.
    pub(super) fn finish(
        mut self,
        name: String,
        interactions: Option<&Path>,
        friends: Option<PathBuf>,
    ) -> Result<Dataset, DataError> {
        if let Some(file) = interactions {
            self.check_repeats(file)?;
        }
        self.friends.sort_unstable();
        let repeats = self.friends.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        if let Some(pair) = repeats.min_by_key(|pair| pair[1].1) {
            let ((from, to), first) = pair[0];
            let found = format!("{} {}", self.users[from as usize].key, self.users[to as usize].key);
            let expected = format!("every friendship once, but line {first} has the same");
            let error = DataError::new(DataErrorKind::Duplicate, &friends.unwrap_or_default(), expected);
            return Err(error.at(pair[1].1).value(found));
        }
        // Stable: equal times keep the order of the file.
        self.interactions.sort_by_key(|(interaction, _)| (interaction.user, interaction.unix_seconds));
        Ok(Dataset {
            name,
            catalogue: self.catalogue,
            users: self.users,
            interactions: self.interactions.into_iter().map(|(interaction, _)| interaction).collect(),
            friends: self.friends.into_iter().map(|(pair, _)| pair).collect(),
        })
    }

    /// The same user may meet the same item again, but not at the same time.
    fn check_repeats(&self, file: &Path) -> Result<(), DataError> {
        let key = |(row, line): &(Interaction, u64)| (row.user, row.item, row.unix_seconds, *line);
        let mut keys: Vec<_> = self.interactions.iter().map(key).collect();
        keys.sort_unstable();
        let repeats = keys.windows(2).filter(|pair| {
            let ((user, item, time, _), (next_user, next_item, next_time, _)) = (pair[0], pair[1]);
            (user, item, time) == (next_user, next_item, next_time)
        });
        let Some(pair) = repeats.min_by_key(|pair| pair[1].3) else { return Ok(()) };
        let (user, item, time, first) = pair[0];
        let when = if time == 0 { String::new() } else { format!(" at time {time}") };
        let found = format!(
            "user {} and item {}{when}",
            self.users[user as usize].key,
            self.catalogue.item(item).key
        );
        let expected = format!("every user, item and time once, but line {first} has the same");
        Err(DataError::new(DataErrorKind::Duplicate, file, expected).at(pair[1].3).value(found))
    }
}
