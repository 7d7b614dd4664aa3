//! Logged bandit feedback in the layout of the Open Bandit Dataset.

use std::path::Path;

use crate::error::StoreError;

/// Logged bandit feedback.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OpenBandit {}

/// Reads the log of one campaign and policy: a folder with `item_context.csv` and the rounds.
///
/// # Errors
/// If a file is missing or a line does not fit.
pub fn read_open_bandit(folder: &Path) -> Result<OpenBandit, StoreError> {
    let _ = folder;
    Err(StoreError::Misuse("Open Bandit logs are not read yet"))
}

/// Writes the log as Parquet files into the folder `out`.
///
/// # Errors
/// If a file cannot be written.
pub fn write_open_bandit(log: &OpenBandit, out: &Path) -> Result<(), StoreError> {
    let _ = (log, out);
    Err(StoreError::Misuse("Open Bandit logs are not written yet"))
}
