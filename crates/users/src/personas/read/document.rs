//! A document in which every value knows its line, whether it was written as TOML or as JSON.

use std::fmt;
use std::path::Path;

use habitue_core::{DataError, DataErrorKind};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use toml::de::{DeTable, DeValue};

use super::Problem;

/// A value and its line, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) line: u64,
    pub(super) value: Value,
}

/// What both languages can say.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
    Flag(bool),
    List(Vec<Node>),
    /// Keys in the order of the file, each once.
    Table(Vec<(String, Node)>),
    /// Null, dates, and numbers too large to be held.
    Other(String),
}

/// The most levels of a document.
const DEEPEST: usize = 32;

impl Node {
    /// Reads a TOML document.
    pub(super) fn from_toml(file: &Path, text: &str) -> Result<Self, Problem> {
        let lines = Lines::new(text);
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(text.len(), |span| span.start);
            let expected = format!("TOML ({})", error.message().trim().replace('\n', ", "));
            DataError::new(DataErrorKind::Type, file, expected).at(lines.of(at))
        })?;
        table_of(table.get_ref(), &lines, 1, DEEPEST)
            .map_err(|line| DataError::new(DataErrorKind::Type, file, "fewer levels").at(line).into())
    }

    /// Reads a JSON document that stands on one line.
    pub(super) fn from_json(file: &Path, line: u64, json: &str) -> Result<Self, Problem> {
        let refuse = |error: &serde_json::Error| {
            let text = error.to_string();
            // serde_json ends with the position, of which only the column says something here.
            let text = text.split(" at line ").next().unwrap_or_default();
            let expected = format!("one JSON object on the line ({text}, column {})", error.column());
            Problem::from(DataError::new(DataErrorKind::Type, file, expected).at(line))
        };
        let mut reader = serde_json::Deserializer::from_str(json);
        let node = AtLine(line).deserialize(&mut reader).map_err(|error| refuse(&error))?;
        reader.end().map_err(|error| refuse(&error))?;
        Ok(node)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Other(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::List(list) => write!(f, "a list of {}", list.len()),
            Self::Table(table) => write!(f, "a table of {}", table.len()),
        }
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    /// The line of a byte, from 1.
    fn of(&self, offset: usize) -> u64 {
        self.0.partition_point(|newline| *newline < offset) as u64 + 1
    }
}

/// The error is the line of a value that lies too deep.
fn node_of(value: &DeValue<'_>, lines: &Lines, line: u64, depth: usize) -> Result<Node, u64> {
    let value = match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Value::Number(number as f64),
            Err(_) => Value::Other(integer.to_string()),
        },
        DeValue::Float(float) => match float.as_str().parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Other(float.as_str().to_owned()),
        },
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(date) => Value::Other(date.to_string()),
        DeValue::Array(list) => {
            let depth = depth.checked_sub(1).ok_or(line)?;
            let node = |value: &toml::Spanned<DeValue<'_>>| {
                node_of(value.get_ref(), lines, lines.of(value.span().start), depth)
            };
            Value::List(list.iter().map(node).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => return table_of(table, lines, line, depth),
    };
    Ok(Node { line, value })
}

fn table_of(table: &DeTable<'_>, lines: &Lines, line: u64, depth: usize) -> Result<Node, u64> {
    let depth = depth.checked_sub(1).ok_or(line)?;
    let mut entries = table
        .iter()
        .map(|(key, value)| {
            let line = lines.of(key.span().start);
            Ok((key.span().start, key.get_ref().to_string(), node_of(value.get_ref(), lines, line, depth)?))
        })
        .collect::<Result<Vec<_>, u64>>()?;
    // The parser keeps keys in alphabetical order.
    entries.sort_by_key(|(start, _, _)| *start);
    Ok(Node { line, value: Value::Table(entries.into_iter().map(|(_, key, node)| (key, node)).collect()) })
}

/// Reads a JSON value of this line.
#[derive(Clone, Copy)]
struct AtLine(u64);

impl AtLine {
    fn node(self, value: Value) -> Node {
        Node { line: self.0, value }
    }
}

impl<'de> DeserializeSeed<'de> for AtLine {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AtLine {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(self.node(Value::Flag(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(self.node(Value::Number(value as f64)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(self.node(Value::Number(value as f64)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(self.node(Value::Number(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(self.node(Value::Text(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(self.node(Value::Other("null".to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element_seed(self)? {
            nodes.push(node);
        }
        Ok(self.node(Value::List(nodes)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if entries.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom(format_args!("\"{key}\" stands twice")));
            }
            entries.push((key, map.next_value_seed(self)?));
        }
        Ok(self.node(Value::Table(entries)))
    }
}
