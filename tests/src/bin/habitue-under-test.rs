//! The command as it is shipped, built for the tests of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    habitue_cli::main()
}
