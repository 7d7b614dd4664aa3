//! From a scenario to a run: the one place that puts the crates together. Doors (command, Python, HTTP) hold no logic of
//! their own; they call what is here.
//!
//! ```text
//! Scenario --parts--> catalogue, personas, models, graph --> Simulation --windows--> Tally --> Summary
//!                                                                          \-------> RunWriter: runs/NAME-HASH/
//! ```
//!
//! ```
//! use std::path::Path;
//! use std::sync::atomic::AtomicBool;
//!
//! use habitue_core::scenario::{MemorySources, Typed, resolve};
//! use habitue_run::{Control, Ending, Unobserved, replay, start, summary_of};
//! use habitue_store::RunReader;
//!
//! let text = r#"
//!     seed = 7
//!     horizon = "2d"
//!     catalogue = { generate = { items = 50 } }
//!     population = [{ name = "casual", size = 20, personas = {} }]
//!     arm = [{ name = "only", policy = { kind = "popularity" } }]
//! "#;
//! let typed = Typed { file: Path::new("/town.toml"), sets: &[], seed: None, data: None };
//! let scenario = resolve(&typed, &MemorySources::new().with("/town.toml", text))?;
//!
//! let runs = tempfile::tempdir()?;
//! let stop = AtomicBool::new(false); // set it, and the run stops at the end of its window, with a checkpoint
//! let mut control = Control { threads: None, stop: &stop, observer: &mut Unobserved };
//! let outcome = start(&scenario, runs.path(), &mut control)?;
//! assert!(matches!(outcome.ending, Ending::Finished(Some(_))));
//! assert_eq!(outcome.summary.arms[0].users, 20);
//!
//! // What came of it can be counted again from the log, and the whole run replayed from it.
//! let folder = outcome.folder.ok_or("with logging on there is a run folder")?;
//! assert_eq!(summary_of(&RunReader::open(&folder)?)?, outcome.summary);
//! assert!(replay(&folder, &mut control)?.is_faithful());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`resume`] goes on with an interrupted run; [`simulation`] builds one to be driven by hand; [`bench`](bench()) measures
//! whole runs; [`interview`](interview()) asks a user of a run why; [`play_suite`] plays every policy of a
//! suite in every scenario with every seed; [`evaluate`](evaluate()) estimates from a log what another policy would have
//! been worth. Nothing in [`Control`] changes what is logged.

mod bench;
mod build;
mod drive;
mod error;
mod evaluate;
mod interview;
mod leaderboard;
mod personas;
mod play;
mod replay;
mod sources;
mod summary;

pub use bench::{Bench, BenchOptions, Measured, bench};
pub use build::{parts, simulation};
pub use drive::{Control, Ending, Observer, Outcome, Progress, Unobserved, resume, start, start_played};
pub use error::RunError;
pub use evaluate::{Evaluation, Question, Weighed, evaluate, weigh};
pub use interview::{Answered, Ask, Cited, QUESTION, interview};
pub use leaderboard::{
    Before, Figure, InScenario, Leaderboard, Ranking, Standing, SuiteControl, SuiteEnding, SuiteObserver,
    SuiteRun, play_suite, suite_folder,
};
pub use personas::write_personas;
pub use play::{Play, Player, Reaction};
pub use replay::{Audit, Difference, Differences, Disagreement, Replay, replay};
pub use sources::DiskSources;
pub use summary::{ArmSummary, RETENTION_DAYS, Retention, Summary, Tally, summary_of};
