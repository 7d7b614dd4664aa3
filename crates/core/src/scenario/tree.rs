//! A TOML document in which every key and every value knows where it was typed.

use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Where something was typed: a stretch of bytes of one of the [`Texts`](super::texts::Texts).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Position of the text among the texts.
    pub(super) text: usize,
    /// Bytes of the text.
    pub(super) span: (usize, usize),
}

impl Place {
    pub(super) fn new(text: usize, span: Range<usize>) -> Self {
        Self { text, span: (span.start, span.end) }
    }
}

/// A value and where it was typed.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) at: Place,
}

/// What TOML can say.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    /// A whole number that does not fit 64 bits, as typed.
    Huge(String),
    Float(f64),
    Boolean(bool),
    Date(toml::value::Datetime),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key, its value, and where the key was typed.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Place,
    pub(super) node: Node,
}

/// The most levels a document can have. The parser bounds brackets and dotted keys on their own, not their product.
const DEEPEST: usize = 64;

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The way to a value: `population[0].size`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Way(pub(super) Vec<Step>);

impl Way {
    /// The way to a key of the document's top level.
    pub(super) fn to(key: &str) -> Self {
        Self::default().key(key)
    }

    /// The last key, with the positions after it: `size`, `items[2]`.
    pub(super) fn name(&self) -> String {
        let key = self.0.iter().rposition(|step| matches!(step, Step::Key(_))).unwrap_or(0);
        Self(self.0[key..].to_vec()).to_string()
    }

    /// One key further.
    pub(super) fn key(&self, key: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.to_owned()));
        Self(steps)
    }

    /// One list element further.
    pub(super) fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Self(steps)
    }

    /// Further along a way that starts where this one ends.
    pub(super) fn join(&self, further: &Self) -> Self {
        Self(self.0.iter().chain(&further.0).cloned().collect())
    }

    /// The keys on the way, without positions: the heading of a table.
    pub(super) fn keys(&self) -> String {
        let keys = self.0.iter().filter(|step| matches!(step, Step::Key(_)));
        Self(keys.cloned().collect()).to_string()
    }

    /// The way to the outermost list on this way, or the whole way if there is none.
    pub(super) fn up_to_list(&self) -> Self {
        let steps = self.0.iter().take_while(|step| matches!(step, Step::Key(_)));
        Self(steps.cloned().collect())
    }

    /// Whether this is `other` or a way to something inside it.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => write!(f, "{}{key}", if position == 0 { "" } else { "." })?,
            }
        }
        Ok(())
    }
}

impl Node {
    /// Reads a document. On failure: what is wrong, and where.
    pub(super) fn document(text: &str, text_id: usize) -> Result<Self, (String, Place)> {
        let table = DeTable::parse(text).map_err(|error| refusal(&error, text, text_id))?;
        // A document as a whole has no place of its own but its beginning.
        Self::of_table(table.get_ref(), Place::new(text_id, 0..0), DEEPEST)
    }

    /// Reads a single value, such as one from the command line.
    pub(super) fn single(text: &str, text_id: usize) -> Result<Self, (String, Place)> {
        let value = DeValue::parse(text).map_err(|error| refusal(&error, text, text_id))?;
        Self::of_value(value.get_ref(), Place::new(text_id, value.span()), DEEPEST)
    }

    /// A text.
    pub(super) fn of_text(text: &str, at: Place) -> Self {
        Self { value: Value::Text(text.to_owned()), at }
    }

    /// A table without entries.
    pub(super) fn empty_table(at: Place) -> Self {
        Self { value: Value::Table(Vec::new()), at }
    }

