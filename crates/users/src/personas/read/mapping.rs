//! What the columns of a CSV file of personas mean.

use std::collections::BTreeMap;
use std::path::Path;

use habitue_core::{Catalogue, CategoryId, DataError, DataErrorKind};

use super::Problem;
use super::document::{Node, Value};
use super::fields::Fields;
use super::record::category;
use super::text;

/// Fields of a persona that a column can hold.
pub(super) const COLUMNS: [&str; 13] = [
    "key",
    "name",
    "age",
    "gender",
    "occupation",
    "traits",
    "interests",
    "dislikes",
    "text",
    "activity",
    "patience",
    "diversity",
    "conformity",
];

/// A mapping file, read.
#[derive(Debug)]
pub(super) struct Mapping {
    /// Between columns.
    pub(super) delimiter: u8,
    /// Between entries of a list.
    pub(super) separator: String,
    /// Before every key.
    pub(super) key_prefix: String,
    /// Whether interests and dislikes that are no category are left out.
    pub(super) drop_unknown: bool,
    /// Column names by field, with the line of the mapping.
    pub(super) columns: BTreeMap<String, (u64, String)>,
    /// Categories by the other name they go by.
    pub(super) rename: BTreeMap<String, CategoryId>,
}

impl Mapping {
    pub(super) fn read(path: &Path, tabs: bool, catalogue: &Catalogue) -> Result<Self, Problem> {
        let text = text::read(path)?;
        let document = Node::from_toml(path, &text)?;
        let known = ["delimiter", "separator", "key_prefix", "unknown_interests", "columns", "rename"];
        let fields = Fields::new(path, &document, "", &known)?;
        let separator = match fields.get("separator") {
            None => ";".to_owned(),
            Some(_) => fields.required("separator")?,
        };
        Ok(Self {
            delimiter: delimiter(&fields, tabs)?,
            separator,
            key_prefix: fields.text("key_prefix")?,
            drop_unknown: drop_unknown(&fields)?,
            columns: columns(path, &fields)?,
            rename: rename(path, &fields, catalogue)?,
        })
    }
}

fn delimiter(fields: &Fields<'_>, tabs: bool) -> Result<u8, Problem> {
    let Some(node) = fields.get("delimiter") else { return Ok(if tabs { b'\t' } else { b',' }) };
    match fields.text("delimiter")?.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err(fields.wrong(
            DataErrorKind::Range,
            "delimiter",
            node,
            "one ASCII character such as \",\" or \"|\"",
        )),
    }
}

fn drop_unknown(fields: &Fields<'_>) -> Result<bool, Problem> {
    let Some(node) = fields.get("unknown_interests") else { return Ok(false) };
    match fields.text("unknown_interests")?.as_str() {
        "error" => Ok(false),
        "drop" => Ok(true),
        _ => {
            Err(fields.wrong(DataErrorKind::UnknownName, "unknown_interests", node, "\"error\" or \"drop\""))
        }
    }
}

fn columns(path: &Path, fields: &Fields<'_>) -> Result<BTreeMap<String, (u64, String)>, Problem> {
    let Some(node) = fields.get("columns") else {
        return Err(fields.missing("columns", "a table of column names"));
    };
    let columns = Fields::new(path, node, "columns.", &COLUMNS)?;
    for required in ["key", "interests"] {
        columns.required(required)?;
    }
    COLUMNS
        .iter()
        .filter_map(|field| columns.get(field).map(|node| (field, node.line)))
        .map(|(field, line)| Ok(((*field).to_owned(), (line, columns.required(field)?))))
        .collect()
}

fn rename(
    path: &Path,
    fields: &Fields<'_>,
    catalogue: &Catalogue,
) -> Result<BTreeMap<String, CategoryId>, Problem> {
    let Some(node) = fields.get("rename") else { return Ok(BTreeMap::new()) };
    let Value::Table(entries) = &node.value else {
        return Err(fields.wrong(DataErrorKind::Type, "rename", node, "a table of category names"));
    };
    entries
        .iter()
        .map(|(name, node)| match &node.value {
            Value::Text(target) => {
                let category = category(path, node.line, &format!("rename.{name}"), target, catalogue)?;
                Ok((name.clone(), category))
            }
            other => {
                let problem = DataError::new(DataErrorKind::Type, path, "the name of a category");
                Err(problem.at(node.line).field(format!("rename.{name}")).value(other).into())
            }
        })
        .collect()
}
