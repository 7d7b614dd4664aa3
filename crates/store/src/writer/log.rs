//! The tables as the writing thread sees them: staged rows, batches, parts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use habitue_core::{InterventionRecord, Item, Message, SessionRecord, Turn, WindowRows};

use crate::checkpoint::{self, Checkpoint, Head};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::manifest::{CHECKSUMS, FileSummary, TableSummary, checksum_line};
use crate::part;
use crate::table::{Names, Table, interventions, items, messages, sessions, turns};

/// Rows that are turned into one batch.
const BATCH: usize = 1 << 13;
/// Segments a checkpoint may be made of before they are written anew as one.
const SEGMENTS: usize = 64;

/// One table: rows in parts, and rows waiting to be.
#[derive(Default)]
struct Pending {
    sealed: Vec<FileSummary>,
    batches: Vec<RecordBatch>,
    rows: usize,
    /// Batches that are in a segment of the last checkpoint.
    saved: usize,
}

impl Pending {
    fn push(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows();
        if batch.num_rows() > 0 {
            self.batches.push(batch);
        }
    }
}

/// All tables of a run.
pub(super) struct Log {
    folder: PathBuf,
    disk: Disk,
    names: Names,
    rows_per_file: usize,
    tables: BTreeMap<Table, Pending>,
    turns: Vec<Turn>,
    sessions: Vec<SessionRecord>,
    messages: Vec<Message>,
    interventions: Vec<InterventionRecord>,
    items: Vec<Item>,
    /// Items in the table, staged ones not counted.
    item_count: u32,
    sequence: u64,
    segments: Vec<String>,
    /// Whether segments hold rows that have been sealed since.
    stale: bool,
}

impl Log {
    pub(super) fn new(folder: PathBuf, names: Names, rows_per_file: usize, disk: Disk) -> Self {
        Self {
            folder,
            disk,
            names,
            rows_per_file: rows_per_file.max(1),
            tables: Table::ALL.map(|table| (table, Pending::default())).into(),
            turns: Vec::new(),
            sessions: Vec::new(),
            messages: Vec::new(),
            interventions: Vec::new(),
            items: Vec::new(),
            item_count: 0,
            sequence: 0,
            segments: Vec::new(),
            stale: false,
        }
    }

