//! Why a run cannot be built, driven or read.

use std::path::PathBuf;

use habitue_core::{ArmId, DataError, SimTime, UserId, UserModelError};
use habitue_eval::ope::OpeError;
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
    /// Arms of different policies are no log of one policy.
    #[error(
        "{}: the arms {} have different policies, and what they logged together is the log of none",
        folder.display(), listed(arms)
    )]
    MixedArms {
        /// The run folder.
        folder: PathBuf,
        /// Names of the arms.
        arms: Vec<String>,
    },
    /// The target of an evaluation knows no probabilities.
    #[error(
        "a policy of kind \"{policy}\" cannot say with which probability it would show a slate, expected one that can"
    )]
    CannotSay {
        /// Its kind.
        policy: &'static str,
    },
    /// The logged policy drew nothing at random.
    #[error(
        "every slate of arm {} was shown with probability 1: its policy ({policy}) drew nothing at random, and the log \
         does not say what other slates would have brought",
        listed(arms)
    )]
    NothingDrawn {
        /// The arms.
        arms: Vec<String>,
        /// Kind of the policy.
        policy: String,
    },
    /// Nothing in the run answers the question.
    #[error(
        "none of the {sessions} sessions counts for {what}: none was seen to its end, and as long after it as the target \
         asks for, in a run that ends on {horizon}"
    )]
    NothingCounts {
        /// The question.
        what: String,
        /// Sessions there are.
        sessions: usize,
        /// When the run ended.
        horizon: SimTime,
    },
    /// Driven again, the users of a run went another way than the log has it.
    #[error("{}: driven again, user {user} asks for turn {turn} of session {session}, which is not in the log", folder.display())]
    AnotherWay {
        /// The run folder.
        folder: PathBuf,
        /// The user.
        user: UserId,
        /// The user's session, counted from 0.
        session: u32,
        /// Turn of the session, counted from 0.
        turn: u32,
    },
    /// The estimators refuse what the log says.
    #[error("the log cannot be estimated from: {0}")]
    Estimate(OpeError),
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
            | Self::MixedArms { .. }
            | Self::CannotSay { .. }
            | Self::NothingDrawn { .. }
            | Self::NothingCounts { .. }
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
            | Self::AnotherWay { .. }
            | Self::Estimate(_)
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
            Self::MixedArms { .. } => Some("name one of them with --arm".to_owned()),
            Self::CannotSay { .. } => Some(
                "policies that score items can (`explore`); one in another process is evaluated by running it".to_owned(),
            ),
            Self::NothingDrawn { .. } => Some(
                "log with exploration, such as `explore = { kind = \"plackett-luce\", temperature = 0.5 }`".to_owned(),
            ),
            Self::NothingCounts { .. } => Some("ask for a shorter time, or run the scenario for longer".to_owned()),
            Self::AnotherWay { folder, .. } => Some(format!(
                "it was logged by another version, or changed; `habitue replay {}` says more",
                folder.display()
            )),
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

/// Names between quotation marks.
fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

impl From<DataError> for RunError {
    fn from(error: DataError) -> Self {
        Self::Data(Box::new(error))
    }
}
