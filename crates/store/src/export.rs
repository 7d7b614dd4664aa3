//! Tables as CSV and JSON lines.
//!
//! Both have the columns of [`Table::schema`](crate::Table::schema) in order. JSON lines: one object per row, lists
//! as arrays. CSV: a header, then one line per row; nulls are empty, lists are written as JSON in one field. Numbers
//! are written with as few digits as give back the same number; numbers that JSON lacks are the texts `"NaN"`,
//! `"inf"` and `"-inf"`.

#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use habitue_core::scenario::nearest;

use crate::disk::Disk;
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

/// Writes all tables into a folder, as `turns.csv`, `sessions.csv`, ...; gives the files and their numbers of rows. Every
/// file appears when it is whole.
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
    let disk = Disk::default();
    disk.folder(folder)?;
    tables
        .iter()
        .map(|table| {
            let path = folder.join(format!("{table}.{}", format.name()));
            let rows = disk.stream(&path, |file| export_table(run, *table, format, file))?;
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
        match self {
            Self::Jsonl(to) => {
                serde_json::to_writer(&mut *to, &Object { batch, row })?;
                to.write_all(b"\n")
            }
            Self::Csv(writer) => {
                for column in batch.columns() {
                    let cell = Cell { column, row };
                    match cell.text() {
                        _ if column.is_null(row) => writer.write_field("")?,
                        Some(text) => writer.write_field(text)?,
                        None => writer.write_field(serde_json::to_vec(&cell)?)?,
                    }
                }
                Ok(writer.write_record(None::<&[u8]>)?)
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

/// A row as a JSON object, its fields in the order of the columns.
struct Object<'a> {
    batch: &'a RecordBatch,
    row: usize,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let schema = self.batch.schema_ref();
        let mut object = serializer.serialize_map(Some(schema.fields().len()))?;
        for (field, column) in schema.fields().iter().zip(self.batch.columns()) {
            object.serialize_entry(field.name(), &Cell { column, row: self.row })?;
        }
        object.end()
    }
}

/// A cell as JSON. Covers the types that tables have.
struct Cell<'a> {
    column: &'a dyn Array,
    row: usize,
}

impl Cell<'_> {
    /// The text, if the column is one of texts or names.
    fn text(&self) -> Option<&str> {
        match self.column.data_type() {
            DataType::Utf8 => Some(self.column.as_string::<i32>().value(self.row)),
            DataType::Dictionary(_, _) => {
                let names = self.column.as_dictionary::<Int32Type>();
                names.key(self.row).map(|key| names.values().as_string::<i32>().value(key))
            }
            _ => None,
        }
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { column, row } = *self;
        if column.is_null(row) {
            return to.serialize_none();
        }
        if let Some(text) = self.text() {
            return to.serialize_str(text);
        }
        match column.data_type() {
            DataType::Boolean => to.serialize_bool(column.as_boolean().value(row)),
            DataType::UInt8 => to.serialize_u8(column.as_primitive::<UInt8Type>().value(row)),
            DataType::UInt16 => to.serialize_u16(column.as_primitive::<UInt16Type>().value(row)),
            DataType::UInt32 => to.serialize_u32(column.as_primitive::<UInt32Type>().value(row)),
            DataType::UInt64 => to.serialize_u64(column.as_primitive::<UInt64Type>().value(row)),
            DataType::Int64 => to.serialize_i64(column.as_primitive::<Int64Type>().value(row)),
            DataType::Float32 => match column.as_primitive::<Float32Type>().value(row) {
                number if number.is_finite() => to.serialize_f32(number),
                other => to.collect_str(&other),
            },
            DataType::Float64 => match column.as_primitive::<Float64Type>().value(row) {
                number if number.is_finite() => to.serialize_f64(number),
                other => to.collect_str(&other),
            },
            DataType::List(_) => {
                let values = column.as_list::<i32>().value(row);
                to.collect_seq((0..values.len()).map(|row| Cell { column: &values, row }))
            }
            other => Err(serde::ser::Error::custom(format!("a column of type {other}"))),
        }
    }
}
