//! What was held out of users' histories, as it stands in the run folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use habitue_core::ItemId;

const FILE: &str = "held-out.csv";

/// The least rating of an item that the real user liked.
const LIKED: f32 = 4.0;

/// Why what was held out cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HeldOutError {
    /// The file cannot be read.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: csv::Error,
    },
    /// A line speaks of something that is not in the run.
    #[error("{path}, line {line}: {field} \"{value}\", expected {expected}", path = .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What should stand there.
        expected: &'static str,
    },
}

/// Items that were held out of a user's history and that the real user liked: rated 4 or more, or not rated at all.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeldOut {
    by_user: BTreeMap<u32, Vec<ItemId>>,
}

impl HeldOut {
    /// Whether a run folder has such a file.
    pub(crate) fn is_in(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// Reads the file of a run folder; `None` if nothing was held out. Keys are those of the run's users and items, in
    /// their order.
    pub(crate) fn read<'a>(
        folder: &Path,
        users: impl Iterator<Item = &'a str>,
        items: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Self>, HeldOutError> {
        let path = folder.join(FILE);
        if !Self::is_in(folder) {
            return Ok(None);
        }
        let users: BTreeMap<&str, u32> = users.zip(0..).collect();
        let items: BTreeMap<&str, u32> = items.zip(0..).collect();
        let unreadable = |source| HeldOutError::File { path: path.clone(), source };
        let mut held = Self::default();
        let mut file = csv::Reader::from_path(&path).map_err(unreadable)?;
        for (record, line) in file.records().zip(2..) {
            let record = record.map_err(unreadable)?;
            let [user, item, rating] = [0, 1, 2].map(|at| record.get(at).unwrap_or_default());
            let wrong = |field, value: &str, expected| HeldOutError::Line {
                path: path.clone(),
                line,
                field,
                value: value.to_owned(),
                expected,
            };
            let user =
                *users.get(user).ok_or_else(|| wrong("user", user, "the key of a user of this run"))?;
            let item =
                *items.get(item).ok_or_else(|| wrong("item", item, "the key of an item of this run"))?;
            let is_liked = rating.is_empty()
                || rating.parse::<f32>().map_err(|_| wrong("rating", rating, "a number or nothing"))?
                    >= LIKED;
            if is_liked {
                held.by_user.entry(user).or_default().push(ItemId(item));
            }
        }
        Ok(Some(held))
    }

    /// What was held out of a user's history and liked.
    pub(super) fn of(&self, user: u32) -> &[ItemId] {
        self.by_user.get(&user).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<HeldOut>, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let found = HeldOut::read(folder.path(), ["u", "v"].into_iter(), ["a", "b"].into_iter());
        found.map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "RUN"))
    }

    #[test]
    fn liked_items_are_kept() {
        let held = read("user,item,rating\nv,b,4\nv,a,3.5\nu,a,\n").unwrap().unwrap();
        assert_eq!((held.of(0), held.of(1), held.of(2)), (&[ItemId(0)][..], &[ItemId(1)][..], &[][..]));
        let nothing = HeldOut::read(Path::new("no/such/run"), std::iter::empty(), std::iter::empty());
        assert!(nothing.unwrap().is_none());
    }

    #[test]
    fn lines_of_another_run_are_named() {
        let said: Vec<String> = ["w,a,4", "u,c,4", "u,a,good", "u,a,4,5"]
            .iter()
            .map(|line| read(&format!("user,item,rating\n{line}\n")).unwrap_err())
            .collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
