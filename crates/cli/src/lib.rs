//! The command `habitue`: runs scenarios, resumes and replays runs, looks into them, exports and imports.
//!
//! A door without logic of its own: what is typed goes to `habitue-run` and `habitue-store`, what comes back is printed.
//! Results go to standard output, everything else (progress, logs, problems) to standard error.
#![allow(clippy::doc_markdown, reason = "doc comments of arguments are help texts")]

mod args;
mod commands;
mod failure;
mod interrupt;
mod logging;
mod progress;
mod table;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

/// The whole command: reads the arguments of this process, does what they say, and tells how it ended.
pub fn main() -> ExitCode {
    let typed = match args::Habitue::try_parse() {
        Ok(typed) => typed,
        Err(usage) => {
            // Where even this cannot be printed, nobody is left to be told.
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    let terminal = terminal::Terminal::default();
    let exit = logging::start(&typed.logs, &terminal)
        .and_then(|log| typed.command.run(&commands::Session { terminal: terminal.clone(), log }))
        .unwrap_or_else(|failure| failure.report(&terminal));
    ExitCode::from(exit as u8)
}
