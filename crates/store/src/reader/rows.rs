//! Rows and batches of a table, read part by part.

use std::fs;
use std::path::Path;

use arrow_array::{BooleanArray, RecordBatch, UInt32Array};
use arrow_select::filter::filter_record_batch;
use bytes::Bytes;
use habitue_core::UserId;

use super::Part;
use crate::error::StoreError;
use crate::manifest;
use crate::part::{self, PartReader};
use crate::table::{Frame, Names, Row, Table};

/// The batches of a table.
pub struct Batches<'a> {
    pub(super) table: Table,
    pub(super) folder: &'a Path,
    pub(super) parts: &'a [Part],
    pub(super) pending: &'a [RecordBatch],
    pub(super) current: Option<PartReader>,
}

impl Iterator for Batches<'_> {
    type Item = Result<RecordBatch, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(part) = &mut self.current {
                if let Some(batch) = part.next() {
                    return Some(batch);
                }
                self.current = None;
            }
            if let Some((part, rest)) = self.parts.split_first() {
                self.parts = rest;
                match open_part(self.table, part) {
                    Ok(part) => self.current = Some(part),
                    Err(error) => return Some(Err(error)),
                }
            } else {
                let (batch, rest) = self.pending.split_first()?;
                self.pending = rest;
                return Some(Ok(batch.clone()));
            }
        }
    }
}

/// The rows of a table.
pub(super) struct Rows<'a, R> {
    pub(super) batches: Batches<'a>,
    pub(super) names: &'a Names,
    pub(super) only: Option<(&'static str, UserId)>,
    pub(super) ready: std::vec::IntoIter<R>,
}

impl<R: Row> Rows<'_, R> {
    fn decode(&self, batch: &RecordBatch) -> Result<Vec<R>, StoreError> {
        let file = self.batches.folder.join(R::TABLE.name());
        let frame = Frame::new(R::TABLE, batch, &file)?;
        let Some((column, user)) = self.only else {
            return R::decode(&frame, self.names);
        };
        let users: &UInt32Array = frame.get(column)?;
        let matches: BooleanArray = users.iter().map(|found| Some(found == Some(user.0))).collect();
        let batch =
            filter_record_batch(batch, &matches).map_err(|error| StoreError::damaged(&file, error))?;
        R::decode(&Frame::new(R::TABLE, &batch, &file)?, self.names)
    }
}

impl<R: Row> Iterator for Rows<'_, R> {
    type Item = Result<R, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.ready.next() {
                return Some(Ok(row));
            }
            match self.batches.next()?.and_then(|batch| self.decode(&batch)) {
                Ok(rows) => self.ready = rows.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

pub(super) fn open_part(table: Table, part: &Part) -> Result<PartReader, StoreError> {
    part::read(table, &part.path, read_checked(&part.path, &part.blake3)?)
}

/// Reads a file whose content must have this BLAKE3 sum.
pub(crate) fn read_checked(path: &Path, sum: &str) -> Result<Bytes, StoreError> {
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => StoreError::damaged(path, "it is missing"),
        _ => StoreError::io(path, "read")(error),
    })?;
    if manifest::hash(&bytes) != sum {
        let problem = format!("its content ({} bytes) does not match its checksum", bytes.len());
        return Err(StoreError::damaged(path, problem));
    }
    Ok(bytes.into())
}
