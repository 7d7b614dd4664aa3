//! A run at a glance, and a user's life in words.

#[cfg(test)]
mod tests;
mod timeline;

use std::fmt;

use serde::Serialize;

pub use timeline::timeline;

use crate::error::StoreError;
use crate::reader::{RunReader, RunStatus};
use crate::table::Table;

/// A run at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    /// Name of the run.
    pub name: String,
    /// Seed of the run.
    pub seed: u64,
    /// How far it has come.
    pub status: RunStatus,
    /// Names of the arms.
    pub arms: Vec<String>,
    /// The tables.
    pub tables: Vec<TableOverview>,
    /// Real time the run took, in seconds, if it is finished.
    pub wall_seconds: Option<f64>,
}

/// A table at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableOverview {
    /// Its name.
    pub table: Table,
    /// Name and version of its schema.
    pub schema: String,
    /// Number of rows.
    pub rows: u64,
    /// Number of files.
    pub files: usize,
    /// Size of the files in bytes.
    pub bytes: u64,
}

/// A run at a glance.
///
/// # Errors
/// If the run is damaged.
pub fn overview(run: &RunReader) -> Result<Overview, StoreError> {
    let tables = Table::ALL
        .into_iter()
        .map(|table| {
            let (files, bytes) = run.files(table)?;
            let schema = table.schema_id().to_owned();
            Ok(TableOverview { table, schema, rows: run.rows(table)?, files, bytes })
        })
        .collect::<Result<_, StoreError>>()?;
    let scenario = run.scenario();
    Ok(Overview {
        name: scenario.name.clone(),
        seed: scenario.seed,
        status: run.status(),
        arms: scenario.arms.iter().map(|arm| arm.name.clone()).collect(),
        tables,
        wall_seconds: run.manifest().map(|manifest| manifest.wall_seconds),
    })
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            RunStatus::Finished => "finished",
            RunStatus::Checkpointed => "interrupted; shown as of the last checkpoint",
            RunStatus::Partial => "interrupted before the first checkpoint; shown as far as it was sealed",
        };
        writeln!(f, "run     {} (seed {})", self.name, self.seed)?;
        writeln!(f, "status  {status}")?;
        writeln!(f, "arms    {}", self.arms.join(", "))?;
        if let Some(seconds) = self.wall_seconds {
            writeln!(f, "took    {seconds:.1} s")?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "{:<14} {:<16} {:>12} {:>6} {:>14} {:>10}",
            "table", "schema", "rows", "files", "bytes", "bytes/row"
        )?;
        for table in &self.tables {
            let per_row = if table.rows == 0 { 0.0 } else { table.bytes as f64 / table.rows as f64 };
            writeln!(
                f,
                "{:<14} {:<16} {:>12} {:>6} {:>14} {per_row:>10.1}",
                table.table.name(),
                table.schema,
                table.rows,
                table.files,
                table.bytes
            )?;
        }
        Ok(())
    }
}

/// The columns of a table, one per line: name, type, and whether it may be null.
pub fn schema_text(table: Table) -> String {
    let schema = table.schema();
    let width = schema.fields().iter().map(|field| field.name().len()).max().unwrap_or(0);
    let lines = schema.fields().iter().map(|field| {
        let null = if field.is_nullable() { ", may be null" } else { "" };
        format!("  {:<width$}  {}{null}\n", field.name(), type_name(field.data_type()))
    });
    [format!("{}\n", table.schema_id())].into_iter().chain(lines).collect()
}

fn type_name(data_type: &arrow_schema::DataType) -> String {
    use arrow_schema::DataType;
    match data_type {
        DataType::List(element) => format!("list of {}", type_name(element.data_type())),
        DataType::Dictionary(_, _) => "name".to_owned(),
        DataType::Utf8 => "text".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}
