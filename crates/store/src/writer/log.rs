//! The tables as the writing thread sees them: staged rows, batches, parts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use habitue_core::scenario::Scenario;
use habitue_core::{
    InterventionRecord, Item, LlmCall, MemoryRecord, Message, SessionRecord, Turn, WindowRows,
};

use crate::checkpoint::{self, Checkpoint, Head};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::manifest::{self, CHECKSUMS, FileSummary, TableSummary, checksum_line};
use crate::part;
use crate::table::{Names, Table, interventions, items, llm_calls, memories, messages, sessions, turns};

/// Rows that are turned into one batch.
const BATCH: usize = 1 << 13;
/// Segments a checkpoint may be made of before they are written anew as one.
pub(super) const SEGMENTS: usize = 64;

/// One table: rows in parts, and rows waiting to be.
#[derive(Default)]
struct Pending {
    sealed: Vec<FileSummary>,
    batches: Vec<RecordBatch>,
    /// Rows in the batches.
    rows: usize,
    /// How many of the waiting rows, first those in batches, then those staged, are in a segment of the last
    /// checkpoint.
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
    scenario_hash: String,
    names: Names,
    rows_per_file: usize,
    tables: BTreeMap<Table, Pending>,
    turns: Vec<Turn>,
    sessions: Vec<SessionRecord>,
    messages: Vec<Message>,
    interventions: Vec<InterventionRecord>,
    llm_calls: Vec<LlmCall>,
    memories: Vec<MemoryRecord>,
    items: Vec<Item>,
    /// Items in the table, staged ones not counted.
    item_count: u32,
    /// The last checkpoint.
    last: Option<Head>,
    segments: Vec<String>,
    /// Whether segments hold rows that have been sealed since.
    stale: bool,
}

impl Log {
    pub(super) fn new(folder: PathBuf, scenario_hash: String, scenario: &Scenario, disk: Disk) -> Self {
        Self {
            folder,
            disk,
            scenario_hash,
            names: Names::of(scenario),
            rows_per_file: scenario.log.rows_per_file.max(1),
            tables: Table::ALL.map(|table| (table, Pending::default())).into(),
            turns: Vec::new(),
            sessions: Vec::new(),
            messages: Vec::new(),
            interventions: Vec::new(),
            llm_calls: Vec::new(),
            memories: Vec::new(),
            items: Vec::new(),
            item_count: 0,
            last: None,
            segments: Vec::new(),
            stale: false,
        }
    }

