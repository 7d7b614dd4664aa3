//! Parts: the Parquet files of a table.
//!
//! The bytes of a part depend on its rows alone: batches are cut anew, so that it does not matter in which portions
//! the rows arrived.

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::error::StoreError;
use crate::table::{Names, Table, check_columns};

/// Rows given to the encoder at once.
const CHUNK: usize = 1 << 16;
/// Rows in a row group.
const ROW_GROUP: usize = 1 << 17;
/// Level of zstd: higher ones cost time and gain next to nothing on what is mostly noise.
const LEVEL: i32 = 3;
/// Rows in a batch that is read.
const BATCH: usize = 1 << 13;

/// What is said of bytes that make the decoder panic.
pub(crate) const CONTRADICTION: &str = "its content contradicts itself";
const SCHEMA_KEY: &str = "habitue.schema";
const ACTIONS_KEY: &str = "habitue.actions";
const CATEGORIES_KEY: &str = "habitue.categories";
const CREATORS_KEY: &str = "habitue.creators";

/// Name of a part's file.
pub(crate) fn file_name(index: usize) -> String {
    format!("part-{index:06}.parquet")
}

/// The part's number, if the file name is that of a part.
pub(crate) fn index_of(file_name: &str) -> Option<usize> {
    file_name.strip_prefix("part-")?.strip_suffix(".parquet")?.parse().ok()
}

/// The rows as a Parquet file.
pub(crate) fn encode(table: Table, batches: &[RecordBatch], names: &Names) -> Result<Vec<u8>, StoreError> {
    let problem = |problem: String| StoreError::Encode { table: table.name(), problem };
    let schema = table.schema();
    let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties(table, names)?))
        .map_err(|error| problem(error.to_string()))?;
    let mut waiting: Vec<RecordBatch> = Vec::new();
    let mut rows = 0;
    for batch in batches {
        let mut batch = batch.clone();
        while rows + batch.num_rows() >= CHUNK {
            let head = batch.slice(0, CHUNK - rows);
            batch = batch.slice(head.num_rows(), batch.num_rows() - head.num_rows());
            waiting.push(head);
            let chunk = concat_batches(&schema, &waiting).map_err(|error| problem(error.to_string()))?;
            writer.write(&chunk).map_err(|error| problem(error.to_string()))?;
            waiting.clear();
            rows = 0;
        }
        rows += batch.num_rows();
        if batch.num_rows() > 0 {
            waiting.push(batch);
        }
    }
    if rows > 0 {
        let chunk = concat_batches(&schema, &waiting).map_err(|error| problem(error.to_string()))?;
        writer.write(&chunk).map_err(|error| problem(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| problem(error.to_string()))
}

/// A batch of any columns as a Parquet file of its own.
pub(crate) fn encode_plain(batch: &RecordBatch) -> Result<Vec<u8>, StoreError> {
    let problem = |error: parquet::errors::ParquetError| StoreError::Encode {
        table: "of an import",
        problem: error.to_string(),
    };
    let properties = WriterProperties::builder()
        .set_created_by(created_by())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL).map_err(problem)?))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).map_err(problem)?;
    writer.write(batch).map_err(problem)?;
    writer.into_inner().map_err(problem)
}

fn created_by() -> String {
    format!("habitue {}", env!("CARGO_PKG_VERSION"))
}

fn properties(table: Table, names: &Names) -> Result<WriterProperties, StoreError> {
    let zstd = ZstdLevel::try_new(LEVEL)
        .map_err(|error| StoreError::Encode { table: table.name(), problem: error.to_string() })?;
    let mut builder = WriterProperties::builder()
        .set_created_by(created_by())
        .set_compression(Compression::ZSTD(zstd))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_key_value_metadata(Some(metadata(table, names)));
    for field in table.schema().fields() {
        let (path, leaf) = match field.data_type() {
            DataType::List(element) => {
                let path = vec![field.name().clone(), "list".to_owned(), element.name().clone()];
                (ColumnPath::new(path), element.data_type())
            }
            other => (ColumnPath::new(vec![field.name().clone()]), other),
        };
        // Mantissas are noise: grouping bytes by significance lets zstd see what is not. Counters and times grow
        // slowly within a window, which is what delta encoding is for. Everything else repeats: a dictionary.
        let encoding = match (leaf, field.data_type()) {
            (DataType::Float32 | DataType::Float64, _) => Encoding::BYTE_STREAM_SPLIT,
            (DataType::Int64, _) | (DataType::UInt32, DataType::UInt32) => Encoding::DELTA_BINARY_PACKED,
            _ => continue,
        };
        // Numbers that a producer rounds repeat too. The encoder tries a dictionary and falls back to the encoding
        // when it is full, so what is not rounded costs no more than the dictionary. Dwell is in milliseconds.
        let dictionary = match field.name().as_str() {
            "dwell_seconds" => 1 << 18,
            _ => 1 << 14,
        };
        builder = builder
            .set_column_dictionary_enabled(path.clone(), encoding == Encoding::BYTE_STREAM_SPLIT)
            .set_column_dictionary_page_size_limit(path.clone(), dictionary)
            .set_column_encoding(path, encoding);
    }
    Ok(builder.build())
}

