//! `habitue bench`

mod llm;

use std::fmt;
use std::num::NonZeroUsize;

use clap::{Args, Subcommand};
use habitue_run::{Bench, BenchOptions, Control, Measured};
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;

use super::{DriveArgs, Session, print, print_json};
use crate::failure::{Exit, Failure};
use crate::progress::Display;
use crate::{interrupt, table};

/// Measure how fast whole runs are on this machine
///
/// Worlds of growing size, each with and without logging: slates of ten, choice users, a popularity policy. Use a release
/// build and leave the machine alone meanwhile; logs go to the system's folder for temporary files and are removed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: Option<BenchCommand>,
    /// Numbers of users
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "10000,100000,1000000")]
    users: Vec<u32>,
    /// Simulated days
    #[arg(long, value_name = "DAYS", default_value_t = 1.0)]
    days: f64,
    /// Items in the catalogue
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    items: u32,
    /// Seconds instead of minutes: shows that everything works, gives no figures that mean something
    #[arg(long, conflicts_with_all = ["users", "days", "items"])]
    quick: bool,
    #[command(flatten)]
    drive: DriveArgs,
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    Llm(llm::LlmBenchArgs),
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    version: &'static str,
    release_build: bool,
    #[serde(flatten)]
    bench: &'a Bench,
}

impl BenchArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        if let Some(BenchCommand::Llm(args)) = &self.what {
            return args.run(session);
        }
        let options = if self.quick {
            BenchOptions::quick()
        } else {
            BenchOptions { users: self.users.clone(), days: self.days, items: self.items }
        };
        if cfg!(debug_assertions) {
            session.terminal.say("this is no release build: its figures are too low");
        }
        let stop = interrupt::flag(&session.terminal, "finishing the window")?;
        let mut display = Display::new(&session.terminal, None, self.drive.quiet);
        let threads = self.drive.threads.map(NonZeroUsize::get);
        let bench =
            habitue_run::bench(&options, &mut Control { threads, stop: &stop, observer: &mut display });
        drop(display);
        let bench = bench?;
        if self.drive.json {
            let release_build = !cfg!(debug_assertions);
            print_json(&Report { version: env!("CARGO_PKG_VERSION"), release_build, bench: &bench })?;
        } else {
            print(&Figures(&bench))?;
        }
        Ok(if bench.interrupted { Exit::Interrupted } else { Exit::Done })
    }
}

/// The figures, for people.
struct Figures<'a>(&'a Bench);

impl fmt::Display for Figures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headings = [
            "log",
            "users",
            "items",
            "days",
            "threads",
            "turns",
            "set-up s",
            "run s",
            "turns/s",
            "us/turn",
            "peak memory",
            "bytes/turn",
        ];
        write!(f, "{}", table::aligned(&headings, 1, self.0.runs.iter().map(row)))?;
        for (logged, what) in [(false, "without"), (true, "with")] {
            if let Some(growth) = self.0.growth(logged) {
                writeln!(f, "time per turn {what} logging, largest run over smallest: {growth:.2}")?;
            }
        }
        Ok(())
    }
}

fn row(run: &Measured) -> Vec<String> {
    let nothing = || "-".to_owned();
    vec![
        if run.logged { "on" } else { "off" }.to_owned(),
        HumanCount(run.users.into()).to_string(),
        HumanCount(run.items.into()).to_string(),
        run.days.to_string(),
        run.threads.to_string(),
        HumanCount(run.turns).to_string(),
        format!("{:.2}", run.setup_seconds),
        format!("{:.2}", run.seconds),
        HumanCount(run.turns_per_second as u64).to_string(),
        format!("{:.2}", run.microseconds_per_turn),
        run.peak_memory_bytes.map_or_else(nothing, |bytes| HumanBytes(bytes).to_string()),
        run.bytes_per_turn.map_or_else(nothing, |bytes| format!("{bytes:.1}")),
    ]
}
