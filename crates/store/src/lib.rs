//! placeholder

mod checkpoint;
mod disk;
mod error;
pub mod export;
pub mod inspect;
mod manifest;
mod part;
mod reader;
mod table;
mod writer;

pub use error::StoreError;
pub use manifest::{FORMAT, FileSummary, Manifest, RunSummary, TableSummary, run_folder, scenario_hash};
pub use reader::{Batches, RunReader, RunStatus};
pub use table::Table;
pub use table::items::ItemRow;
pub use table::users::{UserEntry, UserRow};
pub use writer::RunWriter;
