//! Personas read from a file.

mod document;
mod fields;
mod mapping;
mod recagent;
mod record;
mod table;
mod text;

use std::collections::BTreeMap;
use std::path::Path;

use habitue_core::{Catalogue, DataError, DataErrorKind, Persona};

use self::document::{Node, Value};

/// A problem in a file, boxed because results are passed by the million and problems once.
type Problem = Box<DataError>;

/// What a file of personas holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The personas, in the order of the file.
    pub personas: Vec<Persona>,
    /// Interests that are no category of the catalogue and were left out of the personas' interests, by name; empty
    /// unless the file is `RecAgent`'s.
    pub unmatched: Vec<Unmatched>,
}

/// An interest that is no category of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The interest, as the file has it.
    pub interest: String,
    /// How many people have it.
    pub people: u32,
}

impl From<Vec<Persona>> for Found {
    fn from(personas: Vec<Persona>) -> Self {
        Self { personas, unmatched: Vec::new() }
    }
}

/// Reads personas: from a TOML file with `[[persona]]` tables, a JSONL file (`.jsonl`, `.ndjson`) with one persona a line,
/// or a CSV file (`.csv`, `.tsv`) with a mapping file that says which column is what.
///
/// With a `limit`, the first so many; the rest of the file is not looked at.
///
/// A persona of a TOML or JSONL file has these fields, of which `key` and `interests` are required:
///
/// ```toml
/// [[persona]]
/// key        = "ada"                                # unique in the file
/// name       = "Ada"
/// age        = 36
/// gender     = "female"
/// occupation = "engineer"
/// traits     = ["curious"]
/// interests  = { science = 3, music = 1 }           # or ["science", "music"], all alike
/// dislikes   = ["sport"]
/// habits     = { activity = 0.8, patience = 0.4, diversity = 0.5, conformity = 0.2 } # 0 to 1
/// text       = "Writes programs for machines that do not exist."
/// history    = [{ item = "v-17", ago = "3d", rating = 4 }] # before the run
/// ```
///
/// A mapping of a CSV file:
///
/// ```toml
/// delimiter         = ","      # between columns; a comma if absent, a tab in .tsv files
/// separator         = ";"      # between the entries of traits, interests and dislikes
/// key_prefix        = "user-"
/// unknown_interests = "error"  # or "drop": what to do with interests and dislikes that are no category
///
/// [columns]                    # `key` and `interests` are required
/// key       = "id"
/// interests = "likes"          # entries "music" or, with a weight, "music:3"; repeated entries add up
///
/// [rename]                     # entries of interests and dislikes that are categories by another name
/// "sci-fi movies" = "Sci-Fi"
/// ```
///
/// `RecAgent`'s file of invented users (`user_1000.csv`; columns `id`, `name`, `gender`, `age`, `traits`, `status`,
/// `interest`, `feature`) needs no mapping. The id is the key, as in `RecAgent`'s file of relationships; features become
/// sentences of the text; habits are average. Interests are matched with categories without regard to case, signs and
/// the words "movies" and "films"; those that are none stand in the text and are counted in [`Found::unmatched`]. Who has
/// no other likes all categories alike.
///
/// The other columns of a mapping are `name`, `age`, `gender`, `occupation`, `traits`, `dislikes`, `text`, `activity`, `patience`,
/// `diversity` and `conformity`. An empty cell is an absent field. A persona of whose interests none is left after
/// dropping is an error.
///
/// # Errors
/// File, line, field and value of the first mistake, with what was expected and the nearest valid name.
pub fn read(
    path: &Path,
    mapping: Option<&Path>,
    limit: Option<u32>,
    catalogue: &Catalogue,
) -> Result<Found, Box<DataError>> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let found = match (&*extension, mapping) {
        ("toml" | "jsonl" | "ndjson", Some(mapping)) => {
            return Err(DataError::new(
                DataErrorKind::Contradiction,
                path,
                "no mapping: only CSV files have one",
            )
            .field("mapping")
            .value(mapping.display())
            .into());
        }
        ("csv" | "tsv", None) => unmapped(path, limit, catalogue)?,
        ("toml", None) => from_toml(path, limit, catalogue)?.into(),
        ("jsonl" | "ndjson", None) => from_jsonl(path, limit, catalogue)?.into(),
        ("csv" | "tsv", Some(mapping)) => {
            table::read(path, mapping, extension == "tsv", limit, catalogue)?.into()
        }
        _ => {
            let expected = "a file of personas: .toml, .jsonl, .ndjson, .csv or .tsv";
            return Err(DataError::new(DataErrorKind::UnknownName, path, expected)
                .field("extension")
                .value(extension)
                .into());
        }
    };
    if found.personas.is_empty() {
        return Err(DataError::new(DataErrorKind::Empty, path, "at least one persona").into());
    }
    match limit {
        Some(limit) if found.personas.len() < limit as usize => {
            let expected = format!("at least {limit} personas, the size asked for");
            let problem = DataError::new(DataErrorKind::Range, path, expected);
            Err(problem.field("number of personas").value(found.personas.len()).into())
        }
        _ => Ok(found),
    }
}

