//! Checkpoints: the state of the run and the rows that are not in a part yet.
//!
//! `checkpoint/head-NNNNNN` holds the state, the list of parts as of then and the list of segments; a segment
//! `checkpoint/rows-NNNNNN` holds rows that were new at a checkpoint, so that a checkpoint costs what happened since
//! the last one. The two newest heads and their segments are kept. Every file begins with a magic number and the
//! BLAKE3 sum of the rest.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use serde::{Deserialize, Serialize};

use crate::disk::{self, Disk};
use crate::error::StoreError;
use crate::manifest::FileSummary;
use crate::part::CONTRADICTION;
use crate::table::{Names, Table, check_columns};

/// The folder of checkpoints in a run folder.
pub(crate) const FOLDER: &str = "checkpoint";
const MAGIC: &[u8; 8] = b"HABITUE1";
/// Level of zstd for states and rows: they live shortly, so speed counts.
const LEVEL: i32 = 1;

/// Everything at a checkpoint but state and rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) sequence: u64,
    /// Hash of the scenario, so that no other can slip in.
    pub(crate) scenario: String,
    pub(crate) names: Names,
    /// Number of items in the log.
    pub(crate) items: u32,
    pub(crate) sealed: BTreeMap<Table, Vec<FileSummary>>,
    pub(crate) segments: Vec<String>,
}

/// A checkpoint as it is read back.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) head: Head,
    pub(crate) state: Vec<u8>,
    /// Rows that are in no part.
    pub(crate) rows: BTreeMap<Table, Vec<RecordBatch>>,
}

fn head_name(sequence: u64) -> String {
    format!("head-{sequence:06}")
}

/// Name of the segment that a checkpoint adds.
pub(crate) fn segment_name(sequence: u64) -> String {
    format!("rows-{sequence:06}")
}

fn head_sequence(name: &str) -> Option<u64> {
    name.strip_prefix("head-")?.parse().ok()
}

/// Compresses a state.
pub(crate) fn pack_state(state: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::compress(state, LEVEL)
        .map_err(|error| StoreError::Encode { table: "state", problem: error.to_string() })
}

/// Writes a checkpoint: first the rows that are new, if there are any, then the head that makes it count.
pub(crate) fn write(
    disk: &Disk,
    run: &Path,
    head: &Head,
    state: &[u8],
    new: &[(Table, Vec<RecordBatch>)],
) -> Result<(), StoreError> {
    let folder = run.join(FOLDER);
    if !new.is_empty() {
        let rows = pack_rows(new)?;
        write_sealed(disk, &folder.join(segment_name(head.sequence)), &[&rows])?;
    }
    let packed = postcard::to_stdvec(head)
        .map_err(|error| StoreError::Encode { table: "checkpoint", problem: error.to_string() })?;
    let length = (packed.len() as u64).to_le_bytes();
    write_sealed(disk, &folder.join(head_name(head.sequence)), &[&length, &packed, state])
}

/// Removes every file that none of these checkpoints needs.
pub(crate) fn keep_only(disk: &Disk, run: &Path, heads: &[&Head]) -> Result<(), StoreError> {
    let folder = run.join(FOLDER);
    let needed: BTreeSet<String> = heads
        .iter()
        .flat_map(|head| head.segments.iter().cloned().chain([head_name(head.sequence)]))
        .collect();
    for name in disk::files_in(&folder)?.iter().filter(|name| !needed.contains(*name)) {
        disk.remove(&folder.join(name))?;
    }
    Ok(())
}

/// The newest checkpoint; `None` if there never was one.
///
/// # Errors
/// If it is damaged. Falling back to an older one is a loss that somebody has to decide on: the error says how.
pub(crate) fn read_newest(run: &Path) -> Result<Option<Checkpoint>, StoreError> {
    let folder = run.join(FOLDER);
    let mut heads = sequences(&folder)?;
    loop {
        let Some(newest) = heads.last().copied() else { return Ok(None) };
        let (path, mut problem) = match read_one(&folder, newest) {
            Err(StoreError::Damaged { path, problem }) => (path, problem),
            outcome => return outcome.map(Some),
        };
        // Whoever writes the run may have made another checkpoint since, and removed what this one needs.
        let now = sequences(&folder)?;
        if now.last() != heads.last() {
            heads = now;
            continue;
        }
        if heads.len() > 1 {
            problem =
                format!("{problem}; remove {} to go back to the checkpoint before it", head_name(newest));
        }
        return Err(StoreError::damaged(&path, problem));
    }
}

/// The checkpoints there are, oldest first.
fn sequences(folder: &Path) -> Result<Vec<u64>, StoreError> {
    let mut sequences: Vec<u64> =
        disk::files_in(folder)?.iter().filter_map(|name| head_sequence(name)).collect();
    sequences.sort_unstable();
    Ok(sequences)
}

