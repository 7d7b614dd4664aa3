//! The contract of the log.

use serde::{Deserialize, Serialize};

use crate::catalogue::Item;
use crate::mind::{LlmCall, MemoryRecord};
use crate::social::Message;
use crate::time::SimTime;
use crate::turn::{SessionRecord, Turn};

/// An intervention as it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InterventionRecord {
    /// When.
    pub time: SimTime,
    /// Its kind as the scenario spells it.
    pub kind: String,
    /// What it changed, in words.
    pub effect: String,
}

/// Everything that happened in a window, in the order of the log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WindowRows {
    /// Turns by (arm, user, session, turn).
    pub turns: Vec<Turn>,
    /// Sessions that ended, by (arm, user, session).
    pub sessions: Vec<SessionRecord>,
    /// Messages delivered, by (arm, recipient, sender, time).
    pub messages: Vec<Message>,
    /// Runs of decision programs, by (arm, user, session, turn), those of a turn in order.
    pub llm_calls: Vec<LlmCall>,
    /// What was remembered, by (arm, user), that of a user in order.
    pub memories: Vec<MemoryRecord>,
    /// Interventions, in the order in which they were applied.
    pub interventions: Vec<InterventionRecord>,
    /// Items that joined the catalogue; their ids continue those before.
    pub items: Vec<Item>,
    /// Names of categories that joined the catalogue with these items; their ids continue those before.
    pub new_categories: Vec<String>,
    /// Names of creators who joined the catalogue with these items; their ids continue those before.
    pub new_creators: Vec<String>,
}

/// What the log could not do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RecorderError(pub Box<dyn std::error::Error + Send + Sync>);

/// Where a run is written.
///
/// Bytes on disk are a function of the sequence of rows alone, not of how often `checkpoint` is called.
pub trait Recorder: Send {
    /// Appends a window.
    ///
    /// # Errors
    /// What could not be written.
    fn window(&mut self, rows: WindowRows) -> Result<(), RecorderError>;

    /// Makes all rows so far, and `state`, durable: a resumed run starts from the last state that was given here.
    ///
    /// # Errors
    /// What could not be written.
    fn checkpoint(&mut self, state: &[u8]) -> Result<(), RecorderError>;
}

/// A recorder that keeps nothing, for runs with logging off.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn window(&mut self, _rows: WindowRows) -> Result<(), RecorderError> {
        Ok(())
    }

    fn checkpoint(&mut self, _state: &[u8]) -> Result<(), RecorderError> {
        Ok(())
    }
}
