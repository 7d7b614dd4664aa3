//! `habitue completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::print;
use crate::args::Habitue;
use crate::failure::{Exit, Failure};

/// Print the completions of a shell
///
/// For example: habitue completions bash > ~/.local/share/bash-completion/completions/habitue
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

impl CompletionsArgs {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Habitue::command(), "habitue", &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}
