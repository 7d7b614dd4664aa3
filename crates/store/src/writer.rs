//! Writing a run folder.
//!
//! The simulation hands over whole windows; a thread of its own turns rows into columns, seals parts and writes
//! checkpoints, so the simulation waits only for a checkpoint or when the thread falls behind.

mod log;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use arrow_array::RecordBatch;
use habitue_core::scenario::Scenario;
use habitue_core::{Catalogue, Recorder, RecorderError, WindowRows};

use crate::checkpoint;
use crate::disk::{self, Disk, UNFINISHED};
use crate::error::StoreError;
use crate::manifest::{self, MANIFEST, Manifest, RunSummary, SCENARIO};
use crate::part;
use crate::table::users::{self, UserEntry};
use crate::table::{Names, Table, items};
use log::Log;

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
    scenario: Scenario,
    begun: bool,
    gathered: Vec<WindowRows>,
    gathered_rows: usize,
    orders: Option<Sender<Order>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the simulation and the writing thread both see.
#[derive(Default)]
struct Shared {
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    /// Rows handed over and not yet taken in.
    waiting: usize,
    /// Whether the thread has failed or ended.
    closed: bool,
    /// Why it failed, until somebody has been told.
    error: Option<StoreError>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, error: Option<StoreError>) {
        let mut progress = self.lock();
        progress.closed = true;
        progress.error = progress.error.take().or(error);
        drop(progress);
        self.changed.notify_all();
    }
}

/// What the writing thread is asked to do, in this order.
enum Order {
    Begin { names: Box<Names>, items: Vec<RecordBatch>, item_count: u32, users: Vec<RecordBatch> },
    Windows { windows: Vec<WindowRows>, rows: usize },
    Checkpoint { state: Vec<u8>, done: Sender<Result<(), StoreError>> },
    Finish { done: Sender<Result<Tables, StoreError>> },
}

type Tables = BTreeMap<Table, manifest::TableSummary>;

impl RunWriter {
    /// Makes the folder of a new run below `root`, named by [`run_folder`](crate::run_folder).
    ///
    /// # Errors
    /// If the folder holds a run already or cannot be written.
    pub fn create(root: impl AsRef<Path>, scenario: &Scenario) -> Result<Self, StoreError> {
        Self::create_on(root.as_ref(), scenario, Disk::default())
    }

    pub(crate) fn create_on(root: &Path, scenario: &Scenario, disk: Disk) -> Result<Self, StoreError> {
        let folder = manifest::run_folder(root, scenario)?;
        if folder.join(SCENARIO).exists() {
            return Err(StoreError::RunExists { path: folder });
        }
        disk.folder(&folder)?;
        disk.replace(&folder.join(SCENARIO), &[&manifest::scenario_json(scenario)?])?;
        make_folders(&disk, &folder)?;
        let log = Log::new(folder, Names::of(scenario), scenario.log.rows_per_file, disk);
        Self::start(scenario.clone(), log, false)
    }

    /// Opens an interrupted run, whose tables go back to the newest whole checkpoint; its state comes with the writer.
    /// Without a checkpoint the tables are empty again, and [`begin`](Self::begin) must be called as for a new run.
    ///
    /// # Errors
    /// If the folder is no run, the run is finished, all checkpoints are damaged, or a part from before the checkpoint
    /// is missing or damaged.
    pub fn resume(folder: impl AsRef<Path>) -> Result<(Self, Option<Vec<u8>>), StoreError> {
        Self::resume_on(folder.as_ref(), Disk::default())
    }

    pub(crate) fn resume_on(folder: &Path, disk: Disk) -> Result<(Self, Option<Vec<u8>>), StoreError> {
        let folder = folder.to_path_buf();
        let scenario: Scenario = manifest::read_json(&folder.join(SCENARIO))?
            .ok_or_else(|| StoreError::NotARun { path: folder.clone(), missing: SCENARIO })?;
        if folder.join(MANIFEST).exists() {
            return Err(StoreError::RunFinished { path: folder });
        }
        let newest = checkpoint::read_newest(&folder)?;
        let head = newest.as_ref().map(|newest| &newest.head);
        let mut lines = String::new();
        for (table, files) in head.iter().flat_map(|head| &head.sealed) {
            for file in files {
                crate::reader::read_checked(&folder.join(table.name()).join(&file.name), &file.blake3)?;
                lines.push_str(&manifest::checksum_line(*table, file));
            }
        }
        make_folders(&disk, &folder)?;
        // The list of sums goes first: what it does not list no reader looks at.
        disk.replace(&folder.join(manifest::CHECKSUMS), &[lines.as_bytes()])?;
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
        checkpoint::keep_only(&disk, &folder, head)?;
        let rows_per_file = scenario.log.rows_per_file;
        match newest {
            None => {
                let log = Log::new(folder, Names::of(&scenario), rows_per_file, disk);
                Ok((Self::start(scenario, log, false)?, None))
            }
            Some(newest) => {
                let (log, state) = Log::restore(folder, newest, rows_per_file, disk);
                Ok((Self::start(scenario, log, true)?, Some(state)))
            }
        }
    }

