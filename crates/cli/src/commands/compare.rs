//! `habitue compare`

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use habitue_eval::compare::Comparison;
use habitue_store::{RunReader, StoreError};

use super::{print, print_json};
use crate::failure::{Exit, Failure};
use crate::table;

/// Compare arms and runs: differences with intervals, tests, and how many users it takes to see them
///
/// One run with several arms, or several runs: each arm of each run is an alternative, and each is compared with the
/// baseline. Where the same users live in both with the same luck (`design = "paired"`, or runs of the same people with
/// the same seed), users are compared with themselves; else Welch's t test compares the users of one with those of the
/// other. P-values are adjusted for the number of tests (Holm). An unfinished run is compared as far as it has come, with a
/// warning: p-values do not hold for repeated looks. See docs/compare.md.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The run folders
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// What the others are compared with: an arm, a run, or run/arm, as the tables call it; the first if absent
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Print one JSON object with all numbers instead of tables
    #[arg(long, conflicts_with = "md")]
    json: bool,
    /// Print Markdown with the same numbers
    #[arg(long)]
    md: bool,
}

impl CompareArgs {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let runs = self.runs.iter().map(RunReader::open).collect::<Result<Vec<_>, StoreError>>()?;
        let comparison = Comparison::read(&runs, self.baseline.as_deref())?;
        if self.json {
            print_json(&comparison)?;
        } else if self.md {
            print(&comparison.markdown())?;
        } else {
            print(&Shown(&comparison))?;
        }
        Ok(Exit::Done)
    }
}

/// A comparison, for people.
struct Shown<'a>(&'a Comparison);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.0.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        if !self.0.warnings.is_empty() {
            writeln!(f)?;
        }
        for shown in self.0.tables() {
            let head: Vec<&str> = shown.head.iter().map(String::as_str).collect();
            writeln!(f, "{}\n\n{}", shown.caption, table::aligned(&head, shown.words, shown.rows))?;
        }
        self.0.notes().iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}
