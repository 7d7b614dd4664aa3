//! Writing a run folder.
//!
//! The simulation hands over whole windows; a thread of its own turns rows into columns, seals parts and writes
//! checkpoints, so the simulation waits only for a checkpoint or when the thread falls behind.

mod log;
#[cfg(test)]
mod tests;
mod thread;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use arrow_array::RecordBatch;
use habitue_core::scenario::Scenario;
use habitue_core::{Catalogue, Recorder, RecorderError, WindowRows};

use crate::checkpoint::{self, Head};
use crate::disk::{self, Disk, UNFINISHED};
use crate::error::StoreError;
use crate::manifest::{self, CHECKSUMS, FileSummary, MANIFEST, Manifest, RunSummary, SCENARIO};
use crate::part;
use crate::table::users::{self, UserEntry};
use crate::table::{Names, Table, items};
use log::Log;
use thread::{Order, Shared, serve};

/// File that is locked while a process writes the run.
const LOCK: &str = "lock";
/// Windows with fewer rows than this are handed over together.
const HANDOVER: usize = 1 << 12;
/// Rows that may wait for the writing thread, in windows that are not the only ones waiting.
const BACKLOG: usize = 1 << 17;
/// Users and items that become one batch.
const BATCH: usize = 1 << 13;

/// Writes a run folder. See the crate's documentation for the layout.
///
/// Dropping the writer without [`finish`](Self::finish) leaves the folder as a kill would: readable and resumable.
pub struct RunWriter {
    folder: PathBuf,
    disk: Disk,
    scenario: Scenario,
    scenario_hash: String,
    /// Held as long as the run is written.
    _lock: File,
    begun: bool,
    gathered: Vec<WindowRows>,
    gathered_rows: usize,
    /// [`HANDOVER`], but for tests.
    handover: usize,
    orders: Option<Sender<Order>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl RunWriter {
    /// Makes the folder of a new run below `root`, named by [`run_folder`](crate::run_folder).
    ///
    /// # Errors
    /// If the folder holds a run already, another process writes one, or it cannot be written.
    pub fn create(root: impl AsRef<Path>, scenario: &Scenario) -> Result<Self, StoreError> {
        Self::create_on(root.as_ref(), scenario, Disk::default())
    }

    pub(crate) fn create_on(root: &Path, scenario: &Scenario, disk: Disk) -> Result<Self, StoreError> {
        let folder = manifest::run_folder(root, scenario)?;
        disk.folder(&folder)?;
        let lock = lock(&disk, &folder)?;
        if folder.join(SCENARIO).exists() {
            return Err(StoreError::RunExists { path: folder });
        }
        let json = manifest::scenario_json(scenario)?;
        let hash = manifest::hash(&json);
        disk.replace(&folder.join(SCENARIO), &[&json])?;
        disk.replace(&folder.join(CHECKSUMS), &[manifest::checksum_line(SCENARIO, &hash).as_bytes()])?;
        make_folders(&disk, &folder)?;
        Self::start(
            Log::new(folder, hash.clone(), scenario, disk.clone()),
            disk,
            scenario.clone(),
            hash,
            lock,
            false,
        )
    }

    /// Opens an interrupted run, whose tables go back to the newest checkpoint; its state comes with the writer. Without
    /// a checkpoint the tables are empty again, and [`begin`](Self::begin) must be called as for a new run.
    ///
    /// # Errors
    /// If the folder is no run, another process writes it, the run is finished, or the checkpoint, the scenario or a part
    /// from before the checkpoint is missing or damaged.
    pub fn resume(folder: impl AsRef<Path>) -> Result<(Self, Option<Vec<u8>>), StoreError> {
        Self::resume_on(folder.as_ref(), Disk::default())
    }

    pub(crate) fn resume_on(folder: &Path, disk: Disk) -> Result<(Self, Option<Vec<u8>>), StoreError> {
        let (scenario, hash) = manifest::read_scenario(folder)?;
        let lock = lock(&disk, folder)?;
        if manifest::read_manifest(folder)?.is_some() {
            return Err(StoreError::RunFinished { path: folder.to_path_buf() });
        }
        let newest = checkpoint::read_newest(folder)?;
        match &newest {
            Some(newest) if newest.head.scenario != hash => return Err(manifest::scenario_changed(folder)),
            Some(_) => {}
            None => manifest::check_scenario(folder, &hash)?,
        }
        go_back_to(&disk, folder, &hash, newest.as_ref().map(|newest| &newest.head))?;
        let mut log = Log::new(folder.to_path_buf(), hash.clone(), &scenario, disk.clone());
        let state = newest.map(|newest| log.restore(newest));
        let begun = state.is_some();
        Ok((Self::start(log, disk, scenario, hash, lock, begun)?, state))
    }

    fn start(
        log: Log,
        disk: Disk,
        scenario: Scenario,
        scenario_hash: String,
        lock: File,
        begun: bool,
    ) -> Result<Self, StoreError> {
        let folder = log.folder().to_path_buf();
        let shared = Arc::new(Shared::default());
        let (orders, inbox) = channel();
        let seen = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("habitue-log".to_owned())
            .spawn(move || serve(log, &inbox, &seen))
            .map_err(StoreError::io(&folder, "start the writing thread for"))?;
        Ok(Self {
            folder,
            disk,
            scenario,
            scenario_hash,
            _lock: lock,
            begun,
            gathered: Vec::new(),
            gathered_rows: 0,
            handover: HANDOVER,
            orders: Some(orders),
            shared,
            thread: Some(thread),
        })
    }

    /// The run folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The scenario of the run.
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Logs the catalogue and the users, once, before the first window.
    ///
    /// # Errors
    /// If it was called before, or a user refers to an arm, population or category that does not exist.
    pub fn begin<'a>(
        &mut self,
        catalogue: &Catalogue,
        users: impl IntoIterator<Item = UserEntry<'a>>,
    ) -> Result<(), StoreError> {
        if self.begun {
            return Err(StoreError::Misuse("begin was called twice, or after resuming from a checkpoint"));
        }
        let mut names = Names::of(&self.scenario);
        names.categories = catalogue.categories().to_vec();
        names.creators = catalogue.creators().to_vec();
        self.begun = true;
        let begun = self.send_beginning(catalogue, users, &names);
        if begun.is_err() {
            // Half a population must not be built upon.
            self.orders = None;
        }
        begun
    }