/// A CSV file without a mapping: `RecAgent`'s, or none that can be read.
fn unmapped(path: &Path, limit: Option<u32>, catalogue: &Catalogue) -> Result<Found, Problem> {
    let text = text::read(path)?;
    let header = csv::Reader::from_reader(text.as_bytes()).headers().cloned().unwrap_or_default();
    if recagent::is_header(&header) {
        return recagent::read(path, &text, limit, catalogue);
    }
    let expected =
        "a mapping, a TOML file that says which column is what; only RecAgent's file of users needs none";
    Err(DataError::new(DataErrorKind::MissingFile, path, expected).field("mapping").into())
}

fn from_toml(path: &Path, limit: Option<u32>, catalogue: &Catalogue) -> Result<Vec<Persona>, Problem> {
    let text = text::read(path)?;
    let document = Node::from_toml(path, &text)?;
    let top = fields::Fields::new(path, &document, "", &["persona"])?;
    let Some(list) = top.get("persona") else {
        return Err(DataError::new(DataErrorKind::Empty, path, "[[persona]] tables").into());
    };
    let Value::List(personas) = &list.value else {
        return Err(top.wrong(DataErrorKind::Type, "persona", list, "[[persona]] tables"));
    };
    let mut keys = Keys::default();
    personas
        .iter()
        .take(limit.map_or(usize::MAX, |limit| limit as usize))
        .map(|node| {
            let persona = record::persona(path, node, catalogue)?;
            keys.add(path, &persona.key, node.line)?;
            Ok(persona)
        })
        .collect()
}

fn from_jsonl(path: &Path, limit: Option<u32>, catalogue: &Catalogue) -> Result<Vec<Persona>, Problem> {
    let text = text::read(path)?;
    let mut keys = Keys::default();
    (1..)
        .zip(text.lines())
        .filter(|(_, json)| !json.trim().is_empty())
        .take(limit.map_or(usize::MAX, |limit| limit as usize))
        .map(|(line, json)| {
            let node = Node::from_json(path, line, json)?;
            let persona = record::persona(path, &node, catalogue)?;
            keys.add(path, &persona.key, line)?;
            Ok(persona)
        })
        .collect()
}

/// The keys so far, with their lines.
#[derive(Debug, Default)]
struct Keys(BTreeMap<String, u64>);

impl Keys {
    fn add(&mut self, file: &Path, key: &str, line: u64) -> Result<(), Problem> {
        match self.0.insert(key.to_owned(), line) {
            None => Ok(()),
            Some(first) => {
                let expected = format!("a key that no other persona has; line {first} has it");
                let problem = DataError::new(DataErrorKind::Duplicate, file, expected);
                Err(problem.at(line).field("key").value(key).into())
            }
        }
    }
}
