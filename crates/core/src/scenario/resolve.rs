//! From what was typed to what it means.

use std::path::Path;

use super::problem::{Finding, Problems};
use super::resolved::Scenario;
use super::sources::Sources;
use super::texts::Texts;
use super::tree::{Node, Path as Way, Place};

/// What was typed: a scenario file and the command line.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a> {
    /// The scenario file, absolute or from the working directory.
    pub file: &'a Path,
    /// Values that go before those of the file, each `key.path=value` (`population.0.size=200`).
    pub sets: &'a [String],
    /// The seed, before the one of the file.
    pub seed: Option<u64>,
    /// The data set's folder, before the one of the file.
    pub data: Option<&'a Path>,
}

/// Reads a scenario and everything it names, checks all of it, and says what it means.
///
/// # Errors
/// All problems found, not only the first.
pub fn resolve(typed: &Typed<'_>, sources: &dyn Sources) -> Result<Scenario, Problems> {
    let mut texts = Texts::default();
    let absolute = sources.working_directory().join(typed.file);
    let content = sources.read(&absolute).unwrap_or_default();
    let text = texts.add_file(typed.file, &absolute, &content);
    let finding = match Node::document(&content, text) {
        Err((message, at)) => Finding::new(&at, &Way::default(), message),
        Ok(_) => Finding::new(&Place::new(text, 0..0), &Way::default(), "resolution is being written"),
    };
    Err(Problems::new(vec![finding], texts))
}