fn read_one(folder: &Path, sequence: u64) -> Result<Checkpoint, StoreError> {
    let path = folder.join(head_name(sequence));
    let (head, state) = read_head(&path)?;
    let state =
        zstd::stream::decode_all(state.as_slice()).map_err(|error| StoreError::damaged(&path, error))?;
    let mut rows: BTreeMap<Table, Vec<RecordBatch>> = BTreeMap::new();
    for segment in &head.segments {
        unpack_rows(&folder.join(segment), &mut rows)?;
    }
    Ok(Checkpoint { head, state, rows })
}

fn read_head(path: &Path) -> Result<(Head, Vec<u8>), StoreError> {
    let content = read_sealed(path)?;
    let damaged = || StoreError::damaged(path, "its head is too short");
    let (length, rest) = content.split_first_chunk::<8>().ok_or_else(damaged)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
    let (head, state) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let head = postcard::from_bytes(head).map_err(|error| StoreError::damaged(path, error))?;
    Ok((head, state.to_vec()))
}

fn pack_rows(tables: &[(Table, Vec<RecordBatch>)]) -> Result<Vec<u8>, StoreError> {
    let mut content = Vec::new();
    for (table, batches) in tables {
        let problem = |error: arrow_schema::ArrowError| StoreError::Encode {
            table: table.name(),
            problem: error.to_string(),
        };
        let mut stream = StreamWriter::try_new(Vec::new(), &table.schema()).map_err(problem)?;
        for batch in batches {
            stream.write(batch).map_err(problem)?;
        }
        let stream = stream.into_inner().map_err(problem)?;
        content.push(*table as u8);
        content.extend_from_slice(&(stream.len() as u64).to_le_bytes());
        content.extend_from_slice(&stream);
    }
    zstd::bulk::compress(&content, LEVEL)
        .map_err(|error| StoreError::Encode { table: "checkpoint", problem: error.to_string() })
}

fn unpack_rows(path: &Path, into: &mut BTreeMap<Table, Vec<RecordBatch>>) -> Result<(), StoreError> {
    let packed = read_sealed(path)?;
    let content =
        zstd::stream::decode_all(packed.as_slice()).map_err(|error| StoreError::damaged(path, error))?;
    // The checksum says that these are the bytes that were written; what they say is still not trusted.
    let unpacked = catch_unwind(AssertUnwindSafe(|| unpack_tables(path, &content)));
    for (table, batch) in unpacked.unwrap_or_else(|_| Err(StoreError::damaged(path, CONTRADICTION)))? {
        into.entry(table).or_default().push(batch);
    }
    Ok(())
}

fn unpack_tables(path: &Path, content: &[u8]) -> Result<Vec<(Table, RecordBatch)>, StoreError> {
    let mut batches = Vec::new();
    let damaged = || StoreError::damaged(path, "it ends too early");
    let mut rest = content;
    while let Some((table, after)) = rest.split_first() {
        let table = *Table::ALL
            .get(usize::from(*table))
            .ok_or_else(|| StoreError::damaged(path, format!("it has rows of table number {table}")))?;
        let (length, after) = after.split_first_chunk::<8>().ok_or_else(damaged)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
        let (stream, after) = after.split_at_checked(length).ok_or_else(damaged)?;
        rest = after;
        let stream = StreamReader::try_new(Cursor::new(stream), None)
            .map_err(|error| StoreError::damaged(path, error))?;
        for batch in stream {
            let batch = batch.map_err(|error| StoreError::damaged(path, error))?;
            check_columns(table, batch.schema_ref(), path)?;
            batches.push((table, batch));
        }
    }
    Ok(batches)
}

fn write_sealed(disk: &Disk, path: &Path, content: &[&[u8]]) -> Result<(), StoreError> {
    let mut hasher = blake3::Hasher::new();
    for bytes in content {
        hasher.update(bytes);
    }
    let sum = hasher.finalize();
    let mut all: Vec<&[u8]> = vec![MAGIC, sum.as_bytes()];
    all.extend_from_slice(content);
    disk.replace(path, &all)
}

fn read_sealed(path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut content = fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => StoreError::damaged(path, "it is missing"),
        _ => StoreError::io(path, "read")(error),
    })?;
    let (magic, rest) = content.split_at_checked(8).unwrap_or_default();
    if magic != MAGIC {
        return Err(StoreError::damaged(path, "it is not a checkpoint of this version of habitue"));
    }
    let (sum, rest) = rest.split_at_checked(32).unwrap_or_default();
    if blake3::hash(rest).as_bytes().as_slice() != sum {
        return Err(StoreError::damaged(path, "its content does not match its checksum"));
    }
    content.drain(..40);
    Ok(content)
}