    fn send_beginning<'a>(
        &self,
        catalogue: &Catalogue,
        users: impl IntoIterator<Item = UserEntry<'a>>,
        names: &Names,
    ) -> Result<(), StoreError> {
        self.send(Order::Begin { names: Box::new(names.clone()), item_count: catalogue.len() as u32 })?;
        for (at, chunk) in catalogue.items().chunks(BATCH).enumerate() {
            self.send_first(Table::Items, items::encode((at * BATCH) as u32, chunk, names)?)?;
        }
        let mut chunk: Vec<UserEntry<'a>> = Vec::with_capacity(BATCH);
        for user in users {
            chunk.push(user);
            if chunk.len() == BATCH {
                self.send_first(Table::Users, users::encode(&chunk, names)?)?;
                chunk.clear();
            }
        }
        self.send_first(Table::Users, users::encode(&chunk, names)?)?;
        self.send(Order::Begun)
    }

    fn send_first(&self, table: Table, batch: RecordBatch) -> Result<(), StoreError> {
        self.make_room(batch.num_rows());
        self.send(Order::FirstRows { table, batch })
    }

    /// Appends a window.
    ///
    /// # Errors
    /// What could not be written, now or since the last call.
    pub fn append(&mut self, rows: WindowRows) -> Result<(), StoreError> {
        if !self.begun {
            return Err(StoreError::Misuse("a window came before begin"));
        }
        self.gathered_rows += rows.turns.len()
            + rows.sessions.len()
            + rows.messages.len()
            + rows.items.len()
            + rows.llm_calls.len()
            + rows.memories.len();
        self.gathered.push(rows);
        if self.gathered_rows >= self.handover || self.gathered.len() >= self.handover {
            self.hand_over()?;
        }
        Ok(())
    }

    /// Makes all rows so far, and `state`, durable.
    ///
    /// # Errors
    /// What could not be written.
    pub fn save(&mut self, state: &[u8]) -> Result<(), StoreError> {
        if !self.begun {
            return Err(StoreError::Misuse("a checkpoint came before begin"));
        }
        self.hand_over()?;
        let (done, answer) = channel();
        self.send(Order::Checkpoint { state: checkpoint::pack_state(state)?, done })?;
        self.wait_for(&answer)
    }

    /// Waits until the writing thread has taken in all windows so far, without a checkpoint.
    #[cfg(test)]
    fn flush(&mut self) -> Result<(), StoreError> {
        self.hand_over()?;
        while self.shared.lock().waiting > 0 {
            std::thread::yield_now();
        }
        self.failure().map_or(Ok(()), Err)
    }

    /// Seals what is left and writes the manifest; the run is finished.
    ///
    /// # Errors
    /// What could not be written.
    pub fn finish(mut self, summary: RunSummary) -> Result<Manifest, StoreError> {
        if !self.begun {
            return Err(StoreError::Misuse("finish came before begin"));
        }
        self.hand_over()?;
        let (done, answer) = channel();
        self.send(Order::Finish { done })?;
        let tables = self.wait_for(&answer)?;
        let manifest = Manifest {
            format: manifest::FORMAT,
            habitue: env!("CARGO_PKG_VERSION").to_owned(),
            name: self.scenario.name.clone(),
            scenario_hash: self.scenario_hash.clone(),
            seed: self.scenario.seed,
            tables,
            wall_seconds: summary.wall.as_secs_f64(),
            details: summary.details,
        };
        let json = manifest::to_json(&manifest, "manifest")?;
        // The list grew in the order in which parts were sealed; its final order does not depend on interruptions.
        let parts = manifest
            .tables
            .iter()
            .flat_map(|(table, summary)| summary.files.iter().map(move |file| (*table, file)));
        let mut lines = checksum_lines(&self.scenario_hash, parts);
        lines.push_str(&manifest::checksum_line(MANIFEST, &manifest::hash(&json)));
        self.disk.replace(&self.folder.join(CHECKSUMS), &[lines.as_bytes()])?;
        self.disk.replace(&self.folder.join(MANIFEST), &[&json])?;
        self.disk.remove_folder(&self.folder.join(checkpoint::FOLDER))?;
        self.disk.remove(&self.folder.join(LOCK))?;
        Ok(manifest)
    }

    fn hand_over(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.gathered_rows);
        let windows = std::mem::take(&mut self.gathered);
        if windows.is_empty() {
            return self.failure().map_or(Ok(()), Err);
        }
        self.make_room(rows);
        self.send(Order::Windows { windows, rows })
    }

    /// Waits until the writing thread is ready for so many more rows, and counts them as waiting.
    fn make_room(&self, rows: usize) {
        let mut progress = self.shared.lock();
        while !progress.closed && progress.waiting > 0 && progress.waiting + rows > BACKLOG {
            // The time-out only guards against a thread that died without a word.
            let waited = self.shared.changed.wait_timeout(progress, Duration::from_secs(1));
            progress = waited.unwrap_or_else(PoisonError::into_inner).0;
            if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
                break;
            }
        }
        progress.waiting += rows;
    }

    fn send(&self, order: Order) -> Result<(), StoreError> {
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let sent = self.orders.as_ref().is_some_and(|orders| orders.send(order).is_ok());
        if sent { Ok(()) } else { Err(self.failure().unwrap_or(StoreError::Closed)) }
    }

    fn wait_for<T>(&self, answer: &Receiver<Result<T, StoreError>>) -> Result<T, StoreError> {
        answer.recv().unwrap_or_else(|_| Err(self.failure().unwrap_or(StoreError::Closed)))
    }

    fn failure(&self) -> Option<StoreError> {
        let mut progress = self.shared.lock();
        progress.closed.then(|| progress.error.take().unwrap_or(StoreError::Closed))
    }
}

