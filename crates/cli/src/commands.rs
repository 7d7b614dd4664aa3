//! The subcommands, one a file: what can be typed, and where it goes.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod fit;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod interview;
pub(crate) mod leaderboard;
pub(crate) mod llm;
mod model;
pub(crate) mod personas;
mod play;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod train;
pub(crate) mod validate;

use std::fmt::Display;
use std::io::{self, Write};
use std::num::NonZeroUsize;

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::logging::RunLog;
use crate::terminal::Terminal;

/// What every subcommand is given.
pub(crate) struct Session {
    pub(crate) terminal: Terminal,
    pub(crate) log: RunLog,
}

/// How a run is driven and reported.
#[derive(Debug, Args)]
pub(crate) struct DriveArgs {
    /// Number of threads, one per core if absent; the result does not depend on it
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Prints text on standard output.
fn print(text: &impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints a value as JSON on standard output.
fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print(&format_args!("{}\n", serde_json::to_string_pretty(value)?))
}
