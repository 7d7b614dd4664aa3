//! The writing thread: what it is asked to do, and what it says of itself.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use habitue_core::WindowRows;

use super::log::Log;
use crate::error::StoreError;
use crate::manifest::TableSummary;
use crate::table::{Names, Table};

pub(super) type Tables = BTreeMap<Table, TableSummary>;

/// What the simulation and the writing thread both see.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) progress: Mutex<Progress>,
    pub(super) changed: Condvar,
}

#[derive(Default)]
pub(super) struct Progress {
    /// Rows handed over and not yet taken in.
    pub(super) waiting: usize,
    /// Whether the thread has failed or ended.
    pub(super) closed: bool,
    /// Why it failed, until somebody has been told.
    pub(super) error: Option<StoreError>,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many rows wait no longer.
    fn took(&self, rows: usize) {
        self.lock().waiting -= rows;
        self.changed.notify_all();
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
pub(super) enum Order {
    Begin { names: Box<Names>, item_count: u32 },
    FirstRows { table: Table, batch: RecordBatch },
    Begun,
    Windows { windows: Vec<WindowRows>, rows: usize },
    Checkpoint { state: Vec<u8>, done: Sender<Result<(), StoreError>> },
    Finish { done: Sender<Result<Tables, StoreError>> },
}

/// Carries out orders until the writer is gone or something fails.
pub(super) fn serve(mut log: Log, inbox: &Receiver<Order>, shared: &Shared) {
    struct CloseAtEnd<'a>(&'a Shared);
    impl Drop for CloseAtEnd<'_> {
        fn drop(&mut self) {
            self.0.close(None);
        }
    }
    let _close = CloseAtEnd(shared);
    for order in inbox {
        let outcome = match order {
            Order::Begin { names, item_count } => {
                log.begin(*names, item_count);
                Ok(())
            }
            Order::FirstRows { table, batch } => {
                let rows = batch.num_rows();
                let outcome = log.first_rows(table, batch);
                shared.took(rows);
                outcome
            }
            Order::Begun => log.begun(),
            Order::Windows { windows, rows } => {
                let outcome = windows.into_iter().try_for_each(|window| log.window(window));
                shared.took(rows);
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
