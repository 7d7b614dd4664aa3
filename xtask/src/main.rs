//! What is not a cargo command: all tests in one command, fuzzing.

mod fuzz;
mod process;
mod python;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What is not a cargo command.
#[derive(Debug, Parser)]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all tests; the last line is `N passed, N failed`
    Test,
    /// Feed nonsense to everything that reads what others have written
    Fuzz(fuzz::FuzzArgs),
}

fn main() -> ExitCode {
    let ended = match Xtask::parse().command {
        Command::Test => test::run(),
        Command::Fuzz(args) => args.run(),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            process::say(&format!("error: {problem}"));
            ExitCode::FAILURE
        }
    }
}
