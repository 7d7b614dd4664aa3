//! From what was typed to what it means.
//!
//! The order of things: the file is read into a tree that knows its lines; values from the command line are put into
//! it; the tree is compared with the schema ([`super::shape`]); what fits is read section by section, and each section
//! checks what a schema cannot say. Nothing stops at the first mistake: a section that cannot be read is left out, and
//! what others need of it is not checked.

mod arms;
mod catalogue;
mod document;
mod interventions;
mod people;
mod policy;
mod reader;
mod run;
mod sets;
mod slate;
mod suite;

use std::io;
use std::path::Path;

pub use document::TomlDocument;
use interventions::Frame;
pub use policy::resolve_policy;
use reader::{Document, Reader, reason, unique_names};
use sets::Giver;
pub use suite::resolve_suite;

use super::problem::{Finding, Problems};
use super::resolved::Scenario;
use super::sources::Sources;
use super::texts::normalised;
use super::tree::{Node, Place, Way};

/// What was typed: a scenario file and the command line.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a> {
    /// The scenario file, absolute or from the working directory.
    pub file: &'a Path,
    /// Values that go before those of the file, each `key.path=value`: keys and, for lists, positions from 0, between
    /// dots (`population.0.size=200`). A value that is not one of TOML is text (`window=turn`). Later ones go before
    /// earlier ones. Paths among them start from the working directory.
    pub sets: &'a [String],
    /// The seed, before the one of the file.
    pub seed: Option<u64>,
    /// The data set's folder, before the one of the file, absolute or from the working directory.
    pub data: Option<&'a Path>,
}

/// Reads a scenario and everything it names, checks all of it, and says what it means.
///
/// ```
/// use std::path::Path;
///
/// use habitue_core::scenario::{MemorySources, Typed, resolve};
///
/// let sources = MemorySources::new().with(
///     "/town.toml",
///     r#"
///     [catalogue]
///     generate = { items = 500 }
///     [[population]]
///     name = "casual"
///     size = 100
///     personas = {}
///     [[arm]]
///     name = "random"
///     policy = { kind = "random" }
///     "#,
/// );
/// let sets = ["horizon=3d".to_owned(), "arm.0.policy.kind=randum".to_owned()];
/// let typed = Typed { file: Path::new("town.toml"), sets: &sets[..1], seed: Some(7), data: None };
/// let scenario = resolve(&typed, &sources)?;
/// assert_eq!((scenario.name.as_str(), scenario.seed, scenario.horizon.days()), ("town", 7, 3.0));
///
/// let problems = resolve(&Typed { sets: &sets, ..typed }, &sources).unwrap_err();
/// assert_eq!(problems.problems[0].nearest.as_deref(), Some("random"));
/// # Ok::<(), habitue_core::scenario::Problems>(())
/// ```
///
/// # Errors
/// All problems found, not only the first.
pub fn resolve(typed: &Typed<'_>, sources: &dyn Sources) -> Result<Scenario, Problems> {
    let giver = Giver { label: "--set".to_owned(), folder: sources.working_directory() };
    resolve_with(typed, &giver, sources)
}

/// The same with values that somebody else than the command line gives.
fn resolve_with(typed: &Typed<'_>, giver: &Giver, sources: &dyn Sources) -> Result<Scenario, Problems> {
    let mut reader = Reader::new(sources);
    let scenario =
        read(typed, giver, &mut reader).and_then(|document| scenario(typed, &document, &mut reader));
    if let Some(scenario) = scenario.filter(|_| reader.findings.is_empty()) {
        return Ok(scenario);
    }
    if reader.findings.is_empty() {
        // Whoever gives up has reported why; should that be forgotten somewhere, there is still an answer.
        let message = "the scenario cannot be resolved, and why is not known: this is a mistake of Habitué";
        reader.report(Finding::new(&Place::new(0, 0..0), &Way::default(), message));
    }
    Err(Problems::new(reader.findings, reader.texts))
}

/// The scenario's document, with the given values in it, compared with the schema.
fn read(typed: &Typed<'_>, giver: &Giver, reader: &mut Reader<'_>) -> Option<Document> {
    let mut root = typed_file(typed.file, "scenario", reader)?;
    for set in typed.sets {
        sets::apply(&mut root, set, giver, reader);
    }
    people::calibrations(&mut root, reader);
    Some(reader.scenario(root))
}

/// The document of a file that was named on the command line.
fn typed_file(file: &Path, what: &str, reader: &mut Reader<'_>) -> Option<Node> {
    let absolute = normalised(&reader.sources.working_directory().join(file));
    let refused = |reader: &mut Reader<'_>, message: String, absent: bool| {
        let label = file.display().to_string();
        let text = reader.texts.add_argument(label.clone(), &label, &reader.sources.working_directory());
        let finding = Finding::new(&Place::new(text, 0..label.len()), &Way::default(), message);
        let near = if absent { reader.near_file(finding, file, &absolute) } else { finding };
        reader.report(near);
    };
    if absolute.to_str().is_none() {
        refused(reader, format!("the {what}'s path is not Unicode"), false);
        return None;
    }
    let content = match reader.sources.read(&absolute) {
        Ok(content) => content,
        Err(error) => {
            let absent = error.kind() == io::ErrorKind::NotFound;
            refused(reader, format!("the {what} cannot be read: {}", reason(&error)), absent);
            return None;
        }
    };
    let text = reader.texts.add_file(file, &absolute, &content);
    match Node::document(&content, text) {
        Ok(root) => Some(root),
        Err((message, at)) => {
            reader.report(Finding::new(&at, &Way::default(), message));
            None
        }
    }
}

/// The meaning of a document; `None` only if something has been reported.
fn scenario(typed: &Typed<'_>, document: &Document, reader: &mut Reader<'_>) -> Option<Scenario> {
    unique_names(reader, document, "population");
    unique_names(reader, document, "arm");
    let name = run::name(reader, document, typed.file);
    let seed = reader.optional(document, &Way::to("seed"));
    let horizon = run::horizon(reader, document);
    let window = run::window(reader, document, horizon);
    let data = typed.data.map(|folder| catalogue::data(reader, folder));
    let catalogue = catalogue::source(reader, document, data.as_ref());
    let populations = people::populations(reader, document);
    let graph = people::graph(reader, document);
    let slate = slate::options(reader, document);
    let scale = slate.as_ref().map(|slate| &slate.scale);
    let reward = slate::reward(reader, document, slate.as_ref());
    let arms = arms::arms(reader, document, scale);
    let interventions = interventions::all(reader, document, Frame { horizon, window, scale });
    let log = run::log(reader, document);
    let checkpoints = run::checkpoints(reader, document);
    let design = run::design(reader, document);
    Some(Scenario {
        name: name?,
        seed: typed.seed.unwrap_or(seed?.unwrap_or_default()),
        horizon: horizon?,
        window: window?,
        catalogue: catalogue?,
        populations: populations?,
        slate: slate?,
        arms: arms?,
        design: design?,
        reward: reward?,
        graph: graph?,
        interventions: interventions?,
        log: log?,
        checkpoints: checkpoints?,
    })
}
