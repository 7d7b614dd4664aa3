//! Training of small language models on the decisions of parametric users.
mod adamw;
mod card;
pub mod examination;
pub mod forest;
pub mod lessons;
pub mod net;
mod picture;
mod recipe;
mod training;
pub mod vocabulary;

pub use card::Card;
pub use picture::loss_curve;
pub use recipe::Recipe;
pub use training::{Point, TrainError, Training};
