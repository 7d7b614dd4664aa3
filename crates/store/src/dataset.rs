//! Public data sets: read into one [`Dataset`], whatever files they come in.
//!
//! | layout | files | what they promise |
//! |---|---|---|
//! | MovieLens 100K | `u.data`, `u.item`, `u.user`, `u.genre`, `u.occupation` (optional) | ratings 1 to 5 |
//! | MovieLens 1M | `ratings.dat`, `movies.dat`, `users.dat` | ratings 1 to 5 |
//! | RecBole | `NAME.inter`, `NAME.item` and `NAME.user` (optional) | typed headers |
//! | Last.fm (HetRec 2011) | `artists.dat`, `user_artists.dat`, `user_friends.dat`, `tags.dat` with `user_taggedartists.dat` (optional) | play counts, friends |
//! | `Agent4Rec`'s MovieLens-1M | `movie_detail.csv`, `train.txt`, `valid.txt`, `test.txt` | films liked, without ratings or times |
//! | CSV | whatever a mapping file names | what the mapping says |
//!
//! **What all layouts have in common.** Items and users stand in the order of their files and are named by their ids
//! there. Categories are numbered in the order in which items first use them; an item without any has `unknown`.
//! Titles are those of the file; RecBole keeps the year of a film in a column of its own (`release_year`), from which
//! the title gets it back as `Title (1995)`. Every item has quality 0.5 and can be shown from the start of the run:
//! no layout but CSV says more. Interactions are sorted by (user, time), equal times keep the order of the file. The
//! same user may meet the same item again at another time; the same user, item and time twice is an error. Every id
//! must be known, no id may stand twice. Blank lines are left out.
//!
//! So MovieLens 100K is the same catalogue, the same users and the same interactions from GroupLens's and from RecBole's
//! files, but for what those files themselves have different: RecBole's spell the title of item 267 `unkonwn`.
//!
//! **Encodings.** RecBole, CSV and JSON files are UTF-8 (CSV may say otherwise); those of MovieLens and Last.fm are read
//! as UTF-8 where they are, else as Latin-1.
//!
//! **MovieLens 1M** gives ages by bracket: the age is the youngest of the bracket, none for "under 18".
//!
//! **Last.fm** counts plays ([`Interaction::weight`](habitue_core::Interaction::weight)) and has no times. Where the
//! folder has `user_taggedartists.dat`, the 50 tags used most are the categories; an artist has those three of them at
//! most that it was given most often, or `untagged`. Without that file every artist has the category `music`.
//!
//! **CSV** is read as a mapping file says. Every table of it may be left out: without `[items]` or `[users]` they are
//! those of the interactions, in the order in which these name them. Files are found beside the data, not beside the
//! mapping.
//!
//! ```toml
//! name      = "my shop"
//! delimiter = ";"                   # "," if not given
//! encoding  = "latin-1"             # "utf-8" if not given
//!
//! [items]                           # or file = "items.jsonl", a catalogue file, and nothing else
//! file       = "items.csv"
//! id         = "sku"                # names of columns; only the id is needed
//! title      = "name"
//! categories = "kinds"
//! separator  = "|"                  # between several categories or tags of an item; this one if not given
//! # text, tags, creator, duration_seconds, price, quality
//!
//! [users]                           # or file = "users.jsonl": one object with id, age, gender, occupation a line
//! file = "customers.csv"
//! id   = "customer"
//! # age, gender, occupation
//!
//! [interactions]
//! file      = "purchases.csv"
//! user      = "customer"
//! item      = "sku"
//! time      = "at"
//! time_unit = "rfc3339"             # or "seconds" (if not given) or "milliseconds" since 1970
//! order     = "time"                # or "user-time": what is promised is checked
//! # rating, weight
//!
//! [friends]
//! file   = "friends.csv"
//! from   = "a"
//! to     = "b"
//! mutual = true                     # every line stands for both directions
//! ```

mod agent4rec;
mod builder;
mod canonical;
mod csv_mapping;
mod lastfm;
mod movielens;
mod open_bandit;
mod recbole;
mod row;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::path::Path;

use habitue_core::scenario::DatasetLayout;
use habitue_core::{DataError, DataErrorKind, Dataset};

pub use canonical::write_dataset;
pub use open_bandit::{OpenBandit, OpenBanditItem, OpenBanditRound, read_open_bandit, write_open_bandit};

use crate::error::StoreError;
use builder::Builder;

/// Reads the data set laid out like this in the folder `path`. See the crate's page on data sets for what the layouts
/// promise and what is made of them.
///
/// # Errors
/// If a file is missing or not text in its encoding, and for the first line that does not fit: with file, line, field,
/// value, what was expected, and the nearest name or id where that helps.
pub fn read_dataset(layout: &DatasetLayout, path: &Path) -> Result<Dataset, StoreError> {
    if !path.is_dir() {
        let expected = "the folder of the data set";
        return Err(DataError::new(DataErrorKind::MissingFile, path, expected).into());
    }
    match layout {
        DatasetLayout::MovieLens => movielens::read(path),
        DatasetLayout::RecBole => recbole::read(path),
        DatasetLayout::Agent4Rec => agent4rec::read(path),
        DatasetLayout::LastFm => lastfm::read(path),
        DatasetLayout::Csv { mapping } => csv_mapping::read(path, mapping),
    }
}

const AGES: RangeInclusive<u8> = 0..=120;
const AGE: &str = "an age in whole years, 0 to 120";
const NUMBERS: RangeInclusive<f32> = f32::MIN..=f32::MAX;
const NUMBER: &str = "a number";
const WEIGHTS: RangeInclusive<f32> = 0.0..=f32::MAX;
const WEIGHT: &str = "a number of 0 or more";
/// Seconds since 1970 up to the year 5138: what lies beyond is in another unit.
const SECONDS: RangeInclusive<f64> = -1e11..=1e11;

/// The lines of a text, numbered from 1.
fn lines_of(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.lines())
}

fn not_empty(builder: &Builder, file: &Path) -> Result<(), StoreError> {
    match builder.last_interaction() {
        Some(_) => Ok(()),
        None => Err(DataError::new(DataErrorKind::Empty, file, "at least one interaction").into()),
    }
}
