//! Whether a document has the shape that its JSON Schema asks for.
//!
//! The schema is the one made from the types of the scenario file, so what an editor accepts, what is documented and
//! what is read are one list. Only what these types need of JSON Schema is understood; a test fails when a type asks
//! for more.

mod alternatives;
mod expected;
mod hints;

use expected::{Bounds, expected};
use serde_json::Value as Json;

use super::nearest::nearest;
use super::problem::Finding;
use super::size::{FORMAT as MEMORY, Size};
use super::span::FORMAT as DURATION;
use super::tree::{Node, Value, Way};
use crate::time::SimDuration;

/// Compares documents with a schema and gathers what does not fit.
#[derive(Debug)]
pub(super) struct Shape<'s> {
    /// The schema with its definitions.
    root: &'s Json,
    /// Whether the document is a scenario, so that a key can belong to another of its tables.
    scenario: bool,
    pub(super) findings: Vec<Finding>,
    /// What cannot be read: values that do not fit, and keys that are missing or seem to be misspelt.
    pub(super) broken: Vec<Way>,
}

impl<'s> Shape<'s> {
    /// A comparison with the schema of scenarios or with one of its definitions.
    pub(super) fn new(root: &'s Json) -> Self {
        Self { root, scenario: false, findings: Vec::new(), broken: Vec::new() }
    }

    /// Compares a whole scenario.
    pub(super) fn scenario(&mut self, node: &mut Node) {
        self.scenario = true;
        self.value(self.root, node, &Way::default());
    }

    /// Compares a document that is no scenario.
    pub(super) fn document(&mut self, node: &mut Node) {
        self.value(self.root, node, &Way::default());
    }

    /// Compares a document that is one of the schema's definitions.
    pub(super) fn definition(&mut self, name: &str, node: &mut Node) {
        self.value(&self.root["definitions"][name], node, &Way::default());
    }

    /// What a reference stands for.
    fn target(&self, schema: &'s Json) -> &'s Json {
        let mut schema = schema;
        loop {
            if let Some([only]) = schema["allOf"].as_array().map(Vec::as_slice) {
                schema = only;
            } else if let Some(name) = schema["$ref"].as_str() {
                schema = &self.root["definitions"][name.rsplit('/').next().unwrap_or_default()];
            } else {
                return schema;
            }
        }
    }

    fn targets(&self, schemas: &'s Json) -> Vec<&'s Json> {
        schemas.as_array().into_iter().flatten().map(|schema| self.target(schema)).collect()
    }

    fn broken(&mut self, way: &Way, finding: Finding) {
        self.findings.push(finding);
        self.broken.push(way.clone());
    }

    /// Compares a value; removes keys that are not known, once they have been reported.
    fn value(&mut self, schema: &'s Json, node: &mut Node, way: &Way) {
        let schema = self.target(schema);
        for list in ["oneOf", "anyOf"] {
            if schema[list].is_array() {
                return self.alternatives(schema, &self.targets(&schema[list]), node, way);
            }
        }
        match (schema["type"].as_str().unwrap_or_default(), &node.value) {
            ("object", Value::Table(_)) => self.table(schema, &[], node, way),
            ("array", Value::List(_)) => self.list(schema, node, way),
            ("string", Value::Text(text)) => {
                if let Err(hint) = text_fits(schema, text) {
                    let finding = self.outside(schema, node, way);
                    self.broken(way, if hint.is_empty() { finding } else { finding.hint(hint) });
                }
            }
            ("boolean", Value::Boolean(_)) => {}
            ("integer", Value::Integer(_) | Value::Huge(_)) | ("number", Value::Huge(_)) => {
                if !Bounds::of(schema).hold_whole(node) {
                    self.broken(way, self.outside(schema, node, way));
                }
            }
            ("number", Value::Integer(_) | Value::Float(_)) => {
                if !Bounds::of(schema).hold(node) {
                    let finding = self.outside(schema, node, way);
                    self.broken(way, hints::no_number(finding, node));
                }
            }
            _ => self.wrong_type(schema, node, way),
        }
    }

    fn outside(&self, schema: &'s Json, node: &Node, way: &Way) -> Finding {
        let name = way.name();
        let message = match node.text() {
            Some("") => format!("`{name}` is empty"),
            Some(_) if schema["format"] == DURATION => format!("`{name}` is not a duration"),
            Some(_) if schema["format"] == MEMORY => format!("`{name}` is not an amount of memory"),
            Some(_) if schema["type"] != "string" => format!("`{name}` has no such value"),
            _ => format!("`{name}` is out of range"),
        };
        Finding::of(node, way, message).expected(expected(self, schema, Some(node)))
    }

    fn wrong_type(&mut self, schema: &'s Json, node: &Node, way: &Way) {
        let name = if way.0.is_empty() { "the document".to_owned() } else { format!("`{}`", way.name()) };
        let finding = Finding::of(node, way, format!("{name} is of the wrong type"))
            .expected(expected(self, schema, None));
        let finding = match hints::wrong_type(self, schema, node, way) {
            Some(hint) => finding.hint(hint),
            None => finding,
        };
        self.broken(way, finding);
    }

    fn list(&mut self, schema: &'s Json, node: &mut Node, way: &Way) {
        let Value::List(elements) = &mut node.value else { return };
        let (count, most) = (elements.len() as u64, schema["maxItems"].as_u64());
        let least = schema["minItems"].as_u64().unwrap_or(0);
        for (index, element) in elements.iter_mut().enumerate() {
            let schema = match &schema["items"] {
                // The elements of a tuple each have a schema of their own.
                Json::Array(schemas) => schemas.get(index),
                schema => Some(schema),
            };
            if let Some(schema) = schema {
                self.value(schema, element, &way.index(index));
            }
        }
        if count < least || most.is_some_and(|most| count > most) {
            let message = match count {
                0 => format!("`{}` is empty", way.name()),
                _ => format!("`{}` has the wrong length", way.name()),
            };
            self.broken(way, Finding::of(node, way, message).expected(expected(self, schema, None)));
        }
    }

    /// Compares a table. `others` are tables that could have been meant instead, whose keys are near too.
    fn table(&mut self, schema: &'s Json, others: &[&'s Json], node: &mut Node, way: &Way) {
        let Value::Table(entries) = &mut node.value else { return };
        entries.retain_mut(|entry| {
            let inside = way.key(&entry.key);
            let known = schema["properties"].get(&entry.key);
            match (known, &schema["additionalProperties"]) {
                (None, Json::Bool(false)) => {
                    self.unknown_key(schema, others, entry, way);
                    return false;
                }
                (None, Json::Null | Json::Bool(true)) => {}
                (Some(schema), _) | (None, schema) => self.value(schema, &mut entry.node, &inside),
            }
            true
        });
        if (entries.len() as u64) < schema["minProperties"].as_u64().unwrap_or(0) {
            let finding = Finding::of(node, way, format!("`{}` is empty", way.name()));
            self.broken(way, finding.expected("at least one key"));
        }
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            // A key that seems to be misspelt has been reported.
            if node.get(key).is_none() && !self.broken.contains(&way.key(key)) {
                self.missing_key(&schema["properties"][key], key, node, way);
            }
        }
    }

