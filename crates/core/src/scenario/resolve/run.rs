//! Name, time, design, log and checkpoints.

use std::path::Path;

use super::reader::{Document, Reader};
use crate::scenario::file::{self, CheckpointFile, DesignName, ExperimentFile, LogFile};
use crate::scenario::problem::Finding;
use crate::scenario::resolved::{Checkpoints, Design, LogOptions, Window};
use crate::scenario::span::Span;
use crate::scenario::tree::Way;
use crate::time::{SECOND, SimDuration};

/// The longest name of a run.
const LONGEST_NAME: usize = 64;

fn fits_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.".contains(character)
}

pub(super) fn name(reader: &mut Reader<'_>, document: &Document, file: &Path) -> Option<String> {
    let way = Way::to("name");
    match document.get(&way) {
        Some(_) => folder_name(reader, document, &way),
        None => Some(name_of(file)),
    }
}

/// A name that can be part of a folder's.
pub(super) fn folder_name(reader: &mut Reader<'_>, document: &Document, way: &Way) -> Option<String> {
    let name: String = reader.required(document, way)?;
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    if starts_well && name.len() <= LONGEST_NAME && name.chars().all(fits_a_name) {
        return Some(name);
    }
    let finding = Finding::of(document.get(way)?, way, "`name` cannot name a folder");
    reader.report(finding.expected(
        "1 to 64 letters (a to z, A to Z), digits, \"-\", \"_\" and \".\", beginning with a letter or digit",
    ));
    None
}

/// The name of a run of this file: the file's name with `-` for what a folder's name should not hold.
fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = stem
        .chars()
        .map(|character| if fits_a_name(character) { character } else { '-' })
        .skip_while(|first| !first.is_ascii_alphanumeric())
        .take(LONGEST_NAME)
        .collect();
    if name.is_empty() { "scenario".to_owned() } else { name }
}

pub(super) fn horizon(reader: &mut Reader<'_>, document: &Document) -> Option<SimDuration> {
    let way = Way::to("horizon");
    let Span(horizon) = reader.optional(document, &way)?.unwrap_or_else(file::fortnight);
    above_zero(reader, document, &way, horizon)
}

/// The duration, unless it is zero.
pub(super) fn above_zero(
    reader: &mut Reader<'_>,
    document: &Document,
    way: &Way,
    duration: SimDuration,
) -> Option<SimDuration> {
    if duration.0 > 0 {
        return Some(duration);
    }
    let finding = Finding::of(document.get(way)?, way, format!("`{}` is out of range", way.name()));
    reader.report(finding.expected("a duration of at least a millisecond"));
    None
}

pub(super) fn window(
    reader: &mut Reader<'_>,
    document: &Document,
    horizon: Option<SimDuration>,
) -> Option<Window> {
    let way = Way::to("window");
    let typed: String = reader.optional(document, &way)?.unwrap_or_else(file::hour);
    if typed == "turn" {
        return Some(Window::Turn);
    }
    let length = above_zero(reader, document, &way, SimDuration::parse(&typed).ok()?)?;
    if let Some(horizon) = horizon
        && length > horizon
    {
        // An hour is too long for a run of some minutes, even if nobody typed it.
        let node = document.get(&way).or_else(|| document.get(&Way::to("horizon")))?;
        let finding = Finding::of(node, &way, format!("the window of {length} is longer than the run"));
        reader.report(finding.expected(format!("a window of at most the horizon, {horizon}, or \"turn\"")));
        return None;
    }
    Some(Window::Every(length))
}

pub(super) fn design(reader: &mut Reader<'_>, document: &Document) -> Option<Design> {
    let file: ExperimentFile = reader.defaulted(document, &Way::to("experiment"))?;
    Some(match file.design {
        DesignName::Split => Design::Split,
        DesignName::Paired => Design::Paired,
    })
}

pub(super) fn log(reader: &mut Reader<'_>, document: &Document) -> Option<LogOptions> {
    let LogFile { enabled, distributions, rows_per_file } = reader.defaulted(document, &Way::to("log"))?;
    Some(LogOptions { enabled, distributions, rows_per_file: rows_per_file as usize })
}

pub(super) fn checkpoints(reader: &mut Reader<'_>, document: &Document) -> Option<Checkpoints> {
    const EVERY_MINUTES: f64 = 5.0;
    let way = Way::to("checkpoint");
    let file: CheckpointFile = reader.defaulted(document, &way)?;
    let every = way.key("every");
    match (file.every, file.windows) {
        (None, None) => Some(Checkpoints::Minutes(EVERY_MINUTES)),
        (None, Some(windows)) => Some(Checkpoints::Windows(windows)),
        (Some(_), Some(_)) => {
            let way = way.key("windows");
            let finding = Finding::of(document.get(&way)?, &way, "`windows` contradicts `every`");
            reader.report(finding.expected("either `every` or `windows`"));
            None
        }
        (Some(never), None) if never == "never" => Some(Checkpoints::Never),
        (Some(typed), None) => {
            let interval = above_zero(reader, document, &every, SimDuration::parse(&typed).ok()?)?;
            Some(Checkpoints::Minutes(interval.0 as f64 / (60 * SECOND) as f64))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_named_after_their_files() {
        for (file, name) in [
            ("scenarios/ab-test.toml", "ab-test"),
            ("my first town.toml", "my-first-town"),
            ("/a/..toml", "scenario"),
            ("été.toml", "t-"),
            ("v1.2.toml", "v1.2"),
        ] {
            assert_eq!(name_of(Path::new(file)), name, "{file}");
        }
        assert_eq!(name_of(Path::new(&"x".repeat(100))).len(), LONGEST_NAME);
    }
}