fn metadata(table: Table, names: &Names) -> Vec<KeyValue> {
    let list = |key: &str, names: &[String]| {
        KeyValue::new(key.to_owned(), serde_json::Value::from(names.to_vec()).to_string())
    };
    let mut entries = vec![KeyValue::new(SCHEMA_KEY.to_owned(), table.schema_id().to_owned())];
    match table {
        Table::Turns => entries.push(list(ACTIONS_KEY, &names.actions)),
        Table::Items => {
            entries.push(list(CATEGORIES_KEY, &names.categories));
            entries.push(list(CREATORS_KEY, &names.creators));
        }
        _ => {}
    }
    entries
}

/// Compressed bytes of every column of a part, in the order of the schema.
pub(crate) fn column_bytes(path: &Path, bytes: Bytes) -> Result<Vec<(String, u64)>, StoreError> {
    let read = catch_unwind(AssertUnwindSafe(|| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .map_err(|error| StoreError::damaged(path, error))?;
        let mut sizes: Vec<(String, u64)> = Vec::new();
        let groups = builder.metadata().row_groups().iter();
        for column in groups.flat_map(parquet::file::metadata::RowGroupMetaData::columns) {
            let name = column.column_path().parts().first().cloned().unwrap_or_default();
            let size = u64::try_from(column.compressed_size()).unwrap_or(0);
            match sizes.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += size,
                None => sizes.push((name, size)),
            }
        }
        Ok(sizes)
    }));
    read.unwrap_or_else(|_| Err(StoreError::damaged(path, CONTRADICTION)))
}

/// A part that is being read.
pub(crate) struct PartReader {
    path: PathBuf,
    batches: Option<ParquetRecordBatchReader>,
    /// Number of rows.
    pub(crate) rows: u64,
    /// Names of categories and creators, for the table of items.
    pub(crate) catalogue_names: Option<(Vec<String>, Vec<String>)>,
}

/// Opens a part; the whole file is `bytes`. Arbitrary bytes give an error, never a panic.
pub(crate) fn read(table: Table, path: &Path, bytes: Bytes) -> Result<PartReader, StoreError> {
    // The Parquet decoder checks most of what it reads, but not all: what it trusts and should not is caught here.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .map_err(|error| StoreError::damaged(path, error))?
            .with_batch_size(BATCH);
        let entries = builder.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
        let find =
            |key: &str| entries.iter().find(|entry| entry.key == key).and_then(|entry| entry.value.clone());
        let found = find(SCHEMA_KEY);
        if found.as_deref() != Some(table.schema_id()) {
            let found = found.map_or_else(|| "of no version".to_owned(), |found| format!("\"{found}\""));
            let expected = table.schema_id().to_owned();
            return Err(StoreError::Schema { path: path.to_path_buf(), found, expected });
        }
        check_columns(table, builder.schema(), path)?;
        let list = |key: &str| {
            let text = find(key).ok_or_else(|| StoreError::damaged(path, format!("it has no {key}")))?;
            serde_json::from_str::<Vec<String>>(&text)
                .map_err(|error| StoreError::damaged(path, format!("{key}: {error}")))
        };
        let catalogue_names = match table {
            Table::Items => Some((list(CATEGORIES_KEY)?, list(CREATORS_KEY)?)),
            _ => None,
        };
        let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        let batches = builder.build().map_err(|error| StoreError::damaged(path, error))?;
        Ok(PartReader { path: path.to_path_buf(), batches: Some(batches), rows, catalogue_names })
    }));
    opened.unwrap_or_else(|_| Err(StoreError::damaged(path, CONTRADICTION)))
}

impl Iterator for PartReader {
    type Item = Result<RecordBatch, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batches = self.batches.as_mut()?;
        let next = catch_unwind(AssertUnwindSafe(|| batches.next()));
        let next = match next {
            Ok(None) => None,
            Ok(Some(Ok(batch))) => Some(Ok(batch)),
            Ok(Some(Err(error))) => Some(Err(StoreError::damaged(&self.path, error))),
            Err(_) => Some(Err(StoreError::damaged(&self.path, CONTRADICTION))),
        };
        if !matches!(next, Some(Ok(_))) {
            self.batches = None;
        }
        next
    }
}
