//! Files with one JSON object per line.

use std::path::Path;

use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

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
    // serde would take a list for an object without names.
    if !json.trim_start().starts_with('{') {
        let error = DataError::new(DataErrorKind::Type, path, "one JSON object on the line");
        return Err(error.value(json));
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let object = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let found = value_at(json, error.path());
        let error = problem(path, &field, error.inner());
        match found {
            Some(found) if error.field.is_some() && error.value.is_none() => error.value(found),
            _ => error,
        }
    })?;
    reader.end().map_err(|error| problem(path, ".", &error))?;
    Ok(object)
}

/// What stands at a place of a JSON document, as a person would write it.
fn value_at(json: &str, path: &serde_path_to_error::Path) -> Option<String> {
    let mut value: serde_json::Value = serde_json::from_str(json).ok()?;
    for step in path {
        value = match step {
            Segment::Map { key } => value.get_mut(key)?.take(),
            Segment::Seq { index } => value.get_mut(*index)?.take(),
            Segment::Enum { .. } | Segment::Unknown => return None,
        };
    }
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn problem(path: &Path, field: &str, error: &serde_json::Error) -> DataError {
    let text = error.to_string();
    // serde_json repeats the position, which within one line is only the column, at the end.
    let text = text.split(" at line ").next().unwrap_or_default();
    if error.is_data() {
        return misfit(path, field, text);
    }
    let expected = format!("one JSON object on the line ({text}, column {})", error.column());
    DataError::new(DataErrorKind::Type, path, expected)
}

/// What an error of serde means for whoever wrote the file: its phrases are fixed. `field` is a dotted path, `.` for
/// the whole document.
pub(crate) fn misfit(path: &Path, field: &str, text: &str) -> DataError {
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let named = quoted.first().copied().unwrap_or_default();
    let within = |expected: String| if field == "." { expected } else { format!("{expected} in {field}") };
    if text.starts_with("missing field") {
        return DataError::new(DataErrorKind::MissingColumn, path, within(format!("a field \"{named}\"")));
    }
    if text.starts_with("unknown field") {
        let known = quoted.get(1..).unwrap_or_default();
        let expected = format!("one of the fields {}", known.join(", "));
        let error = DataError::new(DataErrorKind::UnknownName, path, expected);
        return error.value(named).nearest(nearest(named, known.iter().copied()));
    }
    if text.starts_with("unknown variant") {
        let known = quoted.get(1..).unwrap_or_default();
        let error = DataError::new(DataErrorKind::UnknownName, path, format!("one of {}", known.join(", ")));
        return error.field(field).value(named).nearest(nearest(named, known.iter().copied()));
    }
    if text.starts_with("duplicate field") {
        return DataError::new(DataErrorKind::Duplicate, path, within("every field once".to_owned()))
            .value(named);
    }
    let found = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: "));
    let error = match found.and_then(|found| found.split_once(", expected ")) {
        Some((found, expected)) => {
            let expected = match expected {
                "f32" | "f64" => "a number",
                "u8" | "u16" | "u32" | "u64" => "a whole number of 0 or more",
                "a sequence" => "a list",
                expected if expected.starts_with("struct ") => "an object with named fields",
                expected => expected,
            };
            DataError::new(DataErrorKind::Type, path, expected).value(plain(found))
        }
        None => DataError::new(DataErrorKind::Type, path, text.strip_prefix("expected ").unwrap_or(text)),
    };
    if field == "." { error } else { error.field(field) }
}

/// serde's description of a value without its type and quotes: `string "x"` is `x`.
fn plain(found: &str) -> &str {
    let value = found.split_once(' ').map_or(found, |(_, value)| value);
    let marks = ['"', '`'];
    value.strip_prefix(marks).and_then(|value| value.strip_suffix(marks)).unwrap_or(found)
}
