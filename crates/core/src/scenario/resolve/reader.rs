//! Reading what is named, and keeping what is wrong with it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use serde_path_to_error::Segment;

use crate::scenario::problem::{FieldProblem, Finding};
use crate::scenario::shape::Shape;
use crate::scenario::sources::Sources;
use crate::scenario::texts::Texts;
use crate::scenario::tree::{Node, Step, Value, Way};
use crate::scenario::{nearest, schema};

static SCHEMA: LazyLock<Json> = LazyLock::new(schema);

/// A document that has been compared with the schema.
#[derive(Debug)]
pub(super) struct Document {
    /// What it says, without unknown keys.
    pub(super) root: Node,
    /// What in it cannot be read.
    broken: Vec<Way>,
}

impl Document {
    /// The value at the end of the way.
    pub(super) fn get(&self, way: &Way) -> Option<&Node> {
        self.root.find(way)
    }

    /// Whether something at the way, inside it, or around it has been reported and cannot be read.
    pub(super) fn is_broken(&self, way: &Way) -> bool {
        self.broken.iter().any(|broken| broken.is_within(way) || way.is_within(broken))
    }
}

/// Reads files and values; keeps the texts and the findings.
pub(super) struct Reader<'a> {
    pub(super) sources: &'a dyn Sources,
    pub(super) texts: Texts,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: &'a dyn Sources) -> Self {
        Self { sources, texts: Texts::default(), findings: Vec::new() }
    }

    pub(super) fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Compares a scenario with the schema.
    pub(super) fn scenario(&mut self, mut root: Node) -> Document {
        let mut shape = Shape::new(&SCHEMA);
        shape.scenario(&mut root);
        self.compared(root, shape)
    }

    /// Compares a document with one of the schema's definitions.
    pub(super) fn definition(&mut self, name: &str, mut root: Node) -> Document {
        let mut shape = Shape::new(&SCHEMA);
        shape.definition(name, &mut root);
        self.compared(root, shape)
    }

    pub(super) fn compared(&mut self, root: Node, shape: Shape<'_>) -> Document {
        self.findings.extend(shape.findings);
        Document { root, broken: shape.broken }
    }

    /// The value at the end of the way: `None` if it cannot be read, which has been reported, `Some(None)` if it is
    /// absent.
    #[allow(clippy::option_option, reason = "unreadable and absent are different")]
    pub(super) fn optional<T: DeserializeOwned>(
        &mut self,
        document: &Document,
        way: &Way,
    ) -> Option<Option<T>> {
        if document.is_broken(way) {
            return None;
        }
        match document.get(way) {
            None => Some(None),
            Some(node) => self.typed(node, way).map(Some),
        }
    }

    /// The value at the end of the way; `None` if it is absent or cannot be read, which has been reported.
    pub(super) fn required<T: DeserializeOwned>(&mut self, document: &Document, way: &Way) -> Option<T> {
        self.optional(document, way).flatten()
    }

    /// The value of a table whose keys all have defaults.
    pub(super) fn defaulted<T: DeserializeOwned + Default>(
        &mut self,
        document: &Document,
        way: &Way,
    ) -> Option<T> {
        self.optional(document, way).map(Option::unwrap_or_default)
    }

    fn typed<T: DeserializeOwned>(&mut self, node: &Node, way: &Way) -> Option<T> {
        match serde_path_to_error::deserialize(node.plain()) {
            Ok(value) => Some(value),
            Err(error) => {
                // What the schema cannot say.
                let inside = steps(error.path());
                let message = error.inner().to_string().trim().replace('\n', ", ");
                let at = &node.deepest(&inside).at;
                let way = way.join(&inside);
                self.report(Finding::new(at, &way, format!("`{}` cannot be read: {message}", way.name())));
                None
            }
        }
    }

    /// The value at the end of the way if it passes its own check. Every refused field is reported: each in turn is
    /// left out to see what else is wrong. So are those that the schema has refused.
    pub(super) fn checked<T: DeserializeOwned>(
        &mut self,
        document: &Document,
        way: &Way,
        check: impl Fn(&T) -> Result<(), FieldProblem>,
    ) -> Option<T> {
        let node = document.get(way)?;
        let mut rest = node.clone();
        let mut reported = document.is_broken(way);
        if reported {
            for inside in document.broken.iter().filter(|broken| broken.is_within(way)) {
                leave_out::<T>(&mut rest, &Way(inside.0[way.0.len()..].to_vec()));
            }
        } else {
            let value: T = self.typed(node, way)?;
            if check(&value).is_ok() {
                return Some(value);
            }
        }
        let mut refused = BTreeSet::new();
        while let Some(problem) = read::<T>(&rest).and_then(|value| check(&value).err()) {
            let field = rest.dotted(&problem.field);
            // A default is only refused in the company of what was typed, and that has been reported.
            if reported && rest.find(&field).is_none() || !refused.insert(problem.field.clone()) {
                break;
            }
            self.field(node, way, &problem);
            reported = true;
            leave_out::<T>(&mut rest, &field);
        }
        None
    }

    /// Reports a field of a table that the table's own check refused.
    pub(super) fn field(&mut self, table: &Node, way: &Way, problem: &FieldProblem) {
        let field = table.dotted(&problem.field);
        let inside = way.join(&field);
        let node = table.deepest(&field);
        let shown = match (&node.value, table.find(&field)) {
            (Value::List(_) | Value::Table(_), _) | (_, None) => problem.value.clone(),
            _ => node.shown(),
        };
        let message = format!("`{}` is not valid", inside.name());
        self.report(Finding::new(&node.at, &inside, message).found(shown).expected(&problem.expected));
    }

    /// A TOML file named by a text: its document, or nothing, which has been reported.
    pub(super) fn open(&mut self, node: &Node, way: &Way, what: &str) -> Option<Node> {
        let typed = node.text()?;
        let (absolute, label) = self.texts.locate(node.at.text, typed);
        self.existing(node, way, what)?;
        let content = match self.sources.read(&absolute) {
            Ok(content) => content,
            Err(error) => {
                let finding =
                    Finding::of(node, way, format!("the {what} cannot be read: {}", reason(&error)));
                self.report(finding.expected("a TOML file in UTF-8"));
                return None;
            }
        };
        let text = self.texts.add_file(&label, &absolute, &content);
        match Node::document(&content, text) {
            Ok(root) => Some(root),
            Err((message, at)) => {
                let finding = Finding::new(&at, &Way::default(), message);
                self.report(finding.hint(format!("it is read as the {what} that `{way}` names")));
                None
            }
        }
    }

    /// The absolute path of a file or folder named by a text, if there is one; otherwise that is reported.
    pub(super) fn existing(&mut self, node: &Node, way: &Way, what: &str) -> Option<PathBuf> {
        let typed = node.text()?;
        if typed.is_empty() {
            let finding = Finding::of(node, way, format!("`{}` is empty", way.name()));
            self.report(finding.expected(format!("the path of the {what}")));
            return None;
        }
        let (absolute, _) = self.texts.locate(node.at.text, typed);
        if self.sources.exists(&absolute) {
            return Some(absolute);
        }
        let finding = Finding::of(node, way, format!("the {what} does not exist"));
        let finding = self.near_file(finding, Path::new(typed), &absolute);
        self.report(finding);
        None
    }

    /// Adds the name most like that of a missing file to what is said of it.
    pub(super) fn near_file(&self, finding: Finding, typed: &Path, absolute: &Path) -> Finding {
        let (Some(name), Some(folder)) = (absolute.file_name(), absolute.parent()) else { return finding };
        if !self.sources.exists(folder) {
            return finding.hint(format!("there is no folder {}", folder.display()));
        }
        let finding = finding.hint(format!("looked for {}", absolute.display()));
        let entries = self.sources.entries(folder);
        let near = nearest(&name.to_string_lossy(), entries.iter().map(String::as_str));
        finding.nearest(near.map(|near| typed.with_file_name(near).to_string_lossy().into_owned()))
    }

    /// The name most like the one typed, as a finding takes it.
    pub(super) fn near<'n>(node: &Node, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
        node.text().and_then(|typed| nearest(typed, names))
    }
}