impl Drop for RunWriter {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has already closed the log, and nobody is left to be told.
            let _ended = thread.join();
        }
    }
}

impl Recorder for RunWriter {
    fn window(&mut self, rows: WindowRows) -> Result<(), RecorderError> {
        self.append(rows).map_err(|error| RecorderError(Box::new(error)))
    }

    fn checkpoint(&mut self, state: &[u8]) -> Result<(), RecorderError> {
        self.save(state).map_err(|error| RecorderError(Box::new(error)))
    }
}

/// The lock of a run folder.
fn lock(disk: &Disk, folder: &Path) -> Result<File, StoreError> {
    disk.lock(&folder.join(LOCK))?.ok_or_else(|| StoreError::RunBusy { path: folder.to_path_buf() })
}

/// Removes from a run folder everything that came after a checkpoint, or everything but the scenario.
fn go_back_to(
    disk: &Disk,
    folder: &Path,
    scenario_hash: &str,
    head: Option<&Head>,
) -> Result<(), StoreError> {
    let sealed = head.iter().flat_map(|head| &head.sealed);
    let parts: Vec<_> =
        sealed.flat_map(|(table, files)| files.iter().map(move |file| (*table, file))).collect();
    for (table, file) in &parts {
        crate::reader::read_checked(&folder.join(table.name()).join(&file.name), &file.blake3)?;
    }
    make_folders(disk, folder)?;
    let lines = checksum_lines(scenario_hash, parts);
    // The list of sums goes first: what it does not list no reader looks at.
    disk.replace(&folder.join(CHECKSUMS), &[lines.as_bytes()])?;
    for table in Table::ALL {
        let kept = head.and_then(|head| head.sealed.get(&table)).map_or(0, Vec::len);
        let own = folder.join(table.name());
        for name in disk::files_in(&own)? {
            let later = part::index_of(&name).is_some_and(|index| index >= kept);
            if later || name.ends_with(UNFINISHED) {
                disk.remove(&own.join(name))?;
            }
        }
    }
    checkpoint::keep_only(disk, folder, head.as_slice())
}

/// The lines of `checksums.txt` for the scenario and these parts.
fn checksum_lines<'a>(
    scenario_hash: &str,
    parts: impl IntoIterator<Item = (Table, &'a FileSummary)>,
) -> String {
    let mut lines = manifest::checksum_line(SCENARIO, scenario_hash);
    for (table, file) in parts {
        lines.push_str(&manifest::checksum_line(&format!("{table}/{}", file.name), &file.blake3));
    }
    lines
}

fn make_folders(disk: &Disk, run: &Path) -> Result<(), StoreError> {
    for table in Table::ALL {
        disk.folder(&run.join(table.name()))?;
    }
    disk.folder(&run.join(checkpoint::FOLDER))
}