    fn start(scenario: Scenario, log: Log, begun: bool) -> Result<Self, StoreError> {
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
            scenario,
            begun,
            gathered: Vec::new(),
            gathered_rows: 0,
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
        let mut item_batches = Vec::new();
        for (at, chunk) in catalogue.items().chunks(BATCH).enumerate() {
            item_batches.push(items::encode((at * BATCH) as u32, chunk, &names)?);
        }
        let mut user_batches = Vec::new();
        let mut chunk: Vec<UserEntry<'a>> = Vec::with_capacity(BATCH);
        for user in users {
            chunk.push(user);
            if chunk.len() == BATCH {
                user_batches.push(users::encode(&chunk, &names)?);
                chunk.clear();
            }
        }
        user_batches.push(users::encode(&chunk, &names)?);
        let item_count = catalogue.len() as u32;
        let names = Box::new(names);
        self.send(Order::Begin { names, items: item_batches, item_count, users: user_batches })?;
        self.begun = true;
        Ok(())
    }

    /// Appends a window.
    ///
    /// # Errors
    /// What could not be written, now or since the last call.
    pub fn append(&mut self, rows: WindowRows) -> Result<(), StoreError> {
        if !self.begun {
            return Err(StoreError::Misuse("a window came before begin"));
        }
        self.gathered_rows += rows.turns.len() + rows.sessions.len() + rows.messages.len() + rows.items.len();
        self.gathered.push(rows);
        if self.gathered_rows >= HANDOVER || self.gathered.len() >= HANDOVER {
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
            scenario_hash: manifest::scenario_hash(&self.scenario)?,
            seed: self.scenario.seed,
            tables,
            wall_seconds: summary.wall.as_secs_f64(),
            details: summary.details,
        };
        let disk = Disk::default();
        disk.replace(&self.folder.join(MANIFEST), &[&manifest::to_json(&manifest, "manifest")?])?;
        let folder = self.folder.join(checkpoint::FOLDER);
        fs::remove_dir_all(&folder).map_err(StoreError::io(&folder, "remove"))?;
        Ok(manifest)
    }

    fn hand_over(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.gathered_rows);
        let windows = std::mem::take(&mut self.gathered);
        if windows.is_empty() {
            return self.failure().map_or(Ok(()), Err);
        }
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
        drop(progress);
        self.send(Order::Windows { windows, rows })
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

fn make_folders(disk: &Disk, run: &Path) -> Result<(), StoreError> {
    for table in Table::ALL {
        disk.folder(&run.join(table.name()))?;
    }
    disk.folder(&run.join(checkpoint::FOLDER))
}

/// Carries out orders until the writer is gone or something fails.
fn serve(mut log: Log, inbox: &Receiver<Order>, shared: &Shared) {
    struct CloseAtEnd<'a>(&'a Shared);
    impl Drop for CloseAtEnd<'_> {
        fn drop(&mut self) {
            self.0.close(None);
        }
    }
    let _close = CloseAtEnd(shared);
    for order in inbox {
        let outcome = match order {
            Order::Begin { names, items, item_count, users } => log.begin(*names, items, item_count, users),
            Order::Windows { windows, rows } => {
                let outcome = windows.into_iter().try_for_each(|window| log.window(window));
                shared.lock().waiting -= rows;
                shared.changed.notify_all();
                outcome
            }
            Order::Checkpoint { state, done } => answer(&done, log.checkpoint(&state)),
            Order::Finish { done } => answer(&done, log.finish()),
        };
        if let Err(error) = outcome {
            shared.close(Some(error));
            return;
        }
    }
}

/// Gives the outcome to whoever waits for it; a failure closes the log too.
fn answer<T>(done: &Sender<Result<T, StoreError>>, outcome: Result<T, StoreError>) -> Result<(), StoreError> {
    let failed = outcome.is_err();
    // Whoever asked may be gone: then nobody needs the answer.
    let _sent = done.send(outcome);
    if failed { Err(StoreError::Closed) } else { Ok(()) }
}
