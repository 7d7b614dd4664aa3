//! `habitue run`

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use habitue_core::scenario::{Typed, resolve};
use habitue_run::{Control, DiskSources, Ending, Outcome, Play, Summary};
use habitue_store::{Table, TableSummary};
use indicatif::{HumanBytes, HumanCount, HumanDuration};
use serde::Serialize;

use super::play::Typist;
use super::{DriveArgs, Session, print, print_json, report};
use crate::failure::{Exit, Failure};
use crate::progress::Display;
use crate::{interrupt, table};

/// Run a scenario to its horizon
///
/// The run folder is made inside --out and named after the scenario and its hash: the same scenario with the same seed
/// always has the same folder. Ctrl-C finishes the window, makes a checkpoint and says how to go on; a second Ctrl-C
/// stops at once.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The scenario, a TOML file
    scenario: PathBuf,
    /// Folder in which the run folder is made
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Set a value of the scenario, such as population.0.size=200; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Seed of all random draws, instead of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Folder of the data set, instead of the scenario's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Take a user's place, by key (casual-17) or number: its slates are shown on standard error, and what you do is read
    /// from standard input. Such a run is called NAME-played and cannot be resumed
    #[arg(long, value_name = "USER")]
    play: Option<String>,
    #[command(flatten)]
    drive: DriveArgs,
}

impl RunArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let sources = DiskSources::new().map_err(|error| Failure::file(Path::new("."), "look at", &error))?;
        let typed =
            Typed { file: &self.scenario, sets: &self.sets, seed: self.seed, data: self.data.as_deref() };
        let scenario = resolve(&typed, &sources)?;
        let Some(user) = &self.play else {
            return drive(session, &self.drive, |control| habitue_run::start(&scenario, &self.out, control));
        };
        drive(session, &self.drive, |control| {
            let play = Play { user, player: Box::new(Typist::new(&session.terminal)) };
            habitue_run::start_played(&scenario, &self.out, play, control)
        })
    }
}

/// Drives a run with progress and Ctrl-C, and reports how it ended.
pub(super) fn drive(
    session: &Session,
    args: &DriveArgs,
    go: impl FnOnce(&mut Control<'_>) -> Result<Outcome, habitue_run::RunError>,
) -> Result<Exit, Failure> {
    let stop = interrupt::flag(&session.terminal, "finishing the window")?;
    let mut display = Display::new(&session.terminal, Some(session.log.clone()), args.quiet);
    let threads = args.threads.map(NonZeroUsize::get);
    let outcome = go(&mut Control { threads, stop: &stop, observer: &mut display });
    let folder = display.folder();
    drop(display);
    let outcome = outcome.map_err(|error| Failure::Stopped { error, folder })?;
    let report = match (&outcome.ending, &outcome.folder) {
        (Ending::Finished(_), Some(folder)) => Some(report::of_finished(folder)),
        _ => None,
    };
    let path = report.as_ref().and_then(|report| report.as_deref().ok());
    if args.json {
        print_json(&Report::new(&outcome, path))?;
    } else {
        print(&Closing(&outcome, path))?;
    }
    // The run itself is finished and told of.
    report.transpose()?;
    match outcome.ending {
        Ending::Finished(_) => Ok(Exit::Done),
        Ending::Interrupted(_) => {
            session.terminal.say(&match &outcome.folder {
                Some(folder) => {
                    format!("interrupted; go on with: habitue resume {}", folder.display())
                }
                None => "interrupted; with logging off there is no checkpoint to go on from".to_owned(),
            });
            Ok(Exit::Interrupted)
        }
    }
}

/// The end of a run, as JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
    ending: &'static str,
    /// Simulated time reached if interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<i64>,
    folder: Option<&'a Path>,
    /// The report in it, if the run is finished.
    #[serde(rename = "report", skip_serializing_if = "Option::is_none")]
    page: Option<&'a Path>,
    windows: u64,
    wall_seconds: f64,
    summary: &'a Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    tables: Option<&'a BTreeMap<Table, TableSummary>>,
}

impl<'a> Report<'a> {
    fn new(outcome: &'a Outcome, page: Option<&'a Path>) -> Self {
        let (ending, at_ms, tables) = match &outcome.ending {
            Ending::Finished(manifest) => {
                ("finished", None, manifest.as_ref().map(|manifest| &manifest.tables))
            }
            Ending::Interrupted(at) => ("interrupted", Some(at.0), None),
        };
        Self {
            ending,
            at_ms,
            folder: outcome.folder.as_deref(),
            page,
            windows: outcome.windows,
            wall_seconds: outcome.wall.as_secs_f64(),
            summary: &outcome.summary,
            tables,
        }
    }
}

/// The end of a run, for people, with the path of its report.
struct Closing<'a>(&'a Outcome, Option<&'a Path>);

impl fmt::Display for Closing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.0;
        let turns: u64 = outcome.summary.arms.iter().map(|arm| arm.turns).sum();
        let rate = turns as f64 / outcome.wall.as_secs_f64().max(1e-3);
        writeln!(f, "{}", table::summary(&outcome.summary))?;
        writeln!(
            f,
            "{} turns in {}, {} turns/s",
            HumanCount(turns),
            wall(outcome.wall),
            HumanCount(rate as u64)
        )?;
        if let Ending::Interrupted(at) = outcome.ending {
            writeln!(f, "played until {at}")?;
        }
        let Some(folder) = &outcome.folder else {
            return writeln!(f, "nothing was written: the scenario has log.enabled = false");
        };
        writeln!(f, "written to {}", folder.display())?;
        let Ending::Finished(Some(manifest)) = &outcome.ending else { return Ok(()) };
        for (table, summary) in &manifest.tables {
            let rows = HumanCount(summary.rows).to_string();
            let bytes = HumanBytes(summary.files.iter().map(|file| file.bytes).sum()).to_string();
            writeln!(f, "  {:<14} {rows:>12} rows  {bytes:>12}", table.name())?;
        }
        match self.1 {
            Some(report) => writeln!(f, "report in {}", report.display()),
            None => Ok(()),
        }
    }
}

fn wall(time: Duration) -> String {
    if time < Duration::from_secs(60) {
        return format!("{:.1} s", time.as_secs_f64());
    }
    HumanDuration(time).to_string()
}