fn read<T: DeserializeOwned>(node: &Node) -> Option<T> {
    node.plain().try_into().ok()
}

/// Removes a field from a table, or makes it harmless where the table cannot be read without it.
fn leave_out<T: DeserializeOwned>(table: &mut Node, field: &Way) {
    let field = field.up_to_list();
    let mut without = table.clone();
    if without.remove(&field) && read::<T>(&without).is_some() {
        *table = without;
    } else if !table.make_harmless(&field) {
        // A value of another type: whether the rest can be read without it shows when all of them are gone.
        table.remove(&field);
    }
}

/// The way to what serde could not read.
fn steps(path: &serde_path_to_error::Path) -> Way {
    let steps = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    Way(steps.collect())
}

/// Why a file cannot be read, without what differs between systems.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

/// The ways to the elements of a list.
pub(super) fn elements(document: &Document, way: &Way) -> Vec<Way> {
    let count = document.get(way).map_or(0, |list| list.elements().len());
    (0..count).map(|index| way.index(index)).collect()
}

/// The names under which the tables of a list go, as far as they have one.
pub(super) fn names<'d>(document: &'d Document, list: &str) -> Vec<(Way, &'d Node)> {
    let way = Way::to(list);
    let all = elements(document, &way).into_iter().map(|way| way.key("name"));
    all.filter_map(|way| document.get(&way).filter(|node| node.text().is_some()).map(|node| (way, node)))
        .collect()
}

/// Reports names that stand twice in a list.
pub(super) fn unique_names(reader: &mut Reader<'_>, document: &Document, list: &str) {
    let names = names(document, list);
    let mut before = BTreeSet::new();
    for (way, name) in &names {
        if !before.insert(name.text()) {
            let finding = Finding::of(name, way, format!("another `[[{list}]]` has the same name"));
            reader.report(finding.expected(format!("a name that no other `[[{list}]]` has")));
        }
    }
}
