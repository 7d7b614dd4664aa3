//! Files with one JSON object per line.

use std::path::Path;

use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind};
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::text::{Encoding, read_text};

/// The objects of a file with their line numbers; blank lines count, but are no objects.
pub(crate) fn read_json_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<(u64, T)>, StoreError> {
    let text = read_text(path, Encoding::Utf8)?;
    let mut objects = Vec::new();
    for (number, json) in (1..).zip(text.lines()) {
        if !json.trim().is_empty() {
            objects.push((number, object(path, json).map_err(|error| error.at(number))?));
        }
    }
    Ok(objects)
}

fn object<T: DeserializeOwned>(path: &Path, json: &str) -> Result<T, DataError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let object = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        problem(path, &field, &error.into_inner())
    })?;
    reader.end().map_err(|error| problem(path, ".", &error))?;
    Ok(object)
}

/// What a JSON error means for whoever wrote the line. Its text is serde's, whose phrases are fixed.
fn problem(path: &Path, field: &str, error: &serde_json::Error) -> DataError {
    let text = error.to_string();
    // serde_json repeats the position, which within one line is only the column, at the end.
    let text = text.split(" at line ").next().unwrap_or_default();
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let named = || quoted.first().copied().unwrap_or_default().to_owned();
    let at_field = |error: DataError| if field == "." { error } else { error.field(field) };
    if !error.is_data() {
        let expected = format!("one JSON object on the line ({text}, column {})", error.column());
        return DataError::new(DataErrorKind::Type, path, expected);
    }
    if text.starts_with("missing field") {
        return DataError::new(DataErrorKind::MissingColumn, path, format!("a field \"{}\"", named()));
    }
    if text.starts_with("unknown field") {
        let known = quoted.get(1..).unwrap_or_default();
        let near = nearest(&named(), known.iter().copied());
        let expected = format!("one of the fields {}", known.join(", "));
        return DataError::new(DataErrorKind::UnknownName, path, expected).value(named()).nearest(near);
    }
    if text.starts_with("duplicate field") {
        return DataError::new(DataErrorKind::Duplicate, path, "each field once").value(named());
    }
    let found = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: "));
    let error = match found.and_then(|found| found.split_once(", expected ")) {
        Some((found, expected)) => {
            let expected = match expected {
                "f32" | "f64" => "a number",
                "u8" | "u16" | "u32" | "u64" => "a whole number of 0 or more",
                "a sequence" => "a list",
                other => other,
            };
            DataError::new(DataErrorKind::Type, path, expected).value(plain(found))
        }
        None => DataError::new(DataErrorKind::Type, path, text.strip_prefix("expected ").unwrap_or(text)),
    };
    at_field(error)
}

/// serde's description of a value without its quotes: `string "x"` is `x`.
fn plain(found: &str) -> &str {
    let value = found.split_once(' ').map_or(found, |(_, value)| value);
    let marks = ['"', '`'];
    value.strip_prefix(marks).and_then(|value| value.strip_suffix(marks)).unwrap_or(found)
}
