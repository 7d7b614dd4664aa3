//! Key and value pairs of a GGUF header.

use std::collections::BTreeMap;

/// A value; flags are 0 or 1, all numbers 64-bit floats.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Number(f64),
    Text(String),
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

/// All pairs of a file.
#[derive(Debug, Default)]
pub(super) struct Metadata(pub(super) BTreeMap<String, Item>);

impl Metadata {
    /// A number, or the first of several that are all equal (per-layer lists).
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        match self.0.get(key)? {
            Item::Number(number) => Some(*number),
            Item::Numbers(numbers) => {
                let first = numbers.first()?;
                numbers.iter().all(|number| number.to_bits() == first.to_bits()).then_some(*first)
            }
            _ => None,
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.0.get(key)? {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn texts(&self, key: &str) -> Option<&[String]> {
        match self.0.get(key)? {
            Item::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    pub(super) fn numbers(&self, key: &str) -> Option<&[f64]> {
        match self.0.get(key)? {
            Item::Numbers(numbers) => Some(numbers),
            _ => None,
        }
    }
}
