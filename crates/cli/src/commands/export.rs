//! `habitue export`

use std::path::PathBuf;

use clap::Args;
use habitue_store::export::{ExportFormat, export_tables};
use habitue_store::{RunReader, StoreError, Table};
use indicatif::HumanCount;

use super::print;
use crate::failure::{Exit, Failure};

/// Write the tables of a run as CSV or JSON lines
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The run folder
    run: PathBuf,
    /// Format of the files: csv or jsonl
    #[arg(long, value_name = "FORMAT")]
    format: String,
    /// A table to write; may be repeated; all tables if absent
    #[arg(long = "table", value_name = "TABLE")]
    tables: Vec<String>,
    /// Folder for the files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl ExportArgs {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let format: ExportFormat = self.format.parse()?;
        let mut tables =
            self.tables.iter().map(|table| table.parse()).collect::<Result<Vec<Table>, StoreError>>()?;
        if tables.is_empty() {
            tables = Table::ALL.to_vec();
        }
        let run = RunReader::open(&self.run)?;
        for (path, rows) in export_tables(&run, &tables, &self.out, format)? {
            print(&format_args!("{:>12} rows  {}\n", HumanCount(rows).to_string(), path.display()))?;
        }
        Ok(Exit::Done)
    }
}
