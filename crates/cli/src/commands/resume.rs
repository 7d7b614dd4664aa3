//! `habitue resume`

use std::path::PathBuf;

use clap::Args;

use super::{DriveArgs, Session, run};
use crate::failure::{Exit, Failure};

/// Go on with an interrupted run
///
/// From its newest checkpoint, or from the start if it has none. The finished run is the same, byte for byte, as if it
/// had never been interrupted.
#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The run folder
    run: PathBuf,
    #[command(flatten)]
    drive: DriveArgs,
}

impl ResumeArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        run::drive(session, &self.drive, |control| habitue_run::resume(&self.run, control))
    }
}
