//! Catalogues as JSON lines.

#[cfg(test)]
mod tests;

use std::path::Path;

use habitue_core::scenario::FieldProblem;
use habitue_core::scenario::catalogue::ItemSpec;
use habitue_core::{Catalogue, DataError, DataErrorKind, SimTime};

use crate::error::StoreError;
use crate::json_lines::read_json_lines;

/// The most categories that have numbers.
pub(crate) const CATEGORIES: usize = 1 << 16;

/// Reads a catalogue: one [`ItemSpec`] per line as a JSON object, blank lines ignored. Items that do not say when they
/// are published can be shown from the start of the run.
///
/// # Errors
/// If the file cannot be read, is not UTF-8, or has no item; and for the first line that is not an item, with line,
/// field, value and what was expected.
pub fn read_catalogue(path: &Path) -> Result<Catalogue, StoreError> {
    let mut catalogue = Catalogue::new();
    add_items(path, &mut catalogue)?;
    Ok(catalogue)
}

/// Adds the items of a file to a catalogue that may know categories and creators already.
pub(crate) fn add_items(path: &Path, catalogue: &mut Catalogue) -> Result<(), StoreError> {
    for (line, item) in read_json_lines::<ItemSpec>(path)? {
        if catalogue.categories().len() + item.categories.len() > CATEGORIES {
            let error =
                DataError::new(DataErrorKind::Range, path, format!("at most {CATEGORIES} categories in all"));
            return Err(error.at(line).field("categories").into());
        }
        if let Err(problem) = item.add_to(catalogue, SimTime::ZERO) {
            return Err(misfit(catalogue, path, &problem).at(line).into());
        }
    }
    if catalogue.is_empty() {
        let expected = "at least one item, one JSON object a line";
        return Err(DataError::new(DataErrorKind::Empty, path, expected).into());
    }
    Ok(())
}

fn misfit(catalogue: &Catalogue, path: &Path, problem: &FieldProblem) -> DataError {
    let kind = match problem.field.as_str() {
        "id" if catalogue.find(&problem.value).is_some() => DataErrorKind::Duplicate,
        "id" | "categories" => DataErrorKind::EmptyField,
        "age" => DataErrorKind::Contradiction,
        _ => DataErrorKind::Range,
    };
    DataError::new(kind, path, &problem.expected).field(&problem.field).value(&problem.value)
}
