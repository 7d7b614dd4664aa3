//! `habitue inspect`

use std::path::PathBuf;

use clap::Args;
use habitue_run::{Summary, summary_of};
use habitue_store::inspect::{Overview, overview, schema_text, timeline};
use habitue_store::{RunReader, Table};
use serde::Serialize;

use super::{print, print_json};
use crate::failure::{Exit, Failure};
use crate::table;

/// Look into a run: its counts, a user's life, the columns of its tables
///
/// Without options: how far the run has come, its tables, and what came of it by arm. An interrupted run is shown as of
/// its last checkpoint.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The run folder
    run: PathBuf,
    /// Tell the life of a user, by key (casual-17) or number: every slate, what the user did, and what it felt
    #[arg(long, value_name = "KEY", conflicts_with_all = ["schema", "json"])]
    user: Option<String>,
    /// Show the columns of a table, or of all tables
    #[arg(long, value_name = "TABLE", num_args = 0..=1, default_missing_value = "all", conflicts_with = "json")]
    schema: Option<String>,
    /// Print the counts as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    overview: Overview,
    summary: Summary,
}

impl InspectArgs {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let run = RunReader::open(&self.run)?;
        if let Some(user) = &self.user {
            print(&timeline(&run, user)?)?;
        } else if let Some(table) = &self.schema {
            let tables = if table == "all" { Table::ALL.to_vec() } else { vec![table.parse()?] };
            print(&tables.into_iter().map(schema_text).collect::<Vec<_>>().join("\n"))?;
        } else {
            let report = Report { overview: overview(&run)?, summary: summary_of(&run)? };
            if self.json {
                print_json(&report)?;
            } else {
                print(&format_args!("{}\n{}", report.overview, table::summary(&report.summary)))?;
            }
        }
        Ok(Exit::Done)
    }
}
