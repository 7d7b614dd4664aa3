//! `habitue serve`

mod env;

use clap::{Args, Subcommand};

use super::Session;
use crate::failure::{Exit, Failure};

/// Serve over HTTP
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(subcommand)]
    command: ServeCommand,
}

#[derive(Debug, Subcommand)]
enum ServeCommand {
    Env(Box<env::EnvArgs>),
}

impl ServeArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        match &self.command {
            ServeCommand::Env(args) => args.run(session),
        }
    }
}
