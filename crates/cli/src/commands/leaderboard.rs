//! `habitue leaderboard`

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use habitue_core::scenario::resolve_suite;
use habitue_run::{DiskSources, Leaderboard, SuiteControl, SuiteEnding, play_suite, suite_folder};

use super::{DriveArgs, Session, print, print_json};
use crate::failure::{Exit, Failure};
use crate::progress::Board;
use crate::{interrupt, table};

/// Compare policies: each in every scenario of a suite, with every seed
///
/// A suite is a TOML file that lists scenarios, policies, seeds and the metrics to rank by. Everything is kept in one
/// folder inside --out, named after the suite: the suite, a run folder for every run, leaderboard.json and leaderboard.md.
/// Runs that are finished are not made again and those that were begun are resumed, so after Ctrl-C, a failure, or with
/// more seeds or policies in the file, the same command goes on.
#[derive(Debug, Args)]
pub(crate) struct LeaderboardArgs {
    /// The suite, a TOML file
    suite: PathBuf,
    /// Folder in which the folder of the suite is made
    #[arg(long, value_name = "DIR", default_value = "leaderboards")]
    out: PathBuf,
    #[command(flatten)]
    drive: DriveArgs,
}

impl LeaderboardArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let sources = DiskSources::new().map_err(|error| Failure::file(Path::new("."), "look at", &error))?;
        let suite = resolve_suite(&self.suite, &sources)?;
        let stop = interrupt::flag(&session.terminal, "finishing the window")?;
        let mut observer = Board::new(&session.terminal, session.log.clone(), self.drive.quiet);
        let threads = self.drive.threads.map(NonZeroUsize::get);
        let mut control = SuiteControl { threads, stop: &stop, observer: &mut observer };
        let ending = play_suite(&suite, &self.out, &mut control);
        drop(observer);
        match ending? {
            SuiteEnding::Finished(board) if self.drive.json => print_json(&board)?,
            SuiteEnding::Finished(board) => print(&Closing(&board, &suite_folder(&self.out, &suite)))?,
            SuiteEnding::Interrupted { finished, of } => {
                let said =
                    format!("interrupted with {finished} of {of} runs finished; the same command goes on");
                session.terminal.say(&said);
                return Ok(Exit::Interrupted);
            }
        }
        Ok(Exit::Done)
    }
}

/// The leaderboard, for people, and where it is.
struct Closing<'a>(&'a Leaderboard, &'a Path);

impl fmt::Display for Closing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(board, folder) = self;
        for ranking in &board.rankings {
            let (headings, rows) = ranking.table();
            let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
            let table = table::aligned(&headings, 1, rows);
            writeln!(f, "{}\n{table}\n{}\n", ranking.metric.name(), ranking.note())?;
        }
        for warning in board.warnings() {
            writeln!(f, "warning: {warning}")?;
        }
        writeln!(f, "{} runs, leaderboard.json and leaderboard.md in {}", board.runs.len(), folder.display())
    }
}
