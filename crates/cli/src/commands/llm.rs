//! `habitue llm`

mod answer;
mod ask;

use clap::{Args, Subcommand};

use super::Session;
use crate::failure::{Exit, Failure};

/// Try language models
#[derive(Debug, Args)]
pub(crate) struct LlmArgs {
    #[command(subcommand)]
    command: LlmCommand,
}

#[derive(Debug, Subcommand)]
enum LlmCommand {
    Ask(Box<ask::AskArgs>),
}

impl LlmArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        match &self.command {
            LlmCommand::Ask(args) => args.run(session),
        }
    }
}
