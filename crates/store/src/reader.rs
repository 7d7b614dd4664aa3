//! Reading a run folder, finished or not.

mod rows;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use habitue_core::scenario::Scenario;
use habitue_core::{
    Catalogue, InterventionRecord, LlmCall, MemoryRecord, Message, SessionRecord, Turn, UserId,
};

use crate::checkpoint::{self, Checkpoint};
use crate::error::StoreError;
use crate::manifest::{self, MANIFEST, Manifest, SCENARIO};
use crate::part;
use crate::table::items::ItemRow;
use crate::table::users::UserRow;
use crate::table::{Names, Row, Table};
use rows::{Rows, open_part};

pub use rows::Batches;
pub(crate) use rows::read_checked;

/// How far the run in a folder has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// To its end.
    Finished,
    /// It can be resumed from a checkpoint; the reader shows the tables as of then.
    Checkpointed,
    /// There is no checkpoint; the reader shows the parts that were sealed.
    Partial,
}

/// A file of a table with what is known about it.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    blake3: String,
    rows: Option<u64>,
}

/// Reads a run folder. Every file is checked against its checksum before it is decoded.
#[derive(Debug)]
pub struct RunReader {
    folder: PathBuf,
    scenario: Scenario,
    manifest: Option<Manifest>,
    status: RunStatus,
    names: Names,
    parts: BTreeMap<Table, Vec<Part>>,
    pending: BTreeMap<Table, Vec<RecordBatch>>,
}

