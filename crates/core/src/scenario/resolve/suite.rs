//! Suites: the scenarios and policies that a file names, each checked as if it were run alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::arms;
use super::reader::{Document, Reader, elements, unique_names};
use super::run;
use super::sets::Giver;
use super::{Typed, resolve_with, typed_file};
use crate::action::ActionScale;
use crate::scenario::problem::{Finding, Problem, Problems};
use crate::scenario::resolved::{InterventionKind, PolicySpec, Scenario};
use crate::scenario::schema::schema_of;
use crate::scenario::shape::Shape;
use crate::scenario::sources::Sources;
use crate::scenario::suite::{Suite, SuiteFile, SuiteMetric, SuiteScenarioFile};
use crate::scenario::tree::Way;

/// Reads a suite, its scenarios and its policies, and checks all of it. `file` is absolute or from the working directory.
///
/// # Errors
/// All problems found, not only the first: those of the suite, then those of its scenarios.
pub fn resolve_suite(file: &Path, sources: &dyn Sources) -> Result<Suite, Problems> {
    let mut reader = Reader::new(sources);
    let mut inside = Vec::new();
    let suite = typed_file(file, "suite", &mut reader).and_then(|mut root| {
        let schema = schema_of::<SuiteFile>();
        let mut shape = Shape::new(&schema);
        shape.document(&mut root);
        let document = reader.compared(root, shape);
        suite(file, &document, &mut reader, &mut inside)
    });
    match suite {
        Some(suite) if reader.findings.is_empty() && inside.is_empty() => Ok(suite),
        _ => Err(together(Problems::new(reader.findings, reader.texts), inside)),
    }
}

fn suite(
    file: &Path,
    document: &Document,
    reader: &mut Reader<'_>,
    inside: &mut Vec<Problems>,
) -> Option<Suite> {
    unique_names(reader, document, "policy");
    let name = run::name(reader, document, file);
    let seeds: Option<Vec<u64>> = each_once(reader, document, "seeds", "seed");
    let metrics = match document.get(&Way::to("metrics")) {
        Some(_) => each_once(reader, document, "metrics", "metric"),
        None => Some(SuiteMetric::default_list()),
    };
    let scenarios = scenarios(document, reader, inside);
    let scales: Vec<&ActionScale> =
        scenarios.iter().flatten().map(|(_, scenario)| &scenario.slate.scale).collect();
    let policies = policies(document, reader, &scales);
    Some(Suite {
        name: name?,
        text: reader.texts.0[document.root.at.text].content.clone(),
        scenarios: scenarios?,
        policies: policies?,
        seeds: seeds?,
        metrics: metrics?,
    })
}

/// A list of which every element may stand only once.
fn each_once<T: serde::de::DeserializeOwned + Ord + Copy>(
    reader: &mut Reader<'_>,
    document: &Document,
    list: &str,
    one: &str,
) -> Option<Vec<T>> {
    let way = Way::to(list);
    let values: Vec<T> = reader.required(document, &way)?;
    let mut before = BTreeSet::new();
    for (value, way) in values.iter().zip(elements(document, &way)) {
        if !before.insert(*value)
            && let Some(node) = document.get(&way)
        {
            let finding = Finding::of(node, &way, format!("the {one} stands twice in `{list}`"));
            reader.report(finding.expected(format!("every {one} once")));
        }
    }
    Some(values)
}

fn scenarios(
    document: &Document,
    reader: &mut Reader<'_>,
    inside: &mut Vec<Problems>,
) -> Option<Vec<(String, Scenario)>> {
    let ways = elements(document, &Way::to("scenario"));
    let read: Vec<Option<(String, Scenario)>> =
        ways.iter().map(|way| scenario(document, way, reader, inside)).collect();
    let mut before = BTreeSet::new();
    for (way, name) in ways.iter().zip(&read) {
        let Some((name, _)) = name else { continue };
        if !before.insert(name.as_str()) {
            let way =
                [way.key("name"), way.key("file")].into_iter().find(|way| document.get(way).is_some())?;
            let finding = Finding::of(document.get(&way)?, &way, "another `[[scenario]]` has the same name");
            let finding = finding.expected("a `name` that no other `[[scenario]]` has");
            reader.report(finding.hint("without a `name`, a scenario goes by its own"));
        }
    }
    read.into_iter().collect()
}

