//! `habitue bench`

use clap::Args;

use super::Session;
use crate::failure::{Exit, Failure};

/// bench
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {}

impl BenchArgs {
    pub(crate) fn run(&self, _session: &Session) -> Result<Exit, Failure> {
        Ok(Exit::Done)
    }
}
