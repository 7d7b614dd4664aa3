//! Why a run cannot be built, driven or read.

use std::path::PathBuf;

use habitue_core::{ArmId, DataError, UserId, UserModelError};
use habitue_sim::SimError;
use habitue_store::StoreError;
use habitue_users::ModelError;
use habitue_users::personas::SpecError;

/// An error of this crate. Its text says what is wrong and what was expected; [`Self::hint`] what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A value of the scenario that does not fit what it is used with.
    #[error("{field} is {value}, expected {expected}")]
    Field {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// What was expected.
        expected: String,
    },
    /// Two users with the same key.
    #[error(
        "persona \"{key}\" is in population \"{second}\" and already in \"{first}\", expected keys that differ"
    )]
    SamePersona {
        /// The key.
        key: String,
        /// The population that has it first.
        first: String,
        /// The population that has it again.
        second: String,
    },
    /// An item that the catalogue does not take.
    #[error("generated catalogue: {0}")]
    Catalogue(String),
    /// A data file cannot be read.
    #[error(transparent)]
    Data(#[from] Box<DataError>),
    /// A persona specification does not fit the catalogue.
    #[error(transparent)]
    Personas(#[from] SpecError),
    /// A language model that plays users, or its template, is not usable.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The run folder cannot be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The simulation cannot be built: a policy, an intervention or a part does not fit the scenario.
    #[error(transparent)]
    Build(SimError),
    /// The simulation stopped.
    #[error(transparent)]
    Sim(#[from] SimError),
    /// A user could not be asked.
    #[error(transparent)]
    Asked(UserModelError),
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// How many.
        threads: usize,
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
    /// A row of the log refers to an arm or user that is not in the run.
    #[error("the log has rows of user {user} in arm {arm}, who is not in the run")]
    Stranger {
        /// The arm.
        arm: ArmId,
        /// The user.
        user: UserId,
    },
    /// The state in a checkpoint is not that of the run.
    #[error("{}: the checkpoint cannot be used: {problem}", folder.display())]
    Checkpoint {
        /// The run folder.
        folder: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The run folder of the scenario holds a run.
    #[error("{}: this scenario, with this seed, has {} already", folder.display(), if *finished { "been run" } else { "begun to run" })]
    Exists {
        /// The run folder.
        folder: PathBuf,
        /// Whether that run is finished.
        finished: bool,
    },
    /// Run folders are to be made inside something that is no folder.
    #[error("{}: not a folder", path.display())]
    NotAFolder {
        /// What is there instead.
        path: PathBuf,
    },
    /// Only finished runs can be replayed.
    #[error("{}: the run is not finished", folder.display())]
    Unfinished {
        /// The run folder.
        folder: PathBuf,
    },
    /// A run in which a person took a user's place cannot be gone on with.
    #[error("{}: a person played user \"{user}\" in this run, and what the person would do next is not in it", folder.display())]
    Played {
        /// The run folder.
        folder: PathBuf,
        /// The user whose place was taken.
        user: String,
    },
    /// A run of a suite failed.
    #[error("run \"{run}\" of the suite: {source}")]
    InSuite {
        /// Name of the run.
        run: String,
        /// Why.
        source: Box<RunError>,
    },
    /// The file system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl RunError {
    /// Whether what was given is wrong, rather than something that happened on the way.
    pub const fn is_input(&self) -> bool {
        match self {
            Self::Field { .. }
            | Self::SamePersona { .. }
            | Self::Data(_)
            | Self::Personas(_)
            | Self::Model(_)
            | Self::Build(_)
            | Self::Exists { .. }
            | Self::NotAFolder { .. }
            | Self::Unfinished { .. }
            | Self::Played { .. } => true,
            Self::InSuite { source, .. } => source.is_input(),
            Self::Store(error) => matches!(
                error,
                StoreError::NotARun { .. }
                    | StoreError::RunExists { .. }
                    | StoreError::RunFinished { .. }
                    | StoreError::NoSuch { .. }
                    | StoreError::Data(_)
            ),
            Self::Catalogue(_)
            | Self::Sim(_)
            | Self::Asked(_)
            | Self::Threads { .. }
            | Self::Stranger { .. }
            | Self::Checkpoint { .. }
            | Self::Io { .. } => false,
        }
    }

    /// What to do about it, where that can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::InSuite { source, .. } => source.hint().or_else(|| {
                Some("what is finished is kept; once this is mended, the same command goes on".to_owned())
            }),
            Self::Played { .. } => Some("play it again from the start, in another folder".to_owned()),
            Self::Unfinished { folder } => {
                Some(format!("finish it first with `habitue resume {}`", folder.display()))
            }
            Self::Exists { folder, finished } => {
                let first = if *finished { "see" } else { "go on with" };
                let command = if *finished { "inspect" } else { "resume" };
                Some(format!(
                    "{first} it with `habitue {command} {}`, remove the folder, or choose another with --out",
                    folder.display()
                ))
            }
            Self::Store(StoreError::RunBusy { .. }) => {
                Some("wait until it has ended, or end it; then go on with `habitue resume`".to_owned())
            }
            Self::Store(StoreError::NotARun { .. }) => {
                Some("a run folder is what `habitue run` makes, by default below `runs/`".to_owned())
            }
            _ => None,
        }
    }
}

impl From<DataError> for RunError {
    fn from(error: DataError) -> Self {
        Self::Data(Box::new(error))
    }
}
