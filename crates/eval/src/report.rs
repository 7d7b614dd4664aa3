//! The report of a run: what came of it, on one page.
//!
//! [`Report::read`] reads a run folder table by table, in memory that grows with the number of users and not with that of
//! turns. [`Report::html`] writes it as one file that needs no network and no script: charts are drawn in the page, every
//! one with its numbers as a table. [`Report::markdown`] has the same numbers as text. The same run gives the same bytes.
//!
//! Intervals have level 0.95. Those of the measures are bootstrapped over users
//! ([`measure`](crate::retention::measure())), those of curves by day are Wilson's, as every user counts once a day; what is
//! counted by turn and action has the interval of the delete-a-group jackknife over 64 groups of users (Kott, "The
//! Delete-a-Group Jackknife", Journal of Official Statistics, 2001), for which a stream of turns is enough.

mod chart;
mod cost;
mod error;
mod following;
mod instructions;
mod life;
pub(crate) mod markdown;
pub(crate) mod number;
pub(crate) mod page;
pub(crate) mod read;
mod recommended;
pub(crate) mod roster;
mod sections;
mod sessions;
mod turns;
mod warnings;

use habitue_store::{RunReader, RunStatus};
use serde::Serialize;

pub use crate::jackknife::Share;
use crate::quality::Quality;
use crate::retention::{ArmMeasures, Cohorts, Daily, KaplanMeier, LogRank};
pub use cost::{Cost, ModelCost, ProgramCost};
pub use error::ReportError;
pub use following::Following;
pub use instructions::Instructions;
pub use life::{Seen, Shown, Story, Visited};
pub use sessions::{Bin, SessionCounts};
pub use turns::{FunnelStep, TurnPoint};

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The run.
    pub run: RunFacts,
    /// What a reader must know before believing the rest, in plain sentences.
    pub warnings: Vec<String>,
    /// By arm, in the scenario's order.
    pub arms: Vec<ArmReport>,
    /// Log-rank tests: of all arms, and of each against the first if there are more than two.
    pub tests: Vec<Comparison>,
    /// What users told the recommender to change.
    pub instructions: Instructions,
    /// What the run cost.
    pub cost: Cost,
    /// A few users.
    pub stories: Vec<Story>,
}

/// The run as such.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunFacts {
    /// Its name.
    pub name: String,
    /// Its seed.
    pub seed: u64,
    /// How far it has come.
    pub status: RunStatus,
    /// Simulated time that it covers. Unit: days.
    pub horizon_days: f64,
    /// Simulated time that was observed: all of it, or for an unfinished run up to the last session that ended. Unit: days.
    pub observed_days: f64,
    /// Whether every user lives in every arm, with the same random streams.
    pub paired: bool,
    /// What was done to the world: when, kind, effect.
    pub interventions: Vec<(String, String, String)>,
    /// Version of the program that finished the run, and the hash of its scenario; `None` if it is not finished.
    pub manifest: Option<(String, String)>,
    /// Rows by table.
    pub tables: Vec<(&'static str, u64)>,
    /// The resolved scenario as JSON.
    pub scenario: String,
}

/// What came of an arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmReport {
    /// The arm.
    pub name: String,
    /// Its policy's kind at the start.
    pub policy: String,
    /// Users assigned to it.
    pub users: u64,
    /// Users who came at least once.
    pub came: u64,
    /// Retention and engagement, with intervals.
    pub measures: ArmMeasures,
    /// Users who are still there.
    pub survival: KaplanMeier,
    /// Share of users who are there by day.
    pub retention: Vec<Daily>,
    /// Hazard of churn by day.
    pub hazard: Vec<Daily>,
    /// The cohort triangle.
    pub cohorts: Cohorts,
    /// Depths, gaps and endings of sessions.
    pub sessions: SessionCounts,
    /// What was done with the items shown.
    pub funnel: Vec<FunnelStep>,
    /// Satisfaction after the n-th turn of a session.
    pub satisfaction: Vec<TurnPoint>,
    /// How often every move was made, in the order of [`habitue_core::Move::NAMES`].
    pub moves: Vec<(&'static str, u64)>,
    /// Whether it did what users told it.
    pub following: Following,
    /// What it recommended.
    pub quality: Quality,
}

/// A test between arms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The arms.
    pub arms: Vec<String>,
    /// The test; `None` if there is nothing to compare.
    pub test: Option<LogRank>,
    /// The p-value adjusted for the number of tests (Holm); that of a single test is its own.
    pub adjusted: Option<f64>,
}

impl Report {
    /// Reads a run, finished or not.
    ///
    /// # Errors
    /// If a table is damaged or has another schema, or a row refers to an arm or user that is not in the run.
    pub fn read(run: &RunReader) -> Result<Self, ReportError> {
        read::report(run)
    }

    /// The report as one HTML file.
    ///
    /// # Errors
    /// If the template cannot be filled in.
    pub fn html(&self) -> Result<String, ReportError> {
        page::html(&sections::page(self))
    }

    /// The report as Markdown, charts as tables.
    pub fn markdown(&self) -> String {
        markdown::text(&sections::page(self))
    }
}
