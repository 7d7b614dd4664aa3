//! Who lives in the run, and who hears whom.

use std::path::Path;

use super::catalogue::names_a_dataset;
use super::reader::{Document, Reader, elements, reason};
use crate::scenario::choice::ChoiceConfig;
use crate::scenario::file::{GraphFile, ModelName, PersonasRef, PopulationFile, SocialFile};
use crate::scenario::llm::{BUILT_IN_MODELS, BUILT_IN_TEMPLATES, LlmConfig};
use crate::scenario::nearest;
use crate::scenario::persona::PersonaSpec;
use crate::scenario::problem::Finding;
use crate::scenario::resolved::{
    GraphSource, LlmUsersConfig, ModelConfig, ModelFile, PersonaSource, Population, TemplateSource,
    TemplateText,
};
use crate::scenario::tree::{Node, Value, Way};

/// The columns of `RecAgent`'s file of invented users.
const RECAGENT: [&str; 8] = ["id", "name", "gender", "age", "traits", "status", "interest", "feature"];

pub(super) fn populations(reader: &mut Reader<'_>, document: &Document) -> Option<Vec<Population>> {
    let way = Way::to("population");
    let ways = elements(document, &way);
    let all: Vec<_> = ways.iter().map(|way| population(reader, document, way)).collect();
    too_many_users(reader, document, &ways);
    if document.is_broken(&way) {
        return None;
    }
    all.into_iter().collect()
}

fn population(reader: &mut Reader<'_>, document: &Document, way: &Way) -> Option<Population> {
    let personas = personas(reader, document, way);
    let model = model(reader, document, way);
    let file: PopulationFile = reader.required(document, way)?;
    let personas = personas?;
    if matches!(personas, PersonaSource::Spec(_)) && file.size.is_none() {
        let finding = Finding::new(&document.get(way)?.at, &way.key("size"), "`size` is missing");
        reader.report(finding.expected("how many users are drawn from the persona specification"));
        return None;
    }
    Some(Population { name: file.name, size: file.size, personas, model: model? })
}

fn model(reader: &mut Reader<'_>, document: &Document, way: &Way) -> Option<ModelConfig> {
    let model: Option<ModelName> = reader.optional(document, &way.key("model"))?;
    let model = model.unwrap_or_default();
    let (other, used) = match model {
        ModelName::Choice => ("llm", "llm"),
        ModelName::Llm => ("choice", "choice"),
    };
    let other = way.key(other);
    if let Some(node) = document.get(&other) {
        let finding = Finding::new(&node.at, &other, format!("`{used}` is for users of another model"));
        reader.report(finding.expected(format!("`model = \"{used}\"`, or no `{used}`")));
    }
    match model {
        ModelName::Choice => {
            let way = way.key("choice");
            let config = match document.get(&way) {
                None => ChoiceConfig::default(),
                Some(_) => reader.checked(document, &way, ChoiceConfig::check)?,
            };
            Some(ModelConfig::Choice(Box::new(config)))
        }
        ModelName::Llm => llm(reader, document, way),
    }
}

/// Users of a language model: what the configuration names is looked for.
fn llm(reader: &mut Reader<'_>, document: &Document, population: &Way) -> Option<ModelConfig> {
    let way = population.key("llm");
    if document.get(&way).is_none() {
        let at = &document.get(&population.key("model"))?.at;
        let finding = Finding::new(at, &way, "`llm` is missing").hint("llm = { model = \"path/to/model\" }");
        reader.report(finding.expected("a table that names the language model"));
        return None;
    }
    let config = reader.checked(document, &way, LlmConfig::check)?;
    let model = model_file(reader, document, &way.key("model"), config.server.is_some());
    let is_ours = matches!(&model, Some(ModelFile::BuiltIn(_)));
    let template = match document.get(&way.key("template")) {
        Some(node) => template(reader, node, &way.key("template"))?,
        None if is_ours => TemplateSource::Short,
        None => TemplateSource::Default,
    };
    Some(ModelConfig::Llm(Box::new(LlmUsersConfig { model: model?, template, config })))
}

/// Puts the tables of calibration files in place of the names of the files.
pub(super) fn calibrations(root: &mut Node, reader: &mut Reader<'_>) {
    let populations = root.get("population").map_or(0, |populations| populations.elements().len());
    for population in 0..populations {
        let way = Way::to("population").index(population).key("llm").key("calibration");
        let Some(named) = root.find(&way).filter(|node| node.text().is_some()).cloned() else { continue };
        match reader.open(&named, &way, "calibration file") {
            Some(tables) => root.replace(&way, tables),
            // Why it cannot be read has been reported; that it is no table need not be.
            None => {
                root.remove(&way);
            }
        }
    }
}

