//! Public data sets: read into one [`Dataset`], whatever files they come in.

mod open_bandit;

use std::path::Path;

use habitue_core::Dataset;
use habitue_core::scenario::DatasetLayout;

pub use open_bandit::{OpenBandit, read_open_bandit, write_open_bandit};

use crate::error::StoreError;

/// Reads a data set laid out like this in the folder `path`.
///
/// # Errors
/// If a file is missing, not in its encoding, or a line does not fit: file, line, field, value and what was expected.
pub fn read_dataset(layout: &DatasetLayout, path: &Path) -> Result<Dataset, StoreError> {
    let _ = (layout, path);
    Err(StoreError::Misuse("data sets are not read yet"))
}

/// Writes a data set into the folder `out`, so that `dataset = "csv"` with its `mapping.toml` reads it back the same:
/// `items.jsonl`, `users.jsonl`, `interactions.csv`, `friends.csv`.
///
/// # Errors
/// If a file cannot be written.
pub fn write_dataset(dataset: &Dataset, out: &Path) -> Result<(), StoreError> {
    let _ = (dataset, out);
    Err(StoreError::Misuse("data sets are not written yet"))
}
