//! From a scenario to a run.

mod bench;
mod build;
mod drive;
mod error;
mod replay;
mod sources;
mod summary;

pub use bench::{Bench, BenchOptions, Measured, bench};
pub use build::{parts, simulation};
pub use drive::{Control, Ending, Observer, Outcome, Progress, Unobserved, resume, start};
pub use error::RunError;
pub use replay::{Audit, Difference, Differences, Disagreement, Replay, replay};
pub use sources::DiskSources;
pub use summary::{ArmSummary, RETENTION_DAYS, Retention, Summary, Tally, summary_of};
