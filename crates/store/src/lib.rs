//! What a run leaves on disk, and what it is made from: the run folder, its readers and exports, catalogues and
//! public data sets.
//!
//! ```text
//! runs/town-1f0c93aa/            name of the scenario, first digits of its hash
//! ├── scenario.json              the resolved scenario; makes a folder a run
//! ├── turns/part-000000.parquet  one folder per table: turns, sessions, users, items, messages, interventions,
//! │                              llm_calls, memories
//! ├── ...
//! ├── checkpoint/                while the run is not finished: state and rows that are in no part yet
//! ├── lock                       held by the process that writes the run
//! ├── checksums.txt              BLAKE3 sums of all files that stay, as `b3sum --check` reads them
//! └── manifest.json              written last; makes a run finished
//! ```
//!
//! # Writing and reading
//!
//! ```
//! use habitue_core::{Catalogue, Item, WindowRows};
//! use habitue_store::{RunReader, RunStatus, RunSummary, RunWriter, Table};
//! # use habitue_core::scenario::Scenario;
//! # let scenario: Scenario = serde_json::from_str(r#"{
//! #     "name": "town", "seed": 7, "horizon": 86400000, "window": "Turn", "catalogue": { "File": "items.jsonl" },
//! #     "populations": [], "arms": [], "design": "Split", "graph": "None", "interventions": [],
//! #     "slate": { "size": 1, "scale": { "names": ["skip", "click"], "skip": 0, "engaged": 1 }, "rate": false,
//! #         "history": 9, "max_turns": 9, "overhead": 0 },
//! #     "reward": { "actions": [0, 1], "dwell_minute": 0, "rating_point": 0, "turn": 0, "return_within": null },
//! #     "log": { "enabled": true, "distributions": false, "rows_per_file": 100000 }, "checkpoints": "Never"
//! # }"#)?;
//! # let root = tempfile::tempdir()?;
//! let mut catalogue = Catalogue::new();
//! let cooking = catalogue.category("cooking");
//! catalogue.push(Item { key: "v1".into(), categories: vec![cooking], ..Item::default() })?;
//!
//! let mut writer = RunWriter::create(root.path(), &scenario)?;
//! writer.begin(&catalogue, [])?; // once, with everybody who lives in the run
//! writer.append(WindowRows::default())?; // after every window
//! writer.save(b"state of the simulation")?; // now and then: from here the run can be resumed
//! let folder = writer.folder().to_path_buf();
//! drop(writer); // as if the power had failed
//!
//! assert_eq!(RunReader::open(&folder)?.status(), RunStatus::Checkpointed);
//! let (writer, state) = RunWriter::resume(&folder)?;
//! assert_eq!(state.as_deref(), Some(b"state of the simulation".as_slice()));
//! writer.finish(RunSummary::default())?;
//!
//! let run = RunReader::open(&folder)?;
//! assert_eq!(run.status(), RunStatus::Finished);
//! assert_eq!(run.rows(Table::Items)?, 1);
//! assert_eq!(run.turns().count(), 0); // decoded part by part, batch by batch
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a kill cannot do
//!
//! - A file has its old or its new content: it is written aside, synced and renamed.
//! - What a reader shows is whole rows, and a prefix of the log: of a finished run all of it; else the log as of the
//!   newest checkpoint; without any checkpoint the parts that were sealed so far, each table by itself.
//! - A resumed run goes back to its newest checkpoint. Played on from there, it ends with the same bytes as a run that
//!   was never interrupted: the bytes of a part depend on its rows alone, a part ends with the window that fills it,
//!   and nothing depends on when checkpoints were made or in which portions rows were handed over.
//! - Only one process writes a run; the lock goes with the process, however it ends.
//! - Every file is checked against its BLAKE3 sum before it is believed. Damage is a [`StoreError`] that names the file.
//!
//! # The rest
//!
//! [`inspect`] shows a run to people, [`export`] gives it to other programs; any Parquet tool reads the parts.
//! [`read_catalogue`] and [`mod@dataset`] read what runs are made from.

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