fn template(reader: &mut Reader<'_>, node: &Node, way: &Way) -> Option<TemplateSource> {
    if let Some(typed) = node.text().filter(|typed| typed.starts_with(BUILT_IN)) {
        return match built_in(reader, node, way, typed, &BUILT_IN_TEMPLATES)? {
            0 => Some(TemplateSource::Default),
            _ => Some(TemplateSource::Short),
        };
    }
    let file = reader.existing(node, way, "template")?;
    match reader.sources.read(&file) {
        Ok(text) => Some(TemplateSource::File(TemplateText { file, text })),
        Err(error) => {
            let finding = Finding::of(node, way, format!("the template cannot be read: {}", reason(&error)));
            reader.report(finding.expected("a text file in UTF-8"));
            None
        }
    }
}

/// What names of things that are part of the program begin with.
const BUILT_IN: &str = "builtin:";

/// The position of a name among those that are built in.
fn built_in(
    reader: &mut Reader<'_>,
    node: &Node,
    way: &Way,
    typed: &str,
    names: &[&'static str],
) -> Option<usize> {
    let found = names.iter().position(|name| *name == typed);
    if found.is_none() {
        let finding = Finding::of(node, way, format!("nothing built in is called \"{typed}\""));
        let near = nearest(typed, names.iter().copied());
        reader.report(finding.nearest(near).expected(format!("one of {}", names.join(", "))));
    }
    found
}

/// A model that exists as a path is one, and what looks like an id of the hub is one of the hub.
pub(super) fn model_file(
    reader: &mut Reader<'_>,
    document: &Document,
    way: &Way,
    on_server: bool,
) -> Option<ModelFile> {
    if on_server {
        return Some(ModelFile::Server);
    }
    let node = document.get(way)?;
    let typed = node.text()?;
    if typed.starts_with(BUILT_IN) {
        let at = built_in(reader, node, way, typed, &BUILT_IN_MODELS)?;
        return Some(ModelFile::BuiltIn(BUILT_IN_MODELS[at].to_owned()));
    }
    let (absolute, _) = reader.texts.locate(node.at.text, typed);
    if reader.sources.exists(&absolute) {
        return Some(ModelFile::Path(absolute));
    }
    let is_file = Path::new(typed).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"));
    if !is_file && is_hub_id(typed) {
        return Some(ModelFile::Hub(typed.to_owned()));
    }
    let finding = Finding::of(node, way, "there is no such model");
    let finding = reader.near_file(finding, Path::new(typed), &absolute);
    reader.report(finding.expected(
        "\"builtin:habitue-mini\", a folder in the layout of Hugging Face, a .gguf file, or a model of the hub as in \
         \"organisation/name\"",
    ));
    None
}

/// `organisation/name` with an optional `@revision`.
fn is_hub_id(text: &str) -> bool {
    let (model, revision) = text.split_once('@').unwrap_or((text, "main"));
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    model.split('/').count() == 2 && model.split('/').all(is_part) && revision.split('/').all(is_part)
}

/// Whether a file begins with the header of `RecAgent`'s invented users, whose columns are known.
fn is_recagent(reader: &Reader<'_>, path: &Path) -> bool {
    let Ok(text) = reader.sources.read(path) else { return false };
    let header: Vec<&str> =
        text.lines().next().map_or(Vec::new(), |line| line.split(',').map(str::trim).collect());
    RECAGENT.iter().all(|column| header.contains(column))
}

fn personas(reader: &mut Reader<'_>, document: &Document, population: &Way) -> Option<PersonaSource> {
    let way = population.key("personas");
    let node = document.get(&way)?;
    if document.is_broken(&way) && node.get("from").or(node.get("file")).is_none() {
        // A specification that cannot be read whole may have more that is wrong.
        reader.checked(document, &way, PersonaSpec::check)?;
    }
    match reader.required(document, &way)? {
        PersonasRef::Path(_) => persona_file(reader, (node, &way), None),
        PersonasRef::File(_) => {
            let (file, mapping) = (way.key("file"), way.key("mapping"));
            let mapping = document.get(&mapping).map(|node| (node, &mapping));
            persona_file(reader, (document.get(&file)?, &file), mapping)
        }
        PersonasRef::History(from) if names_a_dataset(document) => {
            history(reader, document, &way, from.held_out)
        }
        PersonasRef::History(_) => {
            let way = way.key("from");
            let finding = Finding::of(document.get(&way)?, &way, "there is no data set to take users from");
            reader.report(finding.expected("`dataset` in `[catalogue]`, or other `personas`"));
            None
        }
        PersonasRef::Spec(_) => {
            reader.checked(document, &way, PersonaSpec::check).map(|spec| PersonaSource::Spec(Box::new(spec)))
        }
    }
}

/// The data set's users, of whose items a share may be held out.
fn history(
    reader: &mut Reader<'_>,
    document: &Document,
    way: &Way,
    held_out: Option<f64>,
) -> Option<PersonaSource> {
    let Some(held_out) = held_out else { return Some(PersonaSource::History) };
    if held_out > 0.0 && held_out < 1.0 {
        return Some(PersonaSource::HeldIn { held_out });
    }
    let way = way.key("held_out");
    let finding = Finding::of(document.get(&way)?, &way, format!("{held_out} is no share of a user's items"));
    reader.report(finding.expected("a number above 0 and below 1, or no `held_out`"));
    None
}

/// Personas from a path, by how it ends.
fn persona_file(
    reader: &mut Reader<'_>,
    (node, way): (&Node, &Way),
    mapping: Option<(&Node, &Way)>,
) -> Option<PersonaSource> {
    let typed = node.text()?;
    let ending = Path::new(typed).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if let Some((mapping, way)) = mapping
        && ending != "csv"
    {
        let finding = Finding::of(mapping, way, "`mapping` is for CSV files");
        reader.report(finding.expected("`mapping` only together with a file that ends in \".csv\""));
        return None;
    }
    match ending {
        "csv" => {
            let path = reader.existing(node, way, "persona file");
            let Some((mapping, mapping_way)) = mapping else {
                if let Some(path) = path.as_ref().filter(|path| is_recagent(reader, path)) {
                    return Some(PersonaSource::File { path: path.clone(), mapping: None });
                }
                let finding = Finding::of(node, way, "a CSV file of personas needs a mapping");
                let hint = format!("personas = {{ file = {typed:?}, mapping = \"columns.toml\" }}");
                reader.report(finding.expected("a TOML file that says which column is what").hint(hint));
                return None;
            };
            let mapping = reader.existing(mapping, mapping_way, "mapping file")?;
            Some(PersonaSource::File { path: path?, mapping: Some(mapping) })
        }
        "jsonl" => {
            let path = reader.existing(node, way, "persona file")?;
            Some(PersonaSource::File { path, mapping: None })
        }
        "toml" => {
            let root = reader.open(node, way, "persona file")?;
            if matches!(root.get("persona").map(|persona| &persona.value), Some(Value::List(_))) {
                let path = reader.existing(node, way, "persona file")?;
                return Some(PersonaSource::File { path, mapping: None });
            }
            if let Some(persona) = root.get("persona") {
                let finding = Finding::of(persona, &Way::to("persona"), "`persona` is of the wrong type");
                let hint = "write `[[persona]]`, with double brackets, above each of them";
                reader.report(finding.expected("a list of tables").hint(hint));
                return None;
            }
            let document = reader.definition("PersonaSpec", root);
            let spec = reader.checked(&document, &Way::default(), PersonaSpec::check)?;
            Some(PersonaSource::Spec(Box::new(spec)))
        }
        _ => {
            let finding =
                Finding::of(node, way, "what kind of persona file this is cannot be told from its name");
            reader.report(finding.expected("a path that ends in \".toml\", \".jsonl\" or \".csv\""));
            None
        }
    }
}

/// The sizes that were typed, by population.
fn sizes<'d>(document: &'d Document, ways: &[Way]) -> Vec<Option<(u64, &'d Node)>> {
    let size = |way: &Way| match document.get(&way.key("size")) {
        Some(node @ Node { value: Value::Integer(size), .. }) => Some((u64::try_from(*size).ok()?, node)),
        _ => None,
    };
    ways.iter().map(size).collect()
}

