//! placeholder

mod catalogue;
mod checkpoint;
pub mod dataset;
mod disk;
mod error;
pub mod export;
pub mod inspect;
mod json_lines;
mod manifest;
mod part;
mod reader;
#[cfg(test)]
mod sample;
mod table;
mod text;
mod writer;

pub use catalogue::read_catalogue;
pub use dataset::{
    OpenBandit, OpenBanditItem, OpenBanditRound, read_dataset, read_open_bandit, write_dataset,
    write_open_bandit,
};
pub use error::StoreError;
pub use manifest::{FORMAT, FileSummary, Manifest, RunSummary, TableSummary, run_folder, scenario_hash};
pub use reader::{Batches, RunReader, RunStatus};
pub use table::Table;
pub use table::items::ItemRow;
pub use table::users::{UserEntry, UserRow};
pub use writer::RunWriter;