    fn of_table(table: &DeTable<'_>, at: Place, deeper: usize) -> Result<Self, (String, Place)> {
        let entries = table
            .iter()
            .map(|(key, value)| {
                let node = Self::inside(value.get_ref(), Place::new(at.text, value.span()), deeper)?;
                Ok(Entry { key: key.get_ref().to_string(), at: Place::new(at.text, key.span()), node })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { value: Value::Table(entries), at })
    }

    /// A value one level down.
    fn inside(value: &DeValue<'_>, at: Place, deeper: usize) -> Result<Self, (String, Place)> {
        match deeper.checked_sub(1) {
            Some(deeper) => Self::of_value(value, at, deeper),
            None => Err((format!("values are nested more than {DEEPEST} deep"), at)),
        }
    }

    fn of_value(value: &DeValue<'_>, at: Place, deeper: usize) -> Result<Self, (String, Place)> {
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(integer) => Value::Integer(integer),
                Err(_) => Value::Huge(number.as_str().to_owned()),
            },
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(float) => Value::Float(float),
                Err(_) => Value::Huge(number.as_str().to_owned()),
            },
            DeValue::Boolean(truth) => Value::Boolean(*truth),
            DeValue::Datetime(date) => Value::Date(*date),
            DeValue::Array(elements) => Value::List(
                elements
                    .iter()
                    .map(|element| {
                        Self::inside(element.get_ref(), Place::new(at.text, element.span()), deeper)
                    })
                    .collect::<Result<_, _>>()?,
            ),
            DeValue::Table(table) => return Self::of_table(table, at, deeper),
        };
        Ok(Self { value, at })
    }

    /// The entries of a table; none for anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a list; none for anything else.
    pub(super) fn elements(&self) -> &[Self] {
        match &self.value {
            Value::List(elements) => elements,
            _ => &[],
        }
    }

    /// The value of a key of a table.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn step(&self, step: &Step) -> Option<&Self> {
        match step {
            Step::Key(key) => self.get(key),
            Step::Index(index) => self.elements().get(*index),
        }
    }

    /// The value at the end of the way.
    pub(super) fn find(&self, way: &Way) -> Option<&Self> {
        way.0.iter().try_fold(self, Self::step)
    }

    /// Removes what is at the end of the way, if it is the value of a key. Whether there was one.
    pub(super) fn remove(&mut self, way: &Way) -> bool {
        let Some((Step::Key(key), above)) = way.0.split_last() else { return false };
        let Some(node) = above.iter().try_fold(self, Self::step_mut) else { return false };
        let Value::Table(entries) = &mut node.value else { return false };
        let before = entries.len();
        entries.retain(|entry| entry.key != *key);
        entries.len() < before
    }

    /// Puts another value in place of what is at the end of the way, if there is something.
    pub(super) fn replace(&mut self, way: &Way, value: Self) {
        if let Some(node) = way.0.iter().try_fold(self, Self::step_mut) {
            *node = value;
        }
    }

    /// Puts a plain value of the same type in place of what is at the end of the way. Whether there was something else.
    pub(super) fn make_harmless(&mut self, way: &Way) -> bool {
        let Some(node) = way.0.iter().try_fold(self, Self::step_mut) else { return false };
        match &mut node.value {
            Value::Integer(number) => std::mem::replace(number, 1) != 1,
            Value::Float(number) => std::mem::replace(number, 0.5).to_bits() != 0.5_f64.to_bits(),
            Value::Text(text) => std::mem::replace(text, "x".to_owned()) != "x",
            Value::List(elements) => {
                let before = elements.len();
                elements.truncate(1);
                elements.len() < before
            }
            Value::Huge(_) | Value::Boolean(_) | Value::Date(_) | Value::Table(_) => false,
        }
    }

    /// The value one step down, to change it.
    fn step_mut(&mut self, step: &Step) -> Option<&mut Self> {
        match (&mut self.value, step) {
            (Value::Table(entries), Step::Key(key)) => {
                entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.node)
            }
            (Value::List(elements), Step::Index(index)) => elements.get_mut(*index),
            _ => None,
        }
    }

    /// The way that a dotted path means from here: `explore.epsilon`, `items.2`. Keys may hold dots themselves.
    pub(super) fn dotted(&self, dotted: &str) -> Way {
        let mut way = Way::default();
        let (mut node, mut rest) = (Some(self), dotted);
        while !rest.is_empty() {
            let first = rest.split('.').next().unwrap_or(rest);
            let known = node.and_then(|node| {
                let keys = node.entries().iter().map(|entry| entry.key.as_str());
                keys.filter(|key| {
                    rest.strip_prefix(key).is_some_and(|after| after.is_empty() || after.starts_with('.'))
                })
                .max_by_key(|key| key.len())
            });
            let part = known.unwrap_or(first);
            let step = match (part.parse(), node.map(|node| &node.value)) {
                (Ok(index), Some(Value::List(_))) => Step::Index(index),
                _ => Step::Key(part.to_owned()),
            };
            node = node.and_then(|node| node.step(&step));
            way.0.push(step);
            rest = rest[part.len()..].trim_start_matches('.');
        }
        way
    }

    /// The value at the end of the way, or the last one on the way that exists.
    pub(super) fn deepest(&self, way: &Way) -> &Self {
        let mut node = self;
        for step in &way.0 {
            match node.step(step) {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// The same without positions.
    pub(super) fn plain(&self) -> toml::Value {
        match &self.value {
            Value::Text(text) | Value::Huge(text) => toml::Value::String(text.clone()),
            Value::Integer(integer) => toml::Value::Integer(*integer),
            Value::Float(float) => toml::Value::Float(*float),
            Value::Boolean(truth) => toml::Value::Boolean(*truth),
            Value::Date(date) => toml::Value::Datetime(*date),
            Value::List(elements) => toml::Value::Array(elements.iter().map(Self::plain).collect()),
            Value::Table(entries) => toml::Value::Table(
                entries.iter().map(|entry| (entry.key.clone(), entry.node.plain())).collect(),
            ),
        }
    }

    /// The value as a message shows it: short, on one line.
    pub(super) fn shown(&self) -> String {
        match &self.value {
            Value::Text(text) => quoted(text),
            Value::Integer(integer) => integer.to_string(),
            Value::Huge(digits) => shortened(digits),
            Value::Float(float) => format!("{float:?}"),
            Value::Boolean(truth) => truth.to_string(),
            Value::Date(date) => format!("the date {date}"),
            Value::List(elements) if elements.is_empty() => "an empty list".to_owned(),
            Value::List(elements) => format!("a list of {}", elements.len()),
            Value::Table(entries) if entries.is_empty() => "an empty table".to_owned(),
            Value::Table(_) => "a table".to_owned(),
        }
    }
}

/// Text in quotes, escaped and shortened.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn refusal(error: &toml::de::Error, text: &str, text_id: usize) -> (String, Place) {
    let span = error.span().unwrap_or(text.len()..text.len());
    (error.message().trim().replace('\n', ", "), Place::new(text_id, span))
}

#[cfg(test)]
mod tests;
