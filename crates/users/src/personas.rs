//! Personas: drawn from a specification, read from a file, or built from a data set's history.

mod generate;
mod history;
mod read;
mod taste;

pub use generate::{SpecError, generate};
pub use history::from_history;
pub use read::{Found, Unmatched, read};
