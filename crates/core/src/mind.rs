//! What users who are played by a language model carry with them, and what their decisions leave in the log.

use serde::{Deserialize, Serialize};

use crate::ids::{ArmId, ItemId, UserId};
use crate::social::{ChatReply, ChatTurn};
use crate::time::SimTime;

/// What a user of a language model carries from decision to decision, beyond the mindset.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Mind {
    /// The slates of this session so far, in words, oldest first.
    pub session: Vec<String>,
    /// When the user means to be back: position among the bins of the scenario's calibration, set on leaving.
    pub back: Option<u8>,
    /// What the user remembers.
    pub memory: MemoryState,
    /// Chats that the user is in, the latest last.
    pub talks: Vec<Talk>,
}

/// A chat as one of the two in it knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Talk {
    /// The other.
    pub with: UserId,
    /// Its last message.
    pub chat: ChatTurn,
    /// What was said, in order; `true` is what the user said.
    pub said: Vec<(bool, String)>,
    /// Whether the user still has to answer the last message.
    pub open: bool,
    /// The memory of the last message that was heard.
    pub heard: Option<u32>,
}

/// What a user remembers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MemoryState {
    /// Number of the next memory.
    pub next: u32,
    /// Short-term memory, oldest first.
    pub short: Vec<Held>,
    /// Long-term memory, in the order in which memories entered it.
    pub long: Vec<Held>,
    /// What came to mind on arrival, best first.
    pub recalled: Vec<Memory>,
    /// Importance that has entered long-term memory since the last insight.
    pub gathered: f32,
    /// Memories made outside decisions, which the next one logs.
    pub unlogged: Vec<Memory>,
}

/// A memory with what happens to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The memory.
    pub memory: Memory,
    /// When it was made or last came to mind.
    pub accessed: SimTime,
    /// How often it was reinforced in short-term memory.
    pub reinforced: u32,
    /// Its meaning, made again from the text where it is missing.
    #[serde(skip)]
    pub vector: Vec<f32>,
}

/// What a decision leaves for the log, beside the decision.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trace {
    /// The decision programs that were run, in order.
    pub programs: Vec<ProgramTrace>,
    /// What was remembered, in order.
    pub memories: Vec<Memory>,
    /// Answers in chats, which are on their way like what the move says.
    pub replies: Vec<ChatReply>,
}

/// One run of a decision program.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ProgramTrace {
    /// What was decided: `page`, `words`, `return`, `insight`, `reply`, `reply words`.
    pub program: String,
    /// Hash of all that the model read and wrote, in hexadecimal digits.
    pub prompt_hash: String,
    /// Tokens read. How many of them a cache knew depends on what else was decided at the same time, so that is counted
    /// for the run as a whole and not here.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub generated_tokens: u64,
    /// What was filled in, in order.
    pub slots: Vec<SlotTrace>,
}

/// One slot of a decision program.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SlotTrace {
    /// Its name; with the position from 1 for slots that every item has (`action 3`).
    pub name: String,
    /// Probability of every option, as it was drawn from; empty for text, and where a server does not tell.
    pub probabilities: Vec<f32>,
    /// The option drawn, counted from 0; `None` for text.
    pub choice: Option<u32>,
    /// The text written.
    pub text: Option<String>,
}

/// A run of a decision program, and where it belongs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LlmCall {
    /// The arm.
    pub arm: ArmId,
    /// The user.
    pub user: UserId,
    /// The user's session, counted from 0.
    pub session: u32,
    /// Turn of the session, counted from 0.
    pub turn: u32,
    /// When.
    pub time: SimTime,
    /// What happened.
    pub trace: ProgramTrace,
}

/// Something remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Number of the memory among those of the user, counted from 0.
    pub id: u32,
    /// What kind of memory.
    pub kind: MemoryKind,
    /// What is remembered.
    pub text: String,
    /// How much it matters, 0 to 1.
    pub importance: f32,
    /// When it was made.
    pub created: SimTime,
    /// The memories it was made from.
    pub sources: Vec<u32>,
    /// The item it is about.
    pub item: Option<ItemId>,
}

/// Kinds of memories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum MemoryKind {
    /// Something the user saw or did.
    Observation = 0,
    /// Something somebody told the user.
    Message = 1,
    /// A conclusion from other memories.
    Insight = 2,
}

impl MemoryKind {
    /// Names in the order of the discriminants.
    pub const NAMES: [&str; 3] = ["observation", "message", "insight"];
}

/// Something remembered, and whose memory it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemoryRecord {
    /// The arm in whose world it is remembered.
    pub arm: ArmId,
    /// The user.
    pub user: UserId,
    /// The memory.
    pub memory: Memory,
}
