//! Values given on the command line, `--set population.0.size=200`, or by a suite.

use std::path::PathBuf;

use super::reader::Reader;
use crate::scenario::problem::Finding;
use crate::scenario::tree::{Entry, Node, Place, Value, Way, quoted};

/// The most steps of a way on the command line; no scenario has nearly as many.
const LONGEST: usize = 32;

/// Who gives the values.
#[derive(Debug)]
pub(super) struct Giver {
    /// How messages begin that name a value.
    pub(super) label: String,
    /// The absolute folder from which relative paths among them start.
    pub(super) folder: PathBuf,
}

/// Puts a value into the document in place of what was there. Tables on the way are made where there are none.
pub(super) fn apply(root: &mut Node, set: &str, giver: &Giver, reader: &mut Reader<'_>) {
    let label = format!("{} {set}", giver.label);
    let Some((key, value)) = set.split_once('=') else {
        let at = Place::new(reader.texts.add_argument(label, set, &giver.folder), 0..set.len());
        let finding = Finding::new(&at, &Way::default(), format!("{} sets nothing", quoted(set)));
        reader.report(finding.expected("a key, \"=\" and a value, such as `population.0.size=200`"));
        return;
    };
    let text = reader.texts.add_argument(label, value, &giver.folder);
    let at = Place::new(text, 0..value.len());
    // What is not a value of TOML is meant as text.
    let node = Node::single(value, text).unwrap_or_else(|_| Node::of_text(value, at.clone()));
    let parts: Vec<&str> = key.trim().split('.').map(str::trim).collect();
    if parts.len() > LONGEST || parts.iter().any(|part| part.is_empty()) {
        let finding = Finding::new(&at, &Way::default(), format!("{} is not a key", quoted(key)));
        reader.report(finding.expected("keys and positions between dots, such as `population.0.size`"));
        return;
    }
    if let Err(finding) = put(root, &parts, node, &at) {
        reader.report(*finding);
    }
}

fn put(root: &mut Node, parts: &[&str], value: Node, at: &Place) -> Result<(), Box<Finding>> {
    let mut way = Way::default();
    let mut node = root;
    for (part, next) in parts.iter().zip(parts.iter().skip(1).map(Some).chain([None])) {
        // A table can be made here, but not a list, of which there would have to be an element already.
        let position = next.is_some_and(|next| next.parse::<usize>().is_ok());
        if position && matches!(node.value, Value::Table(_)) && node.get(part).is_none() {
            let way = way.key(part);
            let finding = Finding::new(at, &way, format!("there is no list `{way}`"));
            return Err(Box::new(finding.expected("a list of the scenario before a position")));
        }
        (way, node) = down(node, part, &way, at)?;
    }
    *node = value;
    Ok(())
}

/// One step down: to a position in a list, or to a key of a table, which is made if the table lacks it.
fn down<'n>(
    node: &'n mut Node,
    part: &str,
    way: &Way,
    at: &Place,
) -> Result<(Way, &'n mut Node), Box<Finding>> {
    let shown = node.shown();
    let finding = match &mut node.value {
        Value::Table(entries) => {
            let position = entries.iter().position(|entry| entry.key == part).unwrap_or_else(|| {
                entries.push(Entry {
                    key: part.to_owned(),
                    at: at.clone(),
                    node: Node::empty_table(at.clone()),
                });
                entries.len() - 1
            });
            return Ok((way.key(part), &mut entries[position].node));
        }
        Value::List(elements) => {
            let count = elements.len();
            let element = part.parse().ok().and_then(|index: usize| Some((index, elements.get_mut(index)?)));
            if let Some((index, element)) = element {
                return Ok((way.index(index), element));
            }
            let finding = Finding::new(at, way, format!("`{way}` has no element {}", quoted(part)));
            match count {
                0 => finding.expected("no key inside: the list is empty"),
                1 => finding.expected("0, the position of its only element"),
                _ => finding.expected(format!("a position from 0 to {}", count - 1)),
            }
        }
        _ => Finding::new(at, way, format!("`{way}` has nothing inside"))
            .found(shown)
            .expected(format!("a key that ends at `{way}`")),
    };
    Err(Box::new(finding))
}
