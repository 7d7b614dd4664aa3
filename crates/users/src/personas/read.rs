//! Personas read from a file.

use std::path::Path;

use habitue_core::{Catalogue, DataError, DataErrorKind, Persona};

/// Reads personas from a TOML file with `[[persona]]` tables, a JSONL file with one persona a line, or a CSV file with a
/// mapping; the first `limit` if there is a limit.
///
/// # Errors
/// What is wrong in which file, line and field.
pub fn read(
    path: &Path,
    _mapping: Option<&Path>,
    _limit: Option<u32>,
    _catalogue: &Catalogue,
) -> Result<Vec<Persona>, DataError> {
    Err(DataError::new(DataErrorKind::MissingFile, path, "a file of personas"))
}