    /// Takes the tables as they were at a checkpoint; gives the state of the run.
    pub(super) fn restore(&mut self, checkpoint: Checkpoint) -> Vec<u8> {
        let Checkpoint { head, state, rows } = checkpoint;
        for (table, files) in &head.sealed {
            self.tables.entry(*table).or_default().sealed.clone_from(files);
        }
        for (table, batches) in rows {
            let pending = self.tables.entry(table).or_default();
            for batch in batches {
                pending.push(batch);
            }
            pending.saved = pending.rows;
        }
        self.names = head.names.clone();
        self.item_count = head.items;
        self.segments.clone_from(&head.segments);
        self.last = Some(head);
        state
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names behind the first items and users, which follow as [`Self::first_rows`].
    pub(super) fn begin(&mut self, names: Names, item_count: u32) {
        self.names = names;
        self.item_count = item_count;
    }

    /// Rows of items and users from before the first window. Items stay together: the first part is the catalogue as
    /// the run began.
    pub(super) fn first_rows(&mut self, table: Table, batch: RecordBatch) -> Result<(), StoreError> {
        let pending = self.tables.entry(table).or_default();
        pending.push(batch);
        let full = table != Table::Items && pending.rows >= self.rows_per_file;
        if full { self.seal(table) } else { Ok(()) }
    }

    /// The first items and users are sealed before anything else happens: everything refers to them.
    pub(super) fn begun(&mut self) -> Result<(), StoreError> {
        for table in [Table::Items, Table::Users] {
            let pending = &self.tables[&table];
            if pending.rows > 0 || pending.sealed.is_empty() {
                self.seal(table)?;
            }
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
        append(&mut self.llm_calls, rows.llm_calls);
        append(&mut self.memories, rows.memories);
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
            Table::LlmCalls => self.llm_calls.len(),
            Table::Memories => self.memories.len(),
        }
    }

    /// The staged rows but for the first `from`, as batches.
    fn encoded(&self, table: Table, from: usize) -> Result<Vec<RecordBatch>, StoreError> {
        let names = &self.names;
        match table {
            Table::Turns => self.turns[from..].chunks(BATCH).map(|rows| turns::encode(rows, names)).collect(),
            Table::Sessions => {
                self.sessions[from..].chunks(BATCH).map(|rows| sessions::encode(rows, names)).collect()
            }
            Table::Messages => {
                self.messages[from..].chunks(BATCH).map(|rows| messages::encode(rows, names)).collect()
            }
            Table::Interventions => {
                self.interventions[from..].chunks(BATCH).map(interventions::encode).collect()
            }
            Table::LlmCalls => {
                self.llm_calls[from..].chunks(BATCH).map(|rows| llm_calls::encode(rows, names)).collect()
            }
            Table::Memories => {
                self.memories[from..].chunks(BATCH).map(|rows| memories::encode(rows, names)).collect()
            }
            Table::Items => {
                let first = self.item_count as usize + from;
                let chunks = self.items[from..].chunks(BATCH).enumerate();
                chunks.map(|(at, rows)| items::encode((first + at * BATCH) as u32, rows, names)).collect()
            }
            Table::Users => Ok(Vec::new()),
        }
    }

    /// Turns staged rows into batches.
    fn stage(&mut self, table: Table) -> Result<(), StoreError> {
        let batches = self.encoded(table, 0)?;
        let pending = self.tables.entry(table).or_default();
        for batch in batches {
            pending.push(batch);
        }
        match table {
            Table::Turns => self.turns.clear(),
            Table::Sessions => self.sessions.clear(),
            Table::Messages => self.messages.clear(),
            Table::Interventions => self.interventions.clear(),
            Table::LlmCalls => self.llm_calls.clear(),
            Table::Memories => self.memories.clear(),
            Table::Items => {
                self.item_count += self.items.len() as u32;
                self.items.clear();
            }
            Table::Users => {}
        }
        Ok(())
    }

    /// Writes everything that is pending as the next part.
    fn seal(&mut self, table: Table) -> Result<(), StoreError> {
        let pending = self.tables.entry(table).or_default();
        let bytes = part::encode(table, &pending.batches, &self.names)?;
        let name = part::file_name(pending.sealed.len());
        self.disk.replace(&self.folder.join(table.name()).join(&name), &[&bytes])?;
        let blake3 = manifest::hash(&bytes);
        let file = FileSummary { name, rows: pending.rows as u64, bytes: bytes.len() as u64, blake3 };
        let line = checksum_line(&format!("{table}/{}", file.name), &file.blake3);
        self.disk.append(&self.folder.join(CHECKSUMS), &line)?;
        self.stale |= pending.saved > 0;
        pending.sealed.push(file);
        pending.batches.clear();
        (pending.rows, pending.saved) = (0, 0);
        Ok(())
    }

    /// Staged rows stay as they are: how often checkpoints are made must not show in how rows are cut into batches.
    pub(super) fn checkpoint(&mut self, state: &[u8]) -> Result<(), StoreError> {
        if self.stale || self.segments.len() >= SEGMENTS {
            self.stale = false;
            self.segments.clear();
            self.tables.values_mut().for_each(|pending| pending.saved = 0);
        }
        let mut new = Vec::new();
        for table in Table::ALL {
            let batches = self.unsaved(table)?;
            if !batches.is_empty() {
                new.push((table, batches));
            }
        }
        let sequence = self.last.as_ref().map_or(0, |last| last.sequence) + 1;
        if !new.is_empty() {
            self.segments.push(checkpoint::segment_name(sequence));
        }
        let head = Head {
            sequence,
            scenario: self.scenario_hash.clone(),
            names: self.names.clone(),
            items: self.item_count + self.items.len() as u32,
            sealed: self.tables.iter().map(|(table, pending)| (*table, pending.sealed.clone())).collect(),
            segments: self.segments.clone(),
        };
        checkpoint::write(&self.disk, &self.folder, &head, state, &new)?;
        for table in Table::ALL {
            let staged = self.staged(table);
            self.tables.entry(table).and_modify(|pending| pending.saved = pending.rows + staged);
        }
        let kept: Vec<&Head> = self.last.iter().chain([&head]).collect();
        checkpoint::keep_only(&self.disk, &self.folder, &kept)?;
        self.last = Some(head);
        Ok(())
    }

    /// Waiting rows that are in no segment.
    fn unsaved(&self, table: Table) -> Result<Vec<RecordBatch>, StoreError> {
        let pending = &self.tables[&table];
        let mut saved = pending.saved;
        let mut new = Vec::new();
        for batch in &pending.batches {
            let skipped = saved.min(batch.num_rows());
            saved -= skipped;
            if skipped < batch.num_rows() {
                new.push(batch.slice(skipped, batch.num_rows() - skipped));
            }
        }
        new.extend(self.encoded(table, saved)?);
        Ok(new)
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
