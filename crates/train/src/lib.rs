//! Training of small language models on the decisions of parametric users.
//!
//! A lesson ([`lessons`]) is the visit of a `choice` user, put into words by the very templates that runs use, with the
//! probabilities behind every decision. Prompts that begin alike are packed as trees ([`forest`]), so that what they share is
//! computed once; the network ([`net`]) is a Llama on candle's tensors, with attention over trees and backward passes of our
//! own; [`Training`] takes it from the first step to the last, by a [`Recipe`]; an [`examination`] compares it with the
//! teacher on catalogues and interests that no lesson had, and [`Card`] writes the marks down.
//!
//! ```
//! use habitue_train::net::NetShape;
//! use habitue_train::{Recipe, Training};
//!
//! let recipe = Recipe {
//!     name: "tiny".to_owned(),
//!     seed: 7,
//!     shape: NetShape { hidden: 16, layers: 1, heads: 2, intermediate: 16, vocabulary: 400 },
//!     tokenizer_towns: 2,
//!     steps: 2,
//!     first_steps: 1,
//!     batch_tokens: 300,
//!     learning_rate: 1e-3,
//!     warmup: 1,
//!     floor: 0.1,
//!     weight_decay: 0.1,
//!     clip: 1.0,
//!     hints: 1.0,
//!     words: 0.2,
//! };
//! let mut training = Training::begin(recipe)?;
//! while !training.is_done() {
//!     training.advance()?;
//! }
//! assert_eq!(training.curve().len(), 2);
//! # Ok::<(), habitue_train::TrainError>(())
//! ```

mod adamw;
mod card;
pub mod examination;
pub mod forest;
pub mod lessons;
pub mod net;
mod picture;
mod recipe;
mod training;
mod vocabulary;

pub use card::Card;
pub use picture::loss_curve;
pub use recipe::Recipe;
pub use training::{Point, TrainError, Training};
