//! When checkpoints are made, and what they hold beside the simulation's snapshot.

use std::time::{Duration, Instant};

use habitue_core::scenario::Checkpoints;
use serde::{Deserialize, Serialize};

use crate::summary::Counts;

/// What a run has taken so far, resumptions included.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Clock {
    /// Windows played.
    pub(super) windows: u64,
    /// Real time.
    pub(super) wall: Duration,
}

/// The state of a run as one piece: clock and counters, then the simulation's snapshot.
pub(super) fn pack(clock: &Clock, counts: &Counts, snapshot: &[u8]) -> Result<Vec<u8>, String> {
    let mut state = postcard::to_stdvec(&(clock, counts)).map_err(|error| error.to_string())?;
    state.extend_from_slice(snapshot);
    Ok(state)
}

/// Takes a state apart again.
pub(super) fn unpack(state: &[u8]) -> Result<(Clock, Counts, &[u8]), String> {
    let ((clock, counts), snapshot) =
        postcard::take_from_bytes(state).map_err(|error| format!("its counters cannot be read: {error}"))?;
    Ok((clock, counts, snapshot))
}

/// Says when a checkpoint is due.
pub(super) struct Schedule {
    every: Checkpoints,
    windows: u64,
    since: Instant,
}

impl Schedule {
    pub(super) fn new(every: Checkpoints) -> Self {
        Self { every, windows: 0, since: Instant::now() }
    }

    /// A window has been played; whether a checkpoint is due now.
    pub(super) fn window_ends(&mut self) -> bool {
        self.windows += 1;
        match self.every {
            Checkpoints::Never => false,
            Checkpoints::Windows(windows) => self.windows >= windows,
            Checkpoints::Minutes(minutes) => self.since.elapsed().as_secs_f64() >= minutes * 60.0,
        }
    }

    /// A checkpoint has been made.
    pub(super) fn made(&mut self) {
        *self = Self::new(self.every);
    }
}
