//! The binary `habitue`. All of it is in the library of this crate, so that end-to-end tests can build it too.

use std::process::ExitCode;

/// A window of a million users is made and dropped row by row: with the system's allocator that is a third of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    habitue_cli::main()
}
