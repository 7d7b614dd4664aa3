//! Tables as CSV and JSON lines.
//!
//! Both have the columns of [`Table::schema`](crate::Table::schema) in order. JSON lines: one object per row, lists
//! as arrays. CSV: a header, then one line per row; nulls are empty, lists are written as JSON in one field. Numbers
//! are written with as few digits as give back the same number; numbers that JSON lacks are the texts `"NaN"`,
//! `"inf"` and `"-inf"`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use serde_json::{Map, Value};

use habitue_core::scenario::nearest;

use crate::error::StoreError;
use crate::reader::RunReader;
use crate::table::Table;

/// Format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values, lists as JSON.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

impl ExportFormat {
    /// Names of all formats, which are also the endings of their files.
    pub const NAMES: [&str; 2] = ["csv", "jsonl"];

    /// Name of the format.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

impl FromStr for ExportFormat {
    type Err = StoreError;

    fn from_str(name: &str) -> Result<Self, StoreError> {
        [Self::Csv, Self::Jsonl].into_iter().find(|format| format.name() == name).ok_or_else(|| {
            StoreError::NoSuch {
                what: "export format",
                name: name.to_owned(),
                nearest: nearest(name, Self::NAMES),
            }
        })
    }
}

/// Writes one table; gives the number of rows.
///
/// # Errors
/// If the run is damaged or writing fails.
pub fn export_table(
    run: &RunReader,
    table: Table,
    format: ExportFormat,
    to: impl Write,
) -> Result<u64, StoreError> {
    let mut sink = Sink::new(table, format, to).map_err(StoreError::io(run.folder(), "export from"))?;
    let mut rows = 0;
    for batch in run.batches(table) {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            sink.row(&batch, row).map_err(StoreError::io(run.folder(), "export from"))?;
        }
        rows += batch.num_rows() as u64;
    }
    sink.flush().map_err(StoreError::io(run.folder(), "export from"))?;
    Ok(rows)
}

/// Writes all tables into a folder, as `turns.csv`, `sessions.csv`, ...; gives the files and their numbers of rows.
///
/// # Errors
/// If the run is damaged or writing fails.
pub fn export_run(
    run: &RunReader,
    folder: &Path,
    format: ExportFormat,
) -> Result<Vec<(PathBuf, u64)>, StoreError> {
    export_tables(run, &Table::ALL, folder, format)
}

/// Writes these tables into a folder, as [`export_run`] does.
///
/// # Errors
/// If the run is damaged or writing fails.
pub fn export_tables(
    run: &RunReader,
    tables: &[Table],
    folder: &Path,
    format: ExportFormat,
) -> Result<Vec<(PathBuf, u64)>, StoreError> {
    std::fs::create_dir_all(folder).map_err(StoreError::io(folder, "create the folder"))?;
    tables
        .iter()
        .map(|table| {
            let path = folder.join(format!("{table}.{}", format.name()));
            let file = File::create(&path).map_err(StoreError::io(&path, "create the file"))?;
            let rows = export_table(run, *table, format, BufWriter::new(file))?;
            Ok((path, rows))
        })
        .collect()
}

enum Sink<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(W),
}

impl<W: Write> Sink<W> {
    fn new(table: Table, format: ExportFormat, to: W) -> std::io::Result<Self> {
        Ok(match format {
            ExportFormat::Jsonl => Self::Jsonl(to),
            ExportFormat::Csv => {
                let mut writer = csv::Writer::from_writer(to);
                writer.write_record(table.schema().fields().iter().map(|field| field.name()))?;
                Self::Csv(Box::new(writer))
            }
        })
    }

    fn row(&mut self, batch: &RecordBatch, row: usize) -> std::io::Result<()> {
        let schema = batch.schema();
        let cells = schema.fields().iter().zip(batch.columns());
        match self {
            Self::Jsonl(to) => {
                let object: Map<String, Value> =
                    cells.map(|(field, column)| (field.name().clone(), cell(column, row))).collect();
                serde_json::to_writer(&mut *to, &object)?;
                to.write_all(b"\n")
            }
            Self::Csv(writer) => {
                let cells = cells.map(|(_, column)| match cell(column, row) {
                    Value::Null => String::new(),
                    Value::String(text) => text,
                    other => other.to_string(),
                });
                Ok(writer.write_record(cells)?)
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Csv(writer) => writer.flush(),
            Self::Jsonl(to) => to.flush(),
        }
    }
}

/// A cell as JSON. Covers the types that tables have.
fn cell(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(row).into(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).into(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float64 => number(column.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => {
            let value = column.as_primitive::<Float32Type>().value(row);
            // The shortest decimal of the single-precision number, not of its double-precision neighbour.
            value.to_string().parse().map_or_else(|_| number(f64::from(value)), number)
        }
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Dictionary(_, _) => {
            let names = column.as_dictionary::<Int32Type>();
            names.key(row).map_or(Value::Null, |key| cell(names.values(), key))
        }
        DataType::List(_) => {
            let values = column.as_list::<i32>().value(row);
            (0..values.len()).map(|at| cell(&values, at)).collect::<Vec<_>>().into()
        }
        other => Value::String(format!("<{other}>")),
    }
}

fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number)
}
