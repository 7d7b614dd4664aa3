//! Values that may be one of several things.

use serde_json::Value as Json;

use super::expected::expected;
use super::{Shape, text_fits};
use crate::scenario::nearest::nearest;
use crate::scenario::problem::Finding;
use crate::scenario::tree::{Node, Value, Way};

impl<'s> Shape<'s> {
    pub(super) fn alternatives(&mut self, whole: &'s Json, all: &[&'s Json], node: &mut Node, way: &Way) {
        match &node.value {
            Value::Text(text) => {
                let text = text.clone();
                self.text(whole, all, node, &text, way);
            }
            Value::Table(_) => match tag(all) {
                Some(tag) => self.tagged(tag, all, node, way),
                None => self.one_table(whole, all, node, way),
            },
            _ => match all.iter().find(|one| self.accepts(one, node)) {
                Some(one) => self.value(one, node, way),
                None => self.wrong_type(whole, node, way),
            },
        }
    }

    /// A text: one of the words, or free text.
    fn text(&mut self, whole: &'s Json, all: &[&'s Json], node: &Node, text: &str, way: &Way) {
        let texts = || all.iter().filter(|one| one["type"] == "string");
        if texts().any(|one| text_fits(one, text).is_ok()) {
            return;
        }
        let words = || texts().filter_map(|one| one["const"].as_str());
        let free = texts().find(|one| !one["const"].is_string());
        let finding = match free {
            Some(free) => {
                let finding = self.outside(whole, node, way);
                match text_fits(free, text) {
                    Err(hint) if !hint.is_empty() => finding.hint(hint),
                    _ => finding,
                }
            }
            None if words().next().is_none() => return self.wrong_type(whole, node, way),
            None => Finding::of(node, way, format!("`{}` has no such value", way.name()))
                .expected(expected(self, whole, None)),
        };
        self.broken(way, finding.nearest(nearest(text, words())));
    }

    /// A table whose kind is said by one of its keys.
    fn tagged(&mut self, tag: &'s str, all: &[&'s Json], node: &mut Node, way: &Way) {
        let kinds: Vec<&str> =
            all.iter().filter_map(|one| one["properties"][tag]["const"].as_str()).collect();
        let inside = way.key(tag);
        let listed = kinds.iter().map(|kind| format!("\"{kind}\"")).collect::<Vec<_>>().join(", ");
        let Some(kind) = node.get(tag) else {
            let finding = Finding::new(&node.at, &inside, format!("`{tag}` is missing"));
            // A key that is nearly the tag is the tag misspelt.
            let near = node.entries().iter().find(|entry| nearest(&entry.key, [tag]).is_some());
            let finding = match near {
                Some(near) => {
                    Finding::new(&near.at, &way.key(&near.key), format!("unknown key `{}`", near.key))
                        .expected(format!("`{tag}`"))
                        .nearest(Some(tag.to_owned()))
                }
                None => finding.expected(format!("one of {listed}")),
            };
            self.broken(way, finding);
            return;
        };
        if let Some(position) = kinds.iter().position(|known| Some(*known) == kind.text()) {
            return self.table(all[position], &[], node, way);
        }
        let finding = Finding::of(kind, &inside, format!("`{tag}` has no such value"))
            .expected(format!("one of {listed}"))
            .nearest(kind.text().and_then(|typed| nearest(typed, kinds)));
        self.broken(way, finding);
    }

    /// A table that is one of several without saying which: the one that knows most of its keys; of those, the last.
    fn one_table(&mut self, whole: &'s Json, all: &[&'s Json], node: &mut Node, way: &Way) {
        let tables: Vec<&'s Json> = all.iter().copied().filter(|one| self.accepts(one, node)).collect();
        let knows = |one: &&&'s Json| {
            let known = |key: &str| {
                let keys = one["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str());
                match nearest(key, keys) {
                    Some(near) if near == key => 2,
                    Some(_) => 1,
                    None => 0,
                }
            };
            node.entries().iter().map(|entry| known(&entry.key)).sum::<usize>()
        };
        match tables.iter().max_by_key(knows) {
            Some(one) if one["type"] == "object" => self.table(one, &tables, node, way),
            Some(one) => self.value(one, node, way),
            None => self.wrong_type(whole, node, way),
        }
    }

    /// Whether a value is of the schema's type.
    fn accepts(&self, schema: &'s Json, node: &Node) -> bool {
        if let Some(all) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            return all.iter().any(|one| self.accepts(self.target(one), node));
        }
        matches!(
            (schema["type"].as_str().unwrap_or_default(), &node.value),
            ("object", Value::Table(_))
                | ("array", Value::List(_))
                | ("string", Value::Text(_))
                | ("boolean", Value::Boolean(_))
                | ("integer" | "number", Value::Integer(_) | Value::Huge(_))
                | ("number", Value::Float(_))
        )
    }
}

/// The key that says which of several tables is meant.
fn tag<'s>(all: &[&'s Json]) -> Option<&'s str> {
    let first = all.first()?["properties"].as_object()?;
    let constant = |schema: &Json, key: &str| schema["properties"][key]["const"].is_string();
    first.keys().find(|key| all.iter().all(|one| constant(one, key))).map(String::as_str)
}
