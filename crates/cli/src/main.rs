//! The binary `habitue`. All of it is in the library of this crate, so that end-to-end tests can build it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    habitue_cli::main()
}