    /// The tables as they were at a checkpoint, with the state of the run.
    pub(super) fn restore(
        folder: PathBuf,
        checkpoint: Checkpoint,
        rows_per_file: usize,
        disk: Disk,
    ) -> (Self, Vec<u8>) {
        let Checkpoint { head, state, rows } = checkpoint;
        let mut log = Self::new(folder, head.names, rows_per_file, disk);
        for (table, files) in head.sealed {
            log.tables.entry(table).or_default().sealed = files;
        }
        for (table, batches) in rows {
            let pending = log.tables.entry(table).or_default();
            batches.into_iter().for_each(|batch| pending.push(batch));
            pending.saved = pending.batches.len();
        }
        (log.item_count, log.sequence, log.segments) = (head.items, head.sequence, head.segments);
        (log, state)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The first rows of items and users are sealed at once: everything else refers to them.
    pub(super) fn begin(
        &mut self,
        names: Names,
        items: Vec<RecordBatch>,
        item_count: u32,
        users: Vec<RecordBatch>,
    ) -> Result<(), StoreError> {
        self.names = names;
        self.item_count = item_count;
        for (table, batches) in [(Table::Items, items), (Table::Users, users)] {
            let pending = self.tables.entry(table).or_default();
            batches.into_iter().for_each(|batch| pending.push(batch));
            self.seal(table)?;
        }
        Ok(())
    }

    pub(super) fn window(&mut self, rows: WindowRows) -> Result<(), StoreError> {
        self.names.categories.extend(rows.new_categories);
        self.names.creators.extend(rows.new_creators);
        append(&mut self.turns, rows.turns);
        append(&mut self.sessions, rows.sessions);
        append(&mut self.messages, rows.messages);
        append(&mut self.interventions, rows.interventions);
        append(&mut self.items, rows.items);
        for table in Table::ALL {
            let staged = self.staged(table);
            let full = self.tables[&table].rows + staged >= self.rows_per_file;
            if staged >= BATCH || (full && staged > 0) {
                self.stage(table)?;
            }
            if full && staged > 0 {
                self.seal(table)?;
            }
        }
        Ok(())
    }

    /// Rows that are not in a batch yet.
    fn staged(&self, table: Table) -> usize {
        match table {
            Table::Turns => self.turns.len(),
            Table::Sessions => self.sessions.len(),
            Table::Users => 0,
            Table::Items => self.items.len(),
            Table::Messages => self.messages.len(),
            Table::Interventions => self.interventions.len(),
        }
    }

    /// Turns staged rows into batches.
    fn stage(&mut self, table: Table) -> Result<(), StoreError> {
        let names = &self.names;
        let batches: Result<Vec<_>, _> = match table {
            Table::Turns => {
                take(&mut self.turns).chunks(BATCH).map(|rows| turns::encode(rows, names)).collect()
            }
            Table::Sessions => {
                take(&mut self.sessions).chunks(BATCH).map(|rows| sessions::encode(rows, names)).collect()
            }
            Table::Messages => take(&mut self.messages).chunks(BATCH).map(messages::encode).collect(),
            Table::Interventions => {
                take(&mut self.interventions).chunks(BATCH).map(interventions::encode).collect()
            }
            Table::Items => {
                let rows = take(&mut self.items);
                let first = self.item_count;
                self.item_count += rows.len() as u32;
                let chunks = rows.chunks(BATCH).enumerate();
                chunks.map(|(at, rows)| items::encode(first + (at * BATCH) as u32, rows, names)).collect()
            }
            Table::Users => Ok(Vec::new()),
        };
        let pending = self.tables.entry(table).or_default();
        batches?.into_iter().for_each(|batch| pending.push(batch));
        Ok(())
    }

    /// Writes everything that is pending as the next part.
    fn seal(&mut self, table: Table) -> Result<(), StoreError> {
        let pending = self.tables.entry(table).or_default();
        let bytes = part::encode(table, &pending.batches, &self.names)?;
        let name = part::file_name(pending.sealed.len());
        self.disk.replace(&self.folder.join(table.name()).join(&name), &[&bytes])?;
        let blake3 = blake3::hash(&bytes).to_hex().to_string();
        let file = FileSummary { name, rows: pending.rows as u64, bytes: bytes.len() as u64, blake3 };
        self.disk.append(&self.folder.join(CHECKSUMS), &checksum_line(table, &file))?;
        self.stale |= pending.saved > 0;
        pending.sealed.push(file);
        pending.batches.clear();
        (pending.rows, pending.saved) = (0, 0);
        Ok(())
    }

    pub(super) fn checkpoint(&mut self, state: &[u8]) -> Result<(), StoreError> {
        for table in Table::ALL {
            self.stage(table)?;
        }
        self.sequence += 1;
        if self.stale || self.segments.len() >= SEGMENTS {
            self.stale = false;
            self.segments.clear();
            self.tables.values_mut().for_each(|pending| pending.saved = 0);
        }
        let new: Vec<(Table, &[RecordBatch])> =
            self.tables.iter().map(|(table, pending)| (*table, &pending.batches[pending.saved..])).collect();
        if new.iter().any(|(_, batches)| !batches.is_empty()) {
            self.segments.push(checkpoint::segment_name(self.sequence));
        }
        let head = Head {
            sequence: self.sequence,
            names: self.names.clone(),
            items: self.item_count,
            sealed: self.tables.iter().map(|(table, pending)| (*table, pending.sealed.clone())).collect(),
            segments: self.segments.clone(),
        };
        checkpoint::write(&self.disk, &self.folder, &head, state, &new)?;
        self.tables.values_mut().for_each(|pending| pending.saved = pending.batches.len());
        Ok(())
    }

    /// Seals what is left; every table has at least one part, if only to show its columns.
    pub(super) fn finish(&mut self) -> Result<BTreeMap<Table, TableSummary>, StoreError> {
        let mut tables = BTreeMap::new();
        for table in Table::ALL {
            self.stage(table)?;
            let pending = &self.tables[&table];
            if pending.rows > 0 || pending.sealed.is_empty() {
                self.seal(table)?;
            }
            let files = self.tables[&table].sealed.clone();
            let rows = files.iter().map(|file| file.rows).sum();
            tables.insert(table, TableSummary { schema: table.schema_id().to_owned(), rows, files });
        }
        Ok(tables)
    }
}

/// Appends without copying where nothing is there yet.
fn append<T>(rows: &mut Vec<T>, mut new: Vec<T>) {
    if rows.is_empty() {
        *rows = new;
    } else {
        rows.append(&mut new);
    }
}

fn take<T>(rows: &mut Vec<T>) -> Vec<T> {
    std::mem::take(rows)
}
