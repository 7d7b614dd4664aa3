//! What people tend to mean when a value does not fit.

use serde_json::Value as Json;

use super::expected::is_table;
use super::{DURATION, Shape};
use crate::scenario::problem::Finding;
use crate::scenario::tree::{Node, Value, Way};

/// How to write a value of another type so that it fits.
pub(super) fn wrong_type<'s>(shape: &Shape<'s>, schema: &'s Json, node: &Node, way: &Way) -> Option<String> {
    let schema = shape.target(schema);
    let texts: Vec<&Json> = match schema["anyOf"].as_array() {
        Some(all) => all.iter().map(|one| shape.target(one)).filter(|one| one["type"] == "string").collect(),
        None if schema["type"] == "string" => vec![schema],
        None => Vec::new(),
    };
    let tables = is_table(shape, &schema["items"]);
    match (schema["type"].as_str().unwrap_or_default(), &node.value) {
        (_, Value::Integer(_) | Value::Float(_)) if texts.iter().any(|text| text["format"] == DURATION) => {
            Some(format!(
                "a duration has a unit and stands in quotes: \"{0}s\", \"{0}h\", \"{0}d\"",
                node.shown()
            ))
        }
        ("string", Value::Integer(_) | Value::Float(_) | Value::Boolean(_)) => {
            Some(format!("text stands in quotes: {:?}", node.shown()))
        }
        ("integer" | "number", Value::Text(text)) if text.trim().parse::<f64>().is_ok() => {
            Some(format!("a number stands without quotes: {}", text.trim()))
        }
        ("boolean", Value::Text(text)) if ["true", "false"].contains(&text.as_str()) => {
            Some(format!("write {text} without quotes"))
        }
        ("integer", Value::Float(number)) if number.fract() == 0.0 && number.abs() < 1e15 => {
            Some(format!("write {number} without a fraction"))
        }
        ("array", Value::Table(_)) if tables => {
            Some(format!("write `[[{}]]`, with double brackets, above each of them", way.keys()))
        }
        ("array", Value::Text(_) | Value::Integer(_) | Value::Float(_)) if !tables => {
            Some(format!("a list stands in brackets: [{}]", node.shown()))
        }
        (_, Value::List(elements))
            if is_table(shape, schema)
                && matches!(elements.first(), Some(Node { value: Value::Table(_), .. })) =>
        {
            Some(format!("write `[{}]`, with single brackets: there is only one", way.keys()))
        }
        _ => None,
    }
}

/// Says which numbers are no numbers here.
pub(super) fn no_number(finding: Finding, node: &Node) -> Finding {
    match node.value {
        Value::Float(number) if !number.is_finite() => finding.hint("`inf` and `nan` are not accepted"),
        Value::Float(number) if number.abs() > f64::from(f32::MAX) => {
            finding.hint("numbers here have 32 bits: their size is at most 3.4e38")
        }
        _ => finding,
    }
}

/// Where a key belongs that stands in the wrong table of a scenario.
pub(super) fn home(shape: &Shape<'_>, key: &str, way: &Way) -> Option<String> {
    let top = shape.root["properties"].as_object().filter(|_| shape.scenario)?;
    if !way.0.is_empty() && top.contains_key(key) {
        return Some(format!("`{key}` belongs at the top of the file, above the first `[table]`"));
    }
    let mut homes: Vec<String> = top
        .iter()
        .filter_map(|(name, schema)| {
            let schema = shape.target(schema);
            let (schema, heading) = match &schema["items"] {
                items @ Json::Object(_) => (shape.target(items), format!("`[[{name}]]`")),
                _ => (schema, format!("`[{name}]`")),
            };
            (way.keys() != *name && schema["properties"][key].is_object()).then_some(heading)
        })
        .collect();
    homes.sort();
    match homes.as_slice() {
        [] => None,
        homes => Some(format!("`{key}` is a key of {}", homes.join(" and "))),
    }
}

/// The first sentence of a description, without its full stop, on one line.
pub(super) fn first_sentence(description: &str) -> String {
    let line = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.find(". ").unwrap_or(line.len());
    line[..end].trim_end_matches('.').to_owned()
}
