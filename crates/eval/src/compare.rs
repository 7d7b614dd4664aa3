//! Arms and runs against each other: by how much they differ, whether chance would do as much, and how many users it takes to
//! see it.
//!
//! [`Comparison::read`] takes one run with several arms, or several runs. Every arm of every run is an alternative; one of them
//! is the baseline, and each other one is compared with it on the measures of [`MEASURES`], one value a user. Where the same
//! users live in both with the same random streams (a paired design, or runs of the same people with the same seed) users are
//! compared with themselves; else the users of one are compared with those of the other, and the comparison says so.
//!
//! The interval of a difference is the percentile bootstrap over users of [`measure`](crate::retention::measure()), which the
//! report shows too; p-values are those of the t tests of [`stats`](crate::stats), on the same per-user values. The family of
//! tests that Holm and Benjamini-Hochberg adjust for is all that one comparison shows.
//!
//! Runs of different people or of different length are not compared, and what else sets them apart is said in `warnings`.

mod alternatives;
mod error;
mod measures;
mod people;
mod text;
mod worlds;

use habitue_store::{RunReader, RunStatus};
use serde::Serialize;

pub use crate::report::page::Table;
use crate::retention::{LEVEL, Measure, Unit};
use crate::stats::{Power, TTest};
pub use error::CompareError;
pub use measures::MEASURES;

/// Alternatives against a baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What a reader must know before believing the rest, in plain sentences.
    pub warnings: Vec<String>,
    /// Simulated time that is compared. Unit: days.
    pub observed_days: f64,
    /// How often an interval should hold the true difference.
    pub interval_level: f64,
    /// What `users_needed` and `visible` are worked out for.
    pub power: Power,
    /// What the others are compared with.
    pub baseline: Alternative,
    /// The others, in the order of the runs and their arms.
    pub others: Vec<Against>,
}

/// An arm of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alternative {
    /// How it is called here: the arm, the run, or `run/arm`, whichever tells it from the others.
    pub name: String,
    /// The run's folder.
    pub run: String,
    /// The arm.
    pub arm: String,
    /// Its policy's kind at the start.
    pub policy: String,
    /// The run's seed.
    pub seed: u64,
    /// How far the run has come.
    pub status: RunStatus,
    /// Users assigned to the arm.
    pub users: u64,
}

/// An alternative against the baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Against {
    /// The alternative.
    pub alternative: Alternative,
    /// Whether users are compared with themselves.
    pub paired: bool,
    /// Why, or why not.
    pub design: String,
    /// Bootstrap replicates behind the intervals.
    pub replicates: usize,
    /// The measures of which something is known in both.
    pub measures: Vec<Difference>,
}

/// A measure in an alternative and in the baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What is measured.
    #[serde(rename = "key")]
    pub measure: Measure,
    /// Its name.
    #[serde(rename = "measure")]
    pub name: String,
    /// The unit of the values and differences; a share is from 0 to 1.
    pub unit: Unit,
    /// Its value in the baseline.
    pub baseline: f64,
    /// Its value in the alternative.
    pub alternative: f64,
    /// The alternative less the baseline.
    pub difference: f64,
    /// The interval of the difference; `None` with fewer than two users.
    pub interval: Option<(f64, f64)>,
    /// Users it is taken over, in the baseline and in the alternative.
    pub users: (u64, u64),
    /// The test; `None` with fewer than two users.
    pub test: Option<TTest>,
    /// The p-value adjusted for all tests of the comparison, so that the chance of any false alarm stays below the level (Holm).
    pub holm: Option<f64>,
    /// The p-value adjusted so that the expected share of false alarms among all alarms does (Benjamini and Hochberg).
    pub benjamini_hochberg: Option<f64>,
    /// Users with whom a true difference of the size seen would be found with the power asked for; of arms with different
    /// users, both together.
    pub users_needed: Option<u64>,
    /// The smallest true difference that these users show with the power asked for.
    pub visible: Option<f64>,
}

impl Comparison {
    /// Compares all arms of all runs with the baseline: the alternative of this name, or the first arm of the first run.
    ///
    /// # Errors
    /// If there is only one alternative or one without users or visits, if runs differ in who lives in them or how long, if a run
    /// is given twice or cannot be read, or if there is no alternative of the name.
    pub fn read(runs: &[RunReader], baseline: Option<&str>) -> Result<Self, CompareError> {
        let alternatives = alternatives::read(runs)?;
        let first = alternatives::find(&alternatives.all, baseline)?;
        let worlds = worlds::check(runs)?;
        let mut warnings = alternatives.warnings(runs);
        warnings.extend(worlds.warnings.iter().cloned());
        let power = Power::default();
        let mut others = Vec::new();
        for (at, other) in alternatives.all.iter().enumerate().filter(|(at, _)| *at != first) {
            let pairing = people::pairing(runs, &alternatives.all[first], other)?;
            warnings.extend(pairing.warning.clone());
            let lives = [&alternatives.all[first].lives, &alternatives.all[at].lives];
            let (measures, replicates) =
                measures::compare(lives, &alternatives, &worlds, pairing.paired, power)?;
            others.push(Against {
                alternative: other.facts.clone(),
                paired: pairing.paired,
                design: pairing.why,
                replicates,
                measures,
            });
        }
        measures::adjust(&mut others);
        warnings.extend(measures::warnings(&others, &alternatives.all[first].facts));
        Ok(Self {
            warnings,
            observed_days: alternatives.clock.end().days(),
            interval_level: LEVEL,
            power,
            baseline: alternatives.all[first].facts.clone(),
            others,
        })
    }

    /// The numbers as they are shown, a table for each alternative.
    pub fn tables(&self) -> Vec<Table> {
        self.others.iter().map(|other| text::table(self, other)).collect()
    }

    /// How to read the tables, in sentences.
    pub fn notes(&self) -> Vec<String> {
        text::notes(self)
    }

    /// Warnings, tables and notes as Markdown.
    pub fn markdown(&self) -> String {
        crate::report::markdown::text(&text::page(self))
    }
}
