//! From a scenario to a run.

mod build;
mod drive;
mod error;
mod summary;

pub use build::{parts, simulation};
pub use drive::{Control, Ending, Observer, Outcome, Progress, Unobserved, resume, start};
pub use error::RunError;
pub use summary::{ArmSummary, RETENTION_DAYS, Retention, Summary, Tally};