fn too_many_users(reader: &mut Reader<'_>, document: &Document, ways: &[Way]) {
    let mut users: u64 = 0;
    for (way, size) in ways.iter().zip(sizes(document, ways)) {
        let Some((size, node)) = size.filter(|(size, _)| u32::try_from(*size).is_ok()) else { continue };
        users += size;
        if users > u64::from(u32::MAX) {
            let finding =
                Finding::of(node, &way.key("size"), format!("with these, the run has {users} users"));
            reader
                .report(finding.expected(format!("at most {} users in all populations together", u32::MAX)));
            return;
        }
    }
}

pub(super) fn graph(reader: &mut Reader<'_>, document: &Document) -> Option<GraphSource> {
    let SocialFile { graph } = reader.defaulted(document, &Way::to("social"))?;
    let way = Way::to("social").key("graph");
    match graph {
        GraphFile::None {} => Some(GraphSource::None),
        GraphFile::Random(random) => {
            let way = way.key("mean_degree");
            let ways = elements(document, &Way::to("population"));
            let users: Option<u64> = sizes(document, &ways).into_iter().map(|size| Some(size?.0)).sum();
            if let Some(users) = users.filter(|users| random.mean_degree > users.saturating_sub(1) as f64) {
                let finding =
                    Finding::of(document.get(&way)?, &way, "there are not so many friends to be had");
                reader.report(finding.expected(format!("fewer than the {users} users of the run")));
                return None;
            }
            Some(GraphSource::Random { mean_degree: random.mean_degree })
        }
        GraphFile::File(_) => {
            let way = way.key("path");
            reader.existing(document.get(&way)?, &way, "file of friendships").map(GraphSource::File)
        }
        GraphFile::Dataset {} if names_a_dataset(document) => Some(GraphSource::Dataset),
        GraphFile::Dataset {} => {
            let way = way.key("kind");
            let finding =
                Finding::of(document.get(&way)?, &way, "there is no data set to take friendships from");
            reader.report(finding.expected("`dataset` in `[catalogue]`, or another `kind`"));
            None
        }
    }
}
