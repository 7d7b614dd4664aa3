//! Vocabulary of Habitué: what a user, an item, a slate, a turn and a run are, with time, random streams and the
//! scenario schema. No I/O, no async, no rules of behaviour.
//!
//! ```
//! use habitue_core::{Catalogue, Item, Purpose, Slate, Streams};
//! use rand::RngExt;
//!
//! let mut catalogue = Catalogue::new();
//! let cooking = catalogue.category("cooking");
//! let item = catalogue.push(Item { key: "v1".into(), categories: vec![cooking], ..Item::default() })?;
//! let slate = Slate::certain([item]);
//! assert_eq!(slate.items[0].propensity, 1.0);
//!
//! // Whatever else is drawn, and on whatever thread, user 3's first decision of session 0 sees these numbers:
//! let mut stream = Streams::new(7).stream(Purpose::Decision, 3, 0);
//! let draw: f64 = stream.random();
//! assert_eq!(draw, Streams::new(7).stream(Purpose::Decision, 3, 0).random::<f64>());
//! # Ok::<(), String>(())
//! ```

mod action;
mod catalogue;
mod data_error;
mod dataset;
mod ids;
pub mod instruction;
mod mind;
mod mindset;
mod persona;
mod policy;
mod recorder;
mod reward;
pub mod scenario;
mod slate;
mod social;
mod streams;
mod time;
mod turn;
mod user;
mod world;

pub use action::{Action, ActionScale};
pub use catalogue::{Catalogue, Item};
pub use data_error::{DataError, DataErrorKind};
pub use dataset::{Dataset, DatasetUser, Interaction, Split};
pub use ids::{ArmId, CategoryId, CreatorId, ItemId, PopulationId, UserId};
pub use mind::{
    Held, LlmCall, Memory, MemoryKind, MemoryRecord, MemoryState, Mind, ProgramTrace, SlotTrace, Talk, Trace,
};
pub use mindset::{Mindset, UserState, Wish};
pub use persona::{Habits, PastInteraction, Persona};
pub use policy::{HistoryEntry, Policy, PolicyError, Request};
pub use recorder::{InterventionRecord, NoRecorder, Recorder, RecorderError, WindowRows};
pub use reward::{ReturnReward, Reward};
pub use slate::{Slate, SlateItem};
pub use social::{ChatReply, ChatTurn, Message, Sender, SocialGraph};
pub use streams::{Purpose, Stream, Streams, turn_counter};
pub use time::{DAY, HOUR, SECOND, SimDuration, SimTime};
pub use turn::{
    Decider, Decision, Departure, Distributions, EndReason, Feedback, Impression, Move, RequestText,
    SessionRecord, Turn,
};
pub use user::{Encounter, UserModel, UserModelError, Visit};
pub use world::{ItemCounters, ItemStats, World};