fn scenario(
    document: &Document,
    way: &Way,
    reader: &mut Reader<'_>,
    inside: &mut Vec<Problems>,
) -> Option<(String, Scenario)> {
    let typed: SuiteScenarioFile = reader.required(document, way)?;
    let named = match &typed.name {
        Some(_) => Some(run::folder_name(reader, document, &way.key("name"))?),
        None => None,
    };
    let data = match &typed.data {
        Some(_) => Some(existing(document, &way.key("data"), reader, "data folder")?),
        None => None,
    };
    let way = way.key("file");
    let node = document.get(&way)?;
    reader.existing(node, &way, "scenario file")?;
    let (_, file) = reader.texts.locate(node.at.text, &typed.file);
    let suite = &reader.texts.0[node.at.text];
    let giver = Giver { label: format!("{}: set", suite.label), folder: suite.folder.clone() };
    let alone = Typed { file: &file, sets: &typed.set, seed: None, data: data.as_deref() };
    match resolve_with(&alone, &giver, reader.sources) {
        Ok(scenario) => {
            let finding = unfit(&scenario).map(|(message, hint)| Finding::of(node, &way, message).hint(hint));
            match finding {
                Some(finding) => {
                    reader.report(finding);
                    None
                }
                None => Some((named.unwrap_or_else(|| scenario.name.clone()), scenario)),
            }
        }
        Err(problems) => {
            inside.push(problems);
            None
        }
    }
}

fn existing(document: &Document, way: &Way, reader: &mut Reader<'_>, what: &str) -> Option<PathBuf> {
    reader.existing(document.get(way)?, way, what)
}

/// Why a scenario cannot stand in a suite, and what to do about it.
fn unfit(scenario: &Scenario) -> Option<(String, &'static str)> {
    if !scenario.log.enabled {
        let message = "the scenario keeps no log, and a leaderboard is counted from logs".to_owned();
        return Some((message, "add \"log.enabled=true\" to `set`"));
    }
    let names_an_arm = |kind: &InterventionKind| {
        matches!(kind, InterventionKind::SwapPolicy { .. } | InterventionKind::Outage { arm: Some(_), .. })
    };
    let kind = scenario.interventions.iter().map(|change| &change.kind).find(|kind| names_an_arm(kind))?;
    let message =
        format!("an intervention (\"{}\") names an arm, and a suite replaces the arms", kind.name());
    Some((message, "add \"intervention=[]\" to `set`, or take another scenario"))
}

/// The policies, each checked against the scales of all scenarios until one refuses it.
fn policies(
    document: &Document,
    reader: &mut Reader<'_>,
    scales: &[&ActionScale],
) -> Option<Vec<(String, PolicySpec)>> {
    let mut policies = Vec::new();
    for way in elements(document, &Way::to("policy")) {
        let name = match document.get(&way.key("name")) {
            Some(_) => run::folder_name(reader, document, &way.key("name")),
            None => None,
        };
        let policy = way.key("policy");
        let mut spec = arms::policy(reader, document, &policy, None);
        for scale in scales {
            if spec.is_some() {
                spec = arms::policy(reader, document, &policy, Some(scale));
            }
        }
        policies.push(name.zip(spec));
    }
    policies.into_iter().collect()
}

/// The problems of the suite and of what it names. A scenario that stands in it several times is wrong only once.
fn together(mut all: Problems, inside: Vec<Problems>) -> Problems {
    for problems in inside {
        let before = all.texts.len();
        let known = |problem: &Problem| {
            let place =
                |problem: &Problem| (problem.file.clone(), problem.span.clone(), problem.path.clone());
            all.problems
                .iter()
                .any(|other| place(other) == place(problem) && other.message == problem.message)
        };
        let new: Vec<Problem> = problems.problems.into_iter().filter(|problem| !known(problem)).collect();
        all.problems
            .extend(new.into_iter().map(|problem| Problem { text: problem.text + before, ..problem }));
        all.texts.extend(problems.texts);
    }
    all
}

#[cfg(test)]
mod tests;
