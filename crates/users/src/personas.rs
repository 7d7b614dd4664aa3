//! Personas: drawn from a specification, read from a file, or built from a data set's history.

mod describe;
mod generate;
mod history;
mod read;
mod taste;
mod write;

pub use describe::describe;
pub use generate::{SpecError, generate};
pub use history::from_history;
pub use read::{Found, Unmatched, read};
pub use write::to_jsonl;
