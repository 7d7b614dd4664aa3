//! The fields of a table, read with their types.

use std::path::Path;

use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind};

use super::Problem;
use super::document::{Node, Value};

/// A table of a document.
pub(super) struct Fields<'a> {
    file: &'a Path,
    line: u64,
    /// What its fields are called in messages: a prefix that ends with a dot, or nothing.
    prefix: &'static str,
    entries: &'a [(String, Node)],
}

impl<'a> Fields<'a> {
    /// The table of a node, which may have these fields.
    pub(super) fn new(
        file: &'a Path,
        node: &'a Node,
        prefix: &'static str,
        known: &[&str],
    ) -> Result<Self, Problem> {
        let Value::Table(entries) = &node.value else {
            let problem = DataError::new(DataErrorKind::Type, file, "a table of named fields").at(node.line);
            let problem = match prefix.strip_suffix('.') {
                Some(name) => problem.field(name),
                None => problem,
            };
            return Err(problem.value(&node.value).into());
        };
        let fields = Self { file, line: node.line, prefix, entries };
        if let Some((key, node)) = entries.iter().find(|(key, _)| !known.contains(&&**key)) {
            let expected = format!("one of the fields {}", known.join(", "));
            let problem = DataError::new(DataErrorKind::UnknownName, file, expected);
            let problem = problem.at(node.line).value(key).nearest(nearest(key, known.iter().copied()));
            return Err(problem.into());
        }
        Ok(fields)
    }

    /// A field.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(known, _)| known == key).map(|(_, node)| node)
    }

    /// A text; empty if it is absent.
    pub(super) fn text(&self, key: &str) -> Result<String, Problem> {
        match self.get(key) {
            None => Ok(String::new()),
            Some(Node { value: Value::Text(text), .. }) => Ok(text.clone()),
            Some(node) => Err(self.wrong(DataErrorKind::Type, key, node, "a text")),
        }
    }

    /// A text that is there and not empty.
    pub(super) fn required(&self, key: &str) -> Result<String, Problem> {
        match self.get(key) {
            None => Err(self.missing(key, "a text")),
            Some(node @ Node { value: Value::Text(text), .. }) if text.trim().is_empty() => {
                Err(self.wrong(DataErrorKind::EmptyField, key, node, "a text that is not empty"))
            }
            Some(_) => self.text(key),
        }
    }

    /// A number from `least` to `most`, if it is there.
    pub(super) fn number(&self, key: &str, least: f64, most: f64) -> Result<Option<f64>, Problem> {
        let Some(node) = self.get(key) else { return Ok(None) };
        let expected = format!("a number from {least} to {most}");
        match node.value {
            Value::Number(number) if (least..=most).contains(&number) => Ok(Some(number)),
            Value::Number(_) => Err(self.wrong(DataErrorKind::Range, key, node, expected)),
            _ => Err(self.wrong(DataErrorKind::Type, key, node, expected)),
        }
    }

    /// A list; empty if it is absent.
    pub(super) fn list(&self, key: &str, expected: &str) -> Result<&'a [Node], Problem> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Node { value: Value::List(list), .. }) => Ok(list),
            Some(node) => Err(self.wrong(DataErrorKind::Type, key, node, expected)),
        }
    }

    /// A list of texts that are not empty.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<(u64, String)>, Problem> {
        const EXPECTED: &str = "a list of texts";
        self.list(key, EXPECTED)?
            .iter()
            .map(|node| match &node.value {
                Value::Text(text) if !text.trim().is_empty() => Ok((node.line, text.clone())),
                Value::Text(_) => {
                    Err(self.wrong(DataErrorKind::EmptyField, key, node, "texts that are not empty"))
                }
                _ => Err(self.wrong(DataErrorKind::Type, key, node, EXPECTED)),
            })
            .collect()
    }

    /// A field that should be there.
    pub(super) fn missing(&self, key: &str, expected: &str) -> Problem {
        let field = format!("{}{key}", self.prefix);
        let expected = format!("{expected}, but the field is missing");
        DataError::new(DataErrorKind::MissingColumn, self.file, expected).at(self.line).field(field).into()
    }

    /// A field that is not as expected.
    pub(super) fn wrong(
        &self,
        kind: DataErrorKind,
        key: &str,
        node: &Node,
        expected: impl Into<String>,
    ) -> Problem {
        let field = format!("{}{key}", self.prefix);
        DataError::new(kind, self.file, expected).at(node.line).field(field).value(&node.value).into()
    }
}