    fn missing_key(&mut self, schema: &'s Json, key: &str, node: &Node, way: &Way) {
        let way = way.key(key);
        let mut finding = Finding::new(&node.at, &way, format!("`{key}` is missing"))
            .expected(expected(self, schema, None));
        let described = schema["description"].as_str().or(self.target(schema)["description"].as_str());
        if let Some(description) = described {
            finding = finding.hint(format!("`{key}`: {}", hints::first_sentence(description)));
        }
        self.broken(&way, finding);
    }

    fn unknown_key(&mut self, schema: &Json, others: &[&Json], entry: &super::tree::Entry, way: &Way) {
        // Sorted, because the order of JSON objects differs between builds of the library that holds them.
        let keys = |schema: &'_ Json| -> Vec<String> {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let mut keys: Vec<String> = properties.map(|(key, _)| key.clone()).collect();
            keys.sort();
            keys
        };
        let own = keys(schema);
        let all: Vec<String> =
            own.iter().cloned().chain(others.iter().flat_map(|other| keys(other))).collect();
        let inside = way.key(&entry.key);
        let near = nearest(&entry.key, all.iter().map(String::as_str));
        let mut finding = Finding::new(&entry.at, &inside, format!("unknown key `{}`", entry.key));
        let listed = own.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        finding = match own.as_slice() {
            [] => finding.expected("no key"),
            [_] => finding.expected(listed),
            _ => finding.expected(format!("one of {listed}")),
        };
        if let Some(home) = hints::home(self, &entry.key, way) {
            finding = finding.hint(home);
        }
        if let Some(near) = &near {
            self.broken.push(way.key(near));
        }
        self.findings.push(finding.nearest(near));
    }
}

/// Whether a text has the length and the format asked for; if not, what there is to say about it.
fn text_fits(schema: &Json, text: &str) -> Result<(), String> {
    if schema["const"].as_str().is_some_and(|only| only != text) {
        return Err(String::new());
    }
    let length = text.chars().count() as u64;
    if length < schema["minLength"].as_u64().unwrap_or(0) {
        return Err(String::new());
    }
    if schema["maxLength"].as_u64().is_some_and(|most| length > most) {
        return Err(String::new());
    }
    if schema["format"] == DURATION {
        // Of a text without a number there is nothing to say.
        let numbers = text.contains(|character: char| character.is_ascii_digit());
        SimDuration::read(text).map(drop).map_err(|reason| if numbers { reason } else { String::new() })?;
    }
    if schema["format"] == MEMORY {
        Size::parse(text).map_err(|_| String::new())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