impl RunReader {
    /// Opens a run folder.
    ///
    /// # Errors
    /// If the folder is no run, or what describes the run is damaged or from another version.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        let folder = folder.as_ref().to_path_buf();
        let (scenario, hash) = manifest::read_scenario(&folder)?;
        let mut run = Self {
            names: Names::of(&scenario),
            scenario,
            manifest: None,
            status: RunStatus::Partial,
            parts: BTreeMap::new(),
            pending: BTreeMap::new(),
            folder,
        };
        if let Some((manifest, bytes)) = manifest::read_manifest(&run.folder)? {
            run.finished(manifest, &bytes, &hash)?;
        } else if let Some(newest) = checkpoint::read_newest(&run.folder)? {
            run.checkpointed(newest, &hash)?;
        } else {
            run.partial(&hash)?;
        }
        if run.status != RunStatus::Checkpointed {
            run.read_catalogue_names()?;
        }
        Ok(run)
    }

    fn finished(&mut self, manifest: Manifest, bytes: &[u8], scenario_hash: &str) -> Result<(), StoreError> {
        let path = self.folder.join(MANIFEST);
        if manifest.format != manifest::FORMAT {
            let (found, expected) = (format!("\"{}\"", manifest.format), manifest::FORMAT.to_string());
            return Err(StoreError::Schema { path, found, expected });
        }
        let sums = manifest::read_checksums(&self.folder)?;
        let own = sums.iter().find(|(file, _)| file == MANIFEST);
        if own.is_none_or(|(_, sum)| *sum != manifest::hash(bytes)) {
            let problem = format!("its content does not match its checksum in {}", manifest::CHECKSUMS);
            return Err(StoreError::damaged(&path, problem));
        }
        if manifest.scenario_hash != scenario_hash {
            return Err(manifest::scenario_changed(&self.folder));
        }
        for (table, summary) in &manifest.tables {
            let files = summary.files.iter();
            self.add(*table, files.map(|file| (file.name.clone(), file.blake3.clone(), Some(file.rows))));
        }
        if let Some(missing) = Table::ALL.into_iter().find(|table| !manifest.tables.contains_key(table)) {
            return Err(StoreError::damaged(&path, format!("it has no table \"{missing}\"")));
        }
        self.status = RunStatus::Finished;
        self.manifest = Some(manifest);
        Ok(())
    }

    fn checkpointed(&mut self, newest: Checkpoint, scenario_hash: &str) -> Result<(), StoreError> {
        if newest.head.scenario != scenario_hash {
            return Err(manifest::scenario_changed(&self.folder));
        }
        self.status = RunStatus::Checkpointed;
        self.names = newest.head.names;
        for (table, files) in newest.head.sealed {
            self.add(table, files.into_iter().map(|file| (file.name, file.blake3, Some(file.rows))));
        }
        self.pending = newest.rows;
        Ok(())
    }

    /// Without a checkpoint only the list of checksums tells which parts are whole.
    fn partial(&mut self, scenario_hash: &str) -> Result<(), StoreError> {
        manifest::check_scenario(&self.folder, scenario_hash)?;
        for (file, sum) in manifest::read_checksums(&self.folder)? {
            if file != SCENARIO && file != MANIFEST {
                let (table, name) = file.split_once('/').unwrap_or(("", &file));
                self.add(table.parse()?, [(name.to_owned(), sum, None)]);
            }
        }
        Ok(())
    }

    fn add(&mut self, table: Table, files: impl IntoIterator<Item = (String, String, Option<u64>)>) {
        let folder = self.folder.join(table.name());
        let parts = self.parts.entry(table).or_default();
        parts.extend(files.into_iter().map(|(name, blake3, rows)| Part {
            path: folder.join(name),
            blake3,
            rows,
        }));
    }

    /// The last part of the items knows all categories and creators.
    fn read_catalogue_names(&mut self) -> Result<(), StoreError> {
        if let Some(last) = self.parts.get(&Table::Items).and_then(|parts| parts.last()) {
            let part = open_part(Table::Items, last)?;
            (self.names.categories, self.names.creators) = part.catalogue_names.unwrap_or_default();
        }
        Ok(())
    }

    /// The run folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The resolved scenario.
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The manifest, if the run is finished.
    pub const fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// How far the run has come.
    pub const fn status(&self) -> RunStatus {
        self.status
    }

    /// Names of the catalogue's categories, by id.
    pub fn categories(&self) -> &[String] {
        &self.names.categories
    }

    /// Number of rows in a table.
    ///
    /// # Errors
    /// If a file is damaged.
    pub fn rows(&self, table: Table) -> Result<u64, StoreError> {
        let waiting = self.pending.get(&table).into_iter().flatten();
        let mut rows = waiting.map(|batch| batch.num_rows() as u64).sum();
        for part in self.parts(table) {
            rows += match part.rows {
                Some(rows) => rows,
                None => open_part(table, part)?.rows,
            };
        }
        Ok(rows)
    }

    /// Number of files of a table, and their size in bytes.
    ///
    /// # Errors
    /// If a file is missing.
    pub fn files(&self, table: Table) -> Result<(usize, u64), StoreError> {
        let mut bytes = 0;
        for part in self.parts(table) {
            bytes += fs::metadata(&part.path).map_err(StoreError::io(&part.path, "look at"))?.len();
        }
        Ok((self.parts(table).len(), bytes))
    }

    /// Compressed bytes of every column of a table in its files, in the order of the schema.
    ///
    /// # Errors
    /// If a file is missing or damaged.
    pub fn column_bytes(&self, table: Table) -> Result<Vec<(String, u64)>, StoreError> {
        let mut sizes: Vec<(String, u64)> =
            table.schema().fields().iter().map(|field| (field.name().clone(), 0)).collect();
        for part in self.parts(table) {
            for (name, bytes) in part::column_bytes(&part.path, read_checked(&part.path, &part.blake3)?)? {
                sizes.iter_mut().filter(|(known, _)| *known == name).for_each(|(_, sum)| *sum += bytes);
            }
        }
        Ok(sizes)
    }

    fn parts(&self, table: Table) -> &[Part] {
        self.parts.get(&table).map_or(&[], Vec::as_slice)
    }

    /// The rows of a table as Arrow batches, in the order of the log.
    pub fn batches(&self, table: Table) -> Batches<'_> {
        let pending = self.pending.get(&table).map_or(&[][..], Vec::as_slice);
        Batches { table, folder: &self.folder, parts: self.parts(table), pending, current: None }
    }

    /// The turns.
    pub fn turns(&self) -> impl Iterator<Item = Result<Turn, StoreError>> + '_ {
        self.decoded(None)
    }

    /// The sessions that ended.
    pub fn sessions(&self) -> impl Iterator<Item = Result<SessionRecord, StoreError>> + '_ {
        self.decoded(None)
    }

    /// The users.
    pub fn users(&self) -> impl Iterator<Item = Result<UserRow, StoreError>> + '_ {
        self.decoded(None)
    }

    /// The items.
    pub fn items(&self) -> impl Iterator<Item = Result<ItemRow, StoreError>> + '_ {
        self.decoded(None)
    }

    /// The messages.
    pub fn messages(&self) -> impl Iterator<Item = Result<Message, StoreError>> + '_ {
        self.decoded(None)
    }

    /// The interventions.
    pub fn interventions(&self) -> impl Iterator<Item = Result<InterventionRecord, StoreError>> + '_ {
        self.decoded(None)
    }

    /// The decision programs that language models ran.
    pub fn llm_calls(&self) -> impl Iterator<Item = Result<LlmCall, StoreError>> + '_ {
        self.decoded(None)
    }

    /// The decision programs that were run for one user.
    pub fn llm_calls_of(&self, user: UserId) -> impl Iterator<Item = Result<LlmCall, StoreError>> + '_ {
        self.decoded(Some(("user", user)))
    }

    /// What users of language models remember.
    pub fn memories(&self) -> impl Iterator<Item = Result<MemoryRecord, StoreError>> + '_ {
        self.decoded(None)
    }

    /// What one user remembers.
    pub fn memories_of(&self, user: UserId) -> impl Iterator<Item = Result<MemoryRecord, StoreError>> + '_ {
        self.decoded(Some(("user", user)))
    }

    /// The turns of one user.
    pub fn turns_of(&self, user: UserId) -> impl Iterator<Item = Result<Turn, StoreError>> + '_ {
        self.decoded(Some(("user", user)))
    }

    /// The sessions of one user.
    pub fn sessions_of(&self, user: UserId) -> impl Iterator<Item = Result<SessionRecord, StoreError>> + '_ {
        self.decoded(Some(("user", user)))
    }

    /// The messages one user got.
    pub fn messages_to(&self, user: UserId) -> impl Iterator<Item = Result<Message, StoreError>> + '_ {
        self.decoded(Some(("to", user)))
    }

    /// The user with this key or, if there is none, with this number.
    ///
    /// # Errors
    /// If there is neither, with the nearest key; or if the table is damaged.
    pub fn find_user(&self, name: &str) -> Result<UserRow, StoreError> {
        let number: Option<u32> = name.parse().ok();
        let (mut by_number, mut keys) = (None, Vec::new());
        for row in self.users() {
            let row = row?;
            if row.persona.key == name {
                return Ok(row);
            }
            keys.push(row.persona.key.clone());
            if Some(row.user.0) == number {
                by_number = Some(row);
            }
        }
        by_number.ok_or_else(|| StoreError::NoSuch {
            what: "user",
            name: name.to_owned(),
            nearest: habitue_core::scenario::nearest(name, keys.iter().map(String::as_str)),
        })
    }

    /// The catalogue with all items that ever joined.
    ///
    /// # Errors
    /// If the table is damaged.
    pub fn catalogue(&self) -> Result<Catalogue, StoreError> {
        self.catalogue_of(&self.names.categories, &self.names.creators, self.items())
    }

    /// The catalogue as it was when the run began: the first part of the items.
    ///
    /// # Errors
    /// If the part is missing or damaged.
    pub fn first_catalogue(&self) -> Result<Catalogue, StoreError> {
        let parts = self.parts(Table::Items);
        let first = parts.first().ok_or_else(|| {
            StoreError::damaged(&self.folder.join(Table::Items.name()), "its first part is missing")
        })?;
        let (categories, creators) = open_part(Table::Items, first)?.catalogue_names.unwrap_or_default();
        let mut batches = self.batches(Table::Items);
        (batches.parts, batches.pending) = (&parts[..1], &[]);
        let items = Rows { batches, names: &self.names, only: None, ready: Vec::new().into_iter() };
        self.catalogue_of(&categories, &creators, items)
    }

    fn catalogue_of(
        &self,
        categories: &[String],
        creators: &[String],
        items: impl Iterator<Item = Result<ItemRow, StoreError>>,
    ) -> Result<Catalogue, StoreError> {
        let mut catalogue = Catalogue::new();
        for name in categories {
            catalogue.category(name);
        }
        for name in creators {
            catalogue.creator(name);
        }
        for row in items {
            let row = row?;
            let id = catalogue.push(row.item).map_err(|error| StoreError::damaged(&self.folder, error))?;
            if id != row.id {
                let problem = format!("item {} stands where item {id} should", row.id);
                return Err(StoreError::damaged(&self.folder.join(Table::Items.name()), problem));
            }
        }
        Ok(catalogue)
    }

    fn decoded<R: Row>(&self, only: Option<(&'static str, UserId)>) -> Rows<'_, R> {
        Rows { batches: self.batches(R::TABLE), names: &self.names, only, ready: Vec::new().into_iter() }
    }
}
