//! What the end-to-end tests share: the command in a folder of its own, worlds in memory, and simple statistics.
#![allow(clippy::missing_errors_doc, clippy::unwrap_used, reason = "for tests, which may panic")]

mod command;
mod statistics;
mod worlds;

pub use command::{Habitue, data, repository, tables};
pub use statistics::{Mean, mean};
pub use worlds::{play, rewards_by_user, scenario, scenario_file, scenario_file_with};
